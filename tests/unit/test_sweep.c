/* Sweeps: the grid against what is written, the pool with jobs that fail and crash, and whole sweeps that are killed and resumed. */
#include "analysis/csv.h"
#include "analysis/runs.h"
#include "analysis/sweep_table.h"
#include "sim/base/memory.h"
#include "sim/sweep/pool.h"
#include "sim/sweep/sweep.h"
#include "tests/support/result_files.h"

#include <criterion/criterion.h>
#include <dirent.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static const char base[] = "vdcsim: 1\nname: small\nseed: 7\n"
                           "datacenter: {hosts: [{class: s, count: 3, cpu: {cores: 4, speed: 2 GHz}, memory: 32 GiB, power: {model: "
                           "linear, idle: 50 W, max: 90 W}}]}\n"
                           "workload: {trace: {format: vdcsim, path: vms.csv}}\n";

static void put(const char *name, const char *text)
{
    test_file_write(test_folder_path(name), text, strlen(text));
}

/* A folder with a scenario of 40 VMs, a trace that breaks at its last row, and the sweep. */
static const char *set_up(const char *sweep)
{
    test_folder_make();
    char trace[4096];
    int used = snprintf(trace, sizeof trace, "arrival_s,lifetime_s,vcpus,memory_gib\n");
    for (int i = 0; i < 40; i++) {
        used += snprintf(trace + used, sizeof trace - (size_t)used, "%d,%d,%d,%d\n", 100 * i, 300 + 71 * i % 900, 1 + i % 3, 1 + i % 5);
    }
    put("vms.csv", trace);
    /* The same with a last row that is none. */
    test_file_write(test_folder_path("broken.csv"), trace, (size_t)used);
    FILE *broken = fopen(test_folder_path("broken.csv"), "a");
    fprintf(broken, "9000,60,one,1\n");
    fclose(broken);
    put("base.yaml", base);
    put("sweep.yaml", sweep);
    return test_folder_path("sweep.yaml");
}

/* Files of sub-folders go first: test_folder_remove knows none. */
static void remove_tree(const char *folder)
{
    DIR *directory = opendir(folder);
    for (struct dirent *entry; directory && (entry = readdir(directory));) {
        char path[1024];
        struct stat status;
        snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0 && lstat(path, &status) == 0) {
            if (S_ISDIR(status.st_mode)) {
                remove_tree(path);
            } else {
                unlink(path);
            }
        }
    }
    if (directory) {
        closedir(directory);
    }
    rmdir(folder);
}

static void clean_up(void)
{
    char folder[512];
    snprintf(folder, sizeof folder, "%s", test_folder_path("x"));
    *strrchr(folder, '/') = '\0';
    remove_tree(folder);
}

static vdc_grid open_grid(const char *sweep)
{
    vdc_grid grid;
    vdc_diag diag = {0};
    cr_assert_eq(vdc_grid_open(&grid, set_up(sweep), &diag), VDC_OK, "%s", diag.count ? diag.messages[0].text : "");
    return grid;
}

Test(sweep, order_names_and_overlays, .fini = clean_up)
{
    vdc_grid grid = open_grid("sweep: 1\nextends: base.yaml\n"
                              "policies: {packing: {placement: {policy: best-fit}}, spreading: {placement: {policy: worst-fit}, admission: "
                              "{policy: fifo-skip}}}\n"
                              "axes:\n  datacenter.overcommit.cpu: [1, 2]\n  time.tick: {from: 60s, to: 120s, step: 30s}\n"
                              "zip: {size: {datacenter.hosts.0.count: [3, 6], workload.trace.count: [10, 20]}}\nseeds: [5, 9]\n");
    cr_assert_eq(grid.runs, 2 * 2 * 3 * 2 * 2);
    static const char *const names[] = {"policy", "overcommit.cpu", "tick", "size"};
    cr_assert_eq(grid.axis_count, 4);
    for (size_t i = 0; i < 4; i++) {
        cr_assert_str_eq(grid.axes[i].name, names[i]);
    }
    cr_assert(grid.axes[1].numeric && !grid.axes[0].numeric);
    /* The seed changes fastest, then the axes from the last to the first. */
    size_t index = 0;
    for (size_t p = 0; p < 2; p++) {
        for (size_t o = 0; o < 2; o++) {
            for (size_t t = 0; t < 3; t++) {
                for (size_t z = 0; z < 2; z++) {
                    for (size_t s = 0; s < 2; s++, index++) {
                        vdc_grid_run run;
                        cr_assert_eq(vdc_grid_run_at(&grid, index, &run, NULL), VDC_OK);
                        cr_assert(run.points[0] == p && run.points[1] == o && run.points[2] == t && run.points[3] == z);
                        cr_assert_eq(run.seed, s ? 9 : 5);
                        vdc_grid_run_clear(&run);
                    }
                }
            }
        }
    }
    vdc_grid_run run;
    cr_assert_eq(vdc_grid_run_at(&grid, grid.runs - 1, &run, NULL), VDC_OK);
    static const char *const sets[] = {"schedulers.placement=policy: worst-fit",
                                       "schedulers.admission=policy: fifo-skip",
                                       "datacenter.overcommit.cpu=2",
                                       "time.tick=120s",
                                       "datacenter.hosts.0.count=6",
                                       "workload.trace.count=20"};
    cr_assert_eq(run.set_count, 6);
    for (size_t i = 0; i < 6; i++) {
        cr_assert_str_eq(run.sets[i], sets[i]);
    }
    cr_assert_str_eq(run.name, "47_spreading_2_120s_6-20_seed-9");
    vdc_grid_run_clear(&run);
    vdc_grid_close(&grid);
}

Test(sweep, ranges, .fini = clean_up)
{
    static const struct { const char *range, *values;
    } cases[] = {
        {"{from: 1, to: 4, step: 1}", "1 2 3 4"},
        {"{from: 0.1, to: 0.3, step: 0.1}", "0.1 0.2 0.3"},
        {"{from: 10s, to: 0s, step: -5s}", "10s 5s 0s"},
        {"{from: 1, to: 64, factor: 4}", "1 4 16 64"},
        {"{from: 1 GiB, to: 2 GiB, count: 3}", "1 GiB 1.5 GiB 2 GiB"},
        {"{from: 3, to: 3, step: 1}", "3"},
        {"{from: 1, to: 10, step: 4}", "1 5 9"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[256], all[256] = "";
        snprintf(text, sizeof text, "sweep: 1\nextends: base.yaml\naxes: {a.b: %s}\n", cases[i].range);
        vdc_grid grid = open_grid(text);
        for (size_t k = 0; k < grid.axes[0].count; k++) {
            size_t used = strlen(all);
            snprintf(all + used, sizeof all - used, "%s%s", k ? " " : "", grid.axes[0].points[k].label);
        }
        cr_assert_str_eq(all, cases[i].values);
        vdc_grid_close(&grid);
        clean_up();
    }
    test_folder_make();
}

Test(sweep, what_is_wrong_is_said_at_its_place, .fini = clean_up)
{
    static const struct { const char *text, *said;
    } cases[] = {
        {"sweep: 1\nextends: base.yaml\n", "the grid is empty"},
        {"sweep: 1\naxes: {a: [1]}\n", "extends: is missing"},
        {"sweep: 1\nextends: base.yaml\naxis: {a: [1]}\n", "axes"},
        {"sweep: 2\nextends: base.yaml\nseeds: 2\n", "sweep"},
        {"sweep: 1\nextends: base.yaml\naxes: {a: []}\n", "sweep.yaml:3:11: a: found an empty list"},
        {"sweep: 1\nextends: base.yaml\naxes: {a: 3}\n", "a: found the number 3"},
        {"sweep: 1\nextends: base.yaml\naxes: {a: [1, 2, 1]}\n", "a: has '1' twice"},
        {"sweep: 1\nextends: base.yaml\nseeds: [1, 1]\n", "seeds: has 1 twice"},
        {"sweep: 1\nextends: base.yaml\nseeds: 0\n", "seeds"},
        {"sweep: 1\nextends: base.yaml\naxes: {a: {from: 1, to: 2}}\n", "needs one of step, count and factor"},
        {"sweep: 1\nextends: base.yaml\naxes: {a: {from: 1s, to: 2, step: 1}}\n", "needs one unit"},
        {"sweep: 1\nextends: base.yaml\naxes: {a: {from: 2, to: 1, step: 1}}\n", "never gets from from to to"},
        {"sweep: 1\nextends: base.yaml\naxes: {a: {from: 1, to: 2, step: 0}}\n", "never gets from from to to"},
        {"sweep: 1\nextends: base.yaml\naxes: {a: {from: 1, to: 1e9, step: 1}}\n", "more than 1000000 values"},
        {"sweep: 1\nextends: base.yaml\naxes: {a: {from: 1, to: 1000, step: 1}, b: {from: 1, to: 1001, step: 1}}\n",
         "more than 1000000 runs"},
        {"sweep: 1\nextends: base.yaml\naxes: {seed: [1, 2]}\n", "cannot be called that"},
        {"sweep: 1\nextends: base.yaml\nzip: {z: {a: [1, 2], b: [1, 2, 3]}}\n", "zipped keys need equally many"},
        {"sweep: 1\nextends: base.yaml\npolicies: [first-fit]\n", "policies: found"},
        {"sweep: 1\nextends: base.yaml\nseeds: 9\nstop: {metric: energy_j}\n", "half_width"},
        {"sweep: 1\nextends: base.yaml\nseeds: 9\nstop: {metric: energy_j, half_width: narrow}\n", "stop: half_width: found 'narrow'"},
        {"sweep: 1\nextends: base.yaml\nseeds: 9\nstop: {metric: energy_j, half_width: 0%}\n", "is not above 0"},
        {"sweep: 1\nextends: base.yaml\nseeds: 2\nstop: {metric: energy_j, half_width: 1%}\n", "stop: needs seeds"},
        {"sweep: 1\nextends: base.yaml\nset: {a.b: 1, c: 2}\naxes: {a.b: [1, 2]}\n", "sweep.yaml:3:7: set: a.b: would never count"},
        {"sweep: 1\nextends: base.yaml\nset: {x: 1, a.b.c: 1}\nzip: {z: {a.b: [1, 2], d: [1, 2]}}\n", "sweep.yaml:3:13: set: a.b.c: would never count"},
        {"sweep: 1\nextends: base.yaml\nset: {seed: 3}\nseeds: 2\n", "set: seed: would never count"},
        {"[1, 2]\n", "is no sweep"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        vdc_grid grid;
        vdc_diag diag = {0};
        cr_assert_eq(vdc_grid_open(&grid, set_up(cases[i].text), &diag), VDC_ERROR_INPUT, "%s", cases[i].text);
        cr_assert_geq(diag.count, 1);
        cr_assert(strstr(diag.messages[0].text, cases[i].said), "%s\nsaid: %s", cases[i].text, diag.messages[0].text);
        vdc_diag_clear(&diag);
        clean_up();
    }
    test_folder_make();
}

/* Keys are checked against the scenario before anything is written. */
Test(sweep, an_axis_that_names_no_key, .fini = clean_up)
{
    vdc_sweep *sweep;
    vdc_diag diag = {0};
    const char *path = set_up(
        "sweep: 1\nextends: base.yaml\naxes:\n  datacenter.overcomit.cpu: [1, 2]\n  schedulers.placement.policy: [first-fit, bestfit]\n");
    cr_assert_eq(vdc_sweep_open(&sweep, path, &diag), VDC_ERROR_INPUT);
    cr_assert(strstr(diag.messages[0].text, "overcomit"), "%s", diag.messages[0].text);
    vdc_diag_clear(&diag);
    put("sweep.yaml", "sweep: 1\nextends: base.yaml\naxes: {schedulers.placement.policy: [first-fit, bestfit]}\n");
    cr_assert_eq(vdc_sweep_open(&sweep, path, &diag), VDC_ERROR_INPUT);
    cr_assert(strstr(diag.messages[0].text, "best-fit"), "%s", diag.messages[0].text);
    vdc_diag_clear(&diag);
}

Test(sweep, commands_are_quoted_for_a_shell, .fini = clean_up)
{
    const char *sets[] = {"a.b=it's $HOME `x`", "c=1"};
    vdc_grid_run run = {.scenario = "my base.yaml", .sets = sets, .set_count = 2, .has_seed = true, .seed = 3};
    char *command = vdc_grid_run_command(&run, true);
    cr_assert_str_eq(command, "vdcsim run 'my base.yaml' --set 'a.b=it'\\''s $HOME `x`' --set c=1 --seed 3 --check");
    vdc_free(command);
    test_folder_make();
}

/* ---- the pool ---- */

enum { JOBS = 12 };

typedef struct log {
    int ended[JOBS];
    vdc_code codes[JOBS];
    char said[JOBS][64];
    size_t most_running, stop_after, count;
} log_book;

static vdc_code job(void *context, size_t number, vdc_diag *diag)
{
    (void)context;
    switch (number) {
    case 3: return vdc_fail(diag, VDC_ERROR_CHECK, NULL, "job three says no");
    case 5: raise(SIGKILL); return VDC_OK;
    case 7: _exit(77);
    default: return VDC_OK;
    }
}

static void ended(void *context, size_t number, vdc_code code, const char *said)
{
    log_book *book = context;
    book->ended[number]++;
    book->codes[number] = code;
    book->count++;
    snprintf(book->said[number], sizeof book->said[number], "%s", said);
}

static bool idle(void *context, size_t running)
{
    log_book *book = context;
    book->most_running = running > book->most_running ? running : book->most_running;
    return book->stop_after && book->count >= book->stop_after;
}

Test(pool, every_job_is_done_once_and_failures_stop_nobody)
{
    size_t jobs[JOBS];
    for (size_t i = 0; i < JOBS; i++) {
        jobs[i] = i;
    }
    for (size_t workers = 1; workers <= 5; workers += 2) {
        log_book book = {.most_running = 0};
        vdc_pool pool = {.workers = workers, .context = &book, .work = job, .ended = ended, .idle = idle};
        cr_assert_eq(vdc_pool_run(&pool, jobs, JOBS, NULL), VDC_OK);
        for (size_t i = 0; i < JOBS; i++) {
            cr_assert_eq(book.ended[i], 1);
            cr_assert_eq(book.codes[i],
                         i == 3             ? VDC_ERROR_CHECK
                         : i == 5 || i == 7 ? VDC_ERROR_STATE
                                            : VDC_OK,
                         "job %zu: %d", i, book.codes[i]);
        }
        cr_assert_str_eq(book.said[3], "job three says no");
        cr_assert(strstr(book.said[5], "signal 9"), "%s", book.said[5]);
        cr_assert(strstr(book.said[7], "status 77"), "%s", book.said[7]);
        cr_assert_leq(book.most_running, workers);
    }
}

Test(pool, stops_when_it_is_told)
{
    size_t jobs[JOBS] = {0, 1, 2, 4, 6, 8, 9, 10, 11, 0, 1, 2};
    log_book book = {.stop_after = 3};
    vdc_pool pool = {.workers = 2, .context = &book, .work = job, .ended = ended, .idle = idle};
    cr_assert_eq(vdc_pool_run(&pool, jobs, JOBS, NULL), VDC_INTERRUPTED);
    cr_assert(book.count >= 3 && book.count < JOBS, "%zu", book.count);
    cr_assert_lt(waitpid(-1, NULL, WNOHANG), 0, "a child was left behind");
}

/* ---- whole sweeps ---- */

static const char two_by_three[] = "sweep: 1\nextends: base.yaml\naxes: {schedulers.placement.policy: [first-fit, worst-fit], "
                                   "datacenter.overcommit.cpu: [1, 1.5, 2]}\nseeds: 2\n";

static bool kill_after_five(void *context, const vdc_sweep_state *state)
{
    (void)context;
    if (state->done >= 5) {
        raise(SIGKILL);
    }
    return false;
}

/* Three processes share a folder and one of them dies: the others do what it had in hand, each run is done once, and the bytes are those of
 * one. */
static void join_sweep(const char *path, const char *folder, size_t rank, bool (*progress)(void *, const vdc_sweep_state *), int report)
{
    vdc_sweep *sweep;
    vdc_sweep_state state = {0};
    vdc_sweep_options options = {
        .folder = folder, .workers = 1, .join = true, .rank = rank, .ranks = 3, .check = true, .progress = progress};
    if (vdc_sweep_open(&sweep, path, NULL) || vdc_sweep_run(sweep, &options, &state, NULL)) {
        _exit(1);
    }
    int lock = vdc_sweep_lock_table(sweep, folder);
    vdc_code code = lock < 0 ? VDC_ERROR_IO : vdc_sweep_table_write(folder, NULL);
    _exit(code || write(report, &state.done, sizeof state.done) != sizeof state.done);
}

static bool kill_after_two(void *context, const vdc_sweep_state *state)
{
    (void)context;
    if (state->done >= 2) {
        raise(SIGKILL);
    }
    return false;
}

static vdc_code run_sweep(const char *path, const char *folder, size_t workers, bool resume,
                          bool (*progress)(void *, const vdc_sweep_state *), vdc_sweep_state *state, vdc_diag *diag) {
    vdc_sweep *sweep;
    vdc_code code = vdc_sweep_open(&sweep, path, diag);
    if (code) {
        return code;
    }
    vdc_sweep_options options = {.folder = folder, .workers = workers, .resume = resume, .check = true, .progress = progress};
    code = vdc_sweep_run(sweep, &options, state, diag);
    vdc_sweep_close(sweep);
    return code ? code : vdc_sweep_table_write(folder, diag);
}

/* Every file of `a` has the same bytes in `b`, and there are equally many; returns how many. */
static size_t compare_folders(const char *a, const char *b)
{
    static const char *const parts[] = {"", "/runs"};
    size_t files = 0;
    for (size_t p = 0; p < 2; p++) {
        char folder[2][700];
        size_t count[2] = {0};
        snprintf(folder[0], sizeof folder[0], "%s%s", a, parts[p]);
        snprintf(folder[1], sizeof folder[1], "%s%s", b, parts[p]);
        for (int side = 0; side < 2; side++) {
            DIR *directory = opendir(folder[side]);
            cr_assert_not_null(directory, "%s", folder[side]);
            for (struct dirent *entry; (entry = readdir(directory));) {
                if (strchr(entry->d_name, '.') == entry->d_name || strcmp(entry->d_name, "runs") == 0) {
                    continue;
                }
                count[side]++;
                if (side == 0) {
                    char left[1000], right[1000];
                    snprintf(left, sizeof left, "%s/%s", folder[0], entry->d_name);
                    snprintf(right, sizeof right, "%s/%s", folder[1], entry->d_name);
                    cr_assert(test_files_equal(left, right), "%s differs", entry->d_name);
                }
            }
            closedir(directory);
        }
        cr_assert_eq(count[0], count[1], "%s: %zu and %zu files", parts[p], count[0], count[1]);
        files += count[0];
    }
    return files;
}

Test(sweep, the_same_bytes_whatever_the_workers_and_after_a_kill, .fini = clean_up)
{
    const char *path = set_up(two_by_three);
    char sweep[512], one[512], many[512], killed[512];
    snprintf(sweep, sizeof sweep, "%s", path);
    snprintf(one, sizeof one, "%s", test_folder_path("one"));
    snprintf(many, sizeof many, "%s", test_folder_path("many"));
    snprintf(killed, sizeof killed, "%s", test_folder_path("killed"));
    vdc_sweep_state state;
    vdc_diag diag = {0};
    cr_assert_eq(run_sweep(sweep, one, 1, false, NULL, &state, &diag), VDC_OK, "%s", diag.count ? diag.messages[0].text : "");
    cr_assert(state.runs == 12 && state.done == 12 && state.failed == 0 && state.already == 0);
    cr_assert_eq(run_sweep(sweep, many, 4, false, NULL, &state, &diag), VDC_OK);
    /* MANIFEST, base.yaml, sweep.yaml, runs.csv, sweep.h5, sweep.csv and twelve results. */
    cr_assert_eq(compare_folders(one, many), 6 + 12);
    pid_t child = fork();
    if (child == 0) {
        run_sweep(sweep, killed, 2, false, kill_after_five, &state, NULL);
        _exit(0);
    }
    int status;
    waitpid(child, &status, 0);
    cr_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL, "the sweep was to be killed");
    cr_assert_eq(run_sweep(sweep, killed, 2, false, NULL, &state, &diag), VDC_ERROR_INPUT, "taken up without --resume");
    cr_assert(strstr(diag.messages[0].text, "--resume"), "%s", diag.messages[0].text);
    vdc_diag_clear(&diag);
    cr_assert_eq(run_sweep(sweep, killed, 2, true, NULL, &state, &diag), VDC_OK, "%s", diag.count ? diag.messages[0].text : "");
    cr_assert(state.already >= 5 && state.already < 12 && state.done == 12 - state.already, "%zu before, %zu now", state.already,
              state.done);
    cr_assert_eq(compare_folders(one, killed), 6 + 12);
    /* Once more: nothing is left to do, and nothing changes. */
    cr_assert_eq(run_sweep(sweep, killed, 2, true, NULL, &state, &diag), VDC_OK);
    cr_assert(state.already == 12 && state.done == 0);
    cr_assert_eq(compare_folders(one, killed), 6 + 12);
}

Test(sweep, several_processes_share_a_folder, .fini = clean_up)
{
    char path[512], one[512], shared[512];
    snprintf(path, sizeof path, "%s", set_up(two_by_three));
    snprintf(one, sizeof one, "%s", test_folder_path("one"));
    snprintf(shared, sizeof shared, "%s", test_folder_path("shared"));
    vdc_sweep_state state;
    cr_assert_eq(run_sweep(path, one, 2, false, NULL, &state, NULL), VDC_OK);
    int report[2], status;
    cr_assert_eq(pipe(report), 0);
    pid_t children[3];
    for (size_t rank = 0; rank < 3; rank++) {
        children[rank] = fork();
        if (children[rank] == 0) {
            join_sweep(path, shared, rank, rank == 1 ? kill_after_two : NULL, report[1]);
        }
    }
    for (size_t rank = 0; rank < 3; rank++) {
        waitpid(children[rank], &status, 0);
        cr_assert(rank == 1 ? WIFSIGNALED(status) : WIFEXITED(status) && WEXITSTATUS(status) == 0, "process %zu: %d", rank, status);
    }
    size_t done[2];
    cr_assert_eq(read(report[0], done, sizeof done), (ssize_t)sizeof done);
    cr_assert(done[0] > 0 && done[1] > 0, "one did all: %zu and %zu", done[0], done[1]);
    cr_assert(done[0] + done[1] <= 10 && done[0] + done[1] >= 9, "%zu and %zu of 12, of which two or three were another's", done[0],
              done[1]);
    cr_assert_eq(compare_folders(one, shared), 6 + 12);
}

Test(sweep, a_folder_that_holds_something_else, .fini = clean_up)
{
    char path[512], folder[512];
    snprintf(path, sizeof path, "%s", set_up("sweep: 1\nextends: base.yaml\nseeds: 1\n"));
    snprintf(folder, sizeof folder, "%s", test_folder_path("out"));
    vdc_sweep_state state;
    vdc_diag diag = {0};
    cr_assert_eq(run_sweep(path, folder, 1, false, NULL, &state, &diag), VDC_OK);
    put("sweep.yaml", "sweep: 1\nextends: base.yaml\nseeds: 2\n");
    cr_assert_eq(run_sweep(path, folder, 1, true, NULL, &state, &diag), VDC_ERROR_INPUT);
    cr_assert(strstr(diag.messages[0].text, "another sweep"), "%s", diag.messages[0].text);
    vdc_diag_clear(&diag);
    snprintf(folder, sizeof folder, "%s", test_folder_path("x"));
    *strrchr(folder, '/') = '\0';
    cr_assert_eq(run_sweep(path, folder, 1, true, NULL, &state, &diag), VDC_ERROR_INPUT);
    cr_assert(strstr(diag.messages[0].text, "holds something that is no sweep"), "%s", diag.messages[0].text);
    vdc_diag_clear(&diag);
}

typedef struct failures { size_t count; char said[512], command[512]; } failures;

static void note_failure(void *context, size_t run, const char *said, const char *command)
{
    failures *f = context;
    (void)run;
    f->count++;
    snprintf(f->said, sizeof f->said, "%s", said);
    snprintf(f->command, sizeof f->command, "%s", command);
}

Test(sweep, a_failed_run_is_told_and_stops_nobody, .fini = clean_up)
{
    char path[512], folder[512];
    snprintf(path, sizeof path, "%s",
             set_up("sweep: 1\nextends: base.yaml\naxes: {workload.trace.path: [vms.csv, broken.csv]}\nseeds: [4, 8]\n"));
    snprintf(folder, sizeof folder, "%s", test_folder_path("out"));
    vdc_sweep *sweep;
    vdc_diag diag = {0};
    vdc_sweep_state state;
    failures told = {0};
    cr_assert_eq(vdc_sweep_open(&sweep, path, &diag), VDC_OK, "%s", diag.count ? diag.messages[0].text : "");
    vdc_sweep_options options = {.folder = folder, .workers = 2, .context = &told, .failed = note_failure};
    cr_assert_eq(vdc_sweep_run(sweep, &options, &state, &diag), VDC_OK);
    vdc_sweep_close(sweep);
    cr_assert(state.done == 2 && state.failed == 2 && told.count == 2);
    cr_assert(strstr(told.said, "broken.csv:42"), "%s", told.said);
    cr_assert(strstr(told.command, "--set workload.trace.path=broken.csv --seed"), "%s", told.command);
    cr_assert_eq(vdc_sweep_table_write(folder, &diag), VDC_OK);
    vdc_csv table;
    cr_assert_eq(vdc_csv_read(&table, test_folder_path("out/sweep.csv"), NULL), VDC_OK);
    cr_assert_eq(table.rows, 5);
    for (size_t row = 1; row < 5; row++) {
        cr_assert_str_eq(vdc_csv_field(&table, row, 3), row < 3 ? "completed" : "failed");
        cr_assert_eq(vdc_csv_field(&table, row, 4)[0] != '\0', row < 3);
    }
    vdc_csv_clear(&table);
}

/* The table's rows are the results' summaries, and runs know their parameters by the folder's index. */
Test(sweep, the_table_agrees_with_the_results, .fini = clean_up)
{
    char path[512], folder[512];
    snprintf(path, sizeof path, "%s", set_up(two_by_three));
    snprintf(folder, sizeof folder, "%s", test_folder_path("out"));
    vdc_sweep_state state;
    vdc_diag diag = {0};
    cr_assert_eq(run_sweep(path, folder, 2, false, NULL, &state, &diag), VDC_OK);
    vdc_csv table;
    cr_assert_eq(vdc_csv_read(&table, test_folder_path("out/sweep.csv"), NULL), VDC_OK);
    vdc_runs runs;
    const char *given = folder;
    cr_assert_eq(vdc_runs_open(&runs, &given, 1, &diag), VDC_OK);
    cr_assert(runs.count == 12 && runs.group_count == 6);
    cr_assert_str_eq(runs.groups[0].label, "first-fit, overcommit.cpu 1");
    size_t column = 0;
    while (strcmp(vdc_csv_field(&table, 0, column), "energy_j") != 0) {
        cr_assert(vdc_csv_field(&table, 0, column)[0], "no column energy_j");
        column++;
    }
    for (size_t row = 1; row < table.rows; row++) {
        const vdc_run *found = NULL;
        for (size_t i = 0; i < runs.count; i++) {
            found = strstr(runs.items[i].path, vdc_csv_field(&table, row, 0)) ? &runs.items[i] : found;
        }
        cr_assert_not_null(found, "%s", vdc_csv_field(&table, row, 0));
        cr_assert_eq(strtod(vdc_csv_field(&table, row, column), NULL), vdc_run_value(found, "energy_j"));
        cr_assert_str_eq(vdc_csv_field(&table, row, 2), vdc_run_parameter_value(found, "placement"));
        cr_assert_eq(atoll(vdc_csv_field(&table, row, 1)), found->seed);
    }
    vdc_runs_close(&runs);
    vdc_csv_clear(&table);
}
