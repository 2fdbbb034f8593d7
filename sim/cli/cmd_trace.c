/* vdcsim trace: public and native traces: what is in them, generating, converting. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "sim/base/memory.h"
#include "sim/base/file.h"
#include "sim/cli/command.h"
#include "sim/cli/json.h"
#include "sim/scenario/document.h"
#include "sim/simulation.h"
#include "workloads/native_hdf5.h"
#include "workloads/summary.h"
#include "workloads/trace_writer.h"

/* What all subcommands need to open a workload. */
typedef struct opened {
    vdc_document document;
    vdc_workload_context context;
    vdc_trace_report report;
    vdc_isolation_specs isolation;
    vdc_io_profiles io;
    vdc_memory_loads memory_loads;
    vdc_interference_profiles interference;
    int64_t capacity[VDC_RESOURCES]; /* of the scenario's datacenter */
    vdc_source *source;
    const vdc_workload_type *type; /* NULL: a mix */
} opened;

/* ---- opening ---- */

/* What to read, as all subcommands take it. */
typedef struct input_options {
    const char *format;
    vdc_cli_number seed;
    vdc_cli_list sets;
} input_options;

static vdc_code start(opened *work, vdc_diag *diag) {
    vdc_names **const tables[] = {&work->context.tenants, &work->context.groups, &work->context.gpu_models};
    work->context.report = &work->report;
    work->context.host_speed = INT64_C(1000000000);
    vdc_code code = VDC_OK;
    for (size_t i = 0; i < 3 && !code; i++) code = vdc_names_create(tables[i], diag);
    if (!code) code = vdc_isolation_specs_create(&work->isolation, diag);
    work->isolation.open = true; /* there are no hosts that would have the labels */
    work->context.isolation = &work->isolation;
    if (!code) code = vdc_io_profiles_create(&work->io, diag);
    work->io.open = true; /* nor networks, nor pools */
    work->context.io = &work->io;
    work->context.memory_loads = &work->memory_loads;
    if (!code) code = vdc_interference_profiles_create(&work->interference, diag);
    work->context.interference = &work->interference;
    work->context.has_memory = true;
    return code;
}

static void end(opened *work) {
    vdc_source_close(work->source);
    vdc_names_destroy(work->context.tenants);
    vdc_names_destroy(work->context.groups);
    vdc_names_destroy(work->context.gpu_models);
    vdc_isolation_specs_destroy(&work->isolation);
    vdc_io_profiles_destroy(&work->io);
    vdc_memory_loads_free(&work->memory_loads);
    vdc_interference_profiles_destroy(&work->interference);
    vdc_trace_report_clear(&work->report);
    vdc_document_close(&work->document);
    *work = (opened){0};
}

static bool ends_with(const char *text, const char *end) {
    const size_t length = strlen(text), size = strlen(end);
    return length >= size && strcmp(text + length - size, end) == 0;
}

static bool is_yaml(const char *path) {
    return ends_with(path, ".yaml") || ends_with(path, ".yml");
}

/* What a scenario says beside its workload: the seed, and, where it is a whole one, what its hosts and its end mean for what is read. */
static vdc_code take_settings(opened *work, const char *path, const input_options *options, vdc_diag *diag) {
    const vdc_node *root = work->document.root, *seed = vdc_node_get(root, "seed");
    int64_t value = (int64_t)options->seed.value;
    vdc_code code = VDC_OK;
    if (seed && !options->seed.given) code = vdc_node_integer(seed, VDC_DIM_COUNT, 0, INT64_MAX, &value, diag);
    work->context.seed = (uint64_t)value;
    if (code || !vdc_node_get(root, "datacenter")) return code;
    const vdc_run_options run = {.sets = options->sets.items, .set_count = options->sets.count, .has_seed = true, .seed = work->context.seed};
    vdc_workload_context whole;
    code = vdc_simulation_fleet(path, &run, &whole, work->capacity, diag);
    if (code) return code;
    work->context.host_speed = whole.host_speed;
    work->context.host_cpu = whole.host_cpu;
    work->context.slowest = whole.slowest;
    work->context.weight_most = whole.weight_most;
    work->context.horizon = whole.horizon;
    work->context.capacity = work->capacity;
    return VDC_OK;
}

/* The workload of a scenario, or of a file that holds only that section or `generate:`. */
static vdc_code open_scenario(opened *work, const char *path, const input_options *options, vdc_diag *diag) {
    static const char *const keys[] = {"trace", "generate", "vms"};
    vdc_code code = vdc_document_open(&work->document, path, NULL, options->sets.items, options->sets.count, diag);
    if (!code) code = take_settings(work, path, options, diag);
    const vdc_node *root = work->document.root, *workload = vdc_node_get(root, "workload");
    if (!workload) workload = root;
    vdc_source *sources[3];
    size_t count = 0;
    for (size_t i = 0; i < 3 && !code; i++) {
        const vdc_node *node = vdc_node_get(workload, keys[i]);
        if (!node) continue;
        code = i == 2 ? vdc_workload_inline(node, &work->context, &sources[count], diag)
                      : vdc_workload_open(node, &work->context, &sources[count], diag);
        if (!code) count++;
    }
    const vdc_place place = {path, 0, 0};
    if (!code && count == 0) code = vdc_fail(diag, VDC_ERROR_INPUT, &place, "there is no workload in it: trace, generate or vms");
    if (!code) return vdc_workload_merge(sources, count, &work->source, diag);
    for (size_t i = 0; i < count; i++) vdc_source_close(sources[i]);
    return code;
}

/* A trace by its path, format and options, as if a scenario had `trace: {format: …, path: …}`. */
static vdc_code open_trace(opened *work, const char *path, const input_options *options, vdc_diag *diag) {
    const char *format = options->format ? options->format : "vdcsim";
    const vdc_cli_list *sets = &options->sets;
    char *format_set = vdc_format("format=%s", format);
    const char **all = vdc_calloc(sets->count + 1, sizeof *all);
    char *quoted = vdc_calloc(2 * strlen(path) + 16, 1);
    vdc_code code = format_set && all && quoted ? VDC_OK : vdc_no_memory(diag, "options");
    if (!code) {
        all[0] = format_set;
        for (size_t i = 0; i < sets->count; i++) all[i + 1] = sets->items[i];
        char *to = quoted + sprintf(quoted, "path: '");
        for (const char *c = path; *c; c++) {
            if (*c == '\'') *to++ = '\'';
            *to++ = *c;
        }
        strcpy(to, "'\n");
        code = vdc_document_open(&work->document, "(command line)", quoted, all, sets->count + 1, diag);
    }
    if (!code) {
        work->type = vdc_workload_find(format);
        code = vdc_workload_open(work->document.root, &work->context, &work->source, diag);
    }
    vdc_free(quoted);
    vdc_free(all);
    vdc_free(format_set);
    return code;
}

/* *work is to be ended in any case. */
static vdc_code open_input(opened *work, const char *path, const input_options *options, vdc_diag *diag) {
    *work = (opened){.context = {.seed = options->seed.value}};
    const vdc_code code = start(work, diag);
    if (code) return code;
    return is_yaml(path) && !options->format ? open_scenario(work, path, options, diag) : open_trace(work, path, options, diag);
}

/* ---- info ---- */

typedef struct info_options {
    input_options input;
    bool json, no_loads;
} info_options;

#define FORMAT_OPTION(structure) \
    {.name = "format", .type = VDC_CLI_TEXT, .argument = "NAME", \
     .help = "the trace's format (default vdcsim); `trace formats` lists them", .offset = offsetof(structure, input.format)}
#define SET_OPTION(structure) \
    {.name = "set", .type = VDC_CLI_LIST, .argument = "KEY=VALUE", \
     .help = "an option of the format or of all traces: count=1000", .offset = offsetof(structure, input.sets)}
#define SEED_OPTION(structure) \
    {.name = "seed", .type = VDC_CLI_NUMBER, .argument = "N", .help = "for what is drawn (default: that of the file, else 0)", \
     .offset = offsetof(structure, input.seed), .maximum = INT64_MAX}
#define FORCE_OPTION(structure) \
    {.name = "force", .letter = 'f', .type = VDC_CLI_FLAG, .help = "replace files that exist", \
     .offset = offsetof(structure, force)}
#define OUTPUT_OPTION(structure) \
    {.name = "output", .letter = 'o', .type = VDC_CLI_PATH, .argument = "OUT", .help = "the trace to write: .h5 or .csv", \
     .offset = offsetof(structure, output)}
#define OPTIONS(table, structure) .options = table, .option_count = sizeof table / sizeof *table, .size = sizeof(structure)

static const vdc_cli_option info_table[] = {
    FORMAT_OPTION(info_options),
    SET_OPTION(info_options),
    SEED_OPTION(info_options),
    {.name = "no-loads", .type = VDC_CLI_FLAG, .help = "do not look at every segment of every load",
     .offset = offsetof(info_options, no_loads)},
    {.name = "json", .type = VDC_CLI_FLAG, .help = "one JSON object instead of text", .offset = offsetof(info_options, json)},
};

static double mean_of(const vdc_range *range) {
    return range->count ? (double)range->sum / (double)range->count : 0;
}

typedef struct shown_range {
    const char *name, *key, *unit;
    const vdc_range *range;
    double scale;
} shown_range;

enum { SHOWN_RANGES = 14 };
static size_t list_ranges(const vdc_workload_summary *summary, shown_range *shown) {
    const shown_range all[] = {
        {"arrival", "arrival_s", "s", &summary->arrival, 1e9},
        {"lifetime", "lifetime_s", "s", &summary->lifetime, 1e9},
        {"vCPUs", "vcpus", "", &summary->size[VDC_CPU], 1000},
        {"memory", "memory_bytes", "bytes", &summary->size[VDC_MEMORY], 1},
        {"disk", "disk_bytes", "bytes", &summary->size[VDC_DISK], 1},
        {"IOPS", "iops", "1/s", &summary->size[VDC_IOPS], 1},
        {"GPUs", "gpus", "", &summary->size[VDC_GPU], 1000},
        {"priority", "priority", "", &summary->priority, 1},
        {"segments a VM", "segments", "", &summary->segments, 1},
        {"segment duration", "segment_duration_s", "s", &summary->duration, 1e9},
        {"segment demand", "segment_demand_hz", "Hz", &summary->demand, 1},
        {"length of load", "load_length_s", "s", &summary->load_length, 1e9},
    };
    size_t count = 0;
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (all[i].range->count > 0) shown[count++] = all[i];
    return count;
}

static const char *how_read(const opened *work) {
    if (work->report.indexed) return "indexed first: its order is not that of arrivals";
    return work->type && !work->type->streams ? "sorted first: its order is not that of arrivals"
        : "streams: memory does not grow with it";
}

static void print_info(const opened *work, const vdc_workload_summary *summary) {
    shown_range shown[SHOWN_RANGES];
    const size_t ranges = list_ranges(summary, shown);
    if (work->type) printf("%-18s %s: %s\n", "format", work->type->name, work->type->summary);
    printf("%-18s %s\n", "reading", how_read(work));
    printf("%-18s %" PRIu64 "\n", "VMs", summary->vms);
    printf("%-18s %" PRIu64 ", the others end with their load or stay\n", "with a lifetime", summary->with_lifetime);
    printf("%-18s %" PRIu64 "%s\n", "with a load", summary->with_load, summary->endless_loads ? ", some without an end" : "");
    if (summary->with_gpu) printf("%-18s %" PRIu64 "\n", "with GPUs", summary->with_gpu);
    printf("%-18s %" PRIu64 " tenants, %" PRIu64 " groups\n", "owners", summary->tenants, summary->groups);
    printf("\n%-18s %16s %16s %16s\n", "", "smallest", "mean", "largest");
    for (size_t i = 0; i < ranges; i++)
        printf("%-18s %16.10g %16.10g %16.10g %s\n", shown[i].name, (double)shown[i].range->minimum / shown[i].scale,
               mean_of(shown[i].range) / shown[i].scale, (double)shown[i].range->maximum / shown[i].scale, shown[i].unit);
    if (work->report.odd_count) printf("\nodd, but legal:\n");
    for (size_t i = 0; i < work->report.odd_count; i++) {
        printf("%10" PRIu64 "  %s", work->report.odd[i].count, work->report.odd[i].what);
        if (work->report.odd[i].first_line) printf(" (first at line %d)", work->report.odd[i].first_line);
        printf("\n");
    }
    if (work->report.skipped) printf("\n%10" PRIu64 "  malformed rows left out (on_error: skip):\n", work->report.skipped);
    for (size_t i = 0; i < work->report.message_count; i++) printf("%12s%s\n", "", work->report.messages[i]);
}

static void print_json(const opened *work, const vdc_workload_summary *summary) {
    shown_range shown[SHOWN_RANGES];
    const size_t ranges = list_ranges(summary, shown);
    vdc_json json = {.out = stdout, .indent = true};
    vdc_json_open(&json, '{');
    vdc_json_put_text(&json, "format", work->type ? work->type->name : NULL);
    vdc_json_put_bool(&json, "streams", !work->report.indexed && (!work->type || work->type->streams));
    vdc_json_put_integer(&json, "vms", (int64_t)summary->vms);
    vdc_json_put_integer(&json, "with_lifetime", (int64_t)summary->with_lifetime);
    vdc_json_put_integer(&json, "with_load", (int64_t)summary->with_load);
    vdc_json_put_integer(&json, "endless_loads", (int64_t)summary->endless_loads);
    vdc_json_put_integer(&json, "with_gpu", (int64_t)summary->with_gpu);
    vdc_json_put_integer(&json, "tenants", (int64_t)summary->tenants);
    vdc_json_put_integer(&json, "groups", (int64_t)summary->groups);
    for (size_t i = 0; i < ranges; i++) {
        vdc_json_key(&json, shown[i].key);
        vdc_json_open(&json, '{');
        vdc_json_put_real(&json, "min", (double)shown[i].range->minimum / shown[i].scale);
        vdc_json_put_real(&json, "mean", mean_of(shown[i].range) / shown[i].scale);
        vdc_json_put_real(&json, "max", (double)shown[i].range->maximum / shown[i].scale);
        vdc_json_put_real(&json, "sum", (double)shown[i].range->sum / shown[i].scale);
        vdc_json_close(&json, '}');
    }
    vdc_json_key(&json, "odd");
    vdc_json_open(&json, '{');
    for (size_t i = 0; i < work->report.odd_count; i++)
        vdc_json_put_integer(&json, work->report.odd[i].what, (int64_t)work->report.odd[i].count);
    vdc_json_close(&json, '}');
    vdc_json_put_integer(&json, "skipped", (int64_t)work->report.skipped);
    vdc_json_close(&json, '}');
    vdc_json_end(&json);
}

static int run_info(const void *given, const vdc_cli_arguments *arguments) {
    const info_options *options = given;
    vdc_diag diag = {0};
    opened work;
    vdc_workload_summary summary;
    vdc_code code = open_input(&work, arguments->items[0], &options->input, &diag);
    if (!code) code = vdc_workload_summarise(work.source, !options->no_loads, &summary, &diag);
    if (!code) {
        if (options->json) print_json(&work, &summary);
        else print_info(&work, &summary);
    }
    end(&work);
    return vdc_cli_finish(&diag, code);
}

static const vdc_command info_command = {
    .name = "info",
    .summary = "counts, ranges and what is odd about a trace",
    .details = "PATH is a file or folder in the format given, or a scenario, whose workload is then looked at.",
    .syntax = {.arguments = "PATH|SCENARIO.yaml", .minimum = 1, .maximum = 1, OPTIONS(info_table, info_options)},
    .run = run_info,
};

/* ---- generate, import, convert ---- */

typedef struct write_options {
    input_options input;
    const char *output;
    bool force;
} write_options;

/* "t.csv" -> "t.segments.csv", in fresh memory. */
static char *segments_path(const char *path) {
    const size_t length = strlen(path) - (ends_with(path, ".csv") ? 4 : 0);
    return vdc_format("%.*s.segments.csv", (int)length, path);
}

/* Reads the input twice: which columns there are, then the rows. */
static vdc_code write_csv(const char *input, const write_options *options, vdc_diag *diag) {
    opened work;
    vdc_workload_summary summary;
    vdc_code code = open_input(&work, input, &options->input, diag);
    if (!code) code = vdc_workload_summarise(work.source, false, &summary, diag);
    end(&work);
    if (code) return code;
    char *segments = summary.with_load ? segments_path(options->output) : NULL;
    vdc_trace_writer *writer = NULL;
    code = summary.with_load && !segments ? vdc_no_memory(diag, "a path")
                                          : open_input(&work, input, &options->input, diag);
    const vdc_trace_target target = {.path = options->output, .segments_path = segments, .force = options->force,
                                     .columns = summary.columns, .context = &work.context};
    uint64_t count = 0;
    if (!code) code = vdc_native_csv_create(&writer, &target, diag);
    if (!code) code = vdc_trace_copy(work.source, writer, &count, diag);
    if (!code) code = writer->operations->finish(writer, diag);
    if (writer) writer->operations->close(writer);
    end(&work);
    if (!code) {
        fprintf(stderr, "%s: %" PRIu64 " VMs\n", options->output, count);
        if (segments) fprintf(stderr, "%s: their loads; read both with `segments: %s`\n", segments, segments);
    }
    vdc_free(segments);
    return code;
}

static vdc_code write_hdf5(const char *input, const write_options *options, vdc_diag *diag) {
    opened work;
    vdc_trace_writer *writer = NULL;
    uint64_t count = 0;
    vdc_code code = open_input(&work, input, &options->input, diag);
    const vdc_trace_target target = {.path = options->output, .force = options->force, .context = &work.context};
    if (!code) code = vdc_native_hdf5_create(&writer, &target, diag);
    if (!code) code = vdc_trace_copy(work.source, writer, &count, diag);
    if (!code) code = writer->operations->finish(writer, diag);
    if (writer) writer->operations->close(writer);
    end(&work);
    if (!code) fprintf(stderr, "%s: %" PRIu64 " VMs\n", options->output, count);
    return code;
}

/* By the name's end, as CSV or HDF5. */
static vdc_code write_trace(const char *input, const write_options *options, vdc_diag *diag) {
    const char *output = options->output;
    if (!output) return vdc_fail(diag, VDC_ERROR_INPUT, NULL, "-o OUT is wanted: the trace to write");
    const vdc_code code = vdc_file_spare(output, input, diag);
    if (code) return code;
    if (ends_with(output, ".csv")) return write_csv(input, options, diag);
    if (ends_with(output, ".h5") || ends_with(output, ".hdf5")) return write_hdf5(input, options, diag);
    return vdc_fail(diag, VDC_ERROR_INPUT, NULL, "%s: a name that ends in .h5 or .csv is wanted", output);
}

static int run_write(const void *given, const vdc_cli_arguments *arguments) {
    vdc_diag diag = {0};
    return vdc_cli_finish(&diag, write_trace(arguments->items[0], given, &diag));
}

static const vdc_cli_option generate_table[] = {OUTPUT_OPTION(write_options), FORCE_OPTION(write_options),
                                                SEED_OPTION(write_options), SET_OPTION(write_options)};
static const vdc_cli_option import_table[] = {FORMAT_OPTION(write_options), OUTPUT_OPTION(write_options),
                                              FORCE_OPTION(write_options),
                                              SEED_OPTION(write_options), SET_OPTION(write_options)};

static const vdc_command generate_command = {
    .name = "generate",
    .summary = "writes down as a native trace what a generator makes",
    .details = "SPEC.yaml is a scenario, or a file with `generate:` alone.",
    .syntax = {.arguments = "SPEC.yaml", .minimum = 1, .maximum = 1, OPTIONS(generate_table, write_options)},
    .run = run_write,
};

static const vdc_command import_command = {
    .name = "import",
    .summary = "turns a trace of any format into a native one",
    .details = "PATH is a file or folder in the format given. A native trace streams, whatever the order of the original.",
    .syntax = {.arguments = "PATH", .minimum = 1, .maximum = 1, OPTIONS(import_table, write_options)},
    .run = run_write,
};

static const vdc_command convert_command = {
    .name = "convert",
    .summary = "turns a native trace from CSV into HDF5 or back",
    .syntax = {.arguments = "IN", .minimum = 1, .maximum = 1, OPTIONS(generate_table, write_options)},
    .run = run_write,
};

/* ---- formats ---- */

static int run_formats(const void *given, const vdc_cli_arguments *arguments) {
    (void)given, (void)arguments;
    for (size_t i = 0; vdc_workload_types[i]; i++) {
        const vdc_workload_type *type = vdc_workload_types[i];
        if (type->generates) continue;
        printf("%-20s %s%s\n", type->name, type->summary, type->streams ? "" : " (sorted or indexed first)");
        for (size_t k = 0; k < type->param_count; k++)
            printf("    %-20s %s%s%s\n", type->params[k].name, type->params[k].help, type->params[k].fallback ? "; default " : "",
                   type->params[k].fallback ? type->params[k].fallback : "");
    }
    return VDC_EXIT_DONE;
}

static const vdc_command formats_command = {
    .name = "formats",
    .summary = "the trace formats that can be read, and their options",
    .syntax = {.arguments = ""},
    .run = run_formats,
};

static const vdc_command *const subcommands[] = {&info_command, &import_command, &generate_command, &convert_command,
                                                 &formats_command, NULL};

const vdc_command vdc_command_trace = {
    .name = "trace",
    .summary = "public trace formats in, native traces out",
    .subcommands = subcommands,
};
