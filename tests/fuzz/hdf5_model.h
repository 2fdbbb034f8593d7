/* A model of the HDF5 library, in its place: the functions that our readers call, over a file that the input describes.
 *
 * The library crashes on damaged metadata of its own (docs/security.md), and opens some thousand files a second at most; behind it our readers
 * met little of what a file can hold. Here they meet every value, type, rank, size, layout, chunk and attribute, and calls that fail,
 * with nothing of the library between. What the library promises is kept: it writes as many bytes as it said, gives back no more than was asked
 * for, and every handle is counted.
 *
 * A target gives the file's template (objects and attributes); the input is a list of changes to it:
 * [what][which][arguments]. Unknown numbers count modulo what there is.
 */
#ifndef VDC_TESTS_FUZZ_HDF5_MODEL_H
#define VDC_TESTS_FUZZ_HDF5_MODEL_H

#include <hdf5.h>
#include <hdf5_hl.h>
#include <stdbool.h>
#include <string.h>

#include "tests/fuzz/fuzz.h"

enum model_type { MODEL_INTEGER, MODEL_REAL, MODEL_TEXT, MODEL_BYTE, MODEL_FIXED_TEXT, MODEL_OTHER, MODEL_TYPES };
enum { MODEL_OBJECTS = 80, MODEL_ATTRIBUTES = 24, MODEL_RANK = 4, MODEL_HANDLES = 256, MODEL_POOL = 1 << 16, MODEL_FILTERS = 6, MODEL_ROOT = -1 };

/* A dataset, a group or a named type at a path /folder/name. Folders themselves need none. */
typedef struct model_object {
    const char *path;
    enum model_type type;
    int rank;
    hsize_t size[MODEL_RANK];
    const void *data; /* cells one behind the other, NUL-ended texts of MODEL_TEXT; beyond the end it begins anew */
    size_t bytes;
    bool absent, is_scale;
    int scale[2]; /* object + 1 that is the scale of a dimension, 0 = none */
    /* Seldom other than so: */
    H5O_type_t kind;
    bool linked; /* by a soft link */
    H5D_layout_t layout;
    int chunk_rank, filters, external;
    hsize_t chunk[MODEL_RANK], stored; /* stored: bytes of a chunk, 0 = as they come */
    uint32_t skipped;
    int filter[MODEL_FILTERS];
    uint64_t fill;
    bool filled;
    uint64_t hash, folder; /* of the path, and of what lies above it */
    size_t name;           /* where in the path its own name begins */
} model_object;

typedef struct model_attribute {
    int object;
    const char *name;
    enum model_type type;
    H5S_class_t space;
    int64_t number;
    const char *text;
    size_t bytes, stored; /* of a text of fixed length */
} model_attribute;

enum model_handle_kind { HANDLE_NONE, HANDLE_FILE, HANDLE_GROUP, HANDLE_DATASET, HANDLE_TYPE, HANDLE_SPACE, HANDLE_LIST, HANDLE_ATTRIBUTE, HANDLE_DRIVER };

typedef struct model_handle {
    enum model_handle_kind kind;
    int object; /* or the attribute */
    enum model_type type;
    H5T_cset_t set;
    int rank;
    H5S_class_t space;
    hsize_t size[MODEL_RANK], start, count;
    H5MM_allocate_t allocate;
    H5MM_free_t release;
    void *user;
} model_handle;

static struct {
    model_object objects[MODEL_OBJECTS];
    model_attribute attributes[MODEL_ATTRIBUTES];
    int object_count, attribute_count;
    model_handle handles[MODEL_HANDLES];
    int open, used; /* handles: now, and the highest so far */
    unsigned char pool[MODEL_POOL];
    size_t pool_used;
    unsigned long calls, fail_at; /* the call that fails, 0 = none */
    unsigned order;
} the_file;

/* Rows of a template. A data set of as many cells as there are data; texts are written "a\0b". */
#define MODEL_CELLS(where, of_type, cells) MODEL_LIST(where, of_type, sizeof(cells) / 8, cells)
#define MODEL_CHARACTERS(where, of_type, rows, text) MODEL_LIST(where, of_type, rows, text)
#define MODEL_LIST(where, of_type, rows, with)                                                              \
    {.path = where, .type = of_type, .rank = 1, .size = {rows}, .data = with, .bytes = sizeof(with), \
     .kind = H5O_TYPE_DATASET, .layout = H5D_CONTIGUOUS}
#define MODEL_ATTRIBUTE(of, called, value) \
    {.object = of, .name = called, .type = MODEL_TEXT, .space = H5S_SCALAR, .text = value, .bytes = sizeof(value) - 1, .stored = sizeof(value) - 1}

/* ---- the input ---- */

typedef struct model_input {
    const uint8_t *at, *end;
} model_input;

static unsigned take(model_input *in) {
    return in->at < in->end ? *in->at++ : 0;
}

/* Numbers near what matters, or any. */
static uint64_t take_number(model_input *in) {
    static const int64_t known[] = {0, 1, -1, 2, 3, 5, 63, 64, 65, 255, 1000, 1001, INT32_MAX, (int64_t)INT32_MAX + 1, UINT32_MAX, (int64_t)UINT32_MAX + 1,
                                    INT32_MIN, INT64_MAX, INT64_MIN, INT64_MAX - 1, INT64_MIN + 1, 1000000000, -1000000000, INT64_C(60000000000),
                                    1 << 20, INT64_C(1) << 40, 4096, 1 << 16, INT64_C(0x7ff0000000000000), INT64_C(0x7ff8000000000000),
                                    INT64_C(0x3ff0000000000000), INT64_C(0x0010000000000000)};
    unsigned first = take(in);
    if (first < 128) return first;
    if (first < 192) return (uint64_t)known[(first - 128) % (sizeof known / sizeof *known)];
    uint64_t number = 0;
    for (unsigned i = 0; i < 1 + first % 8; i++) number = number << 8 | take(in);
    return first >= 224 ? ~number : number;
}

/* `count` bytes that may be written to, as they were; NULL where there is no room for more. */
static unsigned char *take_room(const void *from, size_t kept, size_t count) {
    if (count + 16 > MODEL_POOL - the_file.pool_used) return NULL;
    unsigned char *room = the_file.pool + the_file.pool_used;
    the_file.pool_used += (count + 16) / 16 * 16;
    if (kept) memcpy(room, from, kept < count ? kept : count);
    if (count > kept) memset(room + kept, 0, count - kept);
    return room;
}

/* Bytes of the input, ended by a NUL. */
static const char *take_text(model_input *in, size_t *bytes) {
    size_t count = take(in);
    if (count == 255) count += 4 * take(in);
    if (count > (size_t)(in->end - in->at)) count = (size_t)(in->end - in->at);
    char *text = (char *)take_room(in->at, count, count + 1);
    in->at += count;
    *bytes = text ? count : 0;
    return text ? text : "";
}

static size_t cell_bytes(enum model_type type) {
    return type == MODEL_BYTE ? 1 : type == MODEL_TEXT ? 16 : 8;
}

static void set_cell(model_object *object, model_input *in) {
    size_t cell = object->type == MODEL_BYTE || object->type == MODEL_TEXT ? 1 : 8, at = take(in) % 32 * cell;
    size_t bytes = at + cell > object->bytes ? at + cell : object->bytes;
    uint64_t value = take_number(in);
    unsigned char *data = take_room(object->data, object->bytes, bytes);
    if (!data) return;
    for (size_t i = 0; i < cell; i++) data[at + i] = (unsigned char)(value >> 8 * i);
    object->data = data;
    object->bytes = bytes;
}

/* What a file of this size can hold at all is kept small, for hundreds of cells show what a hundred thousand do; what it cannot hold stays. */
static void set_shape(model_object *object, model_input *in) {
    object->rank = (int)(take(in) % (MODEL_RANK + 1));
    for (int i = 0; i < object->rank; i++) {
        const hsize_t size = take_number(in), most = i == 0 ? 200 : 20;
        object->size[i] = size > most && size <= 4096 ? size % most : size;
    }
}

static void set_layout(model_object *object, model_input *in) {
    object->layout = (H5D_layout_t)((int)(take(in) % (H5D_NLAYOUTS + 1)) - 1);
    unsigned how = take(in);
    object->chunk_rank = how & 1 ? (int)(take(in) % (MODEL_RANK + 1)) : object->rank;
    for (int i = 0; i < object->chunk_rank; i++) object->chunk[i] = take_number(in);
    object->filters = (int)(how >> 1) % (MODEL_FILTERS + 1);
    for (int i = 0; i < object->filters; i++) object->filter[i] = (int)(take(in) % 4); /* none, deflate, shuffle, fletcher32 */
    if (how & 16) object->skipped = take(in);
    if (how & 32) object->stored = take_number(in);
    if (how & 64) object->fill = take_number(in), object->filled = true;
    if (how & 128) object->external = 1;
}

static void set_attribute(model_input *in) {
    model_attribute *attribute = &the_file.attributes[take(in) % MODEL_ATTRIBUTES];
    if (attribute - the_file.attributes >= the_file.attribute_count) { /* a new one: of a name that there is, at any object */
        if (the_file.attribute_count == MODEL_ATTRIBUTES || the_file.attribute_count == 0) return;
        attribute = &the_file.attributes[the_file.attribute_count];
        *attribute = the_file.attributes[take(in) % (unsigned)the_file.attribute_count];
        attribute->object = (int)(take(in) % (unsigned)(the_file.object_count + 1)) - 1;
        the_file.attribute_count++;
    }
    unsigned how = take(in);
    attribute->type = (enum model_type)(how % MODEL_TYPES);
    attribute->space = how & 64 ? H5S_SIMPLE : how & 128 ? H5S_NULL : H5S_SCALAR;
    if (attribute->type == MODEL_INTEGER) attribute->number = (int64_t)take_number(in);
    else if (how & 32) attribute->text = NULL; /* the library gives no text for a reference to nothing */
    else attribute->text = take_text(in, &attribute->bytes);
    attribute->stored = attribute->bytes;
    if (how & 16) attribute->stored = take(in);
}

/* All datasets of the folder of one: as many rows. */
static void set_rows(const model_object *of, model_input *in) {
    hsize_t rows = take(in);
    for (int i = 0; i < the_file.object_count; i++)
        if (the_file.objects[i].rank > 0 && the_file.objects[i].folder == of->folder) the_file.objects[i].size[0] = rows;
}

/* FNV-1a: paths are looked for by their hashes, for each of our readers' questions is about one. */
static uint64_t hash_text(const char *text, size_t length) {
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    for (size_t i = 0; i < length; i++) hash = (hash ^ (unsigned char)text[i]) * UINT64_C(0x100000001b3);
    return hash;
}

static void note_path(model_object *object) {
    object->name = (size_t)(strrchr(object->path, '/') - object->path) + 1;
    object->hash = hash_text(object->path, strlen(object->path));
    object->folder = hash_text(object->path, object->name - 1);
}

static void rename_object(model_object *object, model_input *in) {
    size_t folder = object->name, bytes;
    const char *name = take_text(in, &bytes);
    bytes = strcspn(name, "/");
    unsigned char *path = bytes ? take_room(object->path, folder, folder + bytes + 1) : NULL;
    if (!path) return;
    memcpy(path + folder, name, bytes);
    object->path = (char *)path;
    note_path(object);
}

static void change(model_input *in) {
    enum { CELL, DATA, PRESENCE, SHAPE, ROWS, TYPE, LAYOUT, ATTRIBUTE, SCALE, LINK, NAME, FAIL, WHATS };
    unsigned what = take(in) % WHATS;
    if (what == ATTRIBUTE) {
        set_attribute(in);
        return;
    }
    if (what == FAIL) {
        the_file.fail_at = take(in) | (unsigned long)(take(in) % 4) << 8;
        return;
    }
    model_object *object = &the_file.objects[take(in) % (unsigned)the_file.object_count];
    switch (what) {
    case CELL: set_cell(object, in); break;
    case DATA: object->data = take_text(in, &object->bytes); break;
    case PRESENCE: object->absent = !object->absent; break;
    case SHAPE: set_shape(object, in); break;
    case ROWS: set_rows(object, in); break;
    case TYPE: object->type = (enum model_type)(take(in) % MODEL_TYPES); break;
    case LAYOUT: set_layout(object, in); break;
    case SCALE:
        object->is_scale = take(in) & 1;
        for (int i = 0; i < 2; i++) object->scale[i] = (int)(take(in) % (unsigned)(the_file.object_count + 1));
        break;
    case LINK:
        object->linked = take(in) & 1;
        object->kind = (H5O_type_t)(take(in) % 3); /* group, dataset, named type */
        break;
    default: rename_object(object, in); break;
    }
}

/* The file that the input describes. */
static void model_make(const model_object *objects, size_t object_count, const model_attribute *attributes, size_t attribute_count,
                       const uint8_t *data, size_t size) {
    model_input in = {data, data + size};
    REQUIRE(object_count <= MODEL_OBJECTS && attribute_count <= MODEL_ATTRIBUTES);
    memcpy(the_file.objects, objects, object_count * sizeof *objects);
    memcpy(the_file.attributes, attributes, attribute_count * sizeof *attributes);
    the_file.object_count = (int)object_count;
    the_file.attribute_count = (int)attribute_count;
    the_file.pool_used = 0;
    the_file.calls = the_file.fail_at = 0;
    unsigned flags = take(&in);
    the_file.order = flags & 4 ? H5P_CRT_ORDER_TRACKED : 0;
    while (in.at < in.end) change(&in);
}

/* ---- handles ---- */

static bool fails(void) {
    return ++the_file.calls == the_file.fail_at;
}

static hid_t open_handle(model_handle handle) {
    int i = 0;
    while (i < the_file.used && the_file.handles[i].kind) i++;
    REQUIRE(i < MODEL_HANDLES);
    if (i == the_file.used) the_file.used++;
    the_file.handles[i] = handle;
    the_file.open++;
    return i + 1000;
}

/* What the library refuses, it refuses: a handle of another kind. */
static model_handle *handle_of(hid_t id, enum model_handle_kind kind) {
    if (id < 1000 || id >= 1000 + MODEL_HANDLES || the_file.handles[id - 1000].kind != kind) return NULL;
    return &the_file.handles[id - 1000];
}

static herr_t close_handle(hid_t id, enum model_handle_kind kind) {
    if (id < 0) return -1; /* what could not be opened */
    model_handle *handle = handle_of(id, kind);
    REQUIRE(handle); /* closed twice, or something else */
    handle->kind = HANDLE_NONE;
    the_file.open--;
    return 0;
}

static model_object *object_of(hid_t id) {
    model_handle *handle = handle_of(id, HANDLE_DATASET);
    return handle ? &the_file.objects[handle->object] : NULL;
}

/* The object of that path, -1 = none. */
static int find_object(const char *path) {
    const uint64_t hash = hash_text(path, strlen(path));
    for (int i = 0; i < the_file.object_count; i++)
        if (the_file.objects[i].hash == hash && !the_file.objects[i].absent) return i;
    return -1;
}

/* Is it the root, or a folder of something? */
static bool is_above(const char *path) {
    const size_t length = strlen(path);
    const uint64_t hash = hash_text(path, length);
    for (int i = 0; i < the_file.object_count; i++)
        if (the_file.objects[i].folder == hash && !the_file.objects[i].absent) return true;
    return length == 1;
}

/* ---- the library's functions ---- */

hid_t H5T_STD_I64LE_g = 1, H5T_IEEE_F64LE_g = 2, H5T_STD_U8LE_g = 3, H5T_C_S1_g = 4, H5T_NATIVE_INT64_g = 5;
hid_t H5P_CLS_FILE_ACCESS_ID_g = 6, H5P_CLS_DATASET_XFER_ID_g = 7;

herr_t H5open(void) {
    return 0;
}

herr_t H5free_memory(void *memory) {
    free(memory);
    return 0;
}

herr_t H5Eget_auto2(hid_t stack, H5E_auto2_t *report, void **user) {
    (void)stack;
    *report = NULL;
    *user = NULL;
    return 0;
}

herr_t H5Eset_auto2(hid_t stack, H5E_auto2_t report, void *user) {
    (void)stack, (void)report, (void)user;
    return 0;
}

herr_t H5Eclear2(hid_t stack) {
    (void)stack;
    return 0;
}

herr_t H5Ewalk2(hid_t stack, H5E_direction_t direction, H5E_walk2_t visit, void *user) {
    (void)stack, (void)direction;
    static const H5E_error2_t error = {.desc = "the model says so"};
    return visit(0, &error, user);
}

hid_t H5FDregister(const H5FD_class_t *driver) {
    (void)driver;
    return fails() ? -1 : open_handle((model_handle){.kind = HANDLE_DRIVER});
}

herr_t H5FDunregister(hid_t id) {
    return close_handle(id, HANDLE_DRIVER);
}

hid_t H5Pcreate(hid_t kind) {
    (void)kind;
    return fails() ? -1 : open_handle((model_handle){.kind = HANDLE_LIST});
}

herr_t H5Pset_driver(hid_t list, hid_t driver, const void *info) {
    (void)info;
    return !fails() && handle_of(list, HANDLE_LIST) && handle_of(driver, HANDLE_DRIVER) ? 0 : -1;
}

herr_t H5Pclose(hid_t id) {
    return close_handle(id, HANDLE_LIST);
}

hid_t H5Fopen(const char *path, unsigned flags, hid_t access) {
    (void)path;
    return fails() || flags != H5F_ACC_RDONLY || !handle_of(access, HANDLE_LIST) ? -1 : open_handle((model_handle){.kind = HANDLE_FILE, .object = MODEL_ROOT});
}

herr_t H5Fclose(hid_t id) {
    return close_handle(id, HANDLE_FILE);
}

/* ---- links, groups and objects ---- */

htri_t H5Lexists(hid_t file, const char *path, hid_t access) {
    (void)access;
    if (fails() || !handle_of(file, HANDLE_FILE)) return -1;
    return find_object(path) >= 0 || is_above(path);
}

herr_t H5Lget_info(hid_t file, const char *path, H5L_info_t *info, hid_t access) {
    (void)access;
    int object = find_object(path);
    if (fails() || !handle_of(file, HANDLE_FILE) || (object < 0 && !is_above(path))) return -1;
    memset(info, 0, sizeof *info);
    info->type = object >= 0 && the_file.objects[object].linked ? H5L_TYPE_SOFT : H5L_TYPE_HARD;
    return 0;
}

herr_t H5Oget_info_by_name(hid_t file, const char *path, H5O_info_t *info, hid_t access) {
    (void)access;
    int object = find_object(path);
    if (fails() || !handle_of(file, HANDLE_FILE) || (object < 0 && !is_above(path))) return -1;
    memset(info, 0, sizeof *info);
    info->type = is_above(path) ? H5O_TYPE_GROUP : the_file.objects[object].kind;
    return 0;
}

hid_t H5Gopen2(hid_t file, const char *path, hid_t access) {
    (void)access;
    int object = find_object(path);
    bool group = is_above(path) || (object >= 0 && the_file.objects[object].kind == H5O_TYPE_GROUP);
    if (fails() || !handle_of(file, HANDLE_FILE) || !group) return -1;
    model_handle handle = {.kind = HANDLE_GROUP, .object = object, .user = NULL};
    handle.user = take_room(path, strlen(path), strlen(path) + 1); /* its path, as long as there is room */
    return handle.user ? open_handle(handle) : -1;
}

herr_t H5Gclose(hid_t id) {
    return close_handle(id, HANDLE_GROUP);
}

hid_t H5Gget_create_plist(hid_t group) {
    return handle_of(group, HANDLE_GROUP) ? open_handle((model_handle){.kind = HANDLE_LIST}) : -1;
}

herr_t H5Pget_link_creation_order(hid_t list, unsigned *order) {
    if (fails() || !handle_of(list, HANDLE_LIST)) return -1;
    *order = the_file.order;
    return 0;
}

/* Members of the root are folders, each said once; members of a folder are objects. */
herr_t H5Literate(hid_t group, H5_index_t index, H5_iter_order_t order, hsize_t *at, H5L_iterate_t visit, void *user) {
    (void)index, (void)order, (void)at;
    const model_handle *handle = handle_of(group, HANDLE_GROUP);
    if (fails() || !handle) return -1;
    const char *folder = handle->user;
    const bool root = folder[1] == '\0';
    const uint64_t hash = hash_text(folder, strlen(folder));
    for (int i = 0; i < the_file.object_count; i++) {
        const model_object *object = &the_file.objects[i];
        char name[1400];
        size_t from = root ? 1 : object->name, end = root ? object->name - 1 : strlen(object->path);
        bool said = !root && object->folder != hash;
        for (int k = 0; root && k < i && !said; k++) said = !the_file.objects[k].absent && the_file.objects[k].folder == object->folder;
        if (object->absent || said || end - from >= sizeof name) continue;
        memcpy(name, object->path + from, end - from);
        name[end - from] = '\0';
        H5L_info_t info;
        memset(&info, 0, sizeof info);
        info.type = !root && object->linked ? H5L_TYPE_SOFT : H5L_TYPE_HARD;
        herr_t result = visit(group, name, &info, user);
        if (result) return result;
    }
    return 0;
}

ssize_t H5Iget_name(hid_t id, char *name, size_t size) {
    const model_object *object = object_of(id);
    if (fails() || !object) return -1;
    if (name) (void)snprintf(name, size, "%s", object->path);
    return (ssize_t)strlen(object->path);
}

/* ---- types and spaces ---- */

/* MODEL_TYPES of no type at all. */
static enum model_type type_of(hid_t id) {
    if (id == H5T_STD_I64LE_g || id == H5T_NATIVE_INT64_g) return MODEL_INTEGER;
    if (id == H5T_IEEE_F64LE_g) return MODEL_REAL;
    if (id == H5T_STD_U8LE_g) return MODEL_BYTE;
    if (id == H5T_C_S1_g) return MODEL_FIXED_TEXT;
    const model_handle *handle = handle_of(id, HANDLE_TYPE);
    return handle ? handle->type : MODEL_TYPES;
}

hid_t H5Tcopy(hid_t type) {
    return fails() || type_of(type) == MODEL_TYPES ? -1 : open_handle((model_handle){.kind = HANDLE_TYPE, .type = type_of(type), .size = {1}});
}

herr_t H5Tset_size(hid_t type, size_t size) {
    model_handle *handle = handle_of(type, HANDLE_TYPE);
    if (fails() || !handle) return -1;
    handle->type = size == H5T_VARIABLE ? MODEL_TEXT : MODEL_FIXED_TEXT;
    return 0;
}

herr_t H5Tset_cset(hid_t type, H5T_cset_t set) {
    model_handle *handle = handle_of(type, HANDLE_TYPE);
    if (!handle || set < 0) return -1;
    handle->set = set;
    return 0;
}

H5T_cset_t H5Tget_cset(hid_t type) {
    const model_handle *handle = handle_of(type, HANDLE_TYPE);
    return handle ? handle->set : H5T_CSET_ERROR;
}

H5T_class_t H5Tget_class(hid_t type) {
    switch (type_of(type)) {
    case MODEL_INTEGER:
    case MODEL_BYTE: return H5T_INTEGER;
    case MODEL_REAL: return H5T_FLOAT;
    case MODEL_TEXT:
    case MODEL_FIXED_TEXT: return H5T_STRING;
    case MODEL_OTHER: return H5T_COMPOUND;
    default: return H5T_NO_CLASS;
    }
}

size_t H5Tget_size(hid_t type) {
    const model_handle *handle = handle_of(type, HANDLE_TYPE);
    return handle && handle->type != MODEL_TEXT ? (size_t)handle->size[0] : 8;
}

htri_t H5Tis_variable_str(hid_t type) {
    return fails() ? -1 : type_of(type) == MODEL_TEXT;
}

htri_t H5Tequal(hid_t one, hid_t other) {
    return fails() ? -1 : type_of(one) == type_of(other) && type_of(one) < MODEL_OTHER;
}

herr_t H5Tclose(hid_t id) {
    return close_handle(id, HANDLE_TYPE);
}

H5S_class_t H5Sget_simple_extent_type(hid_t space) {
    const model_handle *handle = handle_of(space, HANDLE_SPACE);
    return fails() || !handle ? H5S_NO_CLASS : handle->space;
}

int H5Sget_simple_extent_ndims(hid_t space) {
    const model_handle *handle = handle_of(space, HANDLE_SPACE);
    return fails() || !handle ? -1 : handle->rank;
}

int H5Sget_simple_extent_dims(hid_t space, hsize_t *size, hsize_t *most) {
    const model_handle *handle = handle_of(space, HANDLE_SPACE);
    if (fails() || !handle) return -1;
    for (int i = 0; i < handle->rank; i++) {
        if (size) size[i] = handle->size[i];
        if (most) most[i] = handle->size[i];
    }
    return handle->rank;
}

hid_t H5Screate(H5S_class_t kind) {
    return fails() ? -1 : open_handle((model_handle){.kind = HANDLE_SPACE, .space = kind, .count = 1});
}

hid_t H5Screate_simple(int rank, const hsize_t *size, const hsize_t *most) {
    (void)most;
    if (fails() || rank < 0 || rank > MODEL_RANK) return -1;
    model_handle handle = {.kind = HANDLE_SPACE, .rank = rank, .space = H5S_SIMPLE, .count = 1};
    for (int i = 0; i < rank; i++) handle.size[i] = size[i];
    return open_handle(handle);
}

herr_t H5Sselect_hyperslab(hid_t space, H5S_seloper_t operation, const hsize_t *start, const hsize_t *stride, const hsize_t *count, const hsize_t *block) {
    (void)operation, (void)stride, (void)block;
    model_handle *handle = handle_of(space, HANDLE_SPACE);
    if (fails() || !handle || handle->rank < 1) return -1;
    handle->start = start[0];
    handle->count = count[0];
    for (int i = 0; i < handle->rank; i++) REQUIRE(start[i] <= handle->size[i] && count[i] <= handle->size[i] - start[i]);
    return 0;
}

herr_t H5Sclose(hid_t id) {
    return close_handle(id, HANDLE_SPACE);
}

/* ---- attributes ---- */

static int find_attribute(hid_t id, const char *name) {
    const model_handle *file = handle_of(id, HANDLE_FILE), *dataset = handle_of(id, HANDLE_DATASET);
    if (!file && !dataset) return -1;
    for (int i = 0; i < the_file.attribute_count; i++)
        if (the_file.attributes[i].object == (file ? MODEL_ROOT : dataset->object) && strcmp(the_file.attributes[i].name, name) == 0) return i;
    return -1;
}

htri_t H5Aexists(hid_t object, const char *name) {
    return fails() ? -1 : find_attribute(object, name) >= 0;
}

hid_t H5Aopen(hid_t object, const char *name, hid_t access) {
    (void)access;
    int found = find_attribute(object, name);
    return fails() || found < 0 ? -1 : open_handle((model_handle){.kind = HANDLE_ATTRIBUTE, .object = found});
}

static const model_attribute *attribute_of(hid_t id) {
    const model_handle *handle = handle_of(id, HANDLE_ATTRIBUTE);
    return handle ? &the_file.attributes[handle->object] : NULL;
}

hid_t H5Aget_type(hid_t id) {
    const model_attribute *attribute = attribute_of(id);
    if (fails() || !attribute) return -1;
    return open_handle((model_handle){.kind = HANDLE_TYPE, .type = attribute->type, .size = {attribute->bytes}});
}

hid_t H5Aget_space(hid_t id) {
    const model_attribute *attribute = attribute_of(id);
    return fails() || !attribute ? -1 : open_handle((model_handle){.kind = HANDLE_SPACE, .space = attribute->space, .count = 1});
}

hsize_t H5Aget_storage_size(hid_t id) {
    const model_attribute *attribute = attribute_of(id);
    return attribute ? attribute->stored : 0;
}

herr_t H5Aread(hid_t id, hid_t type, void *out) {
    const model_attribute *attribute = attribute_of(id);
    if (fails() || !attribute) return -1;
    enum model_type memory = type_of(type);
    if (memory == MODEL_INTEGER && attribute->type != MODEL_TEXT) {
        memcpy(out, &attribute->number, sizeof attribute->number);
    } else if (memory == MODEL_TEXT && attribute->type == MODEL_TEXT) {
        char *text = attribute->text ? strdup(attribute->text) : NULL;
        memcpy(out, &text, sizeof text);
    } else if (memory == MODEL_FIXED_TEXT && attribute->type == MODEL_FIXED_TEXT) {
        if (attribute->text) memcpy(out, attribute->text, attribute->bytes);
        else memset(out, 0, attribute->bytes);
    } else {
        return -1;
    }
    return 0;
}

herr_t H5Aclose(hid_t id) {
    return close_handle(id, HANDLE_ATTRIBUTE);
}

/* ---- scales ---- */

htri_t H5DSis_scale(hid_t id) {
    const model_object *object = object_of(id);
    return fails() || !object ? -1 : object->is_scale;
}

int H5DSget_num_scales(hid_t id, unsigned dimension) {
    const model_object *object = object_of(id);
    return fails() || !object || dimension > 1 ? -1 : object->scale[dimension] > 0;
}

herr_t H5DSiterate_scales(hid_t id, unsigned dimension, int *at, H5DS_iterate_t visit, void *user) {
    (void)at;
    const model_object *object = object_of(id);
    if (fails() || !object || dimension > 1 || object->scale[dimension] == 0) return -1;
    hid_t scale = open_handle((model_handle){.kind = HANDLE_DATASET, .object = object->scale[dimension] - 1});
    herr_t result = visit(id, dimension, scale, user);
    (void)close_handle(scale, HANDLE_DATASET);
    return result;
}

/* ---- datasets ---- */

hid_t H5Dopen2(hid_t file, const char *path, hid_t access) {
    (void)access;
    int object = find_object(path);
    if (fails() || !handle_of(file, HANDLE_FILE) || object < 0 || the_file.objects[object].kind != H5O_TYPE_DATASET) return -1;
    return open_handle((model_handle){.kind = HANDLE_DATASET, .object = object});
}

herr_t H5Dclose(hid_t id) {
    return close_handle(id, HANDLE_DATASET);
}

hid_t H5Dget_type(hid_t id) {
    const model_object *object = object_of(id);
    return fails() || !object ? -1 : open_handle((model_handle){.kind = HANDLE_TYPE, .type = object->type, .size = {cell_bytes(object->type)}});
}

hid_t H5Dget_space(hid_t id) {
    const model_object *object = object_of(id);
    if (fails() || !object) return -1;
    model_handle handle = {.kind = HANDLE_SPACE, .rank = object->rank, .space = object->rank ? H5S_SIMPLE : H5S_SCALAR, .count = 1};
    memcpy(handle.size, object->size, sizeof handle.size);
    if (object->rank == MODEL_RANK) handle.space = H5S_NULL, handle.rank = 0;
    return open_handle(handle);
}

hid_t H5Dget_create_plist(hid_t id) {
    const model_handle *handle = handle_of(id, HANDLE_DATASET);
    return fails() || !handle ? -1 : open_handle((model_handle){.kind = HANDLE_LIST, .object = handle->object + 1});
}

static const model_object *listed(hid_t list) {
    const model_handle *handle = handle_of(list, HANDLE_LIST);
    return handle && handle->object > 0 ? &the_file.objects[handle->object - 1] : NULL;
}

H5D_layout_t H5Pget_layout(hid_t list) {
    const model_object *object = listed(list);
    return fails() || !object ? H5D_LAYOUT_ERROR : object->layout;
}

int H5Pget_external_count(hid_t list) {
    const model_object *object = listed(list);
    return fails() || !object ? -1 : object->external;
}

herr_t H5Pfill_value_defined(hid_t list, H5D_fill_value_t *defined) {
    const model_object *object = listed(list);
    if (fails() || !object) return -1;
    *defined = object->filled ? H5D_FILL_VALUE_USER_DEFINED : H5D_FILL_VALUE_DEFAULT;
    return 0;
}

herr_t H5Pget_fill_value(hid_t list, hid_t type, void *value) {
    const model_object *object = listed(list);
    if (fails() || !object) return -1;
    memcpy(value, &object->fill, cell_bytes(type_of(type)));
    return 0;
}

int H5Pget_nfilters(hid_t list) {
    const model_object *object = listed(list);
    return fails() || !object ? -1 : object->filters;
}

H5Z_filter_t H5Pget_filter2(hid_t list, unsigned index, unsigned *flags, size_t *count, unsigned *values, size_t length, char *name, unsigned *config) {
    (void)values, (void)length, (void)name, (void)config;
    const model_object *object = listed(list);
    if (fails() || !object || index >= (unsigned)object->filters) return H5Z_FILTER_ERROR;
    *flags = 0;
    *count = 0;
    return object->filter[index];
}

int H5Pget_chunk(hid_t list, int most, hsize_t *size) {
    const model_object *object = listed(list);
    if (fails() || !object || object->layout != H5D_CHUNKED) return -1;
    for (int i = 0; i < object->chunk_rank && i < most; i++) size[i] = object->chunk[i];
    return object->chunk_rank;
}

herr_t H5Pset_vlen_mem_manager(hid_t list, H5MM_allocate_t allocate, void *user, H5MM_free_t release, void *release_user) {
    (void)release_user;
    model_handle *handle = handle_of(list, HANDLE_LIST);
    if (fails() || !handle) return -1;
    handle->allocate = allocate;
    handle->release = release;
    handle->user = user;
    return 0;
}

/* Bytes [from, from + count) of a dataset whose data begin anew at their end. */
static void copy_data(const model_object *object, hsize_t from, hsize_t count, unsigned char *to) {
    if (object->bytes == 0) {
        memset(to, 0, count);
        return;
    }
    for (hsize_t done = 0; done < count;) {
        size_t at = (size_t)((from + done) % object->bytes), piece = object->bytes - at;
        if (piece > count - done) piece = (size_t)(count - done);
        memcpy(to + done, (const unsigned char *)object->data + at, piece);
        done += piece;
    }
}

herr_t H5Dget_chunk_storage_size(hid_t id, const hsize_t *at, hsize_t *bytes) {
    const model_object *object = object_of(id);
    if (fails() || !object || at[0] >= object->size[0]) return -1;
    *bytes = object->stored ? object->stored : object->bytes;
    return 0;
}

herr_t H5Dread_chunk(hid_t id, hid_t transfer, const hsize_t *at, uint32_t *skipped, void *out) {
    (void)transfer, (void)at;
    const model_object *object = object_of(id);
    if (fails() || !object) return -1;
    copy_data(object, 0, object->stored ? object->stored : object->bytes, out);
    *skipped = object->skipped;
    return 0;
}

/* Texts through the memory that the list of properties names; one that is empty has no reference. */
static herr_t read_texts(const model_object *object, hsize_t first, hsize_t count, const model_handle *transfer, char **out) {
    const char *data = object->data, *end = data + object->bytes, *at = data;
    hsize_t texts = 0;
    for (size_t i = 0; i < object->bytes; i++) texts += !data[i] || i + 1 == object->bytes;
    for (hsize_t skip = texts ? first % texts : 0; skip > 0; skip--) at += strnlen(at, (size_t)(end - at)) + 1;
    for (hsize_t i = 0; i < count; i++) {
        if (at >= end) at = data;
        size_t length = object->bytes ? strnlen(at, (size_t)(end - at)) : 0;
        out[i] = length ? transfer->allocate(length + 1, transfer->user) : NULL;
        if (length && !out[i]) return -1;
        if (length) memcpy(out[i], at, length), out[i][length] = '\0';
        at += length + 1;
    }
    return 0;
}

herr_t H5Dread(hid_t id, hid_t type, hid_t memory, hid_t file, hid_t transfer, void *out) {
    const model_object *object = object_of(id);
    const model_handle *to = handle_of(memory, HANDLE_SPACE), *from = handle_of(file, HANDLE_SPACE), *list = handle_of(transfer, HANDLE_LIST);
    if (fails() || !object || !to || !from) return -1;
    hsize_t width = 1, first = from->start, rows = object->rank ? from->count : 1;
    for (int i = 1; i < object->rank; i++) width *= object->size[i];
    if (to->rank != object->rank || (object->rank > 0 && to->size[0] != rows)) return -1; /* as many must be selected on both sides */
    enum model_type as = type_of(type);
    if (as == MODEL_TYPES || (as == MODEL_TEXT) != (object->type == MODEL_TEXT) || object->type == MODEL_FIXED_TEXT || object->type == MODEL_OTHER) return -1;
    if (as == MODEL_TEXT) return list && list->allocate ? read_texts(object, first * width, rows * width, list, out) : -1;
    size_t cell = cell_bytes(as);
    copy_data(object, first * width * cell, rows * width * cell, out);
    return 0;
}

#endif
