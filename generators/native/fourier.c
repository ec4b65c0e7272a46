/* Stamps from transforms that were made elsewhere. */

#include "convolution.h"

/* Write how many floats of scratch memory a source needs. */
KERNEL(fourier_scratch, int64_t size, int64_t last, int64_t height, ARRAY(int64_t, needed)) {
    REQUIRE(needed_length == 1 && size >= 2 && last >= 0 && height >= 0);
    needed[0] = work_floats(size, last, height);
    return 0;
}

/* Write cosines and sines of the FFT of a length, whose factors are 2, 3 and 5. */
KERNEL(twiddles, int64_t size, ARRAY(float, twiddles)) {
    REQUIRE(only_small_factors(size) && twiddles_length >= twiddle_count(size));
    write_twiddles(size, twiddles);
    return 0;
}

/* Write the FFT of LANES columns, from (length, LANES) real and imaginary parts. */
KERNEL(fft_columns, int64_t size, ARRAY(const float, twiddles), ARRAY(float, re), ARRAY(float, im),
       ARRAY(float, spare_re), ARRAY(float, spare_im)) {
    int64_t floats = size * LANES;
    REQUIRE(only_small_factors(size) && twiddles_length >= twiddle_count(size));
    REQUIRE(re_length == floats && im_length == floats);
    REQUIRE(spare_re_length == floats && spare_im_length == floats);
    Block one = {re, im}, other = {spare_re, spare_im};
    Block found = inverse_fft(size, twiddles, one, other);
    if (found.re != re) {
        memcpy(re, found.re, sizeof(float) * (size_t)floats);
        memcpy(im, found.im, sizeof(float) * (size_t)floats);
    }
    return 0;
}

/* LANES columns of a transform (2 K + 1, K + 1), whose parts alternate where it is complex; zeros
   beyond its last column. */
static void take_columns(Grid grid, const float *transform, int64_t parts, int64_t first, Work w) {
    int64_t count = smaller(LANES, grid.last + 1 - first), row = (grid.last + 1) * parts;
    for (int64_t j = 0; j <= grid.last; j++) {
        const float *up = transform + j * row + first * parts;
        const float *down = transform + (j ? 2 * grid.last + 1 - j : 0) * row + first * parts;
        int64_t to = j * LANES;
        for (int64_t i = 0; i < LANES; i++) {
            int there = i < count;
            w.up_re[to + i] = there ? up[i * parts] : 0;
            w.down_re[to + i] = there ? down[i * parts] : 0;
            if (parts == 1) continue;
            w.up_im[to + i] = there ? up[i * parts + 1] : 0;
            w.down_im[to + i] = there ? down[i * parts + 1] : 0;
        }
    }
}

/* Write the stamps of transforms (m, 2 K + 1, K + 1): ky from 0 to K, then from -K to -1. Each
   frequency has one part or two. Sources are moved from the origin to (x, y) on their stamps. */
KERNEL(convolve, ARRAY(const float, transforms), int64_t parts, ARRAY(const double, x),
       ARRAY(const double, y), ARRAY(const double, psf_place), ARRAY(const double, psf_fwhm),
       ARRAY(const float, psf_table), int64_t size, int64_t last, int64_t height, int64_t width,
       ARRAY(const float, twiddles), ARRAY(float, scratch), ARRAY(float, stamps)) {
    int64_t frequencies = (2 * last + 1) * (last + 1) * parts;
    REQUIRE(last >= 0 && only_small_factors(size) && size % 2 == 0 && (parts == 1 || parts == 2));
    REQUIRE(height >= 0 && height <= size && width >= 0 && width <= size);
    REQUIRE(transforms_length == x_length * frequencies && y_length == x_length);
    REQUIRE(psf_place_length == x_length && psf_fwhm_length == x_length);
    REQUIRE(psf_table_length % NODES == 0 && psf_table_length >= 4 * NODES);
    REQUIRE(twiddles_length >= twiddle_count(size));
    REQUIRE(scratch_length >= work_floats(size, last, height));
    REQUIRE(stamps_length == x_length * height * width);
    Grid grid = {size, last, height, width, twiddles};
    Table table = {psf_table, psf_table_length / NODES};
    Work w = work_in(scratch, size, last, height);
    for (int64_t m = 0; m < x_length; m++) {
        Psf psf = {psf_place[m], psf_fwhm[m]};
        Line line = begin_source(grid, psf, table, x[m], y[m], w);
        for (int64_t first = 0; first <= last; first += LANES) {
            write_transfer(grid, first, last, line, psf.fwhm, w);
            take_columns(grid, transforms + m * frequencies, parts, first, w);
            finish_columns(grid, first, last, parts == 1, w);
        }
        finish_rows(grid, (float)(1 / ((double)size * (double)size)), w,
                    stamps + m * height * width);
    }
    return 0;
}
