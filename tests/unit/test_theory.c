/* The formulas of analysis/theory.h against published tables, direct sums and special cases. */
#include <criterion/criterion.h>
#include <math.h>

#include "analysis/theory.h"

static void near_to(double found, double expected, double tolerance) {
    cr_assert(fabs(found - expected) <= tolerance, "found %.12g, expected %.12g", found, expected);
}

/* a^c/c! / sum of a^k/k!, term by term. */
static double blocking_by_sum(unsigned servers, double load) {
    double term = 1, sum = 1;
    for (unsigned k = 1; k <= servers; k++) sum += term *= load / k;
    return term / sum;
}

/* The waiting probability from the states of M/M/c: those below c by the sum, those from c on as a geometric tail. */
static double waiting_by_states(unsigned servers, double load) {
    double term = 1, below = 0;
    for (unsigned k = 0; k < servers; k++) {
        below += term;
        term *= load / (k + 1);
    }
    double tail = term * servers / (servers - load);
    return tail / (below + tail);
}

Test(theory, erlang_b_and_c) {
    /* Traffic tables: 10 lines carry 4.461 E at 1 % and 5.084 E at 2 % loss; 20 lines 12.03 E at 1 %. */
    near_to(vdc_theory_erlang_b(10, 4.461), 0.01, 5e-6);
    near_to(vdc_theory_erlang_b(10, 5.084), 0.02, 1e-5);
    near_to(vdc_theory_erlang_b(20, 12.03), 0.01, 5e-5);
    near_to(vdc_theory_erlang_b(1, 3), 0.75, 1e-15);
    near_to(vdc_theory_erlang_c(1, 0.7), 0.7, 1e-15);
    for (unsigned c = 1; c <= 60; c += 7) {
        for (double a = 0.1; a < c; a += 0.9) {
            near_to(vdc_theory_erlang_b(c, a), blocking_by_sum(c, a), 1e-13);
            near_to(vdc_theory_erlang_c(c, a), waiting_by_states(c, a), 1e-13);
        }
    }
    cr_assert(isnan(vdc_theory_erlang_c(3, 3)));
    cr_assert(isnan(vdc_theory_erlang_b(3, -1)));
    near_to(vdc_theory_erlang_b(4, 0), 0, 0);
}

Test(theory, waiting_times) {
    /* M/M/1: rho / (mu - lambda); M/M/2: rho^2 / (mu (1 - rho^2)). */
    near_to(vdc_theory_mmc_wait(1, 0.5, 1), 1, 1e-14);
    near_to(vdc_theory_mmc_wait(2, 1.2, 1), 0.36 / 0.64, 1e-14);
    /* M/G/1 with cv 1 is M/M/1; M/D/1 waits half as long. */
    near_to(vdc_theory_mg1_wait(0.8, 1, 1), vdc_theory_mmc_wait(1, 0.8, 1), 1e-13);
    near_to(vdc_theory_mg1_wait(0.8, 1, 0), vdc_theory_mmc_wait(1, 0.8, 1) / 2, 1e-13);
    /* M/M/1: time in system does not depend on the discipline. */
    near_to(vdc_theory_mg1_ps_sojourn(0.8, 1), vdc_theory_mmc_wait(1, 0.8, 1) + 1, 1e-12);
    cr_assert(isnan(vdc_theory_mmc_wait(2, 2, 1)));
    cr_assert(isnan(vdc_theory_mg1_wait(1, 1, 1)));
    cr_assert(isnan(vdc_theory_mg1_ps_sojourn(2, 1)));
}

Test(theory, occupancy_and_availability) {
    near_to(vdc_theory_mginf_mean(3, 4), 12, 1e-15);
    near_to(vdc_theory_availability(99, 1), 0.99, 1e-15);
    cr_assert(isnan(vdc_theory_availability(0, 0)));
}
