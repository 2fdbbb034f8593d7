/* Volumes and tenant networks that come, change and go while a run goes on, against figures by hand; every run under --check. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "sim/parts/network.h"
#include "sim/parts/storage.h"
#include "sim/simulation.h"
#include "tests/support/draw.h"
#include "tests/support/runs.h"

#define HEAD(hosts) "vdcsim: 1\nname: t\ndatacenter:\n  hosts: [{class: h, cpu: {cores: 4}, memory: 64 GiB, " hosts "}]\n"
#define HOSTS HEAD("count: 2, nic: 1000 B/s, max_vms: 1")
#define DISKS HEAD("disks: [{size: 100 GiB, iops: 1000, bandwidth: 1 GB/s, latency: 1ms}]")
#define POOL "  storage: [{name: san, size: 100 GiB, iops: 1000, overcommit: 2}]\n"

static void expect(vdc_simulation *sim, const char *key, double wanted) {
    double found = summary_of(sim, key);
    cr_expect(fabs(found - wanted) <= 1e-9 * fabs(wanted), "%s: %.12g, expected %.12g", key, found, wanted);
}

static void must(vdc_simulation *sim, const char *operation) {
    const char *refusal = ask_run(sim, operation);
    cr_expect_null(refusal, "%s: %s", operation, refusal);
}

static void refused(vdc_simulation *sim, const char *operation, const char *reason) {
    const char *refusal = ask_run(sim, operation);
    cr_expect(refusal && strstr(refusal, reason), "%s: %s, expected %s", operation, refusal ? refusal : "done", reason);
}

static void end(vdc_simulation *sim) {
    cr_assert_eq(vdc_simulation_run_until(sim, VDC_TIME_MAX, NULL), VDC_OK);
    cr_expect(vdc_simulation_checks_hold(sim));
    vdc_simulation_close(sim);
}

/* ---- networks ---- */

/* From 10 s to 60 s VM 0 has a vNIC and sends VM 1 what it asks for, 800 B/s: until 20 s that VM 1 is not there yet, to 30 s with a cap of 300,
 * to 40 s with 500, then without. */
Test(io_operations, a_vnic_comes_changes_and_goes) {
    vdc_simulation *sim = run_text(
        HOSTS "operations:\n"
        "  - {at: 5s, do: create-network, network: a}\n"
        "  - {at: 10s, do: attach-network, vm: 0, network: a, tx: 300 B/s, traffic: [{to: 1, rate: 800 B/s}]}\n"
        "  - {at: 30s, do: configure-vnic, vm: 0, network: a, tx: 500 B/s}\n"
        "  - {at: 40s, do: configure-vnic, vm: 0, network: a, tx: none}\n"
        "  - {at: 60s, do: detach-network, vm: 0, network: a}\n"
        "  - {at: 65s, do: delete-network, network: a}\n"
        "workload:\n  vms:\n"
        "    - {id: 0, vcpus: 1, lifetime: 100s}\n"
        "    - {id: 1, vcpus: 1, lifetime: 100s, operations: [{at: 20s, do: attach-network, network: a}, {at: 62s, do: detach-network, network: a}]}\n",
        NULL, NULL);
    expect(sim, "operations", 8);
    expect(sim, "operations_refused", 0);
    expect(sim, "network_bytes", 300 * 10 + 500 * 10 + 800 * 20);
    expect(sim, "U_net_rx_bytes", 300 * 10 + 500 * 10 + 800 * 20);
    expect(sim, "P_net_tx_bytes", 300 * 20 + 500 * 10); /* the cap is what is promised */
    vdc_simulation_close(sim);
}

/* Two VMs send over a NIC of 1000 B/s, each over its own network; 1 : 1, then 3 : 1 by the network, then 3 : 3 by the vNIC. */
Test(io_operations, weights_of_networks_and_vnics) {
    vdc_simulation *sim = open_run_text(
        HEAD("nic: 1000 B/s") "networks: [{name: a}, {name: b}]\nworkload:\n  vms:\n"
        "    - {id: 0, vcpus: 1, lifetime: 100s, network: a, traffic: [{to: outside, rate: 900 B/s}]}\n"
        "    - {id: 1, vcpus: 1, lifetime: 100s, network: b, traffic: [{to: outside, rate: 900 B/s}]}\n");
    vdc_network_view a, b;
    run_until(sim, 20);
    cr_assert(vdc_network_at(sim, 0, &a) && vdc_network_at(sim, 1, &b) && !vdc_network_at(sim, 2, &b));
    cr_expect(a.rate == 500 && b.rate == 500 && a.vnics == 1);
    must(sim, "{do: configure-network, network: a, weight: 3}");
    run_until(sim, 40);
    cr_assert(vdc_network_at(sim, 0, &a) && vdc_network_at(sim, 1, &b));
    cr_expect(a.rate == 750 && b.rate == 250 && a.weight == 3);
    must(sim, "{do: configure-vnic, vm: 1, network: b, weight: 3}");
    run_until(sim, 60);
    cr_assert(vdc_network_at(sim, 0, &a) && vdc_network_at(sim, 1, &b));
    cr_expect(a.rate == 500 && b.rate == 500);
    must(sim, "{do: configure-vnic, vm: 1, network: b, rx: 5 B/s}"); /* it receives nothing */
    end(sim);
}

/* A receiver's vNIC goes: the stream waits, goes on when it is back, and what was sent is counted once. Cap of what it receives. */
Test(io_operations, the_other_end) {
    vdc_simulation *sim = open_run_text(
        HOSTS "networks: [{name: a}]\nworkload:\n  vms:\n"
        "    - {id: 0, vcpus: 1, lifetime: 100s, network: a, traffic: [{to: 1, rate: 100 B/s}]}\n"
        "    - {id: 1, vcpus: 1, lifetime: 100s, network: a}\n");
    run_until(sim, 10);
    must(sim, "{do: detach-network, vm: 1, network: a}");
    run_until(sim, 30);
    must(sim, "{do: attach-network, vm: 1, network: a, rx: 50 B/s}");
    run_until(sim, 40);
    must(sim, "{do: configure-vnic, vm: 1, network: a, rx: 10 B/s}");
    run_until(sim, 50);
    must(sim, "{do: create-network, network: b}");
    must(sim, "{do: attach-network, vm: 1, network: b}"); /* the vNICs that it has stay what they are */
    run_until(sim, 60);
    must(sim, "{do: configure-vnic, vm: 1, network: a, rx: none}");
    run_until(sim, 100);
    cr_assert_eq(vdc_simulation_run_until(sim, VDC_TIME_MAX, NULL), VDC_OK);
    expect(sim, "network_bytes", 100 * 10 + 50 * 10 + 10 * 20 + 100 * 40);
    expect(sim, "P_net_rx_bytes", 50 * 10 + 10 * 20);
    end(sim);
}

/* A stopped VM gets a vNIC, boots with it; a paused one does not send; a VM that moves takes what it was given along. */
Test(io_operations, in_every_state) {
    vdc_simulation *sim = open_run_text(
        HEAD("count: 3, nic: 1000 B/s, max_vms: 1") "networks: [{name: a}]\nmigration: {bandwidth: 1 GB/s, shared_storage: true}\nworkload:\n  vms:\n"
        "    - {id: 0, vcpus: 1, memory: 1 MB, load: {segments: [[100s, 1 GHz]]}}\n"
        "    - {id: 1, vcpus: 1, memory: 1 MB, lifetime: 200s, network: a}\n");
    run_until(sim, 10);
    must(sim, "{do: stop, vm: 0}");
    must(sim, "{do: attach-network, vm: 0, network: a, traffic: [{to: 1, rate: 100 B/s}]}");
    run_until(sim, 20);
    must(sim, "{do: start, vm: 0}");
    run_until(sim, 30);
    must(sim, "{do: pause, vm: 0}");
    must(sim, "{do: configure-vnic, vm: 0, network: a, tx: 60 B/s}");
    run_until(sim, 50);
    must(sim, "{do: resume, vm: 0}");
    run_until(sim, 60);
    must(sim, "{do: migrate, vm: 0, to: 2}");
    run_until(sim, 70);
    must(sim, "{do: configure-vnic, vm: 0, network: a, tx: 40 B/s}");
    run_until(sim, 80);
    must(sim, "{do: detach-network, vm: 0, network: a}");
    cr_assert_eq(vdc_simulation_run_until(sim, VDC_TIME_MAX, NULL), VDC_OK);
    expect(sim, "network_bytes", 100 * 10 + 60 * 20 + 40 * 10);
    end(sim);
}

Test(io_operations, networks_that_are_refused) {
    vdc_simulation *sim = open_run_text(
        HOSTS "networks: [{name: a}]\nworkload:\n  vms:\n    - {id: 0, vcpus: 1, lifetime: 100s, network: a}\n    - {id: 1, vcpus: 1, lifetime: 100s}\n");
    run_until(sim, 10);
    refused(sim, "{do: create-network, network: a}", "there is a network 'a' already");
    refused(sim, "{do: delete-network, network: a}", "VM 0 has a vNIC on it");
    refused(sim, "{do: delete-network, network: b}", "there is no network 'b'");
    refused(sim, "{do: attach-network, vm: 1, network: b}", "there is no network 'b'");
    refused(sim, "{do: attach-network, vm: 0, network: a}", "it has a vNIC on network 'a' already");
    refused(sim, "{do: detach-network, vm: 1, network: a}", "it has no vNIC on network 'a'");
    refused(sim, "{do: configure-vnic, vm: 1, network: a, tx: 5 B/s}", "it has no vNIC on network 'a'");
    refused(sim, "{do: attach-network, vm: 1, network: a, tx: 1001 B/s}", "fits on no host"); /* more than the NIC */
    refused(sim, "{do: attach-network, vm: 7, network: a}", "there is no VM 7");
    must(sim, "{do: detach-network, vm: 0, network: a}");
    must(sim, "{do: delete-network, network: a}");
    refused(sim, "{do: attach-network, vm: 0, network: a}", "there is no network 'a'");
    must(sim, "{do: create-network, network: a, weight: 7}");
    must(sim, "{do: attach-network, vm: 0, network: a}");
    must(sim, "{do: create, id: 5, vcpus: 1, lifetime: 5s, network: a}");
    refused(sim, "{do: create-volume, volume: v, size: 1 GiB, pool: san}", "nothing else in this run has volumes");
    expect(sim, "P_net_tx_bytes", 0);
    end(sim);
}

/* ---- volumes ---- */

/* Disk space of the host, operations and caps move with a volume on it. */
Test(io_operations, a_local_volume) {
    vdc_simulation *sim = run_text(
        DISKS "workload:\n  vms:\n"
        "    - {id: 0, vcpus: 1, lifetime: 100s, operations: [\n"
        "        {at: 10s, do: attach-volume, volume: d, size: 10 GB, iops: 200, io: [{rate: 300, request: 1 kB}]},\n"
        "        {at: 20s, do: resize-volume, volume: d, size: 20 GB}, {at: 30s, do: configure-volume, volume: d, iops: 100},\n"
        "        {at: 40s, do: snapshot-volume, volume: d}, {at: 50s, do: configure-volume, volume: d, iops: none, bandwidth: 250 kB/s},\n"
        "        {at: 60s, do: delete-volume, volume: d}]}\n", NULL, NULL);
    expect(sim, "operations_refused", 0);
    expect(sim, "P_disk_byte_s", 10e9 * 10 + 20e9 * 20 + 40e9 * 20);
    expect(sim, "P_iops_ops", 200 * 20 + 100 * 20);
    expect(sim, "disk_ops", 200 * 20 + 100 * 20 + 250 * 10);
    expect(sim, "U_disk_bw_bytes", 8.5e6);
    expect(sim, "P_disk_bw_bytes", 250e3 * 10);
    vdc_simulation_close(sim);
}

/* A volume of a pool goes from one VM to another; what it promises goes on all the while. Snapshots of a thick one take its size, of a thin
 * one what is on it. */
Test(io_operations, a_volume_of_a_pool) {
    vdc_simulation *sim = open_run_text(
        HEAD("count: 2") POOL "workload:\n  vms:\n    - {id: 0, vcpus: 1, lifetime: 100s}\n    - {id: 1, vcpus: 1, lifetime: 100s}\n");
    vdc_volume_view view;
    run_until(sim, 10);
    must(sim, "{do: create-volume, volume: d, size: 10 GiB, pool: san}");
    cr_assert(vdc_volume_at(sim, 0, &view));
    cr_expect(view.slot == VDC_NOWHERE && view.size == INT64_C(10) << 30 && strcmp(view.pool, "san") == 0);
    run_until(sim, 20);
    must(sim, "{do: attach-volume, vm: 0, volume: d, io: [{rate: 100}]}");
    refused(sim, "{do: attach-volume, vm: 1, volume: d}", "it is attached to VM 0");
    refused(sim, "{do: delete-volume, volume: d}", "it is attached to VM 0: detach it first");
    refused(sim, "{do: detach-volume, vm: 1, volume: d}", "it has no volume 'd'");
    run_until(sim, 30);
    must(sim, "{do: detach-volume, vm: 0, volume: d}");
    run_until(sim, 40);
    must(sim, "{do: attach-volume, vm: 1, volume: d, iops: 50, io: [{rate: 100}]}");
    must(sim, "{do: resize-volume, volume: d, size: 20 GiB}");
    run_until(sim, 50);
    must(sim, "{do: snapshot-volume, volume: d}");
    cr_assert(vdc_volume_at(sim, 0, &view) && !vdc_volume_at(sim, 1, &view));
    cr_expect(view.snapshots == 1 && view.pinned == INT64_C(20) << 30);
    must(sim, "{do: detach-volume, vm: 1, volume: 0}"); /* by its number */
    run_until(sim, 60);
    must(sim, "{do: delete-volume, volume: d}");
    cr_expect(!vdc_volume_at(sim, 0, &view));
    refused(sim, "{do: attach-volume, vm: 1, volume: d}", "there is no volume 'd'");
    expect(sim, "storage_ops", 100 * 10 + 50 * 10);
    expect(sim, "P_storage_byte_s", (10 * 30 + 20 * 10 + 40 * 10) * 0x1p30);
    end(sim);
}

/* A thin volume that has its size is written over, until a snapshot keeps what is on it or it becomes larger. When the pool (100 kB) is full, writes that
 * need new space are held up and others go on; detaching keeps what is taken, deleting gives it back. */
Test(io_operations, a_thin_volume_grows) {
    vdc_simulation *sim = open_run_text(
        HEAD("count: 2") "  storage: [{name: san, size: 100 kB, iops: 1000, overcommit: 9}]\n"
        "time: {tick: 1s}\nworkload:\n  vms:\n    - {id: 0, vcpus: 1, lifetime: 200s}\n    - {id: 1, vcpus: 1, lifetime: 200s}\n");
    vdc_volume_view view;
    run_until(sim, 0);
    must(sim, "{do: attach-volume, vm: 0, volume: d, size: 40 kB, pool: san, provision: thin, io: [{rate: 4, request: 1 kB, do: write}]}");
    run_until(sim, 5.5); /* between ticks, where nothing happens */
    cr_assert(vdc_volume_at(sim, 0, &view));
    cr_expect_eq(view.taken, 22000);
    run_until(sim, 30); /* full at 10 s */
    cr_assert(vdc_volume_at(sim, 0, &view));
    cr_expect_eq(view.taken, 40000);
    must(sim, "{do: snapshot-volume, volume: d}");
    cr_assert(vdc_volume_at(sim, 0, &view));
    cr_expect(view.taken == 0 && view.pinned == 40000);
    run_until(sim, 35);
    must(sim, "{do: resize-volume, volume: d, size: 90 kB}"); /* 60 kB are left: full at 45 s */
    refused(sim, "{do: create-volume, volume: e, size: 41 kB, pool: san}", "no room");
    run_until(sim, 55);
    cr_assert(vdc_volume_at(sim, 0, &view));
    cr_expect_eq(view.taken, 60000);
    expect(sim, "storage_ops", 4 * 45);
    expect(sim, "storage_full_s", 10);
    refused(sim, "{do: create-volume, volume: e, size: 1 B, pool: san}", "no room");
    must(sim, "{do: attach-volume, vm: 1, volume: e, size: 9 kB, pool: san, provision: thin, io: [{rate: 7, request: 1 kB, do: write}, {rate: 2}]}");
    must(sim, "{do: configure-volume, volume: d, iops: 3, weight: 2}"); /* is held up all the same */
    run_until(sim, 60);
    expect(sim, "storage_ops", 4 * 45 + 2 * 5);
    must(sim, "{do: detach-volume, vm: 0, volume: d}");
    run_until(sim, 70);
    expect(sim, "storage_ops", 4 * 45 + 2 * 15);
    must(sim, "{do: delete-volume, volume: d}");
    run_until(sim, 71);
    cr_assert(vdc_volume_at(sim, 0, &view) && !vdc_volume_at(sim, 1, &view));
    cr_expect_eq(view.taken, 7000);
    run_until(sim, 80);
    cr_assert(vdc_volume_at(sim, 0, &view));
    cr_expect_eq(view.taken, 9000);
    expect(sim, "storage_full_s", 25);
    expect(sim, "storage_ops", 4 * 45 + 2 * 25 + 7 * 10);
    must(sim, "{do: snapshot-volume, volume: e}");
    must(sim, "{do: create-volume, volume: f, size: 91 kB, pool: san}"); /* and the pool is full to the byte */
    run_until(sim, 90);
    expect(sim, "storage_ops", 4 * 45 + 2 * 35 + 7 * 10);
    expect(sim, "storage_taken_max_bytes", 100e3);
    must(sim, "{do: delete-volume, volume: f}");
    run_until(sim, 91);
    expect(sim, "storage_ops", 4 * 45 + 2 * 36 + 7 * 11);
    end(sim);
}

/* Who waits for room in a pool gets it when a volume is deleted, not only when a VM leaves. */
Test(io_operations, a_deleted_volume_makes_room) {
    vdc_simulation *sim = run_text(
        HEAD("count: 2") POOL "operations: [{at: 0s, do: create-volume, volume: d, size: 60 GiB, pool: san}, {at: 30s, do: delete-volume, volume: d}]\n"
        "workload:\n  vms:\n    - {id: 0, vcpus: 1, lifetime: 100s}\n"
        "    - {id: 1, arrival: 10s, vcpus: 1, lifetime: 10s, volumes: [{size: 60 GiB, pool: san}]}\n",
        NULL, NULL);
    expect(sim, "wait_total_s", 20);
    vdc_simulation_close(sim);
}

/* Random volumes that are written in one pool, against a plain count from change to change. */
Test(io_operations, thin_volumes_by_a_plain_count) {
    enum { VMS = 12, ROUNDS = 60 };
    for (uint64_t round = 0; round < ROUNDS; round++) {
        uint64_t random = round;
        double size[VMS], rate[VMS], begin[VMS], leaves[VMS], taken[VMS] = {0}, ops = 0, full_time = 0, pool = 0, most = 0;
        char text[6000];
        int length = snprintf(text, sizeof text, "%s", HEAD("count: 12"));
        for (int i = 0; i < VMS; i++) {
            size[i] = 1e3 * (1 + (double)draw_below(&random, 900));
            rate[i] = (double)(1 + draw_below(&random, 20));
            begin[i] = (double)draw_below(&random, 100);
            leaves[i] = begin[i] + (double)(1 + draw_below(&random, 100));
            pool += size[i] / 4;
        }
        pool = floor(pool);
        length += snprintf(text + length, sizeof text - (size_t)length, "  storage: [{name: san, size: %.0f B, overcommit: 9}]\nworkload:\n  vms:\n", pool);
        for (int i = 0; i < VMS; i++)
            length += snprintf(text + length, sizeof text - (size_t)length,
                               "    - {id: %d, vcpus: 1, arrival: %.0f s, lifetime: %.0f s, volumes: [{size: %.0f B, pool: san, provision: thin}],\n"
                               "       io: [{rate: %.0f, request: 1 kB, do: write}]}\n",
                               i, begin[i], leaves[i] - begin[i], size[i], rate[i]);
        double now = 0;
        bool full = false;
        while (now < 200) {
            double next = 200, growth = 0, sum = 0;
            for (int i = 0; i < VMS; i++) {
                bool here = begin[i] <= now && now < leaves[i];
                if (!here) taken[i] = 0;
                sum += taken[i];
                if (begin[i] > now) next = fmin(next, begin[i]);
                if (leaves[i] > now) next = fmin(next, leaves[i]);
                if (here && taken[i] < size[i] - 1e-6) growth += rate[i] * 1e3;
            }
            if (sum < pool - 1e-3) full = false; /* less than a byte counts as nothing */
            else if (growth > 0) full = true;
            if (!full && growth > 0) next = fmin(next, now + (pool - sum) / growth);
            for (int i = 0; i < VMS && !full; i++)
                if (begin[i] <= now && now < leaves[i] && taken[i] < size[i] - 1e-6) next = fmin(next, now + (size[i] - taken[i]) / (rate[i] * 1e3));
            for (int i = 0; i < VMS; i++) {
                if (begin[i] > now || now >= leaves[i]) continue;
                bool grows = taken[i] < size[i] - 1e-6;
                if (!grows || !full) ops += rate[i] * (next - now);
                if (grows && !full) taken[i] += rate[i] * 1e3 * (next - now);
            }
            if (full) full_time += next - now;
            now = next;
            sum = 0;
            for (int i = 0; i < VMS; i++) sum += taken[i];
            most = fmax(most, sum);
        }
        vdc_simulation *sim = run_text(text, NULL, NULL);
        const struct { const char *key; double wanted; } keys[] = {
            {"storage_ops", ops}, {"storage_full_s", full_time}, {"storage_taken_max_bytes", most}};
        for (size_t k = 0; k < 3; k++) {
            double found = summary_of(sim, keys[k].key);
            cr_expect(fabs(found - keys[k].wanted) <= 1e-4, "round %d: %s: %.9g, expected %.9g", (int)round, keys[k].key, found, keys[k].wanted);
        }
        vdc_simulation_close(sim);
    }
}

/* An image comes first, then the I/O; its VM runs meanwhile. A detached volume with half an image begins anew. */
Test(io_operations, an_image_while_the_vm_runs) {
    vdc_simulation *sim = open_run_text(
        HEAD("nic: 1 MB/s") "  storage: [{name: san, size: 100 GiB, bandwidth: 2 MB/s, iops: 1000, images: true}]\n"
        "workload:\n  vms:\n    - {id: 0, vcpus: 1, lifetime: 100s}\n");
    vdc_volume_view view;
    run_until(sim, 10);
    must(sim, "{do: attach-volume, vm: 0, volume: d, size: 1 GiB, pool: san, image: 10 MB, io: [{rate: 100}]}"); /* read and written there: 10 s */
    run_until(sim, 15);
    cr_expect(vdc_volume_at(sim, 0, &view) && !view.ready);
    must(sim, "{do: detach-volume, vm: 0, volume: d}");
    run_until(sim, 20);
    must(sim, "{do: attach-volume, vm: 0, volume: d, io: [{rate: 100}]}");
    run_until(sim, 40);
    cr_expect(vdc_volume_at(sim, 0, &view) && view.ready);
    must(sim, "{do: detach-volume, vm: 0, volume: d}");
    run_until(sim, 50);
    must(sim, "{do: attach-volume, vm: 0, volume: d, io: [{rate: 10}]}"); /* the image is on it */
    cr_assert_eq(vdc_simulation_run_until(sim, VDC_TIME_MAX, NULL), VDC_OK);
    expect(sim, "storage_ops", 100 * 10 + 10 * 50);
    expect(sim, "images_copied", 1);
    expect(sim, "image_bytes", 15e6);
    expect(sim, "end_s", 100);
    end(sim);
}

Test(io_operations, volumes_that_are_refused) {
    vdc_simulation *sim = open_run_text(
        HEAD("disks: [{size: 100 GiB, iops: 1000}]") POOL "workload:\n  vms:\n"
        "    - {id: 0, vcpus: 1, lifetime: 100s, volumes: [{name: root, size: 60 GiB}]}\n    - {id: 1, vcpus: 1, lifetime: 100s}\n");
    run_until(sim, 10);
    refused(sim, "{do: create-volume, volume: d, size: 101 GiB, pool: san}", "the pool 'san' has no room for it");
    refused(sim, "{do: create-volume, volume: d, size: 1 GiB, pool: nas}", "there is no pool 'nas'");
    refused(sim, "{do: create-volume, volume: d, size: 1 GiB, pool: local}", "is made when it is attached");
    refused(sim, "{do: create-volume, volume: root, size: 1 GiB, pool: san}", "there is a volume 'root' already");
    refused(sim, "{do: attach-volume, vm: 1, volume: e, size: 41 GiB}", "room");
    refused(sim, "{do: attach-volume, vm: 1, volume: e, size: 4 GiB, pool: nas}", "there is no pool 'nas'");
    refused(sim, "{do: attach-volume, vm: 1, volume: e, size: 4 GiB, iops: 2000}", ""); /* more than the disks have */
    refused(sim, "{do: attach-volume, vm: 0, volume: root, size: 4 GiB}", "it has a volume 'root' already");
    refused(sim, "{do: detach-volume, vm: 0, volume: root}", "it can only be deleted");
    refused(sim, "{do: resize-volume, vm: 0, volume: 0, size: 59 GiB}", "volumes do not shrink");
    refused(sim, "{do: resize-volume, volume: root, size: 101 GiB}", "");
    refused(sim, "{do: snapshot-volume, volume: root}", "fits on no host");
    refused(sim, "{do: configure-volume, volume: none, iops: 3}", "there is no volume 'none'");
    refused(sim, "{do: create-network, network: a}", "nothing else in this run has networks");
    expect(sim, "operations_refused", 14);
    expect(sim, "P_disk_byte_s", 60 * 0x1p30 * 10);
    must(sim, "{do: create-volume, volume: d, size: 150 GiB, pool: san, provision: thin}");
    refused(sim, "{do: create-volume, volume: f, size: 51 GiB, pool: san, provision: thin}", "no room");
    must(sim, "{do: resize-volume, volume: d, size: 200 GiB}");
    refused(sim, "{do: resize-volume, volume: d, size: 201 GiB}", "no room");
    must(sim, "{do: pause, vm: 0}");
    must(sim, "{do: resize-volume, volume: root, size: 61 GiB}");
    must(sim, "{do: stop, vm: 0}");
    must(sim, "{do: resize-volume, vm: 0, volume: root, size: 62 GiB}");
    must(sim, "{do: delete-volume, volume: root}");
    must(sim, "{do: start, vm: 0}");
    end(sim);
}

/* What is wrong with the text of one is named where it stands. */
Test(io_operations, bad_input_is_named) {
#define VMS "workload: {vms: [{id: 0, vcpus: 1, lifetime: 9s}]}\n"
    static const struct { const char *text, *message; } cases[] = {
        {HOSTS "operations: [{at: 1s, do: attach-network, network: a}]\n" VMS, "test.yaml:5:14: operations: attach-network: vm: is missing"},
        {HOSTS "operations: [{at: 1s, do: create-network}]\n" VMS, "network"},
        {HOSTS "operations: [{at: 1s, do: create-netwrk, network: a}]\n" VMS, "did you mean 'create-network'?"},
        {HOSTS "operations: [{at: 1s, do: configure-network, network: a}]\n" VMS, "says nothing to change; allowed: weight"},
        {HOSTS "operations: [{at: 1s, do: configure-volume, volume: a}]\n" VMS, "says nothing to change; allowed: iops, bandwidth, weight"},
        {HOSTS "operations: [{at: 1s, do: create-network, network: a, weight: 101}]\n" VMS, "weight"},
        {HOSTS "operations: [{at: 1s, do: attach-network, vm: 0, network: a, tx: 5 GHz}]\n" VMS, "tx"},
        {HOSTS "operations: [{at: 1s, do: attach-network, vm: 0, network: a, traffic: [{to: 1}]}]\n" VMS, "either a rate (a stream) or a size (a message)"},
        {HOSTS "operations: [{at: 1s, do: attach-network, vm: 0, network: a, traffic: 7}]\n" VMS, "a list of mappings"},
        {HOSTS "operations: [{at: 1s, do: attach-volume, vm: 0, volume: a, size: 1 GB, image: 2 GB}]\n" VMS, "at most the volume's size"},
        {HOSTS "operations: [{at: 1s, do: attach-volume, vm: 0, volume: a, size: 1 GB, io: [{volume: 1, rate: 3}]}]\n" VMS, "the VM has 1 volumes"},
        {HOSTS "operations: [{at: 1s, do: create-volume, volume: a, size: 0 B, pool: b}]\n" VMS, "size"},
        {HOSTS "operations: [{do: stop, vm: 0}]\n" VMS, "'at' is missing"},
        {HOSTS "operations: {at: 1s}\n" VMS, "allowed: a list of"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) refuse_text(cases[i].text, cases[i].message);
}
