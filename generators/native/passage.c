/* Light that one disc blocks of another, with quadratic limb darkening, in closed form.

   Mandel & Agol (2002), ApJ 580, L171: what the brightness 1, mu and mu^2 each lose where discs
   overlap. That of mu needs elliptic integrals, made by Bulirsch's algorithm (1969), whose steps
   are as many for all and keep all digits near contacts and where the disc's edge passes the
   centre (Agol, Luger & Foreman-Mackey 2020, AJ 159, 123). */

#include "elementary.h"
#include "engine.h"

#define LANES 256
#define STEPS 7
#define INLINE static inline __attribute__((always_inline))
#define PI 3.14159265358979323846

/* Below, differences of distances count as this, so that nothing is divided by 0. */
#define LEAST 1e-20
#define LEAST_MODULUS 1e-10

static inline double most(double a, double b) { return a > b ? a : b; }
static inline double least(double a, double b) { return a < b ? a : b; }
static inline double positive_root(double x) { return root(most(x, 0)); }

/* The integral over a quarter turn of (along cos^2 + across sin^2) / ((cos^2 + p sin^2) D), plus
   `factor` times that of D, where D^2 = cos^2 + modulus^2 sin^2. */
INLINE double elliptic(double modulus, double p, double along, double across,
                              double factor) {
    double m = 1, e = modulus, kc = modulus;
    double first = factor, second = factor * modulus * modulus;
    p = root(p);
    across /= p;
#pragma GCC unroll 7
    for (int step = 0; step < STEPS; step++) {
        double of_both = 1 / (p * m), of_p = of_both * m, of_m = of_both * p;
        double g = e * of_p, h = e * of_m;
        double was_along = along, was_first = first;
        along += across * of_p;
        across = 2 * (across + was_along * g);
        first += second * of_m;
        second = 2 * (second + was_first * h);
        p += g;
        m += kc;
        kc = 2 * root(e);
        e = kc * m;
    }
    return PI / 2 / m * ((across + along * m) / (m + p) + (second + first * m) / (2 * m));
}

/* Two discs: of radius 1 and r, their centres b apart. The factors are 0 where they touch from
   without and where from within. */
typedef struct {
    double b, r, outer, inner, between;
} Discs;

INLINE Discs discs(double b, double r) {
    double between = b - r;
    between = between >= 0 ? most(between, LEAST) : between;
    return (Discs){b, r, (1 - b - r) * (1 + b + r), (1 - between) * (1 + between), between};
}

/* The loss of the brightness mu over pi, less 2/3 where the centre is covered. */
INLINE double loss_of_mu(Discs of) {
    double b = of.b, r = of.r, four = most(4 * b * r, LEAST);
    int within = of.outer >= 0;
    double share = of.between / most(b + r, LEAST), square = of.between * of.between;
    double inner = most(of.inner, LEAST);
    double modulus = most(positive_root(within ? of.outer / inner : -of.outer / four), LEAST_MODULUS);
    double p = within ? share * share * modulus * modulus : 1 / square;
    double third = within ? 3 * share * modulus * modulus : 3 * (b + r) / of.between;
    double sum = (b + r) * (b + r), product = (b - r) * (b + r);
    double first = within ? of.outer : (1 - sum) * (2 * sum + square - 3) + 3 * product * (sum - 2);
    double second = within ? b * b + 7 * r * r - 4 : four * (b * b + 7 * r * r - 4);
    double value = elliptic(modulus, p, first + third, first * p + third, second);
    return value / (9 * PI) * (within ? 2 * root(inner) : 2 / root(four));
}

/* The area of the overlap over pi, and its moment, the loss of the brightness 1 - mu^2. */
INLINE void overlap(Discs of, double *area, double *moment) {
    double b = of.b, r = of.r, full = r * r * (r * r + 2 * b * b) / 2;
    double kite = positive_root(-of.outer * of.inner);
    double own = angle(kite, (1 - r) * (1 + r) + b * b);
    double other = angle(kite, (r - 1) * (r + 1) + b * b);
    int within = of.outer >= 0;
    *area = within ? r * r : (own + r * r * other - kite / 2) / PI;
    double cut = own + 2 * full * other - (1 + 5 * r * r + b * b) * kite / 4;
    *moment = within ? full : cut / (2 * PI);
}

/* The share of a star's light that a disc of radius r at a distance b blocks. */
INLINE double blocked(double b, double r, double u1, double u2) {
    Discs of = discs(b, r);
    double area, moment, steady = 1 - u1 - u2, linear = u1 + 2 * u2;
    overlap(of, &area, &moment);
    double mu = loss_of_mu(of) + (of.between < 0 ? 2.0 / 3 : 0.0);
    double share = (steady * area + linear * mu - u2 * (area - moment)) / (1 - u1 / 3 - u2 / 6);
    share = least(most(share, 0), 1);
    share = of.between <= -1 ? 1 : share;
    return b < 1 + r && r > 0 ? share : 0;
}

/* Write the share of its light that each star loses to a disc. */
KERNEL(blocked_light, ARRAY(const double, separation), ARRAY(const double, radius_ratio),
       ARRAY(const double, u1), ARRAY(const double, u2), ARRAY(double, share)) {
    REQUIRE(radius_ratio_length == separation_length && u1_length == separation_length);
    REQUIRE(u2_length == separation_length && share_length == separation_length);
    for (int64_t i = 0; i < share_length; i++)
        share[i] = blocked(separation[i], radius_ratio[i], u1[i], u2[i]);
    return 0;
}

/* What is seen of two bodies at some instants: the square of their distance, and the cosine of
   the phase, which is above 0 where the smaller one is in front. */
typedef struct {
    double square[LANES], front[LANES];
} Sight;

/* A circular orbit and a star's limb darkening. */
typedef struct {
    double period, epoch, axis, impact, ratio, u1, u2;
} Orbit;

static void look(const Orbit *on, const double *restrict times, int64_t count, Sight *restrict seen) {
    for (int64_t i = 0; i < count; i++) {
        double turns = (times[i] - on->epoch) / on->period, sine, cosine;
        double phase = least(most(turns - nearest(turns), -0.5), 0.5);
        sine_cosine(2 * PI * phase, &sine, &cosine);
        double across = on->axis * sine, along = on->impact * cosine;
        seen->square[i] = across * across + along * along;
        seen->front[i] = cosine;
    }
}

/* Write what a star of some size loses to the other body, of `ratio` times its radius, where
   that is in front: side 1 for the smaller body. Those that lose light are computed side by side. */
static void eclipse(const Sight *restrict seen, const Orbit *on, double side, double size,
                    double ratio, int64_t count, double *restrict share) {
    double square[LANES], lost[LANES], reach = size * (1 + ratio);
    int64_t where[LANES], touching = 0;
    for (int64_t i = 0; i < count; i++) {
        share[i] = 0;
        where[touching] = i;
        square[touching] = seen->square[i];
        touching += (side * seen->front[i] > 0) & (seen->square[i] < reach * reach);
    }
    for (int64_t i = 0; i < touching; i++)
        lost[i] = blocked(root(square[i]) / size, ratio, on->u1, on->u2);
    for (int64_t i = 0; i < touching; i++) share[where[i]] = lost[i];
}

/* Both bodies' light, less what each blocks of the other, and the tides, the orbit's double wave. */
static void add_up(const Sight *restrict seen, const double *restrict larger,
                   const double *restrict smaller, double light, double tides, int64_t count,
                   double *restrict flux) {
    for (int64_t i = 0; i < count; i++) {
        double steady = ((1 - larger[i]) + light * (1 - smaller[i])) / (1 + light);
        flux[i] = steady * (1 - tides * (2 * seen->front[i] * seen->front[i] - 1));
    }
}

/* Write the light of two bodies at up to 256 instants. */
static void pair(const Orbit *on, double surface, double tides, const double *restrict times,
                 int64_t count, double *restrict flux) {
    Sight seen;
    double of_larger[LANES], of_smaller[LANES] = {0};
    /* A second star without a size has no light that could be missed. */
    double size = on->ratio > 0 ? on->ratio : 1, light = surface * on->ratio * on->ratio;
    look(on, times, count, &seen);
    eclipse(&seen, on, 1, 1, on->ratio, count, of_larger);
    if (light > 0) eclipse(&seen, on, -1, size, 1 / size, count, of_smaller);
    add_up(&seen, of_larger, of_smaller, light, tides, count, flux);
}

#define COLUMNS 9

/* Write the flux of two bodies over that out of eclipse, (system, time).

   A system is a row: period, epoch, semi-major axis, impact parameter, radius ratio, two of limb
   darkening, and, both 0 for a planet, the smaller star's surface brightness and the tides. */
KERNEL(passages, ARRAY(const double, systems), ARRAY(const double, times), ARRAY(double, flux),
       int64_t count, int64_t points) {
    REQUIRE(count >= 0 && points >= 0 && systems_length == COLUMNS * count);
    REQUIRE(times_length == count * points && flux_length == times_length);
    for (int64_t i = 0; i < count; i++) {
        const double *row = systems + COLUMNS * i;
        Orbit on = {row[0], row[1], row[2], row[3], row[4], row[5], row[6]};
        for (int64_t at = 0; at < points; at += LANES)
            pair(&on, row[7], row[8], times + points * i + at, smaller(LANES, points - at),
                 flux + points * i + at);
    }
    return 0;
}
