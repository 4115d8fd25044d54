/* A folder of its own for a test program, below $TMPDIR or /tmp, and files in it. All paths are
 * relative to that folder; whatever goes wrong here ends the program. */
#ifndef SCRATCH_H
#define SCRATCH_H

#include <dirent.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char scratch_root[512];

static inline void scratch_need(int ok, const char *what)
{
    if (!ok) {
        printf("Bail out! scratch folder: %s: %s\n", what, strerror(errno));
        exit(1);
    }
}

static inline void scratch_make(void)
{
    const char *dir = getenv("TMPDIR");
    snprintf(scratch_root, sizeof scratch_root, "%s/gad-test-XXXXXX", dir && *dir ? dir : "/tmp");
    scratch_need(mkdtemp(scratch_root) != NULL, scratch_root);
}

/* The full path of one below the scratch folder: good for the next 63 calls. */
static inline const char *scratch_path(const char *format, ...)
{
    static char paths[64][1024];
    static int turn;
    char *path = paths[turn++ % 64], name[400];
    va_list ap;
    va_start(ap, format);
    vsnprintf(name, sizeof name, format, ap);
    va_end(ap);
    snprintf(path, sizeof paths[0], "%s/%s", scratch_root, name);
    return path;
}

/* Writes a file and makes the folders that it lies in. */
static inline void scratch_write(const char *name, const void *bytes, size_t count)
{
    char path[1024];
    snprintf(path, sizeof path, "%s/%s", scratch_root, name);
    for (char *p = path + strlen(scratch_root) + 1; (p = strchr(p, '/')); *p++ = '/') {
        *p = '\0';
        scratch_need(!mkdir(path, 0777) || errno == EEXIST, path);
    }
    FILE *f = fopen(path, "wb");
    scratch_need(f && fwrite(bytes, 1, count, f) == count && !fclose(f), path);
}

static inline void scratch_text(const char *name, const char *text)
{
    scratch_write(name, text, strlen(text));
}

/* A PPM picture of width x height pixels, red throughout = `red`, green and blue a gradient. */
static inline void scratch_ppm(const char *name, int width, int height, int red)
{
    unsigned char bytes[64 + 3 * 64 * 64];
    scratch_need(width <= 64 && height <= 64, name);
    size_t n = (size_t)snprintf((char *)bytes, 64, "P6\n%d %d\n255\n", width, height);
    for (int y = 0; y < height; y++)
        for (int x = 0; x < width; x++) {
            bytes[n++] = (unsigned char)red;
            bytes[n++] = (unsigned char)(x * 255 / width);
            bytes[n++] = (unsigned char)(y * 255 / height);
        }
    scratch_write(name, bytes, n);
}

/* Removes a file, or a folder with all that is in it; of a symbolic link only the link. */
static inline void scratch_remove_path(const char *path)
{
    struct stat st;
    DIR *dir = !lstat(path, &st) && S_ISDIR(st.st_mode) ? opendir(path) : NULL;
    if (!dir) {
        remove(path);
        return;
    }
    for (const struct dirent *entry; (entry = readdir(dir));) {
        char child[1280];
        if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
            continue;
        snprintf(child, sizeof child, "%.1000s/%.255s", path, entry->d_name);
        scratch_remove_path(child);
    }
    closedir(dir);
    rmdir(path);
}

static inline void scratch_remove(void)
{
    scratch_remove_path(scratch_root);
}

#endif
