/* The transforms of discs with arms, harmonic by harmonic in the planes of the discs.

   A pattern exp(s cos x) / I0(s) - 1 of m arms is a sum of harmonics cos(n x). Seen face-on, each is a
   Hankel transform of order n m along the radius, times a wave around the centre:

       F(kappa, psi) = sum over n of 2 pi a_n (-i)^(n m) Re[exp(i n m psi) H_n(kappa)],
       H_n = integral of disc(r) exp(i n alpha(r)) J_(n m)(kappa r) r dr.

   H_n is a convolution in the logarithm of r, hence two Fourier transforms (Hamilton 2000, MNRAS
   312, 257), of HARMONICS orders at once, side by side. Patterns share what orders they have in
   common. An inclined disc is looked up at kappa as its plane has it, and so are the disc itself and
   its bulge, in the tables of Sersic profiles. `arms.py` makes the tables of harmonics and says how
   many radii are enough. */

#include "convolution.h"

#define HARMONICS 8
#define NODE (2 * HARMONICS) /* real parts, then imaginary parts: as many as LANES */
#define OVERSAMPLING 2
#define ROW 64 /* frequencies that are looked up together */

/* Per galaxy: the plane's frequencies from the sky's; flux and place in the table of profiles of its
   disc and of its bulge, and the ratio of their radii; the highest frequency at which arms are seen,
   how fast arms turn that cannot be, the number of which all orders of Hankel transforms are
   multiples, and how many orders there are, in groups of HARMONICS. */
enum {
    XX, XY, YX, YY, DISC_FLUX, DISC_PLACE, BULGE_FLUX, BULGE_PLACE, RADIUS_RATIO, HIGHEST, CROWDED,
    UNIT, GROUPS, GALAXY
};

/* Per pattern of arms. Of logarithmic arms, `WINDING` is the cotangent of their pitch. Contrast and
   sharpness are in the amplitudes. */
enum { LOGARITHMIC, COUNT, WINDING, SCALE, BULGE_RATIO, ANGLE, CONTRAST, SHARPNESS, PATTERN };

typedef struct {
    int64_t radii, nodes, lit;     /* radii with light are the first */
    double first, step;            /* ln kappa of the first node, and from one to the next */
    const double *restrict radius; /* (radii) */
    const double *restrict light;  /* (radii): the disc, weighted for the transform */
    const float *restrict turns;   /* (2, nodes): cosines and sines of the Fourier transform */
    const float *restrict symbols; /* (orders, 2, radii): the Hankel transforms */
    const float *restrict rescale; /* (nodes) */
} Plan;

/* Write how fast arms turn with the radius, and the cosine and sine of where they are. */
static void follow(const Plan *plan, const double *pattern, float *restrict turning,
                   float *restrict cosine, float *restrict sine) {
    const double *restrict radius = plan->radius;
    double count = pattern[COUNT], winding = count * pattern[WINDING], scale = pattern[SCALE];
    double inverse = 1 / pattern[BULGE_RATIO], origin = pattern[ANGLE];
    double innermost = logarithm(radius[0]), step = OVERSAMPLING * plan->step;
    int logarithmic = pattern[LOGARITHMIC] != 0;
    for (int64_t j = 0; j < plan->lit; j++) {
        double r = radius[j], phase, c, s;
        if (logarithmic) {
            phase = -winding * (innermost + step * (double)j);
            turning[j] = (float)(winding / r);
        } else {
            /* Where the exponential would overflow, the arms have long faded. */
            double u = exponential(scale / r > 600 ? 600 : scale / r) * inverse;
            phase = 2 * winding * angle(u, 1);
            turning[j] = (float)(2 * winding * scale / (r * r * (u + 1 / u)));
        }
        phase += origin;
        phase -= 0x1.921fb54442d18p2 * nearest(phase * 0x1.45f306dc9c883p-3);
        sine_cosine(phase, &s, &c);
        cosine[j] = (float)c;
        sine[j] = (float)s;
    }
}

/* Turn all waves by one more period of the pattern. */
static void advance(int64_t radii, const float *restrict cosine, const float *restrict sine,
                    float *restrict re, float *restrict im) {
    for (int64_t j = 0; j < radii; j++) {
        float turned = re[j] * cosine[j] - im[j] * sine[j];
        im[j] = re[j] * sine[j] + im[j] * cosine[j];
        re[j] = turned;
    }
}

/* Add a harmonic to light that is to be transformed, faded where no PSF could tell arms apart. */
static void add_harmonic(int64_t radii, float crowding, float amplitude,
                         const float *restrict turning, const float *restrict re,
                         const float *restrict im, float *restrict fade, float *restrict result) {
    for (int64_t j = 0; j < radii; j++) {
        float crowded = turning[j] * crowding, power;
        crowded = crowded < 1e4f ? crowded : 1e4f;
        power = crowded * crowded;
        power *= power;
        fade[j] = amplitude / (1 + power * power);
    }
    for (int64_t j = 0; j < radii; j++) {
        result[j * NODE] += re[j] * fade[j];
        result[j * NODE + HARMONICS] += im[j] * fade[j];
    }
}

/* Two of the waves of a Fourier transform: their sum, and their difference turned. Compilers make
   vector code of these loops if each node comes by a pointer of its own. */
static void pair(const float *restrict a, const float *restrict b, float cosine, float sine,
                 float *restrict sum, float *restrict turned) {
    for (int h = 0; h < HARMONICS; h++) {
        float re = a[h] - b[h], im = a[h + HARMONICS] - b[h + HARMONICS];
        sum[h] = a[h] + b[h];
        sum[h + HARMONICS] = a[h + HARMONICS] + b[h + HARMONICS];
        turned[h] = re * cosine - im * sine;
        turned[h + HARMONICS] = re * sine + im * cosine;
    }
}

/* Four of them: two steps of pairs in one; `c` and `s` are of once, twice, three times the angle. */
static void four(const float *restrict x0, const float *restrict x1, const float *restrict x2,
                 const float *restrict x3, const float *restrict c, const float *restrict s,
                 float *restrict y0, float *restrict y1, float *restrict y2, float *restrict y3) {
    for (int h = 0; h < HARMONICS; h++) {
        int i = h + HARMONICS;
        float ar = x0[h] + x2[h], ai = x0[i] + x2[i], br = x0[h] - x2[h], bi = x0[i] - x2[i];
        float cr = x1[h] + x3[h], ci = x1[i] + x3[i], dr = x1[i] - x3[i], di = x3[h] - x1[h];
        float pr = br + dr, pi = bi + di, qr = ar - cr, qi = ai - ci, rr = br - dr, ri = bi - di;
        y0[h] = ar + cr;
        y0[i] = ai + ci;
        y1[h] = pr * c[0] - pi * s[0];
        y1[i] = pr * s[0] + pi * c[0];
        y2[h] = qr * c[1] - qi * s[1];
        y2[i] = qr * s[1] + qi * c[1];
        y3[h] = rr * c[2] - ri * s[2];
        y3[i] = rr * s[2] + ri * c[2];
    }
}

/* Transform all harmonics; return which of the two arrays, of `length` nodes each, holds the result.

   Each step sorts as it goes (Stockham), so that there is no permutation of bits. */
static float *fourier(const Plan *plan, int64_t length, float *from, float *to) {
    const float *cosine = plan->turns, *sine = cosine + plan->nodes;
    for (int64_t left = length, stride = 1; left > 1;) {
        int64_t radix = left % 4 ? 2 : 4, part = left / radix, turn = plan->nodes / left;
        int64_t apart = NODE * stride * part, step = NODE * stride;
        for (int64_t p = 0; p < part; p++) {
            int64_t once = p * turn;
            float c[3] = {cosine[once], 0, 0}, s[3] = {sine[once], 0, 0};
            for (int64_t leg = 2; leg < radix; leg++) {
                c[leg - 1] = cosine[leg * once];
                s[leg - 1] = sine[leg * once];
            }
            const float *x = from + step * p;
            float *y = to + step * radix * p;
            for (int64_t q = 0; q < stride; q++, x += NODE, y += NODE) {
                if (radix == 2) pair(x, x + apart, c[0], s[0], y, y + step);
                else
                    four(x, x + apart, x + 2 * apart, x + 3 * apart, c, s, y, y + step,
                         y + 2 * step, y + 3 * step);
            }
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
static void hankel(const Plan *plan, const int64_t *orders, const float *restrict modes,
                   float *restrict result) {
    int64_t radii = plan->radii, half = radii / 2;
    memset(result, 0, (size_t)(plan->nodes * NODE) * sizeof *result);
    for (int64_t j = 0; j < radii; j++) {
        float *to = result + NODE * (j < half ? j : plan->nodes - radii + j);
        const float *from = modes + NODE * j;
        for (int h = 0; h < HARMONICS; h++) {
            const float *symbol = plan->symbols + 2 * radii * orders[h] + j;
            float re = symbol[0], im = symbol[radii];
            to[h] = from[h] * re - from[HARMONICS + h] * im;
            to[HARMONICS + h] = from[h] * im + from[HARMONICS + h] * re;
        }
    }
}

/* Undo the weight of the nodes; below a sixteenth of its order, each is a power of kappa. */
static void finish(const Plan *plan, const int64_t *orders, const float *restrict found,
                   float *restrict table) {
    for (int64_t k = 0; k < plan->nodes; k++)
        for (int h = 0; h < NODE; h++) table[NODE * k + h] = found[NODE * k + h] * plan->rescale[k];
    for (int h = 0; h < HARMONICS; h++) {
        double order = (double)orders[h];
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

/* Some frequencies: their squares in the plane of the disc, their place in the tables, the weights
   of four nodes there, and how they lie about the centre. */
typedef struct {
    float squared[ROW], dark[ROW], cosine[ROW], sine[ROW], weights[4][ROW];
    int32_t node[ROW];
} Frequencies;

static void locate(const double *galaxy, int64_t first, double unit, double ky, int64_t count,
                   Frequencies *restrict at) {
    float xx = (float)(galaxy[XX] * unit), yx = (float)(galaxy[YX] * unit);
    float x0 = (float)(galaxy[XY] * ky), y0 = (float)(galaxy[YY] * ky);
    for (int64_t i = 0; i < count; i++) {
        float k = (float)(first + i), x = xx * k + x0, y = yx * k + y0;
        at->squared[i] = x * x + y * y;
        at->cosine[i] = x;
        at->sine[i] = y;
    }
}

/* The same for the tables of harmonics, which are cubic B-splines of ln kappa. */
static void locate_nodes(const Plan *plan, int64_t count, double last_seen,
                         Frequencies *restrict at) {
    float first = (float)plan->first, inverse = (float)(1 / plan->step);
    float lowest = (float)exponential(plan->first), last = (float)(plan->nodes - 4);
    for (int64_t i = 0; i < count; i++) {
        float squared = at->squared[i], safe = squared > 1e-20f ? squared : 1e-20f;
        float kappa = root_f(safe), place = (0.5f * logarithm_f(safe) - first) * inverse;
        place = !(place > 1) ? 1 : place > last ? last : place;
        float near = whole_f(place), f = place - near, g = 1 - f;
        float dark = squared <= 1e-20f ? 0 : kappa < lowest ? kappa / lowest : 1;
        at->dark[i] = (double)i > last_seen ? 0 : dark;
        at->cosine[i] /= kappa;
        at->sine[i] /= kappa;
        at->node[i] = (int32_t)near - 1;
        at->weights[0][i] = g * g * g / 6;
        at->weights[1][i] = 2.0f / 3 - f * f * (1 - f / 2);
        at->weights[2][i] = 2.0f / 3 - g * g * (1 - g / 2);
        at->weights[3][i] = f * f * f / 6;
    }
}

/* Write a square of LANES times LANES with its axes exchanged: four perfect shuffles. */
static void transpose(float *restrict square, float *restrict spare) {
    int half = LANES * LANES / 2;
    for (int twice = 0; twice < 2; twice++) {
        for (int i = 0; i < half; i++) {
            spare[2 * i] = square[i];
            spare[2 * i + 1] = square[half + i];
        }
        for (int i = 0; i < half; i++) {
            square[2 * i] = spare[i];
            square[2 * i + 1] = spare[half + i];
        }
    }
}

/* Write the harmonics at each frequency: (count / LANES, NODE, LANES). */
static void interpolate(const float *restrict table, const Frequencies *restrict at, int64_t count,
                        float *restrict found) {
    for (int64_t i = 0; i < count; i++) {
        const float *restrict node = table + NODE * (int64_t)at->node[i];
        float w0 = at->weights[0][i], w1 = at->weights[1][i];
        float w2 = at->weights[2][i], w3 = at->weights[3][i];
        for (int h = 0; h < NODE; h++)
            found[NODE * i + h] = (w0 * node[h] + w1 * node[NODE + h]) +
                                  (w2 * node[2 * NODE + h] + w3 * node[3 * NODE + h]);
    }
    float spare[LANES * NODE];
    for (int64_t i = 0; i < count; i += LANES) transpose(found + NODE * i, spare);
}

/* Turn waves around the centre by one more period of a base. */
static void turn_wave(const float *restrict base, int64_t points, float *restrict wave) {
    const float *restrict c = base, *restrict s = base + ROW;
    float *restrict re = wave, *restrict im = wave + ROW;
    for (int64_t i = 0; i < points; i++) {
        float turned = re[i] * c[i] - im[i] * s[i];
        im[i] = re[i] * s[i] + im[i] * c[i];
        re[i] = turned;
    }
}

/* Add a harmonic times its wave, of which the real part counts. */
static void add_wave(const float *restrict found, const float *restrict wave,
                     const float *restrict dark, int64_t points, float *restrict sum) {
    const float *restrict c = wave, *restrict s = wave + ROW;
    for (int64_t i = 0; i < points; i += LANES) {
        const float *restrict re = found + NODE * i, *restrict im = re + HARMONICS * LANES;
        for (int h = 0; h < LANES; h++)
            sum[i + h] += (re[h] * c[i + h] - im[h] * s[i + h]) * dark[i + h];
    }
}

/* A galaxy's patterns, each of so many waves, of which amplitudes are `apart`, and memory. */
typedef struct {
    int64_t patterns, waves, apart;
    const double *restrict galaxy;     /* (GALAXY) */
    const double *restrict pattern;    /* (patterns, PATTERN) */
    const double *restrict amplitudes; /* (patterns, apart) */
    const int64_t *restrict orders;    /* (waves), ascending */
    float *restrict curve;             /* (6, radii) */
    float *restrict work;              /* (2, nodes, NODE) */
    float *restrict tables;            /* (waves / HARMONICS, nodes, NODE) */
} Arms;

static float *table_of(const Plan *plan, const Arms *arms, int64_t wave) {
    return arms->tables + wave / HARMONICS * plan->nodes * NODE;
}

/* Add the light of a pattern to all waves that it has. */
static void add_pattern(const Plan *plan, const Arms *arms, int64_t p) {
    int64_t radii = plan->radii, count = (int64_t)arms->pattern[p * PATTERN + COUNT], n = 0;
    float *turning = arms->curve, *cosine = turning + radii, *sine = cosine + radii;
    float *re = sine + radii, *im = re + radii, *fade = im + radii;
    const double *amplitudes = arms->amplitudes + p * arms->apart;
    follow(plan, arms->pattern + p * PATTERN, turning, cosine, sine);
    for (int64_t j = 0; j < plan->lit; j++) re[j] = (float)plan->light[j], im[j] = 0;
    for (int64_t w = 0; w < arms->waves; w++) {
        if (amplitudes[w] == 0) continue;
        for (; n < arms->orders[w] / count; n++) advance(plan->lit, cosine, sine, re, im);
        add_harmonic(plan->lit, (float)((double)n / arms->galaxy[CROWDED]), (float)amplitudes[w],
                     turning, re, im, fade, table_of(plan, arms, w) + w % HARMONICS);
    }
}

/* Write the tables of a galaxy. */
static void tabulate(const Plan *plan, const Arms *arms) {
    float *first = arms->work, *second = first + plan->nodes * NODE;
    for (int64_t w = 0; w < arms->waves; w += HARMONICS)
        memset(table_of(plan, arms, w), 0, (size_t)(plan->radii * NODE) * sizeof(float));
    for (int64_t p = 0; p < arms->patterns; p++) add_pattern(plan, arms, p);
    for (int64_t w = 0; w < arms->waves; w += HARMONICS) {
        float *table = table_of(plan, arms, w);
        memcpy(first, table, (size_t)(plan->radii * NODE) * sizeof(float));
        float *modes = fourier(plan, plan->radii, first, second);
        float *other = modes == first ? second : first;
        hankel(plan, arms->orders + w, modes, other);
        finish(plan, arms->orders + w, fourier(plan, plan->nodes, other, modes), table);
    }
}

/* Write exp(i unit psi). */
static void write_base(const Frequencies *at, int64_t unit, int64_t points, float *base) {
    float once[2 * ROW];
    memcpy(once, at->cosine, ROW * sizeof(float));
    memcpy(once + ROW, at->sine, ROW * sizeof(float));
    memcpy(base, once, sizeof once);
    for (int64_t n = 1; n < unit; n++) turn_wave(once, points, base);
}

/* Add the light of all arms at some frequencies. */
static void add_arms(const Plan *plan, const Arms *arms, const Frequencies *at, int64_t points,
                     float *restrict re, float *restrict im) {
    float found[ROW * NODE], base[2 * ROW], wave[2 * ROW] = {0};
    int64_t unit = (int64_t)arms->galaxy[UNIT], turned = 0;
    write_base(at, unit, points, base);
    for (int64_t i = 0; i < points; i++) wave[i] = 1;
    for (int64_t w = 0; w < arms->waves; w++) {
        int64_t order = arms->orders[w], h = w % HARMONICS;
        if (h == 0) interpolate(table_of(plan, arms, w), at, points, found);
        for (; turned < order; turned += unit) turn_wave(base, points, wave);
        add_wave(found + h * LANES, wave, at->dark, points, order % 2 ? im : re);
    }
}

/* Add a Sersic profile whose radius is `ratio` of the disc's. */
static void add_profile(Line line, float flux, float ratio, const Frequencies *at, int64_t points,
                        float *restrict re) {
    float squared[ROW], found[ROW];
    for (int64_t i = 0; i < points; i++) squared[i] = ratio * ratio * at->squared[i];
    for (int64_t i = 0; i < points; i += LANES) look_up(line, squared + i, found + i);
    for (int64_t i = 0; i < points; i++) re[i] += flux * found[i];
}

/* Disc and bulge, as they lie in the tables of profiles. */
typedef struct {
    Line disc, bulge;
} Smooth;

/* Write the cubic through the tables, for the frequencies of the grid. */
static Smooth smooth_of(const double *galaxy, Table discs, Table bulges, double unit, int64_t last,
                        float *lines) {
    double x = galaxy[XX] * galaxy[XX] + galaxy[XY] * galaxy[XY];
    double y = galaxy[YX] * galaxy[YX] + galaxy[YY] * galaxy[YY];
    double highest = 2 * (x + y) * unit * unit * (double)(last * last);
    double ratio = galaxy[RADIUS_RATIO] * galaxy[RADIUS_RATIO];
    Smooth smooth = {line_of(discs, galaxy[DISC_PLACE], 0, highest, lines),
                     line_of(bulges, galaxy[BULGE_PLACE], 0, highest * ratio, lines + NODES)};
    return smooth;
}

/* Write part of a line of frequencies, `points` of them from the first on. */
static void draw_row(const Plan *plan, const Arms *arms, const Smooth *smooth, double unit,
                     int64_t grid_last, int64_t first, int64_t row, int64_t points, int64_t parts,
                     float *restrict result) {
    const double *galaxy = arms->galaxy;
    Frequencies at;
    float re[ROW] = {0}, im[ROW] = {0};
    double ky = unit * (double)row, left = galaxy[HIGHEST] * galaxy[HIGHEST] - ky * ky;
    double last = left > 0 ? whole(root(left) / unit) - (double)first : -1;
    int64_t within = rows_within(grid_last, row < 0 ? -row : row) + 1 - first;
    int64_t padded = smaller(larger(within + LANES - 1, 0), points + LANES - 1) / LANES * LANES;
    int64_t seen = last < 0 ? 0 : smaller(((int64_t)last + LANES) / LANES * LANES, padded);
    locate(galaxy, first, unit, ky, padded, &at);
    add_profile(smooth->disc, (float)galaxy[DISC_FLUX], 1, &at, padded, re);
    add_profile(smooth->bulge, (float)galaxy[BULGE_FLUX], (float)galaxy[RADIUS_RATIO], &at, padded,
                re);
    locate_nodes(plan, seen, last, &at);
    add_arms(plan, arms, &at, seen, re, im);
    for (int64_t i = larger(within, 0); i < padded; i++) re[i] = im[i] = 0;
    for (int64_t i = 0; i < points; i++) result[parts * i] = re[i];
    if (parts == 2)
        for (int64_t i = 0; i < points; i++) result[2 * i + 1] = im[i];
}

static void draw(const Plan *plan, const Arms *arms, const Smooth *smooth, double unit,
                 int64_t last, int64_t parts, float *result) {
    int64_t columns = last + 1;
    tabulate(plan, arms);
    for (int64_t y = 0; y <= 2 * last; y++)
        for (int64_t x = 0; x < columns; x += ROW)
            draw_row(plan, arms, smooth, unit, last, x, y > last ? y - 2 * last - 1 : y,
                     smaller(ROW, columns - x), parts, result + parts * (y * columns + x));
    result[0] = (float)arms->galaxy[DISC_FLUX] * smooth->disc.at_zero +
                (float)arms->galaxy[BULGE_FLUX] * smooth->bulge.at_zero;
}

/* Whether a galaxy's orders ascend, are tabulated and multiples of its unit. */
static int orders_fit(const double *galaxy, const int64_t *orders, int64_t waves, int64_t known) {
    double unit = galaxy[UNIT], own = galaxy[GROUPS] * HARMONICS;
    if (!(own >= HARMONICS && own <= (double)waves && unit >= 1 && unit < 1 << 20)) return 0;
    for (int64_t w = 0; w < (int64_t)own; w++) {
        if (orders[w] < (w ? orders[w - 1] : 1) || orders[w] >= known) return 0;
        if (orders[w] % (int64_t)unit) return 0;
    }
    return 1;
}

/* Whether patterns have a whole number of arms. */
static int counts_fit(const double *patterns, int64_t count) {
    for (int64_t p = 0; p < count; p++) {
        double arms = patterns[p * PATTERN + COUNT];
        if (!(arms >= 1 && arms < 1 << 20)) return 0;
    }
    return 1;
}

/* Write the transforms of galaxies with arms, (galaxies, ky, kx): kx from 0 to the last, ky from 0 to
   the last and then from -last to -1, in multiples of `unit`.

   Of one part they are real, and all orders are even. Beyond the circle through the last kx they
   are 0: there is as little power as beyond that. The other arrays are those of `arms.py`. */
KERNEL(arms, ARRAY(const double, galaxies), ARRAY(const double, patterns),
       ARRAY(const double, amplitudes), ARRAY(const int64_t, orders), int64_t count, double unit,
       int64_t last, int64_t parts, double first, double step, ARRAY(const double, radius),
       ARRAY(const double, light), ARRAY(const float, turns), ARRAY(const float, symbols),
       ARRAY(const float, rescale),
       ARRAY(const float, discs), ARRAY(const float, bulges), ARRAY(float, curve),
       ARRAY(float, work), ARRAY(float, transforms)) {
    REQUIRE(count >= 1 && galaxies_length == count * GALAXY);
    REQUIRE(patterns_length >= count * PATTERN && patterns_length % (count * PATTERN) == 0);
    int64_t every = patterns_length / PATTERN, each = every / count;
    int64_t waves = amplitudes_length / every;
    REQUIRE(waves >= HARMONICS && waves % HARMONICS == 0 && amplitudes_length == every * waves);
    REQUIRE(orders_length == count * waves && counts_fit(patterns, every));
    int64_t radii = radius_length, nodes = OVERSAMPLING * radii;
    REQUIRE(radii >= 8 && (radii & (radii - 1)) == 0 && light_length == radii);
    REQUIRE(turns_length == 2 * nodes && rescale_length == nodes && curve_length == 6 * radii);
    REQUIRE(symbols_length % (2 * radii) == 0);
    for (int64_t g = 0; g < count; g++)
        REQUIRE(orders_fit(galaxies + g * GALAXY, orders + g * waves, waves,
                           symbols_length / (2 * radii)));
    REQUIRE(first > -100 && first < 100 && step > 1e-6 && step < 10);
    REQUIRE(discs_length % NODES == 0 && discs_length >= 4 * NODES);
    REQUIRE(bulges_length % NODES == 0 && bulges_length >= 4 * NODES);
    REQUIRE(unit > 0 && last >= 0 && last < 1 << 20 && (parts == 1 || parts == 2));
    int64_t floats = parts * (2 * last + 1) * (last + 1);
    REQUIRE(transforms_length == count * floats);
    REQUIRE(work_length == 2 * NODES + (2 + waves / HARMONICS) * nodes * NODE);
    int64_t lit = radii;
    while (lit > 0 && light[lit - 1] == 0) lit--;
    Plan plan = {radii, nodes, lit, first, step, radius, light, turns, symbols, rescale};
    Table of_discs = {discs, discs_length / NODES}, of_bulges = {bulges, bulges_length / NODES};
    float *own = work + 2 * NODES;
    for (int64_t g = 0; g < count; g++) {
        const double *galaxy = galaxies + g * GALAXY;
        Arms arms = {each, (int64_t)galaxy[GROUPS] * HARMONICS, waves, galaxy,
                     patterns + g * each * PATTERN, amplitudes + g * each * waves,
                     orders + g * waves, curve, own, own + 2 * nodes * NODE};
        Smooth smooth = smooth_of(galaxy, of_discs, of_bulges, unit, last, work);
        draw(&plan, &arms, &smooth, unit, last, parts, transforms + g * floats);
    }
    return 0;
}
