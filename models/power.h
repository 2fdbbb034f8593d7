/* Power models: watts of a host as a function of its busy share (models.md 4.8).
 *
 * The formula gives a double; it is rounded once to whole picowatts, so that energy is an exact integer integral
 * (pW x ns) and does not depend on the tick or on the order of summation. The rounding error is at most 5e-13 W a host.
 */
#ifndef VDC_MODELS_POWER_H
#define VDC_MODELS_POWER_H

#include "sim/base/param.h"

/* One model: a row of models/power.c's table, with its parameters. */
typedef struct vdc_power_model vdc_power_model;

typedef struct vdc_power {
    const vdc_power_model *model;  /* NULL: no power model */
    double idle, max;              /* W */
    double parameter;              /* r of mse, tau of asymptotic, … */
    double watts[11];              /* table */
    double a, b, frequency;        /* dvfs */
    double off;                    /* W drawn when switched off */
} vdc_power;

struct vdc_power_model {
    const char *name;
    const char *summary;
    const char *source;
    const vdc_param *params;       /* offsets into vdc_power */
    size_t param_count;
    const char *(*check)(const vdc_power *power);               /* NULL or what is wrong; may be NULL */
    double (*watts)(const vdc_power *power, double utilisation); /* utilisation in [0, 1]; host on */
};

extern const vdc_power_model *const vdc_power_models[]; /* NULL-terminated */
/* Reads `power: {model: NAME, …}`. */
vdc_code vdc_power_read(const vdc_node *node, vdc_power *power, vdc_diag *diag);
double vdc_power_watts(const vdc_power *power, double utilisation);
/* The same as whole picowatts: what the accounts use. busy <= capacity, in Hz. */
int64_t vdc_power_picowatts(const vdc_power *power, int64_t busy, int64_t capacity);

#endif
