/* What a VM asks for by way of isolation: `isolation: {…}` of a VM, and the flavor of it that traces carry.
 *
 * Equal wishes are one entry of a table; a request carries its index (vdc_request.isolation), 0 = none.
 */
#ifndef VDC_MODELS_ISOLATION_SPEC_H
#define VDC_MODELS_ISOLATION_SPEC_H

#include "sim/base/names.h"
#include "sim/base/param.h"

/* Which hardware threads a VM has for itself (models.md 4.6). */
typedef enum vdc_thread_mode {
    VDC_THREADS_SHARED,   /* none: it floats over the pool */
    VDC_THREADS_PIN,      /* a thread for each vCPU */
    VDC_CORES_PREFER,     /* whole cores, as few as hold its vCPUs: siblings are its own */
    VDC_CORES_ISOLATE     /* a whole core for each vCPU: siblings idle */
} vdc_thread_mode;

typedef struct vdc_isolation_spec {
    vdc_thread_mode threads;
    bool core_scheduling;        /* never on one core with another domain */
    bool dedicated_host;         /* no other domain on its host */
    int64_t level;               /* of the label lattice */
    uint64_t categories;         /* of the label lattice, a bit per name */
    uint64_t requires;           /* host labels "key=value" that its host must have, a bit per name */
    uint64_t tolerates;          /* host taints that it bears, a bit per name */
    int64_t llc_ways;            /* cache ways of its own, 0 = none */
    int64_t memory_bandwidth;    /* bytes per second of its own, 0 = none */
    int numa_nodes;              /* NUMA nodes that hold it, 0 = any */
} vdc_isolation_spec;

typedef struct vdc_isolation_specs {
    vdc_isolation_spec *items;   /* [0] = no wishes */
    size_t count, capacity;
    vdc_names *labels;           /* "key=value" of hosts, taints; bit i = name i + 1; at most 64 */
    uint64_t host_labels, host_taints; /* of them, those that host classes have as labels, as taints */
    vdc_names *categories;       /* likewise */
    bool used;                   /* some VM has a wish */
    bool open;                   /* no hosts are known: labels and taints may be new, cache ways any number */
    int64_t most_ways, most_bandwidth;          /* that a host class offers */
    vdc_place ways_place, bandwidth_place;      /* of that class; line 0 = none offers any */
    int64_t most_owned[4];       /* [vdc_thread_mode] vCPUs of a VM that owns all of a host class */
    vdc_place owned_place[4];    /* of that class */
} vdc_isolation_specs;

vdc_code vdc_isolation_specs_create(vdc_isolation_specs *specs, vdc_diag *diag);
void vdc_isolation_specs_destroy(vdc_isolation_specs *specs);
/* Reads `isolation: {…}` of a VM and finds or adds its entry. The labels and taints of hosts must be known (specs->host_labels). With NULL
 * specs the keys are checked only. */
vdc_code vdc_isolation_spec_read(vdc_isolation_specs *specs, const vdc_node *node, uint32_t *index, vdc_diag *diag);
/* The bit of a name, new ones get the next; an error beyond 64, and of names that would not be one word of wishes as one text (below). */
vdc_code vdc_isolation_bit(vdc_names *names, const char *text, uint64_t *mask, const vdc_place *place, const char *what, vdc_diag *diag);

/* A host class offers so much: what VMs want more of is an error with both places. */
void vdc_isolation_specs_offer(vdc_isolation_specs *specs, int64_t ways, int64_t bandwidth, const vdc_place *place);

/* A host class has so many cores of so many threads each, of which VMs can own so many. */
void vdc_isolation_specs_offer_cores(vdc_isolation_specs *specs, int64_t cores, int64_t threads, int64_t owned, const vdc_place *place);
/* More own threads or cores for so many vCPUs (in thousandths) than any host class has, in words; false when it is not. */
bool vdc_isolation_spec_owns_too_much(const vdc_isolation_specs *specs, uint32_t index, int64_t vcpus_milli, char *text, size_t size);

/* Wishes as one text, as traces carry them: words joined by '|', such as "core_isolate=isolate|require=pool=gold|level=2|category=x". The
 * words are the keys of `isolation: {…}`; `level` and `category` are those of a label, `category`, `require` and `tolerate` may repeat. */
/* Finds or adds the entry of a text; VDC_ERROR_INPUT with what is wrong in `wrong`. */
vdc_code vdc_isolation_spec_parse(vdc_isolation_specs *specs, const char *text, uint32_t *index, char *wrong, size_t size);
/* The text of an entry, in fresh memory; "" of none. NULL when memory is out. */
char *vdc_isolation_spec_text(const vdc_isolation_specs *specs, uint32_t index);

/* A mapping {key: value} of labels, or a list of taints (NULL: none), all of which some host class must have; `what` begins the messages. */
vdc_code vdc_isolation_read_labels(vdc_isolation_specs *specs, const vdc_node *map, uint64_t *mask, const char *what, vdc_diag *diag);
vdc_code vdc_isolation_read_taints(vdc_isolation_specs *specs, const vdc_node *list, uint64_t *mask, const char *what, vdc_diag *diag);
/* More cache ways or memory bandwidth than any host class offers, in words; false when it is not. */
bool vdc_isolation_spec_exceeds(const vdc_isolation_specs *specs, const vdc_isolation_spec *spec, char *text, size_t size);

extern const vdc_param vdc_isolation_spec_params[];
extern const size_t vdc_isolation_spec_param_count;

#endif
