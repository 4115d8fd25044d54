/* The formats of gad explain: which files each leaves, that they hold the same numbers, and that
 * what explain.json says of maps is what the library makes of the arrays. */
#include "attrib/reduce.h"
#include "data/npy.h"
#include "data/npz.h"
#include "metrics/complexity.h"
#include "metrics/select.h"
#include "tests/program.h"

#define DATA "synthetic:cats-dogs,count=24"

static const char *const methods[] = {"saliency", "deconv", "gradxinput", "guided", "ig"};

static void make_files(void)
{
    make_model("m.safetensors", "resnet18", 1);
    scratch_ppm("a.ppm", 48, 40, 200);
    scratch_ppm("b.ppm", 32, 32, 10);
    const struct outcome r = run("support m.safetensors " DATA
                                 " -o s --alpha 2,6 --epochs 1 --batch 8 --quiet");
    scratch_need(r.status == 0, "supports");
}

/* How many of the folder's files end so. */
static int files(const char *folder, const char *ending)
{
    int n = 0;
    DIR *dir = opendir(folder);
    const size_t m = strlen(ending);
    for (const struct dirent *entry; dir && (entry = readdir(dir));) {
        const size_t length = strlen(entry->d_name);
        n += entry->d_name[0] != '.' && length >= m &&
             strcmp(entry->d_name + length - m, ending) == 0;
    }
    if (dir)
        closedir(dir);
    return n;
}

static void test_choice(void)
{
    static const struct {
        const char *options, *folder;
        int png, npy, npz, json;
    } rows[] = {
        {"", "default/b", 3, 0, 0, 0},
        {"--format png", "png/b", 3, 0, 0, 0},
        {"--npy", "short/b", 3, 1, 0, 0},
        {"--format png,npy", "both/b", 3, 1, 0, 0},
        {"--format npy", "npy/b", 0, 1, 0, 0},
        {"--format npz", "npz/b", 0, 0, 1, 0},
        {"--format=json", "json/b", 0, 0, 0, 1},
        {"--format json --npy", "added/b", 0, 1, 0, 1},
        {"--format json,npz,png,npy,json", "all/b", 3, 1, 1, 1},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char output[32];
        snprintf(output, sizeof output, "%.*s", (int)strcspn(rows[i].folder, "/"), rows[i].folder);
        const struct outcome r = run(
            "explain m.safetensors b.ppm -o %s --methods saliency --class 0 --quiet %s", output,
            rows[i].options);
        const char *folder = rows[i].folder;
        CHECK(succeeded(&r) && files(folder, ".png") == rows[i].png &&
                  files(folder, ".npy") == rows[i].npy && files(folder, ".npz") == rows[i].npz &&
                  files(folder, ".json") == rows[i].json &&
                  files(folder, "") == rows[i].png + rows[i].npy + rows[i].npz + rows[i].json,
              "explain %s", rows[i].options);
    }
    REFUSED(2, "use png, npy, npz or json", "explain m.safetensors b.ppm -o no --format gif");
    REFUSED(2, "format", "explain m.safetensors b.ppm -o no --format=");
    REFUSED(2, "format", "explain m.safetensors b.ppm -o no --format png,");
    REFUSED(2, "format", "explain m.safetensors b.ppm -o no --format PNG");
    REFUSED(2, "format", "explain m.safetensors b.ppm -o no --format pngpngpngpngpngpng");
    CHECK(!exists("no"), "which leaves no output");
    struct outcome r = run_in((struct setting){.limit = 2000},
                              "explain m.safetensors b.ppm -o full --format npz");
    CHECK(refused(&r, 1, "full/b/maps.npz: ") && files("full/b", "") == 0, "a full disk, npz");
    r = run_in((struct setting){.limit = 2000},
               "explain m.safetensors b.ppm -o full --format json");
    CHECK(refused(&r, 1, "full/b/explain.json: ") && files("full/b", "") == 0, "a full disk, json");
}

/* ---- the same numbers in all formats -------------------------------------------------------- */

static int near(double a, double b)
{
    return fabs(a - b) <= 1e-12 * (fabs(a) + fabs(b)) + 1e-300;
}

static int range_is(const struct dat_json_node *node, const float *values, size_t count)
{
    double sum = 0, min = INFINITY, max = -INFINITY;
    for (size_t i = 0; i < count; i++) {
        sum += (double)values[i];
        min = fmin(min, (double)values[i]);
        max = fmax(max, (double)values[i]);
    }
    return near(number_of(dat_json_member(node, "sum")), sum) &&
           number_of(dat_json_member(node, "min")) == min &&
           number_of(dat_json_member(node, "max")) == max;
}

static int hull_is(const struct dat_json_node *map, const struct met_hull *hull)
{
    const struct dat_json_node *node = dat_json_member(map, "hull");
    const struct dat_json_node *corners = dat_json_member(node, "corners");
    int same = text_is(dat_json_member(node, "kind"), met_hull_kind_name(hull->kind)) &&
               number_of(dat_json_member(node, "area")) == met_hull_area(hull, MET_AREA_CENTRES) &&
               dat_json_count(corners) == hull->count;
    for (size_t i = 0; same && i < hull->count; i++) {
        const struct dat_json_node *at = dat_json_at(corners, i);
        same = number_of(dat_json_at(at, 0)) == hull->at[i].x &&
               number_of(dat_json_at(at, 1)) == hull->at[i].y;
    }
    return same;
}

static void find_hull(struct met_hull *hull, const float *map)
{
    const struct met_select select = met_select_figure();
    struct met_mask mask;
    scratch_need(met_select_pixels(&mask, &select, map, NULL, 32, 32, NULL) == ENG_OK &&
                     met_hull_of_mask(hull, &mask) == ENG_OK,
                 "hull");
    met_mask_release(&mask);
}

static int npz_has(const struct dat_npz *npz, const char *name, const struct dat_npy *npy)
{
    size_t count = 1;
    for (int d = 0; d < npy->rank; d++)
        count *= npy->dim[d];
    for (size_t i = 0; i < dat_npz_count(npz); i++) {
        const struct dat_safetensors_entry *e = dat_npz_at(npz, i);
        if (strcmp(e->name, name) == 0)
            return e->dtype == DAT_F32 && e->rank == (size_t)npy->rank &&
                   memcmp(e->dim, npy->dim, e->rank * sizeof *e->dim) == 0 &&
                   e->size == count * sizeof(float) && memcmp(e->bytes, npy->data, e->size) == 0;
    }
    return 0;
}

/* Number k of the explanations, with supports or without, against the arrays of the .npy files. */
static void check_one(const struct dat_json_node *one, const struct dat_npz *npz, size_t k,
                      int supports, const char *folder)
{
    char name[64], path[128];
    struct dat_npy attribution, gad = {0};
    struct met_hull hull, gad_hull = {0};
    float map[32 * 32];
    snprintf(name, sizeof name, "%s.class%zu", methods[k / 2], k % 2);
    snprintf(path, sizeof path, "%s/%s.npy", folder, name);
    scratch_need(dat_npy_read(&attribution, path, NULL, NULL) == ENG_OK, path);
    CHECK(text_is(dat_json_member(one, "method"), methods[k / 2]) &&
              number_of(dat_json_member(one, "class")) == (double)(k % 2) &&
              text_is(dat_json_member(one, "name"), cats_dogs[k % 2]),
          "%s: method and class", name);
    CHECK(npz_has(npz, name, &attribution), "%s in maps.npz", name);
    CHECK(range_is(dat_json_member(one, "attribution"), attribution.data, 3 * 32 * 32),
          "%s: the attribution's range", name);
    attr_reduce_map(map, attribution.data, 3, 32 * 32, ATTR_REDUCE_DEFAULT);
    find_hull(&hull, map);
    CHECK(range_is(dat_json_member(one, "map"), map, 32 * 32) &&
              hull_is(dat_json_member(one, "map"), &hull),
          "%s: the map's range and hull", name);
    snprintf(path, sizeof path, "%s/%s.gad.npy", folder, name);
    if (supports) {
        scratch_need(dat_npy_read(&gad, path, NULL, NULL) == ENG_OK, path);
        find_hull(&gad_hull, gad.data);
        const struct met_rc rc = met_complexity(&gad_hull, &hull, MET_AREA_CENTRES,
                                                MET_DEGENERATE_SKIP);
        CHECK(range_is(dat_json_member(one, "gad"), gad.data, 32 * 32) &&
                  hull_is(dat_json_member(one, "gad"), &gad_hull) &&
                  (rc.ratio < 0 ? dat_json_type(dat_json_member(one, "rc")) == DAT_JSON_NULL
                                : number_of(dat_json_member(one, "rc")) == rc.ratio),
              "%s: GAD's range, hull and RC %g", name, rc.ratio);
        strcat(name, ".gad");
        CHECK(npz_has(npz, name, &gad), "%s in maps.npz", name);
    } else {
        CHECK(!exists(path) && dat_json_type(dat_json_member(one, "gad")) == DAT_JSON_NULL &&
                  dat_json_type(dat_json_member(one, "rc")) == DAT_JSON_NULL,
              "%s: nothing of GAD without supports", name);
    }
    dat_npy_release(&attribution);
    dat_npy_release(&gad);
    met_hull_release(&hull);
    met_hull_release(&gad_hull);
}

static void test_numbers(int supports)
{
    const char *folder = supports ? "with/a" : "without/a";
    struct outcome r = run("explain m.safetensors a.ppm -o %s --format npy,npz,json --steps 4 "
                           "--json %s",
                           supports ? "with" : "without", supports ? "--support s" : "");
    struct dat_json *line = json_line(r.out, 0), *json = NULL;
    char path[64];
    uint8_t *bytes;
    size_t count;
    struct dat_npz *npz;
    CHECK(succeeded(&r) && lines(r.out) == 1, "explain --format npy,npz,json");
    snprintf(path, sizeof path, "%s/explain.json", folder);
    char *text = slurp(path);
    scratch_need(dat_json_parse(&json, text, strlen(text), NULL) == ENG_OK, path);
    snprintf(path, sizeof path, "%s/maps.npz", folder);
    scratch_need(dat_file_read(&bytes, &count, path, NULL) == ENG_OK &&
                     dat_npz_decode(&npz, bytes, count, NULL, NULL) == ENG_OK,
                 path);
    const struct dat_json_node *root = dat_json_root(json), *told = dat_json_root(line);
    const struct dat_json_node *all = dat_json_member(root, "explanations");
    CHECK(text_is(dat_json_member(root, "image"), "a.ppm") &&
              number_of(dat_json_member(root, "width")) == 32 &&
              number_of(dat_json_member(root, "height")) == 32 &&
              text_is(dat_json_member(root, "select"), "value:0.1") &&
              text_is(dat_json_member(root, "reduce"), "sum-abs") &&
              text_is(dat_json_member(root, "area"), "centres"),
          "explain.json says of what it is");
    r = run("predict m.safetensors a.ppm --json");
    struct dat_json *predicted = json_line(r.out, 0);
    static const char *const arrays[] = {"logits", "probabilities"};
    for (size_t i = 0; i < 4; i++) {
        const struct dat_json_node *a = dat_json_member(root, arrays[i / 2]);
        const struct dat_json_node *b = dat_json_member(told, arrays[i / 2]);
        const struct dat_json_node *c = dat_json_member(dat_json_root(predicted), arrays[i / 2]);
        const double x = number_of(dat_json_at(a, i % 2));
        CHECK(dat_json_count(a) == 2 && x == number_of(dat_json_at(b, i % 2)) &&
                  fabs(x - number_of(dat_json_at(c, i % 2))) < 1e-5,
              "%s %zu: in the file, on the line and from predict", arrays[i / 2], i % 2);
    }
    const char *label = dat_json_string(dat_json_member(root, "label"));
    CHECK(label && text_is(dat_json_member(told, "label"), label) &&
              text_is(dat_json_member(dat_json_root(predicted), "label"), label),
          "the label");
    CHECK(dat_json_count(all) == 10 && dat_npz_count(npz) == (supports ? 20u : 10u),
          "every method and class");
    for (size_t k = 0; k < dat_json_count(all); k++) {
        const struct dat_json_node *one = dat_json_at(all, k);
        const struct dat_json_node *gap = dat_json_member(dat_json_member(one, "attribution"),
                                                          "gap");
        check_one(one, npz, k, supports, folder);
        if (k / 2 == 4)
            CHECK(number_of(gap) ==
                      number_of(dat_json_member(dat_json_member(told, "gap"), cats_dogs[k % 2])),
                  "the gap of ig is that of --json");
        else
            CHECK(dat_json_type(gap) == DAT_JSON_NULL, "%s has no gap", methods[k / 2]);
    }
    dat_json_free(predicted);
    dat_json_free(json);
    dat_json_free(line);
    dat_npz_free(npz);
    free(bytes);
    free(text);
}

/* NumPy reads maps.npz, where there is one, and finds in it what is in the .npy files. */
static void test_numpy(void)
{
    static const char script[] =
        "import glob, os, numpy as np\n"
        "z = np.load('with/a/maps.npz')\n"
        "files = glob.glob('with/a/*.npy')\n"
        "assert sorted(z.files) == sorted(os.path.basename(f)[:-4] for f in files)\n"
        "assert len(files) == 20\n"
        "for f in files:\n"
        "    a, b = np.load(f), z[os.path.basename(f)[:-4]]\n"
        "    assert a.dtype == b.dtype == np.float32 and (a == b).all() and a.shape == b.shape\n";
    static const char *const pythons[] = {"python3", "/usr/bin/python3"};
    scratch_text("check.py", script);
    for (size_t i = 0; i < sizeof pythons / sizeof *pythons; i++) {
        char command[128];
        snprintf(command, sizeof command, "%s -c 'import numpy' >/dev/null 2>&1", pythons[i]);
        if (system(command) != 0)
            continue;
        snprintf(command, sizeof command, "%s check.py", pythons[i]);
        CHECK(system(command) == 0, "NumPy reads maps.npz, and from it the same as from .npy");
        return;
    }
    tap_skip("NumPy reads maps.npz: there is no NumPy");
}

int main(void)
{
    if (!program_begin())
        return tap_done();
    make_files();
    test_choice();
    test_numbers(0);
    test_numbers(1);
    test_numpy();
    program_end();
    return tap_done();
}
