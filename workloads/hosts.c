/* Host lists: the registry, and what all formats share. See hosts.h. */
#include "workloads/hosts.h"

#include "workloads/readers.h"

#include <string.h>

const vdc_host_format *const vdc_host_formats[] = {
    &vdc_hosts_alibaba_openb,
    &vdc_hosts_huawei_topology,
    NULL,
};

const vdc_host_format *vdc_host_format_find(const char *name) {
    for (size_t i = 0; vdc_host_formats[i]; i++)
        if (strcmp(vdc_host_formats[i]->name, name) == 0) return vdc_host_formats[i];
    return NULL;
}

void vdc_host_format_names(const char *names[VDC_HOST_FORMATS + 1]) {
    size_t count = 0;
    for (; count < VDC_HOST_FORMATS && vdc_host_formats[count]; count++) names[count] = vdc_host_formats[count]->name;
    names[count] = NULL;
}

vdc_host_record *vdc_host_list_add(vdc_host_list *list) {
    if (list->count >= UINT32_MAX || !VDC_RESERVE(list->hosts, list->capacity, list->count + 1)) return NULL;
    vdc_host_record *host = &list->hosts[list->count++];
    *host = (vdc_host_record){.name = "", .gpu_model = ""};
    return host;
}

void vdc_host_list_clear(vdc_host_list *list) {
    vdc_free(list->hosts);
    vdc_arena_free(&list->arena);
    *list = (vdc_host_list){0};
}

/* Each rank below the number of hosts occurs once. */
static vdc_code read_ranks(vdc_host_list *list, const char *path, vdc_inputs *inputs, vdc_diag *diag) {
    vdc_text *text;
    vdc_code code = vdc_text_open(&text, path, inputs, diag);
    bool *taken = vdc_calloc(list->count, sizeof *taken);
    if (!code && !taken) code = vdc_no_memory(diag, "tie-break ranks");
    size_t given = 0;
    while (!code) {
        int64_t rank;
        bool have;
        code = vdc_text_next_number(text, (int64_t)list->count - 1, "rank", &rank, &have, diag);
        if (code || !have) break;
        const vdc_place place = vdc_text_place(text, NULL);
        if (taken[rank]) code = vdc_fail(diag, VDC_ERROR_INPUT, &place, "rank %lld is given twice", (long long)rank);
        taken[rank] = true;
        if (!code) list->hosts[given++].rank = (uint32_t)rank;
    }
    const vdc_place place = {path, 0, 0};
    if (!code && given < list->count) code = vdc_fail(diag, VDC_ERROR_INPUT, &place, "%zu ranks for %zu hosts", given,
                                                      list->count);
    vdc_free(taken);
    vdc_text_close(text);
    return code;
}

/* "host-7" -> 7; UINT32_MAX when it is no such name. */
static uint32_t place_of(vdc_field name) {
    static const char head[] = "host-";
    const size_t length = (size_t)(name.end - name.begin), skip = sizeof head - 1;
    if (length <= skip || length > skip + 9 || memcmp(name.begin, head, skip) != 0) return UINT32_MAX;
    uint32_t number = 0;
    for (const char *digit = name.begin + skip; digit < name.end; digit++) {
        if (*digit < '0' || *digit > '9') return UINT32_MAX;
        number = 10 * number + (uint32_t)(*digit - '0');
    }
    return number;
}

vdc_code vdc_host_list_racks(vdc_host_list *list, const char *path, vdc_inputs *inputs, vdc_diag *diag) {
    static const char *const wanted[] = {"host_id", "rack_id"};
    int at[2];
    vdc_table table;
    const vdc_workload_context context = {.inputs = inputs};
    const vdc_place place = {path, 0, 0};
    size_t given = 0;
    bool *seen = vdc_calloc(list->count + 1, sizeof *seen);
    vdc_code code = vdc_table_open(&table, path, &(vdc_table_layout){.separator = ','}, &context, diag);
    if (!code && !seen) code = vdc_no_memory(diag, "racks");
    if (!code) code = vdc_table_map(&table, wanted, 2, 2, at, diag);
    while (!code) {
        bool have;
        code = vdc_table_row(&table, &have, diag);
        if (code || !have) break;
        const int64_t rack = vdc_table_number(&table, at[1], 1, 0, VDC_RACKS - 1);
        const vdc_field name = vdc_table_field(&table, at[0]);
        const uint32_t host = place_of(name);
        char shown[VDC_FIELD_SHOWN];
        if (host == UINT32_MAX) vdc_table_complain(&table, at[0], "is '%s', a name such as host-7 is wanted", vdc_field_show(name, shown));
        else if (host < list->count && seen[host]) vdc_table_complain(&table, at[0], "is '%s', which was there before", vdc_field_show(name, shown));
        if (vdc_table_bad(&table, &code) || host >= list->count) continue;
        given++;
        seen[host] = true;
        list->hosts[host].rack = (uint32_t)rack;
    }
    if (!code && given < list->count) code = vdc_fail(diag, VDC_ERROR_INPUT, &place, "racks for %zu of %zu hosts", given, list->count);
    vdc_table_close(&table);
    vdc_free(seen);
    return code;
}

static vdc_code read_hosts(vdc_host_list *list, const vdc_host_format *format, const char *path, vdc_inputs *inputs, vdc_diag *diag) {
    int at[VDC_HOST_COLUMNS];
    size_t columns = 0;
    while (columns < VDC_HOST_COLUMNS && format->columns[columns]) columns++;
    vdc_table table;
    const vdc_workload_context context = {.inputs = inputs};
    vdc_code code = vdc_table_open(&table, path, &(vdc_table_layout){.separator = ','}, &context, diag);
    if (!code) code = vdc_table_map(&table, format->columns, columns, columns, at, diag);
    while (!code) {
        bool have;
        code = vdc_table_row(&table, &have, diag);
        if (code || !have) break;
        code = format->row(list, &table, at, diag);
    }
    vdc_table_close(&table);
    return code;
}

static vdc_code unknown_format(const char *name, vdc_diag *diag) {
    const char *names[VDC_HOST_FORMATS + 1];
    vdc_host_format_names(names);
    const char *near = vdc_nearest(name, names);
    return vdc_fail(diag, VDC_ERROR_INPUT, NULL, "hosts: unknown format '%s'%s%s%s", name, near ? " (did you mean '" : "",
                    near ? near : "", near ? "'?)" : "");
}

vdc_code vdc_host_list_read(vdc_host_list *list, const char *format, const char *path, const char *tie_break, vdc_inputs *inputs,
                            vdc_diag *diag) {
    const vdc_host_format *type = vdc_host_format_find(format);
    if (!type) return unknown_format(format, diag);
    vdc_code code = read_hosts(list, type, path, inputs, diag);
    if (code) return code;
    const vdc_place place = {path, 0, 0};
    if (list->count == 0) return vdc_fail(diag, VDC_ERROR_INPUT, &place, "there are no hosts in it");
    for (size_t i = 0; i < list->count; i++) list->hosts[i].rank = (uint32_t)i;
    return tie_break ? read_ranks(list, tie_break, inputs, diag) : VDC_OK;
}
