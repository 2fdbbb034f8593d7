/* See prices.h. */
#include "models/prices.h"

#include <string.h>

#include "sim/base/param.h"

static const vdc_wide hour = (vdc_wide)3600 * VDC_SECOND;
static const int64_t gib = INT64_C(1) << 30;

/* To the nearest, halves away from 0; den > 0. */
static vdc_wide divide(vdc_wide num, vdc_wide den) {
    return (num >= 0 ? num + den / 2 : num - den / 2) / den;
}

static bool holds(const vdc_flavor_price *flavor, const vdc_request *request) {
    return request->size[VDC_CPU] <= flavor->vcpus && request->size[VDC_MEMORY] <= flavor->memory && request->size[VDC_GPU] <= flavor->gpus
           && (flavor->disk == VDC_UNLIMITED || request->size[VDC_DISK] <= flavor->disk);
}

size_t vdc_prices_flavor(const vdc_prices *prices, const vdc_request *request) {
    size_t best = SIZE_MAX;
    for (size_t i = 0; i < prices->flavor_count; i++) {
        if (!holds(&prices->flavors[i], request)) continue;
        if (best == SIZE_MAX || prices->flavors[i].price[VDC_PLAN_ON_DEMAND] < prices->flavors[best].price[VDC_PLAN_ON_DEMAND]) best = i;
    }
    return best;
}

int64_t vdc_prices_hourly(const vdc_prices *prices, size_t flavor, const vdc_request *request, vdc_price_plan plan) {
    if (flavor != SIZE_MAX) {
        int64_t price = prices->flavors[flavor].price[plan];
        return price == VDC_NOT_OFFERED ? prices->flavors[flavor].price[VDC_PLAN_ON_DEMAND] : price;
    }
    const vdc_unit_prices *units = &prices->units;
    if (!units->given) return 0;
    const int64_t *size = request->size;
    vdc_wide sum = divide((vdc_wide)size[VDC_CPU] * units->vcpu, 1000) + divide((vdc_wide)size[VDC_GPU] * units->gpu, 1000)
                   + divide((vdc_wide)size[VDC_MEMORY] * units->memory, gib) + divide((vdc_wide)size[VDC_DISK] * units->disk, gib);
    if (plan == VDC_PLAN_SPOT) sum = vdc_prices_part(sum, units->spot);
    return sum > INT64_MAX ? INT64_MAX : (int64_t)sum;
}

bool vdc_prices_is_spot(const vdc_prices *prices, const vdc_request *request, const char *tenant, const char *group) {
    for (size_t i = 0; i < prices->spot_count; i++) {
        const vdc_spot_rule *rule = &prices->spot[i];
        bool applies = (!rule->tenant || strcmp(rule->tenant, tenant) == 0) && (!rule->group || strcmp(rule->group, group) == 0)
                       && (!rule->by_priority || rule->priority == request->priority);
        if (applies) return true;
    }
    return false;
}

vdc_wide vdc_prices_stay(const vdc_prices *prices, int64_t hourly, vdc_time span) {
    vdc_wide billed = span;
    if (prices->period > 0) billed = (billed + prices->period - 1) / prices->period * prices->period;
    return divide(billed * hourly, hour);
}

vdc_wide vdc_prices_energy(vdc_wide energy, int64_t price, int64_t factor) {
    /* Nanojoules first: a kWh is 3.6e27 pW·ns, and their product with a price would not fit. */
    vdc_wide nanojoules = divide(energy, 1000000000000), facility = divide(nanojoules * factor, VDC_BILLIONTHS);
    const vdc_wide kwh = (vdc_wide)3600000 * VDC_BILLIONTHS;
    return facility / kwh * price + divide(facility % kwh * price, kwh);
}

int64_t vdc_prices_credit_share(const vdc_prices *prices, const vdc_service *service) {
    int64_t share = 0;
    for (size_t i = 0; i < prices->sla_count; i++) {
        const vdc_sla_rule *rule = &prices->sla[i];
        bool broken = rule->wait != VDC_PARAM_NONE && service->waited > rule->wait;
        if (rule->ready != VDC_PARAM_NONE) /* integrals of CPU time may be near 2^127: a thousandth of them is exact enough */
            broken = broken || service->not_given / 1000 * VDC_BILLIONTHS > service->allowed / 1000 * rule->ready;
        if (rule->availability != VDC_PARAM_NONE)
            broken = broken || (vdc_wide)service->ran * VDC_BILLIONTHS < (vdc_wide)service->since_start * rule->availability;
        if (broken && rule->credit > share) share = rule->credit;
    }
    return share;
}

vdc_wide vdc_prices_part(vdc_wide value, int64_t share) { return divide(value * share, VDC_BILLIONTHS); }
