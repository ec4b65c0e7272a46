/* A stretch of a ring with soft edges; `lensed_arc.py` has its formula. */

#include "lights.h"

enum { RADIUS, SIGMA, DIRECTION, HALF_OPENING, CENTRAL, FADING, NUMBERS };

#define PI 3.141592653589793
#define ROOT_2 1.4142135623730951

static inline double distance(double x, double y) { return root(x * x + y * y); }

/* The angle from the middle of the arc, 0 to pi. */
static inline double turned(const double *restrict of, double x, double y) {
    double phi = angle(y, x) - of[DIRECTION];
    phi -= 2 * PI * nearest(phi / (2 * PI));
    return size_of(phi);
}

static inline double ends(double half, double phi, double width) {
    return error_function((half + phi) / width) + error_function((half - phi) / width);
}

/* The brightness at a distance from the ring and an angle from the middle. */
static inline double shining(const double *restrict of, double off, double phi) {
    double width = ROOT_2 * of[FADING], half = of[HALF_OPENING], u = off / of[SIGMA];
    double along = ends(half, phi, width) + ends(half, phi - 2 * PI, width) +
                   ends(half, phi + 2 * PI, width);
    return of[CENTRAL] / 2 * exponential(-u * u / 2) * along;
}

static void brightness(const double *restrict of, int64_t count, const double *restrict x,
                       const double *restrict y, double *restrict flux) {
    for (int64_t i = 0; i < count; i++)
        flux[i] = shining(of, distance(x[i], y[i]) - of[RADIUS], turned(of, x[i], y[i]));
}

/* Cells are told by their distance from the middle of the arc. */
static void roughness(const double *restrict of, int64_t count, const double *restrict x,
                      const double *restrict y, double half, double *restrict highest,
                      double *restrict missed) {
    double reach = ROOT_2 * half;
    for (int64_t i = 0; i < count; i++) {
        double r = distance(x[i], y[i]), off = greater(size_of(r - of[RADIUS]) - reach, 0);
        double turn = r > reach ? reach / greater(r, reach) : PI;
        double phi = greater(turned(of, x[i], y[i]) - 1.6 * turn, 0);
        /* A Gaussian's derivatives, bounded by those of a power; the ends fade as steeply. */
        double scale = lesser(of[SIGMA], of[FADING] * greater(r, half / 2));
        double beyond = r * greater(phi - of[HALF_OPENING], 0);
        double slope = 1 / scale + off / (of[SIGMA] * of[SIGMA]) + beyond / (scale * scale);
        double error = gauss_error(1.4 * half * slope, 0.8 * half / scale);
        double most = shining(of, off, phi);
        highest[i] = most;
        /* About the centre of the ring the angle takes all values. */
        missed[i] = r < 2 * reach ? most : most * error;
    }
}

const Light arc_of_light = {NUMBERS, brightness, roughness};
