/* A scenario's text, opened and run for some events under --check. Errors must come with a message; invariants must hold. Programs and plug-ins are
 * not for a fuzzer to choose. */
#include "sim/base/memory.h"
#include "sim/vdcsim.h"
#include "tests/fuzz/fuzz.h"

enum { EVENTS = 100 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    char *text = vdc_strndup((const char *)data, size);
    if (!text) return 0;
    vdc_diag diag = {0};
    vdc_simulation *simulation = NULL;
    vdc_run_options options = {.text = text, .check = true, .programs = VDC_PROGRAMS_REFUSED};
    vdc_code code = vdc_simulation_open(&simulation, "fuzz.yaml", &options, &diag);
    REQUIRE(!code == !!simulation);
    if (!code) code = vdc_simulation_run_some(simulation, VDC_TIME_MAX, EVENTS, &diag);
    if (code) REQUIRE(diag.errors > 0);
    else REQUIRE(vdc_simulation_checks_hold(simulation));
    vdc_simulation_close(simulation);
    vdc_diag_clear(&diag);
    vdc_free(text);
    return 0;
}
