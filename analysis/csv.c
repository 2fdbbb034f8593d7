/* Small CSV tables, read whole. */
#include "analysis/csv.h"

#include "sim/base/file.h"
#include "sim/base/memory.h"

#include <string.h>

/* Cuts out one field from *at, which moves behind what ended it; returns that character (',', '\n' or 0). */
static char cut_field(char **at, char **field)
{
    char *from = *at, *to = *at, end;
    *field = to;
    if (*from == '"') {
        for (from++; *from && !(from[0] == '"' && from[1] != '"'); from++) {
            from += from[0] == '"'; /* a doubled quote is one */
            *to++ = *from;
        }
        from += *from == '"';
    }
    while (*from && *from != ',' && *from != '\n') {
        *to++ = *from++;
    }
    end = *from;
    *at = from + (end != '\0');
    if (to > *field && to[-1] == '\r') {
        to--;
    }
    *to = '\0';
    return end;
}

vdc_code vdc_csv_read(vdc_csv *table, const char *path, vdc_diag *diag)
{
    enum { LARGEST = 256 << 20 };
    size_t length;
    *table = (vdc_csv){0};
    vdc_code code = vdc_file_read(path, LARGEST, &table->text, &length, diag);
    if (code) {
        return code;
    }
    for (char *at = table->text; *at;) {
        char end;
        do {
            if (!VDC_RESERVE(table->fields, table->field_capacity, table->field_count + 1) ||
                !VDC_RESERVE(table->row_ends, table->row_capacity, table->rows + 1)) {
                vdc_csv_clear(table);
                return vdc_no_memory(diag, path);
            }
            end = cut_field(&at, &table->fields[table->field_count]);
            table->field_count++;
        } while (end == ',');
        table->row_ends[table->rows++] = table->field_count;
    }
    return VDC_OK;
}

const char *vdc_csv_field(const vdc_csv *table, size_t row, size_t column)
{
    size_t first = row > 0 && row <= table->rows ? table->row_ends[row - 1] : 0;
    return row < table->rows && first + column < table->row_ends[row] ? table->fields[first + column] : "";
}

void vdc_csv_clear(vdc_csv *table)
{
    vdc_free(table->text);
    vdc_free(table->fields);
    vdc_free(table->row_ends);
    *table = (vdc_csv){0};
}
