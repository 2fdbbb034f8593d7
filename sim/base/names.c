/* Interned names: an open-addressing table of numbers over texts that lie in an arena. */
#include "sim/base/names.h"

#include "sim/base/memory.h"

#include <string.h>

typedef struct name {
    const char *text;
    size_t length;
    uint64_t hash;
} name;

struct vdc_names {
    vdc_arena arena;
    name *items;
    size_t count, capacity;
    uint32_t *slots; /* number + 1, 0 = free */
    size_t slot_count; /* a power of two, at least twice `count` */
};

/* FNV-1a, 64 bits. */
static uint64_t hash_text(const char *text, size_t length) {
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    for (size_t i = 0; i < length; i++) hash = (hash ^ (unsigned char)text[i]) * UINT64_C(0x100000001b3);
    return hash ^ hash >> 29; /* the low bits choose the slot */
}

/* The slot that holds the text, or the free one where it belongs. */
static size_t find_slot(const vdc_names *names, const char *text, size_t length, uint64_t hash) {
    size_t mask = names->slot_count - 1, slot = (size_t)hash & mask;
    for (; names->slots[slot]; slot = (slot + 1) & mask) {
        const name *item = &names->items[names->slots[slot] - 1];
        if (item->hash == hash && item->length == length && (length == 0 || memcmp(item->text, text, length) == 0)) break;
    }
    return slot;
}

static bool grow_slots(vdc_names *names, size_t slot_count) {
    uint32_t *slots = vdc_calloc(slot_count, sizeof *slots);
    if (!slots) return false;
    for (size_t i = 0; i < names->count; i++) {
        size_t slot = (size_t)names->items[i].hash & (slot_count - 1);
        while (slots[slot]) slot = (slot + 1) & (slot_count - 1);
        slots[slot] = (uint32_t)i + 1;
    }
    vdc_free(names->slots);
    names->slots = slots;
    names->slot_count = slot_count;
    return true;
}

vdc_code vdc_names_create(vdc_names **out, vdc_diag *diag) {
    *out = NULL;
    vdc_names *names = vdc_calloc(1, sizeof *names);
    uint32_t number;
    if (!names || !grow_slots(names, 16) || vdc_names_intern(names, "", 0, &number)) {
        vdc_names_destroy(names);
        return vdc_no_memory(diag, "a table of names");
    }
    *out = names;
    return VDC_OK;
}

void vdc_names_destroy(vdc_names *names) {
    if (!names) return;
    vdc_arena_free(&names->arena);
    vdc_free(names->items);
    vdc_free(names->slots);
    vdc_free(names);
}

vdc_code vdc_names_intern(vdc_names *names, const char *text, size_t length, uint32_t *number) {
    uint64_t hash = hash_text(text, length);
    size_t slot = find_slot(names, text, length, hash);
    if (names->slots[slot]) {
        *number = names->slots[slot] - 1;
        return VDC_OK;
    }
    /* UINT32_MAX means "not there", and slots hold number + 1. */
    if (names->count >= UINT32_MAX - 1 || !VDC_RESERVE(names->items, names->capacity, names->count + 1)) return VDC_ERROR_MEMORY;
    if ((names->count + 1) * 2 > names->slot_count) {
        if (!grow_slots(names, names->slot_count * 2)) return VDC_ERROR_MEMORY;
        slot = find_slot(names, text, length, hash);
    }
    char *copy = vdc_arena_alloc(&names->arena, length + 1);
    if (!copy) return VDC_ERROR_MEMORY;
    if (length) memcpy(copy, text, length);
    names->items[names->count] = (name){.text = copy, .length = length, .hash = hash};
    *number = (uint32_t)names->count++;
    names->slots[slot] = *number + 1;
    return VDC_OK;
}

uint32_t vdc_names_find(const vdc_names *names, const char *text, size_t length) {
    uint32_t held = names->slots[find_slot(names, text, length, hash_text(text, length))];
    return held ? held - 1 : UINT32_MAX;
}

const char *vdc_names_text(const vdc_names *names, uint32_t number) {
    return number < names->count ? names->items[number].text : "";
}

uint32_t vdc_names_count(const vdc_names *names) {
    return (uint32_t)names->count;
}
