/* Carbon intensity, prices of energy and host failures from CSV: see series.h. */
#include "workloads/series.h"

#include "sim/base/memory.h"
#include "workloads/table.h"

enum { NS_PER_MS = 1000000 };

static const vdc_table_layout csv = {.separator = ','};

/* Opens the file and finds its columns. The table is to be closed in any case. */
static vdc_code open_table(vdc_table *table, const char *path, vdc_inputs *inputs, const char *const *columns, size_t count,
                           int *index, vdc_diag *diag) {
    const vdc_workload_context context = {.inputs = inputs};
    vdc_code code = vdc_table_open(table, path, &csv, &context, diag);
    return code ? code : vdc_table_map(table, columns, count, count, index, diag);
}

/* What a series holds beside its time. */
typedef struct measure {
    const char *columns[2]; /* of the time and of the value */
    const char *wanted;     /* what a value must be, in words */
    double least;
    const char *name;       /* of the trace, in messages */
} measure;

static const measure carbon = {{"timestamp", "carbon_intensity"}, "a number of at least 0 (g/kWh)", 0, "the carbon trace"};
static const measure energy_price = {{"timestamp", "price"}, "a price of a kWh, from -1e6 to 1e6,", -1e6, "the trace of prices"};
enum { MOST = 1000000 }; /* bounds prices */

/* A decimal number in the range of the measure; complains otherwise. */
static double value_of(vdc_table *table, int column, const measure *what) {
    vdc_field field = vdc_table_field(table, column);
    double value = 0;
    char shown[VDC_FIELD_SHOWN];
    if (!vdc_decimal_real(field.begin, field.end, &value) || value < what->least || (what->least < 0 && value > MOST)) {
        vdc_table_complain(table, column, "is '%s', %s is wanted", vdc_field_show(field, shown), what->wanted);
        return 0;
    }
    return value;
}

static vdc_code read_rows(vdc_table *table, const int *index, const measure *what, size_t *capacity, vdc_series *series, vdc_diag *diag) {
    bool have;
    vdc_code code;
    while (!(code = vdc_table_row(table, &have, diag)) && have) {
        int64_t time = vdc_table_number(table, index[0], NS_PER_MS, INT64_MIN, INT64_MAX);
        double value = value_of(table, index[1], what);
        if (!vdc_table_bad(table, &code) && series->count && time <= series->time[series->count - 1])
            vdc_table_complain(table, index[0], "is not later than that of the row before");
        if (vdc_table_bad(table, &code)) return code;
        size_t room = *capacity;
        if (!VDC_RESERVE(series->time, *capacity, series->count + 1) || !VDC_RESERVE(series->value, room, series->count + 1))
            return vdc_no_memory(diag, what->name);
        series->time[series->count] = time;
        series->value[series->count++] = value;
    }
    if (!code && series->count == 0) {
        const vdc_place place = vdc_text_place(table->text, NULL);
        code = vdc_fail(diag, VDC_ERROR_INPUT, &place, "%s has no rows", what->name);
    }
    return code;
}

static vdc_code read_series(const char *path, const measure *what, vdc_inputs *inputs, vdc_series *series, vdc_diag *diag) {
    vdc_table table = {0};
    int index[2];
    size_t capacity = 0;
    *series = (vdc_series){0};
    vdc_code code = open_table(&table, path, inputs, what->columns, 2, index, diag);
    if (!code) code = read_rows(&table, index, what, &capacity, series, diag);
    vdc_table_close(&table);
    if (code) vdc_series_free(series);
    return code;
}

vdc_code vdc_carbon_read(const char *path, vdc_inputs *inputs, vdc_series *series, vdc_diag *diag) {
    return read_series(path, &carbon, inputs, series, diag);
}

vdc_code vdc_energy_price_read(const char *path, vdc_inputs *inputs, vdc_series *series, vdc_diag *diag) {
    return read_series(path, &energy_price, inputs, series, diag);
}

size_t vdc_series_at(const vdc_series *series, int64_t time) {
    size_t low = 0, high = series->count; /* time[low] <= time, or low = 0; time < time[high] */
    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        if (series->time[middle] <= time) low = middle;
        else high = middle;
    }
    return low;
}

void vdc_series_free(vdc_series *series) {
    vdc_free(series->time);
    vdc_free(series->value);
    *series = (vdc_series){0};
}

vdc_code vdc_failures_read(const char *path, vdc_inputs *inputs, vdc_failure_list *list, vdc_diag *diag) {
    static const char *const columns[] = {"failure_interval", "failure_duration", "failure_intensity"};
    vdc_table table = {0};
    int index[3];
    *list = (vdc_failure_list){0};
    vdc_code code = open_table(&table, path, inputs, columns, 3, index, diag);
    for (bool have = true; !code && !(code = vdc_table_row(&table, &have, diag)) && have; ) {
        vdc_failure row = {
            .wait = vdc_table_number(&table, index[0], NS_PER_MS, 0, INT64_MAX),
            .duration = vdc_table_number(&table, index[1], NS_PER_MS, 0, INT64_MAX),
            .share_ppb = vdc_table_number(&table, index[2], VDC_SHARE_ALL, 0, VDC_SHARE_ALL),
        };
        if (vdc_table_bad(&table, &code)) break;
        if (!VDC_RESERVE(list->rows, list->capacity, list->count + 1)) code = vdc_no_memory(diag, "the failures");
        else list->rows[list->count++] = row;
    }
    vdc_table_close(&table);
    if (code) vdc_failures_free(list);
    return code;
}

void vdc_failures_free(vdc_failure_list *list) {
    vdc_free(list->rows);
    *list = (vdc_failure_list){0};
}
