/* Lifetime-aware and security-aware placement: predictions, and which host is taken where the answer is plain to see.
 */
#include <criterion/criterion.h>
#include <inttypes.h>
#include <math.h>

#include "schedulers/lifetimes.h"
#include "tests/support/fleet.h"
#include "tests/support/replay.h"

#define HOURS(n) ((int64_t)(n) * INT64_C(3600000000000))
#define MINUTES(n) ((int64_t)(n) * INT64_C(60000000000))

/* --- predictions --- */

static vdc_lifetimes open_lifetimes(double error, uint32_t hosts) {
    const vdc_view view = {.hosts = hosts, .seed = 12345};
    vdc_lifetimes lifetimes = {.error = error};
    cr_assert_null(vdc_lifetimes_init(&lifetimes, &view));
    return lifetimes;
}

static vdc_request vm(int64_t number, int64_t lifetime, int64_t predicted) {
    return (vdc_request){.number = number, .lifetime = lifetime, .predicted_lifetime = predicted};
}

Test(lifetimes, predictions_without_error) {
    vdc_lifetimes lifetimes = open_lifetimes(0, 2);
    vdc_request known = vm(0, 1000, VDC_UNLIMITED), traced = vm(1, 1000, 300), endless = vm(2, VDC_FOREVER, VDC_UNLIMITED),
                by_load = vm(3, VDC_UNLIMITED, VDC_UNLIMITED);
    cr_expect_eq(vdc_lifetimes_predict(&lifetimes, &known), 1000);
    cr_expect_eq(vdc_lifetimes_predict(&lifetimes, &traced), 300); /* the trace's own prediction */
    cr_expect_eq(vdc_lifetimes_predict(&lifetimes, &endless), VDC_FOREVER);
    cr_expect_eq(vdc_lifetimes_predict(&lifetimes, &by_load), VDC_FOREVER);
    vdc_lifetimes_placed(&lifetimes, 100, 100, &known, 0, NULL);
    cr_expect_eq(lifetimes.exit[0], 1100);
    vdc_lifetimes_placed(&lifetimes, 200, 200, &traced, 1, NULL);
    cr_expect_eq(lifetimes.exit[1], 500);
    vdc_lifetimes_refresh(&lifetimes, 499);
    cr_expect_eq(lifetimes.exit[1], 500);
    vdc_lifetimes_refresh(&lifetimes, 500); /* outlived: predicted anew, now exactly */
    cr_expect_eq(lifetimes.exit[1], 1200);
    vdc_lifetimes_placed(&lifetimes, 600, 600, &endless, 1, NULL);
    cr_expect_eq(lifetimes.exit[1], VDC_FOREVER);
    vdc_lifetimes_released(&lifetimes, 700, &endless, 1);
    cr_expect_eq(lifetimes.exit[1], 1200);
    vdc_lifetimes_released(&lifetimes, 700, &traced, 1);
    cr_expect_eq(lifetimes.exit[1], 0);
    vdc_lifetimes_fini(&lifetimes);
}

/* Who outlived its prediction is predicted anew, also where another one is to leave the host later. */
Test(lifetimes, outlived_beside_a_later_one) {
    vdc_lifetimes lifetimes = open_lifetimes(0, 1);
    vdc_request early = vm(0, 1000, 300), late = vm(1, 500, VDC_UNLIMITED);
    vdc_lifetimes_placed(&lifetimes, 0, 0, &early, 0, NULL);
    vdc_lifetimes_placed(&lifetimes, 0, 0, &late, 0, NULL);
    vdc_lifetimes_refresh(&lifetimes, 299);
    cr_expect_eq(lifetimes.exit[0], 500);
    vdc_lifetimes_refresh(&lifetimes, 300);
    cr_expect_eq(lifetimes.exit[0], 1000);
    vdc_lifetimes_fini(&lifetimes);
}

/* Nobody knows when it ends: as much again as it has lived. */
Test(lifetimes, unknown_ends_double) {
    vdc_lifetimes lifetimes = open_lifetimes(0, 1);
    vdc_request request = vm(0, VDC_UNLIMITED, 100);
    vdc_lifetimes_placed(&lifetimes, 0, 0, &request, 0, NULL);
    for (int64_t expected = 100; expected < 100000; expected *= 2) {
        vdc_lifetimes_refresh(&lifetimes, expected - 1);
        cr_expect_eq(lifetimes.exit[0], expected);
        vdc_lifetimes_refresh(&lifetimes, expected);
    }
    vdc_lifetimes_fini(&lifetimes);
}

/* A VM that migrates keeps its age, whichever host it leaves first. */
Test(lifetimes, age_survives_migration) {
    vdc_lifetimes lifetimes = open_lifetimes(0, 3);
    vdc_request request = vm(7, 1000, VDC_UNLIMITED);
    vdc_lifetimes_placed(&lifetimes, 0, 0, &request, 0, NULL);
    vdc_lifetimes_placed(&lifetimes, 400, 400, &request, 1, NULL);
    cr_expect_eq(lifetimes.exit[1], 1000);
    vdc_lifetimes_released(&lifetimes, 410, &request, 0);
    cr_expect_eq(lifetimes.exit[0], 0);
    vdc_lifetimes_placed(&lifetimes, 500, 500, &request, 2, NULL); /* aborted: it leaves the new host again */
    vdc_lifetimes_released(&lifetimes, 510, &request, 2);
    cr_expect_eq(lifetimes.exit[2], 0);
    cr_expect_eq(lifetimes.exit[1], 1000);
    vdc_lifetimes_released(&lifetimes, 600, &request, 1);
    cr_expect_eq(lifetimes.exit[1], 0);
    vdc_lifetimes_placed(&lifetimes, 700, 700, &request, 1, NULL); /* it starts again from its beginning */
    cr_expect_eq(lifetimes.exit[1], 1700);
    vdc_lifetimes_fini(&lifetimes);
}

/* The factor is log-normal: of its logarithm over 20 000 VMs the mean is 0 and the standard deviation is the parameter. */
Test(lifetimes, error_is_log_normal) {
    enum { VMS = 20000 };
    vdc_lifetimes lifetimes = open_lifetimes(0.5, 1);
    double sum = 0, squares = 0;
    for (int i = 0; i < VMS; i++) {
        vdc_request request = vm(i, HOURS(10), VDC_UNLIMITED);
        int64_t predicted = vdc_lifetimes_predict(&lifetimes, &request);
        cr_assert_eq(predicted, vdc_lifetimes_predict(&lifetimes, &request));
        double logarithm = log((double)predicted / (double)HOURS(10));
        sum += logarithm, squares += logarithm * logarithm;
    }
    double mean = sum / VMS, deviation = sqrt(squares / VMS - mean * mean);
    cr_expect_leq(fabs(mean), 4 * 0.5 / sqrt(VMS), "mean %g", mean);
    cr_expect_leq(fabs(deviation - 0.5), 4 * 0.5 / sqrt(2.0 * VMS), "standard deviation %g", deviation);
    vdc_lifetimes_fini(&lifetimes);
}

/* The pool and the table under many VMs that come and go: the exit is that of a plain list. */
Test(lifetimes, many_vms) {
    enum { VMS = 3000, HOSTS = 5 };
    static vdc_request requests[VMS];
    static int64_t ends[VMS];
    vdc_lifetimes lifetimes = open_lifetimes(0, HOSTS);
    for (int64_t now = 0; now < VMS; now++) {
        requests[now] = vm(now, 1 + now * 7919 % 400, VDC_UNLIMITED);
        ends[now] = now + requests[now].lifetime;
        for (int64_t i = now < 400 ? 0 : now - 400; i < now; i++)
            if (ends[i] == now) vdc_lifetimes_released(&lifetimes, now, &requests[i], (uint32_t)(i % HOSTS));
        vdc_lifetimes_placed(&lifetimes, now, now, &requests[now], (uint32_t)(now % HOSTS), NULL);
        int64_t latest[HOSTS] = {0};
        for (int64_t i = now < 400 ? 0 : now - 400; i <= now; i++)
            if (ends[i] > now && ends[i] > latest[i % HOSTS]) latest[i % HOSTS] = ends[i];
        for (uint32_t h = 0; h < HOSTS; h++) cr_assert_eq(lifetimes.exit[h], latest[h], "host %u at %" PRId64, h, now);
    }
    vdc_lifetimes_fini(&lifetimes);
}

Test(lifetimes, classes_double) {
    cr_expect_eq(vdc_lifetime_class(0, 10, 5), 0);
    cr_expect_eq(vdc_lifetime_class(9, 10, 5), 0);
    cr_expect_eq(vdc_lifetime_class(10, 10, 5), 1);
    cr_expect_eq(vdc_lifetime_class(19, 10, 5), 1);
    cr_expect_eq(vdc_lifetime_class(20, 10, 5), 2);
    cr_expect_eq(vdc_lifetime_class(100000, 10, 5), 5);
    cr_expect_eq(vdc_lifetime_class(VDC_FOREVER, 10, 60), 60);
    cr_expect_eq(vdc_lifetime_class(VDC_FOREVER - 1, VDC_FOREVER - 1, 60), 1);
}

/* --- placement --- */

static vdc_request requests[64];
static int used;

/* The next VM: cores of 16, from `arrival` on. */
static int64_t arrive(test_replay *replay, int64_t arrival, int64_t lifetime, int64_t cores, uint32_t tenant) {
    vdc_request *request = &requests[used];
    *request = fleet_request(cores, 1);
    request->number = request->id = used++;
    request->arrival = arrival;
    request->lifetime = lifetime;
    request->tenant = tenant;
    return replay_arrive(replay, request);
}

static void open_fleet(vdc_hosts *hosts, test_replay *replay, const char *policy) {
    fleet_open(hosts, &(fleet_class){.count = 4, .cores = 16, .gib = 64}, 1);
    replay_open(replay, hosts, policy, "auto");
}

static void close_fleet(vdc_hosts *hosts, test_replay *replay) {
    replay_close(replay);
    vdc_hosts_destroy(hosts);
}

Test(lifetime_placement, departure_aligned) {
    vdc_hosts hosts;
    test_replay replay;
    open_fleet(&hosts, &replay, "{policy: departure-aligned}");
    cr_expect_eq(arrive(&replay, 0, HOURS(8), 8, 0), 0);
    cr_expect_eq(arrive(&replay, 0, MINUTES(5), 12, 0), 1);       /* no room beside the first */
    cr_expect_eq(arrive(&replay, 0, MINUTES(7), 2, 0), 1);        /* ends with the second */
    cr_expect_eq(arrive(&replay, 0, HOURS(9), 2, 0), 0);          /* ends with the first */
    cr_expect_eq(arrive(&replay, 0, MINUTES(30), 1, 0), 1);       /* nearer to the short one */
    cr_expect_eq(arrive(&replay, 0, HOURS(100), 1, 0), 0);        /* not an empty host, for all that */
    close_fleet(&hosts, &replay);
}

Test(lifetime_placement, nilas) {
    vdc_hosts hosts;
    test_replay replay;
    open_fleet(&hosts, &replay, "{policy: nilas}");
    cr_expect_eq(arrive(&replay, 0, HOURS(8), 10, 0), 0);
    cr_expect_eq(arrive(&replay, 0, MINUTES(5), 10, 0), 1);
    cr_expect_eq(arrive(&replay, 0, MINUTES(5), 2, 0), 0);        /* puts off neither: the fuller one, of equals the lower id */
    cr_expect_eq(arrive(&replay, 0, HOURS(2), 2, 0), 0);          /* would keep host 1 for two hours more */
    cr_expect_eq(arrive(&replay, 0, HOURS(9), 3, 0), 1);          /* no room on host 0: an hour more would have been less */
    cr_expect_eq(arrive(&replay, 0, HOURS(8), 2, 0), 0);
    close_fleet(&hosts, &replay);
}

/* A wrong prediction is seen when the VM outlives it. */
Test(lifetime_placement, nilas_repredicts) {
    vdc_hosts hosts;
    test_replay replay;
    open_fleet(&hosts, &replay, "{policy: nilas}");
    requests[0] = fleet_request(12, 1);
    requests[0].number = 0, requests[0].lifetime = HOURS(10), requests[0].predicted_lifetime = MINUTES(10);
    used = 1;
    cr_expect_eq(replay_arrive(&replay, &requests[0]), 0);
    cr_expect_eq(arrive(&replay, 0, HOURS(5), 8, 0), 1);
    cr_expect_eq(arrive(&replay, MINUTES(5), HOURS(4), 2, 0), 1);  /* host 0 seems to end in five minutes */
    cr_expect_eq(arrive(&replay, MINUTES(10), HOURS(4), 2, 0), 0); /* now host 0 ends last, and is fuller */
    close_fleet(&hosts, &replay);
}

Test(lifetime_placement, lava) {
    vdc_hosts hosts;
    test_replay replay;
    open_fleet(&hosts, &replay, "{policy: lava, full: 75%}");
    cr_expect_eq(arrive(&replay, 0, HOURS(50), 8, 0), 0);          /* class 2, open */
    cr_expect_eq(arrive(&replay, 0, HOURS(5), 1, 0), 0);           /* in use comes before empty */
    cr_expect_eq(arrive(&replay, 0, HOURS(60), 8, 0), 1);          /* no room beside */
    cr_expect_eq(arrive(&replay, 0, MINUTES(30), 1, 0), 0);        /* both open, of class 2: the fuller one */
    cr_expect_eq(arrive(&replay, 0, HOURS(40), 2, 0), 0);          /* own class, the fuller one; now 12 of 16: recycling */
    cr_expect_eq(arrive(&replay, 0, HOURS(40), 1, 0), 1);          /* an open host of its class before the recycling one */
    cr_expect_eq(arrive(&replay, 0, HOURS(3), 1, 0), 0);           /* fills the gap on the recycling one */
    cr_expect_eq(arrive(&replay, 0, MINUTES(10), 1, 0), 0);
    close_fleet(&hosts, &replay);
}

/* Its own VMs gone, a recycling host falls by a class, and what was a gap filler makes it what it is. */
Test(lifetime_placement, lava_host_falls_by_a_class) {
    vdc_hosts hosts;
    test_replay replay;
    open_fleet(&hosts, &replay, "{policy: lava, full: 50%}");
    cr_expect_eq(arrive(&replay, 0, HOURS(20), 8, 0), 0);          /* class 2, at once recycling */
    cr_expect_eq(arrive(&replay, HOURS(19), HOURS(5), 1, 0), 0);   /* class 1 in its gap */
    cr_expect_eq(arrive(&replay, HOURS(21), HOURS(5), 8, 0), 0);   /* host 0 is of class 1 now, in use: before an empty one */
    cr_expect_eq(arrive(&replay, HOURS(21), MINUTES(5), 1, 0), 0);
    cr_expect_eq(arrive(&replay, HOURS(21), HOURS(50), 8, 0), 1);
    cr_expect_eq(arrive(&replay, HOURS(21), MINUTES(5), 1, 0), 0); /* class 0: one below host 0, two below host 1 */
    close_fleet(&hosts, &replay);
}

/* A host of class 0 that lives longer than an hour rises by a class. */
Test(lifetime_placement, lava_host_rises_when_it_lives_on) {
    vdc_hosts hosts;
    test_replay replay;
    open_fleet(&hosts, &replay, "{policy: lava, full: 25%}");
    requests[0] = fleet_request(8, 1);
    requests[0].number = 0, requests[0].lifetime = HOURS(10), requests[0].predicted_lifetime = MINUTES(10);
    used = 1;
    cr_expect_eq(replay_arrive(&replay, &requests[0]), 0);                /* taken for class 0 */
    cr_expect_eq(arrive(&replay, MINUTES(1), HOURS(9), 12, 0), 1);        /* class 1, recycling; no room on host 0 */
    cr_expect_eq(arrive(&replay, MINUTES(50), MINUTES(10), 1, 0), 1);     /* a gap filler for host 1 alone */
    cr_expect_eq(arrive(&replay, MINUTES(61), MINUTES(10), 3, 0), 1);
    cr_expect_eq(arrive(&replay, MINUTES(62), MINUTES(10), 3, 0), 0);     /* host 0 has risen to class 1 */
    close_fleet(&hosts, &replay);
}

Test(lifetime_placement, pssf) {
    vdc_hosts hosts;
    test_replay replay;
    open_fleet(&hosts, &replay, "{policy: pssf, n: 2}");
    cr_expect_eq(arrive(&replay, 0, HOURS(1), 1, 1), 0);
    cr_expect_eq(arrive(&replay, 0, HOURS(9), 1, 2), 1);           /* the fewest VMs */
    cr_expect_eq(arrive(&replay, 0, HOURS(1), 1, 1), 0);           /* the tenant's earlier host */
    cr_expect_eq(arrive(&replay, 0, HOURS(9), 1, 1), 2);           /* at most two there */
    cr_expect_eq(arrive(&replay, 0, HOURS(9), 15, 3), 3);
    cr_expect_eq(arrive(&replay, HOURS(2), HOURS(9), 1, 1), 0);    /* host 0 is empty again, and an earlier one */
    cr_expect_eq(arrive(&replay, HOURS(2), HOURS(9), 1, 2), 1);
    cr_expect_eq(arrive(&replay, HOURS(2), HOURS(9), 1, 2), 0);    /* new hosts by number of VMs: 0, 2 and 3 have one each */
    cr_expect_eq(arrive(&replay, HOURS(2), HOURS(9), 1, 2), 0);
    cr_expect_eq(arrive(&replay, HOURS(2), HOURS(9), 1, 2), 2);
    cr_expect_eq(arrive(&replay, HOURS(2), HOURS(9), 1, 2), 2);
    cr_expect_eq(arrive(&replay, HOURS(2), HOURS(9), 1, 2), 3);
    cr_expect_eq(arrive(&replay, HOURS(2), HOURS(9), 1, 2), -1);   /* two everywhere, or no room */
    cr_expect_eq(arrive(&replay, HOURS(2), HOURS(9), 1, 1), 0);
    close_fleet(&hosts, &replay);
}
