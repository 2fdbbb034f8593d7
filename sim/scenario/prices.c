/* The section prices. */
#include "models/priority.h"
#include "sim/base/memory.h"
#include "sim/scenario/reading.h"

#include <math.h>
#include <string.h>

/* Room for a row an item of the list, from the scenario's memory; NULL when the node is absent, no list or memory is out. */
static void *room_for(vdc_reading *reading, const vdc_node *list, size_t size, const char *what) {
    if (!list || !vdc_reading_is_list(reading, list, what)) return NULL;
    void *rows = vdc_arena_alloc(reading->arena, (list->count + 1) * size);
    if (!rows) vdc_reading_note(reading, vdc_no_memory(reading->diag, "the prices"));
    return rows;
}

static int64_t billionths(double share) { return llround(share * (double)VDC_BILLIONTHS); }

static void read_flavors(vdc_reading *reading, const vdc_node *list, vdc_prices *prices) {
    prices->flavors = room_for(reading, list, sizeof *prices->flavors, "a list of {name, vcpus, memory, on_demand, ...}");
    for (size_t i = 0; prices->flavors && i < list->count; i++) {
        vdc_section_flavor_price row;
        if (!vdc_reading_section(reading, VDC_SECTION_FLAVOR_PRICE, list->children[i], NULL, &row)) continue;
        for (size_t k = 0; k < prices->flavor_count; k++)
            if (strcmp(prices->flavors[k].name, row.name) == 0)
                vdc_reading_fail(reading, vdc_node_get(list->children[i], "name"), "prices.flavors: has '%.60s' twice", row.name);
        vdc_flavor_price *flavor = &prices->flavors[prices->flavor_count++];
        *flavor = (vdc_flavor_price){.name = row.name, .vcpus = row.vcpus, .memory = row.memory, .disk = row.disk, .gpus = row.gpus};
        memcpy(flavor->price, row.price, sizeof flavor->price);
    }
}

static size_t find_flavor(const vdc_prices *prices, const char *name) {
    size_t i = 0;
    while (i < prices->flavor_count && strcmp(prices->flavors[i].name, name) != 0) i++;
    return i;
}

static void read_reservations(vdc_reading *reading, const vdc_node *list, vdc_prices *prices) {
    prices->reservations = room_for(reading, list, sizeof *prices->reservations, "a list of {tenant, flavor, count}");
    for (size_t i = 0; prices->reservations && i < list->count; i++) {
        vdc_section_reservation row;
        if (!vdc_reading_section(reading, VDC_SECTION_RESERVATION, list->children[i], NULL, &row)) continue;
        size_t flavor = find_flavor(prices, row.flavor);
        const vdc_node *place = vdc_node_get(list->children[i], "flavor");
        if (flavor == prices->flavor_count)
            vdc_reading_fail(reading, place, "prices.reservations: flavor: found '%.60s', which is none of prices.flavors", row.flavor);
        else if (prices->flavors[flavor].price[VDC_PLAN_RESERVED] == VDC_NOT_OFFERED)
            vdc_reading_fail(reading, place, "prices.reservations: flavor: '%.60s' has no price for reserved", row.flavor);
        prices->reservations[prices->reservation_count++] = (vdc_reservation){.tenant = row.tenant, .flavor = flavor, .count = row.count};
    }
}

static void read_spot(vdc_reading *reading, const vdc_node *list, vdc_prices *prices) {
    prices->spot = room_for(reading, list, sizeof *prices->spot, "a list of {tenant, group, priority}");
    for (size_t i = 0; prices->spot && i < list->count; i++) {
        vdc_section_spot row;
        if (!vdc_reading_section(reading, VDC_SECTION_SPOT, list->children[i], NULL, &row)) continue;
        vdc_spot_rule *rule = &prices->spot[prices->spot_count++];
        *rule = (vdc_spot_rule){.tenant = row.tenant, .group = row.group, .by_priority = row.priority != NULL};
        if (!row.tenant && !row.group && !row.priority)
            vdc_reading_fail(reading, list->children[i], "prices.spot: a row is empty; allowed: at least one of tenant, group, priority");
        if (row.priority && !vdc_priority_parse(row.priority, row.priority + strlen(row.priority), &rule->priority))
            vdc_reading_fail(reading, vdc_node_get(list->children[i], "priority"),
                             "prices.spot: priority: found '%.60s'; allowed: low, normal, high or an integer", row.priority);
    }
}

static void read_energy(vdc_reading *reading, const vdc_node *node, vdc_prices *prices) {
    vdc_section_energy energy;
    if (!node || !vdc_reading_section(reading, VDC_SECTION_ENERGY, node, NULL, &energy)) return;
    const vdc_node *price = vdc_node_get(node, "price"), *trace = vdc_node_get(node, "trace");
    if (!price == !trace) {
        vdc_reading_fail(reading, node, "prices.energy: found %s; allowed: either price or trace", price ? "price and trace" : "neither price nor trace");
        return;
    }
    if (!reading->code && !reading->scenario->has_power)
        vdc_reading_fail(reading, node, "prices.energy: no class of hosts has a power model, so there is no energy to be paid for; "
                                        "give one (datacenter.hosts[].power)");
    prices->has_energy = true;
    prices->energy = energy.price;
    if (!trace) return;
    if (!reading->scenario->has_start)
        vdc_reading_fail(reading, trace, "prices.energy: trace: needs time.start, the date and time of clock 0");
    const char *path = vdc_reading_readable(reading, trace);
    if (path) vdc_reading_note(reading, vdc_energy_price_read(path, &reading->scenario->inputs, &reading->scenario->energy_price, reading->diag));
}

static void read_sla(vdc_reading *reading, const vdc_node *list, vdc_prices *prices) {
    prices->sla = room_for(reading, list, sizeof *prices->sla, "a list of {wait, ready, availability, credit}");
    for (size_t i = 0; prices->sla && i < list->count; i++) {
        const vdc_node *node = list->children[i];
        vdc_section_sla row;
        if (!vdc_reading_section(reading, VDC_SECTION_SLA, node, NULL, &row)) continue;
        vdc_sla_rule *rule = &prices->sla[prices->sla_count++];
        *rule = (vdc_sla_rule){
            .wait = row.wait, .credit = billionths(row.credit),
            .ready = vdc_node_get(node, "ready") ? billionths(row.ready) : VDC_PARAM_NONE,
            .availability = vdc_node_get(node, "availability") ? billionths(row.availability) : VDC_PARAM_NONE,
        };
        if (rule->wait == VDC_PARAM_NONE && rule->ready == VDC_PARAM_NONE && rule->availability == VDC_PARAM_NONE)
            vdc_reading_fail(reading, node, "prices.sla: promises nothing; allowed: at least one of wait, ready, availability");
    }
}

void vdc_reading_prices(vdc_reading *reading, const vdc_node *node) {
    vdc_prices *prices = &reading->scenario->prices;
    vdc_section_prices section;
    vdc_section_units units;
    if (!node || !vdc_reading_section(reading, VDC_SECTION_PRICES, node, NULL, &section)) return;
    prices->wanted = true;
    prices->currency = section.currency;
    prices->period = section.period;
    if (!*section.currency || strlen(section.currency) > 16)
        vdc_reading_fail(reading, vdc_node_get(node, "currency"), "prices: currency: is not fit for a unit: 1 to 16 characters");
    if (section.units && vdc_reading_section(reading, VDC_SECTION_UNITS, section.units, NULL, &units))
        prices->units = (vdc_unit_prices){.given = true, .vcpu = units.vcpu, .memory = units.memory, .disk = units.disk, .gpu = units.gpu,
                                          .spot = billionths(units.spot)};
    read_flavors(reading, section.flavors, prices);
    read_reservations(reading, section.reservations, prices);
    read_spot(reading, section.spot, prices);
    read_energy(reading, section.energy, prices);
    read_sla(reading, section.sla, prices);
    if (!section.flavors && !section.units && !section.energy)
        vdc_reading_fail(reading, node, "prices: has no prices; allowed: at least one of flavors, units, energy");
}
