#include "attrib/quadrature.h"

#include "engine/choice.h"

#include <assert.h>
#include <math.h>

ENG_CHOICE(attr_quadrature, attr_quadrature, ATTR_QUADRATURES, "quadrature")

enum eng_err attr_quadrature_check(enum attr_quadrature rule, size_t n, struct eng_why *why)
{
    const size_t least = rule == ATTR_QUADRATURE_TRAPEZOID ? 2 : 1;
    if (!attr_quadrature_name(rule))
        return eng_fail(why, ENG_ARG, "there is no quadrature number %d", (int)rule);
    if (n < least || n > ATTR_QUADRATURE_MAX)
        return eng_fail(why, ENG_ARG, "%zu steps of %s cannot be; give %zu to %d", n,
                        attr_quadrature_name(rule), least, ATTR_QUADRATURE_MAX);
    return ENG_OK;
}

/* The Legendre polynomial of degree n >= 1 at t, by its three-term recurrence, and its slope. */
static double legendre(size_t n, double t, double *slope)
{
    double before = 1, p = t;
    for (size_t k = 2; k <= n; k++) {
        const double kd = (double)k, next = ((2 * kd - 1) * t * p - (kd - 1) * before) / kd;
        before = p;
        p = next;
    }
    *slope = (double)n * (before - t * p) / ((1 - t) * (1 + t));
    return p;
}

/* The roots t of that polynomial, which lie symmetrically about 0, by Newton's method from the
 * first term of their asymptotic series: near enough that three or four steps reach rounding.
 * Weights are 2 / ((1 - t^2) slope^2) on -1..1, and half of that on 0..1. */
static void gauss_legendre(double *at, double *weight, size_t n)
{
    enum { STEPS = 10 };
    const double pi = acos(-1.0);
    for (size_t i = 0; i < (n + 1) / 2; i++) {
        double t = cos(pi * ((double)i + 0.75) / ((double)n + 0.5)), slope = 0;
        for (int step = 0; step < STEPS; step++) {
            const double p = legendre(n, t, &slope);
            t -= p / slope;
        }
        if (2 * i + 1 == n)
            t = 0;
        legendre(n, t, &slope);
        at[i] = (1 - t) / 2;
        at[n - 1 - i] = (1 + t) / 2;
        weight[i] = weight[n - 1 - i] = 1 / ((1 - t) * (1 + t) * slope * slope);
    }
}

void attr_quadrature_fill(double *at, double *weight, enum attr_quadrature rule, size_t n)
{
    const double nd = (double)n;
    assert(attr_quadrature_check(rule, n, NULL) == ENG_OK);
    for (size_t k = 0; k < n; k++)
        weight[k] = 1 / nd;
    switch (rule) {
    case ATTR_QUADRATURE_GAUSS_LEGENDRE:
        gauss_legendre(at, weight, n);
        break;
    case ATTR_QUADRATURE_LEFT:
        for (size_t k = 0; k < n; k++)
            at[k] = (double)k / nd;
        break;
    case ATTR_QUADRATURE_MIDDLE:
        for (size_t k = 0; k < n; k++)
            at[k] = ((double)k + 0.5) / nd;
        break;
    case ATTR_QUADRATURE_RIGHT:
        for (size_t k = 0; k < n; k++)
            at[k] = ((double)k + 1) / nd;
        break;
    case ATTR_QUADRATURE_TRAPEZOID:
        for (size_t k = 0; k < n; k++)
            at[k] = (double)k / (nd - 1);
        weight[0] /= 2;
        weight[n - 1] /= 2;
        break;
    }
}
