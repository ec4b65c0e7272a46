/* Moffat profiles integrated over pixels, lengths in pixels; generators/sky/moffat.py has formulae.

   Away from the star a pixel's mean is the value at its centre and the derivatives of second and
   fourth order, in single precision: relative errors are 1e-6. In the 7 x 7 pixels about a star
   that is not wide, it is the flow through the pixel's border, in double precision. With E(r)
   the flux within r, the field of size E(r) / (2 pi r) along r has the surface brightness as its
   divergence; so what a border takes from one pixel it gives to the next, and no light is lost. */

#include "elementary.h"
#include "engine.h"

enum { CORE = 3, SIDE = 2 * CORE + 1, MOST_POINTS = 20, COLUMNS = 512, LANES = 16 };

/* From this FWHM on the derivatives do at the centre, too. */
#define WIDE 8.0

#define PI 3.141592653589793

typedef struct {
    double radius, beta, flux, half_width, nearest;
} Moffat;

/* A Gauss-Legendre rule on [-1, 1]: the nodes of its upper half, and their weights. */
typedef struct {
    double least_half_width;
    int points;
    double nodes[MOST_POINTS / 2], weights[MOST_POINTS / 2];
} Rule;

/* For a segment of a pixel's length: the sharper the profile, the more points. */
static const Rule RULES[] = {
    {1.25, 4, {0.33998104358485626, 0.8611363115940526}, {0.6521451548625464, 0.34785484513745357}},
    {0.5, 6, {0.2386191860831969, 0.6612093864662645, 0.9324695142031521},
     {0.46791393457269104, 0.36076157304813861, 0.17132449237917036}},
    {0, 20, {0.07652652113349734, 0.2277858511416451, 0.37370608871541955, 0.5108670019508271,
      0.636053680726515, 0.7463319064601508, 0.8391169718222188, 0.912234428251326,
      0.9639719272779138, 0.9931285991850949},
     {0.15275338713072584, 0.14917298647260374, 0.14209610931838204, 0.13168863844917664,
      0.11819453196151841, 0.10193011981724044, 0.08327674157670475, 0.06267204833410907,
      0.04060142980038694, 0.017614007139152118}},
};

static const Rule *rule_of(const Moffat *star) {
    const Rule *rule = RULES;
    while (star->half_width < rule->least_half_width) rule++;
    return rule;
}

/* ln(1 + s) in single precision, to 3 ulp, for s from 0 on. */
static inline float logarithm_of_one_and(float s) {
    float sum = 1 + s;
    return logarithm_f(sum) + (s - (sum - 1)) / sum;
}

/* Write means of pixels over the surface brightness at the star, by derivatives at their centres;
   xx and yy are the squares of their distances along the axes. */
static void smooth(
    const Moffat *star, float yy, const float *restrict xx, int64_t count, float *restrict values
) {
    float inverse = (float)(1 / (star->radius * star->radius)), beta = (float)star->beta;
    float nearest = (float)(star->nearest * star->nearest);
    for (int64_t i = 0; i < count; i++) {
        float rr = xx[i] + yy;
        rr = rr > nearest ? rr : nearest;
        float s = rr * inverse, q = inverse / (1 + s);
        float first = beta * q, second = first * (beta + 1) * q;
        float third = second * (beta + 2) * q, fourth = third * (beta + 3) * q;
        float mean = 1 + (rr * second - first) * (1.0f / 6);
        mean += (second * 0.5f - rr * third) * (7.0f / 180);
        mean += fourth * (rr * rr * (1.0f / 120) + xx[i] * yy * (1.0f / 90));
        float value = exponential_f(-beta * logarithm_of_one_and(s)) * mean;
        values[i] = value > 0 ? value : 0;
    }
}

/* Write some columns of a stamp, at most COLUMNS; width is that of the stamp. */
static void smooth_columns(
    const Moffat *star, const double *dx, const double *dy, int64_t columns, int64_t width,
    int64_t height, double *restrict pixels
) {
    float xx[COLUMNS] = {0}, values[COLUMNS];
    double peak = star->flux * (star->beta - 1) / (PI * star->radius * star->radius);
    /* Whole vectors: what is left over of a short row would take as long as the row. */
    int64_t padded = (columns + LANES - 1) / LANES * LANES;
    for (int64_t i = 0; i < columns; i++) xx[i] = (float)(dx[i] * dx[i]);
    for (int64_t j = 0; j < height; j++) {
        smooth(star, (float)(dy[j] * dy[j]), xx, padded, values);
        for (int64_t i = 0; i < columns; i++) pixels[j * width + i] = peak * values[i];
    }
}

/* Write E / r^2 at places along a line at a distance from the star. */
static void within(
    const Moffat *star, double distance, const double *restrict places, int count,
    double *restrict values
) {
    double inverse = 1 / (star->radius * star->radius), power = 1 - star->beta;
    for (int i = 0; i < count; i++) {
        /* Never 0, where nothing flows. */
        double rr = distance * distance + places[i] * places[i] + 1e-300;
        values[i] = (1 - exponential(power * logarithm(1 + rr * inverse))) / rr;
    }
}

static double inverse_sinh(double z) {
    double size = z < 0 ? -z : z, found = logarithm(size + root(size * size + 1));
    return z < 0 ? -found : found;
}

/* Write the points of a rule in each unit segment between ends. */
static void points_between(const Rule *rule, const double *ends, double *restrict points) {
    for (int i = 0; i < SIDE; i++) {
        double middle = (ends[i + 1] + ends[i]) / 2, half = (ends[i + 1] - ends[i]) / 2;
        for (int k = 0; k < rule->points / 2; k++) {
            *points++ = middle - half * rule->nodes[k];
            *points++ = middle + half * rule->nodes[k];
        }
    }
}

/* Write the integrals over the segments from values at their points. */
static void integrals(
    const Rule *rule, const double *ends, const double *values, double *restrict sums
) {
    for (int i = 0; i < SIDE; i++) {
        double sum = 0;
        for (int k = 0; k < rule->points / 2; k++) {
            sum += rule->weights[k] * (values[0] + values[1]);
            values += 2;
        }
        sums[i] = sum * (ends[i + 1] - ends[i]) / 2;
    }
}

/* Write the flow through the unit segments of a line. */
static void line_flow(
    const Moffat *star, double distance, const double *ends, double *restrict flows
) {
    const Rule *rule = rule_of(star);
    double points[SIDE * MOST_POINTS], values[SIDE * MOST_POINTS];
    points_between(rule, ends, points);
    within(star, distance, points, SIDE * rule->points, values);
    integrals(rule, ends, values, flows);
    for (int i = 0; i < SIDE; i++) flows[i] *= star->flux * distance / (2 * PI);
}

/* The same of a profile sharper than a pixel: at places w sinh v along the line, v being spread
   evenly, so that points gather where the profile is sharp. */
static void sharp_line_flow(
    const Moffat *star, double distance, const double *ends, double *restrict flows
) {
    const Rule *rule = rule_of(star);
    double w = root(distance * distance + star->half_width * star->half_width);
    double turned[SIDE + 1], points[SIDE * MOST_POINTS], slopes[SIDE * MOST_POINTS];
    double values[SIDE * MOST_POINTS];
    for (int i = 0; i <= SIDE; i++) turned[i] = inverse_sinh(ends[i] / w);
    points_between(rule, turned, points);
    for (int i = 0; i < SIDE * MOST_POINTS; i++) {
        double e = exponential(points[i]), below = 1 / e;
        points[i] = w * (e - below) / 2;
        slopes[i] = w * (e + below) / 2;
    }
    within(star, distance, points, SIDE * MOST_POINTS, values);
    for (int i = 0; i < SIDE * MOST_POINTS; i++) values[i] *= slopes[i];
    integrals(rule, turned, values, flows);
    for (int i = 0; i < SIDE; i++) flows[i] *= star->flux * distance / (2 * PI);
}

/* Write the pixels about the star, as far as they are on the stamp; (x, y) is the first pixel's
   centre less the star. */
static void core(
    const Moffat *star, double x, double y, int64_t nx, int64_t ny, double *restrict pixels
) {
    double left = whole(0.5 - x) - CORE, low = whole(0.5 - y) - CORE;
    if (!(left < nx && low < ny && left > -SIDE && low > -SIDE)) return;
    int sharp = rule_of(star)->least_half_width == 0;
    void (*through)(const Moffat *, double, const double *, double *) =
        sharp ? sharp_line_flow : line_flow;
    double columns[SIDE + 1], rows[SIDE + 1], across[SIDE + 1][SIDE], up[SIDE + 1][SIDE];
    for (int i = 0; i <= SIDE; i++) {
        columns[i] = x + left + i - 0.5;
        rows[i] = y + low + i - 0.5;
    }
    for (int i = 0; i <= SIDE; i++) {
        through(star, columns[i], rows, across[i]);
        through(star, rows[i], columns, up[i]);
    }
    for (int64_t j = larger(0, -(int64_t)low); j < smaller(SIDE, ny - (int64_t)low); j++) {
        double *row = pixels + (j + (int64_t)low) * nx + (int64_t)left;
        for (int64_t i = larger(0, -(int64_t)left); i < smaller(SIDE, nx - (int64_t)left); i++) {
            double flux = (across[i + 1][j] - across[i][j]) + (up[j + 1][i] - up[j][i]);
            row[i] = flux > 0 ? flux : 0;
        }
    }
}

/* Write the flux of stars in the pixels of their stamps, (star, y, x).

   dx and dy are (star, x) and (star, y): the centres of pixels less the star, one apart unless
   nearest is above 0: nearer pixels then have the light that is there, and the core is left out.
   radius, beta and flux have a value a star. */
KERNEL(moffats, double nearest, ARRAY(const double, dx), ARRAY(const double, dy),
       ARRAY(const double, radius), ARRAY(const double, beta), ARRAY(const double, flux),
       ARRAY(double, pixels)) {
    int64_t count = radius_length;
    REQUIRE(beta_length == count && flux_length == count);
    if (count == 0) return 0;
    int64_t nx = dx_length / count, ny = dy_length / count;
    REQUIRE(dx_length == nx * count && dy_length == ny * count && nx > 0 && ny > 0);
    REQUIRE(pixels_length == count * nx * ny);
    for (int64_t one = 0; one < count; one++) {
        double excess = exponential(0.6931471805599453 / beta[one]) - 1;
        const Moffat star = {radius[one], beta[one], flux[one], radius[one] * root(excess),
            nearest};
        const double *x = dx + one * nx, *y = dy + one * ny;
        double *stamp = pixels + one * nx * ny;
        for (int64_t i = 0; i < nx; i += COLUMNS)
            smooth_columns(&star, x + i, y, smaller(COLUMNS, nx - i), nx, ny, stamp + i);
        if (nearest == 0 && 2 * star.half_width < WIDE)
            core(&star, x[0], y[0], nx, ny, stamp);
    }
    return 0;
}
