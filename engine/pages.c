#define _DEFAULT_SOURCE /* madvise */

#include "engine/pages.h"

#include <stdint.h>

#if defined(__linux__)
#include <sys/mman.h>
#endif

void eng_pages_huge(void *array, size_t bytes)
{
#if defined(__linux__) && defined(MADV_HUGEPAGE)
    enum { HUGE_PAGE = 1 << 21, LEAST = 2 * HUGE_PAGE };
    if (!array || bytes < LEAST)
        return;
    /* Whole huge pages inside the array: what surrounds them may be somebody else's. */
    const size_t lead = (HUGE_PAGE - (uintptr_t)array % HUGE_PAGE) % HUGE_PAGE;
    (void)madvise((char *)array + lead, (bytes - lead) / HUGE_PAGE * HUGE_PAGE, MADV_HUGEPAGE);
#else
    (void)array, (void)bytes;
#endif
}
