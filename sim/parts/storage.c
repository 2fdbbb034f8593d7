/* Storage: volumes on the disks of hosts and on pools that are reached over the network, their I/O, and images that are copied before a VM boots
 * (models.md 4.4.3).
 *
 * A device (the disks of a host, a pool) is two links: operations and bytes a second. A stream of requests of z bytes at x a second takes x
 * of the one and x z of the other, and of every link of the network between them x z. Its latency is L0 (1 + rho (1 + cv^2) / (2 (1 - rho))),
 * rho the larger load of the two, at most 0.98 (M/G/1; with cv = 1 that is L0 / (1 - rho)). A rotating disk with n streams passes
 * bandwidth / (1 + 0.1 (n - 1)) bytes a second.
 */
#include "sim/parts/storage.h"

#include "sim/parts/activity.h"
#include "sim/parts/flows.h"

static const double most_load = 0.98, stream_penalty = 0.1;

/* The disks of a host, or a pool. */
typedef struct device {
    uint32_t operations, bytes;  /* links; VDC_NO_LINK = never short */
    uint32_t endpoint;
    int64_t bandwidth;           /* bytes/s with one stream */
    double latency, variation;   /* s when idle */
    bool rotating;
    uint32_t streams;            /* flows on it now */
    /* Accounts: operations x latency, up to since. */
    vdc_time since;
    int64_t rate;                /* operations/s now */
    double latency_now, latency_most;
    double waited;               /* s of all operations together */
    double done;                 /* operations */
    /* Of a pool: bytes. */
    int64_t thick, thin, taken;  /* sizes of its volumes; what the thin ones take */
    vdc_wide held;               /* byte·ns that volumes promise, up to since */
} device;

typedef struct volume {
    uint32_t device;             /* VDC_NOWHERE = not yet known */
    uint32_t operations, bytes;  /* links of its caps */
    uint32_t copy;               /* the stream that fills it from its image; VDC_NOWHERE = none */
    bool made;                   /* it has been: taken from its pool, its image is on it */
} volume;

/* I/O of a VM, or an image that is copied. */
typedef struct stream {
    uint32_t flow, slot, activity, volume; /* activity VDC_NOWHERE = a copy */
    uint32_t next, previous;     /* of the VM's */
    uint32_t devices[2];         /* it loads; [1] = the source of a copy or VDC_NOWHERE */
    int64_t request;             /* bytes a unit of the flow */
    int64_t rate;
    int64_t resumes;             /* its rate before it moved */
    bool write, local;           /* local: on the host's own disks */
} stream;

typedef struct storage_state {
    vdc_simulation *sim;
    vdc_flow_user user;
    vdc_activities activities;
    vdc_spare_links spare;
    device *devices;             /* the pools, then the disks of hosts as they are needed */
    size_t device_count, device_room;
    uint32_t *local;             /* [host] its device, VDC_NOWHERE = none yet */
    volume **volumes;            /* [slot] of its VM, or NULL */
    uint32_t *first;             /* [slot] its streams */
    size_t volume_slots, first_slots;
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
    d->latency_now = d->latency * (1 + rho * (1 + d->variation * d->variation) / (2 * (1 - rho)));
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
                  .variation = spec->variation, .rotating = spec->kind == VDC_DISK_HDD, .since = sim->datacenter.now};
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

/* ---- streams ---- */

/* The rate of the stream is another one: so are the accounts of its devices and its VM. */
static void serve(storage_state *st, stream *s, int64_t rate) {
    vdc_datacenter *dc = &st->sim->datacenter;
    int64_t change = rate - s->rate, bytes = change * s->request;
    s->rate = rate;
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
    if (s->activity == VDC_NOWHERE) st->copied += vdc_flows_moved(st->sim->flows, s->flow);
    vdc_code code = close ? vdc_flows_close(st->sim->flows, s->flow) : VDC_OK;
    serve(st, s, 0);
    if (s->local && over) vdc_datacenter_unused(&st->sim->datacenter, s->slot, VDC_DISK_BW, over);
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

static vdc_code copy_ended(void *context, uint32_t flow, uint64_t subject, int64_t rate, vdc_diag *diag) {
    storage_state *st = context;
    const stream *s = &st->streams[subject];
    uint32_t slot = s->slot;
    volume *v = &st->volumes[slot][s->volume];
    (void)flow, (void)rate;
    v->copy = VDC_NOWHERE;
    v->made = true;
    st->copies++;
    vdc_code code = drop(st, (uint32_t)subject, false);
    return code ? vdc_no_memory(diag, "disk streams") : vdc_run_boot(st->sim, slot, diag);
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
    vdc_code code = open_stream(st, made, VDC_FLOW_ENDLESS, io->pattern.rate, spec->weight, &index, diag);
    if (!code) act->stream = index;
    return code;
}

static vdc_code end_io(vdc_simulation *sim, uint32_t activity, vdc_diag *diag) {
    storage_state *st = state_of(sim);
    uint32_t index = st->activities.items[activity].stream;
    return index != VDC_NOWHERE && drop(st, index, true) ? vdc_no_memory(diag, "disk streams") : VDC_OK;
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
        vdc_wide promised = (vdc_wide)d->thick + d->thin, taken = (vdc_wide)d->thick + d->taken;
        for (uint32_t k = 0; k < profile->volume_count; k++) {
            if (profile->volumes[k].pool != profile->volumes[i].pool) continue;
            promised += profile->volumes[k].size;
            taken += profile->volumes[k].thin ? profile->volumes[k].image : profile->volumes[k].size;
        }
        if ((double)promised > (double)pool->size * pool->overcommit || taken > pool->size) return false;
    }
    return true;
}

/* Takes a volume from its pool, or gives it back. */
static void pool_changed(storage_state *st, const vdc_volume *spec, int sign) {
    if (spec->pool == 0) return;
    device *d = &st->devices[spec->pool - 1];
    advance_device(st, d);
    if (spec->thin) d->thin += sign * spec->size, d->taken += sign * spec->image;
    else d->thick += sign * spec->size;
}

static vdc_code attach(storage_state *st, uint32_t slot, const vdc_io_profile *profile) {
    size_t known = st->volume_slots, heads = st->first_slots;
    if (!VDC_RESERVE(st->volumes, st->volume_slots, (size_t)slot + 1) || !VDC_RESERVE(st->first, st->first_slots, (size_t)slot + 1)) return VDC_ERROR_MEMORY;
    for (; known < st->volume_slots; known++) st->volumes[known] = NULL;
    for (; heads < st->first_slots; heads++) st->first[heads] = VDC_NOWHERE;
    if (!st->volumes[slot]) {
        if (!(st->volumes[slot] = vdc_calloc(profile->volume_count, sizeof **st->volumes))) return VDC_ERROR_MEMORY;
        for (uint32_t i = 0; i < profile->volume_count; i++) pool_changed(st, &profile->volumes[i], 1);
    }
    for (uint32_t i = 0; i < profile->volume_count; i++) {
        const vdc_volume *spec = &profile->volumes[i];
        volume *v = &st->volumes[slot][i];
        v->operations = v->bytes = VDC_NO_LINK;
        v->copy = VDC_NOWHERE;
        uint32_t before = v->device;
        v->device = spec->pool ? spec->pool - 1 : local_device(st, st->sim->datacenter.vms[slot].host);
        if (v->device == VDC_NOWHERE) return VDC_ERROR_MEMORY;
        v->made = v->made && v->device == before; /* what lay on another host's disks stayed there */
        if (spec->iops != VDC_UNLIMITED && (v->operations = vdc_spare_link(st->sim, &st->spare, spec->iops)) == VDC_NO_LINK) return VDC_ERROR_MEMORY;
        if (spec->bandwidth != VDC_UNLIMITED && (v->bytes = vdc_spare_link(st->sim, &st->spare, spec->bandwidth)) == VDC_NO_LINK) return VDC_ERROR_MEMORY;
    }
    return VDC_OK;
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
    if (sim->moving) return come_to_host(st, slot, profile) ? vdc_no_memory(diag, "volumes") : VDC_OK;
    if (attach(st, slot, profile)) return vdc_no_memory(diag, "volumes");
    for (uint32_t i = 0; i < profile->volume_count; i++) {
        volume *v = &st->volumes[slot][i];
        const vdc_volume *spec = &profile->volumes[i];
        if (v->made || spec->image == 0) continue;
        stream made = {.slot = slot, .activity = VDC_NOWHERE, .volume = i, .devices = {v->device, st->images == v->device ? VDC_NOWHERE : st->images},
                       .request = 1, .write = true, .local = spec->pool == 0};
        vdc_code code = open_stream(st, made, spec->image, VDC_FLOW_UNCAPPED, spec->weight, &v->copy, diag);
        if (code) return code;
        vdc_vm_details *details = vdc_vm_details_of(&sim->datacenter, slot);
        if (!details) return vdc_no_memory(diag, "volumes");
        details->boot_holds++;
    }
    return VDC_OK;
}

static vdc_code booted(vdc_simulation *sim, uint32_t slot, vdc_diag *diag) {
    const vdc_io_profile *profile = profile_of(sim, slot);
    vdc_code code = VDC_OK;
    for (uint32_t i = 0; !code && i < profile->io_count; i++)
        code = vdc_activities_start(&state_of(sim)->activities, sim, slot, i, &profile->io[i].pattern, diag);
    return code;
}

/* Where a failure can be told only at the run's next step. */
static void note(vdc_simulation *sim, vdc_code code) {
    if (!sim->part_failure) sim->part_failure = code;
}

static void halted(vdc_simulation *sim, uint32_t slot) {
    if (profile_of(sim, slot)->volume_count) note(sim, vdc_activities_stop(&state_of(sim)->activities, sim, slot, NULL));
}

static vdc_code take_off(vdc_simulation *sim, uint32_t slot, vdc_diag *diag) {
    const vdc_io_profile *profile = profile_of(sim, slot);
    storage_state *st = state_of(sim);
    if (!profile->volume_count) return VDC_OK;
    if (sim->moving) {
        leave_host(st, slot);
        return VDC_OK;
    }
    vdc_code code = vdc_activities_stop(&st->activities, sim, slot, diag);
    while (!code && st->first[slot] != VDC_NOWHERE) code = drop(st, st->first[slot], true);
    for (uint32_t i = 0; i < profile->volume_count; i++) {
        (void)vdc_spare_link_return(&st->spare, st->volumes[slot][i].operations); /* without memory the link is not used again */
        (void)vdc_spare_link_return(&st->spare, st->volumes[slot][i].bytes);
    }
    return code;
}

static void removing(vdc_simulation *sim, uint32_t slot) { note(sim, take_off(sim, slot, NULL)); }

static void left(vdc_simulation *sim, uint32_t slot) {
    const vdc_io_profile *profile = profile_of(sim, slot);
    storage_state *st = state_of(sim);
    if (!profile->volume_count || slot >= st->volume_slots || !st->volumes[slot]) return;
    for (uint32_t i = 0; i < profile->volume_count; i++) pool_changed(st, &profile->volumes[i], -1);
    vdc_free(st->volumes[slot]);
    st->volumes[slot] = NULL;
}

/* ---- the part ---- */

static vdc_code open(vdc_simulation *sim, vdc_diag *diag) {
    const vdc_hosts *hosts = &sim->datacenter.hosts;
    if (!sim->io.storing) return VDC_OK;
    vdc_code code = vdc_flows_wanted(sim, diag);
    if (code) return code;
    storage_state *st = vdc_calloc(1, sizeof *st);
    sim->parts[VDC_PART_storage] = st;
    if (!st || !(st->local = vdc_malloc(((size_t)hosts->count + 1) * sizeof *st->local))) return vdc_no_memory(diag, "the storage");
    for (uint32_t h = 0; h < hosts->count; h++) st->local[h] = VDC_NOWHERE;
    st->sim = sim;
    st->user = (vdc_flow_user){rate_changed, copy_ended, st};
    st->unused = st->images = VDC_NOWHERE;
    vdc_activities_setup(&st->activities, VDC_PART_storage, begin_io, end_io);
    for (size_t p = 0; p < sim->scenario->pool_count; p++) {
        if (add_device(st, &sim->scenario->pools[p], vdc_endpoint_of_pool(sim, (uint32_t)p)) == VDC_NOWHERE) return vdc_no_memory(diag, "the storage");
        if (sim->scenario->pools[p].images && st->images == VDC_NOWHERE) st->images = (uint32_t)p;
    }
    for (int r = VDC_IOPS; r <= VDC_DISK_BW; r++)
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
    vdc_free(st->streams);
    vdc_activities_free(&st->activities);
    vdc_free(st->spare.items);
    vdc_free(st);
    sim->parts[VDC_PART_storage] = NULL;
}

static vdc_code event(vdc_simulation *sim, uint32_t subject, vdc_diag *diag) {
    return vdc_activities_event(&state_of(sim)->activities, sim, subject, diag);
}

static void advance(vdc_simulation *sim) {
    storage_state *st = state_of(sim);
    for (size_t i = 0; i < st->device_count; i++) advance_device(st, &st->devices[i]);
}

/* What hosts' disks were given fits them; what a pool promises is what its volumes come to. */
static void check(vdc_simulation *sim, vdc_checks *checks) {
    storage_state *st = state_of(sim);
    const vdc_datacenter *dc = &sim->datacenter;
    for (int r = VDC_IOPS; r <= VDC_DISK_BW; r++)
        for (uint32_t h = 0; dc->hosts.free[r] && dc->track_hosts && h < dc->hosts.count; h++) {
            int64_t most = dc->hosts.classes[dc->hosts.class_of[h]].physical[r];
            if (most) vdc_check_at_most(checks, VDC_I8_PHYSICAL, dc->now, vdc_ledger_rate(&dc->host_ledger, h, (vdc_flow)(VDC_FLOW_G + r)), most);
        }
    for (size_t p = 0; p < sim->scenario->pool_count; p++) {
        vdc_wide sizes = 0;
        for (uint32_t slot = 0; slot < dc->vm_count && slot < st->volume_slots; slot++)
            for (uint32_t i = 0; st->volumes[slot] && i < profile_of(sim, slot)->volume_count; i++)
                if (profile_of(sim, slot)->volumes[i].pool == p + 1) sizes += profile_of(sim, slot)->volumes[i].size;
        vdc_check_equal(checks, VDC_I7_COMMIT, dc->now, sizes, (vdc_wide)st->devices[p].thick + st->devices[p].thin);
    }
}

static const vdc_column tick_columns[] = {
    {"disk_latency", "s", "of the operations in the tick, mean over all of them; 0 without any", VDC_CELL_REAL, NULL, 1},
    {"storage_held", "byte", "that volumes in pools on the network promise at the end of the tick", VDC_CELL_REAL, NULL, 1},
};

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
    double held = 0;
    (void)entity;
    for (size_t p = 0; p < sim->scenario->pool_count; p++) held += (double)st->devices[p].thick + (double)st->devices[p].thin;
    vdc_row_real(row, mean_latency(st, &st->tick_waited, &st->tick_done));
    vdc_row_real(row, held);
}

static const vdc_column vm_columns[] = {
    {"disk_ops", "1", "operations on its host's disks", VDC_CELL_REAL, NULL, 1},
    {"disk_bytes", "byte", "read and written on its host's disks", VDC_CELL_REAL, NULL, 1},
};

static void vm_row(vdc_simulation *sim, uint32_t slot, vdc_row *row) {
    vdc_row_real(row, vdc_vm_details_known(&sim->datacenter, slot)->totals.moved[VDC_IOPS]);
    vdc_row_real(row, vdc_vm_details_known(&sim->datacenter, slot)->totals.moved[VDC_DISK_BW]);
}

static void summary(vdc_simulation *sim, vdc_summary *s) {
    storage_state *st = state_of(sim);
    double pool_operations = 0, operations = 0, most = 0, waited = 0, done = 0;
    vdc_wide held = 0;
    advance(sim);
    for (size_t i = 0; i < st->device_count; i++) {
        const device *d = &st->devices[i];
        operations += d->done;
        if (d->latency_most > most) most = d->latency_most;
        if (i >= sim->scenario->pool_count) continue;
        pool_operations += d->done;
        held += d->held;
    }
    vdc_summary_real(s, "disk_ops", operations, "1", "operations on volumes");
    vdc_summary_real(s, "disk_latency_mean_s", mean_latency(st, &waited, &done), "s", "mean over all operations");
    vdc_summary_real(s, "disk_latency_max_s", most, "s", "at the highest load of any device");
    vdc_summary_integer(s, "images_copied", st->copies, "images copied to volumes before VMs booted");
    vdc_summary_real(s, "image_bytes", vdc_wide_over(st->copied, VDC_SECOND), "byte", "of them, of copies that were given up too");
    if (!sim->scenario->pool_count) return;
    vdc_summary_real(s, "storage_ops", pool_operations, "1", "operations on pools that are reached over the network");
    vdc_summary_real(s, "P_storage_byte_s", vdc_wide_over(held, VDC_SECOND), "byte s", "that volumes in such pools promised");
}

const vdc_part vdc_part_storage = {
    .name = "storage", .open = open, .close = close, .event = event, .placed = placed, .booted = booted, .halted = halted, .removing = removing, .left = left,
    .advance = advance, .check = check, .ticks = {tick_columns, 2, NULL, tick}, .vms = {vm_columns, 2, NULL, vm_row}, .summary = summary,
};
