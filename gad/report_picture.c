/* Pictures on their way into the page. Their names come from a file that may be anybody's, and the
 * page is given to others: nothing but PNG files inside the run's own folder may get in. */
#define _XOPEN_SOURCE 700 /* realpath */
#include "data/file.h"
#include "gad/report.h"
#include "gad/report_parts.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* The real path of a file inside folder, links followed; NULL if it is not there or not inside.
 * The caller frees. */
static char *path_inside(const char *folder, const char *file)
{
    if (file[0] == '\0' || file[0] == '/')
        return NULL;
    char *joined = dat_path_join(folder, file);
    char *root = realpath(folder, NULL);
    char *real = joined ? realpath(joined, NULL) : NULL;
    const size_t length = root ? strlen(root) : 0;
    const bool inside = root && real && strncmp(real, root, length) == 0 &&
                        (real[length] == '/' || strcmp(root, "/") == 0);
    free(joined);
    free(root);
    if (inside)
        return real;
    free(real);
    return NULL;
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

void gad_report_picture(struct gad_report *report, const struct gad_report_run *run,
                        const char *file, const char *look, const char *alt)
{
    struct gad_html *html = &report->html;
    uint8_t *bytes = NULL;
    size_t count = 0;
    uint32_t size[2];
    char *path = path_inside(run->folder, file);
    const bool shown = path && readable(path, report->room) &&
                       dat_file_read(&bytes, &count, path, NULL) == ENG_OK &&
                       count <= report->room && png_size(bytes, count, size);
    if (shown) {
        report->room -= count;
        gad_html_begin(html, "img", look);
        gad_html_attr(html, "alt", "%s", alt);
        gad_html_attr(html, "width", "%u", size[0]);
        gad_html_attr(html, "height", "%u", size[1]);
        gad_html_data(html, "src", "image/png", bytes, count);
        gad_html_end(html);
    } else {
        gad_html_leaf(html, "span", "missing", "%s: %s", file[0] ? file : "no picture",
                      file[0] ? "not a PNG file in this run's folder that can be shown" : alt);
    }
    free(bytes);
    free(path);
}
