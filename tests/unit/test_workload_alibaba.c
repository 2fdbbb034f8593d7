/* Alibaba's openb and Huawei's topology data: small tables, and the real ones by the counts of their documentation. */
#include "tests/support/command.h"
#include "tests/support/workload.h"
#include "workloads/hosts.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

static test_workload work;
static vdc_host_list list;

static void start(void) {
    test_workload_start(&work);
    list = (vdc_host_list){0};
    work.context.report = &work.report;
}
static void end(void) {
    vdc_host_list_clear(&list);
    test_workload_end(&work);
}
TestSuite(workload_alibaba, .init = start, .fini = end);

#define PODS "name,cpu_milli,memory_mib,num_gpu,gpu_milli,gpu_spec,qos,pod_phase,creation_time,deletion_time,scheduled_time\n"

Test(workload_alibaba, pods) {
    test_workload_file(&work, "pods.csv",
                       PODS "p0,12500,57344,0,0,,LS,Running,20,30,\n"
                            "p1,6000,12288,1,460,V100M16|V100M32|V100M32,BE,Running,10,10,10\n"
                            "p2,100,0,8,1000,T4,LS,Running,10,15,10\n");
    test_workload_must(&work, "trace", "{format: alibaba-openb, path: pods.csv}");
    cr_assert_eq(work.count, 3);
    const vdc_request *shared = &work.requests[0], *whole = &work.requests[1], *plain = &work.requests[2];
    cr_expect_str_eq(shared->name, "p1"); /* sorted by creation, ties as in the file */
    cr_expect_eq(shared->gpu_milli, 460);
    cr_expect_eq(shared->gpu_models, 3);
    cr_expect_eq(shared->lifetime, 0);
    cr_expect_eq(whole->size[VDC_GPU], 8000);
    cr_expect_eq(whole->gpu_models, 4);
    cr_expect_eq(whole->size[VDC_MEMORY], 0);
    cr_expect_eq(plain->size[VDC_CPU], 12500);
    cr_expect_eq(plain->size[VDC_MEMORY], INT64_C(57344) << 20);
    cr_expect_eq(plain->gpu_count, 0);
    cr_expect_eq(plain->arrival, SECONDS(20));
    cr_expect_eq(plain->lifetime, SECONDS(10));
    cr_expect_eq(work.report.odd_count, 1);
    /* Row numbers are those of the file, whatever the times. */
    test_workload_file(&work, "order.csv", "pod_row\n2\n0\n0\n");
    test_workload_must(&work, "trace",
                       "{format: alibaba-openb, path: pods.csv, order: order.csv, interval: 1s, departures: none}");
    cr_assert_eq(work.count, 3);
    cr_expect_str_eq(work.requests[0].name, "p2");
    cr_expect_str_eq(work.requests[2].name, "p0");
    cr_expect_eq(work.requests[2].arrival, SECONDS(3));
    cr_expect_eq(work.requests[2].lifetime, VDC_UNLIMITED);

    test_workload_file(&work, "pods.csv", "name,cpu_milli,memory_mib,num_gpu,gpu_milli\na,1,1,2,1000\nb,1,1,0,0\n");
    test_workload_must(&work, "trace", "{format: alibaba-openb, path: pods.csv}");
    cr_expect_eq(work.requests[1].arrival, SECONDS(1));
    cr_expect_eq(work.requests[1].lifetime, VDC_UNLIMITED);
}

Test(workload_alibaba, wrong_pods) {
    const struct { const char *row, *message; } cases[] = {
        {"p,1,1,2,500,,,,0,1,", "several GPUs are whole"}, {"p,1,1,1,1001,,,,0,1,", "at most 1000"},
        {"p,1,1,1,0,,,,0,1,", "does not go with num_gpu"}, {"p,1,1,0,0,,,,5,1,", "before creation_time"},
        {"p,x,1,0,0,,,,0,1,", "cpu_milli is 'x'"},         {"p,1,1,0,0,,,,0,,", "deletion_time is empty"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[256];
        (void)snprintf(text, sizeof text, PODS "%s\n", cases[i].row);
        test_workload_file(&work, "pods.csv", text);
        test_workload_refuses(&work, "trace", "{format: alibaba-openb, path: pods.csv}", "pods.csv:2", cases[i].message, NULL);
    }
    test_workload_file(&work, "pods.csv", "name,cpu_milli\n");
    test_workload_refuses(&work, "trace", "{format: alibaba-openb, path: pods.csv}", "no column memory_mib", NULL);
}

/* Counts of the data's own documentation. */
Test(workload_alibaba, real_pods) {
    const struct { const char *name; size_t pods; int64_t gpu; size_t without, shared, eight, specified; } traces[] = {
        {"default", 8152, 6086800, 1088, 3078, 44, 0},      {"cpu050", 7439, 6086800, 375, 3078, 44, 0},
        {"gpushare40", 8152, 5641250, 1088, 4001, 39, 0},   {"gpuspec33", 8152, 6086800, 1088, 3078, 44, 2388},
        {"multigpu50", 9061, 11358800, 1088, 3078, 556, 0},
    };
    for (size_t t = 0; t < sizeof traces / sizeof traces[0]; t++) {
        char path[96];
        (void)snprintf(path, sizeof path, "data/alibaba-openb/openb_pod_list_%s.csv", traces[t].name);
        const char *full = test_shared(&work, path);
        if (!full) return;
        test_workload_must(&work, "trace", "{format: alibaba-openb, path: \"%s\"}", full);
        int64_t gpu = 0, cpu = 0, memory = 0;
        size_t without = 0, shared = 0, eight = 0, specified = 0;
        for (size_t i = 0; i < work.count; i++) {
            const vdc_request *pod = &work.requests[i];
            gpu += pod->size[VDC_GPU];
            cpu += pod->size[VDC_CPU];
            memory += pod->size[VDC_MEMORY] >> 20;
            without += pod->gpu_count == 0;
            shared += pod->gpu_count == 1 && pod->gpu_milli < 1000;
            eight += pod->gpu_count == 8;
            specified += pod->gpu_models != 0;
        }
        cr_expect_eq(work.count, traces[t].pods);
        cr_expect_eq(gpu, traces[t].gpu);
        cr_expect_eq(without, traces[t].without);
        cr_expect_eq(shared, traces[t].shared);
        cr_expect_eq(eight, traces[t].eight);
        cr_expect_eq(specified, traces[t].specified);
        if (t > 0) continue;
        cr_expect_eq(cpu, 85436012);
        cr_expect_eq(memory, 303546211);
        cr_expect_eq(work.requests[0].arrival, 0);
        cr_expect_eq(work.requests[work.count - 1].arrival, SECONDS(12901761));
    }
}

static vdc_code read_hosts(const char *format, const char *path, const char *ranks) {
    vdc_host_list_clear(&list);
    vdc_diag_clear(&work.diag);
    return vdc_host_list_read(&list, format, path, ranks, NULL, &work.diag);
}

Test(workload_alibaba, nodes_and_ranks) {
    const char *nodes =
        test_workload_file(&work, "nodes.csv", "sn,cpu_milli,memory_mib,gpu,model\na,64000,262144,2,P100\nb,32000,1024,0,\n");
    cr_assert_eq(read_hosts("alibaba-openb", nodes, NULL), VDC_OK);
    cr_assert_eq(list.count, 2);
    cr_expect_str_eq(list.hosts[0].name, "a");
    cr_expect_eq(list.hosts[0].cpu, 64000);
    cr_expect_eq(list.hosts[0].memory, INT64_C(256) << 30);
    cr_expect_eq(list.hosts[0].gpus, 2);
    cr_expect_str_eq(list.hosts[0].gpu_model, "P100");
    cr_expect_str_eq(list.hosts[1].gpu_model, "");
    cr_expect_eq(list.hosts[1].rank, 1);
    cr_assert_eq(read_hosts("alibaba-openb", nodes, test_workload_file(&work, "ranks.csv", "node_prio\n1\n0\n")), VDC_OK);
    cr_expect_eq(list.hosts[0].rank, 1);
    cr_expect_eq(list.hosts[1].rank, 0);
    const struct { const char *ranks, *message; } wrong[] = {
        {"1\n1\n", "ranks.csv:2: rank 1 is given twice"}, {"1\n", "1 ranks for 2 hosts"},
            {"0\n2\n", "'2' is no rank from 0 to 1"}};
    for (size_t i = 0; i < 3; i++) {
        cr_expect_eq(read_hosts("alibaba-openb", nodes, test_workload_file(&work, "ranks.csv", wrong[i].ranks)), VDC_ERROR_INPUT);
        cr_expect(strstr(work.diag.messages[0].text, wrong[i].message), "%s", work.diag.messages[0].text);
    }
    static const struct { const char *racks, *message; } bad[] = {
        {"host-0,3\nhost-1,0\nhost-0,2\n", "racks.csv:4:1: host_id is 'host-0', which was there before"},
        {"host-0,3\nfoo,0\n", "racks.csv:3:1: host_id is 'foo', a name such as host-7 is wanted"},
        {"host-0,1000000\n", "rack_id is 1000000, at most 999999 is wanted"}, {"host-0,1\n", "racks for 1 of 2 hosts"}};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        char text[100];
        (void)snprintf(text, sizeof text, "host_id,rack_id\n%s", bad[i].racks);
        cr_assert_eq(read_hosts("alibaba-openb", nodes, NULL), VDC_OK);
        cr_expect_eq(vdc_host_list_racks(&list, test_workload_file(&work, "racks.csv", text), NULL, &work.diag), VDC_ERROR_INPUT);
        cr_expect(work.diag.count && strstr(work.diag.messages[0].text, bad[i].message), "%s", bad[i].message);
    }
    cr_assert_eq(read_hosts("alibaba-openb", nodes, NULL), VDC_OK); /* one file may do for longer lists, too */
    const char *racks = test_workload_file(&work, "racks.csv", "rack_id,host_id\n5,host-1\n7,host-2\n6,host-0\n");
    cr_expect_eq(vdc_host_list_racks(&list, racks, NULL, &work.diag), VDC_OK);
    cr_expect(list.hosts[0].rack == 6 && list.hosts[1].rack == 5);
    /* Racks of a whole run: a pool stands in one of them. */
    const char *run = test_workload_file(&work, "r.yaml", "vdcsim: 1\ndatacenter: {hosts: {format: alibaba-openb, path: nodes.csv, racks: racks.csv},"
                                                          " storage: [{name: p, size: 1 GiB, rack: 7}]}\nworkload: {vms: [{vcpus: 1, lifetime: 1s}]}\n");
    command_result result = run_vdcsim("validate %s", run);
    cr_expect(result.status != 0 && strstr(result.err, "datacenter.storage: pool 'p': rack: found 7, in which no host stands"), "%s", result.err);
    command_result_clear(&result);
    result = run_vdcsim("validate %s --set datacenter.storage.0.rack=6", run);
    cr_expect_eq(result.status, 0, "%s", result.err);
    command_result_clear(&result);
    cr_expect_eq(read_hosts("alibaba-openbb", nodes, NULL), VDC_ERROR_INPUT);
    cr_expect(strstr(work.diag.messages[0].text, "did you mean 'alibaba-openb'"));
    cr_expect_eq(read_hosts("alibaba-openb", test_workload_file(&work, "nodes.csv", "sn,cpu_milli,memory_mib,gpu,model\n"), NULL),
                 VDC_ERROR_INPUT);
}

Test(workload_alibaba, real_nodes) {
    const char *nodes = test_shared(&work, "data/alibaba-openb/openb_node_list_gpu_node.csv");
    if (!nodes) return;
    const char *ranks = test_shared(&work, "data/alibaba-openb/arrival_orders/default_seed42_nodeprio.csv");
    cr_assert_eq(read_hosts("alibaba-openb", nodes, ranks), VDC_OK);
    int64_t cpu = 0, memory = 0, gpus = 0, t4 = 0;
    for (size_t i = 0; i < list.count; i++) {
        cpu += list.hosts[i].cpu;
        memory += list.hosts[i].memory >> 20;
        gpus += list.hosts[i].gpus;
        t4 += strcmp(list.hosts[i].gpu_model, "T4") == 0;
    }
    cr_expect_eq(list.count, 1213);
    cr_expect_eq(cpu, 107018000);
    cr_expect_eq(memory, 503828480);
    cr_expect_eq(gpus, 6212);
    cr_expect_eq(t4, 404);
    cr_expect_eq(list.hosts[0].rank, 601);
}

Test(workload_alibaba, huawei_topology) {
    test_workload_file(&work, "vm.csv",
                       "flavor_vcpus,flavor_ram,numa,strategy,group,domain\n8,16,1,fault_domain,0.0,1.0\n32,64,2,,,\n"
                       "4,8,1,affinity,3.0,\n2,4,1,fault_domain,0.0,1.0\n");
    test_workload_must(&work, "trace", "{format: huawei-topology, path: vm.csv}");
    cr_assert_eq(work.count, 4);
    cr_expect_eq(work.requests[1].numa_nodes, 2);
    cr_expect_eq(work.requests[1].size[VDC_MEMORY], INT64_C(64) << 30);
    cr_expect_eq(work.requests[1].group, 0);
    cr_expect_eq(work.requests[1].arrival, SECONDS(1));
    cr_expect_eq(work.requests[0].group, work.requests[3].group);
    cr_expect_str_eq(vdc_names_text(work.context.groups, work.requests[0].group), "fault_domain-0");
    cr_expect_eq(work.requests[0].part, 2); /* its second fault domain */
    cr_expect_str_eq(vdc_names_text(work.context.groups, work.requests[2].group), "affinity-3");
    test_workload_file(&work, "vm.csv", "flavor_vcpus,flavor_ram,numa,strategy,group,domain\n8,16,3,,,\n");
    test_workload_refuses(&work, "trace", "{format: huawei-topology, path: vm.csv}", "numa is 3, at most 2", NULL);

    const char *hosts = test_shared(&work, "data/huawei-topology/pm_free.csv");
    if (!hosts) return;
    cr_assert_eq(read_hosts("huawei-topology", hosts, NULL), VDC_OK);
    cr_expect_eq(list.count, 1710);
    int64_t cpu[2] = {0};
    for (size_t i = 0; i < list.count; i++)
        for (int node = 0; node < 2; node++) cpu[node] += list.hosts[i].numa_cpu[node] / 1000;
    cr_expect_eq(cpu[0], 85582);
    cr_expect_eq(cpu[1], 56274);
    test_workload_must(&work, "trace", "{format: huawei-topology, path: \"%s\"}",
                       test_shared(&work, "data/huawei-topology/vm_C1.csv"));
    cr_expect_eq(work.count, 4998);
}
