/* main() for a fuzz target without libFuzzer, as a TAP program: each file of its corpus as it is,
 * cut off at every length, and with every bit of its beginning flipped.
 *
 * A failure is a crash: the target aborts or a sanitizer does. tests/run.sh counts a program that
 * ends so as failed. */
#include "tests/fuzz/fuzz.h"
#include "tests/tap.h"

#include <dirent.h>

/* Beyond this, cuts and flips are taken at this many places. */
enum { PLACES = 512 };

/* In blocks of exactly their size, so that sanitizers see the first byte past the end. */
static void run(const uint8_t *bytes, size_t count)
{
    uint8_t *copy = malloc(count ? count : 1);
    FUZZ_PROMISE(copy);
    if (count)
        memcpy(copy, bytes, count);
    LLVMFuzzerTestOneInput(copy, count);
    free(copy);
}

static size_t replay(uint8_t *bytes, size_t count)
{
    size_t runs = 1;
    run(bytes, count);
    for (size_t i = 0; i < count; i += 1 + count / PLACES, runs++)
        run(bytes, i);
    for (size_t i = 0; i < count && i < PLACES; i++)
        for (int bit = 0; bit < 8; bit++, runs++) {
            bytes[i] ^= (uint8_t)(1 << bit);
            run(bytes, count);
            bytes[i] ^= (uint8_t)(1 << bit);
        }
    return runs;
}

int main(int argc, char **argv)
{
    static uint8_t bytes[1 << 16];
    const char *name = argc > 0 ? strrchr(argv[0], '_') : NULL; /* BUILD/tests/fuzz/fuzz_NAME */
    char folder[256], path[768];
    snprintf(folder, sizeof folder, "tests/fuzz/corpus/%s", name ? name + 1 : "");
    DIR *dir = opendir(folder);
    size_t files = 0;
    for (struct dirent *entry; dir && (entry = readdir(dir));) {
        if (entry->d_name[0] == '.')
            continue;
        snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        FILE *f = fopen(path, "rb");
        const size_t count = f ? fread(bytes, 1, sizeof bytes, f) : 0;
        CHECK(f && count < sizeof bytes, "%s is there and small", path);
        if (f)
            fclose(f);
        const size_t runs = replay(bytes, count);
        CHECK(runs > 0, "%s: %zu variants", path, runs);
        files++;
    }
    if (dir)
        closedir(dir);
    CHECK(files > 0, "%s has files", folder);
    return tap_done();
}
