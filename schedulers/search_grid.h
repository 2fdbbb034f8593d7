/* Best score by branch and bound over a grid of free amounts, for monotone scores. See search_grid.c. */
#ifndef VDC_SCHEDULERS_SEARCH_GRID_H
#define VDC_SCHEDULERS_SEARCH_GRID_H

#include "schedulers/search_internal.h"

typedef struct vdc_grid vdc_grid;

/* Is the policy's score monotone in what is free and a function of nothing else? */
bool vdc_grid_suits(const vdc_search *search);
vdc_code vdc_grid_create(vdc_grid **grid, const vdc_search *search);
void vdc_grid_destroy(vdc_grid *grid);
/* Puts an item (a state's number, not in yet) where its host's free amounts belong. `position` is that of the item. False: no
 * memory. */
bool vdc_grid_link(vdc_grid *grid, uint32_t item, uint32_t host, uint32_t position);
/* The item that `host` belongs to, which is in, got a host at this position. */
void vdc_grid_lower(vdc_grid *grid, uint32_t host, uint32_t position);
void vdc_grid_clear(vdc_grid *grid);

/* The best so far: of equal scores the lowest position. */
typedef struct vdc_grid_best {
    bool found;
    double score;
    uint32_t position;
} vdc_grid_best;

/* One question to the grid. `visit` is called for the items that may be better than *best and raises it when one is. It returns
 * the lowest position of the item whether it is the answer or not, UINT32_MAX when the item is to be taken out. */
typedef struct vdc_grid_query {
    const vdc_request *request;
    uint32_t (*visit)(void *context, uint32_t item, vdc_grid_best *best);
    void *context;
} vdc_grid_query;
vdc_grid_best vdc_grid_find(vdc_grid *grid, const vdc_grid_query *query);

#endif
