/* Normal deviates and uniforms of streams. */

#include "deviates.h"

/* The counter at which the deviates of a row begin. */
#define OF_ROW(row) {0, 0, 1, (row)}

/* Write standard normal deviates of rows, (row, count): two of each word of the stream that
   numpy's Philox has of this key and the counter of the row. Cells are (cell, term), the
   polynomials of `deviates.h`. */
KERNEL(normal_deviates, ARRAY(const uint64_t, key), ARRAY(const uint64_t, rows),
       ARRAY(const double, cells), ARRAY(double, result)) {
    REQUIRE(key_length == 2 && cells_length == CELLS * TERMS);
    REQUIRE((rows_length ? result_length % rows_length : result_length) == 0);
    int64_t each = rows_length ? result_length / rows_length : 0;
    for (int64_t row = 0; row < rows_length; row++) {
        Deviates stream = {key, OF_ROW(rows[row]), cells};
        double *to = result + row * each;
        for (int64_t first = 0; first < each; first += AT_ONCE)
            write_deviates(&stream, first, to + first, smaller(AT_ONCE, each - first));
    }
    return 0;
}

/* The uniform in (0, 1) of 53 bits and half a step, below 1 where that would round up. */
static inline double fine_uniform(uint64_t word) {
    double value = ((double)(int64_t)(word >> 11) + 0.5) * 0x1p-53;
    return value < 1 ? value : 1 - 0x1p-53;
}

/* Write uniforms of rows, (row, count), one of each word of the same streams. */
KERNEL(uniform_deviates, ARRAY(const uint64_t, key), ARRAY(const uint64_t, rows),
       ARRAY(double, result)) {
    REQUIRE(key_length == 2 && (rows_length ? result_length % rows_length : result_length) == 0);
    uint64_t words[4 * BLOCK];
    int64_t each = rows_length ? result_length / rows_length : 0;
    for (int64_t row = 0; row < rows_length; row++) {
        const uint64_t counter[4] = OF_ROW(rows[row]);
        for (int64_t first = 0; first < each; first += 4 * BLOCK) {
            int64_t count = smaller(4 * BLOCK, each - first);
            philox(key, counter, (uint64_t)(first / 4), words, (count + 3) / 4);
            double *restrict to = result + row * each + first;
            for (int64_t i = 0; i < count; i++) to[i] = fine_uniform(words[i]);
        }
    }
    return 0;
}

/* Write the first uniforms of streams, (key, count). */
KERNEL(first_uniforms, ARRAY(const uint64_t, keys), int64_t count, ARRAY(double, result)) {
    REQUIRE(keys_length % 2 == 0 && count >= 0 && result_length == keys_length / 2 * count);
    const uint64_t start[4] = {0};
    uint64_t words[4 * BLOCK];
    for (int64_t stream = 0; stream < keys_length / 2; stream++) {
        for (int64_t first = 0; first < count; first += 4 * BLOCK) {
            int64_t some = smaller(4 * BLOCK, count - first);
            philox(keys + 2 * stream, start, (uint64_t)(first / 4), words, (some + 3) / 4);
            double *restrict to = result + stream * count + first;
            for (int64_t i = 0; i < some; i++) to[i] = fine_uniform(words[i]);
        }
    }
    return 0;
}
