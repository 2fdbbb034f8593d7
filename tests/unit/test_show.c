/* What the commands make of a result file: the text for people, CSV, differences, and the commands themselves. */
#include <criterion/criterion.h>
#include <hdf5.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "analysis/difference.h"
#include "analysis/export.h"
#include "analysis/show.h"
#include "sim/base/memory.h"
#include "tests/support/command.h"
#include "tests/support/result_files.h"

static void folder_make(void) {
    test_folder_make();
}

TestSuite(show, .init = folder_make, .fini = test_folder_remove);

static vdc_result *open_result(const char *path) {
    vdc_diag diag = {0};
    vdc_result *result;
    cr_assert_eq(vdc_result_open(&result, path, &diag), VDC_OK, "%s", diag.count ? diag.messages[0].text : "");
    return result;
}

static vdc_result *write_and_open(const char *path, test_result_options options) {
    vdc_diag diag = {0};
    cr_assert_eq(test_result_write(path, options, NULL, &diag), VDC_OK);
    return open_result(path);
}

static void expect_line(const char *text, const char *line) {
    const char *found = strstr(text, line);
    cr_assert(found && (found == text || found[-1] == '\n'), "lacks the line '%s':\n%s", line, text);
}

/* ---- CSV ---- */

static bool keep(void *user, const char *bytes, size_t size) {
    vdc_text_add_bytes(user, bytes, size);
    return true;
}

static bool refuse(void *user, const char *bytes, size_t size) {
    (void)bytes;
    (void)size;
    ++*(int *)user;
    return false;
}

static char *next_line(char **rest) {
    char *line = *rest, *end = strchr(line, '\n');
    cr_assert_not_null(end, "no line left");
    *end = '\0';
    *rest = end + 1;
    return line;
}

Test(show, ticks_as_csv) {
    vdc_result *result = write_and_open(test_folder_path("out.h5"), (test_result_options){.ticks = 20000, .vms = 3});
    vdc_text text = {0};
    vdc_diag diag = {0};
    cr_assert_eq(vdc_export_table(result, "ticks", keep, &text, &diag), VDC_OK);
    char *rest = text.data;
    cr_assert_str_eq(next_line(&rest), "time,P_cpu,P_memory,power,arrivals");
    for (int64_t tick = 0; tick < 20000; tick++) {
        double values[5];
        char *field = next_line(&rest);
        for (size_t i = 0; i < 5; i++) {
            values[i] = strtod(field, &field);
            cr_assert_eq(*field, i < 4 ? ',' : '\0');
            field++;
        }
        cr_assert_eq(values[0], 300.0 * (double)(tick + 1));
        cr_assert_eq(values[1], test_result_allocation(tick, 0), "tick %ld: %.17g", (long)tick, values[1]);
        cr_assert_eq(values[2], test_result_allocation(tick, 1));
        cr_assert_eq(values[3], test_result_power(tick), "tick %ld: %.17g", (long)tick, values[3]);
        cr_assert_eq(values[4], (double)(tick % 5));
    }
    cr_assert_str_empty(rest);
    int calls = 0;
    cr_assert_eq(vdc_export_table(result, "ticks", refuse, &calls, &diag), VDC_ERROR_IO);
    cr_assert_eq(calls, 1, "stops where it cannot write");
    cr_assert_eq(vdc_export_table(result, "tenants", keep, &text, &diag), VDC_ERROR_INPUT);
    cr_assert_not_null(strstr(diag.messages[0].text, "has no table tenants"));
    vdc_diag_clear(&diag);
    vdc_text_clear(&text);
    vdc_result_close(result);
}

Test(show, texts_and_the_summary_as_csv) {
    vdc_result *result = write_and_open(test_folder_path("out.h5"), (test_result_options){.ticks = 1, .vms = 50});
    vdc_text vms = {0}, summary = {0};
    vdc_diag diag = {0};
    cr_assert_eq(vdc_export_table(result, "vms", keep, &vms, &diag), VDC_OK);
    cr_assert_eq(strncmp(vms.data, "id,host,state,end,name\n", 23), 0, "%.40s", vms.data);
    expect_line(vms.data, "0,0,completed,0,\n");
    expect_line(vms.data, "3,757,Zürich,0.75,vm-3\n");
    expect_line(vms.data, "-1,-1,unknown,-1,\n"); /* row 41 was never set: the fill row */
    cr_assert_eq(vdc_export_table(result, "summary", keep, &summary, &diag), VDC_OK);
    expect_line(summary.data, "key,value,units,long_name\n");
    expect_line(summary.data, "end_s,0.30000000000000004,s,end of the run\n");
    expect_line(summary.data, "vms_arrived,50,1,VMs that arrived\n");
    expect_line(summary.data, "name,small,1,name of the scenario\n");
    vdc_text_clear(&vms);
    vdc_text_clear(&summary);
    vdc_result_close(result);
}

/* Numbers of every size must read back as they were; the short forms are the ones that people write. */
Test(show, numbers_read_back) {
    static const struct {
        double value;
        const char *text;
    } cases[] = {
        {0, "0"},
        {-0.0, "-0"},
        {1, "1"},
        {0.1, "0.1"},
        {-2.5, "-2.5"},
        {1e15, "1e+15"},
        {1e-7, "1e-07"},
        {0.001, "0.001"},
        {999999999999999.0, "999999999999999"},
        {1e300, "1e+300"},
        {0.3, "0.3"},
        {0.1 + 0.2, "0.30000000000000004"},
        {1.0 / 0.0, "none"},
    };
    vdc_text text = {0};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        text.length = 0;
        vdc_text_add_number(&text, cases[i].value, "none");
        cr_assert_str_eq(text.data, cases[i].text);
    }
    uint64_t bits = 88172645463325252u;
    for (int i = 0; i < 200000; i++) {
        bits ^= bits << 13, bits ^= bits >> 7, bits ^= bits << 17;
        double value;
        if (i % 2 == 0)
            memcpy(&value, &bits, sizeof value); /* any double */
        else
            value = (double)(int64_t)(bits >> (i % 60)) / 1e9; /* a time in ns */
        if (!isfinite(value))
            continue;
        text.length = 0;
        vdc_text_add_number(&text, value, "none");
        double back = strtod(text.data, NULL);
        cr_assert_eq(memcmp(&back, &value, sizeof value), 0, "%s for %.17g", text.data, value);
    }
    static const int64_t integers[] = {0, 1, -1, 10, INT64_MAX, INT64_MIN};
    for (size_t i = 0; i < sizeof integers / sizeof *integers; i++) {
        char expected[32];
        snprintf(expected, sizeof expected, "%ld", (long)integers[i]);
        text.length = 0;
        vdc_text_add_integer(&text, integers[i]);
        cr_assert_str_eq(text.data, expected);
    }
    vdc_text_clear(&text);
}

/* ---- text for people ---- */

Test(show, summary_for_people) {
    vdc_diag diag = {0};
    vdc_record *record;
    vdc_text text = {0};
    const char *path = test_folder_path("out.h5");
    cr_assert_eq(vdc_record_create(&record, path, false, &diag), VDC_OK);
    vdc_record_summary(record, "energy_j", VDC_CELL_REAL, (vdc_cell){.real = 7.2e6}, "J", "energy of all hosts", &diag);
    vdc_record_summary(record, "carbon_g", VDC_CELL_REAL, (vdc_cell){.real = 0}, "g", "carbon", &diag);
    vdc_record_summary(record, "vms_arrived", VDC_CELL_INTEGER, (vdc_cell){.integer = 1234567}, "1", "VMs that arrived", &diag);
    vdc_record_summary(record, "seed", VDC_CELL_INTEGER, (vdc_cell){.integer = 0}, "1", "seed", &diag);
    vdc_record_summary(record, "unheard_of", VDC_CELL_REAL, (vdc_cell){.real = 3}, "parsec", "something new", &diag);
    cr_assert_eq(vdc_record_finish(record, true, NULL, &diag), VDC_OK);
    vdc_result *result = open_result(path);
    vdc_show_summary(result, &text);
    cr_assert_eq(vdc_text_code(&text, "it", &diag), VDC_OK);
    expect_line(text.data, "Energy and carbon\n  energy_j                      2 kWh       energy of all hosts\n  0: carbon_g\n");
    expect_line(text.data, "Run\n  seed                          0           seed\n");
    expect_line(text.data, "Other\n  unheard_of                    3 parsec    something new\n");
    cr_assert_not_null(strstr(text.data, "vms_arrived"));
    cr_assert_null(strstr(text.data, "Tables"), "there are none");
    vdc_text_clear(&text);
    vdc_result_close(result);
}

/* ---- differences ---- */

Test(show, differences) {
    const char *first = test_folder_path("a.h5"), *second = test_folder_path("b.h5");
    vdc_diag diag = {0};
    vdc_text text = {0};
    size_t count = 9;
    vdc_result *a = write_and_open(first, (test_result_options){.ticks = 100, .vms = 10, .hosts = 2});
    vdc_result *b =
        write_and_open(second, (test_result_options){.ticks = 100, .vms = 10, .hosts = 2, .chunk_rows = 7, .in_order = true});
    cr_assert_eq(vdc_result_differences(a, b, 10, &count, &text, &diag), VDC_OK);
    cr_assert_eq(count, 0, "%s", vdc_text_get(&text));
    vdc_result_close(b);
    hid_t file = H5Fopen(second, H5F_ACC_RDWR, H5P_DEFAULT);
    double other[100][2] = {{0}};
    hid_t power = H5Dopen2(file, "/hosts/power", H5P_DEFAULT), end = H5Dopen2(file, "/summary/end_s", H5P_DEFAULT);
    cr_assert_geq(H5Dread(power, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, other), 0);
    other[42][1] = 17.25;
    cr_assert_geq(H5Dwrite(power, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, other), 0);
    cr_assert_geq(H5Dwrite(end, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, &other[42][1]), 0);
    H5Ldelete(file, "/vms/host", H5P_DEFAULT);
    H5Dclose(power);
    H5Dclose(end);
    H5Fclose(file);
    b = open_result(second);
    cr_assert_eq(vdc_result_differences(a, b, 10, &count, &text, &diag), VDC_OK);
    cr_assert_eq(count, 3, "%s", text.data);
    expect_line(text.data, "  /hosts/power: from row 42 on, column 1: 42.001 and 17.25\n");
    expect_line(text.data, "  /summary/end_s: 0.30000000000000004 and 17.25\n");
    expect_line(text.data, "  /vms/host: only in the first\n");
    vdc_result_close(b);
    vdc_text_clear(&text);
    b = write_and_open(test_folder_path("c.h5"), (test_result_options){.ticks = 101, .vms = 10, .hosts = 2});
    cr_assert_eq(vdc_result_differences(a, b, 2, &count, &text, &diag), VDC_OK);
    cr_assert_gt(count, 2, "all are counted, few are told");
    expect_line(text.data, "  /hosts/power: 100 x 2 and 101 x 2 values\n");
    vdc_result_close(b);
    vdc_result_close(a);
    vdc_text_clear(&text);
}

/* ---- commands ---- */

static const char scenario[] =
    "vdcsim: 1\nname: small\nseed: 7\ntime: {end: 2h, tick: 10min}\n"
    "datacenter:\n  hosts:\n    - {class: a, count: 2, cpu: {cores: 4, speed: 2 GHz}, memory: 16 GiB,\n"
    "       power: {model: linear, idle: 50 W, max: 100 W}}\n"
    "workload:\n  trace: {format: vdcsim, path: vms.csv}\n";
static const char vms[] =
    "id,arrival_s,lifetime_s,vcpus,memory_gib\n0,0,3600,2,4\n1,600,1800,4,8\n2,700,1800,4,8\n3,800,60,1,1\n";

static void run_text(const char *text) {
    test_file_write(test_folder_path("small.yaml"), text, strlen(text));
    test_file_write(test_folder_path("vms.csv"), vms, sizeof vms - 1);
    command_result result =
        run_vdcsim("run '%s' -o '%s' --no-progress", test_folder_path("small.yaml"), test_folder_path("out.h5"));
    cr_assert_eq(result.status, 0, "%s", result.err);
    command_result_clear(&result);
}

static void run_small(void) {
    run_text(scenario);
}

static void expect_command(const char *arguments, int status, const char *out, const char *err) {
    command_result result = run_vdcsim("%s", arguments);
    cr_assert_eq(result.status, status, "vdcsim %s: exit status %d\n%s", arguments, result.status, result.err);
    cr_assert_not_null(strstr(result.out, out), "vdcsim %s: stdout lacks '%s':\n%s", arguments, out, result.out);
    cr_assert_not_null(strstr(result.err, err), "vdcsim %s: stderr lacks '%s':\n%s", arguments, err, result.err);
    command_result_clear(&result);
}

/* `format` has %s for the folder, once. */
static void expect_in_folder(const char *format, int status, const char *out, const char *err) {
    char arguments[1000];
    const char *at = strstr(format, "%s");
    snprintf(arguments, sizeof arguments, "%.*s%s%s", (int)(at - format), format, test_folder_path(""), at + 2);
    expect_command(arguments, status, out, err);
}

Test(show, commands) {
    run_small();
    expect_in_folder("show %sout.h5", 0, "\nVMs\n  vms_arrived", "");
    expect_in_folder("show %sout.h5 --json", 0, "\"vms_arrived\": 4,\n", "");
    expect_in_folder("show --provenance %sout.h5", 0, "  vms.csv\n", "");
    expect_in_folder("show --provenance --json %sout.h5", 0, "\"seed\": 7,\n", "");
    expect_in_folder("show %snone.h5", 2, "", "none.h5: cannot be read");
    expect_in_folder("show %ssmall.yaml", 2, "", "is not a result file");
    expect_in_folder("export %sout.h5 -t vms", 0, "id,", "");
    expect_in_folder("export %sout.h5 -t events", 2, "", "has no table events");
    expect_in_folder("export %sout.h5 -t nothing", 2, "", "--table");
    expect_in_folder("export %sout.h5 >/dev/full", 1, "", "No space left");
    command_result result = run_vdcsim("export '%s' -o '%s'", test_folder_path("out.h5"), test_folder_path("t.csv"));
    cr_assert_eq(result.status, 0, "%s", result.err);
    command_result_clear(&result);
    cr_assert(test_file_exists(test_folder_path("t.csv")) && !test_file_exists(test_folder_path("t.csv.partial")));
    result = run_vdcsim("export '%s' -o '%s'", test_folder_path("out.h5"), test_folder_path("t.csv"));
    cr_assert_eq(result.status, 2);
    cr_assert_not_null(strstr(result.err, "--force"));
    command_result_clear(&result);
}

static void verify(int status, const char *out, const char *err) {
    command_result result = run_vdcsim("verify '%s' --base '%s'", test_folder_path("out.h5"), test_folder_path("."));
    cr_assert_eq(result.status, status, "exit status %d: %s", result.status, result.err);
    cr_assert_not_null(strstr(result.out, out), "%s", result.out);
    cr_assert_not_null(strstr(result.err, err), "stderr lacks '%s': %s", err, result.err);
    command_result_clear(&result);
}

static void write_attribute(const char *name, const char *text) {
    hid_t file = H5Fopen(test_folder_path("out.h5"), H5F_ACC_RDWR, H5P_DEFAULT), attribute = H5Aopen(file, name, H5P_DEFAULT);
    hid_t type = H5Aget_type(attribute);
    cr_assert_geq(H5Awrite(attribute, type, &text), 0);
    H5Tclose(type);
    H5Aclose(attribute);
    H5Fclose(file);
}

/* The scenario with its digest, as somebody would who wants to be believed. */
static void write_scenario(const char *text) {
    char sha256[VDC_DIGEST_TEXT];
    vdc_digest digest;
    vdc_digest_start(&digest);
    vdc_digest_add(&digest, text, strlen(text));
    vdc_digest_end(&digest, sha256);
    write_attribute("scenario", text);
    write_attribute("scenario_sha256", sha256);
}

Test(show, verify_agrees) {
    run_small();
    verify(0, "verified", "");
    cr_assert_not(test_file_exists(test_folder_path("again.h5")));
}

Test(show, verify_agrees_where_the_file_names_the_run) {
    char *text = vdc_strdup(scenario);
    memcpy(strstr(text, "name:"), "#ame:", 5);
    run_text(text);
    vdc_free(text);
    verify(0, "verified", "");
}

Test(show, verify_finds_other_inputs) {
    run_small();
    test_file_write(test_folder_path("vms.csv"), vms, sizeof vms - 3);
    verify(1, "", "is not the file that the run read");
    unlink(test_folder_path("vms.csv"));
    verify(2, "", "--base names another folder");
}

Test(show, verify_finds_changed_values) {
    run_small();
    hid_t file = H5Fopen(test_folder_path("out.h5"), H5F_ACC_RDWR, H5P_DEFAULT),
          dataset = H5Dopen2(file, "/summary/end_s", H5P_DEFAULT);
    double other = 1;
    H5Dwrite(dataset, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, &other);
    H5Dclose(dataset);
    H5Fclose(file);
    verify(1, "", "it was damaged or changed");
}

Test(show, verify_finds_another_scenario) {
    run_small();
    char *text = vdc_strdup(scenario);
    strstr(text, "count: 2")[7] = '3';
    write_attribute("scenario", text);
    verify(1, "", "does not have the sha256");
    write_scenario(text);
    verify(1, "", "/summary/energy_j: ");
    vdc_free(text);
}

Test(show, verify_stays_in_the_folder) {
    static const char *const outside[] = {"/etc/passwd", "../vms.csv", "a/../../b", ".."};
    run_small();
    for (size_t i = 0; i < sizeof outside / sizeof *outside; i++) {
        char *text = vdc_format("vdcsim: 1\nworkload:\n  trace: {format: vdcsim, path: \"%s\"}\n", outside[i]);
        write_scenario(text);
        verify(2, "", "leaves the base folder");
        vdc_free(text);
    }
    write_scenario("extends: small.yaml\n");
    verify(2, "", "leaves the base folder");
    write_scenario(scenario);
    write_attribute("inputs", "0000000000000000000000000000000000000000000000000000000000000000  ../x\n");
    verify(2, "", "leaves the base folder");
    write_attribute("inputs", "what?\n");
    verify(2, "", "list of inputs is damaged");
    cr_assert_eq(symlink("/", test_folder_path("root")), 0);
    cr_assert_eq(symlink("vms.csv", test_folder_path("here.csv")), 0);
    write_attribute("inputs", "0000000000000000000000000000000000000000000000000000000000000000  root/etc/passwd\n");
    verify(2, "", "leaves the base folder");
    write_attribute("inputs", "0000000000000000000000000000000000000000000000000000000000000000  here.csv\n");
    verify(1, "", "here.csv: is not the file that the run read");
    write_scenario("vdcsim: 1\nworkload: {trace: {format: vdcsim, path: root/etc/passwd}}\n");
    verify(2, "", "leaves the base folder");
}
