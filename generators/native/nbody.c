/* Bodies under their own gravity, by Taylor series of the motion: order 16, each step as long as the
   series allows.

   Systems lie side by side, one a lane, each at its own time; a lane that is done takes the next
   system. What a lane holds depends on its own system alone. Only sums, products, ratios and square
   roots are used, so that a chaotic system ends in the same bits on every processor.

   Biscani & Izzo (2021), MNRAS 504, 2614; the steps after Jorba & Zou (2005), Exp. Math. 14, 99. */

#include "elementary.h"
#include "engine.h"

#define LANES 8
#define ORDER 16
#define AXES 3
#define MOST_BODIES 64

/* What the last term of a step's series may add, over the size of the system. */
#define LAST_TERM 1e-16

/* Instead of a division by 0, for a coefficient that is 0. */
#define NOTHING 1e-300

/* A step below this share of the time that has passed no longer leads on. */
#define SHORTEST 1e-14

enum outcome { FOLLOWED, MET, TOO_MANY_STEPS };

typedef double Lanes[LANES];

typedef struct {
    Lanes position[ORDER + 1][AXES]; /* coefficients of powers of the time since the step began */
    Lanes lost[2][AXES];             /* what rounding took from position and velocity so far */
    Lanes pull[AXES];                /* the acceleration's coefficient, while it is summed */
    Lanes mass;
} Body;

/* Coefficients of a pair: from one to the other, the squared distance, and its power -3/2. */
typedef struct {
    Lanes apart[ORDER - 1][AXES];
    Lanes square[ORDER - 1];
    Lanes weight[ORDER - 1];
    Lanes inverse; /* of the squared distance as the step begins */
} Pair;

typedef struct {
    int64_t count, axes;
    Body *bodies;
    Pair *pairs;
    double softening;
    int64_t system[LANES]; /* which one is in a lane; -1 for none */
    int64_t output[LANES]; /* the next to be written */
    Lanes time, size, step;
} Motion;

typedef struct {
    const double *position, *velocity, *mass, *instants;
    double *places, *speeds;
    int64_t *steps, *outcomes;
    int64_t systems, outputs, most_steps, next, done;
} Work;

static inline void set_apart(const Body *one, const Body *other, Pair *restrict pair, int k) {
    for (int axis = 0; axis < AXES; axis++)
        for (int lane = 0; lane < LANES; lane++)
            pair->apart[k][axis][lane] = other->position[k][axis][lane] - one->position[k][axis][lane];
}

/* The coefficient of the squared distance: each product but the middle one stands there twice. */
static inline void set_square(Pair *restrict pair, double softening, int k) {
    double sum[AXES][LANES] = {{0}};
    for (int j = 0; 2 * j < k; j++)
        for (int axis = 0; axis < AXES; axis++)
            for (int lane = 0; lane < LANES; lane++)
                sum[axis][lane] += pair->apart[j][axis][lane] * pair->apart[k - j][axis][lane];
    for (int lane = 0; lane < LANES; lane++)
        pair->square[k][lane] = 2 * (sum[0][lane] + sum[1][lane] + sum[2][lane]);
    if (k % 2) return;
    for (int lane = 0; lane < LANES; lane++) {
        double x = pair->apart[k / 2][0][lane], y = pair->apart[k / 2][1][lane];
        double z = pair->apart[k / 2][2][lane];
        pair->square[k][lane] += x * x + y * y + z * z + (k ? 0 : softening * softening);
    }
}

static inline void add_product(double *restrict sum, double factor, const double *restrict a,
                               const double *restrict b) {
    for (int lane = 0; lane < LANES; lane++) sum[lane] += factor * (a[lane] * b[lane]);
}

/* Of w = u^(-3/2): k u_0 w_k = sum over j < k of (-3/2 (k - j) - j) w_j u_(k-j). */
static inline void set_weight(Pair *restrict pair, int k) {
    double sum[LANES] = {0};
    double factor = -1.5 * k;
    for (int j = 0; j < k; j++, factor += 0.5)
        add_product(sum, factor, pair->weight[j], pair->square[k - j]);
    double part = 1.0 / k;
    for (int lane = 0; lane < LANES; lane++)
        pair->weight[k][lane] = sum[lane] * pair->inverse[lane] * part;
}

static inline void set_first_weight(Pair *restrict pair) {
    for (int lane = 0; lane < LANES; lane++) {
        double square = pair->square[0][lane];
        pair->inverse[lane] = 1 / square;
        pair->weight[0][lane] = pair->inverse[lane] / root(square);
    }
}

static inline void add_pull(Body *restrict one, Body *restrict other, const Pair *restrict pair, int k) {
    double sum[AXES][LANES] = {{0}};
    for (int j = 0; j <= k; j++)
        for (int axis = 0; axis < AXES; axis++)
            for (int lane = 0; lane < LANES; lane++)
                sum[axis][lane] += pair->weight[k - j][lane] * pair->apart[j][axis][lane];
    for (int axis = 0; axis < AXES; axis++)
        for (int lane = 0; lane < LANES; lane++) {
            one->pull[axis][lane] += other->mass[lane] * sum[axis][lane];
            other->pull[axis][lane] -= one->mass[lane] * sum[axis][lane];
        }
}

static void attract(Body *restrict one, Body *restrict other, Pair *restrict pair, double softening, int k) {
    set_apart(one, other, pair, k);
    set_square(pair, softening, k);
    if (k) set_weight(pair, k);
    else set_first_weight(pair);
    add_pull(one, other, pair, k);
}

static void set_position(Body *restrict body, int k) {
    double part = 1.0 / ((k + 1) * (k + 2));
    for (int axis = 0; axis < AXES; axis++)
        for (int lane = 0; lane < LANES; lane++)
            body->position[k + 2][axis][lane] = body->pull[axis][lane] * part;
}

/* Write all coefficients, power after power: the pull at one is the position two powers on. */
static void expand(Motion *motion) {
    Body *bodies = motion->bodies;
    int64_t count = motion->count;
    for (int k = 0; k <= ORDER - 2; k++) {
        Pair *pair = motion->pairs;
        for (int64_t one = 0; one < count; one++) memset(bodies[one].pull, 0, sizeof bodies[one].pull);
        for (int64_t one = 0; one < count; one++)
            for (int64_t other = one + 1; other < count; other++)
                attract(&bodies[one], &bodies[other], pair++, motion->softening, k);
        for (int64_t one = 0; one < count; one++) set_position(&bodies[one], k);
    }
}

static inline double size_of(double x) { return x < 0 ? -x : x; }

/* Write the largest coefficient of a power; NaN if one is. */
static void largest(const Motion *motion, int k, double *restrict result) {
    for (int lane = 0; lane < LANES; lane++) result[lane] = 0;
    for (int64_t one = 0; one < motion->count; one++)
        for (int axis = 0; axis < AXES; axis++)
            for (int lane = 0; lane < LANES; lane++) {
                double x = size_of(motion->bodies[one].position[k][axis][lane]);
                result[lane] = x > result[lane] || x != x ? x : result[lane];
            }
}

static inline double sixteenth_root(double x) { return root(root(root(root(x)))); }

/* x^(1/15), as x^(1/16) x^(1/256) x^(1/4096). */
static inline double fifteenth_root(double x) {
    double first = sixteenth_root(x), second = sixteenth_root(first);
    return first * second * sixteenth_root(second);
}

/* As far as neither of the last two terms is too large; one alone may vanish by symmetry. */
static void choose_steps(Motion *motion, double stretch) {
    Lanes last, before;
    largest(motion, ORDER, last);
    largest(motion, ORDER - 1, before);
    for (int lane = 0; lane < LANES; lane++) {
        double allowed = LAST_TERM * motion->size[lane];
        double one = sixteenth_root(allowed / (last[lane] + NOTHING));
        double other = fifteenth_root(allowed / (before[lane] + NOTHING));
        motion->step[lane] = stretch * (one < other ? one : other);
    }
}

/* Write how far a body has come along an axis, and what it gained in velocity, since the step began. */
static void evaluate(const Body *body, int64_t axis, const double *restrict since, double *restrict moved,
                     double *restrict gained) {
    Lanes place = {0}, speed = {0};
    for (int k = ORDER; k >= 2; k--)
        for (int lane = 0; lane < LANES; lane++) {
            place[lane] = place[lane] * since[lane] + body->position[k][axis][lane];
            speed[lane] = speed[lane] * since[lane] + k * body->position[k][axis][lane];
        }
    for (int lane = 0; lane < LANES; lane++) {
        moved[lane] = (place[lane] * since[lane] + body->position[1][axis][lane]) * since[lane];
        gained[lane] = speed[lane] * since[lane];
    }
}

/* Write outputs that lie within the step, one a lane, and return whether there were any. */
static int write_outputs(Motion *motion, const Work *work) {
    Lanes since = {0}, moved, gained;
    int due[LANES] = {0}, any = 0;
    for (int lane = 0; lane < LANES; lane++) {
        if (motion->system[lane] < 0 || motion->output[lane] == work->outputs) continue;
        since[lane] = work->instants[motion->output[lane]] - motion->time[lane];
        due[lane] = since[lane] <= motion->step[lane];
        any |= due[lane];
    }
    for (int64_t part = 0; any && part < motion->count * motion->axes; part++) {
        const Body *body = &motion->bodies[part / motion->axes];
        int64_t axis = part % motion->axes;
        evaluate(body, axis, since, moved, gained);
        for (int lane = 0; lane < LANES; lane++) {
            if (!due[lane]) continue;
            int64_t row = motion->system[lane] * work->outputs + motion->output[lane];
            int64_t at = row * motion->count * motion->axes + part;
            work->places[at] = body->position[0][axis][lane] + moved[lane];
            work->speeds[at] = body->position[1][axis][lane] + gained[lane];
        }
    }
    for (int lane = 0; lane < LANES; lane++) motion->output[lane] += due[lane];
    return any;
}

/* Add with what earlier sums lost: errors then grow as those of a single rounding a step do not. */
static inline void add(double *restrict to, double *restrict lost, const double *restrict change) {
    for (int lane = 0; lane < LANES; lane++) {
        double whole_change = change[lane] + lost[lane];
        double sum = to[lane] + whole_change;
        lost[lane] = whole_change - (sum - to[lane]);
        to[lane] = sum;
    }
}

static void advance(Motion *motion) {
    Lanes moved, gained;
    for (int64_t one = 0; one < motion->count; one++)
        for (int axis = 0; axis < AXES; axis++) {
            Body *body = &motion->bodies[one];
            evaluate(body, axis, motion->step, moved, gained);
            add(body->position[0][axis], body->lost[0][axis], moved);
            add(body->position[1][axis], body->lost[1][axis], gained);
        }
    for (int lane = 0; lane < LANES; lane++) motion->time[lane] += motion->step[lane];
}

static void load_body(Body *body, int lane, int64_t axes, const double *position, const double *velocity) {
    for (int axis = 0; axis < AXES; axis++) {
        body->position[0][axis][lane] = axis < axes ? position[axis] : 0;
        body->position[1][axis][lane] = axis < axes ? velocity[axis] : 0;
        body->lost[0][axis][lane] = body->lost[1][axis][lane] = 0;
    }
}

/* Take the next system into a lane, or none if there is no more. */
static void load(Motion *motion, Work *work, int lane) {
    int64_t system = work->next < work->systems ? work->next++ : -1;
    motion->system[lane] = system;
    motion->output[lane] = 0;
    motion->time[lane] = motion->size[lane] = 0;
    for (int64_t one = 0; system >= 0 && one < motion->count; one++) {
        int64_t row = system * motion->count + one, at = row * motion->axes;
        load_body(&motion->bodies[one], lane, motion->axes, work->position + at, work->velocity + at);
        motion->bodies[one].mass[lane] = work->mass[row];
        for (int64_t axis = 0; axis < motion->axes; axis++) {
            double x = size_of(work->position[at + axis]);
            motion->size[lane] = x > motion->size[lane] ? x : motion->size[lane];
        }
    }
}

/* Count the step of a lane's system, and take the next one when it is done. */
static void finish_step(Motion *motion, Work *work, int lane) {
    int64_t system = motion->system[lane];
    if (system < 0) return;
    int64_t steps = ++work->steps[system];
    int leads_on = motion->step[lane] > SHORTEST * motion->time[lane];
    if (motion->output[lane] == work->outputs) work->outcomes[system] = FOLLOWED;
    else if (!leads_on) work->outcomes[system] = MET;
    else if (steps >= work->most_steps) work->outcomes[system] = TOO_MANY_STEPS;
    else return;
    work->done++;
    load(motion, work, lane);
}

/* Write places and speeds (system, instant, body, axis) at instants that ascend from 0; `stretch`
   lengthens all steps. Of each system, `steps` counts its steps and `outcomes` is an enum outcome:
   where it is not FOLLOWED, outputs after the last one reached are left as they were. */
KERNEL(nbody, ARRAY(const double, position), ARRAY(const double, velocity), ARRAY(const double, mass),
       ARRAY(const double, instants), int64_t bodies, int64_t axes, double softening, double stretch,
       int64_t most_steps, ARRAY(double, scratch), ARRAY(double, places), ARRAY(double, speeds),
       ARRAY(int64_t, steps), ARRAY(int64_t, outcomes)) {
    REQUIRE(bodies >= 1 && bodies <= MOST_BODIES && axes >= 1 && axes <= AXES);
    int64_t systems = mass_length / bodies, outputs = instants_length;
    int64_t pairs = bodies * (bodies - 1) / 2;
    REQUIRE(mass_length == systems * bodies && mass_length < (int64_t)1 << 32);
    REQUIRE(position_length == mass_length * axes && velocity_length == position_length);
    REQUIRE(outputs >= 1 && outputs < 1 << 24 && places_length == position_length * outputs);
    REQUIRE(speeds_length == places_length && steps_length == systems && outcomes_length == systems);
    REQUIRE(scratch_length * (int64_t)sizeof(double)
            == bodies * (int64_t)sizeof(Body) + pairs * (int64_t)sizeof(Pair));
    memset(scratch, 0, (size_t)scratch_length * sizeof(double));
    memset(steps, 0, (size_t)systems * sizeof(int64_t));
    Body *body = (Body *)scratch;
    Motion motion = {bodies, axes, body, (Pair *)(body + bodies), softening, {0}, {0}, {0}, {0}, {0}};
    Work work = {position, velocity, mass, instants, places, speeds, steps, outcomes,
                 systems, outputs, most_steps, 0, 0};
    for (int lane = 0; lane < LANES; lane++) load(&motion, &work, lane);
    while (work.done < systems) {
        expand(&motion);
        choose_steps(&motion, stretch);
        while (write_outputs(&motion, &work)) continue;
        advance(&motion);
        for (int lane = 0; lane < LANES; lane++) finish_step(&motion, &work, lane);
    }
    return 0;
}
