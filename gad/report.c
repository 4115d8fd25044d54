#include "gad/report.h"

#include "data/file.h"
#include "data/listing.h"
#include "gad/report_parts.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* The page in its order: results first, then how they came about. A section is there if any run
 * has what it needs. */
static const struct section {
    const char *id, *title, *part, *sub; /* part NULL: always there */
    void (*write)(struct gad_report *report);
} sections[] = {
    {"summary", "In short", NULL, NULL, gad_report_summary},
    {"steps", "From many maps to one", "figures", "fig3", gad_report_steps},
    {"region", "From a map to a region", "figures", "fig4", gad_report_region},
    {"complexity", "Is the region smaller?", "table1", NULL, gad_report_table1},
    {"sensitivity", "Does the region matter more?", "table2", NULL, gad_report_table2},
    {"truth", "Is it the right place?", "truth", NULL, gad_report_truth},
    {"maps", "Maps before and after", "figures", "fig5", gad_report_maps},
    {"regions", "The least activated images", "figures", "fig6", gad_report_regions},
    {"run", "What was run", NULL, NULL, gad_report_facts},
    {"training", "Training", "training", NULL, gad_report_training},
    {"supports", "The support nets", "supports", NULL, gad_report_supports},
    {"completeness", "Completeness", "completeness", NULL, gad_report_completeness},
    {"options", "Options", "options", NULL, gad_report_options},
    {"files", "Files and command", NULL, NULL, gad_report_files},
};
#define SECTIONS (sizeof sections / sizeof sections[0])

static bool is_there(const struct gad_report *report, const struct section *section)
{
    if (!section->part)
        return true;
    bool there = false;
    for (size_t i = 0; i < report->count; i++)
        there |= dat_json_count(gad_report_part(&report->runs[i], section->part, section->sub)) > 0;
    return there;
}

static void write_navigation(struct gad_report *report)
{
    struct gad_html *html = &report->html;
    gad_html_begin(html, "nav", NULL);
    gad_html_attr(html, "aria-label", "Sections");
    for (size_t i = 0; i < SECTIONS; i++) {
        if (!is_there(report, &sections[i]))
            continue;
        gad_html_begin(html, "a", NULL);
        gad_html_attr(html, "href", "#%s", sections[i].id);
        gad_html_text(html, "%s", sections[i].title);
        gad_html_end(html);
        gad_html_text(html, "\n");
    }
    gad_html_end(html);
}

static void write_page(struct gad_report *report)
{
    struct gad_html *html = &report->html;
    gad_html_raw(html, "<!DOCTYPE html>\n");
    gad_html_begin(html, "html", NULL);
    gad_html_attr(html, "lang", "en");
    gad_report_head(report);
    gad_html_begin(html, "main", NULL);
    write_navigation(report);
    for (size_t i = 0; i < SECTIONS; i++) {
        if (!is_there(report, &sections[i]))
            continue;
        gad_html_begin(html, "section", NULL);
        gad_html_attr(html, "id", "%s", sections[i].id);
        gad_html_leaf(html, "h2", NULL, "%s", sections[i].title);
        sections[i].write(report);
        gad_html_end(html);
    }
    gad_html_end(html); /* main; the rest ends in gad_html_finish */
}

static enum eng_err write_file(struct gad_report *report, const char *path, struct eng_why *why)
{
    struct dat_out out;
    ENG_TRY(dat_out_open(&out, path, why));
    gad_html_init(&report->html, out.stream);
    write_page(report);
    const enum eng_err err = gad_html_finish(&report->html);
    if (err == ENG_NOMEM) {
        dat_out_abort(&out);
        return eng_fail(why, err,
                        "there is not enough memory for the report; close other programs");
    }
    return dat_out_commit(&out, why); /* which says what is wrong with the stream */
}

static bool has_run(const char *folder)
{
    struct stat st;
    char *path = dat_path_join(folder, "evaluate.json");
    const bool has = path && stat(path, &st) == 0;
    free(path);
    return has;
}

/* The runs in the folders of dir that listing names. */
static enum eng_err read_runs(struct gad_report *report, const char *dir,
                              const struct dat_listing *listing, size_t file_memory,
                              struct eng_why *why)
{
    for (size_t i = 0; i < listing->count; i++) {
        char *folder = dat_path_join(dir, listing->names[i]);
        if (!folder)
            return eng_fail(why, ENG_NOMEM, "there is not enough memory; close other programs");
        enum eng_err err = ENG_OK;
        if (has_run(folder) && report->count == GAD_REPORT_MAX_RUNS) {
            report->left_out++;
        } else if (has_run(folder)) {
            err = gad_report_run_read(&report->runs[report->count], folder, listing->names[i],
                                      file_memory, why);
            report->count += err == ENG_OK;
        }
        free(folder);
        ENG_TRY(err);
    }
    if (report->count == 0) {
        eng_fail(why, ENG_MISSING,
                 "there is no evaluate.json in it, nor in its folders; run gad evaluate first");
        return eng_fail_in(why, ENG_MISSING, dir);
    }
    return ENG_OK;
}

enum eng_err gad_report_write(const char *dir, char **path, size_t file_memory, struct eng_why *why)
{
    struct gad_report_run runs[GAD_REPORT_MAX_RUNS];
    struct gad_report report = {.runs = runs, .room = GAD_REPORT_MAX_PICTURES};
    struct dat_listing listing = {0};
    enum eng_err err;

    if (path)
        *path = NULL;
    char *to = dat_path_join(dir, "report.html");
    if (!to)
        return eng_fail(why, ENG_NOMEM, "there is not enough memory; close other programs");
    if (has_run(dir)) {
        err = gad_report_run_read(&runs[0], dir, "", file_memory, why);
        report.count = err == ENG_OK;
    } else {
        err = dat_listing_read(&listing, dir, why);
        if (err == ENG_OK)
            err = read_runs(&report, dir, &listing, file_memory, why);
    }
    if (err == ENG_OK)
        err = write_file(&report, to, why);
    if (err == ENG_OK && path) {
        *path = to;
        to = NULL;
    }

    for (size_t i = 0; i < report.count; i++)
        gad_report_run_release(&runs[i]);
    dat_listing_release(&listing);
    free(to);
    return err;
}
