#include "tests/support/simulation.h"

#include <criterion/criterion.h>

vdc_simulation *simulation_run(const char *text, const char *set) {
    vdc_diag diag = {0};
    vdc_simulation *sim = NULL;
    vdc_run_options options = {.text = text, .check = true, .sets = &set, .set_count = set ? 1 : 0};
    vdc_code code = vdc_simulation_open(&sim, "test.yaml", &options, &diag);
    if (!code) code = vdc_simulation_run_until(sim, VDC_TIME_MAX, &diag);
    cr_assert_eq(code, VDC_OK, "%s", diag.count ? diag.messages[0].text : "no message");
    cr_assert(vdc_simulation_checks_hold(sim));
    vdc_diag_clear(&diag);
    return sim;
}

double simulation_ask(vdc_simulation *simulation, const char *key) {
    vdc_value value;
    cr_assert(vdc_simulation_query(simulation, key, &value), "no key %s", key);
    return value.real;
}
