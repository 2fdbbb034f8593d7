/* Outcomes and messages: see status.h.
 *
 * A message's text is built once, with its place in front, so that whoever prints it needs to know nothing else.
 */
#include "sim/base/status.h"

#include "sim/base/memory.h"

#include <stdio.h>

/* "file:line:column: ", as much of it as is known. Returns its length as snprintf does. */
static int format_place(const vdc_place *place, char *buffer, size_t size) {
    if (!place || (!place->file && place->line <= 0)) return snprintf(buffer, size, "%s", "");
    const char *file = place->file ? place->file : "line ";
    const char *colon = place->file && place->line > 0 ? ":" : "";
    if (place->line <= 0) return snprintf(buffer, size, "%s: ", file);
    if (place->column <= 0) return snprintf(buffer, size, "%s%s%d: ", file, colon, place->line);
    return snprintf(buffer, size, "%s%s%d:%d: ", file, colon, place->line, place->column);
}

/* The whole text in fresh memory, or NULL. */
static char *format_message(const vdc_place *place, const char *format, va_list arguments) {
    va_list again;
    va_copy(again, arguments);
    int before = format_place(place, NULL, 0);
    int length = vsnprintf(NULL, 0, format, again);
    va_end(again);
    if (before < 0 || length < 0) return NULL;
    size_t size = (size_t)before + (size_t)length + 1;
    char *text = vdc_malloc(size);
    if (!text) return NULL;
    format_place(place, text, size);
    vsnprintf(text + before, size - (size_t)before, format, arguments);
    /* A message is one line, and what it quotes from a hostile file must not steer the user's terminal. */
    for (char *c = text; *c; c++)
        if ((unsigned char)*c < ' ' || *c == 0x7f) *c = '?';
    return text;
}

/* Keeps the message; false when there is no memory for it. */
static bool keep(vdc_diag *diag, vdc_code code, bool warning, const vdc_place *place, const char *format, va_list arguments) {
    if (!VDC_RESERVE(diag->messages, diag->capacity, diag->count + 1)) return false;
    char *text = format_message(place, format, arguments);
    if (!text) return false;
    diag->messages[diag->count++] = (vdc_message){.code = code, .warning = warning, .text = text};
    return true;
}

vdc_code (vdc_fail)(vdc_diag *diag, vdc_code code, const vdc_place *place, const char *format, ...) {
    if (!diag) return code;
    if (diag->errors++ == 0) diag->first = code;
    va_list arguments;
    va_start(arguments, format);
    if (diag->errors > VDC_DIAG_LIMIT || !keep(diag, code, false, place, format, arguments)) diag->suppressed++;
    va_end(arguments);
    return code;
}

void vdc_warn(vdc_diag *diag, const vdc_place *place, const char *format, ...) {
    /* Warnings beyond the limit are dropped: the errors are what must not be missed. */
    if (!diag || diag->count >= 2 * (size_t)VDC_DIAG_LIMIT) return;
    va_list arguments;
    va_start(arguments, format);
    keep(diag, VDC_OK, true, place, format, arguments);
    va_end(arguments);
}

vdc_code vdc_diag_code(const vdc_diag *diag) {
    return diag ? diag->first : VDC_OK;
}

void vdc_diag_clear(vdc_diag *diag) {
    if (!diag) return;
    for (size_t i = 0; i < diag->count; i++) vdc_free(diag->messages[i].text);
    vdc_free(diag->messages);
    *diag = (vdc_diag){0};
}
