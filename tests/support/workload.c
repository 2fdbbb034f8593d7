#include "tests/support/workload.h"

#include "tests/support/tree.h"

#include <criterion/criterion.h>
#include <criterion/logging.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

void test_workload_start(test_workload *work) {
    memset(work, 0, sizeof *work);
    strcpy(work->folder, "/tmp/vdcsim-workload-XXXXXX");
    cr_assert_not_null(mkdtemp(work->folder));
    cr_assert_eq(vdc_names_create(&work->context.tenants, &work->diag), VDC_OK);
    cr_assert_eq(vdc_names_create(&work->context.groups, &work->diag), VDC_OK);
    cr_assert_eq(vdc_names_create(&work->context.gpu_models, &work->diag), VDC_OK);
    cr_assert_eq(vdc_isolation_specs_create(&work->isolation, &work->diag), VDC_OK);
    work->isolation.open = true;
    work->context.isolation = &work->isolation;
    work->context.seed = 42;
    work->context.host_speed = 1000000000;
}

void test_workload_with_lists(test_workload *work) {
    cr_assert_eq(vdc_io_profiles_create(&work->io, &work->diag), VDC_OK);
    work->io.open = true;
    work->context.io = &work->io;
    work->context.memory_loads = &work->memory_loads;
    work->context.has_memory = true;
}

static void forget_requests(test_workload *work) {
    vdc_source_close(work->source);
    work->source = NULL;
    vdc_free(work->requests);
    work->requests = NULL;
    work->count = work->capacity = 0;
    vdc_diag_clear(&work->diag);
    vdc_trace_report_clear(&work->report);
}

void test_workload_end(test_workload *work) {
    forget_requests(work);
    vdc_names_destroy(work->context.tenants);
    vdc_names_destroy(work->context.groups);
    vdc_names_destroy(work->context.gpu_models);
    vdc_isolation_specs_destroy(&work->isolation);
    vdc_io_profiles_destroy(&work->io);
    vdc_memory_loads_free(&work->memory_loads);
    vdc_arena_free(&work->arena);
    char command[128];
    (void)snprintf(command, sizeof command, "rm -rf '%s'", work->folder);
    cr_assert_eq(system(command), 0);
}

const char *test_workload_bytes(test_workload *work, const char *name, const void *bytes, size_t size) {
    char path[512];
    (void)snprintf(path, sizeof path, "%s/%s", work->folder, name);
    for (char *slash = strchr(path + strlen(work->folder) + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        (void)mkdir(path, 0700);
        *slash = '/';
    }
    FILE *file = fopen(path, "wb");
    cr_assert_not_null(file, "%s", path);
    cr_assert_eq(fwrite(bytes, 1, size, file), size);
    cr_assert_eq(fclose(file), 0);
    return vdc_arena_strdup(&work->arena, path);
}

const char *test_workload_file(test_workload *work, const char *name, const char *text) {
    return test_workload_bytes(work, name, text, strlen(text));
}

const char *test_workload_gzip(test_workload *work, const char *name, const char *text) {
    const char *path = test_workload_bytes(work, name, "", 0);
    gzFile file = gzopen(path, "wb");
    cr_assert_not_null(file);
    cr_assert_eq(gzwrite(file, text, (unsigned)strlen(text)), (int)strlen(text));
    cr_assert_eq(gzclose(file), Z_OK);
    return path;
}

static vdc_code collect(test_workload *work) {
    for (;;) {
        vdc_request request;
        bool have;
        const vdc_code code = work->source->operations->next(work->source, &request, &have, &work->diag);
        if (code || !have) return code;
        if (request.name) request.name = vdc_arena_strdup(&work->arena, request.name);
        request.number = (int64_t)work->count;
        cr_assert(VDC_RESERVE(work->requests, work->capacity, work->count + 1));
        work->requests[work->count++] = request;
    }
}

/* Says where the whole tree was written: paths in it are relative to that file. */
static void set_file(vdc_node *node, const char *file) {
    node->place.file = file;
    for (size_t i = 0; i < node->count; i++) set_file(node->children[i], file);
}

vdc_code test_workload_read(test_workload *work, const char *kind, const char *section) {
    forget_requests(work);
    vdc_node *tree = (vdc_node *)test_tree(&work->arena, section);
    char file[128];
    (void)snprintf(file, sizeof file, "%s/test.yaml", work->folder);
    tree->key = vdc_arena_strdup(&work->arena, kind);
    set_file(tree, vdc_arena_strdup(&work->arena, file));
    vdc_code code;
    if (strcmp(kind, "vms") == 0) code = vdc_workload_inline(tree, &work->context, &work->source, &work->diag);
    else code = vdc_workload_open(tree, &work->context, &work->source, &work->diag);
    return code ? code : collect(work);
}

static void show_messages(const test_workload *work) {
    for (size_t i = 0; i < work->diag.count; i++) cr_log_warn("%s", work->diag.messages[i].text);
}

void test_workload_must(test_workload *work, const char *kind, const char *format, ...) {
    char section[4096];
    va_list arguments;
    va_start(arguments, format);
    cr_assert_lt(vsnprintf(section, sizeof section, format, arguments), (int)sizeof section);
    va_end(arguments);
    const vdc_code code = test_workload_read(work, kind, section);
    if (code) show_messages(work);
    cr_assert_eq(code, VDC_OK, "%s: %s", kind, section);
}

void test_workload_refuses(test_workload *work, const char *kind, const char *section, ...) {
    const vdc_code code = test_workload_read(work, kind, section);
    cr_assert_eq(code, VDC_ERROR_INPUT, "%s was not refused (%d)", section, (int)code);
    cr_assert_gt(work->diag.count, 0);
    va_list wanted;
    va_start(wanted, section);
    for (const char *text = va_arg(wanted, const char *); text; text = va_arg(wanted, const char *)) {
        bool found = false;
        for (size_t i = 0; i < work->diag.count; i++) found = found || strstr(work->diag.messages[i].text, text);
        if (!found) show_messages(work);
        cr_expect(found, "no message for %s contains '%s'", section, text);
    }
    va_end(wanted);
}

bool test_workload_segment(const vdc_request *request, size_t index, vdc_segment *segment) {
    if (!request->load) return false;
    uint64_t cursor = request->load_cursor;
    bool have = true;
    for (size_t i = 0; i <= index && have; i++) have = request->load->next(request->load, &cursor, segment);
    return have;
}

const char *test_shared(test_workload *work, const char *path) {
    const char *folder = getenv("VDCSIM_SHARED");
    char full[1024], resolved[4096];
    (void)snprintf(full, sizeof full, "%s/%s", folder ? folder : "../shared", path);
    if (!realpath(full, resolved)) {
        cr_log_info("skipped: %s is not there", full);
        return NULL;
    }
    return vdc_arena_strdup(&work->arena, resolved);
}
