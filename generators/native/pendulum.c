/* Pendulums with or without friction, step by step.

   A step is seventeen of second order, which make one of eighth: Kahan & Li (1997), Mathematics of
   Computation 66, 1089, table 6. Each of these is drift and kick as in the leapfrog, with friction
   around them, and symplectic without it. Pendulums lie side by side, one a lane. */

#include "elementary.h"
#include "engine.h"

/* Several registers' worth: while one waits for its sine, the others go on. */
#define LANES 32

#define PARTS 17

static const double PART[PARTS / 2] = {
    0.13020248308889008087881763,  0.56116298177510838456196441,  -0.38947496264484728640807860,
    0.15884190655515560089621075,  -0.39590389413323757733623154, 0.18453964097831570709183254,
    0.25837438768632204729397911,  0.29501172360931029887096624,
};

typedef struct {
    double angle[LANES], velocity[LANES];
    double square[LANES]; /* of the natural frequency */
    double damping[LANES], pull[LANES];
    double kept[PARTS][LANES]; /* of the velocity, by friction in half a part */
} Pendulums;

/* Write how long the parts of a step are: the same forwards and backwards, and in all one step. */
static void set_lengths(double *restrict length, double step) {
    double sum = 0;
    for (int part = 0; part < PARTS / 2; part++) {
        sum += PART[part];
        length[part] = length[PARTS - 1 - part] = PART[part] * step;
    }
    length[PARTS / 2] = (1 - 2 * sum) * step;
}

/* Write e^(-friction) for little friction, as a ratio of polynomials (Pade). */
static void set_kept(Pendulums *restrict some, const double *length) {
    for (int part = 0; part < PARTS; part++)
        for (int lane = 0; lane < LANES; lane++) {
            double friction = some->damping[lane] * length[part] / 2;
            double even = 1 + friction * friction / 12;
            some->kept[part][lane] = (even - friction / 2) / (even + friction / 2);
        }
}

static inline double pull_at(double angle, double square) {
    double sine, cosine;
    sine_cosine(angle, &sine, &cosine);
    return square * sine;
}

static void advance(Pendulums *restrict some, int part, double length) {
    for (int lane = 0; lane < LANES; lane++) {
        double kept = some->kept[part][lane];
        double halfway = some->velocity[lane] * kept - length / 2 * some->pull[lane];
        double angle = some->angle[lane] + length * halfway;
        double pull = pull_at(angle, some->square[lane]);
        some->angle[lane] = angle;
        some->pull[lane] = pull;
        some->velocity[lane] = (halfway - length / 2 * pull) * kept;
    }
}

static void step(Pendulums *some, const double *length) {
    for (int part = 0; part < PARTS; part++) advance(some, part, length[part]);
}

static void set_pulls(Pendulums *restrict some) {
    for (int lane = 0; lane < LANES; lane++)
        some->pull[lane] = pull_at(some->angle[lane], some->square[lane]);
}

typedef struct {
    const double *angle, *velocity, *square, *damping, *length;
    double *angles, *velocities;
    int64_t count, outputs;
} Work;

/* Take the next pendulums into the lanes; what is left of them hangs still. */
static void load(Pendulums *restrict some, const Work *work, int64_t first, int64_t lanes) {
    size_t size = (size_t)lanes * sizeof(double);
    memset(some, 0, sizeof *some);
    memcpy(some->angle, work->angle + first, size);
    memcpy(some->velocity, work->velocity + first, size);
    memcpy(some->square, work->square + first, size);
    memcpy(some->damping, work->damping + first, size);
    set_kept(some, work->length);
    set_pulls(some);
}

static void write_output(const Pendulums *some, const Work *work, int64_t first, int64_t lanes,
                         int64_t output) {
    for (int64_t lane = 0; lane < lanes; lane++) {
        int64_t at = (first + lane) * work->outputs + output;
        work->angles[at] = some->angle[lane];
        work->velocities[at] = some->velocity[lane];
    }
}

static void follow(const Work *work, int64_t first, int64_t lanes) {
    Pendulums some;
    load(&some, work, first, lanes);
    write_output(&some, work, first, lanes, 0);
    for (int64_t output = 1; output < work->outputs; output++) {
        for (int64_t done = 0; done < work->count; done++) step(&some, work->length);
        write_output(&some, work, first, lanes, output);
    }
}

/* Write the angles and angular velocities (pendulum, instant) of pendulums, one instant `count`
   steps after the other; `square` is of the natural frequency. */
KERNEL(pendulum, ARRAY(const double, angle), ARRAY(const double, velocity), ARRAY(const double, square),
       ARRAY(const double, damping), double interval, int64_t count, int64_t outputs, ARRAY(double, angles),
       ARRAY(double, velocities)) {
    REQUIRE(velocity_length == angle_length && square_length == angle_length);
    REQUIRE(damping_length == angle_length && count >= 1 && outputs >= 1 && outputs < 1 << 24);
    REQUIRE(angle_length < (int64_t)1 << 32 && angles_length == angle_length * outputs);
    REQUIRE(velocities_length == angles_length);
    double length[PARTS];
    set_lengths(length, interval / (double)count);
    Work work = {angle, velocity, square, damping, length, angles, velocities, count, outputs};
    for (int64_t first = 0; first < angle_length; first += LANES)
        follow(&work, first, smaller(LANES, angle_length - first));
    return 0;
}
