/* Outcomes and messages.
 *
 * Library code never prints, exits or aborts. A function that can fail returns a vdc_code and, where there is
 * something to say, adds messages to a vdc_diag: a list, so that all errors of a file reach the user at once.
 * Only the command prints it and chooses the exit status.
 */
#ifndef VDC_BASE_STATUS_H
#define VDC_BASE_STATUS_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

/* What became of a call. VDC_OK is 0, so that `if (code)` reads "if it failed". */
typedef enum vdc_code {
    VDC_OK = 0,
    VDC_ERROR_INPUT,      /* the user's input is wrong: the command exits with 2 */
    VDC_ERROR_IO,         /* a file could not be read or written */
    VDC_ERROR_MEMORY,     /* an allocation failed */
    VDC_ERROR_POLICY,     /* a policy broke its contract */
    VDC_ERROR_CHECK,      /* an invariant or a comparison did not hold */
    VDC_ERROR_STATE,      /* the call does not fit the object's state */
    VDC_INTERRUPTED       /* ended early on request; what was done so far is consistent */
} vdc_code;

/* Where in an input something was found. line and column count from 1; 0 = not known. */
typedef struct vdc_place {
    const char *file; /* may be NULL; owned by whoever made the place, copied into messages */
    int line;
    int column;
} vdc_place;

typedef struct vdc_message {
    vdc_code code;
    bool warning;    /* said, but the work goes on */
    char *text;      /* complete, with place, no trailing newline */
} vdc_message;

/* The messages of one piece of work. Initialise with `vdc_diag diag = {0};`, end with vdc_diag_clear. */
typedef struct vdc_diag {
    vdc_message *messages;
    size_t count, capacity;
    size_t errors;      /* messages that are not warnings */
    size_t suppressed;  /* errors beyond VDC_DIAG_LIMIT or without memory for their text, counted but not kept */
    vdc_code first;     /* the code of the first error */
} vdc_diag;

enum { VDC_DIAG_LIMIT = 100 };

/* Adds an error and returns `code`, so that `return vdc_fail(diag, ...)` is the idiom. A NULL diag is allowed
 * (the message is dropped), a NULL place too. Out of memory never loses the code, only the text. */
vdc_code vdc_fail(vdc_diag *diag, vdc_code code, const vdc_place *place, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
#ifdef __clang_analyzer__ /* which does not see what the function returns */
#define vdc_fail(diag, code, ...) (vdc_fail(diag, code, __VA_ARGS__), (code))
#endif
/* The same for something that is worth saying but no error. */
void vdc_warn(vdc_diag *diag, const vdc_place *place, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* The standard out-of-memory error; `what` names what was to be held. Here, so that each caller's compiler and analyser see that it is no VDC_OK. */
static inline vdc_code vdc_no_memory(vdc_diag *diag, const char *what) {
    (void)vdc_fail(diag, VDC_ERROR_MEMORY, NULL, "out of memory for %s", what);
    return VDC_ERROR_MEMORY;
}
/* The code of the first error, VDC_OK when there is none. */
vdc_code vdc_diag_code(const vdc_diag *diag);
void vdc_diag_clear(vdc_diag *diag);

#endif
