#include "data/mapping.h"

#include "data/file.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* Maps a regular file. Whatever stands against it, reading will work or say what is wrong. */
static void map_file(struct dat_mapping *mapping, const char *path)
{
    struct stat info;
    if (stat(path, &info) != 0 || !S_ISREG(info.st_mode))
        return;
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return;
    if (fstat(fd, &info) == 0 && info.st_size > 0 && (uintmax_t)info.st_size <= SIZE_MAX) {
        void *map = mmap(NULL, (size_t)info.st_size, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
        if (map != MAP_FAILED)
            *mapping = (struct dat_mapping){map, (size_t)info.st_size, map, NULL};
    }
    close(fd);
}

enum eng_err dat_mapping_init(struct dat_mapping *mapping, const char *path, struct eng_why *why)
{
    uint8_t *bytes;
    size_t count;
    *mapping = (struct dat_mapping){0};
    map_file(mapping, path);
    if (mapping->map)
        return ENG_OK;
    ENG_TRY(dat_file_read(&bytes, &count, path, why));
    *mapping = (struct dat_mapping){bytes, count, NULL, bytes};
    return ENG_OK;
}

void dat_mapping_release(struct dat_mapping *mapping)
{
    if (mapping->map)
        munmap(mapping->map, mapping->count);
    free(mapping->read);
    *mapping = (struct dat_mapping){0};
}
