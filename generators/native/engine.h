/* What every kernel has: an exported name, arrays that come with their length, checked sizes.

   A kernel is declared as KERNEL(name, arguments) on lines that `library.py` reads: an argument is
   ARRAY(type, name), with const where it is only read, int64_t name, or double name. It returns 0,
   or the line on which it found that a size does not fit, before any memory is touched.

   Bits are the same on every processor: no contraction, no function of the C library, sums in
   the order in which they stand. Loops run over independent values side by side, never inside a
   sum, so that the width of a vector changes nothing. */

#ifndef SKYBENCH_ENGINE_H
#define SKYBENCH_ENGINE_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#if defined(_WIN32)
#define EXPORTED __declspec(dllexport)
#else
#define EXPORTED __attribute__((visibility("default")))
#endif

#define KERNEL(name, ...) EXPORTED int64_t skybench_##name(__VA_ARGS__)

#define ARRAY(type, name) type *restrict name, int64_t name##_length

#define REQUIRE(condition) \
    do { \
        if (!(condition)) return __LINE__; \
    } while (0)

static inline int64_t smaller(int64_t a, int64_t b) { return a < b ? a : b; }
static inline int64_t larger(int64_t a, int64_t b) { return a > b ? a : b; }

#endif
