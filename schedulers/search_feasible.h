/* Which hosts a request fits on, as a tree of bitmaps. See search_feasible.c. */
#ifndef VDC_SCHEDULERS_SEARCH_FEASIBLE_H
#define VDC_SCHEDULERS_SEARCH_FEASIBLE_H

#include "models/host.h"
#include "schedulers/search_shapes.h"

typedef struct vdc_feasible vdc_feasible;

/* `rule` is asked for every host that fits otherwise; its hosts only pass where it says so. Positions are places in the order
 * that hosts are named in: `order` [hosts] gives the host at each position (NULL: by id); it must outlive the object. */
vdc_code vdc_feasible_create(vdc_feasible **feasible, const vdc_hosts *hosts, const uint32_t *order);
void vdc_feasible_destroy(vdc_feasible *feasible);
void vdc_feasible_update(vdc_feasible *feasible, uint32_t host);

/* A hard rule: may the VM come to the host? */
typedef bool vdc_allows(const void *rules, uint32_t host, const vdc_request *request);

/* The first position >= from whose host takes the request, -1: none. `allows` may be NULL. */
int64_t vdc_feasible_next(vdc_feasible *feasible, const vdc_request *request, uint32_t from, vdc_allows *allows,
                          const void *rules);
/* How many hosts take the request, and the position of the k-th of them. */
uint32_t vdc_feasible_count(vdc_feasible *feasible, const vdc_request *request, vdc_allows *allows, const void *rules);
int64_t vdc_feasible_select(vdc_feasible *feasible, const vdc_request *request, uint32_t k, vdc_allows *allows,
                            const void *rules);

#endif
