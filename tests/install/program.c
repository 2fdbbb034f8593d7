/* What a user's program looks like: it sees the installed header and library only. Runs two simulations side by side in one
 * process, step by step, and asks for the same sum in both.
 */
#include <stdio.h>
#include <vdcsim.h>
#include <vdcsim_policy.h>

int main(int count, char **words) {
    if (count != 2) return 2;
    vdc_diag diag = {0};
    vdc_simulation *simulations[2] = {NULL, NULL};
    vdc_run_options options = {0};
    vdc_code code = VDC_OK;
    double arrived[2] = {-1, -2};
    for (int i = 0; i < 2 && !code; i++) code = vdc_simulation_open(&simulations[i], words[1], &options, &diag);
    for (int running = 2; running > 0 && !code;) {
        running = 0;
        for (int i = 0; i < 2 && !code; i++) {
            code = vdc_simulation_step(simulations[i], &diag);
            vdc_progress_report report;
            vdc_simulation_progress(simulations[i], &report);
            if (!report.ended) running++;
        }
    }
    for (int i = 0; i < 2 && !code; i++) {
        vdc_value value;
        if (!vdc_simulation_query(simulations[i], "P_cpu_core_s", &value)) code = VDC_ERROR_STATE;
        else arrived[i] = value.real;
    }
    for (size_t i = 0; i < diag.count; i++) printf("%s\n", diag.messages[i].text);
    for (int i = 0; i < 2; i++) vdc_simulation_close(simulations[i]);
    vdc_diag_clear(&diag);
    printf("P_cpu_core_s %g and %g\n", arrived[0], arrived[1]);
    return code || arrived[0] != arrived[1] || !(arrived[0] > 0);
}
