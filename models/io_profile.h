/* What a VM has and does beside CPU and memory: its vNICs and their traffic, its volumes and their I/O (models.md 4.4).
 *
 * `network`, `vnics`, `traffic`, `volumes` and `io` of a VM become one entry of a table; a request carries its index (vdc_request.io), 0 = none: such
 * a VM is never looked at by the models of networks and disks.
 */
#ifndef VDC_MODELS_IO_PROFILE_H
#define VDC_MODELS_IO_PROFILE_H

#include "models/request.h"
#include "sim/base/memory.h"
#include "sim/base/param.h"

enum { VDC_IO_MOST = 64 };              /* vNICs, volumes, traffics, I/O streams of one VM, each */
enum { VDC_IO_WEIGHT_MAX = 100 };
#define VDC_IO_REQUEST_MAX (INT64_C(64) << 20)
#define VDC_IO_UNUSED UINT32_MAX

/* A tenant network: VMs with a vNIC on it can talk to each other. */
typedef struct vdc_network_spec {
    const char *name;
    int64_t weight;                     /* 1 .. VDC_IO_WEIGHT_MAX: of its flows, multiplied by that of the vNIC */
    bool deleted;                       /* while the run goes on; one of the same name takes its place */
} vdc_network_spec;

typedef enum vdc_disk_kind { VDC_DISK_SSD, VDC_DISK_HDD } vdc_disk_kind;

/* A pool of disk space that volumes are cut from: a node on the network, or the disks of a host (without name and nic). */
typedef struct vdc_pool_spec {
    const char *name;
    int64_t size;                       /* bytes */
    int64_t iops, bandwidth;            /* 0 = never short */
    int64_t nic;                        /* bytes/s in each direction; 0 = never short */
    int64_t latency;                    /* ns of a request when idle */
    int64_t rack;                       /* of leaf-spine; VDC_UNLIMITED = joined to the spines */
    double overcommit;                  /* thin volumes may promise so many times the size */
    double variation;                   /* coefficient of variation of the service time; 1 = M/M/1 */
    int kind;                           /* vdc_disk_kind */
    bool images;                        /* images come from here */
} vdc_pool_spec;

/* When something happens, relative to the VM's boot. */
typedef struct vdc_io_pattern {
    int64_t at;                         /* ns: the first time */
    int64_t every;                      /* ns between beginnings; 0 = once */
    int64_t length;                     /* ns a stream lasts; VDC_FOREVER */
    int64_t rate;                       /* of a stream: bytes/s of traffic, operations/s of I/O; 0 = a message */
    int64_t amount;                     /* of a message: bytes */
} vdc_io_pattern;

typedef enum vdc_traffic_target { VDC_TO_VM, VDC_TO_PEER, VDC_TO_OUTSIDE } vdc_traffic_target;

typedef struct vdc_traffic {
    vdc_io_pattern pattern;
    vdc_traffic_target target;
    int64_t to;                         /* VDC_TO_VM: its id */
    uint32_t vnic;                      /* of the VM, from 0; VDC_IO_UNUSED = an empty place */
} vdc_traffic;

typedef struct vdc_vnic {
    uint32_t network;                   /* of the table of networks; VDC_IO_UNUSED = an empty place */
    int64_t tx, rx;                     /* bytes/s; VDC_UNLIMITED = no cap */
    int64_t weight;
} vdc_vnic;

typedef struct vdc_volume {
    const char *name;                   /* NULL = none */
    uint32_t pool;                      /* 0 = the disks of the VM's host, else pool - 1 of the table */
    int64_t size, image;                /* bytes; image: copied before the VM boots. Size 0 = an empty place */
    int64_t iops, bandwidth;            /* caps; VDC_UNLIMITED = none */
    int64_t weight;
    bool thin;
} vdc_volume;

typedef struct vdc_disk_io {
    vdc_io_pattern pattern;
    int64_t request;                    /* bytes an operation */
    uint32_t volume;                    /* of the VM, from 0; VDC_IO_UNUSED = an empty place */
    bool write;
} vdc_disk_io;

typedef struct vdc_io_profile {
    vdc_vnic *vnics;
    vdc_volume *volumes;
    vdc_traffic *traffic;
    vdc_disk_io *io;
    uint32_t vnic_count, volume_count, traffic_count, io_count;
    /* Of one that a single VM has, so that it may change: places that the lists have. What is taken away leaves an empty place, so that numbers stay. */
    uint32_t vnic_room, volume_room, traffic_room, io_room;
    bool own;
    uint32_t next_unused;
} vdc_io_profile;

typedef struct vdc_io_profiles {
    vdc_io_profile *items;              /* [0] = none */
    size_t count, capacity;
    uint32_t unused;                    /* own entries of VMs that are gone; 0 = none */
    vdc_arena arena;
    /* What names may refer to; not owned. */
    const vdc_network_spec *networks;
    size_t network_count;
    const vdc_pool_spec *pools;
    size_t pool_count;
    int64_t largest_local;              /* bytes that the host with most disk space has; < 0 = not known */
    bool networking, storing;           /* some VM has vNICs, volumes */
    bool open;                          /* any name of a network or pool will do: there is no datacenter that would have them */
    vdc_network_spec *open_networks;    /* those found so far */
    vdc_pool_spec *open_pools;
    size_t open_network_room, open_pool_room;
    bool sealed;                        /* the run is laid out: a VM that is read from now on may have them only where others do */
} vdc_io_profiles;

/* The nodes of a VM's description. */
typedef struct vdc_io_nodes {
    const vdc_node *network, *vnics, *traffic, *volumes, *io;
} vdc_io_nodes;

vdc_code vdc_io_profiles_create(vdc_io_profiles *profiles, vdc_diag *diag);
void vdc_io_profiles_destroy(vdc_io_profiles *profiles);
/* Reads a VM's keys into a new entry, and adds what they promise to request->size: local volumes to disk, caps to iops, disk_bw, net_tx and net_rx
 * where the request says nothing of these itself. A VM's own net_tx, net_rx, iops, disk_bandwidth cap its only vNIC or volume where that
 * has no cap. With NULL profiles everything is checked but names and pools. `what` names the VM in messages. */
vdc_code vdc_io_profile_read(vdc_io_profiles *profiles, const vdc_io_nodes *nodes, vdc_request *request, const char *what, vdc_diag *diag);

/* One of an entry's lists (a place in vdc_io_tables) as a scenario would write it, "[{...}, ...]", in fresh memory; "" when it has none, NULL without
 * memory. Reading it gives an equal list. */
char *vdc_io_list_text(const vdc_io_profiles *profiles, uint32_t index, int table);

/* An entry that only one VM has and that may be changed: *index itself where it is one, else a copy. False when memory is out. */
bool vdc_io_profile_own(vdc_io_profiles *profiles, uint32_t *index);
/* The VM is gone. Does nothing for an entry that others may have. */
void vdc_io_profile_disown(vdc_io_profiles *profiles, uint32_t index);
/* Puts one more into an own entry; its number in *place. VDC_ERROR_STATE: there are VDC_IO_MOST already. */
vdc_code vdc_io_add_vnic(vdc_io_profiles *profiles, uint32_t index, const vdc_vnic *vnic, uint32_t *place);
vdc_code vdc_io_add_volume(vdc_io_profiles *profiles, uint32_t index, const vdc_volume *volume, uint32_t *place);
vdc_code vdc_io_add_traffic(vdc_io_profiles *profiles, uint32_t index, const vdc_traffic *traffic, uint32_t *place);
vdc_code vdc_io_add_io(vdc_io_profiles *profiles, uint32_t index, const vdc_disk_io *io, uint32_t *place);
/* The lists that come with a vNIC or a volume when it is attached: `traffic` as of a VM with one vNIC, `io` as of one with one volume. In the arena. */
vdc_code vdc_io_traffic_read(vdc_arena *arena, const vdc_node *list, const char *what, vdc_traffic **traffic, uint32_t *count, vdc_diag *diag);
vdc_code vdc_io_disk_read(vdc_arena *arena, const vdc_node *list, const char *what, vdc_disk_io **io, uint32_t *count, vdc_diag *diag);

/* The tables of the four lists, for the reference page: "vnics", "traffic", "volumes", "io". */
typedef struct vdc_io_table {
    const char *name;
    const vdc_param *params;
    size_t count;
} vdc_io_table;
extern const vdc_io_table vdc_io_tables[4];

#endif
