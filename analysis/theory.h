/* What queueing and reliability theory says about simple datacenters: what the simulator is held against by
 * `vdcsim selftest` and by the tests.
 *
 * Rates are per second, times in seconds, loads in erlang (arrival rate x mean holding time). Results are NaN where the theory has
 * none (a queue that grows without bound, a rate that is not positive).
 *
 * Sources
 *   Erlang, Solution of some problems in the theory of probabilities of significance in automatic telephone exchanges, 1917 (B, C)
 *   Kleinrock, Queueing Systems vol. 1, 1975 (M/M/c, Pollaczek-Khinchine), vol. 2, 1976 (processor sharing)
 *   Takacs, Introduction to the Theory of Queues, 1962 (M/G/infinity)
 *   Ross, Stochastic Processes, 2nd ed., 1996, section 3.4 (alternating renewal processes)
 */
#ifndef VDC_ANALYSIS_THEORY_H
#define VDC_ANALYSIS_THEORY_H

/* Share of arrivals that find all `servers` busy and are lost (M/G/c/c; any distribution of holding times). O(servers). */
double vdc_theory_erlang_b(unsigned servers, double load);
/* Probability that an arrival has to wait (M/M/c). load < servers. O(servers). */
double vdc_theory_erlang_c(unsigned servers, double load);
/* Mean time in the queue of M/M/c, arrivals that need not wait included. */
double vdc_theory_mmc_wait(unsigned servers, double arrival_rate, double mean_service);
/* Mean time in the queue of M/G/1, first come first served; `variation` is the coefficient of variation of the service times. */
double vdc_theory_mg1_wait(double arrival_rate, double mean_service, double variation);
/* Mean time in system of M/G/1 with processor sharing; any distribution of service times. */
double vdc_theory_mg1_ps_sojourn(double arrival_rate, double mean_service);
/* Mean number in M/G/infinity in the long run; the number is Poisson, so this is its variance too. */
double vdc_theory_mginf_mean(double arrival_rate, double mean_service);
/* Long-run share of time that a component is up. */
double vdc_theory_availability(double mean_up, double mean_down);

#endif
