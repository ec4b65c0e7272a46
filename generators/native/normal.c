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

/* The deviate of a uniform in the middle, and of one further out, 15 % of them, which needs a
   logarithm. */
static inline double middle(double uniform) {
    double q = uniform - 0.5, x = 0.180625 - q * q;
    return q * polynomial(x, MIDDLE[0]) / polynomial(x, MIDDLE[1]);
}

static inline double tail(double uniform) {
    double q = uniform - 0.5, size = q < 0 ? -q : q, r = root(-logarithm(0.5 - size)) - 1.6;
    double above = polynomial(r, TAIL[0]);
    return (q < 0 ? -above : above) / polynomial(r, TAIL[1]);
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

/* Write deviates of words; those of the tails are gathered, so that they are computed side by side. */
static void of_words(const uint64_t *restrict words, double *restrict result, int64_t count) {
    double uniforms[8 * BLOCK], outer[8 * BLOCK];
    int32_t where[8 * BLOCK], tails = 0;
    halve(words, uniforms, (count + 1) / 2);
    for (int64_t i = 0; i < count; i++) result[i] = middle(uniforms[i]);
    for (int32_t i = 0; i < (int32_t)count; i++) {
        where[tails] = i;
        outer[tails] = uniforms[i];
        tails += (uniforms[i] - 0.5 < -0.425) | (uniforms[i] - 0.5 > 0.425);
    }
    for (int32_t i = 0; i < tails; i++) outer[i] = tail(outer[i]);
    for (int32_t i = 0; i < tails; i++) {
        uint64_t word = words[where[i] >> 1];
        double value = outer[i];
        if (value <= -FAR || value >= FAR)
            value = where[i] & 1 ? far_out((uint32_t)(word >> 32), word)
                                 : far_out((uint32_t)word, ~word);
        result[where[i]] = value;
    }
}

/* The counter at which the deviates of a row begin. */
#define OF_ROW(row) {0, 0, 1, (row)}

/* Write standard normal deviates of rows, (row, count): two of each word of the stream that
   numpy's Philox has of this key and the counter of the row. */
KERNEL(normal_deviates, ARRAY(const uint64_t, key), ARRAY(const uint64_t, rows),
       ARRAY(double, result)) {
    REQUIRE(key_length == 2 && (rows_length ? result_length % rows_length : result_length) == 0);
    uint64_t words[4 * BLOCK];
    int64_t each = rows_length ? result_length / rows_length : 0;
    for (int64_t row = 0; row < rows_length; row++) {
        const uint64_t counter[4] = OF_ROW(rows[row]);
        for (int64_t first = 0; first < each; first += 8 * BLOCK) {
            int64_t count = smaller(8 * BLOCK, each - first);
            philox(key, counter, (uint64_t)(first / 8), words, (count + 7) / 8);
            of_words(words, result + row * each + first, count);
        }
    }
    return 0;
}

/* The uniform in (0, 1) of 53 bits and half a step, below 1 where that would round up. */
static inline double fine_uniform(uint64_t word) {
    double value = ((double)(int64_t)(word >> 11) + 0.5) * 0x1p-53;
    return value < 1 ? value : 1 - 0x1p-53;
}

/* Write uniforms of rows, (row, count), one of each word of the same streams. */
KERNEL(uniform_deviates, ARRAY(const uint64_t, key), ARRAY(const uint64_t, rows),
       ARRAY(double, result)) {
    REQUIRE(key_length == 2 && (rows_length ? result_length % rows_length : result_length) == 0);
    uint64_t words[4 * BLOCK];
    int64_t each = rows_length ? result_length / rows_length : 0;
    for (int64_t row = 0; row < rows_length; row++) {
        const uint64_t counter[4] = OF_ROW(rows[row]);
        for (int64_t first = 0; first < each; first += 4 * BLOCK) {
            int64_t count = smaller(4 * BLOCK, each - first);
            philox(key, counter, (uint64_t)(first / 4), words, (count + 3) / 4);
            double *restrict to = result + row * each + first;
            for (int64_t i = 0; i < count; i++) to[i] = fine_uniform(words[i]);
        }
    }
    return 0;
}
