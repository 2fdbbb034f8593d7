/* Pictures of results: the registry of kinds, and drawing them.
 *
 * A kind is one file in analysis/plots/ and one row of the registry in plot.c. It reads result files through
 * series.h, fills in a vdc_picture and nothing else. Where the results lack what it shows it says so in words.
 */
#ifndef VDC_ANALYSIS_PLOT_H
#define VDC_ANALYSIS_PLOT_H

#include "analysis/picture.h"
#include "analysis/runs.h"

typedef struct vdc_plot_kind {
    const char *name;
    const char *family;          /* the kind with which it is drawn, too, as far as the results allow; NULL = only by its own name */
    const char *summary;         /* one line: what is to be seen */
    bool joint;                  /* one picture of all runs; else one of each group's first run */
    size_t least_groups;         /* groups without which a joint kind shows nothing */
    /* `index` is the run to draw (not joint). Leaves picture->missing when there is nothing to draw. */
    vdc_code (*draw)(vdc_picture *picture, const vdc_runs *runs, size_t index, vdc_diag *diag);
} vdc_plot_kind;

extern const vdc_plot_kind *const vdc_plot_kinds[]; /* NULL-terminated */
const vdc_plot_kind *vdc_plot_find(const char *name);

typedef struct vdc_plot_options {
    const char *folder;          /* made when it is not there */
    vdc_picture_format format;
    const char *const *kinds;    /* names; none = all that the results allow */
    size_t kind_count;
    size_t most_groups;          /* pictures of single runs for at most so many groups; 0 = all */
    bool force;
    bool (*stop)(void);          /* asked before each picture: true ends with VDC_INTERRUPTED. NULL = never */
} vdc_plot_options;

/* What became of one picture. */
typedef struct vdc_drawn {
    const vdc_plot_kind *kind;
    size_t group;                /* of a picture that is not joint */
    char *name;                  /* of the files, without folder and extension */
    char *title;
    char *missing;               /* why it was not drawn, or NULL */
} vdc_drawn;
typedef struct vdc_drawn_list { vdc_drawn *items; size_t count, capacity; } vdc_drawn_list;

/* Draws. Kinds that were named but cannot be drawn of these results are VDC_ERROR_CHECK after all others are drawn; kinds that
 * were not named are just listed with what they lack. */
vdc_code vdc_plot_draw(const vdc_runs *runs, const vdc_plot_options *options, vdc_drawn_list *list, vdc_diag *diag);
void vdc_drawn_list_clear(vdc_drawn_list *list);

#endif
