/* The eight placement policies of DSLab IaaS on 10 000 VMs: every one of the 80 000 published decisions.
 */
#include <criterion/criterion.h>
#include <inttypes.h>
#include <zlib.h>

#include "tests/support/fleet.h"
#include "tests/support/replay.h"
#include "tests/support/workload.h"

enum { VMS = 10000, HOSTS = 100 };

/* placements_NAME.csv.gz: id,host in order of id. */
static bool read_placements(test_workload *work, const char *name, int64_t *host_of) {
    char path[128], line[64];
    (void)snprintf(path, sizeof path, "conformance/dslab/placements_%s.csv.gz", name);
    const char *found = test_shared(work, path);
    if (!found) return false;
    gzFile file = gzopen(found, "rb");
    cr_assert_not_null(file);
    cr_assert_not_null(gzgets(file, line, sizeof line));
    for (int64_t i = 1, id = 0; i <= VMS; i++) {
        cr_assert_not_null(gzgets(file, line, sizeof line));
        cr_assert_eq(sscanf(line, "%" SCNd64 ",%" SCNd64, &id, &host_of[i - 1]), 2);
        cr_assert_eq(id, i);
    }
    gzclose(file);
    return true;
}

static void compare(const char *name, const char *policy) {
    test_workload work;
    test_workload_start(&work);
    static int64_t expected[VMS];
    const char *trace = test_shared(&work, "conformance/dslab/vms.csv");
    if (trace && read_placements(&work, name, expected)) {
        test_workload_must(&work, "trace", "{format: vdcsim, path: \"%s\"}", trace);
        cr_assert_eq(work.count, VMS);
        static const char *const strategies[] = {"scan", "auto"};
        for (int s = 0; s < 2; s++) {
            vdc_hosts hosts;
            test_replay replay;
            fleet_open(&hosts, &(fleet_class){.count = HOSTS, .cores = 64, .gib = 256}, 1);
            replay_open(&replay, &hosts, policy, strategies[s]);
            for (size_t i = 0; i < VMS; i++) {
                int64_t host = replay_arrive(&replay, &work.requests[i]);
                cr_assert_eq(host, expected[i], "%s, %s: VM %zu came to host %" PRId64 ", not %" PRId64, name, strategies[s],
                             i + 1, host, expected[i]);
            }
            replay_close(&replay);
            vdc_hosts_destroy(&hosts);
        }
    }
    test_workload_end(&work);
}

Test(dslab, first_fit) { compare("FirstFit", "{policy: first-fit}"); }
Test(dslab, best_fit) { compare("BestFit", "{policy: best-fit, norm: cpu}"); }
Test(dslab, worst_fit) { compare("WorstFit", "{policy: worst-fit, norm: cpu}"); }
Test(dslab, dot_product) { compare("DotProduct", "{policy: dot-product}"); }
Test(dslab, weighted_dot_product) { compare("WeightedDotProduct", "{policy: weighted-dot-product}"); }
Test(dslab, l2_norm_diff) { compare("L2NormDiff", "{policy: l2-norm-diff}"); }
Test(dslab, cosine) { compare("CosineSimilarity", "{policy: cosine, normalise: none}"); }
Test(dslab, delta_perp) { compare("DeltaPerpDistance", "{policy: delta-perp, normalise: none}"); }
