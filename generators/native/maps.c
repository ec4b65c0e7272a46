/* What stands before and after the harmonics: random coefficients, and the noise, mask, rounding
   and order of the pixels of a map. */

#include "deviates.h"

#define HALF_ROOT 0.7071067811865476

/* Which pixels are masked: all from one to its mirror, of so many. */
typedef struct {
    int64_t first, pixels;
} Band;

static Deviates stream_of(const uint64_t *key, int64_t row, const double *cells) {
    Deviates stream = {key, {0, 0, 1, (uint64_t)row}, cells};
    return stream;
}

/* Scale deviates, which are drawn by degree and then by order, to coefficients by order and then by
   degree. At m = 0 these are real; others share the variance between their two parts. */
static void scale(const double *restrict drawn, const double *restrict amplitudes, int64_t lmax,
                  double *restrict coefficients) {
    for (int64_t l = 0; l <= lmax; l++) {
        double real = amplitudes[l], half = HALF_ROOT * amplitudes[l];
        const double *of_degree = drawn + l * (l + 1);
        double *to = coefficients + 2 * l;
        to[0] = real * of_degree[0];
        to[1] = 0;
        for (int64_t m = 1; m <= l; m++) {
            to += 2 * (lmax + 1 - m);
            to[0] = half * of_degree[2 * m];
            to[1] = half * of_degree[2 * m + 1];
        }
    }
}

/* Write the coefficients of random fields, (row, lm) complex by m and then l.

   The amplitudes are those of each degree, (row, l): the square root of C_l times the beam.
   Scratch holds (lmax + 1) (lmax + 2). */
KERNEL(draw_coefficients, ARRAY(const uint64_t, key), ARRAY(const int64_t, rows),
       ARRAY(const double, cells), ARRAY(const double, amplitudes), ARRAY(double, coefficients),
       ARRAY(double, scratch), int64_t lmax) {
    REQUIRE(lmax >= 0 && lmax <= 1 << 20 && key_length == 2 && cells_length == CELLS * TERMS);
    int64_t size = (lmax + 1) * (lmax + 2);
    REQUIRE(amplitudes_length == rows_length * (lmax + 1));
    REQUIRE(coefficients_length == rows_length * size && scratch_length == size);
    for (int64_t row = 0; row < rows_length; row++) {
        Deviates stream = stream_of(key, rows[row], cells);
        for (int64_t first = 0; first < size; first += AT_ONCE)
            write_deviates(&stream, first, scratch + first, smaller(AT_ONCE, size - first));
        scale(scratch, amplitudes + row * (lmax + 1), lmax, coefficients + row * size);
    }
    return 0;
}

static void round_all(const double *restrict values, int64_t kept_bits, float *restrict rounded,
                      int64_t count) {
    int64_t dropped = MANTISSA - kept_bits;
    for (int64_t i = 0; i < count; i++) rounded[i] = (float)round_mantissa(values[i], dropped);
}

static void add_noise(const double *restrict values, double level, double *restrict noisy,
                      int64_t count) {
    for (int64_t i = 0; i < count; i++) noisy[i] = values[i] + level * noisy[i];
}

/* Write the pixels of a map as they are stored, in its own order. */
static void observe(const double *restrict map, const Deviates *stream, double level,
                    int64_t bits, int64_t pixels, float *restrict rounded) {
    double noisy[AT_ONCE];
    for (int64_t first = 0; first < pixels; first += AT_ONCE) {
        int64_t count = smaller(AT_ONCE, pixels - first);
        const double *values = map + first;
        if (level > 0) {
            write_deviates(stream, first, noisy, count);
            add_noise(values, level, noisy, count);
            values = noisy;
        }
        round_all(values, bits, rounded + first, count);
    }
}

/* Take the pixels in the order of the store, 0 where they are masked. */
static void take(const float *restrict rounded, const int32_t *restrict places, Band band,
                 float *restrict stored, uint8_t *restrict masked) {
    int32_t first = (int32_t)band.first, last = (int32_t)(band.pixels - band.first);
    for (int64_t i = 0; i < band.pixels; i++)
        masked[i] = (uint8_t)(places[i] >= first & places[i] < last);
    for (int64_t i = 0; i < band.pixels; i++) stored[i] = masked[i] ? 0.0f : rounded[places[i]];
}

/* Return whether all places are pixels. */
static int all_within(const int32_t *restrict places, int64_t count) {
    int32_t least = 0, most = 0;
    for (int64_t i = 0; i < count; i++) {
        least = places[i] < least ? places[i] : least;
        most = places[i] > most ? places[i] : most;
    }
    return least >= 0 && most < count;
}

static int all_begin_within(const int64_t *restrict first, int64_t count, int64_t pixels) {
    int within = 1;
    for (int64_t i = 0; i < count; i++) within &= first[i] >= 0 && first[i] <= pixels;
    return within;
}

/* Write maps as they are stored, and which of their pixels are masked, (row, pixel).

   The maps are in RING order, of which places tells that of each stored pixel. Each row has a level
   of noise and its first masked pixel. So many bits of the mantissa are kept. Scratch holds the pixels
   of a map. */
KERNEL(observe_maps, ARRAY(const uint64_t, key), ARRAY(const int64_t, rows),
       ARRAY(const double, cells), ARRAY(const double, maps), ARRAY(const double, levels),
       ARRAY(const int64_t, first_masked), ARRAY(const int32_t, places), ARRAY(float, stored),
       ARRAY(uint8_t, masked), ARRAY(float, scratch), int64_t bits) {
    int64_t pixels = places_length;
    REQUIRE(key_length == 2 && cells_length == CELLS * TERMS && bits > 0 && bits < 52);
    REQUIRE(levels_length == rows_length && first_masked_length == rows_length);
    REQUIRE(pixels <= 1 << 30 && maps_length == rows_length * pixels);
    REQUIRE(stored_length == maps_length && masked_length == maps_length);
    REQUIRE(scratch_length == pixels && all_within(places, pixels));
    REQUIRE(all_begin_within(first_masked, rows_length, pixels));
    for (int64_t row = 0; row < rows_length; row++) {
        Deviates stream = stream_of(key, rows[row], cells);
        Band band = {first_masked[row], pixels};
        observe(maps + row * pixels, &stream, levels[row], bits, pixels, scratch);
        take(scratch, places, band, stored + row * pixels, masked + row * pixels);
    }
    return 0;
}
