/* What the parts of the scenario's reader share. Private to sim/scenario. */
#ifndef VDC_SCENARIO_READING_H
#define VDC_SCENARIO_READING_H

#include "sim/scenario/document.h"
#include "sim/scenario/sections.h"

/* What a scenario's pointers lead to. */
struct vdc_scenario_memory {
    vdc_document document;
    vdc_arena arena;
};

typedef struct vdc_reading {
    vdc_scenario *scenario;
    vdc_arena *arena;         /* the scenario's */
    vdc_diag *diag;
    vdc_code code;            /* the first error; reading goes on after one, so that all are reported */
    const vdc_node **paths;   /* the scalars that are paths, for the merged text */
    size_t path_count, path_capacity;
} vdc_reading;

/* Keeps the first error's code. */
void vdc_reading_note(vdc_reading *reading, vdc_code code);
/* An error at a node; `node` may be NULL. */
void vdc_reading_fail(vdc_reading *reading, const vdc_node *node, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* Reads a section by its table into its struct (vdc_section_…); keys in `also` are left alone. False when something was wrong. */
bool vdc_reading_section(vdc_reading *reading, vdc_section_id section, const vdc_node *node, const char *const *also, void *out);
/* Notes that the scalar is a path; does nothing for NULL and other kinds. */
void vdc_reading_path(vdc_reading *reading, const vdc_node *node);
/* The path of a small file that is read now, as vdc_reading_resolve gives it; an error and NULL when it cannot be read. */
const char *vdc_reading_readable(vdc_reading *reading, const vdc_node *node);
/* The path of a noted scalar, relative to the file it was written in; NULL when the node is NULL or memory is out. */
const char *vdc_reading_resolve(vdc_reading *reading, const vdc_node *node);
/* Is the node a sequence? Complains otherwise (`what` is wanted). */
bool vdc_reading_is_list(vdc_reading *reading, const vdc_node *node, const char *what);

/* hosts.c: the section datacenter. */
void vdc_reading_datacenter(vdc_reading *reading, const vdc_node *node);
/* prices.c: the section prices. */
void vdc_reading_prices(vdc_reading *reading, const vdc_node *node);
/* failures.c: the section failures; `node` may be NULL. */
void vdc_reading_failures(vdc_reading *reading, const vdc_node *node);
/* hosts.c: the section networks. */
void vdc_reading_networks(vdc_reading *reading, const vdc_node *list);
/* later.c: what is described but not simulated yet. */
void vdc_reading_refuse_later(vdc_reading *reading, const vdc_node *root);

#endif
