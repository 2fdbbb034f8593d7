/* Hosts: classes of equal machines, and one column per property (struct of arrays), indexed by host id.
 *
 * What is free is counted in what can still be promised: overcommit ratio x (capacity - fences) - promises
 * (accounts.md I7), as integers. Columns of resources that a scenario does not use are NULL and cost nothing.
 */
#ifndef VDC_MODELS_HOST_H
#define VDC_MODELS_HOST_H

#include "models/power.h"
#include "models/request.h"
#include "sim/base/memory.h"
#include "sim/base/status.h"
#include "sim/base/units.h"

typedef enum vdc_host_state { VDC_HOST_UP, VDC_HOST_CORDONED, VDC_HOST_DOWN, VDC_HOST_OFF } vdc_host_state;

enum { VDC_GPU_DEVICES = 64, VDC_NUMA_NODES = 64 };

/* A class of equal hosts. Hosts of one class need not be neighbours by id (node files list them mixed). */
typedef struct vdc_host_class {
    char *name;
    uint32_t count;                    /* hosts of this class */
    uint16_t sockets, cores, threads;  /* cores per socket, threads per core */
    uint16_t numa;                     /* NUMA nodes per socket */
    int64_t speed;                     /* Hz of one hardware thread */
    int64_t smt_yield_ppm;             /* what a second thread adds to a core, in millionths of it */
    int64_t physical[VDC_RESOURCES];   /* minus the hypervisor's reserve */
    int64_t capacity[VDC_RESOURCES];   /* what can be promised: floor(overcommit x physical) */
    int64_t cpu_hz;                    /* physical[VDC_CPU] x speed / 1000 */
    int64_t overcommit_num, overcommit_den; /* of CPU: capacity = floor(physical x num / den); both 0 = 1 */
    uint64_t labels, taints;           /* a bit per name of vdc_isolation_specs.labels */
    int64_t llc_ways, memory_bandwidth;/* what can be partitioned; 0 = nothing */
    int64_t disk_latency;              /* ns of a request to its idle disks */
    double disk_variation;             /* coefficient of variation of their service time */
    uint8_t disk_kind;                 /* vdc_disk_kind */
    int64_t llc, socket_bandwidth;     /* of a socket: bytes of last-level cache, bytes per second of memory; 0 = not modelled */
    double latency_rise, remote_latency; /* models/interference.h */
    uint16_t gpus;                     /* devices, at most VDC_GPU_DEVICES */
    uint32_t gpu_model;                /* interned name, 0 = none; see vdc_gpu_model_accepted */
    uint32_t max_vms;                  /* 0 = unlimited */
    vdc_power power;                   /* models/power.h; kind none when the scenario has no power model */
} vdc_host_class;

/* What nearly every VM that comes or goes changes of its host, besides what it takes: half a cache line, so that a host's change is one line and
 * not five. Kept by the datacenter (models/datacenter.c). */
typedef struct vdc_host_account {
    int64_t granted;    /* Hz granted at this instant */
    int64_t ceiling;    /* Hz that its VMs may have together */
    int64_t reserved;   /* Hz promised by reservations */
    uint32_t first_vm;  /* head of its VMs, latest arrival on it first */
    uint32_t grant_vms; /* VMs whose single grants matter */
} vdc_host_account;

typedef struct vdc_hosts {
    uint32_t count;
    uint16_t class_count;
    vdc_host_class *classes;
    uint16_t *class_of;                /* [count] */
    unsigned use;                      /* resources (a bit each) that have a column: */
    int64_t *free[VDC_RESOURCES];      /* [count] promises still to be had; NULL = resource not in use */
    uint32_t *vms;                     /* [count] VMs that hold something there */
    uint8_t *state;                    /* [count] vdc_host_state */
    uint8_t *closed;                   /* [count] 1: an isolation rule refuses every VM there as things stand, so no search need look at it; or NULL */
    vdc_host_account *account;         /* [count] */
    uint32_t *rank;                    /* [count] tie-break ranks (lower wins), or NULL */
    uint32_t *rack, *zone;             /* [count], or NULL: no topology */
    char **names;                      /* [count], or NULL: class name and number */
    int32_t *gpu_free;                 /* [count x gpu_stride] milli-GPU free of each device, or NULL */
    uint16_t gpu_stride;               /* most devices of any class */
    int64_t *numa_free;                /* [count x numa_stride x 2] milli-vCPU, bytes free; NULL = NUMA not in use */
    uint16_t numa_stride;
} vdc_hosts;

/* Lays out the columns for empty hosts of the given classes, all up. `use` is a bit mask of resources; a resource without a
 * column is not limited. class_of and classes are taken over, also on failure (vdc_hosts_destroy frees them and the columns; no
 * call is needed after a failure). With `numa`, a node offers its share of the class: capacity / nodes, the remainder to the
 * lowest nodes. */
vdc_code vdc_hosts_create(vdc_hosts *hosts, vdc_host_class *classes, uint16_t class_count, uint16_t *class_of, uint32_t count,
                          unsigned use, bool numa, vdc_diag *diag);
void vdc_hosts_destroy(vdc_hosts *hosts);

/* NUMA nodes of a host of that class (sockets x nodes a socket, at least 1). */
uint16_t vdc_host_class_nodes(const vdc_host_class *class);
/* What a node of an empty host of that class offers of VDC_CPU or VDC_MEMORY. */
int64_t vdc_host_class_node_capacity(const vdc_host_class *class, uint16_t node, vdc_resource resource);
/* What the request takes of each NUMA node that it is on: its size over numa_nodes, rounded up. */
int64_t vdc_numa_share(const vdc_request *request, vdc_resource resource);

static inline bool vdc_host_is_closed(const vdc_hosts *hosts, uint32_t host) { return hosts->closed && hosts->closed[host]; }
/* Do the promises and devices of `request` fit on the host as it stands? Resources, devices, NUMA nodes, max_vms and state; no
 * isolation rules. */
bool vdc_host_fits(const vdc_hosts *hosts, uint32_t host, const vdc_request *request);
/* Could it ever, were the host empty? */
bool vdc_host_class_fits(const vdc_hosts *hosts, uint16_t class_id, const vdc_request *request);
/* Chooses devices where *gpu_devices / *numa_nodes are 0 and needed: the feasible device with the least free share for a shared
 * GPU, the lowest feasible devices for several, the lowest feasible nodes. Masks that are given are checked instead. False when
 * none fit; resources and state are not looked at. */
bool vdc_host_assign(const vdc_hosts *hosts, uint32_t host, const vdc_request *request, uint64_t *gpu_devices,
                     uint64_t *numa_nodes);
/* Takes and gives back what the request promises (devices included). The caller tells indexes. */
void vdc_host_take(vdc_hosts *hosts, uint32_t host, const vdc_request *request, uint64_t gpu_devices, uint64_t numa_nodes);
void vdc_host_give(vdc_hosts *hosts, uint32_t host, const vdc_request *request, uint64_t gpu_devices, uint64_t numa_nodes);

#endif
