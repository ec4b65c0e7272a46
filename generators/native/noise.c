/* The noise of a pixel: Poisson counts of sky and source, read noise, rounding to whole electrons.

   All of it is a function of (key, row, pixel), so any rows may be drawn in any order and by any
   number of threads. A pixel has 16 leading bits for each of four uses, by Philox (Salmon et al.
   2011, SC '11), and further bits where these do not decide, by SplitMix64 (Steele, Lea and Flood
   2014, OOPSLA '14). generators/poisson.py says how counts are drawn from guide tables, and
   tests/generators/sky/reference_noise.py does the same as this file in numpy. */

#include "engine.h"
#include "normal.h"
#include "philox.h"

enum {
    COARSE, FINE, REST, READ, USES, /* what leading bits are for */
    ROUND = USES, REJECT,           /* what SplitMix alone is asked for */
    IN_A_COUNT = 16,                /* pixels whose leading bits one Philox counter gives */
    CHUNK = 1024,                   /* pixels at once: their bits stay in the nearest cache */
    FINE_BITS = 11, COARSE_BITS = 12, CELL_BITS = 12,
    FINE_TABLES = 512, COARSE_TABLES = 64,
    EIGHTHS = 8,
};

#define TABULATED 4096.0
/* More than an int32 by far: the row is refused whatever is drawn. */
#define DRAWABLE 0x1p40

typedef struct {
    const uint64_t *philox;
    uint64_t refining;
} Key;

typedef struct {
    const uint8_t *fine;
    const uint16_t *coarse;
    const int64_t *fine_first, *coarse_first;
    const double *fine_edges, *coarse_edges, *cells;
} Tables;

/* One pixel: its number in its stream, and its leading bits. */
typedef struct {
    uint64_t number, refining;
    uint16_t leading[USES];
} Pixel;

typedef union {
    uint64_t words[(CHUNK / IN_A_COUNT + 1) * 4];
    uint16_t bits[(CHUNK / IN_A_COUNT + 1) * IN_A_COUNT];
} Buffer;

/* Write the leading bits from a place of a row's stream on, and return where in them it is. */
static const uint16_t *leading_bits(
    const uint64_t *key, uint64_t row_counter, int64_t place, int64_t count, Buffer *buffer
) {
    int64_t first = place / IN_A_COUNT, last = (place + count - 1) / IN_A_COUNT;
    const uint64_t counter[4] = {row_counter, 0, 0, 0};
    philox(key, counter, (uint64_t)first, buffer->words, last - first + 1);
    return buffer->bits + place % IN_A_COUNT;
}

/* Return the 64 bits that a pixel has for a use: the output function of SplitMix64. */
static inline uint64_t splitmix(const Pixel *pixel, int64_t use) {
    uint64_t z = pixel->number * 0x9E3779B97F4A7C15ULL + pixel->refining * (uint64_t)(2 * use + 1);
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9ULL;
    z = (z ^ z >> 27) * 0x94D049BB133111EBULL;
    return z ^ z >> 31;
}

/* Return a uniform number in [0, 1) of 40 bits, which begins with the leading ones. */
static inline double uniform(const Pixel *pixel, int use) {
    double further = (double)(splitmix(pixel, use) >> 40) * 0x1p-24;
    return (pixel->leading[use] + further) * 0x1p-16;
}

/* Return a uniform number in [0, 1) of 53 bits, for a use that has no leading ones. */
static inline double fresh(const Pixel *pixel, int64_t use) {
    return (double)(splitmix(pixel, use) >> 11) * 0x1p-53;
}

/* Return how many of the edges from first to last are not above x. */
static int32_t rank(const double *edges, int64_t first, int64_t last, double x) {
    int64_t low = first, high = last;
    while (low < high) {
        int64_t middle = (low + high) / 2;
        if (edges[middle] <= x) low = middle + 1;
        else high = middle;
    }
    return (int32_t)(low - first);
}

static inline int32_t fine_count(const Tables *t, const Pixel *pixel, int32_t which) {
    int32_t count = t->fine[(which << FINE_BITS) + (pixel->leading[FINE] >> (16 - FINE_BITS))];
    if (count != UINT8_MAX) return count;
    const int64_t *first = t->fine_first + which;
    return rank(t->fine_edges, first[0], first[1], uniform(pixel, FINE) + which);
}

static inline int32_t coarse_count(const Tables *t, const Pixel *pixel, int32_t which) {
    uint16_t cell = pixel->leading[COARSE] >> (16 - COARSE_BITS);
    int32_t count = t->coarse[(which << COARSE_BITS) + cell];
    if (count != UINT16_MAX) return count;
    const int64_t *first = t->coarse_first + which;
    return rank(t->coarse_edges, first[0], first[1], uniform(pixel, COARSE) + which);
}

/* Return a count of a mean below 1/8, which is 0 unless the uniform number is below the mean. */
static inline int32_t small_count(const Pixel *pixel, double mean) {
    if (pixel->leading[REST] >= mean * 65536) return 0;
    double u = uniform(pixel, REST), term = exponential(-mean), above = 1 - term;
    int32_t count = 0;
    while (count < 63 && u < above) {
        count++;
        term = term * mean / count;
        above -= term;
    }
    return count;
}

/* Return ln of k^k e^-k sqrt(2 pi k) / k!, Stirling's remainder, for k of thousands. */
static double stirling(double k) { return -(1 - 1 / (30 * k * k)) / (12 * k); }

/* Return a count of a mean from TABULATED on: transformed rejection (PTRS; Hormann 1993, Insurance:
   Mathematics and Economics 12, 39), the logarithm of the probability without cancellation. */
static double large_count(const Pixel *pixel, double mean) {
    double b = 0.931 + 2.53 * root(mean), a = -0.059 + 0.02483 * b;
    double scale = 1.1239 + 1.1328 / (b - 3.4), inner = 0.9277 - 3.6224 / (b - 2);
    for (int64_t use = REJECT;; use += 2) {
        double u = fresh(pixel, use) - 0.5, v = 1 - fresh(pixel, use + 1);
        double left = 0.5 - (u < 0 ? -u : u);
        double k = whole((2 * a / left + b) * u + mean + 0.43);
        if (left >= 0.07 && v <= inner) return k;
        /* A count so far off comes never. */
        if (!(k > mean / 2 && k < 2 * mean) || (left < 0.013 && v > left)) continue;
        double d = (mean - k) / k;
        double chance = k * (logarithm(1 + d) - d) - logarithm(6.283185307179586 * k) / 2;
        if (logarithm(v * scale / (a / (left * left) + b)) <= chance + stirling(k)) return k;
    }
}

static inline double poisson(const Tables *t, const Pixel *pixel, double mean) {
    if (!(mean > 0)) return 0;
    if (mean >= TABULATED) return mean < DRAWABLE ? large_count(pixel, mean) : mean;
    double scaled = mean * EIGHTHS;
    int32_t steps = (int32_t)scaled;
    int32_t count = fine_count(t, pixel, steps % FINE_TABLES);
    if (steps >= FINE_TABLES) count += coarse_count(t, pixel, steps / FINE_TABLES);
    return count + small_count(pixel, (scaled - steps) / EIGHTHS);
}

/* Return the standard normal quantile. */
static double inverse_normal(double p) {
    double q = p - 0.5, x = 0.180625 - q * q;
    if (x >= 0) return q * polynomial(x, MIDDLE[0]) / polynomial(x, MIDDLE[1]);
    return q < 0 ? -tail_quantile(p) : tail_quantile(1 - p);
}

/* Return a normal number of a sigma, and what is added, rounded.

   The leading bits place the normal number between two others. Only where these round to
   different integers is it needed itself. */
static inline double rounded(const Tables *t, const Pixel *pixel, double sigma, double added) {
    const double *cell = t->cells + (pixel->leading[READ] >> (16 - CELL_BITS));
    double low = nearest(sigma * cell[0] + added), high = nearest(sigma * cell[1] + added);
    if (low == high) return low;
    return nearest(sigma * inverse_normal(uniform(pixel, READ) + 0x1p-41) + added);
}

/* What a row has of its own: sky, its whole electrons, and read noise. */
typedef struct {
    double sky, steps, read, scale;
    int shot, dithered;
} Level;

/* Return electrons above the sky. Counts less whole electrons of sky are integers already, so only
   what is left of the sky and the read noise are rounded; a scaled departure is as a whole. */
static inline double electrons(
    const Tables *t, const Pixel *pixel, const Level *level, double light
) {
    double dither = level->dithered ? fresh(pixel, ROUND) - 0.5 : 0;
    if (!level->shot) return rounded(t, pixel, level->read, light + dither);
    double count = poisson(t, pixel, (light > 0 ? light : 0) + level->sky);
    double left = dither - (level->sky - level->steps);
    if (level->scale == 1) return count - level->steps + rounded(t, pixel, level->read, left);
    double departure = level->scale * (count - level->sky - light);
    return rounded(t, pixel, level->read, light + departure + dither);
}

static double observe_chunk(
    const Tables *t, const Key *key, const Level *level, uint64_t row, int64_t pixels,
    int64_t from, int64_t count, const double *light, int32_t *image
) {
    Buffer buffers[USES];
    const uint16_t *leading[USES];
    uint64_t counter = row * (uint64_t)((pixels * USES + IN_A_COUNT - 1) / IN_A_COUNT);
    double largest = 0;
    for (int use = 0; use < USES; use++) {
        int64_t place = use * pixels + from;
        leading[use] = leading_bits(key->philox, counter, place, count, &buffers[use]);
    }
    for (int64_t i = 0; i < count; i++) {
        Pixel pixel = {row * (uint64_t)pixels + (uint64_t)(from + i), key->refining,
            {leading[0][i], leading[1][i], leading[2][i], leading[3][i]}};
        double value = electrons(t, &pixel, level, light[i]);
        double size = value < 0 ? -value : value;
        largest = size > largest ? size : largest;
        image[i] = size <= INT32_MAX ? (int32_t)value : 0;
    }
    return largest;
}

/* Write observed images, electrons above the sky, and the largest size of a value of each row.

   light and images are (row, plane, pixel), of which one plane is drawn; sky, read, dithered and
   largest have a value a row. Where the largest is above an int32 the row's image is not right. */
KERNEL(observe, int64_t pixels, int64_t planes, int64_t plane, int64_t shot, double scale,
       ARRAY(const uint64_t, key), ARRAY(const int64_t, rows), ARRAY(const double, light),
       ARRAY(const double, sky), ARRAY(const double, read), ARRAY(const uint8_t, dithered),
       ARRAY(const uint8_t, fine), ARRAY(const int64_t, fine_first),
       ARRAY(const double, fine_edges), ARRAY(const uint16_t, coarse),
       ARRAY(const int64_t, coarse_first), ARRAY(const double, coarse_edges),
       ARRAY(const double, cells), ARRAY(int32_t, images), ARRAY(double, largest)) {
    REQUIRE(pixels >= 0 && planes > 0 && plane >= 0 && plane < planes && key_length == 3);
    REQUIRE(sky_length == rows_length && read_length == rows_length);
    REQUIRE(dithered_length == rows_length && largest_length == rows_length);
    REQUIRE(light_length == rows_length * planes * pixels && images_length == light_length);
    REQUIRE(fine_length == FINE_TABLES << FINE_BITS && fine_first_length == FINE_TABLES + 1);
    REQUIRE(coarse_length == COARSE_TABLES << COARSE_BITS);
    REQUIRE(coarse_first_length == COARSE_TABLES + 1 && cells_length == (1 << CELL_BITS) + 1);
    REQUIRE(fine_first[FINE_TABLES] == fine_edges_length);
    REQUIRE(coarse_first[COARSE_TABLES] == coarse_edges_length);
    const Tables tables = {fine, coarse, fine_first, coarse_first, fine_edges, coarse_edges, cells};
    const Key stream = {key, key[2]};
    for (int64_t row = 0; row < rows_length; row++) {
        const Level level = {sky[row], whole(sky[row]), read[row] * scale, scale, shot != 0,
            dithered[row] != 0};
        int64_t begin = (row * planes + plane) * pixels;
        largest[row] = 0;
        for (int64_t from = 0; from < pixels; from += CHUNK) {
            double found = observe_chunk(
                &tables, &stream, &level, (uint64_t)rows[row], pixels, from,
                smaller(CHUNK, pixels - from), light + begin + from, images + begin + from
            );
            largest[row] = found > largest[row] ? found : largest[row];
        }
    }
    return 0;
}

/* Write the standard normal quantiles of numbers in (0, 1). */
KERNEL(inverse_normal, ARRAY(const double, p), ARRAY(double, result)) {
    REQUIRE(result_length == p_length);
    for (int64_t i = 0; i < p_length; i++) result[i] = inverse_normal(p[i]);
    return 0;
}
