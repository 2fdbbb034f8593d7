/* Move to front: hosts stand in a list, first those used last; a VM goes to the first one with room, which moves to the front.
 * Hosts that were never used stand at the end by id. O(hosts passed over) a decision.
 */
#include "schedulers/policy_rows.h"
#include "sim/base/memory.h"

/* A ring through `hosts`, the head of the list. */
typedef struct list_state {
    uint32_t *next, *before;
    uint32_t hosts;
} list_state;

static void fini(void *state) {
    list_state *list = state;
    vdc_free(list->next);
    vdc_free(list->before);
}

static const char *init(void *state, const vdc_view *view) {
    list_state *list = state;
    uint32_t places = view->hosts + 1;
    list->hosts = view->hosts;
    list->next = vdc_calloc(places, sizeof *list->next);
    list->before = vdc_calloc(places, sizeof *list->before);
    if (!list->next || !list->before) return "out of memory";
    for (uint32_t i = 0; i < places; i++) {
        list->next[i] = (i + 1) % places;
        list->before[i] = (i + places - 1) % places;
    }
    return NULL;
}

static bool choose(void *state, const vdc_view *view, const vdc_request *request, vdc_decision *decision) {
    const list_state *list = state;
    for (uint32_t host = list->next[list->hosts]; host != list->hosts; host = list->next[host]) {
        if (!view->fits(view, host, request)) continue;
        decision->host = host;
        return true;
    }
    return false;
}

static void placed(void *state, const vdc_view *view, const vdc_request *request, uint32_t host) {
    (void)view;
    (void)request;
    list_state *list = state;
    list->next[list->before[host]] = list->next[host];
    list->before[list->next[host]] = list->before[host];
    uint32_t head = list->hosts, first = list->next[head];
    list->next[head] = host;
    list->before[host] = head;
    list->next[host] = first;
    list->before[first] = host;
}

const vdc_policy vdc_placement_move_to_front = {
    VDC_POLICY_HEAD(VDC_PLACEMENT, "move-to-front", "the host with room that was used last", "Kamali, Lopez-Ortiz 2015"),
    .state_size = sizeof(list_state),
    .init = init,
    .fini = fini,
    .placement = {.choose = choose, .placed = placed},
};
