/* Memory under pressure in whole runs worked out by hand, each under --check (I12: every byte of every VM and host is accounted for). */
#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "sim/base/memory.h"
#include "tests/support/draw.h"
#include "tests/support/simulation.h"

#define GIB 1073741824.0
#define HEAD "vdcsim: 1\nname: t\nseed: 1\ntime: {tick: 10s, end: 100s}\n"
#define HOST(size) "datacenter: {hosts: [{class: h, count: 1, cpu: {cores: 4, speed: 1 GHz}, memory: " size "}], overcommit: {memory: 4}}\n"

static void expect(vdc_simulation *sim, const char *key, double expected, double tolerance) {
    double got = simulation_ask(sim, key);
    cr_expect(fabs(got - expected) <= tolerance * fabs(expected), "%s: got %.17g, expected %.17g", key, got, expected);
}

/* Two VMs that work with 80 GiB each share 100: 30 of 80 are missing, so 20 000 x 3/8 faults of 100 us a CPU-second: 1 / 1.75 of it is progress. */
Test(memory, missing_working_sets_slow_vms_down) {
    vdc_simulation *sim = simulation_run(HEAD HOST("100 GiB") "memory: {low: 0%, high: 0%}\n"
                                         "workload: {vms: [{vcpus: 1, memory: 80 GiB}, {vcpus: 1, memory: 80 GiB}]}\n", NULL);
    expect(sim, "T_cpu_core_s", 200, 0);
    expect(sim, "U_cpu_core_s", 200 / 1.75, 1e-8);
    expect(sim, "P_memory_byte_s", 160 * GIB * 100, 1e-12);
    expect(sim, "G_memory_byte_s", 100 * GIB * 100, 1e-12);
    expect(sim, "U_memory_byte_s", 100 * GIB * 100, 1e-12);
    expect(sim, "memory_swapped_byte_s", 60 * GIB * 100, 1e-12);
    expect(sim, "memory_ballooned_byte_s", 0, 0);
    vdc_simulation_close(sim);
}

/* The same where the host swaps to a disk of 30 000 operations a second: from the first look at 1 s it reads 2 x 7 500 pages a second, is half loaded and
 * takes 2 x 100 us a page: 1 / 2.5 of the CPU is progress. A neighbour who reads 5 000 a second more from 50 s on makes that 3 x 100 us, 1 / 3.25, and
 * waits as long itself. */
Test(memory, faults_read_from_a_disk_that_others_read) {
    vdc_simulation *sim = simulation_run(
        HEAD "datacenter: {hosts: [{class: h, count: 1, cpu: {cores: 4, speed: 1 GHz}, memory: 100 GiB, disks: [{size: 1 TB, iops: 30000, latency: 100us}]}],"
        " overcommit: {memory: 4}}\nmemory: {low: 0%, high: 0%}\n"
        "workload: {vms: [{vcpus: 1, memory: 80 GiB}, {vcpus: 1, memory: 80 GiB}, {vcpus: 1, memory: 0 B, load: {segments: [[100s, 0 Hz]]},\n"
        "  volumes: [{size: 1 GB}], io: [{rate: 5000, at: 50s}]}]}\n", NULL);
    expect(sim, "U_cpu_core_s", 2 * (1 / 1.75 + 49 / 2.5 + 50 / 3.25), 1e-8);
    expect(sim, "swap_pages_read", 15000 * 99, 1e-9);
    expect(sim, "disk_ops", 5000 * 50, 1e-9);
    expect(sim, "disk_latency_mean_s", 300e-6, 1e-9);
    vdc_simulation_close(sim);
}

/* An idle page costs four times a used one: 1 : 1/(0.1 + 0.9 x 4) of 100 GiB, for working sets of 100 and 10 GiB do not both fit. */
Test(memory, idle_memory_is_taxed) {
    const char *text = HEAD HOST("100 GiB") "memory: {low: 0%, high: 0%, fault_rate: 0}\n"
        "workload: {vms: [{vcpus: 1, memory: 100 GiB}, {vcpus: 1, memory: 100 GiB, memory_load: {working_set: 10%}}]}\n";
    vdc_simulation *sim = simulation_run(text, NULL);
    double active = 100 / (1 + 1 / 3.7);
    expect(sim, "U_memory_byte_s", (active + 10) * GIB * 100, 1e-5); /* the idle one has its working set and more */
    vdc_simulation_close(sim);
    sim = simulation_run(text, "memory.idle_tax=0%");
    expect(sim, "U_memory_byte_s", (50 + 10) * GIB * 100, 1e-5);
    vdc_simulation_close(sim);
}

/* 80 GiB are reserved for a VM that works with 8 of them: of 100, the other one, which works with 40, gets 20. Without the reservation it gets all 40. */
Test(memory, a_reservation_is_kept_though_it_is_idle) {
    const char *text = HEAD HOST("100 GiB") "memory: {low: 0%, high: 0%, fault_rate: 0}\n"
        "workload: {vms: [{vcpus: 1, memory: 80 GiB, memory_load: {working_set: 10%, reservation: 80 GiB}}, {vcpus: 1, memory: 40 GiB}]}\n";
    vdc_simulation *sim = simulation_run(text, NULL);
    expect(sim, "U_memory_byte_s", (8 + 20) * GIB * 100, 1e-6);
    vdc_simulation_close(sim);
    sim = simulation_run(text, "workload.vms.0.memory_load.reservation=0 B");
    expect(sim, "U_memory_byte_s", (8 + 40) * GIB * 100, 1e-6);
    vdc_simulation_close(sim);
}

/* 90 of 100 GiB are touched, at 10 s 7 more: 3 are free, less than 4, so the balloon takes 3 GiB from the idle one at 100 MB a second. */
Test(memory, balloons_take_their_time) {
    vdc_simulation *sim = simulation_run(HEAD HOST("100 GiB") "memory: {}\n"
        "workload: {vms: [{vcpus: 1, memory: 90 GiB, memory_load: {working_set: 10%}}, {arrival: 10s, vcpus: 1, memory: 7 GiB}]}\n", NULL);
    double ballooned = 0, wanted = 3 * GIB;
    for (int second = 1; second < 90; second++) ballooned += fmin(1e8 * second, wanted);
    expect(sim, "memory_ballooned_byte_s", ballooned, 1e-9);
    expect(sim, "swap_out_bytes", 0, 0);
    size_t in_bytes = 0;
    vdc_value value;
    for (size_t i = 0; vdc_simulation_summary(sim, i, &value); i++)
        if (strlen(value.key) > 6 && strcmp(value.key + strlen(value.key) - 6, "_bytes") == 0) {
            cr_expect_str_eq(value.units, "byte", "%s", value.key);
            in_bytes++;
        }
    cr_expect_geq(in_bytes, 3);
    expect(sim, "U_cpu_core_s", 190, 0);
    vdc_simulation_close(sim);
}

/* Without balloons it is swapped; with equal pages neither is needed; a reservation is never taken back. */
Test(memory, ways_to_save) {
    const char *text = HEAD HOST("100 GiB") "memory: {}\n"
        "workload: {vms: [{vcpus: 1, memory: 90 GiB, memory_load: {working_set: 10%}}, {arrival: 10s, vcpus: 1, memory: 7 GiB}]}\n";
    vdc_simulation *sim = simulation_run(text, "memory.balloon_floor=100%");
    expect(sim, "memory_ballooned_byte_s", 0, 0);
    expect(sim, "swap_out_bytes", 3 * GIB, 1e-9);
    vdc_simulation_close(sim);
    sim = simulation_run(text, "memory.dedup=50%");
    expect(sim, "memory_ballooned_byte_s", 0, 0);
    expect(sim, "swap_out_bytes", 0, 0);
    expect(sim, "memory_shared_byte_s", 3 * GIB * 90, 1e-9);
    vdc_simulation_close(sim);
    sim = simulation_run(HEAD HOST("100 GiB") "memory: {low: 0%, high: 0%}\n"
        "workload: {vms: [{vcpus: 1, memory: 80 GiB, memory_load: {reservation: 80 GiB}}, {vcpus: 1, memory: 80 GiB}]}\n", NULL);
    expect(sim, "U_cpu_core_s", 100 + 100 / (1 + 2 * 0.75), 1e-8);
    vdc_simulation_close(sim);
}

/* Swapping ahead of need takes its time as balloons do: 3 GiB at 1 GiB a second from 10 s on. What no longer fits goes at once, but for what the balloon takes
 * in the half second since the last step: of 6 GiB too much at 11.5 s, 5.5. */
Test(memory, swapping_takes_its_time_and_what_balloons_leave) {
#define SLOW "memory: {balloon_rate: 1 GiB/s}\n" \
             "workload: {vms: [{vcpus: 1, memory: 90 GiB, memory_load: {working_set: 10%}}, {arrival: 10s, vcpus: 1, memory: 7 GiB}"
    vdc_simulation *sim = simulation_run(HEAD HOST("100 GiB") SLOW "]}\n", "memory.balloon_floor=100%");
    expect(sim, "memory_swapped_byte_s", (1 + 2 + 3 * 87) * GIB, 1e-9);
    vdc_simulation_close(sim);
    sim = simulation_run(HEAD HOST("100 GiB") SLOW ", {arrival: 11500ms, vcpus: 1, memory: 10 GiB}]}\n", NULL);
    expect(sim, "swap_out_bytes", 5.5 * GIB, 1e-9);
    vdc_simulation_close(sim);
}

/* What is taken is given back when there is room: after the second VM leaves the first has all again. */
Test(memory, memory_comes_back) {
    vdc_simulation *sim = simulation_run(HEAD HOST("100 GiB") "memory: {low: 0%, high: 0%, balloon_rate: 10 GB/s}\n"
        "workload: {vms: [{vcpus: 1, memory: 80 GiB}, {lifetime: 20s, vcpus: 1, memory: 80 GiB}]}\n", NULL);
    expect(sim, "swap_out_bytes", 60 * GIB, 1e-9);
    expect(sim, "swap_in_bytes", 30 * GIB, 1e-9);
    /* 30 GiB at 10 GB a second: 3.2 s, in steps of one. */
    double u = 20 * 2 / 1.75 + 76;
    for (int second = 0; second < 4; second++) u += 1 / (1 + 2 * fmax(30 * GIB - 1e10 * second, 0) / (80 * GIB));
    expect(sim, "U_cpu_core_s", u, 1e-6);
    vdc_simulation_close(sim);
}

/* Many VMs whose use goes up and down, on hosts with twice as much promised as there is: whatever happens, I12 holds (--check). */
Test(memory, random_use) {
    uint64_t draws = 5;
    for (int round = 0; round < 6; round++) {
        char *text = NULL;
        size_t size = 0;
        FILE *out = open_memstream(&text, &size);
        fprintf(out, "vdcsim: 1\nname: t\nseed: 1\ntime: {tick: 20s, end: 300s}\n"
                     "datacenter: {hosts: [{class: h, count: 2, cpu: {cores: 8, threads: 2}, memory: 16 GiB, reserve: {memory: 1 GiB}}], "
                     "overcommit: {memory: 4, cpu: 4}}\n"
                     "memory: {dedup: %d%%, balloon_floor: %d%%, low: 2%%, high: %d%%, interval: %dms}\nworkload:\n  vms:\n",
                (int)draw_below(&draws, 20), (int)draw_below(&draws, 100),
                2 + (int)draw_below(&draws, 9), 100 + (int)draw_below(&draws, 3000));
        for (int vm = 0; vm < 30; vm++) {
            fprintf(out, "    - {arrival: %ds, lifetime: %ds, vcpus: 2, memory: %d MiB, "
                         "load: {progress: %s, segments: [[200s, 1500 MHz]]}, memory_load: {",
                    (int)draw_below(&draws, 200), 1 + (int)draw_below(&draws, 200), 512 + (int)draw_below(&draws, 8000),
                    draw_below(&draws, 2) ? "work" : "time");
            if (draw_below(&draws, 3) == 0) fprintf(out, "reservation: 100 MiB, ");
            fprintf(out, "segments: [");
            for (int segment = 0; segment < 8; segment++)
                fprintf(out, "%s[%dms, %d%%, %d%%]", segment ? ", " : "", 1 + (int)draw_below(&draws, 30000), (int)draw_below(&draws, 101),
                        (int)draw_below(&draws, 101));
            fprintf(out, "]}}\n");
        }
        fclose(out);
        vdc_simulation *sim = simulation_run(text, NULL);
        cr_expect_gt(simulation_ask(sim, "memory_ballooned_byte_s") + simulation_ask(sim, "memory_swapped_byte_s"), 0, "round %d has no pressure", round);
        cr_expect_leq(simulation_ask(sim, "U_memory_byte_s"), simulation_ask(sim, "G_memory_byte_s"));
        cr_expect_leq(simulation_ask(sim, "G_memory_byte_s"), simulation_ask(sim, "P_memory_byte_s"));
        vdc_simulation_close(sim);
        free(text);
    }
}

static void refused(const char *text, const char *part) {
    vdc_diag diag = {0};
    vdc_simulation *sim = NULL;
    vdc_run_options options = {.text = text};
    vdc_code code = vdc_simulation_open(&sim, "test.yaml", &options, &diag);
    cr_assert_eq(code, VDC_ERROR_INPUT, "accepted: %s", text);
    cr_expect(strstr(diag.messages[0].text, part), "'%s' lacks '%s'", diag.messages[0].text, part);
    cr_expect(!strncmp(diag.messages[0].text, "test.yaml:", 10), "no place in '%s'", diag.messages[0].text);
    vdc_diag_clear(&diag);
}

Test(memory, mistakes_are_named) {
    refused(HEAD HOST("1 GiB") "workload: {vms: [{vcpus: 1, memory: 1 GiB, memory_load: {touched: 50%}}]}\n", "needs the section `memory`");
    refused(HEAD HOST("1 GiB") "memory: {low: 10%, high: 5%}\nworkload: {vms: [{vcpus: 1}]}\n", "low is above high");
    refused(HEAD HOST("1 GiB") "memory: {}\nworkload: {vms: [{vcpus: 1, memory: 1 GiB, memory_load: {reservation: 2 GiB}}]}\n",
            "0 to the VM's memory, 1073741824");
    refused(HEAD HOST("1 GiB") "memory: {}\nworkload: {vms: [{vcpus: 1, memory: 1 GiB, memory_load: {segments: [[1s, 50%]]}}]}\n",
            "[duration, touched, working_set]");
    refused(HEAD HOST("1 GiB") "memory: {}\nworkload: {vms: [{vcpus: 1, memory: 1 GiB, memory_load: {touched: 150%}}]}\n", "touched");
}
