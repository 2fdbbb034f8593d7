/* Readers of public traces: the quirks of each format by small tables written here, the real samples by the counts of their
 * documentation, malformed rows by the message.
 */
#include "tests/support/workload.h"

#include <criterion/criterion.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>

static test_workload work;

static void start(void) {
    test_workload_start(&work);
    work.context.report = &work.report;
}
static void end(void) {
    test_workload_end(&work);
}
TestSuite(workload_readers, .init = start, .fini = end);

static uint64_t odd(const char *part) {
    for (size_t i = 0; i < work.report.odd_count; i++)
        if (strstr(work.report.odd[i].what, part)) return work.report.odd[i].count;
    return 0;
}

static void expect_segment(size_t vm, size_t index, int64_t duration, int64_t demand) {
    vdc_segment segment = {-1, -1};
    cr_expect(test_workload_segment(&work.requests[vm], index, &segment), "VM %zu has no segment %zu", vm, index);
    cr_expect_eq(segment.duration, duration, "VM %zu, segment %zu: %lld", vm, index, (long long)segment.duration);
    cr_expect_eq(segment.demand, demand, "VM %zu, segment %zu: %lld", vm, index, (long long)segment.demand);
}

static void expect_no_segment(size_t vm, size_t index) {
    vdc_segment segment;
    cr_expect_not(test_workload_segment(&work.requests[vm], index, &segment));
}

typedef struct wrong {
    const char *text, *message;
} wrong;

/* Each text, as file `t`, is refused with its message; with on_error: skip it is not. */
static void expect_refused(const char *section, const wrong *cases, size_t count) {
    for (size_t i = 0; i < count; i++) {
        test_workload_file(&work, "t", cases[i].text);
        test_workload_refuses(&work, "trace", section, cases[i].message, NULL);
    }
}

/* ---- Huawei-East-1 ---- */

Test(workload_readers, huawei_events) {
    test_workload_file(&work, "t",
                       "vmid,cpu,memory,time,type\n5,4,16,0,0\n9,1,2,2,0\n5,4,16,194,1\n3,2,4,200,0\n5,8,32,300,0\n8,1,1,400,1\n"
                                   "5,8,32,310,1\n");
    test_workload_must(&work, "trace", "{format: huawei-east-1, path: t}");
    cr_assert_eq(work.count, 4);
    cr_expect_eq(work.requests[0].id, 5);
    cr_expect_eq(work.requests[0].lifetime, SECONDS(194));
    cr_expect_eq(work.requests[0].size[VDC_MEMORY], INT64_C(16) << 30);
    cr_expect_eq(work.requests[1].lifetime, VDC_UNLIMITED);
    cr_expect_eq(work.requests[3].id, 5); /* the id is used again after its deletion */
    cr_expect_eq(work.requests[3].lifetime, SECONDS(10));
    cr_expect_eq(odd("never deleted"), 2);
    cr_expect_eq(odd("do not exist"), 1);
    cr_expect(work.report.indexed);
    const wrong cases[] = {{"vmid,cpu,memory,time,type\n1,4,16,0,0\n1,4,16,1,0\n", "t:3:1: vmid 1 is created while it exists"},
                           {"vmid,cpu,memory,time,type\n1,4,16,5,0\n1,4,16,1,1\n", "lies before the creation"},
                           {"vmid,cpu,memory,time,type\n1,4,16,5,2\n", "type is 2, at most 1"},
                           {"vmid,cpu,mem,type\n", "no column memory"}};
    expect_refused("{format: huawei-east-1, path: t}", cases, 4);
}

Test(workload_readers, huawei_intervals) {
    test_workload_file(&work, "t", "vmid,cpu,mem,at,lt\n0,4,16,0.0,194.0\n1,4,8,2.5,498.0\n");
    test_workload_must(&work, "trace", "{format: huawei-east-1, path: t, numa_split: {memory_above: 10 GiB}}");
    cr_assert_eq(work.count, 2);
    cr_expect_eq(work.requests[0].numa_nodes, 2);
    cr_expect_eq(work.requests[1].numa_nodes, 1);
    cr_expect_eq(work.requests[1].arrival, 2500000000);
    cr_expect_not(work.report.indexed);
    const wrong cases[] = {{"vmid,cpu,mem,at,lt\n0,4,16,5,1\n1,4,16,4,1\n", "t:3: out of order"}};
    expect_refused("{format: huawei-east-1, path: t}", cases, 1);
    const char *path = test_shared(&work, "data/huawei-east-1/Huawei-East-1-lt.csv");
    if (!path) return;
    test_workload_must(&work, "trace", "{format: huawei-east-1, path: \"%s\"}", path);
    size_t large = 0;
    for (size_t i = 0; i < work.count; i++) large += work.requests[i].size[VDC_MEMORY] > INT64_C(10) << 30;
    cr_expect_eq(work.count, 116313);
    cr_expect_eq(large, 7042);
    cr_expect_eq(work.requests[work.count - 1].arrival, SECONDS(2678081));
}

/* ---- SWF ---- */

Test(workload_readers, swf) {
    test_workload_file(&work, "t",
                       "; Version: 2.2\n;\n"
                       "  2  20 -1 100  4 -1 1024  8 3600 -1 1 7 1 -1 -1 -1 -1 -1\n"
                       "  1  10 -1   5 -1 -1   -1 16   -1 10 0 8 -1 -1 -1 -1 -1 -1\n"
                       "  3  30 -1  -1  4 -1   -1 -1   -1 -1 5 7 1 -1 -1 -1 -1 -1\n"
                       "  4  30 -1   9 -1 -1   -1 -1   -1 -1 1 7 1 -1 -1 -1 -1 -1\n");
    test_workload_must(&work, "trace", "{format: swf, path: t}");
    cr_assert_eq(work.count, 2);
    const vdc_request *asked = &work.requests[0], *used = &work.requests[1]; /* by arrival */
    cr_expect_eq(asked->id, 1);
    cr_expect_eq(asked->size[VDC_CPU], 16000);
    cr_expect_eq(asked->size[VDC_MEMORY], 16 * 10 * 1024);
    cr_expect_eq(asked->predicted_lifetime, VDC_UNLIMITED);
    cr_expect_eq(asked->group, 0);
    cr_expect_eq(used->size[VDC_CPU], 4000);
    cr_expect_eq(used->size[VDC_MEMORY], 4 * 1024 * 1024);
    cr_expect_eq(used->lifetime, SECONDS(100));
    cr_expect_eq(used->predicted_lifetime, SECONDS(3600));
    cr_expect_str_eq(vdc_names_text(work.context.tenants, used->tenant), "user-7");
    cr_expect_eq(odd("without a run time"), 1);
    cr_expect_eq(odd("number of processors"), 1);
    test_workload_must(&work, "trace", "{format: swf, path: t, jobs: completed}");
    cr_expect_eq(work.count, 1);
    const wrong cases[] = {{"1 2 3\n", "t:1: 3 fields, 18 are wanted"},
                           {"1 x -1 5 1 -1 -1 16 -1 10 0 8 -1 -1 -1 -1 -1 -1\n", "submit is 'x'"},
                           {"1 1 -1 5 1 -1 -1 16 -1 10 0 8 -1 -1 -1 -1 -1 -1 7\n", "more than the 18"}};
    expect_refused("{format: swf, path: t}", cases, 3);
    const char *path = test_shared(&work, "data/samples/swf/NASA-iPSC-1993-3.1-cln.swf.gz");
    if (!path) return;
    test_workload_must(&work, "trace", "{format: swf, path: \"%s\"}", path);
    cr_expect_eq(work.count, 18239);
}

/* ---- Azure V1 and V2 ---- */

#define V1(id, created, deleted, category, cores, memory) \
    id ",sub,dep/+=," created "," deleted ",99.5,12.25,50," category "," cores "," memory "\n"

Test(workload_readers, azure_v1) {
    test_workload_file(&work, "t/vmtable.csv",
                       V1("late", "600", "2591700", "Interactive", "8", "56") V1("early", "0", "300", "Delay-insensitive", "1",
                                                                                 "0.75")
                           V1("short", "300", "300", "Unkown", "2", "3.5"));
    test_workload_must(&work, "trace", "{format: azure-v1, path: t, cpu: average, speed: 2 GHz}");
    cr_assert_eq(work.count, 3);
    const vdc_request *early = &work.requests[0], *brief = &work.requests[1], *late = &work.requests[2];
    cr_expect_str_eq(early->name, "early");
    cr_expect_eq(early->size[VDC_MEMORY], INT64_C(768) << 20);
    cr_expect_eq(early->priority, VDC_PRIORITY_LOW);
    cr_expect_eq(brief->lifetime, SECONDS(300)); /* shorter than a tick looks like none */
    cr_expect_eq(brief->priority, VDC_PRIORITY_NORMAL);
    cr_expect_eq(late->priority, VDC_PRIORITY_HIGH);
    cr_expect_eq(late->tenant, early->tenant);
    cr_expect_str_eq(vdc_names_text(work.context.groups, late->group), "dep/+=");
    expect_segment(2, 0, VDC_FOREVER, INT64_C(1960000000)); /* 12.25 % of 8 vCPUs of 2 GHz */
    expect_no_segment(2, 1);
    test_workload_must(&work, "trace", "{format: azure-v1, path: t}");
    cr_expect_null(work.requests[0].load);
    const wrong cases[] = {{V1("a", "600", "300", "Interactive", "1", "1"), "t.csv:1:18: deleted lies before created"},
                           {V1("a", "0", "300", "Interactive", ">24", "1"), "cores is '>24'"},
                           {V1("a", "0", "300", "Interactive", "0", "1"), "cores is 0, at least"},
                           {V1("a", "0", "300", "Interactive", "1", "nan"), "memory is 'nan'"},
                           {"a,b,c\n", "3 fields, 11 are wanted"}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        test_workload_file(&work, "t.csv", cases[i].text);
        test_workload_refuses(&work, "trace", "{format: azure-v1, path: t.csv}", cases[i].message, NULL);
    }
    const char *path = test_shared(&work, "data/samples/azure-v1-sample/vmtable.csv");
    if (!path) return;
    test_workload_must(&work, "trace", "{format: azure-v1, path: \"%s\"}", path);
    cr_expect_eq(work.count, 10);
}

Test(workload_readers, azure_readings) {
    test_workload_file(&work, "vmtable.csv", V1("a", "300", "1500", "Unknown", "2", "4") V1("b", "0", "600", "Unknown", "1",
            "4"));
    /* File 10 comes after file 2 in time, though not in name. */
    test_workload_file(&work, "r/vm_cpu_readings-file-10-of-125.csv", "900,a,0,60,50\n1200,other,1,2,3\n1500,a,1,2,3\n");
    test_workload_file(&work, "r/vm_cpu_readings-file-2-of-125.csv", "300,a,1,30,10.005\n300,other,1,2,3\n");
    test_workload_must(&work, "trace", "{format: azure-v1, path: ., readings: r, speed: 1 GHz}");
    cr_assert_eq(work.count, 2);
    cr_expect_null(work.requests[0].load); /* no readings, no level asked for */
    expect_segment(1, 0, SECONDS(300), 200000000); /* 10.00 % of 2 GHz: kept in hundredths, half to even */
    expect_segment(1, 1, SECONDS(300), 200000000); /* 600: missing, the one before holds */
    expect_segment(1, 2, SECONDS(300), 1000000000);
    expect_segment(1, 4, SECONDS(300), 60000000);
    expect_no_segment(1, 5);
    cr_expect_eq(work.requests[1].load_peak, 1000000000);
    test_workload_must(&work, "trace", "{format: azure-v1, path: ., readings: r, value: max, speed: 1 GHz}");
    expect_segment(1, 0, SECONDS(300), 600000000);
    test_workload_file(&work, "bad.csv", "900,a,0,60,50\n300,a,1,2,3\n");
    test_workload_refuses(&work, "trace", "{format: azure-v1, path: ., readings: bad.csv}", "bad.csv:2:1: timestamp goes back",
                          NULL);
    test_workload_file(&work, "bad.csv", "900,a,0,60,101\n");
    test_workload_refuses(&work, "trace", "{format: azure-v1, path: ., readings: bad.csv}", "average CPU is 101, at most 100",
                          NULL);
    test_workload_refuses(&work, "trace", "{format: azure-v1, path: ., readings: .}", "no vm_cpu_readings-file", NULL);
}

Test(workload_readers, azure_v2) {
    test_workload_file(&work, "t", V1("a", "0", "600", "Unknown", ">24", ">64") V1("b", "0", "600", "Unknown", "24.0", "64"));
    test_workload_must(&work, "trace", "{format: azure-v2, path: t}");
    cr_assert_eq(work.count, 2);
    cr_expect_eq(work.requests[0].size[VDC_CPU], 30000);
    cr_expect_eq(work.requests[0].size[VDC_MEMORY], INT64_C(70) << 30);
    cr_expect_eq(work.requests[1].size[VDC_CPU], 24000);
    test_workload_must(&work, "trace", "{format: azure-v2, path: t, above_cores: 32, above_memory: 128}");
    cr_expect_eq(work.requests[0].size[VDC_CPU], 32000);
    cr_expect_eq(work.requests[0].size[VDC_MEMORY], INT64_C(128) << 30);
}

/* ---- Azure packing trace ---- */

static void make_database(const char *sql) {
    sqlite3 *database;
    char path[128];
    (void)snprintf(path, sizeof path, "%s/p.sqlite", work.folder);
    (void)remove(path);
    cr_assert_eq(sqlite3_open(path, &database), SQLITE_OK);
    char *message = NULL;
    cr_assert_eq(sqlite3_exec(database, sql, NULL, NULL, &message), SQLITE_OK, "%s", message);
    sqlite3_close(database);
}

#define TABLES \
    "CREATE TABLE vm (vmId INT, tenantId INT, vmTypeId INT, priority INT, starttime, endtime);" \
    "CREATE TABLE vmType (id INT, vmTypeId INT, machineId INT, core, memory, hdd, ssd, nic);"

Test(workload_readers, azure_packing) {
    make_database(TABLES "INSERT INTO vmType VALUES (1,10,3,0.5,0.25,0,0.1,NULL),(2,10,1,0.125,0.0625,NULL,NULL,0.5),"
                         "(3,11,3,1,1,0,0,0);"
                         "INSERT INTO vm VALUES (100,7,10,0,0.5,1.5),(101,7,11,1,'-2.5','0.25'),(102,8,10,1,0.25,NULL),"
                         "(103,8,99,1,0,1);");
    test_workload_must(&work, "trace",
                       "{format: azure-packing-2020, path: p.sqlite, vcpus: 64, memory: 256 GiB, disk: 1 TB, nic: 100 B/s}");
    cr_assert_eq(work.count, 3);
    const vdc_request *before = &work.requests[0], *endless = &work.requests[1], *plain = &work.requests[2];
    cr_expect_eq(before->id, 101);
    cr_expect_eq(before->arrival, 0); /* it started before 0, as text */
    cr_expect_eq(before->lifetime, SECONDS(21600));
    cr_expect_eq(before->priority, VDC_PRIORITY_LOW);
    cr_expect_eq(before->size[VDC_CPU], 64000);
    cr_expect_eq(endless->lifetime, VDC_UNLIMITED);
    cr_expect_eq(endless->arrival, SECONDS(21600));
    cr_expect_eq(plain->arrival, SECONDS(43200));
    cr_expect_eq(plain->lifetime, SECONDS(86400));
    cr_expect_eq(plain->priority, VDC_PRIORITY_HIGH);
    cr_expect_eq(plain->size[VDC_CPU], 8000); /* machine 1 is the lowest of type 10 */
    cr_expect_eq(plain->size[VDC_MEMORY], INT64_C(16) << 30);
    cr_expect_eq(plain->size[VDC_DISK], 0);
    cr_expect_eq(plain->size[VDC_NET_TX], 50);
    cr_expect_eq(plain->tenant, before->tenant);
    cr_expect_eq(odd("no machine"), 1);
    cr_expect_eq(odd("before 0"), 1);
    cr_expect_eq(odd("without an end"), 1);
    test_workload_must(&work, "trace", "{format: azure-packing-2020, path: p.sqlite, machine: 3, disk: 1 TB}");
    cr_assert_eq(work.count, 3);
    cr_expect_eq(work.requests[2].size[VDC_CPU], 32000);
    cr_expect_eq(work.requests[2].size[VDC_DISK], INT64_C(100000000000));
    test_workload_must(&work, "trace", "{format: azure-packing-2020, path: p.sqlite, machine: 1}");
    cr_expect_eq(work.count, 2);
    test_workload_refuses(&work, "trace", "{format: azure-packing-2020, path: p.sqlite, machine: 2}",
                          "no type runs on that machine", NULL);
}

Test(workload_readers, wrong_packing_files) {
#define SECTION "{format: azure-packing-2020, path: p.sqlite}"
    make_database("CREATE TABLE other (x)");
    test_workload_refuses(&work, "trace", SECTION, "p.sqlite: is not the packing trace: no such table: vmType", NULL);
    make_database("CREATE TABLE vmType (id INT, vmTypeId INT, machineId INT, core, memory, hdd, ssd, nic);"
                  "INSERT INTO vmType VALUES (1,10,3,0.5,0.25,0,0,0)");
    test_workload_refuses(&work, "trace", SECTION, "no such table: vm", NULL);
    make_database(TABLES);
    test_workload_refuses(&work, "trace", SECTION, "vmType is empty", NULL);
    make_database(TABLES "INSERT INTO vmType VALUES (1,10,3,1.5,0.25,0,0,0);");
    test_workload_refuses(&work, "trace", SECTION, "vmTypeId 10: not fractions", NULL);
    make_database(TABLES "INSERT INTO vmType VALUES (1,10,3,0.5,0.25,0,0,0); INSERT INTO vm VALUES (100,7,10,0,2,1);");
    test_workload_refuses(&work, "trace", SECTION, "vmId 100: it ends before it starts", NULL);
    make_database(TABLES "INSERT INTO vmType VALUES (1,10,3,0.5,0.25,0,0,0); INSERT INTO vm VALUES (100,7,10,0,NULL,1);");
    test_workload_refuses(&work, "trace", SECTION, "are not days", NULL);
    test_workload_must(&work, "trace", "{format: azure-packing-2020, path: p.sqlite, on_error: skip}");
    cr_expect_eq(work.count, 0);
    cr_expect_eq(work.report.skipped, 1);
    test_workload_file(&work, "p.sqlite", "vmId,tenantId\nthis is a CSV, not a database; it is long enough to have a header\n");
    test_workload_refuses(&work, "trace", SECTION, "not a database", NULL);
}

/* ---- Bitbrains and Materna ---- */

#define BITBRAINS \
    "Timestamp [ms];\tCPU cores;\tCPU capacity provisioned [MHZ];\tCPU usage [MHZ];\tCPU usage [%];\t" \
    "Memory capacity provisioned [KB];\tMemory usage [KB];\tDisk read throughput [KB/s]\n"

Test(workload_readers, bitbrains) {
    test_workload_file(&work, "d/2.csv",
                       BITBRAINS "1372629804;\t2;\t5851.9989;\t87.7799835;\t1.5;\t8218624.0;\t1034592.8;\t160.8\n"
                                 "1372630104;\t2;\t5852;\t29.2599945;\t0.5;\t8388608.0;\t1;\t1\n"
                                 "1372630104;\t2;\t5852;\t100;\t0.5;\t8388608.0;\t1;\t1\n"
                                 "1372632000;\t4;\t5852;\t0.0;\t0;\t8388608.0;\t1;\t1\n");
    test_workload_file(&work, "d/10.csv", BITBRAINS "1372629800;\t1;\t1;\t5;\t1.5;\t1024;\t1;\t1\n");
    test_workload_file(&work, "d/3.csv", BITBRAINS);
    test_workload_must(&work, "trace", "{format: bitbrains, path: d}");
    cr_assert_eq(work.count, 2);
    cr_expect_str_eq(work.requests[0].name, "10.csv");
    cr_expect_eq(work.requests[0].arrival, 0);
    cr_expect_eq(work.requests[1].arrival, SECONDS(4));
    expect_segment(0, 0, SECONDS(300), 5000000);
    expect_no_segment(0, 1);
    expect_segment(1, 0, SECONDS(300), 87779984);   /* half to even: ...983.5 */
    expect_segment(1, 1, SECONDS(1896), 100000000); /* the second sample of 1372630104 counts, and holds over the gap */
    expect_segment(1, 2, SECONDS(300), 0);
    expect_no_segment(1, 3);
    cr_expect_eq(work.requests[1].size[VDC_CPU], 4000);
    cr_expect_eq(work.requests[1].size[VDC_MEMORY], INT64_C(8) << 30);
    cr_expect_eq(odd("gaps"), 1);
    cr_expect_eq(odd("time of the one above"), 1);
    cr_expect_eq(odd("cores or memory change"), 1);
    cr_expect_eq(odd("without samples"), 1);
    const wrong cases[] = {{BITBRAINS "2;1;1;5;1;1024;1;1\n1;1;1;5;1;1024;1;1\n", "t:3:1: Timestamp [ms] goes back"},
                           {BITBRAINS "2;1;1;-5;1;1024;1;1\n", "CPU usage [MHZ] is -5, at least 0"},
                           {BITBRAINS "2;1;1;5,5;1;1024;1;1\n", "CPU usage [MHZ] is '5,5'"},
                           {BITBRAINS "2;1;1\n", "3 fields, 8 are wanted"},
                           {"a;b\n1;2\n", "no column Timestamp"}};
    expect_refused("{format: bitbrains, path: t}", cases, 5);
    const char *path = test_shared(&work, "data/samples/bitbrains-rnd/raw_2013-07_1.csv");
    if (!path) return;
    test_workload_must(&work, "trace", "{format: bitbrains, path: \"%s\"}", path);
    cr_assert_eq(work.count, 1);
    cr_expect_eq(work.requests[0].size[VDC_MEMORY], INT64_C(8388608) << 10); /* last in vms_2013-07.csv */
    size_t segments = 0;
    int64_t length = 0;
    uint64_t cursor = work.requests[0].load_cursor;
    for (vdc_segment segment; work.requests[0].load->next(work.requests[0].load, &cursor,
                                                          &segment); segments++) length += segment.duration;
    cr_expect_eq(segments, 8260 - odd("time of the one above"));
    cr_expect_eq(length, SECONDS(1375221457 - 1372629804 + 300));
}

Test(workload_readers, materna) {
    test_workload_file(&work, "t",
                       "\"Timestamp\";\"CPU cores\";\"CPU capacity provisioned [MHZ]\";\"CPU usage [MHZ]\";\"CPU usage [%]\";"
                       "\"Memory capacity provisioned [KB]\";\"Memory usage [KB]\";\"Memory usage [%]\";"
                       "\"Disk read throughput [KB/s]\";"
                       "\"Disk write throughput [KB/s]\";\"Disk size [GB]\";\"Network received throughput [KB/s]\";"
                       "\"Network transmitted throughput [KB/s]\"\n"
                       "\"04.11.2015 12:00:00\";\"2\";\"5200\";\"41,5\";\"0,8\";"
                       "\"4194304\";\"1\";\"1,5\";\"0\";\"0\";\"34,5\";\"0\";\"0\"\n"
                       "\"04.11.2015 12:05:00\";\"2\";\"5200\";\"0,0000005\";\"0,8\";"
                       "\"4194304\";\"1\";\"1,5\";\"0\";\"0\";\"34,5\";\"0\";\"0\"\n");
    test_workload_must(&work, "trace", "{format: materna, path: t}");
    cr_assert_eq(work.count, 1);
    cr_expect_eq(work.requests[0].size[VDC_MEMORY], INT64_C(4) << 30);
    cr_expect_eq(work.requests[0].size[VDC_DISK], INT64_C(69) << 29);
    expect_segment(0, 0, SECONDS(300), 41500000);
    expect_segment(0, 1, SECONDS(300), 0);
    expect_no_segment(0, 2);
    /* Dates, across a leap day and a new year: each line a day of 86 400 s after the one above. */
#define LINE(date) date ";1;1;1;1;1024\n"
#define SHORT \
    "Timestamp;CPU cores;CPU capacity provisioned [MHZ];CPU usage [MHZ];CPU usage [%];Memory capacity provisioned [KB]\n"
    test_workload_file(&work, "t",
                       SHORT LINE("28.02.2016 00:00:00") LINE("29.02.2016 00:00:00") LINE("01.03.2016 00:00:00")
                           LINE("31.12.2016 00:00:00") LINE("01.01.2017 00:00:00"));
    test_workload_must(&work, "trace", "{format: materna, path: t}");
    expect_segment(0, 0, SECONDS(86400), 1000000);
    expect_segment(0, 1, SECONDS(86400), 1000000);
    expect_segment(0, 2, SECONDS(86400) * 305, 1000000);
    expect_segment(0, 3, SECONDS(86400), 1000000);
    const wrong cases[] = {{SHORT LINE("32.01.2016 00:00:00"), "Timestamp is '32.01.2016"},
                           {SHORT LINE("01.13.2016 00:00:00"), "Timestamp is"},
                           {SHORT LINE("01.01.2016"), "Timestamp is '01.01.2016'"}};
    expect_refused("{format: materna, path: t}", cases, 3);
}

/* ---- Google Borg ---- */

#define EVENTS \
    "time,type,collection_id,priority,alloc_collection_id,instance_index,machine_id,resource_request.cpus," \
    "resource_request.memory\n"

Test(workload_readers, google_events) {
    test_workload_file(&work, "users.csv", "time,collection_id,user\n0,7,alice\n0,8,bob\n");
    test_workload_file(&work, "t",
                       EVENTS "0,0,7,200,0,0,,0.5,0.25\n"                   /* before the window, never ends */
                              "700000000,3,7,200,0,0,1,0.5,0.25\n"
                              "1000,0,8,100,,1,,0.25,0.125\n"               /* evicted, submitted again, finished */
                              "9000,6,8,100,,1,1,,\n"
                              "5000,0,8,100,,1,,0.25,0.125\n"               /* out of the order of time */
                              "4000,4,8,100,,1,1,,\n"
                              "2000,3,8,100,,1,1,,\n"
                              "6000,3,8,100,,1,1,,\n"
                              "9223372036854775807,6,7,200,0,0,1,,\n"
                              "1000,0,9,100,7,0,,0.25,0.125\n"              /* inside an alloc instance */
                              "1000,0,10,100,,0,,,\n"                       /* no request */
                              "1000,6,11,100,,0,,0.1,0.1\n"                 /* never submitted */
                              "1000,10,8,100,,1,,0.5,0.5\n");               /* an update changes no submission */
    test_workload_must(&work, "trace", "{format: google-borg-2019, path: t, vcpus: 100, memory: 64 GiB, collections: users.csv}");
    cr_assert_eq(work.count, 3);
    cr_expect_eq(work.requests[0].arrival, 0);
    cr_expect_eq(work.requests[0].lifetime, VDC_UNLIMITED);
    cr_expect_eq(work.requests[0].size[VDC_CPU], 50000);
    cr_expect_eq(work.requests[0].size[VDC_MEMORY], INT64_C(16) << 30);
    cr_expect_eq(work.requests[0].priority, 200);
    cr_expect_str_eq(vdc_names_text(work.context.tenants, work.requests[0].tenant), "alice");
    cr_expect_str_eq(vdc_names_text(work.context.groups, work.requests[1].group), "8");
    cr_expect_eq(work.requests[1].arrival, 1000000);
    cr_expect_eq(work.requests[1].lifetime, 2000000); /* from 2 to 4 ms: it counts from the start */
    cr_expect_eq(work.requests[2].arrival, 5000000);
    cr_expect_eq(work.requests[2].lifetime, 3000000);
    cr_expect_eq(odd("alloc instance"), 1);
    cr_expect_eq(odd("resource request"), 1);
    cr_expect_eq(odd("not submitted"), 1);
    cr_expect_eq(odd("before the window"), 1);
    /* At one instant: evicted and submitted again, in whatever order; a whole short life of one that was not there. After the window: nothing. */
    test_workload_file(&work, "t", EVENTS "1000,0,1,0,,0,,0.1,0.1\n2000,3,1,0,,0,,,\n5000,0,1,0,,0,,,\n5000,4,1,0,,0,,,\n6000,3,1,0,,0,,,\n9000,6,1,0,,0,,,\n"
                                          "7000,6,2,0,,0,,0.1,0.1\n7000,3,2,0,,0,,,\n7000,0,2,0,,0,,,\n9223372036854775807,0,3,0,,0,,0.1,0.1\n");
    test_workload_must(&work, "trace", "{format: google-borg-2019, path: t}");
    cr_assert_eq(work.count, 3);
    cr_expect(work.requests[0].arrival == 1000000 && work.requests[0].lifetime == 3000000);
    cr_expect(work.requests[1].arrival == 5000000 && work.requests[1].lifetime == 3000000);
    cr_expect(work.requests[2].arrival == 7000000 && work.requests[2].lifetime == 0);
    cr_expect_eq(odd("after the window"), 1);
    const wrong cases[] = {{EVENTS "1,11,7,200,0,0,,0.5,0.25\n", "type is 11, at most 10"},
                           {EVENTS "-1,0,7,200,0,0,,0.5,0.25\n", "time is -1"},
                           {EVENTS "1,0,7,200,0,2000000,,0.5,0.25\n", "instance_index is 2000000"},
                           {EVENTS "1,0,7,200,0,0,,inf,0.25\n", "resource_request.cpus is 'inf'"},
                           {"type,time\n", "no column collection_id"}};
    expect_refused("{format: google-borg-2019, path: t}", cases, 5);
}

Test(workload_readers, google_list) {
    test_workload_file(&work, "t",
                       "time,user,collection_id,instance_index,cpus,ram,collection_type\n2000,u2,5,0,0.0,0.5,0\n"
                       "1000,u1,6,0,0.25,0.125,0\n");
    test_workload_must(&work, "trace", "{format: google-borg-2019, path: t, vcpus: 4, memory: 8 GiB}");
    cr_assert_eq(work.count, 2);
    cr_expect_eq(work.requests[0].arrival, 1000000);
    cr_expect_eq(work.requests[0].size[VDC_CPU], 1000);
    cr_expect_eq(work.requests[0].size[VDC_MEMORY], INT64_C(1) << 30);
    cr_expect_eq(work.requests[1].size[VDC_CPU], 1); /* nothing would do nothing */
    const char *path = test_shared(&work, "data/samples/google-borg2019-lgd/2019_a_user_requests.csv");
    if (!path) return;
    test_workload_must(&work, "trace", "{format: google-borg-2019, path: \"%s\"}", path);
    cr_expect_eq(work.count, 10000);
}
