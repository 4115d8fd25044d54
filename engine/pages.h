/* Memory pages of large arrays. */
#ifndef ENG_PAGES_H
#define ENG_PAGES_H

#include <stddef.h>

/* Asks the system to hold an array that was just allocated, and not written yet, in huge pages: its
 * first writing then takes fewer faults, and reading it fewer look-ups of addresses. Only Linux is
 * asked, only for arrays of some megabytes, and it may decline. NULL is allowed. */
void eng_pages_huge(void *array, size_t bytes);

#endif
