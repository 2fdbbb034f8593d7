/* See checks.h. The recounts use the VMs' own requests and the lists of VMs, not the sums that they verify. */
#include "models/checks.h"

#include "models/burst.h"
#include "models/isolation.h"
#include "models/lifecycle.h"

#include <math.h>

void vdc_checks_setup(vdc_checks *checks) {
    static const vdc_check items[VDC_INVARIANTS] = {
        [VDC_I1_AGGREGATION] = {.name = "I1", .statement = "sums over VMs, hosts and classes are equal"},
        [VDC_I2_CHAIN] = {.name = "I2", .statement = "0 <= used <= grant <= demand <= allocation for every VM"},
        [VDC_I3_GUARANTEE] = {.name = "I3", .statement = "grant >= min(reservation, demand) and <= limit"},
        [VDC_I4_VCPU_TIME] = {.name = "I4", .statement = "run + ready + throttled + idle + what its state takes = vCPU time for every VM"},
        [VDC_I5_THREAD_TIME] = {.name = "I5", .statement = "run + idle = thread time of every host"},
        [VDC_I6_WORK_CONSERVATION] = {.name = "I6", .statement = "grants of a host = min(capacity, what its VMs may have)"},
        [VDC_I7_COMMIT] = {.name = "I7", .statement = "promises of a host <= overcommit x capacity"},
        [VDC_I8_PHYSICAL] = {.name = "I8", .statement = "grants of a host <= capacity, progress <= what its cores make of their threads"},
        [VDC_I9_FENCES] = {.name = "I9", .statement = "fences lie within their host, those of different VMs apart"},
        [VDC_I10_FENCE_PARTS] = {.name = "I10", .statement = "0 <= S_waste, S_idle <= S"},
        [VDC_I11_RESERVATIONS] = {.name = "I11", .statement = "reservations of a host <= capacity"},
        [VDC_I12_MEMORY] = {.name = "I12", .statement = "memory = resident + ballooned + swapped + shared + untouched; resident <= the host's"},
        [VDC_I13_ONE_HOST] = {.name = "I13", .statement = "every VM executes on at most one host and holds a place on at most two"},
        [VDC_I14_DOWN_HOST] = {.name = "I14", .statement = "a host that is down or off runs nothing"},
        [VDC_I15_POPULATION] = {.name = "I15", .statement = "arrived = queued + running + stopped + suspended + ended, by state"},
        [VDC_I16_RULES] = {.name = "I16", .statement = "no hard rule is broken; counters = a recount"},
        [VDC_I17_EXPOSURE] = {.name = "I17", .statement = "exposure of all VMs = 2 x exposure of the fleet"},
        [VDC_I18_ENERGY] = {.name = "I18", .statement = "power of the fleet = sum over hosts, between off and the maximum"},
        [VDC_I19_MIGRATION] = {.name = "I19", .statement = "migrations begun = ended + under way; bytes sent = bytes carried; blackout = downtimes"},
        [VDC_I20_FLOWS] = {.name = "I20", .statement = "flows are max-min fair on every link, and what was moved is what the accounts say"},
        [VDC_I22_LITTLE] = {.name = "I22", .statement = "integral of the queue's length = sum of the waits"},
    };
    for (int i = 0; i < VDC_INVARIANTS; i++) {
        checks->items[i] = items[i];
        checks->items[i].first = -1;
    }
}

static void note(vdc_checks *checks, vdc_invariant which, vdc_time now, double deviation) {
    vdc_check *item = &checks->items[which];
    item->count++;
    if (deviation <= 0) return;
    if (item->first < 0) item->first = now;
    if (deviation > item->residual) item->residual = deviation;
}

void vdc_check_equal(vdc_checks *checks, vdc_invariant which, vdc_time now, vdc_wide a, vdc_wide b) {
    note(checks, which, now, (double)(a > b ? a - b : b - a));
}

void vdc_check_at_most(vdc_checks *checks, vdc_invariant which, vdc_time now, vdc_wide a, vdc_wide b) {
    note(checks, which, now, a > b ? (double)(a - b) : 0);
}

bool vdc_checks_hold(const vdc_checks *checks) {
    for (int i = 0; i < VDC_INVARIANTS; i++)
        if (checks->items[i].residual > 0) return false;
    return true;
}

static void check_vm(vdc_checks *checks, const vdc_datacenter *dc, uint32_t slot, const vdc_host_class *class) {
    const vdc_vm *vm = &dc->vms[slot];
    const vdc_request *request = &dc->records[slot].request;
    vdc_time now = dc->now;
    int64_t nominal = (int64_t)((vdc_wide)request->size[VDC_CPU] * class->speed / 1000);
    vdc_check_equal(checks, VDC_I2_CHAIN, now, vm->nominal, nominal);
    vdc_check_at_most(checks, VDC_I2_CHAIN, now, 0, vm->used);
    vdc_check_at_most(checks, VDC_I2_CHAIN, now, vm->used, vm->grant);
    vdc_check_at_most(checks, VDC_I2_CHAIN, now, vm->grant, vm->demand);
    vdc_check_at_most(checks, VDC_I2_CHAIN, now, vm->demand, nominal);
    vdc_cpu_entry entry;
    vdc_cpu_entry_of(request, class->speed, &entry);
    if (dc->sharing.map) dc->sharing.map(dc->sharing.state, request, class->speed, &entry);
    entry.demand = vm->demand;
    entry.nominal = nominal;
    if (dc->bursts) entry.limit = vdc_burst_limit(dc, slot, entry.limit);
    int64_t ceiling = vdc_cpu_ceiling(&entry);
    if (vm->throttled) ceiling = vdc_least(ceiling, vm->ceiling); /* slowed down so that its migration ends */
    vdc_check_at_most(checks, VDC_I3_GUARANTEE, now, vm->grant, ceiling);
    /* In slices a guarantee holds over time, not at every instant. */
    if (dc->sharing.fluid && !dc->slices)
        vdc_check_at_most(checks, VDC_I3_GUARANTEE, now, vdc_least(entry.reservation, ceiling), vm->grant);
}

/* A second part executes nothing, and it and its VM know of each other. */
static void check_part(vdc_checks *checks, const vdc_datacenter *dc, uint32_t slot) {
    vdc_check_equal(checks, VDC_I13_ONE_HOST, dc->now, dc->lifecycle != NULL, true);
    if (!dc->lifecycle) return;
    uint32_t of = dc->lifecycle->vms[slot].other;
    vdc_check_equal(checks, VDC_I13_ONE_HOST, dc->now, dc->vms[slot].demand + dc->vms[slot].grant, 0);
    vdc_check_equal(checks, VDC_I13_ONE_HOST, dc->now, dc->lifecycle->vms[of].other, slot);
    vdc_check_at_most(checks, VDC_I13_ONE_HOST, dc->now, dc->vms[of].host == dc->vms[slot].host, 0);
}

/* Where VMs are bound to NUMA nodes: no set of nodes gives more than it has, and all together as much as the fullest cut lets through. */
static void check_nodes(vdc_checks *checks, const vdc_datacenter *dc, uint32_t h, int64_t most, int64_t granted) {
    const uint32_t nodes = vdc_host_class_nodes(&dc->hosts.classes[dc->hosts.class_of[h]]);
    if (nodes > 8) return;
    for (uint64_t set = 0; set < UINT64_C(1) << nodes; set++) {
        int64_t has = 0, within = 0, others = 0;
        for (uint32_t node = 0; node < nodes; node++) has += set >> node & 1 ? vdc_datacenter_node_rate(dc, h, node) : 0;
        for (uint32_t slot = dc->hosts.account[h].first_vm; slot != VDC_NOWHERE; slot = dc->vms[slot].next) {
            const vdc_vm *vm = &dc->vms[slot];
            if (vm->exclusive) continue;
            if (vdc_datacenter_cpu_nodes(dc, slot, dc->records[slot].request.cpu_reservation) & ~set) others += vm->ceiling;
            else within += vm->grant;
        }
        vdc_check_at_most(checks, VDC_I6_WORK_CONSERVATION, dc->now, within, has);
        most = vdc_least(most, has + others);
    }
    vdc_check_equal(checks, VDC_I6_WORK_CONSERVATION, dc->now, granted, most);
}

/* What U is of resources without a service of their own: all that a VM holds in these states (accounts.md 5.3), nothing in others. */
static bool uses_what_it_holds(vdc_vm_state state) {
    return state == VDC_VM_RUNNING || state == VDC_VM_BUILDING || state == VDC_VM_BOOTING;
}

static void check_host(vdc_checks *checks, const vdc_datacenter *dc, uint32_t h) {
    const vdc_hosts *hosts = &dc->hosts;
    const vdc_host_class *class = &hosts->classes[hosts->class_of[h]];
    vdc_time now = dc->now;
    int64_t shared_disk = 0, overhead = dc->lifecycle ? dc->lifecycle->overhead[h] : 0;
    int64_t held[VDC_RESOURCES] = {0}, running[VDC_RESOURCES] = {0}, reserved = 0, granted = 0, used = 0, ceiling = 0, owners_ceiling = 0, owners_held = 0;
    uint32_t count = 0;
    for (uint32_t slot = dc->hosts.account[h].first_vm; slot != VDC_NOWHERE; slot = dc->vms[slot].next) {
        const vdc_request *request = &dc->records[slot].request;
        vdc_check_equal(checks, VDC_I13_ONE_HOST, now, dc->vms[slot].host, h);
        vdc_check_equal(checks, VDC_I13_ONE_HOST, now, vdc_vm_state_is_on_host((vdc_vm_state)dc->vms[slot].state), true);
        if (dc->vms[slot].state == VDC_VM_HELD) check_part(checks, dc, slot);
        if (dc->vms[slot].disk_once) shared_disk += request->size[VDC_DISK];
        for (int r = 0; r < VDC_RESOURCES; r++) held[r] += request->size[r];
        for (int r = 0; dc->run_bound && uses_what_it_holds((vdc_vm_state)dc->vms[slot].state) && r < VDC_RESOURCES; r++) running[r] += request->size[r];
        granted += dc->vms[slot].grant;
        used += dc->vms[slot].used;
        if (dc->vms[slot].exclusive) {
            owners_ceiling += dc->vms[slot].ceiling;
            owners_held += request->size[VDC_CPU];
        } else {
            reserved += vdc_least(request->cpu_reservation, (int64_t)((vdc_wide)request->size[VDC_CPU] * class->speed / 1000));
            ceiling += dc->vms[slot].ceiling;
        }
        count++;
        check_vm(checks, dc, slot, class);
    }
    vdc_check_equal(checks, VDC_I13_ONE_HOST, now, count, hosts->vms[h]);
    vdc_check_equal(checks, VDC_I1_AGGREGATION, now, ceiling, dc->hosts.account[h].ceiling);
    vdc_check_equal(checks, VDC_I1_AGGREGATION, now, granted, hosts->account[h].granted);
    if (dc->lifecycle) held[VDC_DISK] += dc->lifecycle->stored[h];
    for (int r = 0; r < VDC_RESOURCES; r++) {
        if (!hosts->free[r]) continue;
        int64_t promised = held[r], capacity = class->capacity[r], booked = held[r];
        if (r == VDC_DISK) booked -= shared_disk;
        if (r == VDC_CPU && dc->regions && dc->regions[h].exclusive) {
            /* Beside owned threads only what is left can be promised, overcommit included. */
            int64_t fenced = (int64_t)((vdc_wide)dc->regions[h].exclusive * 1000 / class->speed);
            promised -= owners_held;
            capacity = (int64_t)((vdc_wide)(class->physical[r] - fenced) * class->overcommit_num / class->overcommit_den);
        }
        vdc_check_at_most(checks, VDC_I7_COMMIT, now, promised, capacity);
        vdc_check_equal(checks, VDC_I7_COMMIT, now, promised + hosts->free[r][h], capacity);
        vdc_check_equal(checks, VDC_I1_AGGREGATION, now, booked, vdc_ledger_rate(&dc->host_ledger, h, (vdc_flow)(VDC_FLOW_P + r)));
        if (!(dc->run_bound >> r & 1)) continue;
        vdc_check_equal(checks, VDC_I2_CHAIN, now, running[r], vdc_ledger_rate(&dc->host_ledger, h, (vdc_flow)(VDC_FLOW_G + r)));
        vdc_check_equal(checks, VDC_I2_CHAIN, now, running[r], vdc_ledger_rate(&dc->host_ledger, h, (vdc_flow)(VDC_FLOW_U + r)));
    }
    vdc_check_at_most(checks, VDC_I8_PHYSICAL, now, granted + overhead, class->cpu_hz);
    /* All threads of a core together make that of one, and what their siblings add. */
    const vdc_wide core_ppm = 1000000 + (vdc_wide)(class->threads - 1) * class->smt_yield_ppm;
    const vdc_wide most_used = (vdc_wide)class->sockets * class->cores * class->speed * core_ppm / 1000000;
    if (dc->efficiency_count) vdc_check_at_most(checks, VDC_I8_PHYSICAL, now, used, most_used);
    int64_t pool = class->cpu_hz - (dc->regions ? dc->regions[h].exclusive : 0) - overhead;
    if (dc->sharing.fluid && !(dc->regions && dc->regions[h].cookies) && dc->bound && dc->bound[h])
        check_nodes(checks, dc, h, vdc_least(pool, ceiling), granted - owners_ceiling);
    else if (dc->sharing.fluid && !(dc->regions && dc->regions[h].cookies))
        vdc_check_equal(checks, VDC_I6_WORK_CONSERVATION, now, granted, vdc_least(pool, ceiling) + owners_ceiling);
    vdc_check_equal(checks, VDC_I11_RESERVATIONS, now, reserved, dc->hosts.account[h].reserved);
    vdc_check_at_most(checks, VDC_I11_RESERVATIONS, now, reserved, class->cpu_hz);
    if (hosts->state[h] == VDC_HOST_DOWN || hosts->state[h] == VDC_HOST_OFF)
        vdc_check_at_most(checks, VDC_I14_DOWN_HOST, now, count + granted + overhead + held[VDC_DISK], 0);
    if (dc->power && class->power.model) {
        double watts = (double)dc->power[h] / 1e12, most = vdc_power_most(&class->power);
        note(checks, VDC_I18_ENERGY, now, fmax(fmin(0, class->power.off) - watts, watts - fmax(most, class->power.off) * (1 + 1e-12)));
    }
}

void vdc_checks_event(vdc_checks *checks, vdc_datacenter *dc) {
    for (size_t i = 0; i < dc->touched_count; i++) check_host(checks, dc, dc->touched[i]);
    dc->touched_count = 0;
}

/* Every flow, summed over classes, hosts and VMs. */
static void check_aggregation(vdc_checks *checks, const vdc_datacenter *dc, const vdc_population *population) {
    for (int flow = 0; flow < VDC_FLOWS; flow++) {
        vdc_wide classes = 0, hosts = 0, vms = population->finished[flow];
        for (size_t k = 0; k < dc->class_ledger.count; k++) classes += vdc_ledger_sum(&dc->class_ledger, k, (vdc_flow)flow);
        for (size_t h = 0; h < dc->host_ledger.count; h++) hosts += vdc_ledger_sum(&dc->host_ledger, h, (vdc_flow)flow);
        for (uint32_t slot = 0; slot < dc->vm_count; slot++)
            if (dc->vms[slot].state != VDC_VM_FREE) vms += vdc_ledger_sum(&dc->vm_ledger, slot, (vdc_flow)flow);
        vdc_check_equal(checks, VDC_I1_AGGREGATION, dc->now, classes, hosts);
        vdc_check_equal(checks, VDC_I1_AGGREGATION, dc->now, classes, vms);
    }
}

static void check_vcpu_time(vdc_checks *checks, const vdc_datacenter *dc) {
    for (uint32_t slot = 0; slot < dc->vm_count; slot++) {
        if (dc->vms[slot].state == VDC_VM_FREE) continue;
        const vdc_ledger *ledger = &dc->vm_ledger;
        vdc_wide run = vdc_ledger_sum(ledger, slot, VDC_FLOW_GRANTED), ceiling = vdc_ledger_sum(ledger, slot, VDC_FLOW_CEILING),
                 demand = vdc_ledger_sum(ledger, slot, VDC_FLOW_DEMAND), nominal = vdc_ledger_sum(ledger, slot, VDC_FLOW_NOMINAL);
        vdc_wide away = vdc_ledger_sum(ledger, slot, VDC_FLOW_AWAY), lost = vdc_ledger_sum(ledger, slot, VDC_FLOW_LOST);
        vdc_wide ready = ceiling - run, throttled = demand - ceiling, idle = nominal - demand - away;
        vdc_check_at_most(checks, VDC_I4_VCPU_TIME, dc->now, 0, run);
        vdc_check_at_most(checks, VDC_I4_VCPU_TIME, dc->now, 0, ready);
        vdc_check_at_most(checks, VDC_I4_VCPU_TIME, dc->now, 0, throttled);
        vdc_check_at_most(checks, VDC_I4_VCPU_TIME, dc->now, 0, idle);
        vdc_check_equal(checks, VDC_I4_VCPU_TIME, dc->now, run + ready + throttled + idle + away, nominal);
        vdc_check_at_most(checks, VDC_I4_VCPU_TIME, dc->now, lost, run);
        if (!dc->lifecycle || dc->vms[slot].state == VDC_VM_HELD) continue;
        const vdc_vm_lifecycle *life = &dc->lifecycle->vms[slot];
        vdc_wide spent = 0;
        for (int account = 0; account < VDC_ACCOUNTS; account++) spent += vdc_lifecycle_vm_spent(dc, slot, (vdc_account)account);
        vdc_check_equal(checks, VDC_I4_VCPU_TIME, dc->now, spent,
                        life->size_time + (vdc_wide)dc->records[slot].request.size[VDC_CPU] * (dc->now - life->size_since));
    }
}

/* The fleet's accounts against those of all VMs, and each VM's state against the account that its time goes into. */
static void check_accounts(vdc_checks *checks, const vdc_datacenter *dc) {
    static const vdc_account account_of[VDC_VM_STATES] = {
        [VDC_VM_RUNNING] = VDC_ACCOUNT_RUN, [VDC_VM_BUILDING] = VDC_ACCOUNT_BOOT, [VDC_VM_BOOTING] = VDC_ACCOUNT_BOOT,
        [VDC_VM_PAUSED] = VDC_ACCOUNT_PAUSED, [VDC_VM_SAVING] = VDC_ACCOUNT_PAUSED, [VDC_VM_BLACKOUT] = VDC_ACCOUNT_BLACKOUT,
        [VDC_VM_SUSPENDED] = VDC_ACCOUNT_SUSPENDED, [VDC_VM_STOPPED] = VDC_ACCOUNT_STOPPED,
        [VDC_VM_DOWN] = VDC_ACCOUNT_DOWN, [VDC_VM_FAILOVER] = VDC_ACCOUNT_DOWN,
    };
    vdc_wide spent[VDC_ACCOUNTS];
    for (int account = 0; account < VDC_ACCOUNTS; account++) spent[account] = dc->lifecycle->left[account];
    for (uint32_t slot = 0; slot < dc->vm_count; slot++) {
        vdc_vm_state state = (vdc_vm_state)dc->vms[slot].state;
        if (state == VDC_VM_FREE || state == VDC_VM_HELD) continue;
        for (int account = 0; account < VDC_ACCOUNTS; account++) spent[account] += vdc_lifecycle_vm_spent(dc, slot, (vdc_account)account);
        vdc_account account = dc->lifecycle->vms[slot].account;
        if (state == VDC_VM_QUEUED) vdc_check_at_most(checks, VDC_I15_POPULATION, dc->now, account, VDC_ACCOUNT_DOWN);
        else vdc_check_equal(checks, VDC_I15_POPULATION, dc->now, account, account_of[state]);
    }
    for (int account = 0; account < VDC_ACCOUNTS; account++)
        vdc_check_equal(checks, VDC_I4_VCPU_TIME, dc->now, spent[account], vdc_lifecycle_spent(dc, (vdc_account)account));
}

void vdc_checks_all(vdc_checks *checks, const vdc_datacenter *dc, const vdc_wait_queue *queue, const vdc_population *population) {
    int64_t running = 0, queued = 0, off = 0, held = dc->lifecycle ? dc->lifecycle->held : 0;
    vdc_wide power = 0;
    for (uint32_t h = 0; h < dc->hosts.count; h++) {
        check_host(checks, dc, h);
        running += dc->hosts.vms[h];
        if (dc->power) power += dc->power[h];
        vdc_wide capacity = (vdc_wide)dc->hosts.classes[dc->hosts.class_of[h]].cpu_hz * dc->now;
        vdc_check_at_most(checks, VDC_I5_THREAD_TIME, dc->now, vdc_ledger_sum(&dc->host_ledger, h, VDC_FLOW_GRANTED), capacity);
    }
    if (dc->power) vdc_check_equal(checks, VDC_I18_ENERGY, dc->now, power, dc->power_now);
    check_aggregation(checks, dc, population);
    check_vcpu_time(checks, dc);
    if (dc->lifecycle) check_accounts(checks, dc);
    for (uint32_t slot = 0; dc->lifecycle && slot < dc->vm_count; slot++) off += vdc_vm_state_is_off((vdc_vm_state)dc->vms[slot].state);
    vdc_wide waited = population->waited;
    for (uint32_t slot = queue->first; slot != VDC_NOWHERE; slot = dc->vms[slot].next) {
        waited += dc->now - dc->records[slot].queued_at;
        vdc_check_equal(checks, VDC_I15_POPULATION, dc->now, dc->vms[slot].state, VDC_VM_QUEUED);
        queued++;
    }
    vdc_check_equal(checks, VDC_I15_POPULATION, dc->now, queued, queue->count);
    vdc_check_equal(checks, VDC_I15_POPULATION, dc->now, running, dc->running + held);
    vdc_check_equal(checks, VDC_I15_POPULATION, dc->now, population->arrived,
          queued + dc->running + off + population->down + population->completed + population->rejected + population->failed + population->lost
              + population->evicted + population->deleted);
    if (dc->isolation) vdc_isolation_check(dc->isolation, checks);
    vdc_check_equal(checks, VDC_I22_LITTLE, dc->now, vdc_wait_queue_integral(queue, dc->now), waited);
}
