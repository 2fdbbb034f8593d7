/* The network between hosts: NICs, switches, and the links that a flow from one host to another crosses (models.md 4.4.2).
 *
 * Endpoints are the hosts, by number, and after them further nodes (storage). Each has a NIC of its own: a link out and a link in. Between them:
 *
 *   none        nothing is ever short but the NICs.
 *   leaf-spine  a leaf switch a rack, joined to every one of `spines` spines by a link of `uplink` in each direction. Oversubscription of a leaf =
 *               sum of its hosts' NICs / (spines x uplink).
 *   fat-tree    of arity k, all links alike: k pods of k/2 edge and k/2 aggregation switches, k/2 hosts an edge switch, k^2/4 cores, k^3/4 hosts
 *               at most, full bisection when links are as fast as NICs (Al-Fares, Loukissas, Vahdat, SIGCOMM 2008). Hosts fill edge switches
 *               in order of their numbers.
 *
 * Equal paths are taken as one by default (ideal balance): a leaf has one way up of spines x uplink and one way down, a flow crosses at most
 * four links (NIC out, leaf up, leaf down, NIC in), in a fat-tree six. With `hashed` every flow is bound to one of the equal paths by a
 * hash of its key, as switches do: single links can then be full while others idle.
 */
#ifndef VDC_MODELS_FABRIC_H
#define VDC_MODELS_FABRIC_H

#include "models/flows.h"

typedef enum vdc_fabric_kind { VDC_FABRIC_NONE, VDC_FABRIC_LEAF_SPINE, VDC_FABRIC_FAT_TREE } vdc_fabric_kind;

enum { VDC_FABRIC_ARITY_MAX = 128, VDC_FABRIC_SPINES_MAX = 4096 };

typedef struct vdc_fabric_spec {
    vdc_fabric_kind kind;
    int64_t uplink;        /* bytes/s of a link between switches, each direction */
    uint32_t spines;       /* of leaf-spine, 1 .. VDC_FABRIC_SPINES_MAX */
    uint32_t arity;        /* k of a fat-tree, even, 2 .. VDC_FABRIC_ARITY_MAX */
    bool hashed;
    vdc_time rtt;          /* ns: what a message takes beside its bytes */
    uint64_t seed;         /* of the hashes */
} vdc_fabric_spec;

/* A node of the network. */
typedef struct vdc_endpoint {
    int64_t nic;           /* bytes/s in each direction; 0 = never short */
    uint32_t leaf;         /* rack of leaf-spine; VDC_NO_LINK = joined to the spines (the cores) directly. Fat-tree: hosts ignore it */
} vdc_endpoint;

typedef struct vdc_fabric {
    vdc_fabric_spec spec;
    vdc_flow_set *flows;
    uint32_t endpoints, leaves;
    uint32_t *nic;         /* [endpoint] its link out, the next one is in; VDC_NO_LINK = never short */
    uint32_t *leaf;        /* [endpoint] leaf or edge switch; VDC_NO_LINK = above them */
    uint32_t first_link, switch_links; /* between switches */
} vdc_fabric;

/* Adds the links to `flows`, which must outlive the fabric. `leaves`: racks; fat-tree has its own. The caller has checked that a fat-tree has
 * room for the endpoints that are not joined to its cores. */
vdc_code vdc_fabric_create(vdc_fabric *fabric, vdc_flow_set *flows, const vdc_fabric_spec *spec, const vdc_endpoint *endpoints, uint32_t count,
                           uint32_t leaves);
void vdc_fabric_destroy(vdc_fabric *fabric);

/* The links from one endpoint to another, with 1 unit each; returns their number (0 when they are one). `key` chooses among equal paths
 * when they are hashed: give the same key for the same connection. */
uint32_t vdc_fabric_path(const vdc_fabric *fabric, uint32_t from, uint32_t to, uint64_t key, vdc_flow_use path[VDC_FLOW_LINKS]);
/* Opens a flow of bytes from one endpoint to another: fills in the path of *spec (key = spec->id), leaves all else as given. Between VMs of
 * one host only the cap limits. For the time of a message's round trip set spec->latency = fabric->spec.rtt. */
vdc_code vdc_fabric_open(vdc_fabric *fabric, uint32_t from, uint32_t to, vdc_flow_spec *spec, uint32_t *flow);
/* One of its ends moved: the flow goes on from where it is. */
vdc_code vdc_fabric_reroute(vdc_fabric *fabric, uint32_t flow, uint32_t from, uint32_t to, uint64_t key);
/* Links between switches, as of the last settling: the largest load / capacity of any, 0 without any. */
double vdc_fabric_busiest(const vdc_fabric *fabric);

#endif
