/* Quantities, fractions, dates and plain decimals. The first byte chooses the dimension. Besides not crashing: what is taken as an
 * integer lies where the same text as a double lies, and a fraction is in lowest terms.
 */
#include <math.h>
#include <string.h>

#include "sim/base/memory.h"
#include "sim/base/units.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size == 0) return 0;
    vdc_dimension dimension = (vdc_dimension)(data[0] % (VDC_DIM_MONEY + 1));
    char *text = vdc_strndup((const char *)data + 1, size - 1);
    if (!text) return 0;
    int64_t integer = 0, numerator = 0, denominator = 0, time = 0, plain = 0;
    double real = 0, plain_real = 0;
    const char *no_integer = vdc_parse_integer(text, dimension, &integer), *no_real = vdc_parse_real(text, dimension, &real);
    if (!no_real) REQUIRE(isfinite(real));
    if (!no_integer && !no_real) {
        double scaled = real * (double)vdc_dimension_scale(dimension);
        REQUIRE(fabs(scaled - (double)integer) <= 0.5 + 1e-12 * fabs(scaled));
    }
    if (!vdc_parse_fraction(text, &numerator, &denominator)) {
        REQUIRE(denominator > 0 && denominator <= 1000000000);
        uint64_t a = numerator < 0 ? -(uint64_t)numerator : (uint64_t)numerator, b = (uint64_t)denominator;
        while (b) {
            uint64_t rest = a % b;
            a = b;
            b = rest;
        }
        REQUIRE(a == 1);
    }
    vdc_parse_datetime(text, &time);
    const char *end = text + strlen(text);
    bool is_plain = vdc_decimal(text, end, 1000, &plain), is_real = vdc_decimal_real(text, end, &plain_real);
    if (is_real) REQUIRE(isfinite(plain_real));
    if (is_plain && is_real) REQUIRE(fabs(plain_real * 1000 - (double)plain) <= 0.5 + 1e-12 * fabs(plain_real * 1000));
    vdc_free(text);
    return 0;
}
