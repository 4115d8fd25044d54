/* Whole files. Reading takes all there is. Writing goes to a file of another name in the same
 * folder, which takes the place of the old one in one step when it is complete and on the disk:
 *
 *   PATH            old old old old | new new new new      at any moment one or the other
 *   PATH.tmp.1234       new.. new new                      gone at the end, however it ends
 *
 * What exists and is no regular file (/dev/stdout, a pipe) cannot be replaced, and is written to
 * directly. */
#define _XOPEN_SOURCE 700 /* realpath */
#include "data/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FIRST_PIECE     65536     /* of a file whose size is not known */
#define PIPE_MOST       (1 << 30) /* bytes of what is no file: nothing else bounds it */
#define TEMPORARY_NAMES 100       /* tried: a crash may have left some behind */

static enum eng_err out_of_memory(struct eng_why *why, const char *path)
{
    eng_fail(why, ENG_NOMEM, "there is not enough memory for it; close other programs");
    return eng_fail_in(why, ENG_NOMEM, path);
}

enum task { READ, WRITE, CREATE };

/* What the system's error number (0 if it is lost) means for the file at path. */
static enum eng_err refused(struct eng_why *why, const char *path, enum task task, int number)
{
    static const char *const done[] = {[READ] = "read", [WRITE] = "written", [CREATE] = "created"};
    enum eng_err err = ENG_IO;
    char text[128];

    if (number == ENOMEM)
        return out_of_memory(why, path);
    if (number == ENOENT || number == ENOTDIR)
        err = eng_fail(why, ENG_MISSING,
                       task == WRITE ? "the folder for it is not there; create it first"
                                     : "not found; check the path");
    else if (number == EISDIR)
        eng_fail(why, err, "it is a folder; name a file");
    else if (number == ENOSPC || number == EDQUOT || number == EFBIG)
        eng_fail(why, err, "the disk is full or the file too large for it; make room");
    else if (number == 0)
        eng_fail(why, err, "it cannot be %s, perhaps because the disk is full; make room",
                 done[task]);
    else if (strerror_r(number, text, sizeof text) == 0)
        eng_fail(why, err, "it cannot be %s (%s); check the path and its permissions", done[task],
                 text);
    else
        eng_fail(why, err, "it cannot be %s (error %d); check the path and its permissions",
                 done[task], number);
    return eng_fail_in(why, err, path);
}

static int open_retrying(const char *path, int flags, mode_t mode)
{
    int fd;

    do
        fd = open(path, flags | O_CLOEXEC | O_NOCTTY, mode);
    while (fd < 0 && errno == EINTR);
    return fd;
}

enum eng_err dat_file_read(uint8_t **bytes, size_t *count, const char *path, struct eng_why *why)
{
    const int fd = open_retrying(path, O_RDONLY, 0);
    enum eng_err err;

    *bytes = NULL;
    *count = 0;
    if (fd < 0)
        return refused(why, path, READ, errno);
    err = dat_file_read_from(bytes, count, fd, path, why);
    close(fd);
    return err;
}

enum eng_err dat_file_read_from(uint8_t **bytes, size_t *count, int fd, const char *name,
                                struct eng_why *why)
{
    enum eng_err err = ENG_OK;
    size_t have = 0, room = FIRST_PIECE;
    uint8_t *all = NULL;
    struct stat st;

    *bytes = NULL;
    *count = 0;
    if (fstat(fd, &st) != 0)
        return refused(why, name, READ, errno);
    if (S_ISDIR(st.st_mode))
        return refused(why, name, READ, EISDIR);
    if (S_ISREG(st.st_mode)) {
        /* One more than needed, so that the end shows without another round. Some systems' files
         * of no length have contents all the same (/proc). */
        if ((uintmax_t)st.st_size > SIZE_MAX - 2)
            return out_of_memory(why, name);
        room = (size_t)st.st_size + 2;
    } else if (!S_ISFIFO(st.st_mode) && !S_ISSOCK(st.st_mode)) {
        eng_fail(why, ENG_IO, "it is a device; name a file");
        return eng_fail_in(why, ENG_IO, name);
    }

    for (;;) {
        ssize_t got;

        if (!all || room - have < 2) {
            uint8_t *more;
            if (all && room > SIZE_MAX / 2) {
                err = out_of_memory(why, name);
                goto fail;
            }
            room *= all ? 2 : 1;
            more = realloc(all, room);
            if (!more) {
                err = out_of_memory(why, name);
                goto fail;
            }
            all = more;
        }
        got = read(fd, all + have, room - have - 1 < SSIZE_MAX ? room - have - 1 : SSIZE_MAX);
        if (got == 0)
            break;
        if (got < 0 && errno != EINTR) {
            err = refused(why, name, READ, errno);
            goto fail;
        }
        have += got > 0 ? (size_t)got : 0;
        if (have > PIPE_MOST && !S_ISREG(st.st_mode)) {
            eng_fail(why, ENG_TOOBIG, "more than %d MiB came; put it into a file", PIPE_MOST >> 20);
            err = eng_fail_in(why, ENG_TOOBIG, name);
            goto fail;
        }
    }
    all[have] = 0;
    *bytes = all;
    *count = have;
    return ENG_OK;
fail:
    free(all);
    return err;
}

enum eng_err dat_file_write(const char *path, const void *bytes, size_t count, struct eng_why *why)
{
    struct dat_out out;

    ENG_TRY(dat_out_open(&out, path, why));
    const enum eng_err err = dat_out_write(&out, bytes, count, why);
    if (err != ENG_OK) {
        dat_out_abort(&out);
        return err;
    }
    return dat_out_commit(&out, why);
}

/* Creates a file beside out->path that nobody else has. Returns its descriptor, or -1. */
static int open_temporary(struct dat_out *out)
{
    const size_t room = strlen(out->path) + 64;

    out->temporary = malloc(room);
    if (!out->temporary) {
        errno = ENOMEM;
        return -1;
    }
    for (int i = 0; i < TEMPORARY_NAMES; i++) {
        int fd;

        if (i == 0)
            snprintf(out->temporary, room, "%s.tmp.%ld", out->path, (long)getpid());
        else
            snprintf(out->temporary, room, "%s.tmp.%ld.%d", out->path, (long)getpid(), i);
        fd = open_retrying(out->temporary, O_WRONLY | O_CREAT | O_EXCL, 0666);
        if (fd >= 0 || errno != EEXIST)
            return fd;
    }
    return -1;
}

enum eng_err dat_out_open(struct dat_out *out, const char *path, struct eng_why *why)
{
    enum eng_err err;
    struct stat st;
    int fd, there;

    *out = (struct dat_out){0};
    there = stat(path, &st) == 0;
    if (!there && lstat(path, &st) == 0 && S_ISLNK(st.st_mode)) {
        eng_fail(why, ENG_MISSING, "it is a link to what is not there; remove the link");
        return eng_fail_in(why, ENG_MISSING, path);
    }
    /* Through links: it is the file that is replaced. (/dev/stdout is a link.) */
    out->path = there && S_ISREG(st.st_mode) ? realpath(path, NULL) : strdup(path);
    if (!out->path)
        return refused(why, path, WRITE, errno);
    if (there && S_ISDIR(st.st_mode)) {
        errno = EISDIR;
        fd = -1;
    } else if (there && !S_ISREG(st.st_mode)) {
        fd = open_retrying(path, O_WRONLY, 0);
    } else {
        fd = open_temporary(out);
    }
    if (fd < 0) {
        err = refused(why, path, WRITE, errno);
        free(out->temporary); /* not created: must not be removed, it may be another's */
        out->temporary = NULL;
        goto fail;
    }
    if (out->temporary && there)
        fchmod(fd, st.st_mode & 07777); /* no matter if it cannot be */
    out->stream = fdopen(fd, "wb");
    if (!out->stream) {
        err = refused(why, path, WRITE, errno);
        close(fd);
        goto fail;
    }
    return ENG_OK;
fail:
    dat_out_abort(out);
    return err;
}

enum eng_err dat_out_append(struct dat_out *out, const char *path, size_t keep, struct eng_why *why)
{
    enum eng_err err;

    *out = (struct dat_out){.path = strdup(path)};
    if (!out->path)
        return refused(why, path, WRITE, errno);
    const int fd = open_retrying(path, O_WRONLY | O_CREAT, 0666);
    if (fd >= 0 && ftruncate(fd, (off_t)keep) == 0 && lseek(fd, (off_t)keep, SEEK_SET) >= 0)
        out->stream = fdopen(fd, "wb");
    if (out->stream)
        return ENG_OK;
    err = refused(why, path, WRITE, errno);
    if (fd >= 0)
        close(fd);
    dat_out_abort(out);
    return err;
}

enum eng_err dat_out_flush(struct dat_out *out, struct eng_why *why)
{
    if (fflush(out->stream) != 0)
        return refused(why, out->path, WRITE, errno);
    return ferror(out->stream) ? refused(why, out->path, WRITE, 0) : ENG_OK;
}

enum eng_err dat_out_write(struct dat_out *out, const void *bytes, size_t count,
                           struct eng_why *why)
{
    if (count == 0 || fwrite(bytes, 1, count, out->stream) == count)
        return ENG_OK;
    return refused(why, out->path, WRITE, errno);
}

enum eng_err dat_out_commit(struct dat_out *out, struct eng_why *why)
{
    FILE *stream = out->stream;
    int failed = ferror(stream), number = 0; /* that of an earlier write is lost */

    if (!failed && fflush(stream) != 0) {
        failed = 1;
        number = errno;
    }
    /* EINVAL: a pipe or a device, that has no disk to be flushed to. */
    if (!failed && fsync(fileno(stream)) != 0 && errno != EINVAL && errno != ENOTSUP) {
        failed = 1;
        number = errno;
    }
    out->stream = NULL;
    if (fclose(stream) != 0 && !failed) {
        failed = 1;
        number = errno;
    }
    if (!failed && out->temporary && rename(out->temporary, out->path) != 0) {
        failed = 1;
        number = errno;
    }
    if (failed) {
        const enum eng_err err = refused(why, out->path, WRITE, number);
        dat_out_abort(out);
        return err;
    }
    free(out->temporary);
    free(out->path);
    *out = (struct dat_out){0};
    return ENG_OK;
}

void dat_out_abort(struct dat_out *out)
{
    if (out->stream)
        fclose(out->stream);
    if (out->temporary)
        unlink(out->temporary);
    free(out->temporary);
    free(out->path);
    *out = (struct dat_out){0};
}

/* Makes one folder; no matter how mkdir refuses, it is well if the folder is there. */
static int make_one(const char *path)
{
    struct stat st;
    int number;

    if (mkdir(path, 0777) == 0)
        return 0;
    number = errno;
    return stat(path, &st) == 0 && S_ISDIR(st.st_mode) ? 0 : number;
}

enum eng_err dat_folder_make(const char *path, struct eng_why *why)
{
    char *part = strdup(path);
    int number = 0;

    if (!part)
        return out_of_memory(why, path);
    for (char *p = part; *p && number == 0; p++) {
        if (*p != '/' || p == part)
            continue;
        *p = 0;
        number = make_one(part);
        *p = '/';
    }
    if (number == 0)
        number = make_one(part);
    free(part);
    if (number == 0)
        return ENG_OK;
    if (number == EEXIST || number == ENOTDIR) {
        eng_fail(why, ENG_IO, "there is a file where this folder should be; choose another name");
        return eng_fail_in(why, ENG_IO, path);
    }
    return refused(why, path, CREATE, number);
}

char *dat_path_join(const char *dir, const char *name)
{
    const size_t length = strlen(dir), room = length + strlen(name) + 2;
    const char *slash = length > 0 && dir[length - 1] != '/' ? "/" : "";
    char *path = malloc(room);

    if (path)
        snprintf(path, room, "%s%s%s", dir, slash, name);
    return path;
}

int dat_folder_is(const char *path)
{
    DIR *dir = opendir(path);

    if (!dir)
        return 0;
    closedir(dir);
    return 1;
}
