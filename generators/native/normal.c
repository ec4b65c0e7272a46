/* Normal deviates from random words, by the inverse of their distribution. */

#include "engine.h"
#include "normal.h"
#include "philox.h"

/* Deviates beyond, one in two million, are made anew of more bits. */
#define FAR 5.0

/* The uniform in (0, 1) of 32 bits and half a step. */
static inline double uniform(uint32_t bits) {
    return (double_of(0x4330000000000000 | bits) - (0x1p52 - 0.5)) * 0x1p-32;
}

/* The same with 32 more bits, which SplitMix64 makes of the word (Steele et al. 2014). */
static double finer(uint32_t bits, uint64_t word) {
    word = (word ^ word >> 30) * 0xbf58476d1ce4e5b9;
    word = (word ^ word >> 27) * 0x94d049bb133111eb;
    double below = uniform((uint32_t)((word ^ word >> 31) >> 32));
    double least = bits < 0x80000000 ? bits + below : (0xffffffff - bits) + below;
    return least * 0x1p-32;
}

/* The deviate of a uniform where it is not far out. */
static inline double deviate(double uniform) {
    double q = uniform - 0.5, size = q < 0 ? -q : q, x = 0.180625 - q * q;
    double r = root(-logarithm(0.5 - size)) - 1.6;
    double above = q * polynomial(x, MIDDLE[0]), below = polynomial(x, MIDDLE[1]);
    double tail = polynomial(r, TAIL[0]), under = polynomial(r, TAIL[1]);
    tail = q < 0 ? -tail : tail;
    return (size <= 0.425 ? above : tail) / (size <= 0.425 ? below : under);
}

/* The deviate far out, for which 32 bits are too few. */
static double far_out(uint32_t bits, uint64_t word) {
    double value = tail_quantile(finer(bits, word));
    return bits < 0x80000000 ? -value : value;
}

#define BLOCK 128

/* The uniforms of the low and the high halves of words. */
static void halve(const uint64_t *restrict words, double *restrict uniforms, int64_t count) {
    for (int64_t i = 0; i < count; i++) {
        uniforms[2 * i] = uniform((uint32_t)words[i]);
        uniforms[2 * i + 1] = uniform((uint32_t)(words[i] >> 32));
    }
}

static void of_words(const uint64_t *restrict words, double *restrict result, int64_t count) {
    double uniforms[8 * BLOCK];
    halve(words, uniforms, (count + 1) / 2);
    for (int64_t i = 0; i < count; i++) result[i] = deviate(uniforms[i]);
    for (int64_t i = 0; i < count; i++) {
        if (result[i] > -FAR && result[i] < FAR) continue;
        uint64_t word = words[i >> 1];
        result[i] = i & 1 ? far_out((uint32_t)(word >> 32), word) : far_out((uint32_t)word, ~word);
    }
}

/* Write standard normal deviates, two of each word of the stream that numpy's Philox has of this
   key and counter. */
KERNEL(normal_deviates, ARRAY(const uint64_t, key), ARRAY(const uint64_t, counter),
       ARRAY(double, result)) {
    REQUIRE(key_length == 2 && counter_length == 4);
    uint64_t words[4 * BLOCK];
    for (int64_t first = 0; first < result_length; first += 8 * BLOCK) {
        int64_t count = smaller(8 * BLOCK, result_length - first);
        philox(key, counter, (uint64_t)(first / 8), words, (count + 7) / 8);
        of_words(words, result + first, count);
    }
    return 0;
}
