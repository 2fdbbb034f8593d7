/* Allocation: thin wrappers so that tests can make every allocation fail in turn, growing arrays, and arenas.
 *
 * Every allocation of the library goes through these. They return NULL on failure, never abort.
 */
#ifndef VDC_BASE_MEMORY_H
#define VDC_BASE_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

void *vdc_malloc(size_t size);
void *vdc_calloc(size_t count, size_t size);             /* zeroed; overflow of count*size gives NULL */
void *vdc_realloc(void *old, size_t count, size_t size); /* overflow-checked; old stays valid on failure */
void vdc_free(void *memory);
char *vdc_strdup(const char *text);
char *vdc_strndup(const char *text, size_t length);
/* printf into fresh memory; NULL on failure. */
char *vdc_format(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* For tests: the n-th allocation from now fails (1 = the next), and all after it when `all`; 0 ends it.
 * Process-wide by nature, so it is the one mutable global, and is only compiled into test builds. */
#ifdef VDC_TEST_FAULTS
void vdc_memory_fail_at(uint64_t n, bool all);
uint64_t vdc_memory_count(void);
#endif

/* Makes room for `need` elements in an array that grows by half; returns false when memory is out (array unchanged).
 *   if (!VDC_RESERVE(list->items, list->capacity, list->count + 1)) return vdc_no_memory(diag, "the list"); */
bool vdc_reserve(void *array_pointer, size_t *capacity, size_t need, size_t element);
#define VDC_RESERVE(array, capacity, need) \
    ((size_t)(need) <= (capacity) || vdc_reserve(&(array), &(capacity), (size_t)(need), sizeof *(array)))
#ifdef __clang_analyzer__ /* which does not see that an array with room is there */
#undef VDC_RESERVE
#define VDC_RESERVE(array, capacity, need) \
    (((size_t)(need) <= (capacity) || vdc_reserve(&(array), &(capacity), (size_t)(need), sizeof *(array))) && (array) != NULL)
#endif

/* The same for large arrays whose elements are to lie on cache lines of 64 bytes of their own; on huge pages where the system lets them.
 * Freed by vdc_free_lines. */
bool vdc_reserve_lines(void *array_pointer, size_t *capacity, size_t need, size_t element);
#define VDC_RESERVE_LINES(array, capacity, need) \
    ((size_t)(need) <= (capacity) || vdc_reserve_lines(&(array), &(capacity), (size_t)(need), sizeof *(array)))
void vdc_free_lines(void *array);
/* The same with room for exactly `room` elements, or a few more, where the caller knows better than growth by half. It becomes a mapping of huge
 * pages once it takes `mapped_from` bytes; what it takes is rounded up to two megabytes from then on. */
bool vdc_resize_lines(void *array_pointer, size_t *capacity, size_t room, size_t element, size_t mapped_from);

/* An arena: many small pieces, freed at once. Initialise with {0}. Pieces are aligned to 16 bytes. */
typedef struct vdc_arena {
    struct vdc_arena_block *blocks;
    size_t used, size; /* of the newest block */
} vdc_arena;
void *vdc_arena_alloc(vdc_arena *arena, size_t size); /* zeroed */
char *vdc_arena_strdup(vdc_arena *arena, const char *text);
char *vdc_arena_strndup(vdc_arena *arena, const char *text, size_t length);
void vdc_arena_free(vdc_arena *arena);

#endif
