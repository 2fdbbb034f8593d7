/* A growing text and its ways to a file. */
#include "analysis/text.h"

#include "sim/base/file.h"
#include "sim/base/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool make_room(vdc_text *text, size_t more)
{
    if (!text->failed && !VDC_RESERVE(text->data, text->capacity, text->length + more + 1)) {
        text->failed = true;
    }
    return !text->failed;
}

void vdc_text_add_bytes(vdc_text *text, const char *bytes, size_t length)
{
    if (make_room(text, length)) {
        if (length) {
            memcpy(text->data + text->length, bytes, length);
        }
        text->length += length;
        text->data[text->length] = '\0';
    }
}

void vdc_text_add(vdc_text *text, const char *format, ...)
{
    va_list arguments, again;
    va_start(arguments, format);
    va_copy(again, arguments);
    int length = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    if (length < 0) {
        text->failed = true;
    } else if (make_room(text, (size_t)length)) {
        vsnprintf(text->data + text->length, (size_t)length + 1, format, again);
        text->length += (size_t)length;
    }
    va_end(again);
}

void vdc_text_add_integer(vdc_text *text, int64_t value)
{
    char digits[24];
    size_t at = sizeof digits;
    uint64_t rest = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
    do {
        digits[--at] = (char)('0' + rest % 10);
        rest /= 10;
    } while (rest);
    if (value < 0) {
        digits[--at] = '-';
    }
    vdc_text_add_bytes(text, digits + at, sizeof digits - at);
}

/* Writes `value` as an integer number of 10^-`decimals` when that reads back the same: a quotient of two integers below 2^53 is
 * rounded as its decimal form is when it is read. */
static bool add_decimal(vdc_text *text, double value, double power, int decimals)
{
    double scaled = rint(fabs(value) * power);
    if (!(scaled < 9007199254740992.0) || scaled / power != fabs(value)) {
        return false;
    }
    int64_t whole = (int64_t)scaled / (int64_t)power, part = (int64_t)scaled % (int64_t)power;
    char fraction[24];
    if (signbit(value)) {
        vdc_text_add_bytes(text, "-", 1);
    }
    vdc_text_add_integer(text, whole);
    if (part) {
        int length = decimals;
        for (int i = decimals - 1; i >= 0; i--, part /= 10) {
            fraction[i] = (char)('0' + part % 10);
        }
        while (fraction[length - 1] == '0') {
            length--;
        }
        vdc_text_add_bytes(text, ".", 1);
        vdc_text_add_bytes(text, fraction, (size_t)length);
    }
    return true;
}

void vdc_text_add_number(vdc_text *text, double value, const char *none)
{
    if (!isfinite(value)) {
        vdc_text_add(text, "%s", none);
        return;
    }
    double magnitude = fabs(value);
    bool plain = magnitude < 1e15 && (magnitude >= 1e-4 || magnitude == 0); /* longer ones are shorter with an exponent */
    if (plain && (add_decimal(text, value, 1e3, 3) || add_decimal(text, value, 1e9, 9))) {
        return;
    }
    char buffer[40];
    for (int digits = 6; digits <= 17; digits += digits < 15 ? 9 : 1) {
        snprintf(buffer, sizeof buffer, "%.*g", digits, value);
        if (strtod(buffer, NULL) == value) {
            break;
        }
    }
    vdc_text_add(text, "%s", buffer);
}

void vdc_text_add_csv(vdc_text *text, const char *field)
{
    if (!strpbrk(field, ",\"\r\n")) {
        vdc_text_add(text, "%s", field);
        return;
    }
    vdc_text_add_bytes(text, "\"", 1);
    for (; *field; field++) {
        vdc_text_add_bytes(text, field, 1);
        if (*field == '"') {
            vdc_text_add_bytes(text, field, 1);
        }
    }
    vdc_text_add_bytes(text, "\"", 1);
}

void vdc_text_add_html(vdc_text *text, const char *plain)
{
    for (; *plain; plain++) {
        switch (*plain) {
        case '&': vdc_text_add(text, "&amp;"); break;
        case '<': vdc_text_add(text, "&lt;"); break;
        case '>': vdc_text_add(text, "&gt;"); break;
        case '"': vdc_text_add(text, "&quot;"); break;
        default: vdc_text_add_bytes(text, plain, 1);
        }
    }
}

vdc_code vdc_text_code(const vdc_text *text, const char *what, vdc_diag *diag)
{
    return text->failed ? vdc_no_memory(diag, what) : VDC_OK;
}

const char *vdc_text_get(const vdc_text *text)
{
    return text->data ? text->data : "";
}

void vdc_text_clear(vdc_text *text)
{
    vdc_free(text->data);
    *text = (vdc_text){0};
}

size_t vdc_text_width(const char *text)
{
    size_t width = 0;
    for (; *text; text++) {
        width += ((unsigned char)*text & 0xC0) != 0x80; /* not a continuation byte */
    }
    return width;
}

/* Writes all of it; false leaves errno. */
static bool write_all(int file, const char *bytes, size_t length)
{
    while (length > 0) {
        ssize_t written = write(file, bytes, length);
        if (written < 0 && errno == EINTR) {
            continue;
        }
        if (written <= 0) {
            return false;
        }
        bytes += written;
        length -= (size_t)written;
    }
    return true;
}

vdc_code vdc_text_save(const vdc_text *text, const char *path, bool force, vdc_diag *diag)
{
    struct stat status;
    if (text->failed) {
        return vdc_no_memory(diag, path);
    }
    if (vdc_file_is_stream(path)) {
        int file = open(path, O_WRONLY | O_CLOEXEC);
        bool good = file >= 0 && write_all(file, vdc_text_get(text), text->length);
        int error = errno;
        if (file >= 0) {
            good = close(file) == 0 && good;
        }
        return good ? VDC_OK : vdc_fail(diag, VDC_ERROR_IO, NULL, "%s: cannot be written: %s", path, strerror(error));
    }
    if (!force && lstat(path, &status) == 0) {
        return vdc_fail(diag, VDC_ERROR_INPUT, NULL, "%s: exists already; --force replaces it", path);
    }
    char *partial = vdc_format("%s.partial", path);
    if (!partial) {
        return vdc_no_memory(diag, path);
    }
    vdc_code code = VDC_OK;
    int file = open(partial, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    bool good = file >= 0 && write_all(file, vdc_text_get(text), text->length);
    int error = errno;
    if (file >= 0 && close(file) != 0 && good) {
        good = false;
        error = errno;
    }
    if (good && rename(partial, path) != 0) {
        good = false;
        error = errno;
    }
    if (!good) {
        code = vdc_fail(diag, file < 0 ? VDC_ERROR_INPUT : VDC_ERROR_IO, NULL, "%s: cannot be written: %s", path,
                        strerror(error));
        if (file >= 0) {
            unlink(partial);
        }
    }
    vdc_free(partial);
    return code;
}
