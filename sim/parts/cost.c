/* Cost: bills of VMs, the price of energy, SLA credits. The arithmetic: models/prices.h.
 *
 * A VM's bill grows when a stay of it ends: when it leaves its host, or pays otherwise from now on because it has another size. A stay takes one of
 * its tenant's reservations of its flavor where one is free at its start, until its end, and costs nothing more then: reservations are paid for from
 * the run's begin to its end, used or not.
 */
#include <math.h>
#include <string.h>

#include "sim/parts/part.h"
#include "sim/results/totals.h"

/* What a VM owes, by slot. */
typedef struct vm_account {
    int64_t number;            /* of whom: slots are used again */
    size_t flavor, reservation;/* SIZE_MAX = none */
    vdc_price_plan plan;       /* of the stay */
    int64_t hourly;            /* likewise */
    vdc_time since;            /* begin of the stay; -1 = it is on no host */
    vdc_time ran;
    vdc_wide allowed, not_given;   /* Hz·ns of the stays that are over */
    vdc_time looked;               /* when the stay's ledger was last looked at; its place is taken by the final row before that is written */
    vdc_wide stay_allowed, stay_not_given;
    vdc_wide before_allowed, before_not_given; /* of its ledger on this host, what belongs to stays that are over */
    vdc_wide bill[VDC_PLANS], credit;
} vm_account;

typedef struct cost_state {
    vm_account *accounts;
    size_t capacity, opened;   /* of those: how many were ever looked at */
    int64_t *used;             /* [reservation] VMs on it */
    vdc_wide *used_time;       /* [reservation] VM·ns of stays that are over */
    vdc_wide bill[VDC_PLANS], credit; /* of all VMs, as if those that run had left at the end of their last stay */
    int64_t credited;          /* VMs with a credit among them */
    int64_t energy_price;      /* now */
    vdc_wide energy_before;    /* pW·ns at the last change of the price */
    vdc_wide energy_cost;      /* up to then */
    struct { vdc_wide bill, credit; } *tenants;
    size_t tenant_capacity;
} cost_state;

static vdc_code open(vdc_simulation *sim, vdc_diag *diag) {
    const vdc_prices *prices = &sim->scenario->prices;
    if (!prices->wanted) return VDC_OK;
    cost_state *state = sim->parts[VDC_PART_cost] = vdc_calloc(1, sizeof *state);
    if (!state) return vdc_no_memory(diag, "bills");
    state->used = vdc_calloc(prices->reservation_count + 1, sizeof *state->used);
    state->used_time = vdc_calloc(prices->reservation_count + 1, sizeof *state->used_time);
    if (!state->used || !state->used_time) return vdc_no_memory(diag, "bills");
    for (size_t i = 0; i < prices->sla_count; i++)
        if (prices->sla[i].ready != VDC_PARAM_NONE) sim->datacenter.track_vms = true;
    return VDC_OK;
}

static void close(vdc_simulation *sim) {
    cost_state *state = sim->parts[VDC_PART_cost];
    if (!state) return;
    vdc_free(state->accounts);
    vdc_free(state->used);
    vdc_free(state->used_time);
    vdc_free(state->tenants);
    vdc_free(state);
}

/* ---- energy ---- */

static bool pays_energy(const vdc_simulation *sim) { return sim->scenario->prices.has_energy && sim->parts[VDC_PART_power]; }

/* What the energy since the last change of its price costs. */
static vdc_wide energy_since(const vdc_simulation *sim, const cost_state *state) {
    return vdc_prices_energy(sim->datacenter.energy - state->energy_before, state->energy_price, llround(sim->scenario->pue * (double)VDC_BILLIONTHS));
}

static vdc_code price_change(vdc_simulation *sim, vdc_diag *diag) {
    cost_state *state = sim->parts[VDC_PART_cost];
    const vdc_series *series = &sim->scenario->energy_price;
    vdc_datacenter_advance_fleet(&sim->datacenter);
    state->energy_cost += energy_since(sim, state);
    state->energy_before = sim->datacenter.energy;
    state->energy_price = sim->scenario->prices.energy;
    if (series->count == 0) return VDC_OK;
    size_t row = vdc_series_at(series, vdc_later(sim->scenario->start, sim->datacenter.now));
    state->energy_price = llround(series->value[row] * (double)VDC_MONEY);
    if (row + 1 >= series->count) return VDC_OK;
    sim->background_events++;
    return vdc_part_schedule(sim, VDC_PART_cost, series->time[row + 1] - sim->scenario->start, VDC_RANK_CHANGE, 0, NULL, diag);
}

static vdc_code begin(vdc_simulation *sim, vdc_diag *diag) { return pays_energy(sim) ? price_change(sim, diag) : VDC_OK; }

static vdc_code event(vdc_simulation *sim, uint32_t subject, vdc_diag *diag) {
    (void)subject;
    sim->background_events--;
    return price_change(sim, diag);
}

static void advance(vdc_simulation *sim) { vdc_datacenter_advance_fleet(&sim->datacenter); }

/* ---- bills ---- */

static vm_account *account_of(const vdc_simulation *sim, uint32_t slot) {
    const cost_state *state = sim->parts[VDC_PART_cost];
    bool has = slot < state->opened && state->accounts[slot].number == sim->datacenter.records[slot].request.number;
    return has ? &state->accounts[slot] : NULL;
}

static size_t free_reservation(const vdc_simulation *sim, const cost_state *state, size_t flavor, const char *tenant) {
    const vdc_prices *prices = &sim->scenario->prices;
    for (size_t i = 0; i < prices->reservation_count; i++) {
        const vdc_reservation *row = &prices->reservations[i];
        if (row->flavor == flavor && state->used[i] < row->count && strcmp(row->tenant, tenant) == 0) return i;
    }
    return SIZE_MAX;
}

/* The account as it would be if the VM's stay ended now. */
static vm_account settled(vdc_simulation *sim, uint32_t slot, vm_account *account) {
    vdc_datacenter *dc = &sim->datacenter;
    const vdc_vm_record *record = &dc->records[slot];
    const vdc_prices *prices = &sim->scenario->prices;
    if (account->since >= 0 && dc->track_vms && account->looked != dc->now) {
        vdc_ledger_advance(&dc->vm_ledger, slot, dc->now);
        account->looked = dc->now;
        const vdc_wide allowed = vdc_ledger_sum(&dc->vm_ledger, slot, VDC_FLOW_CEILING);
        account->stay_allowed = allowed - account->before_allowed;
        account->stay_not_given = allowed - vdc_ledger_sum(&dc->vm_ledger, slot, VDC_FLOW_GRANTED) - account->before_not_given;
    }
    vm_account now = *account;
    if (account->since >= 0) {
        vdc_time span = dc->now - account->since;
        now.ran += span;
        if (account->plan != VDC_PLAN_RESERVED) now.bill[account->plan] += vdc_prices_stay(prices, account->hourly, span);
        now.allowed += account->stay_allowed;
        now.not_given += account->stay_not_given;
    }
    const vdc_service service = {
        .waited = vdc_run_waited(sim, slot), .ran = now.ran, .since_start = dc->now - record->first_start,
        .allowed = now.allowed, .not_given = now.not_given,
    };
    int64_t share = vdc_prices_credit_share(prices, &service);
    now.credit = vdc_prices_part(now.bill[VDC_PLAN_ON_DEMAND] + now.bill[VDC_PLAN_SPOT], share);
    return now;
}

/* Sums with `from` in them become sums with `to` in its place. */
static void replace(vdc_wide bill[VDC_PLANS], vdc_wide *credit, int64_t *credited, const vm_account *from, const vm_account *to) {
    for (int plan = 0; plan < VDC_PLANS; plan++) bill[plan] += to->bill[plan] - from->bill[plan];
    *credit += to->credit - from->credit;
    *credited += (to->credit > 0) - (from->credit > 0);
}

/* The account is settled up to now, and so are the sums. */
static void settle(vdc_simulation *sim, uint32_t slot) {
    cost_state *state = sim->parts[VDC_PART_cost];
    vm_account *account = &state->accounts[slot], now = settled(sim, slot, account);
    replace(state->bill, &state->credit, &state->credited, account, &now);
    if (account->reservation != SIZE_MAX) {
        state->used[account->reservation]--;
        state->used_time[account->reservation] += sim->datacenter.now - account->since;
    }
    now.since = -1;
    now.reservation = SIZE_MAX;
    *account = now;
}

static void removing(vdc_simulation *sim, uint32_t slot) {
    if (sim->transit != VDC_TRANSIT_STAYS) settle(sim, slot);
}

/* Its last hours off its host count for what was promised. */
static void left(vdc_simulation *sim, uint32_t slot) {
    if (account_of(sim, slot)) settle(sim, slot);
}

/* On the same host with another request: it pays as before, or its stay ends and another one begins in the middle of its ledger. */
static bool goes_on(vdc_simulation *sim, uint32_t slot, size_t flavor, bool spot) {
    vm_account *account = account_of(sim, slot);
    const vdc_request *request = &sim->datacenter.records[slot].request;
    if (account->flavor == flavor && (account->plan == VDC_PLAN_SPOT) == spot
        && account->hourly == vdc_prices_hourly(&sim->scenario->prices, flavor, request, account->plan))
        return true;
    settle(sim, slot);
    account->before_allowed += account->stay_allowed;
    account->before_not_given += account->stay_not_given;
    return false;
}

static vdc_code placed(vdc_simulation *sim, uint32_t slot, vdc_diag *diag) {
    cost_state *state = sim->parts[VDC_PART_cost];
    const vdc_prices *prices = &sim->scenario->prices;
    const vdc_request *request = &sim->datacenter.records[slot].request;
    const char *tenant = vdc_names_text(sim->tenants, request->tenant);
    const size_t flavor = vdc_prices_flavor(prices, request);
    const bool spot = vdc_prices_is_spot(prices, request, tenant, vdc_names_text(sim->groups, request->group));
    if (sim->transit == VDC_TRANSIT_STAYS && goes_on(sim, slot, flavor, spot)) return VDC_OK;
    size_t tenants = state->tenant_capacity;
    if (!VDC_RESERVE(state->accounts, state->capacity, slot + (size_t)1)
        || !VDC_RESERVE(state->tenants, state->tenant_capacity, request->tenant + (size_t)1))
        return vdc_no_memory(diag, "bills");
    if (state->tenant_capacity > tenants) memset(state->tenants + tenants, 0, (state->tenant_capacity - tenants) * sizeof *state->tenants);
    while (state->opened <= slot) state->accounts[state->opened++].number = -1;
    vm_account *account = &state->accounts[slot];
    if (account->number != request->number) *account = (vm_account){.number = request->number};
    if (sim->transit != VDC_TRANSIT_STAYS) account->before_allowed = account->before_not_given = 0;
    account->since = sim->datacenter.now;
    account->looked = -1;
    account->stay_allowed = account->stay_not_given = 0;
    account->flavor = flavor;
    account->plan = spot ? VDC_PLAN_SPOT : VDC_PLAN_ON_DEMAND;
    account->reservation = spot || flavor == SIZE_MAX ? SIZE_MAX : free_reservation(sim, state, flavor, tenant);
    if (account->reservation != SIZE_MAX) {
        account->plan = VDC_PLAN_RESERVED;
        state->used[account->reservation]++;
    }
    account->hourly = vdc_prices_hourly(prices, flavor, request, account->plan);
    return VDC_OK;
}

/* ---- results ---- */

static int64_t as_integer(vdc_wide value) { return value > INT64_MAX ? INT64_MAX : (int64_t)value; }

static const vdc_column vm_columns[] = {
    {"bill", "1e-9", "what it pays besides reservations, in 10^-9 of the currency", VDC_CELL_INTEGER, NULL, 1},
    {"credit", "1e-9", "of it given back for broken promises", VDC_CELL_INTEGER, NULL, 1},
    {"flavor", "1", "its flavor in the price list", VDC_CELL_TEXT, NULL, 1},
};

static void vm_row(vdc_simulation *sim, uint32_t slot, vdc_row *row) {
    cost_state *state = sim->parts[VDC_PART_cost];
    vm_account *account = account_of(sim, slot);
    const vdc_request *request = &sim->datacenter.records[slot].request;
    const size_t flavor = vdc_prices_flavor(&sim->scenario->prices, request); /* it may have become another one while it was on no host */
    const vm_account now = account ? settled(sim, slot, account) : (vm_account){0};
    vdc_wide bill = now.bill[VDC_PLAN_ON_DEMAND] + now.bill[VDC_PLAN_SPOT];
    vdc_row_integer(row, as_integer(bill));
    vdc_row_integer(row, as_integer(now.credit));
    vdc_row_text(row, flavor == SIZE_MAX ? "" : sim->scenario->prices.flavors[flavor].name);
    if (request->tenant >= state->tenant_capacity) return; /* none of its VMs was ever placed */
    state->tenants[request->tenant].bill += bill;
    state->tenants[request->tenant].credit += now.credit;
}

static const vdc_column tenant_columns[] = {
    {"bill", "1e-9", "what its VMs pay besides reservations, in 10^-9 of the currency", VDC_CELL_INTEGER, NULL, 1},
    {"credit", "1e-9", "of it given back for broken promises", VDC_CELL_INTEGER, NULL, 1},
};

static void tenant_row(vdc_simulation *sim, uint32_t tenant, vdc_row *row) {
    const cost_state *state = sim->parts[VDC_PART_cost];
    bool has = tenant < state->tenant_capacity;
    vdc_row_integer(row, has ? as_integer(state->tenants[tenant].bill) : 0);
    vdc_row_integer(row, has ? as_integer(state->tenants[tenant].credit) : 0);
}

static double money(vdc_wide value) { return vdc_wide_over(value, VDC_MONEY); }

static void summary(vdc_simulation *sim, vdc_summary *s) {
    const cost_state *state = sim->parts[VDC_PART_cost];
    const vdc_prices *prices = &sim->scenario->prices;
    vdc_datacenter *dc = &sim->datacenter;
    const char *unit = prices->currency;
    vdc_wide bill[VDC_PLANS], credit = state->credit, used = 0, paid_for = 0, costs = 0;
    int64_t credited = state->credited;
    memcpy(bill, state->bill, sizeof bill);
    for (uint32_t slot = 0; slot < state->opened; slot++) {
        vm_account *account = dc->vms[slot].state == VDC_VM_FREE ? NULL : account_of(sim, slot);
        if (!account) continue;
        const vm_account now = settled(sim, slot, account);
        replace(bill, &credit, &credited, account, &now);
        if (account->reservation != SIZE_MAX) used += dc->now - account->since;
    }
    for (size_t i = 0; i < prices->reservation_count; i++) {
        const vdc_reservation *row = &prices->reservations[i];
        vdc_wide hourly = (vdc_wide)prices->flavors[row->flavor].price[VDC_PLAN_RESERVED] * row->count;
        bill[VDC_PLAN_RESERVED] += hourly > INT64_MAX ? hourly * dc->now / ((vdc_wide)3600 * VDC_SECOND)
                                                      : vdc_prices_stay(prices, (int64_t)hourly, dc->now);
        used += state->used_time[i];
        paid_for += (vdc_wide)row->count * dc->now;
    }
    vdc_wide revenue = 0;
    for (int plan = 0; plan < VDC_PLANS; plan++) revenue += bill[plan];
    if (prices->flavor_count || prices->units.given) {
        vdc_summary_real(s, "revenue_on_demand", money(bill[VDC_PLAN_ON_DEMAND]), unit, "bills of VMs on demand");
        vdc_summary_real(s, "revenue_reserved", money(bill[VDC_PLAN_RESERVED]), unit, "price of the reservations, used or not");
        vdc_summary_real(s, "revenue_spot", money(bill[VDC_PLAN_SPOT]), unit, "bills of spot VMs");
        vdc_summary_real(s, "revenue_total", money(revenue), unit, "what is paid by and for VMs");
    }
    if (paid_for > 0) vdc_summary_real(s, "reserved_use", vdc_wide_over(used, paid_for), "1", "share of the reservations' time that VMs ran on them");
    if (pays_energy(sim)) {
        costs = state->energy_cost + energy_since(sim, state);
        vdc_summary_real(s, "cost_energy", money(costs), unit, "price of the facility's energy");
    }
    if (prices->sla_count) {
        vdc_summary_real(s, "cost_sla_credits", money(credit), unit, "given back for broken promises");
        vdc_summary_integer(s, "vms_credited", credited, "VMs that got something back");
        costs += credit;
    }
    vdc_summary_real(s, "cost_total", money(costs), unit, "cost: energy and SLA credits");
    if (prices->flavor_count || prices->units.given)
        vdc_summary_real(s, "profit", money(revenue - costs), unit, "revenue - cost");
}

const vdc_part vdc_part_cost = {
    .name = "cost", .open = open, .close = close, .begin = begin, .event = event, .placed = placed, .removing = removing, .left = left,
    .advance = advance, .summary = summary,
    .vms = {vm_columns, sizeof vm_columns / sizeof *vm_columns, .row = vm_row},
    .tenants = {tenant_columns, sizeof tenant_columns / sizeof *tenant_columns, .row = tenant_row},
};
