/* A plain replay of arrivals and departures: no clock, no queue, no engine. What does not fit on arrival is rejected; of one
 * instant the departures come first. Drives the placement engine with one policy, so that its decisions can be compared.
 */
#ifndef VDC_TESTS_SUPPORT_REPLAY_H
#define VDC_TESTS_SUPPORT_REPLAY_H

#include "schedulers/search.h"

typedef struct test_replay {
    vdc_hosts *hosts;            /* the caller's */
    vdc_policy_instance policy;
    vdc_search *search;
    vdc_arena arena;
    int64_t now;
    struct replay_vm *alive;     /* min-heap by end */
    size_t alive_count, alive_capacity;
} test_replay;

/* `policy` in flow style: "{policy: best-fit, norm: cpu}"; strategy as in vdc_search_options. Fails the test on any error. */
void replay_open(test_replay *replay, vdc_hosts *hosts, const char *policy, const char *strategy);
/* The same with a workload whose typical VMs are known. */
void replay_open_mix(test_replay *replay, vdc_hosts *hosts, const char *policy, const char *strategy, const vdc_gpu_mix *mix);
/* When the next of those alive ends; INT64_MAX when nobody does. */
int64_t replay_next_end(const test_replay *replay);
/* Lets depart what has ended by `now`. */
void replay_depart(test_replay *replay, int64_t now);
/* Lets depart what has ended by the request's arrival, then places it: the host, or -1. The request must outlive its VM. */
int64_t replay_arrive(test_replay *replay, const vdc_request *request);
/* The hosts are left as they are. */
void replay_close(test_replay *replay);

#endif
