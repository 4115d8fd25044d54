/* Is a page well-formed? Stricter than HTML asks: every element is closed in order, or is written
 * <so/>; attributes have quotes and differ in name; & only begins the entities that we write. */
#ifndef MARKUP_H
#define MARKUP_H

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MARKUP_DEPTH 64

struct markup {
    const char *at;
    const char *open[MARKUP_DEPTH];
    size_t length[MARKUP_DEPTH], depth;
};

static inline size_t markup_name(const char *s)
{
    size_t n = 0;
    while (isalnum((unsigned char)s[n]) || s[n] == '-')
        n++;
    return n;
}

/* Length of an entity that may stand at s, or 0. */
static inline size_t markup_entity(const char *s)
{
    static const char *const known[] = {"&lt;", "&gt;", "&amp;", "&quot;", "&#39;"};
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (strncmp(s, known[i], strlen(known[i])) == 0)
            return strlen(known[i]);
    return 0;
}

static inline const char *markup_attributes(struct markup *m)
{
    const char *names[32];
    size_t lengths[32], count = 0;
    while (*m->at == ' ') {
        const char *name = ++m->at;
        const size_t n = markup_name(name);
        if (n == 0 || strncmp(name + n, "=\"", 2) != 0)
            return "an attribute without name or quotes";
        for (size_t i = 0; i < count; i++)
            if (lengths[i] == n && strncmp(names[i], name, n) == 0)
                return "an attribute comes twice";
        if (count == 32)
            return "too many attributes";
        names[count] = name;
        lengths[count++] = n;
        for (m->at = name + n + 2; *m->at != '"'; m->at++)
            if (!*m->at || *m->at == '<' || (*m->at == '&' && !markup_entity(m->at)))
                return "an attribute's value is not escaped";
        m->at++;
    }
    return NULL;
}

static inline const char *markup_tag(struct markup *m)
{
    const int closing = m->at[1] == '/';
    const char *name = m->at + 1 + closing;
    const size_t n = markup_name(name);
    if (n == 0)
        return "< without a name";
    m->at = name + n;
    if (closing) {
        if (*m->at++ != '>')
            return "an end tag with more than a name";
        if (m->depth == 0 || m->length[m->depth - 1] != n ||
            strncmp(m->open[m->depth - 1], name, n) != 0)
            return "an end tag that does not belong to the start tag";
        m->depth--;
        return NULL;
    }
    const char *wrong = markup_attributes(m);
    if (wrong)
        return wrong;
    if (strncmp(m->at, "/>", 2) == 0) {
        m->at += 2;
        return NULL;
    }
    if (*m->at++ != '>' || m->depth == MARKUP_DEPTH)
        return "a tag that does not end";
    m->open[m->depth] = name;
    m->length[m->depth++] = n;
    return NULL;
}

/* NULL if the page is well-formed, else what is wrong; the checker prints where. */
static inline const char *markup_check(const char *page)
{
    struct markup m = {.at = page};
    const char *wrong = NULL;
    if (strncmp(m.at, "<!DOCTYPE html>", 15) == 0)
        m.at += 15;
    while (!wrong && *m.at) {
        if (*m.at == '<')
            wrong = markup_tag(&m);
        else if (*m.at == '>' && !(m.depth > 0 && strncmp(m.open[m.depth - 1], "style", 5) == 0))
            wrong = "a bare >";
        else if (*m.at == '&' && !markup_entity(m.at))
            wrong = "a bare &";
        else
            m.at++;
    }
    if (!wrong && m.depth > 0)
        wrong = "an element is left open";
    if (wrong)
        printf("# %s: ...%.60s\n", wrong, m.at > page + 20 ? m.at - 20 : page);
    return wrong;
}

#endif
