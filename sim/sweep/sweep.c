/* Running a sweep. */
#include "sim/sweep/sweep.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "sim/base/digest.h"
#include "sim/base/file.h"
#include "sim/scenario/scenario.h"
#include "sim/sweep/pool.h"
#include "sim/vdcsim.h"

struct vdc_sweep {
    vdc_grid grid;
    vdc_programs programs;       /* of all runs */
    char manifest[3 * VDC_DIGEST_TEXT + 128];
    char **scenarios;            /* whole texts: the base, or one for each point of the axis of scenarios */
    size_t scenario_count;
};

/* ---- opening ---- */

static size_t scenario_axis(const vdc_grid *grid) {
    for (size_t i = 0; i < grid->axis_count; i++)
        if (grid->axes[i].count > 0 && grid->axes[i].points[0].scenario) return i;
    return SIZE_MAX;
}

/* Keeps the whole text of every scenario that is extended. */
static vdc_code read_scenarios(vdc_sweep *sweep, vdc_diag *diag) {
    const vdc_grid *grid = &sweep->grid;
    const vdc_scenario_options options = {.no_programs = sweep->programs == VDC_PROGRAMS_REFUSED};
    size_t axis = scenario_axis(grid), count = axis == SIZE_MAX ? 1 : grid->axes[axis].count;
    sweep->scenarios = vdc_calloc(count, sizeof *sweep->scenarios);
    vdc_code code = sweep->scenarios ? VDC_OK : vdc_no_memory(diag, "a sweep");
    for (size_t i = 0; i < count && !code; i++) {
        vdc_scenario *scenario;
        code = vdc_scenario_open(&scenario, axis == SIZE_MAX ? grid->base : grid->axes[axis].points[i].scenario, &options, diag);
        if (code) return code;
        sweep->scenarios[i] = vdc_strdup(scenario->text);
        if (!sweep->scenarios[i]) code = vdc_no_memory(diag, "a sweep");
        sweep->scenario_count++;
        vdc_scenario_close(scenario);
    }
    return code;
}

static bool is_told(const vdc_diag *diag, const char *text) {
    for (size_t i = 0; diag && i < diag->count; i++)
        if (diag->messages[i].text && strcmp(diag->messages[i].text, text) == 0) return true;
    return false;
}

/* Opens run `index` without a result file; what is wrong is told once, whichever run has it first. */
static vdc_code check_run(const vdc_grid *grid, size_t index, vdc_programs programs, vdc_diag *diag) {
    vdc_grid_run run;
    vdc_code code = vdc_grid_run_at(grid, index, &run, diag);
    if (code) return code;
    vdc_diag said = {0};
    vdc_simulation *simulation;
    vdc_run_options options = {.sets = run.sets, .set_count = run.set_count, .has_seed = run.has_seed, .seed = (uint64_t)run.seed,
                               .programs = programs};
    code = vdc_simulation_open(&simulation, run.scenario, &options, &said);
    vdc_simulation_close(simulation);
    for (size_t i = 0; i < said.count; i++) {
        const char *text = said.messages[i].text ? said.messages[i].text : "";
        if (is_told(diag, text)) continue;
        if (said.messages[i].warning) vdc_warn(diag, NULL, "%s", text);
        else vdc_fail(diag, said.messages[i].code, NULL, "%s", text);
    }
    vdc_diag_clear(&said);
    vdc_grid_run_clear(&run);
    return code;
}

/* Opens runs so that each has every value of one axis and the first of all others: an axis that names no key, or a value that a key cannot
 * take, is told before anything is written. O(sum of the axes' lengths). */
static vdc_code check_axes(const vdc_grid *grid, vdc_programs programs, vdc_diag *diag) {
    vdc_code first = check_run(grid, 0, programs, diag);
    if (first) return first; /* what is wrong with the first run is wrong with many */
    size_t stride = grid->runs;
    for (size_t i = 0; i < grid->axis_count; i++) {
        stride /= grid->axes[i].count;
        for (size_t k = 1; k < grid->axes[i].count; k++) {
            vdc_code code = check_run(grid, k * stride, programs, diag);
            first = first ? first : code;
            if (code && code != VDC_ERROR_INPUT) return code;
        }
    }
    return first;
}

/* What tells this sweep from another: its text, what it extends, and how many runs it has. */
static void make_manifest(vdc_sweep *sweep) {
    char own[VDC_DIGEST_TEXT], scenarios[VDC_DIGEST_TEXT];
    vdc_digest digest;
    vdc_digest_start(&digest);
    vdc_digest_add(&digest, sweep->grid.text, strlen(sweep->grid.text));
    vdc_digest_end(&digest, own);
    vdc_digest_start(&digest);
    for (size_t i = 0; i < sweep->scenario_count; i++) vdc_digest_add(&digest, sweep->scenarios[i], strlen(sweep->scenarios[i]) + 1);
    vdc_digest_end(&digest, scenarios);
    snprintf(sweep->manifest, sizeof sweep->manifest, "vdcsim sweep %s\nsweep %s\nscenarios %s\nruns %zu\n", vdc_version(), own, scenarios,
             sweep->grid.runs);
}

/* FOLDER/again/I/x/.../NAME in the grid's memory; NULL after an error. */
static const char *kept_scenario(vdc_grid *grid, const char *folder, size_t index, const char *named, vdc_diag *diag) {
    const char *slash = strrchr(named, '/'), *name = slash ? slash + 1 : named, *kept = NULL;
    char *at = vdc_format("%s/again/%zu", folder, index);
    while (at && !kept) {
        char *path = vdc_format("%s/%s", at, name), *deeper = vdc_format("%s/x", at);
        bool there = path && access(path, F_OK) == 0;
        if (there && !(kept = vdc_arena_strdup(&grid->arena, path))) there = false;
        if (!there && deeper && access(at, F_OK) != 0) {
            vdc_fail(diag, VDC_ERROR_INPUT, NULL, "%s: holds no scenario %s: its sweep was not finished", folder, name);
            vdc_free(deeper);
            deeper = NULL;
        }
        vdc_free(path);
        vdc_free(at);
        at = deeper;
    }
    vdc_free(at);
    return kept;
}

/* Puts the kept scenarios in the place of those that the grid names. */
static vdc_code use_scenarios(vdc_grid *grid, const char *folder, vdc_diag *diag) {
    size_t axis = scenario_axis(grid), count = axis == SIZE_MAX ? 1 : grid->axes[axis].count;
    for (size_t i = 0; i < count; i++) {
        const char **named = axis == SIZE_MAX ? &grid->base : &grid->axes[axis].points[i].scenario;
        const char *kept = kept_scenario(grid, folder, i, *named, diag);
        if (!kept) return vdc_diag_code(diag) ? vdc_diag_code(diag) : vdc_no_memory(diag, "a sweep");
        *named = kept;
    }
    return VDC_OK;
}

static vdc_code open_sweep(vdc_sweep **out, const char *path, const char *again, vdc_programs programs, vdc_diag *diag) {
    *out = NULL;
    vdc_sweep *sweep = vdc_calloc(1, sizeof *sweep);
    if (!sweep) return vdc_no_memory(diag, "a sweep");
    sweep->programs = programs;
    vdc_code code = vdc_grid_open(&sweep->grid, path, diag);
    if (!code && again) code = use_scenarios(&sweep->grid, again, diag);
    if (!code) code = read_scenarios(sweep, diag);
    if (!code) code = check_axes(&sweep->grid, programs, diag);
    if (code) {
        vdc_sweep_close(sweep);
        return code;
    }
    make_manifest(sweep);
    *out = sweep;
    return VDC_OK;
}

vdc_code vdc_sweep_open(vdc_sweep **out, const char *path, vdc_diag *diag) { return open_sweep(out, path, NULL, VDC_PROGRAMS_USUAL, diag); }

vdc_code vdc_sweep_open_again(vdc_sweep **out, const char *folder, vdc_programs programs, vdc_diag *diag) {
    char *path = vdc_format("%s/sweep.yaml", folder);
    if (programs != VDC_PROGRAMS_ALLOWED) programs = VDC_PROGRAMS_REFUSED;
    vdc_code code = path ? open_sweep(out, path, folder, programs, diag) : vdc_no_memory(diag, "a sweep");
    vdc_free(path);
    return code;
}

void vdc_sweep_close(vdc_sweep *sweep) {
    if (!sweep) return;
    for (size_t i = 0; i < sweep->scenario_count; i++) vdc_free(sweep->scenarios[i]);
    vdc_free(sweep->scenarios);
    vdc_grid_close(&sweep->grid);
    vdc_free(sweep);
}

const vdc_grid *vdc_sweep_grid(const vdc_sweep *sweep) { return &sweep->grid; }

/* ---- the folder ---- */

/* FOLDER/NAME.ending in fresh memory. */
static char *path_in(const char *folder, const char *part, const char *name, const char *ending) {
    return vdc_format("%s/%s%s%s", folder, part, name, ending);
}

/* A small file in the making: NAME.partial until it is whole. */
typedef struct new_file {
    char *path, *partial;
    FILE *out;
} new_file;

static vdc_code begin_file(new_file *file, const char *folder, const char *part, const char *name, const char *ending, vdc_diag *diag) {
    *file = (new_file){.path = path_in(folder, part, name, ending)};
    file->partial = file->path ? vdc_format("%s.partial", file->path) : NULL;
    if (!file->partial) return vdc_no_memory(diag, "a file's name");
    file->out = fopen(file->partial, "we");
    return file->out ? VDC_OK : vdc_file_fail(diag, VDC_ERROR_IO, file->partial, "cannot be written");
}

/* Gives the file its name when all went well; frees in any case. */
static vdc_code end_file(new_file *file, vdc_code code, vdc_diag *diag) {
    if (file->out) {
        bool good = !ferror(file->out);
        good = fclose(file->out) == 0 && good;
        if (!code && (!good || rename(file->partial, file->path) != 0))
            code = vdc_file_fail(diag, VDC_ERROR_IO, file->path, "cannot be written");
        if (code) unlink(file->partial);
    }
    vdc_free(file->path);
    vdc_free(file->partial);
    return code;
}

static vdc_code write_file(const char *folder, const char *part, const char *name, const char *ending, const char *text, vdc_diag *diag) {
    new_file file;
    vdc_code code = begin_file(&file, folder, part, name, ending, diag);
    if (!code) fputs(text, file.out);
    return end_file(&file, code, diag);
}

static vdc_code make_folder(const char *path, vdc_diag *diag) {
    return mkdir(path, 0777) == 0 || errno == EEXIST ? VDC_OK : vdc_file_fail(diag, VDC_ERROR_INPUT, path, "cannot be made");
}

/* But for hidden files. */
static bool is_empty(const char *folder) {
    DIR *handle = opendir(folder);
    bool empty = true;
    for (struct dirent *entry; handle && empty && (entry = readdir(handle));)
        empty = entry->d_name[0] == '.';
    if (handle) closedir(handle);
    return empty;
}

/* Workers share the lock, so that it holds as long as one of them lives. Those of a sweep that was killed end at once: a little patience.
 */
static bool lock_file(int file, int kind) {
    enum { TRIES = 40, BETWEEN = 50000 }; /* us */
    for (int i = 0; i < TRIES; i++) {
        if (flock(file, kind | LOCK_NB) == 0) return true;
        usleep(BETWEEN);
    }
    return false;
}

/* A field of a CSV row, after a comma. */
static void put_csv(FILE *out, const char *field) {
    bool quoted = strpbrk(field, ",\"\r\n") != NULL;
    fputs(quoted ? ",\"" : ",", out);
    for (; *field; field++) fprintf(out, quoted && *field == '"' ? "\"%c" : "%c", *field);
    if (quoted) fputc('"', out);
}

/* Is the run one of the first `seeds` seeds? The seed changes fastest. */
static bool is_wanted(const vdc_grid *grid, size_t run, size_t seeds) {
    return seeds == 0 || grid->seed_count == 0 || run % grid->seed_count < seeds;
}

/* runs.csv: file, seed, and the value of every axis. */
static vdc_code write_index(const vdc_grid *grid, const char *folder, size_t seeds, vdc_diag *diag) {
    new_file file;
    vdc_code code = begin_file(&file, folder, "", "runs", ".csv", diag);
    if (code) return end_file(&file, code, diag);
    fputs("file,seed", file.out);
    for (size_t i = 0; i < grid->axis_count; i++)
        if (*grid->axes[i].name) put_csv(file.out, grid->axes[i].name);
    fputc('\n', file.out);
    for (size_t r = 0; r < grid->runs && !code; r++) {
        vdc_grid_run run;
        if (!is_wanted(grid, r, seeds)) continue;
        code = vdc_grid_run_at(grid, r, &run, diag);
        if (code) break;
        fprintf(file.out, "runs/%s.h5,", run.name);
        if (run.has_seed) fprintf(file.out, "%" PRId64, run.seed);
        for (size_t i = 0; i < grid->axis_count; i++)
            if (*grid->axes[i].name) put_csv(file.out, grid->axes[i].points[run.points[i]].label);
        fputc('\n', file.out);
        vdc_grid_run_clear(&run);
    }
    return end_file(&file, code, diag);
}

static vdc_code write_folder(const vdc_sweep *sweep, const vdc_sweep_options *options, vdc_diag *diag) {
    const vdc_grid *grid = &sweep->grid;
    const char *folder = options->folder;
    char *runs = path_in(folder, "", "runs", "");
    vdc_code code = runs ? make_folder(runs, diag) : vdc_no_memory(diag, "a file's name");
    vdc_free(runs);
    if (!code) code = write_file(folder, "", "sweep", ".yaml", grid->text, diag);
    size_t axis = scenario_axis(grid);
    for (size_t i = 0; i < sweep->scenario_count && !code; i++) {
        char name[64];
        if (axis == SIZE_MAX) snprintf(name, sizeof name, "base");
        else snprintf(name, sizeof name, "base-%zu", i);
        code = write_file(folder, "", name, ".yaml", sweep->scenarios[i], diag);
    }
    return code ? code : write_index(grid, folder, options->seeds, diag);
}

/* Byte `which` of DIR/.claims, locked by whoever has that run in hand; the lock ends with its process, on whatever machine. Returns a
 * descriptor to keep, -1 when somebody else has it. */
static int claim(const char *folder, size_t which, bool wait) {
    char *path = path_in(folder, "", ".claims", "");
    int file = path ? open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666) : -1;
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = (off_t)which, .l_len = 1};
    vdc_free(path);
    while (file >= 0 && fcntl(file, wait ? F_OFD_SETLKW : F_OFD_SETLK, &lock) != 0) {
        if (errno == EINTR) continue;
        close(file);
        file = -1;
    }
    return file;
}

/* Opens and locks the manifest; a new one is written, and what stands beside it. *file is -1 on failure. */
static vdc_code take_folder(const vdc_sweep *sweep, const vdc_sweep_options *options, int *file, vdc_diag *diag) {
    const char *folder = options->folder;
    *file = -1;
    vdc_code code = make_folder(folder, diag);
    if (code) return code;
    /* Processes that join set the folder up one after the other. */
    int turn = options->join ? claim(folder, sweep->grid.runs + 1, true) : -1;
    bool fresh = is_empty(folder);
    char *path = path_in(folder, "", "MANIFEST", "");
    if (!path) {
        if (turn >= 0) close(turn);
        return vdc_no_memory(diag, "a file's name");
    }
    *file = open(path, fresh ? O_RDWR | O_CREAT | O_CLOEXEC : O_RDWR | O_CLOEXEC, 0666);
    char held[sizeof sweep->manifest] = "";
    ssize_t length = 0;
    if (*file < 0) {
        code = errno == ENOENT ? vdc_fail(diag, VDC_ERROR_INPUT, NULL, "%s: holds something that is no sweep; give a new folder", folder)
                               : vdc_file_fail(diag, VDC_ERROR_INPUT, path, "cannot be opened");
    } else if (!lock_file(*file, options->join ? LOCK_SH : LOCK_EX)) {
        code = vdc_fail(diag, VDC_ERROR_INPUT, NULL, "%s: another process works in it", folder);
    } else if ((length = read(*file, held, sizeof held - 1)) < 0) {
        code = vdc_file_fail(diag, VDC_ERROR_INPUT, path, "cannot be read");
    } else if (length > 0 && strcmp(held, sweep->manifest) != 0) {
        code = vdc_fail(diag, VDC_ERROR_INPUT, NULL,
                        "%s: holds another sweep (its sweep.yaml, its scenario or its version of vdcsim differ)", folder);
    } else if (length > 0 && !options->resume && !options->join) {
        code = vdc_fail(diag, VDC_ERROR_INPUT, NULL, "%s: holds this sweep already; --resume does what is missing of it", folder);
    } else if (length == 0) {
        size_t size = strlen(sweep->manifest);
        if (write(*file, sweep->manifest, size) != (ssize_t)size) code = vdc_file_fail(diag, VDC_ERROR_IO, path, "cannot be written");
    }
    if (!code) code = write_folder(sweep, options, diag);
    if (code && *file >= 0) {
        close(*file);
        *file = -1;
    }
    if (turn >= 0) close(turn);
    vdc_free(path);
    return code;
}

/* ---- the runs ---- */

typedef struct work {
    vdc_sweep *sweep;
    const vdc_sweep_options *options;
    vdc_sweep_state *state;
    vdc_diag *diag;
    vdc_code code;           /* of what the parent itself could not do */
} work;

static vdc_code do_run(void *context, size_t index, vdc_diag *diag) {
    work *w = context;
    vdc_grid_run run;
    vdc_code code = vdc_grid_run_at(&w->sweep->grid, index, &run, diag);
    if (code) return code;
    char *output = path_in(w->options->folder, "runs/", run.name, ".h5"), *partial = output ? vdc_format("%s.partial", output) : NULL;
    char *said = path_in(w->options->folder, "runs/", run.name, ".txt");
    /* The claim is kept until this process ends. Between looking and claiming another may have done the run. */
    if (w->options->join && output && (claim(w->options->folder, index, false) < 0 || access(output, F_OK) == 0)) {
        vdc_free(output);
        vdc_free(partial);
        vdc_free(said);
        vdc_grid_run_clear(&run);
        return VDC_INTERRUPTED;
    }
    vdc_simulation *simulation = NULL;
    vdc_run_options options = {.sets = run.sets, .set_count = run.set_count, .has_seed = run.has_seed, .seed = (uint64_t)run.seed,
                               .output = output, .check = w->options->check, .programs = w->sweep->programs};
    code = partial && said ? vdc_simulation_open(&simulation, run.scenario, &options, diag) : vdc_no_memory(diag, "a run");
    if (!code) code = vdc_simulation_run_until(simulation, VDC_TIME_MAX, diag);
    if (!code) unlink(said); /* of an earlier try: beside a result it says that the run failed */
    if (!code) code = vdc_simulation_finish(simulation, diag);
    if (!code && !vdc_simulation_checks_hold(simulation)) {
        rename(output, partial); /* no result: what is done, compared and resumed goes by the final name */
        code = vdc_fail(diag, VDC_ERROR_CHECK, NULL, "an invariant did not hold: /checks of %s has the residuals", partial);
    }
    vdc_simulation_close(simulation);
    vdc_free(output);
    vdc_free(partial);
    vdc_free(said);
    vdc_grid_run_clear(&run);
    return code;
}

/* Counts, and writes what a failed run said. */
static void note_run(void *context, size_t index, vdc_code code, const char *said) {
    work *w = context;
    vdc_grid_run run;
    if (w->options->join && code == VDC_INTERRUPTED) return; /* another process has it */
    if (vdc_grid_run_at(&w->sweep->grid, index, &run, w->diag)) {
        w->code = VDC_ERROR_MEMORY;
        return;
    }
    if (code == VDC_OK) {
        w->state->done++;
    } else {
        w->state->failed++;
        char *command = vdc_grid_run_command(&run, w->options->check), *text = command ? vdc_format("%s\n\n%s\n", command, said) : NULL;
        vdc_code written = text ? write_file(w->options->folder, "runs/", run.name, ".txt", text, w->diag)
                                : vdc_no_memory(w->diag, "a failed run's message");
        if (!w->code) w->code = written;
        if (w->options->failed) w->options->failed(w->options->context, index, said, command ? command : "");
        vdc_free(text);
        vdc_free(command);
    }
    vdc_grid_run_clear(&run);
}

static bool look(void *context, size_t running) {
    work *w = context;
    w->state->running = running;
    return w->code || (w->options->progress && w->options->progress(w->options->context, w->state));
}

/* Did the run fail since `since`? Then its text is not older. */
static bool failed_since(const char *said, time_t since) {
    struct stat status;
    return stat(said, &status) == 0 && status.st_mtime >= since;
}

/* The runs without a result file, but for those that failed since the sweep began (for processes that joined: since `since`): they are counted in
 * *failed. They begin at this process's own part of the grid. What an earlier try left is removed as a sweep begins. */
static vdc_code list_missing(const vdc_grid *grid, const vdc_sweep_options *options, time_t since, size_t *jobs, size_t *count, size_t *failed,
                             vdc_diag *diag) {
    *count = *failed = 0;
    bool begins = !options->join && !options->later;
    size_t begin = options->ranks ? grid->runs / options->ranks * (options->rank % options->ranks) : 0;
    vdc_code code = VDC_OK;
    for (size_t i = 0; i < grid->runs && !code; i++) {
        size_t index = (begin + i) % grid->runs;
        vdc_grid_run run;
        bool wanted = is_wanted(grid, index, options->seeds);
        if (!wanted && !begins) continue;
        code = vdc_grid_run_at(grid, index, &run, diag);
        if (code) break;
        char *path = path_in(options->folder, "runs/", run.name, ".h5"), *said = path_in(options->folder, "runs/", run.name, ".txt");
        if (!path || !said) {
            code = vdc_no_memory(diag, "the list of runs");
        } else {
            if (begins && unlink(said) == 0) unlink(path); /* a result beside it did not pass its checks */
            bool fails = options->join ? failed_since(said, since) : access(said, F_OK) == 0;
            if (wanted && access(path, F_OK) != 0) {
                if (fails) ++*failed;
                else jobs[(*count)++] = index;
            }
        }
        vdc_free(path);
        vdc_free(said);
        vdc_grid_run_clear(&run);
    }
    return code;
}

vdc_code vdc_sweep_prepare(vdc_sweep *sweep, const vdc_sweep_options *options, vdc_diag *diag) {
    int lock;
    vdc_code code = take_folder(sweep, options, &lock, diag);
    if (!code) close(lock);
    return code;
}

int vdc_sweep_lock_table(const vdc_sweep *sweep, const char *folder) {
    return claim(folder, sweep->grid.runs, true);
}

/* Does rounds over what is missing until nothing is, or what is missing failed. One round, unless other processes work in the folder. */
static vdc_code do_missing(work *w, size_t *jobs, vdc_diag *diag) {
    enum { PATIENCE = 300000 }; /* us between looks at what others have in hand */
    const vdc_sweep_options *options = w->options;
    const vdc_pool pool = {
        .workers = options->workers ? options->workers : 1, .context = w, .work = do_run, .ended = note_run, .idle = look};
    const time_t since = options->since ? (time_t)options->since : time(NULL);
    size_t count = 0, failed = 0;
    vdc_code code = list_missing(&w->sweep->grid, options, since, jobs, &count, &failed, diag);
    w->state->already = w->state->runs - count - failed;
    if (!options->join) w->state->failed = failed;
    while (!code && count > 0) {
        size_t before = w->state->done + w->state->failed;
        code = vdc_pool_run(&pool, jobs, count, diag);
        if (w->code) code = w->code;
        if (code || !options->join) break;
        if (w->state->done + w->state->failed == before) usleep(PATIENCE);
        code = look(w, 0) ? VDC_INTERRUPTED : list_missing(&w->sweep->grid, options, since, jobs, &count, &failed, diag);
    }
    return code;
}

vdc_code vdc_sweep_run(vdc_sweep *sweep, const vdc_sweep_options *options, vdc_sweep_state *state, vdc_diag *diag) {
    const vdc_grid *grid = &sweep->grid;
    bool all = options->seeds == 0 || options->seeds >= grid->seed_count;
    *state = (vdc_sweep_state){.runs = all ? grid->runs : grid->runs / grid->seed_count * options->seeds};
    int lock;
    vdc_code code = take_folder(sweep, options, &lock, diag);
    if (code) return code;
    size_t *jobs = vdc_malloc(sweep->grid.runs * sizeof *jobs);
    work w = {.sweep = sweep, .options = options, .state = state, .diag = diag};
    code = jobs ? do_missing(&w, jobs, diag) : vdc_no_memory(diag, "the list of runs");
    state->running = 0;
    vdc_free(jobs);
    close(lock);
    return code;
}
