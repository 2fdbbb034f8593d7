/* The Grid Workloads Archive's VM traces: Bitbrains (GWA-T-12) and Materna (GWA-T-13). One file for each VM with what it was
 * given and used every five minutes: `;`-separated, with a header line.
 *
 * A VM arrives at its first sample and runs through its load: each sample holds until the next one, the last for 300 s. Its
 * size is the largest that it ever had (cores and memory may change within a file, which is said). Bitbrains calls its
 * timestamps milliseconds; they are seconds. Materna writes decimal commas and dates as dd.MM.yyyy HH:mm:ss. Files are taken
 * in the bytewise order of their names.
 */
#include "sim/base/memory.h"
#include "workloads/files.h"
#include "workloads/readers.h"
#include "workloads/segments.h"
#include "workloads/table.h"

#include <stdlib.h>
#include <string.h>

enum { KIBIBYTE = 1024, MEGAHERTZ = 1000000, STEP = 300, GIBIBYTE = 1 << 30 };
enum { TIMESTAMP, CORES, USAGE, MEMORY, DISK, COLUMNS, REQUIRED = DISK };
static const char *const wanted[] = {"Timestamp [ms]|Timestamp", "CPU cores", "CPU usage [MHZ]",
                                     "Memory capacity provisioned [KB]",
                                     "Disk size [GB]"};

typedef struct gwa {
    vdc_source base;
    char *folder;
    vdc_folder files;
    size_t given;
    bool commas;               /* numbers have decimal commas */
    vdc_segments segments;
    vdc_workload_context context;
    char *name;                /* of the current VM */
} gwa;

/* One file as it is read. */
typedef struct sampling {
    int64_t time, demand;      /* of the sample before, s and Hz */
    int64_t cores, memory, disk;
    bool have;
    bool changed;
} sampling;

/* ---- values ---- */

static int64_t number_of(const char *digits, int count) {
    int64_t number = 0;
    while (count-- > 0) number = number * 10 + (*digits++ - '0');
    return number;
}

/* dd.MM.yyyy HH:mm:ss as seconds since 1970 (days by the civil calendar). */
static bool parse_date(vdc_field field, int64_t *seconds) {
    static const char pattern[] = "00.00.0000 00:00:00";
    if (field.end - field.begin != (ptrdiff_t)strlen(pattern)) return false;
    for (size_t i = 0; pattern[i]; i++)
        if (pattern[i] == '0' ? field.begin[i] < '0' || field.begin[i] > '9' : field.begin[i] != pattern[i]) return false;
    const int64_t day = number_of(field.begin, 2), month = number_of(field.begin + 3, 2), year = number_of(field.begin + 6, 4);
    const int64_t hour = number_of(field.begin + 11, 2), minute = number_of(field.begin + 14, 2), second = number_of(field.begin + 17, 2);
    if (day < 1 || day > 31 || month < 1 || month > 12 || hour > 23 || minute > 59 || second > 60) return false;
    const int64_t march_year = year - (month < 3), era = march_year / 400, of_era = march_year % 400; /* years begin in March */
    const int64_t day_of_year = (153 * (month + (month < 3 ? 9 : -3)) + 2) / 5 + day - 1;
    const int64_t days = era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + day_of_year - 719468;
    *seconds = ((days * 24 + hour) * 60 + minute) * 60 + second;
    return true;
}

static int64_t take_time(vdc_table *table, int column) {
    int64_t seconds;
    if (parse_date(vdc_table_field(table, column), &seconds)) return seconds;
    return vdc_table_number(table, column, 1, 0, INT64_MAX / VDC_SECOND);
}

static int64_t take_number(const gwa *self, vdc_table *table, int column, int64_t scale) {
    const vdc_field field = vdc_table_field(table, column);
    for (char *c = field.begin; self->commas && c < field.end; c++)
        if (*c == ',') *c = '.';
    return vdc_table_number(table, column, scale, 0, INT64_MAX);
}

/* ---- a file ---- */

/* The sample before holds until `time`. */
static vdc_code end_sample(gwa *self, const sampling *state, int64_t time, vdc_request *request, vdc_diag *diag) {
    if (state->demand > request->load_peak) request->load_peak = state->demand;
    return vdc_segments_add(&self->segments, (time - state->time) * VDC_SECOND, state->demand, diag);
}

static vdc_code take_sample(gwa *self, vdc_table *table, const int *at, sampling *state, vdc_request *request, vdc_diag *diag) {
    const int line = vdc_text_number(table->text);
    const int64_t time = take_time(table, at[TIMESTAMP]), cores = take_number(self, table, at[CORES], 1000);
    const int64_t demand = take_number(self, table, at[USAGE], MEGAHERTZ), memory =
        take_number(self, table, at[MEMORY], KIBIBYTE);
    const int64_t disk = at[DISK] >= 0 ? take_number(self, table, at[DISK], GIBIBYTE) : 0;
    vdc_code code;
    if (!table->bad && state->have && time < state->time)
        vdc_table_complain(table, at[TIMESTAMP], "goes back: samples stand in the order of time");
    if (vdc_table_bad(table, &code)) return code;
    if (!state->have) {
        request->arrival = time * VDC_SECOND;
    } else if (time == state->time) {
        vdc_row_odd(self->context.report, "samples with the time of the one above: the later one counts", line);
    } else {
        if (time - state->time > 2 * STEP) vdc_row_odd(self->context.report, "gaps between samples: the one before holds on",
                                                       line);
        code = end_sample(self, state, time, request, diag);
    }
    state->changed = state->changed || (state->have && (cores != state->cores || memory != state->memory));
    *state = (sampling){.time = time, .demand = demand, .cores = cores, .memory = memory, .disk = disk, .have = true,
                        .changed = state->changed};
    if (cores > request->size[VDC_CPU]) request->size[VDC_CPU] = cores;
    if (memory > request->size[VDC_MEMORY]) request->size[VDC_MEMORY] = memory;
    if (disk > request->size[VDC_DISK]) request->size[VDC_DISK] = disk;
    return code;
}

static vdc_code read_samples(gwa *self, vdc_table *table, vdc_request *request, bool *have, vdc_diag *diag) {
    int at[COLUMNS];
    sampling state = {0};
    vdc_code code = vdc_table_map(table, wanted, COLUMNS, REQUIRED, at, diag);
    request->load = &self->segments.load;
    request->load_cursor = vdc_segments_cursor(&self->segments);
    while (!code) {
        bool row;
        code = vdc_table_row(table, &row, diag);
        if (code || !row) break;
        code = take_sample(self, table, at, &state, request, diag);
    }
    *have = state.have && request->size[VDC_CPU] > 0;
    if (!*have) vdc_row_odd(self->context.report, "files without samples or cores: left out", 0);
    if (state.changed) vdc_row_odd(self->context.report, "VMs whose cores or memory change: the largest counts", 0);
    if (!code && state.have) code = end_sample(self, &state, state.time + STEP, request, diag);
    vdc_segments_end end = 0;
    return code ? code : vdc_segments_close(&self->segments, request->load_cursor, &end, diag);
}

static vdc_code read_file(gwa *self, const char *path, vdc_request *request, bool *have, vdc_diag *diag) {
    vdc_table table;
    vdc_code code = vdc_table_open(&table, path, &(vdc_table_layout){.separator = ';'}, &self->context, diag);
    if (!code) code = read_samples(self, &table, request, have, diag);
    vdc_table_close(&table);
    return code;
}

/* ---- the source ---- */

static vdc_code next(vdc_source *source, vdc_request *out, bool *have, vdc_diag *diag) {
    gwa *self = (gwa *)source;
    vdc_code code = VDC_OK;
    for (*have = false; !code && !*have && self->given < self->files.count;) {
        const char *name = self->files.names[self->given++];
        char *path = self->folder ? vdc_format("%s/%s", self->folder, name) : vdc_strdup(name);
        const char *slash = strrchr(name, '/');
        vdc_free(self->name);
        self->name = vdc_strdup(slash ? slash + 1 : name);
        memcpy(out, &vdc_request_blank, sizeof *out);
        code = path && self->name ? read_file(self, path, out, have, diag) : vdc_no_memory(diag, "a path");
        out->name = self->name;
        vdc_free(path);
    }
    return code;
}

static void close(vdc_source *source) {
    gwa *self = (gwa *)source;
    vdc_folder_clear(&self->files);
    vdc_segments_free(&self->segments);
    vdc_free(self->folder);
    vdc_free(self->name);
    vdc_free(self);
}

/* A folder of files, or one file as a list of itself. */
static vdc_code list_files(gwa *self, const char *path, vdc_diag *diag) {
    if (!vdc_is_folder(path)) {
        if (!VDC_RESERVE(self->files.names, self->files.capacity, 1) || !(self->files.names[0] = vdc_strdup(path)))
            return vdc_no_memory(diag, "a path");
        self->files.count = 1;
        return VDC_OK;
    }
    self->folder = vdc_strdup(path);
    if (!self->folder) return vdc_no_memory(diag, "a path");
    const vdc_code code = vdc_folder_list(&self->files, path, NULL, diag);
    const vdc_place place = {path, 0, 0};
    if (!code && self->files.count == 0) return vdc_fail(diag, VDC_ERROR_INPUT, &place, "there are no files in it");
    return code;
}

static vdc_code open_gwa(const char *path, const vdc_workload_context *context, bool commas, vdc_source **source,
                         vdc_diag *diag) {
    static const vdc_source_operations operations = {next, NULL, close};
    *source = NULL;
    gwa *self = vdc_calloc(1, sizeof *self);
    if (!self) return vdc_no_memory(diag, "a trace");
    self->base.operations = &operations;
    self->context = *context;
    self->commas = commas;
    vdc_segments_start(&self->segments);
    const vdc_code code = list_files(self, path, diag);
    if (code) close(&self->base);
    else *source = &self->base;
    return code;
}

static vdc_code open_bitbrains(const void *params, const char *path, const vdc_workload_context *context, vdc_source **source,
                               vdc_diag *diag) {
    (void)params;
    return open_gwa(path, context, false, source, diag);
}

static vdc_code open_materna(const void *params, const char *path, const vdc_workload_context *context, vdc_source **source,
                             vdc_diag *diag) {
    (void)params;
    return open_gwa(path, context, true, source, diag);
}

const vdc_workload_type vdc_workload_bitbrains = {
    .name = "bitbrains",
    .summary = "Bitbrains (GWA-T-12): a file of samples for each VM",
    .source = "Shen, van Beek, Iosup, CCGrid'15; Grid Workloads Archive; docs/traces.md",
    .absolute = true,
    .open = open_bitbrains,
};
const vdc_workload_type vdc_workload_materna = {
    .name = "materna",
    .summary = "Materna (GWA-T-13): a file of samples for each VM",
    .source = "Kohne et al., 2014-2016; Grid Workloads Archive; docs/traces.md",
    .absolute = true,
    .open = open_materna,
};
