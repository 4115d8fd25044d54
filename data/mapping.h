/* A file's bytes without reading them: mapped where that can be, so that opening a large file costs
 * nothing and a byte costs its first use; read where it cannot (a pipe).
 *
 * The file must not be cut short or overwritten in place meanwhile. Replacing it by renaming, as
 * data/file.h does, is fine. The bytes are the caller's own copy: writing to them leaves the file
 * as it is. */
#ifndef DAT_MAPPING_H
#define DAT_MAPPING_H

#include "engine/err.h"

#include <stddef.h>
#include <stdint.h>

struct dat_mapping {
    uint8_t *bytes; /* count of them; never NULL once it is open */
    size_t count;
    void *map, *read; /* which of the two it is; owned */
};

/* Opens the file at path; the caller releases *mapping. As dat_file_read, it says ENG_MISSING,
 * ENG_IO or ENG_NOMEM with the path in front, and then *mapping is empty. */
enum eng_err dat_mapping_init(struct dat_mapping *mapping, const char *path, struct eng_why *why);

/* The bytes are gone with it. An empty or zeroed struct is allowed. */
void dat_mapping_release(struct dat_mapping *mapping);

#endif
