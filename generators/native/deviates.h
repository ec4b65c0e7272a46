/* Normal deviates from the halves of random words, by the inverse of their distribution.

   The deviate of a share of one tail is cut at eight places an octave of the share; in each cell it
   is a polynomial of degree 5, to 1e-10, while neighbouring halves of words have deviates 6e-10
   apart and more. `random_streams.py` makes the polynomials. */

#ifndef SKYBENCH_DEVIATES_H
#define SKYBENCH_DEVIATES_H

#include "engine.h"
#include "normal.h"
#include "philox.h"

enum {
    CELLS = 256, TERMS = 6,     /* 32 octaves of 8 cells, and the terms of a polynomial */
    BLOCK = 128,                /* counts of Philox at once */
    IN_A_COUNT = 8,             /* deviates that a count gives */
    AT_ONCE = BLOCK * IN_A_COUNT,
};

/* Deviates beyond, one in two million, are made anew of more bits. */
#define FAR 5.0

/* Some bits of the mantissa of a double tell the cell, the rest the place in it. */
#define PLACE_BITS 49
#define FIRST_CELL (1022 * 8)
#define MIDDLE_OF_CELL 1.0625

/* A stream: its key, the counter before its first word, and the polynomials. */
typedef struct {
    const uint64_t *key;
    uint64_t counter[4];
    const double *cells;
} Deviates;

/* The uniform in (0, 1) of 32 bits and half a step. */
static inline double uniform_of(uint32_t bits) {
    return (double_of(0x4330000000000000 | bits) - (0x1p52 - 0.5)) * 0x1p-32;
}

/* The share of one tail of 32 bits, with 32 more that SplitMix64 makes of the word (Steele et al.
   2014). */
static double finer(uint32_t bits, uint64_t word) {
    word = (word ^ word >> 30) * 0xbf58476d1ce4e5b9;
    word = (word ^ word >> 27) * 0x94d049bb133111eb;
    double below = uniform_of((uint32_t)((word ^ word >> 31) >> 32));
    double least = bits < 0x80000000 ? bits + below : (0xffffffff - bits) + below;
    return least * 0x1p-32;
}

/* The deviate far out, for which 32 bits are too few. */
static double far_out(uint32_t bits, uint64_t word) {
    double value = tail_quantile(finer(bits, word));
    return bits < 0x80000000 ? -value : value;
}

/* The deviate of 32 bits where it is not far out. */
static inline double near_in(uint64_t bits, const double *restrict cells) {
    uint64_t upper = bits >> 31, least = (bits ^ (0 - upper)) & 0x7fffffff;
    uint64_t share = bits_of(double_of(0x4330000000000000 | least) - (0x1p52 - 0.5));
    const double *cell = cells + TERMS * ((int64_t)(share >> PLACE_BITS) - FIRST_CELL);
    uint64_t place = (share & ((1ULL << PLACE_BITS) - 1)) | 0x3ff0000000000000;
    double t = double_of(place) - MIDDLE_OF_CELL, value = cell[TERMS - 1];
#pragma GCC unroll 8
    for (int term = TERMS - 2; term >= 0; term--) value = value * t + cell[term];
    return double_of(bits_of(value) ^ ((upper ^ 1) << 63));
}

/* The low and the high halves of words. */
static void halve(const uint64_t *restrict words, uint64_t *restrict halves, int64_t count) {
    for (int64_t i = 0; i < count; i++) {
        halves[2 * i] = words[i] & 0xffffffff;
        halves[2 * i + 1] = words[i] >> 32;
    }
}

static void of_words(const uint64_t *restrict words, const double *restrict cells,
                     double *restrict result, int64_t count) {
    uint64_t halves[AT_ONCE];
    halve(words, halves, (count + 1) / 2);
    for (int64_t i = 0; i < count; i++) result[i] = near_in(halves[i], cells);
    for (int64_t i = 0; i < count; i++) {
        if (result[i] > -FAR && result[i] < FAR) continue;
        uint64_t word = words[i >> 1];
        result[i] = far_out((uint32_t)halves[i], i & 1 ? word : ~word);
    }
}

/* Write up to AT_ONCE deviates of a stream, from a place on that a count begins with. */
static void write_deviates(const Deviates *stream, int64_t first, double *restrict result,
                           int64_t count) {
    uint64_t words[4 * BLOCK];
    philox(stream->key, stream->counter, (uint64_t)(first / IN_A_COUNT), words,
           (count + IN_A_COUNT - 1) / IN_A_COUNT);
    of_words(words, stream->cells, result, count);
}

#endif
