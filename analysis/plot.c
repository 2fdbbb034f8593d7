/* The registry of plots, and drawing them. */
#include "analysis/plot.h"

#include "analysis/gnuplot.h"
#include "sim/base/memory.h"
#include "sim/base/param.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

/* One row a kind, in the order in which a gallery shows them. */
#define KINDS(row)      \
    row(accounts)       \
    row(service)        \
    row(pressure)       \
    row(utilisation)    \
    row(queue)          \
    row(power)          \
    row(policies)       \
    row(bars)           \
    row(tenants)        \
    row(heatmap)        \
    row(gantt)          \
    row(waiting)        \
    row(fragmentation)  \
    row(isolation)      \
    row(coresidency)    \
    row(isolation_price) \
    row(front)          \
    row(sla)            \
    row(sensitivity)

#define DECLARE(name) extern const vdc_plot_kind vdc_plot_##name;
#define LIST(name) &vdc_plot_##name,

KINDS(DECLARE)
const vdc_plot_kind *const vdc_plot_kinds[] = {KINDS(LIST) NULL};

const vdc_plot_kind *vdc_plot_find(const char *name)
{
    for (size_t i = 0; vdc_plot_kinds[i]; i++) {
        if (strcmp(vdc_plot_kinds[i]->name, name) == 0) {
            return vdc_plot_kinds[i];
        }
    }
    return NULL;
}

static bool asked_for(const vdc_plot_options *options, const char *name)
{
    for (size_t i = 0; i < options->kind_count && name; i++) {
        if (strcmp(options->kinds[i], name) == 0) {
            return true;
        }
    }
    return false;
}

static vdc_code check_kinds(const vdc_plot_options *options, vdc_diag *diag)
{
    enum { KINDS_MOST = 64 };
    const char *names[KINDS_MOST + 1] = {NULL};
    for (size_t i = 0; i < KINDS_MOST && vdc_plot_kinds[i]; i++) {
        names[i] = vdc_plot_kinds[i]->name;
    }
    for (size_t i = 0; i < options->kind_count; i++) {
        if (!vdc_plot_find(options->kinds[i])) {
            const char *near = vdc_nearest(options->kinds[i], names);
            vdc_text all = {0};
            for (size_t k = 0; names[k]; k++) {
                vdc_text_add(&all, "%s%s", k ? ", " : "", names[k]);
            }
            vdc_fail(diag, VDC_ERROR_INPUT, NULL, "'%s' is no kind of plot%s%s%s (there are %s)", options->kinds[i],
                     near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "", vdc_text_get(&all));
            vdc_text_clear(&all);
        }
    }
    return vdc_diag_code(diag);
}

/* The name of a picture's files. Labels that differ may become one name ("größe", "grüße"), and pictures must not replace each other: the later one
 * gets a number. NULL when memory is out. */
static char *picture_name(const vdc_drawn_list *list, const char *kind, const char *label)
{
    char *part = label ? vdc_runs_file_name(label) : NULL, *name = NULL;
    bool taken = !label || part;
    for (unsigned number = 1; taken; number++) {
        vdc_free(name);
        name = !label ? vdc_strdup(kind) : number == 1 ? vdc_format("%s_%s", kind, part) : vdc_format("%s_%s-%u", kind, part, number);
        taken = false;
        for (size_t i = 0; i < list->count && name && !taken; i++) {
            taken = strcmp(list->items[i].name, name) == 0;
        }
    }
    vdc_free(part);
    return name;
}

/* Draws one picture, or says what is missing. `label` is NULL for pictures of all runs. */
static vdc_code draw_one(const vdc_runs *runs, const vdc_plot_options *options, const vdc_plot_kind *kind, size_t index,
                         const char *label, vdc_drawn_list *list, vdc_diag *diag)
{
    if (options->stop && options->stop()) {
        return VDC_INTERRUPTED;
    }
    if (!VDC_RESERVE(list->items, list->capacity, list->count + 1)) {
        return vdc_no_memory(diag, "a list of pictures");
    }
    char *name = picture_name(list, kind->name, label);
    if (!name) {
        return vdc_no_memory(diag, "a picture's name");
    }
    vdc_drawn *drawn = &list->items[list->count++];
    *drawn = (vdc_drawn){.kind = kind, .group = runs->items[index].group, .name = name};
    vdc_picture picture = {0};
    vdc_code code = VDC_OK;
    if (runs->group_count < kind->least_groups) {
        vdc_text_add(&picture.missing,
                     "it compares, and there is nothing to compare with: give at least %zu results that differ in more than the "
                     "seed",
                     kind->least_groups);
    } else {
        code = kind->draw(&picture, runs, index, diag);
    }
    if (!code && picture.missing.length > 0) {
        drawn->missing = vdc_strdup(vdc_text_get(&picture.missing));
        code = drawn->missing ? VDC_OK : vdc_no_memory(diag, "a picture");
        if (!code && asked_for(options, kind->name)) {
            /* Said now, told by the exit status in the end. */
            vdc_fail(diag, VDC_ERROR_CHECK, NULL, "%s is not drawn: %s", drawn->name, drawn->missing);
        }
    } else if (!code) {
        drawn->title = vdc_strdup(vdc_text_get(&picture.title));
        code = drawn->title ? vdc_picture_save(&picture, options->folder, drawn->name, options->format, options->force, diag)
                            : vdc_no_memory(diag, "a picture");
    }
    vdc_picture_clear(&picture);
    return code;
}

vdc_code vdc_plot_draw(const vdc_runs *runs, const vdc_plot_options *options, vdc_drawn_list *list, vdc_diag *diag)
{
    vdc_code code = check_kinds(options, diag);
    if (!code && !vdc_gnuplot_present()) {
        code = vdc_fail(diag, VDC_ERROR_IO, NULL,
                        "pictures need gnuplot, which is not installed (Debian, Ubuntu: apt install gnuplot-nox)");
    }
    if (!code && mkdir(options->folder, 0777) != 0 && errno != EEXIST) {
        code = vdc_fail(diag, VDC_ERROR_INPUT, NULL, "%s: cannot be made: %s", options->folder, strerror(errno));
    }
    for (size_t k = 0; vdc_plot_kinds[k] && (!code || code == VDC_ERROR_CHECK); k++) {
        const vdc_plot_kind *kind = vdc_plot_kinds[k];
        if (options->kind_count > 0 && !asked_for(options, kind->name) && !asked_for(options, kind->family)) {
            continue;
        }
        if (runs->group_count < kind->least_groups && !asked_for(options, kind->name)) {
            continue; /* nothing to compare: nobody expects it */
        }
        if (kind->joint) {
            code = draw_one(runs, options, kind, 0, NULL, list, diag);
            continue;
        }
        size_t most = options->most_groups && options->most_groups < runs->group_count ? options->most_groups : runs->group_count;
        for (size_t g = 0; g < most && !code; g++) {
            code = draw_one(runs, options, kind, runs->groups[g].first, runs->group_count > 1 ? runs->groups[g].label : NULL,
                            list, diag);
        }
    }
    return code ? code : vdc_diag_code(diag);
}

void vdc_drawn_list_clear(vdc_drawn_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        vdc_free(list->items[i].name);
        vdc_free(list->items[i].title);
        vdc_free(list->items[i].missing);
    }
    vdc_free(list->items);
    *list = (vdc_drawn_list){0};
}
