/* A galaxy's light far out, where it is the sum of the wings of its profile and of its PSF. */

#ifndef SKYBENCH_WINGS_H
#define SKYBENCH_WINGS_H

#include "convolution.h"

/* Pixels between the nodes of smooth light. */
#define STEP 8

/* What is drawn of a galaxy, in the order of `sersic.COLUMNS`. `tapered` is 1 where the profile ends
   before its wings do, else 0; `log_centre` is ln of the light at the centre of one of unit flux. */
typedef struct {
    double x, y, flux, half_light_radius, sersic_index, axis_ratio, position_angle, psf_fwhm,
        psf_beta, b, log_centre, least_peak, tapered;
} Galaxy;

#define COLUMNS ((int64_t)(sizeof(Galaxy) / sizeof(double)))

static inline Galaxy galaxy_at(const double *galaxies, int64_t m) {
    Galaxy g;
    memcpy(&g, galaxies + m * COLUMNS, sizeof g);
    return g;
}

/* The squared elliptical radius is xx x^2 + 2 xy x y + yy y^2. */
typedef struct {
    double xx, xy, yy;
} Form;

static inline Form form_of(const Galaxy *g) {
    double sine, cosine, steep = 1 / (g->axis_ratio * g->axis_ratio);
    sine_cosine(g->position_angle * (PI / 180), &sine, &cosine);
    Form form = {cosine * cosine + steep * sine * sine, cosine * sine * (1 - steep),
                 sine * sine + steep * cosine * cosine};
    return form;
}

/* A Moffat's scale radius, over its FWHM. */
static inline double moffat_scale(double beta) {
    double z = 0.6931471805599453 / beta;
    /* e^z - 1: below 1e-3 the difference would lose what the series keeps. */
    double grown = z > 1e-3 ? exponential(z) - 1 : z * (1 + z * (0.5 + z * (1.0 / 6 + z / 24)));
    return 0.5 / root(grown);
}

/* ln(1 + s) for s >= 0, also where 1 + s would round s away. */
static inline double logarithm_of_more(double s) {
    double more = 1 + s, lost = s - (more - 1);
    return logarithm(more) + lost / more;
}

/* The light of a unit-flux profile at places off its centre: I(0) exp(-b m^(1/n)). */
static inline void profile_light(const Galaxy *g, int64_t count, const double *restrict dx,
                                 const double *restrict dy, float *restrict light) {
    Form form = form_of(g);
    float xx = (float)form.xx, xy = (float)(2 * form.xy), yy = (float)form.yy;
    float log_scale = (float)logarithm(g->half_light_radius);
    float slope = (float)(1 / g->sersic_index), b = (float)g->b, centre = (float)g->log_centre;
    for (int64_t i = 0; i < count; i++) {
        float x = (float)dx[i], y = (float)dy[i];
        float squared = x * (xx * x + xy * y) + yy * y * y;
        squared = squared > 1e-30f ? squared : 1e-30f;
        float log_radius = 0.5f * logarithm_f(squared) - log_scale;
        light[i] = exponential_f(centre - b * exponential_f(slope * log_radius));
    }
}

/* The light of a star of unit flux at places off its centre, on top of what is there. */
static inline void add_psf_light(const Galaxy *g, int64_t count, const double *restrict dx,
                                 const double *restrict dy, float *restrict light) {
    double scale = g->psf_fwhm * moffat_scale(g->psf_beta), beta = g->psf_beta;
    double per_square = 1 / (scale * scale), centre = (beta - 1) / PI * per_square;
    for (int64_t i = 0; i < count; i++) {
        double squared = (dx[i] * dx[i] + dy[i] * dy[i]) * per_square;
        light[i] += (float)(centre * exponential(-beta * logarithm_of_more(squared)));
    }
}

static inline int64_t node_count(int64_t length) { return (length - 1) / STEP + 4; }

/* The weights of the nodes at -1, 0, 1 and 2 for a place so many pixels on from 0. */
static inline void write_cubic(float *weights) {
    for (int i = 0; i < STEP; i++) {
        float t = (float)i / STEP, a = t + 1, b = t, c = t - 1, d = t - 2;
        weights[i] = -b * c * d / 6;
        weights[STEP + i] = a * c * d / 2;
        weights[2 * STEP + i] = -a * b * d / 2;
        weights[3 * STEP + i] = a * b * c / 6;
    }
}

#endif
