/* GPU fragmentation by hand, and the census of a workload.
 */
#include "models/gpu_fragmentation.h"

#include <criterion/criterion.h>

#include "tests/support/fleet.h"

static double fragment_of(vdc_gpu_shape shape, int64_t cpu_free) {
    static const int32_t gpu_free[3] = {1000, 400, 0};
    shape.probability = 1;
    return vdc_gpu_fragment(&(vdc_gpu_mix){&shape, 1}, cpu_free, 2, gpu_free, 3);
}

/* A host of model 2 with 1400 milli-GPU idle: one whole device, 400 on another. */
Test(gpu_fragmentation, one_kind_at_a_time) {
    cr_expect_eq(fragment_of((vdc_gpu_shape){.cpu = 4000, .gpu_milli = 500, .gpu_count = 1}, 8000), 400);   /* the small rest */
    cr_expect_eq(fragment_of((vdc_gpu_shape){.cpu = 4000, .gpu_milli = 400, .gpu_count = 1}, 8000), 0);     /* all of use */
    cr_expect_eq(fragment_of((vdc_gpu_shape){.cpu = 4000, .gpu_milli = 1000, .gpu_count = 2}, 8000), 1400); /* lacks GPU */
    cr_expect_eq(fragment_of((vdc_gpu_shape){.cpu = 8001, .gpu_milli = 400, .gpu_count = 1}, 8000), 1400);  /* lacks CPU */
    cr_expect_eq(fragment_of((vdc_gpu_shape){.cpu = 8001, .gpu_milli = 1000, .gpu_count = 2}, 8000), 1400); /* lacks both */
    cr_expect_eq(fragment_of((vdc_gpu_shape){.cpu = 1000}, 8000), 1400);                                    /* wants no GPU */
    cr_expect_eq(fragment_of((vdc_gpu_shape){.cpu = 9000}, 8000), 1400);
    cr_expect_eq(fragment_of((vdc_gpu_shape){.gpu_milli = 400, .gpu_count = 1, .gpu_models = 1u << 0}, 8000), 1400); /* wrong model */
    cr_expect_eq(fragment_of((vdc_gpu_shape){.gpu_milli = 400, .gpu_count = 1, .gpu_models = 1u << 1}, 8000), 0);
}

Test(gpu_fragmentation, kinds_count_by_their_probability) {
    const vdc_gpu_shape shapes[] = {{4000, 500, 1, 0, 0.5}, {16000, 500, 1, 0, 0.25}, {1000, 0, 0, 0, 0.25}};
    const int32_t gpu_free[2] = {1000, 400}, none[2] = {0, 0};
    const vdc_gpu_mix mix = {shapes, 3};
    cr_expect_eq(vdc_gpu_fragment(&mix, 8000, 0, gpu_free, 2), 0.5 * 400 + 0.25 * 1400 + 0.25 * 1400);
    cr_expect_eq(vdc_gpu_fragment(&mix, 8000, 0, none, 2), 0);
    cr_expect_eq(vdc_gpu_fragment(&mix, 8000, 0, NULL, 0), 0);
}

static void count(vdc_gpu_census *census, int64_t cpu, uint16_t devices, uint16_t milli, int times) {
    vdc_request request = {.size[VDC_CPU] = cpu, .gpu_count = devices, .gpu_milli = milli};
    for (int i = 0; i < times; i++) cr_assert_eq(vdc_gpu_census_add(census, &request, NULL), VDC_OK);
}

Test(gpu_fragmentation, census_keeps_the_popular_kinds) {
    vdc_gpu_census census = {0};
    vdc_gpu_mix mix;
    cr_assert_eq(vdc_gpu_census_mix(&census, 95, &mix, NULL), VDC_OK);
    cr_expect_eq(mix.count, 0);
    vdc_gpu_mix_clear(&mix);
    for (int64_t kind = 0; kind < 100; kind++) count(&census, 100000 + kind, 1, 10, 1); /* 100 rare ones: the table grows */
    count(&census, 1000, 1, 500, 300);
    count(&census, 2000, 0, 77, 300); /* without GPU: the share does not count */
    count(&census, 2000, 0, 0, 300);
    cr_expect_eq(census.vms, 1000);
    cr_expect_eq(census.kind_count, 102);
    cr_assert_eq(vdc_gpu_census_mix(&census, 91, &mix, NULL), VDC_OK); /* 600, 300, then 10 rare ones of 1000 */
    cr_assert_eq(mix.count, 12);
    cr_expect(mix.shapes[0].cpu == 2000 && mix.shapes[0].gpu_milli == 0 && mix.shapes[0].probability == 600.0 / 910);
    cr_expect(mix.shapes[1].cpu == 1000 && mix.shapes[1].gpu_milli == 500 && mix.shapes[1].probability == 300.0 / 910);
    for (size_t i = 2; i < 12; i++) cr_expect_eq(mix.shapes[i].cpu, 100101 - (int64_t)i); /* of equal popularity the larger first */
    vdc_gpu_mix_clear(&mix);
    vdc_gpu_census_clear(&census);
}

Test(gpu_fragmentation, fleet_follows_its_hosts) {
    const vdc_gpu_shape shape = {.cpu = 4000, .gpu_milli = 1000, .gpu_count = 1, .probability = 1};
    const vdc_gpu_mix mix = {&shape, 1};
    vdc_hosts hosts;
    vdc_gpu_fragmentation fragmentation;
    fleet_open(&hosts, (fleet_class[]){{2, 8, 8, 2, 0, 0}, {1, 8, 8, 0, 0, 0}}, 2);
    cr_assert_eq(vdc_gpu_fragmentation_create(&fragmentation, &hosts, &mix, NULL), VDC_OK);
    cr_expect_eq(vdc_gpu_fragmentation_total(&fragmentation), 0);
    vdc_request half = {.gpu_count = 1, .gpu_milli = 600, .size[VDC_GPU] = 600}, cores = fleet_request(5, 1);
    vdc_host_take(&hosts, 2, &half, 1, 0); /* 400 left on a device: too little for the kind */
    vdc_gpu_fragmentation_changed(&fragmentation, 2);
    cr_expect_eq(vdc_gpu_fragmentation_total(&fragmentation), 400);
    vdc_host_take(&hosts, 0, &cores, 0, 0); /* 3 vCPUs left: 2000 milli-GPU stranded */
    vdc_gpu_fragmentation_changed(&fragmentation, 0);
    cr_expect_eq(vdc_gpu_fragmentation_total(&fragmentation), 2400);
    vdc_host_give(&hosts, 0, &cores, 0, 0);
    vdc_gpu_fragmentation_changed(&fragmentation, 0);
    cr_expect_eq(vdc_gpu_fragmentation_total(&fragmentation), 400);
    vdc_gpu_fragmentation_destroy(&fragmentation);
    vdc_hosts_destroy(&hosts);
}
