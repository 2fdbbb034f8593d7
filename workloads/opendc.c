/* OpenDC workload traces: a table of tasks (VMs) and one of fragments (load segments), as CSV, plain or gzip-compressed.
 *
 * Neither is in order of arrival, so both are read first: tasks into 48 bytes each, fragments into 8 bytes each
 * (segments.h). Reading the fragments is the cost of a run on such a trace, so lines of the usual layout (id,duration,
 * cpu_usage in plain digits) are read by a loop of their own; any other line goes through the table.
 *
 * Layout and quirks: docs/traces.md. The older layouts (start_time and stop_time; fragments with a timestamp) are read too.
 */
#include "sim/base/memory.h"
#include "workloads/files.h"
#include "workloads/id_map.h"
#include "workloads/readers.h"
#include "workloads/segments.h"
#include "workloads/table.h"
#include "workloads/values.h"

#include <string.h>

enum { MILLISECOND = 1000000, MEGAHERTZ = 1000000, KILOBYTE = 1000 };

typedef struct task {
    int64_t id, submission;
    int64_t vcpus, memory;   /* milli-vCPU, bytes */
    uint64_t cursor;         /* of its first fragment */
    vdc_segments_end end;    /* 0 = no fragments */
    int64_t peak;            /* Hz */
} task;

typedef struct opendc {
    vdc_source base;
    vdc_trace_report *report;
    vdc_segments segments;
    task *tasks;
    size_t count, capacity;
    size_t given;
    vdc_progress progress;
} opendc;

typedef struct opendc_params {
    const char *fragments;
    int progress;
} opendc_params;

/* ---- tasks ---- */

static vdc_code add_task(opendc *self, vdc_id_map *ids, const task *read, bool *known, vdc_diag *diag) {
    *known = vdc_id_map_get(ids, read->id) != VDC_ID_ABSENT;
    if (*known) return VDC_OK;
    if (self->count >= UINT32_MAX - 1 || !VDC_RESERVE(self->tasks, self->capacity, self->count + 1))
        return vdc_no_memory(diag, "the tasks");
    self->tasks[self->count] = *read;
    return vdc_id_map_set(ids, read->id, (uint32_t)self->count++, diag);
}

static vdc_code read_tasks(opendc *self, vdc_id_map *ids, const char *path, const vdc_workload_context *context, vdc_diag *diag) {
    enum { ID, SUBMISSION, CPUS, MEMORY, COLUMNS };
    static const char *const wanted[] = {"id", "submission_time|start_time", "cpu_count", "mem_capacity"};
    int at[COLUMNS];
    vdc_table table;
    vdc_code code = vdc_table_open(&table, path, &(vdc_table_layout){.separator = ','}, context, diag);
    if (!code) code = vdc_table_map(&table, wanted, COLUMNS, COLUMNS, at, diag);
    while (!code) {
        bool have, known;
        code = vdc_table_row(&table, &have, diag);
        if (code || !have) break;
        const task read = {
            .id = vdc_table_number(&table, at[ID], 1, 0, INT64_MAX),
            .submission = vdc_table_number(&table, at[SUBMISSION], MILLISECOND, INT64_MIN, INT64_MAX),
            .vcpus = vdc_table_number(&table, at[CPUS], 1000, 1, INT64_MAX),
            .memory = vdc_table_number(&table, at[MEMORY], KILOBYTE, 0, INT64_MAX),
        };
        if (vdc_table_bad(&table, &code)) continue;
        code = add_task(self, ids, &read, &known, diag);
        if (known) {
            vdc_table_complain(&table, at[ID], "%lld stands for an earlier task already", (long long)read.id);
            code = table.code;
        }
    }
    vdc_table_close(&table);
    return code;
}

/* ---- fragments ---- */

/* The piece being read: the fragments of one id that follow one another. */
typedef struct piece {
    int64_t id;
    task *owner;      /* NULL: no such task, the fragments are passed over */
    uint64_t begin;
    bool open;
} piece;

static vdc_code end_piece(opendc *self, piece *current, vdc_diag *diag) {
    if (!current->open || !current->owner) return VDC_OK;
    if (!current->owner->end) current->owner->cursor = current->begin;
    return vdc_segments_close(&self->segments, current->begin, &current->owner->end, diag);
}

static vdc_code begin_piece(opendc *self, const vdc_id_map *ids, piece *current, int64_t id, int line, vdc_diag *diag) {
    const vdc_code code = end_piece(self, current, diag);
    const uint32_t number = vdc_id_map_get(ids, id);
    if (number == VDC_ID_ABSENT) vdc_row_odd(self->report, "pieces of fragments whose id is no task: left out", line);
    *current = (piece){.id = id, .owner = number == VDC_ID_ABSENT ? NULL : &self->tasks[number],
                       .begin = vdc_segments_cursor(&self->segments), .open = true};
    if (current->owner && current->owner->end) vdc_row_odd(self->report, "ids whose fragments come in several pieces", line);
    return code;
}

static vdc_code add_fragment(opendc *self, const vdc_id_map *ids, piece *current, int64_t id, const vdc_segment *fragment,
                             int line, vdc_diag *diag) {
    if (id != current->id || !current->open) {
        const vdc_code code = begin_piece(self, ids, current, id, line, diag);
        if (code) return code;
    }
    if (!current->owner) return VDC_OK;
    if (fragment->demand > current->owner->peak) current->owner->peak = fragment->demand;
    return vdc_segments_add(&self->segments, fragment->duration, fragment->demand, diag);
}

/* Digits up to `stop`, at most 12 of them; moves *at behind it. */
static inline bool plain_digits(const char **at, char stop, int64_t *out) {
    const char *c = *at;
    int64_t value = 0;
    for (unsigned digit; (digit = (unsigned char)*c - (unsigned)'0') <= 9; c++) value = value * 10 + digit;
    const bool good = *c == stop && c > *at && c - *at <= 12;
    *at = c + 1;
    *out = value;
    return good;
}

/* A line "id,duration,cpu_usage" in plain digits, the usage with or without a fraction. */
static bool plain_fragment(vdc_field line, int64_t *id, vdc_segment *fragment) {
    const char *at = line.begin;
    int64_t milliseconds;
    if (line.end - line.begin > 60 || !plain_digits(&at, ',', id) || !plain_digits(&at, ',', &milliseconds)) return false;
    if (milliseconds > INT64_MAX / MILLISECOND) return false;
    fragment->duration = milliseconds * MILLISECOND;
    return vdc_field_number((vdc_field){(char *)at, line.end}, MEGAHERTZ, &fragment->demand) && fragment->demand >= 0;
}

static vdc_code read_fragments(opendc *self, const vdc_id_map *ids, const char *path, const vdc_workload_context *context,
                               vdc_diag *diag) {
    enum { ID, DURATION, USAGE, COLUMNS };
    static const char *const wanted[] = {"id", "duration", "cpu_usage"};
    int at[COLUMNS];
    piece current = {0};
    vdc_table table;
    vdc_code code = vdc_table_open(&table, path, &(vdc_table_layout){.separator = ','}, context, diag);
    if (!code) code = vdc_table_map(&table, wanted, COLUMNS, COLUMNS, at, diag);
    table.diag = diag;
    const bool usual = !code && table.columns == COLUMNS && at[ID] == 0 && at[DURATION] == 1 && at[USAGE] == 2;
    while (!code) {
        vdc_field line;
        vdc_segment fragment;
        int64_t id;
        code = vdc_text_line(table.text, &line, diag);
        if (code || !line.begin) break;
        if (!usual || !plain_fragment(line, &id, &fragment)) {
            bool have;
            code = vdc_table_take(&table, line, &have);
            if (code || !have) continue;
            id = vdc_table_number(&table, at[ID], 1, 0, INT64_MAX);
            fragment.duration = vdc_table_number(&table, at[DURATION], MILLISECOND, 0, INT64_MAX);
            fragment.demand = vdc_table_number(&table, at[USAGE], MEGAHERTZ, 0, INT64_MAX);
            if (vdc_table_bad(&table, &code)) continue;
        }
        code = add_fragment(self, ids, &current, id, &fragment, vdc_text_number(table.text), diag);
    }
    if (!code) code = end_piece(self, &current, diag);
    vdc_table_close(&table);
    return code;
}

/* ---- the source ---- */

static vdc_code next(vdc_source *source, vdc_request *out, bool *have, vdc_diag *diag) {
    (void)diag;
    opendc *self = (opendc *)source;
    while (self->given < self->count && !self->tasks[self->given].end) {
        vdc_row_odd(self->report, "tasks without fragments: left out", 0);
        self->given++;
    }
    *have = self->given < self->count;
    if (!*have) return VDC_OK;
    const task *from = &self->tasks[self->given++];
    memcpy(out, &vdc_request_blank, sizeof *out);
    out->id = from->id;
    out->arrival = from->submission;
    out->size[VDC_CPU] = from->vcpus;
    out->size[VDC_MEMORY] = from->memory;
    out->load = &self->segments.load;
    out->load_cursor = from->cursor;
    out->load_peak = from->peak;
    out->progress = self->progress;
    return VDC_OK;
}

static void close(vdc_source *source) {
    opendc *self = (opendc *)source;
    vdc_segments_free(&self->segments);
    vdc_free(self->tasks);
    vdc_free(self);
}

/* Where the two tables lie: in a folder, or the tasks at `path` and the fragments as said or beside them. */
static vdc_code find_files(const opendc_params *params, const char *path, char **tasks, char **fragments, vdc_diag *diag) {
    static const char *const task_names[] = {"tasks.csv", "tasks.csv.gz", NULL};
    static const char *const fragment_names[] = {"fragments.csv", "fragments.csv.gz", NULL};
    vdc_code code = VDC_OK;
    if (vdc_is_folder(path)) code = vdc_folder_find(path, task_names, tasks, diag);
    else if (!(*tasks = vdc_strdup(path))) return vdc_no_memory(diag, "a path");
    if (code) return code;
    if (params->fragments) return (*fragments = vdc_strdup(params->fragments)) ? VDC_OK : vdc_no_memory(diag, "a path");
    const char *slash = strrchr(*tasks, '/');
    char *folder = slash ? vdc_strndup(*tasks, (size_t)(slash - *tasks)) : vdc_strdup(".");
    code = folder ? vdc_folder_find(folder, fragment_names, fragments, diag) : vdc_no_memory(diag, "a path");
    vdc_free(folder);
    return code;
}

static vdc_code open_opendc(const void *values, const char *path, const vdc_workload_context *context, vdc_source **source,
                            vdc_diag *diag) {
    static const vdc_source_operations operations = {next, NULL, close};
    const opendc_params *params = values;
    *source = NULL;
    opendc *self = vdc_calloc(1, sizeof *self);
    if (!self) return vdc_no_memory(diag, "a trace");
    self->base.operations = &operations;
    self->report = context->report;
    self->progress = (vdc_progress)params->progress;
    vdc_segments_start(&self->segments);
    char *tasks = NULL, *fragments = NULL;
    vdc_id_map ids = {0};
    vdc_code code = find_files(params, path, &tasks, &fragments, diag);
    if (!code) code = read_tasks(self, &ids, tasks, context, diag);
    if (!code) code = read_fragments(self, &ids, fragments, context, diag);
    vdc_id_map_free(&ids);
    vdc_free(tasks);
    vdc_free(fragments);
    if (code) close(&self->base);
    else *source = &self->base;
    return code;
}

static const vdc_param opendc_table[] = {
    {"fragments", VDC_PARAM_PATH, VDC_DIM_COUNT, NULL, 0, 0, NULL, "the table of fragments, where it is not beside the tasks",
     offsetof(opendc_params, fragments), false, NULL},
    {"progress", VDC_PARAM_CHOICE, VDC_DIM_COUNT, "time", 0, 0, vdc_progress_words, "what ends a fragment",
     offsetof(opendc_params, progress), false, NULL},
};

const vdc_workload_type vdc_workload_opendc = {
    .name = "opendc",
    .summary = "OpenDC: tasks and fragments as CSV",
    .source = "OpenDC documentation, workload traces; docs/traces.md",
    .params = opendc_table,
    .param_count = sizeof opendc_table / sizeof opendc_table[0],
    .params_size = sizeof(opendc_params),
    .absolute = true,
    .open = open_opendc,
};
