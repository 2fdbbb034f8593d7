/* See turns.h. */
#include "schedulers/cpu/turns.h"

/* The scratch: the order and a second one for merging, then copies of the entries and what the solver takes. */
static size_t order_size(uint32_t count) {
    return (2 * (size_t)count * sizeof(uint32_t) + 15) / 16 * 16;
}

size_t vdc_turns_scratch(uint32_t count) {
    return order_size(count) + count * sizeof(vdc_cpu_entry) + vdc_cpu_share_scratch(count);
}

/* The others' lags sum to 0 by what they mean; where VMs left with theirs, the rest makes up for it by weight. A lag is worth at
 * most a second of all that the VM may have. */
static void level_lags(const vdc_cpu_moment *moment) {
    vdc_wide lags = 0, weights = 0;
    for (uint32_t i = 0; i < moment->count; i++) {
        if (vdc_turn_of(moment, i)->steady) continue;
        lags += vdc_turn_of(moment, i)->lag;
        weights += moment->entries[i].weight;
    }
    for (uint32_t i = 0; i < moment->count && weights > 0; i++) {
        vdc_turn *turn = vdc_turn_of(moment, i);
        if (turn->steady) continue;
        vdc_wide most = (vdc_wide)moment->entries[i].ceiling * VDC_SECOND;
        turn->lag -= lags / weights * moment->entries[i].weight;
        turn->lag = turn->lag > most ? most : turn->lag < -most ? -most : turn->lag;
    }
}

static void find_fluid_shares(const vdc_cpu_moment *moment) {
    char *scratch = moment->scratch;
    vdc_cpu_entry *entries = (vdc_cpu_entry *)(scratch + order_size(moment->count));
    for (uint32_t i = 0; i < moment->count; i++) entries[i] = moment->entries[i];
    vdc_cpu_share(moment->capacity, entries, moment->count, entries + moment->count);
    for (uint32_t i = 0; i < moment->count; i++) {
        vdc_turn *turn = vdc_turn_of(moment, i);
        bool was_steady = turn->steady;
        turn->fluid = entries[i].grant;
        turn->steady = turn->fluid == entries[i].ceiling || entries[i].ceiling < entries[i].nominal;
        if (turn->steady || was_steady) turn->lag = turn->used = 0;
        if (was_steady && !turn->steady) turn->seat = ++((vdc_turn_host *)moment->host_memory)->seats;
    }
    level_lags(moment);
}

void vdc_turns_begin(const vdc_cpu_moment *moment) {
    vdc_turn_host *host = moment->host_memory;
    int64_t span = moment->now - moment->since;
    for (uint32_t i = 0; i < moment->count; i++) {
        vdc_turn *turn = vdc_turn_of(moment, i);
        vdc_cpu_entry *entry = &moment->entries[i];
        entry->ceiling = vdc_cpu_ceiling(entry);
        if (!turn->known || !moment->continued) {
            *turn = (vdc_turn){.known = true, .seat = ++host->seats};
        } else if (!turn->steady) {
            vdc_wide ran = (vdc_wide)entry->grant * span;
            turn->lag += (vdc_wide)turn->fluid * span - ran;
            turn->used += ran;
        }
    }
    if (moment->changed) find_fluid_shares(moment);
}

static bool stands_before(const vdc_cpu_moment *moment, bool (*before)(const vdc_cpu_moment *, uint32_t, uint32_t), uint32_t a, uint32_t b) {
    const vdc_turn *x = vdc_turn_of(moment, a), *y = vdc_turn_of(moment, b);
    if (x->steady || y->steady) return x->steady == y->steady ? a < b : x->steady;
    if (before && before(moment, a, b)) return true;
    if (before && before(moment, b, a)) return false;
    return x->seat < y->seat;
}

uint32_t *vdc_turns_order(const vdc_cpu_moment *moment, bool (*before)(const vdc_cpu_moment *, uint32_t, uint32_t)) {
    uint32_t count = moment->count, *order = moment->scratch, *merged = order + count;
    for (uint32_t i = 0; i < count; i++) order[i] = i;
    for (uint32_t width = 1; width < count; width *= 2) {
        for (uint32_t from = 0; from < count; from += 2 * width) {
            uint32_t middle = count - from < width ? count : from + width, end = count - middle < width ? count : middle + width;
            uint32_t a = from, b = middle;
            for (uint32_t at = from; at < end; at++) {
                bool second = a == middle || (b < end && stands_before(moment, before, order[b], order[a]));
                merged[at] = second ? order[b++] : order[a++];
            }
        }
        for (uint32_t i = 0; i < count; i++) order[i] = merged[i];
    }
    return order;
}

int64_t vdc_turns_fill(const vdc_cpu_moment *moment, const uint32_t *order) {
    int64_t left = moment->capacity;
    for (uint32_t at = 0; at < moment->count; at++) {
        vdc_cpu_entry *entry = &moment->entries[order[at]];
        int64_t wanted = vdc_turn_of(moment, order[at])->steady ? vdc_turn_of(moment, order[at])->fluid : entry->ceiling;
        entry->grant = wanted < left ? wanted : left;
        left -= entry->grant;
    }
    return left;
}

void vdc_turns_rotate(const vdc_cpu_moment *moment, vdc_wide (*length)(const vdc_cpu_moment *, uint32_t, const void *), const void *state) {
    vdc_turn_host *host = moment->host_memory;
    uint32_t *over = moment->scratch, count = 0;
    for (uint32_t i = 0; i < moment->count; i++) {
        const vdc_turn *turn = vdc_turn_of(moment, i);
        if (turn->steady || turn->used < length(moment, i, state)) continue;
        uint32_t at = count++;
        for (; at > 0 && vdc_turn_of(moment, over[at - 1])->seat > turn->seat; at--) over[at] = over[at - 1];
        over[at] = i;
    }
    for (uint32_t k = 0; k < count; k++) {
        vdc_turn *turn = vdc_turn_of(moment, over[k]);
        turn->used -= length(moment, over[k], state);
        turn->seat = ++host->seats;
    }
}
