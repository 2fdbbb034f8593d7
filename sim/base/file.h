/* Files: reading small ones whole, giving complete ones their name, and saying why one cannot be used. */
#ifndef VDC_BASE_FILE_H
#define VDC_BASE_FILE_H

#include <sys/types.h>

#include "sim/base/status.h"

/* The error of the C library's last failed call on a file: "PATH: WHAT: reason" ("cannot be read"). Uses errno; returns `code`. */
vdc_code vdc_file_fail(vdc_diag *diag, vdc_code code, const char *path, const char *what);
/* Reads a file of at most `limit` bytes into fresh memory, with a NUL behind it. What is no file, cannot be read or is larger is
 * VDC_ERROR_INPUT. */
vdc_code vdc_file_read(const char *path, size_t limit, char **text, size_t *length, vdc_diag *diag);
/* Reads `size` bytes at a place of a file, fewer only where the file ends before: the system may give them in pieces. Returns how many, -1 with
 * errno when that fails. */
ssize_t vdc_file_read_at(int descriptor, void *to, size_t size, off_t place);
/* Is there a terminal, a pipe or a device at the end of the path (/dev/stdout, /dev/null)? It is written to, where a file is replaced. */
bool vdc_file_is_stream(const char *path);
/* Do both paths name one file, or would they, where neither is there yet? */
bool vdc_file_same(const char *path, const char *other);
/* What is about to be written to `path` must not replace `input`, which is read for it. NULL for either: fine. */
vdc_code vdc_file_spare(const char *path, const char *input, vdc_diag *diag);
/* The path as it is written relative to the folder (a part of `path`); one that does not begin with the folder stays as it is. */
const char *vdc_path_relative(const char *folder, const char *path);
/* Gives the complete file `partial` its name `path`, in the same folder, and makes the name last through a power failure where
 * the file system can. Without force a file that has appeared there is left alone; `partial` then stays. */
vdc_code vdc_file_publish(const char *partial, const char *path, bool force, vdc_diag *diag);

#endif
