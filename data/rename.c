#include "data/rename.h"

#include "data/utf8.h"

#include <stdlib.h>
#include <string.h>

struct dat_rename_rule {
    char *pattern, *name; /* one block, the pattern's */
    size_t stars;         /* in the pattern */
};

static enum eng_err out_of_memory(struct eng_why *why)
{
    return eng_fail(why, ENG_NOMEM,
                    "there is not enough memory to rename the tensors; close other programs");
}

/* ---- rules ---------------------------------------------------------------------------------- */

static size_t count_stars(const char *text)
{
    size_t count = 0;
    for (; *text; text++)
        count += *text == '*';
    return count;
}

/* A rule of the first `length` bytes of text. */
static enum eng_err parse_rule(struct dat_rename_rule *rule, const char *text, size_t length,
                               struct eng_why *why)
{
    const int shown = length < 100 ? (int)length : 100;
    const char *equals = memchr(text, '=', length);
    if (!equals || equals == text || memchr(equals + 1, '=', length - (size_t)(equals + 1 - text)))
        return eng_fail(why, ENG_ARG, "'%.*s' renames nothing; write PATTERN=NAME, as backbone.*=*",
                        shown, text);
    char *copy = malloc(length + 1);
    if (!copy)
        return out_of_memory(why);
    memcpy(copy, text, length);
    copy[length] = copy[equals - text] = '\0';
    *rule = (struct dat_rename_rule){copy, copy + (equals - text) + 1, count_stars(copy)};
    const size_t stars = count_stars(rule->name);
    if (stars == 0 || stars == rule->stars)
        return ENG_OK;
    free(copy);
    return eng_fail(why, ENG_ARG,
                    "'%.*s' has %zu * before the = and %zu behind it; give both the same, or none "
                    "behind it",
                    shown, text, rule->stars, stars);
}

enum eng_err dat_rename_add(struct dat_rename *rename, const char *text, struct eng_why *why)
{
    if (!dat_utf8_is(text))
        return eng_fail(why, ENG_ARG, "names of tensors are UTF-8; this pattern is not");
    const size_t before = rename->count;
    for (const char *next = text; next;) {
        const size_t length = strcspn(next, ",");
        struct dat_rename_rule *rules = realloc(rename->rules, (rename->count + 1) * sizeof *rules);
        if (rules)
            rename->rules = rules;
        const enum eng_err err = rules ? parse_rule(&rules[rename->count], next, length, why)
                                       : out_of_memory(why);
        if (err != ENG_OK) {
            while (rename->count > before)
                free(rename->rules[--rename->count].pattern);
            if (!before)
                dat_rename_release(rename); /* as it was: nothing to release */
            return err;
        }
        rename->count++;
        next = next[length] ? next + length + 1 : NULL;
    }
    return ENG_OK;
}

void dat_rename_release(struct dat_rename *rename)
{
    for (size_t i = 0; i < rename->count; i++)
        free(rename->rules[i].pattern);
    free(rename->rules);
    *rename = (struct dat_rename){0};
}

/* ---- one name ------------------------------------------------------------------------------- */

struct piece {
    const char *text;
    size_t length;
};

/* The first place at or behind `text` where the `length` bytes of what stand, or NULL. */
static const char *find(const char *text, const char *what, size_t length)
{
    for (; *text; text++)
        if (strncmp(text, what, length) == 0)
            return text;
    return length ? NULL : text;
}

/* Matches the whole name; stars[i] is then what the i-th * stands for.
 *
 *     block * . * .weight      a literal goes to the first place where it stands, and the last one
 *     block 4 . 0.bn1 .weight  to the end: if any choice matches, this one does, so that none has
 *                              to be taken back */
static int match(const struct dat_rename_rule *rule, const char *name, struct piece *stars)
{
    const char *pattern = rule->pattern, *end = name + strlen(name);
    size_t literal = strcspn(pattern, "*");
    if (strncmp(name, pattern, literal) != 0)
        return 0;
    name += literal;
    pattern += literal;
    if (!*pattern)
        return name == end;
    for (size_t i = 0; *pattern; i++) {
        pattern++;
        literal = strcspn(pattern, "*");
        const char *at = pattern[literal]                  ? find(name, pattern, literal)
                         : (size_t)(end - name) >= literal ? end - literal
                                                           : NULL;
        if (!at || memcmp(at, pattern, literal) != 0)
            return 0;
        stars[i] = (struct piece){name, (size_t)(at - name)};
        name = at + literal;
        pattern += literal;
    }
    return 1;
}

/* The rule's name with the stars' texts in it, in new memory; NULL without. */
static char *build(const struct dat_rename_rule *rule, const struct piece *stars)
{
    size_t length = strlen(rule->name) + 1;
    for (size_t i = 0; i < rule->stars; i++)
        length += stars[i].length;
    char *name = malloc(length), *end = name;
    if (!name)
        return NULL;
    for (const char *from = rule->name; *from; from++) {
        if (*from != '*') {
            *end++ = *from;
            continue;
        }
        memcpy(end, stars->text, stars->length);
        end += stars->length;
        stars++;
    }
    *end = '\0';
    return name;
}

/* ---- all names ------------------------------------------------------------------------------ */

/* Applies a rule to those of the names that are not left out. */
static enum eng_err apply_rule(const struct dat_rename_rule *rule, size_t number, char **to,
                               size_t count, struct piece *stars, struct eng_why *why)
{
    size_t matches = 0;
    const char *other = NULL;
    for (size_t i = 0; i < count; i++) {
        if (!to[i])
            continue;
        if (!match(rule, to[i], stars)) {
            other = other ? other : to[i];
            continue;
        }
        matches++;
        char *name = *rule->name ? build(rule, stars) : NULL;
        if (*rule->name && !name)
            return out_of_memory(why);
        if (name && !*name) {
            eng_fail(why, ENG_ARG, "'%.100s=%.100s' leaves nothing of the name '%.100s'",
                     rule->pattern, rule->name, to[i]);
            free(name);
            return ENG_ARG;
        }
        free(to[i]);
        to[i] = name;
    }
    if (matches)
        return ENG_OK;
    return eng_fail(why, ENG_ARG, "no tensor matches '%.100s'%s; %s%s%.100s%s", rule->pattern,
                    number ? ", after the patterns before it" : "",
                    other ? "there is" : "there are none", other ? " '" : "", other ? other : "",
                    other ? "', for one" : "");
}

struct pair {
    const char *from, *to;
};

static int compare(const void *a, const void *b)
{
    const struct pair *x = a, *y = b;
    const int order = strcmp(x->to, y->to);
    return order ? order : strcmp(x->from, y->from);
}

static enum eng_err check_names_differ(const char *const *names, char *const *to, size_t count,
                                       struct eng_why *why)
{
    struct pair *pairs = calloc(count + 1, sizeof *pairs);
    size_t kept = 0;
    enum eng_err err = ENG_OK;
    if (!pairs)
        return out_of_memory(why);
    for (size_t i = 0; i < count; i++)
        if (to[i])
            pairs[kept++] = (struct pair){names[i], to[i]};
    qsort(pairs, kept, sizeof *pairs, compare);
    for (size_t i = 1; i < kept && err == ENG_OK; i++)
        if (strcmp(pairs[i - 1].to, pairs[i].to) == 0)
            err = eng_fail(why, ENG_ARG,
                           "'%.100s' and '%.100s' would both be called '%.100s'; leave one out by "
                           "'NAME='",
                           pairs[i - 1].from, pairs[i].from, pairs[i].to);
    free(pairs);
    return err;
}

enum eng_err dat_rename_apply(const struct dat_rename *rename, const char *const *names,
                              size_t count, char **to, struct eng_why *why)
{
    enum eng_err err = ENG_OK;
    size_t most = 0, copied = 0;
    for (size_t i = 0; i < rename->count; i++)
        most = rename->rules[i].stars > most ? rename->rules[i].stars : most;
    struct piece *stars = calloc(most + 1, sizeof *stars);
    for (; stars && copied < count && (to[copied] = strdup(names[copied])); copied++)
        continue;
    if (!stars || copied < count)
        err = out_of_memory(why);
    for (size_t i = 0; err == ENG_OK && i < rename->count; i++)
        err = apply_rule(&rename->rules[i], i, to, count, stars, why);
    if (err == ENG_OK)
        err = check_names_differ(names, to, count, why);
    for (size_t i = 0; err != ENG_OK && i < copied; i++)
        free(to[i]);
    free(stars);
    return err;
}
