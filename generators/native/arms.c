/* The transforms of discs with arms, harmonic by harmonic in the planes of the discs.

   A pattern exp(s cos x) / I0(s) - 1 of m arms is a sum of harmonics cos(n x). Seen face-on, each is a
   Hankel transform of order n m along the radius, times a wave around the centre:

       F(kappa, psi) = sum over n of 2 pi a_n (-i)^(n m) Re[exp(i n m psi) H_n(kappa)],
       H_n = integral of disc(r) exp(i n alpha(r)) J_(n m)(kappa r) r dr.

   H_n is a convolution in the logarithm of r, hence two Fourier transforms (Hamilton 2000, MNRAS
   312, 257), of HARMONICS orders at once, side by side. Patterns share what orders they have in common. An inclined disc is looked up at kappa as its plane
   has it. `arms.py` makes the tables and says how many radii are enough. */

#include "elementary.h"
#include "engine.h"

#define HARMONICS 8
#define NODE (2 * HARMONICS) /* real parts, then imaginary parts */
#define OVERSAMPLING 2
#define ROW 64 /* frequencies that are looked up together */

/* Per galaxy: the plane's frequencies from the sky's; the amount and length of a smooth disc; the
   highest frequency that is seen, how fast arms turn that cannot be, and the number of which all
   orders of Hankel transforms are multiples. */
enum { XX, XY, YX, YY, SMOOTH, LENGTH, HIGHEST, CROWDED, UNIT, GALAXY };

/* Per pattern of arms. Of logarithmic arms, `WINDING` is the cotangent of their pitch. */
enum { LOGARITHMIC, COUNT, WINDING, SCALE, BULGE_RATIO, ANGLE, PATTERN };

typedef struct {
    int64_t radii, nodes;
    double first, step;            /* ln kappa of the first node, and from one to the next */
    const double *restrict radius; /* (radii) */
    const double *restrict light;  /* (radii): the disc, weighted for the transform */
    const float *restrict turns;   /* (2, nodes): cosines and sines of the Fourier transform */
    const float *restrict symbols; /* (orders, 2, radii): the Hankel transforms */
    const float *restrict rescale; /* (nodes) */
} Plan;

/* Write how fast arms turn with the radius, and the cosine and sine of where they are. */
static void follow(const Plan *plan, const double *pattern, double *restrict turning,
                   double *restrict cosine, double *restrict sine) {
    const double *restrict radius = plan->radius;
    double count = pattern[COUNT], winding = count * pattern[WINDING], scale = pattern[SCALE];
    double inverse = 1 / pattern[BULGE_RATIO], origin = pattern[ANGLE];
    int logarithmic = pattern[LOGARITHMIC] != 0;
    for (int64_t j = 0; j < plan->radii; j++) {
        double r = radius[j], phase;
        if (logarithmic) {
            phase = -winding * logarithm(r);
            turning[j] = winding / r;
        } else {
            /* Where the exponential would overflow, the arms have long faded. */
            double u = exponential(scale / r > 600 ? 600 : scale / r) * inverse;
            phase = 2 * winding * angle(u, 1);
            turning[j] = 2 * winding * scale / (r * r * (u + 1 / u));
        }
        phase += origin;
        phase -= 0x1.921fb54442d18p2 * nearest(phase * 0x1.45f306dc9c883p-3);
        sine_cosine(phase, &sine[j], &cosine[j]);
    }
}

/* Turn all waves by one more period of the pattern. */
static void advance(int64_t radii, const double *restrict cosine, const double *restrict sine,
                    double *restrict re, double *restrict im) {
    for (int64_t j = 0; j < radii; j++) {
        double turned = re[j] * cosine[j] - im[j] * sine[j];
        im[j] = re[j] * sine[j] + im[j] * cosine[j];
        re[j] = turned;
    }
}

/* Add a harmonic to light that is to be transformed, faded where no PSF could tell arms apart. */
static void add_harmonic(int64_t radii, double crowding, float amplitude,
                         const double *restrict turning, const double *restrict re,
                         const double *restrict im, double *restrict fade,
                         float *restrict result) {
    for (int64_t j = 0; j < radii; j++) {
        double crowded = turning[j] * crowding, power = crowded * crowded;
        power *= power;
        fade[j] = amplitude / (1 + power * power);
    }
    for (int64_t j = 0; j < radii; j++) {
        result[j * NODE] += (float)(re[j] * fade[j]);
        result[j * NODE + HARMONICS] += (float)(im[j] * fade[j]);
    }
}

/* Two of the waves of a Fourier transform: their sum, and their difference turned. */
static void pair(const float *restrict x, int64_t apart, float cosine, float sine, float *restrict y,
                 int64_t step) {
    const float *a = x, *b = x + apart;
    float *sum = y, *turned = y + step;
    for (int h = 0; h < HARMONICS; h++) {
        float re = a[h] - b[h], im = a[h + HARMONICS] - b[h + HARMONICS];
        sum[h] = a[h] + b[h];
        sum[h + HARMONICS] = a[h + HARMONICS] + b[h + HARMONICS];
        turned[h] = re * cosine - im * sine;
        turned[h + HARMONICS] = re * sine + im * cosine;
    }
}

/* Four of them: two steps of pairs in one; `turn` is the first angle's place among `turns`. */
static void four(const Plan *plan, int64_t turn, const float *restrict x, int64_t apart,
                 float *restrict y, int64_t step) {
    const float *cosine = plan->turns, *sine = cosine + plan->nodes;
    float c1 = cosine[turn], c2 = cosine[2 * turn], c3 = cosine[3 * turn];
    float s1 = sine[turn], s2 = sine[2 * turn], s3 = sine[3 * turn];
    for (int h = 0; h < HARMONICS; h++) {
        const float *re = x + h, *im = re + HARMONICS;
        float *to = y + h, *to_im = to + HARMONICS;
        float ar = re[0] + re[2 * apart], ai = im[0] + im[2 * apart];
        float br = re[0] - re[2 * apart], bi = im[0] - im[2 * apart];
        float cr = re[apart] + re[3 * apart], ci = im[apart] + im[3 * apart];
        float dr = im[apart] - im[3 * apart], di = re[3 * apart] - re[apart];
        float pr = br + dr, pi = bi + di, qr = ar - cr, qi = ai - ci, rr = br - dr, ri = bi - di;
        to[0] = ar + cr;
        to_im[0] = ai + ci;
        to[step] = pr * c1 - pi * s1;
        to_im[step] = pr * s1 + pi * c1;
        to[2 * step] = qr * c2 - qi * s2;
        to_im[2 * step] = qr * s2 + qi * c2;
        to[3 * step] = rr * c3 - ri * s3;
        to_im[3 * step] = rr * s3 + ri * c3;
    }
}

/* Transform all harmonics; return which of the two arrays, of `length` nodes each, holds the result.

   Each step sorts as it goes (Stockham), so that there is no permutation of bits. */
static float *fourier(const Plan *plan, int64_t length, float *from, float *to) {
    const float *cosine = plan->turns, *sine = cosine + plan->nodes;
    for (int64_t left = length, stride = 1; left > 1;) {
        int64_t radix = left % 4 ? 2 : 4, part = left / radix, turn = plan->nodes / left;
        int64_t apart = NODE * stride * part, step = NODE * stride;
        for (int64_t p = 0; p < part; p++)
            for (int64_t q = 0; q < stride; q++) {
                const float *x = from + NODE * (q + stride * p);
                float *y = to + NODE * (q + stride * radix * p);
                if (radix == 4) four(plan, p * turn, x, apart, y, step);
                else pair(x, apart, cosine[p * turn], sine[p * turn], y, step);
            }
        left = part;
        stride *= radix;
        float *other = from;
        from = to;
        to = other;
    }
    return from;
}

/* Multiply modes by the symbols of the Hankel transforms, and put more modes, of nothing, between. */
static void hankel(const Plan *plan, int64_t unit, int64_t first, const float *restrict modes,
                   float *restrict result) {
    int64_t radii = plan->radii, half = radii / 2;
    memset(result, 0, (size_t)(plan->nodes * NODE) * sizeof *result);
    for (int64_t j = 0; j < radii; j++) {
        float *to = result + NODE * (j < half ? j : plan->nodes - radii + j);
        const float *from = modes + NODE * j;
        for (int h = 0; h < HARMONICS; h++) {
            const float *symbol = plan->symbols + 2 * radii * (unit * (first + h)) + j;
            float re = symbol[0], im = symbol[radii];
            to[h] = from[h] * re - from[HARMONICS + h] * im;
            to[HARMONICS + h] = from[h] * im + from[HARMONICS + h] * re;
        }
    }
}

/* Undo the weight of the nodes; below a sixteenth of its order, each is a power of kappa. */
static void finish(const Plan *plan, int64_t unit, int64_t first, const float *restrict found,
                   float *restrict table) {
    for (int64_t k = 0; k < plan->nodes; k++)
        for (int h = 0; h < NODE; h++) table[NODE * k + h] = found[NODE * k + h] * plan->rescale[k];
    for (int h = 0; h < HARMONICS; h++) {
        double order = (double)(unit * (first + h));
        double start = (logarithm(order / 16) - plan->first) / plan->step;
        float fall = (float)exponential(-order * plan->step);
        int64_t known = smaller(larger((int64_t)start + 1, 0), plan->nodes - 1);
        float re = table[NODE * known + h], im = table[NODE * known + HARMONICS + h], left = 1;
        for (int64_t k = known - 1; k >= 0; k--) {
            /* Not down to numbers that are too small for the processor's pace. */
            left = left < 1e-9f ? 0 : left * fall;
            table[NODE * k + h] = re * left;
            table[NODE * k + HARMONICS + h] = im * left;
        }
    }
}

/* Some frequencies: their place in the tables, and how they lie about the centre. */
typedef struct {
    float place[ROW], dark[ROW], cosine[ROW], sine[ROW], smooth[ROW];
} Frequencies;

static void locate(const Plan *plan, const double *galaxy, const double *restrict kx, double ky,
                   int64_t count, Frequencies *restrict at) {
    float xx = (float)galaxy[XX], yx = (float)galaxy[YX];
    float x0 = (float)(galaxy[XY] * ky), y0 = (float)(galaxy[YY] * ky);
    float first = (float)plan->first, inverse = (float)(1 / plan->step);
    float lowest = (float)exponential(plan->first), last = (float)(plan->nodes - 4);
    float length = (float)(galaxy[LENGTH] * galaxy[LENGTH]), amount = (float)galaxy[SMOOTH];
    for (int64_t i = 0; i < count; i++) {
        float k = (float)kx[i], x = xx * k + x0, y = yx * k + y0;
        float squared = x * x + y * y;
        float safe = squared > 1e-20f ? squared : 1e-20f;
        float kappa = root_f(safe), flat = 1 + length * squared;
        float place = (0.5f * logarithm_f(safe) - first) * inverse;
        at->place[i] = !(place > 1) ? 1 : place > last ? last : place;
        at->dark[i] = squared <= 1e-20f ? 0 : kappa < lowest ? kappa / lowest : 1;
        at->cosine[i] = x / kappa;
        at->sine[i] = y / kappa;
        at->smooth[i] = amount / (flat * root_f(flat));
    }
}

/* Write the harmonics at each frequency, by a cubic B-spline. */
static void look_up(const float *restrict table, const Frequencies *restrict at, int64_t count,
                    float *restrict found) {
    for (int64_t i = 0; i < count; i++) {
        float near = whole_f(at->place[i]), f = at->place[i] - near, g = 1 - f;
        const float *restrict node = table + NODE * ((int64_t)near - 1);
        float w0 = g * g * g / 6, w3 = f * f * f / 6;
        float w1 = 2.0f / 3 - f * f * (1 - f / 2), w2 = 2.0f / 3 - g * g * (1 - g / 2);
        for (int h = 0; h < NODE; h++)
            found[NODE * i + h] = (w0 * node[h] + w1 * node[NODE + h]) +
                                  (w2 * node[2 * NODE + h] + w3 * node[3 * NODE + h]);
    }
}

/* Write exp(i m psi) and exp(i m (first - 1) psi). */
static void turn(const Frequencies *restrict at, int64_t points, int64_t count, int64_t before,
                 float *restrict wave) {
    float *a = wave, *b = wave + ROW, *c = wave + 2 * ROW, *d = wave + 3 * ROW;
    for (int64_t i = 0; i < points; i++) a[i] = 1, b[i] = 0, c[i] = 1, d[i] = 0;
    for (int64_t n = 0; n < count; n++)
        for (int64_t i = 0; i < points; i++) {
            float next = a[i] * at->cosine[i] - b[i] * at->sine[i];
            b[i] = a[i] * at->sine[i] + b[i] * at->cosine[i];
            a[i] = next;
        }
    for (int64_t n = 0; n < before; n++)
        for (int64_t i = 0; i < points; i++) {
            float next = c[i] * a[i] - d[i] * b[i];
            d[i] = c[i] * b[i] + d[i] * a[i];
            c[i] = next;
        }
}

/* Add the harmonics of odd and of even n, each times its wave around the centre. */
static void sum(const float *restrict found, const float *restrict wave, int64_t points,
                float *restrict odd, float *restrict even) {
    const float *wa = wave, *wb = wave + ROW, *wc = wave + 2 * ROW, *wd = wave + 3 * ROW;
    for (int64_t i = 0; i < points; i++) {
        const float *restrict re = found + NODE * i, *restrict im = re + HARMONICS;
        float a = wa[i], b = wb[i], c = a * a - b * b, s = 2 * a * b;
        float ox = re[6], oy = im[6], ex = re[7], ey = im[7], t;
        t = ox * c - oy * s + re[4], oy = ox * s + oy * c + im[4], ox = t;
        t = ex * c - ey * s + re[5], ey = ex * s + ey * c + im[5], ex = t;
        t = ox * c - oy * s + re[2], oy = ox * s + oy * c + im[2], ox = t;
        t = ex * c - ey * s + re[3], ey = ex * s + ey * c + im[3], ex = t;
        t = ox * c - oy * s + re[0], oy = ox * s + oy * c + im[0], ox = t;
        t = ex * c - ey * s + re[1], ey = ex * s + ey * c + im[1], ex = t;
        float first_x = a * wc[i] - b * wd[i], first_y = a * wd[i] + b * wc[i];
        float second_x = first_x * a - first_y * b, second_y = first_x * b + first_y * a;
        odd[i] += ox * first_x - oy * first_y;
        even[i] += ex * second_x - ey * second_y;
    }
}

/* A galaxy's patterns, each of so many waves, and memory to work in. */
typedef struct {
    int64_t patterns, waves;
    const double *restrict galaxy;     /* (GALAXY) */
    const double *restrict pattern;    /* (patterns, PATTERN) */
    const double *restrict amplitudes; /* (patterns, waves): wave w is of order UNIT (w + 1) */
    double *restrict curve;            /* (6, radii) */
    float *restrict work;              /* (2, nodes, NODE) */
    float *restrict tables;            /* (waves / HARMONICS, nodes, NODE) */
} Arms;

static float *table_of(const Plan *plan, const Arms *arms, int64_t wave) {
    return arms->tables + wave / HARMONICS * plan->nodes * NODE;
}

/* Add the light of a pattern to all waves that it has. */
static void add_pattern(const Plan *plan, const Arms *arms, int64_t p) {
    int64_t radii = plan->radii, unit = (int64_t)arms->galaxy[UNIT];
    double *turning = arms->curve, *cosine = turning + radii, *sine = cosine + radii;
    double *re = sine + radii, *im = re + radii, *fade = im + radii;
    int64_t step = (int64_t)arms->pattern[p * PATTERN + COUNT] / unit, last = 0;
    const double *amplitudes = arms->amplitudes + p * arms->waves;
    for (int64_t w = 0; w < arms->waves; w++)
        if (amplitudes[w] != 0) last = w + 1;
    follow(plan, arms->pattern + p * PATTERN, turning, cosine, sine);
    for (int64_t j = 0; j < radii; j++) re[j] = plan->light[j], im[j] = 0;
    for (int64_t n = 1; n * step <= last; n++) {
        int64_t wave = n * step - 1;
        advance(radii, cosine, sine, re, im);
        add_harmonic(radii, (double)n / arms->galaxy[CROWDED], (float)amplitudes[wave], turning, re,
                     im, fade, table_of(plan, arms, wave) + wave % HARMONICS);
    }
}

/* Write the tables of a galaxy. */
static void tabulate(const Plan *plan, const Arms *arms) {
    int64_t unit = (int64_t)arms->galaxy[UNIT];
    float *first = arms->work, *second = first + plan->nodes * NODE;
    for (int64_t w = 0; w < arms->waves; w += HARMONICS)
        memset(table_of(plan, arms, w), 0, (size_t)(plan->radii * NODE) * sizeof(float));
    for (int64_t p = 0; p < arms->patterns; p++) add_pattern(plan, arms, p);
    for (int64_t w = 0; w < arms->waves; w += HARMONICS) {
        float *table = table_of(plan, arms, w);
        memcpy(first, table, (size_t)(plan->radii * NODE) * sizeof(float));
        float *modes = fourier(plan, plan->radii, first, second);
        float *other = modes == first ? second : first;
        hankel(plan, unit, w + 1, modes, other);
        finish(plan, unit, w + 1, fourier(plan, plan->nodes, other, modes), table);
    }
}

/* Add the light of all arms at some frequencies. */
static void add_arms(const Plan *plan, const Arms *arms, const Frequencies *at, int64_t points,
                     float *restrict re, float *restrict im) {
    float found[ROW * NODE], wave[4 * ROW];
    int64_t unit = (int64_t)arms->galaxy[UNIT];
    float *restrict others = unit % 2 ? im : re;
    for (int64_t w = 0; w < arms->waves; w += HARMONICS) {
        look_up(table_of(plan, arms, w), at, points, found);
        turn(at, points, unit, w, wave);
        float odd[ROW] = {0}, even[ROW] = {0};
        sum(found, wave, points, odd, even);
        for (int64_t i = 0; i < points; i++) re[i] += even[i] * at->dark[i];
        for (int64_t i = 0; i < points; i++) others[i] += odd[i] * at->dark[i];
    }
}

/* Write part of a line of frequencies: the smooth disc, the arms, and what else there is. */
static void draw_row(const Plan *plan, const Arms *arms, const double *restrict kx, double ky,
                     int64_t points, int64_t parts, const double *restrict rest,
                     double *restrict result) {
    Frequencies at;
    float re[ROW] = {0}, im[ROW] = {0};
    double highest = arms->galaxy[HIGHEST] * arms->galaxy[HIGHEST] - ky * ky;
    int64_t seen = 0;
    while (seen < points && kx[seen] * kx[seen] <= highest) seen++;
    locate(plan, arms->galaxy, kx, ky, points, &at);
    add_arms(plan, arms, &at, seen, re, im);
    for (int64_t i = 0; i < points; i++)
        result[parts * i] = (double)(re[i] + at.smooth[i]) + rest[i];
    if (parts == 2)
        for (int64_t i = 0; i < points; i++) result[2 * i + 1] = im[i];
}

static void draw(const Plan *plan, const Arms *arms, const double *kx, int64_t columns,
                 const double *ky, int64_t rows, int64_t parts, const double *rest,
                 double *result) {
    tabulate(plan, arms);
    for (int64_t y = 0; y < rows; y++)
        for (int64_t x = 0; x < columns; x += ROW) {
            int64_t place = y * columns + x;
            draw_row(plan, arms, kx + x, ky[y], smaller(ROW, columns - x), parts, rest + place,
                     result + parts * place);
        }
}

/* Whether the orders are tabulated, and each pattern's are multiples of its galaxy's unit. */
static int orders_fit(const double *galaxies, int64_t count, const double *patterns, int64_t each,
                      int64_t waves, int64_t orders) {
    for (int64_t g = 0; g < count; g++) {
        double unit = galaxies[g * GALAXY + UNIT];
        if (!(unit >= 1 && unit * (double)waves < (double)orders)) return 0;
        for (int64_t p = g * each; p < (g + 1) * each; p++) {
            double arms = patterns[p * PATTERN + COUNT];
            if (!(arms >= 1 && arms < 1 << 20) || (int64_t)arms % (int64_t)unit) return 0;
        }
    }
    return 1;
}

/* Write the transforms of discs with arms, (galaxies, ky, kx): ``rest``, which is real, is added.

   Where the transforms have twice its length they are complex; where not, all orders are even.
   The other arrays are those of `arms.py`. */
KERNEL(arms, ARRAY(const double, galaxies), ARRAY(const double, patterns),
       ARRAY(const double, amplitudes), int64_t count, ARRAY(const double, kx),
       ARRAY(const double, ky), double first, double step, ARRAY(const double, radius),
       ARRAY(const double, light), ARRAY(const float, turns), ARRAY(const float, symbols),
       ARRAY(const float, rescale), ARRAY(const double, rest), ARRAY(double, curve),
       ARRAY(float, work), ARRAY(double, transforms)) {
    REQUIRE(count >= 1 && galaxies_length == count * GALAXY);
    REQUIRE(patterns_length >= count * PATTERN && patterns_length % (count * PATTERN) == 0);
    int64_t every = patterns_length / PATTERN, waves = amplitudes_length / every;
    REQUIRE(waves >= HARMONICS && waves % HARMONICS == 0 && amplitudes_length == every * waves);
    int64_t radii = radius_length, nodes = OVERSAMPLING * radii;
    REQUIRE(radii >= 8 && (radii & (radii - 1)) == 0 && light_length == radii);
    REQUIRE(turns_length == 2 * nodes && rescale_length == nodes && curve_length == 6 * radii);
    REQUIRE(symbols_length % (2 * radii) == 0);
    REQUIRE(orders_fit(galaxies, count, patterns, every / count, waves,
                       symbols_length / (2 * radii)));
    REQUIRE(first > -100 && first < 100 && step > 1e-6 && step < 10);
    REQUIRE(rest_length == count * kx_length * ky_length);
    REQUIRE(transforms_length == rest_length || transforms_length == 2 * rest_length);
    REQUIRE(work_length == (2 + waves / HARMONICS) * nodes * NODE);
    Plan plan = {radii, nodes, first, step, radius, light, turns, symbols, rescale};
    int64_t parts = transforms_length / (rest_length > 0 ? rest_length : 1);
    int64_t points = kx_length * ky_length, per_galaxy = every / count;
    for (int64_t g = 0; g < count; g++) {
        Arms arms = {per_galaxy, waves, galaxies + g * GALAXY, patterns + g * per_galaxy * PATTERN,
                     amplitudes + g * per_galaxy * waves, curve, work, work + 2 * nodes * NODE};
        draw(&plan, &arms, kx, kx_length, ky, ky_length, parts, rest + g * points,
             transforms + g * parts * points);
    }
    return 0;
}
