/* Lines and fields of text files, plain or gzip-compressed, streamed.
 *
 * Every reader of a text trace stands on this: one buffer that is refilled, no allocation per line, fields as
 * pointers into the buffer. gzip is told by its magic number, not by the file's name. What is wrong with a file as
 * such (missing, a directory, truncated or damaged gzip data, a line beyond VDC_LINE_LIMIT, a NUL byte) is an error
 * with file and line.
 *
 * At `end` of every line and field stands a character that is no digit, so number parsers need no bound.
 */
#ifndef VDC_WORKLOADS_TEXT_H
#define VDC_WORKLOADS_TEXT_H

#include "sim/base/digest.h"
#include "sim/base/status.h"
#include "sim/base/units.h"

enum { VDC_LINE_LIMIT = 1 << 20, VDC_FIELD_LIMIT = 256 };

typedef struct vdc_text vdc_text;

/* A piece of the current line: [begin, end). Valid until the next line is read. */
typedef struct vdc_field {
    char *begin, *end;
} vdc_field;

/* Opens a file for reading and notes it in `inputs` (may be NULL). VDC_ERROR_INPUT with the reason when it cannot be read. */
vdc_code vdc_text_open(vdc_text **text, const char *path, vdc_inputs *inputs, vdc_diag *diag);
void vdc_text_close(vdc_text *text);
/* The next line without its end ("\n" or "\r\n"), which may be changed in place. line->begin is NULL after the last one. */
vdc_code vdc_text_line(vdc_text *text, vdc_field *line, vdc_diag *diag);
/* The next number of a file that has one whole number from 0 to `maximum` on each line; blank lines are left out, and so is a
 * first line that is no number (a header). *have = false at the end. Anything else is an error, where `what` names the number. */
vdc_code vdc_text_next_number(vdc_text *text, int64_t maximum, const char *what, int64_t *number, bool *have, vdc_diag *diag);
/* Where `at`, a pointer into the current line (NULL: the line as a whole), stands: for messages. */
vdc_place vdc_text_place(const vdc_text *text, const char *at);
/* The current line's number, from 1; 0 before the first. */
int vdc_text_number(const vdc_text *text);

/* Splits a line at `separator` into at most `limit` fields and returns how many there are (more than `limit`: limit + 1).
 * A field in double quotes may hold separators, and "" for a quote; it is unquoted in place. Blanks around unquoted
 * fields are not part of them. Returns 0 when a quote is not closed. An empty line is one empty field. */
size_t vdc_split(vdc_field line, char separator, vdc_field *fields, size_t limit);
/* Splits at runs of blanks and tabs; an empty line has no fields. */
size_t vdc_split_blanks(vdc_field line, vdc_field *fields, size_t limit);

/* A plain decimal number times `scale`, rounded half to even. False when it is no finite number or out of range. What
 * is digits alone, as most fields are, is read here; the rest goes to vdc_decimal. */
static inline bool vdc_field_number(vdc_field field, int64_t scale, int64_t *out) {
    if (field.end - field.begin <= 18) {
        const char *at = field.begin;
        int64_t value = 0;
        for (unsigned digit; (digit = (unsigned char)*at - (unsigned)'0') <= 9; at++) value = value * 10 + digit;
        if (at == field.end && at > field.begin && !__builtin_mul_overflow(value, scale, out)) return true;
    }
    return vdc_decimal(field.begin, field.end, scale, out);
}
bool vdc_field_is(vdc_field field, const char *text);
static inline bool vdc_field_empty(vdc_field field) {
    return field.begin == field.end;
}
/* The field for messages: at most 60 characters, what is not printable as '?'. Returns `buffer`. */
enum { VDC_FIELD_SHOWN = 64 };
const char *vdc_field_show(vdc_field field, char buffer[VDC_FIELD_SHOWN]);

#endif
