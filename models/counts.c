/* See counts.h. Open addressing with linear probing; removal closes the gap. */
#include "models/counts.h"

#include "sim/base/memory.h"

static size_t home_of(const vdc_counts *counts, uint64_t key) {
    key ^= key >> 31;
    key *= UINT64_C(0x9E3779B97F4A7C15);
    key ^= key >> 29;
    return (size_t)key & (counts->size - 1);
}

static size_t find(const vdc_counts *counts, uint64_t key) {
    size_t at = home_of(counts, key);
    while (counts->places[at].count && counts->places[at].key != key) at = (at + 1) & (counts->size - 1);
    return at;
}

int64_t vdc_counts_get(const vdc_counts *counts, uint64_t key) {
    return counts->size ? counts->places[find(counts, key)].count : 0;
}

static bool grow(vdc_counts *counts) {
    vdc_counts larger = {.size = counts->size ? counts->size * 2 : 64, .used = counts->used};
    larger.places = vdc_calloc(larger.size, sizeof *larger.places);
    if (!larger.places) return false;
    for (size_t i = 0; i < counts->size; i++)
        if (counts->places[i].count) larger.places[find(&larger, counts->places[i].key)] = counts->places[i];
    vdc_free(counts->places);
    *counts = larger;
    return true;
}

static void close_gap(vdc_counts *counts, size_t hole) {
    size_t mask = counts->size - 1;
    for (size_t at = (hole + 1) & mask; counts->places[at].count; at = (at + 1) & mask) {
        size_t home = home_of(counts, counts->places[at].key);
        if (((at - home) & mask) < ((at - hole) & mask)) continue;
        counts->places[hole] = counts->places[at];
        hole = at;
    }
    counts->places[hole].count = 0;
}

int64_t vdc_counts_add(vdc_counts *counts, uint64_t key, int64_t change) {
    if ((counts->used + 1) * 2 > counts->size && !grow(counts)) return -1;
    size_t at = find(counts, key);
    vdc_count *place = &counts->places[at];
    if (place->count == 0) {
        if (change == 0) return 0;
        *place = (vdc_count){.key = key};
        counts->used++;
    }
    int64_t result = place->count += change;
    if (result == 0) {
        counts->used--;
        close_gap(counts, at);
    }
    return result;
}

void vdc_counts_free(vdc_counts *counts) {
    vdc_free(counts->places);
    *counts = (vdc_counts){0};
}
