/* The description of one option: what a parameter table is made of. Plain data, so that policy plug-ins can have
 * tables too; param.h reads values by it.
 */
#ifndef VDC_BASE_OPTION_H
#define VDC_BASE_OPTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What a number measures, hence which units may follow it. The base unit (that of a bare number) is in brackets. */
typedef enum vdc_dimension {
    VDC_DIM_COUNT,      /* no unit [1] */
    VDC_DIM_TIME,       /* ns us µs ms s min h d w [s] -> ns */
    VDC_DIM_FREQUENCY,  /* Hz kHz MHz GHz THz [Hz] -> Hz */
    VDC_DIM_BYTES,      /* B kB MB GB TB PB KiB MiB GiB TiB PiB [B] -> bytes */
    VDC_DIM_BYTE_RATE,  /* bytes units + /s, and bit/s kbit/s Mbit/s Gbit/s Tbit/s [B/s] -> bytes per second */
    VDC_DIM_POWER,      /* mW W kW MW [W] -> W (double) */
    VDC_DIM_RATIO,      /* % or none [1] -> double */
    VDC_DIM_MILLI,      /* none, scaled by 1000 [1] -> milli (vCPUs, GPUs): "1.5" -> 1500 */
    VDC_DIM_MONEY       /* none, scaled by 10^9 [1] -> nano-units of a currency: "0.25" -> 250000000 */
} vdc_dimension;

typedef enum vdc_param_type {
    VDC_PARAM_BOOL,      /* bool */
    VDC_PARAM_INTEGER,   /* int64_t, in the dimension's integer unit */
    VDC_PARAM_REAL,      /* double, in the dimension's base unit */
    VDC_PARAM_TEXT,      /* const char *, NULL when absent and no default; owned by the tree or static */
    VDC_PARAM_CHOICE,    /* int: index into `choices` */
    VDC_PARAM_PATH,      /* const char *: as written; resolve with vdc_path_resolve against the file it was written in */
    VDC_PARAM_NODE       /* const vdc_node *: NULL when absent; the owner reads it itself */
} vdc_param_type;

typedef struct vdc_param {
    const char *name;
    vdc_param_type type;
    vdc_dimension dimension;      /* of INTEGER and REAL */
    const char *fallback;         /* the default as a user would write it; NULL = required for values, absent for TEXT/PATH/NODE unless `required` */
    double minimum, maximum;      /* of numbers, inclusive, in the unit stored; both 0 = not bounded below 0 only (numbers are >= 0 unless minimum < 0) */
    const char *const *choices;   /* of CHOICE: NULL-terminated */
    const char *help;             /* one line */
    size_t offset;
    bool required;
    const char *none;             /* a word such as "none" that stands for VDC_PARAM_NONE (INTEGER only), or NULL */
} vdc_param;

#define VDC_PARAM_NONE INT64_C(-1)

#endif
