/* The report: well-formed and closed to the outside whatever the run holds, complete where it is
 * complete, and a sentence where there is nothing to show. */
#include "data/base64.h"
#include "data/file.h"
#include "data/png.h"
#include "gad/report.h"

#include "tests/markup.h"
#include "tests/tap.h"

#include <stdbool.h>
#include <unistd.h>

static char folder[] = "/tmp/gad-report-XXXXXX";
static char *page; /* of the last report; owned */

/* ---- a run ---- */

#define EVIL      "<img src=x onerror=alert(1)>&\"'"
#define EVIL_JSON "<img src=x onerror=alert(1)>&\\\"'"
#define EVIL_HTML "&lt;img src=x onerror=alert(1)&gt;&amp;&quot;&#39;"

#define CELL1(method, cls, o, g, u)                                                                \
    "{\"method\":\"" method "\",\"class\":" #cls ",\"original\":" #o ",\"gad\":" #g                \
    ",\"undefined\":" #u ",\"degenerate_original\":1,\"degenerate_gad\":3,\"mean_rc\":0.625}"
#define CELL2(method, cls, sup, gad)                                                               \
    "{\"method\":\"" method "\",\"class\":" #cls ",\"sup\":" #sup ",\"gad\":" #gad                 \
    ",\"empty_sup\":0,\"empty_gad\":2,\"gad_not_empty\":0.123}"
#define CELL3(method, cls, o, g)                                                                   \
    "{\"method\":\"" method "\",\"class\":" #cls ",\"weight_original\":" #o ",\"weight_gad\":" #g  \
    ",\"hull_original\":0.125,\"hull_gad\":0.375,\"pointing_original\":0.5,\"pointing_gad\":null}"

/* The members of an evaluate.json. */
static const char *const members[] = {
    "\"gad\":\"0.1.0\"",
    "\"when\":\"2026-01-02T03:04:05Z\"",
    "\"seconds\":123.4",
    "\"machine\":{\"processor\":\"P\",\"cpu\":\"avx2\",\"threads\":2,\"precision\":\"f32\"}",
    "\"command\":\"gad evaluate '" EVIL_JSON "'\"",
    "\"dataset\":\"cats-dogs\"",
    "\"data\":{\"about\":\"" EVIL_JSON "\",\"source\":\"synthetic:cats-dogs\","
    "\"images\":100,\"skipped\":3,\"synthetic\":true,\"seed\":7}",
    "\"model\":{\"file\":\"" EVIL_JSON "\",\"architecture\":\"resnet18\",\"title\":\"ResNet18\","
    "\"width\":0.25,\"parameters\":1234567,\"classes\":[\"" EVIL_JSON "\",\"dog\"],"
    "\"input\":[64,64],\"fingerprint\":\"abc\",\"accuracy\":0.95,\"accuracy_images\":500,"
    "\"notes\":{\"" EVIL_JSON "\":\"" EVIL_JSON "\"}}",
    "\"training\":{\"epochs\":[{\"epoch\":1,\"loss\":0.7,\"accuracy\":0.5,"
    "\"held_out_accuracy\":0.5},{\"epoch\":2,\"loss\":null,\"accuracy\":0.75}]}",
    "\"supports\":[{\"file\":\"a\",\"alpha\":[2,2],\"epochs\":10,\"lr\":4e-5,"
    "\"losses\":[2,0.5,0.0625],\"rms\":0.25,\"own_shift\":0.03,\"other_shift\":-1.5,"
    "\"accuracy\":0.94},{\"file\":\"b\",\"alpha\":[4,6],\"losses\":[],\"rms\":null}]",
    "\"options\":{\"steps\":50,\"rule\":\"gausslegendre\",\"keep\":\"min\",\"odd\":true,"
    "\"" EVIL_JSON "\":\"" EVIL_JSON "\"}",
    "\"methods\":[{\"name\":\"saliency\",\"title\":\"Saliency\"},"
    "{\"name\":\"own\",\"title\":\"" EVIL_JSON "\"}]",
    "\"table1\":{\"cells\":[" CELL1("saliency", 0, 6, 90, 4) "," CELL1(
        "saliency", 1, 16, 80, 4) "," CELL1("own", 0, 0, 100, 0) "]}",
    "\"table2\":{\"cells\":[" CELL2("saliency", 0, 0.5, 0.25) "," CELL2("own", 1, 0.001,
                                                                        0.002) "]}",
    "\"truth\":{\"cells\":[" CELL3("saliency", 0, 0.25, 0.5) "," CELL3("saliency", 1, 0.25,
                                                                       0.5) "]}",
    "\"completeness\":{\"mean_abs_gap\":0.0123,\"max_abs_gap\":0.5}",
    "\"figures\":{\"fig3\":{\"image\":\"" EVIL_JSON "\",\"label\":\"cat\",\"predicted\":\"dog\","
    "\"logits\":[-0.5,1.25],\"method\":\"Saliency\",\"class\":\"dog\",\"photo\":\"in.png\","
    "\"maps\":[{\"file\":\"in.png\",\"caption\":\"original\"},"
    "{\"file\":\"../out.png\",\"caption\":\"" EVIL_JSON "\"}]},"
    "\"fig4\":{\"image\":\"i\",\"method\":\"Saliency\",\"class\":\"dog\",\"file\":\"link.png\"},"
    "\"fig5\":[{\"image\":\"i\",\"label\":\"cat\",\"predicted\":\"cat\",\"class\":\"cat\","
    "\"photo\":\"/etc/hostname\",\"methods\":[{\"method\":\"" EVIL_JSON "\","
    "\"original\":\"in.png\",\"gad\":\"evaluate.json\"}]},{}],"
    "\"fig6\":[{\"class\":\"" EVIL_JSON "\",\"images\":[{\"image\":\"i\",\"logit\":-0.75,"
    "\"predicted\":\"dog\",\"photo\":\"in.png\",\"hulls\":[{\"method\":\"Saliency\","
    "\"file\":\"missing.png\"}]},{}]},{}]}",
};
#define MEMBERS (sizeof members / sizeof members[0])

/* The file's text with member `odd` left out, or replaced by `instead` (a value) unless NULL; the
 * caller frees. odd == MEMBERS: all of it. */
static char *run_text(size_t odd, const char *instead)
{
    size_t room = 64;
    for (size_t i = 0; i < MEMBERS; i++)
        room += strlen(members[i]) + 64;
    char *text = malloc(room), *to = text;
    if (!text)
        exit(1);
    *to++ = '{';
    for (size_t i = 0; i < MEMBERS; i++) {
        if (i == odd && !instead)
            continue;
        if (to > text + 1)
            *to++ = ',';
        if (i == odd) {
            const char *colon = strchr(members[i], ':');
            to += sprintf(to, "%.*s%s", (int)(colon + 1 - members[i]), members[i], instead);
        } else {
            to += sprintf(to, "%s", members[i]);
        }
    }
    strcpy(to, "}");
    return text;
}

static char *path_of(const char *name)
{
    char *path = dat_path_join(folder, name);
    if (!path)
        exit(1);
    return path;
}

static void put_file(const char *name, const void *bytes, size_t count)
{
    char *path = path_of(name);
    if (dat_file_write(path, bytes, count, NULL) != ENG_OK)
        exit(1);
    free(path);
}

static void remove_file(const char *name)
{
    char *path = path_of(name);
    remove(path);
    free(path);
}

/* Writes the report of folder/name and reads it into `page` (NULL if there is none). */
static enum eng_err report(const char *name, struct eng_why *why)
{
    char *dir = path_of(name), *path;
    size_t count;
    why->text[0] = '\0';
    const enum eng_err err = gad_report_write(dir, &path, 0, why);
    free(page);
    page = NULL;
    if (err == ENG_OK)
        dat_file_read((uint8_t **)&page, &count, path, NULL);
    free(path);
    free(dir);
    return err;
}

static enum eng_err report_text(const char *text, struct eng_why *why)
{
    put_file("run/evaluate.json", text, strlen(text));
    return report("run", why);
}

/* ---- checks ---- */

static size_t count_of(const char *what)
{
    size_t count = 0;
    for (const char *at = page; (at = strstr(at, what)); at++)
        count++;
    return count;
}

/* Nothing in the page is fetched from anywhere or runs: sources are data, links are within. Texts
 * are escaped, so that a quote or a < in the page is always the page's own. */
static bool is_closed(void)
{
    static const char *const never[] = {
        "<script", "<link", "<iframe", "<object",   "<base",       "@import",
        "url(",    "http:", "https:",  " style=\"", " onerror=\"", "<form"};
    for (size_t i = 0; i < sizeof never / sizeof never[0]; i++)
        if (strstr(page, never[i]))
            return false;
    for (const char *at = page; (at = strstr(at, " src=\"")); at++)
        if (strncmp(at, " src=\"data:image/png;base64,", 28) != 0)
            return false;
    for (const char *at = page; (at = strstr(at, " href=\"")); at++)
        if (at[7] != '#')
            return false;
    return true;
}

static bool is_good(void)
{
    return page && !markup_check(page) && is_closed();
}

static char *encoded(const uint8_t *bytes, size_t count)
{
    char *text = calloc(DAT_BASE64_SIZE(count) + 1, 1);
    if (!text)
        exit(1);
    dat_base64_encode(text, bytes, count);
    return text;
}

/* ---- tests ---- */

static uint8_t *inside, *outside; /* PNG files: run/in.png and out.png */
static size_t inside_count, outside_count;

static void whole(void)
{
    struct eng_why why;
    char *text = run_text(MEMBERS, NULL);
    CHECK(report_text(text, &why) == ENG_OK && is_good(), "a run with everything in it: %s",
          why.text);
    free(text);
    CHECK(!strstr(page, EVIL) && !strstr(page, "onerror=alert(1)>") && strstr(page, EVIL_HTML),
          "texts of the run are escaped");
    static const char *const ids[] = {
        "summary", "steps", "region",   "complexity", "sensitivity",  "truth",   "maps",
        "regions", "run",   "training", "supports",   "completeness", "options", "files"};
    for (size_t i = 0; i < sizeof ids / sizeof ids[0]; i++) {
        char section[64], link[64];
        snprintf(section, sizeof section, "<section id=\"%s\">", ids[i]);
        snprintf(link, sizeof link, "href=\"#%s\"", ids[i]);
        CHECK(count_of(section) == 1 && count_of(link) == 1, "section %s and its link", ids[i]);
    }

    /* 270 of 300; 22 of 300; the rest. Saliency has 170 of 200. */
    CHECK(strstr(page, "smaller one in 90\u202f% of 300 comparisons") &&
              strstr(page, "the original\u2019s in 7\u202f%; 3\u202f% had no winner"),
          "the counts of Table 1 in a sentence");
    CHECK(strstr(page, "Least often it was so for Saliency (85\u202f%), most often for " EVIL_HTML
                       " (100\u202f%)"),
          "and the methods at both ends");
    CHECK(
        strstr(page, "in 1 of 2 means (of a method and a class); not with Saliency for " EVIL_HTML),
        "Table 2 in a sentence, with the exception");
    CHECK(strstr(page, "50\u202f% of a map\u2019s weight") && strstr(page, "with GAD, 25\u202f% "
                                                                           "without"),
          "the truth in a sentence");
    CHECK(strstr(page, "The support net ended 0.25 from its targets") &&
              strstr(page, "was right on 94\u202f% of"),
          "the support nets in a sentence");
    CHECK(strstr(page, "ideal \u22122") && strstr(page, "75\u202f%") && strstr(page, "4 and 6"),
          "and in a table: what was asked and what was reached");
    CHECK(strstr(page, "two experiments") && strstr(page, "drawn by the program"),
          "that the pictures are drawn is said");
    CHECK(strstr(page, "0.625") && strstr(page, "0.0123") && strstr(page, "1,234,567") &&
              strstr(page, "12.3000"),
          "numbers stand where they are to be looked up");
    CHECK(strstr(page, ", which the net takes for dog (outputs: "), "a mistake is called one");
    CHECK(strstr(page, "<code>evaluate.json</code>") && !strstr(page, "<code>table1.csv</code>"),
          "files that lie beside the page are listed, and no others");
}

static void the_paper(void)
{
    struct eng_why why;
    char *text = run_text(MEMBERS, NULL);
    report_text(text, &why);
    free(text);
    /* Table 1, cats and dogs, ResNet18, Saliency: 122 and 390, so that none are missing. */
    CHECK(strstr(page, "<td class=\"paper\">122<small>24\u202f%</small></td>") &&
              strstr(page, "<td class=\"paper\"><b>390</b><small>76\u202f%</small></td>") &&
              strstr(page, "<td class=\"paper\">0<small>0\u202f%</small></td>"),
          "the paper's counts stand beside ours");
    CHECK(strstr(page, "<td class=\"paper\"><b>0.0600</b></td>") &&
              strstr(page, "<td class=\"paper\">0.0300</td>"),
          "and its sensitivities");
    text = run_text(5, "\"\"");
    report_text(text, &why);
    free(text);
    CHECK(is_good() && !strstr(page, "class=\"paper\"") && !strstr(page, "two experiments"),
          "not where the paper has no such data");
}

static void pictures(void)
{
    struct eng_why why;
    char *text = run_text(MEMBERS, NULL), *in = encoded(inside, inside_count);
    char *out = encoded(outside, outside_count);
    report_text(text, &why);
    CHECK(count_of(in) == 4, "pictures of the run are in the page, byte by byte");
    CHECK(!strstr(page, out), "a picture outside of its folder is not, by path or by link");
    CHECK(count_of("class=\"missing\"") == 10 && strstr(page, "../out.png: not a PNG"),
          "a box names what cannot be shown: %zu of them", count_of("class=\"missing\""));
    CHECK(count_of("<img") == count_of(" alt=\"") && count_of("alt=\"\"") == 0,
          "every picture has a text in its place");
    free(in);
    free(out);
    free(text);
}

/* Each part taken out, and each turned into something else. */
static void parts(void)
{
    static const char *const others[] = {"null",
                                         "true",
                                         "-1e999",
                                         "\"text\"",
                                         "[]",
                                         "{}",
                                         "[[[1,\"a\",null]]]",
                                         "{\"cells\":[1,{\"method\":7}],\"epochs\":[{}],"
                                         "\"fig3\":{\"maps\":[{}]},\"fig5\":[{}],\"fig6\":[{}],"
                                         "\"fig4\":{},\"classes\":[1]}",
                                         "[{\"alpha\":7,\"losses\":{\"a\":1},\"name\":\"\"}]"};
    struct eng_why why;
    for (size_t i = 1; i < MEMBERS; i++) {
        char *text = run_text(i, NULL);
        CHECK(report_text(text, &why) == ENG_OK && is_good(), "without %.12s", members[i]);
        free(text);
        bool good = true;
        for (size_t k = 0; k < sizeof others / sizeof others[0]; k++) {
            text = run_text(i, others[k]);
            good &= report_text(text, &why) == ENG_OK && is_good();
            free(text);
        }
        CHECK(good, "with something else for %.12s", members[i]);
    }
    CHECK(report_text("{\"gad\":\"9\"}", &why) == ENG_OK && is_good() &&
              !strstr(page, "id=\"truth\"") && !strstr(page, "had no winner"),
          "a run with nothing in it");
}

static void damage(void)
{
    struct eng_why why;
    char *text = run_text(MEMBERS, NULL);
    const size_t length = strlen(text);
    CHECK(report_text("", &why) == ENG_FORMAT && strstr(why.text, "run/evaluate.json: "),
          "empty: %s", why.text);
    CHECK(report_text("{}", &why) == ENG_FORMAT && strstr(why.text, "gad evaluate"), "{}: %s",
          why.text);
    CHECK(report_text("[1]", &why) == ENG_FORMAT, "an array: %s", why.text);

    bool refused = true;
    for (size_t cut = 1; cut < length; cut += 29) {
        put_file("run/evaluate.json", text, cut);
        refused &= report("run", &why) == ENG_FORMAT && why.text[0] && !page;
    }
    CHECK(refused, "cut off anywhere: refused");

    bool stands = true;
    for (size_t at = 0; at < length; at += 23) {
        text[at] ^= (char)(1 << at % 7);
        const enum eng_err err = report_text(text, &why);
        stands &= err == ENG_OK ? is_good() : why.text[0] != '\0' && !page;
        text[at] ^= (char)(1 << at % 7);
    }
    CHECK(stands, "bits flipped: a good page or a sentence");
    free(text);
}

static void several(void)
{
    struct eng_why why;
    char *text = run_text(MEMBERS, NULL), *other = run_text(7, "{\"title\":\"VGG16\"}");
    char *both = path_of("both"), *one = path_of("both/run2"), *two = path_of("both/run10");
    char *empty = path_of("both/empty");
    dat_folder_make(one, NULL);
    dat_folder_make(two, NULL);
    dat_folder_make(empty, NULL);
    put_file("both/run2/evaluate.json", text, strlen(text));
    put_file("both/run10/evaluate.json", other, strlen(other));
    CHECK(report("both", &why) == ENG_OK && is_good(), "two runs: %s", why.text);
    const char *first = strstr(page, "<h3>ResNet18</h3>"), *second = strstr(page, "<h3>VGG16</h3>");
    CHECK(first && second && first < second, "beside each other, in natural order of the folders");
    CHECK(strstr(page, "of ResNet18 and VGG16") && strstr(page, "<h1>What tells two classes apart"),
          "the title takes in both");
    CHECK(strstr(page, "<code>run2/evaluate.json</code>"), "files are named with their folder");

    put_file("both/run10/evaluate.json", text, 100);
    CHECK(report("both", &why) == ENG_FORMAT && strstr(why.text, "run10/evaluate.json"),
          "a damaged one among them: %s", why.text);

    remove_file("both/run2/evaluate.json");
    remove_file("both/run10/evaluate.json");
    CHECK(report("both", &why) == ENG_MISSING && strstr(why.text, "run gad evaluate first"),
          "no run: %s", why.text);
    CHECK(report("nowhere", &why) == ENG_MISSING && why.text[0], "no folder: %s", why.text);

    remove_file("both/report.html");
    char *in_the_way = path_of("both/report.html");
    put_file("both/run2/evaluate.json", text, strlen(text));
    dat_folder_make(in_the_way, NULL);
    CHECK(report("both", &why) == ENG_IO && strstr(why.text, "report.html"), "no way to write: %s",
          why.text);
    CHECK(gad_report_write(both, NULL, 0, NULL) == ENG_IO,
          "nor does it need a place for the sentence");
    remove(in_the_way);
    remove_file("both/run2/evaluate.json");
    remove(one);
    remove(two);
    remove(empty);
    remove(both);
    free(in_the_way);
    free(empty);
    free(one);
    free(two);
    free(both);
    free(other);
    free(text);
}

/* PNG files that differ, and a link out of the folder. */
static void set_up(void)
{
    static const uint8_t black[12] = {0}, white[12] = {[0] = 255, [5] = 255};
    if (!mkdtemp(folder) || dat_png_encode(&inside, &inside_count, black, 2, 2, 3) != ENG_OK ||
        dat_png_encode(&outside, &outside_count, white, 2, 2, 3) != ENG_OK)
        exit(1);
    char *run = path_of("run"), *link = path_of("run/link.png");
    if (dat_folder_make(run, NULL) != ENG_OK || symlink("../out.png", link) != 0)
        exit(1);
    put_file("run/in.png", inside, inside_count);
    put_file("out.png", outside, outside_count);
    free(run);
    free(link);
}

static void clean_up(void)
{
    static const char *const left[] = {"run/evaluate.json", "run/report.html", "run/in.png",
                                       "run/link.png",      "out.png",         "run"};
    for (size_t i = 0; i < sizeof left / sizeof left[0]; i++)
        remove_file(left[i]);
    CHECK(rmdir(folder) == 0, "the report leaves nothing but report.html");
    free(inside);
    free(outside);
    free(page);
}

int main(void)
{
    set_up();
    whole();
    the_paper();
    pictures();
    parts();
    damage();
    several();
    clean_up();
    return tap_done();
}
