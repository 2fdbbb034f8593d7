/* Parameter tables: one description of an option drives its parsing, its default, its error messages, `vdcsim
 * policies`, the JSON Schema, the docs and the tests.
 *
 * A table is a static const array of vdc_param whose `offset` says where in the owner's struct the value goes.
 * vdc_params_read fills the struct from a mapping: defaults first, then what is written; unknown keys, wrong types
 * and values out of range are errors that name what was found and what is allowed, with a "did you mean".
 */
#ifndef VDC_BASE_PARAM_H
#define VDC_BASE_PARAM_H

#include <stdint.h>

#include "sim/base/node.h"
#include "sim/base/option.h"
#include "sim/base/units.h"

/* Reads `mapping` (NULL = empty) by the table into `out`. Keys listed in `also` (NULL-terminated, may be NULL) are left
 * to the caller. Adds every error to diag and returns the first one's code; on errors the defaults stand where a value was bad.
 * `what` names the section in messages ("placement policy best-fit"). */
vdc_code vdc_params_read(const vdc_node *mapping, const vdc_param *table, size_t count, void *out,
                         const char *const *also, const char *what, vdc_diag *diag);
/* Does `maximum` bound the number? Not where it lies below the minimum or both are 0. */
bool vdc_param_has_maximum(const vdc_param *param);
/* Must it be written: has it no default, and is it not of a kind that may be absent? */
bool vdc_param_is_required(const vdc_param *param);
/* Bytes that a value of that type takes in the owner's struct; 0 for no type that there is. */
size_t vdc_param_size(vdc_param_type type);
/* Only the defaults. A required parameter is left zero. */
void vdc_params_default(const vdc_param *table, size_t count, void *out);

/* One scalar, by the same rules (for lists and hand-read nodes). */
vdc_code vdc_node_integer(const vdc_node *node, vdc_dimension dimension, int64_t minimum, int64_t maximum, int64_t *out, vdc_diag *diag);
vdc_code vdc_node_real(const vdc_node *node, vdc_dimension dimension, double minimum, double maximum, double *out, vdc_diag *diag);
vdc_code vdc_node_bool(const vdc_node *node, bool *out, vdc_diag *diag);
vdc_code vdc_node_text(const vdc_node *node, const char **out, vdc_diag *diag);
/* The index of the word among NULL-terminated `choices`. */
vdc_code vdc_node_choice(const vdc_node *node, const char *const *choices, int *out, vdc_diag *diag);

/* The best near miss of `word` among NULL-terminated `words`, or NULL: for "did you mean". */
const char *vdc_nearest(const char *word, const char *const *words);
/* `path` relative to the folder of `file`, in fresh memory; an absolute path is copied. */
char *vdc_path_resolve(const char *file, const char *path);
/* The path that stands under `key` of a mapping, relative to the file that the path itself is written in: what is around it may come from another
 * (extends, --set). In fresh memory; NULL when memory is out or there is no text under the key. */
char *vdc_path_at(const vdc_node *mapping, const char *key);

#endif
