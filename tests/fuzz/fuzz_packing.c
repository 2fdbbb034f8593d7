/* Azure's packing trace, an SQLite file, read to its end. The first byte says how the rest is meant. Even: the file itself. Odd: patches of one that is
 * written here, [offset, 2 bytes][count][bytes].
 */
#include <sqlite3.h>
#include <string.h>

#include "sim/base/memory.h"
#include "tests/fuzz/fuzz.h"
#include "workloads/readers.h"

enum { REQUESTS = 3000, LONGEST_FILE = 1 << 20, PARAMETERS = 256 };

static uint8_t base[LONGEST_FILE];
static size_t base_size;

static void start(void) {
    static const char sql[] =
        "PRAGMA page_size=512; CREATE TABLE vmType(id, vmTypeId INTEGER, machineId INTEGER, core REAL, memory REAL, hdd REAL, ssd REAL, nic REAL);"
        "CREATE TABLE vm(vmId INTEGER, tenantId INTEGER, vmTypeId INTEGER, priority INTEGER, starttime REAL, endtime REAL);"
        "INSERT INTO vmType VALUES(1,0,0,0.25,0.125,0,0.1,0.05),(2,1,0,0.5,0.5,0,0.1,'');"
        "INSERT INTO vm VALUES(0,1,0,0,-1.5,0.5),(1,2,1,1,0.25,NULL),(2,1,0,0,0.75,1.5);";
    char folder[] = "/tmp/vdcsim-fuzz-XXXXXX", path[64];
    sqlite3 *database;
    REQUIRE(mkdtemp(folder));
    (void)snprintf(path, sizeof path, "%s/base.sqlite", folder);
    REQUIRE(sqlite3_open(path, &database) == SQLITE_OK && sqlite3_exec(database, sql, NULL, NULL, NULL) == SQLITE_OK);
    REQUIRE(sqlite3_close(database) == SQLITE_OK);
    int file = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t got = file >= 0 ? read(file, base, sizeof base) : -1;
    REQUIRE(got > 0 && close(file) == 0 && unlink(path) == 0 && rmdir(folder) == 0);
    base_size = (size_t)got;
}

static void write_patched(fuzz_file *file, const uint8_t *data, size_t size) {
    uint8_t *patched = malloc(base_size);
    REQUIRE(patched);
    memcpy(patched, base, base_size);
    while (size >= 4) {
        size_t at = (size_t)(data[0] | data[1] << 8) % base_size, count = 1 + data[2] % 16;
        data += 3, size -= 3;
        if (count > size) count = size;
        if (count > base_size - at) count = base_size - at;
        memcpy(patched + at, data, count);
        data += count, size -= count;
    }
    fuzz_file_add(file, patched, base_size);
    free(patched);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size == 0) return 0;
    if (!base_size) start();
    static fuzz_file file;
    fuzz_file_begin(&file);
    if (data[0] % 2) write_patched(&file, data + 1, size - 1);
    else fuzz_file_add(&file, data + 1, size - 1);
    fuzz_file_end(&file);
    vdc_diag diag = {0};
    vdc_trace_report report = {.skip = data[0] & 2};
    vdc_workload_context context = {.report = &report};
    vdc_source *source;
    _Alignas(16) unsigned char parameters[PARAMETERS] = {0};
    const vdc_workload_type *type = &vdc_workload_azure_packing_2020;
    REQUIRE(type->params_size <= sizeof parameters && !vdc_names_create(&context.tenants, NULL));
    vdc_params_default(type->params, type->param_count, parameters);
    vdc_code code = type->open(parameters, file.path, &context, &source, &diag);
    bool have = true;
    for (int i = 0; !code && have && i < REQUESTS; i++) {
        vdc_request request;
        code = source->operations->next(source, &request, &have, &diag);
        if (!code && have) REQUIRE(request.arrival >= 0 && request.size[VDC_CPU] > 0 && request.size[VDC_MEMORY] >= 0);
    }
    REQUIRE(!code || diag.errors > 0);
    vdc_source_close(source);
    vdc_names_destroy(context.tenants);
    vdc_trace_report_clear(&report);
    vdc_diag_clear(&diag);
    return 0;
}
