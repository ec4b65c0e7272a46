/* Elementary functions of our own: the C library's differ from system to system in the last bit.

   Each is a Taylor series on a small interval, long enough that what is left out is below half a
   unit in the last place there, with the argument reduced as Cody and Waite (1980) do. They have
   no branches and no calls, so that loops over them become vector code at every level.
   tests/generators/native/test_elementary.py measures their errors over the whole of their range. */

#ifndef SKYBENCH_ELEMENTARY_H
#define SKYBENCH_ELEMENTARY_H

#include <stdint.h>
#include <string.h>

static inline uint64_t bits_of(double x) {
    uint64_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

static inline double double_of(uint64_t bits) {
    double x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

static inline uint32_t bits_of_f(float x) {
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

static inline float float_of(uint32_t bits) {
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

/* Added and taken away again, it leaves the nearest whole number, whose low bits are then there. */
#define ROUNDER 0x1.8p52
#define ROUNDER_F 0x1.8p23f

/* The nearest whole number, halves to even, for |x| below 2^51. */
static inline double nearest(double x) { return (x + ROUNDER) - ROUNDER; }

/* The largest whole number not above x, for |x| below 2^51. */
static inline double whole(double x) {
    double near = nearest(x);
    return near - (near > x ? 1.0 : 0.0);
}

static inline float nearest_f(float x) { return (x + ROUNDER_F) - ROUNDER_F; }

static inline float whole_f(float x) {
    float near = nearest_f(x);
    return near - (near > x ? 1.0f : 0.0f);
}

#define MANTISSA 52

/* Round to the mantissa that is left when some bits are dropped, ties to even. */
static inline double round_mantissa(double x, int64_t dropped) {
    uint64_t bits = bits_of(x), odd = (bits >> dropped) & 1;
    bits += odd + ((1ULL << (dropped - 1)) - 1);
    return double_of((bits >> dropped) << dropped);
}

static inline double root(double x) { return __builtin_sqrt(x); }
static inline float root_f(float x) { return __builtin_sqrtf(x); }

/* e^x, to 1 ulp; 0 below -708 and e^709 above 709. */
static inline double exponential(double x) {
    double within = x < -708 ? -708 : x > 709 ? 709 : x;
    double turned = within * 0x1.71547652b82fep0 + ROUNDER;
    double k = turned - ROUNDER;
    double r = (within - k * 0x1.62e42fee00000p-1) - k * 0x1.a39ef35793c76p-33;
    double p = 1.0 / 6227020800;
    p = p * r + 1.0 / 479001600;
    p = p * r + 1.0 / 39916800;
    p = p * r + 1.0 / 3628800;
    p = p * r + 1.0 / 362880;
    p = p * r + 1.0 / 40320;
    p = p * r + 1.0 / 5040;
    p = p * r + 1.0 / 720;
    p = p * r + 1.0 / 120;
    p = p * r + 1.0 / 24;
    p = p * r + 1.0 / 6;
    p = p * r + 0.5;
    p = p * r * r + r + 1;
    double scaled = double_of(bits_of(p) + (bits_of(turned) << 52));
    return x < -708 ? 0.0 : scaled;
}

/* ln x, to 1 ulp, for normal positive x. */
static inline double logarithm(double x) {
    /* x = 2^e m with m between sqrt(1/2) and sqrt(2); ln m = 2 artanh((m - 1) / (m + 1)). */
    uint64_t bits = bits_of(x);
    uint64_t biased = (bits - 0x3fe6a09e667f3bcdULL + (1023ULL << 52)) >> 52;
    double e = double_of(biased | 0x4330000000000000ULL) - (0x1p52 + 1023);
    double m = double_of(bits - (biased << 52) + (1023ULL << 52));
    double f = m - 1, s = f / (m + 1), z = s * s;
    double p = 2.0 / 21;
    p = p * z + 2.0 / 19;
    p = p * z + 2.0 / 17;
    p = p * z + 2.0 / 15;
    p = p * z + 2.0 / 13;
    p = p * z + 2.0 / 11;
    p = p * z + 2.0 / 9;
    p = p * z + 2.0 / 7;
    p = p * z + 2.0 / 5;
    p = p * z + 2.0 / 3;
    /* 2 s = f - s f, without the rounding of the quotient. */
    double tail = s * (z * p - f) + e * 0x1.a39ef35793c76p-33;
    return e * 0x1.62e42fee00000p-1 + (f + tail);
}

/* x^y for normal positive x, to |y ln x| ulp. */
static inline double power(double x, double y) { return exponential(y * logarithm(x)); }

/* sin x and cos x, to 1.7e-16, for |x| up to 1e6. */
static inline void sine_cosine(double x, double *sine, double *cosine) {
    double turned = x * 0x1.45f306dc9c883p-1 + ROUNDER;
    uint64_t quarter = bits_of(turned);
    double k = turned - ROUNDER;
    double r = ((x - k * 0x1.921fb544p0) - k * 0x1.0b4611a6p-34) - k * 0x1.3198a2e037073p-69;
    double z = r * r;
    double s = -1.0 / 1307674368000;
    s = s * z + 1.0 / 6227020800;
    s = s * z - 1.0 / 39916800;
    s = s * z + 1.0 / 362880;
    s = s * z - 1.0 / 5040;
    s = s * z + 1.0 / 120;
    s = s * z - 1.0 / 6;
    s = s * z * r + r;
    double c = 1.0 / 20922789888000;
    c = c * z - 1.0 / 87178291200;
    c = c * z + 1.0 / 479001600;
    c = c * z - 1.0 / 3628800;
    c = c * z + 1.0 / 40320;
    c = c * z - 1.0 / 720;
    c = c * z + 1.0 / 24;
    c = c * z * z - 0.5 * z + 1;
    uint64_t odd = 0 - (quarter & 1);
    uint64_t ss = bits_of(s), cc = bits_of(c);
    *sine = double_of(((ss & ~odd) | (cc & odd)) ^ ((quarter & 2) << 62));
    *cosine = double_of(((cc & ~odd) | (ss & odd)) ^ (((quarter + 1) & 2) << 62));
}

/* ln of t's cofactor in erfc x = t e^(-x^2 + ...), t = 2 / (2 + x), in Chebyshev polynomials of
   2 t - 1: interpolated in 60 digits at their own zeros. */
static const double COFACTOR[27] = {
    -0.6513268598908547, 0.6419697923564902, 0.019476473204185836, -0.009561514786808632,
    -0.0009465953444820369, 0.00036683949785276145, 4.252332480690777e-05,
    -2.0278578112534242e-05, -1.6242900046470256e-06, 1.3036558355805232e-06,
    1.5626441722066142e-08, -8.523809591492654e-08, 6.529054439098852e-09, 5.0593434955514685e-09,
    -9.913641564930386e-10, -2.2736512229315695e-10, 9.646791102011655e-11, 2.394038082903079e-12,
    -6.886027525619135e-12, 8.944879256705278e-13, 3.130921365446622e-13, -1.1270819569035919e-13,
    3.810308294386971e-16, 7.106023845200304e-15, -1.5221835936888534e-15,
    -9.690304997086527e-17, 1.2097368886683343e-16,
};

/* erf x, to 6e-16. */
static inline double error_function(double x) {
    double from_0 = x < 0 ? -x : x;
    double t = 2 / (2 + from_0), y = 2 * (2 * t - 1);
    double last = 0, sum = COFACTOR[26];
#pragma GCC unroll 25
    for (int j = 25; j > 0; j--) {
        double next = y * sum - last + COFACTOR[j];
        last = sum;
        sum = next;
    }
    double outside = t * exponential(0.5 * y * sum - last + COFACTOR[0] - from_0 * from_0);
    return x < 0 ? outside - 1 : 1 - outside;
}

/* The angle from the first axis to (x, y), from -pi to pi, to 5e-16; 0 at the origin. */
static inline double angle(double y, double x) {
    double far_x = x < 0 ? -x : x, far_y = y < 0 ? -y : y;
    double high = far_x > far_y ? far_x : far_y, low = far_x > far_y ? far_y : far_x;
    /* Above pi / 8 the angle is told from the diagonal. */
    int steep = low > 0.41421356237309503 * high;
    double over = steep ? low - high : low, under = steep ? low + high : high;
    double t = over / (under > 0x1p-1000 ? under : 0x1p-1000), z = t * t;
    /* (arctan t / t - 1) / t^2, interpolated at the zeros of a Chebyshev polynomial of z. */
    double p = -0.019175404711104935;
    p = p * z + 0.03923044778479309;
    p = p * z - 0.050854078345894844;
    p = p * z + 0.05858140904866328;
    p = p * z - 0.06664510525508936;
    p = p * z + 0.07692183125376892;
    p = p * z - 0.0909090457530649;
    p = p * z + 0.11111111015187018;
    p = p * z - 0.14285714284665682;
    p = p * z + 0.19999999999995516;
    p = p * z - 0.3333333333333333;
    double turn = (steep ? 0x1.921fb54442d18p-1 : 0) + (t + t * z * p);
    turn = far_y > far_x ? 0x1.921fb54442d18p0 - turn : turn;
    turn = x < 0 ? 0x1.921fb54442d18p1 - turn : turn;
    return y < 0 ? -turn : turn;
}

/* e^x in single precision, to 2 ulp; 0 below -87 and e^88 above 88. */
static inline float exponential_f(float x) {
    float within = x < -87.0f ? -87.0f : x > 88.0f ? 88.0f : x;
    float turned = within * 0x1.715476p0f + ROUNDER_F;
    float k = turned - ROUNDER_F;
    float r = (within - k * 0x1.62e400p-1f) - k * 0x1.7f7d1cp-20f;
    float p = 1.0f / 5040;
    p = p * r + 1.0f / 720;
    p = p * r + 1.0f / 120;
    p = p * r + 1.0f / 24;
    p = p * r + 1.0f / 6;
    p = p * r + 0.5f;
    p = p * r * r + r + 1;
    float scaled = float_of(bits_of_f(p) + (bits_of_f(turned) << 23));
    return x < -87.0f ? 0.0f : scaled;
}

/* ln x in single precision, to 2 ulp, for normal positive x. */
static inline float logarithm_f(float x) {
    uint32_t bits = bits_of_f(x);
    uint32_t biased = (bits - 0x3f3504f3U + (127U << 23)) >> 23;
    float e = (float)((int32_t)biased - 127);
    float m = float_of(bits - (biased << 23) + (127U << 23));
    float f = m - 1, s = f / (m + 1), z = s * s;
    float p = 2.0f / 9;
    p = p * z + 2.0f / 7;
    p = p * z + 2.0f / 5;
    p = p * z + 2.0f / 3;
    float tail = s * (z * p - f) + e * 0x1.7f7d1cp-20f;
    return e * 0x1.62e400p-1f + (f + tail);
}

#endif
