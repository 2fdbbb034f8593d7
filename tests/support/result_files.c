/* Small result files with known values. */
#include "tests/support/result_files.h"

#include <criterion/criterion.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sim/base/memory.h"
#include "sim/record/internal.h"

static char folder[256];

const char *test_folder_make(void) {
    const char *root = getenv("TMPDIR");
    snprintf(folder, sizeof folder, "%s/vdcsim-test-XXXXXX", root ? root : "/tmp");
    cr_assert_not_null(mkdtemp(folder), "no temporary folder %s", folder);
    return folder;
}

void test_folder_remove(void) {
    DIR *directory = opendir(folder);
    for (struct dirent *entry; directory && (entry = readdir(directory));)
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            unlink(test_folder_path(entry->d_name));
    if (directory)
        closedir(directory);
    rmdir(folder);
}

const char *test_folder_path(const char *name) {
    static char paths[4][600];
    static unsigned next;
    char *path = paths[next++ % 4];
    snprintf(path, sizeof paths[0], "%s/%s", folder, name);
    return path;
}

char *test_file_read(const char *path, size_t *size) {
    FILE *file = fopen(path, "rb");
    if (!file)
        return NULL;
    fseek(file, 0, SEEK_END);
    long end = ftell(file);
    rewind(file);
    char *data = vdc_calloc((size_t)end + 1, 1);
    *size = data ? fread(data, 1, (size_t)end, file) : 0;
    fclose(file);
    return data;
}

void test_file_write(const char *path, const void *data, size_t size) {
    FILE *file = fopen(path, "wb");
    cr_assert(file && fwrite(data, 1, size, file) == size && fclose(file) == 0, "%s cannot be written", path);
}

bool test_files_equal(const char *a, const char *b) {
    size_t size_a = 0, size_b = 0;
    char *data_a = test_file_read(a, &size_a), *data_b = test_file_read(b, &size_b);
    bool equal = data_a && data_b && size_a == size_b && memcmp(data_a, data_b, size_a) == 0;
    vdc_free(data_a);
    vdc_free(data_b);
    return equal;
}

bool test_file_exists(const char *path) {
    struct stat status;
    return lstat(path, &status) == 0;
}

double test_result_power(int64_t tick) {
    return 100.0 + 1.0 / (double)(tick + 3);
}

double test_result_allocation(int64_t tick, size_t resource) {
    return resource == 0 ? (double)tick * 0.1 : 1e12 + (double)tick;
}

int64_t test_result_host(int64_t vm) {
    return test_result_is_set(vm) ? vm * 7919 % 1000 : -1;
}

const char *test_result_state(int64_t vm) {
    static const char *const states[] = {"completed", "rejected", "", "Zürich", "a state whose name is longer than any other"};
    return test_result_is_set(vm) ? states[vm % 5] : "unknown";
}

const char *test_result_name(int64_t vm, char name[32]) {
    name[0] = '\0';
    if (vm % 2) snprintf(name, 32, "vm-%ld", (long)vm);
    return test_result_is_set(vm) ? name : "";
}

bool test_result_is_set(int64_t vm) {
    return vm % 97 != 41;
}

static vdc_code write_ticks(vdc_record *record, test_result_options options, vdc_diag *diag) {
    static const char *const resources[] = {"cpu", "memory"}, *const units[] = {"core s", "byte s"};
    const vdc_column columns[] = {
        {.name = "time", .units = "s", .long_name = "end of the tick", .type = VDC_CELL_REAL, .width = 1},
        {.name = "P",
         .units = "resource_unit",
         .long_name = "allocation",
         .type = VDC_CELL_REAL,
         .scale = "/ticks/resource",
         .width = 2},
        {.name = "power", .units = "W", .long_name = "power of all hosts", .type = VDC_CELL_REAL, .width = 1},
        {.name = "arrivals", .units = "1", .long_name = "VMs that arrived in the tick", .type = VDC_CELL_INTEGER, .width = 1},
    };
    vdc_table *table = NULL;
    vdc_code code = vdc_record_scale_text(record, "/ticks/resource", "resource", resources, units, 2, diag);
    if (code == VDC_OK)
        code = vdc_record_table(record, &table, "/ticks", columns, 4, NULL, options.chunk_rows, diag);
    for (int64_t tick = 0; code == VDC_OK && tick < options.ticks; tick++) {
        vdc_cell row[] = {{.real = 300.0 * (double)(tick + 1)},
                          {.real = test_result_allocation(tick, 0)},
                          {.real = test_result_allocation(tick, 1)},
                          {.real = test_result_power(tick)},
                          {.integer = tick % 5}};
        code = vdc_table_append(table, row, diag);
    }
    return code;
}

double test_result_host_power(int64_t tick, size_t host) {
    return host % 3 == 0 ? 0.0 : (double)tick + 0.001 * (double)host;
}

static vdc_code write_hosts(vdc_record *record, test_result_options options, vdc_diag *diag) {
    const vdc_column columns[] = {
        {.name = "time", .units = "s", .long_name = "end of the tick", .type = VDC_CELL_REAL, .width = 1},
        {.name = "power",
         .units = "W",
         .long_name = "power",
         .type = VDC_CELL_REAL,
         .scale = "/hosts/id",
         .width = options.hosts},
    };
    vdc_table *table = NULL;
    int64_t *ids = calloc(options.hosts, sizeof *ids);
    vdc_cell *row = calloc(options.hosts + 1, sizeof *row);
    cr_assert(ids && row);
    for (size_t host = 0; host < options.hosts; host++)
        ids[host] = (int64_t)host;
    vdc_code code = vdc_record_scale_integer(record, "/hosts/id", "host", ids, options.hosts, diag);
    if (code == VDC_OK)
        code = vdc_record_table(record, &table, "/hosts", columns, 2, NULL, options.chunk_rows, diag);
    for (int64_t tick = 0; code == VDC_OK && tick < options.ticks; tick++) {
        row[0].real = 300.0 * (double)(tick + 1);
        for (size_t host = 0; host < options.hosts; host++)
            row[1 + host].real = test_result_host_power(tick, host);
        code = vdc_table_append(table, row, diag);
    }
    free(row);
    free(ids);
    return code;
}

static vdc_code write_vms(vdc_record *record, test_result_options options, vdc_diag *diag) {
    const vdc_column columns[] = {
        {.name = "id", .units = "1", .long_name = "id of the VM", .type = VDC_CELL_INTEGER, .width = 1},
        {.name = "host", .units = "1", .long_name = "last host, -1 = never placed", .type = VDC_CELL_INTEGER, .width = 1},
        {.name = "state", .units = "1", .long_name = "last state", .type = VDC_CELL_TEXT, .width = 1},
        {.name = "end", .units = "s", .long_name = "end of the VM", .type = VDC_CELL_REAL, .width = 1},
        {.name = "name", .units = "1", .long_name = "name of the VM", .type = VDC_CELL_TEXT, .width = 1},
    };
    vdc_table *table = NULL;
    vdc_code code = vdc_record_table(record, &table, "vms", columns, 5, NULL, options.in_order ? options.chunk_rows : 4096, diag);
    vdc_cell fill[] = {{.integer = -1}, {.integer = -1}, {.text = "unknown"}, {.real = -1.0}, {.text = NULL}};
    if (code == VDC_OK && !options.in_order)
        code = vdc_table_fill(table, fill, diag);
    for (int64_t i = 0; code == VDC_OK && i < options.vms; i++) {
        char name[32];
        /* A stride that is prime to the number of VMs visits each once. */
        int64_t vm = options.in_order ? i : i * 7919 % options.vms;
        vdc_cell row[] = {{.integer = vm},
                          {.integer = test_result_host(vm)},
                          {.text = test_result_state(vm)},
                          {.real = (double)vm * 0.25},
                          {.text = test_result_name(vm, name)}};
        if (options.in_order)
            code = vdc_table_append(table, test_result_is_set(vm) ? row : fill, diag);
        else if (test_result_is_set(vm))
            code = vdc_table_set(table, vm, row, diag);
    }
    return code;
}

vdc_code test_result_write(const char *path, test_result_options options, char digest[VDC_DIGEST_TEXT], vdc_diag *diag) {
    vdc_record *record;
    vdc_code code = vdc_record_create(&record, path, false, diag);
    if (code)
        return code;
    record->driver.fail_at = options.fail_write ? record->driver.writes + options.fail_write : 0;
    code = vdc_record_attribute_text(record, "scenario", "vdcsim: 1\nname: small\n", diag);
    if (code == VDC_OK)
        code = vdc_record_attribute_integer(record, "seed", 42, diag);
    if (code == VDC_OK)
        code = write_ticks(record, options, diag);
    if (code == VDC_OK)
        code = write_vms(record, options, diag);
    if (code == VDC_OK && options.hosts > 0)
        code = write_hosts(record, options, diag);
    if (code == VDC_OK)
        code = vdc_record_summary(record, "end_s", VDC_CELL_REAL, (vdc_cell){.real = 0.1 + 0.2}, "s", "end of the run", diag);
    if (code == VDC_OK)
        code = vdc_record_summary(record, "vms_arrived", VDC_CELL_INTEGER, (vdc_cell){.integer = options.vms}, "1",
                                  "VMs that arrived", diag);
    if (code == VDC_OK)
        code = vdc_record_summary(record, "name", VDC_CELL_TEXT, (vdc_cell){.text = "small"}, "1", "name of the scenario", diag);
    vdc_code end = vdc_record_finish(record, !options.incomplete, digest, diag);
    return code ? code : end;
}
