/* Lines and fields of text files: every way in which a file can be split, and every way in which it can be broken. */
#include "workloads/text.h"

#include "sim/base/memory.h"
#include "tests/support/workload.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

static test_workload work;

static void start(void) {
    test_workload_start(&work);
}
static void end(void) {
    test_workload_end(&work);
}
TestSuite(workload_text, .init = start, .fini = end);

/* All lines of a file joined by '|'. */
static const char *lines_of(const char *path, vdc_code *code) {
    vdc_text *text;
    static char joined[4096];
    joined[0] = '\0';
    *code = vdc_text_open(&text, path, NULL, &work.diag);
    while (!*code) {
        vdc_field line;
        *code = vdc_text_line(text, &line, &work.diag);
        if (*code || !line.begin) break;
        strncat(joined, line.begin, (size_t)(line.end - line.begin));
        strcat(joined, "|");
    }
    vdc_text_close(text);
    return joined;
}

static void expect_lines(const char *path, const char *wanted) {
    vdc_code code;
    const char *lines = lines_of(path, &code);
    cr_expect_eq(code, VDC_OK);
    cr_expect_str_eq(lines, wanted);
}

static void expect_failure(const char *path, const char *message) {
    vdc_code code;
    vdc_diag_clear(&work.diag);
    lines_of(path, &code);
    cr_assert_eq(code, VDC_ERROR_INPUT, "%s", path);
    cr_expect(strstr(work.diag.messages[0].text, message), "'%s' lacks '%s'", work.diag.messages[0].text, message);
    cr_expect(strstr(work.diag.messages[0].text, path), "'%s' lacks the path", work.diag.messages[0].text);
}

Test(workload_text, every_kind_of_line_end) {
    expect_lines(test_workload_file(&work, "a", "one\ntwo\r\n\nlast"), "one|two||last|");
    expect_lines(test_workload_file(&work, "b", "one\n"), "one|");
    expect_lines(test_workload_file(&work, "c", ""), "");
    expect_lines(test_workload_file(&work, "d", "\xef\xbb\xbfone\n"), "one|");
}

Test(workload_text, gzip_is_told_by_its_magic_number) {
    expect_lines(test_workload_gzip(&work, "no-suffix", "one\ntwo\n"), "one|two|");
    expect_lines(test_workload_file(&work, "plain.gz", "one\n"), "one|");
}

/* gzip -dc gives the members of a file one after another, and leaves out zero padding. */
Test(workload_text, gzip_members_follow_one_another) {
    char bytes[512];
    size_t size = 0;
    for (int i = 0; i < 2; i++) {
        FILE *file = fopen(test_workload_gzip(&work, "part", i ? "o\nthree" : "one\ntw"), "rb");
        size += fread(bytes + size, 1, sizeof bytes - size, file);
        fclose(file);
    }
    memset(bytes + size, 0, 100);
    expect_lines(test_workload_bytes(&work, "all", bytes, size + 100), "one|two|three|");
    memcpy(bytes + size, "more", 4);
    expect_failure(test_workload_bytes(&work, "garbage", bytes, size + 4), "damaged");
}

Test(workload_text, a_truncated_or_damaged_gzip_file_is_an_error) {
    char text[3000], bytes[4096];
    for (size_t i = 0; i < sizeof text - 1; i++) text[i] = i % 7 == 6 ? '\n' : (char)('a' + i * i % 23);
    text[sizeof text - 1] = '\0';
    FILE *file = fopen(test_workload_gzip(&work, "whole", text), "rb");
    const size_t size = fread(bytes, 1, sizeof bytes, file);
    fclose(file);
    cr_assert_gt(size, 40);
    for (size_t cut = 2; cut < size; cut += size / 9) expect_failure(test_workload_bytes(&work, "cut", bytes, cut), "truncated");
    expect_failure(test_workload_bytes(&work, "cut", bytes, size - 1), "truncated");
    bytes[size - 6] ^= 1; /* the checksum */
    expect_failure(test_workload_bytes(&work, "flipped", bytes, size), "damaged");
}

Test(workload_text, what_is_no_text_file) {
    expect_failure("/nonexistent/file.csv", "cannot be opened");
    expect_failure(work.folder, "is a directory");
    expect_failure("/dev/null", "not a regular file");
    expect_failure(test_workload_bytes(&work, "nul", "a\nb\0c\n", 6), "nul:2: a NUL byte");
}

Test(workload_text, lines_up_to_the_limit) {
    const size_t size = VDC_LINE_LIMIT + 10;
    char *bytes = vdc_malloc(size);
    memset(bytes, 'x', size);
    bytes[0] = 'a', bytes[1] = '\n';
    expect_failure(test_workload_bytes(&work, "long", bytes, size), "long:2: the line is longer");
    bytes[VDC_LINE_LIMIT - 1] = '\n'; /* a line of 2^20 - 3 bytes, several times the first buffer */
    vdc_text *text;
    vdc_field line;
    cr_assert_eq(vdc_text_open(&text, test_workload_bytes(&work, "fits", bytes, VDC_LINE_LIMIT), NULL, &work.diag), VDC_OK);
    cr_assert_eq(vdc_text_line(text, &line, &work.diag), VDC_OK);
    cr_assert_eq(vdc_text_line(text, &line, &work.diag), VDC_OK);
    cr_expect_eq(line.end - line.begin, VDC_LINE_LIMIT - 3);
    vdc_text_close(text);
    vdc_free(bytes);
}

/* Lines that straddle refills come whole: a file of many buffers, each line saying its own number. */
Test(workload_text, lines_across_refills) {
    enum { LINES = 120000 };
    char *bytes = vdc_malloc(LINES * 12);
    size_t size = 0;
    for (int i = 0; i < LINES; i++) size += (size_t)snprintf(bytes + size, 12, "%d,%d\n", i, i % 10);
    const char *paths[] = {test_workload_bytes(&work, "plain", bytes, size), test_workload_gzip(&work, "packed", bytes)};
    for (int k = 0; k < 2; k++) {
        vdc_text *text;
        cr_assert_eq(vdc_text_open(&text, paths[k], NULL, &work.diag), VDC_OK);
        vdc_field line, fields[2];
        int count = 0;
        for (;; count++) {
            cr_assert_eq(vdc_text_line(text, &line, &work.diag), VDC_OK);
            if (!line.begin) break;
            int64_t number;
            cr_assert_eq(vdc_split(line, ',', fields, 2), 2);
            cr_assert(vdc_field_number(fields[0], 1, &number));
            cr_assert_eq(number, count);
            cr_assert_eq(vdc_text_number(text), count + 1);
        }
        cr_expect_eq(count, LINES);
        vdc_text_close(text);
    }
    vdc_free(bytes);
}

static const char *split(const char *text, char separator) {
    static char joined[256];
    char copy[256];
    vdc_field fields[4];
    (void)snprintf(copy, sizeof copy, "%s\n", text);
    const vdc_field line = {copy, copy + strlen(text)};
    const size_t count = separator ? vdc_split(line, separator, fields, 4) : vdc_split_blanks(line, fields, 4);
    (void)snprintf(joined, sizeof joined, "%zu:", count);
    for (size_t i = 0; i < count && count <= 4; i++) {
        strcat(joined, "[");
        strncat(joined, fields[i].begin, (size_t)(fields[i].end - fields[i].begin));
        strcat(joined, "]");
        const char after = *fields[i].end;
        cr_expect(after < '0' || after > '9', "a digit stands behind a field of %s", text);
    }
    return joined;
}

Test(workload_text, fields) {
    cr_expect_str_eq(split("a,b,c", ','), "3:[a][b][c]");
    cr_expect_str_eq(split("", ','), "1:[]");
    cr_expect_str_eq(split(",", ','), "2:[][]");
    cr_expect_str_eq(split(" a , b\t,c ", ','), "3:[a][b][c]");
    cr_expect_str_eq(split("1;\t2;\t3", ';'), "3:[1][2][3]");
    cr_expect_str_eq(split("\"a,b\",\"say \"\"x\"\"\",1", ','), "3:[a,b][say \"x\"][1]");
    cr_expect_str_eq(split("\"12\"3,4", ','), "0:");
    cr_expect_str_eq(split("\"12", ','), "0:");
    cr_expect_str_eq(split("\"\",\"7\"", ','), "2:[][7]");
    cr_expect_str_eq(split("1,2,3,4,5", ','), "5:");
    cr_expect_str_eq(split("  1 2\t 3  ", 0), "3:[1][2][3]");
    cr_expect_str_eq(split("   ", 0), "0:");
}

Test(workload_text, numbers) {
    const struct { const char *text; int64_t scale; bool good; int64_t value; } cases[] = {
        {"0", 1000, true, 0}, {"12", 1000, true, 12000}, {"0.250706", 1000000000, true, 250706000}, {"1e3", 1, true, 1000},
        {"-5", 1, true, -5}, {"2.5", 1, true, 2}, {"3.5", 1, true, 4}, {"11.70399824", 1000000, true, 11703998},
        {"9223372036854775807", 1, true, INT64_MAX}, {"9223372036854775808", 1, false, 0}, {"9300000000", 1000000000, false, 0},
        {"", 1, false, 0}, {"nan", 1, false, 0}, {"inf", 1, false, 0}, {"1e400", 1, false, 0}, {"0x10", 1, false, 0},
        {"12a", 1, false, 0},
        {".", 1, false, 0}, {"1,5", 1, false, 0}, {"000000000000000000000000012", 1, true, 12},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char copy[64];
        int64_t value = 0;
        (void)snprintf(copy, sizeof copy, "%s\n", cases[i].text);
        const bool good = vdc_field_number((vdc_field){copy, copy + strlen(cases[i].text)}, cases[i].scale, &value);
        cr_expect_eq(good, cases[i].good, "%s", cases[i].text);
        if (good) cr_expect_eq(value, cases[i].value, "%s gave %lld", cases[i].text, (long long)value);
    }
}
