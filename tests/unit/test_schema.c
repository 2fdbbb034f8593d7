/* The JSON Schema of scenarios, judged by a validator that knows nothing of vdcsim (python3-jsonschema). */
#include "tests/support/command.h"
#include "tests/support/result_files.h"

#include <criterion/criterion.h>
#include <criterion/logging.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static const char scenario[] =
    "vdcsim: 1\nname: all\nseed: 3\ntime: {start: 2022-01-01T00:00:00Z, end: 2h, tick: 5min}\n"
    "datacenter:\n  hosts:\n    - {class: a, count: 2, cpu: {sockets: 2, cores: 16, speed: 2.6 GHz, smt_yield: 25%}, memory: 256 GiB, nic: 25 Gbit/s,\n"
    "       disks: [{size: 2 TiB, iops: 100000, bandwidth: 2 GB/s}], gpus: {count: 8, model: V100M32}, labels: {pool: general},\n"
    "       power: {model: linear, idle: 100 W, max: 200}, reserve: {cpu: 1.5, memory: 1 GiB}, max_vms: none}\n"
    "    - {class: 42, memory: 0}\n  topology: {zones: 1, racks: 20}\n  overcommit: {cpu: 4.0, memory: 110%}\n"
    "workload:\n  vms: [{id: 0, tenant: a, vcpus: 1.5, memory: 4 GiB, priority: high, load: {segments: [[10min, 1 GHz]]}}]\n"
    "schedulers: {admission: {timeout: none}, placement: {policy: best-fit, norm: l2}, cpu: {policy: fair-share}, rebalance: ~}\n"
    "failures: {trace: {rows: [[300s, 300s, 100%]], repeat: false}, recovery: {policy: restart, max_failures: 10}}\n"
    "power: {empty_host: on, down_host: off, pue: 1.2, carbon: {trace: c.csv}}\noutput: {ticks: true, hosts: none, vms: final, events: false}\n";

Test(schema, accepts_scenarios_and_refuses_mistakes, .init = (void (*)(void))test_folder_make, .fini = test_folder_remove) {
    command_result result = run_vdcsim("validate --schema");
    cr_assert_eq(result.status, 0, "%s", result.err);
    test_file_write(test_folder_path("schema.json"), result.out, strlen(result.out));
    test_file_write(test_folder_path("s.yaml"), scenario, sizeof scenario - 1);
    command_result_clear(&result);
    const char *python = getenv("PYTHON"), *shared = getenv("VDCSIM_SHARED");
    if (!python) python = access("/usr/bin/python3", X_OK) == 0 ? "/usr/bin/python3" : "python3";
    if (!shared) shared = "../shared";
    char command[1200];
    (void)snprintf(command, sizeof command,
                   "%s tests/support/check_schema.py '%s' '%s' $(ls '%s'/conformance/opendc/*.yaml '%s'/conformance/cpu/*.yaml "
                   "'%s'/conformance/dslab/*.yaml 2>/dev/null) 2>&1",
                   python, test_folder_path("schema.json"), test_folder_path("s.yaml"), shared, shared, shared);
    FILE *pipe = popen(command, "r");
    cr_assert_not_null(pipe);
    char output[4000];
    size_t length = fread(output, 1, sizeof output - 1, pipe);
    output[length] = '\0';
    int status = pclose(pipe);
    cr_assert(WIFEXITED(status));
    if (WEXITSTATUS(status) == 77) cr_log_info("%s", output);
    else cr_expect_eq(WEXITSTATUS(status), 0, "%s", output);
}
