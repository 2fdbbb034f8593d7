/* A text that grows: scripts, tables and pages are built in one of these and written at the end.
 *
 * Running out of memory is remembered and not repeated at every call: build the whole text, then ask vdc_text_code once.
 */
#ifndef VDC_ANALYSIS_TEXT_H
#define VDC_ANALYSIS_TEXT_H

#include "sim/base/status.h"
#include <stddef.h>
#include <stdint.h>

/* Initialise with {0}, end with vdc_text_clear. `data` is NULL or ends in a 0 byte. */
typedef struct vdc_text {
    char *data;
    size_t length, capacity;
    bool failed;
} vdc_text;

void vdc_text_add(vdc_text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));
void vdc_text_add_bytes(vdc_text *text, const char *bytes, size_t length);
/* A number so that reading it gives the same double again, as short as that allows; NaN and infinities as `none`. */
void vdc_text_add_number(vdc_text *text, double value, const char *none);
void vdc_text_add_integer(vdc_text *text, int64_t value);
/* A field of a CSV row: in quotes, doubled inside, when it holds a comma, a quote or a line break (RFC 4180). */
void vdc_text_add_csv(vdc_text *text, const char *field);
/* Text as HTML: &, <, > and quotes as entities. */
void vdc_text_add_html(vdc_text *text, const char *plain);
/* VDC_OK, or VDC_ERROR_MEMORY with a message that names `what`. */
vdc_code vdc_text_code(const vdc_text *text, const char *what, vdc_diag *diag);
const char *vdc_text_get(const vdc_text *text); /* never NULL */
void vdc_text_clear(vdc_text *text);

/* How many columns of a terminal a UTF-8 text takes, one a character. */
size_t vdc_text_width(const char *text);

/* Writes the whole text to `path` by way of PATH.partial, so that the name never holds half of it. With !force an existing
 * file is an error. */
vdc_code vdc_text_save(const vdc_text *text, const char *path, bool force, vdc_diag *diag);

#endif
