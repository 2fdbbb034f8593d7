/* See sweep_inputs.h. */
#include "sim/cli/sweep_inputs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "analysis/result.h"
#include "sim/base/file.h"

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

/* What is done with an input: of which run, and its name relative to the folder of the run's scenario. */
typedef vdc_code input_visitor(void *context, const vdc_grid_run *run, size_t scenario, const char *name, vdc_diag *diag);

/* Calls `each` for every input of the first seed's runs that is named relative to its scenario, and once with the name NULL for each run. */
static vdc_code visit_inputs(const vdc_grid *grid, const char *folder, input_visitor *each, void *context, vdc_diag *diag) {
    size_t seeds = grid->seed_count ? grid->seed_count : 1;
    vdc_code code = VDC_OK;
    for (size_t i = 0; i < grid->runs && !code; i += seeds) {
        vdc_grid_run run;
        code = vdc_grid_run_at(grid, i, &run, diag);
        if (code) break;
        size_t scenario = vdc_grid_scenario(grid, &run);
        char *path = vdc_format("%s/runs/%s.h5", folder, run.name);
        vdc_result *result = NULL;
        if (!path) code = vdc_no_memory(diag, "a file's name");
        else if (access(path, F_OK) == 0) code = vdc_result_open(&result, path, diag); /* failed runs have none */
        const char *list = result ? vdc_result_text(result, "inputs") : NULL;
        if (result && !code) code = vdc_result_check(result, diag);
        char *lines = list ? vdc_strdup(list) : NULL;
        if (!code) code = each(context, &run, scenario, NULL, diag);
        for (char *line = lines, *next; line && *line && !code; line = next) {
            next = strchr(line, '\n');
            if (next) *next++ = '\0';
            const char *name = strstr(line, "  ");
            if (name && name[2] != '/' && !strstr(name + 2 + 3 * steps_up(name + 2), "..")) code = each(context, &run, scenario, name + 2, diag);
        }
        vdc_free(lines);
        vdc_result_close(result);
        vdc_free(path);
        vdc_grid_run_clear(&run);
    }
    return code;
}

typedef struct keeping {
    const char *folder;
    size_t depth;                /* of the scenarios below their folders */
    bool several;                /* scenarios */
} keeping;

static vdc_code measure(void *context, const vdc_grid_run *run, size_t scenario, const char *name, vdc_diag *diag) {
    keeping *k = context;
    (void)run;
    (void)diag;
    k->several = k->several || scenario > 0;
    if (name && steps_up(name) > k->depth) k->depth = steps_up(name);
    return VDC_OK;
}

static vdc_code keep(void *context, const vdc_grid_run *run, size_t scenario, const char *name, vdc_diag *diag) {
    const keeping *k = context;
    const char *slash = strrchr(run->scenario, '/'), *file = slash ? slash + 1 : run->scenario;
    char *place = vdc_format("%s/again/%zu", k->folder, scenario), *source, *target;
    /* An upward step of the name takes one of the x off. */
    for (size_t i = name ? steps_up(name) : 0; i < k->depth && place; i++) {
        char *deeper = vdc_format("%s/x", place);
        vdc_free(place);
        place = deeper;
    }
    if (!name && k->several) source = vdc_format("%s/base-%zu.yaml", k->folder, scenario);
    else if (!name) source = vdc_format("%s/%s", k->folder, exists(k->folder, "base.yaml") ? "base.yaml" : "base-0.yaml");
    else source = vdc_format("%.*s%s", (int)(file - run->scenario), run->scenario, name);
    target = vdc_format("%s/%s", place ? place : "", name ? name + 3 * steps_up(name) : file);
    vdc_code code = place && source && target ? copy(source, target, diag) : vdc_no_memory(diag, "a file's name");
    vdc_free(place);
    vdc_free(source);
    vdc_free(target);
    return code;
}

vdc_code vdc_cli_keep_inputs(const vdc_grid *grid, const char *folder, vdc_diag *diag) {
    keeping k = {.folder = folder};
    vdc_code code = visit_inputs(grid, folder, measure, &k, diag);
    return code ? code : visit_inputs(grid, folder, keep, &k, diag);
}
