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

/* An array of lines begins one line after its block, which is the C library's as long as it is small. From two megabytes on it is a mapping of
 * its own that begins at a multiple of that size and keeps to it when it grows: page tables of an array that is looked up at random cost
 * as much as the array, so it is to lie on huge pages, and the kernel moves those whole only from one such place to another. */
enum { LINE = 64, HUGE_PAGE = 2 << 20 };

typedef struct lines_head {
    char *block;   /* what vdc_free or munmap is to get */
    size_t mapped; /* bytes of the mapping; 0: the C library's */
} lines_head;

static lines_head head_of(const char *array) {
    lines_head head = {NULL, 0};
    if (array) memcpy(&head, array - LINE, sizeof head);
    return head;
}

/* Fresh memory at a multiple of HUGE_PAGE, or a mapping moved there and made larger. `bytes` is a multiple of it, too. NULL when out of memory: then
 * `old` is as it was. */
static char *map_lines(const lines_head *old, size_t bytes) {
    char *range = mmap(NULL, bytes + HUGE_PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (range == MAP_FAILED) return NULL;
    size_t before = (HUGE_PAGE - (uintptr_t)range % HUGE_PAGE) % HUGE_PAGE;
    char *block = range + before;
    if (old->mapped && mremap(old->block, old->mapped, bytes, MREMAP_MAYMOVE | MREMAP_FIXED, block) == MAP_FAILED) {
        munmap(range, bytes + HUGE_PAGE);
        return NULL;
    }
    if (before) munmap(range, before);
    munmap(block + bytes, HUGE_PAGE - before);
    (void)madvise(block, bytes, MADV_HUGEPAGE); /* advice: nothing to check */
    return block;
}

static void free_block(const lines_head *head) {
    if (head->mapped) munmap(head->block, head->mapped);
    else vdc_free(head->block);
}

bool vdc_reserve_lines(void *array_pointer, size_t *capacity, size_t need, size_t element) {
    if (need <= *capacity) return true;
    size_t room = *capacity + *capacity / 2;
    if (room < need) room = need;
    if (room < 8) room = 8;
    return vdc_resize_lines(array_pointer, capacity, room, element, HUGE_PAGE);
}

bool vdc_resize_lines(void *array_pointer, size_t *capacity, size_t room, size_t element, size_t mapped_from) {
    size_t bytes;
    char *old;
    memcpy(&old, array_pointer, sizeof old);
    lines_head head = head_of(old), fresh = {NULL, 0};
    if (!object_size(room, element, &bytes) || bytes > PTRDIFF_MAX - 2 * HUGE_PAGE) return false;
    char *array;
    if (!head.mapped && bytes + LINE < mapped_from) {
        fresh.block = vdc_malloc(bytes + 2 * LINE);
        if (!fresh.block) return false;
        array = fresh.block + LINE + (LINE - (uintptr_t)fresh.block % LINE) % LINE;
    } else {
        fresh.mapped = (bytes + LINE + HUGE_PAGE - 1) / HUGE_PAGE * HUGE_PAGE;
        if (!may_allocate() || !(fresh.block = map_lines(&head, fresh.mapped))) return false;
        array = fresh.block + LINE;
        room = (fresh.mapped - LINE) / element;
    }
    if (old && !head.mapped) {
        memcpy(array, old, *capacity * element);
        free_block(&head);
    }
    memcpy(array - LINE, &fresh, sizeof fresh);
    memcpy(array_pointer, &array, sizeof array);
    *capacity = room;
    return true;
}

void vdc_free_lines(void *array) {
    lines_head head = head_of(array);
    free_block(&head);
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
