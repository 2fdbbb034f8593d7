/* Allocation: see memory.h. The C library's allocator behind one door, so that a test can close it. */
#include "sim/base/memory.h"

#include <stdarg.h>
#include <stdalign.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#ifdef VDC_TEST_FAULTS
#include <stdatomic.h>

static _Atomic uint64_t allocations; /* so far, failed ones included */
static _Atomic uint64_t fail_at;     /* the allocation that fails, counted like `allocations`; 0 = none */
static _Atomic bool fail_all;        /* those after it too */

void vdc_memory_fail_at(uint64_t n, bool all) {
    fail_all = all;
    fail_at = n ? allocations + n : 0;
}

uint64_t vdc_memory_count(void) {
    return allocations;
}

static bool may_allocate(void) {
    uint64_t number = ++allocations;
    return !(fail_at && (number == fail_at || (fail_all && number > fail_at)));
}
#else
static bool may_allocate(void) {
    return true;
}
#endif

/* count x size, at least 1; false when no object can be that large. */
static bool object_size(size_t count, size_t size, size_t *bytes) {
    if (__builtin_mul_overflow(count, size, bytes) || *bytes > PTRDIFF_MAX) return false;
    if (*bytes == 0) *bytes = 1;
    return true;
}

void *vdc_malloc(size_t size) {
    return vdc_realloc(NULL, 1, size);
}

void *vdc_calloc(size_t count, size_t size) {
    size_t bytes;
    return may_allocate() && object_size(count, size, &bytes) ? calloc(1, bytes) : NULL;
}

void *vdc_realloc(void *old, size_t count, size_t size) {
    size_t bytes;
    return may_allocate() && object_size(count, size, &bytes) ? realloc(old, bytes) : NULL;
}

void vdc_free(void *memory) {
    free(memory);
}

char *vdc_strndup(const char *text, size_t length) {
    length = strnlen(text, length);
    char *copy = vdc_malloc(length + 1);
    if (!copy) return NULL;
    memcpy(copy, text, length);
    copy[length] = '\0';
    return copy;
}

char *vdc_strdup(const char *text) {
    return vdc_strndup(text, strlen(text));
}

char *vdc_format(const char *format, ...) {
    va_list arguments, again;
    va_start(arguments, format);
    va_copy(again, arguments);
    int length = vsnprintf(NULL, 0, format, again);
    va_end(again);
    char *text = length < 0 ? NULL : vdc_malloc((size_t)length + 1);
    if (text) vsnprintf(text, (size_t)length + 1, format, arguments);
    va_end(arguments);
    return text;
}

bool vdc_reserve(void *array_pointer, size_t *capacity, size_t need, size_t element) {
    if (need <= *capacity) return true;
    size_t room = *capacity + *capacity / 2;
    if (room < need) room = need;
    if (room < 8) room = 8;
    /* The array's own type is not known here: copy the pointer instead of aliasing it. */
    void *old;
    memcpy(&old, array_pointer, sizeof old);
    void *grown = vdc_realloc(old, room, element);
    if (!grown) return false;
    memcpy(array_pointer, &grown, sizeof grown);
    *capacity = room;
    return true;
}

/* The block that the C library knows begins somewhere in the line or two before; its address lies just before the array. */
enum { LINE = 64, HUGE_FROM = 4 << 20 };

static char *line_after(char *block) {
    char *least = block + sizeof(char *);
    return least + (LINE - (uintptr_t)least % LINE) % LINE;
}

/* Page tables of an array that is looked up at random cost as much as the array. Advice, so nothing to check. All pages of the block are
 * advised alike, its first one too: a mapping of two kinds could not grow in place (mremap). */
static void ask_for_huge_pages(char *block, size_t bytes) {
#ifdef MADV_HUGEPAGE
    if (bytes < HUGE_FROM) return;
    enum { PAGE = 4096 };
    char *from = block - (uintptr_t)block % PAGE, *to = block + bytes;
    (void)madvise(from, (size_t)(to - from), MADV_HUGEPAGE);
#else
    (void)block, (void)bytes;
#endif
}

bool vdc_reserve_lines(void *array_pointer, size_t *capacity, size_t need, size_t element) {
    if (need <= *capacity) return true;
    size_t room = *capacity + *capacity / 2, bytes;
    if (room < need) room = need;
    if (room < 8) room = 8;
    char *old, *old_block = NULL;
    memcpy(&old, array_pointer, sizeof old);
    if (old) memcpy(&old_block, old - sizeof old_block, sizeof old_block);
    if (!object_size(room, element, &bytes) || bytes > PTRDIFF_MAX - 2 * LINE) return false;
    ptrdiff_t offset = old ? old - old_block : 0;
    char *block = vdc_realloc(old_block, bytes + 2 * LINE, 1);
    if (!block) return false;
    char *array = line_after(block);
    if (old && array != block + offset) memmove(array, block + offset, *capacity * element);
    memcpy(array - sizeof block, &block, sizeof block);
    ask_for_huge_pages(block, bytes);
    memcpy(array_pointer, &array, sizeof array);
    *capacity = room;
    return true;
}

void vdc_free_lines(void *array) {
    char *block = NULL;
    if (array) memcpy(&block, (char *)array - sizeof block, sizeof block);
    vdc_free(block);
}

/* A block's pieces follow its head. */
typedef struct vdc_arena_block {
    alignas(16) struct vdc_arena_block *older;
} vdc_arena_block;

enum { ARENA_ALIGNMENT = 16, ARENA_FIRST_BLOCK = 4096, ARENA_LARGEST_BLOCK = 1 << 20 };

static vdc_arena_block *new_block(size_t size) {
    if (size > SIZE_MAX - sizeof(vdc_arena_block)) return NULL;
    return vdc_calloc(1, sizeof(vdc_arena_block) + size);
}

void *vdc_arena_alloc(vdc_arena *arena, size_t size) {
    if (size > SIZE_MAX - ARENA_ALIGNMENT) return NULL;
    size = size ? (size + ARENA_ALIGNMENT - 1) / ARENA_ALIGNMENT * ARENA_ALIGNMENT : ARENA_ALIGNMENT;
    if (size > arena->size - arena->used) {
        size_t next = arena->size < ARENA_FIRST_BLOCK / 2 ? ARENA_FIRST_BLOCK : arena->size * 2;
        if (next > ARENA_LARGEST_BLOCK) next = ARENA_LARGEST_BLOCK;
        if (arena->blocks && size > next / 4) {
            /* A large piece gets a block of its own behind the newest, whose rest stays in use. */
            vdc_arena_block *own = new_block(size);
            if (!own) return NULL;
            own->older = arena->blocks->older;
            arena->blocks->older = own;
            return own + 1;
        }
        if (next < size) next = size;
        vdc_arena_block *block = new_block(next);
        if (!block) return NULL;
        block->older = arena->blocks;
        *arena = (vdc_arena){.blocks = block, .used = 0, .size = next};
    }
    void *piece = (char *)(arena->blocks + 1) + arena->used;
    arena->used += size;
    return piece;
}

char *vdc_arena_strndup(vdc_arena *arena, const char *text, size_t length) {
    length = strnlen(text, length);
    char *copy = length < SIZE_MAX ? vdc_arena_alloc(arena, length + 1) : NULL;
    if (copy) memcpy(copy, text, length);
    return copy;
}

char *vdc_arena_strdup(vdc_arena *arena, const char *text) {
    return vdc_arena_strndup(arena, text, strlen(text));
}

void vdc_arena_free(vdc_arena *arena) {
    vdc_arena_block *block = arena->blocks;
    while (block) {
        vdc_arena_block *older = block->older;
        vdc_free(block);
        block = older;
    }
    *arena = (vdc_arena){0};
}
