/* Folders of traces. See files.h. */
#include "workloads/files.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

bool vdc_is_folder(const char *path) {
    struct stat about;
    return stat(path, &about) == 0 && S_ISDIR(about.st_mode);
}

static bool is_file(const char *path) {
    struct stat about;
    return stat(path, &about) == 0 && S_ISREG(about.st_mode);
}

vdc_code vdc_folder_find(const char *folder, const char *const *names, char **found, vdc_diag *diag) {
    for (size_t i = 0; names[i]; i++) {
        *found = vdc_format("%s/%s", folder, names[i]);
        if (!*found) return vdc_no_memory(diag, "a path");
        if (is_file(*found)) return VDC_OK;
        vdc_free(*found);
    }
    *found = NULL;
    const vdc_place place = {folder, 0, 0};
    return vdc_fail(diag, VDC_ERROR_INPUT, &place, "there is no %s%s%s in it", names[0], names[1] ? " or " : "",
                    names[1] ? names[1] : "");
}

static int compare_names(const void *left, const void *right) {
    return strcmp(*(char *const *)left, *(char *const *)right);
}

/* `known` for sure to be a file: else that is asked. */
static vdc_code add(vdc_folder *list, const char *folder, const char *name, bool known, vdc_diag *diag) {
    char *path = known ? NULL : vdc_format("%s/%s", folder, name);
    if ((!known && !path) || !VDC_RESERVE(list->names, list->capacity, list->count + 1)) {
        vdc_free(path);
        return vdc_no_memory(diag, "the files of a folder");
    }
    const bool wanted = known || is_file(path);
    vdc_free(path);
    if (!wanted) return VDC_OK;
    list->names[list->count] = vdc_strdup(name);
    if (!list->names[list->count]) return vdc_no_memory(diag, "the files of a folder");
    list->count++;
    return VDC_OK;
}

vdc_code vdc_folder_list(vdc_folder *list, const char *folder, const char *suffix, vdc_diag *diag) {
    const vdc_place place = {folder, 0, 0};
    DIR *directory = opendir(folder);
    if (!directory) return vdc_fail(diag, VDC_ERROR_INPUT, &place, "cannot be listed: %s", strerror(errno));
    vdc_code code = VDC_OK;
    const size_t end = suffix ? strlen(suffix) : 0;
    for (struct dirent *entry; !code && (entry = readdir(directory));) {
        const size_t length = strlen(entry->d_name);
        if (entry->d_name[0] == '.' || length < end || (suffix && strcmp(entry->d_name + length - end, suffix) != 0)) continue;
        code = add(list, folder, entry->d_name, entry->d_type == DT_REG, diag);
    }
    closedir(directory);
    if (!code && list->count > 0) qsort(list->names, list->count, sizeof *list->names, compare_names);
    return code;
}

void vdc_folder_clear(vdc_folder *list) {
    for (size_t i = 0; i < list->count; i++) vdc_free(list->names[i]);
    vdc_free(list->names);
    *list = (vdc_folder){0};
}
