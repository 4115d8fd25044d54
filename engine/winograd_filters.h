/* The filters of Winograd's convolution, transformed: U = G g G^T (engine/kernels/winograd_list.h),
 * in the panels that the matrix kernels read:
 *
 *      U[36][panel][k][nr]      k: channels summed over; nr outputs in each panel, zeros beyond
 *                               the last
 */
#ifndef ENG_WINOGRAD_FILTERS_H
#define ENG_WINOGRAD_FILTERS_H

#include "engine/exec.h"

#include <stddef.h>

/* w[out][in][3][3]: for the convolution itself, or (backward) for its input gradient, which is a
 * convolution of dy with the filters turned round and `in` and `out` exchanged. */
struct eng_winograd_filters {
    const float *w;
    size_t in, out;
    int backward;
};

/* U for all of them. eng_winograd_packed_count floats; the same count for any with so many
 * channels, k summed over and n outputs. */
void eng_winograd_pack(const struct eng_exec *exec, float *packed,
                       const struct eng_winograd_filters *filters);
size_t eng_winograd_packed_count(const struct eng_exec *exec, size_t k, size_t n);

/* Floats from U[f] to U[f + 1] where they have so many numbers: transforms write 36 of them at a
 * time, and those must not share sets of the cache. */
size_t eng_winograd_step(size_t numbers);

/* u[f * step + i * nr + lane], f < 36: the outputs of a panel, `count` channels from `first` on. */
void eng_winograd_panel(const struct eng_exec *exec, float *u, size_t step,
                        const struct eng_winograd_filters *filters, size_t panel, size_t first,
                        size_t count);

#endif
