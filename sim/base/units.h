/* Units: the integers that everything is counted in, and quantities as users write them.
 *
 * Time is int64 nanoseconds, CPU rates are int64 Hz, sizes in CPUs are milli-vCPU, memory and disk are bytes,
 * GPUs milli-GPU, data rates bytes per second. Watts are doubles. Quantities are parsed exactly: decimal digits
 * and the unit's factor are combined in integers and rounded once, half to even.
 */
#ifndef VDC_BASE_UNITS_H
#define VDC_BASE_UNITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sim/base/option.h"

typedef __int128 vdc_wide;           /* exact products rate x time */
typedef int64_t vdc_time;            /* ns since the scenario's clock 0 */

#define VDC_NANOSECOND ((vdc_time)1)
#define VDC_SECOND ((vdc_time)1000000000)
#define VDC_TIME_MAX INT64_MAX       /* "never" */


/* Parses a quantity into the dimension's integer. Returns NULL, or a static text saying what is wrong
 * ("is not a number", "has no unit of time", "is too large", ...). Infinities and NaN are refused. Spaces between number and unit are allowed. */
const char *vdc_parse_integer(const char *text, vdc_dimension dimension, int64_t *out);
/* The same as a double (for VDC_DIM_POWER, VDC_DIM_RATIO, VDC_DIM_COUNT, and any other in its base unit). */
const char *vdc_parse_real(const char *text, vdc_dimension dimension, double *out);
/* "units of time such as 90s, 5min, 2h; a bare number is seconds": for messages and docs. */
const char *vdc_dimension_help(vdc_dimension dimension);
/* The base unit's name ("s"), "" where there is none; and how many of the integers that values are stored as make one. */
const char *vdc_dimension_unit(vdc_dimension dimension);
int64_t vdc_dimension_scale(vdc_dimension dimension);
/* A decimal number as an exact fraction num/den in lowest terms, den a power of ten before reduction (at most 10^9). */
const char *vdc_parse_fraction(const char *text, int64_t *num, int64_t *den);
/* ISO 8601 date-time in UTC ("2022-01-01T00:00:00Z", fraction of a second allowed, date alone allowed) -> ns since 1970. */
const char *vdc_parse_datetime(const char *text, int64_t *unix_ns);

/* Fast plain decimal for trace readers: parses [text, end) as decimal (optional sign, fraction, exponent) times
 * `scale`, rounded half to even to an integer. Returns false when it is no number, not finite or out of range. No locale, no allocation. */
bool vdc_decimal(const char *text, const char *end, int64_t scale, int64_t *out);
bool vdc_decimal_real(const char *text, const char *end, double *out); /* correctly rounded, like strtod in the C locale */

/* Exact integer -> double quotient of a wide numerator, rounded once (nearest, ties to even). den > 0. */
double vdc_wide_over(vdc_wide numerator, vdc_wide denominator);

/* For qsort of int64_t: ascending order. */
int vdc_compare_int64(const void *a, const void *b);

#endif
