/* Integrated gradients: the gradient averaged along the straight line from a baseline x' to x.
 *
 *     IG_i = (x_i - x'_i) * integral over a from 0 to 1 of dF/dx_i (x' + a (x - x'))
 *
 *          x'      a1    a2      a3    a4      x
 *          +-------o-----o-------o-----o-------+      o = a gradient is taken here
 *
 * The chain rule makes the exact integral complete: its sum over all i is F(x) - F(x'). What a sum
 * over finitely many points lacks of that is the gap,
 *
 *     gap = sum of IG_i - (F(x) - F(x'))
 *
 * the one check of the number of steps there is, and always reported (struct attr_result).
 */
#ifndef ATTR_IG_H
#define ATTR_IG_H

#include "attrib/baseline.h"
#include "attrib/quadrature.h"

struct attr_ig {
    size_t steps;
    enum attr_quadrature quadrature;
    struct attr_baseline baseline;
};

/* Captum's defaults: 50 steps of Gauss-Legendre from the zero baseline. */
struct attr_ig attr_ig_default(void);

/* ENG_ARG for steps that the quadrature cannot take or a baseline without its numbers. */
enum eng_err attr_ig_check(const struct attr_ig *ig, struct eng_why *why);

/* For an explainer (attrib/pass.h, attrib/request.h): the ig of the request that `pass` is at, its
 * method number m. result->logits are there; fills attributions and gap. ENG_TOOBIG, ENG_NOMEM,
 * and what a pass can end with. */
struct attr_pass;
struct attr_result;
enum eng_err attr_ig_run(struct attr_pass *pass, size_t m, const struct attr_result *result);

#endif
