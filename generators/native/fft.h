/* Inverse FFTs of columns that lie side by side, in single precision.

   A block is (length, LANES): each row holds one entry of LANES columns, so that a butterfly is
   vector code without a shuffle, whatever the width of a vector, and no sum is reordered. Stockham
   (Cochran et al. 1967): the entries come out in order. Lengths have no factors but 2, 3 and 5. */

#ifndef SKYBENCH_FFT_H
#define SKYBENCH_FFT_H

#include "elementary.h"
#include "engine.h"

/* Columns side by side: a vector of AVX-512, two of AVX2, four of SSE2 or NEON. */
#define LANES 16

/* The real and imaginary parts of a block. */
typedef struct {
    float *re, *im;
} Block;

static inline int64_t next_radix(int64_t length) {
    return length % 4 == 0 ? 4 : length % 2 == 0 ? 2 : length % 3 == 0 ? 3 : 5;
}

static inline int only_small_factors(int64_t length) {
    if (length < 2) return 0;
    while (length % 2 == 0) length /= 2;
    while (length % 3 == 0) length /= 3;
    while (length % 5 == 0) length /= 5;
    return length == 1;
}

/* What a stage does to one twiddle's share of a block: `count` floats of each leg, `leg` apart
   where they come from and `out` apart where they go. `w` holds cosine and sine for each leg but
   the first. */
#define STAGE \
    int64_t count, int64_t leg, int64_t out, const float *restrict w, const float *restrict ar, \
        const float *restrict ai, float *restrict br, float *restrict bi

static inline void radix_2(STAGE) {
    float c = w[0], s = w[1];
    for (int64_t i = 0; i < count; i++) {
        float dr = ar[i] - ar[i + leg], di = ai[i] - ai[i + leg];
        br[i] = ar[i] + ar[i + leg];
        bi[i] = ai[i] + ai[i + leg];
        br[i + out] = dr * c - di * s;
        bi[i + out] = dr * s + di * c;
    }
}

static inline void radix_3(STAGE) {
    const float half_root = 0.866025404f;
    float c1 = w[0], s1 = w[1], c2 = w[2], s2 = w[3];
    for (int64_t i = 0; i < count; i++) {
        float pr = ar[i + leg] + ar[i + 2 * leg], pi = ai[i + leg] + ai[i + 2 * leg];
        float mr = (ar[i + leg] - ar[i + 2 * leg]) * half_root;
        float mi = (ai[i + leg] - ai[i + 2 * leg]) * half_root;
        float hr = ar[i] - 0.5f * pr, hi = ai[i] - 0.5f * pi;
        float xr = hr - mi, xi = hi + mr, yr = hr + mi, yi = hi - mr;
        br[i] = ar[i] + pr;
        bi[i] = ai[i] + pi;
        br[i + out] = xr * c1 - xi * s1;
        bi[i + out] = xr * s1 + xi * c1;
        br[i + 2 * out] = yr * c2 - yi * s2;
        bi[i + 2 * out] = yr * s2 + yi * c2;
    }
}

static inline void radix_4(STAGE) {
    float c1 = w[0], s1 = w[1], c2 = w[2], s2 = w[3], c3 = w[4], s3 = w[5];
    for (int64_t i = 0; i < count; i++) {
        float pr = ar[i] + ar[i + 2 * leg], pi = ai[i] + ai[i + 2 * leg];
        float mr = ar[i] - ar[i + 2 * leg], mi = ai[i] - ai[i + 2 * leg];
        float qr = ar[i + leg] + ar[i + 3 * leg], qi = ai[i + leg] + ai[i + 3 * leg];
        float nr = ar[i + leg] - ar[i + 3 * leg], ni = ai[i + leg] - ai[i + 3 * leg];
        float xr = mr - ni, xi = mi + nr, yr = pr - qr, yi = pi - qi, zr = mr + ni, zi = mi - nr;
        br[i] = pr + qr;
        bi[i] = pi + qi;
        br[i + out] = xr * c1 - xi * s1;
        bi[i + out] = xr * s1 + xi * c1;
        br[i + 2 * out] = yr * c2 - yi * s2;
        bi[i + 2 * out] = yr * s2 + yi * c2;
        br[i + 3 * out] = zr * c3 - zi * s3;
        bi[i + 3 * out] = zr * s3 + zi * c3;
    }
}

static inline void radix_5(STAGE) {
    const float cos_1 = 0.309016994f, cos_2 = -0.809016994f;
    const float sin_1 = 0.951056516f, sin_2 = 0.587785252f;
    for (int64_t i = 0; i < count; i++) {
        float pr = ar[i + leg] + ar[i + 4 * leg], pi = ai[i + leg] + ai[i + 4 * leg];
        float mr = ar[i + leg] - ar[i + 4 * leg], mi = ai[i + leg] - ai[i + 4 * leg];
        float qr = ar[i + 2 * leg] + ar[i + 3 * leg], qi = ai[i + 2 * leg] + ai[i + 3 * leg];
        float nr = ar[i + 2 * leg] - ar[i + 3 * leg], ni = ai[i + 2 * leg] - ai[i + 3 * leg];
        float er = ar[i] + pr * cos_1 + qr * cos_2, ei = ai[i] + pi * cos_1 + qi * cos_2;
        float fr = ar[i] + pr * cos_2 + qr * cos_1, fi = ai[i] + pi * cos_2 + qi * cos_1;
        float gr = mr * sin_1 + nr * sin_2, gi = mi * sin_1 + ni * sin_2;
        float hr = mr * sin_2 - nr * sin_1, hi = mi * sin_2 - ni * sin_1;
        br[i] = ar[i] + pr + qr;
        bi[i] = ai[i] + pi + qi;
        br[i + out] = (er - gi) * w[0] - (ei + gr) * w[1];
        bi[i + out] = (er - gi) * w[1] + (ei + gr) * w[0];
        br[i + 2 * out] = (fr - hi) * w[2] - (fi + hr) * w[3];
        bi[i + 2 * out] = (fr - hi) * w[3] + (fi + hr) * w[2];
        br[i + 3 * out] = (fr + hi) * w[4] - (fi - hr) * w[5];
        bi[i + 3 * out] = (fr + hi) * w[5] + (fi - hr) * w[4];
        br[i + 4 * out] = (er + gi) * w[6] - (ei - gr) * w[7];
        bi[i + 4 * out] = (er + gi) * w[7] + (ei - gr) * w[6];
    }
}

static inline void butterflies(int64_t radix, STAGE) {
    switch (radix) {
        case 2: radix_2(count, leg, out, w, ar, ai, br, bi); break;
        case 3: radix_3(count, leg, out, w, ar, ai, br, bi); break;
        case 4: radix_4(count, leg, out, w, ar, ai, br, bi); break;
        default: radix_5(count, leg, out, w, ar, ai, br, bi);
    }
}

/* Transform a block, and return which of the two blocks holds the result. */
static inline Block inverse_fft(int64_t length, const float *twiddles, Block from, Block to) {
    int64_t stride = LANES;
    for (int64_t left = length; left > 1;) {
        int64_t radix = next_radix(left), shares = left / radix;
        for (int64_t q = 0; q < shares; q++) {
            int64_t in = q * stride, out = q * radix * stride;
            butterflies(radix, stride, shares * stride, stride, twiddles, from.re + in,
                        from.im + in, to.re + out, to.im + out);
            twiddles += 2 * (radix - 1);
        }
        Block other = from;
        from = to;
        to = other;
        left = shares;
        stride *= radix;
    }
    return from;
}

/* The floats that `write_twiddles` writes: less than three to one for any length. */
static inline int64_t twiddle_count(int64_t length) {
    int64_t count = 0;
    for (int64_t left = length; left > 1; left /= next_radix(left)) {
        count += 2 * (next_radix(left) - 1) * (left / next_radix(left));
    }
    return count;
}

static inline void write_twiddles(int64_t length, float *w) {
    for (int64_t left = length; left > 1; left /= next_radix(left)) {
        int64_t radix = next_radix(left);
        for (int64_t q = 0; q < left / radix; q++) {
            for (int64_t leg = 1; leg < radix; leg++, w += 2) {
                double sine, cosine;
                sine_cosine(6.283185307179586 * (double)(q * leg) / (double)left, &sine, &cosine);
                w[0] = (float)cosine;
                w[1] = (float)sine;
            }
        }
    }
}

#endif
