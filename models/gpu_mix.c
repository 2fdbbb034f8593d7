/* Fragmentation of one host: see gpu_mix.h. */
#include "models/gpu_mix.h"

/* Why idle GPUs are of no use to a kind of VM, in the order in which the classes are summed up. */
enum { LACKS_BOTH, LACKS_GPU, LACKS_CPU, WANTS_NONE, WANTS_NONE_LACKS_CPU, WRONG_MODEL, REASONS };

double vdc_gpu_fragment(const vdc_gpu_mix *mix, int64_t cpu_free, uint32_t gpu_model, const int32_t *gpu_free, unsigned gpus) {
    int64_t idle = 0;
    for (unsigned j = 0; j < gpus; j++) idle += gpu_free[j];
    if (idle == 0) return 0;
    double lost[REASONS] = {0};
    for (size_t i = 0; i < mix->count; i++) {
        const vdc_gpu_shape *shape = &mix->shapes[i];
        bool has_cpu = cpu_free >= shape->cpu;
        if (shape->gpu_count == 0) {
            lost[has_cpu ? WANTS_NONE : WANTS_NONE_LACKS_CPU] += (double)idle * shape->probability;
        } else if (!vdc_gpu_models_accept(shape->gpu_models, gpu_model)) {
            lost[WRONG_MODEL] += (double)idle * shape->probability;
        } else {
            unsigned able = 0;
            int64_t too_full = 0;
            for (unsigned j = 0; j < gpus; j++) {
                if (gpu_free[j] >= shape->gpu_milli) able++;
                else too_full += gpu_free[j];
            }
            bool has_gpu = able >= shape->gpu_count;
            int64_t fragment = has_gpu && has_cpu ? too_full : idle; /* what remains of its room counts as lacking GPU */
            lost[has_cpu ? LACKS_GPU : has_gpu ? LACKS_CPU : LACKS_BOTH] += (double)fragment * shape->probability;
        }
    }
    double sum = 0;
    for (int reason = 0; reason < REASONS; reason++) sum += lost[reason];
    return sum;
}
