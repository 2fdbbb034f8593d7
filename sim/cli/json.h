/* Writing JSON to a stream: commas, quoting and numbers in one place.
 *
 *     vdc_json json = {.out = stdout};
 *     vdc_json_open(&json, '{');
 *     vdc_json_put_integer(&json, "events", 17);
 *     vdc_json_close(&json, '}');
 *     vdc_json_end(&json);
 *
 * Reals are written with as few digits as give the same double again; what JSON has no number for becomes null.
 */
#ifndef VDC_CLI_JSON_H
#define VDC_CLI_JSON_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

typedef struct vdc_json {
    FILE *out;
    bool indent;      /* one value a line; otherwise all in one line */
    int depth;
    bool after_value; /* a comma goes before the next value */
    bool after_key;
} vdc_json;

void vdc_json_open(vdc_json *json, char bracket);   /* '{' or '[' */
void vdc_json_close(vdc_json *json, char bracket);  /* '}' or ']' */
void vdc_json_key(vdc_json *json, const char *key);
void vdc_json_text(vdc_json *json, const char *text); /* NULL: null */
void vdc_json_integer(vdc_json *json, int64_t value);
void vdc_json_real(vdc_json *json, double value);
void vdc_json_bool(vdc_json *json, bool value);
void vdc_json_null(vdc_json *json);
/* A key and its value. */
void vdc_json_put_text(vdc_json *json, const char *key, const char *text);
void vdc_json_put_integer(vdc_json *json, const char *key, int64_t value);
void vdc_json_put_real(vdc_json *json, const char *key, double value);
void vdc_json_put_bool(vdc_json *json, const char *key, bool value);
/* The line's end after the last value. */
void vdc_json_end(vdc_json *json);

#endif
