/* How a VM weighs on its neighbours and suffers from them: `interference: {…}` of a VM (models.md 4.5).
 *
 * Equal profiles are one entry of a table; a request carries its index (vdc_request.interference), 0 = none: such a VM neither disturbs
 * others nor is disturbed.
 */
#ifndef VDC_MODELS_INTERFERENCE_PROFILE_H
#define VDC_MODELS_INTERFERENCE_PROFILE_H

#include "sim/base/param.h"

enum { VDC_SENSITIVITY_POINTS = 10 };

typedef struct vdc_interference_profile {
    /* Pressure and sensitivity (Bubble-Up). */
    double pressure;                            /* what each of its busy threads weighs, >= 0 */
    int64_t points;                             /* of the sensitivity curve; 0 = it is not sensitive */
    double bubble[VDC_SENSITIVITY_POINTS];      /* pressure of all neighbours, ascending */
    double factor[VDC_SENSITIVITY_POINTS];      /* what is left of its progress, in (0, 1], never rising; linear between, 1 at 0 */
    /* Cache and memory bandwidth. */
    double accesses;                            /* to the last-level cache, per second of a busy thread; 0 = it uses none */
    double miss_min, miss_max;                  /* misses per access with all the cache it wants and with none */
    double half_cache;                          /* bytes that halve what the cache can save, > 0 */
    double stall;                               /* share of its time that waits for memory when alone, 0 to 1 */
} vdc_interference_profile;

typedef struct vdc_interference_profiles {
    vdc_interference_profile *items;            /* [0] = none */
    size_t count, capacity;
} vdc_interference_profiles;

vdc_code vdc_interference_profiles_create(vdc_interference_profiles *profiles, vdc_diag *diag);
void vdc_interference_profiles_destroy(vdc_interference_profiles *profiles);
/* Reads `interference: {…}` and finds or adds its entry. With NULL profiles it is checked only. */
vdc_code vdc_interference_profile_read(vdc_interference_profiles *profiles, const vdc_node *node, uint32_t *index, vdc_diag *diag);

extern const vdc_param vdc_interference_profile_params[];
extern const size_t vdc_interference_profile_param_count;

#endif
