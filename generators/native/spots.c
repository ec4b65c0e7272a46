/* The transforms of sums of round Gaussians, each a product of one along x and one along y.

   With a = x kx and b = y ky, a source's is the sum of flux g(kx) g(ky) exp(-i (a + b)) over its
   spots: four sums of products of cosines and sines give it at ky and at -ky. Beyond the circle through
   the last kx nothing is added. */

#include "convolution.h"

#define DARK -14.0 /* ln of what is left of a Gaussian where it is nothing */

/* A spot: its flux, its place, and its standard deviation. */
enum { FLUX, X, Y, SIGMA, SPOT };

/* Write g(k) times cosine and sine of k times the place, at multiples of `unit` in turn.

   The next angle and the next value of the Gaussian follow from the last: a product each. */
static void along(const double *spot, double place, double flux, double unit, int64_t count,
                  int64_t stride, float *restrict cosine, float *restrict sine) {
    double c, s, half = spot[SIGMA] * unit * spot[SIGMA] * unit / 2;
    double ratio = exponential(-half), squared = ratio * ratio, re = flux, im = 0;
    sine_cosine(place * unit, &s, &c);
    for (int64_t k = 0; k < count; k++) {
        double turned = re * c - im * s;
        cosine[k * stride] = (float)re;
        sine[k * stride] = (float)im;
        im = (re * s + im * c) * ratio;
        re = turned * ratio;
        ratio *= squared;
    }
}

/* Where the waves of a source's spots lie in memory: (spots, padded) along x, (side, spots) along y;
   the last frequency at which each is bright, and the spots that are so in a row. */
typedef struct {
    int64_t spots, side, padded;
    float *restrict x_cosine, *restrict x_sine, *restrict y_cosine, *restrict y_sine;
    int64_t *restrict end, *restrict bright;
} Waves;

/* Write which spots are bright at a frequency; return how many. */
static int64_t choose(const Waves *waves, int64_t frequency) {
    int64_t count = 0;
    for (int64_t n = 0; n < waves->spots; n++) {
        waves->bright[count] = n;
        count += waves->end[n] >= frequency;
    }
    return count;
}

/* Add to LANES columns of the rows ky and -ky; of complex values, `columns` are wanted. */
static void add_columns(const Waves *waves, int64_t bright, int64_t column, int64_t row,
                        int64_t columns, float *restrict up, float *restrict down) {
    float cc[LANES] = {0}, ss[LANES] = {0}, sc[LANES] = {0}, cs[LANES] = {0};
    for (int64_t b = 0; b < bright; b++) {
        int64_t n = waves->bright[b];
        if (waves->end[n] < column) continue;
        const float *restrict cosine = waves->x_cosine + n * waves->padded + column;
        const float *restrict sine = waves->x_sine + n * waves->padded + column;
        float c = waves->y_cosine[row * waves->spots + n];
        float s = waves->y_sine[row * waves->spots + n];
        for (int i = 0; i < LANES; i++) {
            cc[i] += cosine[i] * c;
            ss[i] += sine[i] * s;
            sc[i] += sine[i] * c;
            cs[i] += cosine[i] * s;
        }
    }
    for (int64_t i = 0; i < columns; i++) {
        up[2 * i] += cc[i] - ss[i];
        up[2 * i + 1] -= sc[i] + cs[i];
        down[2 * i] += cc[i] + ss[i];
        down[2 * i + 1] += cs[i] - sc[i];
    }
}

/* The last frequency at which a spot is bright, -1 for one that is dark. */
static int64_t end_of(const double *spot, double unit, int64_t last) {
    double width = spot[SIGMA] * unit, most = root(-2 * DARK);
    if (spot[FLUX] == 0) return -1;
    return width * (double)last <= most ? last : (int64_t)whole(most / width);
}

/* Add a source's transform, (ky, kx): ky from 0 to the last, then from -last to -1. */
static void draw(const Waves *waves, const double *spots, double unit, float *result) {
    int64_t side = waves->side, padded = waves->padded, count = waves->spots;
    for (int64_t n = 0; n < count; n++) {
        const double *spot = spots + n * SPOT;
        waves->end[n] = end_of(spot, unit, side - 1);
        if (waves->end[n] < 0) continue;
        along(spot, spot[X], spot[FLUX], unit, padded, 1, waves->x_cosine + n * padded,
              waves->x_sine + n * padded);
        along(spot, spot[Y], 1, unit, side, count, waves->y_cosine + n, waves->y_sine + n);
    }
    for (int64_t row = 0; row < side; row++) {
        int64_t bright = choose(waves, row);
        int64_t width = rows_within(side - 1, row) + 1;
        for (int64_t column = 0; column < width; column += LANES) {
            float ignored[2 * LANES] = {0};
            float *up = result + 2 * (row * side + column);
            float *down = row ? result + 2 * ((2 * side - 1 - row) * side + column) : ignored;
            add_columns(waves, bright, column, row, smaller(LANES, width - column), up, down);
        }
    }
}

/* Add the transforms of `count` sources, each (ky, kx) complex, of (count, spots, 4) Gaussians. */
KERNEL(spots, ARRAY(const double, spots), int64_t count, double unit, int64_t last,
       ARRAY(float, work), ARRAY(int64_t, numbers), ARRAY(float, transforms)) {
    REQUIRE(count >= 1 && spots_length % (count * SPOT) == 0 && unit > 0);
    REQUIRE(last >= 1 && last < 1 << 20);
    int64_t each = spots_length / (count * SPOT), side = last + 1;
    int64_t padded = (side + LANES - 1) / LANES * LANES;
    REQUIRE(work_length == 2 * each * (padded + side) && numbers_length == 2 * each + 1);
    REQUIRE(transforms_length == 2 * count * (2 * last + 1) * side);
    float *y = work + 2 * each * padded;
    Waves waves = {each, side, padded, work, work + each * padded, y, y + each * side, numbers,
                   numbers + each};
    for (int64_t g = 0; g < count; g++)
        draw(&waves, spots + g * each * SPOT, unit,
             transforms + 2 * g * (2 * last + 1) * side);
    return 0;
}
