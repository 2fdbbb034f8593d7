/* Something that may end the process, tried in a child first.
 *
 * For libraries that were not written for damaged files: where the child comes to its end, the same calls on the same file can be trusted not to
 * crash here. The child shares nothing but what was open, writes nothing, and has limits of memory and CPU time.
 */
#ifndef VDC_BASE_GUARD_H
#define VDC_BASE_GUARD_H

#include "sim/base/status.h"

/* Runs attempt(path) in a forked child, with 1 GiB of memory beyond what is in use and with CPU time by the size of the file. VDC_OK when it returned,
 * whatever came out, and where `path` is no regular file, which is not tried. VDC_ERROR_INPUT when it did not: "PATH: is damaged: " and how that
 * ended (a signal, its time or memory). VDC_ERROR_IO when no child can be had. What the child allocates or opens is gone with it. */
vdc_code vdc_guard_try_file(void (*attempt)(void *path), char *path, vdc_diag *diag);

#endif
