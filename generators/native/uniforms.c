/* Uniforms in (0, 1) of many streams: the words of `random_streams.uniforms`, from the first on. */

#include "engine.h"
#include "philox.h"

#define WORDS 4 /* of a count */

static double uniform(uint64_t word) {
    double value = ((double)(word >> 11) + 0.5) * 0x1p-53;
    return value < 1 ? value : 1 - 0x1p-53;
}

/* Write as many of each stream, (keys, count). */
KERNEL(uniforms, ARRAY(const uint64_t, keys), int64_t count, ARRAY(double, values)) {
    REQUIRE(keys_length % 2 == 0 && count >= 0 && values_length == keys_length / 2 * count);
    const uint64_t start[WORDS] = {0};
    for (int64_t k = 0; k < keys_length / 2; k++)
        for (int64_t first = 0; first < count; first += WORDS) {
            uint64_t words[WORDS];
            philox(keys + 2 * k, start, (uint64_t)(first / WORDS), words, 1);
            for (int64_t i = first; i < smaller(first + WORDS, count); i++)
                values[k * count + i] = uniform(words[i - first]);
        }
    return 0;
}
