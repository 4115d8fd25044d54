#include "data/grouping.h"

#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

/* Cuts the text at the first `mark`: returns the trimmed part before it and moves *rest behind it,
 * or to NULL after the last part. */
static char *take_part(char **rest, char mark)
{
    char *part = *rest, *end = strchr(part, mark);
    *rest = end ? end + 1 : NULL;
    if (!end)
        end = part + strlen(part);
    while (*part == ' ')
        part++;
    while (end > part && end[-1] == ' ')
        end--;
    *end = '\0';
    return part;
}

/* Appends a class. There are never more of them than names, for which `out` has room. */
static enum eng_err add_class(struct dat_grouping *out, const char *name)
{
    if (!(out->names[out->count] = strdup(name)))
        return ENG_NOMEM;
    out->members[out->count++] = 0;
    return ENG_OK;
}

/* One entry: "pattern|pattern" or, with a group to put them in, "group=pattern|pattern". */
static enum eng_err apply_entry(struct dat_grouping *out, const char *group, char *patterns,
                                char *const *names, size_t count, struct eng_why *why)
{
    int label = -1; /* of the class added last */
    const char *pattern = patterns;
    for (char *rest = patterns; rest;) {
        size_t matches = 0;
        pattern = take_part(&rest, '|');
        if (!*pattern)
            return eng_fail(why, ENG_ARG,
                            "the list of classes has an empty pattern; write name=pattern,...");
        for (size_t i = 0; i < count; i++) {
            if (fnmatch(pattern, names[i], 0))
                continue;
            matches++;
            if (out->label[i] >= 0)
                continue;
            if (!group || label < 0) {
                ENG_TRY(add_class(out, group ? group : names[i]));
                label = (int)out->count - 1;
            }
            out->label[i] = label;
            out->members[label]++;
        }
        if (!matches)
            return eng_fail(why, ENG_ARG,
                            "no class matches '%.100s'; the classes are %.60s%s%.60s%s", pattern,
                            count ? names[0] : "none", count > 1 ? ", " : "",
                            count > 1 ? names[1] : "", count > 2 ? ", ..." : "");
    }
    if (label < 0)
        return eng_fail(why, ENG_ARG,
                        "what '%.100s' matches is taken by entries before it; put it first",
                        pattern);
    return ENG_OK;
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static enum eng_err check_names_differ(const struct dat_grouping *grouping, struct eng_why *why)
{
    char **sorted = calloc(grouping->count, sizeof *sorted);
    if (!sorted)
        return ENG_NOMEM;
    memcpy(sorted, grouping->names, grouping->count * sizeof *sorted);
    qsort(sorted, grouping->count, sizeof *sorted, compare_names);
    enum eng_err err = ENG_OK;
    for (size_t i = 1; i < grouping->count && !err; i++)
        if (!strcmp(sorted[i], sorted[i - 1]))
            err = eng_fail(why, ENG_ARG,
                           "two classes would be called '%.100s'; join patterns of one with '|'",
                           sorted[i]);
    free(sorted);
    return err;
}

enum eng_err dat_grouping_init(struct dat_grouping *out, const char *text, char *const *names,
                               size_t count, struct eng_why *why)
{
    const size_t room = count + !count;
    char *copy = strdup(text), *rest = copy;
    enum eng_err err = ENG_OK;

    *out = (struct dat_grouping){.names = calloc(room, sizeof *out->names),
                                 .members = calloc(room, sizeof *out->members),
                                 .label = calloc(room, sizeof *out->label)};
    if (!copy || !out->names || !out->members || !out->label)
        err = ENG_NOMEM;
    for (size_t i = 0; i < count && !err; i++)
        out->label[i] = -1;
    while (rest && !err) {
        char *patterns = take_part(&rest, ',');
        char *group = strchr(patterns, '=') ? take_part(&patterns, '=') : NULL;
        if (group && !*group)
            err = eng_fail(why, ENG_ARG,
                           "the list of classes has a pattern without a name before the '='");
        else
            err = apply_entry(out, group, patterns, names, count, why);
    }
    if (!err && out->count)
        err = check_names_differ(out, why);
    free(copy);
    if (err)
        dat_grouping_release(out);
    return err;
}

void dat_grouping_release(struct dat_grouping *grouping)
{
    for (size_t i = 0; i < grouping->count; i++)
        free(grouping->names[i]);
    free(grouping->names);
    free(grouping->members);
    free(grouping->label);
    *grouping = (struct dat_grouping){0};
}
