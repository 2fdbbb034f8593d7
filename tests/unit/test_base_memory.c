/* Allocation, arenas, growing arrays, names and messages, also when memory runs out. */
#include "sim/base/memory.h"

#include "sim/base/names.h"
#include "sim/base/random.h"
#include "sim/base/status.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

Test(base_memory, overflowing_sizes_are_refused) {
    volatile size_t huge = SIZE_MAX / 2 + 2; /* volatile: the compiler would warn */
    cr_expect_null(vdc_calloc(huge, 2));
    int *array = vdc_calloc(2, sizeof *array);
    size_t capacity = 2;
    array[1] = 7;
    cr_expect_null(vdc_realloc(array, huge, 2));
    cr_expect_not(vdc_reserve(&array, &capacity, huge, 4));
    cr_expect(capacity == 2 && array[1] == 7, "the array is as it was");
    vdc_free(array);
    vdc_arena arena = {0};
    cr_expect_null(vdc_arena_alloc(&arena, SIZE_MAX));
    cr_expect_null(vdc_arena_alloc(&arena, SIZE_MAX - 15));
    cr_expect_null(vdc_arena_alloc(&arena, SIZE_MAX - 40));
    vdc_arena_free(&arena);
}

/* From a few elements to some megabytes, so that the block moves within the heap, out of it, and as a mapping of huge pages. */
Test(base_memory, arrays_on_lines_of_their_own_keep_what_they_hold) {
    typedef struct line {
        int64_t number, rest[7];
    } line;
    line *array = NULL;
    size_t capacity = 0;
    for (size_t i = 0; i < 200000; i++) {
        cr_assert(VDC_RESERVE_LINES(array, capacity, i + 1));
        array[i].number = (int64_t)i * 3;
        if (i % 1000 == 0 || i < 100) {
            cr_assert_eq((uintptr_t)array % 64, 0, "%zu", i);
            cr_assert_eq(array[i / 2].number, (int64_t)(i / 2) * 3);
        }
    }
    for (size_t i = 0; i < 200000; i++) cr_assert_eq(array[i].number, (int64_t)i * 3);
    size_t before = capacity;
    volatile size_t huge = SIZE_MAX / 64 + 1;
    cr_expect_not(VDC_RESERVE_LINES(array, capacity, huge));
    vdc_memory_fail_at(1, true);
    cr_expect_not(VDC_RESERVE_LINES(array, capacity, capacity + 1));
    vdc_memory_fail_at(0, false);
    cr_expect(capacity == before && array[199999].number == 599997, "the array is as it was");
    vdc_free_lines(array);
    vdc_free_lines(NULL);
}

Test(base_memory, arrays_grow_by_half_and_keep_what_they_hold) {
    int64_t *array = NULL;
    size_t capacity = 0, growths = 0;
    for (size_t i = 0; i < 100000; i++) {
        size_t before = capacity;
        cr_assert(VDC_RESERVE(array, capacity, i + 1));
        growths += capacity != before;
        array[i] = (int64_t)i * 3;
    }
    cr_expect_leq(capacity, 150000);
    cr_expect_leq(growths, 30);
    for (size_t i = 0; i < 100000; i++) cr_assert_eq(array[i], (int64_t)i * 3);
    vdc_free(array);
}

Test(base_memory, arena_pieces_are_aligned_zeroed_and_apart) {
    enum { PIECES = 3000 };
    vdc_arena arena = {0};
    static unsigned char *pieces[PIECES];
    static size_t sizes[PIECES];
    vdc_stream stream;
    vdc_stream_open(&stream, 1, "test.arena", 0);
    for (size_t i = 0; i < PIECES; i++) {
        sizes[i] = i % 500 == 499 ? (size_t)vdc_stream_below(&stream, 2000000) : (size_t)vdc_stream_below(&stream, 300);
        pieces[i] = vdc_arena_alloc(&arena, sizes[i]);
        cr_assert_not_null(pieces[i]);
        cr_assert_eq((uintptr_t)pieces[i] % 16, 0);
        for (size_t k = 0; k < sizes[i]; k++) cr_assert_eq(pieces[i][k], 0);
        memset(pieces[i], (int)(i % 251) + 1, sizes[i]);
    }
    for (size_t i = 0; i < PIECES; i++)
        for (size_t k = 0; k < sizes[i]; k++) cr_assert_eq(pieces[i][k], (unsigned char)(i % 251 + 1), "piece %zu was overwritten", i);
    cr_expect_str_eq(vdc_arena_strdup(&arena, "text"), "text");
    cr_expect_str_eq(vdc_arena_strndup(&arena, "text", 2), "te");
    cr_expect_str_eq(vdc_arena_strndup(&arena, "text", SIZE_MAX), "text");
    vdc_arena_free(&arena);
    cr_expect_null(arena.blocks);
}

Test(base_memory, texts) {
    char *a = vdc_strdup("one"), *b = vdc_strndup("three", 3), *c = vdc_format("%s-%d", a, 42);
    cr_expect_str_eq(a, "one");
    cr_expect_str_eq(b, "thr");
    cr_expect_str_eq(c, "one-42");
    vdc_free(a), vdc_free(b), vdc_free(c);
}

Test(base_memory, faults_come_where_they_are_asked_for) {
    uint64_t before = vdc_memory_count();
    vdc_memory_fail_at(2, false);
    void *first = vdc_malloc(1), *second = vdc_malloc(1), *third = vdc_malloc(1);
    cr_expect(first && !second && third);
    vdc_memory_fail_at(1, true);
    cr_expect_null(vdc_calloc(1, 1));
    cr_expect_null(vdc_strdup("x"));
    vdc_memory_fail_at(0, false);
    void *last = vdc_malloc(0);
    cr_expect_not_null(last);
    cr_expect_eq(vdc_memory_count() - before, 6);
    vdc_free(first), vdc_free(third), vdc_free(last);
}

Test(base_names, numbers_in_order_of_first_use) {
    vdc_names *names;
    cr_assert_eq(vdc_names_create(&names, NULL), VDC_OK);
    uint32_t number = 99;
    cr_expect(vdc_names_intern(names, "", 0, &number) == VDC_OK && number == 0);
    for (uint32_t round = 0; round < 2; round++)
        for (uint32_t i = 0; i < 20000; i++) {
            char text[16];
            int length = snprintf(text, sizeof text, "name%u", i);
            cr_assert(vdc_names_intern(names, text, (size_t)length, &number) == VDC_OK && number == i + 1);
        }
    cr_expect_eq(vdc_names_count(names), 20001);
    cr_expect_str_eq(vdc_names_text(names, 12346), "name12345");
    cr_expect_str_eq(vdc_names_text(names, 0), "");
    cr_expect_str_eq(vdc_names_text(names, 99999), "");
    cr_expect_eq(vdc_names_find(names, "name77777", 5), 8, "name7");
    cr_expect_eq(vdc_names_find(names, "name77777", 9), UINT32_MAX);
    vdc_names_destroy(names);
    vdc_names_destroy(NULL);
}

Test(base_names, texts_are_compared_by_length_too) {
    vdc_names *names;
    uint32_t a, b, c;
    cr_assert_eq(vdc_names_create(&names, NULL), VDC_OK);
    cr_assert_eq(vdc_names_intern(names, "abcdef", 3, &a), VDC_OK);
    cr_assert_eq(vdc_names_intern(names, "abcdef", 6, &b), VDC_OK);
    cr_assert_eq(vdc_names_intern(names, "a\0c", 3, &c), VDC_OK);
    cr_expect(a != b && b != c && a != c);
    cr_expect_str_eq(vdc_names_text(names, a), "abc");
    cr_expect_eq(vdc_names_find(names, "abcxyz", 3), a);
    cr_expect_eq(vdc_names_find(names, "a", 1), UINT32_MAX);
    vdc_names_destroy(names);
}

Test(base_names, without_memory_the_table_stays_usable) {
    for (uint64_t n = 1;; n++) {
        cr_assert_lt(n, 1000);
        vdc_names *names = NULL;
        vdc_diag diag = {0};
        vdc_memory_fail_at(n, false);
        vdc_code code = vdc_names_create(&names, &diag);
        uint32_t failures = 0, number;
        for (uint32_t i = 0; !code && i < 500; i++) {
            char text[16];
            int length = snprintf(text, sizeof text, "n%u", i);
            if (vdc_names_intern(names, text, (size_t)length, &number) != VDC_OK) {
                failures++;
                cr_assert_eq(vdc_names_find(names, text, (size_t)length), UINT32_MAX);
                cr_assert(vdc_names_intern(names, text, (size_t)length, &number) == VDC_OK, "the next attempt succeeds");
            }
            cr_assert_eq(number, i + 1);
        }
        vdc_memory_fail_at(0, false);
        cr_expect_eq(vdc_diag_code(&diag), code);
        vdc_names_destroy(names);
        vdc_diag_clear(&diag);
        if (!code && failures == 0) break;
    }
}

Test(base_status, messages_carry_their_place) {
    vdc_diag diag = {0};
    vdc_place full = {"a.yaml", 3, 9}, line = {"a.yaml", 3, 0}, file = {"a.yaml", 0, 0}, only_line = {NULL, 3, 9}, nothing = {0};
    cr_expect_eq(vdc_diag_code(&diag), VDC_OK);
    vdc_warn(&diag, &file, "odd");
    cr_expect_eq(vdc_diag_code(&diag), VDC_OK, "a warning is no error");
    cr_expect_eq(vdc_fail(&diag, VDC_ERROR_IO, &full, "no %s", "way"), VDC_ERROR_IO);
    vdc_fail(&diag, VDC_ERROR_INPUT, &line, "x");
    vdc_fail(&diag, VDC_ERROR_INPUT, &file, "x");
    vdc_fail(&diag, VDC_ERROR_INPUT, &only_line, "x");
    vdc_fail(&diag, VDC_ERROR_INPUT, &nothing, "x");
    vdc_fail(&diag, VDC_ERROR_INPUT, NULL, "100%%");
    vdc_no_memory(&diag, "a thing");
    static const char *const texts[] = {"a.yaml: odd", "a.yaml:3:9: no way", "a.yaml:3: x", "a.yaml: x", "line 3:9: x", "x", "100%",
                                         "out of memory for a thing"};
    cr_assert_eq(diag.count, 8);
    for (size_t i = 0; i < 8; i++) cr_expect_str_eq(diag.messages[i].text, texts[i]);
    cr_expect(diag.messages[0].warning && !diag.messages[1].warning);
    cr_expect_eq(diag.errors, 7);
    cr_expect_eq(vdc_diag_code(&diag), VDC_ERROR_IO, "the first error's code");
    vdc_diag_clear(&diag);
    cr_expect(diag.count == 0 && vdc_diag_code(&diag) == VDC_OK);
    cr_expect_eq(vdc_fail(NULL, VDC_ERROR_CHECK, NULL, "x"), VDC_ERROR_CHECK);
    cr_expect_eq(vdc_diag_code(NULL), VDC_OK);
    vdc_warn(NULL, NULL, "x");
}

Test(base_status, messages_do_not_steer_the_terminal) {
    vdc_diag diag = {0};
    vdc_fail(&diag, VDC_ERROR_INPUT, NULL, "found '%s'", "\x1b[2Jgone\nvdcsim: all is well\x7f \xc3\xa9");
    cr_expect_str_eq(diag.messages[0].text, "found '?[2Jgone?vdcsim: all is well? \xc3\xa9'");
    vdc_diag_clear(&diag);
}

Test(base_status, beyond_the_limit_errors_are_counted) {
    vdc_diag diag = {0};
    for (int i = 0; i < VDC_DIAG_LIMIT + 50; i++) vdc_fail(&diag, VDC_ERROR_INPUT, NULL, "%d", i);
    for (int i = 0; i < 3 * VDC_DIAG_LIMIT; i++) vdc_warn(&diag, NULL, "w");
    cr_expect_eq(diag.errors, VDC_DIAG_LIMIT + 50);
    cr_expect_eq(diag.suppressed, 50);
    cr_expect_leq(diag.count, 2 * VDC_DIAG_LIMIT);
    vdc_diag_clear(&diag);
}

Test(base_status, without_memory_only_the_text_is_lost) {
    for (uint64_t n = 1; n <= 2; n++) {
        vdc_diag diag = {0};
        vdc_memory_fail_at(n, true);
        cr_expect_eq(vdc_fail(&diag, VDC_ERROR_POLICY, NULL, "x"), VDC_ERROR_POLICY);
        vdc_memory_fail_at(0, false);
        cr_expect_eq(vdc_diag_code(&diag), VDC_ERROR_POLICY);
        cr_expect(diag.errors == 1 && diag.suppressed == 1 && diag.count == 0);
        vdc_diag_clear(&diag);
    }
}
