/* main() for a fuzz target without a fuzzer, as a TAP program: each file of its corpus as it is,
 * cut off at every length, and with every bit of its beginning flipped; and the reference files of
 * its format, where they are, as they are.
 *
 * A failure is a crash: the target aborts or a sanitizer does. tests/run.sh counts a program that
 * ends so as failed. */
#include "tests/fuzz/fuzz.h"
#include "tests/tap.h"

#include <dirent.h>

/* Beyond this, cuts and flips are taken at this many places. */
enum { PLACES = 512 };

/* In a block of its own, so that sanitizers see the first byte past the end. */
static void run(const uint8_t *bytes, size_t count)
{
    uint8_t *copy = fuzz_copy(bytes, count);
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

/* Reads at most `most` bytes of a file; more, or a file that cannot be read, is `most`. */
static size_t read_file(uint8_t *bytes, size_t most, const char *path)
{
    FILE *f = fopen(path, "rb");
    const size_t count = f ? fread(bytes, 1, most, f) : most;
    if (f)
        fclose(f);
    return count;
}

/* Replays the files of a folder, and returns how many there are. */
static size_t replay_folder(const char *folder, int references)
{
    static uint8_t bytes[1 << 16];
    char path[1024];
    size_t files = 0, large = 0;
    DIR *dir = opendir(folder);
    for (struct dirent *entry; dir && (entry = readdir(dir));) {
        if (entry->d_name[0] == '.')
            continue;
        files++;
        snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        const size_t count = read_file(bytes, sizeof bytes, path);
        if (!references) {
            CHECK(count < sizeof bytes, "%s is there and small", path);
            CHECK(replay(bytes, count) > 0, "%s, and what is like it", path);
        } else if (count < sizeof bytes)
            run(bytes, count);
        else
            large++;
    }
    if (dir)
        closedir(dir);
    if (references && files)
        CHECK(large < files, "%s: %zu files, %zu of them too large", folder, files, large);
    return files;
}

int main(int argc, char **argv)
{
    /* Where the reference files are that a target can read, or some of them. */
    static const char *const references[][2] = {
        {"jpeg", "jpeg"},    {"png", "png"},       {"npy", "torch"}, {"safetensors", "safetensors"},
        {"pickle", "torch"}, {"tensors", "torch"}, {"zip", "torch"}};
    const char *name = argc > 0 ? strrchr(argv[0], '_') : NULL; /* BUILD/tests/fuzz/fuzz_NAME */
    char folder[512];
    name = name ? name + 1 : "";
    snprintf(folder, sizeof folder, "tests/fuzz/corpus/%s", name);
    CHECK(replay_folder(folder, 0) > 0, "%s has files", folder);
    for (size_t i = 0; i < sizeof references / sizeof *references; i++)
        if (strcmp(references[i][0], name) == 0) {
            snprintf(folder, sizeof folder, "%s/conformance/%s", tap_shared(), references[i][1]);
            if (replay_folder(folder, 1) == 0)
                tap_skip("the format's reference files are not there");
        }
    return tap_done();
}
