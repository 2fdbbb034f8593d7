/* The CPU parameters of known hypervisors, mapped on the solver of models/cpu_share.h (models.md 4.1.2).
 *
 * A weight or a limit that the VM itself gives is kept, within the range that the system allows; the policy's parameters
 * say what VMs get that give none. Systems without reservations give none. Where a system has levels, the VM's priority chooses:
 * 0 or less is low, 1 normal, 2 or more high.
 */
#include <math.h>

#include "schedulers/policy_rows.h"
#include "sim/base/param.h"
#include "sim/base/units.h"

static void share(const void *state, int64_t capacity, vdc_cpu_entry *entries, uint32_t count, void *scratch) {
    (void)state;
    vdc_cpu_share(capacity, entries, count, scratch);
}

#define FRONT_END(mapping, its_quantum, most) \
    .cpu = {.weight_most = most, .share = share, .scratch_size = vdc_cpu_share_scratch, .fluid = true, .map = mapping, .quantum = its_quantum}
#define QUANTUM_ROW(state_type, standard) \
    VDC_PARAM_NUMBER_ROW(VDC_PARAM_INTEGER, "quantum", state_type, quantum, VDC_DIM_TIME, standard, 1e3, 1e10, \
                         "how long a vCPU runs at a time: what the expected wait for a thread follows from")

static int64_t within(int64_t value, int64_t least, int64_t most) {
    return value < least ? least : value > most ? most : value;
}

static bool gives_weight(const vdc_request *request) {
    return request->cpu_weight >= 1;
}

/* One of three parameters by the VM's priority. */
typedef struct levels {
    int64_t low, normal, high, quantum;
} levels;

static int64_t levels_quantum(const void *state) { return ((const levels *)state)->quantum; }

static int64_t level_of(const levels *of, const vdc_request *request) {
    return request->priority <= 0 ? of->low : request->priority == 1 ? of->normal : of->high;
}

/* --- VMware ESXi: shares per vCPU; reservation and limit as they are --- */

static void map_vmware(const void *state, const vdc_request *request, int64_t host_speed, vdc_cpu_entry *entry) {
    vdc_cpu_entry_of(request, host_speed, entry);
    if (gives_weight(request)) return;
    entry->weight = within((int64_t)((vdc_wide)level_of(state, request) * request->size[VDC_CPU] / 1000), 1, INT64_MAX);
}

static const vdc_param vmware_params[] = {
    VDC_PARAM_COUNT_ROW("low", levels, low, "500", 1, 1000000, "shares per vCPU of a VM of low priority"),
    VDC_PARAM_COUNT_ROW("normal", levels, normal, "1000", 1, 1000000, "shares per vCPU of a VM of normal priority"),
    VDC_PARAM_COUNT_ROW("high", levels, high, "2000", 1, 1000000, "shares per vCPU of a VM of high priority"),
    QUANTUM_ROW(levels, "50ms"),
};

const vdc_policy vdc_cpu_vmware = {
    VDC_POLICY_HEAD(VDC_CPU_SHARING, "vmware", "shares per vCPU by priority, reservations and limits", "VMware vSphere"),
    VDC_POLICY_STATE(vmware_params, levels),
    FRONT_END(map_vmware, levels_quantum, 0),
};

/* --- Xen credit scheduler: a weight per domain, a cap in percent of one physical CPU --- */

typedef struct xen_state {
    int64_t weight, cap, quantum;
} xen_state;

static int64_t xen_quantum(const void *state) { return ((const xen_state *)state)->quantum; }

static void map_xen(const void *state, const vdc_request *request, int64_t host_speed, vdc_cpu_entry *entry) {
    const xen_state *xen = state;
    vdc_cpu_entry_of(request, host_speed, entry);
    entry->weight = gives_weight(request) ? within(request->cpu_weight, 1, 65535) : xen->weight;
    entry->reservation = 0;
    if (entry->limit == VDC_UNLIMITED && xen->cap > 0) entry->limit = (int64_t)((vdc_wide)host_speed * xen->cap / 100);
}

static const vdc_param xen_params[] = {
    VDC_PARAM_COUNT_ROW("weight", xen_state, weight, "256", 1, 65535, "weight of a domain"),
    VDC_PARAM_COUNT_ROW("cap", xen_state, cap, "0", 0, 1000000,
                        "most CPU of a domain, in percent of one physical CPU; 0 = no cap"),
    QUANTUM_ROW(xen_state, "30ms"),
};

const vdc_policy vdc_cpu_xen_credit = {
    VDC_POLICY_HEAD(VDC_CPU_SHARING, "xen-credit", "a weight per domain and a cap", "Xen credit scheduler"),
    VDC_POLICY_STATE(xen_params, xen_state),
    FRONT_END(map_xen, xen_quantum, 65535),
};

/* --- Linux control groups, version 2: cpu.weight per group, cpu.max as quota per period --- */

typedef struct cgroup_state {
    int64_t weight, quota, period, quantum;
    const vdc_node *burst_node;
    int64_t burst;     /* ns: what may be saved and used later */
} cgroup_state;

static int64_t cgroup_quantum(const void *state) { return ((const cgroup_state *)state)->quantum; }

static void map_cgroup(const void *state, const vdc_request *request, int64_t host_speed, vdc_cpu_entry *entry) {
    const cgroup_state *cgroup = state;
    vdc_cpu_entry_of(request, host_speed, entry);
    entry->weight = gives_weight(request) ? within(request->cpu_weight, 1, 10000) : cgroup->weight;
    entry->reservation = 0;
    if (entry->limit != VDC_UNLIMITED || cgroup->quota == VDC_PARAM_NONE) return;
    vdc_wide limit = (vdc_wide)host_speed * cgroup->quota / cgroup->period;
    entry->limit = limit < INT64_MAX ? (int64_t)limit : INT64_MAX;
    entry->burst = cgroup->burst;
}

static bool cgroup_bursts(const void *state) { return ((const cgroup_state *)state)->burst > 0; }

/* As the kernel has it, at most one quota can be saved (cpu.max.burst); `burst` is both together, what a period can come to. */
static int read_cgroup(void *state, vdc_diag *diag) {
    cgroup_state *cgroup = state;
    int64_t together = 0;
    if (!cgroup->burst_node) return VDC_OK;
    if (cgroup->quota == VDC_PARAM_NONE)
        return (int)vdc_fail(diag, VDC_ERROR_INPUT, &cgroup->burst_node->place, "burst: nothing can be saved without a quota");
    vdc_code code = vdc_node_integer(cgroup->burst_node, VDC_DIM_TIME, cgroup->quota,
                                     cgroup->quota > INT64_MAX / 2 ? INT64_MAX : 2 * cgroup->quota, &together, diag);
    cgroup->burst = code ? 0 : together - cgroup->quota;
    return (int)code;
}

static const vdc_param cgroup_params[] = {
    VDC_PARAM_COUNT_ROW("weight", cgroup_state, weight, "100", 1, 10000, "cpu.weight of a VM's group"),
    {.name = "quota", .type = VDC_PARAM_INTEGER, .dimension = VDC_DIM_TIME, .fallback = "max", .none = "max",
     .help = "CPU time of a group in one period (cpu.max)", .offset = offsetof(cgroup_state, quota)},
    {.name = "period", .type = VDC_PARAM_INTEGER, .dimension = VDC_DIM_TIME, .fallback = "100ms", .minimum = 1e6, .maximum = 1e9,
     .help = "the period of cpu.max", .offset = offsetof(cgroup_state, period)},
    {.name = "burst", .type = VDC_PARAM_NODE, .offset = offsetof(cgroup_state, burst_node),
     .help = "CPU time of a group in one period with what it saved in earlier ones (quota + cpu.max.burst): quota to 2 quota; quota = nothing is saved"},
    QUANTUM_ROW(cgroup_state, "3ms"),
};

const vdc_policy vdc_cpu_cgroup = {
    VDC_POLICY_HEAD(VDC_CPU_SHARING, "cgroup", "cpu.weight and cpu.max of a group per VM", "Linux cgroup v2"),
    VDC_POLICY_STATE(cgroup_params, cgroup_state),
    .read = read_cgroup,
    .cpu = {.weight_most = 10000, .share = share, .scratch_size = vdc_cpu_share_scratch, .fluid = true, .map = map_cgroup,
            .quantum = cgroup_quantum, .bursts = cgroup_bursts},
};

/* --- Linux CFS: one nice level is 25 % --- */

static void map_nice(const void *state, const vdc_request *request, int64_t host_speed, vdc_cpu_entry *entry) {
    vdc_cpu_entry_of(request, host_speed, entry);
    entry->reservation = 0;
    if (gives_weight(request)) return;
    int64_t nice = level_of(state, request);
    double factor = 1; /* powers of 5/4 are exact in a double up to the 22nd */
    for (int64_t i = 0; i < (nice < 0 ? -nice : nice); i++) factor *= 1.25;
    entry->weight = (int64_t)lround(nice < 0 ? 1024 * factor : 1024 / factor);
}

static const vdc_param nice_params[] = {
    VDC_PARAM_COUNT_ROW("low", levels, low, "5", -20, 19, "nice value of a VM of low priority"),
    VDC_PARAM_COUNT_ROW("normal", levels, normal, "0", -20, 19, "nice value of a VM of normal priority"),
    VDC_PARAM_COUNT_ROW("high", levels, high, "-5", -20, 19, "nice value of a VM of high priority"),
    QUANTUM_ROW(levels, "3ms"),
};

const vdc_policy vdc_cpu_cfs_nice = {
    VDC_POLICY_HEAD(VDC_CPU_SHARING, "cfs-nice", "a nice value by priority, weight 1024 / 1.25^nice per VM",
                    "after the Linux CFS"),
    VDC_POLICY_STATE(nice_params, levels),
    FRONT_END(map_nice, levels_quantum, 0),
};

/* --- KubeVirt: the quality-of-service class follows from the VM's reservation (its request) and limit, as in Kubernetes --- */

typedef struct kubevirt_state {
    int64_t allocation_ratio, quantum;
} kubevirt_state;

static int64_t kubevirt_quantum(const void *state) { return ((const kubevirt_state *)state)->quantum; }

enum { BEST_EFFORT_SHARES = 2, SHARES_PER_CPU = 1024 };

static void map_kubevirt(const void *state, const vdc_request *request, int64_t host_speed, vdc_cpu_entry *entry) {
    int64_t ratio = ((const kubevirt_state *)state)->allocation_ratio;
    vdc_cpu_entry_of(request, host_speed, entry);
    if (entry->limit != VDC_UNLIMITED && (entry->reservation == 0 || entry->reservation >= entry->limit)) {
        entry->reservation = entry->limit; /* Guaranteed; a limit alone is its own request */
    } else if (entry->reservation == 0 && ratio != VDC_PARAM_NONE) {
        entry->reservation = entry->nominal / ratio; /* Burstable, as KubeVirt requests CPU for a VM that names none */
    }
    if (gives_weight(request)) return;
    int64_t shares = host_speed > 0 ? (int64_t)((vdc_wide)entry->reservation * SHARES_PER_CPU / host_speed) : 0;
    entry->weight = within(shares, BEST_EFFORT_SHARES, INT64_MAX); /* without a request: BestEffort */
}

static const vdc_param kubevirt_params[] = {
    {.name = "allocation_ratio", .type = VDC_PARAM_INTEGER, .dimension = VDC_DIM_COUNT, .fallback = "10", .minimum = 1,
     .maximum = 1000000,
     .none = "none", .help = "vCPUs per requested CPU of a VM without reservation and limit; none = it is BestEffort",
     .offset = offsetof(kubevirt_state, allocation_ratio)},
    QUANTUM_ROW(kubevirt_state, "3ms"),
};

const vdc_policy vdc_cpu_kubevirt = {
    VDC_POLICY_HEAD(VDC_CPU_SHARING, "kubevirt", "Guaranteed, Burstable or BestEffort by the VM's reservation and limit",
                    "after KubeVirt and Kubernetes"),
    VDC_POLICY_STATE(kubevirt_params, kubevirt_state),
    FRONT_END(map_kubevirt, kubevirt_quantum, 0),
};
