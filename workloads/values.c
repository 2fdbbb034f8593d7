/* Values that several sources read alike. See values.h. */
#include "workloads/values.h"

#include <string.h>

const char *const vdc_progress_words[] = {[VDC_PROGRESS_TIME] = "time", [VDC_PROGRESS_WORK] = "work", NULL};

vdc_code vdc_gpu_model_add(vdc_names *models, const char *name, size_t length, uint64_t *mask, vdc_diag *diag) {
    uint32_t number;
    if (vdc_names_intern(models, name, length, &number)) return vdc_no_memory(diag, "the names of GPU models");
    if (number > 64) return vdc_fail(diag, VDC_ERROR_INPUT, NULL, "more than 64 GPU models");
    if (number > 0) *mask |= UINT64_C(1) << (number - 1);
    return VDC_OK;
}

void vdc_table_gpu_models(vdc_table *table, int column, vdc_names *models, vdc_request *request) {
    if (column < 0 || vdc_field_empty(vdc_table_field(table, column))) return;
    vdc_field names[64];
    const size_t count = vdc_split(vdc_table_field(table, column), '|', names, 64);
    if (count == 0 || count > 64) {
        vdc_table_complain(table, column, "lists more than 64 models");
        return;
    }
    for (size_t i = 0; i < count && !table->bad; i++) {
        table->code = vdc_gpu_model_add(models, names[i].begin, (size_t)(names[i].end - names[i].begin), &request->gpu_models,
                                        table->diag);
        table->bad = table->code != VDC_OK;
    }
}

bool vdc_gpus_set(vdc_request *request, int64_t count, int64_t milli) {
    if (count < 0 || count > 64 || milli < 0 || milli > 1000 || (count > 1 && milli != 1000)
        || (count > 0 && milli == 0))
        return false;
    request->gpu_count = (uint16_t)count;
    request->gpu_milli = (uint16_t)(count ? milli : 0);
    request->size[VDC_GPU] = count * (count ? milli : 0);
    return true;
}

vdc_code vdc_gpus_read(const vdc_node *node, vdc_names *models, vdc_request *request, const char *what, vdc_diag *diag) {
    struct values { int64_t count; double share; const vdc_node *models; } values;
    static const vdc_param params[] = {
        {"count", VDC_PARAM_INTEGER, VDC_DIM_COUNT, "1", 1, 64, NULL, "devices", offsetof(struct values, count), false, NULL},
        {"share", VDC_PARAM_REAL, VDC_DIM_RATIO, "100%", 0.001, 1, NULL, "of each device", offsetof(struct values, share), false,
         NULL},
        {"models", VDC_PARAM_NODE, VDC_DIM_COUNT, NULL, 0, 0, NULL, "acceptable models; none = any",
         offsetof(struct values, models), false, NULL},
    };
    const vdc_code code = vdc_params_read(node, params, 3, &values, NULL, what, diag);
    if (code) return code;
    if (!vdc_gpus_set(request, values.count, (int64_t)(values.share * 1000 + 0.5)))
        return vdc_fail(diag, VDC_ERROR_INPUT, &node->place, "%s: a share below 100%% goes with one device only", what);
    if (!values.models) return VDC_OK;
    if (values.models->kind != VDC_NODE_SEQUENCE)
        return vdc_fail(diag, VDC_ERROR_INPUT, &values.models->place, "%s: models: a list of names is wanted", what);
    for (size_t i = 0; i < values.models->count; i++) {
        const char *name;
        vdc_code outcome = vdc_node_text(values.models->children[i], &name, diag);
        if (!outcome) outcome = vdc_gpu_model_add(models, name, strlen(name), &request->gpu_models, diag);
        if (outcome) return outcome;
    }
    return VDC_OK;
}
