/* Huawei's topology data set: five lists of requests with affinity, anti-affinity and fault domains under three policies. A brute-force checker
 * that shares no code with the rules replays the table of VMs: every placement keeps every rule and the room of every NUMA node, every
 * refusal is one that no host could have taken, and what it was refused for is what the log says.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "analysis/result.h"
#include "sim/base/memory.h"
#include "tests/support/runs.h"
#include "tests/support/workload.h"

enum { HOSTS = 1710, REQUESTS = 4998, TOPOLOGY = 17387, LISTS = 5, GROUPS = 1000 };

typedef enum strategy { NONE, AFFINITY, ANTI_AFFINITY, FAULT_DOMAIN, STRATEGIES } strategy;

typedef struct request {
    int vcpus, memory, nodes, group, domain;
    strategy strategy;
    int host;      /* where the run put it, -1 = refused */
    int node_mask;
} request;

static test_workload work;
static int room[HOSTS][2][2]; /* vCPUs in halves and half GiB free of each node */
static int free_room[HOSTS][2][2];
static int rack[HOSTS];
static request requests[REQUESTS];
/* Who is placed so far: racks and hosts of a group, as plain lists. */
static int placed[REQUESTS], placed_count;

static FILE *open_shared(const char *name) {
    char path[128], header[256];
    snprintf(path, sizeof path, "data/huawei-topology/%s", name);
    const char *full = test_shared(&work, path);
    FILE *file = full ? fopen(full, "r") : NULL;
    if (file) cr_assert_not_null(fgets(header, sizeof header, file));
    return file;
}

static bool read_hosts(void) {
    FILE *file = open_shared("pm_free.csv");
    if (!file) return false;
    for (int h = 0; h < HOSTS; h++) {
        int number, cpu[2], memory[2];
        cr_assert_eq(fscanf(file, "%d,%d,%d,%d,%d", &number, &cpu[0], &memory[0], &cpu[1], &memory[1]), 5);
        for (int n = 0; n < 2; n++) room[h][n][0] = 2 * cpu[n], room[h][n][1] = 2 * memory[n];
    }
    (void)fclose(file);
    file = open_shared("topology.csv");
    for (int i = 0; i < TOPOLOGY; i++) {
        int host, where;
        cr_assert_eq(fscanf(file, " host-%d,%d", &host, &where), 2);
        if (host < HOSTS) rack[host] = where;
    }
    (void)fclose(file);
    return true;
}

static void read_requests(int list) {
    static const char *const names[STRATEGIES] = {"", "affinity", "anti-affinity", "fault_domain"};
    char name[32], line[256];
    snprintf(name, sizeof name, "vm_C%d.csv", list);
    FILE *file = open_shared(name);
    for (int i = 0; i < REQUESTS; i++) {
        request *r = &requests[i];
        char words[16] = "";
        double group = -1, domain = -1;
        cr_assert_not_null(fgets(line, sizeof line, file));
        cr_assert_geq(sscanf(line, "%d,%d,%d,%15[^,],%lf,%lf", &r->vcpus, &r->memory, &r->nodes, words, &group, &domain), 3);
        for (r->strategy = NONE; strcmp(words, names[r->strategy]) != 0; r->strategy++) cr_assert_lt(r->strategy, STRATEGIES - 1);
        r->group = (int)group;
        r->domain = (int)domain;
    }
    (void)fclose(file);
}

/* Does the rule of its strategy let it go to the host, given who is placed? */
static bool rule_allows(const request *r, int host) {
    for (int i = 0; i < placed_count && r->strategy != NONE; i++) {
        const request *other = &requests[placed[i]];
        if (other->strategy != r->strategy || other->group != r->group) continue;
        if (r->strategy == AFFINITY && rack[other->host] != rack[host]) return false;
        if (r->strategy == ANTI_AFFINITY && other->host == host) return false;
        if (r->strategy == FAULT_DOMAIN && other->domain != r->domain && rack[other->host] == rack[host]) return false;
    }
    return true;
}

static bool node_fits(const request *r, int host, int node) {
    return free_room[host][node][0] >= 2 * r->vcpus / r->nodes && free_room[host][node][1] >= 2 * r->memory / r->nodes;
}

static bool has_room(const request *r, int host) {
    bool first = node_fits(r, host, 0), second = node_fits(r, host, 1);
    return r->nodes == 2 ? first && second : first || second;
}

static void take(const request *r) {
    for (int n = 0; n < 2; n++) {
        if (!(r->node_mask >> n & 1)) continue;
        free_room[r->host][n][0] -= 2 * r->vcpus / r->nodes;
        free_room[r->host][n][1] -= 2 * r->memory / r->nodes;
        cr_assert(free_room[r->host][n][0] >= 0 && free_room[r->host][n][1] >= 0, "host %d, node %d holds too much", r->host, n);
    }
}

/* Where the run put everybody, and why it refused whom. */
static void read_run(const char *path, char **reasons) {
    vdc_diag diag = {0};
    vdc_result *result;
    static int64_t hosts[REQUESTS], masks[REQUESTS], vms[3 * REQUESTS];
    static char *events[3 * REQUESTS];
    cr_assert_eq(vdc_result_open(&result, path, &diag), VDC_OK, "%s", diag.count ? diag.messages[0].text : "");
    cr_assert_eq(vdc_result_read_integers(result, "/vms/host", 0, REQUESTS, hosts, &diag), VDC_OK);
    cr_assert_eq(vdc_result_read_integers(result, "/vms/numa_nodes", 0, REQUESTS, masks, &diag), VDC_OK);
    for (int i = 0; i < REQUESTS; i++) requests[i].host = (int)hosts[i], requests[i].node_mask = (int)masks[i];
    vdc_result_shape shape;
    cr_assert(vdc_result_dataset(result, "/events/event", &shape) && shape.rows <= 3 * REQUESTS);
    cr_assert_eq(vdc_result_read_texts(result, "/events/event", 0, shape.rows, events, &diag), VDC_OK);
    cr_assert_eq(vdc_result_read_integers(result, "/events/vm", 0, shape.rows, vms, &diag), VDC_OK);
    for (size_t i = 0; i < shape.rows; i++) {
        if (strncmp(events[i], "rejected", 8) == 0) reasons[vms[i]] = events[i];
        else vdc_free(events[i]);
    }
    vdc_result_close(result);
    vdc_diag_clear(&diag);
}

/* The refused VM: no host could have taken it, and the reason given is true. */
static void check_refusal(int number, const char *reason) {
    static const char *const rules[STRATEGIES] = {"", "rule affinity", "rule anti-affinity", "rule parts-apart"};
    const request *r = &requests[number];
    int with_room = 0;
    for (int h = 0; h < HOSTS; h++) {
        if (!has_room(r, h)) continue;
        with_room++;
        cr_assert(!rule_allows(r, h), "VM %d was refused (%s); host %d could have taken it", number, reason, h);
    }
    cr_assert_not_null(reason, "VM %d was refused without a word", number);
    if (with_room > 0) cr_assert(strstr(reason, rules[r->strategy]), "VM %d: %s, but its rule forbids it on %d hosts", number, reason, with_room);
    else cr_assert(!strstr(reason, "rule"), "VM %d: %s, but no host has room", number, reason);
}

static int check_run(int list, const char *policy) {
    char text[4096], path[64];
    static char *reasons[REQUESTS];
    const char *pms = test_shared(&work, "data/huawei-topology/pm_free.csv"), *racks = test_shared(&work, "data/huawei-topology/topology.csv");
    char name[64];
    snprintf(name, sizeof name, "data/huawei-topology/vm_C%d.csv", list);
    const char *trace = test_shared(&work, name);
    snprintf(path, sizeof path, "/tmp/vdcsim-huawei-%ld.h5", (long)getpid());
    snprintf(text, sizeof text,
             "vdcsim: 1\nname: h\ntime: {tick: 1h, end: last-arrival}\ndatacenter: {hosts: {format: huawei-topology, path: %s, racks: %s}}\n"
             "workload: {trace: {format: huawei-topology, path: %s}}\nisolation:\n  rules:\n"
             "    - {rule: affinity, level: rack, groups: [\"affinity-*\"]}\n    - {rule: anti-affinity, level: host, groups: [\"anti-affinity-*\"]}\n"
             "    - {rule: parts-apart, level: rack, groups: [\"fault_domain-*\"]}\n"
             "schedulers: {admission: {timeout: 0s}, placement: {policy: %s}}\noutput: {events: true}\n", pms, racks, trace, policy);
    memset(reasons, 0, sizeof reasons);
    vdc_simulation *sim = run_text(text, NULL, path);
    read_run(path, reasons);
    remove(path);
    memcpy(free_room, room, sizeof room);
    placed_count = 0;
    int accepted = 0;
    for (int i = 0; i < REQUESTS; i++) {
        const request *r = &requests[i];
        if (r->host < 0) {
            check_refusal(i, reasons[i]);
        } else {
            cr_assert_eq(__builtin_popcount((unsigned)r->node_mask), r->nodes, "VM %d on nodes %d", i, r->node_mask);
            cr_assert(rule_allows(r, r->host), "VM %d on host %d breaks the rule of its group", i, r->host);
            take(r);
            placed[placed_count++] = i;
            accepted++;
        }
        vdc_free(reasons[i]);
    }
    cr_assert_eq(summary_of(sim, "vms_placed"), accepted);
    cr_assert_eq(summary_of(sim, "violations_hard_vm_s"), 0);
    vdc_simulation_close(sim);
    return accepted;
}

Test(huawei_topology, every_rule_is_kept_and_every_refusal_is_right) {
    static const char *const policies[] = {"first-fit", "best-fit", "worst-fit"};
    int sum[3] = {0};
    if (!read_hosts()) return;
    for (int list = 1; list <= LISTS; list++) {
        read_requests(list);
        for (int p = 0; p < 3; p++) sum[p] += check_run(list, policies[p]);
    }
    /* Groups that must share a rack or stay apart are better served by what leaves room everywhere than by what fills host after host. */
    cr_expect(sum[0] < sum[1] && sum[0] < sum[2], "placed of 24990: first-fit %d, best-fit %d, worst-fit %d", sum[0], sum[1], sum[2]);
    cr_log_info("placed of %d: first-fit %d, best-fit %d, worst-fit %d", LISTS * REQUESTS, sum[0], sum[1], sum[2]);
}
