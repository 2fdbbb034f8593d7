/* Two result files side by side, dataset by dataset. */
#include "analysis/difference.h"

#include <string.h>

#include "sim/base/memory.h"
#include "sim/record/result_digest.h"

enum { SLICE_CELLS = 1 << 16 };

typedef struct vdc_pair {
    const vdc_result *files[2];
    size_t most, count;
    vdc_text *text;
} vdc_pair;

/* Begins the line of one more difference; false when there have been enough. */
static bool begin_line(vdc_pair *pair, const char *path) {
    if (pair->count++ >= pair->most)
        return false;
    vdc_text_add(pair->text, "  %s: ", path);
    return true;
}

/* Of two files that are to be the same each bit counts: the sign of a zero does, and a NaN is equal to itself. */
static bool has_same_bits(double a, double b) {
    uint64_t bits[2];
    memcpy(&bits[0], &a, sizeof a);
    memcpy(&bits[1], &b, sizeof b);
    return bits[0] == bits[1];
}

/* A summary value as text. */
static void add_value(vdc_text *text, const vdc_result_value *value) {
    if (value->type == VDC_CELL_TEXT)
        vdc_text_add(text, "'%s'", value->text);
    else if (value->type == VDC_CELL_INTEGER)
        vdc_text_add_integer(text, value->integer);
    else
        vdc_text_add_number(text, value->real, "NaN");
}

static void compare_scalars(vdc_pair *pair, const char *path) {
    const char *key = strrchr(path, '/') + 1;
    const vdc_result_value *a = vdc_result_find(pair->files[0], key), *b = vdc_result_find(pair->files[1], key);
    if (!a || !b)
        return;
    bool equal = a->type == b->type &&
                 (a->type == VDC_CELL_TEXT ? strcmp(a->text, b->text) == 0
                                           : has_same_bits(a->real, b->real) && a->integer == b->integer);
    if (equal || !begin_line(pair, path))
        return;
    add_value(pair->text, a);
    vdc_text_add(pair->text, " and ");
    add_value(pair->text, b);
    vdc_text_add(pair->text, "\n");
}

/* ---- datasets ---- */

/* The same rows of both files. */
typedef struct vdc_slices {
    double *reals[2];
    int64_t *integers[2];
    char **texts[2];
    size_t text_count[2];
} vdc_slices;

static void forget_texts(vdc_slices *slices) {
    for (int f = 0; f < 2; f++) {
        for (size_t i = 0; i < slices->text_count[f]; i++)
            vdc_free(slices->texts[f][i]);
        slices->text_count[f] = 0;
    }
}

static void free_slices(vdc_slices *slices) {
    forget_texts(slices);
    for (int f = 0; f < 2; f++) {
        vdc_free(slices->reals[f]);
        vdc_free(slices->integers[f]);
        vdc_free(slices->texts[f]);
    }
}

static vdc_code read_slice(const vdc_pair *pair, vdc_slices *slices, int f, const char *path, const vdc_result_shape *shape,
                           size_t first, size_t rows, vdc_diag *diag) {
    if (shape->type == VDC_CELL_REAL)
        return vdc_result_read_reals(pair->files[f], path, first, rows, slices->reals[f], diag);
    if (shape->type == VDC_CELL_INTEGER)
        return vdc_result_read_integers(pair->files[f], path, first, rows, slices->integers[f], diag);
    vdc_code code = vdc_result_read_texts(pair->files[f], path, first, rows, slices->texts[f], diag);
    slices->text_count[f] = code ? 0 : rows * shape->width;
    return code;
}

static bool equal_cell(const vdc_slices *slices, vdc_cell_type type, size_t i) {
    if (type == VDC_CELL_REAL)
        return has_same_bits(slices->reals[0][i], slices->reals[1][i]);
    if (type == VDC_CELL_INTEGER)
        return slices->integers[0][i] == slices->integers[1][i];
    return strcmp(slices->texts[0][i], slices->texts[1][i]) == 0;
}

static void add_cell(vdc_text *text, const vdc_slices *slices, vdc_cell_type type, int f, size_t i) {
    if (type == VDC_CELL_REAL)
        vdc_text_add_number(text, slices->reals[f][i], "NaN");
    else if (type == VDC_CELL_INTEGER)
        vdc_text_add_integer(text, slices->integers[f][i]);
    else
        vdc_text_add(text, "'%s'", slices->texts[f][i]);
}

/* Compares a slice; true when a difference was found and told. */
static bool compare_slice(vdc_pair *pair, const vdc_slices *slices, const char *path, const vdc_result_shape *shape, size_t first,
                          size_t rows) {
    for (size_t i = 0; i < rows * shape->width; i++) {
        if (equal_cell(slices, shape->type, i))
            continue;
        if (begin_line(pair, path)) {
            vdc_text_add(pair->text, "from row %zu on", first + i / shape->width);
            if (shape->width > 1)
                vdc_text_add(pair->text, ", column %zu", i % shape->width);
            vdc_text_add(pair->text, ": ");
            add_cell(pair->text, slices, shape->type, 0, i);
            vdc_text_add(pair->text, " and ");
            add_cell(pair->text, slices, shape->type, 1, i);
            vdc_text_add(pair->text, "\n");
        }
        return true;
    }
    return false;
}

static vdc_code compare_values(vdc_pair *pair, const char *path, const vdc_result_shape *shape, vdc_diag *diag) {
    vdc_slices slices = {0};
    size_t step = shape->width < SLICE_CELLS ? SLICE_CELLS / (shape->width ? shape->width : 1) : 1;
    if (step > shape->rows)
        step = shape->rows;
    const size_t cells = step * shape->width;
    vdc_code code = VDC_OK;
    for (int f = 0; f < 2; f++) {
        if (shape->type == VDC_CELL_REAL)
            slices.reals[f] = vdc_calloc(cells, sizeof(double));
        else if (shape->type == VDC_CELL_INTEGER)
            slices.integers[f] = vdc_calloc(cells, sizeof(int64_t));
        else
            slices.texts[f] = vdc_calloc(cells, sizeof(char *));
        if (!slices.reals[f] && !slices.integers[f] && !slices.texts[f])
            code = vdc_no_memory(diag, "the comparison");
    }
    bool found = false;
    for (size_t first = 0; code == VDC_OK && !found && first < shape->rows; first += step) {
        size_t rows = shape->rows - first < step ? shape->rows - first : step;
        for (int f = 0; code == VDC_OK && f < 2; f++)
            code = read_slice(pair, &slices, f, path, shape, first, rows, diag);
        found = code == VDC_OK && compare_slice(pair, &slices, path, shape, first, rows);
        forget_texts(&slices);
    }
    free_slices(&slices);
    return code;
}

static vdc_code compare_datasets(vdc_pair *pair, const char *path, vdc_diag *diag) {
    vdc_result_shape a, b;
    bool first = vdc_result_dataset(pair->files[0], path, &a), second = vdc_result_dataset(pair->files[1], path, &b);
    if (!first && !second) {
        compare_scalars(pair, path);
        return VDC_OK;
    }
    if (first && second && a.rows == b.rows && a.width == b.width && a.type == b.type)
        return compare_values(pair, path, &a, diag);
    if (begin_line(pair, path)) {
        if (first && second)
            vdc_text_add(pair->text, "%zu x %zu and %zu x %zu values\n", a.rows, a.width, b.rows, b.width);
        else
            vdc_text_add(pair->text, "not of one kind\n");
    }
    return VDC_OK;
}

vdc_code vdc_result_differences(const vdc_result *a, const vdc_result *b, size_t most, size_t *count, vdc_text *text,
                                vdc_diag *diag) {
    vdc_pair pair = {.files = {a, b}, .most = most, .text = text};
    vdc_code code = VDC_OK;
    const char *left, *right;
    for (size_t i = 0, k = 0; left = vdc_result_all(a, i), right = vdc_result_all(b, k), code == VDC_OK && (left || right);) {
        int order = !left ? 1 : !right ? -1 : strcmp(left, right);
        bool counts = vdc_digest_counts(order <= 0 ? left : right);
        if (counts && order == 0)
            code = compare_datasets(&pair, left, diag);
        else if (counts && begin_line(&pair, order < 0 ? left : right))
            vdc_text_add(text, "only in the %s\n", order < 0 ? "first" : "second");
        i += order <= 0;
        k += order >= 0;
    }
    *count = pair.count;
    return code ? code : vdc_text_code(text, "the comparison", diag);
}
