/* CPU readings of Azure's traces. See azure_readings.h. */
#include "workloads/azure_readings.h"

#include "sim/base/memory.h"
#include "workloads/files.h"
#include "workloads/table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TICK = 300, TICK_LIMIT = 10000000 }; /* a century of ticks */
#define STEP (TICK * VDC_SECOND)

const char *const vdc_azure_value_words[] = {
    [VDC_AZURE_AVERAGE] = "average", [VDC_AZURE_MAXIMUM] = "max", [VDC_AZURE_MINIMUM] = "min", NULL};

/* A cursor's upper bits name one of these, its lower ones the tick since the VM's arrival. */
typedef struct vdc_azure_vm {
    uint32_t series;
    int64_t first_tick; /* of its arrival */
    int64_t vcpus;      /* milli */
} vm;
enum { POSITION_BITS = 28 };
#define POSITION_MASK ((UINT64_C(1) << POSITION_BITS) - 1)

/* A level of the VM's vCPUs in Hz, rounded half to even. */
static int64_t demand_of(int64_t vcpus, int64_t speed, int64_t level) {
    const vdc_wide product = (vdc_wide)vcpus * speed * level, unit = (vdc_wide)1000 * 100 * VDC_AZURE_PERCENT;
    const vdc_wide whole = product / unit, rest = product % unit * 2;
    return (int64_t)(whole + (rest > unit || (rest == unit && (whole & 1))));
}

/* The level at a tick: the reading, else the one before it, else the first there is. */
static int64_t level_at(const vdc_azure_series *series, int64_t tick) {
    int64_t at = tick - series->first;
    if (at >= (int64_t)series->count) at = (int64_t)series->count - 1;
    while (at > 0 && series->levels[at] == VDC_AZURE_MISSING) at--;
    if (at < 0) at = 0; /* the first of a series is never missing */
    return series->levels[at];
}

static bool next_reading(const vdc_load_source *source, uint64_t *cursor, vdc_segment *segment) {
    const vdc_azure_readings *self = (const vdc_azure_readings *)source;
    const vm *owner = &self->vms[*cursor >> POSITION_BITS];
    const vdc_azure_series *series = &self->series[owner->series];
    const int64_t tick = owner->first_tick + (int64_t)(*cursor & POSITION_MASK);
    if (tick >= series->first + (int64_t)series->count) return false;
    *segment = (vdc_segment){STEP, demand_of(owner->vcpus, self->speed, level_at(series, tick))};
    ++*cursor;
    return true;
}

/* The cursor is the demand itself, the upper bit says that it was read. */
#define CONSTANT_READ (UINT64_C(1) << 63)
static bool next_constant(const vdc_load_source *source, uint64_t *cursor, vdc_segment *segment) {
    (void)source;
    if (*cursor & CONSTANT_READ) return false;
    *segment = (vdc_segment){VDC_FOREVER, (int64_t)*cursor};
    *cursor |= CONSTANT_READ;
    return true;
}

void vdc_azure_readings_start(vdc_azure_readings *readings, int64_t speed, vdc_azure_value value) {
    *readings = (vdc_azure_readings){.load = {next_reading}, .constant = {next_constant}, .speed = speed, .value = value};
}

void vdc_azure_readings_free(vdc_azure_readings *readings) {
    for (size_t i = 0; i < readings->count; i++) vdc_free(readings->series[i].levels);
    vdc_free(readings->series);
    vdc_free(readings->vms);
    vdc_names_destroy(readings->ids);
    *readings = (vdc_azure_readings){0};
}

static vdc_code find_series(vdc_azure_readings *self, vdc_field id, vdc_azure_series **series, vdc_diag *diag) {
    uint32_t number;
    if (vdc_names_intern(self->ids, id.begin, (size_t)(id.end - id.begin), &number)) return vdc_no_memory(diag, "VM ids");
    if (number > self->count) {
        if (!VDC_RESERVE(self->series, self->capacity, self->count + 1)) return vdc_no_memory(diag, "CPU readings");
        self->series[self->count++] = (vdc_azure_series){0};
    }
    *series = &self->series[number - 1];
    return VDC_OK;
}

/* Levels by tick, gaps filled with "missing"; a second reading of one tick replaces the first. */
static vdc_code add_reading(vdc_azure_readings *self, vdc_table *table, vdc_field id, int64_t tick, int64_t level,
                            vdc_diag *diag) {
    vdc_azure_series *series = NULL;
    const vdc_code code = find_series(self, id, &series, diag);
    if (code) return code;
    if (series->count == 0) series->first = tick;
    const int64_t at = tick - series->first;
    if (at < (int64_t)series->count - 1) {
        vdc_table_complain(table, 0, "goes back: readings stand in the order of time");
        return table->code;
    }
    if (!VDC_RESERVE(series->levels, series->capacity, (size_t)at + 1)) return vdc_no_memory(diag, "CPU readings");
    while ((int64_t)series->count <= at) series->levels[series->count++] = VDC_AZURE_MISSING;
    series->levels[at] = (uint16_t)level;
    return VDC_OK;
}

static vdc_code read_file(vdc_azure_readings *self, const char *path, const vdc_workload_context *context, vdc_diag *diag) {
    static const char *const columns[] = {"timestamp", "vm id", "min CPU", "max CPU", "average CPU", NULL};
    static const int sources[] = {[VDC_AZURE_AVERAGE] = 4, [VDC_AZURE_MAXIMUM] = 3, [VDC_AZURE_MINIMUM] = 2};
    vdc_table table;
    vdc_code code = vdc_table_open(&table, path, &(vdc_table_layout){.separator = ',', .columns = columns}, context, diag);
    while (!code) {
        bool have;
        code = vdc_table_row(&table, &have, diag);
        if (code || !have) break;
        const int64_t second = vdc_table_number(&table, 0, 1, 0, (int64_t)TICK * TICK_LIMIT);
        const int64_t level = vdc_table_number(&table, sources[self->value], VDC_AZURE_PERCENT, 0, 100 * VDC_AZURE_PERCENT);
        const vdc_field id = vdc_table_field(&table, 1);
        if (vdc_field_empty(id)) vdc_table_complain(&table, 1, "is empty");
        if (vdc_table_bad(&table, &code)) continue;
        code = add_reading(self, &table, id, second / TICK, level, diag);
    }
    vdc_table_close(&table);
    return code;
}

/* "vm_cpu_readings-file-12-of-125.csv.gz" -> 12: files follow one another in time by this number, not by name. */
static long file_number(const char *name) {
    static const char before[] = "vm_cpu_readings-file-";
    if (strncmp(name, before, sizeof before - 1) != 0) return -1;
    char *end;
    const long number = strtol(name + sizeof before - 1, &end, 10);
    return end > name + sizeof before - 1 && strncmp(end, "-of", 3) == 0 ? number : -1;
}

static vdc_code read_folder(vdc_azure_readings *self, const char *folder, const vdc_workload_context *context, vdc_diag *diag) {
    vdc_folder list = {0};
    vdc_code code = vdc_folder_list(&list, folder, NULL, diag);
    size_t read = 0;
    for (long last = -1; !code;) { /* the next number each time: there are some hundred files */
        size_t best = list.count;
        for (size_t i = 0; i < list.count; i++) {
            const long number = file_number(list.names[i]);
            if (number > last && (best == list.count || number < file_number(list.names[best]))) best = i;
        }
        if (best == list.count) break;
        last = file_number(list.names[best]);
        char *path = vdc_format("%s/%s", folder, list.names[best]);
        code = path ? read_file(self, path, context, diag) : vdc_no_memory(diag, "a path");
        vdc_free(path);
        read++;
    }
    vdc_folder_clear(&list);
    const vdc_place place = {folder, 0, 0};
    return !code && read == 0 ? vdc_fail(diag, VDC_ERROR_INPUT, &place, "there is no vm_cpu_readings-file-* in it") : code;
}

vdc_code vdc_azure_readings_read(vdc_azure_readings *readings, const char *path, const vdc_workload_context *context,
                                 vdc_diag *diag) {
    const vdc_code code = readings->ids ? VDC_OK : vdc_names_create(&readings->ids, diag);
    if (code) return code;
    return vdc_is_folder(path) ? read_folder(readings, path, context, diag) : read_file(readings, path, context, diag);
}

vdc_code vdc_azure_load_set(vdc_azure_readings *readings, vdc_field id, bool has_level, int64_t level, vdc_request *request,
                            vdc_diag *diag) {
    const uint32_t number = readings->ids ? vdc_names_find(readings->ids, id.begin, (size_t)(id.end - id.begin)) : UINT32_MAX;
    if (number != UINT32_MAX && number > 0) {
        const vdc_azure_series *series = &readings->series[number - 1];
        if (!VDC_RESERVE(readings->vms, readings->vm_capacity, readings->vm_count + 1)) return vdc_no_memory(diag, "loads");
        readings->vms[readings->vm_count] = (vm){number - 1, request->arrival / STEP, request->size[VDC_CPU]};
        int64_t highest = 0;
        for (size_t i = 0; i < series->count; i++)
            if (series->levels[i] != VDC_AZURE_MISSING && series->levels[i] > highest) highest = series->levels[i];
        request->load = &readings->load;
        request->load_cursor = (uint64_t)readings->vm_count++ << POSITION_BITS;
        request->load_peak = demand_of(request->size[VDC_CPU], readings->speed, highest);
    } else if (has_level) {
        request->load = &readings->constant;
        request->load_peak = demand_of(request->size[VDC_CPU], readings->speed, level);
        request->load_cursor = (uint64_t)request->load_peak;
    }
    return VDC_OK;
}
