/* Scenarios: what every key becomes, the defaults, every kind of error with its message, what is not there yet, the
 * text that is kept for the result file, and the conformance cases.
 */
#include "sim/scenario/scenario.h"

#include "schedulers/registry.h"
#include "sim/base/yaml.h"
#include "tests/support/result_files.h"
#include "workloads/workload.h"

#include <criterion/criterion.h>
#include <criterion/logging.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define HOSTS "datacenter: {hosts: [{memory: 4 GiB}]}\n"
#define VMS "workload: {vms: [{vcpus: 1}]}\n"
#define SMALL "vdcsim: 1\n" HOSTS VMS

static vdc_scenario *open_text(const char *text, const char *const *sets, size_t set_count) {
    vdc_scenario *scenario;
    vdc_diag diag = {0};
    const vdc_scenario_options options = {.text = text, .sets = sets, .set_count = set_count};
    vdc_code code = vdc_scenario_open(&scenario, "dir/some-case.yaml", &options, &diag);
    cr_assert_eq(code, VDC_OK, "%s", diag.count ? diag.messages[0].text : "");
    vdc_diag_clear(&diag);
    return scenario;
}

/* Opening must fail with exactly these messages; * stands for a list that grows with what is registered. */
static void refuses(const char *text, const char *const *expected, size_t count) {
    vdc_scenario *scenario;
    vdc_diag diag = {0};
    const vdc_scenario_options options = {.text = text};
    vdc_code code = vdc_scenario_open(&scenario, "s.yaml", &options, &diag);
    cr_expect(code == VDC_ERROR_INPUT && !scenario, "%s", text);
    cr_expect_eq(diag.count, count, "%zu messages instead of %zu for\n%s", diag.count, count, text);
    for (size_t i = 0; i < diag.count && i < count; i++) {
        const char *found = diag.messages[i].text;
        size_t length = strlen(expected[i]), compared = length && expected[i][length - 1] == '*' ? length - 1 : SIZE_MAX;
        cr_expect_eq(strncmp(found, expected[i], compared), 0, "\n  found    %s\n  expected %s", found, expected[i]);
    }
    for (size_t i = count; i < diag.count; i++) cr_expect(false, "too much: %s", diag.messages[i].text);
    vdc_diag_clear(&diag);
}
#define REFUSES(text, ...) refuses(text, (const char *const[]){__VA_ARGS__}, sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *))

Test(scenario, defaults) {
    vdc_scenario *s = open_text(SMALL, NULL, 0);
    cr_expect_str_eq(s->name, "some-case");
    cr_expect(s->seed == 0 && !s->has_start && s->end_rule == VDC_END_LAST_VM && s->tick == 300 * VDC_SECOND);
    cr_assert_eq(s->class_count, 1);
    const vdc_scenario_class *c = &s->classes[0];
    cr_expect_str_eq(c->name, "host");
    cr_expect(c->count == 1 && c->sockets == 1 && c->cores == 1 && c->threads == 1 && c->numa == 1 && c->speed == 1000000000);
    cr_expect(c->memory == INT64_C(4) << 30 && c->disk == 0 && c->nic == 0 && c->gpus == 0 && !c->gpu_model && c->max_vms == 0);
    cr_expect(c->reserve_cpu == 0 && c->reserve_memory == 0 && !c->power.model && !c->labels && !s->has_power);
    cr_expect(s->zones == 1 && s->racks == 1 && !s->has_topology && !s->hosts_format);
    for (int r = 0; r < VDC_RESOURCES; r++) cr_expect(s->overcommit_num[r] == 1 && s->overcommit_den[r] == 1);
    cr_expect(!s->trace && !s->generate && s->vms);
    for (int kind = 0; kind < VDC_SCHEDULERS; kind++) {
        cr_expect_null(s->policies[kind]);
        cr_expect_not_null(vdc_policy_find((vdc_policy_kind)kind, vdc_scenario_default_policies[kind]));
    }
    cr_expect(s->admission_timeout == VDC_PARAM_NONE && s->admission_queue_limit == VDC_PARAM_NONE);
    cr_expect(!s->has_failures && s->failures.count == 0 && s->recovery == VDC_RECOVERY_RESTART && s->max_failures == VDC_PARAM_NONE);
    cr_expect(!s->empty_host_off && !s->down_host_idle && s->pue == 1 && s->carbon.count == 0);
    cr_expect(s->output_ticks && !s->output_events && s->output_hosts == VDC_OUTPUT_NONE && s->output_vms == VDC_OUTPUT_FINAL);
    cr_expect_str_eq(s->text, SMALL, "the text as written");
    vdc_scenario_close(s);
    vdc_scenario_close(NULL);
}

Test(scenario, every_key_has_its_effect, .init = (void (*)(void))test_folder_make, .fini = test_folder_remove) {
    static const char text[] =
        "vdcsim: 1\nname: two-classes\nseed: 42\ntime: {start: 2022-01-01T00:00:00Z, end: 2h, tick: 10s}\n"
        "datacenter:\n  hosts:\n"
        "    - class: hp-g5\n      count: 400\n      cpu: {sockets: 2, cores: 16, threads: 1, numa: 1, speed: 2.6 GHz, smt_yield: 30%}\n"
        "      memory: 256 GiB\n      disks: [{size: 2 TiB, iops: 100000, bandwidth: 2 GB/s}, {size: 1 TiB}]\n      nic: 25 Gbit/s\n"
        "      gpus: {count: 8, model: V100M32}\n      power: {model: linear, idle: 100 W, max: 200 W}\n      labels: {pool: general}\n"
        "      reserve: {cpu: 1.5, memory: 6 GiB}\n      max_vms: 30\n"
        "    - {class: other, memory: 0 B, power: {model: constant, max: 0 W}}\n"
        "  topology: {zones: 2, racks: 20}\n  overcommit: {cpu: 1.5, memory: 110%}\n"
        "workload:\n  vms: [{vcpus: 1}]\n"
        "schedulers:\n  admission: {policy: priority, timeout: 5min, queue_limit: 7}\n  placement: {policy: best-fit, norm: l2}\n"
        "  cpu: {policy: fair-share}\n  rebalance: {policy: none}\n"
        "failures:\n  trace: {rows: [[300s, 1h, 100%], [0s, 5, 0.25]], repeat: true}\n  recovery: {policy: none, max_failures: 10}\n"
        "power: {empty_host: on, down_host: idle, pue: 1.25, carbon: {trace: carbon.csv}}\n"
        "output: {ticks: false, hosts: final, vms: every-tick, events: true}\n";
    test_file_write(test_folder_path("carbon.csv"), "timestamp,carbon_intensity\n0,5\n", 31);
    test_file_write(test_folder_path("s.yaml"), text, sizeof text - 1);
    vdc_scenario *s;
    vdc_diag diag = {0};
    vdc_code code = vdc_scenario_open(&s, test_folder_path("s.yaml"), NULL, &diag);
    cr_assert_eq(code, VDC_OK, "%s", diag.count ? diag.messages[0].text : "");
    cr_expect_str_eq(s->name, "two-classes");
    cr_expect(s->seed == 42 && s->has_start && s->start == INT64_C(1640995200) * VDC_SECOND && s->end_rule == VDC_END_DURATION);
    cr_expect(s->end == 7200 * VDC_SECOND && s->tick == 10 * VDC_SECOND && s->class_count == 2);
    const vdc_scenario_class *c = &s->classes[0];
    cr_expect(c->count == 400 && c->sockets == 2 && c->cores == 16 && c->speed == INT64_C(2600000000) && c->smt_yield == 0.3);
    cr_expect(c->disk == INT64_C(3) << 40 && c->iops == 100000 && c->disk_bandwidth == INT64_C(2000000000) && c->nic == INT64_C(3125000000));
    cr_expect(c->gpus == 8 && strcmp(c->gpu_model, "V100M32") == 0 && c->reserve_cpu == 1500 && c->reserve_memory == INT64_C(6) << 30);
    cr_expect(c->max_vms == 30 && c->power.model && c->power.idle == 100 && c->place.line == 7 && vdc_node_get(c->labels, "pool"));
    cr_expect(s->has_power && s->zones == 2 && s->racks == 20 && s->has_topology);
    cr_expect(s->overcommit_num[VDC_CPU] == 3 && s->overcommit_den[VDC_CPU] == 2);
    cr_expect(s->overcommit_num[VDC_MEMORY] == 11 && s->overcommit_den[VDC_MEMORY] == 10 && s->overcommit_num[VDC_DISK] == 1);
    cr_expect(s->policies[VDC_PLACEMENT] && s->admission_timeout == 300 * VDC_SECOND && s->admission_queue_limit == 7);
    cr_expect(s->has_failures && s->failures.count == 2 && s->failures_repeat && s->recovery == VDC_RECOVERY_NONE && s->max_failures == 10);
    cr_expect(s->failures.rows[0].wait == 300 * VDC_SECOND && s->failures.rows[0].duration == 3600 * VDC_SECOND);
    cr_expect(s->failures.rows[0].share_ppb == VDC_SHARE_ALL && s->failures.rows[1].share_ppb == VDC_SHARE_ALL / 4);
    cr_expect(s->down_host_idle && s->pue == 1.25 && s->carbon.count == 1 && s->carbon.value[0] == 5);
    cr_expect(!s->output_ticks && s->output_events && s->output_hosts == VDC_OUTPUT_FINAL && s->output_vms == VDC_OUTPUT_EVERY_TICK);
    cr_assert_eq(s->inputs.count, 1);
    cr_expect_str_eq(s->inputs.items[0].name, "carbon.csv");

    vdc_names *models;
    vdc_isolation_specs specs;
    vdc_host_class class;
    cr_assert_eq(vdc_isolation_specs_create(&specs, NULL), VDC_OK);
    cr_assert_eq(vdc_names_create(&models, NULL), VDC_OK);
    cr_assert_eq(vdc_scenario_host_class(s, 0, models, &specs, &class, NULL), VDC_OK);
    cr_expect_str_eq(class.name, "hp-g5");
    cr_expect(class.count == 400 && class.sockets == 2 && class.cores == 16 && class.threads == 1 && class.max_vms == 30 && class.gpus == 8);
    cr_expect(class.gpu_model == 1 && class.smt_yield_ppm == 300000 && class.power.model == c->power.model);
    cr_expect(class.physical[VDC_CPU] == 30500 && class.capacity[VDC_CPU] == 45750 && class.cpu_hz == INT64_C(79300000000));
    cr_expect(class.physical[VDC_MEMORY] == INT64_C(250) << 30 && class.capacity[VDC_MEMORY] == INT64_C(275) << 30);
    cr_expect(class.capacity[VDC_GPU] == 8000 && class.capacity[VDC_NET_RX] == INT64_C(3125000000) && class.capacity[VDC_IOPS] == 100000);
    vdc_free(class.name);
    vdc_isolation_specs_destroy(&specs);
    vdc_names_destroy(models);
    vdc_scenario_close(s);
    vdc_diag_clear(&diag);
}

Test(scenario, what_is_missing) {
    REFUSES("name: x\n", "s.yaml:1:1: scenario: the key 'vdcsim' is missing: the version of the scenario format: 1",
            "s.yaml:1:1: scenario: the key 'datacenter' is missing: the hosts and how far they may be promised",
            "s.yaml:1:1: scenario: the key 'workload' is missing: where VMs come from: trace, generate, vms, or any mix");
    REFUSES("vdcsim: 1\ndatacenter: {}\nworkload: {}\n",
            "s.yaml:2:13: datacenter: the key 'hosts' is missing: a list of host classes, or {format, path} of a file of hosts",
            "s.yaml:3:11: workload: is empty; allowed: trace, generate, vms, or any mix");
    REFUSES("vdcsim: 1\n" VMS "datacenter: {hosts: [{count: 2}, {memory: 1, gpus: {model: x}}]}\npower: {carbon: {}}\nfailures: {trace: {}}\n",
            "s.yaml:3:22: datacenter.hosts[]: the key 'memory' is missing: the host's memory, such as 256 GiB",
            "s.yaml:3:52: datacenter.hosts[].gpus: the key 'count' is missing: devices a host",
            "s.yaml:5:19: failures.trace: found neither rows nor path; allowed: either rows or path",
            "s.yaml:4:17: power.carbon: the key 'trace' is missing: a CSV of timestamp (ms since 1970) and carbon_intensity (g/kWh); needs time.start");
}

Test(scenario, wrong_values_of_single_keys) {
    REFUSES("vdcsim: 2\nname: a/b\nseed: -1\n" HOSTS VMS,
            "s.yaml:1:9: scenario: vdcsim: found the number 2, which is too large; allowed: a whole number, from 1 to 1",
            "s.yaml:3:7: scenario: seed: found the number -1, which is negative; allowed: a whole number, at least 0",
            "s.yaml:2:7: name: is not fit to name a file: 1 to 200 characters, no '/', no '.' in front, no control characters");
    REFUSES(
        SMALL "time: {start: yesterday, end: last-vn}\n",
        "s.yaml:4:15: time: start: found 'yesterday', which is not a date and time such as 2022-01-01T00:00:00Z",
        "s.yaml:4:31: time: end: found 'last-vn', which is not a number (did you mean 'last-vm'?); allowed: last-vm, last-arrival or a time such as "
        "90s, 5min, 2h, 7d (ns us ms s min h d w; a bare number is seconds)");
    REFUSES(
        SMALL "time: {tick: 0s}\nschedulers: {admission: {timeout: never, queue_limit: -2}}\n",
        "s.yaml:4:14: time: tick: found the text '0s', which is too small; allowed: a time such as 90s, 5min, 2h, 7d (ns us ms s min h d w; a bare "
        "number is seconds), above 0",
        "s.yaml:5:35: schedulers.admission: timeout: found the text 'never', which is not a number; allowed: 'none' or a time such as 90s, 5min, 2h, "
        "7d (ns us ms s min h d w; a bare number is seconds), at least 0 s",
        "s.yaml:5:55: schedulers.admission: queue_limit: found the number -2, which is negative; allowed: 'none' or a whole number, at least 0");
    REFUSES(SMALL "output: {ticks: yes, hosts: all, vms: every_tick}\npower: {pue: 0.9, down_host: of}\n",
            "s.yaml:5:14: power: pue: found the number 0.9, which is too small; allowed: a plain number, from 1 to 100",
            "s.yaml:5:30: power: down_host: found the text 'of' (did you mean 'off'?); allowed: off or idle",
            "s.yaml:4:17: output: ticks: found the text 'yes'; allowed: true or false",
            "s.yaml:4:29: output: hosts: found the text 'all'; allowed: none, final or every-tick",
            "s.yaml:4:39: output: vms: found the text 'every_tick' (did you mean 'every-tick'?); allowed: none, final or every-tick");
}

Test(scenario, unknown_keys_anywhere) {
    REFUSES(SMALL "wrokload: 1\ntime: {tik: 1}\nschedulers: {placment: {}, placement: {polcy: best-fit}}\noutput: {tick: true}\n",
            "s.yaml:4:1: scenario: unknown key 'wrokload' (did you mean 'workload'?); allowed: vdcsim, name, seed, time, datacenter, workload, "
            "schedulers, isolation, attack, lifecycle, migration, memory, failures, networks, operations, power, prices, alarms or output",
            "s.yaml:5:8: time: unknown key 'tik' (did you mean 'tick'?); allowed: start, end or tick",
            "s.yaml:6:14: schedulers: unknown key 'placment' (did you mean 'placement'?); allowed: admission, placement, cpu or rebalance",
            "s.yaml:6:40: placement policy first-fit: unknown key 'polcy' (did you mean 'policy'?); allowed: policy",
            "s.yaml:7:10: output: unknown key 'tick' (did you mean 'ticks'?); allowed: ticks, hosts, vms, events or fairness");
}

Test(scenario, hosts_that_cannot_be) {
#define HOST(text) "vdcsim: 1\n" VMS "datacenter: {hosts: [" text "]}\n"
    REFUSES("vdcsim: 1\n" VMS "datacenter: {hosts: 5}\n",
            "s.yaml:3:21: datacenter: hosts: found the number 5; allowed: a list of host classes, or a mapping {format, path}");
    REFUSES(HOST(""), "s.yaml:3:21: datacenter: hosts: found a list of 0 classes; allowed: 1 to 65535");
    REFUSES(HOST("{memory: 1, count: 0, cpu: {cores: 2.5, sockets: 65, speed: 0 Hz}}"),
            "s.yaml:3:41: datacenter.hosts[]: count: found the number 0, which is too small; allowed: a whole number, from 1 to 100000000",
            "s.yaml:3:57: datacenter.hosts[].cpu: cores: found the number 2.5, which is not a whole number; allowed: a whole number, from 1 to 1024",
            "s.yaml:3:71: datacenter.hosts[].cpu: sockets: found the number 65, which is too large; allowed: a whole number, from 1 to 64",
            "s.yaml:3:82: datacenter.hosts[].cpu: speed: found the text '0 Hz', which is too small; allowed: a frequency such as 2600 MHz, 2.6 GHz "
            "(Hz kHz MHz GHz THz; a bare number is Hz), from 1 to 1000000000000 Hz");
    REFUSES(
        HOST("{memory: -1 GiB, nic: 5 s, disks: {size: 1}, labels: [x]}"),
        "s.yaml:3:31: datacenter.hosts[]: memory: found the text '-1 GiB', which is negative; allowed: a size such as 512 MiB, 4 GiB, 2 TB (B kB MB "
        "GB "
        "TB PB KiB MiB GiB TiB PiB; a bare number is bytes), at least 0 B",
        "s.yaml:3:44: datacenter.hosts[]: nic: found the text '5 s', which has no known unit of a data rate; allowed: a data rate such as 25 Gbit/s, "
        "2 GB/s (bit/s kbit/s ... Tbit/s, B/s kB/s ... PiB/s; a bare number is bytes per second), at least 0 B/s",
        "s.yaml:3:56: disks: found a mapping; allowed: a list of {size, iops, bandwidth}",
        "s.yaml:3:75: labels: found a list; allowed: a mapping (key: text)");
    REFUSES(
        HOST("{class: a, memory: 1, reserve: {cpu: 1}}, {class: b, memory: 1, reserve: {memory: 2}}, {class: a, memory: 1}, {class: '', memory: 1}"),
        "s.yaml:3:22: datacenter.hosts[]: reserve: cpu leaves nothing of the host's hardware threads",
        "s.yaml:3:64: datacenter.hosts[]: reserve: memory is more than the host has",
        "s.yaml:3:109: datacenter.hosts[]: class: the name is used by a class before", "s.yaml:3:132: datacenter.hosts[]: class: the name is empty");
    REFUSES("vdcsim: 1\n" VMS "datacenter: {hosts: [{memory: 9223372036854775807}], overcommit: {memory: 2}}\n",
            "s.yaml:3:22: datacenter.hosts[]: the host is too large: with overcommit its capacity exceeds 2^63");
    REFUSES(HOST("{class: a, count: 8388608, memory: 1 TiB}"),
            "s.yaml:3:22: datacenter.hosts[]: the datacenter is too large: the sum of its capacities exceeds 2^63");
    REFUSES(HOST("{memory: 1, disks: [{size: 5000 PiB}, {size: 5000 PiB}], cpu: {sockets: 8, cores: 16, numa: 16}}"),
            "s.yaml:3:60: disks: their sum is too large", "s.yaml:3:84: cpu: a host has at most 64 NUMA nodes");
    REFUSES(
        "vdcsim: 1\n" VMS "datacenter: {hosts: [{memory: 1}], overcommit: {cpu: 0, memory: 1.0000000001}, topology: {zones: 3, racks: 2}}\n",
        "s.yaml:3:90: datacenter.topology: there are fewer racks than zones",
        "s.yaml:3:54: datacenter.overcommit: cpu: found the number 0, which is too small; allowed: a ratio such as 0.3 or 30%, from 0.001 to 1000");
    REFUSES("vdcsim: 1\n" VMS "datacenter: {hosts: [{memory: 1}], overcommit: {memory: 1.0000000001}}\n",
            "s.yaml:3:57: datacenter.overcommit: memory: found '1.0000000001', which has more than 9 decimal places");
    REFUSES(HOST("{memory: 1, power: {model: linaer}}"),
            "s.yaml:3:49: model: found the text 'linaer' (did you mean 'linear'?); allowed: *");
}

Test(scenario, failures_that_cannot_be) {
    REFUSES(SMALL "failures: {trace: {rows: [[1s, 2s], [1s, 2s, 130%], 5, [-1s, x, 1]], path: x.csv}}\n",
            "s.yaml:4:19: failures.trace: found rows and path; allowed: either rows or path");
    REFUSES(
        SMALL "failures: {trace: {rows: [[1s, 2s], [1s, 2s, 130%], 5, [-1s, x, 1]]}, recovery: {policy: restrat, max_failures: 0}}\n",
        "s.yaml:4:90: failures.recovery: policy: found the text 'restrat' (did you mean 'restart'?); allowed: restart, none, elsewhere, in-place or standby",
        "s.yaml:4:113: failures.recovery: max_failures: found the number 0, which is too small; allowed: 'none' or a whole number, at least 1",
        "s.yaml:4:27: failures.trace: rows: found a list of another length; allowed: [time since the previous recovery, duration, share of the "
        "hosts]",
        "s.yaml:4:46: found the text '130%', which is too large; allowed: a ratio such as 0.3 or 30%, from 0 to 1",
        "s.yaml:4:53: failures.trace: rows: found the number 5; allowed: [time since the previous recovery, duration, share of the hosts]",
        "s.yaml:4:57: found the text '-1s', which is negative; allowed: a time such as 90s, 5min, 2h, 7d (ns us ms s min h d w; a bare number is "
        "seconds), at least 0 s",
        "s.yaml:4:62: found the text 'x', which is not a number; allowed: a time such as 90s, 5min, 2h, 7d (ns us ms s min h d w; a bare number is "
        "seconds), at least 0 s");
    REFUSES(SMALL "failures: {trace: {rows: [[0s, 0s, 1], [0, 0ns, 1]], repeat: true}}\n",
            "s.yaml:4:19: failures.trace: repeat: the rows take no time, so they would repeat for ever at one instant");
    REFUSES(SMALL "failures: {trace: {rows: 3}}\n",
            "s.yaml:4:26: rows: found the number 3; allowed: a list of [time since the previous recovery, duration, share of the hosts]");
    vdc_scenario *s = open_text(SMALL "failures: {trace: {rows: []}}\n", NULL, 0);
    cr_expect(s->has_failures && s->failures.count == 0);
    vdc_scenario_close(s);
}

Test(scenario, files_that_are_not_there) {
    REFUSES("vdcsim: 1\n" HOSTS
            "workload: {trace: {format: opendc, path: no/where}}\nfailures: {trace: {path: f.csv}}\npower: {carbon: {trace: c.csv}}\n"
            "time: {start: 2022-01-01T00:00:00Z}\n",
            "s.yaml:3:42: path: no/where cannot be read: No such file or directory",
            "s.yaml:4:26: path: the file 'f.csv' cannot be read: No such file or directory",
            "s.yaml:5:25: trace: the file 'c.csv' cannot be read: No such file or directory");
}

Test(scenario, policies_and_workloads_are_checked_in_the_same_pass) {
    REFUSES(
        "vdcsim: 1\n" HOSTS "workload: {vms: [{vcpus: 1, memroy: 5}, {vcpus: -1}], trace: {format: opendk, path: x}}\n"
        "schedulers: {placement: {policy: best_fit}, cpu: fair-share, admission: {policy: fifo, depth: 1}}\n",
        "s.yaml:3:71: format: unknown trace format 'opendk' (did you mean 'opendc'?); known are *",
        "s.yaml:3:29: VM: unknown key 'memroy' (did you mean 'memory'?); allowed: id, name, tenant, group, arrival, lifetime, "
        "predicted_lifetime, load, vcpus, memory, disk, iops, disk_bandwidth, net_tx, net_rx, numa_nodes, dirty_rate, priority, cpu, gpus, "
        "checkpoint, isolation, interference, memory_load, operations, network, vnics, traffic, volumes or io",
        "s.yaml:3:49: VM: vcpus: found the number -1, which is negative; allowed: a number such as 2 or 1.5, at least 0",
        "s.yaml:4:88: admission policy fifo: unknown key 'depth'; allowed: policy, timeout, queue_limit, retry or preemption",
        "s.yaml:4:34: policy: found the text 'best_fit' (did you mean 'best-fit'?); allowed: *",
        "s.yaml:4:50: cpu policy fair-share: found the text 'fair-share'; allowed: a mapping (key: value)");
}

/* Wherever a policy can be named; a plug-in is not even looked for. */
Test(scenario, programs_are_refused_where_they_are_not_wanted, .init = (void (*)(void))test_folder_make, .fini = test_folder_remove) {
    static const char *const texts[] = {
        SMALL "schedulers: {placement: {policy: process, command: [no-such-program]}}\n",
        SMALL "schedulers: {placement: {policy: plugin, path: no-such.so}}\n",
        SMALL "schedulers:\n  placement: {policy: filter-weigh, weighers: [{by: memory}, {policy: plugin, path: no-such.so}]}\n",
        SMALL "schedulers: {rebalance: {policy: drain, place: {policy: process, command: [no-such-program]}}}\n",
        SMALL "schedulers: {placement: &a {policy: plugin, path: no-such.so}, rebalance: {policy: drain, place: *a}}\n",
        "extends: base.yaml\n",
        SMALL,
    };
    static const char *const set[] = {"schedulers.placement={policy: plugin, path: no-such.so}"};
    test_file_write(test_folder_path("base.yaml"), texts[2], strlen(texts[2]));
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        vdc_scenario *scenario;
        vdc_diag diag = {0};
        const vdc_scenario_options options = {.text = texts[i], .sets = set, .set_count = texts[i] == texts[6], .no_programs = true};
        cr_expect_eq(vdc_scenario_open(&scenario, test_folder_path("s.yaml"), &options, &diag), VDC_ERROR_INPUT, "%s", texts[i]);
        cr_expect(diag.count == 1 && strstr(diag.messages[0].text, "--programs allows that"), "%s: %s", texts[i], diag.count ? diag.messages[0].text : "?");
        vdc_diag_clear(&diag);
    }
}

Test(scenario, plain_values_of_what_came_later) {
    vdc_scenario *s = open_text(
        "vdcsim: 1\n" VMS "datacenter: {hosts: [{memory: 1, cpu: {threads: 1.0, numa: 1}}]}\nisolation: ~\npower: {empty_host: on}\n", NULL, 0);
    vdc_scenario_close(s);
}

Test(scenario, the_kept_text_stands_by_itself, .init = (void (*)(void))test_folder_make, .fini = test_folder_remove) {
    cr_assert_eq(mkdir(test_folder_path("lib"), 0700), 0);
    static const char base[] =
        "power: {carbon: {trace: c.csv}}\nfailures: {trace: {path: sub/f.csv}}\nseed: 1\nworkload: {trace: {format: vdcsim, path: t.csv}, "
        "generate: {count: 1, arrivals: {dist: exponential, mean: 1s}, lifetime: {dist: empirical, path: l.csv}, flavors: [{vcpus: 1}],"
        " load: {kind: trace, path: own}}}\ndatacenter: {hosts: {format: alibaba-openb, path: h.csv}}\n";
    static const char top[] = "vdcsim: 1\nextends: lib/base.yaml\ntime: {start: 2022-01-01T00:00:00Z}\n"
                              "workload: {trace: {count: 1}, generate: {lifetime: {weights: ~}, load: {step: 1min}}}\n"
                              "datacenter: {hosts: {tie_break: random}}\n";
    test_file_write(test_folder_path("lib/base.yaml"), base, sizeof base - 1);
    test_file_write(test_folder_path("s.yaml"), top, sizeof top - 1);
    cr_assert_eq(mkdir(test_folder_path("lib/sub"), 0700), 0);
    test_file_write(test_folder_path("lib/c.csv"), "timestamp,carbon_intensity\n0,5\n", 31);
    test_file_write(test_folder_path("lib/t.csv"), "arrival_s,lifetime_s,vcpus\n0,5,1\n", 33);
    test_file_write(test_folder_path("lib/l.csv"), "value_s\n5\n", 10);
    test_file_write(test_folder_path("lib/sub/f.csv"), "failure_interval,failure_duration,failure_intensity\n", 52);
    vdc_scenario *s, *again;
    vdc_diag diag = {0};
    test_file_write(test_folder_path("own.csv"), "arrival_s,lifetime_s,vcpus\n0,5,1\n", 33);
    cr_assert_eq(mkdir(test_folder_path("lib/own"), 0700), 0);
    test_file_write(test_folder_path("lib/own/load"), "5\n", 2);
    const char *const sets[] = {"time.tick=1min", "power.pue=2"};
    vdc_scenario_options options = {.sets = sets, .set_count = 2, .has_seed = true, .seed = 99};
    vdc_code code = vdc_scenario_open(&s, test_folder_path("s.yaml"), &options, &diag);
    cr_assert_eq(code, VDC_OK, "%s", diag.count ? diag.messages[0].text : "");
    static const char expected[] =
        "power:\n  carbon:\n    trace: lib/c.csv\n  pue: 2\nfailures:\n  trace:\n    path: lib/sub/f.csv\nseed: 99\nworkload:\n  trace:\n"
        "    format: vdcsim\n    path: lib/t.csv\n    count: 1\n  generate:\n    count: 1\n    arrivals:\n      dist: exponential\n      mean: 1s\n"
        "    lifetime:\n      dist: empirical\n      path: lib/l.csv\n      weights: ~\n    flavors:\n      - {vcpus: 1}\n"
        "    load:\n      kind: trace\n      path: lib/own\n      step: 1min\n"
        "datacenter:\n  hosts:\n    format: alibaba-openb\n    path: lib/h.csv\n    tie_break: random\nvdcsim: 1\n"
        "time:\n  start: \"2022-01-01T00:00:00Z\"\n  tick: 1min\n";
    cr_expect_str_eq(s->text, expected, "%s", s->text);
    cr_expect_eq(s->seed, 99);
    cr_expect_str_eq(s->inputs.items[0].name, "lib/sub/f.csv");
    cr_expect_str_eq(s->inputs.items[1].name, "lib/c.csv");

    /* The text alone gives the same scenario. */
    options = (vdc_scenario_options){.text = s->text};
    cr_assert_eq(vdc_scenario_open(&again, test_folder_path("anything.yaml"), &options, &diag), VDC_OK);
    cr_expect_str_eq(again->text, s->text);
    cr_expect_str_eq(again->sha256, s->sha256);
    cr_expect(again->seed == 99 && again->pue == 2 && again->carbon.count == 1 && again->tick == 60 * VDC_SECOND);
    vdc_scenario_close(again);
    vdc_scenario_close(s);

    /* A path of an overlay starts from the scenario's own folder, wherever the section around it was written. */
    const char *const own[] = {"workload.trace.path=own.csv"};
    options = (vdc_scenario_options){.sets = own, .set_count = 1};
    code = vdc_scenario_open(&s, test_folder_path("s.yaml"), &options, &diag);
    cr_expect_eq(code, VDC_OK, "%s", diag.count ? diag.messages[0].text : "");
    vdc_scenario_close(s);
    vdc_diag_clear(&diag);
}

Test(scenario, what_does_not_go_together) {
    REFUSES(SMALL "power: {carbon: {trace: tests/unit/test_scenario.c}}\n", "s.yaml:4:25: power.carbon: trace: needs time.start, the date and time of clock 0",
            "tests/unit/test_scenario.c:1: the header has no column timestamp", "tests/unit/test_scenario.c:1: the header has no column carbon_intensity");
    REFUSES("vdcsim: 1\n" VMS "datacenter: {hosts: [{memory: 1, cpu: {cores: 2, numa: 4}}]}\n",
            "s.yaml:3:56: cpu: numa: found 4 NUMA nodes in a socket of 2 cores; allowed: at most one a core");
    REFUSES(SMALL "prices: {energy: {price: 1}}\n", "s.yaml:4:18: prices.energy: no class of hosts has a power model*");
    REFUSES(SMALL "failures: {groups: [{group: a, up: 1}, {group: b, up: 1}, {group: a, up: 2}]}\n", "s.yaml:4:67: failures.groups: has 'a' twice");
    REFUSES("vdcsim: 1\n" VMS "datacenter: {hosts: {format: alibaba-openb, path: h.csv, racks: r.csv}, topology: {zones: 2, racks: 3},"
            " storage: [{name: p, size: 1 GiB, rack: 5}]}\n",
            "s.yaml:3:101: datacenter.topology: racks: does not go with datacenter.hosts.racks, a file of racks (in one zone)",
            "s.yaml:3:91: datacenter.topology: zones: does not go with datacenter.hosts.racks, a file of racks (in one zone)");
    REFUSES("vdcsim: 1\n" VMS "datacenter: {hosts: {format: alibaba-openB, path: h.csv}}\n",
            "s.yaml:3:30: format: found the text 'alibaba-openB' (did you mean 'alibaba-openb'?); allowed: alibaba-openb or huawei-topology");
    REFUSES("vdcsim: 1\n" HOSTS "workload: {trace: {format: generate, count: 3}}\n",
            "s.yaml:3:28: format: unknown trace format 'generate'; known are vdcsim, a*");
    REFUSES("vdcsim: 1\n" HOSTS "workload: {generate: {format: generate, count: 1, arrivals: {dist: constant, value: 1s}, flavors: [{vcpus: 1}]}}\n",
            "s.yaml:3:23: generate: unknown key 'format'; allowed: *");
    /* Ids of VMs that are alive together; not where one has ended, or may have been ended. */
#define IDS(first) "vdcsim: 1\n" HOSTS "workload:\n  vms:\n    - {id: 7, arrival: 1min, vcpus: 1}\n    - {id: 7, vcpus: 1, " first "}\n"
    REFUSES(IDS("lifetime: 61s"), "s.yaml:5:12: VM: id: found 7, the id of the VM at line 6, which is still alive when this one arrives");
    REFUSES(IDS("load: {segments: [[1s, 1], [1h, 0]]}"), "s.yaml:5:12: VM: id: found 7, the id of *");
    vdc_scenario_close(open_text(IDS("lifetime: 60s"), NULL, 0));
    vdc_scenario_close(open_text(IDS("lifetime: 1h, load: {segments: [[1s, 1], [9s, 0]]}"), NULL, 0));
    vdc_scenario_close(open_text(IDS("operations: [{at: 5s, do: delete}]"), NULL, 0));
    vdc_scenario_close(open_text(IDS("lifetime: 1h") "operations: [{at: 5s, do: delete, vm: 7}]\n", NULL, 0));
#undef IDS
}

/* One mistake does not hide those behind it. */
Test(scenario, errors_do_not_come_in_stages) {
    REFUSES("vdcsim: 1\n" HOSTS "time: {start: 2022-02-30, end: lastvm, tick: 0}\n"
            "workload: {vms: [{id: 1, vcpu: 1, priority: hihg, cpu: {weight: 0}, volumes: [{size: 1 GiB}], load: {segments: 3}}]}\n",
            "s.yaml:3:46: time: tick: found the number 0, which is too small; *", "s.yaml:3:15: time: start: found '2022-02-30', which *",
            "s.yaml:3:32: time: end: found 'lastvm', which is not a number (did you mean 'last-vm'?); *",
            "s.yaml:4:26: VM: unknown key 'vcpu' (did you mean 'vcpus'?); *", "s.yaml:4:18: VM: the key 'vcpus' is missing: *",
            "s.yaml:4:45: VM: priority: found the text 'hihg'; *", "s.yaml:4:65: VM: cpu: weight: found the number 0, which is too small; *",
            "s.yaml:4:112: VM: load: segments: found the number 3; *");
}

Test(scenario, overlays_are_checked_like_what_is_written) {
    static const char *const sets[] = {"time.tik=5", "seed=x"};
    vdc_scenario *scenario;
    vdc_diag diag = {0};
    const vdc_scenario_options options = {.text = SMALL, .sets = sets, .set_count = 2};
    cr_expect_eq(vdc_scenario_open(&scenario, "d/s.yaml", &options, &diag), VDC_ERROR_INPUT);
    cr_assert_eq(diag.count, 2);
    cr_expect_str_eq(diag.messages[0].text,
                     "d/s.yaml --set seed: scenario: seed: found the text 'x', which is not a number; allowed: a whole number, at least 0");
    cr_expect_str_eq(diag.messages[1].text, "d/s.yaml --set time.tik: time: unknown key 'tik' (did you mean 'tick'?); allowed: start, end or tick");
    vdc_diag_clear(&diag);
}

Test(scenario, names_come_from_the_file_where_none_is_given) {
    static const struct { const char *path, *name; } cases[] = {
        {"a/b/first.yaml", "first"}, {"x.yml", "x"}, {"plain", "plain"}, {"a.b.yaml", "a.b"}, {"dir/.yaml", "scenario"}, {"other.json", "other.json"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        vdc_scenario *scenario;
        const vdc_scenario_options options = {.text = SMALL};
        cr_assert_eq(vdc_scenario_open(&scenario, cases[i].path, &options, NULL), VDC_OK);
        cr_expect_str_eq(scenario->name, cases[i].name);
        vdc_scenario_close(scenario);
    }
}

/* Every row of every table: its default parses, its choices are there, no key is described twice. */
static void check_table(const char *name, const vdc_param *params, size_t count) {
    for (size_t i = 0; i < count; i++) {
        cr_expect(params[i].name && *params[i].name && params[i].help && *params[i].help, "%s: row %zu", name, i);
        for (size_t k = 0; k < i; k++) cr_expect_str_neq(params[i].name, params[k].name, "%s", name);
        if (params[i].type == VDC_PARAM_CHOICE) cr_expect(params[i].choices && params[i].choices[0], "%s: %s", name, params[i].name);
        if (!params[i].fallback || params[i].type == VDC_PARAM_NODE) continue;
        vdc_param row = params[i];
        row.offset = 0;
        int64_t field[2];
        vdc_diag diag = {0};
        cr_expect_eq(vdc_params_read(NULL, &row, 1, field, NULL, name, &diag), VDC_OK, "%s: the default of %s", name, row.name);
        vdc_diag_clear(&diag);
    }
}

Test(scenario, tables_are_sound) {
    for (size_t i = 0; i < vdc_scenario_section_count; i++) {
        const vdc_scenario_section *section = &vdc_scenario_sections[i];
        cr_expect(section->path && section->help && section->count > 0);
        check_table(section->path, section->params, section->count);
    }
    for (size_t i = 0; vdc_workload_types[i]; i++)
        check_table(vdc_workload_types[i]->name, vdc_workload_types[i]->params, vdc_workload_types[i]->param_count);
    for (size_t i = 0; vdc_policies[i]; i++) check_table(vdc_policies[i]->name, vdc_policies[i]->params, vdc_policies[i]->param_count);
}

Test(scenario, every_allocation_may_fail, .init = (void (*)(void))test_folder_make, .fini = test_folder_remove) {
    test_file_write(test_folder_path("c.csv"), "timestamp,carbon_intensity\n0,5\n", 31);
    static const char text[] =
        SMALL "time: {start: 1970-01-01T00:00:00Z}\npower: {carbon: {trace: c.csv}}\n"
        "failures: {trace: {rows: [[1, 2, 1]]}}\nschedulers: {placement: {policy: best-fit}}\n";
    static const char *const sets[] = {"time.tick=1min"};
    const vdc_scenario_options options = {.text = text, .sets = sets, .set_count = 1, .has_seed = true, .seed = 3};
    for (uint64_t n = 1;; n++) {
        cr_assert_lt(n, 2000);
        vdc_scenario *scenario;
        vdc_diag diag = {0};
        vdc_memory_fail_at(n, false);
        vdc_code code = vdc_scenario_open(&scenario, test_folder_path("s.yaml"), &options, &diag);
        vdc_memory_fail_at(0, false);
        cr_assert(code == VDC_OK || (!scenario && code == VDC_ERROR_MEMORY), "allocation %d gives %d: %s", (int)n, (int)code,
                  diag.count ? diag.messages[0].text : "");
        vdc_scenario_close(scenario);
        vdc_diag_clear(&diag);
        if (!code) break;
    }
}

/* The published cases of the format: every one is read without a word. */
Test(scenario, conformance_cases_are_read) {
    const char *shared = getenv("VDCSIM_SHARED");
    static const char *const folders[] = {"opendc", "cpu", "dslab"};
    size_t read = 0;
    for (int i = 0; i < 3; i++) {
        char pattern[512];
        glob_t found;
        (void)snprintf(pattern, sizeof pattern, "%s/conformance/%s/*.yaml", shared ? shared : "../shared", folders[i]);
        if (glob(pattern, 0, NULL, &found) != 0) {
            cr_log_info("skipped: %s is not there", pattern);
            continue;
        }
        for (size_t k = 0; k < found.gl_pathc; k++, read++) {
            vdc_scenario *scenario;
            vdc_diag diag = {0};
            cr_expect_eq(vdc_scenario_open(&scenario, found.gl_pathv[k], NULL, &diag), VDC_OK, "%s", diag.count ? diag.messages[0].text : "");
            cr_expect_eq(diag.count, 0);
            vdc_scenario_close(scenario);
            vdc_diag_clear(&diag);
        }
        globfree(&found);
    }
    cr_expect(read == 0 || read >= 35, "%zu cases", read);
}
