/* Normal deviates from random words, by the inverse of their distribution.

   Wichura (1988), Applied Statistics 37, 477, algorithm AS 241, PPND16: to 1e-16. Two quotients
   of polynomials, for the middle and for the tails, whose furthest part begins at 1.4e-11. */

#include "elementary.h"
#include "engine.h"

/* Deviates beyond, one in two million, are made anew of more bits. */
#define FAR 5.0

static inline double polynomial(double x, const double *factors) {
    double value = factors[7];
#pragma GCC unroll 8
    for (int i = 6; i >= 0; i--) value = value * x + factors[i];
    return value;
}

static const double MIDDLE[2][8] = {
    {3.3871328727963666080e0, 1.3314166789178437745e2, 1.9715909503065514427e3,
     1.3731693765509461125e4, 4.5921953931549871457e4, 6.7265770927008700853e4,
     3.3430575583588128105e4, 2.5090809287301226727e3},
    {1.0, 4.2313330701600911252e1, 6.8718700749205790830e2, 5.3941960214247511077e3,
     2.1213794301586595867e4, 3.9307895800092710610e4, 2.8729085735721942674e4,
     5.2264952788528545610e3},
};
static const double TAIL[2][8] = {
    {1.42343711074968357734e0, 4.63033784615654529590e0, 5.76949722146069140550e0,
     3.64784832476320460504e0, 1.27045825245236838258e0, 2.41780725177450611770e-1,
     2.27238449892691845833e-2, 7.74545014278341407640e-4},
    {1.0, 2.05319162663775882187e0, 1.67638483018380384940e0, 6.89767334985100004550e-1,
     1.48103976427480074590e-1, 1.51986665636164571966e-2, 5.47593808499534494600e-4,
     1.05075007164441684324e-9},
};
static const double FURTHEST[2][8] = {
    {6.65790464350110377720e0, 5.46378491116411436990e0, 1.78482653991729133580e0,
     2.96560571828504891230e-1, 2.65321895265761230930e-2, 1.24266094738807843860e-3,
     2.71155556874348757815e-5, 2.01033439929228813265e-7},
    {1.0, 5.99832206555887937690e-1, 1.36929880922735805310e-1, 1.48753612908506148525e-2,
     7.86869131145613259100e-4, 1.84631831751005468180e-5, 1.42151175831644588870e-7,
     2.04426310338993978564e-15},
};

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
    double r = root(-logarithm(finer(bits, word)));
    double value = r > 5 ? polynomial(r - 5, FURTHEST[0]) / polynomial(r - 5, FURTHEST[1])
                         : polynomial(r - 1.6, TAIL[0]) / polynomial(r - 1.6, TAIL[1]);
    return bits < 0x80000000 ? -value : value;
}

#define BLOCK 128

/* Ten rounds of Philox4x64 (Salmon et al. 2011) for each count after the first one. */
static void philox(const uint64_t *restrict key, const uint64_t *restrict counter, uint64_t first,
                   uint64_t *restrict words, int64_t blocks) {
    for (int64_t i = 0; i < blocks; i++) {
        uint64_t a = counter[0] + first + (uint64_t)i + 1, b = counter[1];
        uint64_t c = counter[2], d = counter[3], k = key[0], l = key[1];
        for (int round = 0; round < 10; round++) {
            unsigned __int128 even = (unsigned __int128)a * 0xd2e7470ee14c6c93;
            unsigned __int128 odd = (unsigned __int128)c * 0xca5a826395121157;
            a = (uint64_t)(odd >> 64) ^ b ^ k;
            c = (uint64_t)(even >> 64) ^ d ^ l;
            b = (uint64_t)odd;
            d = (uint64_t)even;
            k += 0x9e3779b97f4a7c15;
            l += 0xbb67ae8584caa73b;
        }
        words[4 * i] = a;
        words[4 * i + 1] = b;
        words[4 * i + 2] = c;
        words[4 * i + 3] = d;
    }
}

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
