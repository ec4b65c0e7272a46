/* Galaxies of Sersic profiles under a PSF: their transforms, the light of their copies, their wings. */

#include "wings.h"

#define CHEBYSHEV 5
#define COPIES 8
#define COPY_PLACES (CHEBYSHEV * CHEBYSHEV * COPIES)
#define ANGLES 32
#define RULE 16

/* The light at r = `DARKEST` of the peak is nothing, for a copy of the PSF. */
#define DARKEST 1e-6
/* Exponent of the PSF below which its wings are wide (`cut_psf.WIDE`): where nobody sees them, they
   still hold flux. */
#define WIDE 2.5

/* Frequencies along the major and the minor axis of a galaxy, times its half-light radii. */
typedef struct {
    float major_x, major_y, minor_x, minor_y;
} Axes;

static Axes axes_of(const Galaxy *g, int64_t size) {
    double sine, cosine, major = g->half_light_radius * 2 * PI / (double)size;
    double minor = major * g->axis_ratio;
    sine_cosine(g->position_angle * (PI / 180), &sine, &cosine);
    Axes axes = {(float)(major * cosine), (float)(major * sine), (float)(-minor * sine),
                 (float)(minor * cosine)};
    return axes;
}

static void profile_row(Axes axes, int64_t first, float ky, Line line, float *restrict values) {
    float squared[LANES], major_y = axes.major_y * ky, minor_y = axes.minor_y * ky;
    for (int i = 0; i < LANES; i++) {
        float kx = (float)(first + i);
        float along = axes.major_x * kx + major_y, across = axes.minor_x * kx + minor_y;
        squared[i] = along * along + across * across;
    }
    look_up(line, squared, values);
}

/* The transforms of unit-flux ellipses about the origin, LANES columns of kx. */
static void write_profile(Axes axes, int64_t first, int64_t rows, Line line, Work w) {
    for (int64_t j = 0; j <= rows; j++) {
        profile_row(axes, first, (float)j, line, w.up_re + j * LANES);
        profile_row(axes, first, -(float)j, line, w.down_re + j * LANES);
    }
    if (first == 0) w.up_re[0] = line.at_zero;
}

static Line profile_line(Axes axes, double place, int64_t last, Table table, float *values) {
    double major = (double)axes.major_x * axes.major_x + (double)axes.major_y * axes.major_y;
    double minor = (double)axes.minor_x * axes.minor_x + (double)axes.minor_y * axes.minor_y;
    double farthest = 2.0 * (double)last * (double)last;
    return line_of(table, place, minor, major * farthest, values);
}

/* The share of a Sersic profile's flux outside of a square about it, of a half side. With E(m) the
   share within an elliptical radius, it is the mean of 1 - E over the angle on the circularised
   profile, at the m where that direction leaves the square. */
static double profile_outside(const Galaxy *g, double half, Table shares, double place) {
    double sine, cosine, q = g->axis_ratio;
    sine_cosine(g->position_angle * (PI / 180), &sine, &cosine);
    float values[NODES], squared[ANGLES], found[ANGLES];
    double scaled = half / g->half_light_radius, nearest_m = 1e300, farthest_m = 0;
    for (int i = 0; i < ANGLES; i++) {
        double s, c;
        sine_cosine(PI * (i + 0.5) / ANGLES, &s, &c);
        double x = c * cosine - q * s * sine, y = c * sine + q * s * cosine;
        x = x < 0 ? -x : x;
        y = y < 0 ? -y : y;
        double m = scaled / (x > y ? x : y);
        m = m < 1e15 ? m : 1e15;
        squared[i] = (float)(m * m);
        nearest_m = m < nearest_m ? m : nearest_m;
        farthest_m = m > farthest_m ? m : farthest_m;
    }
    Line line = line_of(shares, place, nearest_m * nearest_m, farthest_m * farthest_m, values);
    for (int i = 0; i < ANGLES; i += LANES) look_up(line, squared + i, found + i);
    double total = 0;
    for (int i = 0; i < ANGLES; i++) total += found[i];
    return total / ANGLES;
}

/* The share of a Moffat's flux outside of such a square, by a rule over an eighth of a turn. */
static double psf_outside(const Galaxy *g, double half, const double *rule) {
    double scale = g->psf_fwhm * moffat_scale(g->psf_beta), share[RULE], total = 0;
    for (int i = 0; i < RULE; i++) {
        double squared = half * rule[i] / scale;
        share[i] = exponential((1 - g->psf_beta) * logarithm_of_more(squared * squared));
    }
    for (int i = 0; i < RULE; i++) total += rule[RULE + i] * share[i];
    return total;
}

/* Places of the Chebyshev nodes of a stamp's axis, off a source. */
static void chebyshev_places(int64_t length, double source, double *places) {
    static const double nodes[CHEBYSHEV] = {0x1.e6f0e134454ffp-1, 0x1.2cf2304755a5ep-1, 0,
                                            -0x1.2cf2304755a5ep-1, -0x1.e6f0e134454ffp-1};
    for (int i = 0; i < CHEBYSHEV; i++) {
        places[i] = (double)(length - 1) / 2 * (1 + nodes[i]) - source;
    }
}

/* Write (node, node) light that the copies of a unit-flux galaxy shed upon its stamp. The eight
   nearest are summed; all others together shed a uniform light. */
static void write_copies(const Galaxy *g, Grid grid, double x, double y, double far,
                         float *shed) {
    double along_x[CHEBYSHEV], along_y[CHEBYSHEV], dx[COPY_PLACES], dy[COPY_PLACES];
    float light[COPY_PLACES] = {0};
    chebyshev_places(grid.width, x, along_x);
    chebyshev_places(grid.height, y, along_y);
    for (int copy = 0; copy < COPIES; copy++) {
        int turn = copy < 4 ? copy : copy + 1, nodes = CHEBYSHEV * CHEBYSHEV;
        for (int i = 0; i < nodes; i++) {
            dx[copy * nodes + i] = along_x[i % CHEBYSHEV] + (double)((turn % 3 - 1) * grid.size);
            dy[copy * nodes + i] = along_y[i / CHEBYSHEV] + (double)((turn / 3 - 1) * grid.size);
        }
    }
    if (g->tapered == 0) profile_light(g, COPY_PLACES, dx, dy, light);
    double half = (double)grid.size / 2, one = 0;
    float bright = 0;
    if (g->psf_fwhm > 0) add_psf_light(g, 1, &half, &one, &bright);
    if (g->psf_beta < WIDE || bright > DARKEST * g->least_peak) {
        add_psf_light(g, COPY_PLACES, dx, dy, light);
    }
    for (int i = 0; i < CHEBYSHEV * CHEBYSHEV; i++) {
        shed[i] = (float)(far / ((double)grid.size * (double)grid.size));
        for (int copy = 0; copy < COPIES; copy++) {
            shed[i] += light[copy * CHEBYSHEV * CHEBYSHEV + i];
        }
    }
}

/* (node, pixel) weights of Lagrange's interpolation between the Chebyshev nodes of an axis. */
static void write_lagrange(int64_t length, float *weights) {
    double at[CHEBYSHEV];
    chebyshev_places(length > 2 ? length : 2, 0, at);
    for (int node = 0; node < CHEBYSHEV; node++) {
        for (int64_t pixel = 0; pixel < length; pixel++) {
            double weight = 1;
            for (int other = 0; other < CHEBYSHEV; other++) {
                if (other != node) {
                    weight *= ((double)pixel - at[other]) / (at[node] - at[other]);
                }
            }
            weights[node * length + pixel] = (float)weight;
        }
    }
}

static void take_row(int64_t width, const float *restrict w, const float *restrict c,
                     float *restrict row) {
    for (int64_t i = 0; i < width; i++) {
        row[i] -= c[0] * w[i] + c[1] * w[i + width] + c[2] * w[i + 2 * width] +
                  c[3] * w[i + 3 * width] + c[4] * w[i + 4 * width];
    }
}

/* Take the light at the nodes, times the flux, off a stamp. */
static void take_copies(Grid grid, const float *shed, float flux, const float *along_y,
                        const float *along_x, float *stamp) {
    for (int64_t y = 0; y < grid.height; y++) {
        float row[CHEBYSHEV];
        for (int i = 0; i < CHEBYSHEV; i++) {
            float sum = 0;
            for (int j = 0; j < CHEBYSHEV; j++) {
                sum += along_y[j * grid.height + y] * shed[j * CHEBYSHEV + i];
            }
            row[i] = sum * flux;
        }
        take_row(grid.width, along_x, row, stamp + y * grid.width);
    }
}

/* Write the stamps of galaxies, (m, height, width), less what their copies shed: from (x0, y0) on.

   `places` has, for each galaxy, where its rows lie in the tables of profiles and of PSFs; `sizes`
   its grid, its last frequency and where in `twiddles` those of its grid begin. `rule` holds the
   secants of angles between 0 and 45 degrees, then their weights; `shares` the share of the flux
   outside of a radius. */
KERNEL(galaxies, ARRAY(const double, galaxies), ARRAY(const double, places),
       ARRAY(const int64_t, x0), ARRAY(const int64_t, y0), ARRAY(const int64_t, sizes),
       ARRAY(const float, table), ARRAY(const float, psf_table), ARRAY(const float, shares),
       ARRAY(const double, rule), ARRAY(const float, twiddles), int64_t height, int64_t width,
       ARRAY(float, weights), ARRAY(float, scratch), ARRAY(float, stamps)) {
    int64_t count = x0_length;
    REQUIRE(galaxies_length == count * COLUMNS && places_length == 2 * count);
    REQUIRE(y0_length == count && sizes_length == 3 * count && rule_length == 2 * RULE);
    REQUIRE(table_length % NODES == 0 && table_length >= 4 * NODES);
    REQUIRE(psf_table_length % NODES == 0 && psf_table_length >= 4 * NODES);
    REQUIRE(shares_length % NODES == 0 && shares_length >= 4 * NODES);
    REQUIRE(height >= 0 && width >= 0 && stamps_length == count * height * width);
    REQUIRE(weights_length >= CHEBYSHEV * (height + width));
    for (int64_t m = 0; m < count; m++) {
        int64_t size = sizes[3 * m], last = sizes[3 * m + 1], start = sizes[3 * m + 2];
        REQUIRE(only_small_factors(size) && size % 2 == 0 && last >= 0);
        REQUIRE(height <= size && width <= size);
        REQUIRE(start >= 0 && twiddles_length - start >= twiddle_count(size));
        REQUIRE(scratch_length >= work_floats(size, last, height));
    }
    Table profiles = {table, table_length / NODES}, psfs = {psf_table, psf_table_length / NODES};
    Table outside = {shares, shares_length / NODES};
    float *along_y = weights, *along_x = weights + CHEBYSHEV * height;
    write_lagrange(height, along_y);
    write_lagrange(width, along_x);
    for (int64_t m = 0; m < count; m++) {
        Galaxy g = galaxy_at(galaxies, m);
        int64_t size = sizes[3 * m], last = sizes[3 * m + 1];
        Grid grid = {size, last, height, width, twiddles + sizes[3 * m + 2]};
        Work w = work_in(scratch, size, last, height);
        double x = g.x - (double)x0[m], y = g.y - (double)y0[m];
        Psf psf = {places[2 * m + 1], g.psf_fwhm > 0 ? g.psf_fwhm : 1e-9};
        Axes axes = axes_of(&g, size);
        Line line = begin_source(grid, psf, psfs, x, y, w);
        Line profile = profile_line(axes, places[2 * m], last, profiles, w.profile_line);
        for (int64_t first = 0; first <= last; first += LANES) {
            int64_t rows = rows_within(last, first);
            write_transfer(grid, first, rows, line, psf.fwhm, w);
            write_profile(axes, first, rows, profile, w);
            finish_columns(grid, first, rows, 1, w);
        }
        float *stamp = stamps + m * height * width, shed[CHEBYSHEV * CHEBYSHEV];
        finish_rows(grid, (float)(g.flux / ((double)size * (double)size)), w, stamp);
        double far = g.tapered ? 0 : profile_outside(&g, 1.5 * (double)size, outside, places[2 * m]);
        if (g.psf_fwhm > 0) far += psf_outside(&g, 1.5 * (double)size, rule);
        write_copies(&g, grid, x, y, far, shed);
        take_copies(grid, shed, (float)g.flux, along_y, along_x, stamp);
    }
    return 0;
}

/* Add the light of a row of pixels, by a rule of `points` along each axis of a pixel. */
static void add_pixels(const Galaxy *g, double x, double y, int64_t width, int64_t points,
                       const double *rule, double *offsets, float *light, float *row) {
    double *dx = offsets, *dy = offsets + width;
    for (int64_t k = 0; k < points * points; k++) {
        int64_t up = k / points, across = k % points;
        float weight = (float)(rule[points + up] * rule[points + across] * g->flux);
        for (int64_t i = 0; i < width; i++) {
            dx[i] = (double)i + rule[across] - x;
            dy[i] = rule[up] - y;
        }
        profile_light(g, width, dx, dy, light);
        for (int64_t i = 0; i < width; i++) row[i] += weight * light[i];
    }
}

/* Write the stamps of galaxies without a PSF, by a rule over each pixel: `rule` holds points in
   [-1/2, 1/2], then their weights. Pixels on the cusp are left to another. */
KERNEL(unblurred, ARRAY(const double, galaxies), ARRAY(const int64_t, x0),
       ARRAY(const int64_t, y0), int64_t height, int64_t width, ARRAY(const double, rule),
       ARRAY(double, offsets), ARRAY(float, light), ARRAY(float, stamps)) {
    int64_t count = x0_length;
    REQUIRE(galaxies_length == count * COLUMNS && y0_length == count && rule_length % 2 == 0);
    REQUIRE(height >= 0 && width >= 0 && stamps_length == count * height * width);
    REQUIRE(offsets_length >= 2 * width && light_length >= width);
    for (int64_t m = 0; m < count; m++) {
        Galaxy g = galaxy_at(galaxies, m);
        for (int64_t y = 0; y < height; y++) {
            float *row = stamps + (m * height + y) * width;
            memset(row, 0, sizeof(float) * (size_t)width);
            add_pixels(&g, g.x - (double)x0[m], g.y - (double)(y0[m] + y), width, rule_length / 2,
                       rule, offsets, light, row);
        }
    }
    return 0;
}

/* Write the light of wings at the nodes of stamps that begin at (x0, y0), (m, node, node), and no
   more than a few times the least peak, where a node lies on a cusp. */
KERNEL(wings, ARRAY(const double, galaxies), ARRAY(const int64_t, x0), ARRAY(const int64_t, y0),
       int64_t height, int64_t width, ARRAY(double, offsets), ARRAY(float, nodes)) {
    int64_t count = x0_length, rows = node_count(height), across = node_count(width);
    REQUIRE(galaxies_length == count * COLUMNS && y0_length == count);
    REQUIRE(height >= 1 && width >= 1 && offsets_length >= 2 * across);
    REQUIRE(nodes_length == count * rows * across);
    double *dx = offsets, *dy = offsets + across;
    for (int64_t m = 0; m < count; m++) {
        Galaxy g = galaxy_at(galaxies, m);
        float cap = (float)(4 * g.least_peak), flux = (float)g.flux;
        for (int64_t i = 0; i < across; i++) dx[i] = (double)(x0[m] + STEP * (i - 1)) - g.x;
        for (int64_t row = 0; row < rows; row++) {
            float *restrict light = nodes + (m * rows + row) * across;
            for (int64_t i = 0; i < across; i++) {
                dy[i] = (double)(y0[m] + STEP * (row - 1)) - g.y;
                light[i] = 0;
            }
            if (g.tapered == 0) profile_light(&g, across, dx, dy, light);
            if (g.psf_fwhm > 0) add_psf_light(&g, across, dx, dy, light);
            for (int64_t i = 0; i < across; i++) light[i] = flux * (light[i] < cap ? light[i] : cap);
        }
    }
    return 0;
}

/* Radii of which the least is chosen beyond which wings tell all, and sides of grids. */
#define RADII 28

/* What the wings neglect is chosen for this error over the peak, ... */
#define TOLERANCE 1e-4
/* ... and this error of the flux, as light a squared radius. */
#define FLUX_TOLERANCE 10.0
/* Under wide wings the flux is known by so much better. */
#define STRICTER 8.0
/* Weight of a node that far inside, in the light outside. */
#define LEAK 0.1
/* Relative error of the uniform light that stands for all copies but the nearest. */
#define UNEVEN 0.03
/* Axis ratio from which on that holds. */
#define ROUND 0.3

static double strictness(const Galaxy *g) { return g->psf_beta < WIDE ? STRICTER : 1; }

static double power_4(double x) { return x * x * x * x; }

static double grown_less_one(double x) {
    double within = x < 50 ? x : 50;
    return within < 1e-5 ? within : exponential(within) - 1;
}

static double moffat_light(double squared, double scale, double beta) {
    return (beta - 1) / (PI * scale * scale) * exponential(-beta * logarithm_of_more(squared));
}

/* What the wings of a galaxy neglect at a radius along its major axis: the blur of the PSF, the
   light that it has scattered away, and the mesh, which carries light outwards by its steps. */
static double neglected(const Galaxy *g, double scale, double beta, double radius) {
    double r = g->half_light_radius, n = g->sersic_index, q = g->axis_ratio;
    double inside = radius > 12.1 ? radius - 12 : 0.1, squared = radius * radius;
    double exponent = g->b * exponential(logarithm(radius / r) / n);
    double inner = g->b * exponential(logarithm(inside / r) / n), slope = exponent / n;
    double blur = 0.4 * g->psf_fwhm * g->psf_fwhm * (slope * slope + slope / (q * q)) / squared;
    double lost = exponential((1 - beta) * logarithm_of_more(squared / (scale * scale)));
    double wrong = exponential(g->log_centre - exponent) * (grown_less_one(blur) + lost);
    double mesh = power_4(STEP * (slope > 1 ? slope : 1) / (q * radius)) / 400;
    wrong += LEAK * exponential(g->log_centre - inner) * (mesh < 1 ? mesh : 1);
    double wide = beta * r / radius;
    wrong += moffat_light(squared / (scale * scale), scale, beta) * grown_less_one(wide * wide);
    mesh = power_4(2 * STEP * beta / radius) / 400;
    return wrong + LEAK * moffat_light(inside * inside / (scale * scale), scale, beta) *
                       (mesh < 1 ? mesh : 1);
}

static double radius_of_wings(const Galaxy *g, const double *radii) {
    double beta = g->psf_beta < 50 ? g->psf_beta : 50;
    double scale = (g->psf_fwhm > 0 ? g->psf_fwhm : 1e-3) * moffat_scale(beta);
    double flux_tolerance = FLUX_TOLERANCE / strictness(g);
    int64_t chosen = RADII - 1;
    while (chosen > 0) {
        double r = radii[chosen - 1], flux = flux_tolerance / (r * r);
        double allowed = TOLERANCE * (g->least_peak < flux ? g->least_peak : flux);
        if (neglected(g, scale, beta, r) > allowed) break;
        chosen--;
    }
    return radii[chosen];
}

static int64_t even_size(const Galaxy *g, int64_t length, const int64_t *sizes, int64_t count,
                         Table shares, double place) {
    /* The copies of a needle are lines: they are brighter than a round one's, and less even. */
    double round = g->axis_ratio > ROUND ? g->axis_ratio : ROUND;
    double scale = g->half_light_radius * root(round);
    double thin = round / g->axis_ratio, uneven = UNEVEN * thin * thin;
    double psf_scale = g->psf_fwhm * moffat_scale(g->psf_beta);
    for (int64_t i = 0; i < count - 1; i++) {
        double size = (double)sizes[i], m = 1.5 * size / scale, share = 0;
        float values[2 * NODES_OF_AN_OCTAVE], squared[LANES] = {(float)(m * m)}, found[LANES];
        Line line = line_of(shares, place, m * m, m * m, values);
        look_up(line, squared, found);
        share = found[0];
        if (g->psf_fwhm > 0) {
            double at = 1.5 * size / psf_scale;
            share += exponential((1 - g->psf_beta) * logarithm_of_more(at * at));
        }
        double seen = (double)smaller(length, sizes[i]), flux = 2 / (strictness(g) * seen * seen);
        double allowed = TOLERANCE * (g->least_peak < flux ? g->least_peak : flux);
        if (uneven * share / (size * size) < allowed) return sizes[i];
    }
    return sizes[count - 1];
}

/* Write, for each galaxy, the radius beyond which its wings tell all, and the smallest of the sizes
   of grids on which the light of far copies may be taken for uniform upon an image's `length`. */
KERNEL(plan_galaxies, ARRAY(const double, galaxies), ARRAY(const double, places),
       ARRAY(const float, shares), ARRAY(const double, radii), ARRAY(const int64_t, sizes),
       int64_t length, ARRAY(double, radius), ARRAY(int64_t, even)) {
    REQUIRE(galaxies_length == radius_length * COLUMNS && places_length == 2 * radius_length);
    REQUIRE(even_length == radius_length && radii_length == RADII && sizes_length > 0);
    REQUIRE(shares_length % NODES == 0 && shares_length >= 4 * NODES);
    Table table = {shares, shares_length / NODES};
    for (int64_t m = 0; m < radius_length; m++) {
        Galaxy g = galaxy_at(galaxies, m);
        radius[m] = radius_of_wings(&g, radii);
        even[m] = even_size(&g, length, sizes, sizes_length, table, places[2 * m]);
    }
    return 0;
}
