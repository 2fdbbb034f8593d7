/* Prices: what VMs pay, what energy costs, and what is given back when service was poor (models.md, cost).
 *
 * Money is counted in whole nano-units of the currency (10^-9 EUR), a price in nano-units an hour. Each stay of a VM on a host is billed once,
 * rounded to the nearest nano-unit, so that the bills of VMs add up to those of tenants and of the run without remainder.
 */
#ifndef VDC_MODELS_PRICES_H
#define VDC_MODELS_PRICES_H

#include "models/request.h"
#include "sim/base/units.h"

#define VDC_MONEY INT64_C(1000000000)      /* nano-units in one unit of the currency */
#define VDC_BILLIONTHS INT64_C(1000000000) /* of shares */
#define VDC_NOT_OFFERED INT64_C(-1)        /* of a price */

typedef enum vdc_price_plan { VDC_PLAN_ON_DEMAND, VDC_PLAN_RESERVED, VDC_PLAN_SPOT, VDC_PLANS } vdc_price_plan;

/* A row of the price list. A VM is of the cheapest flavor (on demand) that holds it, ties to the first. */
typedef struct vdc_flavor_price {
    const char *name;
    int64_t vcpus, memory, disk, gpus; /* milli-vCPU, bytes, bytes (VDC_UNLIMITED: of any size), milli-GPU */
    int64_t price[VDC_PLANS];          /* an hour; VDC_NOT_OFFERED, but never on demand */
} vdc_flavor_price;

/* What VMs that no flavor holds pay, by the size of what they hold. */
typedef struct vdc_unit_prices {
    bool given;
    int64_t vcpu, memory, disk, gpu; /* an hour of a vCPU, a GiB, a GiB, a GPU */
    int64_t spot;                    /* billionths of these for spot VMs */
} vdc_unit_prices;

/* Instances that a tenant has paid for whether it runs them or not. */
typedef struct vdc_reservation {
    const char *tenant;
    size_t flavor;
    int64_t count;
} vdc_reservation;

/* Whose VMs pay the spot price: those for whom all that is given holds. */
typedef struct vdc_spot_rule {
    const char *tenant, *group;      /* NULL = any */
    bool by_priority;
    int32_t priority;
} vdc_spot_rule;

/* A promise, and what is given back of a VM's bill where it was not kept. Thresholds that are not given are VDC_PARAM_NONE. */
typedef struct vdc_sla_rule {
    int64_t wait;                    /* ns in the queue, more breaks it */
    int64_t ready;                   /* billionths of the CPU time that it wanted and was allowed, not given; more breaks it */
    int64_t availability;            /* billionths of the time since its first start that it ran; less breaks it */
    int64_t credit;                  /* billionths of the bill */
} vdc_sla_rule;

typedef struct vdc_prices {
    bool wanted;
    const char *currency;            /* "EUR" */
    int64_t period;                  /* ns that a stay is rounded up to; 0 = billed exactly */
    vdc_flavor_price *flavors;
    size_t flavor_count;
    vdc_unit_prices units;
    vdc_reservation *reservations;
    size_t reservation_count;
    vdc_spot_rule *spot;
    size_t spot_count;
    vdc_sla_rule *sla;
    size_t sla_count;
    bool has_energy;
    int64_t energy;                  /* a kWh of the facility, where it does not follow a trace; may be negative */
} vdc_prices;

/* What a VM had of a service level so far. */
typedef struct vdc_service {
    vdc_time waited, ran, since_start; /* ns in the queue, on hosts, since its first start */
    vdc_wide allowed, not_given;       /* Hz·ns of CPU that it wanted and was allowed; of it, not given */
} vdc_service;

/* The flavor of a VM; SIZE_MAX when none holds it. */
size_t vdc_prices_flavor(const vdc_prices *prices, const vdc_request *request);
/* What it pays an hour under a plan: by its flavor, where that offers the plan, else on demand; by its size without a flavor. 0 when
 * there is no price for it. */
int64_t vdc_prices_hourly(const vdc_prices *prices, size_t flavor, const vdc_request *request, vdc_price_plan plan);
/* Does it pay the spot price? */
bool vdc_prices_is_spot(const vdc_prices *prices, const vdc_request *request, const char *tenant, const char *group);
/* The bill of one stay, nano-units. */
vdc_wide vdc_prices_stay(const vdc_prices *prices, int64_t hourly, vdc_time span);
/* What energy costs: pW·ns at nano-units a kWh, times a factor in billionths (the PUE). */
vdc_wide vdc_prices_energy(vdc_wide energy, int64_t price, int64_t factor);
/* The share of its bill that a VM gets back, billionths: the largest credit of the rules that were broken. */
int64_t vdc_prices_credit_share(const vdc_prices *prices, const vdc_service *service);
/* value x share / 10^9, to the nearest. */
vdc_wide vdc_prices_part(vdc_wide value, int64_t share);

#endif
