/* Reading a scenario: see scenario.h. The tree comes from document.c, the tables from sections.c, the hosts from hosts.c. */
#include "sim/base/file.h"
#include "sim/base/memory.h"
#include "schedulers/registry.h"
#include "sim/scenario/reading.h"
#include "sim/base/yaml.h"
#include "models/priority.h"
#include "workloads/workload.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

const char *const vdc_scenario_default_policies[VDC_SCHEDULERS] = {
    [VDC_ADMISSION] = "fifo", [VDC_PLACEMENT] = "first-fit", [VDC_CPU_SHARING] = "fair-share", [VDC_REBALANCE] = "none",
};

void vdc_reading_note(vdc_reading *reading, vdc_code code) {
    if (!reading->code) reading->code = code;
}

void vdc_reading_fail(vdc_reading *reading, const vdc_node *node, const char *format, ...) {
    va_list arguments;
    char text[400];
    va_start(arguments, format);
    (void)vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    vdc_reading_note(reading, vdc_fail(reading->diag, VDC_ERROR_INPUT, node ? &node->place : NULL, "%s", text));
}

void vdc_reading_path(vdc_reading *reading, const vdc_node *node) {
    if (!node || node->kind != VDC_NODE_SCALAR) return;
    if (VDC_RESERVE(reading->paths, reading->path_capacity, reading->path_count + 1))
        reading->paths[reading->path_count++] = node;
    else vdc_reading_note(reading, vdc_no_memory(reading->diag, "the scenario's paths"));
}

/* Notes the paths among the values that a table describes. */
static void note_paths(vdc_reading *reading, const vdc_node *node, const vdc_param *params, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (params[i].type == VDC_PARAM_PATH) vdc_reading_path(reading, vdc_node_get(node, params[i].name));
}

bool vdc_reading_section(vdc_reading *reading, vdc_section_id section, const vdc_node *node, const char *const *also, void *out) {
    const vdc_scenario_section *row = &vdc_scenario_sections[section];
    vdc_code code = vdc_params_read(node, row->params, row->count, out, also, *row->path ? row->path : "scenario", reading->diag);
    vdc_reading_note(reading, code);
    note_paths(reading, node, row->params, row->count);
    return !code;
}

const char *vdc_reading_resolve(vdc_reading *reading, const vdc_node *node) {
    if (!node) return NULL;
    char *path = vdc_path_resolve(node->place.file, node->text);
    const char *kept = path ? vdc_arena_strdup(reading->arena, path) : NULL;
    vdc_free(path);
    if (!kept) vdc_reading_note(reading, vdc_no_memory(reading->diag, "a path"));
    return kept;
}

bool vdc_reading_is_list(vdc_reading *reading, const vdc_node *node, const char *what) {
    if (node->kind == VDC_NODE_SEQUENCE) return true;
    char buffer[96];
    vdc_reading_fail(reading, node, "%s: found %s; allowed: %s", node->key ? node->key : "list",
                     vdc_node_describe(node, buffer, sizeof buffer), what);
    return false;
}

const char *vdc_reading_readable(vdc_reading *reading, const vdc_node *node) {
    const char *path = vdc_reading_resolve(reading, node);
    if (!path || access(path, R_OK) == 0) return path;
    char reason[128];
    vdc_reading_fail(reading, node, "%s: the file '%.200s' cannot be read: %s", node->key, path,
                     strerror_r(errno, reason, sizeof reason));
    return NULL;
}

/* The file's name without folder and ending, where a run is not named. */
static const char *default_name(vdc_reading *reading, const char *path) {
    const char *slash = strrchr(path, '/'), *base = slash ? slash + 1 : path, *dot = strrchr(base, '.');
    bool ends = dot && dot > base && (strcmp(dot, ".yaml") == 0 || strcmp(dot, ".yml") == 0);
    const char *name = vdc_arena_strndup(reading->arena, base, ends ? (size_t)(dot - base) : strlen(base));
    if (!name) vdc_reading_note(reading, vdc_no_memory(reading->diag, "the scenario's name"));
    return name && *name && *name != '.' ? name : "scenario";
}

/* The name becomes a file's name. */
static bool is_file_name(const char *name) {
    if (!*name || *name == '.' || strlen(name) > 200) return false;
    for (const char *c = name; *c; c++)
        if ((unsigned char)*c < ' ' || *c == 0x7f || *c == '/') return false;
    return true;
}

static void read_time(vdc_reading *reading, const vdc_node *node) {
    vdc_scenario *scenario = reading->scenario;
    vdc_section_time time;
    (void)vdc_reading_section(reading, VDC_SECTION_TIME, node, NULL, &time); /* where a value is wrong its default stands */
    const vdc_node *start = vdc_node_get(node, "start"), *end = vdc_node_get(node, "end");
    scenario->tick = time.tick;
    const char *wrong = time.start ? vdc_parse_datetime(time.start, &scenario->start) : NULL;
    if (wrong) vdc_reading_fail(reading, start, "time: start: found '%.60s', which %s", time.start, wrong);
    scenario->has_start = time.start && !wrong;
    scenario->end_rule = VDC_END_LAST_VM;
    if (!strcmp(time.end, "last-arrival")) scenario->end_rule = VDC_END_LAST_ARRIVAL;
    if (!strcmp(time.end, "last-arrival") || !strcmp(time.end, "last-vm")) return;
    static const char *const words[] = {"last-vm", "last-arrival", NULL};
    const char *nearest = vdc_nearest(time.end, words);
    scenario->end_rule = VDC_END_DURATION;
    wrong = vdc_parse_integer(time.end, VDC_DIM_TIME, &scenario->end);
    if (!wrong && scenario->end < 0) wrong = "is negative";
    if (wrong)
        vdc_reading_fail(reading, end, "time: end: found '%.60s', which %s%s%s%s; allowed: last-vm, last-arrival or %s", time.end,
                         wrong, nearest ? " (did you mean '" : "", nearest ? nearest : "", nearest ? "'?)" : "",
                         vdc_dimension_help(VDC_DIM_TIME));
}

/* Paths of a section that another module reads: by its table, and by the keys that all traces and generators share. */
static void note_workload_paths(vdc_reading *reading, const vdc_node *node, const char *type_name) {
    const vdc_workload_type *type = type_name ? vdc_workload_find(type_name) : NULL;
    if (type) note_paths(reading, node, type->params, type->param_count);
    static const char *const shared[] = {"path", "order", "file"};
    for (size_t i = 0; i < sizeof shared / sizeof shared[0]; i++) {
        const vdc_node *child = vdc_node_get(node, shared[i]);
        bool noted = reading->path_count > 0 && child && reading->paths[reading->path_count - 1] == child;
        if (!noted) vdc_reading_path(reading, child);
    }
    for (size_t i = 0; i < node->count; i++) note_workload_paths(reading, node->children[i], NULL);
}

/* Does the scenario have what may end VMs, or turn them away, before they end by themselves? */
static bool ends_early(const vdc_node *root) {
    static const char *const keys[] = {"operations", "failures", "schedulers.admission.preemption", "schedulers.admission.timeout",
                                       "schedulers.admission.queue_limit"};
    bool found = false;
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) found = found || vdc_node_find(root, keys[i]);
    return found;
}

/* The VMs (of the scenario, or of an attacker) are read once here, so that their errors are told with all others. */
static void check_vms(vdc_reading *reading, const vdc_node *list, const char *attacker) {
    vdc_names *names[3] = {NULL, NULL, NULL};
    vdc_code code = VDC_OK;
    for (int i = 0; i < 3 && !code; i++) code = vdc_names_create(&names[i], reading->diag);
    const vdc_workload_context context = {.tenants = names[0],
                                          .groups = names[1],
                                          .gpu_models = names[2],
                                          .seed = reading->scenario->seed,
                                          .checks_ids = !ends_early(reading->scenario->root),
                                          .host_speed = 1000000000};
    vdc_source *source = NULL;
    if (!code && attacker) code = vdc_workload_launches(list, attacker, &context, &source, reading->diag);
    else if (!code) code = vdc_workload_inline(list, &context, &source, reading->diag);
    vdc_source_close(source);
    for (int i = 0; i < 3; i++) vdc_names_destroy(names[i]);
    vdc_reading_note(reading, code);
}

static void read_workload(vdc_reading *reading, const vdc_node *node) {
    vdc_scenario *scenario = reading->scenario;
    vdc_section_workload workload;
    if (!vdc_reading_section(reading, VDC_SECTION_WORKLOAD, node, NULL, &workload)) return;
    scenario->trace = workload.trace;
    scenario->generate = workload.generate;
    scenario->vms = workload.vms;
    if (!workload.trace && !workload.generate && !workload.vms)
        vdc_reading_fail(reading, node, "workload: is empty; allowed: trace, generate, vms, or any mix");
    if (workload.trace) {
        const vdc_node *format = vdc_node_get(workload.trace, "format");
        note_workload_paths(reading, workload.trace, format && format->kind == VDC_NODE_SCALAR ? format->text : NULL);
        vdc_reading_note(reading, vdc_workload_check(workload.trace, reading->diag));
    }
    if (workload.generate) {
        note_workload_paths(reading, workload.generate, "generate");
        vdc_reading_note(reading, vdc_workload_check(workload.generate, reading->diag));
    }
    if (workload.vms) check_vms(reading, workload.vms, NULL);
}

static void read_attack(vdc_reading *reading, const vdc_node *node) {
    vdc_scenario *scenario = reading->scenario;
    vdc_section_attack attack;
    if (!node || !vdc_reading_section(reading, VDC_SECTION_ATTACK, node, NULL, &attack)) return;
    if (attack.tenant[0] == 0) vdc_reading_fail(reading, vdc_node_get(node, "tenant"), "attack: tenant: found an empty name; allowed: a name");
    if (vdc_reading_is_list(reading, attack.targets, "a list of tenants") && attack.targets->count == 0)
        vdc_reading_fail(reading, attack.targets, "attack: targets: found an empty list; allowed: one tenant or more");
    for (size_t i = 0; attack.targets->kind == VDC_NODE_SEQUENCE && i < attack.targets->count; i++) {
        const char *target;
        vdc_code code = vdc_node_text(attack.targets->children[i], &target, reading->diag);
        vdc_reading_note(reading, code);
        if (!code && strcmp(target, attack.tenant) == 0)
            vdc_reading_fail(reading, attack.targets->children[i], "attack: targets: found '%.60s', the attacker itself; allowed: other tenants", target);
    }
    check_vms(reading, attack.launches, attack.tenant);
    scenario->attacker = attack.tenant;
    scenario->targets = attack.targets;
    scenario->launches = attack.launches;
}

static void read_preemption(vdc_reading *reading, const vdc_node *node) {
    vdc_preemption *preemption = &reading->scenario->preemption;
    vdc_section_preemption section;
    if (!node || !vdc_reading_section(reading, VDC_SECTION_PREEMPTION, node, NULL, &section)) return;
    *preemption = (vdc_preemption){.wanted = true, .rule = section.victim, .notice = section.notice, .restart = section.restart};
    if (!section.classes || !vdc_reading_is_list(reading, section.classes, "a list of priorities")) return;
    if (section.classes->count > VDC_PREEMPTION_CLASSES) {
        vdc_reading_fail(reading, section.classes, "schedulers.admission.preemption: classes: found %zu; allowed: at most %d",
                         section.classes->count, VDC_PREEMPTION_CLASSES);
        return;
    }
    for (size_t i = 0; i < section.classes->count; i++) {
        const vdc_node *class = section.classes->children[i];
        const char *text = class->kind == VDC_NODE_SCALAR ? class->text : "";
        if (vdc_priority_parse(text, text + strlen(text), &preemption->classes[preemption->class_count])) {
            preemption->class_count++;
            continue;
        }
        char found[96];
        vdc_reading_fail(reading, class, "schedulers.admission.preemption: classes: found %s; allowed: low, normal, high or an integer",
                         vdc_node_describe(class, found, sizeof found));
    }
}

/* The keys of the admission section that are not the policy's own: they are read from a mapping of these alone. */
static void read_admission(vdc_reading *reading, const vdc_node *node) {
    vdc_scenario *scenario = reading->scenario;
    vdc_section_admission admission;
    vdc_node *children[8];
    vdc_node own = {.kind = VDC_NODE_MAPPING, .children = children};
    if (node) own.place = node->place;
    for (size_t i = 0; vdc_admission_keys[i]; i++) {
        const vdc_node *child = vdc_node_get(node, vdc_admission_keys[i]);
        if (child) children[own.count++] = (vdc_node *)child;
    }
    vdc_reading_section(reading, VDC_SECTION_ADMISSION, &own, NULL, &admission);
    scenario->admission_timeout = admission.timeout;
    scenario->admission_queue_limit = admission.queue_limit;
    scenario->admission_retry = admission.retry;
    read_preemption(reading, admission.preemption);
}

static void read_schedulers(vdc_reading *reading, const vdc_node *node) {
    vdc_section_schedulers schedulers;
    vdc_reading_section(reading, VDC_SECTION_SCHEDULERS, node, NULL, &schedulers);
    for (int kind = 0; kind < VDC_SCHEDULERS; kind++) {
        const vdc_node *chosen = schedulers.kinds[kind];
        reading->scenario->policies[kind] = chosen;
        vdc_policy_instance instance;
        vdc_code code = vdc_policy_open((vdc_policy_kind)kind, chosen, vdc_scenario_default_policies[kind],
                                        kind == VDC_ADMISSION ? vdc_admission_keys : NULL, &instance, reading->diag);
        vdc_reading_note(reading, code);
        if (code) continue;
        note_paths(reading, chosen, instance.policy->params, instance.policy->param_count);
        vdc_policy_close(&instance);
    }
    read_admission(reading, schedulers.kinds[VDC_ADMISSION]);
}

static void read_power(vdc_reading *reading, const vdc_node *node) {
    vdc_scenario *scenario = reading->scenario;
    vdc_section_power power;
    vdc_section_carbon carbon;
    vdc_reading_section(reading, VDC_SECTION_POWER, node, NULL, &power);
    scenario->empty_host_off = power.empty_host == 1;
    scenario->standby = power.empty_host == 2;
    scenario->off_after = power.off_after;
    scenario->shutdown = power.shutdown;
    scenario->boot = power.boot;
    scenario->spare = power.spare;
    scenario->down_host_idle = power.down_host == 1;
    scenario->pue = power.pue;
    if (!power.carbon || !vdc_reading_section(reading, VDC_SECTION_CARBON, power.carbon, NULL, &carbon)) return;
    const vdc_node *trace = vdc_node_get(power.carbon, "trace");
    if (!scenario->has_start) vdc_reading_fail(reading, trace, "power.carbon: trace: needs time.start, the date and time of clock 0");
    const char *path = vdc_reading_readable(reading, trace);
    if (path) vdc_reading_note(reading, vdc_carbon_read(path, &scenario->inputs, &scenario->carbon, reading->diag));
}

static void read_alarms(vdc_reading *reading, const vdc_node *node) {
    vdc_scenario *scenario = reading->scenario;
    vdc_section_alarms alarms;
    if (!vdc_reading_section(reading, VDC_SECTION_ALARMS, node, NULL, &alarms)) return;
    scenario->has_alarms = node != NULL;
    scenario->alarm_ready = alarms.ready;
    scenario->alarm_memory = alarms.memory;
    scenario->alarm_unavailability = alarms.unavailability;
    scenario->alarm_soft_rules = alarms.soft_rules;
}

static void read_output(vdc_reading *reading, const vdc_node *node) {
    vdc_scenario *scenario = reading->scenario;
    vdc_section_output output;
    vdc_reading_section(reading, VDC_SECTION_OUTPUT, node, NULL, &output);
    scenario->output_ticks = output.ticks;
    scenario->output_events = output.events;
    scenario->output_fairness = output.fairness;
    scenario->output_hosts = (vdc_output_level)output.hosts;
    scenario->output_vms = (vdc_output_level)output.vms;
}

static void read_all(vdc_reading *reading, const vdc_node *root) {
    vdc_scenario *scenario = reading->scenario;
    vdc_section_top top;
    vdc_reading_section(reading, VDC_SECTION_TOP, root, NULL, &top);
    vdc_reading_refuse_later(reading, root);
    scenario->seed = (uint64_t)top.seed;
    scenario->name = top.name ? top.name : default_name(reading, scenario->path);
    if (!is_file_name(scenario->name))
        vdc_reading_fail(reading, vdc_node_get(root, "name"), "name: is not fit to name a file: 1 to 200 characters, no '/', "
                                                             "no '.' in front, no control characters");
    read_time(reading, top.time);
    if (top.datacenter) vdc_reading_datacenter(reading, top.datacenter);
    if (top.networks) vdc_reading_networks(reading, top.networks);
    scenario->operations = top.operations;
    if (top.workload) read_workload(reading, top.workload);
    read_schedulers(reading, top.schedulers);
    vdc_reading_failures(reading, top.failures);
    bool moves = scenario->warning_migrates || (scenario->maintenance.wanted && scenario->maintenance.drain == VDC_DRAIN_MIGRATE);
    scenario->has_lifecycle = top.lifecycle || top.migration || moves;
    vdc_reading_section(reading, VDC_SECTION_LIFECYCLE, top.lifecycle, NULL, &scenario->lifecycle);
    vdc_reading_section(reading, VDC_SECTION_MIGRATION, top.migration, NULL, &scenario->migration);
    scenario->has_memory = top.memory != NULL;
    vdc_reading_section(reading, VDC_SECTION_MEMORY, top.memory, NULL, &scenario->pressure);
    if (scenario->pressure.low > scenario->pressure.high)
        vdc_reading_fail(reading, top.memory, "memory: low is above high; allowed: at most high");
    read_power(reading, top.power);
    vdc_reading_prices(reading, top.prices);
    scenario->isolation = top.isolation;
    read_attack(reading, top.attack);
    read_alarms(reading, top.alarms);
    read_output(reading, top.output);
}

/* For the merged text: a path as it is written from the scenario's folder. */
static const char *rename_path(void *context, const vdc_node *scalar) {
    vdc_reading *reading = context;
    for (size_t i = 0; i < reading->path_count; i++) {
        if (reading->paths[i] != scalar) continue;
        const char *path = vdc_reading_resolve(reading, scalar);
        return path ? vdc_path_relative(reading->scenario->inputs.folder, path) : NULL;
    }
    return NULL;
}

/* The text that stands for the scenario, and its digest. */
static void keep_text(vdc_reading *reading, const vdc_document *document) {
    vdc_scenario *scenario = reading->scenario;
    scenario->text = document->text;
    if (document->merged) {
        char *merged = vdc_yaml_emit(document->root, rename_path, reading);
        scenario->text = merged ? vdc_arena_strdup(reading->arena, merged) : NULL;
        vdc_free(merged);
    }
    if (!scenario->text) {
        vdc_reading_note(reading, vdc_no_memory(reading->diag, "the scenario's text"));
        return;
    }
    vdc_digest digest;
    vdc_digest_start(&digest);
    vdc_digest_add(&digest, scenario->text, strlen(scenario->text));
    vdc_digest_end(&digest, scenario->sha256);
}

/* Opens the document with the overlays of the options; the seed is one more. */
static vdc_code open_document(vdc_document *document, const char *path, const vdc_scenario_options *options, vdc_diag *diag) {
    size_t count = options->set_count;
    const char **sets = vdc_calloc(count + 1, sizeof *sets);
    char *seed = options->has_seed ? vdc_format("seed=%" PRIu64, options->seed) : NULL;
    vdc_code code = VDC_OK;
    if (!sets || (options->has_seed && !seed)) code = vdc_no_memory(diag, "the scenario's overlays");
    for (size_t i = 0; !code && i < count; i++) sets[i] = options->sets[i];
    if (!code && seed) sets[count++] = seed;
    if (!code) code = vdc_document_open(document, path, options->text, sets, count, diag);
    vdc_free(sets);
    vdc_free(seed);
    return code;
}

/* Scenario, memory and folder; NULL when memory is out. */
static vdc_scenario *create(const char *path) {
    vdc_scenario *scenario = vdc_calloc(1, sizeof *scenario);
    struct vdc_scenario_memory *memory = scenario ? vdc_calloc(1, sizeof *memory) : NULL;
    if (!memory) {
        vdc_free(scenario);
        return NULL;
    }
    scenario->memory = memory;
    const char *slash = strrchr(path, '/');
    scenario->path = vdc_arena_strdup(&memory->arena, path);
    scenario->inputs.folder = slash ? vdc_strndup(path, slash > path ? (size_t)(slash - path) : 1) : NULL;
    if (scenario->path && (!slash || scenario->inputs.folder)) return scenario;
    vdc_scenario_close(scenario);
    return NULL;
}

/* Before anything is read: a plug-in is loaded when its parameters are. */
static vdc_code refuse_programs(const vdc_node *root, vdc_diag *diag) {
    const vdc_node *program = vdc_policy_find_program(root);
    if (!program) return VDC_OK;
    return vdc_fail(diag, VDC_ERROR_INPUT, &program->place, "the policy %s runs what the file names; --programs allows that for files that you trust",
                    program->text);
}

vdc_code vdc_scenario_open(vdc_scenario **out, const char *path, const vdc_scenario_options *options, vdc_diag *diag) {
    static const vdc_scenario_options plain = {0};
    *out = NULL;
    vdc_scenario *scenario = create(path);
    if (!scenario) return vdc_no_memory(diag, "a scenario");
    vdc_document *document = &scenario->memory->document;
    vdc_reading reading = {.scenario = scenario, .arena = &scenario->memory->arena, .diag = diag};
    if (!options) options = &plain;
    reading.code = open_document(document, path, options, diag);
    if (!reading.code && options->no_programs) reading.code = refuse_programs(document->root, diag);
    if (!reading.code) {
        scenario->root = document->root;
        read_all(&reading, document->root);
    }
    if (!reading.code) keep_text(&reading, document);
    vdc_free(reading.paths);
    if (reading.code) vdc_scenario_close(scenario);
    else *out = scenario;
    return reading.code;
}

bool vdc_scenario_reads(const vdc_scenario *scenario, const char *path) {
    const vdc_document *document = &scenario->memory->document;
    const vdc_inputs *inputs = &scenario->inputs;
    struct stat status;
    bool found = false;
    if (stat(path, &status) != 0 || !S_ISREG(status.st_mode)) return false;
    for (size_t i = 0; i < document->file_count && !found; i++)
        found = document->devices[i] == status.st_dev && document->inodes[i] == status.st_ino;
    for (size_t i = 0; i < inputs->count && !found; i++) {
        const char *name = inputs->items[i].name;
        char *input = name[0] == '/' || !inputs->folder ? NULL : vdc_format("%s/%s", inputs->folder, name);
        found = vdc_file_same(path, input ? input : name);
        vdc_free(input);
    }
    return found;
}

void vdc_scenario_close(vdc_scenario *scenario) {
    if (!scenario) return;
    vdc_series_free(&scenario->carbon);
    vdc_series_free(&scenario->energy_price);
    vdc_failures_free(&scenario->failures);
    vdc_inputs_clear(&scenario->inputs);
    vdc_document_close(&scenario->memory->document);
    vdc_arena_free(&scenario->memory->arena);
    vdc_free(scenario->memory);
    vdc_free(scenario);
}
