/* Light curves: when stars are looked at, how they vary, and their noise.

   Instants are lanes; only the red noise, which remembers, goes from one to the next. */

#include "elementary.h"
#include "engine.h"

#define LANES 256
#define PI 3.14159265358979323846
#define LN_10 2.30258509299404568402

/* When a star is looked at: equal parts, moved within them by a share, a gap, and nights. */
typedef struct {
    double part, jitter, gap_start, gap_length, night_fraction;
    int64_t dropped;
} Cadence;

static void look_at(const Cadence *by, const double *restrict uniforms, int32_t points,
                    double *restrict times) {
    for (int32_t i = 0; i < points; i++) {
        double time = (i + 0.5 + by->jitter * (uniforms[i] - 0.5)) * by->part;
        time = time < by->gap_start ? time : time + by->gap_length;
        double day = whole(time);
        times[i] = round_mantissa(day + by->night_fraction * (time - day), by->dropped);
    }
}

/* Write rising instants, (star, time): one in each of as many equal parts as there are, moved
   within it by a random number, outside of a gap, and pressed into the nights. */
KERNEL(instants, ARRAY(const double, uniforms), ARRAY(const double, gap_start),
       ARRAY(const double, gap_length), ARRAY(double, times), double baseline, double jitter,
       double night_fraction, int64_t bits) {
    int64_t stars = gap_start_length, points = stars ? times_length / stars : 0;
    REQUIRE(gap_length_length == stars && times_length == stars * points);
    REQUIRE(uniforms_length == times_length && points < INT32_MAX && bits > 0 && bits < MANTISSA);
    for (int64_t star = 0; star < stars; star++) {
        double part = (baseline - gap_length[star]) / (double)points;
        Cadence by = {part,           jitter, gap_start[star], gap_length[star],
                      night_fraction, MANTISSA - bits};
        look_at(&by, uniforms + star * points, (int32_t)points, times + star * points);
    }
    return 0;
}

/* 1 - e^(-2 x), and e^-x, for x from 0 on. */
static inline double forgotten(double x, double *kept) {
    double e = exponential(-x), y = 2 * x;
    double series = y * (1 - y * (1.0 / 2 - y * (1.0 / 6 - y * (1.0 / 24 - y * (1.0 / 120)))));
    *kept = e;
    return x < 1e-3 ? series : (1 - e) * (1 + e);
}

/* Write what of a random walk is kept from one instant to the next, and what comes afresh. */
static void memory(const double *times, const double *before, const double *restrict normals,
                   double timescale, int64_t points, double *restrict kept, double *restrict fresh) {
    for (int64_t i = 0; i < points; i++)
        fresh[i] = normals[i] * root(forgotten((times[i] - before[i]) / timescale, &kept[i]));
}

/* Write an Ornstein-Uhlenbeck process of variance 1 at rising instants. */
static void walk(const double *restrict times, const double *restrict normals, double timescale,
                 int64_t points, double *restrict values) {
    double kept[LANES], fresh[LANES], last = points ? normals[0] : 0;
    if (points) values[0] = last;
    for (int64_t first = 1; first < points; first += LANES) {
        int64_t count = smaller(LANES, points - first);
        memory(times + first, times + first - 1, normals + first, timescale, count, kept, fresh);
        for (int64_t i = 0; i < count; i++) {
            last = kept[i] * last + fresh[i];
            values[first + i] = last;
        }
    }
}

/* Write damped random walks at rising instants, (star, time). */
KERNEL(damped_walks, ARRAY(const double, normals), ARRAY(const double, times),
       ARRAY(const double, amplitude), ARRAY(const double, timescale), ARRAY(double, walks)) {
    int64_t stars = amplitude_length, points = stars ? walks_length / stars : 0;
    REQUIRE(timescale_length == stars && walks_length == stars * points);
    REQUIRE(normals_length == walks_length && times_length == walks_length);
    for (int64_t star = 0; star < stars; star++) {
        double *restrict values = walks + star * points;
        walk(times + star * points, normals + star * points, timescale[star], points, values);
        for (int64_t i = 0; i < points; i++) values[i] *= amplitude[star];
    }
    return 0;
}

/* Write errors, normal in their logarithm. */
static void scatter_errors(const double *restrict normals, double median, double scatter,
                           int64_t bits, int64_t points, float *restrict errors) {
    for (int64_t i = 0; i < points; i++)
        errors[i] = (float)round_mantissa(median * exponential(scatter * normals[i]), MANTISSA - bits);
}

static void add_noise(const double *restrict light, const double *restrict walk,
                      const double *restrict normals, const float *restrict errors, int64_t bits,
                      int64_t points, float *restrict flux, float *restrict expected) {
    for (int64_t i = 0; i < points; i++) {
        double noise = (double)errors[i] * normals[i];
        flux[i] = (float)round_mantissa(light[i] + walk[i] + noise, MANTISSA - bits);
        expected[i] = (float)round_mantissa(light[i], MANTISSA - bits);
    }
}

/* Write the errors of measurements, and fluxes with this noise and the stars' own and without,
   (star, time), each kept to so many bits. */
KERNEL(observe_stars, ARRAY(const double, light), ARRAY(const double, walks),
       ARRAY(const double, scatter_normals), ARRAY(const double, normals),
       ARRAY(const double, median_error), ARRAY(float, flux), ARRAY(float, errors),
       ARRAY(float, expected), double scatter, int64_t flux_bits, int64_t error_bits) {
    int64_t stars = median_error_length, points = stars ? light_length / stars : 0;
    REQUIRE(light_length == stars * points && walks_length == light_length);
    REQUIRE(scatter_normals_length == light_length && normals_length == light_length);
    REQUIRE(flux_length == light_length && errors_length == light_length);
    REQUIRE(expected_length == light_length);
    REQUIRE(flux_bits > 0 && flux_bits < 24 && error_bits > 0 && error_bits < 24);
    for (int64_t star = 0; star < stars; star++) {
        int64_t at = star * points;
        scatter_errors(scatter_normals + at, median_error[star], scatter, error_bits, points,
                       errors + at);
        add_noise(light + at, walks + at, normals + at, errors + at, flux_bits, points, flux + at,
                  expected + at);
    }
    return 0;
}

/* The periods since an epoch, from -1/2 to 1/2. */
static inline double phase_of(double time, double epoch, double period) {
    double turns = (time - epoch) / period, rest = turns - nearest(turns);
    return rest < -0.5 ? -0.5 : rest > 0.5 ? 0.5 : rest;
}

#define HARMONICS 7

/* A pulsator: its magnitude is Re(sum of c_k z^k), z the phase as a number on the unit circle. */
typedef struct {
    double period, epoch, real[HARMONICS], imaginary[HARMONICS];
} Pulsator;

/* From the fourth harmonic on, ratio and phase continue the step from the second to the third. */
static Pulsator pulsator(const double *row) {
    Pulsator one = {.period = row[0], .epoch = row[1]};
    double second = row[3], third = row[4], step = row[6] - row[5];
    double fall = second > 0 ? third / second : 0, sign = row[2], ratio = 1, turn = 0;
    fall = fall > 1 ? 1 : fall;
    for (int k = 0; k < HARMONICS; k++) {
        ratio = k == 0 ? 1 : k == 1 ? second : k == 2 ? third : ratio * fall;
        turn = k == 0 ? 0 : k == 1 ? row[5] : k == 2 ? row[6] : turn + step;
        sign = -sign;
        sine_cosine(turn, &one.imaginary[k], &one.real[k]);
        one.real[k] *= sign * ratio;
        one.imaginary[k] *= sign * ratio;
    }
    return one;
}

static void pulsate(const Pulsator *one, const double *restrict times, int64_t points,
                    double *restrict flux) {
    for (int64_t i = 0; i < points; i++) {
        double y, x, real = one->real[HARMONICS - 1], imaginary = one->imaginary[HARMONICS - 1];
        sine_cosine(2 * PI * phase_of(times[i], one->epoch, one->period), &y, &x);
#pragma GCC unroll 6
        for (int k = HARMONICS - 2; k >= 0; k--) {
            double along = real * x - imaginary * y + one->real[k];
            imaginary = real * y + imaginary * x + one->imaginary[k];
            real = along;
        }
        flux[i] = exponential(-0.4 * LN_10 * (real * x - imaginary * y));
    }
}

#define VARIABLES(columns) \
    (count >= 0 && points >= 0 && stars_length == (columns) * count && \
     times_length == count * points && flux_length == times_length)

/* Write the flux of pulsators, (star, time). A star is a row: period, epoch, amplitude in
   magnitudes, two ratios of amplitudes, two differences of phases. */
KERNEL(pulsators, ARRAY(const double, stars), ARRAY(const double, times), ARRAY(double, flux),
       int64_t count, int64_t points) {
    REQUIRE(VARIABLES(7));
    for (int64_t i = 0; i < count; i++) {
        Pulsator one = pulsator(stars + 7 * i);
        pulsate(&one, times + points * i, points, flux + points * i);
    }
    return 0;
}

/* Davenport et al. (2014), ApJ 797, 122, equations 1 and 4. */
static inline double flare(double x) {
    double early = x < -1 ? -1 : x > 0 ? 0 : x, late = x > 0 ? x : 0;
    double rise = 1 + early * (1.941 + early * (-0.175 + early * (-2.246 - 1.125 * early)));
    double fading = 0.6890 * exponential(-1.600 * late) + 0.3030 * exponential(-0.2783 * late);
    return x < -1 ? 0 : x > 0 ? fading : rise;
}

/* The template's width above half its peak, in its own unit of time. */
#define FLARE_WIDTH 0.913056

/* Write the flux of stars with a flare, (star, time). A star is a row: epoch, width, amplitude. */
KERNEL(flares, ARRAY(const double, stars), ARRAY(const double, times), ARRAY(double, flux),
       int64_t count, int64_t points) {
    REQUIRE(VARIABLES(3));
    for (int64_t i = 0; i < count; i++) {
        const double *row = stars + 3 * i, *restrict at = times + points * i;
        double *restrict to = flux + points * i;
        double epoch = row[0], rate = FLARE_WIDTH / row[1], height = row[2];
        for (int64_t t = 0; t < points; t++) to[t] = 1 + height * flare((at[t] - epoch) * rate);
    }
    return 0;
}

/* e^(-x / ratio - height) / (1 + e^-x), x in time scales of the rise, for instants however early
   (Bazin et al. 2009, A&A 499, 653, equation 1). */
static inline double transient(double x, double ratio, double height) {
    double size = x < 0 ? -x : x, exponent = (x < 0 ? x : 0) - x / ratio - height;
    return exponential(exponent) / (1 + exponential(-size));
}

/* Write the flux of transients over their hosts, (star, time). A star is a row: epoch, time scale
   of the rise, that of the decline over it, amplitude. */
KERNEL(transients, ARRAY(const double, stars), ARRAY(const double, times), ARRAY(double, flux),
       int64_t count, int64_t points) {
    REQUIRE(VARIABLES(4));
    for (int64_t i = 0; i < count; i++) {
        const double *row = stars + 4 * i, *restrict at = times + points * i;
        double *restrict to = flux + points * i;
        double epoch = row[0], rise = row[1], ratio = row[2];
        /* The peak's time and height. */
        double peak = logarithm(ratio - 1), height = logarithm(transient(peak, ratio, 0));
        for (int64_t t = 0; t < points; t++)
            to[t] = 1 + row[3] * transient((at[t] - epoch) / rise + peak, ratio, height);
    }
    return 0;
}
