/* See sweep_inputs.h. */
#include "sim/cli/sweep_inputs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "analysis/result.h"
#include "sim/base/digest.h"
#include "sim/base/file.h"
#include "sim/base/memory.h"
#include "sim/cli/command.h"

static bool exists(const char *folder, const char *name) {
    char *path = vdc_format("%s/%s", folder, name);
    bool there = path && access(path, F_OK) == 0;
    vdc_free(path);
    return there;
}

bool vdc_cli_is_sweep(const char *folder) { return exists(folder, "MANIFEST") && exists(folder, "sweep.yaml"); }

/* Makes the folders that lead to a file. */
static vdc_code make_way(const char *path, vdc_diag *diag) {
    char *part = vdc_strdup(path);
    vdc_code code = part ? VDC_OK : vdc_no_memory(diag, "a file's name");
    for (char *slash = part ? strchr(part + 1, '/') : NULL; slash && !code; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        if (mkdir(part, 0777) != 0 && errno != EEXIST) code = vdc_file_fail(diag, VDC_ERROR_IO, part, "cannot be made");
        *slash = '/';
    }
    vdc_free(part);
    return code;
}

static bool copy_bytes(int from, int to) {
    static const size_t most = 1 << 20;
    char *buffer = vdc_malloc(most);
    ssize_t got = buffer ? 1 : -1;
    while (got > 0 && (got = read(from, buffer, most)) > 0) {
        for (ssize_t put = 0, once; put < got; put += once) {
            if ((once = write(to, buffer + put, (size_t)(got - put))) < 0) {
                got = -1;
                break;
            }
        }
    }
    vdc_free(buffer);
    return got == 0;
}

/* Copies a file unless one of its size is there. */
static vdc_code copy(const char *source, const char *target, vdc_diag *diag) {
    struct stat is, has;
    if (stat(source, &is) != 0) return vdc_file_fail(diag, VDC_ERROR_IO, source, "cannot be read");
    if (stat(target, &has) == 0 && has.st_size == is.st_size) return VDC_OK;
    vdc_code code = make_way(target, diag);
    if (code) return code;
    char *partial = vdc_format("%s.partial", target);
    if (!partial) return vdc_no_memory(diag, "a file's name");
    int from = open(source, O_RDONLY | O_CLOEXEC), to = open(partial, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    bool good = from >= 0 && to >= 0 && copy_bytes(from, to);
    if (from >= 0) close(from);
    good = (to < 0 || close(to) == 0) && good;
    if (!good || rename(partial, target) != 0) code = vdc_file_fail(diag, VDC_ERROR_IO, target, "cannot be written");
    if (code) unlink(partial);
    vdc_free(partial);
    return code;
}

/* How many steps upwards a relative path begins with. */
static size_t steps_up(const char *path) {
    size_t count = 0;
    for (; strncmp(path, "../", 3) == 0; path += 3) count++;
    return count;
}

bool vdc_cli_leaves_folder(const char *path) {
    if (path[0] == '/') return true;
    for (const char *part = path; part; part = strchr(part, '/') ? strchr(part, '/') + 1 : NULL)
        if (strncmp(part, "..", 2) == 0 && (part[2] == '/' || part[2] == '\0')) return true;
    return false;
}

bool vdc_cli_leads_out(const char *base, const char *path) {
    if (vdc_cli_leaves_folder(path)) return true;
    char *joined = vdc_format("%s/%s", base, path), *target = joined ? realpath(joined, NULL) : NULL, *folder = target ? realpath(base, NULL) : NULL;
    size_t length = folder ? strlen(folder) : 0;
    if (length == 1) length = 0; /* the root */
    bool out = !joined || (target && (!folder || strncmp(target, folder, length) != 0 || (target[length] != '/' && target[length] != '\0')));
    vdc_free(joined);
    free(target);
    free(folder);
    return out;
}

bool vdc_cli_read_input(char *line, const char **sha256, const char **name) {
    bool escaped = line[0] == '\\';
    char *digest = line + escaped, *path = digest + VDC_DIGEST_TEXT + 1, *to = path;
    if (strlen(digest) < VDC_DIGEST_TEXT + 2 || strncmp(path - 2, "  ", 2) != 0) return false;
    path[-2] = '\0';
    for (const char *from = path; *from; from++) {
        if (escaped && *from == '\\' && from[1]) *to++ = *++from == 'n' ? '\n' : *from;
        else *to++ = *from;
    }
    *to = '\0';
    *sha256 = digest;
    *name = path;
    return true;
}

/* What is done with an input: of which run, and as the run's result lists it; its name is relative to the folder of the run's scenario. */
typedef vdc_code input_visitor(void *context, const vdc_grid_run *run, const char *sha256, const char *name, vdc_diag *diag);

/* Calls `each` for every input that the run's result lists. *found: there is such a result; failed runs have none. */
static vdc_code visit_run(const vdc_grid_run *run, const char *folder, input_visitor *each, void *context, bool *found, vdc_diag *diag) {
    char *path = vdc_format("%s/runs/%s.h5", folder, run->name);
    vdc_result *result = NULL;
    vdc_code code = path ? VDC_OK : vdc_no_memory(diag, "a file's name");
    if (!code && access(path, F_OK) == 0) code = vdc_result_open(&result, path, diag);
    *found = result != NULL;
    const char *list = result ? vdc_result_text(result, "inputs") : NULL;
    if (result && !code) code = vdc_result_check(result, diag);
    char *lines = list && !code ? vdc_strdup(list) : NULL;
    if (list && !code && !lines) code = vdc_no_memory(diag, "the inputs of a run");
    for (char *line = lines, *next; line && *line && !code; line = next) {
        next = strchr(line, '\n');
        if (next) *next++ = '\0';
        const char *sha256, *name;
        if (vdc_cli_read_input(line, &sha256, &name)) code = each(context, run, sha256, name, diag);
    }
    vdc_free(lines);
    vdc_result_close(result);
    vdc_free(path);
    return code;
}

/* Calls `each` for the inputs of every run, or of each group's first that did not fail: runs that differ in their seed alone read the same. */
static vdc_code visit_inputs(const vdc_grid *grid, const char *folder, bool all, input_visitor *each, void *context, vdc_diag *diag) {
    size_t seeds = grid->seed_count ? grid->seed_count : 1;
    vdc_code code = VDC_OK;
    bool found = false;
    for (size_t i = 0; i < grid->runs && !code; i++) {
        if (i % seeds == 0) found = false;
        if (found && !all) continue;
        vdc_grid_run run;
        code = vdc_cli_interrupted() ? VDC_INTERRUPTED : vdc_grid_run_at(grid, i, &run, diag);
        if (code) break;
        code = visit_run(&run, folder, each, context, &found, diag);
        vdc_grid_run_clear(&run);
    }
    return code;
}

/* How much of its path is the folder of a run's scenario, with the slash. */
static int folder_length(const vdc_grid_run *run) {
    const char *slash = strrchr(run->scenario, '/');
    return slash ? (int)(slash + 1 - run->scenario) : 0;
}

/* Can an input be kept beside its scenario? One with an absolute path, or steps upwards after its beginning, stays where it is. */
static bool is_kept(const char *name) { return name[0] != '/' && !vdc_cli_leaves_folder(name + 3 * steps_up(name)); }

typedef struct keeping {
    const char *folder;
    const vdc_grid *grid;
    size_t depth;                /* of the scenarios below their folders */
    bool several;                /* scenarios */
} keeping;

static vdc_code measure(void *context, const vdc_grid_run *run, const char *sha256, const char *name, vdc_diag *diag) {
    keeping *k = context;
    (void)run;
    (void)sha256;
    (void)diag;
    if (is_kept(name) && steps_up(name) > k->depth) k->depth = steps_up(name);
    return VDC_OK;
}

/* Copies the run's scenario, or an input of it. */
static vdc_code keep_file(const keeping *k, const vdc_grid_run *run, const char *name, vdc_diag *diag) {
    const char *file = run->scenario + folder_length(run);
    size_t scenario = vdc_grid_scenario(k->grid, run);
    char *place = vdc_format("%s/again/%zu", k->folder, scenario), *source, *target;
    /* An upward step of the name takes one of the x off. */
    for (size_t i = name ? steps_up(name) : 0; i < k->depth && place; i++) {
        char *deeper = vdc_format("%s/x", place);
        vdc_free(place);
        place = deeper;
    }
    if (!name && k->several) source = vdc_format("%s/base-%zu.yaml", k->folder, scenario);
    else if (!name) source = vdc_format("%s/%s", k->folder, exists(k->folder, "base.yaml") ? "base.yaml" : "base-0.yaml");
    else source = vdc_format("%.*s%s", folder_length(run), run->scenario, name);
    target = vdc_format("%s/%s", place ? place : "", name ? name + 3 * steps_up(name) : file);
    vdc_code code = place && source && target ? copy(source, target, diag) : vdc_no_memory(diag, "a file's name");
    vdc_free(place);
    vdc_free(source);
    vdc_free(target);
    return code;
}

static vdc_code keep_input(void *context, const vdc_grid_run *run, const char *sha256, const char *name, vdc_diag *diag) {
    (void)sha256;
    return is_kept(name) ? keep_file(context, run, name, diag) : VDC_OK;
}

/* The scenarios of all runs; k->several is known before. */
static vdc_code visit_scenarios(keeping *k, bool keep, vdc_diag *diag) {
    size_t seeds = k->grid->seed_count ? k->grid->seed_count : 1;
    vdc_code code = VDC_OK;
    for (size_t i = 0; i < k->grid->runs && !code; i += seeds) {
        vdc_grid_run run;
        code = vdc_grid_run_at(k->grid, i, &run, diag);
        if (code) break;
        k->several = k->several || vdc_grid_scenario(k->grid, &run) > 0;
        if (keep) code = keep_file(k, &run, NULL, diag);
        vdc_grid_run_clear(&run);
    }
    return code;
}

vdc_code vdc_cli_keep_inputs(const vdc_grid *grid, const char *folder, vdc_diag *diag) {
    keeping k = {.folder = folder, .grid = grid};
    vdc_code code = visit_inputs(grid, folder, false, measure, &k, diag);
    if (!code) code = visit_scenarios(&k, false, diag);
    if (!code) code = visit_scenarios(&k, true, diag);
    return code ? code : visit_inputs(grid, folder, false, keep_input, &k, diag);
}

/* Digests of the files that were read so far. */
typedef struct known_digest {
    char *path, sha256[VDC_DIGEST_TEXT];
    bool gone;
} known_digest;
typedef struct checking {
    const char *folder;
    known_digest *items;
    size_t count, capacity;
} checking;

static vdc_code check_input(void *context, const vdc_grid_run *run, const char *sha256, const char *name, vdc_diag *diag) {
    checking *c = context;
    char *path = name[0] == '/' ? vdc_strdup(name) : vdc_format("%.*s%s", folder_length(run), run->scenario, name);
    if (!path) return vdc_no_memory(diag, "a file's name");
    size_t i = 0;
    while (i < c->count && strcmp(c->items[i].path, path) != 0) i++;
    if (i < c->count) {
        vdc_free(path);
    } else {
        if (!VDC_RESERVE(c->items, c->capacity, c->count + 1)) {
            vdc_free(path);
            return vdc_no_memory(diag, "the inputs of a sweep");
        }
        known_digest *fresh = &c->items[c->count++];
        *fresh = (known_digest){.path = path};
        fresh->gone = vdc_digest_file(path, fresh->sha256, NULL) != VDC_OK;
    }
    if (c->items[i].gone || strcmp(c->items[i].sha256, sha256) == 0) return VDC_OK;
    return vdc_fail(diag, VDC_ERROR_INPUT, NULL, "%s: is not the file that %s/runs/%s.h5 read (its sha256 differs): results of different inputs do not belong "
                    "in one sweep; give a new folder", c->items[i].path, c->folder, run->name);
}

vdc_code vdc_cli_check_inputs(const vdc_grid *grid, const char *folder, vdc_diag *diag) {
    checking c = {.folder = folder};
    vdc_code code = visit_inputs(grid, folder, true, check_input, &c, diag);
    for (size_t i = 0; i < c.count; i++) vdc_free(c.items[i].path);
    vdc_free(c.items);
    return code;
}
