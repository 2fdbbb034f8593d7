/* Another program at the other end of a pair of pipes: lines out, lines in, with a time limit.
 *
 * Started without a shell, found by PATH, in a process group of its own, with its standard input and output on the pipes, its
 * standard error shared and every other descriptor closed. It cannot kill its starter: writing to one that is gone is an error,
 * not a SIGPIPE, and one that does not answer in time is ended.
 */
#ifndef VDC_BASE_CHILD_H
#define VDC_BASE_CHILD_H

#include <stddef.h>
#include <stdint.h>

#include "sim/base/status.h"

typedef struct vdc_child vdc_child;

enum { VDC_CHILD_LINE = 1 << 20 }; /* bytes in a line at most */

/* argv ends with NULL; folder NULL = here; memory: bytes of address space at most, of it and of each process that it starts, 0 = no limit. The message
 * of a failure names argv[0]. */
vdc_code vdc_child_start(vdc_child **child, const char *const *argv, const char *folder, int64_t memory, vdc_diag *diag);
/* Sends `length` bytes and, with `line`, waits for one line, which is valid until the next call, without its end and
 * NUL-terminated. All within `limit` ns, and until `interrupted` (may be NULL), asked once a second and after signals, says true. Returns NULL, or
 * what went wrong ("it was ended by signal 11 …"), valid until the next call; then the child is of no use any more. */
const char *vdc_child_exchange(vdc_child *child, const char *text, size_t length, int64_t limit, bool (*interrupted)(void), const char **line,
                               size_t *line_length);
/* Closes its input, gives it `grace` ns to end, then ends it. What is left of its group once it has ended, however that was, is killed. NULL is
 * allowed. */
void vdc_child_stop(vdc_child *child, int64_t grace);

#endif
