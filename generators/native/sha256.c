/* SHA-256 of many rows at once.

   FIPS 180-4. The rows of an array are of one length, so their blocks end together: a lane hashes
   a row, and all lanes take each step side by side. */

#include "engine.h"

#define LANES 16
#define BLOCK 64
#define DIGEST 32
#define LENGTH 8

typedef uint32_t Lanes[LANES];

static const uint32_t START[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                  0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};

static const uint32_t ROUND[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

static inline uint32_t turned(uint32_t x, int bits) { return x >> bits | x << (32 - bits); }

static inline uint32_t big_endian(const uint8_t *bytes) {
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

/* One of the 64 rounds, in all lanes. */
static inline void take_round(const uint32_t *restrict a, const uint32_t *restrict b,
                              const uint32_t *restrict c, uint32_t *restrict d,
                              const uint32_t *restrict e, const uint32_t *restrict f,
                              const uint32_t *restrict g, uint32_t *restrict h,
                              const uint32_t *restrict word, uint32_t constant) {
    for (int l = 0; l < LANES; l++) {
        uint32_t mixed = turned(e[l], 6) ^ turned(e[l], 11) ^ turned(e[l], 25);
        uint32_t chosen = g[l] ^ (e[l] & (f[l] ^ g[l]));
        uint32_t sum = h[l] + mixed + chosen + constant + word[l];
        uint32_t stirred = turned(a[l], 2) ^ turned(a[l], 13) ^ turned(a[l], 22);
        uint32_t most = (a[l] & b[l]) | (c[l] & (a[l] | b[l]));
        d[l] += sum;
        h[l] = sum + stirred + most;
    }
}

/* The words of rounds 16 on, each in the place of the one 16 rounds before. */
static inline void follow(uint32_t *restrict word, const uint32_t *restrict after_1,
                          const uint32_t *restrict after_9, const uint32_t *restrict after_14) {
    for (int l = 0; l < LANES; l++) {
        uint32_t x = after_1[l], y = after_14[l];
        word[l] += (turned(x, 7) ^ turned(x, 18) ^ x >> 3) + after_9[l] +
                   (turned(y, 17) ^ turned(y, 19) ^ y >> 10);
    }
}

static void compress(Lanes *restrict state, Lanes *restrict words) {
    Lanes v[8];
    memcpy(v, state, sizeof v);
    for (int first = 0; first < 64; first += 8) {
#pragma GCC unroll 8
        for (int i = 0; i < 8; i++) {
            int t = first + i;
            if (t >= 16) {
                follow(words[t & 15], words[(t + 1) & 15], words[(t + 9) & 15], words[(t + 14) & 15]);
            }
            take_round(v[(8 - i) & 7], v[(9 - i) & 7], v[(10 - i) & 7], v[(11 - i) & 7],
                       v[(12 - i) & 7], v[(13 - i) & 7], v[(14 - i) & 7], v[(15 - i) & 7],
                       words[t & 15], ROUND[t]);
        }
    }
    for (int i = 0; i < 8; i++) {
        for (int l = 0; l < LANES; l++) state[i][l] += v[i][l];
    }
}

/* Write a block of the padded message that is the prefix and the row. */
static void write_block(uint8_t prefix, const uint8_t *row, int64_t row_bytes, int64_t block,
                        uint8_t *restrict bytes) {
    int64_t first = BLOCK * block - 1, begin = larger(first, 0);
    int64_t end = smaller(first + BLOCK, row_bytes);
    memset(bytes, 0, BLOCK);
    if (block == 0) bytes[0] = prefix;
    if (end > begin) memcpy(bytes + (begin - first), row + begin, (size_t)(end - begin));
    if (row_bytes >= first && row_bytes < first + BLOCK) bytes[row_bytes - first] = 0x80;
    if (row_bytes + LENGTH < first + BLOCK) {
        uint64_t bits = 8 * ((uint64_t)row_bytes + 1);
        for (int i = 0; i < LENGTH; i++) bytes[BLOCK - 1 - i] = (uint8_t)(bits >> (8 * i));
    }
}

static void load(const uint8_t *bytes, int lane, Lanes *restrict words) {
    for (int t = 0; t < 16; t++) words[t][lane] = big_endian(bytes + 4 * t);
}

static void write_digest(Lanes *state, int lane, uint8_t *restrict digest) {
    for (int i = 0; i < DIGEST; i++) digest[i] = (uint8_t)(state[i / 4][lane] >> (24 - 8 * (i % 4)));
}

/* Hash up to LANES rows; lanes without a row of their own repeat the last. */
static void hash_lanes(uint8_t prefix, const uint8_t *rows, int64_t count, int64_t row_bytes,
                       uint8_t *restrict digests) {
    Lanes state[8], words[16];
    uint8_t bytes[BLOCK];
    for (int i = 0; i < 8; i++) {
        for (int l = 0; l < LANES; l++) state[i][l] = START[i];
    }
    int64_t blocks = (row_bytes + LENGTH + 1) / BLOCK + 1;
    for (int64_t block = 0; block < blocks; block++) {
        for (int l = 0; l < LANES; l++) {
            const uint8_t *row = rows + smaller(l, count - 1) * row_bytes;
            int64_t first = BLOCK * block - 1;
            if (first >= 0 && first + BLOCK <= row_bytes) {
                load(row + first, l, words);
            } else {
                write_block(prefix, row, row_bytes, block, bytes);
                load(bytes, l, words);
            }
        }
        compress(state, words);
    }
    for (int l = 0; l < count; l++) write_digest(state, l, digests + DIGEST * l);
}

/* Write the SHA-256 of a byte and each row, (count, 32). */
KERNEL(hash_rows, int64_t prefix, ARRAY(const uint8_t, rows), int64_t row_bytes,
       ARRAY(uint8_t, digests)) {
    int64_t count = digests_length / DIGEST;
    REQUIRE(prefix >= 0 && prefix < 256 && row_bytes >= 0 && digests_length == DIGEST * count);
    REQUIRE(rows_length == count * row_bytes);
    for (int64_t first = 0; first < count; first += LANES) {
        hash_lanes((uint8_t)prefix, rows + first * row_bytes, smaller(LANES, count - first),
                   row_bytes, digests + DIGEST * first);
    }
    return 0;
}
