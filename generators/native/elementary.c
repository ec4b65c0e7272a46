/* The elementary functions over arrays. */

#include "elementary.h"
#include "engine.h"

/* Write e^x. */
KERNEL(exponential, ARRAY(const double, x), ARRAY(double, result)) {
    REQUIRE(result_length == x_length);
    for (int64_t i = 0; i < x_length; i++) result[i] = exponential(x[i]);
    return 0;
}

/* Write ln x, for normal positive x. */
KERNEL(logarithm, ARRAY(const double, x), ARRAY(double, result)) {
    REQUIRE(result_length == x_length);
    for (int64_t i = 0; i < x_length; i++) result[i] = logarithm(x[i]);
    return 0;
}

/* Write sin x and cos x, for |x| up to 1e6. */
KERNEL(sine_cosine, ARRAY(const double, x), ARRAY(double, sine), ARRAY(double, cosine)) {
    REQUIRE(sine_length == x_length && cosine_length == x_length);
    for (int64_t i = 0; i < x_length; i++) sine_cosine(x[i], &sine[i], &cosine[i]);
    return 0;
}

/* Write erf x. */
KERNEL(error_function, ARRAY(const double, x), ARRAY(double, result)) {
    REQUIRE(result_length == x_length);
    for (int64_t i = 0; i < x_length; i++) result[i] = error_function(x[i]);
    return 0;
}

/* Write the angles from the first axis to (x, y). */
KERNEL(angle, ARRAY(const double, y), ARRAY(const double, x), ARRAY(double, result)) {
    REQUIRE(result_length == x_length && y_length == x_length);
    for (int64_t i = 0; i < x_length; i++) result[i] = angle(y[i], x[i]);
    return 0;
}

/* Write e^x in single precision. */
KERNEL(exponential_single, ARRAY(const float, x), ARRAY(float, result)) {
    REQUIRE(result_length == x_length);
    for (int64_t i = 0; i < x_length; i++) result[i] = exponential_f(x[i]);
    return 0;
}

/* Write ln x in single precision, for normal positive x. */
KERNEL(logarithm_single, ARRAY(const float, x), ARRAY(float, result)) {
    REQUIRE(result_length == x_length);
    for (int64_t i = 0; i < x_length; i++) result[i] = logarithm_f(x[i]);
    return 0;
}
