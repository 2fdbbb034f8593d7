/* Units that read well. */
#include "analysis/scale.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KIB 1024.0
#define HOUR 3600.0
#define DAY 86400.0

/* From `least` (in base units) upwards the row's unit is used: of one unit the last row that fits. 0 takes a row with factor 1.
 */
typedef struct scale_row {
    const char *base;
    double least, factor;
    const char *units;
} scale_row;

static const scale_row scale_rows[] = {
    {"1", 0, 1, ""},
    {"s", 0, 1, "s"},
    {"s", 0, 1e-3, "ms"},
    {"s", 0.5, 1, "s"},
    {"s", 120, 60, "min"},
    {"s", 2 * HOUR, HOUR, "h"},
    {"s", 3 * DAY, DAY, "d"},
    {"core s", 0, 1, "core·s"},
    {"core s", 2 * HOUR, HOUR, "core·h"},
    {"core s", 1e7 * HOUR, 1e6 * HOUR, "million core·h"},
    {"host s", 0, 1, "host·s"},
    {"host s", 2 * HOUR, HOUR, "host·h"},
    {"B", 0, 1, "B"},
    {"B", 10 * KIB, KIB, "KiB"},
    {"B", KIB * KIB, KIB * KIB, "MiB"},
    {"B", KIB * KIB * KIB, KIB * KIB * KIB, "GiB"},
    {"B", 10 * KIB * KIB * KIB * KIB, KIB * KIB * KIB * KIB, "TiB"},
    {"B", 10 * KIB * KIB * KIB * KIB * KIB, KIB * KIB * KIB * KIB * KIB, "PiB"},
    {"B s", 0, 1, "B·s"},
    {"B s", KIB * KIB * KIB * HOUR, KIB * KIB * KIB * HOUR, "GiB·h"},
    {"B s", 1e4 * KIB * KIB * KIB * HOUR, KIB * KIB * KIB * KIB * HOUR, "TiB·h"},
    {"Hz", 0, 1, "Hz"},
    {"Hz", 1e6, 1e6, "MHz"},
    {"Hz", 1e9, 1e9, "GHz"},
    {"Hz", 1e13, 1e12, "THz"},
    {"J", 0, 1, "J"},
    {"J", 1e4, 1e3, "kJ"},
    {"J", 3.6e6, 3.6e6, "kWh"},
    {"J", 3.6e10, 3.6e9, "MWh"},
    {"J", 3.6e13, 3.6e12, "GWh"},
    {"W", 0, 1, "W"},
    {"W", 1e4, 1e3, "kW"},
    {"W", 1e7, 1e6, "MW"},
    {"g", 0, 1, "g"},
    {"g", 1e3, 1e3, "kg"},
    {"g", 1e7, 1e6, "t"},
};

/* Other spellings of the base units above. */
static const char *const spellings[][2] = {
    {"", "1"},      {"core.s", "core s"}, {"core·s", "core s"}, {"core*s", "core s"}, {"byte", "B"},
    {"bytes", "B"}, {"byte s", "B s"},    {"byte.s", "B s"},    {"byte·s", "B s"},    {"B·s", "B s"},
    {"B.s", "B s"}, {"host·s", "host s"}, {"host.s", "host s"},
};

vdc_scale vdc_scale_choose(const char *units, double largest)
{
    vdc_scale scale = {1, units ? units : ""};
    if (!units) {
        return scale;
    }
    for (size_t i = 0; i < sizeof spellings / sizeof *spellings; i++) {
        if (strcmp(units, spellings[i][0]) == 0) {
            units = spellings[i][1];
            break;
        }
    }
    double size = isfinite(largest) ? fabs(largest) : 0;
    for (size_t i = 0; i < sizeof scale_rows / sizeof *scale_rows; i++) {
        const scale_row *row = &scale_rows[i];
        if (strcmp(units, row->base) == 0 && size >= row->least && (size > 0 || row->factor == 1)) {
            scale = (vdc_scale){row->factor, row->units};
        }
    }
    return scale;
}

const char *vdc_show_number(double value, int digits, char *buffer, size_t size)
{
    char plain[64];
    if (isnan(value)) {
        snprintf(buffer, size, "–");
        return buffer;
    }
    if (isinf(value)) {
        snprintf(buffer, size, value > 0 ? "∞" : "−∞");
        return buffer;
    }
    double magnitude = fabs(value);
    if (value == floor(value) && magnitude < 1e15) {
        snprintf(plain, sizeof plain, "%.0f", magnitude);
    } else if (magnitude >= 1e15 || magnitude < 1e-3) {
        snprintf(plain, sizeof plain, "%.*e", digits - 1, magnitude);
    } else {
        /* Digits before the point, after rounding to `digits`. */
        snprintf(plain, sizeof plain, "%.*e", digits - 1, magnitude);
        int whole = (int)strtol(strchr(plain, 'e') + 1, NULL, 10) + 1;
        int decimals = digits - whole;
        snprintf(plain, sizeof plain, "%.*f", decimals > 0 ? decimals : 0, magnitude);
    }
    size_t end = strcspn(plain, ".e"), used = 0;
    const char *minus = value < 0 ? "−" : "";
    used += (size_t)snprintf(buffer, size, "%s", minus);
    for (size_t i = 0; plain[i] && used < size; i++) {
        const char *gap = end >= 5 && i > 0 && i < end && (end - i) % 3 == 0 ? " " : "";
        used += (size_t)snprintf(buffer + used, size - used, "%s%c", gap, plain[i]);
    }
    return buffer;
}

vdc_time_axis vdc_time_axis_choose(double from, double to)
{
    static const struct { double most, factor; const char *units; double steps[12]; } rows[] = {
        {180, 1, "s", {0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 20, 30}},
        {180 * 60, 60, "min", {1, 2, 5, 10, 15, 20, 30}},
        {4 * DAY, HOUR, "h", {0.5, 1, 2, 3, 6, 12, 24}},
        {INFINITY, DAY, "d", {0.5, 1, 2, 7, 14, 28, 56, 91, 182, 365}},
    };
    double span = isfinite(to - from) && to > from ? to - from : 1;
    size_t i = 0;
    while (span > rows[i].most) {
        i++;
    }
    vdc_time_axis axis = {rows[i].factor, rows[i].units, 0};
    double wanted = span / axis.factor / 8; /* about eight steps */
    for (size_t k = 0; k < 12 && rows[i].steps[k] > 0; k++) {
        axis.step = rows[i].steps[k];
        if (axis.step >= wanted) {
            break;
        }
    }
    while (axis.step < wanted) { /* decades */
        axis.step *= 2;
    }
    return axis;
}
