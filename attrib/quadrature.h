/* Rules that replace the integral of f from 0 to 1 by a weighted sum of n of its values.
 *
 *     left      o----o----o----o----       k / n             n points in all; left and right err
 *     middle    --o----o----o----o--       (k + 1/2) / n     by f's slope, middle by its curvature
 *     right     ----o----o----o----o       (k + 1) / n
 *     trapezoid o-----o------o-----o       k / (n - 1)
 *     Gauss     -o----o-----o----o-        roots of the Legendre polynomial of degree n
 *
 * Gauss-Legendre is exact for polynomials of degree 2 n - 1, and the best of these wherever f is
 * smooth. The gradients of ReLU nets jump along the path, and there all rules err by about 1 / n:
 * what they differ in then is luck, so results are comparable only under the same rule.
 *
 * The names, points and weights are those of Captum, for comparisons number by number. That
 * includes its trapezoid, whose weights (1/n, at both ends half of it) only sum to (n - 1) / n:
 * it falls short by 1/n even where f is constant, and is here for comparisons alone.
 */
#ifndef ATTR_QUADRATURE_H
#define ATTR_QUADRATURE_H

#include "engine/err.h"

#include <stddef.h>

#define ATTR_QUADRATURES(X)                                                                        \
    X(GAUSS_LEGENDRE, "gausslegendre")                                                             \
    X(LEFT, "riemann_left")                                                                        \
    X(MIDDLE, "riemann_middle")                                                                    \
    X(RIGHT, "riemann_right")                                                                      \
    X(TRAPEZOID, "riemann_trapezoid")

enum attr_quadrature {
#define ATTR_QUADRATURE(id, name) ATTR_QUADRATURE_##id,
    ATTR_QUADRATURES(ATTR_QUADRATURE)
#undef ATTR_QUADRATURE
};

#define ATTR_QUADRATURE_MAX 1000 /* points */

const char *attr_quadrature_name(enum attr_quadrature rule);
enum eng_err attr_quadrature_parse(enum attr_quadrature *rule, const char *text,
                                   struct eng_why *why);

/* ENG_ARG unless n is 1 (trapezoid: 2) to ATTR_QUADRATURE_MAX. */
enum eng_err attr_quadrature_check(enum attr_quadrature rule, size_t n, struct eng_why *why);

/* at[n], ascending within 0..1, and weight[n]. rule and n are such that the check passes. */
void attr_quadrature_fill(double *at, double *weight, enum attr_quadrature rule, size_t n);

#endif
