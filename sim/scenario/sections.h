/* The scenario's sections as parameter tables, and what each fills. Private to sim/scenario.
 *
 * The tables say everything about single keys: their types, units, ranges, defaults and what they mean. What concerns
 * several keys at once is checked where the values are taken over (scenario.c, hosts.c).
 */
#ifndef VDC_SCENARIO_SECTIONS_H
#define VDC_SCENARIO_SECTIONS_H

#include "sim/scenario/scenario.h"

typedef struct vdc_section_top {
    int64_t version, seed;
    const char *name;
    const vdc_node *time, *datacenter, *workload, *schedulers, *failures, *power, *output, *isolation, *attack, *lifecycle, *migration, *memory, *prices,
        *alarms, *networks, *operations;
} vdc_section_top;

typedef struct vdc_section_alarms {
    double ready, memory, unavailability;
    int64_t soft_rules;
} vdc_section_alarms;

typedef struct vdc_section_time {
    const char *start, *end;
    int64_t tick;
} vdc_section_time;

typedef struct vdc_section_datacenter {
    const vdc_node *hosts, *topology, *overcommit, *storage;
} vdc_section_datacenter;

typedef struct vdc_section_hosts_file {
    const char *format, *path, *tie_break, *racks;
    int64_t max_vms;
} vdc_section_hosts_file;

typedef struct vdc_section_host {
    const char *name;
    int64_t count, memory, nic, max_vms, llc_ways, memory_bandwidth;
    const vdc_node *cpu, *disks, *gpus, *power, *labels, *taints, *reserve, *interference;
} vdc_section_host;

typedef struct vdc_section_cpu {
    int64_t sockets, cores, threads, numa, speed;
    double smt_yield;
} vdc_section_cpu;

typedef struct vdc_section_disk {
    int64_t size, iops, bandwidth, latency;
    double variation;
    int kind;
} vdc_section_disk;

typedef struct vdc_section_gpus {
    int64_t count;
    const char *model;
} vdc_section_gpus;

typedef struct vdc_section_interference {
    int64_t llc, bandwidth;
    double latency_rise, remote_latency;
} vdc_section_interference;

typedef struct vdc_section_reserve {
    int64_t cpu, memory;
} vdc_section_reserve;

typedef struct vdc_section_topology {
    int64_t zones, racks;
    const vdc_node *fabric;
} vdc_section_topology;

typedef struct vdc_section_fabric {
    int kind, paths;
    int64_t uplink, spines, arity, rtt;
} vdc_section_fabric;

typedef struct vdc_section_network {
    const char *name;
    int64_t weight;
} vdc_section_network;


typedef struct vdc_section_overcommit {
    double cpu, memory, disk; /* for the checks; the exact fractions are read from the text */
} vdc_section_overcommit;

typedef struct vdc_section_workload {
    const vdc_node *trace, *generate, *vms;
} vdc_section_workload;

typedef struct vdc_section_schedulers {
    const vdc_node *kinds[VDC_SCHEDULERS];
} vdc_section_schedulers;

typedef struct vdc_section_admission {
    int64_t timeout, queue_limit, retry;
    const vdc_node *preemption;
} vdc_section_admission;

typedef struct vdc_section_preemption {
    const vdc_node *classes;
    int victim;
    int64_t notice;
    bool restart;
} vdc_section_preemption;

typedef struct vdc_section_attack {
    const char *tenant;
    const vdc_node *targets, *launches;
} vdc_section_attack;

typedef struct vdc_section_failures {
    const vdc_node *trace, *recovery, *processes, *warning, *reserve, *groups, *maintenance;
    int64_t update_domains;
    double quorum;
} vdc_section_failures;

typedef struct vdc_section_failure_process {
    int level;
    int64_t mtbf, scale, repair, age;
    double shape, kills, repair_sigma;
} vdc_section_failure_process;

typedef struct vdc_section_warning {
    int64_t lead;
    double recall, precision;
    int evacuate;
} vdc_section_warning;

typedef struct vdc_section_ha_reserve {
    int64_t hosts;
    double share;
} vdc_section_ha_reserve;

typedef struct vdc_section_failure_group {
    const char *group;
    int64_t up;
} vdc_section_failure_group;

typedef struct vdc_section_maintenance {
    int64_t start, every, duration, gap, at_once, deadline, retry, budget;
    int drain;
} vdc_section_maintenance;

typedef struct vdc_section_failure_trace {
    const vdc_node *rows;
    const char *path;
    bool repeat;
} vdc_section_failure_trace;

typedef struct vdc_section_recovery {
    int policy, checkpoint;
    int64_t max_failures, detect, failover;
} vdc_section_recovery;

typedef struct vdc_section_power {
    int empty_host, down_host;
    int64_t off_after, shutdown, boot, spare;
    double pue;
    const vdc_node *carbon;
} vdc_section_power;

typedef struct vdc_section_carbon {
    const char *trace;
} vdc_section_carbon;

typedef struct vdc_section_prices {
    const char *currency;
    int64_t period;
    const vdc_node *flavors, *units, *reservations, *spot, *energy, *sla;
} vdc_section_prices;

typedef struct vdc_section_flavor_price {
    const char *name;
    int64_t vcpus, memory, disk, gpus, price[VDC_PLANS];
} vdc_section_flavor_price;

typedef struct vdc_section_units {
    int64_t vcpu, memory, disk, gpu;
    double spot;
} vdc_section_units;

typedef struct vdc_section_reservation {
    const char *tenant, *flavor;
    int64_t count;
} vdc_section_reservation;

typedef struct vdc_section_spot {
    const char *tenant, *group, *priority;
} vdc_section_spot;

typedef struct vdc_section_energy {
    int64_t price;
    const char *trace;
} vdc_section_energy;

typedef struct vdc_section_sla {
    int64_t wait;
    double ready, availability, credit;
} vdc_section_sla;

typedef struct vdc_section_output {
    bool ticks, events, fairness;
    int hosts, vms;
} vdc_section_output;

/* Rows of vdc_scenario_sections. */
typedef enum vdc_section_id {
    VDC_SECTION_TOP, VDC_SECTION_TIME, VDC_SECTION_DATACENTER, VDC_SECTION_HOSTS_FILE, VDC_SECTION_HOST, VDC_SECTION_CPU, VDC_SECTION_DISK,
    VDC_SECTION_GPUS, VDC_SECTION_RESERVE, VDC_SECTION_TOPOLOGY, VDC_SECTION_OVERCOMMIT, VDC_SECTION_WORKLOAD, VDC_SECTION_SCHEDULERS,
    VDC_SECTION_ADMISSION, VDC_SECTION_FAILURES, VDC_SECTION_FAILURE_TRACE, VDC_SECTION_RECOVERY, VDC_SECTION_POWER, VDC_SECTION_CARBON,
    VDC_SECTION_OUTPUT, VDC_SECTION_ATTACK, VDC_SECTION_INTERFERENCE, VDC_SECTION_PREEMPTION,
    VDC_SECTION_PRICES, VDC_SECTION_FLAVOR_PRICE, VDC_SECTION_UNITS, VDC_SECTION_RESERVATION, VDC_SECTION_SPOT, VDC_SECTION_ENERGY, VDC_SECTION_SLA,
    VDC_SECTION_FAILURE_PROCESS, VDC_SECTION_WARNING, VDC_SECTION_HA_RESERVE, VDC_SECTION_FAILURE_GROUP, VDC_SECTION_MAINTENANCE,
    VDC_SECTION_LIFECYCLE, VDC_SECTION_MIGRATION, VDC_SECTION_MEMORY, VDC_SECTION_ALARMS,
    VDC_SECTION_FABRIC, VDC_SECTION_NETWORK, VDC_SECTION_STORAGE, VDC_SECTIONS
} vdc_section_id;

#endif
