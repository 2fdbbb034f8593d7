/* The native CSV and VMs written inline: what is read, and every way in which it can be wrong. */
#include "tests/support/workload.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

static test_workload work;

static void start(void) {
    test_workload_start(&work);
}
static void end(void) {
    test_workload_end(&work);
}
TestSuite(workload_native, .init = start, .fini = end);

#define TRACE "{format: vdcsim, path: t.csv}"
#define CSV(text) test_workload_file(&work, "t.csv", text)

Test(workload_native, columns_in_any_order_with_units) {
    CSV("memory_gib,id,arrival_s,lifetime_min,vcpus,priority,tenant,group,name,cpu_limit_ghz,disk_gb,net_tx_mbit_s,numa_nodes\n"
        "8,1,0.250706,1.5,4,high,alice,web,\"vm, one\",2.5,10,800,2\n"
        "\n"
        "4,,3,,0.5,-7,,,,,,,\n");
    test_workload_must(&work, "trace", TRACE);
    cr_assert_eq(work.count, 2);
    const vdc_request *a = &work.requests[0], *b = &work.requests[1];
    cr_expect_eq(a->size[VDC_MEMORY], INT64_C(8) << 30);
    cr_expect_eq(a->id, 1);
    cr_expect_eq(a->arrival, 250706000);
    cr_expect_eq(a->lifetime, SECONDS(90));
    cr_expect_eq(a->size[VDC_CPU], 4000);
    cr_expect_eq(a->priority, VDC_PRIORITY_HIGH);
    cr_expect_str_eq(vdc_names_text(work.context.tenants, a->tenant), "alice");
    cr_expect_str_eq(vdc_names_text(work.context.groups, a->group), "web");
    cr_expect_str_eq(a->name, "vm, one");
    cr_expect_eq(a->cpu_limit, INT64_C(2500000000));
    cr_expect_eq(a->size[VDC_DISK], INT64_C(10000000000));
    cr_expect_eq(a->size[VDC_NET_TX], 100000000);
    cr_expect_eq(a->numa_nodes, 2);
    cr_expect_null(a->load);
    cr_expect_eq(b->id, VDC_NO_ID);
    cr_expect_eq(b->lifetime, VDC_UNLIMITED);
    cr_expect_eq(b->size[VDC_CPU], 500);
    cr_expect_eq(b->priority, -7);
    cr_expect_eq(b->tenant, 0);
    cr_expect_null(b->name);
    cr_expect_eq(b->cpu_limit, VDC_UNLIMITED);
    cr_expect_eq(b->cpu_weight, VDC_UNLIMITED);
}

/* What a scenario's VM may not have, a trace's may not, either. */
Test(workload_native, cpu_settings) {
    static const struct { const char *row, *message; } cases[] = {
        {"0,2,2,1,,", "t.csv:2: the reservation is above the limit"},
        {"0,2,,,1000000000001,", "t.csv:2: weight: found 1000000000001; allowed: 1 to 1000000000000"},
        {"0,2,,,,0.00001", "t.csv:2: period: found 10000 ns; allowed: 100000 to 100000000000 ns"},
        {"0,2,,,,101", "t.csv:2: period: found 101000000000 ns"},
    };
    char text[200];
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        (void)snprintf(text, sizeof text, "arrival_s,vcpus,cpu_reservation_ghz,cpu_limit_ghz,cpu_weight,cpu_period_s\n%s\n", cases[i].row);
        CSV(text);
        test_workload_refuses(&work, "trace", TRACE, cases[i].message, NULL);
    }
    CSV("arrival_s,vcpus,cpu_reservation_ghz,cpu_limit_ghz,cpu_weight,cpu_period_s\n0,2,1,1,1000000000000,100\n0,2,,,,\n");
    test_workload_must(&work, "trace", TRACE);
    work.context.weight_most = 10000;
    test_workload_refuses(&work, "trace", TRACE, "t.csv:2: weight: found 1000000000000; allowed: 1 to 10000 with this CPU policy", NULL);
}

Test(workload_native, gpus) {
    CSV("arrival_s,vcpus,gpus,gpu_milli,gpu_models\n0,1,1,460,\n0,1,8,,V100M16|V100M32|V100M32\n0,1,0,0,\n");
    test_workload_must(&work, "trace", TRACE);
    cr_expect_eq(work.requests[0].size[VDC_GPU], 460);
    cr_expect_eq(work.requests[0].gpu_models, 0);
    cr_expect_eq(work.requests[1].size[VDC_GPU], 8000);
    cr_expect_eq(work.requests[1].gpu_models, 3);
    cr_expect_eq(work.requests[2].gpu_count, 0);
    CSV("arrival_s,vcpus,gpus,gpu_milli\n0,1,2,500\n");
    test_workload_refuses(&work, "trace", TRACE, "t.csv:2", "do not go together", NULL);
}

Test(workload_native, segments_from_a_second_file) {
    CSV("arrival_s,vcpus\n0,1\n1,1\n2,1\n3,1\n");
    test_workload_file(&work, "s.csv", "row,duration_s,demand_mhz\n0,10,1000\n0,20,500.5\n2,5,0\n3,1,2\n");
    test_workload_must(&work, "trace", "{format: vdcsim, path: t.csv, segments: s.csv, progress: work}");
    cr_assert_eq(work.count, 4);
    vdc_segment segment;
    cr_assert(test_workload_segment(&work.requests[0], 1, &segment));
    cr_expect_eq(segment.duration, SECONDS(20));
    cr_expect_eq(segment.demand, 500500000);
    cr_expect_not(test_workload_segment(&work.requests[0], 2, &segment));
    cr_expect_eq(work.requests[0].load_peak, 1000000000);
    cr_expect_eq(work.requests[0].progress, VDC_PROGRESS_WORK);
    cr_expect_null(work.requests[1].load);
    cr_assert(test_workload_segment(&work.requests[2], 0, &segment));
    cr_expect_eq(segment.demand, 0);
    cr_assert(test_workload_segment(&work.requests[3], 0, &segment));
    cr_expect_eq(segment.duration, SECONDS(1));
    /* A load is forgotten with its VM, and its place used again. */
    const uint64_t token = work.requests[0].token;
    cr_assert_neq(token, 0);
    work.source->operations->release(work.source, token);
    work.source->operations->release(work.source, token);

    test_workload_file(&work, "s.csv", "row,duration_s,demand_mhz\n1,10,1\n0,20,1\n");
    test_workload_refuses(&work, "trace", "{format: vdcsim, path: t.csv, segments: s.csv}", "s.csv:3", "goes back", NULL);
    test_workload_file(&work, "s.csv", "row,duration_s,demand_mhz\n9,10,1\n");
    test_workload_refuses(&work, "trace", "{format: vdcsim, path: t.csv, segments: s.csv}", "only 4 rows", NULL);
}

Test(workload_native, gzip) {
    test_workload_gzip(&work, "t.csv", "arrival_s,vcpus\n1,2\n");
    test_workload_must(&work, "trace", TRACE);
    cr_expect_eq(work.count, 1);
}

Test(workload_native, bad_headers) {
    const struct { const char *text, *message; } cases[] = {
        {"", "empty"},
        {"arrival_s\n0\n", "no column vcpus"},
        {"vcpus\n1\n", "no column arrival_s"},
        {"arrival,vcpus\n", "has no unit"},
        {"arrival_s,vcpu\n", "did you mean 'vcpus'"},
        {"arrival_s,vcpus,memory_gbi\n", "did you mean 'memory_"},
        {"arrival_s,vcpus,colour\n", "unknown column 'colour'"},
        {"arrival_s,vcpus,vcpus\n", "occurs twice"},
        {"arrival_s,vcpus,arrival_ms\n", "in two units"},
        {"arrival_s,\"vcpus\n", "a quote is not closed"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        CSV(cases[i].text);
        test_workload_refuses(&work, "trace", TRACE, cases[i].message, "t.csv", NULL);
    }
}

Test(workload_native, bad_rows_name_line_and_column) {
    const struct { const char *row, *message; } cases[] = {
        {"1,x,1", "t.csv:3:3: vcpus is 'x'"},
        {"nan,1,1", "t.csv:3:1: arrival_s is 'nan', a finite"},
        {"1,1,inf", "t.csv:3:5: memory_gib is 'inf', a finite"},
        {"1,-1,1", "vcpus is -1, at least 0.001"},
        {"1,0,1", "vcpus is 0, at least"},
        {"1,1,-4", "memory_gib is -4, at least 0"},
        {"1,1,1e30", "memory_gib is '1e30'"},
        {"-1,1,1", "arrival_s is -1, at least 0"},
        {",1,1", "arrival_s is empty"},
        {"0.5,1,1", "t.csv:3: out of order"},
        {"1,1", "t.csv:3: 2 fields, 3 are wanted"},
        {"1,1,1,1", "t.csv:3: more than the 3 fields"},
        {"1,\"1,1", "t.csv:3: a quote is not closed"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[128];
        (void)snprintf(text, sizeof text, "arrival_s,vcpus,memory_gib\n1,1,1\n%s\n2,1,1\n", cases[i].row);
        CSV(text);
        test_workload_refuses(&work, "trace", TRACE, cases[i].message, NULL);
        cr_expect_eq(work.count, 1, "the row above is good: %s", cases[i].row);
        /* The same row, left out on request: counted, listed, and the rest is read. */
        work.context.report = &work.report;
        test_workload_must(&work, "trace", "{format: vdcsim, path: t.csv, on_error: skip}");
        cr_expect_eq(work.count, 2, "%s", cases[i].row);
        cr_expect_eq(work.report.skipped, 1);
        cr_expect_eq(work.report.rows, 2);
        cr_expect_eq(work.report.message_count, 1);
        work.context.report = NULL;
    }
}

Test(workload_native, skipped_rows_are_said_where_nobody_asks) {
    CSV("arrival_s,vcpus\n1,1\n2,x\n3,1\n");
    test_workload_must(&work, "trace", "{format: vdcsim, path: t.csv, on_error: skip}");
    cr_expect_eq(work.count, 2);
    cr_assert_eq(work.diag.count, 2);
    cr_expect(strstr(work.diag.messages[0].text, "1 malformed rows were left out"));
    cr_expect(strstr(work.diag.messages[1].text, "t.csv:3: vcpus is 'x'"));
}

Test(workload_native, bad_files) {
    test_workload_refuses(&work, "trace", TRACE, "cannot be read", "path", NULL);
    test_workload_refuses(&work, "trace", "{format: vdcsim}", "'path' is missing", NULL);
    test_workload_refuses(&work, "trace", "{path: t.csv}", "'format' is missing", NULL);
    test_workload_refuses(&work, "trace", "{format: vdcsin, path: t.csv}", "did you mean 'vdcsim'", NULL);
    test_workload_refuses(&work, "trace", "{format: vdcsim, path: .}", "is a directory", NULL);
    CSV("arrival_s,vcpus\n");
    test_workload_refuses(&work, "trace", "{format: vdcsim, path: t.csv, fist: 3}", "did you mean 'first'", NULL);
    test_workload_refuses(&work, "trace", "{format: vdcsim, path: t.csv, first: -3}", "is negative", NULL);
    test_workload_refuses(&work, "trace", "{format: vdcsim, path: t.csv, scale: 0}", "above 0", NULL);
    test_workload_refuses(&work, "trace", "{format: vdcsim, path: t.csv, interval: 0s}", "above 0", NULL);
    test_workload_refuses(&work, "trace", "{format: vdcsim, path: t.csv, from: 3 GiB}", "from", NULL);
}

/* ---- inline ---- */

Test(workload_native, inline_vms) {
    test_workload_must(&work, "vms",
                       "[{id: 7, tenant: a, arrival: 5s, lifetime: 1h, vcpus: 2, memory: 4 GiB, disk: 20 GiB, priority: low,"
                       " cpu: {weight: 333, reservation: 1 GHz, limit: 2 GHz}, checkpoint: {interval: 60s,"
                       " duration: 1s, scale: 1.5},"
                       " load: {progress: work, segments: [[10min, 1 GHz], [5min, 2 GHz]]}},"
                       " {arrival: 1s, vcpus: 1.5, gpus: {count: 1, share: 46%%, models: [V100, T4]}},"
                       " {arrival: 5s, vcpus: 1, priority: 12, cpu: {limit: none}}]");
    cr_assert_eq(work.count, 3);
    const vdc_request *first = &work.requests[0], *a = &work.requests[1], *last = &work.requests[2];
    cr_expect_eq(first->arrival, SECONDS(1)); /* by arrival, ties as written */
    cr_expect_eq(first->size[VDC_CPU], 1500);
    cr_expect_eq(first->id, VDC_NO_ID);
    cr_expect_eq(first->lifetime, VDC_UNLIMITED);
    cr_expect_eq(first->gpu_milli, 460);
    cr_expect_eq(first->gpu_models, 3);
    cr_expect_eq(first->priority, VDC_PRIORITY_NORMAL);
    cr_expect_eq(a->id, 7);
    cr_expect_eq(a->lifetime, SECONDS(3600));
    cr_expect_eq(a->priority, VDC_PRIORITY_LOW);
    cr_expect_eq(a->cpu_weight, 333);
    cr_expect_eq(a->cpu_reservation, 1000000000);
    cr_expect_eq(a->cpu_limit, 2000000000);
    cr_expect_eq(a->checkpoint_interval, SECONDS(60));
    cr_expect_eq(a->checkpoint_scale_num * 2, a->checkpoint_scale_den * 3);
    cr_expect_eq(a->progress, VDC_PROGRESS_WORK);
    cr_expect_eq(a->load_peak, 2000000000);
    vdc_segment segment;
    cr_assert(test_workload_segment(a, 1, &segment));
    cr_expect_eq(segment.duration, SECONDS(300));
    cr_expect_eq(segment.demand, 2000000000);
    cr_expect_not(test_workload_segment(a, 2, &segment));
    cr_expect_eq(last->priority, 12);
    cr_expect_eq(last->cpu_limit, VDC_UNLIMITED);
}

/* Texts of networks, disks and memory that are wrong are named with the row; malformed rows can be left out. */
Test(workload_native, lists_that_are_refused) {
    static const struct { const char *column, *field, *message; } cases[] = {
        {"volumes", "\"[{size: 0 B}]\"", "t.csv:2: volumes:1:9: VM: volumes: size: found the text '0 B', which is too small"},
        {"volumes", "\"[{size: 1 GB, iops: 5 GHz}]\"", "iops"},
        {"volumes", "\"[{sise: 1 GB}]\"", "did you mean 'size'"},
        {"volumes", "7", "a list of mappings"},
        {"volumes", "\"[{\"", "t.csv:2: volumes:2:1: is not YAML"},
        {"vnics", "\"[{network: a, weight: 101}]\"", "weight"},
        {"traffic", "\"[{to: peer, rate: 1}]\"", "the VM has 0 vNICs"},
        {"io", "\"[{rate: 1}]\"", "the VM has 0 volumes"},
        {"memory_load", "{touched: 101%}", "touched"},
        {"memory_load", "{reservation: 2 GB}", "allowed: 0 to the VM's memory, 1000000000"},
    };
    test_workload_with_lists(&work);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[300];
        (void)snprintf(text, sizeof text, "arrival_s,vcpus,memory_gb,%s\n0,1,1,%s\n5,1,1,\n", cases[i].column, cases[i].field);
        CSV(text);
        test_workload_refuses(&work, "trace", TRACE, cases[i].message, NULL);
        work.context.report = &work.report;
        test_workload_must(&work, "trace", "{format: vdcsim, path: t.csv, on_error: skip}");
        cr_expect(work.count == 1 && work.report.skipped == 1 && work.requests[0].io == 0);
        work.context.report = NULL;
    }
    CSV("arrival_s,vcpus,memory_load\n0,1,\n");
    work.context.has_memory = false;
    test_workload_refuses(&work, "trace", TRACE, "t.csv:1: column memory_load: needs the section `memory` of the scenario", NULL);
    CSV("arrival_s,vcpus,volume\n0,1,\n");
    test_workload_refuses(&work, "trace", TRACE, "unknown column 'volume' (did you mean 'volumes'?)", NULL);
}

Test(workload_native, all_errors_of_an_inline_list_at_once) {
    test_workload_refuses(&work, "vms",
                          "[{vcpus: 0}, {vcpus: 1, isolation: {pni: true}}, {vcpus: 1, operations: [{at: 1s, do: stpo}]}, {vcpus: 1, memry: 1 GiB},"
                          " {memory: 1 GiB}, {vcpus: 1, priority: urgent}, {vcpus: 1, load: {segments: [[1s]]}},"
                          " {vcpus: 1, load: {progress: both, segments: []}}, {vcpus: 1, memory: -1}, {vcpus: 1, arrival: 5 GHz},"
                          " {vcpus: 1, cpu: {weight: 0}}, {vcpus: 1, cpu: {reservation: 2 GHz, limit: 1 GHz}}, {vcpus: nan},"
                          " {vcpus: 1, gpus: {count: 2, share: 50%}}, {vcpus: 1, load: {segments: [[1s, -1 GHz]]}}]",
                          "vcpus: found 0", "did you mean 'pin'", "did you mean 'stop'",
                          "did you mean 'memory'",
                          "'vcpus' is missing", "priority: found", "[duration, demand]", "progress", "is negative", "arrival",
                          "weight", "above the limit", "share below 100%", NULL);
    cr_expect_geq(work.diag.errors, 15);
    test_workload_refuses(&work, "vms", "{vcpus: 1}", "a list of VMs", NULL);
}
