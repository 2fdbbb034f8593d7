/* Formulas of queueing and reliability theory: see theory.h. */
#include "analysis/theory.h"

#include <math.h>

double vdc_theory_erlang_b(unsigned servers, double load) {
    if (!(load >= 0)) return NAN;
    /* B(0) = 1, B(c) = a B(c-1) / (c + a B(c-1)): no factorials, no overflow. */
    double blocking = 1;
    for (unsigned c = 1; c <= servers; c++) blocking = load * blocking / (c + load * blocking);
    return blocking;
}

double vdc_theory_erlang_c(unsigned servers, double load) {
    if (!(load >= 0) || load >= servers) return NAN;
    double blocking = vdc_theory_erlang_b(servers, load);
    return servers * blocking / (servers - load * (1 - blocking));
}

double vdc_theory_mmc_wait(unsigned servers, double arrival_rate, double mean_service) {
    if (!(arrival_rate > 0) || !(mean_service > 0)) return NAN;
    double load = arrival_rate * mean_service;
    return vdc_theory_erlang_c(servers, load) * mean_service / (servers - load);
}

double vdc_theory_mg1_wait(double arrival_rate, double mean_service, double variation) {
    double load = arrival_rate * mean_service;
    if (!(arrival_rate > 0) || !(mean_service > 0) || load >= 1) return NAN;
    return load * mean_service * (1 + variation * variation) / (2 * (1 - load));
}

double vdc_theory_mg1_ps_sojourn(double arrival_rate, double mean_service) {
    double load = arrival_rate * mean_service;
    if (!(arrival_rate > 0) || !(mean_service > 0) || load >= 1) return NAN;
    return mean_service / (1 - load);
}

double vdc_theory_mginf_mean(double arrival_rate, double mean_service) {
    return arrival_rate > 0 && mean_service > 0 ? arrival_rate * mean_service : NAN;
}

double vdc_theory_availability(double mean_up, double mean_down) {
    return mean_up >= 0 && mean_down >= 0 && mean_up + mean_down > 0 ? mean_up / (mean_up + mean_down) : NAN;
}
