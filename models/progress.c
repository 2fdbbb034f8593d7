/* How a VM gets on: its load segments, its lifetime and its checkpoints, as events.
 *
 * A segment of `progress: time` lasts its duration whatever is granted. A segment of `progress: work` ends when duration x
 * demand is done: ceil(work / rate) ns after the rate of its progress last changed. A checkpoint suspends the load for its duration, asks for
 * the VM's largest demand meanwhile, and saves the position that the VM had when it began.
 */
#include "models/lifecycle.h"

/* How many events ahead what they need is fetched: of VMs and, known only then, of their hosts. */
enum { FETCH_VM = 8, FETCH_HOST = 3 };

static int64_t peak_demand(const vdc_datacenter *dc, uint32_t slot) {
    const vdc_request *request = &dc->records[slot].request;
    return request->load ? request->load_peak : dc->vms[slot].nominal;
}

/* A segment of time lasts when it has a duration, one of work when it has work to do. */
static bool lasts(const vdc_segment *segment, bool by_time) {
    return segment->duration > 0 && (by_time || segment->demand > 0);
}

/* Is a segment the load's last one? */
typedef enum last_segment { LAST_UNKNOWN, LAST_NO, LAST_YES } last_segment;

/* Behind a segment that lasts for `left` by time: those with its demand are taken to it. Is there another one? */
static inline bool look_ahead(const vdc_load_source *load, int64_t demand, vdc_time *left, uint64_t *cursor, vdc_segment *segment) {
    while (load->next(load, cursor, segment)) {
        if (segment->duration <= 0) continue;
        if (*left == VDC_FOREVER || segment->demand != demand || *left > VDC_TIME_MAX - segment->duration) return true;
        *left += segment->duration;
    }
    return false;
}

/* Takes the next segment that lasts; neighbours with equal demand are one where only time counts. Says what it saw of those behind it. */
static last_segment next_segment(const vdc_load_source *load, bool by_time, vdc_position *at) {
    vdc_segment segment;
    at->active = at->seen;
    if (at->seen) {
        at->segment_demand = at->ahead.demand;
        at->left = at->ahead.duration;
        at->seen = false;
    }
    while (!at->active && load->next(load, &at->cursor, &segment)) {
        if (!lasts(&segment, by_time)) continue;
        at->active = true;
        at->segment_demand = segment.demand;
        at->left = segment.duration;
        if (by_time) break;
        at->work_left = (vdc_wide)segment.duration * segment.demand;
        return LAST_UNKNOWN;
    }
    if (!at->active) return LAST_YES;
    at->seen = look_ahead(load, at->segment_demand, &at->left, &at->cursor, &segment);
    if (!at->seen) return LAST_YES;
    at->ahead.duration = segment.duration;
    at->ahead.demand = segment.demand;
    return LAST_NO;
}

/* Is the current segment the load's last one? */
static bool is_last(const vdc_request *request, const vdc_position *at) {
    const vdc_load_source *load = request->load;
    vdc_segment segment;
    if (at->seen) return false;
    for (uint64_t ahead = at->cursor; load->next(load, &ahead, &segment);)
        if (lasts(&segment, request->progress == VDC_PROGRESS_TIME)) return false;
    return true;
}

static vdc_time after(vdc_time now, vdc_time span) {
    return span > VDC_TIME_MAX - now ? VDC_TIME_MAX : now + span;
}

/* Schedules the end of the current segment, as far as it is known. */
static vdc_code schedule_segment(vdc_datacenter *dc, uint32_t slot, last_segment last) {
    vdc_vm *vm = &dc->vms[slot];
    const vdc_request *request = &dc->records[slot].request;
    const vdc_position *at = &dc->details[slot].position;
    vdc_time end;
    if (!vm->work) {
        end = after(dc->now, at->left);
    } else if (vm->used > 0) {
        vdc_wide span = (at->work_left + vm->used - 1) / vm->used;
        end = span > VDC_TIME_MAX ? VDC_TIME_MAX : after(dc->now, (vdc_time)span);
    } else {
        end = VDC_TIME_MAX;
    }
    if (end == VDC_TIME_MAX) {
        if (vm->change_event) vdc_queue_cancel(dc->queue, vm->change_event);
        vm->change_event = 0;
        return VDC_OK;
    }
    bool ends_vm = request->lifetime < 0 && (last == LAST_UNKNOWN ? is_last(request, at) : last == LAST_YES);
    vdc_rank rank = ends_vm ? VDC_RANK_VM_END : VDC_RANK_CHANGE;
    if (vm->change_event) return vdc_queue_move(dc->queue, &vm->change_event, end, rank, VDC_EVENT_SEGMENT_END, slot);
    return vdc_queue_push(dc->queue, end, rank, VDC_EVENT_SEGMENT_END, slot, &vm->change_event);
}

/* Does it hold its host without running? Its load and its lifetime stand still; the time since its position was last looked at is none of them. */
static bool stands_still(const vdc_vm *vm) {
    return vm->state == VDC_VM_PAUSED || vm->state == VDC_VM_SAVING || vm->state == VDC_VM_FAILOVER || vm->state == VDC_VM_HELD;
}

/* Brings the position up to the clock, given the rate of progress since it was last brought there. During a checkpoint only the lifetime goes on. */
static void catch_up(vdc_datacenter *dc, uint32_t slot, int64_t rate) {
    vdc_vm *vm = &dc->vms[slot];
    vdc_position *at = &vdc_vm_details_of(dc, slot)->position;
    vdc_time span = dc->now - at->since;
    at->since = dc->now;
    at->elapsed += span;
    if (span == 0 || vm->checkpointing || !at->active) return;
    if (vm->work) {
        vdc_wide done = (vdc_wide)rate * span;
        at->work_left = done >= at->work_left ? 0 : at->work_left - done;
    } else if (at->left != VDC_FOREVER) {
        at->left = span >= at->left ? 0 : at->left - span;
    }
}

/* Goes on to the next segment when the current one is used up, and asks for what it wants. */
static vdc_code go_on(vdc_datacenter *dc, uint32_t slot, bool *ended) {
    vdc_vm *vm = &dc->vms[slot];
    const vdc_request *request = &dc->records[slot].request;
    vdc_position *at = &dc->details[slot].position;
    if (at->active && (vm->work ? at->work_left == 0 : at->left == 0)) at->active = false;
    last_segment last = at->active ? LAST_UNKNOWN : next_segment(request->load, !vm->work, at);
    if (!at->active) {
        vdc_datacenter_demand(dc, slot, 0);
        *ended = request->lifetime < 0;
        return VDC_OK;
    }
    if (vm->work) {
        /* The end follows from the grant; when that stays the same nobody else schedules it. */
        vdc_code code = schedule_segment(dc, slot, last);
        if (code) return code;
        vdc_datacenter_demand(dc, slot, at->segment_demand);
        return VDC_OK;
    }
    vdc_datacenter_demand(dc, slot, at->segment_demand);
    return schedule_segment(dc, slot, last);
}

/* Is there more to its progress than its start and its lifetime? */
static bool has_position(const vdc_datacenter *dc, const vdc_request *request) {
    return request->load || request->checkpoint_interval > 0 || dc->lifecycle;
}

vdc_time vdc_progress_lost(const vdc_datacenter *dc, uint32_t slot, bool restart) {
    const vdc_vm_details *details = vdc_vm_details_known(dc, slot);
    if (!has_position(dc, &dc->records[slot].request)) return dc->now - dc->records[slot].started_at;
    vdc_time since = stands_still(&dc->vms[slot]) ? 0 : dc->now - details->position.since;
    return details->position.elapsed + since - (restart ? details->saved.elapsed : 0);
}

/* From where it was saved, with its lifetime running. */
static vdc_code begin_clock(vdc_datacenter *dc, uint32_t slot) {
    const vdc_request *request = &dc->records[slot].request;
    vdc_time elapsed = 0;
    if (has_position(dc, request)) {
        vdc_vm_details *details = vdc_vm_details_of(dc, slot);
        details->position = details->saved;
        details->position.since = dc->now;
        elapsed = details->saved.elapsed;
    }
    dc->vms[slot].checkpointing = false;
    if (request->lifetime < 0 || request->lifetime == VDC_FOREVER) return VDC_OK;
    vdc_time left = request->lifetime - elapsed;
    return vdc_queue_push(dc->queue, after(dc->now, left > 0 ? left : 0), VDC_RANK_VM_END, VDC_EVENT_VM_END, slot, &dc->vms[slot].end_event);
}

static vdc_code begin_load(vdc_datacenter *dc, uint32_t slot) {
    vdc_vm *vm = &dc->vms[slot];
    const vdc_request *request = &dc->records[slot].request;
    vdc_code code = VDC_OK;
    if (!request->load) {
        vdc_datacenter_demand(dc, slot, vm->nominal);
    } else {
        bool ended = false;
        code = go_on(dc, slot, &ended);
        /* A load without any length: it ends where it begins, in its turn. */
        if (!code && ended) code = vdc_queue_push(dc->queue, dc->now, VDC_RANK_VM_END, VDC_EVENT_VM_END, slot, &vm->end_event);
    }
    if (!code && request->checkpoint_interval > 0) {
        vdc_vm_details *details = vdc_vm_details_of(dc, slot);
        details->checkpoint_interval = request->checkpoint_interval;
        code = vdc_queue_push(dc->queue, after(dc->now, details->checkpoint_interval), VDC_RANK_CHANGE, VDC_EVENT_CHECKPOINT_START, slot,
                              &details->checkpoint_event);
    }
    return code;
}

vdc_code vdc_progress_begin(vdc_datacenter *dc, uint32_t slot) {
    vdc_code code = begin_clock(dc, slot);
    return code ? code : begin_load(dc, slot);
}

vdc_code vdc_progress_boot(vdc_datacenter *dc, uint32_t slot) {
    vdc_datacenter_demand(dc, slot, vdc_progress_demand(dc, slot));
    return begin_clock(dc, slot);
}

vdc_code vdc_progress_booted(vdc_datacenter *dc, uint32_t slot) {
    vdc_vm_details *details = vdc_vm_details_of(dc, slot);
    details->position.elapsed += dc->now - details->position.since;
    details->position.since = dc->now;
    return begin_load(dc, slot);
}

int64_t vdc_progress_demand(const vdc_datacenter *dc, uint32_t slot) {
    const vdc_vm *vm = &dc->vms[slot];
    const vdc_position *at = &vdc_vm_details_known(dc, slot)->position;
    switch ((vdc_vm_state)vm->state) {
    case VDC_VM_BOOTING: return dc->lifecycle->vms[slot].boot_demand;
    case VDC_VM_RUNNING:
    case VDC_VM_BLACKOUT: break;
    default: return 0;
    }
    if (vm->checkpointing) return peak_demand(dc, slot);
    if (!dc->records[slot].request.load) return vm->nominal;
    return at->active ? at->segment_demand : 0;
}

/* Takes an event out of the queue; how long it would still have taken, -1 when there was none. */
static vdc_time take_event(vdc_datacenter *dc, vdc_event_handle *handle) {
    vdc_time due = vdc_queue_time(dc->queue, *handle);
    if (due < 0) return -1;
    vdc_queue_cancel(dc->queue, *handle);
    *handle = 0;
    return due - dc->now;
}

void vdc_progress_pause(vdc_datacenter *dc, uint32_t slot) {
    vdc_vm *vm = &dc->vms[slot];
    vdc_vm_lifecycle *life = &dc->lifecycle->vms[slot];
    catch_up(dc, slot, vm->used);
    life->end_left = take_event(dc, &vm->end_event);
    life->change_left = take_event(dc, &vm->change_event);
    life->checkpoint_left = take_event(dc, &vdc_vm_details_of(dc, slot)->checkpoint_event);
    vdc_datacenter_demand(dc, slot, 0);
}

vdc_code vdc_progress_continue(vdc_datacenter *dc, uint32_t slot) {
    vdc_vm *vm = &dc->vms[slot];
    vdc_vm_details *details = vdc_vm_details_of(dc, slot);
    const vdc_vm_lifecycle *life = &dc->lifecycle->vms[slot];
    vdc_code code = VDC_OK;
    details->position.since = dc->now;
    if (life->end_left >= 0)
        code = vdc_queue_push(dc->queue, after(dc->now, life->end_left), VDC_RANK_VM_END, VDC_EVENT_VM_END, slot, &vm->end_event);
    if (!code && life->checkpoint_left >= 0)
        code = vdc_queue_push(dc->queue, after(dc->now, life->checkpoint_left), VDC_RANK_CHANGE, VDC_EVENT_CHECKPOINT_START, slot,
                              &details->checkpoint_event);
    if (!code && vm->checkpointing && life->change_left >= 0)
        code = vdc_queue_push(dc->queue, after(dc->now, life->change_left), VDC_RANK_CHANGE, VDC_EVENT_CHECKPOINT_END, slot, &vm->change_event);
    else if (!code && details->position.active) code = schedule_segment(dc, slot, LAST_UNKNOWN);
    vdc_datacenter_demand(dc, slot, vdc_progress_demand(dc, slot));
    return code;
}

void vdc_progress_catch_up(vdc_datacenter *dc, uint32_t slot) {
    if (!stands_still(&dc->vms[slot])) catch_up(dc, slot, dc->vms[slot].used);
}

void vdc_progress_save(vdc_datacenter *dc, uint32_t slot) {
    catch_up(dc, slot, dc->vms[slot].used);
    vdc_vm_details *details = vdc_vm_details_of(dc, slot);
    details->saved = details->position;
}

static vdc_code checkpoint_start(vdc_datacenter *dc, uint32_t slot) {
    vdc_vm *vm = &dc->vms[slot];
    vdc_vm_details *details = &dc->details[slot];
    catch_up(dc, slot, vm->used);
    if (vm->change_event) vdc_queue_cancel(dc->queue, vm->change_event);
    vm->change_event = 0;
    vm->checkpointing = true;
    details->saved = details->position;
    vdc_datacenter_demand(dc, slot, peak_demand(dc, slot));
    return vdc_queue_push(dc->queue, after(dc->now, dc->records[slot].request.checkpoint_duration), VDC_RANK_CHANGE, VDC_EVENT_CHECKPOINT_END, slot,
                          &vm->change_event);
}

/* interval x num / den, rounded half to even, never beyond the end of time. */
static vdc_time scaled(vdc_time interval, int64_t num, int64_t den) {
    vdc_wide product = (vdc_wide)interval * num, quotient = product / den, rest = product % den * 2;
    if (rest > den || (rest == den && quotient % 2)) quotient++;
    return quotient >= VDC_TIME_MAX ? VDC_TIME_MAX : quotient < 1 ? 1 : (vdc_time)quotient;
}

static vdc_code checkpoint_end(vdc_datacenter *dc, uint32_t slot, bool *ended) {
    vdc_vm *vm = &dc->vms[slot];
    vdc_vm_details *details = &dc->details[slot];
    const vdc_request *request = &dc->records[slot].request;
    catch_up(dc, slot, vm->used);
    vm->checkpointing = false;
    details->checkpoint_interval = scaled(details->checkpoint_interval, request->checkpoint_scale_num, request->checkpoint_scale_den);
    vdc_code code = vdc_queue_push(dc->queue, after(dc->now, details->checkpoint_interval), VDC_RANK_CHANGE, VDC_EVENT_CHECKPOINT_START, slot,
                                   &details->checkpoint_event);
    if (code) return code;
    if (request->load) return go_on(dc, slot, ended);
    vdc_datacenter_demand(dc, slot, vm->nominal);
    return VDC_OK;
}

vdc_code vdc_progress_event(vdc_datacenter *dc, uint32_t slot, vdc_event_kind kind, bool *ended) {
    vdc_vm *vm = &dc->vms[slot];
    *ended = false;
    switch (kind) {
    case VDC_EVENT_SEGMENT_END:
        vm->change_event = 0;
        catch_up(dc, slot, vm->used);
        return go_on(dc, slot, ended);
    case VDC_EVENT_CHECKPOINT_START:
        dc->details[slot].checkpoint_event = 0;
        return checkpoint_start(dc, slot);
    case VDC_EVENT_CHECKPOINT_END:
        vm->change_event = 0;
        return checkpoint_end(dc, slot, ended);
    default:
        return VDC_ERROR_STATE;
    }
}

/* Loads on a common grid: thousands of segments end at one instant. Those of plain VMs, whose loads go by time and go on, are gone through here in
 * the queue's order, with the same steps as anywhere else, but without taking each event out and making another. Nothing that happens here
 * is an event at this instant, so that no other comes in between. */
vdc_code vdc_progress_together(vdc_datacenter *dc, uint64_t most, uint64_t *done) {
    const vdc_event *event = vdc_queue_together(dc->queue);
    const vdc_time now = dc->now;
    *done = 0;
    while (event && *done < most && event->kind == VDC_EVENT_SEGMENT_END && event->time == now) {
        uint32_t slot = event->subject;
        vdc_vm *vm = &dc->vms[slot];
        vdc_position *at = &dc->details[slot].position;
        const vdc_request *request = &dc->records[slot].request;
        if (vm->work || vm->checkpointing || !at->active || !at->seen || at->left != now - at->since) break;
        int64_t demand = at->ahead.demand;
        vdc_time left = at->ahead.duration;
        uint64_t cursor = at->cursor;
        vdc_segment ahead;
        bool seen = look_ahead(request->load, demand, &left, &cursor, &ahead);
        if (left > VDC_TIME_MAX - 1 - now || (!seen && request->lifetime < 0)) break; /* no event, or one of another rank */
        vdc_code code = vdc_queue_renew(dc->queue, now + left, &event);
        if (code) return code;
        at->cursor = cursor;
        at->segment_demand = demand;
        at->elapsed += now - at->since;
        at->left = left;
        at->since = now;
        at->seen = seen;
        if (seen) at->ahead.duration = ahead.duration, at->ahead.demand = ahead.demand;
        ++*done;
        vdc_datacenter_demand(dc, slot, demand);
    }
    return VDC_OK;
}

vdc_code vdc_progress_granted(vdc_datacenter *dc, uint32_t slot, int64_t old) {
    vdc_vm_state state = (vdc_vm_state)dc->vms[slot].state;
    if ((state != VDC_VM_RUNNING && state != VDC_VM_BLACKOUT) || dc->vms[slot].checkpointing || !dc->details[slot].position.active) return VDC_OK;
    catch_up(dc, slot, old);
    return schedule_segment(dc, slot, LAST_UNKNOWN);
}

void vdc_progress_fetch(const vdc_datacenter *dc) {
    const vdc_event *far = vdc_queue_ahead(dc->queue, FETCH_VM), *near = vdc_queue_ahead(dc->queue, FETCH_HOST);
    if (far && far->kind <= VDC_EVENT_CHECKPOINT_END) {
        __builtin_prefetch(&dc->vms[far->subject], 1);
        __builtin_prefetch(&dc->details[far->subject].position, 1);
        __builtin_prefetch(&dc->records[far->subject]);
    }
    if (!near || near->kind > VDC_EVENT_CHECKPOINT_END || dc->vms[near->subject].host == VDC_NOWHERE) return;
    uint32_t h = dc->vms[near->subject].host;
    __builtin_prefetch(&dc->hosts.account[h], 1);
    __builtin_prefetch(&dc->hosts.class_of[h]);
    if (dc->power_due) __builtin_prefetch(&dc->power_due[h], 1);
}

void vdc_progress_stop(vdc_datacenter *dc, uint32_t slot) {
    vdc_vm *vm = &dc->vms[slot];
    vdc_vm_details *details = vm->detailed ? &dc->details[slot] : NULL;
    vdc_event_handle none = 0, *events[] = {&vm->end_event, &vm->change_event, details ? &details->checkpoint_event : &none};
    for (size_t i = 0; i < sizeof events / sizeof *events; i++) {
        if (*events[i]) vdc_queue_cancel(dc->queue, *events[i]);
        *events[i] = 0;
    }
    vm->checkpointing = false;
    if (details) details->position.active = false;
}
