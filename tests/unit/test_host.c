/* Host columns: what fits, which devices are chosen, and that what is taken comes back.
 */
#include "models/host.h"

#include <criterion/criterion.h>
#include <string.h>

static const int64_t GIB = INT64_C(1) << 30;

/* Three classes: plain, GPU (4 devices of model 2) and NUMA (2 sockets of 40 cores, 180 GiB);
 * one host of each, two of the first. */
static void make_hosts(vdc_hosts *hosts, bool numa) {
    vdc_host_class *classes = vdc_calloc(3, sizeof *classes);
    uint16_t *class_of = vdc_calloc(4, sizeof *class_of);
    for (int c = 0; c < 3; c++) {
        classes[c] = (vdc_host_class){.name = vdc_strdup("class"), .count = c ? 1 : 2, .sockets = 1, .cores = 8, .threads = 1,
                                      .numa = 1, .speed = 1};
        classes[c].capacity[VDC_CPU] = 8000;
        classes[c].capacity[VDC_MEMORY] = 16 * GIB;
    }
    classes[1].gpus = 4, classes[1].gpu_model = 2, classes[1].capacity[VDC_GPU] = 4000, classes[1].max_vms = 3;
    classes[2].sockets = 2, classes[2].cores = 40;
    classes[2].capacity[VDC_CPU] = 80000, classes[2].capacity[VDC_MEMORY] = 180 * GIB;
    class_of[1] = 1, class_of[2] = 2;
    unsigned use = 1u << VDC_CPU | 1u << VDC_MEMORY | 1u << VDC_GPU;
    cr_assert_eq(vdc_hosts_create(hosts, classes, 3, class_of, 4, use, numa, NULL), VDC_OK);
}

static vdc_request vm(int64_t milli_cpu, int64_t memory) {
    return (vdc_request){.size[VDC_CPU] = milli_cpu, .size[VDC_MEMORY] = memory};
}

static vdc_request gpu_vm(uint16_t count, uint16_t milli) {
    return (vdc_request){.gpu_count = count, .gpu_milli = milli, .size[VDC_GPU] = count * milli};
}

Test(host, resources_and_state) {
    vdc_hosts hosts;
    make_hosts(&hosts, false);
    vdc_request small = vm(8000, 16 * GIB), large = vm(8001, 0), heavy = vm(0, 16 * GIB + 1);
    cr_expect(vdc_host_fits(&hosts, 0, &small));
    cr_expect_not(vdc_host_fits(&hosts, 0, &large));
    cr_expect_not(vdc_host_fits(&hosts, 0, &heavy));
    cr_expect(vdc_host_fits(&hosts, 2, &large));
    cr_expect(vdc_host_class_fits(&hosts, 0, &small));
    cr_expect_not(vdc_host_class_fits(&hosts, 0, &large));
    cr_expect(vdc_host_class_fits(&hosts, 2, &heavy));
    /* A resource without a column is not limited. */
    vdc_request with_disk = vm(1, 1);
    with_disk.size[VDC_DISK] = INT64_MAX;
    cr_expect(vdc_host_fits(&hosts, 0, &with_disk));

    vdc_host_take(&hosts, 0, &small, 0, 0);
    cr_expect_eq(hosts.free[VDC_CPU][0], 0);
    cr_expect_eq(hosts.free[VDC_MEMORY][0], 0);
    cr_expect_eq(hosts.vms[0], 1);
    vdc_request nothing = vm(0, 0);
    cr_expect(vdc_host_fits(&hosts, 0, &nothing)); /* a VM of size 0 is legal and fits a full host */
    cr_expect_not(vdc_host_fits(&hosts, 0, &(vdc_request){.size[VDC_CPU] = 1}));
    cr_expect(vdc_host_class_fits(&hosts, 0, &small)); /* full, but not for ever */
    vdc_host_give(&hosts, 0, &small, 0, 0);
    cr_expect(vdc_host_fits(&hosts, 0, &small));
    cr_expect_eq(hosts.vms[0], 0);
    for (int state = VDC_HOST_CORDONED; state <= VDC_HOST_OFF; state++) {
        hosts.state[0] = (uint8_t)state;
        cr_expect_not(vdc_host_fits(&hosts, 0, &small));
    }
    vdc_hosts_destroy(&hosts);
}

Test(host, most_vms_of_a_class) {
    vdc_hosts hosts;
    make_hosts(&hosts, false);
    vdc_request request = vm(1, 1);
    for (int i = 0; i < 3; i++) {
        cr_expect(vdc_host_fits(&hosts, 1, &request));
        vdc_host_take(&hosts, 1, &request, 0, 0);
    }
    cr_expect_not(vdc_host_fits(&hosts, 1, &request)); /* max_vms 3 */
    vdc_host_give(&hosts, 1, &request, 0, 0);
    cr_expect(vdc_host_fits(&hosts, 1, &request));
    vdc_hosts_destroy(&hosts);
}

Test(host, gpu_devices) {
    vdc_hosts hosts;
    make_hosts(&hosts, false);
    uint64_t devices = 0, nodes = 0;
    vdc_request third = gpu_vm(1, 333), half = gpu_vm(1, 500), two = gpu_vm(2, 1000), four = gpu_vm(4, 1000);
    cr_expect_not(vdc_host_fits(&hosts, 0, &third)); /* no GPU there */
    cr_expect_not(vdc_host_class_fits(&hosts, 0, &third));
    cr_expect(vdc_host_class_fits(&hosts, 1, &four));
    cr_expect_not(vdc_host_class_fits(&hosts, 1, &(vdc_request){.gpu_count = 5, .gpu_milli = 1000}));

    /* Shared: the fullest device that still has room, the lowest on ties. */
    cr_expect(vdc_host_assign(&hosts, 1, &half, &devices, &nodes));
    cr_expect_eq(devices, 1u << 0);
    vdc_host_take(&hosts, 1, &half, devices, nodes);
    devices = 0;
    cr_expect(vdc_host_assign(&hosts, 1, &third, &devices, &nodes));
    cr_expect_eq(devices, 1u << 0);
    vdc_host_take(&hosts, 1, &third, devices, nodes);
    cr_expect_eq(hosts.gpu_free[hosts.gpu_stride], 167);
    cr_expect_eq(hosts.free[VDC_GPU][1], 3167);
    devices = 0;
    cr_expect(vdc_host_assign(&hosts, 1, &third, &devices, &nodes));
    cr_expect_eq(devices, 1u << 1); /* device 0 has no room */

    /* Several: the lowest that are free. The total alone does not do. */
    devices = 0;
    cr_expect(vdc_host_assign(&hosts, 1, &two, &devices, &nodes));
    cr_expect_eq(devices, 6u);
    cr_expect_not(vdc_host_fits(&hosts, 1, &four));
    cr_expect_not(vdc_host_fits(&hosts, 1, &(vdc_request){.gpu_count = 4, .gpu_milli = 1000, .size[VDC_GPU] = 3000}));

    /* A choice of the policy's is checked, not changed. */
    devices = 1u << 3;
    cr_expect(vdc_host_assign(&hosts, 1, &third, &devices, &nodes));
    cr_expect_eq(devices, 1u << 3);
    devices = 1u << 0;
    cr_expect_not(vdc_host_assign(&hosts, 1, &third, &devices, &nodes)); /* no room */
    devices = 3u << 2;
    cr_expect_not(vdc_host_assign(&hosts, 1, &third, &devices, &nodes)); /* one too many */
    devices = 1u << 4;
    cr_expect_not(vdc_host_assign(&hosts, 1, &third, &devices, &nodes)); /* no such device */

    /* Models: the class has model 2, bit 1. */
    third.gpu_models = 1u << 1;
    cr_expect(vdc_host_fits(&hosts, 1, &third));
    third.gpu_models = 1u << 0;
    cr_expect_not(vdc_host_fits(&hosts, 1, &third));
    cr_expect_not(vdc_host_class_fits(&hosts, 1, &third));

    vdc_host_give(&hosts, 1, &half, 1, 0);
    third.gpu_models = 0;
    vdc_host_give(&hosts, 1, &third, 1, 0);
    for (int j = 0; j < 4; j++) cr_expect_eq(hosts.gpu_free[hosts.gpu_stride + j], 1000);
    vdc_hosts_destroy(&hosts);
}

Test(host, numa_nodes) {
    vdc_hosts hosts;
    make_hosts(&hosts, true);
    const int64_t *node = hosts.numa_free + (size_t)2 * hosts.numa_stride * 2;
    for (int k = 0; k < 2; k++) {
        cr_expect_eq(node[2 * k], 40000);
        cr_expect_eq(node[2 * k + 1], 90 * GIB);
    }
    vdc_request single = vm(30000, 8 * GIB), both = vm(16001, 64 * GIB + 1);
    single.numa_nodes = 1, both.numa_nodes = 2;
    uint64_t devices = 0, nodes = 0;
    cr_expect(vdc_host_assign(&hosts, 2, &single, &devices, &nodes));
    cr_expect_eq(nodes, 1u);
    vdc_host_take(&hosts, 2, &single, 0, nodes);
    cr_expect_eq(node[0], 10000);
    nodes = 0;
    cr_expect(vdc_host_assign(&hosts, 2, &single, &devices, &nodes));
    cr_expect_eq(nodes, 2u); /* node 0 has too few cores left */
    nodes = 0;
    cr_expect(vdc_host_assign(&hosts, 2, &both, &devices, &nodes));
    cr_expect_eq(nodes, 3u);
    vdc_host_take(&hosts, 2, &both, 0, nodes);
    cr_expect_eq(node[0], 10000 - 8001); /* half, rounded up, on each */
    cr_expect_eq(node[2], 40000 - 8001);
    cr_expect_eq(node[3], 90 * GIB - (32 * GIB + 1));
    cr_expect_eq(hosts.free[VDC_CPU][2], 80000 - 30000 - 16001);
    /* The host has 33999 left, but no node has 33000. A VM that does not care for nodes still fits. */
    vdc_request wide = vm(33000, GIB);
    cr_expect(vdc_host_fits(&hosts, 2, &wide));
    wide.numa_nodes = 1;
    cr_expect_not(vdc_host_fits(&hosts, 2, &wide));
    cr_expect(vdc_host_class_fits(&hosts, 2, &wide));
    wide.size[VDC_CPU] = 41000;
    cr_expect_not(vdc_host_class_fits(&hosts, 2, &wide));
    wide.numa_nodes = 3;
    cr_expect_not(vdc_host_class_fits(&hosts, 2, &wide));
    nodes = 1u << 0;
    cr_expect_not(vdc_host_assign(&hosts, 2, &both, &devices, &nodes)); /* one node for a VM of two */
    nodes = 3u;
    vdc_host_give(&hosts, 2, &both, 0, nodes);
    vdc_host_give(&hosts, 2, &single, 0, 1);
    for (int k = 0; k < 2; k++) {
        cr_expect_eq(node[2 * k], 40000);
        cr_expect_eq(node[2 * k + 1], 90 * GIB);
    }
    vdc_hosts_destroy(&hosts);
}

/* What a class has is what its nodes have, also where it does not divide. */
Test(host, node_capacities_sum_to_the_class) {
    for (uint16_t sockets = 1; sockets <= 7; sockets++) {
        vdc_host_class class = {.sockets = sockets, .numa = 2, .capacity[VDC_CPU] = 100003, .capacity[VDC_MEMORY] = 1};
        int64_t cpu = 0, memory = 0;
        cr_assert_eq(vdc_host_class_nodes(&class), 2 * sockets);
        for (uint16_t node = 0; node < vdc_host_class_nodes(&class); node++) {
            cpu += vdc_host_class_node_capacity(&class, node, VDC_CPU);
            memory += vdc_host_class_node_capacity(&class, node, VDC_MEMORY);
        }
        cr_expect_eq(cpu, 100003);
        cr_expect_eq(memory, 1);
    }
}

/* Without memory: an error with its message, and nothing is leaked (the sanitizer build sees it). */
Test(host, out_of_memory) {
    for (uint64_t fail = 1;; fail++) {
        vdc_host_class *classes = vdc_calloc(1, sizeof *classes);
        uint16_t *class_of = vdc_calloc(2, sizeof *class_of);
        classes[0] = (vdc_host_class){.sockets = 2, .numa = 1, .gpus = 2};
        vdc_hosts hosts;
        vdc_diag diag = {0};
        vdc_memory_fail_at(fail, false);
        vdc_code code = vdc_hosts_create(&hosts, classes, 1, class_of, 2, (1u << VDC_RESOURCES) - 1, true, &diag);
        vdc_memory_fail_at(0, false);
        vdc_diag_clear(&diag);
        if (!code) {
            vdc_hosts_destroy(&hosts);
            cr_assert_gt(fail, (uint64_t)VDC_RESOURCES); /* every column was made to fail in turn */
            break;
        }
        cr_assert_eq(code, VDC_ERROR_MEMORY);
    }
}
