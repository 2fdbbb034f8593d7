/* The tables of every section: see sections.h. */
#include "sim/scenario/sections.h"

#include "models/migration.h"

#define COUNT_OF(array) (sizeof(array) / sizeof(array)[0])
#define AT(section, member) .offset = offsetof(vdc_section_##section, member)
#define INTEGER .type = VDC_PARAM_INTEGER
#define REAL .type = VDC_PARAM_REAL
#define TEXT .type = VDC_PARAM_TEXT
#define PATH .type = VDC_PARAM_PATH
#define NODE .type = VDC_PARAM_NODE
#define BOOL .type = VDC_PARAM_BOOL
#define CHOICE .type = VDC_PARAM_CHOICE

enum { MOST_HOSTS = 100000000, MOST_RACKS = 1000000 };

static const vdc_param top[] = {
    {"vdcsim", INTEGER, .minimum = 1, .maximum = 1, AT(top, version), .help = "the version of the scenario format: 1"},
    {"name", TEXT, AT(top, name), .help = "names the run and its result file; default: the file's name"},
    {"seed", INTEGER, .fallback = "0", AT(top, seed), .help = "of all random streams"},
    {"time", NODE, AT(top, time), .help = "start, end and tick"},
    {"datacenter", NODE, AT(top, datacenter), .required = true, .help = "the hosts and how far they may be promised"},
    {"workload", NODE, AT(top, workload), .required = true, .help = "where VMs come from: trace, generate, vms, or any mix"},
    {"schedulers", NODE, AT(top, schedulers), .help = "the policies: admission, placement, cpu, rebalance"},
    {"isolation", NODE, AT(top, isolation), .help = "constraints of tenants, groups and labels"},
    {"attack", NODE, AT(top, attack), .help = "a tenant that launches VMs to meet those of others"},
    {"lifecycle", NODE, AT(top, lifecycle), .help = "how long VMs boot, shut down and are saved"},
    {"migration", NODE, AT(top, migration), .help = "how VMs move between hosts"},
    {"memory", NODE, AT(top, memory), .help = "what hypervisors do when their memory runs short"},
    {"failures", NODE, AT(top, failures), .help = "which hosts fail when, and what becomes of their VMs"},
    {"networks", NODE, AT(top, networks), .help = "a list of tenant networks: {name, weight}"},
    {"operations", NODE, AT(top, operations),
     .help = "a list of {at: time after the beginning, do: create-network, resize-volume, stop, …, vm: the id of a VM where it is about one}"},
    {"power", NODE, AT(top, power), .help = "empty and failed hosts, PUE, carbon"},
    {"prices", NODE, AT(top, prices), .help = "what VMs pay, what energy costs, what is given back for poor service"},
    {"alarms", NODE, AT(top, alarms), .help = "thresholds that are looked at once a tick, for the event log and the monitor"},
    {"output", NODE, AT(top, output), .help = "what is written to the result file"},
};

static const vdc_param alarms[] = {
    {"ready", REAL, .dimension = VDC_DIM_RATIO, .fallback = "100%", .minimum = 0, .maximum = 1, AT(alarms, ready),
     .help = "more than this share of the CPU time that VMs wanted and may have was not given; 100% is never"},
    {"memory", REAL, .dimension = VDC_DIM_RATIO, .fallback = "1000", .minimum = 0, .maximum = 1000, AT(alarms, memory),
     .help = "more than this share of the memory of the hosts that are not down is held at the end of the tick"},
    {"unavailability", REAL, .dimension = VDC_DIM_RATIO, .fallback = "100%", .minimum = 0, .maximum = 1, AT(alarms, unavailability),
     .help = "VMs were down for more than this share of the time, not planned (with failures beyond a trace)"},
    {"soft_rules", INTEGER, .fallback = "none", .none = "none", .minimum = 0, AT(alarms, soft_rules),
     .help = "more than so many VMs break soft rules at the end of the tick"},
};

static const vdc_param time_section[] = {
    {"start", TEXT, AT(time, start), .help = "the date and time of clock 0 (UTC), for carbon and price traces"},
    {"end", TEXT, .fallback = "last-vm", AT(time, end), .help = "last-vm, last-arrival or a duration"},
    {"tick", INTEGER, .dimension = VDC_DIM_TIME, .fallback = "5min", .minimum = 1, AT(time, tick),
     .help = "the length of a row of /ticks"},
};

static const vdc_param datacenter[] = {
    {"hosts", NODE, AT(datacenter, hosts), .required = true,
     .help = "a list of host classes, or {format, path} of a file of hosts"},
    {"topology", NODE, AT(datacenter, topology), .help = "zones, racks and the network between them"},
    {"storage", NODE, AT(datacenter, storage), .help = "a list of pools that volumes are cut from, reached over the network"},
    {"overcommit", NODE, AT(datacenter, overcommit), .help = "how much more may be promised than is there"},
};

static const vdc_param hosts_file[] = {
    {"format", TEXT, .required = true, AT(hosts_file, format), .help = "the file's format"},
    {"path", PATH, .required = true, AT(hosts_file, path), .help = "the file"},
    {"tie_break", TEXT, AT(hosts_file, tie_break),
     .help = "a file of ranks, or random: of hosts that a policy likes equally, the lowest rank wins"},
    {"racks", PATH, AT(hosts_file, racks),
     .help = "a CSV of host_id, rack_id: host-7 is the host at place 7 of the file; in place of topology.racks and zones"},
    {"max_vms", INTEGER, .fallback = "none", .none = "none", .minimum = 1, .maximum = UINT32_MAX, AT(hosts_file, max_vms),
     .help = "VMs a host"},
};

static const vdc_param host[] = {
    {"class", TEXT, .fallback = "host", AT(host, name), .help = "the class's name; hosts are named after it"},
    {"count", INTEGER, .fallback = "1", .minimum = 1, .maximum = MOST_HOSTS, AT(host, count), .help = "hosts of the class"},
    {"cpu", NODE, AT(host, cpu), .help = "sockets, cores, threads, speed"},
    {"memory", INTEGER, .dimension = VDC_DIM_BYTES, AT(host, memory), .help = "the host's memory, such as 256 GiB"},
    {"disks", NODE, AT(host, disks), .help = "a list of {size, iops, bandwidth}"},
    {"nic", INTEGER, .dimension = VDC_DIM_BYTE_RATE, .fallback = "0", AT(host, nic),
     .help = "network bandwidth in each direction"},
    {"gpus", NODE, AT(host, gpus), .help = "{count, model}"},
    {"power", NODE, AT(host, power), .help = "the power model: {model, ...}"},
    {"labels", NODE, AT(host, labels), .help = "{key: text}: what VMs and rules may require"},
    {"taints", NODE, AT(host, taints), .help = "a list of texts: only VMs that tolerate them come here"},
    {"llc_ways", INTEGER, .fallback = "0", .maximum = 1024, AT(host, llc_ways), .help = "ways of the last-level cache that can be partitioned"},
    {"memory_bandwidth", INTEGER, .dimension = VDC_DIM_BYTE_RATE, .fallback = "0", AT(host, memory_bandwidth),
     .help = "memory bandwidth that can be partitioned"},
    {"interference", NODE, AT(host, interference), .help = "{llc, bandwidth, latency_rise, remote_latency}: what neighbours share beside CPU time"},
    {"reserve", NODE, AT(host, reserve), .help = "{cpu, memory}: kept for the hypervisor"},
    {"max_vms", INTEGER, .fallback = "none", .none = "none", .minimum = 1, .maximum = UINT32_MAX, AT(host, max_vms),
     .help = "VMs a host"},
};

static const vdc_param cpu[] = {
    {"sockets", INTEGER, .fallback = "1", .minimum = 1, .maximum = 64, AT(cpu, sockets), .help = "sockets"},
    {"cores", INTEGER, .fallback = "1", .minimum = 1, .maximum = 1024, AT(cpu, cores), .help = "cores a socket"},
    {"threads", INTEGER, .fallback = "1", .minimum = 1, .maximum = 8, AT(cpu, threads), .help = "hardware threads a core"},
    {"numa", INTEGER, .fallback = "1", .minimum = 1, .maximum = VDC_NUMA_NODES, AT(cpu, numa), .help = "NUMA nodes a socket"},
    {"speed", INTEGER, .dimension = VDC_DIM_FREQUENCY, .fallback = "1 GHz", .minimum = 1, .maximum = 1e12, AT(cpu, speed),
     .help = "of one hardware thread"},
    {"smt_yield", REAL, .dimension = VDC_DIM_RATIO, .fallback = "25%", .maximum = 1, AT(cpu, smt_yield),
     .help = "what a second thread adds to a core"},
};

static const char *const disk_kinds[] = {"ssd", "hdd", NULL}; /* vdc_disk_kind */
static const vdc_param disk[] = {
    {"size", INTEGER, .dimension = VDC_DIM_BYTES, AT(disk, size), .help = "usable bytes"},
    {"iops", INTEGER, .fallback = "0", AT(disk, iops), .help = "operations a second"},
    {"bandwidth", INTEGER, .dimension = VDC_DIM_BYTE_RATE, .fallback = "0", AT(disk, bandwidth), .help = "bytes a second"},
    {"latency", INTEGER, .dimension = VDC_DIM_TIME, .fallback = "100us", AT(disk, latency), .help = "of a request to an idle disk"},
    {"variation", REAL, .fallback = "1", .maximum = 1000, AT(disk, variation),
     .help = "coefficient of variation of the service time, for the latency under load; 1: exponential"},
    {"kind", CHOICE, .fallback = "ssd", .choices = disk_kinds, AT(disk, kind), .help = "hdd: bandwidth falls with the number of streams"},
};

static const vdc_param gpus[] = {
    {"count", INTEGER, .maximum = VDC_GPU_DEVICES, AT(gpus, count), .help = "devices a host"},
    {"model", TEXT, AT(gpus, model), .help = "their model"},
};

static const vdc_param interference[] = {
    {"llc", INTEGER, .dimension = VDC_DIM_BYTES, .fallback = "0", AT(interference, llc), .help = "last-level cache of a socket"},
    {"bandwidth", INTEGER, .dimension = VDC_DIM_BYTE_RATE, .fallback = "0", AT(interference, bandwidth), .help = "memory bandwidth of a socket"},
    {"latency_rise", REAL, .fallback = "0.2", .maximum = 100, AT(interference, latency_rise),
     .help = "memory takes 1 + this x load / (1 - load) times as long"},
    {"remote_latency", REAL, .fallback = "1.6", .minimum = 1, .maximum = 100, AT(interference, remote_latency),
     .help = "memory of another NUMA node takes so many times as long"},
};

static const vdc_param reserve[] = {
    {"cpu", INTEGER, .dimension = VDC_DIM_MILLI, .fallback = "0", AT(reserve, cpu), .help = "hardware threads"},
    {"memory", INTEGER, .dimension = VDC_DIM_BYTES, .fallback = "0", AT(reserve, memory), .help = "bytes"},
};

static const vdc_param topology[] = {
    {"zones", INTEGER, .fallback = "1", .minimum = 1, .maximum = MOST_RACKS, AT(topology, zones),
     .help = "zones of the datacenter"},
    {"racks", INTEGER, .fallback = "1", .minimum = 1, .maximum = MOST_RACKS, AT(topology, racks),
     .help = "racks of the datacenter, over all zones"},
    {"fabric", NODE, AT(topology, fabric), .help = "{kind, uplink, spines, ...}: the switches between hosts; without it only NICs are ever short"},
};

static const char *const fabric_kinds[] = {"none", "leaf-spine", "fat-tree", NULL}, *const fabric_paths[] = {"shared", "hashed", NULL}; /* vdc_fabric_kind */
static const vdc_param fabric[] = {
    {"kind", CHOICE, .fallback = "leaf-spine", .choices = fabric_kinds, AT(fabric, kind), .help = "leaf-spine: a leaf a rack; fat-tree: by `arity`"},
    {"uplink", INTEGER, .dimension = VDC_DIM_BYTE_RATE, .fallback = "100 Gbit/s", .minimum = 1, .maximum = 1e15, AT(fabric, uplink),
     .help = "of a link between switches, in each direction"},
    {"spines", INTEGER, .fallback = "4", .minimum = 1, .maximum = VDC_FABRIC_SPINES_MAX, AT(fabric, spines),
     .help = "of leaf-spine: every leaf has a link to each"},
    {"arity", INTEGER, .fallback = "8", .minimum = 2, .maximum = VDC_FABRIC_ARITY_MAX, AT(fabric, arity),
     .help = "k of a fat-tree, even: room for k^3/4 hosts"},
    {"paths", CHOICE, .fallback = "shared", .choices = fabric_paths, AT(fabric, paths),
     .help = "shared: equal paths are one; hashed: a flow is bound to one of them"},
    {"rtt", INTEGER, .dimension = VDC_DIM_TIME, .fallback = "100us", AT(fabric, rtt), .help = "what a message takes beside its bytes"},
};

static const vdc_param network[] = {
    {"name", TEXT, .required = true, AT(network, name), .help = "what vNICs say"},
    {"weight", INTEGER, .fallback = "1", .minimum = 1, .maximum = VDC_IO_WEIGHT_MAX, AT(network, weight), .help = "share of links that are full"},
};

static const vdc_param storage[] = {
    {"name", TEXT, .required = true, .offset = offsetof(vdc_pool_spec, name), .help = "what volumes say"},
    {"size", INTEGER, .dimension = VDC_DIM_BYTES, .minimum = 1, .offset = offsetof(vdc_pool_spec, size), .help = "usable bytes"},
    {"iops", INTEGER, .fallback = "none", .none = "none", .maximum = 1e12, .offset = offsetof(vdc_pool_spec, iops), .help = "operations a second"},
    {"bandwidth", INTEGER, .dimension = VDC_DIM_BYTE_RATE, .fallback = "none", .none = "none", .maximum = 1e15, .offset = offsetof(vdc_pool_spec, bandwidth),
     .help = "bytes a second"},
    {"nic", INTEGER, .dimension = VDC_DIM_BYTE_RATE, .fallback = "none", .none = "none", .maximum = 1e15, .offset = offsetof(vdc_pool_spec, nic),
     .help = "network bandwidth in each direction"},
    {"latency", INTEGER, .dimension = VDC_DIM_TIME, .fallback = "100us", .offset = offsetof(vdc_pool_spec, latency), .help = "of a request to an idle pool"},
    {"rack", INTEGER, .fallback = "none", .none = "none", .maximum = MOST_RACKS - 1, .offset = offsetof(vdc_pool_spec, rack),
     .help = "where it stands in a leaf-spine fabric; none: at the spines"},
    {"overcommit", REAL, .dimension = VDC_DIM_RATIO, .fallback = "1", .minimum = 1, .maximum = 1000, .offset = offsetof(vdc_pool_spec, overcommit),
     .help = "thin volumes may promise so many times the size"},
    {"variation", REAL, .fallback = "1", .maximum = 1000, .offset = offsetof(vdc_pool_spec, variation),
     .help = "coefficient of variation of the service time, for the latency under load; 1: exponential"},
    {"kind", CHOICE, .fallback = "ssd", .choices = disk_kinds, .offset = offsetof(vdc_pool_spec, kind),
     .help = "hdd: bandwidth falls with the number of streams"},
    {"images", BOOL, .fallback = "false", .offset = offsetof(vdc_pool_spec, images), .help = "images of volumes are copied from here"},
};

static const vdc_param overcommit[] = {
    {"cpu", REAL, .dimension = VDC_DIM_RATIO, .fallback = "1", .minimum = 0.001, .maximum = 1000, AT(overcommit, cpu),
     .help = "vCPUs per hardware thread"},
    {"memory", REAL, .dimension = VDC_DIM_RATIO, .fallback = "1", .minimum = 0.001, .maximum = 1000, AT(overcommit, memory),
     .help = "promised per byte that is there"},
    {"disk", REAL, .dimension = VDC_DIM_RATIO, .fallback = "1", .minimum = 0.001, .maximum = 1000, AT(overcommit, disk),
     .help = "disk space promised per byte that is there"},
};

static const vdc_param workload[] = {
    {"trace", NODE, AT(workload, trace), .help = "{format, path, ...}"},
    {"generate", NODE, AT(workload, generate), .help = "{arrivals, lifetime, flavors, load, tenants}"},
    {"vms", NODE, AT(workload, vms), .help = "a list of VMs"},
};

static const vdc_param schedulers[] = {
    {"admission", NODE, AT(schedulers, kinds[VDC_ADMISSION]), .help = "the queue: which waiting VM is tried, and when"},
    {"placement", NODE, AT(schedulers, kinds[VDC_PLACEMENT]), .help = "the allocator: which host"},
    {"cpu", NODE, AT(schedulers, kinds[VDC_CPU_SHARING]), .help = "the hypervisor: who runs, how much"},
    {"rebalance", NODE, AT(schedulers, kinds[VDC_REBALANCE]), .help = "live migration"},
};

static const vdc_param admission[] = {
    {"timeout", INTEGER, .dimension = VDC_DIM_TIME, .fallback = "none", .none = "none", AT(admission, timeout),
     .help = "a VM that waited so long is rejected; 0s: it is placed on arrival or rejected"},
    {"queue_limit", INTEGER, .fallback = "none", .none = "none", AT(admission, queue_limit),
     .help = "VMs that may wait; more are rejected"},
    {"retry", INTEGER, .dimension = VDC_DIM_TIME, .fallback = "release", .none = "release", .minimum = 1, AT(admission, retry),
     .help = "waiting VMs are tried again when something is released, or every so often"},
    {"preemption", NODE, AT(admission, preemption), .help = "{classes, victim, notice, restart}: higher priorities displace lower ones"},
};

static const vdc_param preemption[] = {
    {"classes", NODE, AT(preemption, classes), .help = "a list of priorities that may be displaced; default: all lower ones"},
    {"victim", CHOICE, .fallback = "lowest-priority", .choices = vdc_victim_rule_names, AT(preemption, victim),
     .help = "who goes first"},
    {"notice", INTEGER, .dimension = VDC_DIM_TIME, .fallback = "0s", AT(preemption, notice), .help = "time between the warning and the end"},
    {"restart", BOOL, .fallback = "false", AT(preemption, restart), .help = "the displaced wait again; else they are evicted for good"},
};
const char *const vdc_admission_keys[] = {"timeout", "queue_limit", "retry", "preemption", NULL};

static const vdc_param attack[] = {
    {"tenant", TEXT, .required = true, AT(attack, tenant), .help = "the attacker, a tenant of its own"},
    {"targets", NODE, .required = true, AT(attack, targets), .help = "a list of tenants: whose VMs it wants to share a host with"},
    {"launches", NODE, .required = true, AT(attack, launches), .help = "{start, interval, count, vcpus, memory, lifetime, ...}: its VMs"},
};

static const vdc_param failures[] = {
    {"trace", NODE, AT(failures, trace), .help = "{rows} or {path}, repeat"},
    {"recovery", NODE, AT(failures, recovery), .help = "{policy, max_failures, ...}: what becomes of the VMs"},
    {"processes", NODE, AT(failures, processes), .help = "a list of {level, mtbf, repair, ...}: hosts, racks, zones and update domains that break"},
    {"update_domains", INTEGER, .fallback = "1", .minimum = 1, .maximum = MOST_RACKS, AT(failures, update_domains),
     .help = "update domains of the hosts: host h is in domain h mod this number"},
    {"warning", NODE, AT(failures, warning), .help = "{lead, recall, precision}: failures that are foreseen"},
    {"reserve", NODE, AT(failures, reserve), .help = "{hosts} or {share}: capacity that first placements leave for restarts"},
    {"quorum", REAL, .dimension = VDC_DIM_RATIO, .fallback = "50%", .minimum = 1e-9, .maximum = 1, AT(failures, quorum),
     .help = "a group of VMs is available while this share of them is up"},
    {"groups", NODE, AT(failures, groups), .help = "a list of {group, up}: groups that need so many VMs instead"},
    {"maintenance", NODE, AT(failures, maintenance), .help = "planned waves: {start, duration, ...}"},
};

static const vdc_param failure_process[] = {
    {"level", CHOICE, .choices = vdc_failure_level_names, AT(failure_process, level), .required = true,
     .help = "what breaks, each one by itself: host, rack, zone or update-domain"},
    {"mtbf", INTEGER, .dimension = VDC_DIM_TIME, .fallback = "none", .none = "none", .minimum = 1, AT(failure_process, mtbf),
     .help = "mean life between a repair and the next failure"},
    {"scale", INTEGER, .dimension = VDC_DIM_TIME, .fallback = "none", .none = "none", .minimum = 1, AT(failure_process, scale),
     .help = "in place of mtbf: the scale of the Weibull distribution"},
    {"shape", REAL, .fallback = "1", .minimum = 0.05, .maximum = 100, AT(failure_process, shape),
     .help = "of the Weibull distribution: 1 = exponential, below 1 = many die young"},
    {"kills", REAL, .dimension = VDC_DIM_RATIO, .fallback = "100%", .minimum = 0, .maximum = 1, AT(failure_process, kills),
     .help = "probability that a failure takes down a host that belongs to it"},
    {"repair", INTEGER, .dimension = VDC_DIM_TIME, .required = true, .minimum = 1, AT(failure_process, repair),
     .help = "its repair: the median, or with repair_sigma 0 always this long"},
    {"repair_sigma", REAL, .fallback = "0", .minimum = 0, .maximum = 20, AT(failure_process, repair_sigma),
     .help = "repairs are log-normal with this standard deviation of the logarithm"},
    {"age", INTEGER, .dimension = VDC_DIM_TIME, .fallback = "0s", AT(failure_process, age), .help = "how old they are at the beginning"},
};

static const char *const evacuations[] = {"migrate", "restart", NULL};
static const vdc_param warning[] = {
    {"lead", INTEGER, .dimension = VDC_DIM_TIME, .required = true, .minimum = 1, AT(warning, lead), .help = "a warning comes so long before the failure"},
    {"recall", REAL, .dimension = VDC_DIM_RATIO, .fallback = "100%", .minimum = 0, .maximum = 1, AT(warning, recall),
     .help = "share of the failures that are foreseen"},
    {"precision", REAL, .dimension = VDC_DIM_RATIO, .fallback = "100%", .minimum = 0.001, .maximum = 1, AT(warning, precision),
     .help = "share of the warnings that come true"},
    {"evacuate", CHOICE, .choices = evacuations, .fallback = "migrate", AT(warning, evacuate),
     .help = "how VMs leave the host: by live migration, or by starting again on another one"},
};

static const vdc_param ha_reserve[] = {
    {"hosts", INTEGER, .fallback = "0", .minimum = 0, .maximum = MOST_HOSTS, AT(ha_reserve, hosts), .help = "as much as so many of the largest hosts have"},
    {"share", REAL, .dimension = VDC_DIM_RATIO, .fallback = "0%", .minimum = 0, .maximum = 1, AT(ha_reserve, share),
     .help = "this share of what all hosts have"},
};

static const vdc_param failure_group[] = {
    {"group", TEXT, .required = true, AT(failure_group, group), .help = "the group's name"},
    {"up", INTEGER, .minimum = 1, .required = true, AT(failure_group, up), .help = "VMs of it that must be up for the group to be available"},
};

static const char *const drains[] = {"migrate", "restart", "wait", NULL}; /* vdc_drain_rule */
static const vdc_param maintenance[] = {
    {"start", INTEGER, .dimension = VDC_DIM_TIME, .required = true, AT(maintenance, start), .help = "when the first wave begins"},
    {"every", INTEGER, .dimension = VDC_DIM_TIME, .fallback = "none", .none = "none", .minimum = 1, AT(maintenance, every),
     .help = "a new wave begins so often, or when the one before it is over"},
    {"duration", INTEGER, .dimension = VDC_DIM_TIME, .required = true, .minimum = 1, AT(maintenance, duration), .help = "a host is down so long"},
    {"gap", INTEGER, .dimension = VDC_DIM_TIME, .fallback = "0s", AT(maintenance, gap), .help = "between an update domain's end and the next one's beginning"},
    {"at_once", INTEGER, .fallback = "none", .none = "none", .minimum = 1, AT(maintenance, at_once),
     .help = "hosts of an update domain that are taken at a time"},
    {"drain", CHOICE, .choices = drains, .fallback = "migrate", AT(maintenance, drain),
     .help = "how VMs leave: migrate, restart (on another host that has room), or wait (for their own end)"},
    {"deadline", INTEGER, .dimension = VDC_DIM_TIME, .fallback = "1h", AT(maintenance, deadline),
     .help = "what has not left by then is stopped and started again as after a failure"},
    {"retry", INTEGER, .dimension = VDC_DIM_TIME, .fallback = "1min", .minimum = 1000000, AT(maintenance, retry),
     .help = "what cannot leave is tried again so often"},
    {"budget", INTEGER, .fallback = "none", .none = "none", .minimum = 1, AT(maintenance, budget),
     .help = "VMs of a group that may be down when one of it is restarted for maintenance, it included"},
};

static const vdc_param failure_trace[] = {
    {"rows", NODE, AT(failure_trace, rows), .help = "a list of [time since the previous recovery, duration, share of the hosts]"},
    {"path", PATH, AT(failure_trace, path), .help = "a CSV of the same"},
    {"repeat", BOOL, .fallback = "false", AT(failure_trace, repeat), .help = "begin again after the last row"},
};

static const char *const recovery_rules[] = {"restart", "none", "elsewhere", "in-place", "standby", NULL}; /* vdc_recovery_rule */
static const char *const checkpoint_rules[] = {"given", "young", NULL};
static const vdc_param recovery[] = {
    {"policy", CHOICE, .choices = recovery_rules, .fallback = "restart", AT(recovery, policy),
     .help = "restart: to the tail of the queue; elsewhere: the same after 30 s; in-place: on its own host when that is back; standby: a second VM "
             "on another host takes over, without one elsewhere; none: lost"},
    {"detect", INTEGER, .dimension = VDC_DIM_TIME, .fallback = "none", .none = "none", AT(recovery, detect),
     .help = "until the failure is noticed; default 30 s for elsewhere and for VMs without a standby, else 0 s"},
    {"failover", INTEGER, .dimension = VDC_DIM_TIME, .fallback = "10s", AT(recovery, failover), .help = "until a standby has taken over"},
    {"checkpoint", CHOICE, .choices = checkpoint_rules, .fallback = "given", AT(recovery, checkpoint),
     .help = "young: VMs that take checkpoints take them at the interval sqrt(2 x duration x MTBF of a host) instead of their own"},
    {"max_failures", INTEGER, .fallback = "none", .none = "none", .minimum = 1, AT(recovery, max_failures),
     .help = "failures that a VM does not survive"},
};

static const char *const empty_host[] = {"on", "off", "standby", NULL}, *const down_host[] = {"off", "idle", NULL};
static const vdc_param power[] = {
    {"empty_host", CHOICE, .choices = empty_host, .fallback = "on", AT(power, empty_host),
     .help = "off: hosts without a VM are off at once, and on at once for the next one; standby: they are switched off and on, which takes time"},
    {"off_after", INTEGER, .dimension = VDC_DIM_TIME, .fallback = "5min", AT(power, off_after),
     .help = "standby: how long a host is without a VM before it is switched off"},
    {"shutdown", INTEGER, .dimension = VDC_DIM_TIME, .fallback = "30s", AT(power, shutdown),
     .help = "standby: how long switching off takes, at the host's idle power"},
    {"boot", INTEGER, .dimension = VDC_DIM_TIME, .fallback = "2min", AT(power, boot),
     .help = "standby: how long switching on takes, at the power of full load"},
    {"spare", INTEGER, .fallback = "0", AT(power, spare), .help = "standby: hosts without a VM that are kept on"},
    {"down_host", CHOICE, .choices = down_host, .fallback = "off", AT(power, down_host),
     .help = "what a failed host draws: nothing, or its idle power"},
    {"pue", REAL, .fallback = "1", .minimum = 1, .maximum = 100, AT(power, pue), .help = "facility energy over IT energy"},
    {"carbon", NODE, AT(power, carbon), .help = "{trace}"},
};

static const vdc_param carbon[] = {
    {"trace", PATH, .required = true, AT(carbon, trace),
     .help = "a CSV of timestamp (ms since 1970) and carbon_intensity (g/kWh); needs time.start"},
};

#define MONEY .type = VDC_PARAM_INTEGER, .dimension = VDC_DIM_MONEY
#define DEAREST 1e15 /* a million an hour */
static const vdc_param prices[] = {
    {"currency", TEXT, .fallback = "EUR", AT(prices, currency), .help = "names the unit of all amounts"},
    {"period", INTEGER, .dimension = VDC_DIM_TIME, .fallback = "0s", AT(prices, period),
     .help = "each stay of a VM on a host is rounded up to a multiple of it; 0s: billed exactly"},
    {"flavors", NODE, AT(prices, flavors), .help = "a list of {name, vcpus, memory, disk, gpus, on_demand, reserved, spot}, prices an hour"},
    {"units", NODE, AT(prices, units), .help = "{vcpu, memory, disk, gpu, spot}: of VMs that no flavor holds"},
    {"reservations", NODE, AT(prices, reservations), .help = "a list of {tenant, flavor, count}: paid for whether used or not"},
    {"spot", NODE, AT(prices, spot), .help = "a list of {tenant, group, priority}: whose VMs pay the spot price"},
    {"energy", NODE, AT(prices, energy), .help = "{price} or {trace}: a kWh of the facility"},
    {"sla", NODE, AT(prices, sla), .help = "a list of {wait, ready, availability, credit}: promises, and the share of the bill given back"},
};

static const vdc_param flavor_price[] = {
    {"name", TEXT, .required = true, AT(flavor_price, name), .help = "for reservations"},
    {"vcpus", INTEGER, .dimension = VDC_DIM_MILLI, AT(flavor_price, vcpus), .help = "at most so many virtual CPUs"},
    {"memory", INTEGER, .dimension = VDC_DIM_BYTES, AT(flavor_price, memory), .help = "at most so much memory"},
    {"disk", INTEGER, .dimension = VDC_DIM_BYTES, .fallback = "any", .none = "any", AT(flavor_price, disk), .help = "at most so much disk"},
    {"gpus", INTEGER, .dimension = VDC_DIM_MILLI, .fallback = "0", AT(flavor_price, gpus), .help = "at most so many GPUs"},
    {"on_demand", MONEY, .maximum = DEAREST, AT(flavor_price, price[VDC_PLAN_ON_DEMAND]), .help = "an hour, while a VM runs"},
    {"reserved", MONEY, .fallback = "none", .none = "none", .maximum = DEAREST, AT(flavor_price, price[VDC_PLAN_RESERVED]),
     .help = "an hour of a reservation, all the time"},
    {"spot", MONEY, .fallback = "none", .none = "none", .maximum = DEAREST, AT(flavor_price, price[VDC_PLAN_SPOT]),
     .help = "an hour, while a VM runs that may be displaced; default: as on demand"},
};

static const vdc_param units[] = {
    {"vcpu", MONEY, .fallback = "0", .maximum = DEAREST, AT(units, vcpu), .help = "an hour of a virtual CPU"},
    {"memory", MONEY, .fallback = "0", .maximum = DEAREST, AT(units, memory), .help = "an hour of a GiB of memory"},
    {"disk", MONEY, .fallback = "0", .maximum = DEAREST, AT(units, disk), .help = "an hour of a GiB of disk"},
    {"gpu", MONEY, .fallback = "0", .maximum = DEAREST, AT(units, gpu), .help = "an hour of a GPU"},
    {"spot", REAL, .dimension = VDC_DIM_RATIO, .fallback = "100%", .maximum = 1, AT(units, spot), .help = "of these, what spot VMs pay"},
};

static const vdc_param reservation[] = {
    {"tenant", TEXT, .required = true, AT(reservation, tenant), .help = "whose VMs may use it"},
    {"flavor", TEXT, .required = true, AT(reservation, flavor), .help = "the flavor's name; it needs a price for reserved"},
    {"count", INTEGER, .fallback = "1", .minimum = 1, .maximum = 1e9, AT(reservation, count), .help = "VMs at one time; more pay on demand"},
};

static const vdc_param spot[] = {
    {"tenant", TEXT, AT(spot, tenant), .help = "VMs of this tenant"},
    {"group", TEXT, AT(spot, group), .help = "VMs of this group"},
    {"priority", TEXT, AT(spot, priority), .help = "VMs of this priority: low, normal, high or an integer"},
};

static const vdc_param energy[] = {
    {"price", MONEY, .fallback = "0", .minimum = -DEAREST, .maximum = DEAREST, AT(energy, price), .help = "a kWh"},
    {"trace", PATH, AT(energy, trace), .help = "a CSV of timestamp (ms since 1970) and price (a kWh; may be negative); needs time.start"},
};

static const vdc_param sla[] = {
    {"wait", INTEGER, .dimension = VDC_DIM_TIME, .fallback = "none", .none = "none", AT(sla, wait), .help = "longest time in the queue"},
    {"ready", REAL, .dimension = VDC_DIM_RATIO, .fallback = "0", .maximum = 1, AT(sla, ready),
     .help = "largest share of the CPU time that a VM wanted and was allowed that it did not get; not given: no promise"},
    {"availability", REAL, .dimension = VDC_DIM_RATIO, .fallback = "0", .maximum = 1, AT(sla, availability),
     .help = "least share of the time since its first start that a VM ran; not given: no promise"},
    {"credit", REAL, .dimension = VDC_DIM_RATIO, .maximum = 1, AT(sla, credit), .help = "share of the bill given back where one of these is broken"},
};

static const char *const levels[] = {"none", "final", "every-tick", NULL}; /* vdc_output_level */
static const vdc_param output[] = {
    {"ticks", BOOL, .fallback = "true", AT(output, ticks), .help = "the totals of every tick"},
    {"hosts", CHOICE, .choices = levels, .fallback = "none", AT(output, hosts),
     .help = "the table of hosts; every-tick: their columns over time too"},
    {"vms", CHOICE, .choices = levels, .fallback = "final", AT(output, vms),
     .help = "the table of VMs; every-tick: their columns over time too"},
    {"events", BOOL, .fallback = "false", AT(output, events), .help = "the log of events"},
    {"fairness", BOOL, .fallback = "false", AT(output, fairness), .help = "slowdown of each VM, and how evenly it is spread over them"},
};

#undef AT
#define AT(member) .offset = offsetof(vdc_lifecycle_settings, member)
static const vdc_param lifecycle[] = {
    {"boot", NODE, AT(boot), .help = "a time, or {dist: NAME, ...}: from its image until its load begins"},
    {"image", NODE, AT(image), .help = "a time, or {dist: NAME, ...}: until its image is on its host, at its first start"},
    {"boot_cpu", REAL, .dimension = VDC_DIM_RATIO, .fallback = "100%", .maximum = 1, AT(boot_cpu),
     .help = "share of its vCPUs that a booting VM asks for"},
    {"shutdown", INTEGER, .dimension = VDC_DIM_TIME, .fallback = "0s", AT(shutdown), .help = "from `stop` of a running VM until its host is free"},
    {"storage_bandwidth", INTEGER, .dimension = VDC_DIM_BYTE_RATE, .fallback = "500 MB/s", .minimum = 1, .maximum = 1e15, AT(storage_bandwidth),
     .help = "at which memory is saved to disk and read back"},
};
#undef AT
#define AT(member) .offset = offsetof(vdc_migration_settings, member)
static const char *const dirtying[] = {"exponential", "linear", NULL};
static const vdc_param migration[] = {
    {"mode", CHOICE, .choices = vdc_migration_mode_names, .fallback = "pre-copy", AT(mode), .help = "how VMs move"},
    {"bandwidth", INTEGER, .dimension = VDC_DIM_BYTE_RATE, .fallback = "10 Gbit/s", .minimum = 1, .maximum = 1e15, AT(bandwidth),
     .help = "of a host in each direction, shared by its migrations"},
    {"cap", INTEGER, .dimension = VDC_DIM_BYTE_RATE, .fallback = "128 MiB/s", .none = "none", .minimum = 1, .maximum = 1e15, AT(cap),
     .help = "of one migration"},
    {"downtime", INTEGER, .dimension = VDC_DIM_TIME, .fallback = "300ms", AT(downtime),
     .help = "pre-copy: stops for what is left when that takes no longer"},
    {"resume", INTEGER, .dimension = VDC_DIM_TIME, .fallback = "0s", AT(resume), .help = "downtime besides what is sent"},
    {"rounds", INTEGER, .fallback = "30", .minimum = 1, .maximum = 1000, AT(rounds), .help = "pre-copy: stops after so many rounds"},
    {"traffic", REAL, .dimension = VDC_DIM_RATIO, .fallback = "300%", .minimum = 1, .maximum = 1000, AT(traffic),
     .help = "pre-copy: stops when more than this share of the VM was sent"},
    {"dirtying", CHOICE, .choices = dirtying, .fallback = "exponential", AT(dirtying),
     .help = "memory written in t: w (1 - exp(-d t / w)), or min(w, d t)"},
    {"dirty_rate", INTEGER, .dimension = VDC_DIM_BYTE_RATE, .fallback = "40 MB/s", .maximum = 1e15, AT(dirty_rate),
     .help = "d: memory written by a running VM"},
    {"working_set", REAL, .dimension = VDC_DIM_RATIO, .fallback = "25%", .maximum = 1, AT(working_set),
     .help = "w: share of its memory that it writes to again and again"},
    {"auto_converge", BOOL, .fallback = "false", AT(auto_converge), .help = "slows down VMs that write faster than half of what is sent"},
    {"shared_storage", BOOL, .fallback = "true", AT(shared_storage), .help = "disks need not be copied"},
    {"disk_write_rate", INTEGER, .dimension = VDC_DIM_BYTE_RATE, .fallback = "0 B/s", .maximum = 1e15, AT(disk_write_rate),
     .help = "written to a disk while it is copied"},
    {"device_state", INTEGER, .dimension = VDC_DIM_BYTES, .fallback = "10 MB", .maximum = 1e15, AT(device_state),
     .help = "post-copy and hybrid: sent while the VM stands still"},
    {"cpu_tax", REAL, .dimension = VDC_DIM_RATIO, .fallback = "10%", .maximum = 0.9, AT(cpu_tax),
     .help = "share of a moving VM's CPU that goes into it, and as much of its size on the host that it goes to"},
    {"fault_rate", REAL, .fallback = "5000", .maximum = 1e12, AT(fault_rate), .help = "post-copy: absent pages that a VM touches a second"},
    {"fault_latency", INTEGER, .dimension = VDC_DIM_TIME, .fallback = "100us", AT(fault_latency),
     .help = "post-copy: to fetch one, besides its transfer"},
    {"per_host", INTEGER, .fallback = "2", .none = "none", .minimum = 1, AT(per_host), .help = "migrations of a host at a time, from it or to it"},
    {"concurrent", INTEGER, .fallback = "none", .none = "none", .minimum = 1, AT(concurrent), .help = "migrations at a time"},
    {"timeout", INTEGER, .dimension = VDC_DIM_TIME, .fallback = "none", .none = "none", .minimum = 1, AT(timeout),
     .help = "a migration that has not switched by then is given up"},
};
#undef AT
#define AT(member) .offset = offsetof(vdc_memory_settings, member)
static const vdc_param memory[] = {
    {"low", REAL, .dimension = VDC_DIM_RATIO, .fallback = "4%", .maximum = 0.5, AT(low), .help = "takes memory back when less of a host is free"},
    {"high", REAL, .dimension = VDC_DIM_RATIO, .fallback = "6%", .maximum = 0.5, AT(high), .help = "until so much of it is free"},
    {"dedup", REAL, .dimension = VDC_DIM_RATIO, .fallback = "0%", .maximum = 0.9, AT(dedup),
     .help = "share of what VMs touched that sharing equal pages can save"},
    {"balloon_rate", INTEGER, .dimension = VDC_DIM_BYTE_RATE, .fallback = "100 MB/s", .minimum = 1, .maximum = 1e15, AT(balloon_rate),
     .help = "at which a VM's memory is taken or given back"},
    {"balloon_floor", REAL, .dimension = VDC_DIM_RATIO, .fallback = "35%", .maximum = 1, AT(balloon_floor),
     .help = "share of its memory that a balloon leaves a VM; below it is swapped. 100% = no balloons"},
    {"idle_tax", REAL, .dimension = VDC_DIM_RATIO, .fallback = "75%", .maximum = 0.99, AT(idle_tax),
     .help = "what an idle page costs more than a used one: 1 / (1 - tax)"},
    {"fault_rate", REAL, .fallback = "20000", .maximum = 1e12, AT(fault_rate),
     .help = "faults per CPU-second of a VM of whose working set nothing is there"},
    {"swap_latency", INTEGER, .dimension = VDC_DIM_TIME, .fallback = "100us", .minimum = 1, .maximum = 1e11, AT(swap_latency),
     .help = "of a fault: about 20us from compressed memory, 100us from an NVMe disk, 10ms from a hard disk"},
    {"interval", INTEGER, .dimension = VDC_DIM_TIME, .fallback = "1s", .minimum = 1e6, .maximum = 1e12, AT(interval),
     .help = "between steps while memory moves on a host"},
};

const vdc_scenario_section vdc_scenario_sections[] = {
    [VDC_SECTION_TOP] = {"", "the scenario", top, COUNT_OF(top)},
    [VDC_SECTION_TIME] = {"time", "when a run begins and ends", time_section, COUNT_OF(time_section)},
    [VDC_SECTION_DATACENTER] = {"datacenter", "what VMs run on", datacenter, COUNT_OF(datacenter)},
    [VDC_SECTION_HOSTS_FILE] = {"datacenter.hosts", "hosts from a file", hosts_file, COUNT_OF(hosts_file)},
    [VDC_SECTION_HOST] = {"datacenter.hosts[]", "a class of equal hosts", host, COUNT_OF(host)},
    [VDC_SECTION_CPU] = {"datacenter.hosts[].cpu", "the processors of a host", cpu, COUNT_OF(cpu)},
    [VDC_SECTION_DISK] = {"datacenter.hosts[].disks[]", "a disk of a host", disk, COUNT_OF(disk)},
    [VDC_SECTION_GPUS] = {"datacenter.hosts[].gpus", "the GPUs of a host", gpus, COUNT_OF(gpus)},
    [VDC_SECTION_RESERVE] = {"datacenter.hosts[].reserve", "kept for the hypervisor", reserve, COUNT_OF(reserve)},
    [VDC_SECTION_TOPOLOGY] = {"datacenter.topology", "where hosts stand", topology, COUNT_OF(topology)},
    [VDC_SECTION_OVERCOMMIT] = {"datacenter.overcommit", "promised over there", overcommit, COUNT_OF(overcommit)},
    [VDC_SECTION_WORKLOAD] = {"workload", "where VMs come from", workload, COUNT_OF(workload)},
    [VDC_SECTION_SCHEDULERS] = {"schedulers", "the policies", schedulers, COUNT_OF(schedulers)},
    [VDC_SECTION_ADMISSION] = {"schedulers.admission", "what all admission policies have", admission, COUNT_OF(admission)},
    [VDC_SECTION_FAILURES] = {"failures", "failures of hosts", failures, COUNT_OF(failures)},
    [VDC_SECTION_FAILURE_TRACE] = {"failures.trace", "which hosts fail when", failure_trace, COUNT_OF(failure_trace)},
    [VDC_SECTION_RECOVERY] = {"failures.recovery", "what becomes of the VMs", recovery, COUNT_OF(recovery)},
    [VDC_SECTION_FAILURE_PROCESS] = {"failures.processes[]", "how hosts, racks, zones or update domains fail", failure_process, COUNT_OF(failure_process)},
    [VDC_SECTION_WARNING] = {"failures.warning", "failures that are foreseen", warning, COUNT_OF(warning)},
    [VDC_SECTION_HA_RESERVE] = {"failures.reserve", "kept free for restarts", ha_reserve, COUNT_OF(ha_reserve)},
    [VDC_SECTION_FAILURE_GROUP] = {"failures.groups[]", "what a group needs to be available", failure_group, COUNT_OF(failure_group)},
    [VDC_SECTION_MAINTENANCE] = {"failures.maintenance", "planned waves, one update domain after the other", maintenance, COUNT_OF(maintenance)},
    [VDC_SECTION_POWER] = {"power", "power, besides the host classes' models", power, COUNT_OF(power)},
    [VDC_SECTION_CARBON] = {"power.carbon", "carbon intensity", carbon, COUNT_OF(carbon)},
    [VDC_SECTION_OUTPUT] = {"output", "what is written", output, COUNT_OF(output)},
    [VDC_SECTION_INTERFERENCE] = {"datacenter.hosts[].interference", "what neighbours share beside CPU time", interference, COUNT_OF(interference)},
    [VDC_SECTION_PREEMPTION] = {"schedulers.admission.preemption", "who may displace whom", preemption, COUNT_OF(preemption)},
    [VDC_SECTION_ALARMS] = {"alarms", "when to raise the alarm", alarms, COUNT_OF(alarms)},
    [VDC_SECTION_LIFECYCLE] = {"lifecycle", "how long a VM's changes of state take", lifecycle, COUNT_OF(lifecycle)},
    [VDC_SECTION_MEMORY] = {"memory", "memory under pressure", memory, COUNT_OF(memory)},
    [VDC_SECTION_MIGRATION] = {"migration", "live migration", migration, COUNT_OF(migration)},
    [VDC_SECTION_PRICES] = {"prices", "what it costs", prices, COUNT_OF(prices)},
    [VDC_SECTION_FLAVOR_PRICE] = {"prices.flavors[]", "the price list", flavor_price, COUNT_OF(flavor_price)},
    [VDC_SECTION_UNITS] = {"prices.units", "prices by size", units, COUNT_OF(units)},
    [VDC_SECTION_RESERVATION] = {"prices.reservations[]", "instances paid for in advance", reservation, COUNT_OF(reservation)},
    [VDC_SECTION_SPOT] = {"prices.spot[]", "who pays the spot price; of what a row gives all must hold", spot, COUNT_OF(spot)},
    [VDC_SECTION_ENERGY] = {"prices.energy", "the price of energy", energy, COUNT_OF(energy)},
    [VDC_SECTION_SLA] = {"prices.sla[]", "a promise; of several that are broken the largest credit counts", sla, COUNT_OF(sla)},
    [VDC_SECTION_FABRIC] = {"datacenter.topology.fabric", "the network between hosts", fabric, COUNT_OF(fabric)},
    [VDC_SECTION_STORAGE] = {"datacenter.storage[]", "a pool of disk space on the network", storage, COUNT_OF(storage)},
    [VDC_SECTION_NETWORK] = {"networks[]", "a tenant network", network, COUNT_OF(network)},
    [VDC_SECTION_ATTACK] = {"attack", "a co-residency attack", attack, COUNT_OF(attack)},
};
const size_t vdc_scenario_section_count = VDC_SECTIONS;
_Static_assert(COUNT_OF(vdc_scenario_sections) == VDC_SECTIONS, "one row a section");
