/* A placement policy in another program: one line of JSON to it for each decision, one line back (docs/plugins.md).
 *
 * For Python and for agents that learn. The program is told everything that a policy in C could see; what it answers is checked
 * like any other decision. When it crashes, hangs or talks nonsense, the run ends and says what happened.
 */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "schedulers/placement/process_answer.h"
#include "schedulers/policy_rows.h"
#include "sim/base/child.h"
#include "sim/base/memory.h"
#include "sim/base/node.h"

enum { ARGUMENTS_MOST = 64, TEXT_MOST = 1 << 16 };

typedef enum sent_hosts { SEND_HOSTS, SEND_IDS, SEND_NONE } sent_hosts;
static const char *const sent_names[] = {"hosts", "ids", "none", NULL};

typedef struct process_state {
    const vdc_node *command, *options;
    int64_t timeout, memory;
    int send;
    /* from here on not parameters */
    vdc_child *child;
    char *text;                /* to be sent with the next decision */
    size_t length, capacity;
    bool no_memory;
    char failure[512];         /* "" = none */
} process_state;

static const vdc_param params[] = {
    {.name = "command",
     .type = VDC_PARAM_NODE,
     .required = true,
     .help = "the program and its arguments, a list: [python3, agent.py]; run without a shell in the scenario's folder",
     .offset = offsetof(process_state, command)},
    {.name = "options",
     .type = VDC_PARAM_NODE,
     .help = "a mapping that is handed to the program as it is",
     .offset = offsetof(process_state, options)},
    {.name = "timeout",
     .type = VDC_PARAM_INTEGER,
     .dimension = VDC_DIM_TIME,
     .fallback = "10s",
     .minimum = 1e6,
     .maximum = 1e13,
     .help = "time limit of one decision",
     .offset = offsetof(process_state, timeout)},
    {.name = "memory",
     .type = VDC_PARAM_INTEGER,
     .dimension = VDC_DIM_BYTES,
     .fallback = "none",
     .minimum = 1,
     .maximum = 1e15,
     .none = "none",
     .help = "most memory that the program may map",
     .offset = offsetof(process_state, memory)},
    VDC_PARAM_CHOICE_ROW("send", process_state, send, "hosts", sent_names,
                         "what a decision is sent of the hosts with room: ids and free amounts, ids, or nothing"),
};

/* --- writing --- */

static void put(process_state *p, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void put(process_state *p, const char *format, ...) {
    va_list list;
    va_start(list, format);
    char piece[512];
    int length = vsnprintf(piece, sizeof piece, format, list);
    va_end(list);
    if (length < 0 || (size_t)length >= sizeof piece || !VDC_RESERVE(p->text, p->capacity, p->length + (size_t)length)) {
        p->no_memory = true;
        return;
    }
    memcpy(p->text + p->length, piece, (size_t)length);
    p->length += (size_t)length;
}

static void put_text(process_state *p, const char *text) {
    put(p, "\"");
    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;
        if (c == '"' || c == '\\') put(p, "\\%c", c);
        else if (c < 0x20) put(p, "\\u%04x", c);
        else put(p, "%c", c);
    }
    put(p, "\"");
}

/* Unlimited and unknown amounts are null. */
static void put_amount(process_state *p, const char *key, int64_t amount) {
    if (amount == VDC_UNLIMITED) put(p, ",\"%s\":null", key);
    else put(p, ",\"%s\":%" PRId64, key, amount);
}

/* The user's own options: scalars go as text, as they are written. */
static void put_node(process_state *p, const vdc_node *node) {
    bool mapping = node && node->kind == VDC_NODE_MAPPING;
    if (!node || node->kind == VDC_NODE_NULL) {
        put(p, "null");
    } else if (node->kind == VDC_NODE_SCALAR) {
        put_text(p, node->text);
    } else {
        put(p, mapping ? "{" : "[");
        for (size_t i = 0; i < node->count; i++) {
            if (i) put(p, ",");
            if (mapping) {
                put_text(p, node->children[i]->key);
                put(p, ":");
            }
            put_node(p, node->children[i]);
        }
        put(p, mapping ? "}" : "]");
    }
}

static const char *const resource_names[VDC_RESOURCES] = {"cpu", "memory", "disk", "iops", "disk_bw", "net_tx", "net_rx", "gpu"};

static void put_sizes(process_state *p, const vdc_view *view, const int64_t amounts[VDC_RESOURCES]) {
    const char *comma = "";
    put(p, "{");
    for (int r = 0; r < VDC_RESOURCES; r++) {
        if (!view->free[r]) continue;
        put(p, "%s\"%s\":%" PRId64, comma, resource_names[r], amounts[r]);
        comma = ",";
    }
    put(p, "}");
}

static void put_hello(process_state *p, const vdc_view *view) {
    put(p, "{\"hello\":\"vdcsim\",\"protocol\":%d,\"seed\":%" PRIu64 ",\"options\":", VDC_PROCESS_PROTOCOL,
        view->random(view, UINT64_C(1) << 53));
    put_node(p, p->options);
    put(p, ",\"columns\":[\"id\",\"vms\"");
    for (int r = 0; r < VDC_RESOURCES; r++) {
        if (view->free[r]) put(p, ",\"%s\"", resource_names[r]);
    }
    put(p, "],\"hosts\":%" PRIu32 ",\"classes\":[", view->hosts);
    for (uint32_t c = 0; c < view->classes; c++) {
        const vdc_host_class_view *class = &view->class_views[c];
        put(p, "%s{\"capacity\":", c ? "," : "");
        put_sizes(p, view, class->capacity);
        put(p,
            ",\"speed\":%" PRId64 ",\"gpus\":%u,\"gpu_model\":%" PRIu32
            ",\"numa_nodes\":%u,\"power_idle\":%.17g,\"power_max\":%.17g}",
            class->speed, class->gpus, class->gpu_model, class->numa_nodes, class->power_idle, class->power_max);
    }
    put(p, "],\"host_class\":[");
    for (uint32_t host = 0; host < view->hosts; host++) put(p, "%s%u", host ? "," : "", view->host_class[host]);
    put(p, "],\"rank\":");
    for (uint32_t host = 0; view->rank && host < view->hosts; host++) put(p, "%c%" PRIu32, host ? ',' : '[', view->rank[host]);
    put(p, "%s}\n", view->rank ? "]" : "null");
}

static void put_vm(process_state *p, const vdc_view *view, const vdc_request *request) {
    put(p, "{\"number\":%" PRId64 ",\"id\":%" PRId64 ",\"arrival\":%" PRId64, request->number, request->id, request->arrival);
    put_amount(p, "lifetime", request->lifetime);
    put_amount(p, "predicted_lifetime", request->predicted_lifetime);
    put(p, ",\"size\":");
    put_sizes(p, view, request->size);
    put(p,
        ",\"tenant\":%" PRIu32 ",\"group\":%" PRIu32 ",\"priority\":%" PRId32
        ",\"gpu_count\":%u,\"gpu_milli\":%u,\"gpu_models\":%" PRIu64 ",\"numa_nodes\":%u}",
        request->tenant, request->group, request->priority, request->gpu_count, request->gpu_milli, request->gpu_models,
        request->numa_nodes);
}

static void put_hosts(process_state *p, const vdc_view *view, const vdc_request *request) {
    put(p, ",\"hosts\":[");
    const char *comma = "";
    for (int64_t host = view->next_feasible(view, request, 0); host >= 0;
         host = view->next_feasible(view, request, (uint32_t)host + 1)) {
        put(p, p->send == SEND_IDS ? "%s%" PRId64 : "%s[%" PRId64, comma, host);
        comma = ",";
        if (p->send == SEND_IDS) continue;
        put(p, ",%" PRIu32, view->vms[host]);
        for (int r = 0; r < VDC_RESOURCES; r++) {
            if (view->free[r]) put(p, ",%" PRId64, view->free[r][host]);
        }
        put(p, "]");
    }
    put(p, "]");
}

/* --- talking --- */

static bool fail(process_state *p, const char *format, ...) __attribute__((format(printf, 2, 3)));
static bool fail(process_state *p, const char *format, ...) {
    va_list list;
    va_start(list, format);
    (void)vsnprintf(p->failure, sizeof p->failure, format, list);
    va_end(list);
    return false;
}

static const char *program(const process_state *p) {
    return p->command->children[0]->text;
}

/* The start of a line as a message may show it. */
static const char *show(const char *line, size_t length, char *buffer, size_t size) {
    size_t shown = length < size - 4 ? length : size - 4;
    for (size_t i = 0; i < shown; i++) buffer[i] = line[i] >= 0x20 && line[i] < 0x7f ? line[i] : '?';
    memcpy(buffer + shown, shown < length ? "..." : "", shown < length ? 4 : 1);
    return buffer;
}

/* Sends what is gathered; with `line`, waits for the answer. */
static bool exchange(process_state *p, const vdc_view *view, const char **line, size_t *length) {
    if (p->no_memory) return fail(p, "out of memory");
    const char *problem = vdc_child_exchange(p->child, p->text, p->length, p->timeout, view->interrupted, line, length);
    p->length = 0;
    return !problem || fail(p, "%s: %s", program(p), problem);
}

/* What the table cannot check of the parameters. */
static int read_nodes(void *state, vdc_diag *diag) {
    const process_state *p = state;
    const vdc_node *command = p->command;
    bool fine = command->kind == VDC_NODE_SEQUENCE && command->count > 0 && command->count <= ARGUMENTS_MOST;
    for (size_t i = 0; fine && i < command->count; i++)
        fine = command->children[i]->kind == VDC_NODE_SCALAR && command->children[i]->text[0];
    if (!fine) {
        (void)vdc_fail(
            diag, VDC_ERROR_INPUT, &command->place,
            "placement policy process: command: must be a list of the program and its arguments (%d at most), such as [python3, agent.py]",
            ARGUMENTS_MOST);
    }
    if (p->options && p->options->kind != VDC_NODE_MAPPING) {
        (void)vdc_fail(diag, VDC_ERROR_INPUT, &p->options->place, "placement policy process: options: must be a mapping");
        fine = false;
    }
    return fine ? VDC_OK : VDC_ERROR_INPUT;
}

static const char *start(process_state *p) {
    const vdc_node *command = p->command;
    const char *argv[ARGUMENTS_MOST + 1] = {0};
    for (size_t i = 0; i < command->count; i++) argv[i] = command->children[i]->text;
    char *folder = command->place.file ? vdc_strdup(command->place.file) : NULL;
    char *slash = folder ? strrchr(folder, '/') : NULL;
    if (slash) slash[slash == folder] = '\0';
    vdc_diag diag = {0};
    vdc_code code = vdc_child_start(&p->child, argv, slash ? folder : NULL, p->memory == VDC_PARAM_NONE ? 0 : p->memory, &diag);
    if (code) (void)fail(p, "%s", diag.count && diag.messages[0].text ? diag.messages[0].text : "the program cannot be started");
    vdc_diag_clear(&diag);
    vdc_free(folder);
    return code ? p->failure : NULL;
}

static const char *init(void *state, const vdc_view *view) {
    process_state *p = state;
    const char *problem = start(p);
    if (problem) return problem;
    const char *line = NULL;
    size_t length = 0;
    char shown[80];
    put_hello(p, view);
    if (!exchange(p, view, &line, &length)) return p->failure;
    if (!vdc_process_read_ready(line, length)) {
        (void)fail(p, "%s: it answered '%s' where {\"ready\": %d} was expected", program(p),
                   show(line, length, shown, sizeof shown), VDC_PROCESS_PROTOCOL);
        return p->failure;
    }
    return NULL;
}

static void fini(void *state) {
    process_state *p = state;
    vdc_child_stop(p->child, p->failure[0] ? 0 : 2000000000);
    vdc_free(p->text);
    p->child = NULL;
    p->text = NULL;
}

static bool choose(void *state, const vdc_view *view, const vdc_request *request, vdc_decision *decision) {
    process_state *p = state;
    const char *line = NULL;
    size_t length = 0;
    char shown[80];
    if (p->failure[0]) return false;
    put(p, "{\"decide\":");
    put_vm(p, view, request);
    put(p, ",\"now\":%" PRId64, view->now);
    if (p->send != SEND_NONE) put_hosts(p, view, request);
    put(p, "}\n");
    if (!exchange(p, view, &line, &length)) return false;
    if (!vdc_process_read_decision(line, length, decision)) {
        return fail(p, "%s: it answered '%s' where a decision such as {\"host\": 3} or {\"host\": null} was expected", program(p),
                    show(line, length, shown, sizeof shown));
    }
    return decision->host >= 0;
}

static void tell(process_state *p, const vdc_view *view, const char *what, const vdc_request *request, uint32_t host) {
    if (p->failure[0]) return;
    put(p, "{\"%s\":%" PRId64 ",\"host\":%" PRIu32 "}\n", what, request->number, host);
    if (p->length > TEXT_MOST) (void)exchange(p, view, NULL, NULL);
}

static void placed(void *state, const vdc_view *view, const vdc_request *request, uint32_t host) {
    tell(state, view, "placed", request, host);
}

static void released(void *state, const vdc_view *view, const vdc_request *request, uint32_t host) {
    tell(state, view, "released", request, host);
}

static const char *failure(const void *state) {
    const process_state *p = state;
    return p->failure[0] ? p->failure : NULL;
}

const vdc_policy vdc_placement_process = {
    VDC_POLICY_HEAD(VDC_PLACEMENT, "process", "a program that is asked over a pair of pipes, in lines of JSON",
                    "docs/plugins.md"),
    VDC_POLICY_STATE(params, process_state),
    .read = read_nodes,
    .init = init,
    .fini = fini,
    .placement = {.choose = choose, .placed = placed, .released = released, .failure = failure},
};
