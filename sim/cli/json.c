/* Writing JSON: see json.h. */
#include "sim/cli/json.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

static void new_line(vdc_json *json) {
    if (!json->indent) return;
    fprintf(json->out, "\n%*s", 2 * json->depth, "");
}

static void before_value(vdc_json *json) {
    if (json->after_key) {
        json->after_key = false;
        return;
    }
    if (json->after_value) fputs(json->indent ? "," : ", ", json->out);
    if (json->depth) new_line(json);
}

static void quote(FILE *out, const char *text) {
    fputc('"', out);
    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;
        if (c == '"' || c == '\\') fprintf(out, "\\%c", c);
        else if (c == '\n') fputs("\\n", out);
        else if (c == '\t') fputs("\\t", out);
        else if (c < 0x20 || c == 0x7f) fprintf(out, "\\u%04x", c);
        else fputc(c, out);
    }
    fputc('"', out);
}

void vdc_json_open(vdc_json *json, char bracket) {
    before_value(json);
    fputc(bracket, json->out);
    json->depth++;
    json->after_value = false;
}

void vdc_json_close(vdc_json *json, char bracket) {
    json->depth--;
    if (json->after_value) new_line(json);
    fputc(bracket, json->out);
    json->after_value = true;
}

void vdc_json_key(vdc_json *json, const char *key) {
    before_value(json);
    quote(json->out, key);
    fputs(": ", json->out);
    json->after_key = true;
}

void vdc_json_text(vdc_json *json, const char *text) {
    before_value(json);
    if (text) quote(json->out, text);
    else fputs("null", json->out);
    json->after_value = true;
}

void vdc_json_integer(vdc_json *json, int64_t value) {
    before_value(json);
    fprintf(json->out, "%" PRId64, value);
    json->after_value = true;
}

void vdc_json_real(vdc_json *json, double value) {
    if (!isfinite(value)) {
        vdc_json_null(json);
        return;
    }
    char text[40];
    for (int digits = 15; digits <= 17; digits++) {
        snprintf(text, sizeof text, "%.*g", digits, value);
        if (strtod(text, NULL) == value) break;
    }
    before_value(json);
    fputs(text, json->out);
    json->after_value = true;
}

void vdc_json_bool(vdc_json *json, bool value) {
    before_value(json);
    fputs(value ? "true" : "false", json->out);
    json->after_value = true;
}

void vdc_json_null(vdc_json *json) {
    before_value(json);
    fputs("null", json->out);
    json->after_value = true;
}

void vdc_json_put_text(vdc_json *json, const char *key, const char *text) {
    vdc_json_key(json, key);
    vdc_json_text(json, text);
}

void vdc_json_put_integer(vdc_json *json, const char *key, int64_t value) {
    vdc_json_key(json, key);
    vdc_json_integer(json, value);
}

void vdc_json_put_real(vdc_json *json, const char *key, double value) {
    vdc_json_key(json, key);
    vdc_json_real(json, value);
}

void vdc_json_put_bool(vdc_json *json, const char *key, bool value) {
    vdc_json_key(json, key);
    vdc_json_bool(json, value);
}

void vdc_json_end(vdc_json *json) {
    fputc('\n', json->out);
}
