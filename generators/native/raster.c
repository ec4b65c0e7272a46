/* Pixels of plane shapes, their layers on an image, blur and noise.

   geometric/raster.py tells the rules. An edge marks where a row of pixels changes; all such
   marks are whole numbers, so that their sums are exact in any order. Areas beside curves are
   computed for many pixels at a time. */

#include "elementary.h"
#include "engine.h"

#define CELLS 128
#define FIELDS 7
#define UNIT 0x1p32
static inline double most(double a, double b) { return a > b ? a : b; }
static inline double least(double a, double b) { return a < b ? a : b; }
static inline double clip(double x, double low, double high) { return least(most(x, low), high); }
static inline double ceiling(double x) { return -whole(-x); }

/* An edge as edges.py has it, and the pixels of a shape: a row has one place more than pixels. */
typedef struct {
    double start, end, at_x, at_y, slope, bulge, height;
} Edge;

typedef struct {
    int64_t x0, y0, width, height, offset;
} Box;

static Edge edge_of(const double *fields, int64_t count, int64_t i) {
    const double *at = fields + i;
    return (Edge){at[0],         at[count],     at[2 * count], at[3 * count],
                  at[4 * count], at[5 * count], at[6 * count]};
}

static Box box_of(const int64_t *boxes, int64_t i) {
    const int64_t *at = boxes + 5 * i;
    return (Box){at[0], at[1], at[2], at[3], at[4]};
}

/* Return whether each box lies within a flat array, and each edge has its box. */
static int boxes_fit(const int64_t *boxes, int64_t count, int64_t length, const int64_t *owners,
                     int64_t edges) {
    for (int64_t i = 0; i < count; i++) {
        Box box = box_of(boxes, i);
        if (box.width < 0 || box.height < 0 || box.offset < 0) return 0;
        if (box.width > 1 << 24 || box.height > 1 << 24) return 0;
        if (box.offset > length - box.height * (box.width + 1)) return 0;
    }
    for (int64_t i = 0; i < edges; i++)
        if (owners[i] < 0 || owners[i] >= count) return 0;
    return 1;
}

/* 1 for an edge that runs down, a left side; -1 for one that runs up. */
static int side_of(const Edge *edge) { return edge->end < edge->start ? 1 : -1; }

static double x_at(const Edge *edge, double t) {
    double square = most((edge->height - t) * (edge->height + t), 0);
    return edge->at_x + edge->slope * t + edge->bulge * root(square);
}

static void mark_centres(const Edge *edge, const Box *box, uint8_t *restrict changes) {
    double low = least(edge->start, edge->end), high = most(edge->start, edge->end);
    int64_t first = (int64_t)clip(ceiling(low) - (double)box->y0, 0, (double)box->height);
    int64_t stop = (int64_t)clip(ceiling(high) - (double)box->y0, 0, (double)box->height);
    for (int64_t row = first; row < stop; row++) {
        double x = x_at(edge, (double)(row + box->y0) - edge->at_y);
        int64_t column = (int64_t)clip(ceiling(x) - (double)box->x0, 0, (double)box->width);
        uint8_t *place = changes + box->offset + row * (box->width + 1) + column;
        *place = (uint8_t)(*place + side_of(edge));
    }
}

/* Write 1 where a pixel's centre lies in its shape, 0 elsewhere. */
KERNEL(inside, ARRAY(const double, edges), ARRAY(const int64_t, owners),
       ARRAY(const int64_t, boxes), ARRAY(uint8_t, held)) {
    REQUIRE(edges_length == FIELDS * owners_length && boxes_length % 5 == 0);
    REQUIRE(boxes_fit(boxes, boxes_length / 5, held_length, owners, owners_length));
    memset(held, 0, (size_t)held_length);
    for (int64_t i = 0; i < owners_length; i++) {
        Edge edge = edge_of(edges, owners_length, i);
        Box box = box_of(boxes, owners[i]);
        mark_centres(&edge, &box, held);
    }
    uint8_t sum = 0;
    for (int64_t i = 0; i < held_length; i++) {
        sum = (uint8_t)(sum + held[i]);
        held[i] = sum > 0 && sum < 128;
    }
    return 0;
}

/* d - sin d of the angle d whose half has the sine s: the circular segment over half the square
   of the radius. Where s is small, its series. */
static inline double segment(double s) {
    double z = s * s, cosine = root(most(1 - z, 0));
    double p = 0.030642965565557064;
    p = p * z + 0.035327729724702384;
    p = p * z + 0.04134328741776316;
    p = p * z + 0.04928768382352941;
    p = p * z + 0.06015625;
    p = p * z + 0.07572115384615384;
    p = p * z + 0.09943181818181818;
    p = p * z + 0.1388888888888889;
    p = p * z + 0.21428571428571427;
    p = p * z + 0.4;
    p = p * z + 1.3333333333333333;
    return s < 0.25 ? p * z * s : 2 * (angle(s, cosine) - s * cosine);
}

/* The integral over t of side - slope t - bulge sqrt(height^2 - t^2). The curve is its chord and
   a segment, so that circles of thousands of pixels lose no digits. */
static inline double between(double side, double slope, double bulge, double height, double low,
                             double high) {
    double from = root(most((height - low) * (height + low), 0));
    double to = root(most((height - high) * (height + high), 0));
    double rise = high - low, run = to - from;
    double half = least(root(rise * rise + run * run) / (2 * height), 1);
    double chord = side - slope * (low + high) / 2 - bulge * (from + to) / 2;
    double bow = height * height / 2 * segment(half);
    return rise * chord - bulge * (high < low ? -bow : bow);
}

/* The area between one side of an ellipse and a vertical line on its right, `side` from its axis.

   On the concave side of the curve it lies between two heights, the roots of a quadratic; on the
   right side of an ellipse the area asked for is what that leaves. */
static inline double right_of_curve(double side, double slope, double bulge, double height,
                                    double bottom, double top) {
    double inward = bulge < 0 ? 1 : -1, squares = slope * slope + bulge * bulge;
    double width = root(squares) * height, far = side < 0 ? -side : side;
    double spread = root(most((width - side) * (width + side), 0)) / squares;
    spread *= bulge < 0 ? -bulge : bulge;
    double centre = side * slope / squares, low = centre - spread, high = centre + spread;
    low = (inward * (side - slope * low) <= 0) & (far < width) ? low : -height;
    high = (inward * (side - slope * high) <= 0) & (far < width) ? high : height;
    high = inward * side <= -width ? low : high;
    low = clip(low, bottom, top), high = clip(high, bottom, top);
    double cut = inward * between(side, slope, bulge, height, low, high);
    double full = between(side, slope, bulge, height, bottom, top);
    return inward > 0 ? cut : full + cut;
}

static inline double right_of_line(double side, double left, double right, double rise) {
    double run = right - left, over = clip(side - left, 0, run);
    return rise * (over * over / (2 * most(run, 0x1p-1022)) + most(side - right, 0));
}

/* Pixels that pieces of edges cross, a piece after the other, and what is known of the last. */
typedef struct {
    double side[CELLS], bottom[CELLS], top[CELLS], left[CELLS], right[CELLS];
    double slope[CELLS], bulge[CELLS], height[CELLS], integral[CELLS], whole[CELLS];
    int64_t place[CELLS];
    int8_t sign[CELLS], begins[CELLS], ends[CELLS];
    int64_t count;
    double before, value;
} Cells;

static void integrate_curves(Cells *restrict of) {
    for (int64_t i = 0; i < CELLS; i++)
        of->integral[i] = right_of_curve(of->side[i], of->slope[i], of->bulge[i], of->height[i],
                                         of->bottom[i], of->top[i]);
}

static void integrate_lines(Cells *restrict of) {
    for (int64_t i = 0; i < CELLS; i++)
        of->integral[i] =
            right_of_line(of->side[i], of->left[i], of->right[i], of->top[i] - of->bottom[i]);
}

/* Add to each pixel of the cells by how much more of it is covered than of the one before. */
static void settle(Cells *restrict of, int curved, int64_t *restrict changes) {
    if (curved)
        integrate_curves(of);
    else
        integrate_lines(of);
    for (int64_t i = 0; i < of->count; i++) {
        if (of->begins[i]) of->before = of->value = 0;
        /* There is nothing between an edge and what lies on its left. */
        double integral = of->side[i] > of->left[i] && !of->ends[i] ? of->integral[i] : 0;
        double area = clip(nearest((integral - of->before) * UNIT), 0, of->whole[i]);
        of->before = integral;
        if (of->place[i] < 0) continue;
        area = of->ends[i] ? of->whole[i] : area;
        changes[of->place[i]] += of->sign[i] * (int64_t)(area - of->value);
        of->value = area;
    }
    of->count = 0;
}

/* The least and the largest x of an edge between two heights from its middle. */
static void extent(const Edge *edge, double bottom, double top, double *left, double *right) {
    double from = x_at(edge, bottom), to = x_at(edge, top);
    double norm = root(edge->slope * edge->slope + edge->bulge * edge->bulge);
    double side = edge->bulge > 0 ? 1 : -1;
    double turn = side * edge->slope * edge->height / (norm > 0 ? norm : 1);
    int turns = edge->bulge != 0 && bottom <= turn && turn <= top;
    double extreme = edge->at_x + side * norm * edge->height;
    *left = turns && side < 0 ? extreme : least(from, to);
    *right = turns && side > 0 ? extreme : most(from, to);
}

/* Put down a cell of a piece. What is not curved is told by its ends from the image's origin,
   what is curved from its axis. */
static void put(Cells *restrict to, const Edge *edge, double side, double bottom, double top,
                double left, double right) {
    double axis = edge->bulge != 0 ? edge->at_x : 0;
    int64_t i = to->count;
    to->side[i] = side - axis;
    to->left[i] = left - axis;
    to->right[i] = right - axis;
    to->bottom[i] = bottom;
    to->top[i] = top;
    to->slope[i] = edge->slope;
    to->bulge[i] = edge->bulge;
    to->height[i] = edge->height;
}

/* Put down the pixels that an edge crosses in a row, with the one before and the one behind. */
static void cross_row(Cells *restrict to, const Edge *edge, const Box *box, int64_t row,
                      int64_t *restrict changes) {
    double low = least(edge->start, edge->end), high = most(edge->start, edge->end);
    double middle = (double)(row + box->y0), left, right, width = (double)box->width;
    double bottom = clip(low, middle - 0.5, middle + 0.5);
    double top = clip(high, middle - 0.5, middle + 0.5);
    double share = nearest(top * UNIT) - nearest(bottom * UNIT);
    extent(edge, bottom - edge->at_y, top - edge->at_y, &left, &right);
    int64_t first = (int64_t)clip(whole(left + 0.5) - (double)box->x0, 0, width);
    int64_t last = (int64_t)clip(whole(right + 0.5) + 1 - (double)box->x0, 0, width);
    int64_t place = box->offset + row * (box->width + 1);
    for (int64_t column = first - 1; column <= last; column++) {
        put(to, edge, (double)(column + box->x0) + 0.5, bottom - edge->at_y, top - edge->at_y, left,
            right);
        to->whole[to->count] = share;
        to->place[to->count] = column < first ? -1 : place + column;
        to->sign[to->count] = (int8_t)side_of(edge);
        to->begins[to->count] = column < first;
        to->ends[to->count] = column == last;
        if (++to->count == CELLS) settle(to, edge->bulge != 0, changes);
    }
}

static void cross(Cells *restrict to, const Edge *edge, const Box *box, int64_t *restrict changes) {
    double low = least(edge->start, edge->end), high = most(edge->start, edge->end);
    double height = (double)box->height, y0 = (double)box->y0;
    int64_t first = (int64_t)clip(whole(low + 0.5) - y0, 0, height);
    int64_t stop = (int64_t)clip(ceiling(high + 0.5) - y0, 0, height);
    for (int64_t row = first; row < stop; row++) cross_row(to, edge, box, row, changes);
}

/* Turn changes along rows into the shares of pixels, in their place: the bits of a double each. */
static void add_up(int64_t *restrict changes, int64_t count) {
    int64_t sum = 0;
    for (int64_t i = 0; i < count; i++) {
        sum += changes[i];
        changes[i] = (int64_t)bits_of(clip((double)sum / UNIT, 0, 1));
    }
}

/* Write the share of each pixel that its shape covers, as the bits of a double. */
KERNEL(coverage, ARRAY(const double, edges), ARRAY(const int64_t, owners),
       ARRAY(const int64_t, boxes), ARRAY(int64_t, cover)) {
    REQUIRE(edges_length == FIELDS * owners_length && boxes_length % 5 == 0);
    REQUIRE(boxes_fit(boxes, boxes_length / 5, cover_length, owners, owners_length));
    Cells lines = {0}, curves = {0};
    memset(cover, 0, (size_t)cover_length * sizeof *cover);
    for (int64_t i = 0; i < owners_length; i++) {
        Edge edge = edge_of(edges, owners_length, i);
        Box box = box_of(boxes, owners[i]);
        cross(edge.bulge != 0 ? &curves : &lines, &edge, &box, cover);
    }
    settle(&lines, 0, cover);
    settle(&curves, 1, cover);
    add_up(cover, cover_length);
    return 0;
}

enum { PAINTER, UNION, SUM };

static void lay_row(const double *restrict cover, double brightness, int64_t combine, int64_t count,
                    double *restrict image) {
    if (combine == PAINTER)
        for (int64_t x = 0; x < count; x++)
            image[x] = image[x] * (1 - cover[x]) + brightness * cover[x];
    else if (combine == UNION)
        for (int64_t x = 0; x < count; x++) image[x] = most(image[x], brightness * cover[x]);
    else
        for (int64_t x = 0; x < count; x++) image[x] += brightness * cover[x];
}

static void front_row(const uint8_t *restrict held, uint8_t value, int64_t count,
                      uint8_t *restrict front) {
    for (int64_t x = 0; x < count; x++) front[x] = held[x] ? value : front[x];
}

/* Return whether each box lies on an image and has its pixels, and goes to one of the images. */
static int layers_fit(const int64_t *boxes, const int64_t *images, int64_t shapes, int64_t count,
                      int64_t ny, int64_t nx) {
    for (int64_t i = 0; i < shapes; i++) {
        Box box = box_of(boxes, i);
        if (images[i] < 0 || images[i] >= count || box.x0 < 0 || box.y0 < 0) return 0;
        if (box.x0 > nx - box.width || box.y0 > ny - box.height) return 0;
    }
    return 1;
}

/* Lay shapes onto their images, in their order, and write which one is in front; boxes are
   counted from the images' corner. */
KERNEL(lay_shapes, ARRAY(const double, cover), ARRAY(const uint8_t, held),
       ARRAY(const int64_t, boxes), ARRAY(const int64_t, image_of), ARRAY(const double, brightness),
       ARRAY(const uint8_t, value), ARRAY(double, images), ARRAY(uint8_t, front), int64_t combine,
       int64_t ny, int64_t nx) {
    int64_t shapes = image_of_length;
    REQUIRE(ny > 0 && nx > 0 && images_length % (ny * nx) == 0 && front_length == images_length);
    REQUIRE(boxes_length == 5 * shapes && brightness_length == shapes && value_length == shapes);
    REQUIRE(held_length == cover_length && boxes_fit(boxes, shapes, cover_length, image_of, 0));
    REQUIRE(layers_fit(boxes, image_of, shapes, images_length / (ny * nx), ny, nx));
    memset(images, 0, (size_t)images_length * sizeof *images);
    memset(front, 0, (size_t)front_length);
    for (int64_t i = 0; i < shapes; i++) {
        Box box = box_of(boxes, i);
        for (int64_t row = 0; row < box.height; row++) {
            int64_t from = box.offset + row * (box.width + 1);
            int64_t to = (image_of[i] * ny + box.y0 + row) * nx + box.x0;
            lay_row(cover + from, brightness[i], combine, box.width, images + to);
            front_row(held + from, value[i], box.width, front + to);
        }
    }
    return 0;
}

#define REACH 256

/* A Gaussian at whole distances, of sum 1 over both sides. */
static void gaussian(double sigma, int64_t reach, double *restrict weights) {
    double sum = 0;
    for (int64_t k = 0; k <= reach; k++) {
        double from = (double)k / sigma;
        weights[k] = exponential(-0.5 * from * from);
    }
    for (int64_t k = reach; k > 0; k--) sum += 2 * weights[k];
    sum += weights[0];
    for (int64_t k = 0; k <= reach; k++) weights[k] /= sum;
}

/* Write the sum of values that lie apart on both sides, weighed. */
static void spread(const double *restrict image, const double *restrict weights, int64_t reach,
                   int64_t apart, int64_t count, double *restrict result) {
    for (int64_t x = 0; x < count; x++) result[x] = weights[0] * image[x];
    for (int64_t k = 1; k <= reach; k++) {
        const double *one = image - k * apart, *other = image + k * apart;
        for (int64_t x = 0; x < count; x++) result[x] += weights[k] * (one[x] + other[x]);
    }
}

/* Write images convolved with Gaussians of their widths, without their margin, from which light
   comes in and which is as wide as each Gaussian is far seen. Scratch holds a row, margin included. */
KERNEL(blur, ARRAY(const double, images), ARRAY(const double, sigmas), ARRAY(const int64_t, reach),
       ARRAY(double, blurred), ARRAY(double, scratch), int64_t ny, int64_t nx, int64_t margin) {
    int64_t count = sigmas_length, wide = nx + 2 * margin;
    REQUIRE(ny > 0 && nx > 0 && margin >= 0 && reach_length == count && scratch_length == wide);
    REQUIRE(images_length == count * wide * (ny + 2 * margin) && blurred_length == count * ny * nx);
    for (int64_t i = 0; i < count; i++)
        REQUIRE(reach[i] >= 0 && reach[i] <= smaller(margin, REACH - 1));
    double weights[REACH];
    for (int64_t i = 0; i < count; i++) {
        const double *image = images + i * wide * (ny + 2 * margin);
        weights[0] = 1;
        if (reach[i]) gaussian(sigmas[i], reach[i], weights);
        for (int64_t y = 0; y < ny; y++) {
            spread(image + (y + margin) * wide, weights, reach[i], wide, wide, scratch);
            spread(scratch + margin, weights, reach[i], 1, nx, blurred + (i * ny + y) * nx);
        }
    }
    return 0;
}

static void store(const double *restrict image, const double *restrict normals, double sigma,
                  int64_t bits, int64_t count, float *restrict stored) {
    if (sigma > 0)
        for (int64_t i = 0; i < count; i++)
            stored[i] = (float)round_mantissa(image[i] + sigma * normals[i], MANTISSA - bits);
    else
        for (int64_t i = 0; i < count; i++) stored[i] = (float)round_mantissa(image[i], MANTISSA - bits);
}

/* Write images with noise, kept to some bits each. */
KERNEL(store_images, ARRAY(const double, images), ARRAY(const double, normals),
       ARRAY(const double, sigmas), ARRAY(const int64_t, bits), ARRAY(float, stored)) {
    int64_t count = sigmas_length, pixels = count ? images_length / count : 0;
    REQUIRE(images_length == count * pixels && stored_length == images_length);
    REQUIRE(normals_length == images_length && bits_length == count);
    for (int64_t i = 0; i < count; i++) REQUIRE(bits[i] > 0 && bits[i] < 24);
    for (int64_t i = 0; i < count; i++)
        store(images + i * pixels, normals + i * pixels, sigmas[i], bits[i], pixels,
              stored + i * pixels);
    return 0;
}
