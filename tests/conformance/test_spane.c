/* NUMA placement on 116 313 real VMs (SPANE, arXiv 2504.14946): the wait of every episode under first fit and balance fit, and
 * the published means. The queue is a plain one of the test's own: strictly first come, first served.
 */
#include <criterion/criterion.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/support/fleet.h"
#include "tests/support/replay.h"
#include "tests/support/workload.h"

enum { ROWS = 116313, EPISODES = 1000, CUT = 100 };

static test_workload work;
static vdc_request vms[ROWS];

static bool read_vms(void) {
    const char *path = test_shared(&work, "data/huawei-east-1/Huawei-East-1-lt.csv");
    if (!path) return false;
    FILE *file = fopen(path, "r");
    char line[128];
    cr_assert_not_null(fgets(line, sizeof line, file));
    for (int i = 0; i < ROWS; i++) {
        double id, cpu, memory, arrival, lifetime;
        cr_assert_eq(fscanf(file, "%lf,%lf,%lf,%lf,%lf", &id, &cpu, &memory, &arrival, &lifetime), 5);
        vms[i] = fleet_request((int64_t)cpu, (int64_t)memory);
        vms[i].arrival = (int64_t)arrival;
        vms[i].lifetime = (int64_t)lifetime;
        vms[i].numa_nodes = memory > 10 ? 2 : 1;
    }
    (void)fclose(file);
    return true;
}

/* The sum of waits of `count` VMs from row `first`. The clock of the replay is in seconds. */
static int64_t total_wait(const char *policy, uint32_t servers, int first, int count) {
    vdc_hosts hosts;
    test_replay replay;
    fleet_open(&hosts, &(fleet_class){.count = servers, .cores = 80, .gib = 180, .numa = 2}, 1);
    replay_open(&replay, &hosts, policy, "auto");
    int64_t now = vms[first].arrival, wait = 0;
    for (int i = first; i < first + count; i++) {
        vdc_request *vm = &vms[i];
        int64_t arrival = vm->arrival;
        if (now < arrival) now = arrival;
        for (vm->arrival = now; replay_arrive(&replay, vm) < 0; vm->arrival = now = replay_next_end(&replay)) continue;
        vm->arrival = arrival;
        wait += now - arrival;
    }
    replay_close(&replay);
    vdc_hosts_destroy(&hosts);
    return wait;
}

static int ascending(const void *a, const void *b) {
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return x < y ? -1 : x > y;
}

/* The mean without the lowest and highest 10 %. */
static double trimmed_mean(int64_t *waits) {
    qsort(waits, EPISODES, sizeof *waits, ascending);
    int64_t sum = 0;
    for (int i = CUT; i < EPISODES - CUT; i++) sum += waits[i];
    return (double)sum / (EPISODES - 2 * CUT);
}

static void compare(uint32_t servers, double first_fit_mean, double balance_fit_mean) {
    test_workload_start(&work);
    if (read_vms()) {
        char name[64];
        (void)snprintf(name, sizeof name, "conformance/spane/episodes_%" PRIu32 ".csv", servers);
        FILE *file = fopen(test_shared(&work, name), "r");
        char line[128];
        cr_assert_not_null(fgets(line, sizeof line, file));
        static int64_t first[EPISODES], balance[EPISODES];
        for (int i = 0; i < EPISODES; i++) {
            int start, count;
            int64_t wanted_first, wanted_balance, best;
            cr_assert_eq(fscanf(file, "%d,%d,%" SCNd64 ",%" SCNd64 ",%" SCNd64, &start, &count, &wanted_first, &wanted_balance,
                                &best), 5);
            first[i] = total_wait("{policy: numa-first-fit}", servers, start, count);
            balance[i] = total_wait("{policy: numa-balance-fit}", servers, start, count);
            cr_assert_eq(first[i], wanted_first, "%u servers, row %d, first fit: %" PRId64 " s, not %" PRId64, servers, start,
                         first[i], wanted_first);
            cr_assert_eq(balance[i], wanted_balance, "%u servers, row %d, balance fit: %" PRId64 " s, not %" PRId64, servers,
                         start, balance[i],
                         wanted_balance);
        }
        (void)fclose(file);
        cr_expect_eq(trimmed_mean(first), first_fit_mean);
        cr_expect_eq(trimmed_mean(balance), balance_fit_mean);
    }
    test_workload_end(&work);
}

Test(numa_nodes, two_servers) { compare(2, 53866.53875, 38610.82625); }
Test(numa_nodes, three_servers) { compare(3, 52483.255, 38832.1); }
Test(numa_nodes, four_servers) { compare(4, 44461.2425, 37829.27625); }
Test(numa_nodes, five_servers) { compare(5, 89822.5225, 86009.90875); }
