/* Storage: volumes on the disks of hosts and on pools that are reached over the network, their I/O, and images that are copied before a VM boots
 * (models.md 4.4.3).
 *
 * A device (the disks of a host, a pool) is two links: operations and bytes a second. A stream of requests of z bytes at x a second takes x
 * of the one and x z of the other, and of every link of the network between them x z. Its latency is L0 (1 + rho (1 + cv^2) / (2 (1 - rho))),
 * rho the larger load of the two, at most 0.98 (M/G/1; with cv = 1 that is L0 / (1 - rho)). A rotating disk with n streams passes
 * bandwidth / (1 + 0.1 (n - 1)) bytes a second.
 *
 * A thin volume takes space of its pool as it is written: all that is written is new to it until it has its size, from then on old data is
 * written over. What volumes take is exact, in byte·ns of writing. Of a pool that is full nobody gets new space: writes to thin volumes that need some
 * are held up until something there is given back; what was asked for meanwhile is lost, as what a full device does not do.
 */
#include "sim/parts/storage.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/base/known.h"
#include "sim/operations.h"
#include "sim/parts/activity.h"
#include "sim/parts/flows.h"
#include "sim/parts/memory.h"
#include "sim/results/results.h"

static const double most_load = 0.98, stream_penalty = 0.1;

/* The disks of a host, or a pool. */
typedef struct device {
    uint32_t operations, bytes;  /* links; VDC_NO_LINK = never short */
    uint32_t endpoint;
    int64_t bandwidth;           /* bytes/s with one stream */
    double latency, variation;   /* s when idle */
    bool rotating;
    uint32_t streams;            /* flows on it now */
    uint32_t swap;               /* the flow of what its host reads from swap */
    double slowing;              /* latency now over that when idle */
    /* Accounts: operations x latency, up to since. */
    vdc_time since;
    int64_t rate;                /* operations/s now */
    double latency_now, latency_most;
    double waited;               /* s of all operations together */
    double done;                 /* operations */
    /* Of a pool: bytes. */
    int64_t thick, thin;         /* sizes of its volumes */
    vdc_wide held;               /* byte·ns that volumes promise, up to since */
    vdc_wide taken;              /* what the thin ones take, x 10^9, up to since */
    vdc_wide taken_most;         /* the most that all of them took, x 10^9 */
    int64_t growing;             /* bytes/s that the thin ones grow by */
    vdc_event_handle filling;    /* the event at which it is full, if it goes on like that */
    bool full;                   /* writes that need new space are held up */
    vdc_time full_time;          /* ns that it was, up to since */
} device;

typedef struct volume {
    uint32_t device;             /* VDC_NOWHERE = not yet known */
    uint32_t operations, bytes;  /* links of its caps */
    uint32_t copy;               /* the stream that fills it from its image; VDC_NOWHERE = none */
    bool made;                   /* it has been: taken from its pool, its image is on it */
    vdc_wide written;            /* of a thin one: bytes that it takes of its pool, x 10^9, up to since */
    vdc_time since;
    int64_t writes;              /* bytes/s that are written to it */
    int64_t grows;               /* the same while it has not got its size, else 0 */
    uint32_t growth;             /* its entry + 1 once it was written to; 0 = none */
    int64_t pinned;              /* bytes that its snapshots take beside */
    uint32_t snapshots;
} volume;

/* A volume of a pool that is attached to nobody. */
typedef struct loose_volume {
    vdc_volume spec;
    volume state;
} loose_volume;

/* A thin volume of a pool that is written to. */
typedef struct growth {
    uint32_t slot, number;       /* of its VM; of an unused entry: number = the next one + 1, 0 = none */
    vdc_event_handle event;      /* at which it has its size, if it goes on like that */
} growth;

/* Subjects of events, beside activities from 0. */
static const uint32_t growth_subject = UINT32_C(1) << 30, pool_subject = UINT32_C(1) << 31;

/* I/O of a VM, or an image that is copied. */
typedef struct stream {
    uint32_t flow, slot, activity, volume; /* activity VDC_NOWHERE = a copy */
    uint32_t next, previous;     /* of the VM's */
    uint32_t devices[2];         /* it loads; [1] = the source of a copy or VDC_NOWHERE */
    int64_t request;             /* bytes a unit of the flow */
    int64_t rate;
    int64_t resumes;             /* its rate before it moved */
    bool write, local;           /* local: on the host's own disks */
    bool holds_boot;             /* a copy that its VM waits for */
} stream;

typedef struct storage_state {
    vdc_simulation *sim;
    vdc_flow_user user, swap_user;
    vdc_activities activities;
    vdc_spare_links spare;
    vdc_wide swapped;            /* pages x ns of flows that are over */
    growth *growths;
    size_t growth_count, growth_room;
    uint32_t unused_growth;      /* + 1; 0 = none */
    vdc_wide crossed[2];         /* bytes x ns that hosts' NICs sent, received for I/O of pools and images, of flows that are over */
    device *devices;             /* the pools, then the disks of hosts as they are needed */
    size_t device_count, device_room;
    uint32_t *local;             /* [host] its device, VDC_NOWHERE = none yet */
    volume **volumes;            /* [slot] of its VM, or NULL */
    uint32_t *first;             /* [slot] its streams */
    size_t volume_slots, first_slots;
    loose_volume *loose;
    size_t loose_count, loose_room;
    vdc_arena names;             /* of volumes that came while the run goes on */
    stream *streams;
    size_t stream_count, stream_room;
    uint32_t unused;
    uint32_t images;             /* the pool of images, VDC_NOWHERE = they are on the device itself */
    int64_t copies;
    double tick_waited, tick_done; /* up to the last tick */
    vdc_wide copied;             /* bytes x ns of flows that are over */
} storage_state;

static storage_state *state_of(const vdc_simulation *sim) { return sim->parts[VDC_PART_storage]; }
static const vdc_io_profile *profile_of(const vdc_simulation *sim, uint32_t slot) { return &sim->io.items[sim->datacenter.records[slot].request.io]; }

/* ---- devices ---- */

/* Its accounts up to the clock. */
static void advance_device(const storage_state *st, device *d) {
    vdc_time span = st->sim->datacenter.now - d->since;
    d->since += span;
    d->held += ((vdc_wide)d->thick + d->thin) * span;
    d->taken += (vdc_wide)d->growing * span;
    if (d->taken_most < d->taken + (vdc_wide)d->thick * VDC_SECOND) d->taken_most = d->taken + (vdc_wide)d->thick * VDC_SECOND;
    if (d->full) d->full_time += span;
    double operations = (double)d->rate * (double)span / 1e9;
    d->done += operations;
    d->waited += operations * d->latency_now;
}

static double load_of(const vdc_simulation *sim, uint32_t link) {
    if (link == VDC_NO_LINK) return 0;
    int64_t capacity = vdc_flows_capacity(sim->flows, link);
    return capacity ? (double)vdc_flows_load(sim->flows, link) / (double)capacity : 1;
}

/* Something on it changed. */
static void device_changed(storage_state *st, device *d, int64_t operations) {
    advance_device(st, d);
    d->rate += operations;
    double rho = load_of(st->sim, d->operations), bytes = load_of(st->sim, d->bytes);
    if (bytes > rho) rho = bytes;
    if (rho > most_load) rho = most_load;
    d->slowing = 1 + rho * (1 + d->variation * d->variation) / (2 * (1 - rho));
    d->latency_now = d->latency * d->slowing;
    if (d->swap != VDC_NO_FLOW) vdc_swap_latency(st->sim, d->endpoint, (vdc_time)(d->latency * 1e9 + 0.5), d->slowing);
    if (d->rate > 0 && d->latency_now > d->latency_most) d->latency_most = d->latency_now;
}

/* A stream more or less on it: a rotating disk passes another number of bytes. */
static vdc_code count_stream(storage_state *st, uint32_t index, int change) {
    device *d = &st->devices[index];
    d->streams = (uint32_t)((int64_t)d->streams + change);
    if (!d->rotating || d->bytes == VDC_NO_LINK) return VDC_OK;
    double share = d->streams > 1 ? 1 + stream_penalty * (d->streams - 1) : 1;
    if (vdc_flows_set_capacity(st->sim->flows, d->bytes, (int64_t)((double)d->bandwidth / share + 0.5))) return VDC_ERROR_MEMORY;
    device_changed(st, d, 0);
    return VDC_OK;
}

static uint32_t add_device(storage_state *st, const vdc_pool_spec *spec, uint32_t endpoint) {
    vdc_simulation *sim = st->sim;
    if (!VDC_RESERVE(st->devices, st->device_room, st->device_count + 1)) return VDC_NOWHERE;
    device *d = &st->devices[st->device_count];
    *d = (device){.operations = VDC_NO_LINK, .bytes = VDC_NO_LINK, .endpoint = endpoint, .bandwidth = spec->bandwidth, .latency = (double)spec->latency / 1e9,
                  .variation = spec->variation, .rotating = spec->kind == VDC_DISK_HDD, .since = sim->datacenter.now, .swap = VDC_NO_FLOW, .slowing = 1};
    d->latency_now = d->latency;
    if (spec->iops > 0 && (d->operations = vdc_flows_add_link(sim->flows, spec->iops)) == VDC_NO_LINK) return VDC_NOWHERE;
    if (spec->bandwidth > 0 && (d->bytes = vdc_flows_add_link(sim->flows, spec->bandwidth)) == VDC_NO_LINK) return VDC_NOWHERE;
    return (uint32_t)st->device_count++;
}

/* The disks of a host. */
static uint32_t local_device(storage_state *st, uint32_t host) {
    if (st->local[host] != VDC_NOWHERE) return st->local[host];
    const vdc_hosts *hosts = &st->sim->datacenter.hosts;
    const vdc_host_class *class = &hosts->classes[hosts->class_of[host]];
    const vdc_pool_spec spec = {.iops = class->physical[VDC_IOPS], .bandwidth = class->physical[VDC_DISK_BW], .latency = class->disk_latency,
                                .variation = class->disk_variation, .kind = class->disk_kind};
    return st->local[host] = add_device(st, &spec, host);
}

/* ---- thin volumes ---- */

static bool grows_with_writes(const vdc_volume *spec) { return spec->thin && spec->pool; }

/* Where a failure can be told only at the run's next step. */
static void note(vdc_simulation *sim, vdc_code code) {
    if (!sim->part_failure) sim->part_failure = code;
}

static vdc_wide written_by_now(const storage_state *st, const volume *v) {
    return v->written + (vdc_wide)v->grows * (st->sim->datacenter.now - v->since);
}

static void advance_volume(const storage_state *st, volume *v) {
    v->written = written_by_now(st, v);
    v->since = st->sim->datacenter.now;
}

/* What the volumes of a pool take, and what is left of it; bytes x 10^9. */
static vdc_wide taken_by_now(const storage_state *st, const device *d) {
    return d->taken + (vdc_wide)d->growing * (st->sim->datacenter.now - d->since) + (vdc_wide)d->thick * VDC_SECOND;
}
static vdc_wide left_of(const storage_state *st, size_t pool) {
    return (vdc_wide)st->sim->scenario->pools[pool].size * VDC_SECOND - taken_by_now(st, &st->devices[pool]);
}

/* The event comes in the last whole ns before `room` is used up at `rate`. It keeps no run alive. */
static void expect_filled(storage_state *st, vdc_event_handle *event, uint32_t subject, vdc_wide room, int64_t rate) {
    vdc_simulation *sim = st->sim;
    vdc_wide span = rate > 0 ? room / rate : VDC_TIME_MAX;
    if (*event) vdc_queue_cancel(sim->events, *event), sim->background_events--;
    *event = 0;
    if (span >= VDC_TIME_MAX - sim->datacenter.now) return;
    note(sim, vdc_part_schedule(sim, VDC_PART_storage, sim->datacenter.now + (vdc_time)span, VDC_RANK_CHANGE, subject, event, NULL));
    if (*event) sim->background_events++;
}

static void expect_full_pool(storage_state *st, uint32_t pool) {
    device *d = &st->devices[pool];
    expect_filled(st, &d->filling, pool_subject | pool, left_of(st, pool), d->full ? 0 : d->growing);
}

/* Its entry, to be told when it has its size; NULL when memory is out. */
static growth *growth_of(storage_state *st, uint32_t slot, uint32_t number) {
    volume *v = &st->volumes[slot][number];
    if (v->growth) return &st->growths[v->growth - 1];
    if (st->unused_growth) {
        v->growth = st->unused_growth;
        st->unused_growth = st->growths[v->growth - 1].number;
    } else {
        if (!VDC_RESERVE(st->growths, st->growth_room, st->growth_count + 1)) return NULL;
        v->growth = (uint32_t)++st->growth_count;
    }
    st->growths[v->growth - 1] = (growth){.slot = slot, .number = number};
    return &st->growths[v->growth - 1];
}

/* The volume, to which nothing is written any more, is the VM's no longer. */
static void end_growth(storage_state *st, volume *v) {
    if (!v->growth) return;
    growth *g = &st->growths[v->growth - 1];
    expect_filled(st, &g->event, 0, 0, 0);
    *g = (growth){.slot = VDC_NOWHERE, .number = st->unused_growth};
    st->unused_growth = v->growth;
    v->growth = 0;
}

/* So many bytes a second more are written to it, or it has another size, or less on it. */
static void writes_changed(storage_state *st, uint32_t slot, uint32_t number, int64_t change) {
    const vdc_volume *spec = &st->sim->io.items[st->sim->datacenter.records[slot].request.io].volumes[number];
    volume *v = &st->volumes[slot][number];
    if (!grows_with_writes(spec)) return;
    device *d = &st->devices[spec->pool - 1];
    advance_device(st, d);
    advance_volume(st, v);
    vdc_wide room = (vdc_wide)spec->size * VDC_SECOND - v->written;
    v->writes += change;
    d->growing -= v->grows;
    v->grows = room > 0 ? v->writes : 0;
    d->growing += v->grows;
    growth *g = growth_of(st, slot, number);
    if (g) expect_filled(st, &g->event, growth_subject | (v->growth - 1), room, v->grows);
    else note(st->sim, VDC_ERROR_MEMORY);
    expect_full_pool(st, spec->pool - 1);
}

/* What a stream may ask for now. */
static int64_t cap_of(const storage_state *st, const stream *s) {
    if (s->activity == VDC_NOWHERE) return VDC_FLOW_UNCAPPED;
    const vdc_io_profile *profile = profile_of(st->sim, s->slot);
    const vdc_volume *spec = &profile->volumes[s->volume];
    const volume *v = &st->volumes[s->slot][s->volume];
    bool held_up = s->write && grows_with_writes(spec) && st->devices[spec->pool - 1].full
                   && written_by_now(st, v) < (vdc_wide)spec->size * VDC_SECOND;
    return held_up ? 0 : profile->io[st->activities.items[s->activity].item].pattern.rate;
}

/* Whether it is held up may be another thing now. */
static void ask_again(storage_state *st, const stream *s) {
    note(st->sim, vdc_flows_change(st->sim->flows, s->flow, cap_of(st, s), profile_of(st->sim, s->slot)->volumes[s->volume].weight));
}

/* Is the pool full, or not any more? Asked when it should be, and when space was given back. */
static vdc_code review_pool(storage_state *st, uint32_t pool, vdc_diag *diag) {
    device *d = &st->devices[pool];
    advance_device(st, d);
    vdc_wide left = left_of(st, pool);
    bool full = d->full ? left < VDC_SECOND : d->growing > 0 && left < d->growing; /* less than a byte, than what comes in a ns */
    bool changed = full != d->full;
    d->full = full;
    expect_full_pool(st, pool);
    if (!changed) return VDC_OK;
    for (size_t i = 0; i < st->stream_count; i++)
        if (st->streams[i].flow != VDC_NO_FLOW && st->streams[i].write && st->streams[i].devices[0] == pool) ask_again(st, &st->streams[i]);
    char text[112];
    (void)snprintf(text, sizeof text, full ? "pool is full: %.80s" : "pool has room again: %.80s", st->sim->scenario->pools[pool].name);
    return vdc_results_event(st->sim, text, -1, -1, diag);
}

/* A thin volume has its size, but for less than what comes in a ns. */
static void volume_is_filled(storage_state *st, const growth *g) {
    const vdc_volume *spec = &profile_of(st->sim, g->slot)->volumes[g->number];
    volume *v = &st->volumes[g->slot][g->number];
    device *d = &st->devices[spec->pool - 1];
    advance_device(st, d);
    advance_volume(st, v);
    vdc_wide rest = (vdc_wide)spec->size * VDC_SECOND - v->written;
    if (rest <= left_of(st, spec->pool - 1)) v->written += rest, d->taken += rest;
    writes_changed(st, g->slot, g->number, 0);
}

/* ---- streams ---- */

/* Over the NIC of the VM's host: 0 = it sends, 1 = it receives, -1 = neither. */
static int crosses(const stream *s) {
    if (s->activity == VDC_NOWHERE) return s->local && s->devices[1] != VDC_NOWHERE ? 1 : -1;
    return s->local ? -1 : s->write ? 0 : 1;
}

/* The rate of the stream is another one: so are the accounts of its devices and its VM. */
static void serve(storage_state *st, stream *s, int64_t rate) {
    vdc_datacenter *dc = &st->sim->datacenter;
    int64_t change = rate - s->rate, bytes = change * s->request;
    int way = crosses(s);
    s->rate = rate;
    if (way >= 0) vdc_datacenter_serve(dc, s->slot, (vdc_resource)(VDC_NET_TX + way), bytes);
    if (s->write && s->activity != VDC_NOWHERE) writes_changed(st, s->slot, s->volume, bytes);
    for (int i = 0; i < 2; i++)
        if (s->devices[i] != VDC_NOWHERE) device_changed(st, &st->devices[s->devices[i]], s->activity == VDC_NOWHERE ? 0 : change);
    if (s->local) {
        if (s->activity != VDC_NOWHERE) vdc_datacenter_serve(dc, s->slot, VDC_IOPS, change);
        vdc_datacenter_serve(dc, s->slot, VDC_DISK_BW, bytes);
    }
}

static vdc_code drop(storage_state *st, uint32_t index, bool close) {
    stream *s = &st->streams[index];
    vdc_wide over = vdc_flows_overshoot(st->sim->flows, s->flow) * s->request;
    vdc_wide moved = vdc_flows_moved(st->sim->flows, s->flow) * s->request;
    int way = crosses(s);
    if (s->activity == VDC_NOWHERE) st->copied += moved;
    if (way >= 0) st->crossed[way] += moved;
    vdc_code code = close ? vdc_flows_close(st->sim->flows, s->flow) : VDC_OK;
    serve(st, s, 0);
    if (s->local && over) vdc_datacenter_unused(&st->sim->datacenter, s->slot, VDC_DISK_BW, over);
    if (way >= 0 && over) vdc_datacenter_unused(&st->sim->datacenter, s->slot, (vdc_resource)(VDC_NET_TX + way), over);
    for (int i = 0; i < 2; i++)
        if (s->devices[i] != VDC_NOWHERE && count_stream(st, s->devices[i], -1)) code = VDC_ERROR_MEMORY;
    if (s->previous != VDC_NOWHERE) st->streams[s->previous].next = s->next;
    else st->first[s->slot] = s->next;
    if (s->next != VDC_NOWHERE) st->streams[s->next].previous = s->previous;
    if (s->activity != VDC_NOWHERE) st->activities.items[s->activity].stream = VDC_NOWHERE;
    s->flow = VDC_NO_FLOW;
    s->next = st->unused;
    st->unused = index;
    return code;
}

static vdc_code rate_changed(void *context, uint32_t flow, uint64_t subject, int64_t old_rate, int64_t new_rate, vdc_diag *diag) {
    storage_state *st = context;
    (void)flow, (void)old_rate, (void)diag;
    serve(st, &st->streams[subject], new_rate);
    return VDC_OK;
}

static bool runs(const vdc_simulation *sim, uint32_t slot) { return sim->datacenter.vms[slot].state == VDC_VM_RUNNING; }

/* What the VM does on one of its volumes begins, or on all of those that are ready (VDC_IO_UNUSED). */
static vdc_code start_io(storage_state *st, uint32_t slot, uint32_t number, vdc_diag *diag) {
    const vdc_io_profile *profile = profile_of(st->sim, slot);
    vdc_code code = VDC_OK;
    for (uint32_t i = 0; !code && i < profile->io_count; i++) {
        uint32_t on = profile->io[i].volume;
        if (on == VDC_IO_UNUSED || (number != VDC_IO_UNUSED && on != number) || st->volumes[slot][on].copy != VDC_NOWHERE) continue;
        code = vdc_activities_start(&st->activities, st->sim, slot, i, &profile->io[i].pattern, diag);
    }
    return code;
}

static vdc_code copy_ended(void *context, uint32_t flow, uint64_t subject, int64_t rate, vdc_diag *diag) {
    storage_state *st = context;
    const stream *s = &st->streams[subject];
    uint32_t slot = s->slot;
    volume *v = &st->volumes[slot][s->volume];
    (void)flow, (void)rate;
    v->copy = VDC_NOWHERE;
    v->made = true;
    st->copies++;
    uint32_t number = s->volume;
    bool holds_boot = s->holds_boot;
    if (drop(st, (uint32_t)subject, false)) return vdc_no_memory(diag, "disk streams");
    if (holds_boot) return vdc_run_boot(st->sim, slot, diag);
    return runs(st->sim, slot) ? start_io(st, slot, number, diag) : VDC_OK;
}

static void use(vdc_flow_spec *spec, uint32_t link, int64_t per_unit) {
    if (link == VDC_NO_LINK) return;
    for (uint32_t i = 0; i < spec->links; i++)
        if (spec->path[i].link == link) {
            spec->path[i].per_unit += (int32_t)per_unit;
            return;
        }
    spec->path[spec->links++] = (vdc_flow_use){link, (int32_t)per_unit};
}

/* The network between two devices, or a device and the VM's host. */
static void use_network(const storage_state *st, vdc_flow_spec *spec, uint32_t from, uint32_t to, int64_t per_unit, uint64_t key) {
    vdc_flow_use path[VDC_FLOW_LINKS];
    uint32_t links = vdc_fabric_path(&st->sim->fabric, from, to, key, path);
    for (uint32_t i = 0; i < links; i++) use(spec, path[i].link, per_unit);
}

/* The links of a stream: the caps of its volume, the devices, the network. */
static void lay_path(const storage_state *st, const stream *s, vdc_flow_spec *spec) {
    const vdc_simulation *sim = st->sim;
    const volume *v = &st->volumes[s->slot][s->volume];
    const device *d = &st->devices[s->devices[0]];
    uint32_t host = sim->datacenter.vms[s->slot].host;
    uint64_t key = (uint64_t)sim->datacenter.records[s->slot].request.id << 8 | s->volume;
    spec->links = 0;
    use(spec, v->bytes, s->request);
    use(spec, d->bytes, s->request);
    if (s->activity == VDC_NOWHERE) {
        const device *source = s->devices[1] == VDC_NOWHERE ? d : &st->devices[s->devices[1]];
        use(spec, source->bytes, s->request); /* a copy on one device reads and writes there */
        use_network(st, spec, source->endpoint, d->endpoint, s->request, key);
        return;
    }
    use(spec, v->operations, 1);
    use(spec, d->operations, 1);
    use_network(st, spec, s->write ? host : d->endpoint, s->write ? d->endpoint : host, s->request, key);
}

static vdc_code open_stream(storage_state *st, stream made, int64_t amount, int64_t cap, int64_t weight, uint32_t *out, vdc_diag *diag) {
    uint32_t index = st->unused;
    if (index == VDC_NOWHERE) {
        if (!VDC_RESERVE(st->streams, st->stream_room, st->stream_count + 1)) return vdc_no_memory(diag, "disk streams");
        index = (uint32_t)st->stream_count++;
    } else {
        st->unused = st->streams[index].next;
    }
    stream *s = &st->streams[index];
    *s = made;
    s->previous = VDC_NOWHERE;
    s->next = st->first[s->slot];
    if (s->next != VDC_NOWHERE) st->streams[s->next].previous = index;
    st->first[s->slot] = index;
    vdc_flow_spec spec = {.user = &st->user, .subject = index, .id = st->sim->datacenter.records[s->slot].request.id, .amount = amount, .cap = cap,
                          .weight = weight};
    lay_path(st, s, &spec);
    vdc_code code = vdc_flows_open(st->sim->flows, &spec, &s->flow);
    for (int i = 0; !code && i < 2; i++)
        if (s->devices[i] != VDC_NOWHERE) code = count_stream(st, s->devices[i], 1);
    *out = index;
    return code ? vdc_no_memory(diag, "disk streams") : VDC_OK;
}

static vdc_code begin_io(vdc_simulation *sim, uint32_t activity, vdc_diag *diag) {
    storage_state *st = state_of(sim);
    vdc_activity *act = &st->activities.items[activity];
    const vdc_disk_io *io = &profile_of(sim, act->slot)->io[act->item];
    const volume *v = &st->volumes[act->slot][io->volume];
    const vdc_volume *spec = &profile_of(sim, act->slot)->volumes[io->volume];
    stream made = {.slot = act->slot, .activity = activity, .volume = io->volume, .devices = {v->device, VDC_NOWHERE}, .request = io->request,
                   .write = io->write, .local = spec->pool == 0};
    uint32_t index;
    vdc_code code = open_stream(st, made, VDC_FLOW_ENDLESS, cap_of(st, &made), spec->weight, &index, diag);
    if (!code) act->stream = index;
    return code;
}

static vdc_code end_io(vdc_simulation *sim, uint32_t activity, vdc_diag *diag) {
    storage_state *st = state_of(sim);
    uint32_t index = st->activities.items[activity].stream;
    return index != VDC_NOWHERE && drop(st, index, true) ? vdc_no_memory(diag, "disk streams") : VDC_OK;
}

/* ---- swap ---- */

enum { PAGE = 4096 };

bool vdc_storage_swaps(const vdc_simulation *sim) {
    const vdc_hosts *hosts = &sim->datacenter.hosts;
    bool short_disks = false;
    for (uint16_t k = 0; k < hosts->class_count; k++)
        short_disks = short_disks || hosts->classes[k].physical[VDC_IOPS] > 0 || hosts->classes[k].physical[VDC_DISK_BW] > 0;
    return sim->scenario->has_memory && short_disks;
}

static vdc_code swap_changed(void *context, uint32_t flow, uint64_t subject, int64_t old_rate, int64_t new_rate, vdc_diag *diag) {
    storage_state *st = context;
    (void)flow, (void)old_rate, (void)new_rate, (void)diag;
    device_changed(st, &st->devices[subject], 0);
    return VDC_OK;
}

static vdc_code swap_off(storage_state *st, uint32_t index) {
    device *d = &st->devices[index];
    st->swapped += vdc_flows_moved(st->sim->flows, d->swap);
    if (vdc_flows_close(st->sim->flows, d->swap)) return VDC_ERROR_MEMORY;
    d->swap = VDC_NO_FLOW;
    device_changed(st, d, 0);
    vdc_swap_latency(st->sim, d->endpoint, (vdc_time)(d->latency * 1e9 + 0.5), 1);
    return count_stream(st, index, -1);
}

vdc_code vdc_storage_swap(vdc_simulation *sim, uint32_t host, int64_t rate) {
    storage_state *st = state_of(sim);
    uint32_t index = local_device(st, host);
    int64_t pages = (rate + PAGE - 1) / PAGE;
    if (index == VDC_NOWHERE) return VDC_ERROR_MEMORY;
    device *d = &st->devices[index];
    if (pages == 0) return d->swap == VDC_NO_FLOW ? VDC_OK : swap_off(st, index);
    if (d->swap != VDC_NO_FLOW) return vdc_flows_change(sim->flows, d->swap, pages, 1);
    vdc_flow_spec spec = {.user = &st->swap_user, .subject = index, .id = INT64_MAX, .amount = VDC_FLOW_ENDLESS, .cap = pages, .weight = 1};
    use(&spec, d->operations, 1);
    use(&spec, d->bytes, PAGE);
    return vdc_flows_open(sim->flows, &spec, &d->swap) ? VDC_ERROR_MEMORY : count_stream(st, index, 1);
}

/* Pages read from swap up to now. */
static double pages_read(const storage_state *st) {
    vdc_wide pages = st->swapped;
    for (size_t i = 0; i < st->device_count; i++)
        if (st->devices[i].swap != VDC_NO_FLOW) pages += vdc_flows_moved(st->sim->flows, st->devices[i].swap);
    return vdc_wide_over(pages, VDC_SECOND);
}

/* ---- VMs come and go ---- */

bool vdc_storage_has_room(const vdc_simulation *sim, uint32_t slot) {
    const storage_state *st = state_of(sim);
    const vdc_io_profile *profile = profile_of(sim, slot);
    if (slot < st->volume_slots && st->volumes[slot]) return true; /* it has them already */
    for (uint32_t i = 0; i < profile->volume_count; i++) {
        if (profile->volumes[i].pool == 0) continue;
        /* With all of its volumes in that pool. */
        const vdc_pool_spec *pool = &sim->scenario->pools[profile->volumes[i].pool - 1];
        const device *d = &st->devices[profile->volumes[i].pool - 1];
        vdc_wide promised = (vdc_wide)d->thick + d->thin, taken = taken_by_now(st, d);
        for (uint32_t k = 0; k < profile->volume_count; k++) {
            if (profile->volumes[k].pool != profile->volumes[i].pool) continue;
            promised += profile->volumes[k].size;
            taken += (vdc_wide)(profile->volumes[k].thin ? profile->volumes[k].image : profile->volumes[k].size) * VDC_SECOND;
        }
        if ((double)promised > (double)pool->size * pool->overcommit || taken > (vdc_wide)pool->size * VDC_SECOND) return false;
    }
    return true;
}

/* Takes a volume from its pool, or gives it back; then review_pool, when all of a change is done. */
static void pool_changed(storage_state *st, const vdc_volume *spec, volume *v, int sign) {
    if (spec->pool == 0) return;
    device *d = &st->devices[spec->pool - 1];
    advance_device(st, d);
    advance_volume(st, v);
    if (spec->thin) d->thin += sign * (spec->size + v->pinned), d->taken += sign * (v->written + (vdc_wide)v->pinned * VDC_SECOND);
    else d->thick += sign * (spec->size + v->pinned);
    if (sign < 0 && st->sim->waiting.count > 0) st->sim->pass_wanted = true; /* who waits for room in it may find some */
}

static vdc_code review(storage_state *st, const vdc_volume *spec, vdc_diag *diag) { return spec->pool ? review_pool(st, spec->pool - 1, diag) : VDC_OK; }

/* A new one takes what its image takes. */
static volume fresh_volume(const storage_state *st, int64_t image) {
    return (volume){.device = VDC_NOWHERE, .operations = VDC_NO_LINK, .bytes = VDC_NO_LINK, .copy = VDC_NOWHERE, .made = image == 0,
                    .written = (vdc_wide)image * VDC_SECOND, .since = st->sim->datacenter.now};
}

/* The links of its caps. */
static bool cap_volume(storage_state *st, const vdc_volume *spec, volume *v) {
    v->operations = v->bytes = VDC_NO_LINK;
    if (spec->iops != VDC_UNLIMITED && (v->operations = vdc_spare_link(st->sim, &st->spare, spec->iops)) == VDC_NO_LINK) return false;
    return spec->bandwidth == VDC_UNLIMITED || (v->bytes = vdc_spare_link(st->sim, &st->spare, spec->bandwidth)) != VDC_NO_LINK;
}

static void uncap_volume(storage_state *st, volume *v) {
    (void)vdc_spare_link_return(&st->spare, v->operations); /* without memory the link is not used again */
    (void)vdc_spare_link_return(&st->spare, v->bytes);
    v->operations = v->bytes = VDC_NO_LINK;
}

/* Tables by slot, with room for this one. */
static vdc_code know_slot(storage_state *st, uint32_t slot) {
    size_t known = st->volume_slots, heads = st->first_slots;
    if (!VDC_RESERVE(st->volumes, st->volume_slots, (size_t)slot + 1) || !VDC_RESERVE(st->first, st->first_slots, (size_t)slot + 1)) return VDC_ERROR_MEMORY;
    for (; known < st->volume_slots; known++) st->volumes[known] = NULL;
    for (; heads < st->first_slots; heads++) st->first[heads] = VDC_NOWHERE;
    return VDC_OK;
}

static vdc_code attach(storage_state *st, uint32_t slot, const vdc_io_profile *profile, vdc_diag *diag) {
    vdc_code code = VDC_OK;
    if (know_slot(st, slot)) return VDC_ERROR_MEMORY;
    if (!st->volumes[slot]) {
        if (!(st->volumes[slot] = vdc_calloc(profile->volume_count, sizeof **st->volumes))) return VDC_ERROR_MEMORY;
        for (uint32_t i = 0; !code && i < profile->volume_count; i++) {
            st->volumes[slot][i] = fresh_volume(st, profile->volumes[i].image);
            pool_changed(st, &profile->volumes[i], &st->volumes[slot][i], 1);
            code = review(st, &profile->volumes[i], diag);
        }
    }
    for (uint32_t i = 0; i < profile->volume_count; i++) {
        const vdc_volume *spec = &profile->volumes[i];
        volume *v = &st->volumes[slot][i];
        v->copy = VDC_NOWHERE;
        uint32_t before = v->device;
        v->device = spec->pool ? spec->pool - 1 : local_device(st, st->sim->datacenter.vms[slot].host);
        if (v->device == VDC_NOWHERE) return VDC_ERROR_MEMORY;
        v->made = v->made && v->device == before; /* what lay on another host's disks stayed there */
        if (!cap_volume(st, spec, v)) return VDC_ERROR_MEMORY;
    }
    return code;
}

/* The image comes to one of the VM's volumes. */
static vdc_code copy_image(storage_state *st, uint32_t slot, uint32_t number, bool holds_boot, vdc_diag *diag) {
    const vdc_volume *spec = &profile_of(st->sim, slot)->volumes[number];
    uint32_t on = st->volumes[slot][number].device;
    stream made = {.slot = slot, .activity = VDC_NOWHERE, .volume = number, .devices = {on, st->images == on ? VDC_NOWHERE : st->images},
                   .request = 1, .write = true, .local = spec->pool == 0, .holds_boot = holds_boot};
    return open_stream(st, made, spec->image, VDC_FLOW_UNCAPPED, spec->weight, &st->volumes[slot][number].copy, diag);
}

/* The VM is between two hosts, at one instant: its streams go on from the next one. Its volumes on local disks come with it. */
static void leave_host(storage_state *st, uint32_t slot) {
    for (uint32_t i = st->first[slot]; i != VDC_NOWHERE; i = st->streams[i].next) {
        st->streams[i].resumes = st->streams[i].rate;
        serve(st, &st->streams[i], 0);
    }
}

static vdc_code come_to_host(storage_state *st, uint32_t slot, const vdc_io_profile *profile) {
    uint32_t here = local_device(st, st->sim->datacenter.vms[slot].host);
    if (here == VDC_NOWHERE) return VDC_ERROR_MEMORY;
    for (uint32_t i = 0; i < profile->volume_count; i++)
        if (profile->volumes[i].pool == 0) st->volumes[slot][i].device = here;
    for (uint32_t i = st->first[slot]; i != VDC_NOWHERE; i = st->streams[i].next) {
        stream *s = &st->streams[i];
        vdc_flow_spec spec;
        uint32_t now_on = st->volumes[slot][s->volume].device;
        if (now_on != s->devices[0] && (count_stream(st, s->devices[0], -1) || count_stream(st, now_on, 1))) return VDC_ERROR_MEMORY;
        s->devices[0] = now_on;
        serve(st, s, s->resumes);
        lay_path(st, s, &spec);
        if (vdc_flows_reroute(st->sim->flows, s->flow, spec.links, spec.path) == VDC_ERROR_MEMORY) return VDC_ERROR_MEMORY;
    }
    return VDC_OK;
}

static vdc_code placed(vdc_simulation *sim, uint32_t slot, vdc_diag *diag) {
    const vdc_io_profile *profile = profile_of(sim, slot);
    storage_state *st = state_of(sim);
    if (!profile->volume_count) return VDC_OK;
    if (sim->transit) return come_to_host(st, slot, profile) ? vdc_no_memory(diag, "volumes") : VDC_OK;
    if (attach(st, slot, profile, diag)) return vdc_no_memory(diag, "volumes");
    for (uint32_t i = 0; i < profile->volume_count; i++) {
        volume *v = &st->volumes[slot][i];
        const vdc_volume *spec = &profile->volumes[i];
        if (v->made || spec->image == 0) continue;
        vdc_code code = copy_image(st, slot, i, true, diag);
        if (code) return code;
        vdc_vm_details *details = vdc_vm_details_of(&sim->datacenter, slot);
        if (!details) return vdc_no_memory(diag, "volumes");
        details->boot_holds++;
    }
    return VDC_OK;
}

static vdc_code booted(vdc_simulation *sim, uint32_t slot, vdc_diag *diag) {
    return profile_of(sim, slot)->io_count ? start_io(state_of(sim), slot, VDC_IO_UNUSED, diag) : VDC_OK;
}

static void halted(vdc_simulation *sim, uint32_t slot) {
    if (profile_of(sim, slot)->volume_count) note(sim, vdc_activities_stop(&state_of(sim)->activities, sim, slot, NULL));
}

static vdc_code take_off(vdc_simulation *sim, uint32_t slot, vdc_diag *diag) {
    const vdc_io_profile *profile = profile_of(sim, slot);
    storage_state *st = state_of(sim);
    if (!profile->volume_count) return VDC_OK;
    if (sim->transit) {
        leave_host(st, slot);
        return VDC_OK;
    }
    vdc_code code = vdc_activities_stop(&st->activities, sim, slot, diag);
    while (!code && st->first[slot] != VDC_NOWHERE) code = drop(st, st->first[slot], true);
    for (uint32_t i = 0; i < profile->volume_count; i++) uncap_volume(st, &st->volumes[slot][i]);
    return code;
}

static void removing(vdc_simulation *sim, uint32_t slot) { note(sim, take_off(sim, slot, NULL)); }

static void left(vdc_simulation *sim, uint32_t slot) {
    const vdc_io_profile *profile = profile_of(sim, slot);
    storage_state *st = state_of(sim);
    if (!profile->volume_count || slot >= st->volume_slots || !st->volumes[slot]) return;
    for (uint32_t i = 0; i < profile->volume_count; i++) {
        end_growth(st, &st->volumes[slot][i]);
        pool_changed(st, &profile->volumes[i], &st->volumes[slot][i], -1);
        note(sim, review(st, &profile->volumes[i], NULL));
    }
    vdc_free(st->volumes[slot]);
    st->volumes[slot] = NULL;
}

/* ---- volumes come, change and go ---- */

/* Which volume an operation means. */
typedef struct found_volume {
    uint32_t slot, number;       /* of a VM; slot VDC_NOWHERE: */
    size_t loose;                /* attached to nobody */
    bool found;
} found_volume;

enum { NOT_LOOSE = -1 };

static bool is_named(const vdc_volume *spec, const char *name) { return spec->size > 0 && spec->name && strcmp(spec->name, name) == 0; }

/* Of that VM: by name, or by number. */
static bool find_own(const vdc_simulation *sim, uint32_t slot, const char *name, uint32_t *number) {
    const storage_state *st = state_of(sim);
    const vdc_io_profile *profile = profile_of(sim, slot);
    if (slot >= st->volume_slots || !st->volumes[slot]) return false;
    for (*number = 0; *number < profile->volume_count; ++*number)
        if (is_named(&profile->volumes[*number], name)) return true;
    char *end;
    unsigned long digits = strtoul(name, &end, 10);
    if (*name < '0' || *name > '9' || *end || digits >= profile->volume_count) return false;
    *number = (uint32_t)digits;
    return profile->volumes[digits].size > 0;
}

/* Looks among those of the VM, then among the loose ones, then among all others'. Not found, or not just one: said. */
static found_volume find_volume(vdc_simulation *sim, uint32_t slot, const vdc_operation *operation, const char **refusal) {
    const storage_state *st = state_of(sim);
    found_volume at = {.slot = slot, .loose = (size_t)NOT_LOOSE, .found = true};
    if (!st) {
        *refusal = vdc_refuse(sim, "nothing else in this run has volumes, so they are not simulated");
        return (found_volume){.slot = VDC_NOWHERE};
    }
    if (slot != VDC_NOWHERE && find_own(sim, slot, operation->volume, &at.number)) return at;
    at.slot = VDC_NOWHERE;
    for (at.loose = 0; at.loose < st->loose_count; at.loose++)
        if (is_named(&st->loose[at.loose].spec, operation->volume)) return at;
    at.found = false;
    for (uint32_t vm = 0; vm < sim->datacenter.vm_count && vm < st->volume_slots; vm++) {
        const vdc_io_profile *profile = profile_of(sim, vm);
        for (uint32_t i = 0; st->volumes[vm] && i < profile->volume_count; i++) {
            if (!is_named(&profile->volumes[i], operation->volume)) continue;
            if (at.found) {
                *refusal = vdc_refuse(sim, "several VMs have a volume '%.60s': say which", operation->volume);
                at.found = false;
                return at;
            }
            at = (found_volume){.slot = vm, .number = i, .found = true};
        }
    }
    if (!at.found) *refusal = vdc_refuse(sim, "there is no volume '%.60s'", operation->volume);
    return at;
}

/* May the VM of the volume be dealt with now? */
static bool is_at_rest(vdc_simulation *sim, uint32_t slot, const vdc_operation *operation, const char **refusal) {
    vdc_vm_state state = (vdc_vm_state)sim->datacenter.vms[slot].state;
    int64_t id = sim->datacenter.records[slot].request.id;
    if (!(vdc_verbs[operation->verb].states >> state & 1)) *refusal = vdc_refuse(sim, "its VM %" PRId64 " is %s", id, vdc_vm_state_names[state]);
    else if (sim->datacenter.lifecycle->vms[slot].migration != VDC_NOWHERE) *refusal = vdc_refuse(sim, "its VM %" PRId64 " is moving to another host", id);
    return *refusal == NULL;
}

/* Could its pool promise and hold so much more? */
static bool pool_has_room(vdc_simulation *sim, uint32_t pool, int64_t promised, int64_t taken, const char **refusal) {
    const vdc_pool_spec *spec = &sim->scenario->pools[pool - 1];
    const device *d = &state_of(sim)->devices[pool - 1];
    vdc_wide promises = (vdc_wide)d->thick + d->thin + promised;
    if ((double)promises <= (double)spec->size * spec->overcommit && (vdc_wide)taken * VDC_SECOND <= left_of(state_of(sim), pool - 1)) return true;
    *refusal = vdc_refuse(sim, "the pool '%.60s' has no room for it", spec->name);
    return false;
}

/* The pool of that name, from 1; 0: none, which is said, or local. */
static uint32_t find_pool(vdc_simulation *sim, const char *name, const char **refusal) {
    for (size_t p = 0; p < sim->scenario->pool_count; p++)
        if (strcmp(sim->scenario->pools[p].name, name) == 0) return (uint32_t)p + 1;
    if (strcmp(name, "local") != 0) *refusal = vdc_refuse(sim, "there is no pool '%.60s'", name);
    return 0;
}

static int64_t cap_or_none(int64_t cap) { return cap == VDC_UNCHANGED ? VDC_UNLIMITED : cap; }

/* A new one as it is asked for. */
static vdc_volume new_volume(storage_state *st, const vdc_operation *operation, uint32_t pool) {
    return (vdc_volume){.name = vdc_arena_strdup(&st->names, operation->volume), .pool = pool, .size = operation->size, .image = operation->image,
                        .iops = cap_or_none(operation->iops), .bandwidth = cap_or_none(operation->bandwidth),
                        .weight = operation->weight == VDC_PARAM_NONE ? 1 : operation->weight, .thin = operation->provision != 0};
}

/* What the VM is promised of its host's disks changes by so much, where it has room. */
static vdc_code promise(vdc_simulation *sim, uint32_t slot, int64_t disk, int64_t iops, int64_t bandwidth, const char **refusal, vdc_diag *diag) {
    vdc_request request = vdc_asked(sim, slot);
    if (disk == 0 && iops == 0 && bandwidth == 0) return VDC_OK;
    const int64_t change[] = {disk, iops, bandwidth};
    for (int r = VDC_DISK; r <= VDC_DISK_BW; r++) {
        vdc_wide size = (vdc_wide)request.size[r] + change[r - VDC_DISK];
        request.size[r] = size < 0 ? 0 : size > INT64_MAX ? INT64_MAX : (int64_t)size;
    }
    return vdc_become(sim, slot, &request, false, refusal, diag);
}

static int64_t promised(int64_t cap) { return cap > 0 ? cap : 0; }

/* The VM's profile is its own from now on. */
static vdc_code own_profile(vdc_simulation *sim, uint32_t slot, vdc_diag *diag) {
    uint32_t io = sim->datacenter.records[slot].request.io;
    if (!vdc_io_profile_own(&sim->io, &io)) return vdc_no_memory(diag, "volumes");
    sim->datacenter.records[slot].request.io = io;
    return VDC_OK;
}

vdc_code vdc_volume_create(vdc_simulation *sim, uint32_t slot, const vdc_operation *operation, const char **refusal, vdc_diag *diag) {
    storage_state *st = state_of(sim);
    if (find_volume(sim, VDC_NOWHERE, operation, refusal).found) *refusal = vdc_refuse(sim, "there is a volume '%.60s' already", operation->volume);
    else if (st) *refusal = NULL;
    (void)slot;
    if (*refusal) return VDC_OK;
    uint32_t pool = find_pool(sim, operation->pool, refusal);
    if (!pool && !*refusal) *refusal = vdc_refuse(sim, "a volume on the disks of a host is made when it is attached");
    if (!pool || !pool_has_room(sim, pool, operation->size, operation->provision ? operation->image : operation->size, refusal)) return VDC_OK;
    VDC_KNOWN(st); /* where there are pools */
    if (!VDC_RESERVE(st->loose, st->loose_room, st->loose_count + 1)) return vdc_no_memory(diag, "volumes");
    loose_volume *made = &st->loose[st->loose_count];
    *made = (loose_volume){.spec = new_volume(st, operation, pool), .state = fresh_volume(st, operation->image)};
    made->state.device = pool - 1;
    if (!made->spec.name) return vdc_no_memory(diag, "volumes");
    pool_changed(st, &made->spec, &made->state, 1);
    st->loose_count++;
    return review(st, &made->spec, diag);
}

/* The VM has one volume more from now on, with what it does there. */
static vdc_code take_volume(vdc_simulation *sim, uint32_t slot, const vdc_volume *spec, volume state, const vdc_operation *operation, vdc_diag *diag) {
    storage_state *st = state_of(sim);
    uint32_t number, host = sim->datacenter.vms[slot].host;
    vdc_code code = own_profile(sim, slot, diag);
    if (code) return code;
    uint32_t io = sim->datacenter.records[slot].request.io;
    if (vdc_io_add_volume(&sim->io, io, spec, &number) || know_slot(st, slot)) return vdc_no_memory(diag, "volumes");
    volume *volumes = vdc_realloc(st->volumes[slot], sim->io.items[io].volume_count, sizeof *volumes);
    if (!volumes) return vdc_no_memory(diag, "volumes");
    st->volumes[slot] = volumes;
    volumes[number] = state;
    for (uint32_t k = 0; k < operation->io_count; k++) {
        vdc_disk_io does = operation->io[k];
        uint32_t place;
        does.volume = number;
        if (vdc_io_add_io(&sim->io, io, &does, &place)) return vdc_no_memory(diag, "disk streams");
    }
    if (host == VDC_NOWHERE) return VDC_OK;
    if (spec->pool == 0 && (volumes[number].device = local_device(st, host)) == VDC_NOWHERE) return vdc_no_memory(diag, "volumes");
    if (!cap_volume(st, spec, &volumes[number])) return vdc_no_memory(diag, "volumes");
    if (!state.made && spec->image > 0) return copy_image(st, slot, number, false, diag);
    return runs(sim, slot) ? start_io(st, slot, number, diag) : VDC_OK;
}

vdc_code vdc_volume_attach(vdc_simulation *sim, uint32_t slot, const vdc_operation *operation, const char **refusal, vdc_diag *diag) {
    storage_state *st = state_of(sim);
    bool new_one = operation->size != VDC_PARAM_NONE;
    found_volume at = find_volume(sim, slot, operation, refusal);
    if (!st) return VDC_OK;
    if (at.found && at.slot == slot) *refusal = vdc_refuse(sim, "it has a volume '%.60s' already", operation->volume);
    else if (at.found && new_one && at.slot == VDC_NOWHERE) *refusal = vdc_refuse(sim, "there is a volume '%.60s' already", operation->volume);
    else if (at.found && !new_one && at.slot != VDC_NOWHERE)
        *refusal = vdc_refuse(sim, "it is attached to VM %" PRId64, sim->datacenter.records[at.slot].request.id);
    else if (new_one) *refusal = NULL;
    if (*refusal) return VDC_OK;
    const vdc_io_profile *profile = profile_of(sim, slot);
    uint32_t volumes = 0, streams = 0;
    for (uint32_t i = 0; i < profile->volume_count; i++) volumes += profile->volumes[i].size > 0;
    for (uint32_t i = 0; i < profile->io_count; i++) streams += profile->io[i].volume != VDC_IO_UNUSED;
    if (volumes + 1 > VDC_IO_MOST || streams + operation->io_count > VDC_IO_MOST) {
        *refusal = vdc_refuse(sim, "it has as many volumes or as much I/O as a VM can have");
        return VDC_OK;
    }
    if (!new_one) {
        loose_volume taken = st->loose[at.loose];
        if (operation->iops != VDC_UNCHANGED) taken.spec.iops = operation->iops;
        if (operation->bandwidth != VDC_UNCHANGED) taken.spec.bandwidth = operation->bandwidth;
        if (operation->weight != VDC_PARAM_NONE) taken.spec.weight = operation->weight;
        st->loose[at.loose] = st->loose[--st->loose_count];
        return take_volume(sim, slot, &taken.spec, taken.state, operation, diag);
    }
    uint32_t pool = find_pool(sim, operation->pool, refusal);
    if (*refusal) return VDC_OK;
    vdc_volume spec = new_volume(st, operation, pool);
    if (!spec.name) return vdc_no_memory(diag, "volumes");
    volume made = fresh_volume(st, spec.image);
    if (pool) made.device = pool - 1;
    if (pool && !pool_has_room(sim, pool, spec.size, spec.thin ? spec.image : spec.size, refusal)) return VDC_OK;
    vdc_code code = pool ? VDC_OK : promise(sim, slot, spec.size, promised(spec.iops), promised(spec.bandwidth), refusal, diag);
    if (code || *refusal) return code;
    pool_changed(st, &spec, &made, 1);
    code = review(st, &spec, diag);
    return code ? code : take_volume(sim, slot, &spec, made, operation, diag);
}

/* The VM's volume is no longer one of its: nothing goes on there. */
static vdc_code let_go(vdc_simulation *sim, uint32_t slot, uint32_t number, vdc_diag *diag) {
    storage_state *st = state_of(sim);
    vdc_code code = own_profile(sim, slot, diag);
    if (code) return code;
    vdc_io_profile *profile = &sim->io.items[sim->datacenter.records[slot].request.io];
    for (uint32_t k = 0; k < profile->io_count && !code; k++) {
        if (profile->io[k].volume != number) continue;
        code = vdc_activities_stop_item(&st->activities, sim, slot, k, diag);
        profile->io[k].volume = VDC_IO_UNUSED;
    }
    for (uint32_t i = st->first[slot], next; i != VDC_NOWHERE && !code; i = next) {
        next = st->streams[i].next;
        if (st->streams[i].volume == number && drop(st, i, true)) code = vdc_no_memory(diag, "disk streams"); /* its image, which begins anew elsewhere */
    }
    volume *v = &st->volumes[slot][number];
    v->copy = VDC_NOWHERE;
    uncap_volume(st, v);
    end_growth(st, v);
    profile->volumes[number] = (vdc_volume){0};
    return code;
}

vdc_code vdc_volume_detach(vdc_simulation *sim, uint32_t slot, const vdc_operation *operation, const char **refusal, vdc_diag *diag) {
    storage_state *st = state_of(sim);
    found_volume at = find_volume(sim, slot, operation, refusal);
    if (at.found && at.slot != slot) *refusal = vdc_refuse(sim, "it has no volume '%.60s'", operation->volume);
    if (!at.found || *refusal) return VDC_OK;
    vdc_volume spec = profile_of(sim, slot)->volumes[at.number];
    if (spec.pool == 0) *refusal = vdc_refuse(sim, "it is on the disks of its host: it can only be deleted");
    for (size_t i = 0; spec.name && i < st->loose_count; i++)
        if (is_named(&st->loose[i].spec, spec.name)) *refusal = vdc_refuse(sim, "another volume '%.60s' is attached to nobody", spec.name);
    if (*refusal) return VDC_OK;
    if (!VDC_RESERVE(st->loose, st->loose_room, st->loose_count + 1)) return vdc_no_memory(diag, "volumes");
    if (!spec.name) {
        char name[48];
        (void)snprintf(name, sizeof name, "%" PRId64 "/%" PRIu32, sim->datacenter.records[slot].request.id, at.number);
        if (!(spec.name = vdc_arena_strdup(&st->names, name))) return vdc_no_memory(diag, "volumes");
    }
    vdc_code code = let_go(sim, slot, at.number, diag);
    st->loose[st->loose_count++] = (loose_volume){spec, st->volumes[slot][at.number]};
    return code;
}

/* The specification of the volume that is meant, to change it. NULL: refused, or memory is out (*code). */
static vdc_volume *to_change(vdc_simulation *sim, uint32_t slot, const vdc_operation *operation, found_volume *at, vdc_code *code, const char **refusal,
                             vdc_diag *diag) {
    *at = find_volume(sim, slot, operation, refusal);
    *code = VDC_OK;
    if (!at->found) return NULL;
    if (at->slot == VDC_NOWHERE) return &state_of(sim)->loose[at->loose].spec;
    if (!is_at_rest(sim, at->slot, operation, refusal) || (*code = own_profile(sim, at->slot, diag))) return NULL;
    return &sim->io.items[sim->datacenter.records[at->slot].request.io].volumes[at->number];
}

/* It has another size, or less on it: so has its pool, and who writes may be held up or go on. */
static vdc_code volume_changed(storage_state *st, const found_volume *at, const vdc_volume *spec, vdc_diag *diag) {
    if (at->slot == VDC_NOWHERE || !spec->pool) return review(st, spec, diag);
    writes_changed(st, at->slot, at->number, 0);
    for (uint32_t i = st->first[at->slot]; i != VDC_NOWHERE; i = st->streams[i].next)
        if (st->streams[i].volume == at->number) ask_again(st, &st->streams[i]);
    return review(st, spec, diag);
}

static volume *state_of_found(storage_state *st, const found_volume *at) {
    return at->slot == VDC_NOWHERE ? &st->loose[at->loose].state : &st->volumes[at->slot][at->number];
}

/* Room for so much more of it in its pool or on the disks of its host, where it is taken at once; *refusal where there is none. */
static vdc_code make_room(vdc_simulation *sim, const found_volume *at, const vdc_volume *spec, int64_t more, int64_t taken, const char **refusal,
                          vdc_diag *diag) {
    if (spec->pool == 0) return promise(sim, at->slot, more, 0, 0, refusal, diag);
    (void)pool_has_room(sim, spec->pool, more, taken, refusal);
    return VDC_OK;
}

vdc_code vdc_volume_resize(vdc_simulation *sim, uint32_t slot, const vdc_operation *operation, const char **refusal, vdc_diag *diag) {
    storage_state *st = state_of(sim);
    found_volume at;
    vdc_code code;
    vdc_volume *spec = to_change(sim, slot, operation, &at, &code, refusal, diag);
    if (!spec) return code;
    int64_t more = operation->size - spec->size;
    if (more < 0) *refusal = vdc_refuse(sim, "it has %" PRId64 " bytes already, and volumes do not shrink", spec->size);
    if (*refusal || more == 0) return VDC_OK;
    code = make_room(sim, &at, spec, more, spec->thin ? 0 : more, refusal, diag);
    if (code || *refusal) return code;
    pool_changed(st, spec, state_of_found(st, &at), -1);
    spec->size = operation->size;
    pool_changed(st, spec, state_of_found(st, &at), 1);
    return volume_changed(st, &at, spec, diag);
}

vdc_code vdc_volume_snapshot(vdc_simulation *sim, uint32_t slot, const vdc_operation *operation, const char **refusal, vdc_diag *diag) {
    storage_state *st = state_of(sim);
    found_volume at;
    vdc_code code;
    vdc_volume *spec = to_change(sim, slot, operation, &at, &code, refusal, diag);
    if (!spec) return code;
    /* What is there stays; what is written from now on takes other room. A thick volume has that promised in full. */
    bool thin = spec->thin && spec->pool;
    int64_t kept = thin ? (int64_t)(written_by_now(st, state_of_found(st, &at)) / VDC_SECOND) : spec->size;
    code = make_room(sim, &at, spec, kept, thin ? 0 : kept, refusal, diag);
    if (code || *refusal) return code;
    volume *v = state_of_found(st, &at);
    pool_changed(st, spec, v, -1);
    v->pinned += kept;
    v->snapshots++;
    if (thin) v->written = 0;
    pool_changed(st, spec, v, 1);
    return volume_changed(st, &at, spec, diag);
}

vdc_code vdc_volume_delete(vdc_simulation *sim, uint32_t slot, const vdc_operation *operation, const char **refusal, vdc_diag *diag) {
    storage_state *st = state_of(sim);
    found_volume at = find_volume(sim, slot, operation, refusal);
    if (!at.found || (at.slot != VDC_NOWHERE && !is_at_rest(sim, at.slot, operation, refusal))) return VDC_OK;
    if (at.slot == VDC_NOWHERE) {
        vdc_volume gone = st->loose[at.loose].spec;
        pool_changed(st, &gone, &st->loose[at.loose].state, -1);
        st->loose[at.loose] = st->loose[--st->loose_count];
        return review(st, &gone, diag);
    }
    vdc_volume spec = profile_of(sim, at.slot)->volumes[at.number];
    if (spec.pool) {
        *refusal = vdc_refuse(sim, "it is attached to VM %" PRId64 ": detach it first", sim->datacenter.records[at.slot].request.id);
        return VDC_OK;
    }
    vdc_code code = promise(sim, at.slot, -spec.size - st->volumes[at.slot][at.number].pinned, -promised(spec.iops), -promised(spec.bandwidth), refusal, diag);
    return code || *refusal ? code : let_go(sim, at.slot, at.number, diag);
}

vdc_code vdc_volume_configure(vdc_simulation *sim, uint32_t slot, const vdc_operation *operation, const char **refusal, vdc_diag *diag) {
    storage_state *st = state_of(sim);
    found_volume at;
    vdc_code code;
    vdc_volume *spec = to_change(sim, slot, operation, &at, &code, refusal, diag);
    if (!spec) return code;
    vdc_volume made = *spec;
    if (operation->iops != VDC_UNCHANGED) made.iops = operation->iops;
    if (operation->bandwidth != VDC_UNCHANGED) made.bandwidth = operation->bandwidth;
    if (operation->weight != VDC_PARAM_NONE) made.weight = operation->weight;
    if (spec->pool == 0)
        code = promise(sim, at.slot, 0, promised(made.iops) - promised(spec->iops), promised(made.bandwidth) - promised(spec->bandwidth), refusal, diag);
    if (code || *refusal) return code;
    *spec = made;
    if (at.slot == VDC_NOWHERE || sim->datacenter.vms[at.slot].host == VDC_NOWHERE) return VDC_OK;
    /* Its streams go over the links of the new caps, with the new weight. */
    volume *v = &st->volumes[at.slot][at.number];
    volume old = *v;
    if (!cap_volume(st, &made, v)) return vdc_no_memory(diag, "volumes");
    for (uint32_t i = st->first[at.slot]; i != VDC_NOWHERE; i = st->streams[i].next) {
        const stream *s = &st->streams[i];
        vdc_flow_spec path;
        if (s->volume != at.number) continue;
        lay_path(st, s, &path);
        if (vdc_flows_reroute(sim->flows, s->flow, path.links, path.path) == VDC_ERROR_MEMORY
            || vdc_flows_change(sim->flows, s->flow, cap_of(st, s), made.weight))
            return vdc_no_memory(diag, "volumes");
    }
    uncap_volume(st, &old);
    return VDC_OK;
}

static vdc_volume_view view_of(const vdc_simulation *sim, const vdc_volume *spec, const volume *v, uint32_t slot, uint32_t number) {
    vdc_time now = sim->reached > sim->datacenter.now ? sim->reached : sim->datacenter.now;
    vdc_wide written = v->written + (vdc_wide)v->grows * (now - v->since);
    return (vdc_volume_view){.name = spec->name ? spec->name : "", .pool = spec->pool ? sim->scenario->pools[spec->pool - 1].name : "local", .slot = slot,
                             .number = number, .size = spec->size,
                             .taken = grows_with_writes(spec) ? (int64_t)(written / VDC_SECOND) : spec->size, .pinned = v->pinned,
                             .snapshots = v->snapshots, .thin = spec->thin, .ready = v->made || spec->image == 0};
}

bool vdc_volume_at(const vdc_simulation *sim, size_t n, vdc_volume_view *view) {
    const storage_state *st = state_of(sim);
    for (uint32_t slot = 0; st && slot < sim->datacenter.vm_count && slot < st->volume_slots; slot++) {
        const vdc_io_profile *profile = profile_of(sim, slot);
        for (uint32_t i = 0; st->volumes[slot] && i < profile->volume_count; i++) {
            if (profile->volumes[i].size == 0 || n-- > 0) continue;
            *view = view_of(sim, &profile->volumes[i], &st->volumes[slot][i], slot, i);
            return true;
        }
    }
    if (!st || n >= st->loose_count) return false;
    *view = view_of(sim, &st->loose[n].spec, &st->loose[n].state, VDC_NOWHERE, 0);
    return true;
}

/* ---- the part ---- */

static vdc_code open(vdc_simulation *sim, vdc_diag *diag) {
    const vdc_hosts *hosts = &sim->datacenter.hosts;
    if (!sim->io.storing && !vdc_storage_swaps(sim)) return VDC_OK;
    vdc_code code = vdc_flows_wanted(sim, diag);
    if (code) return code;
    storage_state *st = vdc_calloc(1, sizeof *st);
    sim->parts[VDC_PART_storage] = st;
    if (!st || !(st->local = vdc_malloc(((size_t)hosts->count + 1) * sizeof *st->local))) return vdc_no_memory(diag, "the storage");
    for (uint32_t h = 0; h < hosts->count; h++) st->local[h] = VDC_NOWHERE;
    st->sim = sim;
    st->user = (vdc_flow_user){rate_changed, copy_ended, st};
    st->swap_user = (vdc_flow_user){swap_changed, NULL, st};
    st->unused = st->images = VDC_NOWHERE;
    vdc_activities_setup(&st->activities, VDC_PART_storage, begin_io, end_io);
    for (size_t p = 0; p < sim->scenario->pool_count; p++) {
        if (add_device(st, &sim->scenario->pools[p], vdc_endpoint_of_pool(sim, (uint32_t)p)) == VDC_NOWHERE) return vdc_no_memory(diag, "the storage");
        if (sim->scenario->pools[p].images && st->images == VDC_NOWHERE) st->images = (uint32_t)p;
    }
    for (int r = VDC_IOPS; r <= (sim->scenario->pool_count ? VDC_NET_RX : VDC_DISK_BW); r++)
        if (hosts->free[r]) sim->datacenter.serviced |= 1u << r;
    return VDC_OK;
}

static void close(vdc_simulation *sim) {
    storage_state *st = state_of(sim);
    if (!st) return;
    for (size_t i = 0; i < st->volume_slots; i++) vdc_free(st->volumes[i]);
    vdc_free(st->volumes);
    vdc_free(st->first);
    vdc_free(st->local);
    vdc_free(st->devices);
    vdc_free(st->loose);
    vdc_arena_free(&st->names);
    vdc_free(st->streams);
    vdc_free(st->growths);
    vdc_activities_free(&st->activities);
    vdc_free(st->spare.items);
    vdc_free(st);
    sim->parts[VDC_PART_storage] = NULL;
}

static vdc_code event(vdc_simulation *sim, uint32_t subject, vdc_diag *diag) {
    storage_state *st = state_of(sim);
    if (subject < growth_subject) return vdc_activities_event(&st->activities, sim, subject, diag);
    sim->background_events--;
    if (subject & pool_subject) {
        st->devices[subject & ~pool_subject].filling = 0;
        return review_pool(st, subject & ~pool_subject, diag);
    }
    growth *g = &st->growths[subject & ~growth_subject];
    g->event = 0;
    volume_is_filled(st, g);
    return VDC_OK;
}

static void advance(vdc_simulation *sim) {
    storage_state *st = state_of(sim);
    for (size_t i = 0; i < st->device_count; i++) advance_device(st, &st->devices[i]);
}

/* What a volume of a pool promises and takes. */
static void check_volume(const storage_state *st, vdc_checks *checks, const vdc_volume *spec, const volume *v, vdc_wide *sizes, vdc_wide *taken) {
    *sizes += spec->size + v->pinned;
    *taken += (vdc_wide)v->pinned * VDC_SECOND + (spec->thin ? written_by_now(st, v) : (vdc_wide)spec->size * VDC_SECOND);
    vdc_check_at_most(checks, VDC_I8_PHYSICAL, st->sim->datacenter.now, written_by_now(st, v), (vdc_wide)spec->size * VDC_SECOND);
}

vdc_wide vdc_storage_crossed(const vdc_simulation *sim, bool received) {
    const storage_state *st = state_of(sim);
    if (!st) return 0;
    vdc_wide sum = st->crossed[received];
    for (size_t i = 0; i < st->stream_count; i++)
        if (st->streams[i].flow != VDC_NO_FLOW && crosses(&st->streams[i]) == (int)received)
            sum += vdc_flows_moved(sim->flows, st->streams[i].flow) * st->streams[i].request;
    return sum;
}

/* What hosts' disks were given fits them; what a pool promises is what its volumes come to, and so is what they take. */
static void check(vdc_simulation *sim, vdc_checks *checks) {
    storage_state *st = state_of(sim);
    const vdc_datacenter *dc = &sim->datacenter;
    for (int r = VDC_IOPS; r <= VDC_DISK_BW; r++)
        for (uint32_t h = 0; dc->hosts.free[r] && dc->track_hosts && h < dc->hosts.count; h++) {
            int64_t most = dc->hosts.classes[dc->hosts.class_of[h]].physical[r];
            if (most) vdc_check_at_most(checks, VDC_I8_PHYSICAL, dc->now, vdc_ledger_rate(&dc->host_ledger, h, (vdc_flow)(VDC_FLOW_G + r)), most);
        }
    for (size_t p = 0; p < sim->scenario->pool_count; p++) {
        vdc_wide sizes = 0, taken = 0;
        for (uint32_t slot = 0; slot < dc->vm_count && slot < st->volume_slots; slot++)
            for (uint32_t i = 0; st->volumes[slot] && i < profile_of(sim, slot)->volume_count; i++)
                if (profile_of(sim, slot)->volumes[i].pool == p + 1)
                    check_volume(st, checks, &profile_of(sim, slot)->volumes[i], &st->volumes[slot][i], &sizes, &taken);
        for (size_t i = 0; i < st->loose_count; i++)
            if (st->loose[i].spec.pool == p + 1) check_volume(st, checks, &st->loose[i].spec, &st->loose[i].state, &sizes, &taken);
        vdc_check_equal(checks, VDC_I7_COMMIT, dc->now, sizes, (vdc_wide)st->devices[p].thick + st->devices[p].thin);
        vdc_check_equal(checks, VDC_I8_PHYSICAL, dc->now, taken, taken_by_now(st, &st->devices[p]));
        vdc_check_at_most(checks, VDC_I8_PHYSICAL, dc->now, taken, (vdc_wide)sim->scenario->pools[p].size * VDC_SECOND);
    }
}

static const vdc_column tick_columns[] = {
    {"disk_latency", "s", "of the operations in the tick, mean over all of them; 0 without any", VDC_CELL_REAL, NULL, 1},
    {"storage_held", "byte", "that volumes in pools on the network promise at the end of the tick", VDC_CELL_REAL, NULL, 1},
    {"storage_taken", "byte", "that volumes in such pools take: thick ones their size, thin ones what was written", VDC_CELL_REAL, NULL, 1},
};

/* Pools only where there are some. */
static size_t tick_columns_used(const vdc_simulation *sim) { return sim->scenario->pool_count ? 3 : 2; }

/* Mean over the operations since those that are given, which become all. */
static double mean_latency(const storage_state *st, double *waited_before, double *done_before) {
    double waited = 0, done = 0, since;
    for (size_t i = 0; i < st->device_count; i++) waited += st->devices[i].waited, done += st->devices[i].done;
    since = done > *done_before ? (waited - *waited_before) / (done - *done_before) : 0;
    *waited_before = waited;
    *done_before = done;
    return since;
}

static void tick(vdc_simulation *sim, uint32_t entity, vdc_row *row) {
    storage_state *st = state_of(sim);
    double held = 0, taken = 0;
    (void)entity;
    for (size_t p = 0; p < sim->scenario->pool_count; p++) {
        held += (double)st->devices[p].thick + (double)st->devices[p].thin;
        taken += vdc_wide_over(taken_by_now(st, &st->devices[p]), VDC_SECOND);
    }
    vdc_row_real(row, mean_latency(st, &st->tick_waited, &st->tick_done));
    vdc_row_real(row, held);
    if (sim->scenario->pool_count) vdc_row_real(row, taken);
}

static const vdc_column vm_columns[] = {
    {"disk_ops", "1", "operations on its host's disks", VDC_CELL_REAL, NULL, 1},
    {"disk_bytes", "byte", "read and written on its host's disks", VDC_CELL_REAL, NULL, 1},
    {"net_tx_bytes", "byte", "sent over its host's NIC", VDC_CELL_REAL, NULL, 1},
    {"net_rx_bytes", "byte", "received over its host's NIC", VDC_CELL_REAL, NULL, 1},
};

/* NICs where the part for networks does not say it. */
static size_t vm_columns_used(const vdc_simulation *sim) {
    return sim->scenario->pool_count && sim->datacenter.hosts.free[VDC_NET_TX] && !sim->parts[VDC_PART_network] ? 4 : 2;
}

static void vm_row(vdc_simulation *sim, uint32_t slot, vdc_row *row) {
    vdc_row_real(row, vdc_vm_details_known(&sim->datacenter, slot)->totals.moved[VDC_IOPS]);
    vdc_row_real(row, vdc_vm_details_known(&sim->datacenter, slot)->totals.moved[VDC_DISK_BW]);
    for (size_t r = VDC_NET_TX; r < VDC_NET_TX + vm_columns_used(sim) - 2; r++)
        vdc_row_real(row, vdc_vm_details_known(&sim->datacenter, slot)->totals.moved[r]);
}

static void summary(vdc_simulation *sim, vdc_summary *s) {
    storage_state *st = state_of(sim);
    double pool_operations = 0, operations = 0, most = 0, waited = 0, done = 0;
    vdc_wide held = 0, most_taken = 0, full_time = 0;
    advance(sim);
    for (size_t i = 0; i < st->device_count; i++) {
        const device *d = &st->devices[i];
        operations += d->done;
        if (d->latency_most > most) most = d->latency_most;
        if (i >= sim->scenario->pool_count) continue;
        pool_operations += d->done;
        held += d->held;
        most_taken += d->taken_most;
        full_time += d->full_time;
    }
    vdc_summary_real(s, "disk_ops", operations, "1", "operations on volumes");
    vdc_summary_real(s, "disk_latency_mean_s", mean_latency(st, &waited, &done), "s", "mean over all operations");
    vdc_summary_real(s, "disk_latency_max_s", most, "s", "at the highest load of any device");
    vdc_summary_integer(s, "images_copied", st->copies, "images copied to volumes before VMs booted");
    vdc_summary_real(s, "image_bytes", vdc_wide_over(st->copied, VDC_SECOND), "byte", "of them, of copies that were given up too");
    if (vdc_storage_swaps(sim)) vdc_summary_real(s, "swap_pages_read", pages_read(st), "1", "pages of 4 KiB that VMs missed and hosts read from their disks");
    if (!sim->scenario->pool_count) return;
    vdc_summary_real(s, "storage_ops", pool_operations, "1", "operations on pools that are reached over the network");
    vdc_summary_real(s, "P_storage_byte_s", vdc_wide_over(held, VDC_SECOND), "byte s", "that volumes in such pools promised");
    vdc_summary_real(s, "storage_taken_max_bytes", vdc_wide_over(most_taken, VDC_SECOND), "byte",
                     "most that volumes took of such pools, the sum of each pool's own");
    vdc_summary_real(s, "storage_full_s", vdc_wide_over(full_time, VDC_SECOND), "s", "that pools were full and writes to thin volumes held up");
}

const vdc_part vdc_part_storage = {
    .name = "storage", .open = open, .close = close, .event = event, .placed = placed, .booted = booted, .halted = halted, .removing = removing, .left = left,
    .advance = advance, .check = check, .ticks = {tick_columns, 3, tick_columns_used, tick}, .vms = {vm_columns, 4, vm_columns_used, vm_row},
    .summary = summary,
};
