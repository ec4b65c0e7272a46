/* Bodies under their own gravity, by Taylor series of the motion: order 16, each step as long as the
   series allows; and their energies.

   Systems lie side by side, one a lane, each at its own time; a lane that is done takes the next
   system. What a lane holds depends on its own system alone. Only sums, products, ratios and square
   roots are used, so that a chaotic system ends in the same bits on every processor.

   Biscani & Izzo (2021), MNRAS 504, 2614; the steps after Jorba & Zou (2005), Exp. Math. 14, 99. */

#include "elementary.h"
#include "engine.h"

/* As many as a register holds. A vector type tells the compiler to keep sums in registers; of loops
   over lanes inside of loops over axes gcc makes shuffles. */
#define MOST_LANES 8
#if defined(__AVX512F__)
#define LANES MOST_LANES
#elif defined(__AVX__)
#define LANES 4
#else
#define LANES 2
#endif

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

typedef double Lanes __attribute__((vector_size(LANES * sizeof(double)), aligned(sizeof(double))));

typedef struct {
    Lanes position[ORDER + 1][AXES]; /* coefficients of powers of the time since the step began */
    Lanes lost[2][AXES];             /* what rounding took from position and velocity so far */
    Lanes pull[2][AXES];             /* coefficients of the acceleration, while they are summed */
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

static inline void set_apart(const Body *one, const Body *other, Pair *restrict pair, int axes, int k) {
    for (int axis = 0; axis < axes; axis++)
        pair->apart[k][axis] = other->position[k][axis] - one->position[k][axis];
}

/* A sum over the axes, from the first to the last. */
static inline Lanes over_axes(const Lanes *parts, int axes) {
    Lanes sum = parts[0];
    for (int axis = 1; axis < axes; axis++) sum += parts[axis];
    return sum;
}

/* The coefficient of the squared distance: each product but the middle one stands there twice. */
static inline void set_square(Pair *restrict pair, double softening, int axes, int k) {
    Lanes part[AXES] = {{0}};
    for (int j = 0; 2 * j < k; j++)
        for (int axis = 0; axis < axes; axis++)
            part[axis] += pair->apart[j][axis] * pair->apart[k - j][axis];
    Lanes sum = 2.0 * over_axes(part, axes);
    if (k % 2 == 0) {
        const Lanes *middle = pair->apart[k / 2];
        for (int axis = 0; axis < axes; axis++) part[axis] = middle[axis] * middle[axis];
        sum += over_axes(part, axes) + (k ? 0 : softening * softening);
    }
    pair->square[k] = sum;
}

/* Of w = u^(-3/2): k u_0 w_k = sum over j < k of (-3/2 (k - j) - j) w_j u_(k-j). What is
   newest comes last, here and below, so that sums need not wait for each other. */
static inline void set_weight(Pair *restrict pair, int k) {
    Lanes sum = {0};
    double factor = -k - 0.5;
    for (int j = k - 1; j >= 0; j--, factor -= 0.5)
        sum += factor * (pair->weight[j] * pair->square[k - j]);
    pair->weight[k] = sum * pair->inverse * (1.0 / k);
}

static inline void set_first_weight(Pair *restrict pair) {
    Lanes distance;
    for (int lane = 0; lane < LANES; lane++) distance[lane] = root(pair->square[0][lane]);
    pair->inverse = 1.0 / pair->square[0];
    pair->weight[0] = pair->inverse / distance;
}

static inline void add_pull(Body *restrict one, Body *restrict other, const Pair *restrict pair, int axes,
                            int k) {
    Lanes sum[AXES] = {{0}};
    for (int j = 0; j <= k; j++)
        for (int axis = 0; axis < axes; axis++) sum[axis] += pair->weight[j] * pair->apart[k - j][axis];
    for (int axis = 0; axis < axes; axis++) {
        one->pull[k % 2][axis] += other->mass * sum[axis];
        other->pull[k % 2][axis] -= one->mass * sum[axis];
    }
}

static inline void attract(Body *restrict one, Body *restrict other, Pair *restrict pair, double softening,
                           int axes, int k) {
    set_apart(one, other, pair, axes, k);
    set_square(pair, softening, axes, k);
    if (k) set_weight(pair, k);
    else set_first_weight(pair);
    add_pull(one, other, pair, axes, k);
}

static inline void set_position(Body *restrict body, int axes, int k) {
    double part = 1.0 / ((k + 1) * (k + 2));
    for (int axis = 0; axis < axes; axis++) body->position[k + 2][axis] = body->pull[k % 2][axis] * part;
}

/* Write all coefficients. The pull at one power is the position two powers on: so two are known at a
   time, and a pair is fetched once for both. */
static inline void expand_along(Motion *motion, int axes) {
    Body *bodies = motion->bodies;
    int64_t count = motion->count;
    for (int k = 0; k <= ORDER - 2; k += 2) {
        Pair *pair = motion->pairs;
        int both = k < ORDER - 2;
        for (int64_t one = 0; one < count; one++) memset(bodies[one].pull, 0, sizeof bodies[one].pull);
        for (int64_t one = 0; one < count; one++)
            for (int64_t other = one + 1; other < count; other++, pair++) {
                attract(&bodies[one], &bodies[other], pair, motion->softening, axes, k);
                if (both) attract(&bodies[one], &bodies[other], pair, motion->softening, axes, k + 1);
            }
        for (int64_t one = 0; one < count; one++) {
            set_position(&bodies[one], axes, k);
            if (both) set_position(&bodies[one], axes, k + 1);
        }
    }
}

/* With the number of axes known, sums over them stay in registers. */
static void expand(Motion *motion) {
    if (motion->axes == 3) expand_along(motion, 3);
    else expand_along(motion, 2);
}

static inline double size_of(double x) { return x < 0 ? -x : x; }

/* Write the largest coefficient of a power; NaN if one is. */
static Lanes largest(const Motion *motion, int k) {
    Lanes result = {0};
    for (int64_t one = 0; one < motion->count; one++)
        for (int axis = 0; axis < motion->axes; axis++)
            for (int lane = 0; lane < LANES; lane++) {
                double x = size_of(motion->bodies[one].position[k][axis][lane]);
                result[lane] = x > result[lane] || x != x ? x : result[lane];
            }
    return result;
}

static inline double sixteenth_root(double x) { return root(root(root(root(x)))); }

/* x^(1/15), as x^(1/16) x^(1/256) x^(1/4096). */
static inline double fifteenth_root(double x) {
    double first = sixteenth_root(x), second = sixteenth_root(first);
    return first * second * sixteenth_root(second);
}

/* As far as neither of the last two terms is too large; one alone may vanish by symmetry. */
static void choose_steps(Motion *motion, double stretch) {
    Lanes last = largest(motion, ORDER), before = largest(motion, ORDER - 1);
    for (int lane = 0; lane < LANES; lane++) {
        double allowed = LAST_TERM * motion->size[lane];
        double one = sixteenth_root(allowed / (last[lane] + NOTHING));
        double other = fifteenth_root(allowed / (before[lane] + NOTHING));
        motion->step[lane] = stretch * (one < other ? one : other);
    }
}

/* Write how far a body has come along an axis, and what it gained in velocity, since the step began. */
static inline void evaluate(const Body *body, int64_t axis, Lanes since, Lanes *restrict moved,
                            Lanes *restrict gained) {
    Lanes place = {0}, speed = {0};
    for (int k = ORDER; k >= 2; k--) {
        place = place * since + body->position[k][axis];
        speed = speed * since + (double)k * body->position[k][axis];
    }
    *moved = (place * since + body->position[1][axis]) * since;
    *gained = speed * since;
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
        evaluate(body, axis, since, &moved, &gained);
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
static inline void add(Lanes *restrict to, Lanes *restrict lost, Lanes change) {
    Lanes whole_change = change + *lost, sum = *to + whole_change;
    *lost = whole_change - (sum - *to);
    *to = sum;
}

static void advance(Motion *motion) {
    Lanes moved, gained;
    for (int64_t one = 0; one < motion->count; one++)
        for (int axis = 0; axis < motion->axes; axis++) {
            Body *body = &motion->bodies[one];
            evaluate(body, axis, motion->step, &moved, &gained);
            add(&body->position[0][axis], &body->lost[0][axis], moved);
            add(&body->position[1][axis], &body->lost[1][axis], gained);
        }
    motion->time += motion->step;
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
    REQUIRE(bodies >= 1 && bodies <= MOST_BODIES && axes >= 2 && axes <= AXES);
    int64_t systems = mass_length / bodies, outputs = instants_length;
    int64_t pairs = bodies * (bodies - 1) / 2;
    REQUIRE(mass_length == systems * bodies && mass_length < (int64_t)1 << 32);
    REQUIRE(position_length == mass_length * axes && velocity_length == position_length);
    REQUIRE(outputs >= 1 && outputs < 1 << 24 && places_length == position_length * outputs);
    REQUIRE(speeds_length == places_length && steps_length == systems && outcomes_length == systems);
    REQUIRE(scratch_length * (int64_t)sizeof(double) * LANES
            == (bodies * (int64_t)sizeof(Body) + pairs * (int64_t)sizeof(Pair)) * MOST_LANES);
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
    /* What is left there would tell how many lanes there were. */
    memset(scratch, 0, (size_t)scratch_length * sizeof(double));
    return 0;
}

/* The squared distance between two points, summed in the order of the axes. */
static inline double squared(const double *one, const double *other, int64_t axes) {
    double sum = 0;
    for (int64_t axis = 0; axis < axes; axis++) {
        double apart = one[axis] - other[axis];
        sum += apart * apart;
    }
    return sum;
}

static double kinetic_of(const double *speeds, const double *mass, int64_t bodies, int64_t axes) {
    const double none[AXES] = {0};
    double sum = 0;
    for (int64_t one = 0; one < bodies; one++)
        sum += 0.5 * mass[one] * squared(speeds + one * axes, none, axes);
    return sum;
}

static double potential_of(const double *places, const double *mass, int64_t bodies, int64_t axes,
                           double softening) {
    double sum = 0;
    for (int64_t one = 0; one < bodies; one++)
        for (int64_t other = 0; other < one; other++) {
            double square = squared(places + one * axes, places + other * axes, axes);
            sum -= mass[one] * mass[other] / root(square + softening * softening);
        }
    return sum;
}

/* Write the energies of systems at places and speeds (system, instant, body, axis). */
KERNEL(nbody_energies, ARRAY(const double, places), ARRAY(const double, speeds), ARRAY(const double, mass),
       int64_t bodies, int64_t axes, double softening, ARRAY(double, kinetic), ARRAY(double, potential)) {
    REQUIRE(bodies >= 1 && bodies <= MOST_BODIES && axes >= 1 && axes <= AXES);
    int64_t systems = mass_length / bodies, of_a_system = bodies * axes;
    int64_t outputs = systems ? kinetic_length / systems : 0;
    REQUIRE(mass_length == systems * bodies && kinetic_length == systems * outputs);
    REQUIRE(potential_length == kinetic_length && places_length == kinetic_length * of_a_system);
    REQUIRE(speeds_length == places_length);
    for (int64_t row = 0; row < kinetic_length; row++) {
        const double *own = mass + row / outputs * bodies;
        kinetic[row] = kinetic_of(speeds + row * of_a_system, own, bodies, axes);
        potential[row] = potential_of(places + row * of_a_system, own, bodies, axes, softening);
    }
    return 0;
}
