/* See availability.h. */
#include "models/availability.h"

#include <gsl/gsl_randist.h>
#include <gsl/gsl_sf_gamma.h>
#include <math.h>
#include <string.h>

#include "sim/base/memory.h"

const char *const vdc_failure_level_names[] = {"host", "rack", "zone", "update-domain", NULL};

/* ---- lives and repairs ---- */

double vdc_failure_scale(double mtbf, double shape) { return mtbf / gsl_sf_gamma(1 + 1 / shape); }

double vdc_failure_mtbf(const vdc_failure_process *process) { return process->scale * gsl_sf_gamma(1 + 1 / process->shape); }

double vdc_failure_mttr(const vdc_failure_process *process) { return process->repair * exp(process->sigma * process->sigma / 2); }

static vdc_time whole(double nanoseconds) {
    return nanoseconds >= 0x1p62 ? VDC_TIME_MAX : nanoseconds < 1 ? 1 : (vdc_time)nanoseconds;
}

/* The age at which one that has come so far dies: the hazard that it has behind it, and an exponential more. */
vdc_time vdc_failure_life(const vdc_failure_process *process, vdc_time age, vdc_stream *stream) {
    double u = 1 - vdc_stream_uniform(stream), behind = pow((double)age / process->scale, process->shape);
    return whole(process->scale * pow(behind - log(u), 1 / process->shape) - (double)age);
}

vdc_time vdc_failure_repair(const vdc_failure_process *process, vdc_stream *stream) {
    if (process->sigma == 0) return whole(process->repair);
    return whole(gsl_ran_lognormal(&stream->rng, log(process->repair), process->sigma));
}

double vdc_failure_host_mtbf(const vdc_failure_process *processes, size_t count) {
    double rate = 0;
    for (size_t i = 0; i < count; i++) rate += processes[i].kills / vdc_failure_mtbf(&processes[i]);
    return 1 / rate;
}

double vdc_failure_host_availability(const vdc_failure_process *processes, size_t count) {
    double up = 1;
    for (size_t i = 0; i < count; i++) {
        double mtbf = vdc_failure_mtbf(&processes[i]), mttr = vdc_failure_mttr(&processes[i]);
        up *= 1 - processes[i].kills * mttr / (mtbf + mttr);
    }
    return up;
}

vdc_time vdc_young_interval(vdc_time duration, double mtbf) { return whole(sqrt(2 * (double)duration * mtbf)); }

double vdc_nines(double up, double down) { return down > 0 ? -log10(down / (up + down)) : NAN; }

/* ---- the book ---- */

vdc_code vdc_availability_setup(vdc_availability *book, uint32_t hosts, double quorum, vdc_diag *diag) {
    *book = (vdc_availability){.quorum = quorum, .host_count = hosts};
    book->hosts = vdc_calloc((size_t)hosts + 1, sizeof *book->hosts);
    if (!book->hosts) return vdc_no_memory(diag, "the availability of hosts");
    for (uint32_t h = 0; h < hosts; h++) book->hosts[h].since = -1;
    return VDC_OK;
}

void vdc_availability_clear(vdc_availability *book) {
    vdc_free(book->vms);
    vdc_free(book->groups);
    vdc_free(book->tenants);
    vdc_free(book->hosts);
    *book = (vdc_availability){0};
}

static bool grow_groups(vdc_availability *book, uint32_t group) {
    if (!VDC_RESERVE(book->groups, book->group_capacity, group + (size_t)1)) return false;
    while (book->group_count <= group) book->groups[book->group_count++] = (vdc_group_availability){.was_available = true};
    return true;
}

vdc_code vdc_availability_require(vdc_availability *book, uint32_t group, int64_t required, vdc_diag *diag) {
    if (!grow_groups(book, group)) return vdc_no_memory(diag, "the availability of groups");
    book->groups[group].required = required;
    return VDC_OK;
}

vdc_code vdc_availability_arrive(vdc_availability *book, uint32_t slot, int64_t number, uint32_t tenant, uint32_t group, vdc_diag *diag) {
    if (slot < book->vm_count && book->vms[slot].vm == number + 1) return VDC_OK;
    if (!VDC_RESERVE(book->vms, book->vm_capacity, slot + (size_t)1) || !grow_groups(book, group)
        || !VDC_RESERVE(book->tenants, book->tenant_capacity, tenant + (size_t)1))
        return vdc_no_memory(diag, "the availability of VMs");
    while (book->tenant_count <= tenant) book->tenants[book->tenant_count++] = (vdc_uptime){0};
    while (book->vm_count <= slot) book->vms[book->vm_count++] = (vdc_vm_availability){0};
    book->vms[slot] = (vdc_vm_availability){.vm = number + 1, .tenant = tenant, .group = group};
    return VDC_OK;
}

vdc_uptime vdc_availability_uptime(const vdc_uptime *uptime, vdc_time now) {
    vdc_uptime sum = *uptime;
    vdc_time span = now - sum.since;
    sum.since = now;
    sum.up += (vdc_wide)sum.up_now * span;
    for (int i = 0; i < VDC_OUTAGES; i++) sum.down[i] += (vdc_wide)sum.down_now[i] * span;
    return sum;
}

vdc_wide vdc_unplanned(const vdc_uptime *uptime) {
    vdc_wide sum = 0;
    for (int i = 0; i < VDC_OUTAGES; i++)
        if (i != VDC_OUTAGE_MAINTENANCE) sum += uptime->down[i];
    return sum;
}

static int64_t down_now(const vdc_uptime *uptime) {
    int64_t sum = 0;
    for (int i = 0; i < VDC_OUTAGES; i++) sum += uptime->down_now[i];
    return sum;
}

int64_t vdc_availability_group_down(const vdc_availability *book, uint32_t group) {
    return group < book->group_count ? down_now(&book->groups[group].vms) : 0;
}

static bool is_available(const vdc_availability *book, const vdc_group_availability *group) {
    int64_t there = group->vms.up_now + down_now(&group->vms);
    int64_t required = group->required ? group->required : (int64_t)ceil(book->quorum * (double)there - 1e-9);
    return group->vms.up_now >= required;
}

static bool has_vms(const vdc_group_availability *group) { return group->vms.up_now + down_now(&group->vms) > 0; }

vdc_group_availability vdc_availability_group(const vdc_availability *book, uint32_t number, vdc_time now) {
    vdc_group_availability group = book->groups[number];
    vdc_time span = now - group.vms.since;
    if (has_vms(&group)) {
        if (is_available(book, &group)) group.up += span;
        else group.down += span;
    }
    group.vms = vdc_availability_uptime(&group.vms, now);
    return group;
}

vdc_vm_availability vdc_availability_vm(const vdc_availability *book, uint32_t slot, vdc_time now) {
    vdc_vm_availability vm = book->vms[slot];
    vdc_time span = now - vm.since;
    vm.since = now;
    if (vm.presence == VDC_UP) vm.up += span;
    else if (vm.presence == VDC_DOWN && vm.outage == VDC_OUTAGE_MAINTENANCE) vm.planned += span;
    else if (vm.presence == VDC_DOWN) vm.unplanned += span;
    return vm;
}

static void recount(vdc_uptime *sum, const vdc_vm_availability *vm, int64_t change) {
    if (vm->presence == VDC_UP) sum->up_now += change;
    if (vm->presence == VDC_DOWN) sum->down_now[vm->outage] += change;
}

/* One of the group's VMs was taken down by the present shock. */
static void lose(vdc_availability *book, vdc_group_availability *group) {
    if (group->shock != book->shock) group->shock = book->shock, group->lost = 0;
    if (++group->lost > group->blast) group->blast = group->lost;
    if (group->blast > book->group_blast) book->group_blast = group->blast;
}

/* What changes at one instant is judged at its end: VMs that start together, one that takes another's place. */
static void count_outage(vdc_group_availability *group, bool was_available, bool is, vdc_time now) {
    if (now != group->judged) {
        group->judged = now;
        group->was_available = was_available;
        group->breaks = false;
    }
    bool breaks = group->was_available && !is;
    group->outages += breaks - group->breaks;
    group->breaks = breaks;
}

void vdc_availability_change(vdc_availability *book, uint32_t slot, vdc_presence presence, vdc_outage outage, vdc_time now) {
    vdc_vm_availability *vm = &book->vms[slot];
    if (vm->presence == presence) return;
    bool interrupted = vm->presence == VDC_UP && presence == VDC_DOWN, first = vm->presence == VDC_ABSENT && vm->up == 0 && presence == VDC_UP;
    *vm = vdc_availability_vm(book, slot, now);
    vdc_group_availability *group = &book->groups[vm->group];
    bool was_available = !has_vms(group) || is_available(book, group);
    *group = vdc_availability_group(book, vm->group, now);
    vdc_uptime *sums[] = {&book->fleet, &book->tenants[vm->tenant], &group->vms};
    for (size_t i = 0; i < sizeof sums / sizeof *sums; i++) {
        *sums[i] = vdc_availability_uptime(sums[i], now);
        recount(sums[i], vm, -1);
    }
    vm->presence = (uint8_t)presence;
    vm->outage = (uint8_t)outage;
    vm->interruptions += interrupted;
    for (size_t i = 0; i < sizeof sums / sizeof *sums; i++) {
        recount(sums[i], vm, 1);
        sums[i]->interruptions += interrupted;
    }
    group->members += first;
    count_outage(group, was_available, !has_vms(group) || is_available(book, group), now);
    if (!interrupted || outage >= VDC_OUTAGE_PREEMPTION) return;
    if (++book->lost > book->blast) book->blast = book->lost;
    if (vm->group) lose(book, group);
}

void vdc_availability_shock(vdc_availability *book) {
    book->shock++;
    book->lost = 0;
}

void vdc_availability_host_down(vdc_availability *book, uint32_t h, vdc_outage outage, vdc_time now) {
    vdc_host_availability *host = &book->hosts[h];
    host->since = now;
    host->outage = (uint8_t)outage;
    host->failures += outage != VDC_OUTAGE_MAINTENANCE;
}

vdc_host_availability vdc_availability_host(const vdc_availability *book, uint32_t h, vdc_time now) {
    vdc_host_availability host = book->hosts[h];
    if (host.since < 0) return host;
    if (host.outage == VDC_OUTAGE_MAINTENANCE) host.planned += now - host.since;
    else host.unplanned += now - host.since;
    host.since = now;
    return host;
}

void vdc_availability_host_up(vdc_availability *book, uint32_t h, vdc_time now) {
    book->hosts[h] = vdc_availability_host(book, h, now);
    book->hosts[h].since = -1;
}
