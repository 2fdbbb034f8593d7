/* The table over all runs of a sweep. */
#include "analysis/sweep_table.h"

#include "analysis/csv.h"
#include "analysis/result.h"
#include "analysis/text.h"
#include "sim/base/memory.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* A dimension: its distinct values in the order of the index. */
typedef struct dimension {
    const char *name;
    size_t column;               /* of runs.csv */
    const char **labels;
    size_t count;
    bool numeric, whole;         /* every label is a number; a whole one */
} dimension;

/* A key of the summary over all cells. */
typedef struct variable {
    char *name, *units, *long_name;
    vdc_cell *cells;             /* [runs] real; NaN where a run has none */
} variable;

typedef struct table {
    const char *folder;
    vdc_csv index;
    dimension dimensions[VDC_GRID_RANK];
    size_t dimension_count;
    size_t runs;
    size_t *cell_of;             /* [runs] row of the index -> cell of the grid */
    variable *variables;
    size_t variable_count, variable_capacity;
    vdc_cell *files, *outcomes, *digests; /* [runs] texts */
    char **digest_texts;         /* [runs] owned, NULL = none */
} table;

static void clear_table(table *t)
{
    for (size_t i = 0; i < t->dimension_count; i++) {
        vdc_free(t->dimensions[i].labels);
    }
    for (size_t i = 0; i < t->variable_count; i++) {
        vdc_free(t->variables[i].name);
        vdc_free(t->variables[i].units);
        vdc_free(t->variables[i].long_name);
        vdc_free(t->variables[i].cells);
    }
    for (size_t i = 0; i < t->runs && t->digest_texts; i++) {
        vdc_free(t->digest_texts[i]);
    }
    vdc_free(t->variables);
    vdc_free(t->digest_texts);
    vdc_free(t->cell_of);
    vdc_free(t->files);
    vdc_free(t->outcomes);
    vdc_free(t->digests);
    vdc_csv_clear(&t->index);
}

/* ---- the index ---- */

static size_t label_place(const dimension *d, const char *label)
{
    size_t i = 0;
    while (i < d->count && strcmp(d->labels[i], label) != 0) {
        i++;
    }
    return i;
}

static vdc_code read_dimension(table *t, const char *name, size_t column, vdc_diag *diag)
{
    if (t->dimension_count == VDC_GRID_RANK) {
        return vdc_fail(diag, VDC_ERROR_INPUT, NULL, "%s/runs.csv: has more than %d axes", t->folder, VDC_GRID_RANK);
    }
    dimension *d = &t->dimensions[t->dimension_count++];
    *d = (dimension){.name = name, .column = column, .numeric = true, .whole = true};
    size_t capacity = 0;
    for (size_t row = 1; row < t->index.rows; row++) {
        const char *label = vdc_csv_field(&t->index, row, column);
        if (label_place(d, label) < d->count) {
            continue;
        }
        if (!VDC_RESERVE(d->labels, capacity, d->count + 1)) {
            return vdc_no_memory(diag, "the labels of an axis");
        }
        char *end;
        double number = strtod(label, &end);
        d->labels[d->count++] = label;
        d->numeric = d->numeric && *label && *end == '\0' && isfinite(number);
        d->whole = d->whole && d->numeric && number == floor(number) && fabs(number) < 9e15;
    }
    return VDC_OK;
}

static vdc_code read_index(table *t, vdc_diag *diag)
{
    char *path = vdc_format("%s/runs.csv", t->folder);
    vdc_code code = path ? vdc_csv_read(&t->index, path, diag) : vdc_no_memory(diag, "a file's name");
    vdc_free(path);
    if (code) {
        return code;
    }
    bool good =
        t->index.rows >= 2 && strcmp(vdc_csv_field(&t->index, 0, 0), "file") == 0 && strcmp(vdc_csv_field(&t->index, 0, 1), "seed") == 0;
    if (!good) {
        return vdc_fail(diag, VDC_ERROR_INPUT, NULL, "%s/runs.csv: is no index of a sweep's runs", t->folder);
    }
    t->runs = t->index.rows - 1;
    for (size_t column = 2; vdc_csv_field(&t->index, 0, column)[0] && !code; column++) {
        code = read_dimension(t, vdc_csv_field(&t->index, 0, column), column, diag);
    }
    if (!code && (vdc_csv_field(&t->index, 1, 1)[0] || t->dimension_count == 0)) {
        code = read_dimension(t, "seed", 1, diag);
    }
    size_t cells = 1;
    for (size_t i = 0; i < t->dimension_count && !code; i++) {
        cells = cells > t->runs ? cells : cells * t->dimensions[i].count;
    }
    t->cell_of = vdc_malloc(t->runs * sizeof *t->cell_of);
    bool *taken = vdc_calloc(t->runs, sizeof *taken);
    if (!code && (!t->cell_of || !taken)) {
        code = vdc_no_memory(diag, "the index of runs");
    }
    good = cells == t->runs;
    for (size_t r = 0; r < t->runs && good && !code; r++) {
        size_t at = 0;
        for (size_t i = 0; i < t->dimension_count; i++) {
            const dimension *d = &t->dimensions[i];
            at = at * d->count + label_place(d, vdc_csv_field(&t->index, r + 1, d->column));
        }
        good = at < t->runs && !taken[at];
        if (good) {
            taken[at] = true;
            t->cell_of[r] = at;
        }
    }
    vdc_free(taken);
    return code || good ? code : vdc_fail(diag, VDC_ERROR_INPUT, NULL, "%s/runs.csv: its runs are no grid of its axes", t->folder);
}

/* ---- the results ---- */

static variable *variable_of(table *t, const vdc_result_value *value)
{
    for (size_t i = 0; i < t->variable_count; i++) {
        if (strcmp(t->variables[i].name, value->key) == 0) {
            return &t->variables[i];
        }
    }
    if (!VDC_RESERVE(t->variables, t->variable_capacity, t->variable_count + 1)) {
        return NULL;
    }
    variable *v = &t->variables[t->variable_count++];
    *v = (variable){.name = vdc_strdup(value->key),
                    .units = vdc_strdup(value->units ? value->units : "1"),
                    .long_name = vdc_strdup(value->long_name ? value->long_name : value->key),
                    .cells = vdc_malloc(t->runs * sizeof *v->cells)};
    for (size_t i = 0; i < t->runs && v->cells; i++) {
        v->cells[i].real = NAN;
    }
    return v->name && v->units && v->long_name && v->cells ? v : NULL;
}

static vdc_code read_run(table *t, size_t row, vdc_diag *diag)
{
    const char *file = vdc_csv_field(&t->index, row + 1, 0);
    size_t cell = t->cell_of[row], length = strlen(file);
    t->files[cell].text = file;
    t->digests[cell].text = "";
    char *path = vdc_format("%s/%s", t->folder, file);
    char *said = vdc_format("%s/%.*s.txt", t->folder, (int)(length > 3 ? length - 3 : length), file);
    struct stat status;
    vdc_result *result = NULL;
    vdc_code code = path && said ? VDC_OK : vdc_no_memory(diag, "a file's name");
    if (!code && stat(said, &status) == 0) {
        t->outcomes[cell].text = "failed";
    } else if (!code && stat(path, &status) != 0) {
        t->outcomes[cell].text = "missing";
    } else if (!code) {
        t->outcomes[cell].text = "completed";
        code = vdc_result_open(&result, path, diag);
    }
    const vdc_result_value *value;
    for (size_t k = 0; result && !code && (value = vdc_result_summary(result, k)) != NULL; k++) {
        if (value->type == VDC_CELL_TEXT || strcmp(value->key, "seed") == 0) {
            continue;
        }
        variable *v = variable_of(t, value);
        if (v) {
            v->cells[cell].real = value->real;
        } else {
            code = vdc_no_memory(diag, "the table of a sweep");
        }
    }
    const char *digest = result ? vdc_result_text(result, "digest") : NULL;
    if (digest && !code) {
        t->digest_texts[cell] = vdc_strdup(digest);
        t->digests[cell].text = t->digest_texts[cell];
        code = t->digest_texts[cell] ? VDC_OK : vdc_no_memory(diag, "the table of a sweep");
    }
    if (result && !code) code = vdc_result_check(result, diag);
    vdc_result_close(result);
    vdc_free(path);
    vdc_free(said);
    return code;
}

static vdc_code read_runs(table *t, vdc_diag *diag)
{
    t->files = vdc_calloc(t->runs, sizeof *t->files);
    t->outcomes = vdc_calloc(t->runs, sizeof *t->outcomes);
    t->digests = vdc_calloc(t->runs, sizeof *t->digests);
    t->digest_texts = vdc_calloc(t->runs, sizeof *t->digest_texts);
    vdc_code code = t->files && t->outcomes && t->digests && t->digest_texts ? VDC_OK : vdc_no_memory(diag, "the table of a sweep");
    for (size_t row = 0; row < t->runs && !code; row++) {
        code = read_run(t, row, diag);
    }
    return code;
}

/* ---- writing ---- */

static vdc_code write_dimension(vdc_record *record, const dimension *d, const char *path, vdc_diag *diag)
{
    vdc_code code;
    if (!d->numeric) {
        return vdc_record_scale_text(record, path, d->name, d->labels, NULL, d->count, diag);
    }
    double *reals = vdc_malloc(d->count * sizeof *reals);
    int64_t *integers = vdc_malloc(d->count * sizeof *integers);
    for (size_t i = 0; i < d->count && reals && integers; i++) {
        reals[i] = strtod(d->labels[i], NULL);
        integers[i] = d->whole ? (int64_t)reals[i] : 0;
    }
    if (!reals || !integers) {
        code = vdc_no_memory(diag, "an axis");
    } else if (d->whole) {
        code = vdc_record_scale_integer(record, path, d->name, integers, d->count, diag);
    } else {
        code = vdc_record_scale_real(record, path, d->name, reals, d->count, diag);
    }
    vdc_free(reals);
    vdc_free(integers);
    return code;
}

/* A key that is called as an axis is gets "_result" behind it. */
static char *dataset_path(const table *t, const char *name)
{
    bool clash = false;
    for (size_t i = 0; i < t->dimension_count; i++) {
        clash = clash || strcmp(t->dimensions[i].name, name) == 0;
    }
    return vdc_format("/%s%s", name, clash ? "_result" : "");
}

static vdc_code write_grid(const table *t, vdc_record *record, const char *const *scales, const size_t *lengths, const char *name,
                           vdc_cell_type type, const vdc_cell *cells, const char *units, const char *long_name, vdc_diag *diag)
{
    char *path = dataset_path(t, name);
    vdc_code code = path ? vdc_record_grid(record, path, type, scales, lengths, t->dimension_count, cells, units, long_name, diag)
                         : vdc_no_memory(diag, "the table of a sweep");
    vdc_free(path);
    return code;
}

static vdc_code write_datasets(const table *t, vdc_record *record, vdc_diag *diag)
{
    char *scales[VDC_GRID_RANK] = {NULL};
    size_t lengths[VDC_GRID_RANK];
    vdc_code code = vdc_record_attribute_integer(record, "format_version", 1, diag);
    code = code ? code : vdc_record_attribute_text(record, "vdcsim_version", VDC_VERSION, diag);
    for (size_t i = 0; i < t->dimension_count && !code; i++) {
        scales[i] = vdc_format("/%s", t->dimensions[i].name);
        lengths[i] = t->dimensions[i].count;
        code = scales[i] ? write_dimension(record, &t->dimensions[i], scales[i], diag) : vdc_no_memory(diag, "the table of a sweep");
    }
    const char *const *paths = (const char *const *)scales;
    for (size_t i = 0; i < t->variable_count && !code; i++) {
        const variable *v = &t->variables[i];
        code = write_grid(t, record, paths, lengths, v->name, VDC_CELL_REAL, v->cells, v->units, v->long_name, diag);
    }
    code = code ? code : write_grid(t, record, paths, lengths, "outcome", VDC_CELL_TEXT, t->outcomes, "1", "what became of the run", diag);
    code = code ? code : write_grid(t, record, paths, lengths, "file", VDC_CELL_TEXT, t->files, "1", "the run's result file", diag);
    code =
        code ? code : write_grid(t, record, paths, lengths, "digest", VDC_CELL_TEXT, t->digests, "1", "digest of the run's results", diag);
    for (size_t i = 0; i < t->dimension_count; i++) {
        vdc_free(scales[i]);
    }
    return code;
}

static vdc_code write_hdf5(const table *t, vdc_diag *diag)
{
    char *path = vdc_format("%s/sweep.h5", t->folder);
    vdc_record *record = NULL;
    vdc_code code = path ? vdc_record_create(&record, path, true, diag) : vdc_no_memory(diag, "a file's name");
    vdc_free(path);
    if (code) {
        return code;
    }
    code = write_datasets(t, record, diag);
    if (code) {
        vdc_record_abandon(record);
        return code;
    }
    return vdc_record_finish(record, true, NULL, diag);
}

static vdc_code write_csv(const table *t, vdc_diag *diag)
{
    vdc_text out = {0};
    vdc_text_add(&out, "file,seed");
    for (size_t column = 2; vdc_csv_field(&t->index, 0, column)[0]; column++) {
        vdc_text_add(&out, ",");
        vdc_text_add_csv(&out, vdc_csv_field(&t->index, 0, column));
    }
    vdc_text_add(&out, ",outcome");
    for (size_t i = 0; i < t->variable_count; i++) {
        vdc_text_add(&out, ",%s", t->variables[i].name);
    }
    vdc_text_add(&out, ",digest\n");
    for (size_t r = 0; r < t->runs; r++) {
        size_t cell = t->cell_of[r];
        for (size_t column = 0; column == 0 || vdc_csv_field(&t->index, 0, column)[0]; column++) {
            vdc_text_add(&out, column ? "," : "");
            vdc_text_add_csv(&out, vdc_csv_field(&t->index, r + 1, column));
        }
        vdc_text_add(&out, ",%s", t->outcomes[cell].text);
        for (size_t i = 0; i < t->variable_count; i++) {
            vdc_text_add(&out, ",");
            vdc_text_add_number(&out, t->variables[i].cells[cell].real, "");
        }
        vdc_text_add(&out, ",%s\n", t->digests[cell].text);
    }
    char *path = vdc_format("%s/sweep.csv", t->folder);
    vdc_code code = path ? vdc_text_save(&out, path, true, diag) : vdc_no_memory(diag, "a file's name");
    vdc_free(path);
    vdc_text_clear(&out);
    return code;
}

vdc_code vdc_sweep_table_write(const char *folder, vdc_diag *diag)
{
    table t = {.folder = folder};
    vdc_code code = read_index(&t, diag);
    code = code ? code : read_runs(&t, diag);
    code = code ? code : write_hdf5(&t, diag);
    code = code ? code : write_csv(&t, diag);
    clear_table(&t);
    return code;
}
