/* Quantities and decimals: exactness against plain wide arithmetic, published hard cases, hostile text. */
#include "sim/base/random.h"
#include "sim/base/units.h"

#include <criterion/criterion.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static void accepts(const char *text, vdc_dimension dimension, int64_t expected) {
    int64_t value = -77;
    const char *wrong = vdc_parse_integer(text, dimension, &value);
    cr_expect_null(wrong, "'%s' %s", text, wrong ? wrong : "");
    cr_expect_eq(value, expected, "'%s' is %" PRId64 ", expected %" PRId64, text, value, expected);
}

static void refuses(const char *text, vdc_dimension dimension, const char *expected) {
    int64_t value;
    const char *wrong = vdc_parse_integer(text, dimension, &value);
    cr_assert_not_null(wrong, "'%s' must be refused", text);
    cr_expect_str_eq(wrong, expected, "'%s': '%s', expected '%s'", text, wrong, expected);
}

Test(base_units, every_unit_has_its_factor) {
    accepts("1ns", VDC_DIM_TIME, 1);
    accepts("1us", VDC_DIM_TIME, 1000);
    accepts("1 \xc2\xb5s", VDC_DIM_TIME, 1000); /* micro sign */
    accepts("1 \xce\xbcs", VDC_DIM_TIME, 1000); /* Greek mu */
    accepts("1ms", VDC_DIM_TIME, 1000000);
    accepts("90s", VDC_DIM_TIME, INT64_C(90000000000));
    accepts("90", VDC_DIM_TIME, INT64_C(90000000000));
    accepts("5min", VDC_DIM_TIME, INT64_C(300000000000));
    accepts("2h", VDC_DIM_TIME, INT64_C(7200000000000));
    accepts("1d", VDC_DIM_TIME, INT64_C(86400000000000));
    accepts("1w", VDC_DIM_TIME, INT64_C(604800000000000));
    accepts("7 Hz", VDC_DIM_FREQUENCY, 7);
    accepts("2.6 GHz", VDC_DIM_FREQUENCY, INT64_C(2600000000));
    accepts("2600MHz", VDC_DIM_FREQUENCY, INT64_C(2600000000));
    accepts("3 kHz", VDC_DIM_FREQUENCY, 3000);
    accepts("1THz", VDC_DIM_FREQUENCY, INT64_C(1000000000000));
    accepts("17", VDC_DIM_BYTES, 17);
    accepts("17 B", VDC_DIM_BYTES, 17);
    accepts("1 kB", VDC_DIM_BYTES, 1000);
    accepts("1 PB", VDC_DIM_BYTES, INT64_C(1000000000000000));
    accepts("1KiB", VDC_DIM_BYTES, 1024);
    accepts("1MiB", VDC_DIM_BYTES, 1048576);
    accepts("1.5GiB", VDC_DIM_BYTES, INT64_C(1610612736));
    accepts("1TiB", VDC_DIM_BYTES, INT64_C(1) << 40);
    accepts("1PiB", VDC_DIM_BYTES, INT64_C(1) << 50);
    accepts("25 Gbit/s", VDC_DIM_BYTE_RATE, INT64_C(3125000000));
    accepts("8 bit/s", VDC_DIM_BYTE_RATE, 1);
    accepts("1 kbit/s", VDC_DIM_BYTE_RATE, 125);
    accepts("1 Tbit/s", VDC_DIM_BYTE_RATE, INT64_C(125000000000));
    accepts("2 GB/s", VDC_DIM_BYTE_RATE, INT64_C(2000000000));
    accepts("2 GiB/s", VDC_DIM_BYTE_RATE, INT64_C(2147483648));
    accepts("1.5", VDC_DIM_MILLI, 1500);
    accepts("0.0416", VDC_DIM_MONEY, 41600000);
    accepts("3", VDC_DIM_COUNT, 3);
    accepts("3.0", VDC_DIM_COUNT, 3);
    accepts("1e3", VDC_DIM_COUNT, 1000);
    accepts("  +12\t", VDC_DIM_COUNT, 12);
}

Test(base_units, halves_go_to_the_even_neighbour_and_nothing_is_rounded_twice) {
    accepts("0.5 B", VDC_DIM_BYTES, 0);
    accepts("1.5 B", VDC_DIM_BYTES, 2);
    accepts("2.5 B", VDC_DIM_BYTES, 2);
    accepts("-2.5 B", VDC_DIM_BYTES, -2);
    accepts("-3.5 B", VDC_DIM_BYTES, -4);
    accepts("4 bit/s", VDC_DIM_BYTE_RATE, 0);
    accepts("12 bit/s", VDC_DIM_BYTE_RATE, 2);
    accepts("0.4999999999999999999999999999999999999999999999999 B", VDC_DIM_BYTES, 0);
    accepts("2.5000000000000000000000000000000000000000000000001 B", VDC_DIM_BYTES, 3);
    accepts("0.00000000049999999999", VDC_DIM_TIME, 0);
    accepts("0.0000000015", VDC_DIM_TIME, 2);
    accepts("0.0000000025", VDC_DIM_TIME, 2);
    /* A third of an hour in as many digits as one likes: 1199999999999.9...  */
    accepts("0.33333333333333333333333333333333333333333333333333h", VDC_DIM_TIME, INT64_C(1200000000000));
    char text[700] = "2.5";
    memset(text + 3, '0', 600);
    strcpy(text + 603, "B");
    accepts(text, VDC_DIM_BYTES, 2);
    text[602] = '1';
    accepts(text, VDC_DIM_BYTES, 3);
}

Test(base_units, limits_of_the_integers) {
    accepts("9223372036854775807", VDC_DIM_BYTES, INT64_MAX);
    accepts("-9223372036854775808", VDC_DIM_BYTES, INT64_MIN);
    accepts("9223372036854775807.4999", VDC_DIM_BYTES, INT64_MAX);
    accepts("9223372036.854775807s", VDC_DIM_TIME, INT64_MAX);
    accepts("0.0000000000000000009223372036854775807e37", VDC_DIM_BYTES, INT64_MAX);
    refuses("9223372036854775808", VDC_DIM_BYTES, "is too large");
    refuses("9223372036854775807.5", VDC_DIM_BYTES, "is too large");
    refuses("-9223372036854775809", VDC_DIM_BYTES, "is too large");
    refuses("18446744073709551616", VDC_DIM_BYTES, "is too large");
    refuses("340282366920938463463374607431768211456", VDC_DIM_BYTES, "is too large");
    refuses("9000 PiB", VDC_DIM_BYTES, "is too large");
    refuses("1e400", VDC_DIM_BYTES, "is too large");
    refuses("1e99999999999999999999999", VDC_DIM_BYTES, "is too large");
    accepts("0e99999999999999999999999", VDC_DIM_BYTES, 0);
    accepts("1e-99999999999999999999999", VDC_DIM_BYTES, 0);
    accepts("0.000e5", VDC_DIM_COUNT, 0);
}

Test(base_units, hostile_text_is_refused_with_its_reason) {
    static const char *const not_numbers[] = {"", " ", "-", "+", ".", "-.", "e5", "five", "0x10x", "1.2.3", "--1", "+-1", "s", "GHz 2"};
    for (size_t i = 0; i < sizeof not_numbers / sizeof not_numbers[0]; i++) {
        int64_t value;
        double real;
        cr_expect_not_null(vdc_parse_integer(not_numbers[i], VDC_DIM_TIME, &value), "'%s'", not_numbers[i]);
        cr_expect_not_null(vdc_parse_real(not_numbers[i], VDC_DIM_RATIO, &real), "'%s'", not_numbers[i]);
    }
    refuses("five", VDC_DIM_TIME, "is not a number");
    refuses("1.2.3", VDC_DIM_TIME, "is not a number");
    static const char *const not_finite[] = {"nan", "NaN", ".nan", "-.NAN", "inf", "-inf", "+Infinity", ".inf", "-.Inf", "nan s", "inf GHz"};
    for (size_t i = 0; i < sizeof not_finite / sizeof not_finite[0]; i++) refuses(not_finite[i], VDC_DIM_TIME, "is not a finite number");
    refuses("5 parsecs", VDC_DIM_TIME, "has no known unit of time");
    refuses("5 S", VDC_DIM_TIME, "has no known unit of time");
    refuses("5 mins", VDC_DIM_TIME, "has no known unit of time");
    refuses("5 s s", VDC_DIM_TIME, "has no known unit of time");
    refuses("0x10", VDC_DIM_TIME, "has no known unit of time");
    refuses("5 GHz", VDC_DIM_BYTES, "has no known unit of bytes");
    refuses("5 ghz", VDC_DIM_FREQUENCY, "has no known unit of frequency");
    refuses("5 GB", VDC_DIM_BYTE_RATE, "has no known unit of a data rate");
    refuses("5 VA", VDC_DIM_POWER, "has no known unit of power");
    refuses("5 s", VDC_DIM_COUNT, "is followed by something that is no part of a plain number");
    refuses("1,5", VDC_DIM_COUNT, "is followed by something that is no part of a plain number");
    refuses("1_000", VDC_DIM_COUNT, "is followed by something that is no part of a plain number");
    refuses("1.5", VDC_DIM_COUNT, "is not a whole number");
    refuses("1e-1", VDC_DIM_COUNT, "is not a whole number");
    refuses("1e-30", VDC_DIM_COUNT, "is not a whole number");
}

Test(base_units, reals_in_their_base_units) {
    static const struct { const char *text; vdc_dimension dimension; double value; } cases[] = {
        {"200 W", VDC_DIM_POWER, 200}, {"1.2 kW", VDC_DIM_POWER, 1200}, {"250mW", VDC_DIM_POWER, 0.25}, {"3MW", VDC_DIM_POWER, 3e6},
        {"30%", VDC_DIM_RATIO, 0.3}, {"0.3", VDC_DIM_RATIO, 0.3}, {"0.1%", VDC_DIM_RATIO, 0.001}, {"-1.5", VDC_DIM_COUNT, -1.5},
        {"90min", VDC_DIM_TIME, 5400}, {"1ms", VDC_DIM_TIME, 1e-3}, {"0.1h", VDC_DIM_TIME, 360}, {"0.7 w", VDC_DIM_TIME, 423360},
        {"2.6GHz", VDC_DIM_FREQUENCY, 2.6e9}, {"1.1KiB", VDC_DIM_BYTES, 1126.4}, {"1e300", VDC_DIM_COUNT, 1e300}, {"1.5", VDC_DIM_MILLI, 1.5},
        {"0.1234567890123456789 KiB", VDC_DIM_BYTES, 126.41975194864198}, {"1e-400", VDC_DIM_COUNT, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        double value = -1;
        const char *wrong = vdc_parse_real(cases[i].text, cases[i].dimension, &value);
        cr_expect_null(wrong, "'%s' %s", cases[i].text, wrong ? wrong : "");
        cr_expect_eq(value, cases[i].value, "'%s' is %.17g, expected %.17g", cases[i].text, value, cases[i].value);
    }
    double value;
    cr_expect_str_eq(vdc_parse_real("1e400", VDC_DIM_COUNT, &value), "is too large");
    cr_expect_str_eq(vdc_parse_real("1.7e308 kW", VDC_DIM_POWER, &value), "is too large");
    cr_expect_str_eq(vdc_parse_real("-inf", VDC_DIM_POWER, &value), "is not a finite number");
    cr_expect_str_eq(vdc_parse_real("30 percent", VDC_DIM_RATIO, &value), "is followed by something other than %");
}

Test(base_units, every_dimension_says_what_it_takes) {
    for (int i = VDC_DIM_COUNT; i <= VDC_DIM_MONEY; i++) cr_expect_gt(strlen(vdc_dimension_help((vdc_dimension)i)), 5);
}

/* One base unit, parsed, is `scale` of what is stored. */
Test(base_units, names_and_scales_of_the_base_units) {
    static const char *const names[] = {[VDC_DIM_COUNT] = "",      [VDC_DIM_TIME] = "s",        [VDC_DIM_FREQUENCY] = "Hz", [VDC_DIM_BYTES] = "B",
                                        [VDC_DIM_BYTE_RATE] = "B/s", [VDC_DIM_POWER] = "W", [VDC_DIM_RATIO] = "", [VDC_DIM_MILLI] = "", [VDC_DIM_MONEY] = ""};
    for (int i = VDC_DIM_COUNT; i <= VDC_DIM_MONEY; i++) {
        vdc_dimension dimension = (vdc_dimension)i;
        char text[16];
        int64_t stored = 0;
        cr_expect_str_eq(vdc_dimension_unit(dimension), names[i]);
        (void)snprintf(text, sizeof text, "1 %s", names[i]);
        cr_expect(!vdc_parse_integer(text, dimension, &stored) && stored == vdc_dimension_scale(dimension), "%s", text);
    }
}

Test(base_units, fractions_are_exact_and_in_lowest_terms) {
    static const struct { const char *text; int64_t num, den; } cases[] = {
        {"4.0", 4, 1}, {"1.5", 3, 2}, {"0", 0, 1}, {"0.000", 0, 1}, {"1000", 1000, 1}, {"1.500000000000000000000", 3, 2}, {"130%", 13, 10},
        {"0.125", 1, 8}, {"1e-9", 1, 1000000000}, {"-0.5", -1, 2}, {"1e3", 1000, 1}, {"0.000000016", 1, 62500000}, {"16.0000", 16, 1},
        {"9223372036854775807", INT64_MAX, 1}, {"100%", 1, 1}, {"10.0%", 1, 10},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        int64_t num = -7, den = -7;
        const char *wrong = vdc_parse_fraction(cases[i].text, &num, &den);
        cr_expect_null(wrong, "'%s' %s", cases[i].text, wrong ? wrong : "");
        cr_expect(num == cases[i].num && den == cases[i].den, "'%s' is %" PRId64 "/%" PRId64, cases[i].text, num, den);
    }
    int64_t num, den;
    cr_expect_str_eq(vdc_parse_fraction("1e-10", &num, &den), "has more than 9 decimal places");
    cr_expect_str_eq(vdc_parse_fraction("0.3333333333", &num, &den), "has more than 9 decimal places");
    cr_expect_str_eq(vdc_parse_fraction("9223372036854775808", &num, &den), "is too large");
    cr_expect_str_eq(vdc_parse_fraction("9223372036.8547758071", &num, &den), "has more than 9 decimal places");
    cr_expect_str_eq(vdc_parse_fraction("99223372036.854775807", &num, &den), "is too large");
    cr_expect_str_eq(vdc_parse_fraction("nan", &num, &den), "is not a finite number");
    cr_expect_str_eq(vdc_parse_fraction("4x", &num, &den), "is followed by something other than %");
}

Test(base_units, dates_and_times) {
    static const struct { const char *text; int64_t seconds, ns; } cases[] = {
        {"1970-01-01", 0, 0}, {"1970-01-01T00:00:00Z", 0, 0}, {"2022-01-01T00:00:00Z", 1640995200, 0}, {"2000-02-29 12:30", 951827400, 0},
        {"2001-09-09T01:46:40Z", 1000000000, 0}, {"1969-12-31T23:59:59.5Z", -1, 500000000}, {"2022-01-01T00:00:00.123456789Z", 1640995200, 123456789},
        {"2038-01-19T03:14:08+00:00", 2147483648, 0}, {"1900-03-01", -2203891200, 0}, {"2100-03-01", 4107542400, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        int64_t ns = -7;
        const char *wrong = vdc_parse_datetime(cases[i].text, &ns);
        cr_expect_null(wrong, "'%s' %s", cases[i].text, wrong ? wrong : "");
        cr_expect_eq(ns, cases[i].seconds * 1000000000 + cases[i].ns, "'%s' is %" PRId64, cases[i].text, ns);
    }
    static const char *const wrong[] = {"",
                                        "2022",
                                        "2022-1-1",
                                        "2022-13-01",
                                        "2022-00-01",
                                        "2022-02-29",
                                        "1900-02-29",
                                        "2022-01-32",
                                        "2022-01-00",
                                        "2022-01-01T24:00:00Z",
                                        "2022-01-01T00:60:00Z",
                                        "2022-01-01T00:00:60Z",
                                        "2022-01-01T00:00:00X",
                                        "2022-01-01T",
                                        "2022-01-01T00",
                                        "2022-01-01T00:00:00.Z",
                                        "2022-01-01T00:00:00+02:00",
                                        "22-01-01",
                                        "2022/01/01",
                                        "9999-01-01",
                                        "0001-01-01",
                                        "0000-01-01",
                                        "1640995200",
                                        "2022-01-01 ",
                                        "-2022-01-01"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        int64_t ns;
        cr_expect_not_null(vdc_parse_datetime(wrong[i], &ns), "'%s' must be refused", wrong[i]);
    }
}

/* n / 10^places x scale, rounded half to even, by the plain definition. */
static int64_t plain_scaled(int64_t digits, int places, int64_t scale) {
    vdc_wide unit = 1;
    for (int i = 0; i < places; i++) unit *= 10;
    vdc_wide product = (vdc_wide)digits * scale, quotient = product / unit, rest = product % unit;
    if (2 * rest > unit || (2 * rest == unit && quotient % 2 != 0)) quotient++;
    return (int64_t)quotient;
}

Test(base_units, random_decimals_agree_with_wide_arithmetic) {
    vdc_stream stream;
    vdc_stream_open(&stream, 1, "test.decimal", 0);
    static const int64_t scales[] = {1, 2, 5, 1000, 1000000, 1000000000, 1024, INT64_C(604800000000000), 7, 125, 1000003};
    for (int i = 0; i < 200000; i++) {
        int64_t digits = (int64_t)(vdc_stream_bits(&stream) >> (4 + vdc_stream_below(&stream, 60)));
        int places = (int)vdc_stream_below(&stream, 18);
        int64_t scale = scales[vdc_stream_below(&stream, sizeof scales / sizeof scales[0])];
        vdc_wide bound = (vdc_wide)digits * scale;
        for (int k = 0; k < places; k++) bound /= 10;
        if (bound >= INT64_MAX) continue;
        /* Ties matter most: make some of the numbers end in exactly a half. */
        if (vdc_stream_below(&stream, 4) == 0 && places > 0) digits = digits / 10 * 10 + 5;
        char plain[64], exponent[64], *text = plain;
        (void)snprintf(exponent, sizeof exponent, "%" PRId64 "e-%d", digits, places);
        (void)snprintf(plain, sizeof plain, "%0*" PRId64, places + 1, digits);
        size_t length = strlen(plain);
        memmove(plain + length - (size_t)places + 1, plain + length - (size_t)places, (size_t)places + 1);
        plain[length - (size_t)places] = '.';
        int64_t expected = plain_scaled(digits, places, scale), value = -1;
        cr_assert(vdc_decimal(text, text + strlen(text), scale, &value) && value == expected, "%s x %" PRId64 " is %" PRId64 ", expected %" PRId64,
                  text, scale, value, expected);
        text = exponent;
        cr_assert(vdc_decimal(text, text + strlen(text), scale, &value) && value == expected, "%s x %" PRId64 " is %" PRId64 ", expected %" PRId64,
                  text, scale, value, expected);
    }
}

Test(base_units, decimals_end_where_they_are_told) {
    const char *line = "123.456,789";
    int64_t value;
    double real;
    cr_expect(vdc_decimal(line, line + 7, 1000, &value) && value == 123456);
    cr_expect(vdc_decimal(line, line + 3, 1000, &value) && value == 123000);
    cr_expect(vdc_decimal(line + 8, line + 11, 1, &value) && value == 789);
    cr_expect(vdc_decimal_real(line, line + 7, &real) && real == 123.456);
    cr_expect_not(vdc_decimal(line, line + 8, 1, &value));
    cr_expect_not(vdc_decimal(line, line, 1, &value));
    cr_expect_not(vdc_decimal_real(line, line + 9, &real));
    static const char *const wrong[] = {"",   "-",     ".",   "1e",  "1e+", "e1",  "0x1", " 1",
                                        "1 ", "1.2.3", "nan", "inf", "1f",  "--1", "1-",  "99999999999999999999"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        cr_expect_not(vdc_decimal(wrong[i], wrong[i] + strlen(wrong[i]), 1, &value), "'%s'", wrong[i]);
    const char *infinite = "1e309";
    cr_expect_not(vdc_decimal_real(infinite, infinite + 5, &real), "not finite");
}

/* Correctly rounded: the same as the C library's strtod, on random texts and on the classical hard ones. */
Test(base_units, doubles_are_correctly_rounded) {
    static const char *const hard[] = {"9007199254740993", "9007199254740992.99999999999999999999999999999999", "2.2250738585072011e-308",
        "4.9e-324",
        "2.4703282292062327208e-324", "2.4703282292062328e-324", "1.7976931348623157e308", "179769313486231580793e288", "0.1", "1e23", "8.5e22",
        "123456789012345678e-40",
        "6929495644600919.5", "3.518437208883201171875e13", "9007199254740991e22",
        "9007199254740991e23", "1e-22", "1e-23", "000000000000000000000000000001", "0.000"};
    for (size_t i = 0; i < sizeof hard / sizeof hard[0]; i++) {
        double value = -1;
        cr_expect(vdc_decimal_real(hard[i], hard[i] + strlen(hard[i]), &value), "%s", hard[i]);
        cr_expect_eq(value, strtod(hard[i], NULL), "%s is %.17g, expected %.17g", hard[i], value, strtod(hard[i], NULL));
    }
    vdc_stream stream;
    vdc_stream_open(&stream, 2, "test.double", 0);
    for (int i = 0; i < 20000; i++) {
        char text[96];
        size_t length = (size_t)vdc_stream_below(&stream, 40) + 1, point = (size_t)vdc_stream_below(&stream, length + 1);
        for (size_t k = 0; k < length; k++) text[k] = k == point ? '.' : (char)('0' + vdc_stream_below(&stream, 10));
        if (length == 1 && text[0] == '.') text[0] = '7';
        (void)snprintf(text + length, sizeof text - length, "e%d", (int)vdc_stream_below(&stream, 600) - 300);
        double value = -1, expected = strtod(text, NULL);
        bool read = vdc_decimal_real(text, text + strlen(text), &value);
        if (isfinite(expected)) cr_assert(read && value == expected, "%s is %.17g, expected %.17g", text, value, expected);
        else cr_assert_not(read);
    }
    /* The midpoint between 1 and its successor, then a 1 a thousand digits later. */
    char text[1400] = "1.00000000000000011102230246251565404236316680908203125";
    double value;
    cr_expect(vdc_decimal_real(text, text + strlen(text), &value) && value == 1);
    size_t length = strlen(text);
    memset(text + length, '0', 1300);
    strcpy(text + length + 1300, "1");
    cr_expect(vdc_decimal_real(text, text + strlen(text), &value) && value == 1 + 0x1p-52);
}

/* |n/d - r| is at most half a unit in the last place of r, and exactly half only where r's last bit is 0: in integers. */
static void check_quotient(vdc_wide n, vdc_wide d) {
    double r = vdc_wide_over(n, d);
    int exponent;
    int64_t mantissa = (int64_t)ldexp(frexp(r, &exponent), 53);
    exponent -= 53; /* r = mantissa x 2^exponent */
    /* Twice the error, in units of 2^exponent / d: n 2^-exponent - mantissa d, against d. */
    vdc_wide left = n, right = (vdc_wide)mantissa * d, half = d;
    if (exponent < 0) left <<= -exponent;
    else right <<= exponent, half <<= exponent;
    vdc_wide error = 2 * (left > right ? left - right : right - left);
    cr_assert(error < half || (error == half && mantissa % 2 == 0), "quotient %.17g is not the nearest", r);
}

Test(base_units, quotients_of_wide_integers_are_the_nearest_doubles) {
    vdc_stream stream;
    vdc_stream_open(&stream, 3, "test.quotient", 0);
    for (int i = 0; i < 100000; i++) {
        int64_t d = (int64_t)(vdc_stream_bits(&stream) >> (4 + vdc_stream_below(&stream, 59))) + 1;
        int64_t q = (int64_t)(vdc_stream_bits(&stream) >> (1 + vdc_stream_below(&stream, 62)));
        vdc_wide n = (vdc_wide)q * d + (vdc_wide)vdc_stream_below(&stream, (uint64_t)d);
        if (n == 0 || n >> 124) continue;
        check_quotient(n, d);
        cr_assert_eq(vdc_wide_over(-n, d), -vdc_wide_over(n, d));
    }
    /* Ties: an odd multiple of half a unit in the last place. */
    for (int64_t k = INT64_C(1) << 53; k < (INT64_C(1) << 53) + 20; k++) check_quotient(2 * (vdc_wide)k + 1, 2);
    cr_expect_eq(vdc_wide_over(0, 7), 0);
    cr_expect_eq(vdc_wide_over(1, 3), 1 / 3.0);
    cr_expect_eq(vdc_wide_over(-6, 3), -2);
    cr_expect_eq(vdc_wide_over((vdc_wide)1 << 126, 1), 0x1p126);
    cr_expect_eq(vdc_wide_over(1, (vdc_wide)1 << 126), 0x1p-126);
    cr_expect_eq(vdc_wide_over(((vdc_wide)1 << 126) - 1, ((vdc_wide)1 << 126) + 1), 1);
    vdc_wide least = -((vdc_wide)1 << 126) * 2;
    cr_expect_eq(vdc_wide_over(least, 1), -0x1p127);
}
