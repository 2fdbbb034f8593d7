/* See runs.h. */
#include "tests/support/runs.h"

#include <criterion/criterion.h>
#include <string.h>

vdc_simulation *run_text(const char *text, const char *set, const char *output) {
    vdc_diag diag = {0};
    vdc_simulation *sim = NULL;
    vdc_run_options options = {.text = text, .check = true, .sets = &set, .set_count = set ? 1 : 0, .output = output, .force = true};
    vdc_code code = vdc_simulation_open(&sim, "test.yaml", &options, &diag);
    if (!code) code = vdc_simulation_run_until(sim, VDC_TIME_MAX, &diag);
    if (!code && output) code = vdc_simulation_finish(sim, &diag);
    cr_assert_eq(code, VDC_OK, "%s", diag.count ? diag.messages[0].text : "no message");
    cr_assert(vdc_simulation_checks_hold(sim));
    vdc_diag_clear(&diag);
    return sim;
}

double summary_of(vdc_simulation *simulation, const char *key) {
    vdc_value value;
    cr_assert(vdc_simulation_query(simulation, key, &value), "no key %s", key);
    return value.real;
}

void refuse_text(const char *text, const char *message) {
    vdc_diag diag = {0};
    vdc_simulation *sim;
    vdc_run_options options = {.text = text};
    cr_assert_eq(vdc_simulation_open(&sim, "test.yaml", &options, &diag), VDC_ERROR_INPUT, "taken:\n%s", text);
    bool said = false;
    for (size_t i = 0; i < diag.count; i++) said = said || strstr(diag.messages[i].text, message);
    cr_expect(said, "not said: %s; said: %s; of:\n%s", message, diag.count ? diag.messages[0].text : "", text);
    vdc_diag_clear(&diag);
}

vdc_simulation *open_run_text(const char *text) {
    vdc_simulation *sim;
    vdc_run_options options = {.text = text, .check = true, .operable = true};
    vdc_diag diag = {0};
    cr_assert_eq(vdc_simulation_open(&sim, "test.yaml", &options, &diag), VDC_OK, "%s", diag.count ? diag.messages[0].text : "");
    vdc_diag_clear(&diag);
    return sim;
}

const char *ask_run(vdc_simulation *sim, const char *operation) {
    const char *refusal = NULL;
    vdc_diag diag = {0};
    cr_assert_eq(vdc_simulation_operate(sim, operation, &refusal, &diag), VDC_OK, "%s: %s", operation, diag.count ? diag.messages[0].text : "");
    vdc_diag_clear(&diag);
    return refusal;
}

void run_until(vdc_simulation *sim, double second) {
    cr_assert_eq(vdc_simulation_run_until(sim, (vdc_time)(second * 1e9), NULL), VDC_OK);
}
