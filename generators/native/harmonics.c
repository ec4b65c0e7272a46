/* Spherical harmonics summed over the degree: from coefficients to the spectra of HEALPix rings.

   Rings are lanes, 64 at a time, north of the equator and on it; those in the south are their
   mirrors, lambda_lm(-z) = (-1)^(l + m) lambda_lm(z). The Legendre functions of eight degrees are
   made for all lanes, then summed into each map, so that maps share them. A function is carried
   as a number of ordinary size times 2^(300 exponent), the exponent 0 or below, for near the
   poles lambda_mm ~ sin(theta)^m is far below the smallest double. */

#include "elementary.h"
#include "engine.h"

#define RINGS 64
#define STEPS 8
#define MAPS 16
#define TINY 0x1p-300
#define LARGE 0x1p300
#define LAMBDA_00 0.28209479177387814

enum { EVEN, ODD };
enum { REAL, IMAGINARY };

/* Some rings: the functions of two neighbouring degrees, of eight, and the sums of each map. */
typedef struct {
    double z[RINGS], current[RINGS], before[RINGS], exponent[RINGS];
    double values[STEPS][RINGS];
    double sums[MAPS][2][2][RINGS];
} Lanes;

/* Where the coefficients of an order begin. */
static int64_t start(int64_t lmax, int64_t m) { return m * (2 * lmax + 3 - m) / 2; }

/* The factors of the recurrence from degrees m, m + 1, ... to the next (Press et al. 2007, 6.7). */
static void recurrence(int64_t m, int64_t count, double *restrict up, double *restrict down) {
    double order = (double)(m * m);
    for (int64_t i = 0; i < count; i++) {
        double degree = (double)(m + i + 1), last = (double)(m + i);
        up[i] = root((4 * degree * degree - 1) / (degree * degree - order));
        down[i] = root((last * last - order) / (4 * last * last - 1));
    }
}

static void step(Lanes *restrict on, const double *restrict up, const double *restrict down) {
    for (int64_t i = 0; i < RINGS; i++) {
        double z = on->z[i], current = on->current[i], before = on->before[i];
#pragma GCC unroll 8
        for (int64_t s = 0; s < STEPS; s++) {
            double next = up[s] * (z * current - down[s] * before);
            on->values[s][i] = current;
            before = current;
            current = next;
        }
        on->current[i] = current;
        on->before[i] = before;
    }
}

/* Return on how many rings the functions are of ordinary size, so that they count. */
static int64_t alive(const Lanes *restrict on) {
    int64_t count = 0;
    for (int64_t i = 0; i < RINGS; i++) count += on->exponent[i] == 0;
    return count;
}

static void drop_the_dead(Lanes *restrict on) {
    for (int64_t s = 0; s < STEPS; s++)
        for (int64_t i = 0; i < RINGS; i++)
            on->values[s][i] = on->exponent[i] == 0 ? on->values[s][i] : 0.0;
}

/* Eight steps grow by 2^56 at most. */
static void rescale(Lanes *restrict on) {
    for (int64_t i = 0; i < RINGS; i++) {
        double size = on->current[i] < 0 ? -on->current[i] : on->current[i];
        double grown = size > 1 ? (on->exponent[i] < 0 ? 1.0 : 0.0) : 0.0;
        double factor = grown > 0 ? TINY : 1.0;
        on->current[i] *= factor;
        on->before[i] *= factor;
        on->exponent[i] += grown;
    }
}

static void add(const Lanes *restrict on, const double part[2][STEPS], double sums[2][2][RINGS]) {
    double *restrict even = sums[EVEN][REAL], *restrict even_i = sums[EVEN][IMAGINARY];
    double *restrict odd = sums[ODD][REAL], *restrict odd_i = sums[ODD][IMAGINARY];
    for (int64_t i = 0; i < RINGS; i++) {
        double a = even[i], b = even_i[i], c = odd[i], d = odd_i[i];
#pragma GCC unroll 4
        for (int64_t s = 0; s < STEPS; s += 2) {
            a += on->values[s][i] * part[REAL][s];
            b += on->values[s][i] * part[IMAGINARY][s];
            c += on->values[s + 1][i] * part[REAL][s + 1];
            d += on->values[s + 1][i] * part[IMAGINARY][s + 1];
        }
        even[i] = a;
        even_i[i] = b;
        odd[i] = c;
        odd_i[i] = d;
    }
}

/* Copy the coefficients of eight degrees of a map, 0 beyond the last. */
static void take(const double *restrict coefficients, int64_t left, double part[2][STEPS]) {
    for (int64_t s = 0; s < STEPS; s++) {
        part[REAL][s] = s < left ? coefficients[2 * s] : 0.0;
        part[IMAGINARY][s] = s < left ? coefficients[2 * s + 1] : 0.0;
    }
}

/* Sum over the degrees of an order, whose coefficients stand `apart` from map to map. */
static void sum_degrees(Lanes *restrict on, const double *restrict coefficients, int64_t apart,
                        int64_t maps, int64_t count, const double *up, const double *down) {
    double part[2][STEPS];
    int64_t living = alive(on);
    memset(on->sums, 0, (size_t)maps * sizeof on->sums[0]);
    for (int64_t first = 0; first < count; first += STEPS) {
        step(on, up + first, down + first);
        if (living > 0 && living < RINGS) drop_the_dead(on);
        for (int64_t map = 0; living > 0 && map < maps; map++) {
            take(coefficients + map * apart + 2 * first, count - first, part);
            add(on, part, on->sums[map]);
        }
        if (living < RINGS) {
            rescale(on);
            living = alive(on);
        }
    }
}

/* What tells a ring's spectrum: its pixels, where the spectrum begins, its first longitude. */
typedef struct {
    const int64_t *length, *place;
    const double *longitude;
    int64_t count;
} Rings;

enum { NORTH, SOUTH };

/* How a wave of order m falls on the spectra of some rings and their mirrors: it is turned to the
   first pixel, and a ring sees m modulo its length. */
typedef struct {
    double cosine[RINGS], sine[RINGS];
    int64_t at[2][RINGS];
    double real[2][RINGS], imaginary[2][RINGS];
    int64_t lanes[2];
} Falling;

static void fold(int64_t m, const Rings *rings, int64_t ring, Falling *restrict to, int side,
                 int64_t lane) {
    int64_t length = rings->length[ring], seen = m % length, half = length / 2;
    int mirrored = seen > half, alone = seen == 0 || seen == half;
    to->at[side][lane] = rings->place[ring] + (mirrored ? length - seen : seen);
    to->real[side][lane] = alone && m ? 2 : 1;
    to->imaginary[side][lane] = alone ? 0 : mirrored ? -1 : 1;
}

static void fall(int64_t m, const Rings *rings, int64_t first, int64_t lanes,
                 Falling *restrict to) {
    memset(to, 0, sizeof *to);
    for (int64_t i = 0; i < lanes; i++)
        sine_cosine((double)m * rings->longitude[first + i], &to->sine[i], &to->cosine[i]);
    for (int64_t i = 0; i < lanes; i++) {
        int64_t north = first + i, south = rings->count - 1 - north;
        fold(m, rings, north, to, NORTH, i);
        to->lanes[NORTH] = i + 1;
        if (south == north) continue;
        fold(m, rings, south, to, SOUTH, i);
        to->lanes[SOUTH] = i + 1;
    }
}

/* Turn the sums of a map on one side of the equator, as they are to be added to the spectra. */
static void turn(const double sums[2][2][RINGS], const Falling *restrict to, int side,
                 double *restrict real, double *restrict imaginary) {
    double sign = side == NORTH ? 1.0 : -1.0;
    for (int64_t i = 0; i < RINGS; i++) {
        double a = sums[EVEN][REAL][i] + sign * sums[ODD][REAL][i];
        double b = sums[EVEN][IMAGINARY][i] + sign * sums[ODD][IMAGINARY][i];
        real[i] = to->real[side][i] * (a * to->cosine[i] - b * to->sine[i]);
        imaginary[i] = to->imaginary[side][i] * (a * to->sine[i] + b * to->cosine[i]);
    }
}

/* Add the sums of a map to its spectra. */
static void lay(const double sums[2][2][RINGS], const Falling *restrict to,
                double *restrict spectra) {
    double real[RINGS], imaginary[RINGS];
    for (int side = NORTH; side <= SOUTH; side++) {
        turn(sums, to, side, real, imaginary);
        for (int64_t i = 0; i < to->lanes[side]; i++) {
            spectra[2 * to->at[side][i]] += real[i];
            spectra[2 * to->at[side][i] + 1] += imaginary[i];
        }
    }
}

/* Go from lambda_mm to that of the next order. */
static void raise_order(int64_t m, int64_t count, const double *restrict sine,
                        double *restrict sectoral, double *restrict exponent) {
    double factor = -root((double)(2 * m + 3) / (double)(2 * m + 2));
    for (int64_t i = 0; i < count; i++) {
        double value = factor * sine[i] * sectoral[i];
        double small = (value < 0 ? -value : value) < TINY ? 1.0 : 0.0;
        sectoral[i] = small > 0 ? value * LARGE : value;
        exponent[i] -= small;
    }
}

static void load(Lanes *restrict on, int64_t lanes, const double *z, const double *sectoral,
                 const double *exponent) {
    for (int64_t i = 0; i < RINGS; i++) {
        int64_t ring = smaller(i, lanes - 1);
        on->z[i] = z[ring];
        on->current[i] = sectoral[ring];
        on->exponent[i] = exponent[ring];
        on->before[i] = 0;
    }
}

/* Return whether every ring has its mirror and its spectrum lies within those of a map. */
static int fits(const Rings *rings, int64_t size) {
    for (int64_t ring = 0; ring < rings->count; ring++) {
        int64_t length = rings->length[ring], place = rings->place[ring];
        if (length < 2 || length % 2 || place < 0 || place > size - length / 2 - 1) return 0;
    }
    return 1;
}

/* Write the half spectra of all rings of up to 16 maps, (map, place) complex.

   Coefficients are (map, lm) complex, by m and then l; z, sine and longitude are those of the
   rings from the north to the equator; length and place are of all rings. Scratch holds
   2 (lmax + 8) + 2 z. */
KERNEL(synthesise_rings, ARRAY(const double, coefficients), ARRAY(const double, z),
       ARRAY(const double, sine), ARRAY(const double, longitude), ARRAY(const int64_t, length),
       ARRAY(const int64_t, place), ARRAY(double, spectra), ARRAY(double, scratch), int64_t maps,
       int64_t lmax) {
    REQUIRE(maps >= 1 && maps <= MAPS && lmax >= 0 && lmax <= 1 << 20);
    REQUIRE(coefficients_length == maps * (lmax + 1) * (lmax + 2));
    REQUIRE(z_length > 0 && sine_length == z_length && longitude_length == z_length);
    REQUIRE(length_length == 2 * z_length - 1 && place_length == length_length);
    REQUIRE(spectra_length % (2 * maps) == 0);
    REQUIRE(scratch_length == 2 * (lmax + STEPS) + 2 * z_length);
    Rings rings = {length, place, longitude, length_length};
    int64_t size = spectra_length / maps, apart = coefficients_length / maps;
    REQUIRE(fits(&rings, size / 2));
    double *up = scratch, *down = up + lmax + STEPS;
    double *sectoral = down + lmax + STEPS, *exponent = sectoral + z_length;
    Lanes on;
    Falling to;
    memset(spectra, 0, (size_t)spectra_length * sizeof *spectra);
    for (int64_t i = 0; i < z_length; i++) sectoral[i] = LAMBDA_00;
    for (int64_t i = 0; i < z_length; i++) exponent[i] = 0;
    for (int64_t m = 0; m <= lmax; m++) {
        int64_t count = lmax + 1 - m;
        recurrence(m, count + STEPS - 1, up, down);
        for (int64_t first = 0; first < z_length; first += RINGS) {
            int64_t lanes = smaller(RINGS, z_length - first);
            load(&on, lanes, z + first, sectoral + first, exponent + first);
            sum_degrees(&on, coefficients + 2 * start(lmax, m), apart, maps, count, up, down);
            fall(m, &rings, first, lanes, &to);
            for (int64_t map = 0; map < maps; map++) lay(on.sums[map], &to, spectra + map * size);
        }
        raise_order(m, z_length, sine, sectoral, exponent);
    }
    return 0;
}
