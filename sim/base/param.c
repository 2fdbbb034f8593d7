/* Parameter tables: reading by a table, with messages that name what was found and what is allowed (param.h). */
#include "sim/base/param.h"

#include "sim/base/memory.h"

#include <float.h>
#include <stdio.h>
#include <string.h>

enum { SHOWN = 96 };

/* What a message is about: the section it stands in, and the node that it points at. */
typedef struct subject {
    const char *section; /* or NULL */
    const vdc_node *node;
} subject;

/* "found X, allowed is Y" at the value's place. */
static vdc_code refuse(const subject *about, const char *found, const char *allowed, vdc_diag *diag) {
    const char *key = about->node->key;
    return vdc_fail(diag, VDC_ERROR_INPUT, &about->node->place, "%s%s%s%sfound %s; allowed: %s",
                    about->section ? about->section : "", about->section ? ": " : "", key ? key : "", key ? ": " : "", found,
                    allowed);
}

static vdc_code refuse_kind(const subject *about, const char *allowed, vdc_diag *diag) {
    char buffer[SHOWN];
    return refuse(about, vdc_node_describe(about->node, buffer, sizeof buffer), allowed, diag);
}

/* `wrong` says why the value does not do: "is too large". */
static vdc_code refuse_value(const subject *about, const char *wrong, const char *allowed, vdc_diag *diag) {
    char buffer[SHOWN], found[SHOWN + 80];
    snprintf(found, sizeof found, "%s, which %s", vdc_node_describe(about->node, buffer, sizeof buffer), wrong);
    return refuse(about, found, allowed, diag);
}

/* One word as "did you mean", where there is a near miss. */
static vdc_code refuse_word(const subject *about, const char *const *words, const char *allowed, vdc_diag *diag) {
    char buffer[SHOWN], more[160];
    const char *nearest = vdc_nearest(about->node->text, words);
    if (!nearest) return refuse_kind(about, allowed, diag);
    snprintf(more, sizeof more, "%s (did you mean '%s'?)", vdc_node_describe(about->node, buffer, sizeof buffer), nearest);
    return refuse(about, more, allowed, diag);
}

/* "what, from A to B unit" for bounded numbers; bounds that everything keeps are not named. `scale` of the stored ones make a unit. */
static const char *describe_range(char *buffer, size_t size, const char *what, vdc_dimension dimension, double scale, double minimum,
                                  bool bounded, double maximum) {
    const char *unit = vdc_dimension_unit(dimension), *blank = *unit ? " " : "";
    minimum /= scale;
    maximum /= scale;
    if (bounded) (void)snprintf(buffer, size, "%s, from %.15g to %.15g%s%s", what, minimum, maximum, blank, unit);
    else if (minimum * scale == 1 && scale > 1) (void)snprintf(buffer, size, "%s, above 0", what);
    else if (minimum > -1e15) (void)snprintf(buffer, size, "%s, at least %.15g%s%s", what, minimum, blank, unit);
    else (void)snprintf(buffer, size, "%s", what);
    return buffer;
}

/* What is allowed is worked out only where something else was found: hundreds of values are right for each that is wrong. */
static vdc_code read_integer(const subject *about, vdc_dimension dimension, int64_t minimum, int64_t maximum, const char *none,
                             int64_t *out, vdc_diag *diag) {
    const bool scalar = about->node->kind == VDC_NODE_SCALAR;
    const char *wrong = NULL;
    if (scalar) {
        if (none && strcmp(about->node->text, none) == 0) {
            *out = VDC_PARAM_NONE;
            return VDC_OK;
        }
        int64_t value = 0;
        wrong = vdc_parse_integer(about->node->text, dimension, &value);
        if (!wrong && value < minimum) wrong = minimum == 0 ? "is negative" : "is too small";
        if (!wrong && value > maximum) wrong = "is too large";
        if (!wrong) {
            *out = value;
            return VDC_OK;
        }
    }
    char allowed[320], what[256];
    snprintf(what, sizeof what, "%s%s%s%s", none ? "'" : "", none ? none : "", none ? "' or " : "",
             dimension == VDC_DIM_COUNT ? "a whole number" : vdc_dimension_help(dimension));
    describe_range(allowed, sizeof allowed, what, dimension, (double)vdc_dimension_scale(dimension), (double)minimum,
                   maximum != INT64_MAX, (double)maximum);
    return scalar ? refuse_value(about, wrong, allowed, diag) : refuse_kind(about, allowed, diag);
}

static vdc_code read_real(const subject *about, vdc_dimension dimension, double minimum, bool bounded, double maximum,
                          double *out, vdc_diag *diag) {
    const bool scalar = about->node->kind == VDC_NODE_SCALAR;
    const char *wrong = NULL;
    if (scalar) {
        double value = 0;
        wrong = vdc_parse_real(about->node->text, dimension, &value);
        if (!wrong && value < minimum) wrong = minimum == 0 ? "is negative" : "is too small";
        if (!wrong && bounded && value > maximum) wrong = "is too large";
        if (!wrong) {
            *out = value;
            return VDC_OK;
        }
    }
    char allowed[320];
    bool finite = bounded && maximum < DBL_MAX;
    describe_range(allowed, sizeof allowed, vdc_dimension_help(dimension), dimension, 1, minimum, finite, maximum);
    return scalar ? refuse_value(about, wrong, allowed, diag) : refuse_kind(about, allowed, diag);
}

static vdc_code read_bool(const subject *about, bool *out, vdc_diag *diag) {
    static const char *const words[] = {"true", "false", NULL};
    const vdc_node *node = about->node;
    if (node->kind != VDC_NODE_SCALAR || node->quoted) return refuse_kind(about, "true or false", diag);
    if (strcmp(node->text, "true") == 0) *out = true;
    else if (strcmp(node->text, "false") == 0) *out = false;
    else return refuse_word(about, words, "true or false", diag);
    return VDC_OK;
}

static vdc_code read_text(const subject *about, const char *allowed, const char **out, vdc_diag *diag) {
    if (about->node->kind != VDC_NODE_SCALAR) return refuse_kind(about, allowed, diag);
    *out = about->node->text;
    return VDC_OK;
}

/* Index of the word, -1 when it is none of them. */
static int find_word(const char *word, const char *const *words) {
    for (int i = 0; words[i]; i++)
        if (strcmp(word, words[i]) == 0) return i;
    return -1;
}

/* "a, b or c" in fresh memory; NULL when memory is out. */
static char *list_words(const char *const *words) {
    char *list = vdc_strdup("");
    for (size_t i = 0; list && words[i]; i++) {
        const char *separator = i == 0 ? "" : words[i + 1] ? ", " : " or ";
        char *longer = vdc_format("%s%s%s", list, separator, words[i]);
        vdc_free(list);
        list = longer;
    }
    return list;
}

static vdc_code read_choice(const subject *about, const char *const *choices, int *out, vdc_diag *diag) {
    int index = about->node->kind == VDC_NODE_SCALAR ? find_word(about->node->text, choices) : -1;
    if (index >= 0) {
        *out = index;
        return VDC_OK;
    }
    char *allowed = list_words(choices);
    if (!allowed) return vdc_no_memory(diag, "a message");
    vdc_code code =
        about->node->kind == VDC_NODE_SCALAR ? refuse_word(about, choices, allowed, diag) : refuse_kind(about, allowed, diag);
    vdc_free(allowed);
    return code;
}

bool vdc_param_has_maximum(const vdc_param *param) {
    return param->maximum > param->minimum || (param->maximum == param->minimum && param->maximum != 0);
}

static int64_t to_bound(double bound) {
    return bound >= 0x1p63 ? INT64_MAX : bound <= -0x1p63 ? INT64_MIN : (int64_t)bound;
}

/* Reads one value by its row into `out`. */
static vdc_code read_value(const subject *about, const vdc_param *param, void *out, vdc_diag *diag) {
    char *field = (char *)out + param->offset;
    switch (param->type) {
    case VDC_PARAM_BOOL: return read_bool(about, (bool *)(void *)field, diag);
    case VDC_PARAM_INTEGER:
        return read_integer(about, param->dimension, to_bound(param->minimum),
                            vdc_param_has_maximum(param) ? to_bound(param->maximum) : INT64_MAX, param->none, (int64_t *)(void *)field,
                            diag);
    case VDC_PARAM_REAL:
        return read_real(about, param->dimension, param->minimum, vdc_param_has_maximum(param), param->maximum, (double *)(void *)field,
                         diag);
    case VDC_PARAM_TEXT: return read_text(about, "a text", (const char **)(void *)field, diag);
    case VDC_PARAM_PATH: return read_text(about, "a path", (const char **)(void *)field, diag);
    case VDC_PARAM_CHOICE: return read_choice(about, param->choices, (int *)(void *)field, diag);
    case VDC_PARAM_NODE: break;
    }
    const vdc_node *node = about->node->kind == VDC_NODE_NULL ? NULL : about->node;
    memcpy(field, &node, sizeof node);
    return VDC_OK;
}

size_t vdc_param_size(vdc_param_type type) {
    static const size_t sizes[] = {
        [VDC_PARAM_BOOL] = sizeof(bool), [VDC_PARAM_INTEGER] = sizeof(int64_t), [VDC_PARAM_REAL] = sizeof(double),
        [VDC_PARAM_TEXT] = sizeof(char *), [VDC_PARAM_CHOICE] = sizeof(int), [VDC_PARAM_PATH] = sizeof(char *),
        [VDC_PARAM_NODE] = sizeof(vdc_node *),
    };
    return (size_t)type < sizeof sizes / sizeof *sizes ? sizes[type] : 0;
}

/* The value that stands where nothing is written. A fallback that does not parse is the table's mistake. */
static vdc_code set_default(const vdc_param *param, void *out, vdc_diag *diag) {
    memset((char *)out + param->offset, 0, vdc_param_size(param->type));
    if (!param->fallback || param->type == VDC_PARAM_NODE) return VDC_OK;
    const vdc_node fallback = {.kind = VDC_NODE_SCALAR, .text = param->fallback, .key = param->name,
                               .place = {.file = "(default)"}};
    return read_value(&(subject){.node = &fallback}, param, out, diag);
}

void vdc_params_default(const vdc_param *table, size_t count, void *out) {
    for (size_t i = 0; i < count; i++) set_default(&table[i], out, NULL);
}

bool vdc_param_is_required(const vdc_param *param) {
    bool may_be_absent = param->type == VDC_PARAM_TEXT || param->type == VDC_PARAM_PATH || param->type == VDC_PARAM_NODE;
    return param->required || (!param->fallback && !may_be_absent);
}

static const vdc_param *find_param(const char *key, const vdc_param *table, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (strcmp(key, table[i].name) == 0) return &table[i];
    return NULL;
}

/* An unknown key: names all that are known, and the nearest of them. */
static vdc_code refuse_key(const vdc_node *child, const vdc_param *table, size_t count, const char *const *also, const char *what,
                           vdc_diag *diag) {
    /* Nobody reads the messages beyond the limit, so they are not worked out. */
    if (!diag || diag->errors >= VDC_DIAG_LIMIT) return vdc_fail(diag, VDC_ERROR_INPUT, NULL, "unknown key");
    size_t more = 0;
    while (also && also[more]) more++;
    const char **words = vdc_calloc(count + more + 1, sizeof *words);
    char *allowed = NULL;
    if (words) {
        for (size_t i = 0; i < count; i++) words[i] = table[i].name;
        for (size_t i = 0; i < more; i++) words[count + i] = also[i];
        allowed = list_words(words);
    }
    if (!allowed) {
        vdc_free(words);
        return vdc_no_memory(diag, "a message");
    }
    const char *nearest = vdc_nearest(child->key, words);
    const vdc_node shown = {.kind = VDC_NODE_SCALAR, .text = child->key, .quoted = true};
    char buffer[SHOWN];
    const char *key = vdc_node_describe(&shown, buffer, sizeof buffer) + strlen("the text ");
    const char *nothing = count + more ? allowed : "no keys";
    vdc_code code =
        nearest ? vdc_fail(diag, VDC_ERROR_INPUT, &child->key_place, "%s: unknown key %s (did you mean '%s'?); allowed: %s", what,
                           key, nearest, nothing)
                : vdc_fail(diag, VDC_ERROR_INPUT, &child->key_place, "%s: unknown key %s; allowed: %s", what, key, nothing);
    vdc_free(allowed);
    vdc_free(words);
    return code;
}

vdc_code vdc_params_read(const vdc_node *mapping, const vdc_param *table, size_t count, void *out, const char *const *also,
                         const char *what, vdc_diag *diag) {
    vdc_code first = VDC_OK;
    for (size_t i = 0; i < count; i++) {
        vdc_code code = set_default(&table[i], out, diag);
        if (!first) first = code;
    }
    if (mapping && mapping->kind != VDC_NODE_MAPPING && mapping->kind != VDC_NODE_NULL) {
        char buffer[SHOWN];
        return vdc_fail(diag, VDC_ERROR_INPUT, &mapping->place, "%s: found %s; allowed: a mapping (key: value)", what,
                        vdc_node_describe(mapping, buffer, sizeof buffer));
    }
    for (size_t i = 0; mapping && i < mapping->count; i++) {
        const vdc_node *child = mapping->children[i];
        const vdc_param *param = find_param(child->key, table, count);
        if (!param && also && find_word(child->key, also) >= 0) continue;
        vdc_code code = param ? read_value(&(subject){.section = what, .node = child}, param, out, diag)
                              : refuse_key(child, table, count, also, what, diag);
        if (!first) first = code;
    }
    for (size_t i = 0; i < count; i++) {
        const vdc_node *written = vdc_node_get(mapping, table[i].name);
        bool is_there = written && (table[i].type != VDC_PARAM_NODE || written->kind != VDC_NODE_NULL);
        if (is_there || !vdc_param_is_required(&table[i])) continue;
        vdc_code code = vdc_fail(diag, VDC_ERROR_INPUT, mapping ? &mapping->place : NULL, "%s: the key '%s' is missing: %s", what,
                                 table[i].name, table[i].help ? table[i].help : "required");
        if (!first) first = code;
    }
    return first;
}

/* The caller may have no node at all. */
static vdc_code is_missing(vdc_diag *diag) {
    return vdc_fail(diag, VDC_ERROR_INPUT, NULL, "found nothing where a value is needed");
}

vdc_code vdc_node_integer(const vdc_node *node, vdc_dimension dimension, int64_t minimum, int64_t maximum, int64_t *out,
                          vdc_diag *diag) {
    return node ? read_integer(&(subject){.node = node}, dimension, minimum, maximum, NULL, out, diag) : is_missing(diag);
}

vdc_code vdc_node_real(const vdc_node *node, vdc_dimension dimension, double minimum, double maximum, double *out,
                       vdc_diag *diag) {
    return node ? read_real(&(subject){.node = node}, dimension, minimum, true, maximum, out, diag) : is_missing(diag);
}

vdc_code vdc_node_bool(const vdc_node *node, bool *out, vdc_diag *diag) {
    return node ? read_bool(&(subject){.node = node}, out, diag) : is_missing(diag);
}

vdc_code vdc_node_text(const vdc_node *node, const char **out, vdc_diag *diag) {
    return node ? read_text(&(subject){.node = node}, "a text", out, diag) : is_missing(diag);
}

vdc_code vdc_node_choice(const vdc_node *node, const char *const *choices, int *out, vdc_diag *diag) {
    return node ? read_choice(&(subject){.node = node}, choices, out, diag) : is_missing(diag);
}

static char lower(char c) {
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c == '_' ? '-' : c;
}

enum { LONGEST_WORD = 48 };

/* Edits (insertions, deletions, replacements, swaps of neighbours) between two words, `a` with its letters lowered, case and _ against - aside
 * (optimal string alignment). Any number above `most` where there are more than that. */
static int edit_distance(const char *a, size_t a_length, const char *b, size_t b_length, int most) {
    int rows[3][LONGEST_WORD + 1];
    int *before = rows[0], *above = rows[1], *row = rows[2], above_least = 0;
    char low[LONGEST_WORD + 1];
    for (size_t j = 0; j <= b_length; j++) {
        above[j] = (int)j;
        low[j] = lower(b[j]);
    }
    for (size_t i = 1; i <= a_length; i++) {
        int least = row[0] = (int)i;
        for (size_t j = 1; j <= b_length; j++) {
            int best = above[j - 1] + (a[i - 1] != low[j - 1]);
            if (above[j] + 1 < best) best = above[j] + 1;
            if (row[j - 1] + 1 < best) best = row[j - 1] + 1;
            bool swapped = i > 1 && j > 1 && a[i - 1] == low[j - 2] && a[i - 2] == low[j - 1];
            if (swapped && before[j - 2] + 1 < best) best = before[j - 2] + 1;
            row[j] = best;
            if (best < least) least = best;
        }
        if (least > most && above_least > most) return least; /* what follows builds on these two rows */
        above_least = least;
        int *free_row = before;
        before = above;
        above = row;
        row = free_row;
    }
    return above[b_length];
}

const char *vdc_nearest(const char *word, const char *const *words) {
    size_t length = strnlen(word, LONGEST_WORD + 1);
    if (length == 0 || length > LONGEST_WORD) return NULL;
    const char *nearest = NULL;
    char low[LONGEST_WORD];
    for (size_t i = 0; i < length; i++) low[i] = lower(word[i]);
    int fewest = (int)(length + 3) / 4 + (length > 2); /* a third of the word, roughly, may be wrong */
    for (size_t i = 0; words[i]; i++) {
        size_t other = strnlen(words[i], LONGEST_WORD + 1), apart = other > length ? other - length : length - other;
        if (other > LONGEST_WORD || apart > (size_t)fewest) continue; /* each edit changes the length by one at most */
        int edits = edit_distance(low, length, words[i], other, fewest);
        if (edits < fewest || (edits == fewest && !nearest && (size_t)edits < other && (size_t)edits < length)) {
            fewest = edits;
            nearest = words[i];
        }
    }
    return nearest;
}

char *vdc_path_resolve(const char *file, const char *path) {
    const char *slash = file && path[0] != '/' ? strrchr(file, '/') : NULL;
    return slash ? vdc_format("%.*s/%s", (int)(slash - file), file, path) : vdc_strdup(path);
}

char *vdc_path_at(const vdc_node *mapping, const char *key) {
    const vdc_node *written = vdc_node_get(mapping, key);
    return written && written->kind == VDC_NODE_SCALAR ? vdc_path_resolve(written->place.file, written->text) : NULL;
}
