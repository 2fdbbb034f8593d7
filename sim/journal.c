/* See journal.h. The file is YAML: keys in a fixed order, the last line the digest of all before it, so that one that was cut short is noticed. */
#include "sim/journal.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sim/base/file.h"
#include "sim/parts/part.h"
#include "sim/results/results.h"
#include "sim/base/yaml.h"

enum { STATE_FORMAT = 1, STATE_LIMIT = 256 << 20 };
static const char last_key[] = "complete: ";

const char *const vdc_deed_names[] = {"set", "operation", NULL};

/* ---- the journal ---- */

vdc_code vdc_journal_note(vdc_simulation *sim, vdc_deed deed, const char *text, vdc_diag *diag) {
    vdc_journal *journal = &sim->journal;
    vdc_code code = vdc_datacenter_settle(&sim->datacenter, diag);
    if (code) return code;
    char *kept = vdc_strdup(text);
    if (!kept || !VDC_RESERVE(journal->entries, journal->capacity, journal->count + 1)) {
        vdc_free(kept);
        return vdc_no_memory(diag, "the journal");
    }
    journal->entries[journal->count++] = (vdc_journal_entry){.events = sim->event_count, .now = sim->datacenter.now, .deed = (int)deed, .text = kept};
    return VDC_OK;
}

void vdc_journal_forget(vdc_simulation *sim) { vdc_free(sim->journal.entries[--sim->journal.count].text); }

void vdc_journal_clear(vdc_journal *journal) {
    for (size_t i = 0; i < journal->count; i++) vdc_free(journal->entries[i].text);
    vdc_free(journal->entries);
    *journal = (vdc_journal){0};
}

/* A text in double quotes as YAML reads it. Fresh memory, or NULL. */
static char *quoted(const char *text) {
    char *out = vdc_malloc(4 * strlen(text) + 3), *to = out;
    if (!out) return NULL;
    *to++ = '"';
    for (const char *from = text; *from; from++) {
        unsigned char c = (unsigned char)*from;
        if (c == '"' || c == '\\') *to++ = '\\', *to++ = (char)c;
        else if (c == '\n') *to++ = '\\', *to++ = 'n';
        else if (c < ' ' || c == 0x7f) to += sprintf(to, "\\x%02x", c);
        else *to++ = (char)c;
    }
    *to++ = '"';
    *to = '\0';
    return out;
}

/* "[events, now, deed, text]". */
static char *entry_text(const vdc_journal_entry *entry) {
    char *text = quoted(entry->text);
    char *line = text ? vdc_format("[%" PRIu64 ", %" PRId64 ", %s, %s]", entry->events, entry->now, vdc_deed_names[entry->deed], text) : NULL;
    vdc_free(text);
    return line;
}

char *vdc_journal_text(const vdc_simulation *sim) {
    char *all = vdc_strdup("");
    for (size_t i = 0; all && i < sim->journal.count; i++) {
        char *line = entry_text(&sim->journal.entries[i]), *longer = line ? vdc_format("%s- %s\n", all, line) : NULL;
        vdc_free(line);
        vdc_free(all);
        all = longer;
    }
    return all;
}

/* ---- the digest of a state ---- */

static void add(vdc_digest *digest, vdc_wide value) {
    unsigned char bytes[16];
    for (int i = 0; i < 16; i++) bytes[i] = (unsigned char)((unsigned __int128)value >> (8 * i));
    vdc_digest_add(digest, bytes, sizeof bytes);
}

static void add_real(vdc_digest *digest, double value) {
    int64_t bits;
    memcpy(&bits, &value, sizeof bits);
    add(digest, value != value ? 1 : bits); /* every NaN is one */
}

static void add_position(vdc_digest *digest, const vdc_position *at) {
    add(digest, (vdc_wide)at->cursor);
    add(digest, at->segment_demand);
    add(digest, at->left);
    add(digest, at->work_left);
    add(digest, at->elapsed);
    add(digest, at->active);
}

static void add_hosts(vdc_digest *digest, const vdc_datacenter *dc) {
    for (uint32_t h = 0; h < dc->hosts.count; h++) {
        for (int r = 0; r < VDC_RESOURCES; r++)
            if (dc->hosts.free[r]) add(digest, dc->hosts.free[r][h]);
        add(digest, dc->hosts.vms[h]);
        add(digest, dc->hosts.state[h]);
        add(digest, dc->hosts.account[h].granted);
        add(digest, dc->hosts.account[h].reserved);
    }
}

/* Grants of single VMs are left out: they are only kept where something asks for them. */
static void add_vms(vdc_digest *digest, const vdc_datacenter *dc) {
    for (uint32_t slot = 0; slot < dc->vm_count; slot++) {
        const vdc_vm *vm = &dc->vms[slot];
        const vdc_vm_record *record = &dc->records[slot];
        const vdc_vm_details *details = vdc_vm_details_known(dc, slot);
        add(digest, vm->state);
        if (vm->state == VDC_VM_FREE) continue;
        add(digest, record->request.number);
        add(digest, vm->host);
        add(digest, vm->demand);
        add(digest, vm->ceiling);
        add_position(digest, &details->position);
        add_position(digest, &details->saved);
        add(digest, record->queued_at);
        add(digest, details->waited);
        add(digest, record->failures);
    }
    for (size_t k = 0; k < dc->class_ledger.count; k++)
        for (int f = 0; f < VDC_FLOWS; f++) add(digest, vdc_ledger_sum(&dc->class_ledger, k, (vdc_flow)f));
}

vdc_code vdc_state_digest(vdc_simulation *sim, char text[VDC_DIGEST_TEXT], vdc_diag *diag) {
    vdc_digest digest;
    vdc_digest_start(&digest);
    vdc_code code = vdc_results_summary(sim, diag); /* brings every integral up to the clock */
    if (code) return code;
    const vdc_datacenter *dc = &sim->datacenter;
    add(&digest, dc->now);
    add(&digest, (vdc_wide)sim->event_count);
    add(&digest, sim->next_tick);
    add(&digest, sim->next_retry);
    add(&digest, sim->with_end);
    add(&digest, sim->has_next);
    if (sim->has_next) add(&digest, sim->next.arrival), add(&digest, sim->next.size[VDC_CPU]), add(&digest, sim->next.size[VDC_MEMORY]);
    add(&digest, (vdc_wide)vdc_queue_count(sim->events));
    const vdc_event *pending = vdc_queue_peek(sim->events);
    if (pending) add(&digest, pending->time), add(&digest, (vdc_wide)pending->order), add(&digest, pending->kind), add(&digest, pending->subject);
    for (uint32_t slot = sim->waiting.first; slot != VDC_NOWHERE; slot = dc->vms[slot].next) add(&digest, dc->records[slot].request.number);
    add_hosts(&digest, dc);
    add_vms(&digest, dc);
    for (size_t i = 0; i < sim->summary_count; i++) {
        const vdc_value *value = &sim->summary[i];
        vdc_digest_add(&digest, value->key, strlen(value->key) + 1);
        if (value->type == VDC_VALUE_TEXT) vdc_digest_add(&digest, value->text, strlen(value->text) + 1);
        else if (value->type == VDC_VALUE_INTEGER) add(&digest, value->integer);
        else add_real(&digest, value->real);
    }
    vdc_digest_end(&digest, text);
    return VDC_OK;
}

/* ---- saving ---- */

typedef struct state_writer {
    FILE *file;
    vdc_digest digest;
    bool failed;
} state_writer;

/* Writes the text, which is freed; NULL: memory is out. */
static void put(state_writer *writer, char *text) {
    size_t length = text ? strlen(text) : 0;
    vdc_digest_add(&writer->digest, text ? text : "", length);
    writer->failed = writer->failed || !text || fwrite(text, 1, length, writer->file) != length;
    vdc_free(text);
}

static void put_quoted(state_writer *writer, const char *before, const char *text, const char *after) {
    char *inside = quoted(text);
    put(writer, inside ? vdc_format("%s%s%s", before, inside, after) : NULL);
    vdc_free(inside);
}

static void write_state(const vdc_simulation *sim, const char *path, const char *state, state_writer *writer) {
    const vdc_scenario *scenario = sim->scenario;
    vdc_digest_start(&writer->digest);
    put(writer, vdc_format("# A state of a vdcsim run: a journal that is run again to come to it (vdcsim run --restore).\nvdcsim_state: %d\n", STATE_FORMAT));
    put_quoted(writer, "vdcsim_version: ", vdc_version(), "\n");
    put_quoted(writer, "scenario_path: ", path, "\n");
    put_quoted(writer, "scenario_sha256: ", scenario->sha256, "\n");
    put_quoted(writer, "scenario: ", scenario->text, "\n");
    put(writer, vdc_strdup(scenario->inputs.count ? "inputs:\n" : "inputs: []\n"));
    for (size_t i = 0; i < scenario->inputs.count; i++) {
        put_quoted(writer, "- [", scenario->inputs.items[i].name, ", ");
        put_quoted(writer, "", scenario->inputs.items[i].sha256, "]\n");
    }
    put(writer, vdc_strdup(sim->journal.count ? "journal:\n" : "journal: []\n"));
    put(writer, vdc_journal_text(sim));
    put(writer, vdc_format("time_ns: %" PRId64 "\nevents: %" PRIu64 "\nsettled: %s\noperable: %s\n", sim->datacenter.now, sim->event_count,
                           vdc_datacenter_unsettled(&sim->datacenter) ? "false" : "true", sim->operable ? "true" : "false"));
    put_quoted(writer, "state_sha256: ", state, "\n");
    char digest[VDC_DIGEST_TEXT];
    vdc_digest end = writer->digest;
    vdc_digest_end(&end, digest);
    put(writer, vdc_format("%s%s\n", last_key, digest));
}

vdc_code vdc_simulation_save(vdc_simulation *sim, const char *path, bool force, vdc_diag *diag) {
    char state[VDC_DIGEST_TEXT];
    if (sim->ended) return vdc_fail(diag, VDC_ERROR_STATE, NULL, "%s: the run has ended at %.9g s: there is nothing to go on from", path,
                                    (double)sim->datacenter.now / 1e9);
    if (sim->broken_off) return vdc_fail(diag, VDC_ERROR_STATE, NULL, "%s: the run broke off in the middle of an event: there is no state to go on from", path);
    if (!force && access(path, F_OK) == 0) return vdc_fail(diag, VDC_ERROR_INPUT, NULL, "%s: exists; --force replaces it", path);
    if (sim->output && vdc_file_same(path, sim->output))
        return vdc_fail(diag, VDC_ERROR_INPUT, NULL, "%s: is the run's result file: the state needs another one", path);
    vdc_code code = vdc_results_may_replace(sim, path, diag);
    if (!code) code = vdc_state_digest(sim, state, diag);
    if (code) return code;
    char *partial = vdc_format("%s.partial", path), *absolute = realpath(sim->scenario->path, NULL);
    if (!partial) {
        free(absolute);
        return vdc_no_memory(diag, "the state");
    }
    state_writer writer = {.file = fopen(partial, "wb")};
    if (!writer.file) {
        code = vdc_file_fail(diag, VDC_ERROR_IO, partial, "cannot be written");
    } else {
        write_state(sim, absolute ? absolute : sim->scenario->path, state, &writer);
        writer.failed = fclose(writer.file) != 0 || writer.failed;
        if (writer.failed) code = vdc_file_fail(diag, VDC_ERROR_IO, partial, "cannot be written");
        if (!code) code = vdc_file_publish(partial, path, force, diag);
        if (code) unlink(partial);
    }
    free(absolute);
    vdc_free(partial);
    return code;
}

/* ---- restoring ---- */

typedef struct state_file {
    int64_t format, time, events;
    const char *version, *scenario_path, *scenario_sha256, *scenario, *state_sha256, *complete;
    const vdc_node *inputs, *journal;
    bool settled, operable;
} state_file;

#define AT(member) .offset = offsetof(state_file, member)
static const vdc_param keys[] = {
    {"vdcsim_state", .type = VDC_PARAM_INTEGER, .required = true, AT(format), .help = "the format of the file"},
    {"vdcsim_version", .type = VDC_PARAM_TEXT, .required = true, AT(version), .help = "who wrote it"},
    {"scenario_path", .type = VDC_PARAM_TEXT, .required = true, AT(scenario_path), .help = "where the scenario was"},
    {"scenario_sha256", .type = VDC_PARAM_TEXT, .required = true, AT(scenario_sha256), .help = "of its text"},
    {"scenario", .type = VDC_PARAM_TEXT, .required = true, AT(scenario), .help = "its text as written"},
    {"inputs", .type = VDC_PARAM_NODE, .required = true, AT(inputs), .help = "[file, sha256] of what was read"},
    {"journal", .type = VDC_PARAM_NODE, .required = true, AT(journal), .help = "[events, time, deed, text] of what was done"},
    {"time_ns", .type = VDC_PARAM_INTEGER, .required = true, AT(time), .help = "the clock"},
    {"events", .type = VDC_PARAM_INTEGER, .required = true, AT(events), .help = "events processed"},
    {"settled", .type = VDC_PARAM_BOOL, .fallback = "true", AT(settled), .help = "was the instant over?"},
    {"operable", .type = VDC_PARAM_BOOL, .fallback = "false", AT(operable), .help = "may VMs be operated on?"},
    {"state_sha256", .type = VDC_PARAM_TEXT, .required = true, AT(state_sha256), .help = "of the state"},
    {"complete", .type = VDC_PARAM_TEXT, .required = true, AT(complete), .help = "sha256 of everything before"},
};

/* Is the last line the digest of all before it? */
static vdc_code check_whole(const char *path, const char *text, size_t length, vdc_diag *diag) {
    size_t key = sizeof last_key - 1, line = key + VDC_DIGEST_TEXT;
    if (strncmp(text, "# A state of a vdcsim run", 25) != 0) return vdc_fail(diag, VDC_ERROR_INPUT, NULL, "%s: is no state of a vdcsim run", path);
    if (length < line || text[length - 1] != '\n' || strncmp(text + length - line, last_key, key) != 0)
        return vdc_fail(diag, VDC_ERROR_INPUT, NULL, "%s: is cut short: its last line is not the digest of the rest", path);
    char digest[VDC_DIGEST_TEXT];
    vdc_digest whole;
    vdc_digest_start(&whole);
    vdc_digest_add(&whole, text, length - line);
    vdc_digest_end(&whole, digest);
    if (strncmp(digest, text + length - line + key, VDC_DIGEST_TEXT - 1) != 0)
        return vdc_fail(diag, VDC_ERROR_INPUT, NULL, "%s: was damaged or changed: it does not have the sha256 of its last line", path);
    return VDC_OK;
}

/* What is wrong with an input, in words; *wrong = NULL when it is what the run had read. */
static vdc_code compare_input(const char *path, const char *file, const char *recorded, char **wrong, vdc_diag *diag) {
    char found[VDC_DIGEST_TEXT];
    *wrong = NULL;
    bool unread = vdc_digest_file(file, found, NULL) != VDC_OK;
    if (!unread && strcmp(found, recorded) == 0) return VDC_OK;
    *wrong = unread ? vdc_format("%s: an input of the state %s cannot be read; --base names another folder", file, path)
                    : vdc_format("%s: has changed since the state %s was saved: its sha256 is %s, recorded is %s", file, path, found, recorded);
    return *wrong ? VDC_OK : vdc_no_memory(diag, "the inputs");
}

/* The inputs are those that the run had read: else the first that is not, and how many more. */
static vdc_code check_inputs(const char *path, const vdc_node *inputs, const char *folder, vdc_diag *diag) {
    vdc_code code = VDC_OK;
    char *first = NULL;
    size_t others = 0;
    for (size_t i = 0; i < inputs->count && !code; i++) {
        const vdc_node *pair = inputs->children[i];
        if (pair->kind != VDC_NODE_SEQUENCE || pair->count != 2 || !pair->children[0]->text || !pair->children[1]->text) {
            code = vdc_fail(diag, VDC_ERROR_INPUT, NULL, "%s: its list of inputs is damaged", path);
            break;
        }
        const char *name = pair->children[0]->text;
        char *file = name[0] == '/' || !folder ? vdc_strdup(name) : vdc_format("%s/%s", folder, name), *wrong = NULL;
        code = file ? compare_input(path, file, pair->children[1]->text, &wrong, diag) : vdc_no_memory(diag, "the inputs");
        vdc_free(file);
        others += first && wrong;
        if (first) vdc_free(wrong);
        else first = wrong;
    }
    if (!code && others) code = vdc_fail(diag, VDC_ERROR_INPUT, NULL, "%s (the first of %zu inputs that are not as they were)", first, others + 1);
    else if (!code && first) code = vdc_fail(diag, VDC_ERROR_INPUT, NULL, "%s", first);
    vdc_free(first);
    return code;
}

/* Runs to just after so many events, and on to that time. */
static vdc_code run_to(vdc_simulation *sim, uint64_t events, vdc_time now, bool settled, vdc_diag *diag) {
    vdc_code code = VDC_OK;
    sim->events_wanted = events;
    for (bool more = true; !code && more && sim->event_count < events;) code = vdc_run_step(sim, now, &more, diag);
    if (!code && settled) code = vdc_datacenter_settle(&sim->datacenter, diag);
    if (code) return code;
    if (sim->event_count != events || sim->ended || sim->datacenter.now > now)
        return vdc_fail(diag, VDC_ERROR_CHECK, NULL, "%s: run again, it comes to %" PRIu64 " events at %.9g s and not to %" PRIu64 " at %.9g s: a policy, "
                        "a plug-in or a reader does not do the same again", sim->scenario->path, sim->event_count, (double)sim->datacenter.now / 1e9,
                        events, (double)now / 1e9);
    sim->datacenter.now = now;
    return VDC_OK;
}

/* The overlays of one change, a line each. */
static vdc_code change_again(vdc_simulation *sim, const char *text, vdc_diag *diag) {
    size_t count = 1, at = 0;
    for (const char *c = text; *c; c++) count += *c == '\n';
    char *copy = vdc_strdup(text);
    const char **sets = vdc_malloc(count * sizeof *sets);
    vdc_code code = copy && sets ? VDC_OK : vdc_no_memory(diag, "a change");
    for (char *line = copy; !code && at < count; at++) {
        char *end = line + strcspn(line, "\n");
        sets[at] = line;
        line = *end ? end + 1 : end;
        *end = '\0';
    }
    if (!code) code = vdc_simulation_change(sim, sets, count, diag);
    vdc_free(copy);
    vdc_free(sets);
    return code;
}

static vdc_code do_again(vdc_simulation *sim, vdc_deed deed, const char *text, vdc_diag *diag) {
    const char *refusal; /* one that was refused is refused again */
    return deed == VDC_DEED_SET ? change_again(sim, text, diag) : vdc_simulation_operate(sim, text, &refusal, diag);
}

/* The deeds of a journal, each at its place: one after the other, and none after `last_events` and `last`, to which the run comes by itself. */
static vdc_code replay(vdc_simulation *sim, const vdc_node *journal, int64_t last_events, vdc_time last, vdc_diag *diag) {
    vdc_code code = VDC_OK;
    int64_t events_before = 0, before = 0;
    for (size_t i = 0; !code && i < journal->count; i++) {
        const vdc_node *entry = journal->children[i];
        int64_t events, now;
        int deed;
        if (entry->kind != VDC_NODE_SEQUENCE || entry->count != 4) return vdc_fail(diag, VDC_ERROR_INPUT, NULL, "the journal is damaged");
        if ((code = vdc_node_integer(entry->children[0], VDC_DIM_COUNT, 0, INT64_MAX, &events, diag))
            || (code = vdc_node_integer(entry->children[1], VDC_DIM_COUNT, 0, INT64_MAX, &now, diag))
            || (code = vdc_node_choice(entry->children[2], vdc_deed_names, &deed, diag)))
            return code;
        if (events < events_before || now < before || events > last_events || now > last)
            return vdc_fail(diag, VDC_ERROR_INPUT, NULL,
                            "the journal is damaged: after %" PRId64 " events and %.9g s it goes on at %" PRId64 " events and %.9g s", events_before,
                            (double)before / 1e9, events, (double)now / 1e9);
        events_before = events;
        before = now;
        code = run_to(sim, (uint64_t)events, now, true, diag);
        if (!code) code = do_again(sim, (vdc_deed)deed, entry->children[3]->text ? entry->children[3]->text : "", diag);
    }
    return code;
}

vdc_code vdc_journal_replay_text(vdc_simulation *sim, const char *text, vdc_diag *diag) {
    vdc_arena arena = {0};
    const vdc_node *root = NULL;
    vdc_code code = vdc_yaml_parse(text, strlen(text), "the journal", &arena, &root, diag);
    if (!code && root->kind == VDC_NODE_SEQUENCE) code = replay(sim, root, INT64_MAX, VDC_TIME_MAX, diag);
    vdc_arena_free(&arena);
    return code;
}

/* Is this the state that was saved? */
static vdc_code check_state(vdc_simulation *sim, const char *what, const char *recorded, vdc_diag *diag) {
    char found[VDC_DIGEST_TEXT];
    vdc_code code = vdc_state_digest(sim, found, diag);
    if (code || strcmp(found, recorded) == 0) return code;
    return vdc_fail(diag, VDC_ERROR_CHECK, NULL, "%s: run again, the scenario does not come to the state that was saved at %.9g s (its sha256 is %s, recorded "
                    "is %s): a policy, a plug-in or a reader does not do the same again", what, (double)sim->datacenter.now / 1e9, found, recorded);
}

static vdc_code restore(vdc_simulation **out, const char *path, const state_file *state, const vdc_run_options *options, const char *base, vdc_diag *diag) {
    const char *slash = strrchr(state->scenario_path, '/'), *name = slash ? slash + 1 : state->scenario_path;
    size_t length = !slash ? 0 : slash > state->scenario_path ? (size_t)(slash - state->scenario_path) : 1;
    char *folder = base ? vdc_strdup(base) : slash ? vdc_strndup(state->scenario_path, length) : NULL;
    char *scenario = folder ? vdc_format("%s/%s", folder, name) : vdc_strdup(name);
    vdc_run_options settings = *options;
    settings.text = state->scenario;
    settings.operable = state->operable; /* it is a part of the state */
    settings.sets = NULL;
    settings.set_count = 0;
    settings.has_seed = false;
    if (options->programs != VDC_PROGRAMS_ALLOWED) settings.programs = VDC_PROGRAMS_REFUSED;
    vdc_simulation *sim = NULL;
    vdc_code code = scenario ? VDC_OK : vdc_no_memory(diag, "the state");
    if (!code) code = check_inputs(path, state->inputs, folder, diag);
    if (!code) code = vdc_simulation_open(&sim, scenario, &settings, diag);
    if (!code) code = vdc_file_spare(sim->output, path, diag);
    if (!code && strcmp(sim->scenario->sha256, state->scenario_sha256) != 0)
        code = vdc_fail(diag, VDC_ERROR_INPUT, NULL, "%s: its scenario does not have the sha256 that it records", path);
    if (!code) code = replay(sim, state->journal, state->events, state->time, diag);
    if (!code) code = run_to(sim, (uint64_t)state->events, state->time, state->settled, diag);
    if (!code) code = check_state(sim, path, state->state_sha256, diag);
    if (!code) sim->no_programs = options->programs == VDC_PROGRAMS_REFUSED; /* what comes now is the caller's */
    if (!code && options->set_count) code = vdc_simulation_change(sim, options->sets, options->set_count, diag);
    vdc_free(folder);
    vdc_free(scenario);
    if (code) vdc_simulation_close(sim);
    else *out = sim;
    return code;
}

vdc_code vdc_simulation_restore(vdc_simulation **out, const char *path, const char *base, const vdc_run_options *options, vdc_diag *diag) {
    *out = NULL;
    if (options->has_seed)
        return vdc_fail(diag, VDC_ERROR_INPUT, NULL, "%s: a restored run keeps its seed: what was drawn until then came from it", path);
    char *text = NULL;
    size_t length = 0;
    vdc_arena arena = {0};
    const vdc_node *root = NULL;
    state_file state = {0};
    vdc_code code = vdc_file_read(path, STATE_LIMIT, &text, &length, diag);
    if (!code) code = check_whole(path, text, length, diag);
    if (!code) code = vdc_yaml_parse(text, length, path, &arena, &root, diag);
    const vdc_node *format = code ? NULL : vdc_node_get(root, "vdcsim_state"), *version = code ? NULL : vdc_node_get(root, "vdcsim_version");
    if (!code && (!format || !format->text || strcmp(format->text, "1") != 0))
        code = vdc_fail(diag, VDC_ERROR_INPUT, NULL, "%s: is a state of format %s; this vdcsim reads format %d", path,
                        format && format->text ? format->text : "unknown", STATE_FORMAT);
    if (!code && (!version || !version->text || strcmp(version->text, vdc_version()) != 0))
        code = vdc_fail(diag, VDC_ERROR_INPUT, NULL, "%s: was saved by vdcsim %s, this is %s: another version need not come to the same state", path,
                        version && version->text ? version->text : "of unknown version", vdc_version());
    if (!code) code = vdc_params_read(root, keys, sizeof keys / sizeof *keys, &state, NULL, "state", diag);
    if (!code && (state.inputs->kind != VDC_NODE_SEQUENCE || state.journal->kind != VDC_NODE_SEQUENCE))
        code = vdc_fail(diag, VDC_ERROR_INPUT, NULL, "%s: its inputs or its journal are no list", path);
    if (!code) code = restore(out, path, &state, options, base, diag);
    vdc_arena_free(&arena);
    vdc_free(text);
    return code;
}

/* ---- forks, and going to a time ---- */

vdc_code vdc_simulation_fork(vdc_simulation **out, vdc_simulation *from, const vdc_run_options *options, vdc_diag *diag) {
    char state[VDC_DIGEST_TEXT], *journal = vdc_journal_text(from);
    vdc_run_options settings = *options;
    settings.text = from->scenario->text;
    settings.programs = VDC_PROGRAMS_ALLOWED; /* what led to here has run already */
    settings.operable = from->operable;
    settings.sets = NULL;
    settings.set_count = 0;
    vdc_simulation *sim = NULL;
    *out = NULL;
    vdc_code code = journal ? VDC_OK : vdc_no_memory(diag, "a fork");
    if (!code && from->broken_off)
        code = vdc_fail(diag, VDC_ERROR_STATE, NULL, "%s: the run broke off in the middle of an event: there is nothing to fork", from->scenario->path);
    if (!code && from->ended) code = vdc_fail(diag, VDC_ERROR_STATE, NULL, "%s: the run has ended: there is nothing to fork", from->scenario->path);
    if (!code && options->has_seed)
        code = vdc_fail(diag, VDC_ERROR_INPUT, NULL, "%s: a fork keeps its seed: what was drawn until then came from it", from->scenario->path);
    if (!code) code = vdc_state_digest(from, state, diag);
    if (!code) code = vdc_simulation_open(&sim, from->scenario->path, &settings, diag);
    if (!code) code = vdc_journal_replay_text(sim, journal, diag);
    if (!code) code = run_to(sim, from->event_count, from->datacenter.now, !vdc_datacenter_unsettled(&from->datacenter), diag);
    if (!code) code = check_state(sim, from->scenario->path, state, diag);
    if (!code) sim->no_programs = from->no_programs;
    if (!code && options->set_count) code = vdc_simulation_change(sim, options->sets, options->set_count, diag);
    vdc_free(journal);
    if (code) vdc_simulation_close(sim);
    else *out = sim;
    return code;
}

vdc_code vdc_simulation_advance(vdc_simulation *sim, vdc_time time, vdc_diag *diag) {
    if (time < sim->datacenter.now)
        return vdc_fail(diag, VDC_ERROR_INPUT, NULL, "%.9g s is over: it is %.9g s", (double)time / 1e9, (double)sim->datacenter.now / 1e9);
    vdc_code code = vdc_simulation_run_until(sim, time, diag);
    if (!code && !sim->ended) sim->datacenter.now = time;
    return code;
}
