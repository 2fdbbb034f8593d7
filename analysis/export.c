/* Tables as CSV: which datasets make one, and their rows in slices. */
#include "analysis/export.h"

#include <inttypes.h>
#include <string.h>

#include "analysis/text.h"
#include "sim/base/memory.h"

enum {
    COLUMNS_MAX = 4096, /* of the text; a dataset with more is left out */
    SLICE_CELLS = 1 << 18,
    SLICE_ROWS = 8192,
    PIECE_BYTES = 1 << 16
};

/* A dataset of the table and the rows of it that are in memory. */
typedef struct vdc_export_column {
    const char *path;
    vdc_result_shape shape;
    char **labels; /* of the second axis, [width]; NULL when one-dimensional */
    double *reals; /* the slice, by type */
    int64_t *integers;
    char **texts;
    size_t text_count;
} vdc_export_column;

typedef struct vdc_export {
    const vdc_result *result;
    vdc_export_column *columns;
    size_t count, capacity;
    size_t rows, cells; /* of the table, of a row */
    vdc_text piece;
    vdc_export_sink sink;
    void *user;
} vdc_export;

static const char *last_name(const char *path) {
    return strrchr(path, '/') + 1;
}

static bool pass_on(vdc_export *out, size_t least) {
    if (out->piece.failed || out->piece.length < least)
        return !out->piece.failed;
    bool good = out->sink(out->user, vdc_text_get(&out->piece), out->piece.length);
    out->piece.length = 0;
    return good;
}

static vdc_code broken(vdc_export *out, vdc_diag *diag) {
    return out->piece.failed ? vdc_no_memory(diag, "the table") : VDC_ERROR_IO;
}

/* ---- which datasets ---- */

/* The names along the second axis. */
static vdc_code read_labels(vdc_export *out, vdc_export_column *column, vdc_diag *diag) {
    vdc_result_shape scale;
    size_t width = column->shape.width;
    if (!column->shape.scale || !vdc_result_dataset(out->result, column->shape.scale, &scale) || scale.rows != width ||
        scale.width != 1)
        return vdc_fail(diag, VDC_ERROR_INPUT, NULL, "%s: %s has no names for its columns", vdc_result_path(out->result),
                        column->path);
    column->labels = vdc_calloc(width, sizeof *column->labels);
    if (!column->labels)
        return vdc_no_memory(diag, "the table");
    if (scale.type == VDC_CELL_TEXT)
        return vdc_result_read_texts(out->result, column->shape.scale, 0, width, column->labels, diag);
    double *numbers = vdc_calloc(width, sizeof *numbers);
    vdc_code code = numbers ? vdc_result_read_reals(out->result, column->shape.scale, 0, width, numbers, diag)
                            : vdc_no_memory(diag, "the table");
    for (size_t i = 0; code == VDC_OK && i < width; i++)
        if (!(column->labels[i] = vdc_format("%.17g", numbers[i])))
            code = vdc_no_memory(diag, "the table");
    vdc_free(numbers);
    return code;
}

static vdc_code add_column(vdc_export *out, const char *path, const vdc_result_shape *shape, vdc_diag *diag) {
    if (!VDC_RESERVE(out->columns, out->capacity, out->count + 1))
        return vdc_no_memory(diag, "the table");
    vdc_export_column *column = &out->columns[out->count++];
    *column = (vdc_export_column){.path = path, .shape = *shape};
    out->cells += shape->width;
    return shape->scale || shape->width != 1 ? read_labels(out, column, diag) : VDC_OK;
}

static vdc_code choose_columns(vdc_export *out, const char *group, vdc_diag *diag) {
    const char *axis = vdc_result_main_axis(out->result, group), *path;
    vdc_result_shape shape;
    if (!axis || !vdc_result_dataset(out->result, axis, &shape))
        return vdc_fail(diag, VDC_ERROR_INPUT, NULL, "%s: has no table %s", vdc_result_path(out->result), group + 1);
    out->rows = shape.rows;
    vdc_code code = add_column(out, axis, &shape, diag);
    for (size_t i = 0; code == VDC_OK && (path = vdc_result_member(out->result, group, i)); i++)
        if (strcmp(path, axis) != 0 && vdc_result_dataset(out->result, path, &shape) && shape.axis &&
            strcmp(shape.axis, axis) == 0 && shape.rows == out->rows && shape.width > 0 &&
            out->cells + shape.width <= COLUMNS_MAX)
            code = add_column(out, path, &shape, diag);
    return code;
}

/* ---- rows ---- */

static void forget_texts(vdc_export_column *column) {
    for (size_t i = 0; i < column->text_count; i++)
        vdc_free(column->texts[i]);
    column->text_count = 0;
}

static vdc_code read_slice(vdc_export *out, vdc_export_column *column, size_t first, size_t rows, vdc_diag *diag) {
    if (column->shape.type == VDC_CELL_REAL)
        return vdc_result_read_reals(out->result, column->path, first, rows, column->reals, diag);
    if (column->shape.type == VDC_CELL_INTEGER)
        return vdc_result_read_integers(out->result, column->path, first, rows, column->integers, diag);
    forget_texts(column);
    vdc_code code = vdc_result_read_texts(out->result, column->path, first, rows, column->texts, diag);
    column->text_count = code ? 0 : rows * column->shape.width;
    return code;
}

static bool make_slices(vdc_export *out, size_t rows) {
    for (size_t c = 0; c < out->count; c++) {
        vdc_export_column *column = &out->columns[c];
        size_t cells = rows * column->shape.width;
        if (column->shape.type == VDC_CELL_REAL)
            column->reals = vdc_calloc(cells, sizeof *column->reals);
        else if (column->shape.type == VDC_CELL_INTEGER)
            column->integers = vdc_calloc(cells, sizeof *column->integers);
        else
            column->texts = vdc_calloc(cells, sizeof *column->texts);
        if (!column->reals && !column->integers && !column->texts)
            return false;
    }
    return true;
}

static void add_row(vdc_export *out, size_t row) {
    for (size_t c = 0; c < out->count; c++) {
        const vdc_export_column *column = &out->columns[c];
        for (size_t i = 0; i < column->shape.width; i++) {
            size_t cell = row * column->shape.width + i;
            if (c + i > 0)
                vdc_text_add_bytes(&out->piece, ",", 1);
            if (column->reals)
                vdc_text_add_number(&out->piece, column->reals[cell], "");
            else if (column->integers)
                vdc_text_add_integer(&out->piece, column->integers[cell]);
            else
                vdc_text_add_csv(&out->piece, column->texts[cell]);
        }
    }
    vdc_text_add_bytes(&out->piece, "\n", 1);
}

static void add_header(vdc_export *out) {
    for (size_t c = 0; c < out->count; c++) {
        const vdc_export_column *column = &out->columns[c];
        for (size_t i = 0; i < column->shape.width; i++) {
            vdc_text name = {0};
            vdc_text_add(&name, "%s%s%s", last_name(column->path), column->labels ? "_" : "",
                         column->labels ? column->labels[i] : "");
            if (c + i > 0)
                vdc_text_add_bytes(&out->piece, ",", 1);
            vdc_text_add_csv(&out->piece, vdc_text_get(&name));
            out->piece.failed = out->piece.failed || name.failed;
            vdc_text_clear(&name);
        }
    }
    vdc_text_add_bytes(&out->piece, "\n", 1);
}

static vdc_code export_rows(vdc_export *out, vdc_diag *diag) {
    size_t step = SLICE_CELLS / (out->cells > 0 ? out->cells : 1);
    step = step < 1 ? 1 : step > SLICE_ROWS ? SLICE_ROWS : step;
    if (!make_slices(out, step))
        return vdc_no_memory(diag, "the table");
    add_header(out);
    for (size_t first = 0; first < out->rows; first += step) {
        size_t rows = out->rows - first < step ? out->rows - first : step;
        for (size_t c = 0; c < out->count; c++) {
            vdc_code code = read_slice(out, &out->columns[c], first, rows, diag);
            if (code)
                return code;
        }
        for (size_t row = 0; row < rows; row++) {
            add_row(out, row);
            if (!pass_on(out, PIECE_BYTES))
                return broken(out, diag);
        }
    }
    return pass_on(out, 1) ? VDC_OK : broken(out, diag);
}

static vdc_code export_summary(vdc_export *out, vdc_diag *diag) {
    const vdc_result_value *value;
    vdc_text_add(&out->piece, "key,value,units,long_name\n");
    for (size_t i = 0; (value = vdc_result_summary(out->result, i)); i++) {
        vdc_text_add_csv(&out->piece, value->key);
        vdc_text_add_bytes(&out->piece, ",", 1);
        if (value->type == VDC_CELL_TEXT)
            vdc_text_add_csv(&out->piece, value->text);
        else if (value->type == VDC_CELL_INTEGER)
            vdc_text_add_integer(&out->piece, value->integer);
        else
            vdc_text_add_number(&out->piece, value->real, "");
        vdc_text_add_bytes(&out->piece, ",", 1);
        vdc_text_add_csv(&out->piece, value->units);
        vdc_text_add_bytes(&out->piece, ",", 1);
        vdc_text_add_csv(&out->piece, value->long_name);
        vdc_text_add_bytes(&out->piece, "\n", 1);
    }
    return pass_on(out, 1) ? VDC_OK : broken(out, diag);
}

vdc_code vdc_export_table(const vdc_result *result, const char *table, vdc_export_sink sink, void *user, vdc_diag *diag) {
    vdc_export out = {.result = result, .sink = sink, .user = user};
    vdc_code code;
    if (strcmp(table, "summary") == 0) {
        code = export_summary(&out, diag);
    } else {
        char *group = vdc_format("/%s", table);
        code = group ? choose_columns(&out, group, diag) : vdc_no_memory(diag, "the table");
        if (code == VDC_OK)
            code = export_rows(&out, diag);
        vdc_free(group);
    }
    for (size_t c = 0; c < out.count; c++) {
        vdc_export_column *column = &out.columns[c];
        forget_texts(column);
        for (size_t i = 0; column->labels && i < column->shape.width; i++)
            vdc_free(column->labels[i]);
        vdc_free(column->labels);
        vdc_free(column->texts);
        vdc_free(column->integers);
        vdc_free(column->reals);
    }
    vdc_free(out.columns);
    vdc_text_clear(&out.piece);
    return code ? code : vdc_result_check(result, diag);
}
