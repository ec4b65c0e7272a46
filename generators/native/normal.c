/* Normal deviates of a row's stream, and the normal quantile that they are made of. */

#include "deviates.h"

/* Write standard normal deviates, two of each word of the stream that numpy's Philox has of this
   key and counter. Cells are (cell, term), the polynomials of `deviates.h`. */
KERNEL(normal_deviates, ARRAY(const uint64_t, key), ARRAY(const uint64_t, counter),
       ARRAY(const double, cells), ARRAY(double, result)) {
    REQUIRE(key_length == 2 && counter_length == 4 && cells_length == CELLS * TERMS);
    Deviates stream = {key, {counter[0], counter[1], counter[2], counter[3]}, cells};
    for (int64_t first = 0; first < result_length; first += AT_ONCE)
        write_deviates(&stream, first, result + first, smaller(AT_ONCE, result_length - first));
    return 0;
}
