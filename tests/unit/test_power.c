/* Power models against values computed by hand from the formulas of models.md 4.8, and the published facts about them.
 */
#include "models/power.h"

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

#include "tests/support/tree.h"

static vdc_code read_power(const char *text, vdc_power *power, vdc_diag *diag) {
    static vdc_arena arena; /* one process a test: freed with it */
    return vdc_power_read(test_tree(&arena, text), power, diag);
}

static void expect_watts(const char *text, double utilisation, double watts) {
    vdc_power power;
    vdc_diag diag = {0};
    cr_assert_eq(read_power(text, &power, &diag), VDC_OK, "%s: %s", text, diag.count ? diag.messages[0].text : "");
    double got = vdc_power_watts(&power, utilisation);
    cr_expect(fabs(got - watts) <= 1e-9 * (watts + 1), "%s at %g: %.12g W, expected %.12g W", text, utilisation, got, watts);
    vdc_diag_clear(&diag);
}

Test(power, formulas_by_hand) {
    expect_watts("{model: constant, max: 350 W}", 0, 350);
    expect_watts("{model: constant, max: 350 W}", 0.7, 350);
    expect_watts("{model: linear, idle: 100 W, max: 200 W}", 0, 100);
    expect_watts("{model: linear, idle: 100 W, max: 200 W}", 0.25, 125);
    expect_watts("{idle: 200 W, max: 0.4 kW}", 0.5, 300); /* linear where no model is named */
    expect_watts("{model: sqrt, idle: 100 W, max: 200 W}", 0.25, 150);
    expect_watts("{model: square, idle: 100 W, max: 200 W}", 0.5, 125);
    expect_watts("{model: cubic, idle: 100 W, max: 200 W}", 0.5, 112.5);
    /* 2 u - u^r: at r = 1 it is linear, at u = 1 it is max, at r = 2 and u = 0.5 it is 0.75 */
    expect_watts("{model: mse, idle: 100 W, max: 200 W, r: 1}", 0.3, 130);
    expect_watts("{model: mse, idle: 100 W, max: 200 W, r: 2}", 0.5, 175);
    expect_watts("{model: mse, idle: 100 W, max: 200 W}", 1, 200);
    expect_watts("{model: mse, idle: 0 W, max: 100 W}", 0.5, 100 * (1 - 0.37892914162759955)); /* 0.5^1.4 */
    /* 1/2 (1 + 1 - e^-2) = 0.9323..., 1/2 (2 - e^-1.25) = 0.8567... above idle, of D */
    expect_watts("{model: asymptotic, idle: 100 W, max: 200 W}", 1, 100 + 93.23323583816936);
    expect_watts("{model: asymptotic, idle: 100 W, max: 200 W, tau: 0.8}", 1, 100 + 85.67476015699049);
    expect_watts("{model: asymptotic, idle: 100 W, max: 200 W}", 0, 100);
    expect_watts("{model: asymptotic, idle: 0 W, max: 2 W, tau: 0.125, dvfs: true}", 0.5, 1 + 0.125 - 0.36787944117144233);
    expect_watts("{model: p-state, idle: 90 W, epsilon: 100 W, all: 200 W}", 0, 90);
    expect_watts("{model: p-state, idle: 90 W, epsilon: 100 W, all: 200 W}", 0.5, 150);
}

Test(power, measured_table) {
    /* HP ProLiant ML110 G5, SPECpower_ssj2008 */
    const char *g5 = "{model: table, watts: [93.7, 97, 101, 105, 110, 116, 121, 125, 129, 133, 135]}";
    expect_watts(g5, 0, 93.7);
    expect_watts(g5, 0.25, 103);
    expect_watts(g5, 0.95, 134);
    expect_watts(g5, 1, 135);
}

/* static 50, a 30, b 40: at u = 0.4 the load costs 12 W, and 16 W times the frequency. */
Test(power, governors) {
    expect_watts("{model: dvfs, static: 50 W, a: 30 W, b: 40 W, governor: performance}", 0.4, 50 + 12 + 16);
    expect_watts("{model: dvfs, static: 50 W, a: 30 W, b: 40 W, governor: powersave, lowest: 50%}", 0.4, 50 + 12 + 8);
    expect_watts("{model: dvfs, static: 50 W, a: 30 W, b: 40 W, governor: ondemand, lowest: 50%}", 0.4, 50 + 12 + 16 * 0.7);
    expect_watts("{model: dvfs, static: 50 W, a: 30 W, b: 40 W, governor: ondemand, lowest: 50%}", 0.9, 50 + 27 + 36);
    expect_watts("{model: dvfs, static: 50 W, a: 30 W, b: 40 W, governor: schedutil, lowest: 20%}", 0.4, 50 + 12 + 16 * 0.5);
    expect_watts("{model: dvfs, static: 50 W, a: 30 W, b: 40 W, governor: schedutil, lowest: 80%}", 0.4, 50 + 12 + 16 * 0.8);
    expect_watts("{model: dvfs, static: 50 W, a: 30 W, b: 40 W, governor: conservative, lowest: 20%}", 0.41,
                 50 + 12.3 + 16.4 * 0.55);
    expect_watts("{model: dvfs, static: 50 W, a: 30 W, b: 40 W}", 0, 50);
}

/* Never nothing at idle, never falling with load, and never above max, for every model that has them. */
Test(power, every_model_is_sane) {
    static const char *const examples[] = {
        "{model: linear, idle: 100, max: 200}", "{model: constant, max: 200}", "{model: sqrt, idle: 100, max: 200}",
        "{model: square, idle: 100, max: 200}", "{model: cubic, idle: 100, max: 200}", "{model: mse, idle: 100, max: 200}",
        "{model: asymptotic, idle: 100, max: 200}",
        "{model: table, watts: [100, 110, 120, 130, 140, 150, 160, 170, 180, 190, 200]}",
        "{model: dvfs, static: 100, a: 50, b: 50}", "{model: p-state, idle: 100, epsilon: 110, all: 200}", NULL};
    size_t models = 0;
    for (; vdc_power_models[models]; models++) {
        const vdc_power_model *model = vdc_power_models[models];
        cr_expect(model->name && *model->name && model->summary && *model->summary && model->source && *model->source);
        vdc_power power;
        cr_assert_not_null(examples[models]);
        cr_assert_eq(read_power(examples[models], &power, NULL), VDC_OK, "%s", examples[models]);
        cr_expect_str_eq(power.model->name, model->name);
        double before = 100 - 1e-9;
        for (int percent = 0; percent <= 100; percent++) {
            double watts = vdc_power_watts(&power, percent / 100.0);
            cr_expect(watts >= before - 1e-9 && watts <= 200 + 1e-9, "%s at %d %%: %g W after %g W", model->name, percent, watts,
                      before);
            before = watts;
        }
        cr_expect_eq(power.off, 5); /* unless said otherwise */
    }
    cr_expect_null(examples[models]);
}

Test(power, whole_picowatts) {
    vdc_power power;
    cr_assert_eq(read_power("{model: linear, idle: 100 W, max: 200 W}", &power, NULL), VDC_OK);
    cr_expect_eq(vdc_power_picowatts(&power, 0, 4000), INT64_C(100000000000000));
    cr_expect_eq(vdc_power_picowatts(&power, 1000, 4000), INT64_C(125000000000000));
    cr_expect_eq(vdc_power_picowatts(&power, 1, 3), INT64_C(133333333333333));
    cr_expect_eq(vdc_power_picowatts(&power, 5000, 4000), INT64_C(200000000000000)); /* never more than all */
    cr_expect_eq(vdc_power_picowatts(&power, 0, 0), INT64_C(100000000000000));
    cr_assert_eq(read_power("{model: constant, max: 1 MW}", &power, NULL), VDC_OK);
    cr_expect_eq(vdc_power_picowatts(&power, 1, 1), INT64_C(1000000000000000000));
    cr_assert_eq(vdc_power_read(NULL, &power, NULL), VDC_OK);
    cr_expect_null(power.model);
    cr_expect_eq(vdc_power_picowatts(&power, 1, 1), 0);
}

static void expect_error(const char *text, const char *part) {
    vdc_power power;
    vdc_diag diag = {0};
    cr_assert_eq(read_power(text, &power, &diag), VDC_ERROR_INPUT, "%s was accepted", text);
    cr_assert_eq(diag.errors, 1, "%s: %zu messages", text, diag.errors);
    cr_expect(strstr(diag.messages[0].text, part), "%s: the message '%s' lacks '%s'", text, diag.messages[0].text, part);
    cr_expect(!strncmp(diag.messages[0].text, "test:1:", 7), "no place: %s", diag.messages[0].text);
    cr_expect_null(power.model);
    vdc_diag_clear(&diag);
}

Test(power, mistakes_are_named) {
    expect_error("{model: linaer, idle: 1, max: 2}", "did you mean 'linear'");
    expect_error("{model: linear, idle: 1}", "max");
    expect_error("{model: linear, idle: 1, max: 2, r: 3}", "unknown key 'r'");
    expect_error("{model: linear, idle: 200 W, max: 100 W}", "max is less than idle");
    expect_error("{model: linear, idle: -1 W, max: 100 W}", "negative");
    expect_error("{model: linear, idle: 1 W, max: 2 MW}", "too large");
    expect_error("{model: linear, idle: 1 W, max: nan}", "nan");
    expect_error("{model: linear, idle: 1 W, max: 2 GHz}", "2 GHz");
    expect_error("{model: table, watts: [1, 2, 3]}", "a list of 3");
    expect_error("{model: table, watts: 7}", "the number 7");
    expect_error("{model: table}", "watts");
    expect_error("{model: table, watts: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, x]}", "the text 'x'");
    expect_error("{model: p-state, idle: 1, epsilon: 3, all: 2}", "all is less than epsilon");
    expect_error("{model: mse, idle: 1, max: 2, r: 0.9}", "too small");
    expect_error("{model: mse, idle: 1, max: 2, r: 2.5}", "too large");
    expect_error("linear", "mapping");
}
