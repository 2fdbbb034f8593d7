/* Networks: the vNICs of VMs on tenant networks, and the traffic that VMs send.
 *
 * A stream to a VM that is not there waits for it; a message to nobody is lost and counted. Between VMs of one host only the caps of
 * their vNICs limit, and the host's NIC carries nothing: such bytes are counted apart. Where VMs' bytes cross their hosts' NICs they are net_tx
 * of the one and net_rx of the other.
 */
#include "sim/parts/network.h"

#include <inttypes.h>
#include <string.h>

#include "sim/operations.h"
#include "sim/parts/activity.h"
#include "sim/parts/flows.h"
#include "workloads/id_map.h"

/* A vNIC of a VM that is on a host. */
typedef struct nic {
    uint32_t slot, vnic;         /* slot VDC_NOWHERE = unused */
    uint32_t tx, rx;             /* links of its caps; VDC_NO_LINK = no cap */
    uint32_t member;             /* its place among the network's */
} nic;

/* A stream or a message on its way. */
typedef struct wire {
    uint32_t flow, from, to;     /* slots; to VDC_NOWHERE = outside */
    uint32_t activity;           /* of a stream; VDC_NOWHERE = a message */
    uint32_t tx, rx;             /* links of the vNICs' caps */
    uint32_t vnics[2];           /* of the VMs at its ends */
    uint64_t key;                /* of its path */
    uint32_t next[2], previous[2]; /* of those that the VM sends, receives */
    int64_t rate, amount;
    int64_t resumes;             /* its rate before it moved */
    vdc_wide counted;            /* of what it moved, in the accounts below */
    bool local;                  /* within one host */
} wire;

typedef struct member_list {
    uint32_t *nics;
    size_t count, capacity;
} member_list;

typedef struct network_state {
    vdc_simulation *sim;
    vdc_flow_user user;
    vdc_activities activities;
    vdc_spare_links spare;
    nic *nics;
    size_t nic_count, nic_room;
    uint32_t unused_nics[VDC_IO_MOST + 1]; /* heads of lists by the number that follow each other */
    vdc_network_spec *specs;     /* [network] */
    member_list *networks;       /* [network] the vNICs on it */
    size_t network_count, spec_room, network_room;
    vdc_arena names;             /* of those that came while the run goes on */
    uint32_t *first_nic;         /* [slot] its vNICs follow each other; VDC_NOWHERE = none */
    uint32_t *first_wire[2];     /* [slot] what it sends, receives */
    size_t nic_slots, wire_slots[2];
    wire *wires;
    size_t wire_count, wire_room;
    uint32_t unused_wire;
    uint32_t *waiting;           /* streams whose other end is not there */
    size_t waiting_count, waiting_room;
    vdc_id_map slots;            /* of the VMs with vNICs on hosts, by id; VDC_NOWHERE - 1 = left */
    int64_t messages, lost;
    int64_t tick_messages;       /* up to the last tick */
    vdc_wide delivered;          /* bytes of messages */
    vdc_wide local, outside;     /* bytes x ns of flows that are over */
    vdc_wide crossed;            /* the same of all that crossed NICs */
} network_state;

enum { GONE = UINT32_MAX - 1 };

static const vdc_io_profile *profile_of(const vdc_simulation *sim, uint32_t slot) { return &sim->io.items[sim->datacenter.records[slot].request.io]; }

static network_state *state_of(const vdc_simulation *sim) { return sim->parts[VDC_PART_network]; }

/* ---- wires ---- */

static vdc_code grow_heads(uint32_t **heads, size_t *count, uint32_t slot) {
    size_t known = *count;
    if (!vdc_reserve(heads, count, (size_t)slot + 1, sizeof **heads)) return VDC_ERROR_MEMORY;
    for (; known < *count; known++) (*heads)[known] = VDC_NOWHERE;
    return VDC_OK;
}

static void chain(network_state *net, uint32_t index, int side, uint32_t slot) {
    wire *w = &net->wires[index];
    w->previous[side] = VDC_NOWHERE;
    w->next[side] = net->first_wire[side][slot];
    if (w->next[side] != VDC_NOWHERE) net->wires[w->next[side]].previous[side] = index;
    net->first_wire[side][slot] = index;
}

static void unchain(network_state *net, uint32_t index, int side, uint32_t slot) {
    wire *w = &net->wires[index];
    if (w->previous[side] != VDC_NOWHERE) net->wires[w->previous[side]].next[side] = w->next[side];
    else net->first_wire[side][slot] = w->next[side];
    if (w->next[side] != VDC_NOWHERE) net->wires[w->next[side]].previous[side] = w->previous[side];
}

/* The rate of the wire is another one: so are the accounts of its ends. */
static void serve(network_state *net, wire *w, int64_t rate) {
    if (!w->local) {
        vdc_datacenter_serve(&net->sim->datacenter, w->from, VDC_NET_TX, rate - w->rate);
        if (w->to != VDC_NOWHERE) vdc_datacenter_serve(&net->sim->datacenter, w->to, VDC_NET_RX, rate - w->rate);
    }
    w->rate = rate;
}

/* What it moved so far goes where it belongs. */
static void count_moved(network_state *net, wire *w) {
    vdc_wide moved = vdc_flows_moved(net->sim->flows, w->flow) - w->counted;
    *(w->local ? &net->local : &net->crossed) += moved;
    if (w->to == VDC_NOWHERE) net->outside += moved;
    w->counted += moved;
}

/* Takes the wire out: its flow is over, or is closed here. */
static vdc_code drop(network_state *net, uint32_t index, bool close) {
    wire *w = &net->wires[index];
    count_moved(net, w);
    serve(net, w, 0);
    vdc_wide over = vdc_flows_overshoot(net->sim->flows, w->flow);
    if (!w->local && over) {
        vdc_datacenter_unused(&net->sim->datacenter, w->from, VDC_NET_TX, over);
        if (w->to != VDC_NOWHERE) vdc_datacenter_unused(&net->sim->datacenter, w->to, VDC_NET_RX, over);
    }
    vdc_code code = close ? vdc_flows_close(net->sim->flows, w->flow) : VDC_OK;
    unchain(net, index, 0, w->from);
    if (w->to != VDC_NOWHERE) unchain(net, index, 1, w->to);
    if (w->activity != VDC_NOWHERE) net->activities.items[w->activity].stream = VDC_NOWHERE;
    w->flow = VDC_NO_FLOW;
    w->next[0] = net->unused_wire;
    net->unused_wire = index;
    return code;
}

static vdc_code rate_changed(void *context, uint32_t flow, uint64_t subject, int64_t old_rate, int64_t new_rate, vdc_diag *diag) {
    network_state *net = context;
    (void)flow, (void)old_rate, (void)diag;
    serve(net, &net->wires[subject], new_rate);
    return VDC_OK;
}

static vdc_code message_ended(void *context, uint32_t flow, uint64_t subject, int64_t rate, vdc_diag *diag) {
    network_state *net = context;
    wire *w = &net->wires[subject];
    (void)flow, (void)rate, (void)diag;
    net->messages++;
    net->delivered += w->amount;
    return drop(net, (uint32_t)subject, false);
}

/* ---- who talks to whom ---- */

static const nic *nic_of(const network_state *net, uint32_t slot, uint32_t vnic) { return &net->nics[net->first_nic[slot] + vnic]; }

/* The VM's vNIC on a network, VDC_NOWHERE = none. */
static uint32_t nic_on(const network_state *net, uint32_t slot, uint32_t network) {
    const vdc_io_profile *profile = profile_of(net->sim, slot);
    for (uint32_t i = 0; i < profile->vnic_count; i++)
        if (profile->vnics[i].network == network) return net->first_nic[slot] + i;
    return VDC_NOWHERE;
}

/* The vNIC that the traffic goes to; VDC_NOWHERE = nobody is there. */
static uint32_t target_of(const network_state *net, const vdc_activity *act, const vdc_traffic *traffic, uint32_t network) {
    const vdc_simulation *sim = net->sim;
    if (traffic->target == VDC_TO_VM) {
        uint32_t slot = vdc_id_map_get(&net->slots, traffic->to);
        return slot == VDC_ID_ABSENT || slot == GONE || slot == act->slot ? VDC_NOWHERE : nic_on(net, slot, network);
    }
    const member_list *list = &net->networks[network];
    uint64_t hash = vdc_hash_key(sim->scenario->seed, "network.peer", (uint64_t)sim->datacenter.records[act->slot].request.id,
                                 act->times << 8 | act->item);
    for (size_t i = 0; i < list->count; i++) {
        uint32_t found = list->nics[(hash + i) % list->count];
        if (net->nics[found].slot != act->slot) return found;
    }
    return VDC_NOWHERE;
}

/* The endpoints of a wire. */
static uint32_t source_of(const network_state *net, const wire *w) { return net->sim->datacenter.vms[w->from].host; }
static uint32_t sink_of(const network_state *net, const wire *w) {
    return w->to == VDC_NOWHERE ? vdc_endpoint_outside(net->sim) : net->sim->datacenter.vms[w->to].host;
}
static bool is_local(const network_state *net, const wire *w) { return source_of(net, w) == sink_of(net, w); }

/* Its links: the caps of the vNICs at its ends and what lies between. */
static uint32_t lay_path(const network_state *net, const wire *w, vdc_flow_use *path) {
    uint32_t links = 0;
    if (w->tx != VDC_NO_LINK) path[links++] = (vdc_flow_use){w->tx, 1};
    links += vdc_fabric_path(&net->sim->fabric, source_of(net, w), sink_of(net, w), w->key, path + links);
    if (w->rx != VDC_NO_LINK) path[links++] = (vdc_flow_use){w->rx, 1};
    return links;
}

/* Opens the flow of an activity to a vNIC, or outside when it is VDC_NOWHERE. */
static vdc_code connect(network_state *net, uint32_t activity, uint32_t to_nic, vdc_diag *diag) {
    vdc_simulation *sim = net->sim;
    vdc_activity *act = &net->activities.items[activity];
    const vdc_traffic *traffic = &profile_of(sim, act->slot)->traffic[act->item];
    const nic *from = nic_of(net, act->slot, traffic->vnic), *to = to_nic == VDC_NOWHERE ? NULL : &net->nics[to_nic];
    const vdc_vnic *vnic = &profile_of(sim, act->slot)->vnics[traffic->vnic];
    uint32_t index = net->unused_wire;
    if (index == VDC_NOWHERE) {
        if (!VDC_RESERVE(net->wires, net->wire_room, net->wire_count + 1)) return vdc_no_memory(diag, "traffic");
        index = (uint32_t)net->wire_count++;
    } else {
        net->unused_wire = net->wires[index].next[0];
    }
    wire *w = &net->wires[index];
    bool stream = traffic->pattern.rate > 0;
    *w = (wire){.from = act->slot, .to = to ? to->slot : VDC_NOWHERE, .activity = stream ? activity : VDC_NOWHERE, .amount = traffic->pattern.amount};
    w->local = is_local(net, w);
    vdc_flow_spec spec = {
        .user = &net->user, .subject = index, .id = sim->datacenter.records[w->from].request.id, .amount = stream ? VDC_FLOW_ENDLESS : w->amount,
        .cap = stream ? traffic->pattern.rate : VDC_FLOW_UNCAPPED, .weight = vnic->weight * net->specs[vnic->network].weight,
        .latency = stream || w->local ? 0 : sim->fabric.spec.rtt,
    };
    w->tx = from->tx;
    w->rx = to ? to->rx : VDC_NO_LINK;
    w->vnics[0] = traffic->vnic;
    w->vnics[1] = to ? to->vnic : 0;
    w->key = (uint64_t)spec.id << 8 | act->item;
    spec.links = lay_path(net, w, spec.path);
    if (vdc_flows_open(sim->flows, &spec, &w->flow)) return vdc_no_memory(diag, "traffic");
    chain(net, index, 0, w->from);
    if (to) chain(net, index, 1, w->to);
    if (stream) act->stream = index;
    return VDC_OK;
}

static vdc_code wait_for_target(network_state *net, uint32_t activity, vdc_diag *diag) {
    if (!VDC_RESERVE(net->waiting, net->waiting_room, net->waiting_count + 1)) return vdc_no_memory(diag, "traffic");
    net->waiting[net->waiting_count++] = activity;
    return VDC_OK;
}

/* Is there anybody to send to? *target = the vNIC, VDC_NOWHERE = the world outside. */
static bool reaches(const network_state *net, uint32_t activity, uint32_t *target) {
    const vdc_activity *act = &net->activities.items[activity];
    const vdc_io_profile *profile = profile_of(net->sim, act->slot);
    const vdc_traffic *traffic = &profile->traffic[act->item];
    uint32_t network = profile->vnics[traffic->vnic].network;
    *target = VDC_NOWHERE;
    if (net->specs[network].deleted) return false;
    if (traffic->target == VDC_TO_OUTSIDE) return true;
    return (*target = target_of(net, act, traffic, network)) != VDC_NOWHERE;
}

static vdc_code begin_traffic(vdc_simulation *sim, uint32_t activity, vdc_diag *diag) {
    network_state *net = state_of(sim);
    uint32_t target;
    if (reaches(net, activity, &target)) return connect(net, activity, target, diag);
    if (net->activities.items[activity].on) return wait_for_target(net, activity, diag);
    net->lost++;
    return VDC_OK;
}

static vdc_code end_traffic(vdc_simulation *sim, uint32_t activity, vdc_diag *diag) {
    network_state *net = state_of(sim);
    uint32_t stream = net->activities.items[activity].stream;
    if (stream != VDC_NOWHERE) return drop(net, stream, true) ? vdc_no_memory(diag, "traffic") : VDC_OK;
    for (size_t i = 0; i < net->waiting_count; i++)
        if (net->waiting[i] == activity) {
            for (net->waiting_count--; i < net->waiting_count; i++) net->waiting[i] = net->waiting[i + 1];
            return VDC_OK;
        }
    return VDC_OK;
}

/* ---- VMs come and go ---- */

/* So many entries of `nics` that follow each other; VDC_NOWHERE when out of memory. */
static uint32_t take_nics(network_state *net, uint32_t count) {
    uint32_t first = net->unused_nics[count];
    if (first != VDC_NOWHERE) {
        net->unused_nics[count] = net->nics[first].member;
        return first;
    }
    if (!VDC_RESERVE(net->nics, net->nic_room, net->nic_count + count)) return VDC_NOWHERE;
    first = (uint32_t)net->nic_count;
    net->nic_count += count;
    return first;
}

static void return_nics(network_state *net, uint32_t first, uint32_t count) {
    for (uint32_t i = 0; i < count; i++) net->nics[first + i].slot = VDC_NOWHERE;
    net->nics[first].member = net->unused_nics[count];
    net->unused_nics[count] = first;
}

/* One of the VM's vNICs comes to its network. */
static vdc_code plug(network_state *net, uint32_t slot, uint32_t i, const vdc_vnic *vnic) {
    uint32_t index = net->first_nic[slot] + i;
    nic *made = &net->nics[index];
    *made = (nic){.slot = slot, .vnic = i, .tx = VDC_NO_LINK, .rx = VDC_NO_LINK};
    if (vnic->network == VDC_IO_UNUSED) return VDC_OK;
    member_list *list = &net->networks[vnic->network];
    made->member = (uint32_t)list->count;
    if (vnic->tx != VDC_UNLIMITED && (made->tx = vdc_spare_link(net->sim, &net->spare, vnic->tx)) == VDC_NO_LINK) return VDC_ERROR_MEMORY;
    if (vnic->rx != VDC_UNLIMITED && (made->rx = vdc_spare_link(net->sim, &net->spare, vnic->rx)) == VDC_NO_LINK) return VDC_ERROR_MEMORY;
    if (!VDC_RESERVE(list->nics, list->capacity, list->count + 1)) return VDC_ERROR_MEMORY;
    list->nics[list->count++] = index;
    return VDC_OK;
}

static void unplug(network_state *net, nic *gone, const vdc_vnic *vnic) {
    if (vnic->network == VDC_IO_UNUSED) return;
    member_list *list = &net->networks[vnic->network];
    uint32_t last = list->nics[--list->count];
    list->nics[gone->member] = last;
    net->nics[last].member = gone->member;
    (void)vdc_spare_link_return(&net->spare, gone->tx); /* without memory the link is not used again */
    (void)vdc_spare_link_return(&net->spare, gone->rx);
    gone->tx = gone->rx = VDC_NO_LINK;
}

static vdc_code attach(network_state *net, uint32_t slot, const vdc_io_profile *profile, vdc_diag *diag) {
    if (grow_heads(&net->first_nic, &net->nic_slots, slot) || grow_heads(&net->first_wire[0], &net->wire_slots[0], slot)
        || grow_heads(&net->first_wire[1], &net->wire_slots[1], slot))
        return vdc_no_memory(diag, "vNICs");
    uint32_t first = take_nics(net, profile->vnic_count);
    if (first == VDC_NOWHERE) return vdc_no_memory(diag, "vNICs");
    net->first_nic[slot] = first;
    for (uint32_t i = 0; i < profile->vnic_count; i++)
        if (plug(net, slot, i, &profile->vnics[i])) return vdc_no_memory(diag, "vNICs");
    return vdc_id_map_set(&net->slots, net->sim->datacenter.records[slot].request.id, slot, diag);
}

/* Those who waited for somebody look again. */
static vdc_code look_again(network_state *net, vdc_diag *diag) {
    size_t kept = 0;
    for (size_t i = 0; i < net->waiting_count; i++) {
        uint32_t activity = net->waiting[i], target;
        if (!reaches(net, activity, &target)) {
            net->waiting[kept++] = activity;
            continue;
        }
        vdc_code code = connect(net, activity, target, diag);
        if (code) return code;
    }
    net->waiting_count = kept;
    return VDC_OK;
}

/* The VM is between two hosts: with both ends on hosts again its wires go on from there. All at one instant, so that nothing lies between. */
static vdc_code leave_host(network_state *net, uint32_t slot) {
    for (int side = 0; side < 2; side++)
        for (uint32_t i = net->first_wire[side][slot]; i != VDC_NOWHERE; i = net->wires[i].next[side]) {
            wire *w = &net->wires[i];
            count_moved(net, w);
            w->resumes = w->rate;
            serve(net, w, 0);
        }
    return VDC_OK;
}

static vdc_code come_to_host(network_state *net, uint32_t slot) {
    for (int side = 0; side < 2; side++)
        for (uint32_t i = net->first_wire[side][slot]; i != VDC_NOWHERE; i = net->wires[i].next[side]) {
            wire *w = &net->wires[i];
            vdc_flow_use path[VDC_FLOW_LINKS];
            w->local = is_local(net, w);
            serve(net, w, w->resumes);
            vdc_code code = vdc_flows_reroute(net->sim->flows, w->flow, lay_path(net, w, path), path);
            if (code == VDC_ERROR_MEMORY) return code; /* a message whose bytes are all through crosses no link any more */
        }
    return VDC_OK;
}

static vdc_code placed(vdc_simulation *sim, uint32_t slot, vdc_diag *diag) {
    const vdc_io_profile *profile = profile_of(sim, slot);
    if (!profile->vnic_count) return VDC_OK;
    network_state *net = state_of(sim);
    if (sim->transit) return come_to_host(net, slot) ? vdc_no_memory(diag, "traffic") : VDC_OK;
    vdc_code code = attach(net, slot, profile, diag);
    return code || !net->waiting_count ? code : look_again(net, diag);
}

static vdc_code booted(vdc_simulation *sim, uint32_t slot, vdc_diag *diag) {
    const vdc_io_profile *profile = profile_of(sim, slot);
    vdc_code code = VDC_OK;
    for (uint32_t i = 0; !code && i < profile->traffic_count; i++)
        if (profile->traffic[i].vnic != VDC_IO_UNUSED)
            code = vdc_activities_start(&state_of(sim)->activities, sim, slot, i, &profile->traffic[i].pattern, diag);
    return code;
}

/* Where a failure can be told only at the run's next step. */
static void note(vdc_simulation *sim, vdc_code code) {
    if (!sim->part_failure) sim->part_failure = code;
}

static void halted(vdc_simulation *sim, uint32_t slot) {
    if (profile_of(sim, slot)->vnic_count) note(sim, vdc_activities_stop(&state_of(sim)->activities, sim, slot, NULL));
}

static void detach(network_state *net, uint32_t slot, const vdc_io_profile *profile) {
    uint32_t first = net->first_nic[slot];
    for (uint32_t i = 0; i < profile->vnic_count; i++) unplug(net, &net->nics[first + i], &profile->vnics[i]);
    net->first_nic[slot] = VDC_NOWHERE;
    return_nics(net, first, profile->vnic_count);
    (void)vdc_id_map_set(&net->slots, net->sim->datacenter.records[slot].request.id, GONE, NULL); /* it is there: no memory is needed */
}

/* All that goes over the VM's vNIC, or over all of them (VDC_IO_UNUSED), is dropped; its own activities have stopped. */
static vdc_code cut(network_state *net, uint32_t slot, uint32_t vnic, bool *left_alone, vdc_diag *diag) {
    vdc_code code = VDC_OK;
    for (int side = 0; side < 2; side++)
        for (uint32_t index = net->first_wire[side][slot], next; !code && index != VDC_NOWHERE; index = next) {
            next = net->wires[index].next[side];
            if (vnic != VDC_IO_UNUSED && net->wires[index].vnics[side] != vnic) continue;
            uint32_t activity = net->wires[index].activity;
            if (activity == VDC_NOWHERE) net->lost++;
            code = drop(net, index, true);
            if (!code && activity != VDC_NOWHERE) code = wait_for_target(net, activity, diag); /* it received: the sender looks for another */
            *left_alone = true;
        }
    return code;
}

static vdc_code take_off(vdc_simulation *sim, uint32_t slot, vdc_diag *diag) {
    const vdc_io_profile *profile = profile_of(sim, slot);
    if (!profile->vnic_count) return VDC_OK;
    network_state *net = state_of(sim);
    if (sim->transit) return leave_host(net, slot);
    vdc_code code = vdc_activities_stop(&net->activities, sim, slot, diag);
    bool left_alone = false;
    if (!code) code = cut(net, slot, VDC_IO_UNUSED, &left_alone, diag);
    detach(net, slot, profile);
    return code || !left_alone ? code : look_again(net, diag);
}

static void removing(vdc_simulation *sim, uint32_t slot) { note(sim, take_off(sim, slot, NULL)); }

/* ---- networks and vNICs come, change and go ---- */

static bool add_network(network_state *net, const vdc_network_spec *spec) {
    if (!VDC_RESERVE(net->specs, net->spec_room, net->network_count + 1) || !VDC_RESERVE(net->networks, net->network_room, net->network_count + 1))
        return false;
    net->specs[net->network_count] = *spec;
    net->networks[net->network_count++] = (member_list){0};
    net->sim->io.networks = net->specs;
    net->sim->io.network_count = net->network_count;
    return true;
}

/* The network of that name; VDC_IO_UNUSED: there is none, which is said. */
static uint32_t find_network(vdc_simulation *sim, const char *name, const char **refusal) {
    const network_state *net = state_of(sim);
    for (size_t i = 0; net && i < net->network_count; i++)
        if (!net->specs[i].deleted && strcmp(net->specs[i].name, name) == 0) return (uint32_t)i;
    *refusal = net ? vdc_refuse(sim, "there is no network '%.60s'", name) : vdc_refuse(sim, "nothing else in this run has networks, so they are not simulated");
    return VDC_IO_UNUSED;
}

vdc_code vdc_network_create(vdc_simulation *sim, uint32_t slot, const vdc_operation *operation, const char **refusal, vdc_diag *diag) {
    network_state *net = state_of(sim);
    (void)slot;
    if (find_network(sim, operation->network, refusal) != VDC_IO_UNUSED) {
        *refusal = vdc_refuse(sim, "there is a network '%.60s' already", operation->network);
        return VDC_OK;
    }
    if (!net) return VDC_OK;
    *refusal = NULL;
    /* One that was deleted comes back as what it was, so that VMs that were to have a vNIC on it find it. */
    for (size_t i = 0; i < net->network_count; i++)
        if (strcmp(net->specs[i].name, operation->network) == 0) {
            net->specs[i].deleted = false;
            net->specs[i].weight = operation->weight;
            return look_again(net, diag);
        }
    const char *name = vdc_arena_strdup(&net->names, operation->network);
    return name && add_network(net, &(vdc_network_spec){.name = name, .weight = operation->weight}) ? VDC_OK : vdc_no_memory(diag, "the networks");
}

/* The flows of those who send over a network, or over one VM's vNIC on it, have its weights from now on. */
static vdc_code weigh(network_state *net, uint32_t network, uint32_t slot, vdc_diag *diag) {
    for (size_t i = 0; i < net->wire_count; i++) {
        const wire *w = &net->wires[i];
        if (w->flow == VDC_NO_FLOW || (slot != VDC_NOWHERE && w->from != slot)) continue;
        const vdc_io_profile *profile = profile_of(net->sim, w->from);
        const vdc_vnic *vnic = &profile->vnics[w->vnics[0]];
        if (vnic->network != network) continue;
        int64_t cap = w->activity == VDC_NOWHERE ? VDC_FLOW_UNCAPPED : profile->traffic[net->activities.items[w->activity].item].pattern.rate;
        if (vdc_flows_change(net->sim->flows, w->flow, cap, vnic->weight * net->specs[network].weight)) return vdc_no_memory(diag, "traffic");
    }
    return VDC_OK;
}

vdc_code vdc_network_configure(vdc_simulation *sim, uint32_t slot, const vdc_operation *operation, const char **refusal, vdc_diag *diag) {
    network_state *net = state_of(sim);
    uint32_t network = find_network(sim, operation->network, refusal);
    (void)slot;
    if (network == VDC_IO_UNUSED) return VDC_OK;
    net->specs[network].weight = operation->weight;
    return weigh(net, network, VDC_NOWHERE, diag);
}

vdc_code vdc_network_delete(vdc_simulation *sim, uint32_t slot, const vdc_operation *operation, const char **refusal, vdc_diag *diag) {
    network_state *net = state_of(sim);
    const vdc_datacenter *dc = &sim->datacenter;
    uint32_t network = find_network(sim, operation->network, refusal);
    (void)slot, (void)diag;
    if (network == VDC_IO_UNUSED) return VDC_OK;
    for (uint32_t vm = 0; vm < dc->vm_count; vm++) {
        if (dc->vms[vm].state == VDC_VM_FREE || dc->vms[vm].state == VDC_VM_HELD) continue;
        const vdc_io_profile *profile = profile_of(sim, vm);
        for (uint32_t i = 0; i < profile->vnic_count; i++)
            if (profile->vnics[i].network == network) {
                *refusal = vdc_refuse(sim, "VM %" PRId64 " has a vNIC on it", dc->records[vm].request.id);
                return VDC_OK;
            }
    }
    net->specs[network].deleted = true;
    return VDC_OK;
}

/* The VM's first vNIC on that network; VDC_IO_UNUSED: it has none, which is said. */
static uint32_t find_vnic(vdc_simulation *sim, uint32_t slot, uint32_t network, const char *name, const char **refusal) {
    const vdc_io_profile *profile = profile_of(sim, slot);
    for (uint32_t i = 0; i < profile->vnic_count; i++)
        if (profile->vnics[i].network == network) return i;
    *refusal = vdc_refuse(sim, "it has no vNIC on network '%.60s'", name);
    return VDC_IO_UNUSED;
}

/* What caps promise, for the accounts. */
static int64_t promised(int64_t cap) { return cap > 0 ? cap : 0; }

/* What the VM is promised of its host's NIC changes by so much, where it has room. */
static vdc_code promise(vdc_simulation *sim, uint32_t slot, int64_t tx, int64_t rx, const char **refusal, vdc_diag *diag) {
    vdc_request request = vdc_asked(sim, slot);
    if (tx == 0 && rx == 0) return VDC_OK;
    request.size[VDC_NET_TX] = request.size[VDC_NET_TX] + tx > 0 ? request.size[VDC_NET_TX] + tx : 0;
    request.size[VDC_NET_RX] = request.size[VDC_NET_RX] + rx > 0 ? request.size[VDC_NET_RX] + rx : 0;
    return vdc_become(sim, slot, &request, false, refusal, diag);
}

static bool runs(const vdc_simulation *sim, uint32_t slot) { return sim->datacenter.vms[slot].state == VDC_VM_RUNNING; }
static bool on_host(const vdc_simulation *sim, uint32_t slot) { return vdc_vm_state_is_on_host((vdc_vm_state)sim->datacenter.vms[slot].state); }

/* A VM on a host gets its `i`-th vNIC; it had `before` of them. */
static vdc_code plug_new(network_state *net, uint32_t slot, uint32_t i, uint32_t before, vdc_diag *diag) {
    const vdc_io_profile *profile = profile_of(net->sim, slot);
    if (before == 0) return attach(net, slot, profile, diag);
    if (profile->vnic_count != before) {
        uint32_t from = net->first_nic[slot], to = take_nics(net, profile->vnic_count);
        if (to == VDC_NOWHERE) return vdc_no_memory(diag, "vNICs");
        for (uint32_t k = 0; k < before; k++) {
            net->nics[to + k] = net->nics[from + k];
            if (profile->vnics[k].network != VDC_IO_UNUSED) net->networks[profile->vnics[k].network].nics[net->nics[to + k].member] = to + k;
        }
        net->first_nic[slot] = to;
        return_nics(net, from, before);
    }
    return plug(net, slot, i, &profile->vnics[i]) ? vdc_no_memory(diag, "vNICs") : VDC_OK;
}

vdc_code vdc_vnic_attach(vdc_simulation *sim, uint32_t slot, const vdc_operation *operation, const char **refusal, vdc_diag *diag) {
    network_state *net = state_of(sim);
    uint32_t network = find_network(sim, operation->network, refusal), io = sim->datacenter.records[slot].request.io, i;
    if (network == VDC_IO_UNUSED) return VDC_OK;
    if (find_vnic(sim, slot, network, operation->network, refusal) != VDC_IO_UNUSED) {
        *refusal = vdc_refuse(sim, "it has a vNIC on network '%.60s' already", operation->network);
        return VDC_OK;
    }
    *refusal = NULL;
    uint32_t vnics = 0, traffics = 0;
    for (uint32_t k = 0; k < profile_of(sim, slot)->vnic_count; k++) vnics += profile_of(sim, slot)->vnics[k].network != VDC_IO_UNUSED;
    for (uint32_t k = 0; k < profile_of(sim, slot)->traffic_count; k++) traffics += profile_of(sim, slot)->traffic[k].vnic != VDC_IO_UNUSED;
    if (vnics + 1 > VDC_IO_MOST || traffics + operation->traffic_count > VDC_IO_MOST) {
        *refusal = vdc_refuse(sim, "it has as many vNICs or as much traffic as a VM can have");
        return VDC_OK;
    }
    vdc_vnic made = {.network = network, .weight = operation->weight, .tx = operation->tx == VDC_UNCHANGED ? VDC_UNLIMITED : operation->tx,
                     .rx = operation->rx == VDC_UNCHANGED ? VDC_UNLIMITED : operation->rx};
    vdc_code code = promise(sim, slot, promised(made.tx), promised(made.rx), refusal, diag);
    if (code || *refusal) return code;
    if (!vdc_io_profile_own(&sim->io, &io)) return vdc_no_memory(diag, "vNICs");
    sim->datacenter.records[slot].request.io = io;
    uint32_t before = profile_of(sim, slot)->vnic_count;
    if (vdc_io_add_vnic(&sim->io, io, &made, &i)) return vdc_no_memory(diag, "vNICs");
    if (on_host(sim, slot) && (code = plug_new(net, slot, i, before, diag))) return code;
    for (uint32_t k = 0; k < operation->traffic_count && !code; k++) {
        vdc_traffic traffic = operation->traffic[k];
        uint32_t place;
        traffic.vnic = i;
        if (vdc_io_add_traffic(&sim->io, io, &traffic, &place)) return vdc_no_memory(diag, "traffic");
        if (runs(sim, slot)) code = vdc_activities_start(&net->activities, sim, slot, place, &profile_of(sim, slot)->traffic[place].pattern, diag);
    }
    return code || !on_host(sim, slot) ? code : look_again(net, diag);
}

/* A cap becomes another one. */
static vdc_code cap_again(network_state *net, uint32_t slot, uint32_t vnic, int side, int64_t cap) {
    nic *n = &net->nics[net->first_nic[slot] + vnic];
    uint32_t *link = side ? &n->rx : &n->tx;
    if (*link != VDC_NO_LINK) return vdc_flows_set_capacity(net->sim->flows, *link, cap == VDC_UNLIMITED ? VDC_FLOW_RATE_MAX : cap);
    if (cap == VDC_UNLIMITED) return VDC_OK;
    if ((*link = vdc_spare_link(net->sim, &net->spare, cap)) == VDC_NO_LINK) return VDC_ERROR_MEMORY;
    for (uint32_t i = net->first_wire[side][slot]; i != VDC_NOWHERE; i = net->wires[i].next[side]) {
        wire *w = &net->wires[i];
        vdc_flow_use path[VDC_FLOW_LINKS];
        if (w->vnics[side] != vnic) continue;
        *(side ? &w->rx : &w->tx) = *link;
        if (vdc_flows_reroute(net->sim->flows, w->flow, lay_path(net, w, path), path) == VDC_ERROR_MEMORY) return VDC_ERROR_MEMORY;
    }
    return VDC_OK;
}

vdc_code vdc_vnic_configure(vdc_simulation *sim, uint32_t slot, const vdc_operation *operation, const char **refusal, vdc_diag *diag) {
    network_state *net = state_of(sim);
    uint32_t network = find_network(sim, operation->network, refusal), io = sim->datacenter.records[slot].request.io;
    uint32_t i = network == VDC_IO_UNUSED ? VDC_IO_UNUSED : find_vnic(sim, slot, network, operation->network, refusal);
    if (i == VDC_IO_UNUSED) return VDC_OK;
    vdc_vnic made = profile_of(sim, slot)->vnics[i], old = made;
    if (operation->tx != VDC_UNCHANGED) made.tx = operation->tx;
    if (operation->rx != VDC_UNCHANGED) made.rx = operation->rx;
    if (operation->weight != VDC_PARAM_NONE) made.weight = operation->weight;
    vdc_code code = promise(sim, slot, promised(made.tx) - promised(old.tx), promised(made.rx) - promised(old.rx), refusal, diag);
    if (code || *refusal) return code;
    if (!vdc_io_profile_own(&sim->io, &io)) return vdc_no_memory(diag, "vNICs");
    sim->datacenter.records[slot].request.io = io;
    sim->io.items[io].vnics[i] = made;
    if (!on_host(sim, slot)) return VDC_OK;
    if (made.tx != old.tx && cap_again(net, slot, i, 0, made.tx)) return vdc_no_memory(diag, "vNICs");
    if (made.rx != old.rx && cap_again(net, slot, i, 1, made.rx)) return vdc_no_memory(diag, "vNICs");
    return made.weight != old.weight ? weigh(net, network, slot, diag) : VDC_OK;
}

vdc_code vdc_vnic_detach(vdc_simulation *sim, uint32_t slot, const vdc_operation *operation, const char **refusal, vdc_diag *diag) {
    network_state *net = state_of(sim);
    uint32_t network = find_network(sim, operation->network, refusal), io = sim->datacenter.records[slot].request.io;
    uint32_t i = network == VDC_IO_UNUSED ? VDC_IO_UNUSED : find_vnic(sim, slot, network, operation->network, refusal);
    if (i == VDC_IO_UNUSED) return VDC_OK;
    vdc_vnic old = profile_of(sim, slot)->vnics[i];
    vdc_code code = promise(sim, slot, -promised(old.tx), -promised(old.rx), refusal, diag);
    if (code || *refusal) return code;
    if (!vdc_io_profile_own(&sim->io, &io)) return vdc_no_memory(diag, "vNICs");
    sim->datacenter.records[slot].request.io = io;
    vdc_io_profile *profile = &sim->io.items[io];
    bool left_alone = false;
    for (uint32_t k = 0; k < profile->traffic_count && !code; k++) {
        if (profile->traffic[k].vnic != i) continue;
        if (runs(sim, slot)) code = vdc_activities_stop_item(&net->activities, sim, slot, k, diag);
        profile->traffic[k].vnic = VDC_IO_UNUSED;
    }
    if (on_host(sim, slot)) {
        if (!code) code = cut(net, slot, i, &left_alone, diag);
        unplug(net, &net->nics[net->first_nic[slot] + i], &profile->vnics[i]);
    }
    profile->vnics[i].network = VDC_IO_UNUSED;
    return code || !left_alone ? code : look_again(net, diag);
}

bool vdc_network_at(const vdc_simulation *sim, size_t n, vdc_network_view *view) {
    const network_state *net = state_of(sim);
    for (size_t i = 0; net && i < net->network_count; i++) {
        if (net->specs[i].deleted || n-- > 0) continue;
        *view = (vdc_network_view){.name = net->specs[i].name, .weight = net->specs[i].weight, .vnics = net->networks[i].count};
        for (size_t k = 0; k < net->wire_count; k++) {
            const wire *w = &net->wires[k];
            if (w->flow != VDC_NO_FLOW && profile_of(sim, w->from)->vnics[w->vnics[0]].network == i) view->rate += w->rate;
        }
        return true;
    }
    return false;
}

/* ---- the part ---- */

static vdc_code open(vdc_simulation *sim, vdc_diag *diag) {
    if (!sim->io.networking) return VDC_OK;
    vdc_code code = vdc_flows_wanted(sim, diag);
    if (code) return code;
    network_state *net = vdc_calloc(1, sizeof *net);
    sim->parts[VDC_PART_network] = net;
    if (!net) return vdc_no_memory(diag, "the networks");
    net->sim = sim;
    for (size_t i = 0; i < sim->scenario->network_count; i++)
        if (!add_network(net, &sim->scenario->networks[i])) return vdc_no_memory(diag, "the networks");
    net->user = (vdc_flow_user){rate_changed, message_ended, net};
    net->unused_wire = VDC_NOWHERE;
    for (int i = 0; i <= VDC_IO_MOST; i++) net->unused_nics[i] = VDC_NOWHERE;
    vdc_activities_setup(&net->activities, VDC_PART_network, begin_traffic, end_traffic);
    for (int r = VDC_NET_TX; r <= VDC_NET_RX; r++)
        if (sim->datacenter.hosts.free[r]) sim->datacenter.serviced |= 1u << r;
    return VDC_OK;
}

static void close(vdc_simulation *sim) {
    network_state *net = state_of(sim);
    if (!net) return;
    for (size_t i = 0; i < net->network_count; i++) vdc_free(net->networks[i].nics);
    vdc_free(net->networks);
    vdc_free(net->specs);
    vdc_arena_free(&net->names);
    vdc_activities_free(&net->activities);
    vdc_free(net->spare.items);
    vdc_free(net->nics);
    vdc_free(net->first_nic);
    vdc_free(net->first_wire[0]);
    vdc_free(net->first_wire[1]);
    vdc_free(net->wires);
    vdc_free(net->waiting);
    vdc_id_map_free(&net->slots);
    vdc_free(net);
    sim->parts[VDC_PART_network] = NULL;
}

static vdc_code event(vdc_simulation *sim, uint32_t subject, vdc_diag *diag) {
    return vdc_activities_event(&state_of(sim)->activities, sim, subject, diag);
}

/* Bytes x ns of wires that are up now, of one kind. */
static vdc_wide on_the_way(const network_state *net, bool local, bool outside_only) {
    vdc_wide sum = 0;
    for (size_t i = 0; i < net->wire_count; i++) {
        const wire *w = &net->wires[i];
        if (w->flow == VDC_NO_FLOW || w->local != local || (outside_only && w->to != VDC_NOWHERE)) continue;
        sum += vdc_flows_moved(net->sim->flows, w->flow) - w->counted;
    }
    return sum;
}

vdc_wide vdc_network_crossed(const vdc_simulation *sim, bool received) {
    const network_state *net = state_of(sim);
    if (!net) return 0;
    vdc_wide sent = net->crossed + on_the_way(net, false, false);
    return received ? sent - net->outside - on_the_way(net, false, true) : sent;
}

static const vdc_column tick_columns[] = {
    {"messages", "1", "messages delivered in the tick", VDC_CELL_INTEGER, NULL, 1},
};

static void tick(vdc_simulation *sim, uint32_t entity, vdc_row *row) {
    (void)entity;
    network_state *net = state_of(sim);
    vdc_row_integer(row, net->messages - net->tick_messages);
    net->tick_messages = net->messages;
}

static const vdc_column vm_columns[] = {
    {"net_tx_bytes", "byte", "sent over its host's NIC", VDC_CELL_REAL, NULL, 1},
    {"net_rx_bytes", "byte", "received over its host's NIC", VDC_CELL_REAL, NULL, 1},
};

static size_t vm_columns_used(const vdc_simulation *sim) { return sim->datacenter.hosts.free[VDC_NET_TX] ? 2 : 0; }

static void vm_row(vdc_simulation *sim, uint32_t slot, vdc_row *row) {
    if (!sim->datacenter.hosts.free[VDC_NET_TX]) return;
    vdc_row_real(row, vdc_vm_details_known(&sim->datacenter, slot)->totals.moved[VDC_NET_TX]);
    vdc_row_real(row, vdc_vm_details_known(&sim->datacenter, slot)->totals.moved[VDC_NET_RX]);
}

static void summary(vdc_simulation *sim, vdc_summary *s) {
    const network_state *net = state_of(sim);
    vdc_summary_integer(s, "messages_delivered", net->messages, "messages between VMs that arrived");
    vdc_summary_integer(s, "messages_lost", net->lost, "messages to nobody, or whose sender or receiver left");
    vdc_summary_real(s, "message_bytes", vdc_wide_over(net->delivered, 1), "byte", "of the messages that arrived");
    vdc_summary_real(s, "network_bytes", vdc_wide_over(net->crossed + on_the_way(net, false, false), VDC_SECOND), "byte",
                     "sent by VMs over the NICs of their hosts");
    vdc_summary_real(s, "network_local_bytes", vdc_wide_over(net->local + on_the_way(net, true, false), VDC_SECOND), "byte", "between VMs of one host");
    vdc_summary_real(s, "network_outside_bytes", vdc_wide_over(net->outside + on_the_way(net, false, true), VDC_SECOND), "byte",
                     "of them to the world outside");
}

const vdc_part vdc_part_network = {
    .name = "network", .open = open, .close = close, .event = event, .placed = placed, .booted = booted, .halted = halted, .removing = removing,
    .ticks = {tick_columns, 1, NULL, tick}, .vms = {vm_columns, 2, vm_columns_used, vm_row}, .summary = summary,
};
