/* What was done to a simulation from outside, and states made of it.
 *
 * Policies, plug-ins, readers and other processes keep state that nobody else can read. So a saved state is no image of memory but a journal: the
 * scenario as written, its inputs' digests, everything that was done from outside with the event after which it was done, how far the run was,
 * and a digest of the state there. Restoring runs the scenario again to that point and proves by the digest that it is the same one.
 */
#ifndef VDC_SIM_JOURNAL_H
#define VDC_SIM_JOURNAL_H

#include "sim/simulation.h"

typedef enum vdc_deed { VDC_DEED_SET, VDC_DEED_OPERATION, VDC_DEEDS } vdc_deed;
extern const char *const vdc_deed_names[]; /* NULL-terminated: "set", "operation" */

/* Something is about to be done now: the instant's shares are settled, and it is noted. `text`: "KEY.PATH=VALUE", or an operation as the console
 * takes it. */
vdc_code vdc_journal_note(vdc_simulation *simulation, vdc_deed deed, const char *text, vdc_diag *diag);
/* Takes back the last note: it was refused and nothing changed. */
void vdc_journal_forget(vdc_simulation *simulation);
void vdc_journal_clear(vdc_journal *journal);
/* The journal as a text for the result file, a line a deed; "" when nothing was done. Fresh memory, NULL when it is out. */
char *vdc_journal_text(const vdc_simulation *simulation);
/* Does again what the text of a result file says, then nothing: for a simulation that was just opened. */
vdc_code vdc_journal_replay_text(vdc_simulation *simulation, const char *text, vdc_diag *diag);
/* SHA-256 of the state: clocks, counters, queues, hosts, VMs and the summary as it stands. Does not depend on what is written. */
vdc_code vdc_state_digest(vdc_simulation *simulation, char digest[VDC_DIGEST_TEXT], vdc_diag *diag);

/* change.c */
/* Checks overlays against what may change on the way, and does as they say. */
vdc_code vdc_change_apply(vdc_simulation *simulation, const char *const *sets, size_t count, vdc_diag *diag);

#endif
