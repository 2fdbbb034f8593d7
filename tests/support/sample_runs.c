/* Result files for the tests of comparisons, pictures and reports. */
#include "tests/support/sample_runs.h"

#include "sim/record/record.h"
#include "sim/vdcsim.h"

#include <criterion/criterion.h>
#include <stdio.h>

static const char head[] =
    "vdcsim: 1\nname: sample\ntime: {tick: 5min}\n"
    "datacenter: {hosts: [{class: server, count: 4, cpu: {cores: 8, speed: 2 GHz}, memory: 64 GiB, gpus: {count: 2, model: G1},\n"
    "  power: {model: linear, idle: 100 W, max: 250 W}}]}\n"
    "output: {hosts: every-tick}\nworkload:\n  vms:\n";

void sample_run(const char *path, const char *placement, unsigned long seed, const char *const *sets)
{
    static char text[sizeof head + SAMPLE_VMS * 160], policy[128];
    int used = snprintf(text, sizeof text, "%s", head);
    for (int i = 0; i < SAMPLE_VMS; i++) {
        used += snprintf(text + used, sizeof text - (size_t)used,
                         "    - {id: %d, tenant: t%d, arrival: %ds, lifetime: %dmin, vcpus: %d, memory: %d GiB%s}\n", i, i % SAMPLE_TENANTS,
                         240 * i, 20 + 37 * i % 90, 1 + 5 * i % 7, 1 + 11 * i % 13, i % 4 == 0 ? ", gpus: {count: 1, share: 50%}" : "");
    }
    const char *all[8] = {policy};
    size_t count = 1;
    snprintf(policy, sizeof policy, "schedulers.placement.policy=%s", placement);
    for (; sets && sets[count - 1] && count < 8; count++) {
        all[count] = sets[count - 1];
    }
    vdc_diag diag = {0};
    vdc_simulation *simulation;
    vdc_run_options options = {
        .text = text, .sets = all, .set_count = count, .has_seed = true, .seed = seed, .output = path, .force = true};
    vdc_code code = vdc_simulation_open(&simulation, "sample.yaml", &options, &diag);
    code = code ? code : vdc_simulation_run_until(simulation, VDC_TIME_MAX, &diag);
    code = code ? code : vdc_simulation_finish(simulation, &diag);
    cr_assert_eq(code, VDC_OK, "%s", diag.count ? diag.messages[0].text : "no message");
    vdc_simulation_close(simulation);
    vdc_diag_clear(&diag);
}

void sample_summary(const char *path, const char *placement, long long seed, const sample_metric *metrics, unsigned long count)
{
    vdc_record *record;
    vdc_diag diag = {0};
    char policies[128];
    snprintf(policies, sizeof policies, "admission=fifo placement=%s cpu=fair-share rebalance=none", placement);
    vdc_code code = vdc_record_create(&record, path, true, &diag);
    code = code ? code : vdc_record_attribute_integer(record, "format_version", 1, &diag);
    code = code ? code : vdc_record_attribute_text(record, "vdcsim_version", "test", &diag);
    code = code ? code : vdc_record_attribute_integer(record, "seed", seed, &diag);
    code = code ? code : vdc_record_attribute_text(record, "policies", policies, &diag);
    code = code ? code : vdc_record_summary(record, "name", VDC_CELL_TEXT, (vdc_cell){.text = "sample"}, "1", "scenario", &diag);
    for (unsigned long i = 0; i < count && !code; i++) {
        code = vdc_record_summary(record, metrics[i].key, VDC_CELL_REAL, (vdc_cell){.real = metrics[i].value}, metrics[i].units,
                                  metrics[i].name, &diag);
    }
    code = code ? code : vdc_record_finish(record, true, NULL, &diag);
    cr_assert_eq(code, VDC_OK, "%s", diag.count ? diag.messages[0].text : "no message");
    vdc_diag_clear(&diag);
}
