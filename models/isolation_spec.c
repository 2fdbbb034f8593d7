/* See isolation_spec.h. */
#include "models/isolation_spec.h"

#include <errno.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* As written, before names become bits. */
typedef struct written {
    vdc_isolation_spec spec;
    int threads_choice, core_isolate;
    bool pin;
    const vdc_node *label, *requires, *tolerates;
    int64_t numa;
} written;

static const char *const isolate_words[] = {"none", "prefer", "isolate", NULL};

#define AT(member) .offset = offsetof(written, member)
const vdc_param vdc_isolation_spec_params[] = {
    {.name = "pin", .type = VDC_PARAM_BOOL, .fallback = "false", AT(pin), .help = "a hardware thread of its own for each vCPU"},
    {.name = "core_isolate", .type = VDC_PARAM_CHOICE, .choices = isolate_words, .fallback = "none", AT(core_isolate),
     .help = "whole cores: prefer = as few as hold its vCPUs, isolate = one for each vCPU"},
    {.name = "core_scheduling", .type = VDC_PARAM_BOOL, .fallback = "false", AT(spec.core_scheduling),
     .help = "siblings of a core never run another trust domain"},
    {.name = "dedicated_host", .type = VDC_PARAM_BOOL, .fallback = "false", AT(spec.dedicated_host),
     .help = "no other trust domain on its host"},
    {.name = "label", .type = VDC_PARAM_NODE, AT(label), .help = "{level, categories}: its place in the label lattice"},
    {.name = "require", .type = VDC_PARAM_NODE, AT(requires), .help = "{key: value}: labels that its host must have"},
    {.name = "tolerate", .type = VDC_PARAM_NODE, AT(tolerates), .help = "a list of host taints that it bears"},
    {.name = "llc_ways", .type = VDC_PARAM_INTEGER, .fallback = "0", AT(spec.llc_ways), .help = "ways of the last-level cache of its own"},
    {.name = "memory_bandwidth", .type = VDC_PARAM_INTEGER, .dimension = VDC_DIM_BYTE_RATE, .fallback = "0", AT(spec.memory_bandwidth),
     .help = "memory bandwidth of its own"},
    {.name = "numa", .type = VDC_PARAM_INTEGER, .fallback = "0", .maximum = 64, AT(numa), .help = "NUMA nodes that hold it, 0 = any"},
};
const size_t vdc_isolation_spec_param_count = sizeof vdc_isolation_spec_params / sizeof *vdc_isolation_spec_params;

vdc_code vdc_isolation_specs_create(vdc_isolation_specs *specs, vdc_diag *diag) {
    *specs = (vdc_isolation_specs){0};
    vdc_code code = vdc_names_create(&specs->labels, diag);
    if (!code) code = vdc_names_create(&specs->categories, diag);
    if (!code && !VDC_RESERVE(specs->items, specs->capacity, 1)) code = vdc_no_memory(diag, "isolation");
    if (code) return code;
    memset(&specs->items[specs->count++], 0, sizeof *specs->items); /* padding too: entries are compared as bytes */
    return VDC_OK;
}

void vdc_isolation_specs_destroy(vdc_isolation_specs *specs) {
    vdc_names_destroy(specs->labels);
    vdc_names_destroy(specs->categories);
    vdc_free(specs->items);
    *specs = (vdc_isolation_specs){0};
}

vdc_code vdc_isolation_bit(vdc_names *names, const char *text, uint64_t *mask, const vdc_place *place, const char *what, vdc_diag *diag) {
    uint32_t number;
    if (strchr(text, '|')) return vdc_fail(diag, VDC_ERROR_INPUT, place, "%s: '%s': a name must not hold '|', which joins wishes in traces", what, text);
    if (vdc_names_intern(names, text, strlen(text), &number)) return vdc_no_memory(diag, "isolation");
    if (number == 0) return vdc_fail(diag, VDC_ERROR_INPUT, place, "%s: a name must not be empty", what);
    if (number > 64) return vdc_fail(diag, VDC_ERROR_INPUT, place, "%s: '%s' is the 65th name; at most 64 are possible", what, text);
    *mask |= UINT64_C(1) << (number - 1);
    return VDC_OK;
}

/* The bit of a label (or taint) that some class of hosts has. */
static vdc_code known_label(const vdc_isolation_specs *specs, const char *text, bool taint, uint64_t *mask, const vdc_place *place, const char *what,
                            vdc_diag *diag) {
    if (specs->open) return vdc_isolation_bit(specs->labels, text, mask, place, what, diag);
    const uint64_t there = taint ? specs->host_taints : specs->host_labels;
    const uint32_t number = vdc_names_find(specs->labels, text, strlen(text));
    if (number == UINT32_MAX || number == 0 || !(there >> (number - 1) & 1)) {
        const char *known[65];
        size_t count = 0;
        for (uint32_t i = 0; i < 64; i++)
            if (there >> i & 1) known[count++] = vdc_names_text(specs->labels, i + 1);
        known[count] = NULL;
        const char *near = vdc_nearest(text, known);
        return vdc_fail(diag, VDC_ERROR_INPUT, place, "%s: no host class has the %s '%s'%s%s%s", what, taint ? "taint" : "label", text,
                        near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
    }
    *mask |= UINT64_C(1) << (number - 1);
    return VDC_OK;
}

void vdc_isolation_specs_offer(vdc_isolation_specs *specs, int64_t ways, int64_t bandwidth, const vdc_place *place) {
    if (ways > specs->most_ways) specs->most_ways = ways, specs->ways_place = *place;
    if (bandwidth > specs->most_bandwidth) specs->most_bandwidth = bandwidth, specs->bandwidth_place = *place;
}

void vdc_isolation_specs_offer_cores(vdc_isolation_specs *specs, int64_t cores, int64_t threads, int64_t owned, const vdc_place *place) {
    if (owned > cores * threads) owned = cores * threads;
    const int64_t whole = threads ? owned / threads : 0;
    const int64_t most[] = {[VDC_THREADS_PIN] = owned, [VDC_CORES_PREFER] = whole * threads, [VDC_CORES_ISOLATE] = whole};
    for (int mode = VDC_THREADS_PIN; mode <= VDC_CORES_ISOLATE; mode++)
        if (most[mode] > specs->most_owned[mode]) specs->most_owned[mode] = most[mode], specs->owned_place[mode] = *place;
}

bool vdc_isolation_spec_owns_too_much(const vdc_isolation_specs *specs, uint32_t index, int64_t vcpus_milli, char *text, size_t size) {
    const vdc_thread_mode mode = specs->items[index].threads;
    const int64_t vcpus = (vcpus_milli + 999) / 1000;
    if (specs->open || mode == VDC_THREADS_SHARED || vcpus <= specs->most_owned[mode]) return false;
    snprintf(text, size, "%lld vCPUs want %s of their own; the most that a host class has for them is %lld (line %d), and overcommitment adds none",
             (long long)vcpus, mode == VDC_CORES_ISOLATE ? "a core each" : "a thread each", (long long)specs->most_owned[mode], specs->owned_place[mode].line);
    return true;
}

bool vdc_isolation_spec_exceeds(const vdc_isolation_specs *specs, const vdc_isolation_spec *spec, char *text, size_t size) {
    const bool ways = spec->llc_ways > specs->most_ways, bandwidth = spec->memory_bandwidth > specs->most_bandwidth;
    if (specs->open || (!ways && !bandwidth)) return false;
    const long long wanted = ways ? spec->llc_ways : spec->memory_bandwidth, most = ways ? specs->most_ways : specs->most_bandwidth;
    const int line = ways ? specs->ways_place.line : specs->bandwidth_place.line;
    const char *key = ways ? "llc_ways" : "memory_bandwidth";
    if (most) snprintf(text, size, "%s: %lld; no host class has more than %lld (line %d)", key, wanted, most, line);
    else snprintf(text, size, "%s: %lld; no host class says that it has %s", key, wanted, key);
    return true;
}

/* A list of category names, or of taints that hosts have. */
static vdc_code read_list(const vdc_node *list, vdc_isolation_specs *specs, bool taints, uint64_t *mask, const char *what, vdc_diag *diag) {
    if (!list) return VDC_OK;
    char buffer[96];
    if (list->kind != VDC_NODE_SEQUENCE)
        return vdc_fail(diag, VDC_ERROR_INPUT, &list->place, "%s: found %s; allowed: a list of texts", what,
                        vdc_node_describe(list, buffer, sizeof buffer));
    vdc_code code = VDC_OK;
    for (size_t i = 0; !code && i < list->count; i++) {
        const char *text;
        code = vdc_node_text(list->children[i], &text, diag);
        if (code) break;
        code = taints ? known_label(specs, text, true, mask, &list->children[i]->place, what, diag)
                      : vdc_isolation_bit(specs->categories, text, mask, &list->children[i]->place, what, diag);
    }
    return code;
}

vdc_code vdc_isolation_read_taints(vdc_isolation_specs *specs, const vdc_node *list, uint64_t *mask, const char *what, vdc_diag *diag) {
    return read_list(list, specs, true, mask, what, diag);
}

vdc_code vdc_isolation_read_labels(vdc_isolation_specs *specs, const vdc_node *map, uint64_t *mask, const char *what, vdc_diag *diag) {
    if (!map) return VDC_OK;
    char buffer[96];
    if (map->kind != VDC_NODE_MAPPING)
        return vdc_fail(diag, VDC_ERROR_INPUT, &map->place, "%s: found %s; allowed: a mapping {key: value}", what,
                        vdc_node_describe(map, buffer, sizeof buffer));
    vdc_code code = VDC_OK;
    for (size_t i = 0; !code && i < map->count; i++) {
        const char *value;
        code = vdc_node_text(map->children[i], &value, diag);
        if (code) break;
        char *text = vdc_format("%s=%s", map->children[i]->key, value);
        if (!text) return vdc_no_memory(diag, "isolation");
        code = known_label(specs, text, false, mask, &map->children[i]->place, what, diag);
        vdc_free(text);
    }
    return code;
}

static vdc_code read_lattice_label(const vdc_node *node, vdc_isolation_specs *specs, vdc_isolation_spec *spec, vdc_diag *diag) {
    struct values { int64_t level; const vdc_node *categories; } values;
    static const vdc_param params[] = {
        {.name = "level", .type = VDC_PARAM_INTEGER, .fallback = "0", .offset = offsetof(struct values, level), .help = "0 = lowest"},
        {.name = "categories", .type = VDC_PARAM_NODE, .offset = offsetof(struct values, categories), .help = "a list of texts"},
    };
    if (!node) return VDC_OK;
    vdc_code code = vdc_params_read(node, params, 2, &values, NULL, "isolation: label", diag);
    spec->level = values.level;
    return code ? code : read_list(values.categories, specs, false, &spec->categories, "isolation: label: categories", diag);
}

/* The entry that equals it, or a new one; false when memory is out. */
static bool find_or_add(vdc_isolation_specs *specs, const vdc_isolation_spec *spec, uint32_t *index) {
    for (size_t i = 0; i < specs->count; i++)
        if (memcmp(&specs->items[i], spec, sizeof *spec) == 0) {
            *index = (uint32_t)i;
            return true;
        }
    if (!VDC_RESERVE(specs->items, specs->capacity, specs->count + 1)) return false;
    memcpy(&specs->items[specs->count], spec, sizeof *spec);
    *index = (uint32_t)specs->count++;
    specs->used = true;
    return true;
}

vdc_code vdc_isolation_spec_read(vdc_isolation_specs *specs, const vdc_node *node, uint32_t *index, vdc_diag *diag) {
    *index = 0;
    if (!node) return VDC_OK;
    if (!specs) { /* the check of a scenario by itself: labels of hosts are not known */
        written only;
        return vdc_params_read(node, vdc_isolation_spec_params, vdc_isolation_spec_param_count, &only, NULL, "isolation", diag);
    }
    written as;
    memset(&as, 0, sizeof as); /* padding too: entries are compared as bytes */
    vdc_code code = vdc_params_read(node, vdc_isolation_spec_params, vdc_isolation_spec_param_count, &as, NULL, "isolation", diag);
    if (!code && as.pin && as.core_isolate)
        code = vdc_fail(diag, VDC_ERROR_INPUT, &node->place, "isolation: pin and core_isolate exclude each other: a core that is "
                        "isolated is the VM's own already");
    if (code) return code;
    const vdc_code codes[] = {read_lattice_label(as.label, specs, &as.spec, diag),
                              vdc_isolation_read_labels(specs, as.requires, &as.spec.requires, "isolation: require", diag),
                              read_list(as.tolerates, specs, true, &as.spec.tolerates, "isolation: tolerate", diag)};
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++)
        if (codes[i]) return codes[i];
    as.spec.threads = as.pin ? VDC_THREADS_PIN : as.core_isolate == 1 ? VDC_CORES_PREFER : as.core_isolate == 2 ? VDC_CORES_ISOLATE
                                                                                                            : VDC_THREADS_SHARED;
    as.spec.numa_nodes = (int)as.numa;
    char wrong[160];
    if (vdc_isolation_spec_exceeds(specs, &as.spec, wrong, sizeof wrong)) return vdc_fail(diag, VDC_ERROR_INPUT, &node->place, "isolation: %s", wrong);
    return find_or_add(specs, &as.spec, index) ? VDC_OK : vdc_no_memory(diag, "isolation");
}

/* ---- as one text ---- */

enum { WORD_LIMIT = 200 };

static bool is_number(const char *text, int64_t most, int64_t *number) {
    char *end;
    errno = 0;
    const long long value = strtoll(text, &end, 10);
    *number = value;
    return *text && *end == 0 && errno == 0 && value >= 0 && value <= most;
}

/* One word, "key" or "key=value"; NULL, or what is wrong with it. */
static const char *take_word(vdc_isolation_specs *specs, vdc_isolation_spec *spec, const char *key, const char *value, int64_t *number) {
    static const char *const once = "asks for own threads or cores a second time";
    const vdc_thread_mode threads = strcmp(key, "pin") == 0 && !value ? VDC_THREADS_PIN
                                  : strcmp(key, "core_isolate") != 0 || !value ? VDC_THREADS_SHARED
                                  : strcmp(value, "prefer") == 0 ? VDC_CORES_PREFER : strcmp(value, "isolate") == 0 ? VDC_CORES_ISOLATE
                                                                                                                    : VDC_THREADS_SHARED;
    if (threads != VDC_THREADS_SHARED) {
        if (spec->threads != VDC_THREADS_SHARED) return once;
        spec->threads = threads;
        return NULL;
    }
    if (!value) {
        if (strcmp(key, "core_scheduling") == 0) spec->core_scheduling = true;
        else if (strcmp(key, "dedicated_host") == 0) spec->dedicated_host = true;
        else return "is no wish: pin, core_isolate=…, core_scheduling, dedicated_host, level=…, category=…, require=…, tolerate=…, llc_ways=…, "
                    "memory_bandwidth=…, numa=… are";
        return NULL;
    }
    if (strcmp(key, "category") == 0)
        return vdc_isolation_bit(specs->categories, value, &spec->categories, NULL, "category", NULL) ? "is an empty name, or the 65th" : NULL;
    if (strcmp(key, "require") == 0) return known_label(specs, value, false, &spec->requires, NULL, "require", NULL) ? "is a label that no host has" : NULL;
    if (strcmp(key, "tolerate") == 0) return known_label(specs, value, true, &spec->tolerates, NULL, "tolerate", NULL) ? "is a taint that no host has" : NULL;
    const bool level = strcmp(key, "level") == 0, ways = strcmp(key, "llc_ways") == 0, bandwidth = strcmp(key, "memory_bandwidth") == 0,
               numa = strcmp(key, "numa") == 0;
    if (!level && !ways && !bandwidth && !numa) return "is no wish";
    if (!is_number(value, numa ? 64 : INT64_MAX, number)) return "wants a whole number";
    if (level) spec->level = *number;
    if (ways) spec->llc_ways = *number;
    if (bandwidth) spec->memory_bandwidth = *number;
    if (numa) spec->numa_nodes = (int)*number;
    return NULL;
}

vdc_code vdc_isolation_spec_parse(vdc_isolation_specs *specs, const char *text, uint32_t *index, char *wrong, size_t size) {
    vdc_isolation_spec spec;
    memset(&spec, 0, sizeof spec); /* padding too: entries are compared as bytes */
    *index = 0;
    for (const char *at = text; *at;) {
        const size_t length = strcspn(at, "|");
        char word[WORD_LIMIT];
        int64_t number = 0;
        snprintf(word, sizeof word, "%.*s", (int)(length < sizeof word ? length : sizeof word), at);
        char *value = strchr(word, '=');
        if (value) *value++ = 0;
        const char *what = length >= sizeof word ? "is too long" : take_word(specs, &spec, word, value, &number);
        if (what) {
            snprintf(wrong, size, "'%.*s' %s", (int)(length < 60 ? length : 60), at, what);
            return VDC_ERROR_INPUT;
        }
        at += length + (at[length] == '|');
    }
    if (vdc_isolation_spec_exceeds(specs, &spec, wrong, size)) return VDC_ERROR_INPUT;
    if (find_or_add(specs, &spec, index)) return VDC_OK;
    snprintf(wrong, size, "memory is out");
    return VDC_ERROR_MEMORY;
}

/* Adds a word; *text is NULL when memory is out. */
static void add_word(char **text, const char *key, const char *value) {
    if (!*text) return;
    char *longer = vdc_format("%s%s%s%s%s", *text, **text ? "|" : "", key, value ? "=" : "", value ? value : "");
    vdc_free(*text);
    *text = longer;
}

static void add_number(char **text, const char *key, int64_t number) {
    char value[32];
    snprintf(value, sizeof value, "%" PRId64, number);
    if (number) add_word(text, key, value);
}

static void add_names(char **text, const char *key, const vdc_names *names, uint64_t mask) {
    for (uint32_t i = 0; i < 64; i++)
        if (mask >> i & 1) add_word(text, key, vdc_names_text(names, i + 1));
}

char *vdc_isolation_spec_text(const vdc_isolation_specs *specs, uint32_t index) {
    const vdc_isolation_spec *spec = &specs->items[index];
    char *text = vdc_strdup("");
    if (spec->threads == VDC_THREADS_PIN) add_word(&text, "pin", NULL);
    else if (spec->threads != VDC_THREADS_SHARED) add_word(&text, "core_isolate", isolate_words[spec->threads == VDC_CORES_PREFER ? 1 : 2]);
    if (spec->core_scheduling) add_word(&text, "core_scheduling", NULL);
    if (spec->dedicated_host) add_word(&text, "dedicated_host", NULL);
    add_number(&text, "level", spec->level);
    add_names(&text, "category", specs->categories, spec->categories);
    add_names(&text, "require", specs->labels, spec->requires);
    add_names(&text, "tolerate", specs->labels, spec->tolerates);
    add_number(&text, "llc_ways", spec->llc_ways);
    add_number(&text, "memory_bandwidth", spec->memory_bandwidth);
    add_number(&text, "numa", spec->numa_nodes);
    return text;
}
