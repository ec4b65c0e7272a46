/* A Sersic galaxy seen through an isothermal ellipsoid: I(theta) = I_source(theta - alpha). */

#include "lights.h"

/* The numbers of `lensed.light`: the lens, two axes of the galaxy, its profile. */
enum { COS, SIN, E, Q2, MASS, SHEAR, FIRST, SECOND = FIRST + 5, HALF_INDEX = SECOND + 5 };
enum { LOG_B = HALF_INDEX + 1, CENTRAL, MINOR, NUMBERS };
enum { BY_X, BY_Y, BY_ALONG, BY_ACROSS, OFFSET };

/* Squared distances from a centre are kept above: there alpha jumps, and ln m has no value. */
#define CENTRE 1e-36

/* Reach of a cell on the source, over its distance from the centre, that tells it apart. */
#define RESOLVED 0.7

/* Reach of a cell, over half its side times the Frobenius norm of the Jacobian. */
#define REACH 1.1

/* Half a cell over the distance from the lens, below which its own Jacobian holds all over it. */
#define STRAIGHT 0.25

#define ROOT_2 1.4142135623730951

/* A point in the frame of the lens, and its deflection there, over theta_E sqrt(q) / e. */
typedef struct {
    double x, y, along, across, psi, turn_along, turn_across;
} Ray;

static inline Ray ray(const double *restrict of, double x, double y) {
    Ray at = {.x = x, .y = y};
    at.along = of[COS] * x + of[SIN] * y;
    at.across = of[COS] * y - of[SIN] * x;
    at.psi = root(greater(of[Q2] * at.along * at.along + at.across * at.across, CENTRE));
    double slant = of[E] * at.across;
    at.turn_along = angle(of[E] * at.along, at.psi);
    at.turn_across = 0.5 * logarithm((at.psi + slant) / (at.psi - slant));
    return at;
}

/* One part of where the ray ends on the galaxy, in half-light radii. */
static inline double part(const double *restrict axis, Ray at) {
    return axis[BY_X] * at.x + axis[BY_Y] * at.y - axis[BY_ALONG] * at.turn_along -
           axis[BY_ACROSS] * at.turn_across - axis[OFFSET];
}

/* b m^(1/n): the brightness is the central one times e^-that. Single precision tells it to 1e-5 at
   least where there is light, and takes half the time. */
static inline float exponent(const double *restrict of, double squared) {
    return exponential_f((float)of[HALF_INDEX] * logarithm_f((float)squared) + (float)of[LOG_B]);
}

static void brightness(const double *restrict of, int64_t count, const double *restrict x,
                       const double *restrict y, double *restrict flux) {
    for (int64_t i = 0; i < count; i++) {
        Ray at = ray(of, x[i], y[i]);
        double p = part(of + FIRST, at), r = part(of + SECOND, at);
        flux[i] = of[CENTRAL] * (double)exponential_f(-exponent(of, CENTRE + p * p + r * r));
    }
}

/* What a point maps to: m^2 on the galaxy, the squared Frobenius norm of the Jacobian, and the
   greater of d ln m / dx and d ln m / dy. */
typedef struct {
    double squared, norm, growth;
} Piece;

static inline Piece piece(const double *restrict of, Ray at) {
    double r2 = greater(at.along * at.along + at.across * at.across, CENTRE);
    double slant = of[E] / at.psi / r2;
    Piece found = {.squared = CENTRE, .norm = 0};
    double grow_x = 0, grow_y = 0;
    for (int j = 0; j < 2; j++) {
        const double *restrict axis = of + (j ? SECOND : FIRST);
        double p = part(axis, at);
        /* The deflection is the same all along a radius; across it changes by 2 kappa. */
        double bend = slant * (axis[BY_ACROSS] * at.along - axis[BY_ALONG] * at.across);
        double p_x = axis[BY_X] + bend * at.y, p_y = axis[BY_Y] - bend * at.x;
        found.squared += p * p;
        found.norm += p_x * p_x + p_y * p_y;
        grow_x += p * p_x;
        grow_y += p * p_y;
    }
    found.growth = greater(size_of(grow_x), size_of(grow_y)) / found.squared;
    return found;
}

/* At least how far on the source, in its radii, a cell reaches from its middle. */
static inline double reach_of(const double *restrict of, Ray at, double norm, double half,
                              double bent) {
    double twice_kappa = of[MASS] / greater(at.psi - ROOT_2 * half, 0.1 * half);
    double most = ROOT_2 * (of[SHEAR] + greater(1, twice_kappa - 1)) / of[MINOR];
    double local = lesser(REACH * root(norm) * (1 + 2 * bent), most);
    return half * (bent < STRAIGHT ? local : most);
}

/* Where the piece of the source that a cell maps to is clear of the centre of the galaxy, the
   growth of I along x and y tells how well points do; elsewhere the steepest part that the cell may
   hold does. */
static void roughness(const double *restrict of, int64_t count, const double *restrict x,
                      const double *restrict y, double half, double *restrict highest,
                      double *restrict missed) {
    for (int64_t i = 0; i < count; i++) {
        Ray at = ray(of, x[i], y[i]);
        Piece on = piece(of, at);
        double bent = half / greater(at.psi, half / 2), radius = root(on.squared);
        double reach = reach_of(of, at, on.norm, half, bent);
        double nearest = greater(radius - reach, lesser(reach, 1) / 2);
        float faint = exponent(of, nearest * nearest), typical = exponent(of, on.squared);
        double most = of[CENTRAL] * (double)exponential_f(-faint);
        double own = of[CENTRAL] * (double)exponential_f(-typical);
        int clear = reach < RESOLVED * radius;
        double steep = clear ? (double)typical * half * on.growth : (double)faint * reach / nearest;
        double curving = clear ? half * root(on.norm) / radius : reach / nearest;
        double error = gauss_error(2 * of[HALF_INDEX] * steep, greater(curving, bent));
        highest[i] = most;
        missed[i] = (clear ? own : most) * error;
    }
}

const Light lensed_sersic = {NUMBERS, brightness, roughness};
