/* Document trees for tests, from a line of YAML's flow style: "{policy: best-fit, norm: l2, levels: [1, 2 W]}".
 * Only what tests write: mappings, sequences, plain and "quoted" scalars without escapes. A text that is malformed fails the
 * test.
 */
#ifndef VDC_TESTS_SUPPORT_TREE_H
#define VDC_TESTS_SUPPORT_TREE_H

#include "sim/base/node.h"

/* The tree lives in the arena; places are line 1 and the column, file "test". */
const vdc_node *test_tree(vdc_arena *arena, const char *text);

#endif
