/* Pictures on their way into the page. Their names come from a file that may be anybody's, and the
 * page is given to others: nothing but PNG files inside the run's own folder may get in. */
#define _XOPEN_SOURCE 700 /* realpath */
#include "data/file.h"
#include "gad/report.h"
#include "gad/report_parts.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* *real = the path of a file inside folder, links followed (the caller frees); NULL if it is not
 * there or not inside. */
static enum eng_err path_inside(char **real, const char *folder, const char *file)
{
    *real = NULL;
    if (file[0] == '\0' || file[0] == '/')
        return ENG_OK;
    char *joined = dat_path_join(folder, file);
    if (!joined)
        return ENG_NOMEM;
    errno = 0;
    char *root = realpath(folder, NULL), *path = realpath(joined, NULL);
    const enum eng_err err = errno == ENOMEM ? ENG_NOMEM : ENG_OK;
    const size_t length = root ? strlen(root) : 0;
    free(joined);
    if (root && path && strncmp(path, root, length) == 0 &&
        (path[length] == '/' || strcmp(root, "/") == 0)) {
        *real = path;
        path = NULL;
    }
    free(path);
    free(root);
    return err;
}

static uint32_t big_endian(const uint8_t *bytes)
{
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

/* Width and height from a PNG's header, the first of its chunks. */
static bool png_size(const uint8_t *bytes, size_t count, uint32_t size[2])
{
    static const uint8_t head[16] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n',
                                     0,    0,   0,   13,  'I',  'H',  'D',  'R'};
    if (count < 33 || memcmp(bytes, head, sizeof head) != 0)
        return false;
    size[0] = big_endian(bytes + 16);
    size[1] = big_endian(bytes + 20);
    return size[0] > 0 && size[1] > 0;
}

static bool readable(const char *path, size_t room)
{
    struct stat st;
    return stat(path, &st) == 0 && S_ISREG(st.st_mode) && st.st_size > 0 &&
           (uintmax_t)st.st_size <= GAD_REPORT_MAX_PICTURE && (uintmax_t)st.st_size <= room;
}

/* Reads a picture that may be shown; *bytes stays NULL if this one may not. */
static enum eng_err read_picture(uint8_t **bytes, size_t *count, uint32_t size[2],
                                 const struct gad_report_run *run, const char *file, size_t room)
{
    char *path;
    *bytes = NULL;
    enum eng_err err = path_inside(&path, run->folder, file);
    if (err == ENG_OK && path && readable(path, room))
        err = dat_file_read(bytes, count, path, NULL);
    free(path);
    if (*bytes && (*count > room || !png_size(*bytes, *count, size))) {
        free(*bytes);
        *bytes = NULL;
    }
    return err == ENG_NOMEM ? err : ENG_OK;
}

void gad_report_picture(struct gad_report *report, const struct gad_report_run *run,
                        const char *file, const char *look, const char *alt)
{
    struct gad_html *html = &report->html;
    uint8_t *bytes;
    size_t count = 0;
    uint32_t size[2] = {0};
    const enum eng_err err = read_picture(&bytes, &count, size, run, file, report->room);
    if (err != ENG_OK)
        html->err = html->err ? html->err : err;
    if (bytes) {
        report->room -= count;
        gad_html_begin(html, "img", look);
        gad_html_attr(html, "alt", "%s", alt);
        gad_html_attr(html, "width", "%u", size[0]);
        gad_html_attr(html, "height", "%u", size[1]);
        gad_html_data(html, "src", "image/png", bytes, count);
        gad_html_end(html);
    } else {
        gad_html_leaf(html, "span", "missing", "%s: %s", file[0] ? file : "no picture",
                      file[0] ? "not a PNG file in this run\u2019s folder that can be shown" : alt);
    }
    free(bytes);
}
