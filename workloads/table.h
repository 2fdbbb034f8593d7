/* Tables of text: a header line (or columns known by position) and rows, read one at a time.
 *
 * A reader maps the columns it wants, asks for rows and takes values out of them. The first malformed value of a row
 * is reported with file, line and column through vdc_row_error, the rest of the row is ignored, and vdc_table_bad
 * says that the row is not to be used; so a reader's code is a straight list of what it takes.
 */
#ifndef VDC_WORKLOADS_TABLE_H
#define VDC_WORKLOADS_TABLE_H

#include "workloads/text.h"
#include "workloads/workload.h"

typedef struct vdc_table_layout {
    char separator;               /* ' ' = runs of blanks */
    char comment;                 /* lines that begin with it are left out; 0 = none */
    const char *const *columns;   /* NULL-terminated names by position: there is no header line; NULL = there is one */
} vdc_table_layout;

typedef struct vdc_table {
    vdc_text *text;
    vdc_table_layout layout;
    vdc_trace_report *report;
    vdc_diag *diag;               /* of the row being read */
    char **names;                 /* [columns] */
    size_t columns;
    vdc_field *fields;            /* [columns] of the row */
    bool bad;                     /* the row is malformed */
    vdc_code code;                /* what that means: VDC_OK = leave it out */
} vdc_table;

enum { VDC_COLUMN_ABSENT = -1 };

/* Opens the file and reads its header. The table is closed by vdc_table_close also after an error; initialise with {0}. */
vdc_code vdc_table_open(vdc_table *table, const char *path, const vdc_table_layout *layout,
                        const vdc_workload_context *context, vdc_diag *diag);
void vdc_table_close(vdc_table *table);
/* The index of each of `count` columns. A name may list alternatives ("mem|memory"); the first `required` must be there,
 * of the others index is VDC_COLUMN_ABSENT where they are not. Columns that nobody wants are ignored. */
vdc_code vdc_table_map(const vdc_table *table, const char *const *wanted, size_t count, size_t required, int *index,
                       vdc_diag *diag);
/* Looks whether a file's header has a column: for formats of several forms. */
vdc_code vdc_table_has(const char *path, char separator, const char *column, bool *has, const vdc_workload_context *context,
                       vdc_diag *diag);
/* The next row with the right number of fields; blank lines are left out. *have = false after the last. */
vdc_code vdc_table_row(vdc_table *table, bool *have, vdc_diag *diag);

/* The same for a line that the caller has read itself, for readers that handle plain lines faster: *have = false where it is
 * blank or was left out as malformed. */
vdc_code vdc_table_take(vdc_table *table, vdc_field line, bool *have);

/* The field of a column of the current row. */
static inline vdc_field vdc_table_field(const vdc_table *table, int column) {
    return table->fields[column];
}
/* A decimal number times `scale` within [minimum, maximum]; 0 when malformed. */
int64_t vdc_table_number(vdc_table *table, int column, int64_t scale, int64_t minimum, int64_t maximum);
/* The same with a value for a column that is absent or a field that is empty. */
int64_t vdc_table_number_or(vdc_table *table, int column, int64_t scale, int64_t minimum, int64_t maximum, int64_t otherwise);
/* Interns the text of a column; 0 when the column is absent, the field is empty or memory is out. */
uint32_t vdc_table_name(vdc_table *table, int column, vdc_names *names);
/* Says that the current row is malformed: `column` (may be VDC_COLUMN_ABSENT) is where. Only the first counts. */
void vdc_table_complain(vdc_table *table, int column, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* Is the current row not to be used? *code says whether to go on with the next (VDC_OK). */
static inline bool vdc_table_bad(const vdc_table *table, vdc_code *code) {
    *code = table->code;
    return table->bad;
}

#endif
