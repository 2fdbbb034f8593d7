/* Networks and disks in whole runs, against figures by hand. The solver: test_flows.c. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>

#include "tests/support/runs.h"

#define HEAD(hosts) "vdcsim: 1\nname: t\ndatacenter:\n  hosts: [{class: h, cpu: {cores: 4}, memory: 64 GiB, " hosts "}]\n"

static void expect(vdc_simulation *sim, const char *key, double wanted) {
    double found = summary_of(sim, key);
    cr_expect(fabs(found - wanted) <= 1e-9 * fabs(wanted), "%s: %.12g, expected %.12g", key, found, wanted);
}

/* Two hosts with NICs of 1000 B/s. VM 0 sends VM 1 a stream that asks for 800, VM 2 (on VM 0's host) one of 600: the NIC is shared, 500 each.
 * From 100 s to 200 s VM 2 is silent and VM 0 has its 800. */
#define TWO_HOSTS HEAD("count: 2, nic: 1000 B/s, max_vms: 2")
#define SENDERS \
    "networks: [{name: a}]\nworkload:\n  vms:\n" \
    "    - {id: 0, vcpus: 1, lifetime: 300s, network: a, traffic: [{to: 1, rate: 800 B/s}]}\n" \
    "    - {id: 2, vcpus: 1, lifetime: 300s, network: a, traffic: [{to: 1, rate: 600 B/s, for: 100s, every: 200s}]}\n" \
    "    - {id: 1, vcpus: 1, lifetime: 300s, network: a}\n"

Test(io, streams_share_a_nic) {
    vdc_simulation *sim = run_text(TWO_HOSTS SENDERS, NULL, NULL);
    double first = 500 * 100 + 800 * 100 + 500 * 100, second = 500 * 200;
    expect(sim, "network_bytes", first + second);
    expect(sim, "G_net_tx_bytes", first + second);
    expect(sim, "U_net_tx_bytes", first + second);
    expect(sim, "U_net_rx_bytes", first + second);
    expect(sim, "P_net_tx_bytes", 0);
    expect(sim, "network_local_bytes", 0);
    vdc_simulation_close(sim);
}

/* The same with a cap on the first and thrice the weight on the second: 300 and 600; alone the first still has 300. */
Test(io, caps_and_weights) {
    vdc_simulation *sim = run_text(
        TWO_HOSTS "networks: [{name: a}]\nworkload:\n  vms:\n"
        "    - {id: 0, vcpus: 1, lifetime: 100s, vnics: [{network: a, tx: 300 B/s}], traffic: [{to: 1, rate: 800 B/s}]}\n"
        "    - {id: 2, vcpus: 1, lifetime: 100s, network: a, traffic: [{to: 1, rate: 600 B/s}]}\n"
        "    - {id: 1, vcpus: 1, lifetime: 100s, network: a}\n", NULL, NULL);
    expect(sim, "network_bytes", (300 + 600) * 100);
    expect(sim, "P_net_tx_bytes", 300 * 100); /* the cap is what is promised */
    vdc_simulation_close(sim);
    sim = run_text(
        TWO_HOSTS "networks: [{name: a}, {name: b, weight: 3}]\nworkload:\n  vms:\n"
        "    - {id: 0, vcpus: 1, lifetime: 100s, network: a, traffic: [{to: outside, rate: 800 B/s}]}\n"
        "    - {id: 2, vcpus: 1, lifetime: 50s, network: b, traffic: [{to: outside, rate: 800 B/s}]}\n", NULL, NULL);
    expect(sim, "network_bytes", 250 * 50 + 750 * 50 + 800 * 50);
    expect(sim, "network_outside_bytes", 250 * 50 + 750 * 50 + 800 * 50);
    vdc_simulation_close(sim);
}

/* Messages: 3000 bytes at 1000 B/s, every 10 s from 0 to 90 s: ten arrive. To a VM that is not there: lost. On one host: at once, no NIC. */
Test(io, messages) {
    vdc_simulation *sim = run_text(
        HEAD("count: 2, nic: 1000 B/s, max_vms: 1") "networks: [{name: a}]\nworkload:\n  vms:\n"
        "    - {id: 0, vcpus: 1, lifetime: 95s, network: a, traffic: [{to: 1, size: 3000 B, every: 10s}, {to: 7, size: 1 B, every: 50s}]}\n"
        "    - {id: 1, vcpus: 1, lifetime: 95s, network: a}\n", NULL, NULL);
    expect(sim, "messages_delivered", 10);
    expect(sim, "messages_lost", 2);
    expect(sim, "message_bytes", 30000);
    expect(sim, "U_net_tx_bytes", 30000);
    vdc_simulation_close(sim);
    sim = run_text(
        HEAD("count: 1, nic: 1000 B/s") "networks: [{name: a}]\nworkload:\n  vms:\n"
        "    - {id: 0, vcpus: 1, lifetime: 95s, network: a, traffic: [{to: peer, size: 3000 B, every: 10s}]}\n"
        "    - {id: 1, vcpus: 1, lifetime: 95s, network: a}\n", NULL, NULL);
    expect(sim, "messages_delivered", 10);
    expect(sim, "network_local_bytes", 30000);
    expect(sim, "U_net_tx_bytes", 0);
    vdc_simulation_close(sim);
}

/* A third of a byte a nanosecond: the last nanosecond moves more than there is, which counts as granted and not as used. */
Test(io, the_last_nanosecond) {
    vdc_simulation *sim = run_text(
        HEAD("count: 2, nic: 3 B/s, max_vms: 1") "networks: [{name: a}]\nworkload:\n  vms:\n"
        "    - {id: 0, vcpus: 1, lifetime: 95s, network: a, traffic: [{to: 1, size: 7 B}]}\n"
        "    - {id: 1, vcpus: 1, lifetime: 95s, network: a}\n", NULL, NULL);
    cr_expect_eq(summary_of(sim, "U_net_tx_bytes"), 7.0);
    cr_expect_eq(summary_of(sim, "U_net_rx_bytes"), 7.0);
    cr_expect_float_eq(summary_of(sim, "G_net_tx_bytes"), 7 + 2e-9, 1e-12);
    vdc_simulation_close(sim);
}

/* A leaf of two hosts of 1000 B/s with uplinks of 600 altogether: both streams get half of it. */
Test(io, an_oversubscribed_fabric) {
    const char *text =
        "vdcsim: 1\nname: t\ndatacenter:\n  hosts: [{class: h, count: 4, cpu: {cores: 4}, memory: 64 GiB, nic: 1000 B/s, max_vms: 1}]\n"
        "  topology: {racks: 2, fabric: {kind: leaf-spine, uplink: 300 B/s, spines: 2}}\n"
        "networks: [{name: a}]\nworkload:\n  vms:\n"
        "    - {id: 0, vcpus: 1, lifetime: 100s, network: a, traffic: [{to: 2, rate: 900 B/s}]}\n"
        "    - {id: 1, vcpus: 1, lifetime: 100s, network: a, traffic: [{to: 3, rate: 900 B/s}]}\n"
        "    - {id: 2, vcpus: 1, lifetime: 100s, network: a}\n"
        "    - {id: 3, vcpus: 1, lifetime: 100s, network: a}\n";
    vdc_simulation *sim = run_text(text, NULL, NULL);
    expect(sim, "network_bytes", 60000);
    expect(sim, "fabric_bytes", 120000); /* up and down */
    vdc_simulation_close(sim);
    sim = run_text(text, "datacenter.topology.fabric.uplink=3000", NULL);
    expect(sim, "network_bytes", 180000);
    vdc_simulation_close(sim);
    sim = run_text(text, "datacenter.topology.fabric.kind=fat-tree", NULL); /* arity 8: four hosts on one edge switch */
    expect(sim, "network_bytes", 180000);
    vdc_simulation_close(sim);
}

/* A sender whose peer leaves finds another; streams to a VM that is not there yet wait for it. */
Test(io, ends_come_and_go) {
    vdc_simulation *sim = run_text(
        HEAD("count: 3, nic: 1000 B/s, max_vms: 1") "networks: [{name: a}]\nworkload:\n  vms:\n"
        "    - {id: 0, vcpus: 1, lifetime: 100s, network: a, traffic: [{to: 1, rate: 100 B/s}]}\n"
        "    - {id: 1, vcpus: 1, arrival: 20s, lifetime: 30s, network: a}\n"
        "    - {id: 5, vcpus: 1, lifetime: 100s, network: a, traffic: [{to: peer, rate: 10 B/s}]}\n", NULL, NULL);
    expect(sim, "network_bytes", 100 * 30 + 10 * 100);
    vdc_simulation_close(sim);
}

/* Both ends move to other hosts, and the sender is paused for 10 s of its 100 s: every byte is sent once. */
Test(io, flows_go_where_their_vms_go) {
    vdc_simulation *sim = run_text(
        HEAD("count: 3, nic: 1000 B/s, max_vms: 1") "networks: [{name: a}]\nworkload:\n  vms:\n"
        "    - {id: 0, vcpus: 1, lifetime: 100s, network: a, traffic: [{to: 1, rate: 100 B/s}],\n"
        "       operations: [{at: 20s, do: migrate}, {at: 40s, do: pause}, {at: 50s, do: resume}]}\n"
        "    - {id: 1, vcpus: 1, lifetime: 200s, network: a, operations: [{at: 30s, do: migrate}]}\n"
        "migration: {bandwidth: 1 GB/s, shared_storage: true}\n", NULL, NULL);
    expect(sim, "migrations", 2);
    expect(sim, "network_bytes", 10000);
    expect(sim, "U_net_rx_bytes", 10000);
    vdc_simulation_close(sim);
}

/* ---- disks ---- */

/* 1000 operations a second, two VMs that ask for 800 each: 500 each; rho = 1, capped at 0.98: 50 x 1 ms. With a cap of 200 on the noisy one:
 * 200 and 800, rho = 1; then both capped: rho = 0.4, 1 ms / 0.6. */
#define DISK_HOST HEAD("disks: [{size: 1 TiB, iops: 1000, bandwidth: 1 GB/s, latency: 1ms}]")
#define DISK_VMS(caps_a, caps_b) \
    "workload:\n  vms:\n" \
    "    - {id: 0, vcpus: 1, lifetime: 100s, volumes: [{size: 10 GiB" caps_a "}], io: [{rate: 800, request: 4 KiB}]}\n" \
    "    - {id: 1, vcpus: 1, lifetime: 100s, volumes: [{size: 10 GiB" caps_b "}], io: [{rate: 800, request: 4 KiB}]}\n"

Test(io, a_disk_is_shared) {
    vdc_simulation *sim = run_text(DISK_HOST DISK_VMS("", ""), NULL, NULL);
    expect(sim, "disk_ops", 100000);
    expect(sim, "U_iops_ops", 100000);
    expect(sim, "G_disk_bw_bytes", 4096e5);
    expect(sim, "P_disk_byte_s", 2 * 10 * 0x1p30 * 100);
    expect(sim, "disk_latency_mean_s", 0.05);
    vdc_simulation_close(sim);
    sim = run_text(DISK_HOST DISK_VMS("", ", iops: 200"), NULL, NULL);
    expect(sim, "disk_ops", 100000);
    expect(sim, "P_iops_ops", 20000);
    vdc_simulation_close(sim);
    sim = run_text(DISK_HOST DISK_VMS(", iops: 200", ", bandwidth: 819200 B/s"), NULL, NULL);
    expect(sim, "disk_ops", 40000);
    expect(sim, "disk_latency_mean_s", 1e-3 / 0.6);
    vdc_simulation_close(sim);
    sim = run_text(DISK_HOST DISK_VMS(", weight: 3", ""), NULL, NULL); /* 750 and 250 */
    expect(sim, "disk_ops", 100000);
    vdc_simulation_close(sim);
}

/* M/D/1: half of the wait. rho 0.8: 1 ms (1 + 0.8 / 0.4). A rotating disk with two streams of 1 MB requests: 100 MB/s over 1.1. */
Test(io, latency_and_streams) {
    const char *one = "workload:\n  vms:\n    - {id: 0, vcpus: 1, lifetime: 100s, volumes: [{size: 10 GiB}], io: [{rate: 800}]}\n";
    char text[1000];
    snprintf(text, sizeof text, "%s%s", HEAD("disks: [{size: 1 TiB, iops: 1000, latency: 1ms, variation: 0}]"), one);
    vdc_simulation *sim = run_text(text, NULL, NULL);
    expect(sim, "disk_latency_mean_s", 1e-3 * (1 + 0.8 / (2 * 0.2)));
    vdc_simulation_close(sim);
    sim = run_text(HEAD("disks: [{size: 1 TiB, bandwidth: 110 MB/s, kind: hdd}]") "workload:\n  vms:\n"
                   "    - {id: 0, vcpus: 1, lifetime: 100s, volumes: [{size: 10 GiB}], io: [{rate: 200, request: 1 MB}]}\n"
                   "    - {id: 1, vcpus: 1, lifetime: 50s, volumes: [{size: 10 GiB}], io: [{rate: 200, request: 1 MB, do: write}]}\n", NULL, NULL);
    expect(sim, "disk_ops", 100 * 50 + 110 * 50);
    vdc_simulation_close(sim);
}

/* A pool on the network: 500 requests of 1000 B a second over a NIC of 200 kB/s: 200 a second. Its disks are not the host's. */
#define POOL "  storage: [{name: san, size: 100 GiB, iops: 10000, nic: 200 kB/s, images: true, overcommit: 2}]\n"
Test(io, a_pool_on_the_network) {
    vdc_simulation *sim = run_text(
        HEAD("nic: 1 MB/s") POOL "workload:\n  vms:\n"
        "    - {id: 0, vcpus: 1, lifetime: 100s, volumes: [{size: 60 GiB, pool: san}], io: [{rate: 500, request: 1 kB}]}\n", NULL, NULL);
    expect(sim, "storage_ops", 20000);
    expect(sim, "P_storage_byte_s", 60 * 0x1p30 * 100);
    vdc_simulation_close(sim);
    /* No room for the second thick one until the first is gone; thin ones promise twice the size. */
    sim = run_text(
        HEAD("nic: 1 MB/s") POOL "workload:\n  vms:\n"
        "    - {id: 0, vcpus: 1, lifetime: 100s, volumes: [{size: 60 GiB, pool: san}]}\n"
        "    - {id: 1, vcpus: 1, lifetime: 100s, volumes: [{size: 60 GiB, pool: san}]}\n"
        "    - {id: 2, vcpus: 1, lifetime: 100s, volumes: [{size: 120 GiB, pool: san, provision: thin}]}\n", "schedulers.admission.policy=fifo-skip", NULL);
    expect(sim, "wait_total_s", 100);
    expect(sim, "end_s", 200);
    vdc_simulation_close(sim);
}

/* Two thin volumes of 600 and 900 kB in a pool of 1000 kB are written at 10 and 20 kB/s. The pool is full at 33.3 s and both are held up; at 50 s the
 * first VM leaves and gives its 333.3 kB back; at 61.7 s the second volume has its size and is written over. Writes cross the NIC, and reads, which
 * nothing holds up. */
#define THIN_POOL "  storage: [{name: san, size: 1000 kB, iops: 10000, overcommit: 4}]\n"
Test(io, thin_volumes_take_what_is_written) {
    vdc_simulation *sim = run_text(
        HEAD("nic: 1 MB/s") THIN_POOL "workload:\n  vms:\n"
        "    - {id: 0, vcpus: 1, lifetime: 50s, volumes: [{size: 600 kB, pool: san, provision: thin}],\n"
        "       io: [{rate: 10, request: 1 kB, do: write}, {rate: 5, request: 2 kB}]}\n"
        "    - {id: 1, vcpus: 1, lifetime: 100s, volumes: [{size: 900 kB, pool: san, provision: thin}], io: [{rate: 20, request: 1 kB, do: write}]}\n",
        NULL, NULL);
    double written = 30 * (1000. / 30) + 20 * 50;
    expect(sim, "storage_ops", written + 5 * 50);
    expect(sim, "storage_full_s", 50 - 1000. / 30);
    expect(sim, "storage_taken_max_bytes", 1e6);
    expect(sim, "U_net_tx_bytes", 1000 * written);
    expect(sim, "U_net_rx_bytes", 10e3 * 50);
    expect(sim, "G_net_tx_bytes", 1000 * written);
    vdc_simulation_close(sim);
    /* A thick one finds no room where the thin one has grown, though it is promised no more than half: it waits. Its image counts from the start. */
    sim = run_text(
        HEAD("nic: 1 MB/s") THIN_POOL "workload:\n  vms:\n"
        "    - {id: 0, vcpus: 1, lifetime: 100s, volumes: [{size: 1000 kB, pool: san, provision: thin}], io: [{rate: 10, request: 1 kB, do: write}]}\n"
        "    - {id: 1, vcpus: 1, arrival: 60s, lifetime: 10s, volumes: [{size: 500 kB, pool: san}]}\n"
        "    - {id: 2, vcpus: 1, arrival: 105s, lifetime: 10s, volumes: [{size: 600 kB, pool: san, provision: thin, image: 500 kB}]}\n", NULL, NULL);
    expect(sim, "wait_total_s", 40 + 0);
    expect(sim, "storage_full_s", 0);
    expect(sim, "storage_taken_max_bytes", 1e6);
    vdc_simulation_close(sim);
}

/* The network carries an image to a host's own disk: it is received there, whatever else the host does with it. Volumes of pools get theirs in the pool. */
Test(io, what_hosts_receive_from_pools) {
    vdc_simulation *sim = run_text(
        HEAD("count: 2, max_vms: 1, nic: 1 MB/s, disks: [{size: 1 TiB, bandwidth: 1 GB/s}]") POOL "networks: [{name: a}]\nworkload:\n  vms:\n"
        "    - {id: 0, vcpus: 1, lifetime: 100s, network: a, volumes: [{size: 1 GiB, image: 7 MB}, {size: 1 GiB, image: 1 MB, pool: san}],\n"
        "       traffic: [{to: 1, rate: 1 kB/s}], io: [{volume: 1, rate: 3, request: 1 kB}, {volume: 0, rate: 3, request: 1 kB}]}\n"
        "    - {id: 1, vcpus: 1, lifetime: 200s, network: a}\n", NULL, NULL);
    double boot = summary_of(sim, "end_s") - 200;
    expect(sim, "images_copied", 2);
    expect(sim, "U_net_rx_bytes", 7e6 + 3e3 * 100 + 1e3 * 100);
    expect(sim, "U_net_tx_bytes", 1e3 * 100);
    expect(sim, "network_bytes", 1e3 * 100); /* what VMs say to each other */
    cr_expect(boot >= 0);
    vdc_simulation_close(sim);
}

/* An image of 1 MB from the pool at 200 kB/s: the VM boots after 5 s. On the host's own disk it is read and written: 2 MB at 100 kB/s. */
Test(io, images_come_before_the_boot) {
    vdc_simulation *sim = run_text(
        HEAD("nic: 1 MB/s, disks: [{size: 1 TiB, bandwidth: 1 MB/s}]") POOL "workload:\n  vms:\n"
        "    - {id: 0, vcpus: 1, lifetime: 100s, volumes: [{size: 1 GiB, image: 1 MB}]}\n", NULL, NULL);
    expect(sim, "end_s", 105);
    expect(sim, "T_cpu_core_s", 100);
    expect(sim, "images_copied", 1);
    expect(sim, "image_bytes", 1e6);
    expect(sim, "U_disk_bw_bytes", 1e6);
    vdc_simulation_close(sim);
    sim = run_text(HEAD("disks: [{size: 1 TiB, bandwidth: 100 kB/s}]") "workload:\n  vms:\n"
                   "    - {id: 0, vcpus: 1, lifetime: 100s, volumes: [{size: 1 GiB, image: 1 MB}]}\n", NULL, NULL);
    expect(sim, "end_s", 120);
    vdc_simulation_close(sim);
}

/* ---- bad input ---- */

#define VM(keys) "workload: {vms: [{vcpus: 1, lifetime: 1s, " keys "}]}\n"
Test(io, bad_input_is_named) {
    static const struct { const char *text, *message; } cases[] = {
        {HEAD("") "networks: [{name: blue}]\n" VM("network: bleu"), "network: found 'bleu', which is not among the 1 of `networks` (did you mean 'blue'?)"},
        {HEAD("") VM("vnics: [{network: a}]"), "test.yaml:5:61: VM: network: found 'a', which is not among the 0 of `networks`"},
        {HEAD("disks: [{size: 1 TiB}]") VM("volumes: [{size: 2 TiB}]"), "size: found 2 TiB; allowed: at most 1099511627776 B, the disks of the largest host"},
        {HEAD("") POOL VM("volumes: [{size: 101 GiB, pool: san}]"), "allowed: at most 107374182400 B, what the pool 'san' can promise"},
        {HEAD("") POOL VM("volumes: [{size: 201 GiB, pool: san, provision: thin}]"), "what the pool 'san' can promise"},
        {HEAD("") VM("volumes: [{size: 1 GiB, pool: nas}]"), "pool: found 'nas'; allowed: local or one of the 0 of `datacenter.storage`"},
        {HEAD("") VM("volumes: [{size: 1 GiB, image: 2 GiB}]"), "image: found 2 GiB; allowed: at most the volume's size"},
        {HEAD("") VM("io: [{rate: 1}]"), "io: volume: found 0; the VM has 0 volumes"},
        {HEAD("") VM("volumes: [{size: 1 GiB}], io: [{rate: 0}]"), "rate: found the number 0, which is too small"},
        {HEAD("") VM("volumes: [{size: 1 GiB}], io: [{rate: 1, request: 65 MiB}]"), "request"},
        {HEAD("") VM("volumes: [{size: 1 GiB}], io: [{rate: 1, every: 5s, for: 5s}]"), "`for` below `every`"},
        {HEAD("") "networks: [{name: a}]\n" VM("network: a, traffic: [{to: someone, rate: 1}]"),
         "to: found 'someone'; allowed: the id of a VM, peer or outside"},
        {HEAD("") "networks: [{name: a}]\n" VM("network: a, traffic: [{to: 1}]"), "either a rate (a stream) or a size (a message)"},
        {HEAD("") "networks: [{name: a}]\n" VM("network: a, traffic: [{to: 1, rate: 1, vnic: 1}]"), "vnic: found 1; the VM has 1 vNICs"},
        {HEAD("") "networks: [{name: a}, {name: a}]\n" VM("network: a"), "'a' is used by a network before"},
        {HEAD("") "  storage: [{name: local, size: 1 GiB}]\n" VM("memory: 1 GiB"), "name: found 'local'"},
        {HEAD("") "  storage: [{name: s, size: 1 GiB, rack: 1}]\n" VM("memory: 1 GiB"), "rack: found 1; the racks are numbered from 0 to 0"},
        {HEAD("") "  topology: {fabric: {kind: fat-tree, arity: 3}}\n" VM("memory: 1 GiB"), "arity: found 3; allowed: even numbers"},
        {HEAD("count: 3") "  topology: {fabric: {kind: fat-tree, arity: 2}}\nnetworks: [{name: a}]\n" VM("network: a"),
         "a fat-tree of arity 2 has room for 2 hosts, there are 3"},
        {HEAD("") "  topology: {fabric: {kind: torus}}\n" VM("memory: 1 GiB"), "kind"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) refuse_text(cases[i].text, cases[i].message);
}
