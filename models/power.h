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

enum { VDC_POWER_LEVELS = 11 };

typedef struct vdc_power {
    const vdc_power_model *model;  /* NULL: no power model */
    double idle, max;              /* W, of an on host without and with full load */
    double parameter;              /* r of mse, tau of asymptotic, epsilon of p-state (W) */
    double watts[VDC_POWER_LEVELS];/* table: at 0 %, 10 %, …, 100 % */
    double a, b;                   /* dvfs, W */
    double lowest;                 /* dvfs: the lowest frequency as a share of the nominal one */
    int governor;                  /* dvfs */
    bool cube;                     /* asymptotic: u^3 in place of u */
    double off;                    /* W drawn when switched off */
    const vdc_node *listed;        /* only while it is read */
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
/* Reads `power: {model: NAME, …}`; without `model` it is linear. A NULL node is no power model. */
vdc_code vdc_power_read(const vdc_node *node, vdc_power *power, vdc_diag *diag);
/* Watts of an on host; utilisation in [0, 1]; 0 without a model. */
double vdc_power_watts(const vdc_power *power, double utilisation);
/* The most that an on host draws at any load, W: a table may have its peak between idle and full load. */
double vdc_power_most(const vdc_power *power);
/* Watts as whole picowatts: what the accounts use. busy <= capacity, in Hz; a capacity of 0 counts as idle. */
int64_t vdc_power_picowatts(const vdc_power *power, int64_t busy, int64_t capacity);

#endif
