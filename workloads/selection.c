/* The options that all trace formats share. See selection.h. */
#include "workloads/selection.h"

#include "sim/base/memory.h"
#include "sim/base/random.h"
#include "workloads/rows.h"
#include "workloads/text.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- options ---- */

typedef struct common_values {
    const char *format, *path, *order;
    int64_t first, count, from, until, interval;
    const vdc_node *scale, *tune, *numa_split;
    bool shuffle;
    int departures, on_error;
} common_values;

static const char *const departures_words[] = {"trace", "none", NULL};
static const char *const on_error_words[] = {"stop", "skip", NULL};
static const char *const resource_words[] = {"cpu", "memory", "disk", "iops", "disk_bw", "net_tx", "net_rx", "gpu", NULL};

#define FIELD(member) offsetof(common_values, member)
static const vdc_param common_params[] = {
    {"format", VDC_PARAM_TEXT, VDC_DIM_COUNT, NULL, 0, 0, NULL, "the trace's format", FIELD(format), true, NULL},
    {"path", VDC_PARAM_PATH, VDC_DIM_COUNT, NULL, 0, 0, NULL, "file or folder", FIELD(path), true, NULL},
    {"first", VDC_PARAM_INTEGER, VDC_DIM_COUNT, "0", 0, 0, NULL, "the first row taken, from 0", FIELD(first), false, NULL},
    {"count", VDC_PARAM_INTEGER, VDC_DIM_COUNT, "all", 0, 0, NULL, "how many rows are taken", FIELD(count), false, "all"},
    {"from", VDC_PARAM_INTEGER, VDC_DIM_TIME, "0s", 0, 0, NULL, "the earliest arrival taken, in the trace's time", FIELD(from),
     false, NULL},
    {"until", VDC_PARAM_INTEGER, VDC_DIM_TIME, "end", 0, 0, NULL, "arrivals before this are taken", FIELD(until), false, "end"},
    {"scale", VDC_PARAM_NODE, VDC_DIM_COUNT, NULL, 0, 0, NULL, "arrival rate: 2 = twice as many an hour", FIELD(scale), false,
     NULL},
    {"order", VDC_PARAM_PATH, VDC_DIM_COUNT, NULL, 0, 0, NULL, "file of row numbers: who arrives in which order", FIELD(order),
     false, NULL},
    {"shuffle", VDC_PARAM_BOOL, VDC_DIM_COUNT, "false", 0, 0, NULL, "rows in random order", FIELD(shuffle), false, NULL},
    {"tune", VDC_PARAM_NODE, VDC_DIM_COUNT, NULL, 0, 0, NULL, "{resource, to}: draw or drop rows to this share of capacity",
     FIELD(tune), false, NULL},
    {"interval", VDC_PARAM_INTEGER, VDC_DIM_TIME, "none", 0, 0, NULL, "arrival i, from 1, comes at i x interval",
     FIELD(interval), false, "none"},
    {"departures", VDC_PARAM_CHOICE, VDC_DIM_COUNT, "trace", 0, 0, departures_words, "none = nobody leaves", FIELD(departures),
     false, NULL},
    {"numa_split", VDC_PARAM_NODE, VDC_DIM_COUNT, NULL, 0, 0, NULL,
     "{memory_above}: larger VMs take half on each of two NUMA nodes",
     FIELD(numa_split), false, NULL},
    {"on_error", VDC_PARAM_CHOICE, VDC_DIM_COUNT, "stop", 0, 0, on_error_words, "a malformed row: stop, or skip it and list it",
     FIELD(on_error), false, NULL},
};
enum { COMMON_PARAMS = sizeof common_params / sizeof common_params[0] };

const vdc_param *vdc_selection_params(size_t *count) {
    *count = COMMON_PARAMS;
    return common_params;
}

static vdc_code read_scale(const vdc_node *node, vdc_selection_options *options, vdc_diag *diag) {
    options->scale_num = options->scale_den = 1;
    if (!node) return VDC_OK;
    const char *wrong = node->kind == VDC_NODE_SCALAR ? vdc_parse_fraction(node->text, &options->scale_num, &options->scale_den)
                                                      : "is no number";
    if (!wrong && options->scale_num <= 0) wrong = "is not above 0";
    char found[128];
    if (wrong) return vdc_fail(diag, VDC_ERROR_INPUT, &node->place, "scale: %s %s; a number above 0 is allowed",
                               vdc_node_describe(node, found, sizeof found), wrong);
    return VDC_OK;
}

static vdc_code read_tune(const vdc_node *node, vdc_selection_options *options, vdc_diag *diag) {
    struct { int resource; double to; } values = {0};
    static const vdc_param params[] = {
        {"resource", VDC_PARAM_CHOICE, VDC_DIM_COUNT, NULL, 0, 0, resource_words, "whose sum is tuned", 0, true, NULL},
        {"to", VDC_PARAM_REAL, VDC_DIM_RATIO, NULL, 0, 1e6, NULL, "share of the capacity",
         offsetof(struct { int resource; double to; }, to), true, NULL},
    };
    if (!node) return VDC_OK;
    const vdc_code code = vdc_params_read(node, params, 2, &values, NULL, "tune", diag);
    options->tune = true;
    options->tune_resource = (vdc_resource)values.resource;
    options->tune_share = values.to;
    return code;
}

static vdc_code read_numa_split(const vdc_node *node, vdc_selection_options *options, vdc_diag *diag) {
    static const vdc_param params[] = {
        {"memory_above", VDC_PARAM_INTEGER, VDC_DIM_BYTES, NULL, 0, 0, NULL, "VMs with more memory are split", 0, true, NULL},
    };
    if (!node) return VDC_OK;
    options->numa_split = true;
    return vdc_params_read(node, params, 1, &options->numa_above, NULL, "numa_split", diag);
}

/* A path as written -> relative to the file that it was written in. */
static vdc_code resolve_path(const vdc_node *node, const char *key, const char **path, vdc_arena *arena, vdc_diag *diag) {
    if (!*path) return VDC_OK;
    char *resolved = vdc_path_at(node, key);
    *path = resolved ? vdc_arena_strdup(arena, resolved) : NULL;
    vdc_free(resolved);
    return *path ? VDC_OK : vdc_no_memory(diag, "a path");
}

/* The common table and the type's own as one, so that unknown keys are looked for once. */
static vdc_code read_values(const vdc_node *node, const vdc_workload_type *type, vdc_selection_options *options, vdc_diag *diag) {
    char *values = options->values;
    vdc_param *table = vdc_calloc(COMMON_PARAMS + type->param_count, sizeof *table);
    if (!table) return vdc_no_memory(diag, "options");
    size_t count = 0;
    if (!type->generates) {
        memcpy(table, common_params, sizeof common_params);
        count = COMMON_PARAMS;
    }
    for (size_t i = 0; i < type->param_count; i++) {
        table[count] = type->params[i];
        table[count++].offset += sizeof(common_values);
    }
    char *what = vdc_format(type->generates ? "%s" : "trace format %s", type->name);
    vdc_code code = what ? vdc_params_read(node, table, count, values, NULL, what, diag)
                         : vdc_no_memory(diag, "options");
    for (size_t i = 0; i < count && !code; i++)
        if (table[i].type == VDC_PARAM_PATH)
            code = resolve_path(node, table[i].name, (const char **)(void *)(values + table[i].offset), &options->paths, diag);
    vdc_free(what);
    vdc_free(table);
    return code;
}

vdc_code vdc_selection_read(const vdc_node *node, const vdc_workload_type *type, vdc_selection_options *options, vdc_diag *diag) {
    *options = (vdc_selection_options){.type = type, .place = node->place, .count = VDC_UNLIMITED, .until = VDC_UNLIMITED,
                                       .interval = VDC_UNLIMITED, .scale_num = 1, .scale_den = 1};
    options->values = vdc_calloc(1, sizeof(common_values) + type->params_size);
    if (!options->values) return vdc_no_memory(diag, "options");
    options->params = (char *)options->values + sizeof(common_values);
    vdc_code code = read_values(node, type, options, diag);
    if (type->generates) return code;
    const common_values *values = options->values;
    options->path = values->path;
    options->order_path = values->order;
    options->first = values->first;
    options->count = values->count;
    options->from = values->from;
    options->until = values->until;
    options->interval = values->interval;
    options->shuffle = values->shuffle;
    options->no_departures = values->departures == 1;
    options->skip = values->on_error == 1;
    const vdc_code codes[] = {read_scale(values->scale, options, diag), read_tune(values->tune, options, diag),
                              read_numa_split(values->numa_split, options, diag)};
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++)
        if (!code) code = codes[i];
    if (!code && options->interval == 0) {
        const vdc_node *written = vdc_node_get(node, "interval");
        code = vdc_fail(diag, VDC_ERROR_INPUT, written ? &written->place : &node->place,
                        "interval: found 0; a time above 0 is allowed");
    }
    return code;
}

void vdc_selection_options_clear(vdc_selection_options *options) {
    vdc_free(options->values);
    vdc_arena_free(&options->paths);
    *options = (vdc_selection_options){0};
}

/* ---- the source ---- */

typedef struct selection {
    vdc_source base;
    vdc_source *inner;
    vdc_selection_options options; /* without what belongs to the tree */
    vdc_trace_report own_report, *report;
    vdc_place place;               /* of the section, file NULL */
    bool kept;                     /* rows are in `rows`, else they pass through */
    bool warned;

    int64_t row;                   /* passing: the number of the inner row to come */
    int64_t taken;                 /* handed out so far */
    bool started;
    int64_t trace_start;           /* absolute times: the trace's first arrival */
    int64_t offset;                /* what clock 0 is in the trace's time */

    vdc_rows rows;
    uint32_t *sequence;            /* row numbers in order of arrival */
    int64_t *instants;             /* arrivals by position, or NULL: the rows' own */
    size_t length, capacity;
    bool repeated;                 /* a row may occur twice: ids are dropped */
} selection;

/* round-half-even(value x num / den) for value >= 0; false when it does not fit. */
static bool scale_time(int64_t value, int64_t num, int64_t den, int64_t *out) {
    const vdc_wide product = (vdc_wide)value * num, half = product % den * 2;
    vdc_wide whole = product / den;
    whole += half > den || (half == den && (whole & 1));
    if (whole > VDC_TIME_MAX) return false;
    *out = (int64_t)whole;
    return true;
}

/* The arrival-independent changes, and the arrival's: `position` counts from 0, `arrival` is in the run's time. */
static vdc_code finish(const selection *self, vdc_request *request, int64_t position, int64_t arrival, vdc_diag *diag) {
    const vdc_selection_options *options = &self->options;
    bool fits = true;
    if (options->interval != VDC_UNLIMITED) fits = !__builtin_mul_overflow(position + 1, options->interval, &arrival);
    if (fits && options->scale_num != options->scale_den)
        fits = scale_time(arrival, options->scale_den, options->scale_num, &arrival);
    if (!fits) return vdc_fail(diag, VDC_ERROR_INPUT, &options->place, "an arrival lies beyond 292 years");
    request->arrival = arrival;
    if (options->no_departures) request->lifetime = request->load ? VDC_FOREVER : VDC_UNLIMITED;
    if (options->numa_split) request->numa_nodes = request->size[VDC_MEMORY] > options->numa_above ? 2 : 1;
    return VDC_OK;
}

/* Rows that were left out are said once, at the end, where nobody else reports them. */
static void warn_of_skipped(selection *self, vdc_diag *diag) {
    if (self->warned || self->report != &self->own_report || self->report->skipped == 0) return;
    self->warned = true;
    vdc_warn(diag, &self->options.place, "%" PRIu64 " malformed rows were left out (on_error: skip)", self->report->skipped);
    for (size_t i = 0; i < self->report->message_count; i++) vdc_warn(diag, NULL, "%s", self->report->messages[i]);
}

static void let_go(selection *self, const vdc_request *request) {
    if (request->token && self->inner->operations->release) self->inner->operations->release(self->inner, request->token);
}

static vdc_code next_passing(selection *self, vdc_request *out, bool *have, vdc_diag *diag) {
    const vdc_selection_options *options = &self->options;
    for (;;) {
        *have = false;
        if (options->count != VDC_UNLIMITED && self->row - options->first >= options->count) return VDC_OK;
        const vdc_code code = self->inner->operations->next(self->inner, out, have, diag);
        if (code || !*have) return code;
        self->report->rows++;
        if (self->row == 0 && options->type->absolute) self->trace_start = out->arrival;
        const int64_t own = out->arrival - self->trace_start;
        if (self->row++ < options->first || own < options->from) {
            let_go(self, out);
            continue;
        }
        if (options->until != VDC_UNLIMITED && own >= options->until) {
            let_go(self, out);
            *have = false;
            self->row = INT64_MAX; /* in order of arrival: nothing more comes */
            return VDC_OK;
        }
        if (!self->started && options->type->absolute) self->offset = out->arrival;
        self->started = true;
        return finish(self, out, self->taken++, out->arrival - self->offset, diag);
    }
}

static vdc_code next_kept(selection *self, vdc_request *out, bool *have, vdc_diag *diag) {
    *have = (size_t)self->taken < self->length;
    if (!*have) return VDC_OK;
    const size_t position = (size_t)self->taken++;
    vdc_rows_get(&self->rows, self->sequence[position], out);
    if (self->repeated) out->id = VDC_NO_ID;
    const int64_t arrival = self->instants ? self->instants[position] : out->arrival;
    return finish(self, out, (int64_t)position, arrival - self->offset, diag);
}

static vdc_code next(vdc_source *source, vdc_request *out, bool *have, vdc_diag *diag) {
    selection *self = (selection *)source;
    if (self->row == INT64_MAX) {
        *have = false;
        return VDC_OK;
    }
    const vdc_code code = self->kept ? next_kept(self, out, have, diag) : next_passing(self, out, have, diag);
    if (!code && !*have) warn_of_skipped(self, diag);
    return code;
}

static void release(vdc_source *source, uint64_t token) {
    selection *self = (selection *)source;
    if (self->inner->operations->release) self->inner->operations->release(self->inner, token);
}

static void close(vdc_source *source) {
    selection *self = (selection *)source;
    vdc_source_close(self->inner);
    vdc_rows_free(&self->rows);
    vdc_free(self->sequence);
    vdc_free(self->instants);
    vdc_trace_report_clear(&self->own_report);
    vdc_free((char *)self->options.place.file);
    vdc_free(self);
}

/* ---- keeping rows ---- */

static vdc_code keep_rows(selection *self, vdc_diag *diag) {
    for (;;) {
        vdc_request request;
        bool have;
        vdc_code code = self->inner->operations->next(self->inner, &request, &have, diag);
        if (code || !have) return code;
        self->report->rows++;
        if (!self->started || request.arrival < self->trace_start) self->trace_start = request.arrival;
        self->started = true;
        request.token = 0; /* what is kept may come more than once: its load stays until the end */
        code = vdc_rows_add(&self->rows, &request, diag);
        if (code) return code;
    }
}

static vdc_code append(selection *self, uint32_t row, vdc_diag *diag) {
    if (!VDC_RESERVE(self->sequence, self->capacity, self->length + 1)) return vdc_no_memory(diag, "the order of arrivals");
    self->sequence[self->length++] = row;
    return VDC_OK;
}

static vdc_code read_order(selection *self, const char *path, vdc_inputs *inputs, vdc_diag *diag) {
    vdc_text *text;
    vdc_code code = vdc_text_open(&text, path, inputs, diag);
    while (!code) {
        int64_t row;
        bool have;
        code = vdc_text_next_number(text, (int64_t)self->rows.count - 1, "row number", &row, &have, diag);
        if (code || !have) break;
        code = append(self, (uint32_t)row, diag);
    }
    vdc_text_close(text);
    return code;
}

static vdc_code list_all(selection *self, vdc_diag *diag) {
    vdc_code code = VDC_OK;
    for (size_t i = 0; i < self->rows.count && !code; i++) code = append(self, (uint32_t)i, diag);
    return code;
}

/* first, count, from, until. */
static void cut(selection *self) {
    const vdc_selection_options *options = &self->options;
    const int64_t base = options->type->absolute ? self->trace_start : 0;
    size_t kept = 0;
    for (size_t i = 0; i < self->length; i++) {
        const int64_t place = (int64_t)i - options->first, own = self->rows.items[self->sequence[i]].arrival - base;
        if (place < 0 || (options->count != VDC_UNLIMITED && place >= options->count)) continue;
        if (own < options->from || (options->until != VDC_UNLIMITED && own >= options->until)) continue;
        self->sequence[kept++] = self->sequence[i];
    }
    self->length = kept;
}

static void shuffle(selection *self, uint64_t seed) {
    vdc_stream stream;
    vdc_stream_open(&stream, seed, "workload.shuffle", 0);
    for (size_t i = self->length; i > 1; i--) {
        const size_t other = (size_t)vdc_stream_below(&stream, i);
        const uint32_t row = self->sequence[i - 1];
        self->sequence[i - 1] = self->sequence[other];
        self->sequence[other] = row;
    }
}

#define DROPPED UINT32_MAX /* no row */

static int64_t amount_of(const selection *self, uint32_t row) {
    return self->rows.shapes[self->rows.items[row].shape].size[self->options.tune_resource];
}

/* Drops rows at random until their sum does not pass the target: each time one of those that are left, by its place among them. */
static vdc_code drop_rows(selection *self, vdc_stream *stream, vdc_wide sum, double target, vdc_diag *diag) {
    const size_t length = self->length;
    uint32_t *left = vdc_calloc(length + 1, sizeof *left); /* a Fenwick tree: left[i] rows are left of the (i & -i) up to place i, from 1 */
    if (!left) return vdc_no_memory(diag, "the order of arrivals");
    for (size_t i = 1; i <= length; i++) left[i] = (uint32_t)(i & -i);
    size_t top = 1;
    while (top <= length / 2) top *= 2;
    while ((double)sum > target) {
        size_t before = (size_t)vdc_stream_below(stream, self->length), at = 0;
        for (size_t step = top; step > 0; step /= 2)
            if (at + step <= length && left[at + step] <= before) at += step, before -= left[at];
        sum -= amount_of(self, self->sequence[at]);
        self->sequence[at] = DROPPED;
        for (size_t i = at + 1; i <= length; i += i & -i) left[i]--;
        self->length--;
    }
    vdc_free(left);
    for (size_t i = 0, kept = 0; i < length; i++)
        if (self->sequence[i] != DROPPED) self->sequence[kept++] = self->sequence[i];
    return VDC_OK;
}

/* Rows are drawn again until the next would pass the target, or dropped at random until the sum does not. */
static vdc_code tune(selection *self, const vdc_workload_context *context, vdc_diag *diag) {
    const vdc_selection_options *options = &self->options;
    if (!context->capacity)
        return vdc_fail(diag, VDC_ERROR_INPUT, &options->place, "tune: needs a datacenter, whose capacity is what it refers to");
    const double target = options->tune_share * (double)context->capacity[options->tune_resource];
    const size_t pool = self->length;
    vdc_wide sum = 0;
    bool grows = false;
    for (size_t i = 0; i < pool; i++) {
        const int64_t amount = amount_of(self, self->sequence[i]);
        sum += amount;
        grows = grows || amount > 0;
    }
    if (!grows && target > 0)
        return vdc_fail(diag, VDC_ERROR_INPUT, &options->place, "tune: no row asks for any %s",
                        resource_words[options->tune_resource]);
    if (!grows) return VDC_OK;
    vdc_stream stream;
    vdc_stream_open(&stream, context->seed, "workload.tune", 0);
    if ((double)sum <= target) { /* the pool is in front of what is appended, in the shuffled order, which is as good a list */
        for (;;) {
            const uint32_t row = self->sequence[vdc_stream_below(&stream, pool)];
            const int64_t amount = amount_of(self, row);
            if ((double)(sum + amount) > target) return VDC_OK;
            sum += amount;
            const vdc_code code = append(self, row, diag);
            if (code) return code;
        }
    }
    return (double)sum > target ? drop_rows(self, &stream, sum, target, diag) : VDC_OK;
}

static int compare_times(const void *left, const void *right) {
    const int64_t a = *(const int64_t *)left, b = *(const int64_t *)right;
    return (a > b) - (a < b);
}

/* A stable sort of the sequence by arrival: of a sorted copy of the rows, those that are in the sequence (each once). */
static vdc_code sort_sequence(selection *self, vdc_diag *diag) {
    uint32_t *order;
    const vdc_code code = vdc_rows_sort(&self->rows, &order, diag);
    if (code) return code;
    bool *chosen = vdc_calloc(self->rows.count + 1, sizeof *chosen);
    if (!chosen) {
        vdc_free(order);
        return vdc_no_memory(diag, "the order of arrivals");
    }
    for (size_t i = 0; i < self->length; i++) chosen[self->sequence[i]] = true;
    self->length = 0;
    for (size_t i = 0; i < self->rows.count; i++)
        if (chosen[order[i]]) self->sequence[self->length++] = order[i];
    vdc_free(chosen);
    vdc_free(order);
    return VDC_OK;
}

/* When the rows arrive: at their own instants, or, where their order is another one, at the same instants dealt out anew. */
static vdc_code set_instants(selection *self, bool reordered, vdc_diag *diag) {
    if (self->options.interval != VDC_UNLIMITED && reordered) return VDC_OK;
    if (!reordered) {
        const vdc_code code = sort_sequence(self, diag);
        if (code) return code;
    } else {
        self->instants = vdc_calloc(self->length + 1, sizeof *self->instants);
        if (!self->instants) return vdc_no_memory(diag, "the instants of arrivals");
        for (size_t i = 0; i < self->length; i++) self->instants[i] = self->rows.items[self->sequence[i]].arrival;
        qsort(self->instants, self->length, sizeof *self->instants, compare_times);
    }
    if (self->options.type->absolute && self->length > 0)
        self->offset = self->instants ? self->instants[0] : self->rows.items[self->sequence[0]].arrival;
    return VDC_OK;
}

static vdc_code keep(selection *self, const vdc_workload_context *context, vdc_diag *diag) {
    const vdc_selection_options *options = &self->options;
    const bool reordered = options->order_path || options->shuffle || options->tune;
    self->kept = true;
    self->repeated = options->order_path || options->tune;
    if (!options->type->streams) self->report->indexed = true;
    vdc_code code = keep_rows(self, diag);
    if (!code) code = options->order_path ? read_order(self, options->order_path, context->inputs, diag) : list_all(self, diag);
    if (code) return code;
    cut(self);
    if (options->shuffle) shuffle(self, context->seed);
    if (options->tune) code = tune(self, context, diag);
    return code ? code : set_instants(self, reordered, diag);
}

/* ---- opening ---- */

vdc_code vdc_selection_open(const vdc_selection_options *options, const vdc_workload_context *context,
                            vdc_source **source, vdc_diag *diag) {
    static const vdc_source_operations operations = {next, release, close};
    *source = NULL;
    if (options->type->generates) return options->type->open(options->params, options->path, context, source, diag);
    selection *self = vdc_calloc(1, sizeof *self);
    if (!self) return vdc_no_memory(diag, "a trace");
    self->base.operations = &operations;
    self->options = *options;
    self->report = context->report ? context->report : &self->own_report;
    self->report->skip = options->skip;
    vdc_workload_context inner_context = *context;
    inner_context.report = self->report;
    self->options.place.file = options->place.file ? vdc_strdup(options->place.file) : NULL;
    vdc_code code = options->type->open(options->params, options->path, &inner_context, &self->inner, diag);
    if (!code && (!options->type->streams || options->order_path || options->shuffle || options->tune))
        code = keep(self, context, diag);
    self->options.values = NULL; /* what lies behind pointers belongs to the caller */
    self->options.params = self->options.path = self->options.order_path = NULL;
    self->options.paths = (vdc_arena){0};
    if (code) close(&self->base);
    else *source = &self->base;
    return code;
}
