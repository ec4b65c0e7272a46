/* Radial functions of one parameter in tables, looked up by the bits of k squared.

   A float's exponent and first mantissa bits number its node, and the rest say how far it is to the
   next: 64 nodes in each octave of k squared, without a logarithm. `radial_table.py` fills them. */

#ifndef SKYBENCH_RADIAL_H
#define SKYBENCH_RADIAL_H

#include "fft.h"

#define FRACTION_BITS 17
#define NODES_OF_AN_OCTAVE 64
#define FIRST_EXPONENT (-29)
#define OCTAVES 58
#define NODES (OCTAVES * NODES_OF_AN_OCTAVE + 1)

/* A table: a row of nodes for each value of the parameter. */
typedef struct {
    const float *values;
    int64_t rows;
} Table;

/* One function on the nodes that a grid needs, between two k squared that lie on nodes. */
typedef struct {
    const float *values;
    int32_t origin;
    float lowest, highest, at_zero;
} Line;

static inline int32_t first_node(void) {
    return (127 + FIRST_EXPONENT) << (23 - FRACTION_BITS);
}

static inline int64_t node_below(float squared) {
    int64_t node = (int64_t)(bits_of_f(squared) >> FRACTION_BITS) - first_node();
    return node < 0 ? 0 : node > NODES - 2 ? NODES - 2 : node;
}

static inline float squared_at(int64_t node) {
    return float_of((uint32_t)(node + first_node()) << FRACTION_BITS);
}

static inline void weigh_rows(int64_t count, const float *restrict row, const float *weights,
                              float *restrict values) {
    for (int64_t i = 0; i < count; i++) {
        values[i] = weights[0] * row[i] + weights[1] * row[i + NODES] +
                    weights[2] * row[i + 2 * NODES] + weights[3] * row[i + 3 * NODES];
    }
}

/* The cubic through the four rows about a place, counted in rows, from one k squared to another. */
static inline Line line_of(Table table, double place, double from, double to, float *values) {
    int64_t below = (int64_t)whole(place) - 1;
    below = below < 0 ? 0 : below > table.rows - 4 ? table.rows - 4 : below;
    double a = place - (double)below, b = a - 1, c = a - 2, d = a - 3;
    float weights[4] = {(float)(-b * c * d / 6), (float)(a * c * d / 2), (float)(-a * b * d / 2),
                        (float)(a * b * c / 6)};
    int64_t low = node_below((float)from), high = node_below((float)to) + 1;
    const float *rows = table.values + below * NODES;
    Line line = {values, first_node() + (int32_t)low, squared_at(low), 0, 0};
    /* Just below the last node, from which there is no next one. */
    line.highest = float_of(bits_of_f(squared_at(high)) - 1);
    weigh_rows(1, rows, weights, &line.at_zero);
    weigh_rows(high + 1 - low, rows + low, weights, values);
    return line;
}

/* The function at LANES values of k squared, constant beyond both ends. */
static inline void look_up(Line line, const float *restrict squared, float *restrict found) {
    const float *restrict values = line.values;
    for (int i = 0; i < LANES; i++) {
        float q = squared[i] > line.lowest ? squared[i] : line.lowest;
        q = q < line.highest ? q : line.highest;
        int32_t bits = (int32_t)bits_of_f(q);
        int32_t node = (bits >> FRACTION_BITS) - line.origin;
        float share = (float)(bits & ((1 << FRACTION_BITS) - 1)) * (1.0f / (1 << FRACTION_BITS));
        float low = values[node], high = values[node + 1];
        found[i] = low + share * (high - low);
    }
}

#endif
