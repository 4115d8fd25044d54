/* Whole files: what is said when one cannot be had, and that an old file outlives every failure to
 * write the new one. */
#include "data/file.h"

#include "tests/scratch.h"
#include "tests/tap.h"

#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/wait.h>

/* True if the text begins with the path, then ": ", then says it. */
static int told(const struct eng_why *why, const char *path, const char *says)
{
    const size_t n = strlen(path);

    return strncmp(why->text, path, n) == 0 && strncmp(why->text + n, ": ", 2) == 0 &&
           strstr(why->text + n, says) && !strchr(why->text, '\n');
}

static int holds(const char *path, const void *bytes, size_t count)
{
    uint8_t *got;
    size_t n;
    int same;

    if (dat_file_read(&got, &n, path, NULL) != ENG_OK)
        return 0;
    same = n == count && memcmp(got, bytes, count) == 0 && got[n] == 0;
    free(got);
    return same;
}

static int entries(const char *path)
{
    DIR *dir = opendir(path);
    int n = -2; /* . and .. */

    if (!dir)
        return -1;
    while (readdir(dir))
        n++;
    closedir(dir);
    return n;
}

static void test_read(void)
{
    static uint8_t big[300000];
    struct eng_why why = {{0}};
    uint8_t *bytes;
    size_t count;
    const char *path;

    for (size_t i = 0; i < sizeof big; i++)
        big[i] = (uint8_t)(i * 7 + i / 256);
    scratch_write("read/empty", "", 0);
    scratch_write("read/small", "a\0b", 3);
    scratch_write("read/big", big, sizeof big);
    CHECK(holds(scratch_path("read/empty"), "", 0), "an empty file");
    CHECK(holds(scratch_path("read/small"), "a\0b", 3), "a small file, with a NUL in it");
    CHECK(holds(scratch_path("read/big"), big, sizeof big), "a larger file");

    path = scratch_path("read/none");
    CHECK(dat_file_read(&bytes, &count, path, &why) == ENG_MISSING && !bytes && count == 0 &&
              told(&why, path, "not found"),
          "no file: %s", why.text);
    path = scratch_path("read/small/none");
    CHECK(dat_file_read(&bytes, &count, path, &why) == ENG_MISSING && !bytes &&
              told(&why, path, "not found"),
          "a file below a file: %s", why.text);
    path = scratch_path("read");
    CHECK(dat_file_read(&bytes, &count, path, &why) == ENG_IO && !bytes &&
              told(&why, path, "folder"),
          "a folder: %s", why.text);
    CHECK(dat_file_read(&bytes, &count, "-", &why) == ENG_MISSING && told(&why, "-", "not found"),
          "\"-\" is a name like any other: %s", why.text);
    CHECK(dat_file_read(&bytes, &count, "/dev/null", &why) == ENG_IO &&
              told(&why, "/dev/null", "device"),
          "a device: %s", why.text);
    CHECK(dat_file_read(&bytes, &count, path, NULL) == ENG_IO, "a folder, and nowhere to say so");

    path = scratch_path("read/pipe");
    scratch_need(mkfifo(path, 0600) == 0, path);
    fflush(stdout);
    const pid_t child = fork();
    if (child == 0) {
        const int fd = open(path, O_WRONLY);
        for (size_t at = 0; at < sizeof big;) {
            const ssize_t n = write(fd, big + at, sizeof big - at);
            if (n < 0)
                _exit(1);
            at += (size_t)n;
        }
        _exit(0);
    }
    CHECK(holds(path, big, sizeof big), "a pipe of more than one piece");
    waitpid(child, NULL, 0);
}

static void test_read_from(void)
{
    struct eng_why why = {{0}};
    uint8_t *bytes;
    size_t count;
    int ends[2];
    const int fd = open(scratch_path("read/small"), O_RDONLY);

    scratch_need(fd >= 0 && lseek(fd, 1, SEEK_SET) == 1 && pipe(ends) == 0, "read/small");
    CHECK(dat_file_read_from(&bytes, &count, fd, "rest", &why) == ENG_OK && count == 2 &&
              memcmp(bytes, "\0b", 3) == 0,
          "of an open file what is left %s", why.text);
    free(bytes);
    CHECK(fcntl(fd, F_GETFD) >= 0, "and it stays open");
    close(fd);
    CHECK(dat_file_read_from(&bytes, &count, fd, "closed", &why) == ENG_IO && !bytes &&
              told(&why, "closed", "cannot be read"),
          "a descriptor that is closed: %s", why.text);
    scratch_need(write(ends[1], "piped", 5) == 5 && close(ends[1]) == 0, "pipe");
    CHECK(dat_file_read_from(&bytes, &count, ends[0], "pipe", &why) == ENG_OK && count == 5 &&
              memcmp(bytes, "piped", 6) == 0,
          "of a pipe all that was written %s", why.text);
    free(bytes);
    close(ends[0]);
}

static void test_write(void)
{
    struct eng_why why = {{0}};
    struct stat st;
    char text[16];
    const char *path = scratch_path("write/file"), *dir = scratch_path("write");
    const char *link = scratch_path("write/link");

    scratch_need(mkdir(dir, 0777) == 0, dir);
    CHECK(dat_file_write(path, "first", 5, &why) == ENG_OK && holds(path, "first", 5),
          "a new file %s", why.text);
    CHECK(dat_file_write(path, "second", 6, &why) == ENG_OK && holds(path, "second", 6),
          "in place of an old one %s", why.text);
    CHECK(dat_file_write(path, NULL, 0, &why) == ENG_OK && holds(path, "", 0), "an empty one %s",
          why.text);
    CHECK(entries(dir) == 1, "and nothing is left beside it");

    scratch_need(symlink("file", link) == 0, link);
    CHECK(dat_file_write(link, "through", 7, &why) == ENG_OK && holds(path, "through", 7) &&
              lstat(link, &st) == 0 && S_ISLNK(st.st_mode),
          "through a link, which stays one %s", why.text);
    const char *nowhere = scratch_path("write/nowhere");
    scratch_need(symlink("not there", nowhere) == 0, nowhere);
    CHECK(dat_file_write(nowhere, "lost", 4, &why) == ENG_MISSING && lstat(nowhere, &st) == 0 &&
              S_ISLNK(st.st_mode),
          "a link to nothing is not replaced: %s", why.text);
    scratch_need(unlink(nowhere) == 0 && chmod(path, 0600) == 0, path);
    CHECK(dat_file_write(path, "private", 7, &why) == ENG_OK && stat(path, &st) == 0 &&
              (st.st_mode & 0777) == 0600,
          "a file that is replaced keeps its mode");
    scratch_need(dat_file_write(path, "through", 7, &why) == ENG_OK, path);

    CHECK(dat_file_write(dir, "x", 1, &why) == ENG_IO && told(&why, dir, "folder"),
          "not over a folder: %s", why.text);
    path = scratch_path("write/none/file");
    CHECK(dat_file_write(path, "x", 1, &why) == ENG_MISSING && told(&why, path, "create it first"),
          "not into a folder that is not there: %s", why.text);
    path = scratch_path("write/file/file");
    CHECK(dat_file_write(path, "x", 1, &why) == ENG_MISSING && told(&why, path, "folder"),
          "not below a file: %s", why.text);
    CHECK(dat_file_write(path, "x", 1, NULL) == ENG_MISSING, "nor with nowhere to say so");
    CHECK(entries(dir) == 2, "and nothing is left of these");

    /* A name left behind by a process that had our number and was killed. */
    snprintf(text, sizeof text, "%ld", (long)getpid());
    scratch_write(strstr(scratch_path("write/again.tmp.%s", text), "write/"), "old", 3);
    path = scratch_path("write/again");
    CHECK(dat_file_write(path, "new", 3, &why) == ENG_OK && holds(path, "new", 3) &&
              holds(scratch_path("write/again.tmp.%s", text), "old", 3),
          "beside what a killed process has left %s", why.text);

    if (stat("/dev/full", &st) == 0 && S_ISCHR(st.st_mode)) {
        CHECK(dat_file_write("/dev/full", "x", 1, &why) == ENG_IO &&
                  told(&why, "/dev/full", "disk is full") && stat("/dev/full", &st) == 0 &&
                  S_ISCHR(st.st_mode),
              "a full device: %s", why.text);
    } else {
        tap_skip("there is no /dev/full here");
    }
    CHECK(dat_file_write("/dev/null", "x", 1, &why) == ENG_OK && stat("/dev/null", &st) == 0 &&
              S_ISCHR(st.st_mode),
          "a device is written to, not replaced %s", why.text);
}

static void test_out(void)
{
    struct eng_why why = {{0}};
    struct dat_out out;
    const char *path = scratch_path("out/file"), *dir = scratch_path("out");

    scratch_text("out/file", "old");
    CHECK(dat_out_open(&out, path, &why) == ENG_OK, "opened %s", why.text);
    fprintf(out.stream, "new %d", 1);
    fflush(out.stream);
    CHECK(holds(path, "old", 3) && entries(dir) == 2, "before the end the old file is there");
    dat_out_abort(&out);
    CHECK(holds(path, "old", 3) && entries(dir) == 1, "and after an abort, alone");
    dat_out_abort(&out);
    CHECK(!out.stream && !out.path && !out.temporary, "a second abort does nothing");
    CHECK(dat_out_open(&out, path, &why) == ENG_OK, "opened again %s", why.text);
    fprintf(out.stream, "new %d", 2);
    CHECK(dat_out_commit(&out, &why) == ENG_OK && holds(path, "new 2", 5) && entries(dir) == 1,
          "after a commit the new one is there, alone %s", why.text);
    CHECK(!out.stream && !out.path && !out.temporary, "and nothing is held any more");

    /* The folder is gone when the file is to take its name. */
    path = scratch_path("out/gone/file");
    scratch_need(mkdir(scratch_path("out/gone"), 0777) == 0, path);
    CHECK(dat_out_open(&out, path, &why) == ENG_OK, "opened in a folder %s", why.text);
    unlink(out.temporary);
    rmdir(scratch_path("out/gone"));
    CHECK(dat_out_commit(&out, &why) == ENG_MISSING && told(&why, path, "folder for it"),
          "whose folder is gone at the end: %s", why.text);
}

/* A limit on the size of files stands in for a full disk: small pieces fail when they are flushed,
 * large ones when they are written. */
static void test_full_disk(void)
{
    static const uint8_t bytes[100000] = {0};
    static const size_t counts[] = {2000, 100000};
    const char *path = scratch_path("full/file"), *dir = scratch_path("full");
    struct rlimit before, limit;

    scratch_text("full/file", "old");
    signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &before);
    limit = before;
    limit.rlim_cur = 1000;
    for (size_t i = 0; i < 2; i++) {
        struct eng_why why = {{0}};
        fflush(stdout);
        setrlimit(RLIMIT_FSIZE, &limit); /* of our own output, too, so it is lifted at once */
        enum eng_err err = dat_file_write(path, bytes, counts[i], &why);
        setrlimit(RLIMIT_FSIZE, &before);
        CHECK(err == ENG_IO && told(&why, path, "disk is full"), "%zu bytes do not fit: %s",
              counts[i], why.text);
        CHECK(holds(path, "old", 3) && entries(dir) == 1, "and the old file is as it was");
    }

    struct eng_why why = {{0}};
    struct dat_out out;
    CHECK(dat_out_open(&out, path, &why) == ENG_OK, "opened %s", why.text);
    fflush(stdout);
    setrlimit(RLIMIT_FSIZE, &limit);
    for (int i = 0; i < 100; i++)
        fwrite(bytes, 1, 1000, out.stream); /* what a caller does that does not look */
    enum eng_err err = dat_out_commit(&out, &why);
    setrlimit(RLIMIT_FSIZE, &before);
    CHECK(err == ENG_IO && told(&why, path, "disk is full"),
          "an early write that failed is seen: %s", why.text);
    CHECK(holds(path, "old", 3) && entries(dir) == 1, "and the old file is as it was");
    signal(SIGXFSZ, SIG_DFL);
}

/* What is behind the bytes that are kept makes room for what comes; an error says why, and leaves
 * what is kept. */
static void test_append(void)
{
    const char *path = scratch_path("grows/file"), *nowhere = scratch_path("grows/not/file");
    struct eng_why why = {{0}};
    struct dat_out out;
    struct rlimit before, limit;

    scratch_text("grows/other", "");
    CHECK(dat_out_append(&out, path, 0, &why) == ENG_OK && fputs("one", out.stream) >= 0 &&
              dat_out_flush(&out, &why) == ENG_OK && holds(path, "one", 3),
          "a file that is there once it is flushed %s", why.text);
    dat_out_abort(&out);
    CHECK(holds(path, "one", 3), "and stays");
    CHECK(dat_out_append(&out, path, 2, &why) == ENG_OK && fputs("ly", out.stream) >= 0 &&
              dat_out_commit(&out, &why) == ENG_OK && holds(path, "only", 4),
          "a part of it is kept %s", why.text);
    CHECK(dat_out_append(&out, path, 0, &why) == ENG_OK && dat_out_commit(&out, &why) == ENG_OK &&
              holds(path, "", 0),
          "or nothing %s", why.text);
    CHECK(dat_out_append(&out, nowhere, 0, &why) == ENG_MISSING && told(&why, nowhere, "folder"),
          "no folder for it: %s", why.text);
    CHECK(dat_out_append(&out, scratch_root, 0, &why) == ENG_IO &&
              told(&why, scratch_root, "it is a folder"),
          "a folder: %s", why.text);

    signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &before);
    limit = before;
    limit.rlim_cur = 1000;
    CHECK(dat_out_append(&out, path, 0, &why) == ENG_OK && fputs("kept", out.stream) >= 0 &&
              dat_out_flush(&out, &why) == ENG_OK,
          "room for some %s", why.text);
    for (int i = 0; i < 2000; i++)
        fputc('x', out.stream);
    fflush(stdout);
    setrlimit(RLIMIT_FSIZE, &limit);
    const enum eng_err full = dat_out_flush(&out, &why);
    dat_out_abort(&out);
    setrlimit(RLIMIT_FSIZE, &before);
    CHECK(full == ENG_IO && told(&why, path, "make room"), "but not for more: %s", why.text);
    signal(SIGXFSZ, SIG_DFL);

    /* A write fails for another reason, and it is not for want of room. */
    const int fd = open(path, O_RDONLY);
    CHECK(dat_out_append(&out, path, 4, &why) == ENG_OK && fputs("more", out.stream) >= 0 &&
              fd >= 0 && dup2(fd, fileno(out.stream)) >= 0 && dat_out_flush(&out, &why) == ENG_IO &&
              told(&why, path, "Bad file descriptor") && !strstr(why.text, "room"),
          "the system's reason is told: %s", why.text);
    dat_out_abort(&out);
    close(fd);
    CHECK(holds(path, "kept", 4), "what was flushed before is there");
}

/* Two writers and a reader: whoever wins, the file is always whole. */
static void test_race(void)
{
    enum { COUNT = 50000, ROUNDS = 20 };
    static uint8_t bytes[COUNT];
    const char *path = scratch_path("race/file"), *dir = scratch_path("race");
    pid_t child[2];
    int running = 2, torn = 0, failed = 0;

    memset(bytes, 'a', COUNT);
    scratch_write("race/file", bytes, COUNT);
    fflush(stdout);
    for (int c = 0; c < 2; c++) {
        child[c] = fork();
        if (child[c] == 0) {
            for (int i = 0; i < ROUNDS; i++) {
                memset(bytes, 'b' + c * ROUNDS + i, COUNT);
                if (dat_file_write(path, bytes, COUNT, NULL) != ENG_OK)
                    _exit(1);
            }
            _exit(0);
        }
    }
    while (running > 0) {
        uint8_t *got = NULL;
        size_t n = 0;
        int status;

        torn += dat_file_read(&got, &n, path, NULL) != ENG_OK || n != COUNT;
        for (size_t i = 1; i < n; i++)
            if (got[i] != got[0]) {
                torn++;
                break;
            }
        free(got);
        if (waitpid(-1, &status, WNOHANG) > 0) {
            running--;
            failed += !WIFEXITED(status) || WEXITSTATUS(status) != 0;
        }
    }
    CHECK(failed == 0, "two processes write the same file");
    CHECK(torn == 0 && entries(dir) == 1, "and it is whole at any moment");
}

static void test_folders(void)
{
    struct eng_why why = {{0}};
    const char *path = scratch_path("tree/a/b/c");
    char *joined;

    CHECK(dat_folder_make(path, &why) == ENG_OK && dat_folder_is(path), "with parents %s",
          why.text);
    CHECK(dat_folder_make(path, &why) == ENG_OK, "there already %s", why.text);
    path = scratch_path("tree//a/d/");
    CHECK(dat_folder_make(path, &why) == ENG_OK && dat_folder_is(scratch_path("tree/a/d")),
          "with slashes too many %s", why.text);
    CHECK(dat_folder_make("/", &why) == ENG_OK, "the root %s", why.text);
    scratch_text("tree/file", "x");
    path = scratch_path("tree/file");
    CHECK(dat_folder_make(path, &why) == ENG_IO && told(&why, path, "another name"),
          "a file is there: %s", why.text);
    path = scratch_path("tree/file/below");
    CHECK(dat_folder_make(path, &why) == ENG_IO && told(&why, path, "another name"),
          "a file is among the parents: %s", why.text);
    CHECK(dat_folder_make("", &why) == ENG_MISSING, "no name: %s", why.text);
    CHECK(!dat_folder_is(scratch_path("tree/file")) && !dat_folder_is(scratch_path("tree/none")),
          "neither a file nor nothing is a folder");

    static const char *const pairs[][3] = {
        {"a", "b", "a/b"}, {"a/", "b", "a/b"}, {"/", "b", "/b"}, {"", "b", "b"}, {"a", "", "a/"}};
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        joined = dat_path_join(pairs[i][0], pairs[i][1]);
        CHECK(joined && strcmp(joined, pairs[i][2]) == 0, "\"%s\" and \"%s\" are \"%s\"",
              pairs[i][0], pairs[i][1], joined);
        free(joined);
    }
}

int main(void)
{
    scratch_make();
    test_read();
    test_read_from();
    test_write();
    test_out();
    test_full_disk();
    test_append();
    test_race();
    test_folders();
    scratch_remove();
    return tap_done();
}
