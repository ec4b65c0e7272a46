/* Adaptive integration of a brightness over the plane: fine where it varies, coarse where not.

   The plane is divided into cells of eight pixels. A cell is quartered for as long as nine
   Gauss-Legendre points could err on its light by more than matters; what is left is light at
   points, whose number depends on the source and hardly on the pixels. It goes into the pixels
   that it lies in, or is spread by cubic B-splines onto a lattice that is to be transformed. Cells
   are visited depth first, a batch at a time, in an order that the source alone determines. */

#include "lights.h"

static const Light *const LIGHTS[] = {&lensed_sersic, &arc_of_light};

/* Side in pixels of the first cells: the side of every stamp is a multiple of it. */
#define FIRST_SIDE 8

/* Levels at most: the last cells are 1e-8 pixels wide. */
#define DEPTH 30

/* Cells of a batch, a multiple of LANES. */
#define BATCH 64

/* Numbers of scratch: on each level, x and y of the quarters of a batch. */
#define WAITING (4 * BATCH)
#define SCRATCH (DEPTH * 2 * WAITING)

/* Light of a cell that is left out, over what it may err by. */
#define DARK 1e-3

/* Sides of the cell that may be one point that a cell may have to be four. */
#define FOUR 16

/* Light below which the shape of a cell is of no interest. */
#define FAINTEST 1e-200

/* Half the outer nodes of the Gauss-Legendre rule of three. */
#define NODE 0.3872983346207417

/* The nine points of a cell of side 1 about its middle, and their shares of its light. */
static const double NODES_X[9] = {-NODE, 0, NODE, -NODE, 0, NODE, -NODE, 0, NODE};
static const double NODES_Y[9] = {-NODE, -NODE, -NODE, 0, 0, 0, NODE, NODE, NODE};
static const double SHARES[9] = {
    25 / 324.0, 40 / 324.0, 25 / 324.0, 40 / 324.0, 64 / 324.0,
    40 / 324.0, 25 / 324.0, 40 / 324.0, 25 / 324.0,
};

/* A source on its plane, as `rays.Frame` has it. */
typedef struct {
    double x, y;                    /* where it is */
    double left, right, low, high;  /* between which light is wanted */
    double allowed;                 /* error of the light of a cell */
    double widest;                  /* side above which points could be told apart */
    double from_x, from_y;          /* where the plane begins on the stamp */
} Frame;

#define FRAME ((int64_t)(sizeof(Frame) / sizeof(double)))

/* Where light goes: a plane with `side` nodes upon `size` pixels. */
typedef struct {
    double *restrict values;
    int64_t side, size;
    int splines;
} Plane;

typedef struct {
    const Light *light;
    const double *of;
    Frame frame;
    double merge;
    Plane plane;
    double *waiting;
    int64_t count[DEPTH + 1];
} Search;

/* Light at points. */
typedef struct {
    int64_t count;
    double x[9 * BATCH], y[9 * BATCH], flux[9 * BATCH];
} Points;

/* Cells of a level, and the light of their nine points. */
typedef struct {
    int64_t count;
    double x[BATCH], y[BATCH], flux[9][BATCH];
} Cells;

/* Repeat the last value until there are LANES of them. */
static int64_t filled(double *restrict values, int64_t count) {
    int64_t full = (count + LANES - 1) / LANES * LANES;
    for (int64_t i = count; i < full; i++) values[i] = values[count - 1];
    return full;
}

/* The node of a place that is kept on the plane, whatever the place is. */
static inline int64_t kept(double at, int64_t last) {
    double low = at > 0 ? at : 0;
    return (int64_t)(low < (double)last ? low : (double)last);
}

static void into_pixels(const Plane *plane, const Points *points) {
    int64_t last = plane->side - 1;
    for (int64_t i = 0; i < points->count; i++) {
        int64_t column = kept(whole(points->x[i] + 0.5), last);
        int64_t row = kept(whole(points->y[i] + 0.5), last);
        plane->values[row * plane->side + column] += points->flux[i];
    }
}

/* Write the first of four nodes, counted from -1, and the cubic B-spline on each. */
static void spline(const Plane *plane, int64_t count, const double *restrict at,
                   double *restrict first, double (*restrict weights)[9 * BATCH]) {
    double size = (double)plane->size, scale = (double)plane->side / size;
    for (int64_t i = 0; i < count; i++) {
        double place = (at[i] - size * whole(at[i] / size)) * scale, below = whole(place);
        double t = place - below, t2 = t * t, last = t2 * t / 6;
        double third = (1 + 3 * (t + t2)) / 6 - 3 * last;
        double lowest = (1 - 3 * (t - t2)) / 6 - last;
        first[i] = below;
        weights[0][i] = lowest;
        weights[1][i] = 1 - lowest - third - last;
        weights[2][i] = third;
        weights[3][i] = last;
    }
}

/* Spread points on 4 x 4 nodes each of a lattice that has four more nodes than its period. */
static void onto_lattice(const Plane *plane, const Points *points) {
    double column[9 * BATCH], row[9 * BATCH], across[4][9 * BATCH], along[4][9 * BATCH];
    int64_t padded = plane->side + 4;
    spline(plane, points->count, points->x, column, across);
    spline(plane, points->count, points->y, row, along);
    for (int64_t i = 0; i < points->count; i++) {
        double *restrict corner = plane->values + kept(row[i], plane->side) * padded +
                                  kept(column[i], plane->side);
        double flux = points->flux[i];
        for (int j = 0; j < 4; j++) {
            double share = along[j][i] * flux;
            for (int k = 0; k < 4; k++) corner[j * padded + k] += share * across[k][i];
        }
    }
}

static void add(Points *points, double x, double y, double flux) {
    int64_t at = points->count++;
    points->x[at] = x;
    points->y[at] = y;
    points->flux[at] = flux;
}

/* Write the light of the nine points of each cell. */
static void shine(const Search *search, Cells *cells, double side) {
    double x[BATCH], y[BATCH];
    int64_t full = filled(cells->x, cells->count);
    filled(cells->y, cells->count);
    for (int p = 0; p < 9; p++) {
        double dx = side * NODES_X[p] - search->frame.x, dy = side * NODES_Y[p] - search->frame.y;
        for (int64_t i = 0; i < full; i++) {
            x[i] = cells->x[i] + dx;
            y[i] = cells->y[i] + dy;
        }
        search->light->brightness(search->of, full, x, y, cells->flux[p]);
        for (int64_t i = 0; i < full; i++) cells->flux[p][i] *= SHARES[p] * (side * side);
    }
}

/* Add a cell's light in its middle. */
static void add_one(const Cells *cells, int64_t i, Points *points) {
    double total = cells->flux[0][i];
    for (int p = 1; p < 9; p++) total += cells->flux[p][i];
    add(points, cells->x[i], cells->y[i], total);
}

/* Add the nine points of a cell as they are. */
static void add_nine(const Cells *cells, int64_t i, double side, Points *points) {
    for (int p = 0; p < 9; p++)
        add(points, cells->x[i] + side * NODES_X[p], cells->y[i] + side * NODES_Y[p],
            cells->flux[p][i]);
}

/* The light of nine points, its first moments and its second, in sides. */
typedef struct {
    double total, x, y, xx, yy, xy;
} Moments;

static inline Moments moments(const Cells *cells, int64_t i) {
    double f[9];
    for (int p = 0; p < 9; p++) f[p] = cells->flux[p][i];
    double left = f[0] + f[3] + f[6], right = f[2] + f[5] + f[8];
    double low = f[0] + f[1] + f[2], high = f[6] + f[7] + f[8];
    return (Moments){
        .total = f[1] + f[4] + f[7] + left + right,
        .x = NODE * (right - left),
        .y = NODE * (high - low),
        .xx = NODE * NODE * (left + right),
        .yy = NODE * NODE * (low + high),
        .xy = NODE * NODE * (f[0] - f[2] - f[6] + f[8]),
    };
}

/* Add four points for the nine of a cell: same light, centroid and second moments. Where one of the
   four would have less than no light, the nine are kept. */
static void add_four(const Cells *cells, int64_t i, double side, Points *points) {
    Moments of = moments(cells, i);
    double shown = greater(of.total, FAINTEST);
    double x = root(greater(of.xx / shown, 1e-6)), y = root(greater(of.yy / shown, 1e-6));
    double lean_x = of.x / x, lean_y = of.y / y, twist = of.xy / (x * y);
    if (size_of(lean_x) + size_of(lean_y) + size_of(twist) > of.total) {
        add_nine(cells, i, side, points);
        return;
    }
    for (int p = 0; p < 4; p++) {
        double right = p & 2 ? 1 : -1, up = p & 1 ? 1 : -1;
        double light = of.total + right * lean_x + up * lean_y + right * up * twist;
        add(points, cells->x[i] + right * side * x, cells->y[i] + up * side * y,
            greater(light, 0) / 4);
    }
}

/* Lay the light of cells onto the plane, at as few points as tell it. */
static void lay(const Search *search, Cells *cells, double side) {
    Points points;
    points.count = 0;
    shine(search, cells, side);
    for (int64_t i = 0; i < cells->count; i++) {
        if (side <= search->merge) add_one(cells, i, &points);
        else if (side <= FOUR * search->merge) add_four(cells, i, side, &points);
        else add_nine(cells, i, side, &points);
    }
    for (int64_t i = 0; i < points.count; i++) {
        points.x[i] += search->frame.from_x;
        points.y[i] += search->frame.from_y;
    }
    if (search->plane.splines) onto_lattice(&search->plane, &points);
    else into_pixels(&search->plane, &points);
}

static double *waiting_x(const Search *search, int64_t depth) {
    return search->waiting + depth * 2 * WAITING;
}

static double *waiting_y(const Search *search, int64_t depth) {
    return waiting_x(search, depth) + WAITING;
}

static void quarter(Search *search, int64_t depth, double x, double y, double side) {
    double *to_x = waiting_x(search, depth), *to_y = waiting_y(search, depth);
    for (int p = 0; p < 4; p++) {
        int64_t at = search->count[depth]++;
        to_x[at] = x + side / 4 * (p & 1 ? 1 : -1);
        to_y[at] = y + side / 4 * (p & 2 ? 1 : -1);
    }
}

/* Write how rough waiting cells are. */
static void look_at(const Search *search, int64_t count, const double *x, const double *y,
                    double side, double *highest, double *missed) {
    double dx[BATCH], dy[BATCH];
    for (int64_t i = 0; i < count; i++) {
        dx[i] = x[i] - search->frame.x;
        dy[i] = y[i] - search->frame.y;
    }
    int64_t full = filled(dx, count);
    filled(dy, count);
    search->light->roughness(search->of, full, dx, dy, side / 2, highest, missed);
}

/* Take a batch of waiting cells: what may err waits in quarters, the rest gives its light. */
static void visit(Search *search, int64_t depth, double side) {
    double highest[BATCH], missed[BATCH], allowed = search->frame.allowed / (side * side);
    int64_t count = smaller(search->count[depth], BATCH), from = search->count[depth] - count;
    const double *x = waiting_x(search, depth) + from, *y = waiting_y(search, depth) + from;
    const double *error = side > search->frame.widest ? highest : missed;
    Cells cells;
    cells.count = 0;
    search->count[depth] = from;
    look_at(search, count, x, y, side, highest, missed);
    for (int64_t i = 0; i < count; i++) {
        if (error[i] > allowed && depth + 1 < DEPTH) {
            quarter(search, depth + 1, x[i], y[i], side);
        } else if (highest[i] > DARK * allowed) {
            cells.x[cells.count] = x[i];
            cells.y[cells.count++] = y[i];
        }
    }
    if (cells.count) lay(search, &cells, side);
}

/* Visit the waiting cells of the first level and all that come of them. */
static void descend(Search *search) {
    int64_t depth = 0;
    double side = FIRST_SIDE;
    while (search->count[0] || depth) {
        if (search->count[depth]) {
            visit(search, depth, side);
            if (!search->count[depth + 1]) continue;
            depth++;
            side /= 2;
        } else {
            depth--;
            side *= 2;
        }
    }
}

static int touched(double middle, double first, double last) {
    return middle + FIRST_SIDE / 2 > first && middle - FIRST_SIDE / 2 < last;
}

static void search_all(Search *search) {
    Frame frame = search->frame;
    int64_t cells = search->plane.size / FIRST_SIDE;
    for (int64_t row = 0; row < cells; row++) {
        double y = (double)(row * FIRST_SIDE) + (FIRST_SIDE - 1) / 2.0;
        if (!touched(y, frame.low, frame.high)) continue;
        for (int64_t column = 0; column < cells; column++) {
            double x = (double)(column * FIRST_SIDE) + (FIRST_SIDE - 1) / 2.0;
            if (!touched(x, frame.left, frame.right)) continue;
            waiting_x(search, 0)[search->count[0]] = x;
            waiting_y(search, 0)[search->count[0]++] = y;
            if (search->count[0] == WAITING) descend(search);
        }
    }
    descend(search);
}

/* Fold what lies beyond the period back, and write the lattice from its node 0 on. */
static void fold(double *restrict padded, int64_t side, double *restrict lattice) {
    int64_t wide = side + 4;
    for (int64_t k = 0; k < wide; k++) {
        padded[side * wide + k] += padded[k];
        for (int64_t j = 1; j < 4; j++) padded[j * wide + k] += padded[(side + j) * wide + k];
    }
    for (int64_t j = 1; j <= side; j++) {
        double *restrict row = padded + j * wide;
        row[side] += row[0];
        for (int64_t k = 1; k < 4; k++) row[k] += row[side + k];
        memcpy(lattice + (j - 1) * side, row + 1, (uint64_t)side * sizeof(double));
    }
}

static Search searched(int64_t kind, int64_t one, const double *lights, const double *frames,
                       double merge, Plane plane, double *scratch) {
    Search search = {.light = LIGHTS[kind], .merge = merge, .plane = plane, .waiting = scratch};
    search.of = lights + one * search.light->numbers;
    memcpy(&search.frame, frames + one * FRAME, sizeof(Frame));
    return search;
}

/* The sizes of planes, and the number of sources, that all arrays are to have. */
static int fits(int64_t kind, int64_t size, int64_t sources, int64_t lights, int64_t frames,
                int64_t scratch) {
    return kind >= 0 && kind < 2 && size > 0 && size <= 1 << 20 && size % FIRST_SIDE == 0 &&
           lights == sources * LIGHTS[kind]->numbers && frames == sources * FRAME &&
           scratch == SCRATCH;
}

/* Write the light of sources in each pixel of their stamps. */
KERNEL(rays_into_pixels, int64_t kind, ARRAY(const double, lights), ARRAY(const double, frames),
       int64_t size, double merge, ARRAY(double, scratch), ARRAY(double, stamps)) {
    int64_t sources = frames_length / FRAME;
    REQUIRE(fits(kind, size, sources, lights_length, frames_length, scratch_length));
    REQUIRE(stamps_length == sources * size * size);
    memset(stamps, 0, (uint64_t)stamps_length * sizeof(double));
    for (int64_t one = 0; one < sources; one++) {
        Plane plane = {stamps + one * size * size, size, size, 0};
        Search search = searched(kind, one, lights, frames, merge, plane, scratch);
        search_all(&search);
    }
    return 0;
}

/* Write the light of sources on lattices of `side` nodes that are as wide as `size` pixels. */
KERNEL(rays_onto_lattice, int64_t kind, ARRAY(const double, lights), ARRAY(const double, frames),
       int64_t size, int64_t side, double merge, ARRAY(double, scratch), ARRAY(double, padded),
       ARRAY(double, lattices)) {
    int64_t sources = frames_length / FRAME;
    REQUIRE(fits(kind, size, sources, lights_length, frames_length, scratch_length));
    REQUIRE(side >= 4 && side <= 1 << 20 && lattices_length == sources * side * side);
    REQUIRE(padded_length == (side + 4) * (side + 4));
    for (int64_t one = 0; one < sources; one++) {
        Plane plane = {padded, side, size, 1};
        Search search = searched(kind, one, lights, frames, merge, plane, scratch);
        memset(padded, 0, (uint64_t)padded_length * sizeof(double));
        search_all(&search);
        fold(padded, side, lattices + one * side * side);
    }
    return 0;
}
