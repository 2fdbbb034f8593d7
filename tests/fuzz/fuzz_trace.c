/* Every trace reader but those of binary files (fuzz_native.c, fuzz_packing.c), host lists and small tables. The first byte chooses
 * what is read, the second the options that all traces have; the rest is the content of the files, parted by lines of "%%%%".
 * Arrivals must come in order and sizes must not be negative.
 */
#include <fcntl.h>
#include <math.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sim/base/memory.h"
#include "sim/base/yaml.h"
#include "tests/fuzz/fuzz.h"
#include "workloads/hosts.h"
#include "workloads/series.h"
#include "workloads/workload.h"

enum { FILES = 2, REQUESTS = 3000, SEGMENTS = 50, PATH_SIZE = 128 };

/* A thing to read: its section, or the format of a host list, and the names of its files. */
static const struct { const char *section, *hosts, *files[FILES]; } kinds[] = {
    {"format: vdcsim, path: a.csv", NULL, {"a.csv"}},
    {"format: vdcsim, path: a.csv, segments: b.csv", NULL, {"a.csv", "b.csv"}},
    {"format: opendc, path: o", NULL, {"o/tasks.csv", "o/fragments.csv"}},
    {"format: planetlab, path: p, flavors: [{vcpus: 1, memory: 1 GiB}, {vcpus: 2, memory: 2 GiB}]", NULL, {"p/a", "p/b"}},
    {"format: alibaba-openb, path: a.csv", NULL, {"a.csv"}},
    {"format: huawei-topology, path: a.csv", NULL, {"a.csv"}},
    {NULL, "alibaba-openb", {"a.csv", "b.csv"}},
    {NULL, "huawei-topology", {"a.csv", "b.csv"}},
    {"format: vdcsim, path: a.csv, operations: b.csv", NULL, {"a.csv", "b.csv"}},
    {"format: azure-v1, path: a.csv", NULL, {"a.csv"}},
    {"format: azure-v2, path: a.csv, readings: b.csv", NULL, {"a.csv", "b.csv"}},
    {"format: bitbrains, path: p", NULL, {"p/a", "p/b"}},
    {"format: materna, path: p", NULL, {"p/a", "p/b"}},
    {"format: google-borg-2019, path: a.csv, collections: b.csv", NULL, {"a.csv", "b.csv"}},
    {"format: huawei-east-1, path: a.csv", NULL, {"a.csv"}},
    {"format: swf, path: a.csv", NULL, {"a.csv"}},
    {NULL, NULL, {"a.csv", "b.csv"}}, /* the tables that a run reads whole */
};
static const char *const variants[] = {
    "", ", on_error: skip", ", first: 1, count: 5", ", shuffle: true", ", scale: 2.5", ", interval: 1ms", ", departures: none",
    ", from: 1s, until: 100s", ", tune: {resource: cpu, to: 130%}", ", numa_split: {memory_above: 1 GiB}", ", order: b.csv",
};

static char folder[64];

static void remove_folder(void) {
    static const char *const names[] = {"a.csv", "b.csv", "o/tasks.csv", "o/fragments.csv", "p/a", "p/b"};
    char path[PATH_SIZE];
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        (void)snprintf(path, sizeof path, "%s/%s", folder, names[i]);
        (void)unlink(path);
    }
    (void)snprintf(path, sizeof path, "%s/o", folder);
    (void)rmdir(path);
    (void)snprintf(path, sizeof path, "%s/p", folder);
    (void)rmdir(path);
    (void)rmdir(folder);
}

static void make_folder(void) {
    char path[PATH_SIZE];
    strcpy(folder, "/dev/shm/vdcsim-fuzz-XXXXXX");
    if (!mkdtemp(folder)) {
        strcpy(folder, "/tmp/vdcsim-fuzz-XXXXXX");
        REQUIRE(mkdtemp(folder));
    }
    (void)snprintf(path, sizeof path, "%s/o", folder);
    REQUIRE(mkdir(path, 0700) == 0);
    (void)snprintf(path, sizeof path, "%s/p", folder);
    REQUIRE(mkdir(path, 0700) == 0);
    (void)atexit(remove_folder);
}

/* Files stay open, and are cut to their size after they were written: as long as they fit in a page, the kernel has nothing to free or to find. */
static void write_file(const char *name, const uint8_t *data, size_t size) {
    enum { NAMES = 8 };
    static struct { const char *name; int file; } opened[NAMES];
    static size_t count;
    size_t i = 0;
    while (i < count && strcmp(opened[i].name, name) != 0) i++;
    if (i == count) {
        char path[PATH_SIZE];
        (void)snprintf(path, sizeof path, "%s/%s", folder, name);
        REQUIRE(count < NAMES);
        opened[count].name = name;
        opened[count].file = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
        REQUIRE(opened[count++].file >= 0);
    }
    REQUIRE(pwrite(opened[i].file, data, size, 0) == (ssize_t)size && ftruncate(opened[i].file, (off_t)size) == 0);
}

/* Where the first file ends: at "\n%%%%\n", or with the input. */
static size_t first_part(const uint8_t *data, size_t size, size_t *next) {
    const uint8_t *mark = size ? memmem(data, size, "\n%%%%\n", 6) : NULL;
    *next = mark ? (size_t)(mark - data) + 6 : size;
    return mark ? (size_t)(mark - data) + 1 : size;
}

static void read_hosts(const char *format, bool ranked, vdc_diag *diag) {
    vdc_host_list list = {0};
    char path[PATH_SIZE], ranks[PATH_SIZE];
    (void)snprintf(path, sizeof path, "%s/a.csv", folder);
    (void)snprintf(ranks, sizeof ranks, "%s/b.csv", folder);
    vdc_code code = vdc_host_list_read(&list, format, path, ranked ? ranks : NULL, NULL, diag);
    REQUIRE(code ? diag->errors > 0 : list.count > 0);
    vdc_host_list_clear(&list);
}

/* Racks and small tables: what comes out is in order and in range. */
static void read_tables(vdc_diag *diag) {
    vdc_series series = {0};
    vdc_failure_list failures = {0};
    char path[PATH_SIZE], racks[PATH_SIZE];
    (void)snprintf(path, sizeof path, "%s/a.csv", folder);
    (void)snprintf(racks, sizeof racks, "%s/b.csv", folder);
    for (int price = 0; price < 2; price++) {
        vdc_code code = price ? vdc_energy_price_read(path, NULL, &series, diag) : vdc_carbon_read(path, NULL, &series, diag);
        REQUIRE(code ? diag->errors > 0 && series.count == 0 : series.count > 0);
        for (size_t i = 0; i < series.count; i++) REQUIRE(isfinite(series.value[i]) && (i == 0 || series.time[i] > series.time[i - 1]));
        vdc_series_free(&series);
    }
    if (!vdc_failures_read(path, NULL, &failures, diag))
        for (size_t i = 0; i < failures.count; i++)
            REQUIRE(failures.rows[i].wait >= 0 && failures.rows[i].duration >= 0 && failures.rows[i].share_ppb <= VDC_SHARE_ALL);
    vdc_failures_free(&failures);
    vdc_host_list list = {0};
    for (int i = 0; i < 3; i++) REQUIRE(vdc_host_list_add(&list));
    (void)vdc_host_list_racks(&list, racks, NULL, diag);
    vdc_host_list_clear(&list);
}

static void look_at(const vdc_request *request, int64_t *previous) {
    REQUIRE(request->arrival >= *previous);
    *previous = request->arrival;
    for (int r = 0; r < VDC_RESOURCES; r++) REQUIRE(request->size[r] >= 0);
    uint64_t cursor = request->load_cursor;
    vdc_segment segment;
    for (int i = 0; request->load && i < SEGMENTS && request->load->next(request->load, &cursor, &segment); i++)
        REQUIRE(segment.duration >= 0 && segment.demand >= 0);
}

static void read_trace(const char *section, const char *variant, vdc_diag *diag) {
    static const int64_t capacity[VDC_RESOURCES] = {64000, INT64_C(1) << 40, INT64_C(1) << 42};
    vdc_arena arena = {0};
    vdc_trace_report report = {0};
    vdc_workload_context context = {.seed = 1, .host_speed = 1000000000, .capacity = capacity, .report = &report};
    vdc_source *source = NULL;
    const vdc_node *root = NULL;
    char text[512], name[PATH_SIZE];
    (void)snprintf(text, sizeof text, "{%s%s}\n", section, variant);
    (void)snprintf(name, sizeof name, "%s/fuzz.yaml", folder);
    REQUIRE(vdc_yaml_parse(text, strlen(text), name, &arena, &root, diag) == VDC_OK);
    REQUIRE(!vdc_names_create(&context.tenants, diag) && !vdc_names_create(&context.groups, diag) &&
            !vdc_names_create(&context.gpu_models, diag));
    vdc_code code = vdc_workload_open(root, &context, &source, diag);
    int64_t previous = INT64_MIN;
    bool have = true;
    for (int i = 0; !code && have && i < REQUESTS; i++) {
        vdc_request request;
        code = source->operations->next(source, &request, &have, diag);
        if (code || !have) break;
        look_at(&request, &previous);
        if (source->operations->release) source->operations->release(source, request.token);
    }
    if (code) REQUIRE(diag->errors > 0);
    vdc_source_close(source);
    vdc_names_destroy(context.tenants);
    vdc_names_destroy(context.groups);
    vdc_names_destroy(context.gpu_models);
    vdc_trace_report_clear(&report);
    vdc_arena_free(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size < 2) return 0;
    if (!folder[0]) make_folder();
    size_t kind = data[0] % (sizeof kinds / sizeof *kinds), variant = data[1] % (sizeof variants / sizeof *variants), next;
    size_t first = first_part(data + 2, size - 2, &next);
    const char *const *files = kinds[kind].files;
    write_file(files[0], data + 2, first);
    write_file(files[1] ? files[1] : "b.csv", data + 2 + next, size - 2 - next);
    vdc_diag diag = {0};
    if (kinds[kind].hosts) read_hosts(kinds[kind].hosts, variant % 2, &diag);
    else if (kinds[kind].section) read_trace(kinds[kind].section, variants[variant], &diag);
    else read_tables(&diag);
    vdc_diag_clear(&diag);
    return 0;
}
