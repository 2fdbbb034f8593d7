/* Reading of datasets for pictures and tables. */
#include "analysis/series.h"

#include "analysis/result.h"
#include "sim/base/memory.h"

#include <math.h>
#include <string.h>

double vdc_largest(const double *values, size_t count)
{
    double largest = 0;
    for (size_t i = 0; i < count; i++) {
        largest = values[i] > largest ? values[i] : largest; /* false for NaN */
    }
    return largest;
}

void vdc_matrix_shape(const vdc_run *run, const char *path, size_t *rows, size_t *width)
{
    vdc_result_shape shape;
    bool there = vdc_result_dataset(run->result, path, &shape) && shape.type != VDC_CELL_TEXT;
    *rows = there ? shape.rows : 0;
    *width = there ? shape.width : 0;
}

/* NaN stands for what is not there in some datasets; infinite is none. */
static vdc_code check_values(const vdc_matrix *matrix, const vdc_run *run, const char *path, bool known, vdc_diag *diag)
{
    for (size_t i = 0; i < matrix->rows * matrix->width; i++) {
        if (isinf(matrix->cells[i]) || (known && isnan(matrix->cells[i]))) {
            return vdc_fail(diag, VDC_ERROR_INPUT, NULL, "%s: %s: row %zu has the value %g, which is no finite number", run->path, path,
                            i / matrix->width, matrix->cells[i]);
        }
    }
    return VDC_OK;
}

vdc_code vdc_matrix_read_rows(vdc_matrix *matrix, const vdc_run *run, const char *path, size_t first, size_t count,
                              vdc_diag *diag)
{
    vdc_result_shape shape;
    *matrix = (vdc_matrix){0};
    if (!vdc_result_dataset(run->result, path, &shape) || shape.type == VDC_CELL_TEXT || first >= shape.rows ||
        shape.width == 0) {
        return VDC_OK;
    }
    count = count < shape.rows - first ? count : shape.rows - first;
    matrix->cells = count <= SIZE_MAX / sizeof(double) / shape.width ? vdc_malloc(count * shape.width * sizeof(double)) : NULL;
    matrix->units = vdc_strdup(shape.units ? shape.units : "");
    if (!matrix->cells || !matrix->units) {
        vdc_matrix_clear(matrix);
        return vdc_no_memory(diag, path);
    }
    matrix->rows = count;
    matrix->width = shape.width;
    vdc_code code = vdc_result_read_reals(run->result, path, first, count, matrix->cells, diag);
    code = code ? code : check_values(matrix, run, path, false, diag);
    if (code) {
        vdc_matrix_clear(matrix);
    }
    return code;
}

vdc_code vdc_matrix_read(vdc_matrix *matrix, const vdc_run *run, const char *path, vdc_diag *diag)
{
    return vdc_matrix_read_rows(matrix, run, path, 0, SIZE_MAX, diag);
}

void vdc_matrix_clear(vdc_matrix *matrix)
{
    vdc_free(matrix->cells);
    vdc_free(matrix->units);
    *matrix = (vdc_matrix){0};
}

vdc_code vdc_text_list_read(vdc_text_list *list, const vdc_run *run, const char *path, vdc_diag *diag)
{
    vdc_result_shape shape;
    *list = (vdc_text_list){0};
    if (!vdc_result_dataset(run->result, path, &shape) || shape.type != VDC_CELL_TEXT || shape.rows == 0 || shape.width != 1) {
        return VDC_OK;
    }
    list->items = vdc_calloc(shape.rows, sizeof *list->items);
    if (!list->items) {
        return vdc_no_memory(diag, path);
    }
    vdc_code code = vdc_result_read_texts(run->result, path, 0, shape.rows, list->items, diag);
    if (code) {
        vdc_free(list->items);
        list->items = NULL;
        return code;
    }
    list->count = shape.rows;
    return VDC_OK;
}

void vdc_text_list_clear(vdc_text_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        vdc_free(list->items[i]);
    }
    vdc_free(list->items);
    *list = (vdc_text_list){0};
}

vdc_code vdc_ticks_read(vdc_ticks *ticks, const vdc_run *run, size_t most, vdc_diag *diag)
{
    vdc_matrix time;
    vdc_text_list names = {0};
    *ticks = (vdc_ticks){0};
    vdc_code code = vdc_matrix_read(&time, run, "/ticks/time", diag);
    code = code ? code : check_values(&time, run, "/ticks/time", true, diag);
    code = code ? code : vdc_text_list_read(&names, run, "/ticks/resource", diag);
    if (code || time.rows == 0) {
        vdc_matrix_clear(&time);
        vdc_text_list_clear(&names);
        return code;
    }
    ticks->ticks = time.rows;
    ticks->count = time.rows < most ? time.rows : most;
    ticks->first = vdc_calloc(ticks->count + 1, sizeof *ticks->first);
    ticks->edges = vdc_calloc(ticks->count + 1, sizeof *ticks->edges);
    ticks->resource_names = names.items;
    ticks->resources = names.count;
    if (!ticks->first || !ticks->edges) {
        vdc_ticks_clear(ticks);
        code = vdc_no_memory(diag, "ticks");
    } else {
        for (size_t i = 0; i <= ticks->count; i++) {
            ticks->first[i] = (size_t)((unsigned __int128)ticks->ticks * i / ticks->count);
            ticks->edges[i] = ticks->first[i] > 0 ? time.cells[ticks->first[i] - 1] : 0;
        }
    }
    vdc_matrix_clear(&time);
    return code;
}

void vdc_ticks_clear(vdc_ticks *ticks)
{
    vdc_text_list names = {ticks->resource_names, ticks->resources};
    vdc_text_list_clear(&names);
    vdc_free(ticks->first);
    vdc_free(ticks->edges);
    *ticks = (vdc_ticks){0};
}

size_t vdc_ticks_resource(const vdc_ticks *ticks, const char *name)
{
    for (size_t i = 0; i < ticks->resources; i++) {
        if (strcmp(ticks->resource_names[i], name) == 0) {
            return i;
        }
    }
    return SIZE_MAX;
}

static vdc_code read_column(const vdc_ticks *ticks, const vdc_run *run, const char *path, size_t column, vdc_interval_value value, bool held,
                            double **out, vdc_diag *diag)
{
    vdc_matrix matrix;
    *out = NULL;
    vdc_code code = vdc_matrix_read(&matrix, run, path, diag);
    code = code ? code : check_values(&matrix, run, path, true, diag);
    if (code || ticks->count == 0 || matrix.rows != ticks->ticks || column >= matrix.width) {
        vdc_matrix_clear(&matrix);
        return code;
    }
    double *values = vdc_calloc(ticks->count, sizeof *values);
    if (!values) {
        vdc_matrix_clear(&matrix);
        return vdc_no_memory(diag, path);
    }
    for (size_t i = 0; i < ticks->count; i++) {
        size_t from = ticks->first[i], to = ticks->first[i + 1];
        double sum = 0, largest = -INFINITY, last = 0;
        for (size_t t = from; t < to; t++) {
            last = matrix.cells[(held && t > 0 ? t - 1 : t) * matrix.width + column];
            sum += last;
            largest = fmax(largest, last);
        }
        double length = ticks->edges[i + 1] - ticks->edges[i];
        switch (value) {
        case VDC_INTERVAL_RATE: values[i] = length > 0 ? sum / length : 0; break;
        case VDC_INTERVAL_MEAN: values[i] = sum / (double)(to - from); break;
        case VDC_INTERVAL_LARGEST: values[i] = largest; break;
        case VDC_INTERVAL_SUM: values[i] = sum; break;
        case VDC_INTERVAL_LAST: values[i] = last; break;
        }
    }
    vdc_matrix_clear(&matrix);
    *out = values;
    return VDC_OK;
}

vdc_code vdc_ticks_column(const vdc_ticks *ticks, const vdc_run *run, const char *path, size_t column, vdc_interval_value value,
                          double **out, vdc_diag *diag)
{
    return read_column(ticks, run, path, column, value, false, out, diag);
}

vdc_code vdc_ticks_held(const vdc_ticks *ticks, const vdc_run *run, const char *path, size_t column, vdc_interval_value value, double **out,
                        vdc_diag *diag)
{
    return read_column(ticks, run, path, column, value, true, out, diag);
}

double vdc_run_capacity(const vdc_run *run, const char *resource)
{
    static const struct { const char *resource, *key;
    } keys[] = {
        {"cpu", "capacity_cpu_cores"},
        {"memory", "capacity_memory_bytes"},
        {"disk", "capacity_disk_bytes"},
        {"gpu", "capacity_gpu_milli"},
        {"iops", "capacity_iops"},
        {"disk_bw", "capacity_disk_bw"},
        {"net_tx", "capacity_net_tx"},
        {"net_rx", "capacity_net_rx"},
    };
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        if (strcmp(keys[i].resource, resource) == 0) {
            double value = vdc_run_value(run, keys[i].key);
            return value > 0 ? value : NAN;
        }
    }
    return NAN;
}
