/* What the processor can do, asked before any code is run that needs it. */

#include "engine.h"

#if defined(__x86_64__)
#include <cpuid.h>

static int has(uint32_t word, uint32_t bits) { return (word & bits) == bits; }

/* The registers that the system saves when it changes from one task to another. */
static uint32_t saved(void) {
    uint32_t low, high;
    __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return low;
}

static int64_t level(void) {
    uint32_t a, b, c, d, wide;
    /* SSE3, SSSE3, FMA, CX16, SSE4.1, SSE4.2, MOVBE, POPCNT, OSXSAVE, AVX, F16C */
    if (!__get_cpuid(1, &a, &b, &c, &d) || !has(c, 0x38d83201)) return 1;
    wide = saved();
    if (!has(wide, 0x6) || !__get_cpuid(0x80000001, &a, &b, &c, &d) || !has(c, 0x21)) return 1;
    /* BMI1, AVX2, BMI2; then AVX512F, DQ, CD, BW, VL */
    if (!__get_cpuid_count(7, 0, &a, &b, &c, &d) || !has(b, 0x128)) return 1;
    return has(wide, 0xe6) && has(b, 0xd0030000) ? 4 : 3;
}
#else
static int64_t level(void) { return 1; }
#endif

/* Return the level of x86-64 that the processor has, 1, 3 or 4; 1 on others. */
KERNEL(level, void) { return level(); }

/* Return the SHA-256 of the source that this was compiled from, in hexadecimal. */
EXPORTED const char *skybench_source(void) { return SOURCE; }
