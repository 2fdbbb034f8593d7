/* The summary and the provenance of a result file as text for people. */
#include "analysis/show.h"

#include <stdio.h>
#include <string.h>

#include "analysis/scale.h"

enum { DIGITS = 6, VALUE_WIDTH = 18, LINE_WIDTH = 110 };

/* A subject and the keys that belong to it: whole keys, or beginnings that end in '_' or '*'. The first subject that has a key
 * takes it. */
typedef struct vdc_subject {
    const char *title;
    const char *keys[12];
} vdc_subject;

static const vdc_subject subjects[] = {
    {"Run", {"name", "seed", "end_s", "ticks", "events", "placements", "digest"}},
    {"Datacenter", {"hosts", "capacity_*", "hosts_*", "host_*", "lower_bound_*"}},
    {"VMs", {"vms_*"}},
    {"Waiting", {"wait_*"}},
    {"Allocation (P)", {"P_*"}},
    {"Scheduling (T, G)", {"T_*", "G_*", "ready_*", "throttled_*", "idle_*", "cpu_*"}},
    {"Isolation (S)", {"S_*", "exposure_*", "violations_*"}},
    {"Utilisation (U)", {"U_*"}},
    {"GPUs", {"gpu_*"}},
    {"Energy and carbon", {"energy_*", "facility_*", "carbon_*", "power_*"}},
    {"Prices", {"revenue_*", "reserved_use", "cost_*", "profit"}},
    {"Migration and service levels", {"migrations", "downtime_*", "slatah", "pdm", "slav", "esv"}},
    {"Other", {"*"}},
};
enum { SUBJECTS = sizeof subjects / sizeof *subjects };

static size_t subject_of(const char *key) {
    for (size_t s = 0; s < SUBJECTS; s++)
        for (const char *const *wanted = subjects[s].keys; *wanted; wanted++) {
            size_t length = strcspn(*wanted, "*");
            if ((*wanted)[length] ? strncmp(key, *wanted, length) == 0 : strcmp(key, *wanted) == 0)
                return s;
        }
    return SUBJECTS - 1;
}

/* Zeros are listed together; a seed of 0 is as good as any other. */
static bool is_zero(const vdc_result_value *value) {
    return value->type != VDC_CELL_TEXT && value->real == 0 && strcmp(value->key, "seed") != 0;
}

static void add_padded(vdc_text *text, const char *plain, size_t width, bool right) {
    size_t taken = vdc_text_width(plain), gap = taken < width ? width - taken : 0;
    if (right)
        vdc_text_add(text, "%*s%s", (int)gap, "", plain);
    else
        vdc_text_add(text, "%s%*s", plain, (int)gap, "");
}

static void add_value(vdc_text *text, const vdc_result_value *value, size_t key_width) {
    char number[64];
    vdc_text_add(text, "  ");
    add_padded(text, value->key, key_width, false);
    if (value->type == VDC_CELL_TEXT) {
        vdc_text_add(text, "  %s\n", value->text);
        return;
    }
    vdc_scale scale = vdc_scale_choose(value->units, value->real);
    /* Counts are shown whole, measures to six digits: --json has them all. */
    int digits = value->type == VDC_CELL_INTEGER ? 19 : DIGITS;
    vdc_text_add(text, "  ");
    add_padded(text, vdc_show_number(value->real / scale.factor, digits, number, sizeof number), VALUE_WIDTH, true);
    vdc_text_add(text, " ");
    add_padded(text, scale.units, 8, false);
    vdc_text_add(text, "  %s\n", value->long_name);
}

/* The keys of a subject that are 0, as many to a line as fit. */
static void add_zeros(vdc_text *text, const vdc_result *result, size_t subject) {
    const vdc_result_value *value;
    size_t column = 0;
    for (size_t i = 0; (value = vdc_result_summary(result, i)); i++) {
        if (subject_of(value->key) != subject || !is_zero(value))
            continue;
        size_t width = vdc_text_width(value->key) + 2;
        bool wrap = column + width > LINE_WIDTH;
        vdc_text_add(text, "%s%s", column == 0 ? "  0: " : wrap ? ",\n     " : ", ", value->key);
        column = column == 0 || wrap ? 5 + width : column + width;
    }
    vdc_text_add(text, "\n");
}

static void add_tables(vdc_text *text, const vdc_result *result) {
    static const char *const groups[] = {"ticks", "vms", "hosts", "tenants", "events", "checks"};
    const char *before = "\nTables (vdcsim export): ", *axis;
    for (size_t i = 0; i < sizeof groups / sizeof *groups; i++) {
        vdc_result_shape shape;
        char path[16];
        snprintf(path, sizeof path, "/%s", groups[i]);
        if ((axis = vdc_result_main_axis(result, path)) && vdc_result_dataset(result, axis, &shape)) {
            vdc_text_add(text, "%s%s %zu rows", before, groups[i], shape.rows);
            before = ", ";
        }
    }
    if (*before == ',')
        vdc_text_add(text, "\n");
}

void vdc_show_summary(const vdc_result *result, vdc_text *text) {
    const vdc_result_value *value;
    size_t key_width = 0;
    for (size_t i = 0; (value = vdc_result_summary(result, i)); i++)
        if (!is_zero(value) && vdc_text_width(value->key) > key_width)
            key_width = vdc_text_width(value->key);
    for (size_t s = 0; s < SUBJECTS; s++) {
        bool begun = false, zeros = false;
        for (size_t i = 0; (value = vdc_result_summary(result, i)); i++) {
            if (subject_of(value->key) != s)
                continue;
            zeros = zeros || is_zero(value);
            if (!begun)
                vdc_text_add(text, "%s%s\n", text->length ? "\n" : "", subjects[s].title);
            begun = true;
            if (!is_zero(value))
                add_value(text, value, key_width);
        }
        if (zeros)
            add_zeros(text, result, s);
    }
    add_tables(text, result);
}

static void add_attribute(vdc_text *text, const vdc_result *result, const char *name, const char *what) {
    int64_t number;
    const char *value = vdc_result_text(result, name);
    if (value)
        vdc_text_add(text, "%-18s %s\n", what, value);
    else if (vdc_result_integer(result, name, &number))
        vdc_text_add(text, "%-18s %lld\n", what, (long long)number);
}

void vdc_show_provenance(const vdc_result *result, vdc_text *text) {
    vdc_text_add(text, "%-18s %s\n", "file", vdc_result_path(result));
    add_attribute(text, result, "format_version", "format");
    add_attribute(text, result, "vdcsim_version", "written by vdcsim");
    vdc_text_add(text, "%-18s %s\n", "complete", vdc_result_complete(result) ? "yes" : "no: the run was interrupted");
    add_attribute(text, result, "digest", "digest");
    add_attribute(text, result, "seed", "seed");
    add_attribute(text, result, "policies", "policies");
    add_attribute(text, result, "scenario_sha256", "scenario sha256");
    const char *inputs = vdc_result_text(result, "inputs"), *scenario = vdc_result_text(result, "scenario");
    vdc_text_add(text, "\ninputs (sha256, file relative to the scenario):\n%s", inputs && *inputs ? inputs : "none\n");
    if (scenario)
        vdc_text_add(text, "\nscenario:\n%s%s", scenario, *scenario && scenario[strlen(scenario) - 1] == '\n' ? "" : "\n");
}
