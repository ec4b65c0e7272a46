/* Counter-based random words, as numpy's Philox has them. */

#ifndef SKYBENCH_PHILOX_H
#define SKYBENCH_PHILOX_H

#include <stdint.h>

/* Ten rounds of Philox4x64 (Salmon et al. 2011) for each count after the first one. */
static void philox(const uint64_t *restrict key, const uint64_t *restrict counter, uint64_t first,
                   uint64_t *restrict words, int64_t blocks) {
    for (int64_t i = 0; i < blocks; i++) {
        uint64_t a = counter[0] + first + (uint64_t)i + 1, b = counter[1];
        uint64_t c = counter[2], d = counter[3], k = key[0], l = key[1];
        for (int round = 0; round < 10; round++) {
            unsigned __int128 even = (unsigned __int128)a * 0xd2e7470ee14c6c93;
            unsigned __int128 odd = (unsigned __int128)c * 0xca5a826395121157;
            a = (uint64_t)(odd >> 64) ^ b ^ k;
            c = (uint64_t)(even >> 64) ^ d ^ l;
            b = (uint64_t)odd;
            d = (uint64_t)even;
            k += 0x9e3779b97f4a7c15;
            l += 0xbb67ae8584caa73b;
        }
        words[4 * i] = a;
        words[4 * i + 1] = b;
        words[4 * i + 2] = c;
        words[4 * i + 3] = d;
    }
}

#endif
