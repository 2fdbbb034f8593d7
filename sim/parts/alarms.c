/* See alarms.h. Ready time and unavailability are means over the tick; memory pressure and broken soft rules are what is at its end, because the hosts
 * that there are differ from one instant to the next. */
#include "sim/parts/alarms.h"

#include <stdio.h>
#include <string.h>

#include "sim/parts/availability.h"
#include "sim/results/results.h"
#include "sim/results/totals.h"

typedef enum alarm_kind { ALARM_READY, ALARM_MEMORY, ALARM_DOWN, ALARM_RULES, ALARMS } alarm_kind;
static const char *const names[ALARMS] = {"ready time", "memory pressure", "unavailability", "broken soft rules"};

typedef struct alarms_state {
    vdc_wide *previous;            /* [class x flow] at the last tick */
    vdc_wide previous_up, previous_down;
    vdc_time since;
    bool on[ALARMS];
    char texts[ALARMS][80];
    int64_t raised;
} alarms_state;

static alarms_state *state_of(const vdc_simulation *sim) { return sim->parts[VDC_PART_alarms]; }

static vdc_code open(vdc_simulation *sim, vdc_diag *diag) {
    if (!sim->scenario->has_alarms) return VDC_OK;
    alarms_state *state = sim->parts[VDC_PART_alarms] = vdc_calloc(1, sizeof *state);
    if (!state || !(state->previous = vdc_calloc((size_t)sim->datacenter.hosts.class_count * VDC_FLOWS, sizeof *state->previous)))
        return vdc_no_memory(diag, "the alarms");
    return VDC_OK;
}

static void close(vdc_simulation *sim) {
    if (state_of(sim)) vdc_free(state_of(sim)->previous);
    vdc_free(state_of(sim));
    sim->parts[VDC_PART_alarms] = NULL;
}

/* The share of the time in the tick that VMs that should run were down. */
static double unavailability(vdc_simulation *sim, alarms_state *state) {
    const vdc_availability_state *availability = vdc_availability_of(sim);
    if (!availability) return 0;
    vdc_uptime fleet = vdc_availability_uptime(&availability->book.fleet, sim->datacenter.now);
    vdc_wide down = vdc_unplanned(&fleet);
    double lost = (double)(down - state->previous_down), up = (double)(fleet.up - state->previous_up);
    state->previous_down = down;
    state->previous_up = fleet.up;
    return up + lost > 0 ? lost / (up + lost) : 0;
}

static int64_t broken_soft_rules(const vdc_simulation *sim) {
    int64_t broken = 0;
    for (size_t i = 0; sim->isolation && i < sim->isolation->rule_count; i++)
        if (sim->isolation->rules[i].mode == 1) broken += sim->isolation->rules[i].violating;
    return broken;
}

/* The shares of what is there; of memory what hosts that are not down have, whatever overcommit lets them promise. */
static void measure(vdc_simulation *sim, alarms_state *state, double value[ALARMS]) {
    const vdc_datacenter *dc = &sim->datacenter;
    vdc_totals sum = vdc_totals_since(dc, state->previous, dc->now - state->since);
    for (size_t k = 0; k < dc->class_ledger.count; k++)
        for (int f = 0; f < VDC_FLOWS; f++) state->previous[k * VDC_FLOWS + (size_t)f] = vdc_class_flow(dc, k, (vdc_flow)f);
    vdc_wide capacity = 0;
    for (uint32_t h = 0; h < dc->hosts.count; h++)
        if (dc->hosts.state[h] != VDC_HOST_DOWN) capacity += dc->hosts.classes[dc->hosts.class_of[h]].physical[VDC_MEMORY];
    double wanted = sum.granted[VDC_CPU] + sum.ready;
    state->since = dc->now;
    value[ALARM_READY] = wanted > 0 ? sum.ready / wanted : 0;
    value[ALARM_MEMORY] = capacity > 0 ? (double)dc->held[VDC_MEMORY] / (double)capacity : 0;
    value[ALARM_DOWN] = unavailability(sim, state);
    value[ALARM_RULES] = (double)broken_soft_rules(sim);
}

static vdc_code tick(vdc_simulation *sim, vdc_diag *diag) {
    alarms_state *state = state_of(sim);
    const double limits[ALARMS] = {sim->scenario->alarm_ready, sim->scenario->alarm_memory, sim->scenario->alarm_unavailability,
                                   (double)sim->scenario->alarm_soft_rules};
    double value[ALARMS];
    vdc_code code = VDC_OK;
    measure(sim, state, value);
    for (int i = 0; !code && i < ALARMS; i++) {
        bool on = limits[i] >= 0 && value[i] > limits[i];
        char text[80], event[112];
        if (i == ALARM_RULES) (void)snprintf(text, sizeof text, "%s: %.0f VMs, more than %.0f", names[i], value[i], limits[i]);
        else (void)snprintf(text, sizeof text, "%s: %.2f %%, more than %.2f %%", names[i], 100 * value[i], 100 * limits[i]);
        if (on) memcpy(state->texts[i], text, sizeof text);
        if (on == state->on[i]) continue;
        state->on[i] = on;
        state->raised += on;
        (void)snprintf(event, sizeof event, on ? "alarm: %s" : "alarm is over: %s", on ? text : names[i]);
        code = vdc_results_event(sim, event, -1, -1, diag);
    }
    return code;
}

size_t vdc_alarms_on(const vdc_simulation *sim, const char **texts, size_t most) {
    const alarms_state *state = state_of(sim);
    size_t count = 0;
    for (int i = 0; state && i < ALARMS; i++)
        if (state->on[i] && count < most) texts[count++] = state->texts[i];
    return count;
}

static void summary(vdc_simulation *sim, vdc_summary *s) {
    vdc_summary_integer(s, "alarms", state_of(sim)->raised, "alarms that were raised");
}

const vdc_part vdc_part_alarms = {.name = "alarms", .open = open, .close = close, .tick = tick, .summary = summary};
