/* Light through PSF and pixel: from a source's transform to its stamp, columns of kx at a time.

   Frequencies are kx from 0 to K and ky from -K to K, in units of 2 pi over the grid's side. Those
   beyond the Nyquist frequency of the pixels are folded back, as sampling by pixels folds them. The
   FFT along y takes LANES columns, that along x LANES pairs of rows, two real rows as one complex. */

#ifndef SKYBENCH_CONVOLUTION_H
#define SKYBENCH_CONVOLUTION_H

#include "radial.h"

#define PI 3.141592653589793

typedef struct {
    int64_t size, last, height, width;
    const float *twiddles;
} Grid;

/* A PSF: where its row lies in the table, and its full width at half maximum in pixels. */
typedef struct {
    double place, fwhm;
} Psf;

/* Memory for one source, carved from an array of the caller's. */
typedef struct {
    float *up_re, *up_im, *down_re, *down_im; /* transform of LANES columns at ky >= 0 and <= 0 */
    float *transfer;                          /* of PSF and pixel, of the same columns */
    float *pixel, *turn_y, *turn_x;           /* along an axis: of a pixel, and phases */
    float *psf_line, *profile_line;
    Block one, other; /* of an FFT */
    Block across;     /* (kx, row) */
    int64_t floats;   /* how many all of these are */
} Work;

static inline int64_t columns(int64_t last) { return (last + LANES) / LANES * LANES; }

/* Rows of an image in pairs, half of them: a multiple of LANES. */
static inline int64_t pairs(int64_t height) {
    return ((height + 1) / 2 + LANES - 1) / LANES * LANES;
}

static inline float *carve(float *scratch, int64_t *used, int64_t count) {
    float *part = scratch ? scratch + *used : scratch;
    *used += (count + LANES - 1) / LANES * LANES;
    return part;
}

static inline Work work_in(float *scratch, int64_t size, int64_t last, int64_t height) {
    Work w = {.floats = 0};
    int64_t column = (last + 1) * LANES, plane = (size / 2 + 1) * 2 * pairs(height);
    w.up_re = carve(scratch, &w.floats, column);
    w.up_im = carve(scratch, &w.floats, column);
    w.down_re = carve(scratch, &w.floats, column);
    w.down_im = carve(scratch, &w.floats, column);
    w.transfer = carve(scratch, &w.floats, column);
    w.pixel = carve(scratch, &w.floats, columns(last));
    w.turn_y = carve(scratch, &w.floats, 2 * (last + 1));
    w.turn_x = carve(scratch, &w.floats, 2 * columns(last));
    w.psf_line = carve(scratch, &w.floats, NODES);
    w.profile_line = carve(scratch, &w.floats, NODES);
    w.one.re = carve(scratch, &w.floats, size * LANES);
    w.one.im = carve(scratch, &w.floats, size * LANES);
    w.other.re = carve(scratch, &w.floats, size * LANES);
    w.other.im = carve(scratch, &w.floats, size * LANES);
    w.across.re = carve(scratch, &w.floats, plane);
    w.across.im = carve(scratch, &w.floats, plane);
    return w;
}

static inline int64_t work_floats(int64_t size, int64_t last, int64_t height) {
    return work_in(NULL, size, last, height).floats;
}

/* Write cosines and sines of -step, -2 step, ... by turning: each is off by less than 1e-13. */
static inline void write_turns(int64_t count, double step, float *cosines, float *sines) {
    double sine, cosine, re = 1, im = 0;
    sine_cosine(-step, &sine, &cosine);
    for (int64_t i = 0; i < count; i++) {
        cosines[i] = (float)re;
        sines[i] = (float)im;
        double turned = re * cosine - im * sine;
        im = re * sine + im * cosine;
        re = turned;
    }
}

/* Write the transform of a pixel along an axis: sinc of half the frequency. */
static inline void write_pixel(Grid grid, float *pixel) {
    double sine, cosine, re = 1, im = 0, step = PI / (double)grid.size;
    sine_cosine(step, &sine, &cosine);
    for (int64_t i = 0; i < columns(grid.last); i++) {
        pixel[i] = i == 0 ? 1.0f : (float)(im / (step * (double)i));
        double turned = re * cosine - im * sine;
        im = re * sine + im * cosine;
        re = turned;
    }
}

/* What all columns of a source share: phases to its place, the pixel, and its PSF. */
static inline Line begin_source(Grid grid, Psf psf, Table table, double x, double y, Work w) {
    double unit = 2 * PI / (double)grid.size, scaled = psf.fwhm * psf.fwhm * unit * unit;
    double farthest = 2.0 * (double)grid.last * (double)grid.last;
    write_pixel(grid, w.pixel);
    write_turns(grid.last + 1, unit * y, w.turn_y, w.turn_y + grid.last + 1);
    write_turns(columns(grid.last), unit * x, w.turn_x, w.turn_x + columns(grid.last));
    int64_t plane = (grid.size / 2 + 1) * 2 * pairs(grid.height);
    memset(w.across.re, 0, sizeof(float) * (size_t)plane);
    memset(w.across.im, 0, sizeof(float) * (size_t)plane);
    return line_of(table, psf.place, scaled, scaled * farthest, w.psf_line);
}

/* PSF times pixel of LANES columns, from `first` on, at ky from 0 to `rows`. */
static inline void write_transfer(Grid grid, int64_t first, int64_t rows, Line line, double fwhm,
                                  Work w) {
    double unit = 2 * PI / (double)grid.size;
    float scale = (float)(fwhm * fwhm * unit * unit), squared[LANES], found[LANES];
    for (int64_t j = 0; j <= rows; j++) {
        float along_y = (float)(j * j) * scale;
        for (int i = 0; i < LANES; i++) {
            float k = (float)(first + i);
            squared[i] = k * k * scale + along_y;
        }
        look_up(line, squared, found);
        float *restrict transfer = w.transfer + j * LANES;
        const float *restrict pixel = w.pixel + first;
        for (int i = 0; i < LANES; i++) transfer[i] = found[i] * pixel[i] * w.pixel[j];
    }
    if (first == 0) w.transfer[0] = 1;
}

static inline void add_real(const float *restrict value, const float *restrict transfer, float c,
                            float s, float *restrict re, float *restrict im) {
    for (int i = 0; i < LANES; i++) {
        float through = value[i] * transfer[i];
        re[i] += through * c;
        im[i] += through * s;
    }
}

static inline void add_complex(const float *restrict vr, const float *restrict vi,
                               const float *restrict transfer, float c, float s,
                               float *restrict re, float *restrict im) {
    for (int i = 0; i < LANES; i++) {
        float through_re = vr[i] * transfer[i], through_im = vi[i] * transfer[i];
        re[i] += through_re * c - through_im * s;
        im[i] += through_re * s + through_im * c;
    }
}

/* Fold the transform of LANES columns, at |ky| up to `rows`, onto the rows of the grid, through PSF
   and pixel, moved along y to the source's place. */
static inline void fold_along_y(Grid grid, int64_t rows, int real, Work w) {
    size_t bytes = sizeof(float) * (size_t)(grid.size * LANES);
    memset(w.one.re, 0, bytes);
    memset(w.one.im, 0, bytes);
    for (int64_t j = 0; j <= rows; j++) {
        float c = w.turn_y[j], s = w.turn_y[grid.last + 1 + j];
        int64_t from = j * LANES, up = j % grid.size, down = up ? grid.size - up : 0;
        float *re = w.one.re + up * LANES, *im = w.one.im + up * LANES;
        if (real) {
            add_real(w.up_re + from, w.transfer + from, c, s, re, im);
        } else {
            add_complex(w.up_re + from, w.up_im + from, w.transfer + from, c, s, re, im);
        }
        if (j == 0) continue;
        re = w.one.re + down * LANES;
        im = w.one.im + down * LANES;
        if (real) {
            add_real(w.down_re + from, w.transfer + from, c, -s, re, im);
        } else {
            add_complex(w.down_re + from, w.down_im + from, w.transfer + from, c, -s, re, im);
        }
    }
}

static inline void turn(const float *restrict cosine, const float *restrict sine,
                        float *restrict re, float *restrict im) {
    for (int i = 0; i < LANES; i++) {
        float turned = re[i] * cosine[i] - im[i] * sine[i];
        im[i] = re[i] * sine[i] + im[i] * cosine[i];
        re[i] = turned;
    }
}

/* Add a column of frequency kx, folded at the Nyquist frequency: an image is real, so that what
   falls on -k is the conjugate at k. */
static inline void fold_column(Grid grid, int64_t kx, int lane, Block block, Block across) {
    int64_t half = grid.size / 2, stride = 2 * pairs(grid.height), within = kx % half;
    int mirrored = (int)(kx / half % 2), twice = kx && within == 0;
    int64_t to = (mirrored ? half - within : within) * stride;
    float weight = twice ? 2.0f : 1.0f, sign = twice ? 0.0f : mirrored ? -1.0f : 1.0f;
    float *restrict re = across.re + to, *restrict im = across.im + to;
    for (int64_t y = 0; y < grid.height; y++) {
        re[y] += weight * block.re[y * LANES + lane];
        im[y] += sign * block.im[y * LANES + lane];
    }
}

/* Take LANES columns, whose transform lies in `up` and `down`, back along y, and move them along
   x to the source's place. */
static inline void finish_columns(Grid grid, int64_t first, int64_t rows, int real, Work w) {
    fold_along_y(grid, rows, real, w);
    Block block = inverse_fft(grid.size, grid.twiddles, w.one, w.other);
    const float *cosine = w.turn_x + first, *sine = cosine + columns(grid.last);
    for (int64_t y = 0; y < grid.height; y++) {
        turn(cosine, sine, block.re + y * LANES, block.im + y * LANES);
    }
    for (int lane = 0; lane < LANES && first + lane <= grid.last; lane++) {
        fold_column(grid, first + lane, lane, block, w.across);
    }
}

/* Two real rows as one complex: with A and B their spectra, A + iB at k and its like at -k. */
static inline void pair_rows(const float *restrict ar, const float *restrict ai,
                             const float *restrict br, const float *restrict bi,
                             float *restrict re, float *restrict im, float *restrict mirror_re,
                             float *restrict mirror_im) {
    for (int i = 0; i < LANES; i++) {
        re[i] = ar[i] - bi[i];
        im[i] = ai[i] + br[i];
        mirror_re[i] = ar[i] + bi[i];
        mirror_im[i] = br[i] - ai[i];
    }
}

/* What the spectrum has at frequency 0 and at Nyquist's, where both rows are real. */
static inline void pair_ends(const float *restrict a, const float *restrict b, float *restrict re,
                             float *restrict im) {
    for (int i = 0; i < LANES; i++) {
        re[i] = a[i];
        im[i] = b[i];
    }
}

static inline void write_rows(const float *restrict lanes, int64_t width, float scale,
                              float *restrict row) {
    for (int64_t x = 0; x < width; x++) row[x] = scale * lanes[x * LANES];
}

/* Take all rows back along x, into the stamp, times a scale. */
static inline void finish_rows(Grid grid, float scale, Work w, float *stamp) {
    int64_t half = grid.size / 2, apart = pairs(grid.height);
    for (int64_t first = 0; first < apart; first += LANES) {
        for (int64_t k = 0; k <= half; k++) {
            const float *re = w.across.re + k * 2 * apart + first;
            const float *im = w.across.im + k * 2 * apart + first;
            float *to_re = w.one.re + k * LANES, *to_im = w.one.im + k * LANES;
            if (k == 0 || k == half) {
                pair_ends(re, re + apart, to_re, to_im);
            } else {
                int64_t mirror = (grid.size - k) * LANES;
                pair_rows(re, im, re + apart, im + apart, to_re, to_im, w.one.re + mirror,
                          w.one.im + mirror);
            }
        }
        Block rows = inverse_fft(grid.size, grid.twiddles, w.one, w.other);
        for (int lane = 0; lane < LANES; lane++) {
            int64_t y = first + lane, below = y + apart;
            if (y < grid.height) {
                write_rows(rows.re + lane, grid.width, scale, stamp + y * grid.width);
            }
            if (below < grid.height) {
                write_rows(rows.im + lane, grid.width, scale, stamp + below * grid.width);
            }
        }
    }
}

#endif
