/* Units: see units.h.
 *
 * A quantity is decimal digits times the factor of its unit. The product is formed digit by digit from the right, as
 * on paper, so that any number of digits gives the exact product, which is then rounded once, half to even.
 */
#include "sim/base/units.h"

#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

typedef unsigned __int128 wide_unsigned;

/* A decimal as written: +-digits x 10^exponent, where the digits may have a point among them that does not count. */
typedef struct decimal {
    bool negative;
    const char *first, *last; /* first digit that is not 0, one past the last digit */
    int64_t exponent;         /* of ten, for the digits taken as an integer */
} decimal;

static const uint64_t powers_of_ten[] = {
    1u, 10u, 100u, 1000u, 10000u, 100000u, 1000000u, 10000000u, 100000000u, 1000000000u, 10000000000u, 100000000000u,
    1000000000000u, 10000000000000u, 100000000000000u, 1000000000000000u, 10000000000000000u, 100000000000000000u,
    1000000000000000000u, 10000000000000000000u,
};

static bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

/* Reads a decimal at the start of [text, end). Returns its end, or NULL when there is none. */
static const char *scan_decimal(const char *text, const char *end, decimal *out) {
    *out = (decimal){0};
    const char *c = text;
    if (c < end && (*c == '-' || *c == '+')) out->negative = *c++ == '-';
    size_t digits = 0;
    int64_t fraction = 0;
    for (bool point = false; c < end && (is_digit(*c) || (*c == '.' && !point)); c++) {
        if (*c == '.') {
            point = true;
            continue;
        }
        digits++;
        fraction += point;
        if (*c != '0' && !out->first) out->first = c;
    }
    if (digits == 0) return NULL;
    out->last = c;
    if (!out->first) out->first = c; /* zero: no digits that count */
    if (end - c >= 2 && (*c == 'e' || *c == 'E')) {
        const char *e = c + 1;
        bool negative = *e == '-';
        if (*e == '-' || *e == '+') e++;
        if (e < end && is_digit(*e)) {
            int64_t exponent = 0;
            for (; e < end && is_digit(*e); e++)
                if (exponent < INT64_C(1000000000000)) exponent = exponent * 10 + (*e - '0');
            out->exponent = negative ? -exponent : exponent;
            c = e;
        }
    }
    out->exponent -= fraction;
    return c;
}

typedef enum scaled { SCALED_EXACT, SCALED_ROUNDED, SCALED_TOO_LARGE } scaled;

/* |value| x factor x 10^shift as an integer, rounded half to even. factor > 0. */
static scaled scale_magnitude(const decimal *value, int64_t factor, int shift, uint64_t *out) {
    *out = 0;
    if (value->first == value->last) return SCALED_EXACT;
    int64_t exponent = value->exponent + shift;
    const char *digit = value->last;
    wide_unsigned carry = 0;
    unsigned top = 0;     /* the highest digit behind the point so far */
    bool below = false;   /* is any digit below it not 0? */
    for (; exponent < 0 && (digit > value->first || carry); exponent++) {
        if (digit > value->first) {
            if (*--digit == '.') {
                exponent--;
                continue;
            }
            carry += (wide_unsigned)(*digit - '0') * (uint64_t)factor;
        }
        below = below || top;
        top = (unsigned)(carry % 10);
        carry /= 10;
    }
    if (exponent < 0) { /* only zeros lie between the point and what was seen */
        below = below || top;
        top = 0;
    }
    wide_unsigned whole = 0;
    for (const char *c = value->first; c < digit; c++) {
        if (*c == '.') continue;
        whole = whole * 10 + (unsigned)(*c - '0');
        if (whole > UINT64_MAX) return SCALED_TOO_LARGE;
    }
    whole = whole * (uint64_t)factor; /* below 2^64 x 2^63 */
    if (whole > UINT64_MAX) return SCALED_TOO_LARGE;
    for (; exponent > 0 && whole; exponent--)
        if ((whole *= 10) > UINT64_MAX) return SCALED_TOO_LARGE;
    whole += carry;
    if (top > 5 || (top == 5 && (below || (whole & 1)))) whole++;
    if (whole > UINT64_MAX) return SCALED_TOO_LARGE;
    *out = (uint64_t)whole;
    return top || below ? SCALED_ROUNDED : SCALED_EXACT;
}

/* The signed result, or false when it does not fit. */
static bool apply_sign(uint64_t magnitude, bool negative, int64_t *out) {
    if (magnitude > (uint64_t)INT64_MAX + negative) return false;
    *out = negative ? (int64_t)(0 - magnitude) : (int64_t)magnitude;
    return true;
}

bool vdc_decimal(const char *text, const char *end, int64_t scale, int64_t *out) {
    /* The usual case by machine words: at most 18 digits, no exponent. */
    const char *c = text;
    bool negative = c < end && *c == '-';
    if (c < end && (*c == '-' || *c == '+')) c++;
    if (end - c <= 18) {
        uint64_t mantissa = 0;
        int digits = 0, fraction = 0;
        for (; c < end && is_digit(*c); c++, digits++) mantissa = mantissa * 10 + (uint64_t)(*c - '0');
        if (c < end && *c == '.')
            for (c++; c < end && is_digit(*c); c++, digits++, fraction++) mantissa = mantissa * 10 + (uint64_t)(*c - '0');
        if (c == end && digits > 0) {
            wide_unsigned product = (wide_unsigned)mantissa * (uint64_t)scale, whole = product;
            if (fraction) {
                uint64_t unit = powers_of_ten[fraction], rest;
                if (product <= UINT64_MAX) {
                    whole = (uint64_t)product / unit;
                    rest = (uint64_t)product % unit;
                } else {
                    whole = product / unit;
                    rest = (uint64_t)(product % unit);
                }
                if (rest > unit / 2 || (rest == unit / 2 && (whole & 1))) whole++;
            }
            return whole <= UINT64_MAX && apply_sign((uint64_t)whole, negative, out);
        }
    }
    decimal value;
    uint64_t magnitude;
    if (scan_decimal(text, end, &value) != end) return false;
    if (scale_magnitude(&value, scale, 0, &magnitude) == SCALED_TOO_LARGE) return false;
    return apply_sign(magnitude, value.negative, out);
}

/* The digits as a plain text of bounded length for the C library's strtod, which rounds correctly. Digits beyond
 * those that can decide a rounding (767 for doubles) are folded into one. */
static bool to_double(const decimal *value, double *out) {
    enum { DIGITS = 800 };
    char buffer[DIGITS + 40];
    size_t length = 0;
    int64_t exponent = value->exponent;
    if (value->negative) buffer[length++] = '-';
    size_t digits = 0;
    bool rest = false;
    for (const char *c = value->first; c < value->last; c++) {
        if (*c == '.') continue;
        if (digits < DIGITS) {
            buffer[length++] = *c;
            digits++;
        } else {
            rest = rest || *c != '0';
            exponent++;
        }
    }
    if (digits == 0) buffer[length++] = '0';
    if (rest) {
        buffer[length++] = '1';
        exponent--;
    }
    if (exponent > 100000) exponent = 100000;
    if (exponent < -100000) exponent = -100000;
    snprintf(buffer + length, sizeof buffer - length, "e%d", (int)exponent);
    /* The C locale of the C library is a constant: nothing is allocated, and the program's locale does not matter. */
    locale_t plain = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    if (!plain) return false;
    *out = strtod_l(buffer, NULL, plain);
    freelocale(plain);
    return isfinite(*out);
}

/* A decimal of at most 18 digits as an integer; false when there are more. */
static bool small_mantissa(const decimal *value, uint64_t *out) {
    uint64_t mantissa = 0;
    int digits = 0;
    for (const char *c = value->first; c < value->last; c++) {
        if (*c == '.') continue;
        if (++digits > 18) return false;
        mantissa = mantissa * 10 + (uint64_t)(*c - '0');
    }
    *out = mantissa;
    return true;
}

static bool decimal_to_double(const decimal *value, double *out) {
    uint64_t mantissa;
    /* Clinger's fast path: both the digits and the power of ten are exact doubles, so one operation rounds once. */
    if (value->exponent >= -22 && value->exponent <= 22 && small_mantissa(value, &mantissa) && mantissa <= UINT64_C(1) << 53) {
        static const double exact[] = {1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11,
                                       1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
        double number = (double)mantissa;
        number = value->exponent < 0 ? number / exact[-value->exponent] : number * exact[value->exponent];
        *out = value->negative ? -number : number;
        return true;
    }
    return to_double(value, out);
}

bool vdc_decimal_real(const char *text, const char *end, double *out) {
    decimal value;
    return scan_decimal(text, end, &value) == end && decimal_to_double(&value, out);
}

/* A unit: its factor to the dimension's base unit is factor x 10^shift. */
typedef struct unit {
    const char *name;
    int64_t factor;
    int shift;
} unit;

/* What a dimension's integers count is `integer_shift` powers of ten finer than its base unit. */
typedef struct dimension {
    const unit *units;
    int integer_shift;
    const char *unknown_unit;
    const char *help;
} dimension;

#define MINUTE 60
#define HOUR (60 * MINUTE)
#define DAY (24 * HOUR)
#define KIBI INT64_C(1024)

#define BYTE_UNITS(suffix, bytes) \
    {"B" suffix, bytes, 0}, {"kB" suffix, bytes, 3}, {"MB" suffix, bytes, 6}, {"GB" suffix, bytes, 9}, {"TB" suffix, bytes, 12}, \
    {"PB" suffix, bytes, 15}, {"KiB" suffix, KIBI, 0}, {"MiB" suffix, KIBI * KIBI, 0}, {"GiB" suffix, KIBI * KIBI * KIBI, 0}, \
    {"TiB" suffix, KIBI * KIBI * KIBI * KIBI, 0}, {"PiB" suffix, KIBI * KIBI * KIBI * KIBI * KIBI, 0}

static const unit time_units[] = {{"s", 1, 0},          {"min", MINUTE, 0}, {"h", HOUR, 0}, {"d", DAY, 0},
                                  {"w", 7 * DAY, 0},    {"ms", 1, -3},      {"us", 1, -6},  {"\xc2\xb5s", 1, -6},
                                  {"\xce\xbcs", 1, -6}, {"ns", 1, -9},      {NULL, 0, 0}};
static const unit frequency_units[] = {{"Hz", 1, 0}, {"kHz", 1, 3}, {"MHz", 1, 6}, {"GHz", 1, 9}, {"THz", 1, 12}, {NULL, 0, 0}};
static const unit byte_units[] = {BYTE_UNITS("", 1), {NULL, 0, 0}};
static const unit byte_rate_units[] = {BYTE_UNITS("/s", 1), {"bit/s", 125, -3}, {"kbit/s", 125, 0}, {"Mbit/s", 125, 3},
                                       {"Gbit/s", 125, 6}, {"Tbit/s", 125, 9}, {NULL, 0, 0}};
static const unit power_units[] = {{"W", 1, 0}, {"mW", 1, -3}, {"kW", 1, 3}, {"MW", 1, 6}, {NULL, 0, 0}};
static const unit ratio_units[] = {{"%", 1, -2}, {NULL, 0, 0}};
static const unit no_units[] = {{NULL, 0, 0}};

static const dimension dimensions[] = {
    [VDC_DIM_COUNT] = {no_units, 0, "is followed by something that is no part of a plain number", "a plain number"},
    [VDC_DIM_TIME] = {time_units, 9, "has no known unit of time",
                      "a time such as 90s, 5min, 2h, 7d (ns us ms s min h d w; a bare number is seconds)"},
    [VDC_DIM_FREQUENCY] = {frequency_units, 0, "has no known unit of frequency",
                           "a frequency such as 2600 MHz, 2.6 GHz (Hz kHz MHz GHz THz; a bare number is Hz)"},
    [VDC_DIM_BYTES] = {byte_units, 0, "has no known unit of bytes",
                       "a size such as 512 MiB, 4 GiB, 2 TB (B kB MB GB TB PB KiB MiB GiB TiB PiB; a bare number is bytes)"},
    [VDC_DIM_BYTE_RATE] = {byte_rate_units, 0, "has no known unit of a data rate",
                           "a data rate such as 25 Gbit/s, 2 GB/s (bit/s kbit/s ... Tbit/s, B/s kB/s ... PiB/s; a bare number is "
                           "bytes per second)"},
    [VDC_DIM_POWER] = {power_units, 0, "has no known unit of power",
                       "a power such as 200 W, 1.2 kW (mW W kW MW; a bare number is W)"},
    [VDC_DIM_RATIO] = {ratio_units, 0, "is followed by something other than %", "a ratio such as 0.3 or 30%"},
    [VDC_DIM_MILLI] = {no_units, 3, "is followed by something that is no part of a plain number", "a number such as 2 or 1.5"},
    [VDC_DIM_MONEY] = {no_units, 9, "is followed by something that is no part of a plain number", "an amount such as 0.25, in the currency's unit"},
};

const char *vdc_dimension_help(vdc_dimension which) {
    return dimensions[which].help;
}

const char *vdc_dimension_unit(vdc_dimension which) {
    /* The bare number's unit stands first in each table; a ratio has none. */
    return which == VDC_DIM_RATIO || !dimensions[which].units->name ? "" : dimensions[which].units->name;
}

int64_t vdc_dimension_scale(vdc_dimension which) {
    return (int64_t)powers_of_ten[dimensions[which].integer_shift];
}

static bool is_space(char c) {
    return c == ' ' || c == '\t';
}

/* "nan", "-inf", ".Infinity" and the like. */
static bool is_not_finite(const char *text) {
    if (*text == '-' || *text == '+') text++;
    if (*text == '.') text++;
    return strncasecmp(text, "nan", 3) == 0 || strncasecmp(text, "inf", 3) == 0;
}

static const char not_a_number[] = "is not a number", not_finite[] = "is not a finite number", too_large[] = "is too large";

/* Splits a quantity into number and unit. */
static const char *scan_quantity(const char *text, const dimension *dim, decimal *value, unit *found) {
    while (is_space(*text)) text++;
    const char *end = text + strlen(text);
    while (end > text && is_space(end[-1])) end--;
    const char *rest = scan_decimal(text, end, value);
    if (!rest) return is_not_finite(text) ? not_finite : not_a_number;
    if (rest < end && (*rest == '.' || is_digit(*rest))) return not_a_number; /* 1.2.3 */
    while (rest < end && is_space(*rest)) rest++;
    *found = (unit){"", 1, 0};
    if (rest == end) return NULL;
    for (const unit *u = dim->units; u->name; u++) {
        if (strlen(u->name) == (size_t)(end - rest) && memcmp(u->name, rest, (size_t)(end - rest)) == 0) {
            *found = *u;
            return NULL;
        }
    }
    return dim->unknown_unit;
}

const char *vdc_parse_integer(const char *text, vdc_dimension which, int64_t *out) {
    const dimension *dim = &dimensions[which];
    decimal value;
    unit found;
    uint64_t magnitude;
    const char *wrong = scan_quantity(text, dim, &value, &found);
    if (wrong) return wrong;
    scaled outcome = scale_magnitude(&value, found.factor, found.shift + dim->integer_shift, &magnitude);
    if (outcome == SCALED_TOO_LARGE || !apply_sign(magnitude, value.negative, out)) return too_large;
    return which == VDC_DIM_COUNT && outcome == SCALED_ROUNDED ? "is not a whole number" : NULL;
}

const char *vdc_parse_real(const char *text, vdc_dimension which, double *out) {
    decimal value;
    unit found;
    uint64_t mantissa;
    const char *wrong = scan_quantity(text, &dimensions[which], &value, &found);
    if (wrong) return wrong;
    value.exponent += found.shift;
    double factor = 1;
    char product[48];
    if (found.factor != 1) {
        /* The exact product as new digits, so that the conversion rounds once; more than 18 digits round twice. */
        if (small_mantissa(&value, &mantissa)) {
            wide_unsigned exact = (wide_unsigned)mantissa * (uint64_t)found.factor;
            uint64_t high = (uint64_t)(exact / powers_of_ten[18]), low = (uint64_t)(exact % powers_of_ten[18]);
            int length = high
                             ? snprintf(product, sizeof product, "%llu%018llu", (unsigned long long)high, (unsigned long long)low)
                             : snprintf(product, sizeof product, "%llu", (unsigned long long)low);
            value.first = product;
            value.last = product + length;
        } else {
            factor = (double)found.factor;
        }
    }
    double number;
    if (!decimal_to_double(&value, &number) || !isfinite(number * factor)) return too_large;
    *out = number * factor;
    return NULL;
}

const char *vdc_parse_fraction(const char *text, int64_t *num, int64_t *den) {
    decimal value;
    unit found;
    const char *wrong = scan_quantity(text, &dimensions[VDC_DIM_RATIO], &value, &found);
    if (wrong) return wrong;
    /* Trailing zeros say nothing: 1.50000000000 is 3/2. */
    while (value.last > value.first && (value.last[-1] == '0' || value.last[-1] == '.')) {
        value.exponent += value.last[-1] == '0';
        value.last--;
    }
    if (value.first == value.last) {
        *num = 0;
        *den = 1;
        return NULL;
    }
    int64_t exponent = value.exponent + found.shift;
    if (exponent < -9) return "has more than 9 decimal places";
    int places = exponent < 0 ? (int)-exponent : 0;
    uint64_t numerator, denominator = powers_of_ten[places];
    if (scale_magnitude(&value, 1, places + found.shift, &numerator) == SCALED_TOO_LARGE) return too_large;
    uint64_t a = numerator, b = denominator;
    while (b) {
        uint64_t rest = a % b;
        a = b;
        b = rest;
    }
    if (!apply_sign(numerator / a, value.negative, num)) return too_large;
    *den = (int64_t)(denominator / a);
    return NULL;
}

/* Exactly `width` digits at *c; moves on. */
static bool read_digits(const char **c, int width, int64_t *out) {
    int64_t number = 0;
    for (int i = 0; i < width; i++) {
        if (!is_digit((*c)[i])) return false;
        number = number * 10 + ((*c)[i] - '0');
    }
    *c += width;
    *out = number;
    return true;
}

static bool is_leap(int64_t year) {
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

/* Days from 1970-01-01 to the date in the proleptic Gregorian calendar; year >= 1. */
static int64_t days_since_1970(int64_t year, int64_t month, int64_t day) {
    static const int before_month[] = {0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334};
    int64_t past = year - 1;
    int64_t days = past * 365 + past / 4 - past / 100 + past / 400;
    days += before_month[month - 1] + (month > 2 && is_leap(year)) + day - 1;
    return days - 719162; /* the same count for 1970-01-01 */
}

const char *vdc_parse_datetime(const char *text, int64_t *unix_ns) {
    static const char wrong[] = "is not a date and time such as 2022-01-01T00:00:00Z";
    static const int month_days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    const char *c = text;
    int64_t year, month, day, hour = 0, minute = 0, second = 0, fraction = 0;
    if (!read_digits(&c, 4, &year) || *c++ != '-' || !read_digits(&c, 2, &month) || *c++ != '-' || !read_digits(&c, 2, &day))
        return wrong;
    if (year < 1 || month < 1 || month > 12 || day < 1 || day > month_days[month - 1] + (month == 2 && is_leap(year)))
        return "is not a date of the calendar";
    if (*c == 'T' || *c == ' ') {
        c++;
        if (!read_digits(&c, 2, &hour) || *c++ != ':' || !read_digits(&c, 2, &minute)) return wrong;
        if (*c == ':') {
            c++;
            if (!read_digits(&c, 2, &second)) return wrong;
            if (*c == '.') {
                const char *start = c++;
                while (is_digit(*c)) c++;
                if (c - start < 2 || !vdc_decimal(start, c, VDC_SECOND, &fraction)) return wrong;
            }
        }
        if (hour > 23 || minute > 59 || second > 59) return "is not a time of the day";
        if (*c == 'Z' || strcmp(c, "+00:00") == 0) c += *c == 'Z' ? 1 : 6;
    }
    if (*c) return wrong;
    vdc_wide ns =
        ((vdc_wide)days_since_1970(year, month, day) * DAY + hour * HOUR + minute * MINUTE + second) * VDC_SECOND + fraction;
    if (ns > INT64_MAX || ns < INT64_MIN) return "lies outside the years 1677 to 2262";
    *unix_ns = (int64_t)ns;
    return NULL;
}

/* Number of bits that value needs. */
static int bit_length(wide_unsigned value) {
    uint64_t high = (uint64_t)(value >> 64), low = (uint64_t)value;
    return high ? 128 - __builtin_clzll(high) : low ? 64 - __builtin_clzll(low) : 0;
}

double vdc_wide_over(vdc_wide numerator, vdc_wide denominator) {
    bool negative = numerator < 0;
    wide_unsigned n = negative ? 0 - (wide_unsigned)numerator : (wide_unsigned)numerator, d = (wide_unsigned)denominator;
    wide_unsigned quotient = n / d, rest = n % d;
    int binary_exponent = 0;
    if (n == 0) return 0;
    /* Long division until the quotient has more bits than a double and a rounding bit need. */
    while (rest && bit_length(quotient) < 56) {
        int step = 128 - bit_length(rest);
        if (step > 64) step = 64;
        rest <<= step;
        quotient = quotient << step | rest / d;
        rest %= d;
        binary_exponent -= step;
    }
    /* To 64 bits; what lies below only matters by not being 0, which the lowest bit can say. */
    bool below = rest != 0;
    int excess = bit_length(quotient) - 64;
    if (excess > 0) {
        below = below || (quotient & (((wide_unsigned)1 << excess) - 1));
        quotient >>= excess;
        binary_exponent += excess;
    }
    double result = ldexp((double)((uint64_t)quotient | below), binary_exponent);
    return negative ? -result : result;
}

int vdc_compare_int64(const void *a, const void *b) {
    const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}
