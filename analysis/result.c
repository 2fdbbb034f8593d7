/* Result files as analysis and the commands see them: attributes, summary, datasets by path. The checked reading of one dataset
 * is in dataset.c. What was asked for once is kept: open datasets, the members of groups, texts of attributes.
 */
#include "analysis/result.h"

#include <hdf5_hl.h>
#include <stdlib.h>
#include <string.h>

#include "sim/base/dataset.h"
#include "sim/base/guard.h"
#include "sim/base/hdf5_driver.h"
#include "sim/base/memory.h"
#include "sim/record/hdf5.h"
#include "sim/record/result_digest.h"

enum {
    MEMBERS_MAX = 100000, /* of a group */
    GROUP_DEPTH_MAX = 8,
    ROWS_BYTES = 64 << 20 /* read at a time for the digest */
};

/* A dataset that was asked for. */
typedef struct vdc_entry {
    char *path, *units, *long_name, *axis, *scale;
    vdc_dataset dataset;
} vdc_entry;

/* Names of something, in order. */
typedef struct vdc_name_list {
    char *of; /* the group's path */
    char **names;
    size_t count, capacity;
} vdc_name_list;

/* What was asked for so far; behind a pointer so that asking leaves the result const. */
typedef struct vdc_result_memory {
    vdc_entry **entries;
    size_t entry_count, entry_capacity;
    vdc_name_list *groups;
    size_t group_count, group_capacity;
    vdc_name_list texts; /* name and value in turn */
    vdc_name_list all;   /* datasets of the file */
} vdc_result_memory;

struct vdc_result {
    char *path;
    vdc_driver driver;
    uint64_t size;
    hid_t file;
    bool complete;
    vdc_result_value *summary;
    char **summary_texts; /* key, units, long_name, text of each */
    size_t summary_count;
    vdc_result_memory *memory;
};

/* ---- names ---- */

static bool list_add(vdc_name_list *list, char *name) {
    if (!name || !VDC_RESERVE(list->names, list->capacity, list->count + 1)) {
        vdc_free(name);
        return false;
    }
    list->names[list->count++] = name;
    return true;
}

static void list_clear(vdc_name_list *list) {
    for (size_t i = 0; i < list->count; i++)
        vdc_free(list->names[i]);
    vdc_free(list->names);
    vdc_free(list->of);
}

/* ---- members of groups ---- */

typedef struct vdc_member_visit {
    hid_t file;
    vdc_name_list *list;
    H5O_type_t kind;
} vdc_member_visit;

static herr_t visit_member(hid_t group, const char *name, const H5L_info_t *link, void *user) {
    (void)group;
    vdc_member_visit *visit = user;
    if (link->type != H5L_TYPE_HARD)
        return 0;
    char *path = vdc_format("%s/%s", strcmp(visit->list->of, "/") == 0 ? "" : visit->list->of, name);
    if (path && vdc_dataset_kind(visit->file, path) != visit->kind) {
        vdc_free(path);
        return 0;
    }
    return list_add(visit->list, path) && visit->list->count < MEMBERS_MAX ? 0 : -1;
}

/* Fills `list` with the paths of the group's objects of a kind, in the order they were made where the file knows it. */
static bool list_members(hid_t file, vdc_name_list *list, H5O_type_t kind) {
    if (strcmp(list->of, "/") != 0 && vdc_dataset_kind(file, list->of) != H5O_TYPE_GROUP)
        return true;
    hid_t group = H5Gopen2(file, list->of, H5P_DEFAULT);
    if (group < 0)
        return false;
    vdc_member_visit visit = {file, list, kind};
    hid_t properties = H5Gget_create_plist(group);
    unsigned order = 0;
    H5Pget_link_creation_order(properties, &order);
    H5_index_t index = order & H5P_CRT_ORDER_TRACKED ? H5_INDEX_CRT_ORDER : H5_INDEX_NAME;
    bool done = H5Literate(group, index, H5_ITER_INC, NULL, visit_member, &visit) >= 0;
    H5Pclose(properties);
    H5Gclose(group);
    return done;
}

static const vdc_name_list *members_of(const vdc_result *result, const char *group) {
    vdc_result_memory *memory = result->memory;
    for (size_t i = 0; i < memory->group_count; i++)
        if (strcmp(memory->groups[i].of, group) == 0)
            return &memory->groups[i];
    vdc_name_list list = {.of = vdc_strdup(group)};
    if (!list.of || !VDC_RESERVE(memory->groups, memory->group_capacity, memory->group_count + 1)) {
        vdc_free(list.of);
        return NULL;
    }
    vdc_hdf5_scope scope = vdc_hdf5_quiet();
    list_members(result->file, &list, H5O_TYPE_DATASET);
    vdc_hdf5_restore(scope);
    memory->groups[memory->group_count] = list;
    return &memory->groups[memory->group_count++];
}

const char *vdc_result_member(const vdc_result *result, const char *group, size_t index) {
    const vdc_name_list *list = members_of(result, group);
    return list && index < list->count ? list->names[index] : NULL;
}

/* ---- attributes ---- */

const char *vdc_result_text(const vdc_result *result, const char *name) {
    vdc_name_list *texts = &result->memory->texts;
    for (size_t i = 0; i + 1 < texts->count; i += 2)
        if (strcmp(texts->names[i], name) == 0)
            return texts->names[i + 1];
    vdc_hdf5_scope scope = vdc_hdf5_quiet();
    char *text = vdc_attribute_text(result->file, name);
    vdc_hdf5_restore(scope);
    if (!text)
        return NULL;
    if (!list_add(texts, vdc_strdup(name))) {
        vdc_free(text);
        return NULL;
    }
    if (!list_add(texts, text)) {
        vdc_free(texts->names[--texts->count]);
        return NULL;
    }
    return text;
}

bool vdc_result_integer(const vdc_result *result, const char *name, int64_t *value) {
    vdc_hdf5_scope scope = vdc_hdf5_quiet();
    bool done = vdc_attribute_integer(result->file, name, value);
    vdc_hdf5_restore(scope);
    return done;
}

const char *vdc_result_path(const vdc_result *result) {
    return result->path;
}

bool vdc_result_complete(const vdc_result *result) {
    return result->complete;
}

/* ---- summary ---- */

static double real_of(vdc_cell_type type, uint64_t bits) {
    vdc_cell cell = {.integer = (int64_t)bits};
    return type == VDC_CELL_REAL ? cell.real : (double)cell.integer;
}

static vdc_code read_summary_value(vdc_result *result, const char *path, size_t index, vdc_diag *diag) {
    vdc_dataset dataset;
    vdc_code code = vdc_dataset_open(&dataset, result->file, path, result->size, result->path, diag);
    if (code)
        return code;
    vdc_result_value *value = &result->summary[index];
    char **texts = result->summary_texts + 4 * index;
    texts[0] = vdc_strdup(strrchr(path, '/') + 1);
    texts[1] = vdc_attribute_text(dataset.id, "units");
    texts[2] = vdc_attribute_text(dataset.id, "long_name");
    *value = (vdc_result_value){
        .key = texts[0], .units = texts[1] ? texts[1] : "", .long_name = texts[2] ? texts[2] : "", .type = dataset.type};
    if (!texts[0]) {
        code = vdc_no_memory(diag, "the summary");
    } else if (dataset.rank != 0) {
        code = vdc_fail(diag, VDC_ERROR_INPUT, NULL, "%s: %s is no single value", result->path, path);
    } else if (dataset.type == VDC_CELL_TEXT) {
        vdc_arena arena = {0};
        const char *text = NULL;
        code = vdc_dataset_read_texts(&dataset, 0, 1, &arena, &text, diag);
        if (code == VDC_OK && !(texts[3] = vdc_strdup(text)))
            code = vdc_no_memory(diag, "the summary");
        vdc_arena_free(&arena);
        value->type = VDC_CELL_TEXT;
        value->text = texts[3];
    } else {
        unsigned char bytes[8] = {0};
        code = vdc_dataset_read(&dataset, 0, 1, bytes, diag);
        uint64_t bits = vdc_dataset_number(bytes);
        value->integer = dataset.type == VDC_CELL_INTEGER ? (int64_t)bits : 0;
        value->real = real_of(dataset.type, bits);
    }
    vdc_dataset_close(&dataset);
    return code;
}

vdc_code vdc_result_check(const vdc_result *result, vdc_diag *diag) {
    if (!result->driver.error)
        return VDC_OK;
    return vdc_fail(diag, VDC_ERROR_IO, NULL, "%s: cannot be read: %s", result->path, strerror(result->driver.error));
}

static vdc_code read_summary(vdc_result *result, vdc_diag *diag) {
    const vdc_name_list *list = members_of(result, "/summary");
    if (!list)
        return vdc_no_memory(diag, "the summary");
    result->summary = vdc_calloc(list->count + 1, sizeof *result->summary);
    result->summary_texts = vdc_calloc(4 * (list->count + 1), sizeof *result->summary_texts);
    if (!result->summary || !result->summary_texts)
        return vdc_no_memory(diag, "the summary");
    vdc_code code = VDC_OK;
    for (size_t i = 0; code == VDC_OK && i < list->count; i++) {
        result->summary_count = i + 1;
        code = read_summary_value(result, list->names[i], i, diag);
    }
    return code;
}

vdc_code vdc_result_add(vdc_result *result, const char *key, const char *units, const char *long_name, double number, vdc_diag *diag) {
    size_t count = result->summary_count;
    vdc_result_value *values = vdc_realloc(result->summary, count + 1, sizeof *values);
    if (values)
        result->summary = values;
    char **texts = vdc_realloc(result->summary_texts, 4 * (count + 1), sizeof *texts);
    if (texts)
        result->summary_texts = texts;
    if (!values || !texts)
        return vdc_no_memory(diag, "the summary");
    texts += 4 * count;
    texts[0] = vdc_strdup(key), texts[1] = vdc_strdup(units), texts[2] = vdc_strdup(long_name), texts[3] = NULL;
    result->summary_count++;
    values[count] = (vdc_result_value){.key = texts[0], .units = texts[1], .long_name = texts[2], .type = VDC_CELL_REAL, .real = number};
    if (texts[0] && texts[1] && texts[2])
        return VDC_OK;
    result->summary_count--;
    for (int i = 0; i < 3; i++) vdc_free(texts[i]);
    return vdc_no_memory(diag, "the summary");
}

const vdc_result_value *vdc_result_summary(const vdc_result *result, size_t index) {
    return index < result->summary_count ? &result->summary[index] : NULL;
}

const vdc_result_value *vdc_result_find(const vdc_result *result, const char *key) {
    for (size_t i = 0; i < result->summary_count; i++)
        if (strcmp(result->summary[i].key, key) == 0)
            return &result->summary[i];
    return NULL;
}

/* ---- datasets ---- */

static herr_t keep_scale_path(hid_t dataset, unsigned axis, hid_t scale, void *user) {
    (void)dataset;
    (void)axis;
    char name[512];
    char **path = user;
    ssize_t length = H5Iget_name(scale, name, sizeof name);
    if (length > 0 && (size_t)length < sizeof name && name[0] == '/')
        *path = vdc_strdup(name);
    return 1;
}

static void entry_free(vdc_entry *entry) {
    if (!entry)
        return;
    vdc_dataset_close(&entry->dataset);
    vdc_free(entry->axis);
    vdc_free(entry->scale);
    vdc_free(entry->long_name);
    vdc_free(entry->units);
    vdc_free(entry->path);
    vdc_free(entry);
}

static vdc_code entry_open(const vdc_result *result, const char *path, vdc_entry **opened, vdc_diag *diag) {
    vdc_result_memory *memory = result->memory;
    vdc_entry *entry = vdc_calloc(1, sizeof *entry);
    if (entry)
        entry->dataset.id = H5I_INVALID_HID;
    if (!entry || !(entry->path = vdc_strdup(path)) ||
        !VDC_RESERVE(memory->entries, memory->entry_capacity, memory->entry_count + 1)) {
        entry_free(entry);
        return vdc_no_memory(diag, "a dataset");
    }
    vdc_code code = vdc_dataset_open(&entry->dataset, result->file, entry->path, result->size, result->path, diag);
    if (code) {
        entry_free(entry);
        return code;
    }
    entry->units = vdc_attribute_text(entry->dataset.id, "units");
    entry->long_name = vdc_attribute_text(entry->dataset.id, "long_name");
    if (H5DSis_scale(entry->dataset.id) > 0)
        entry->axis = vdc_strdup(path);
    else if (entry->dataset.rank > 0 && H5DSget_num_scales(entry->dataset.id, 0) > 0)
        H5DSiterate_scales(entry->dataset.id, 0, NULL, keep_scale_path, &entry->axis);
    if (entry->dataset.rank == 2 && H5DSget_num_scales(entry->dataset.id, 1) > 0)
        H5DSiterate_scales(entry->dataset.id, 1, NULL, keep_scale_path, &entry->scale);
    H5Eclear2(H5E_DEFAULT);
    memory->entries[memory->entry_count++] = *opened = entry;
    return VDC_OK;
}

/* The dataset of that path, opened at its first use. Call within a quiet scope. */
static vdc_code entry_of(const vdc_result *result, const char *path, vdc_entry **entry, vdc_diag *diag) {
    for (size_t i = 0; i < result->memory->entry_count; i++) {
        *entry = result->memory->entries[i];
        if (strcmp((*entry)->path, path) == 0)
            return VDC_OK;
    }
    return entry_open(result, path, entry, diag);
}

bool vdc_result_dataset(const vdc_result *result, const char *path, vdc_result_shape *shape) {
    vdc_entry *entry;
    vdc_hdf5_scope scope = vdc_hdf5_quiet();
    bool found = entry_of(result, path, &entry, NULL) == VDC_OK && entry->dataset.rank > 0;
    vdc_hdf5_restore(scope);
    if (!found)
        return false;
    const vdc_dataset *dataset = &entry->dataset;
    *shape = (vdc_result_shape){.rows = (size_t)dataset->rows,
                                .width = (size_t)dataset->width,
                                .type = dataset->type,
                                .units = entry->units ? entry->units : "",
                                .long_name = entry->long_name ? entry->long_name : "",
                                .axis = entry->axis,
                                .scale = entry->scale};
    return true;
}

const char *vdc_result_main_axis(const vdc_result *result, const char *group) {
    const char *best = NULL, *path;
    size_t most = 0;
    for (size_t i = 0; (path = vdc_result_member(result, group, i)); i++) {
        vdc_result_shape shape, other;
        size_t count = 0;
        if (!vdc_result_dataset(result, path, &shape) || !shape.axis || strcmp(shape.axis, path) != 0)
            continue;
        for (size_t k = 0; vdc_result_member(result, group, k); k++)
            count += vdc_result_dataset(result, vdc_result_member(result, group, k), &other) && other.axis &&
                     strcmp(other.axis, path) == 0 && !other.scale;
        if (count > most) {
            most = count;
            best = path;
        }
    }
    return best;
}

/* Reads rows of a dataset whose type is one of two into 8-byte cells as they are stored. */
static vdc_code read_numbers(const vdc_result *result, const char *path, size_t first, size_t count, bool reals, void *out,
                             vdc_diag *diag) {
    vdc_entry *entry;
    vdc_hdf5_scope scope = vdc_hdf5_quiet();
    vdc_code code = entry_of(result, path, &entry, diag);
    if (code == VDC_OK && (entry->dataset.type == VDC_CELL_TEXT || (!reals && entry->dataset.type != VDC_CELL_INTEGER)))
        code = vdc_fail(diag, VDC_ERROR_INPUT, NULL, "%s: %s holds no %s", result->path, path, reals ? "numbers" : "integers");
    if (code == VDC_OK)
        code = vdc_dataset_read(&entry->dataset, first, count, out, diag);
    vdc_hdf5_restore(scope);
    if (code)
        return code;
    unsigned char *at = out;
    for (uint64_t i = 0; i < count * entry->dataset.width; i++, at += 8) {
        vdc_cell cell = {.integer = (int64_t)vdc_dataset_number(at)};
        double real = real_of(entry->dataset.type, (uint64_t)cell.integer);
        memcpy(at, reals ? (const void *)&real : &cell.integer, sizeof cell);
    }
    return VDC_OK;
}

vdc_code vdc_result_read_reals(const vdc_result *result, const char *path, size_t first, size_t count, double *out,
                               vdc_diag *diag) {
    return read_numbers(result, path, first, count, true, out, diag);
}

vdc_code vdc_result_read_integers(const vdc_result *result, const char *path, size_t first, size_t count, int64_t *out,
                                  vdc_diag *diag) {
    return read_numbers(result, path, first, count, false, out, diag);
}

vdc_code vdc_result_read_texts(const vdc_result *result, const char *path, size_t first, size_t count, char **out,
                               vdc_diag *diag) {
    vdc_entry *entry;
    vdc_arena arena = {0};
    vdc_hdf5_scope scope = vdc_hdf5_quiet();
    vdc_code code = entry_of(result, path, &entry, diag);
    const char **texts = NULL;
    size_t cells = code == VDC_OK ? count * (size_t)entry->dataset.width : 0, copied = 0;
    if (code == VDC_OK && !(texts = vdc_calloc(cells + 1, sizeof *texts)))
        code = vdc_no_memory(diag, "texts of a result file");
    if (code == VDC_OK)
        code = vdc_dataset_read_texts(&entry->dataset, first, count, &arena, texts, diag);
    vdc_hdf5_restore(scope);
    for (; code == VDC_OK && copied < cells; copied++)
        if (!(out[copied] = vdc_strdup(texts[copied]))) {
            code = vdc_no_memory(diag, "texts of a result file");
            break;
        }
    while (code && copied > 0)
        vdc_free(out[--copied]);
    vdc_free(texts);
    vdc_arena_free(&arena);
    return code;
}

/* ---- digest ---- */

/* Adds the paths of all datasets below a group. */
static bool list_datasets(hid_t file, const char *group, int depth, vdc_name_list *all) {
    vdc_name_list sets = {.of = vdc_strdup(group)}, groups = {.of = vdc_strdup(group)};
    bool done = depth < GROUP_DEPTH_MAX && sets.of && groups.of && list_members(file, &sets, H5O_TYPE_DATASET) &&
                list_members(file, &groups, H5O_TYPE_GROUP) && all->count + sets.count < MEMBERS_MAX;
    for (size_t i = 0; done && i < sets.count; i++) {
        done = list_add(all, sets.names[i]);
        sets.names[i] = NULL;
    }
    for (size_t i = 0; done && i < groups.count; i++)
        done = list_datasets(file, groups.names[i], depth + 1, all);
    list_clear(&groups);
    list_clear(&sets);
    return done;
}

static int compare_names(const void *a, const void *b) {
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Adds rows of one group. */
static vdc_code digest_rows(vdc_dataset *dataset, vdc_digest *digest, uint64_t first, uint64_t rows, vdc_diag *diag) {
    size_t cells = (size_t)(rows * dataset->width);
    vdc_code code;
    if (dataset->type != VDC_CELL_TEXT) {
        unsigned char *bytes = vdc_calloc(cells + 1, dataset->cell_size);
        code = bytes ? vdc_dataset_read(dataset, first, rows, bytes, diag) : vdc_no_memory(diag, "a dataset");
        if (code == VDC_OK)
            vdc_digest_add(digest, bytes, cells * dataset->cell_size);
        vdc_free(bytes);
        return code;
    }
    vdc_arena arena = {0};
    const char **texts = vdc_calloc(cells + 1, sizeof *texts);
    code = texts ? vdc_dataset_read_texts(dataset, first, rows, &arena, texts, diag) : vdc_no_memory(diag, "a dataset");
    for (size_t i = 0; code == VDC_OK && i < cells; i++)
        vdc_digest_text(digest, texts[i], strlen(texts[i]));
    vdc_free(texts);
    vdc_arena_free(&arena);
    return code;
}

static vdc_code digest_values(vdc_dataset *dataset, char text[VDC_DIGEST_TEXT], vdc_diag *diag) {
    vdc_values_digest digest;
    vdc_values_digest_start(&digest);
    vdc_code code = VDC_OK;
    uint64_t row_bytes = dataset->width * dataset->cell_size + 1, most = ROWS_BYTES / row_bytes;
    if (most == 0)
        return vdc_fail(diag, VDC_ERROR_INPUT, NULL, "%s: %s has rows of more than 64 MiB", dataset->file, dataset->path);
    if (dataset->chunked && dataset->width > dataset->chunk_width && most > dataset->chunk_rows)
        most = dataset->chunk_rows; /* a row of chunks at a time, so that none is unpacked twice where that can be */
    while (code == VDC_OK && digest.rows < dataset->rows) {
        uint64_t rows = vdc_values_digest_room(&digest), left = dataset->rows - digest.rows;
        rows = rows < left ? rows : left;
        rows = rows < most ? rows : most;
        code = digest_rows(dataset, &digest.group, digest.rows, rows, diag);
        vdc_values_digest_advance(&digest, rows);
    }
    vdc_values_digest_end(&digest, text);
    return code;
}

static vdc_code digest_dataset(const vdc_result *result, const char *path, vdc_digest *all, vdc_diag *diag) {
    vdc_dataset dataset;
    char values[VDC_DIGEST_TEXT];
    vdc_code code = vdc_dataset_open(&dataset, result->file, path, result->size, result->path, diag);
    if (code)
        return code;
    code = digest_values(&dataset, values, diag);
    char *line = vdc_digest_line(path, dataset.type, dataset.rank, dataset.rows, dataset.width, values);
    if (line)
        vdc_digest_add(all, line, strlen(line));
    else if (code == VDC_OK)
        code = vdc_no_memory(diag, "the digest");
    vdc_free(line);
    vdc_dataset_close(&dataset);
    return code;
}

/* All datasets by path, listed at the first question. */
static const vdc_name_list *all_datasets(const vdc_result *result, vdc_diag *diag) {
    vdc_name_list *all = &result->memory->all;
    if (all->of)
        return all;
    all->of = vdc_strdup("/");
    if (!all->of || !list_datasets(result->file, "/", 0, all)) {
        vdc_fail(diag, VDC_ERROR_INPUT, NULL, "%s: its groups cannot be read", result->path);
        list_clear(all);
        *all = (vdc_name_list){0};
        return NULL;
    }
    if (all->count > 0)
        qsort(all->names, all->count, sizeof *all->names, compare_names);
    return all;
}

const char *vdc_result_all(const vdc_result *result, size_t index) {
    vdc_hdf5_scope scope = vdc_hdf5_quiet();
    const vdc_name_list *all = all_datasets(result, NULL);
    vdc_hdf5_restore(scope);
    return all && index < all->count ? all->names[index] : NULL;
}

vdc_code vdc_result_digest(const vdc_result *result, char digest[VDC_DIGEST_TEXT], vdc_diag *diag) {
    vdc_digest lines;
    vdc_digest_start(&lines);
    vdc_hdf5_scope scope = vdc_hdf5_quiet();
    const vdc_name_list *all = all_datasets(result, diag);
    vdc_code code = all ? VDC_OK : VDC_ERROR_INPUT;
    for (size_t i = 0; code == VDC_OK && i < all->count; i++)
        if (vdc_digest_counts(all->names[i]))
            code = digest_dataset(result, all->names[i], &lines, diag);
    vdc_hdf5_restore(scope);
    if (code == VDC_OK)
        code = vdc_result_check(result, diag);
    vdc_digest_end(&lines, digest);
    return code;
}

/* ---- the file ---- */

void vdc_result_close(vdc_result *result) {
    if (!result)
        return;
    vdc_hdf5_scope scope = vdc_hdf5_quiet();
    if (result->memory) {
        for (size_t i = 0; i < result->memory->entry_count; i++)
            entry_free(result->memory->entries[i]);
        for (size_t i = 0; i < result->memory->group_count; i++)
            list_clear(&result->memory->groups[i]);
        list_clear(&result->memory->texts);
        list_clear(&result->memory->all);
        vdc_free(result->memory->entries);
        vdc_free(result->memory->groups);
    }
    vdc_free(result->memory);
    if (result->file >= 0)
        H5Fclose(result->file);
    vdc_driver_close(&result->driver);
    vdc_hdf5_restore(scope);
    for (size_t i = 0; i < 4 * result->summary_count; i++)
        vdc_free(result->summary_texts[i]);
    vdc_free(result->summary_texts);
    vdc_free(result->summary);
    vdc_free(result->path);
    vdc_free(result);
}

/* Opens the HDF5 file and says what is wrong with it. */
static vdc_code open_file(vdc_result *result, vdc_diag *diag) {
    static const unsigned char signature[8] = {0x89, 'H', 'D', 'F', '\r', '\n', 0x1a, '\n'};
    unsigned char begin[8] = {0};
    vdc_code code = vdc_driver_open(&result->driver, result->path, &result->size, begin, diag);
    if (code)
        return code;
    if (memcmp(begin, signature, sizeof begin) != 0)
        return vdc_fail(diag, VDC_ERROR_INPUT, NULL, "%s: is not a result file (HDF5)%s", result->path,
                        result->size == 0 ? ": it is empty" : "");
    hid_t access = vdc_driver_access(&result->driver);
    if (access >= 0)
        result->file = H5Fopen(result->path, H5F_ACC_RDONLY, access);
    if (result->file < 0) {
        char reason[256]; /* before the next call clears it */
        code = vdc_fail(diag, VDC_ERROR_INPUT, NULL, "%s: is damaged or incomplete: %s", result->path,
                        vdc_hdf5_reason(reason, sizeof reason));
    }
    if (access >= 0)
        H5Pclose(access);
    if (code)
        return code;
    int64_t version = 0, complete = 0;
    if (!vdc_result_integer(result, "format_version", &version) || version < 1)
        return vdc_fail(diag, VDC_ERROR_INPUT, NULL, "%s: is an HDF5 file, but not a result of vdcsim (it has no format_version)",
                        result->path);
    if (version > VDC_RESULT_FORMAT)
        return vdc_fail(diag, VDC_ERROR_INPUT, NULL, "%s: has format %lld; this vdcsim (%s) reads formats up to %d", result->path,
                        (long long)version, VDC_VERSION, VDC_RESULT_FORMAT);
    result->complete = vdc_result_integer(result, "complete", &complete) && complete == 1;
    code = read_summary(result, diag);
    return code ? code : vdc_result_check(result, diag);
}

vdc_code vdc_result_open_here(vdc_result **opened, const char *path, vdc_diag *diag) {
    *opened = NULL;
    vdc_result *result = vdc_calloc(1, sizeof *result);
    if (!result)
        return vdc_no_memory(diag, "a result file");
    result->file = result->driver.id = H5I_INVALID_HID;
    result->driver.descriptor = -1;
    result->path = vdc_strdup(path);
    result->memory = vdc_calloc(1, sizeof *result->memory);
    vdc_hdf5_scope scope = vdc_hdf5_quiet();
    vdc_code code = result->path && result->memory ? open_file(result, diag) : vdc_no_memory(diag, "a result file");
    vdc_hdf5_restore(scope);
    if (code) {
        vdc_result_close(result);
        return code;
    }
    *opened = result;
    return VDC_OK;
}

/* In a child: opens everything that anybody may ask for. */
static void visit_file(void *user) {
    const char *path = user, *name;
    vdc_result *result;
    vdc_entry *entry;
    vdc_hdf5_scope scope = vdc_hdf5_quiet();
    if (vdc_result_open_here(&result, path, NULL) == VDC_OK) {
        vdc_attributes_visit(result->file);
        for (size_t i = 0; (name = vdc_result_all(result, i)); i++)
            if (entry_of(result, name, &entry, NULL) == VDC_OK)
                vdc_dataset_visit(&entry->dataset);
        vdc_result_close(result);
    }
    vdc_hdf5_restore(scope);
}

vdc_code vdc_result_open(vdc_result **opened, const char *path, vdc_diag *diag) {
    char *name = vdc_strdup(path);
    *opened = NULL;
    vdc_code code = name ? vdc_guard_try_file(visit_file, name, diag) : vdc_no_memory(diag, "a result file");
    vdc_free(name);
    return code ? code : vdc_result_open_here(opened, path, diag);
}
