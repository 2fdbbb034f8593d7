/* See interference_profile.h. */
#include "models/interference_profile.h"

#include "sim/base/memory.h"

#include <stddef.h>
#include <string.h>

typedef struct written {
    vdc_interference_profile profile;
    int64_t half_cache;
    const vdc_node *sensitivity;
} written;

#define AT(member) .offset = offsetof(written, member)
#define REAL .type = VDC_PARAM_REAL
const vdc_param vdc_interference_profile_params[] = {
    {.name = "pressure", REAL, .fallback = "0", .maximum = 1e9, AT(profile.pressure),
     .help = "what each of its busy threads weighs on its neighbours"},
    {.name = "sensitivity", .type = VDC_PARAM_NODE, AT(sensitivity),
     .help = "[[pressure of the neighbours, what is left of its speed], ...]: linear between, 1 without neighbours"},
    {.name = "accesses", REAL, .fallback = "0", .maximum = 1e12, AT(profile.accesses),
     .help = "to the last-level cache, per second of a busy thread"},
    {.name = "miss_min", REAL, .dimension = VDC_DIM_RATIO, .fallback = "0", .maximum = 1, AT(profile.miss_min),
     .help = "misses per access with all the cache it wants"},
    {.name = "miss_max", REAL, .dimension = VDC_DIM_RATIO, .fallback = "1", .maximum = 1, AT(profile.miss_max),
     .help = "misses per access without any cache"},
    {.name = "half_cache", .type = VDC_PARAM_INTEGER, .dimension = VDC_DIM_BYTES, .fallback = "1 MiB", .minimum = 1, AT(half_cache),
     .help = "cache that halves the misses which cache can save"},
    {.name = "stall", REAL, .dimension = VDC_DIM_RATIO, .fallback = "30%", .maximum = 1, AT(profile.stall),
     .help = "share of its time that waits for memory when it is alone"},
};
const size_t vdc_interference_profile_param_count = sizeof vdc_interference_profile_params / sizeof *vdc_interference_profile_params;

vdc_code vdc_interference_profiles_create(vdc_interference_profiles *profiles, vdc_diag *diag) {
    *profiles = (vdc_interference_profiles){0};
    if (!VDC_RESERVE(profiles->items, profiles->capacity, 1)) return vdc_no_memory(diag, "interference");
    memset(&profiles->items[profiles->count++], 0, sizeof *profiles->items);
    return VDC_OK;
}

void vdc_interference_profiles_destroy(vdc_interference_profiles *profiles) {
    vdc_free(profiles->items);
    *profiles = (vdc_interference_profiles){0};
}

static vdc_code read_point(const vdc_node *pair, vdc_interference_profile *profile, vdc_diag *diag) {
    char buffer[96];
    if (pair->kind != VDC_NODE_SEQUENCE || pair->count != 2)
        return vdc_fail(diag, VDC_ERROR_INPUT, &pair->place, "interference: sensitivity: found %s; allowed: [pressure, factor] such as [4, 90%%]",
                        vdc_node_describe(pair, buffer, sizeof buffer));
    int64_t i = profile->points;
    vdc_code code = vdc_node_real(pair->children[0], VDC_DIM_COUNT, 0, 1e12, &profile->bubble[i], diag);
    if (!code) code = vdc_node_real(pair->children[1], VDC_DIM_RATIO, 0, 1, &profile->factor[i], diag);
    if (code) return code;
    double before = i ? profile->bubble[i - 1] : -1, above = i ? profile->factor[i - 1] : 1;
    if (profile->bubble[i] <= before || profile->factor[i] > above || profile->factor[i] <= 0)
        return vdc_fail(diag, VDC_ERROR_INPUT, &pair->place,
                        "interference: sensitivity: [%g, %g] after [%g, %g]; allowed: rising pressures, factors above 0 that never rise", profile->bubble[i],
                        profile->factor[i], before < 0 ? 0 : before, above);
    if (profile->bubble[i] == 0 && profile->factor[i] < 1)
        return vdc_fail(diag, VDC_ERROR_INPUT, &pair->place, "interference: sensitivity: without neighbours the factor is 1, found %g", profile->factor[i]);
    profile->points++;
    return VDC_OK;
}

static vdc_code read_curve(const vdc_node *list, vdc_interference_profile *profile, vdc_diag *diag) {
    char buffer[96];
    if (!list) return VDC_OK;
    if (list->kind != VDC_NODE_SEQUENCE || list->count == 0 || list->count > VDC_SENSITIVITY_POINTS)
        return vdc_fail(diag, VDC_ERROR_INPUT, &list->place, "interference: sensitivity: found %s; allowed: a list of 1 to %d [pressure, factor]",
                        vdc_node_describe(list, buffer, sizeof buffer), VDC_SENSITIVITY_POINTS);
    vdc_code code = VDC_OK;
    for (size_t i = 0; !code && i < list->count; i++) code = read_point(list->children[i], profile, diag);
    return code;
}

vdc_code vdc_interference_profile_read(vdc_interference_profiles *profiles, const vdc_node *node, uint32_t *index, vdc_diag *diag) {
    *index = 0;
    if (!node) return VDC_OK;
    written as;
    memset(&as, 0, sizeof as); /* padding too: entries are compared as bytes */
    vdc_code code = vdc_params_read(node, vdc_interference_profile_params, vdc_interference_profile_param_count, &as, NULL, "interference", diag);
    if (code) return code;
    if (as.profile.miss_min > as.profile.miss_max)
        code = vdc_fail(diag, VDC_ERROR_INPUT, &node->place, "interference: miss_min %g is above miss_max %g", as.profile.miss_min, as.profile.miss_max);
    if (!code) code = read_curve(as.sensitivity, &as.profile, diag);
    if (code || !profiles) return code;
    as.profile.half_cache = (double)as.half_cache;
    for (size_t i = 1; i < profiles->count; i++)
        if (memcmp(&profiles->items[i], &as.profile, sizeof as.profile) == 0) {
            *index = (uint32_t)i;
            return VDC_OK;
        }
    if (!VDC_RESERVE(profiles->items, profiles->capacity, profiles->count + 1)) return vdc_no_memory(diag, "interference");
    memcpy(&profiles->items[profiles->count], &as.profile, sizeof as.profile);
    *index = (uint32_t)profiles->count++;
    return VDC_OK;
}
