/* See native_lists.h. */
#include "workloads/native_lists.h"

#include "sim/base/memory.h"
#include "sim/base/yaml.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const char *const list_names[VDC_NATIVE_LISTS] = {"vnics", "traffic", "volumes", "io", "memory_load"};

struct vdc_native_list_entry {
    uint32_t io;
    uint16_t memory_load;
    bool read;
    int64_t size[VDC_RESOURCES];  /* of the request, with what vNICs and volumes promise */
};

vdc_code vdc_native_lists_open(vdc_native_list_reader *reader, const vdc_workload_context *context, unsigned there, const vdc_place *place, vdc_diag *diag) {
    *reader = (vdc_native_list_reader){.context = context};
    if ((there >> VDC_LIST_MEMORY & 1) && context->memory_loads && !context->has_memory)
        return vdc_fail(diag, VDC_ERROR_INPUT, place, "column memory_load: needs the section `memory` of the scenario");
    if (context->io && (there >> VDC_LIST_VNICS & 1)) context->io->networking = true;
    if (context->io && (there >> VDC_LIST_VOLUMES & 1)) context->io->storing = true;
    return there ? vdc_names_create(&reader->known, diag) : VDC_OK;
}

void vdc_native_lists_close(vdc_native_list_reader *reader) {
    vdc_names_destroy(reader->known);
    vdc_free(reader->entries);
    vdc_free(reader->key);
    *reader = (vdc_native_list_reader){0};
}

/* Sizes and texts as one text; NULL when memory is out. What follows from them follows from nothing else. */
static const char *key_of(vdc_native_list_reader *reader, const char *const *texts, const vdc_request *request) {
    size_t length = 24 * (size_t)VDC_RESOURCES, at = 0;
    for (int i = 0; i < VDC_NATIVE_LISTS; i++) length += (texts[i] ? strlen(texts[i]) : 0) + 1;
    if (!VDC_RESERVE(reader->key, reader->key_capacity, length)) return NULL;
    for (int r = VDC_MEMORY; r <= VDC_NET_RX; r++) at += (size_t)snprintf(reader->key + at, 24, "%" PRId64 " ", request->size[r]);
    for (int i = 0; i < VDC_NATIVE_LISTS; i++) at += (size_t)snprintf(reader->key + at, length - at, "%s\n", texts[i] ? texts[i] : "");
    return reader->key;
}

/* Reads the texts into the request; what is wrong goes to diag. */
static vdc_code read_texts(vdc_native_list_reader *reader, const char *const *texts, vdc_request *request, vdc_diag *diag) {
    const vdc_workload_context *context = reader->context;
    const vdc_node *nodes[VDC_NATIVE_LISTS] = {NULL};
    vdc_node named[VDC_NATIVE_LISTS];
    vdc_arena arena = {0};
    vdc_code code = VDC_OK;
    for (int i = 0; i < VDC_NATIVE_LISTS && !code; i++) {
        if (!texts[i] || !*texts[i]) continue;
        code = vdc_yaml_parse(texts[i], strlen(texts[i]), list_names[i], &arena, &nodes[i], diag);
        if (code) break;
        named[i] = *nodes[i];
        named[i].key = list_names[i];
        nodes[i] = &named[i];
    }
    const vdc_io_nodes io = {NULL, nodes[VDC_LIST_VNICS], nodes[VDC_LIST_TRAFFIC], nodes[VDC_LIST_VOLUMES], nodes[VDC_LIST_IO]};
    if (!code) code = vdc_io_profile_read(context->io, &io, request, "VM", diag);
    if (!code && nodes[VDC_LIST_MEMORY]) code = vdc_memory_load_read(context->memory_loads, nodes[VDC_LIST_MEMORY], request, diag);
    vdc_arena_free(&arena);
    return code;
}

vdc_code vdc_native_lists_take(vdc_native_list_reader *reader, const char *const texts[VDC_NATIVE_LISTS], vdc_request *request, char *wrong, size_t size) {
    bool any = false;
    for (int i = 0; i < VDC_NATIVE_LISTS; i++) any = any || (texts[i] && *texts[i]);
    if (!any) return VDC_OK;
    const char *key = key_of(reader, texts, request);
    const size_t before = reader->capacity;
    uint32_t number;
    if (!key || vdc_names_intern(reader->known, key, strlen(key), &number) || !VDC_RESERVE(reader->entries, reader->capacity, number + (size_t)1))
        return VDC_ERROR_MEMORY;
    for (size_t i = before; i < reader->capacity; i++) reader->entries[i].read = false;
    struct vdc_native_list_entry *entry = &reader->entries[number];
    if (!entry->read) {
        vdc_diag diag = {0};
        const vdc_code code = read_texts(reader, texts, request, &diag);
        (void)snprintf(wrong, size, "%s", diag.count ? diag.messages[0].text : "is not understood");
        vdc_diag_clear(&diag);
        if (code) return code;
        *entry = (struct vdc_native_list_entry){.io = request->io, .memory_load = request->memory_load, .read = true};
        memcpy(entry->size, request->size, sizeof entry->size);
        return VDC_OK;
    }
    request->io = entry->io;
    request->memory_load = entry->memory_load;
    for (int r = VDC_DISK; r <= VDC_NET_RX; r++) request->size[r] = entry->size[r];
    return VDC_OK;
}

char *vdc_native_list_text(const vdc_workload_context *context, const vdc_request *request, vdc_native_list which) {
    if (which == VDC_LIST_MEMORY)
        return context->memory_loads && request->memory_load ? vdc_memory_load_text(context->memory_loads, request->memory_load) : vdc_strdup("");
    return context->io && request->io ? vdc_io_list_text(context->io, request->io, (int)which) : vdc_strdup("");
}

vdc_request vdc_native_plain(const vdc_workload_context *context, const vdc_request *request) {
    vdc_request plain = *request;
    if (!context->io || !request->io) return plain;
    const vdc_io_profile *profile = &context->io->items[request->io];
    for (uint32_t i = 0; i < profile->volume_count; i++)
        if (profile->volumes[i].pool == 0) plain.size[VDC_DISK] -= profile->volumes[i].size;
    return plain;
}
