#include "data/listing.h"

#include "data/grow.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static int is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Compares the runs of digits that *a and *b begin with, as numbers of any length, and moves both
 * behind theirs. Without leading zeros the longer number is the larger one. */
static int compare_numbers(const char **a, const char **b)
{
    while (**a == '0')
        ++*a;
    while (**b == '0')
        ++*b;
    size_t na = 0, nb = 0;
    while (is_digit((*a)[na]))
        na++;
    while (is_digit((*b)[nb]))
        nb++;
    const int order = na != nb ? (na < nb ? -1 : 1) : memcmp(*a, *b, na);
    *a += na;
    *b += nb;
    return order;
}

int dat_name_compare(const char *a, const char *b)
{
    const char *p = a, *q = b;
    while (*p && *q) {
        if (is_digit(*p) && is_digit(*q)) {
            const int order = compare_numbers(&p, &q);
            if (order)
                return order;
        } else if (*p != *q) {
            break;
        } else {
            p++;
            q++;
        }
    }
    if (*p != *q)
        return (unsigned char)*p < (unsigned char)*q ? -1 : 1;
    return strcmp(a, b);
}

static int compare_entries(const void *a, const void *b)
{
    return dat_name_compare(*(char *const *)a, *(char *const *)b);
}

int dat_name_is_image(const char *name)
{
    static const char *const endings[] = {".jpg", ".jpeg", ".png", ".ppm", ".pgm"};
    const char *dot = strrchr(name, '.');
    for (size_t i = 0; dot && i < sizeof endings / sizeof *endings; i++)
        if (!strcasecmp(dot, endings[i]))
            return 1;
    return 0;
}

static enum eng_err cannot_list(const char *folder, int number, struct eng_why *why)
{
    if (number == ENOMEM)
        return ENG_NOMEM;
    if (number == ENOENT || number == ENOTDIR)
        return eng_fail(why, ENG_MISSING, "%.300s: no such folder; check the path", folder);
    char text[128];
    if (strerror_r(number, text, sizeof text))
        text[0] = '\0';
    return eng_fail(why, ENG_IO, "%.300s: cannot be listed (%s); check the folder's permissions",
                    folder, text);
}

enum eng_err dat_listing_read(struct dat_listing *out, const char *folder, struct eng_why *why)
{
    *out = (struct dat_listing){0};
    DIR *dir = opendir(folder);
    if (!dir)
        return cannot_list(folder, errno, why);

    enum eng_err err = ENG_NOMEM;
    size_t capacity = 0;
    for (;;) {
        errno = 0; /* the end and a failure both return NULL */
        const struct dirent *entry = readdir(dir);
        if (!entry)
            break;
        if (entry->d_name[0] == '.')
            continue;
        char **names = dat_grow(out->names, &capacity, out->count, sizeof *names);
        if (!names)
            goto fail;
        out->names = names;
        if (!(names[out->count] = strdup(entry->d_name)))
            goto fail;
        out->count++;
    }
    if (errno) {
        err = cannot_list(folder, errno, why);
        goto fail;
    }
    closedir(dir);
    if (out->count)
        qsort(out->names, out->count, sizeof *out->names, compare_entries);
    return ENG_OK;

fail:
    closedir(dir);
    dat_listing_release(out);
    return err;
}

enum eng_err dat_listing_any(const char *folder, int (*is)(const char *name), int *yes)
{
    struct dat_listing listing;
    *yes = 0;
    const enum eng_err err = dat_listing_read(&listing, folder, NULL);
    if (err)
        return err == ENG_NOMEM ? err : ENG_OK;
    for (size_t i = 0; i < listing.count && !*yes; i++)
        *yes = is(listing.names[i]);
    dat_listing_release(&listing);
    return ENG_OK;
}

void dat_listing_release(struct dat_listing *listing)
{
    for (size_t i = 0; i < listing->count; i++)
        free(listing->names[i]);
    free(listing->names);
    *listing = (struct dat_listing){0};
}
