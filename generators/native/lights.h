/* Brightness that rays.c samples: what a light tells of cells and points that lie side by side. */

#ifndef SKYBENCH_LIGHTS_H
#define SKYBENCH_LIGHTS_H

#include "elementary.h"
#include "engine.h"

/* Values are computed in multiples of this: no loop over them has a remainder. */
#define LANES 8

/* Positions are in pixels from the source; `of` holds the numbers that describe it. */
typedef struct {
    int64_t numbers;
    /* Write the flux per square pixel at points. */
    void (*brightness)(const double *restrict of, int64_t count, const double *restrict x,
                       const double *restrict y, double *restrict flux);
    /* Write the highest brightness in cells of half a side about their middles, and how much of it
       nine Gauss-Legendre points may miss. */
    void (*roughness)(const double *restrict of, int64_t count, const double *restrict x,
                      const double *restrict y, double half, double *restrict highest,
                      double *restrict missed);
} Light;

extern const Light lensed_sersic, arc_of_light;

static inline double lesser(double a, double b) { return a < b ? a : b; }
static inline double greater(double a, double b) { return a > b ? a : b; }
static inline double size_of(double a) { return a < 0 ? -a : a; }

/* The relative error of three Gauss-Legendre points, at most 1.

   The j-th derivative of ln I over half a cell is taken as slope (j - 1)! curving^(j - 1), as of a
   power of the distance; that of I then is slope (slope + curving) ... (slope + (j - 1) curving),
   and the rule errs by the sixth: on e^(u x), |x| < 1, by u^6 / 31500. */
static inline double gauss_error(double slope, double curving) {
    double third = slope * (slope + curving) * (slope + 2 * curving);
    double sixth = third * (slope + 3 * curving) * (slope + 4 * curving) * (slope + 5 * curving);
    return lesser(sixth / 31500, 1);
}

#endif
