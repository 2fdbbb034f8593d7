/* Utilisation of hosts over time as a map: a row a host (or a few neighbours), a column an interval.
 *
 * Needs [tick x host] rows (output.hosts: every-tick). The dataset is read by blocks of ticks, so that its size does not matter.
 */
#include "analysis/plots/kinds.h"

enum { ROWS_MOST = 200, COLUMNS_MOST = 240, CELLS_AT_ONCE = 1 << 20 };

/* Mean of CPU granted (Hz) by cell, [row x column]; NULL on failure. */
static double *mean_cells(const vdc_run *run, const vdc_ticks *ticks, size_t hosts, size_t rows, vdc_diag *diag, vdc_code *code)
{
    double *cells = vdc_calloc(rows * ticks->count, sizeof *cells);
    if (!cells) {
        *code = vdc_no_memory(diag, "the cells of a map");
        return NULL;
    }
    size_t at_once = CELLS_AT_ONCE / hosts + 1, column = 0;
    for (size_t first = 0; first < ticks->ticks; first += at_once) {
        vdc_matrix block = {0};
        *code = vdc_matrix_read_rows(&block, run, "/hosts/cpu_granted", first, at_once, diag);
        if (*code) {
            vdc_free(cells);
            return NULL;
        }
        for (size_t t = 0; t < block.rows; t++) {
            while (column + 1 < ticks->count && first + t >= ticks->first[column + 1]) {
                column++;
            }
            for (size_t h = 0; h < hosts; h++) {
                cells[h * rows / hosts * ticks->count + column] += block.cells[t * hosts + h];
            }
        }
        vdc_matrix_clear(&block);
    }
    for (size_t row = 0; row < rows; row++) {
        /* Hosts h with h x rows / hosts = row. */
        size_t from = (row * hosts + rows - 1) / rows, to = ((row + 1) * hosts + rows - 1) / rows;
        for (size_t i = 0; i < ticks->count; i++) {
            cells[row * ticks->count + i] /= (double)(to - from) * (double)(ticks->first[i + 1] - ticks->first[i]);
        }
    }
    return cells;
}

static void draw_map(vdc_picture *picture, const vdc_runs *runs, const vdc_run *run, const vdc_ticks *ticks, const double *cells,
                     size_t hosts, size_t rows, const vdc_matrix *capacity)
{
    vdc_plot_title(picture, runs, run, "CPU use of each host over time");
    vdc_time_axis axis = vdc_picture_time(picture, ticks->edges[0], ticks->edges[ticks->count]);
    bool share = capacity->rows == hosts;
    double largest = vdc_largest(cells, rows * ticks->count);
    vdc_scale scale = vdc_scale_choose("Hz", largest);
    vdc_picture_block(picture, "CPU scheduled", "time (middle)\thost (middle)\tvalue");
    for (size_t row = 0; row < rows; row++) {
        size_t from = (row * hosts + rows - 1) / rows, to = ((row + 1) * hosts + rows - 1) / rows;
        double offered = 0;
        for (size_t h = from; h < to && share; h++) {
            offered += capacity->cells[h] / (double)(to - from);
        }
        for (size_t i = 0; i < ticks->count; i++) {
            double value = cells[row * ticks->count + i];
            const double point[] = {(ticks->edges[i] + ticks->edges[i + 1]) / 2 / axis.factor, (double)(from + to - 1) / 2,
                                    share ? (offered > 0 ? 100 * value / offered : NAN) : value / scale.factor};
            vdc_picture_row(picture, point, 3);
        }
        vdc_text_add(&picture->data, "\n");
    }
    vdc_picture_palette(picture);
    vdc_text_add(&picture->script,
                 "unset grid\nunset key\nset tics front\nset ylabel 'Host'\nset yrange [-0.5:%.1f]\nset cblabel '%s%s%s'\nset "
                 "cbrange [0:%s]\n",
                 (double)hosts - 0.5, share ? "CPU scheduled (% of the host)" : "CPU scheduled (", share ? "" : scale.units,
                 share ? "" : ")", share ? "100" : "*");
    vdc_text_add(&picture->script, "plot data using 1:2:3 with image\n");
}

static vdc_code draw(vdc_picture *picture, const vdc_runs *runs, size_t index, vdc_diag *diag)
{
    const vdc_run *run = &runs->items[index];
    vdc_ticks ticks;
    vdc_code code = vdc_ticks_read(&ticks, run, COLUMNS_MOST, diag);
    size_t recorded = 0, hosts = 0;
    vdc_matrix_shape(run, "/hosts/cpu_granted", &recorded, &hosts);
    if (!code && (ticks.count < 2 || hosts == 0 || recorded != ticks.ticks)) {
        vdc_text_add(&picture->missing,
                     "the run recorded no hosts tick by tick (output: {hosts: every-tick} in the scenario does)");
    } else if (!code && hosts == 1) {
        vdc_text_add(&picture->missing, "there is only one host: see utilisation");
    } else if (!code) {
        size_t rows = hosts < ROWS_MOST ? hosts : ROWS_MOST;
        vdc_matrix capacity = {0};
        code = vdc_matrix_read(&capacity, run, "/hosts/cpu_capacity", diag);
        double *cells = code ? NULL : mean_cells(run, &ticks, hosts, rows, diag, &code);
        if (cells) {
            draw_map(picture, runs, run, &ticks, cells, hosts, rows, &capacity);
        }
        vdc_free(cells);
        vdc_matrix_clear(&capacity);
    }
    vdc_ticks_clear(&ticks);
    return code;
}

const vdc_plot_kind vdc_plot_heatmap = {.name = "heatmap", .summary = "CPU use of every host over time, as a map", .draw = draw};
