/* Finding, opening, naming and grouping runs. */
#include "analysis/runs.h"

#include "analysis/csv.h"
#include "analysis/result.h"
#include "analysis/text.h"
#include "sim/base/memory.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>

double vdc_run_value(const vdc_run *run, const char *key)
{
    const vdc_result_value *value = vdc_result_find(run->result, key);
    return value && value->type != VDC_CELL_TEXT ? value->real : NAN;
}

const char *vdc_run_parameter_value(const vdc_run *run, const char *name)
{
    for (size_t i = 0; i < run->parameter_count; i++) {
        if (strcmp(run->parameters[i].name, name) == 0) {
            return run->parameters[i].value;
        }
    }
    return NULL;
}

const vdc_run *vdc_runs_find(const vdc_runs *runs, size_t group, int64_t seed)
{
    for (size_t i = runs->groups[group].first, n = 0; n < runs->groups[group].count; i++, n++) {
        if (runs->items[i].seed == seed) {
            return &runs->items[i];
        }
    }
    return NULL;
}

char *vdc_runs_file_name(const char *label)
{
    char *name = vdc_strdup(label);
    size_t length = 0;
    for (const char *at = label; name && *at; at++) {
        bool plain = isalnum((unsigned char)*at) || strchr("-._=", *at);
        if (plain) {
            name[length++] = *at;
        } else if (length > 0 && name[length - 1] != '-' && ((unsigned char)*at & 0xC0) != 0x80) {
            name[length++] = '-';
        }
    }
    while (name && length > 0 && name[length - 1] == '-') {
        length--;
    }
    enum { LONGEST = 80 };
    if (name) {
        name[length < LONGEST ? length : LONGEST] = '\0';
        if (name[0] == '.' || name[0] == '\0') {
            name[0] = '_';
            name[length ? length : 1] = '\0';
        }
    }
    return name;
}

/* ---- which files ---- */

typedef struct path_list { char **items; size_t count, capacity; } path_list;

static void clear_paths(path_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        vdc_free(list->items[i]);
    }
    vdc_free(list->items);
    *list = (path_list){0};
}

static vdc_code add_path(path_list *list, char *path, vdc_diag *diag)
{
    if (!path || !VDC_RESERVE(list->items, list->capacity, list->count + 1)) {
        vdc_free(path);
        return vdc_no_memory(diag, "file names");
    }
    list->items[list->count++] = path;
    return VDC_OK;
}

static int by_text(const void *left, const void *right)
{
    return strcmp(*(char *const *)left, *(char *const *)right);
}

static bool ends_in(const char *name, const char *ending)
{
    size_t length = strlen(name), tail = strlen(ending);
    return length > tail && strcmp(name + length - tail, ending) == 0;
}

/* The result files of a folder, by name; a folder that is not there has none. */
static vdc_code add_folder(path_list *list, const char *folder, vdc_diag *diag)
{
    DIR *handle = opendir(folder);
    if (!handle) {
        return errno == ENOENT || errno == ENOTDIR
                   ? VDC_OK
                   : vdc_fail(diag, VDC_ERROR_INPUT, NULL, "%s: cannot be read: %s", folder, strerror(errno));
    }
    size_t first = list->count;
    vdc_code code = VDC_OK;
    for (struct dirent *entry; !code && (entry = readdir(handle)) != NULL;) {
        /* A sweep's table is made of runs and is none. */
        if (entry->d_name[0] != '.' && ends_in(entry->d_name, ".h5") && strcmp(entry->d_name, "sweep.h5") != 0) {
            code = add_path(list, vdc_format("%s/%s", folder, entry->d_name), diag);
        }
    }
    closedir(handle);
    if (list->count > first) {
        qsort(list->items + first, list->count - first, sizeof *list->items, by_text);
    }
    return code;
}

static vdc_code find_files(path_list *list, const char *path, vdc_diag *diag)
{
    struct stat status;
    if (stat(path, &status) != 0) {
        return vdc_fail(diag, VDC_ERROR_INPUT, NULL, "%s: %s", path, strerror(errno));
    }
    if (!S_ISDIR(status.st_mode)) {
        return add_path(list, vdc_strdup(path), diag);
    }
    size_t before = list->count;
    vdc_code code = add_folder(list, path, diag);
    char *inner = vdc_format("%s/runs", path);
    if (!inner) {
        return vdc_no_memory(diag, "file names");
    }
    code = code ? code : add_folder(list, inner, diag);
    vdc_free(inner);
    return code || list->count > before
               ? code
               : vdc_fail(diag, VDC_ERROR_INPUT, NULL, "%s: holds no result file (*.h5), nor does its folder runs", path);
}

/* ---- one run ---- */

static vdc_code add_parameter(vdc_run *run, size_t *capacity, char *name, char *value, vdc_diag *diag)
{
    if (!name || !value || !VDC_RESERVE(run->parameters, *capacity, run->parameter_count + 1)) {
        vdc_free(name);
        vdc_free(value);
        return vdc_no_memory(diag, "a run's parameters");
    }
    run->parameters[run->parameter_count++] = (vdc_run_parameter){name, value};
    return VDC_OK;
}

/* The parameters of a sweep's run: its row in the index that the sweep wrote beside the folder of runs. Columns: file, seed, then
 * the axes. */
static vdc_code read_sweep_row(vdc_run *run, size_t *capacity, vdc_diag *diag)
{
    const char *slash = strrchr(run->path, '/');
    char *folder = slash ? vdc_strndup(run->path, (size_t)(slash - run->path)) : vdc_strdup(".");
    char *index = folder ? vdc_format("%s/../runs.csv", folder) : NULL;
    vdc_free(folder);
    if (!index) {
        return vdc_no_memory(diag, "a run's parameters");
    }
    vdc_csv table = {0};
    struct stat status;
    vdc_code code = stat(index, &status) == 0 ? vdc_csv_read(&table, index, diag) : VDC_OK;
    const char *name = slash ? slash + 1 : run->path;
    for (size_t row = 1; row < table.rows && !code; row++) {
        const char *file = vdc_csv_field(&table, row, 0), *base = strrchr(file, '/');
        if (strcmp(base ? base + 1 : file, name) == 0) {
            for (size_t column = 2; vdc_csv_field(&table, 0, column)[0] && !code; column++) {
                code = add_parameter(run, capacity, vdc_strdup(vdc_csv_field(&table, 0, column)),
                                     vdc_strdup(vdc_csv_field(&table, row, column)), diag);
            }
            break;
        }
    }
    vdc_csv_clear(&table);
    vdc_free(index);
    return code;
}

/* The policies as parameters: "admission=fifo placement=best-fit". */
static vdc_code read_policies(vdc_run *run, size_t *capacity, vdc_diag *diag)
{
    const char *at = vdc_result_text(run->result, "policies");
    vdc_code code = VDC_OK;
    while (at && *at && !code) {
        at += strspn(at, " ,");
        size_t length = strcspn(at, " ,"), name = strcspn(at, "=: ");
        if (length == 0) {
            break;
        }
        if (name < length) {
            code = add_parameter(run, capacity, vdc_strndup(at, name), vdc_strndup(at + name + 1, length - name - 1), diag);
        }
        at += length;
    }
    return code;
}

static vdc_code open_run(vdc_run *run, char *path, vdc_diag *diag)
{
    *run = (vdc_run){.path = path};
    vdc_code code = vdc_result_open(&run->result, path, diag);
    if (code) {
        return code;
    }
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
    size_t length = strlen(name), capacity = 0;
    length -= ends_in(name, ".partial") ? strlen(".partial") : 0;
    length -= length > 3 && strncmp(name + length - 3, ".h5", 3) == 0 ? 3 : 0;
    run->stem = vdc_strndup(name, length);
    run->complete = vdc_result_complete(run->result);
    if (!vdc_result_integer(run->result, "seed", &run->seed)) {
        run->seed = 0;
    }
    if (!run->complete) {
        vdc_warn(diag, NULL, "%s: the run was interrupted; its numbers are those up to then", path);
    }
    code = run->stem ? read_sweep_row(run, &capacity, diag) : vdc_no_memory(diag, path);
    if (!code && run->parameter_count == 0) {
        code = read_policies(run, &capacity, diag);
    }
    return code;
}

/* ---- groups ---- */

static bool same_text(const char *a, const char *b)
{
    return a && b ? strcmp(a, b) == 0 : a == b;
}

static const char *scenario_name(const vdc_run *run)
{
    const vdc_result_value *value = vdc_result_find(run->result, "name");
    return value && value->text ? value->text : "";
}

/* Do the two differ in their seed at most, as far as names and parameters tell? */
static bool same_but_seed(const vdc_run *a, const vdc_run *b)
{
    if (a->parameter_count != b->parameter_count || strcmp(scenario_name(a), scenario_name(b)) != 0) {
        return false;
    }
    for (size_t i = 0; i < a->parameter_count; i++) {
        if (!same_text(a->parameters[i].value, vdc_run_parameter_value(b, a->parameters[i].name))) {
            return false;
        }
    }
    return true;
}

/* run->group of each: the number of the first run that it is like, counted in order of first runs. Returns how many there are.
 * O(runs x groups). */
static size_t assign_groups(vdc_run *items, size_t count, size_t *first)
{
    size_t groups = 0;
    for (size_t i = 0; i < count; i++) {
        size_t g = 0;
        while (g < groups && !same_but_seed(&items[first[g]], &items[i])) {
            g++;
        }
        if (g == groups) {
            first[groups++] = i;
        }
        items[i].group = g;
    }
    return groups;
}

static int by_group_and_seed(const void *left, const void *right)
{
    const vdc_run *a = left, *b = right;
    if (a->group != b->group) {
        return a->group < b->group ? -1 : 1;
    }
    if (a->seed != b->seed) {
        return a->seed < b->seed ? -1 : 1;
    }
    return strcmp(a->path, b->path);
}

/* Is `name` a parameter in which the groups differ? */
static bool parameter_differs(const vdc_runs *runs, const char *name)
{
    const char *first = vdc_run_parameter_value(&runs->items[0], name);
    for (size_t g = 1; g < runs->group_count; g++) {
        if (!same_text(first, vdc_run_parameter_value(&runs->items[runs->groups[g].first], name))) {
            return true;
        }
    }
    return false;
}

/* "best-fit", "best-fit, load 2": what tells this group from the others; numbers carry their parameter's name. `with_names`: the scenario's
 * name, too, where names differ. NULL when memory is out. */
static char *group_label(const vdc_runs *runs, const vdc_run *run, bool with_names)
{
    vdc_text label = {0};
    bool names_differ = false;
    for (size_t g = 1; g < runs->group_count; g++) {
        const char *name = scenario_name(&runs->items[runs->groups[g].first]);
        names_differ = names_differ || strcmp(scenario_name(&runs->items[0]), name) != 0;
    }
    if (names_differ && with_names) {
        vdc_text_add(&label, "%s", scenario_name(run));
    }
    for (size_t i = 0; i < run->parameter_count; i++) {
        const vdc_run_parameter *parameter = &run->parameters[i];
        if (parameter_differs(runs, parameter->name)) {
            bool number = isdigit((unsigned char)parameter->value[0]) || strcmp(parameter->value, "none") == 0;
            vdc_text_add(&label, "%s%s%s%s", label.length ? ", " : "", number ? parameter->name : "", number ? " " : "", parameter->value);
        }
    }
    if (label.length == 0) {
        vdc_text_add(&label, "%s", run->stem);
    }
    char *text = label.failed ? NULL : vdc_strdup(vdc_text_get(&label));
    vdc_text_clear(&label);
    return text;
}

static bool labels_differ(const vdc_runs *runs)
{
    for (size_t g = 0; g < runs->group_count; g++) {
        for (size_t other = g + 1; other < runs->group_count; other++) {
            if (strcmp(runs->groups[g].label, runs->groups[other].label) == 0) {
                return false;
            }
        }
    }
    return true;
}

/* A file given twice has one path: the second one is "a/x (2)". O(groups^2). */
static vdc_code number_repeated(vdc_runs *runs, vdc_diag *diag)
{
    for (size_t g = 1; g < runs->group_count; g++) {
        const char *path = runs->items[runs->groups[g].first].path;
        size_t before = 0;
        for (size_t other = 0; other < g; other++) {
            before += strcmp(runs->items[runs->groups[other].first].path, path) == 0;
        }
        if (before > 0) {
            vdc_free(runs->groups[g].label);
            runs->groups[g].label = vdc_format("%s (%zu)", path, before + 1);
            if (!runs->groups[g].label) {
                return vdc_no_memory(diag, "labels");
            }
        }
    }
    return VDC_OK;
}

/* Labels by what runs were given, then with the scenarios' names, then by file, then by the whole path: the first way that tells all
 * groups apart. */
static vdc_code name_groups(vdc_runs *runs, vdc_diag *diag)
{
    enum { GIVEN, WITH_NAMES, BY_FILE, BY_PATH, WAYS };
    for (int way = GIVEN; way < WAYS; way++) {
        for (size_t g = 0; g < runs->group_count; g++) {
            const vdc_run *run = &runs->items[runs->groups[g].first];
            vdc_free(runs->groups[g].label);
            runs->groups[g].label = way == BY_PATH   ? vdc_strdup(run->path)
                                    : way == BY_FILE ? vdc_strdup(run->stem)
                                                     : group_label(runs, run, way == WITH_NAMES);
            if (!runs->groups[g].label) {
                return vdc_no_memory(diag, "labels");
            }
        }
        if (labels_differ(runs)) {
            return VDC_OK;
        }
    }
    return number_repeated(runs, diag);
}

/* Two runs of a group with one seed must differ in something that is not told: each run of such a group stands alone. Items are
 * in order of groups and seeds. Returns the new number of groups. */
static size_t split_groups(vdc_run *items, size_t count)
{
    size_t groups = 0;
    for (size_t from = 0, to; from < count; from = to) {
        bool repeated = false;
        for (to = from + 1; to < count && items[to].group == items[from].group; to++) {
            repeated = repeated || items[to].seed == items[to - 1].seed;
        }
        size_t group = items[from].group;
        for (size_t i = from; i < to && items[i].group == group; i++) {
            items[i].group = repeated ? groups + (i - from) : groups;
        }
        groups += repeated ? to - from : 1;
    }
    return groups;
}

static vdc_code make_groups(vdc_runs *runs, vdc_diag *diag)
{
    size_t *first = vdc_malloc(runs->count * sizeof *first);
    runs->groups = vdc_calloc(runs->count, sizeof *runs->groups);
    if (!first || !runs->groups) {
        vdc_free(first);
        return vdc_no_memory(diag, "groups of runs");
    }
    assign_groups(runs->items, runs->count, first);
    vdc_free(first);
    qsort(runs->items, runs->count, sizeof *runs->items, by_group_and_seed);
    runs->group_count = split_groups(runs->items, runs->count);
    for (size_t i = runs->count; i-- > 0;) {
        runs->groups[runs->items[i].group].first = i;
        runs->groups[runs->items[i].group].count++;
    }
    return name_groups(runs, diag);
}

/* Each run keeps its file open; the customary limit is 1024 of them a process, which a process may raise by itself. What cannot be raised is told by the
 * file that cannot be opened. */
static void allow_files(size_t count)
{
    enum { OTHERS = 64 };
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY && limit.rlim_cur < count + OTHERS) {
        limit.rlim_cur = limit.rlim_max != RLIM_INFINITY && limit.rlim_max < count + OTHERS ? limit.rlim_max : count + OTHERS;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
}

vdc_code vdc_runs_open(vdc_runs *runs, const char *const *paths, size_t count, vdc_diag *diag)
{
    *runs = (vdc_runs){0};
    path_list files = {0};
    vdc_code code = VDC_OK;
    for (size_t i = 0; i < count && !code; i++) {
        code = find_files(&files, paths[i], diag);
    }
    if (!code && files.count == 0) {
        code = vdc_fail(diag, VDC_ERROR_INPUT, NULL, "no result file is given");
    }
    if (!code && !(runs->items = vdc_calloc(files.count, sizeof *runs->items))) {
        code = vdc_no_memory(diag, "runs");
    }
    allow_files(files.count);
    for (size_t i = 0; i < files.count && !code; i++) {
        code = open_run(&runs->items[runs->count++], files.items[i], diag);
        files.items[i] = NULL; /* the run's now */
    }
    code = code ? code : make_groups(runs, diag);
    clear_paths(&files);
    if (code) {
        vdc_runs_close(runs);
    }
    return code;
}

vdc_code vdc_runs_check(const vdc_runs *runs, vdc_diag *diag)
{
    vdc_code code = VDC_OK;
    for (size_t i = 0; i < runs->count && !code; i++) {
        code = vdc_result_check(runs->items[i].result, diag);
    }
    return code;
}

void vdc_runs_close(vdc_runs *runs)
{
    for (size_t i = 0; i < runs->count; i++) {
        vdc_run *run = &runs->items[i];
        vdc_result_close(run->result);
        for (size_t k = 0; k < run->parameter_count; k++) {
            vdc_free(run->parameters[k].name);
            vdc_free(run->parameters[k].value);
        }
        vdc_free(run->parameters);
        vdc_free(run->path);
        vdc_free(run->stem);
    }
    for (size_t g = 0; g < runs->group_count; g++) {
        vdc_free(runs->groups[g].label);
    }
    vdc_free(runs->items);
    vdc_free(runs->groups);
    *runs = (vdc_runs){0};
}
