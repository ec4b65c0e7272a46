/* Stamps and smooth light laid onto images. */

#include "wings.h"

/* Adds some pixels of a stamp, from a place on, to those of an image. */
typedef void Add(int64_t count, const void *stamp, int64_t from, double *restrict to);

static void add_singles(int64_t count, const void *stamp, int64_t from, double *restrict to) {
    const float *restrict pixels = (const float *)stamp + from;
    for (int64_t i = 0; i < count; i++) to[i] += pixels[i];
}

static void add_doubles(int64_t count, const void *stamp, int64_t from, double *restrict to) {
    const double *restrict pixels = (const double *)stamp + from;
    for (int64_t i = 0; i < count; i++) to[i] += pixels[i];
}

/* The part of a stamp that lies on an image. */
typedef struct {
    int64_t left, right, low, high;
} Overlap;

static Overlap overlap_of(int64_t x0, int64_t y0, int64_t width, int64_t height, int64_t nx,
                          int64_t ny) {
    Overlap part = {larger(x0, 0), smaller(x0 + width, nx), larger(y0, 0), smaller(y0 + height, ny)};
    if (part.right < part.left) part.right = part.left;
    return part;
}

static int all_within(const int64_t *owners, int64_t count, int64_t images) {
    for (int64_t m = 0; m < count; m++) {
        if (owners[m] < 0 || owners[m] >= images) return 0;
    }
    return 1;
}

/* Where stamps of one size lie, and on images of which. */
typedef struct {
    int64_t height, width, ny, nx;
    const int64_t *owners, *x0, *y0;
} Places;

static void lay(const Places *at, int64_t count, const void *stamps, Add *add, double *images) {
    for (int64_t m = 0; m < count; m++) {
        int64_t x0 = at->x0[m], y0 = at->y0[m];
        Overlap part = overlap_of(x0, y0, at->width, at->height, at->nx, at->ny);
        double *image = images + at->owners[m] * at->ny * at->nx;
        for (int64_t y = part.low; y < part.high; y++) {
            int64_t from = (m * at->height + y - y0) * at->width + part.left - x0;
            add(part.right - part.left, stamps, from, image + y * at->nx + part.left);
        }
    }
}

static int fit(const Places *at, int64_t count, int64_t pixels) {
    return at->height >= 0 && at->width >= 0 && at->ny > 0 && at->nx > 0 &&
           pixels % (at->ny * at->nx) == 0 &&
           all_within(at->owners, count, pixels / (at->ny * at->nx));
}

/* Add stamps (m, height, width) that begin at (x0, y0) to their owners of the images (.., ny, nx). */
KERNEL(lay_singles, ARRAY(const float, stamps), int64_t height, int64_t width,
       ARRAY(const int64_t, owners), ARRAY(const int64_t, x0), ARRAY(const int64_t, y0),
       int64_t ny, int64_t nx, ARRAY(double, images)) {
    const Places at = {height, width, ny, nx, owners, x0, y0};
    REQUIRE(stamps_length == owners_length * height * width);
    REQUIRE(x0_length == owners_length && y0_length == owners_length);
    REQUIRE(fit(&at, owners_length, images_length));
    lay(&at, owners_length, stamps, add_singles, images);
    return 0;
}

/* The same for stamps in double precision. */
KERNEL(lay_doubles, ARRAY(const double, stamps), int64_t height, int64_t width,
       ARRAY(const int64_t, owners), ARRAY(const int64_t, x0), ARRAY(const int64_t, y0),
       int64_t ny, int64_t nx, ARRAY(double, images)) {
    const Places at = {height, width, ny, nx, owners, x0, y0};
    REQUIRE(stamps_length == owners_length * height * width);
    REQUIRE(x0_length == owners_length && y0_length == owners_length);
    REQUIRE(fit(&at, owners_length, images_length));
    lay(&at, owners_length, stamps, add_doubles, images);
    return 0;
}

static void weigh(int64_t count, const double *restrict nodes, int64_t across,
                  const float *weights, double *restrict line) {
    for (int64_t i = 0; i < count; i++) {
        line[i] = weights[0] * nodes[i] + weights[STEP] * nodes[i + across] +
                  weights[2 * STEP] * nodes[i + 2 * across] +
                  weights[3 * STEP] * nodes[i + 3 * across];
    }
}

static void add_cell(const double *restrict line, const float *restrict w, double *restrict cell) {
    for (int i = 0; i < STEP; i++) {
        cell[i] += w[i] * line[0] + w[STEP + i] * line[1] + w[2 * STEP + i] * line[2] +
                   w[3 * STEP + i] * line[3];
    }
}

static void add_row(int64_t width, const double *line, const float *weights, double *row) {
    int64_t whole_cells = width / STEP;
    for (int64_t cell = 0; cell < whole_cells; cell++) add_cell(line + cell, weights, row + STEP * cell);
    double rest[STEP] = {0};
    if (width % STEP) add_cell(line + whole_cells, weights, rest);
    for (int64_t i = 0; i < width % STEP; i++) row[STEP * whole_cells + i] += rest[i];
}

/* Add smooth light, given at nodes (m, node, node), to images (m, ny, nx) by a cubic between them.
   `line` is scratch memory. */
KERNEL(interpolate, ARRAY(const double, nodes), int64_t ny, int64_t nx, ARRAY(double, line),
       ARRAY(double, images)) {
    REQUIRE(ny > 0 && nx > 0 && images_length % (ny * nx) == 0);
    int64_t count = images_length / (ny * nx), rows = node_count(ny), across = node_count(nx);
    REQUIRE(nodes_length == count * rows * across && line_length >= across);
    float weights[4 * STEP];
    write_cubic(weights);
    for (int64_t m = 0; m < count; m++) {
        for (int64_t y = 0; y < ny; y++) {
            const double *first = nodes + (m * rows + y / STEP) * across;
            weigh(across, first, across, weights + y % STEP, line);
            add_row(nx, line, weights, images + (m * ny + y) * nx);
        }
    }
    return 0;
}

static void weigh_singles(int64_t count, const float *restrict nodes, int64_t across,
                          const float *weights, float *restrict line) {
    for (int64_t i = 0; i < count; i++) {
        line[i] = weights[0] * nodes[i] + weights[STEP] * nodes[i + across] +
                  weights[2 * STEP] * nodes[i + 2 * across] +
                  weights[3 * STEP] * nodes[i + 3 * across];
    }
}

static void take_cell(const float *restrict line, const float *restrict w, float *restrict cell) {
    for (int i = 0; i < STEP; i++) {
        cell[i] -= w[i] * line[0] + w[STEP + i] * line[1] + w[2 * STEP + i] * line[2] +
                   w[3 * STEP + i] * line[3];
    }
}

/* Take smooth light, given at nodes, off stamps (m, height, width) whose width is a multiple of
   the nodes' distance. */
KERNEL(take_smooth, ARRAY(const float, nodes), int64_t height, int64_t width, ARRAY(float, line),
       ARRAY(float, stamps)) {
    REQUIRE(height > 0 && width > 0 && width % STEP == 0 && stamps_length % (height * width) == 0);
    int64_t count = stamps_length / (height * width);
    int64_t rows = node_count(height), across = node_count(width);
    REQUIRE(nodes_length == count * rows * across && line_length >= across);
    float weights[4 * STEP];
    write_cubic(weights);
    for (int64_t m = 0; m < count; m++) {
        for (int64_t y = 0; y < height; y++) {
            float *row = stamps + (m * height + y) * width;
            weigh_singles(across, nodes + (m * rows + y / STEP) * across, across,
                          weights + y % STEP, line);
            for (int64_t cell = 0; cell < width / STEP; cell++) {
                take_cell(line + cell, weights, row + STEP * cell);
            }
        }
    }
    return 0;
}
