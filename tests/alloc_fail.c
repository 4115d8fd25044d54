#include "tests/alloc_fail.h"

#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ld's names: a call of malloc arrives at __wrap_malloc, __real_malloc is the true one. */
void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *p, size_t size);
void __real_free(void *p);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *p, size_t size);
char *__wrap_strdup(const char *text);
char *__wrap_strndup(const char *text, size_t most);
void __wrap_free(void *p);

enum { MOST = 1 << 18 };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static size_t left; /* allocations until the one that fails, 0: none will */
static int happened;
static size_t largest;
static struct {
    void *at;
    size_t size;
} live[MOST]; /* most are freed soon after: searched from the end */
static size_t live_count, live_bytes, peak_bytes, begin_bytes;

void alloc_fail_at(size_t n)
{
    pthread_mutex_lock(&lock);
    left = n;
    happened = 0;
    largest = 0;
    pthread_mutex_unlock(&lock);
}

int alloc_fail_happened(void)
{
    pthread_mutex_lock(&lock);
    const int result = happened;
    pthread_mutex_unlock(&lock);
    return result;
}

size_t alloc_fail_largest(void)
{
    pthread_mutex_lock(&lock);
    const size_t result = largest;
    pthread_mutex_unlock(&lock);
    return result;
}

size_t alloc_fail_live(void)
{
    pthread_mutex_lock(&lock);
    const size_t result = live_count;
    pthread_mutex_unlock(&lock);
    return result;
}

size_t alloc_fail_peak(void)
{
    pthread_mutex_lock(&lock);
    const size_t result = peak_bytes - begin_bytes;
    begin_bytes = peak_bytes = live_bytes;
    pthread_mutex_unlock(&lock);
    return result;
}

/* 1 if it is this allocation's turn to fail. */
static int fails(size_t size)
{
    pthread_mutex_lock(&lock);
    largest = size > largest ? size : largest;
    const int now = left == 1;
    left -= left > 0;
    happened |= now;
    pthread_mutex_unlock(&lock);
    return now;
}

static void *add(void *p, size_t size)
{
    pthread_mutex_lock(&lock);
    if (live_count == MOST) {
        printf("Bail out! more than %d blocks live at once\n", MOST);
        exit(1);
    }
    if (p) {
        live[live_count].at = p;
        live[live_count++].size = size;
        live_bytes += size;
        peak_bytes = live_bytes > peak_bytes ? live_bytes : peak_bytes;
    }
    pthread_mutex_unlock(&lock);
    return p;
}

/* Forgets a block, and returns its size; one that libc allocated is not known, which is fine. */
static size_t drop(void *p)
{
    size_t size = 0;
    pthread_mutex_lock(&lock);
    for (size_t i = live_count; p && i > 0; i--)
        if (live[i - 1].at == p) {
            size = live[i - 1].size;
            live_bytes -= size;
            live[i - 1] = live[--live_count];
            break;
        }
    pthread_mutex_unlock(&lock);
    return size;
}

void *__wrap_malloc(size_t size)
{
    return fails(size) ? NULL : add(__real_malloc(size), size);
}

void *__wrap_calloc(size_t count, size_t size)
{
    const size_t all = size && count > SIZE_MAX / size ? SIZE_MAX : count * size;
    return fails(all) ? NULL : add(__real_calloc(count, size), all);
}

void *__wrap_realloc(void *p, size_t size)
{
    if (fails(size))
        return NULL;
    const size_t before = drop(p); /* before another thread may get its address */
    void *moved = __real_realloc(p, size);
    add(moved ? moved : p, moved ? size : before);
    return moved;
}

char *__wrap_strdup(const char *text)
{
    const size_t size = strlen(text) + 1;
    char *copy = fails(size) ? NULL : add(__real_malloc(size), size);
    return copy ? memcpy(copy, text, size) : NULL;
}

char *__wrap_strndup(const char *text, size_t most)
{
    const size_t length = strnlen(text, most);
    char *copy = fails(length + 1) ? NULL : add(__real_malloc(length + 1), length + 1);
    if (copy) {
        memcpy(copy, text, length);
        copy[length] = '\0';
    }
    return copy;
}

void __wrap_free(void *p)
{
    drop(p);
    __real_free(p);
}
