/* YAML text to a tree and back: what is emitted parses again, to a tree that emits the same text. */
#include <string.h>

#include "sim/base/memory.h"
#include "sim/base/yaml.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    vdc_arena arena = {0};
    vdc_diag diag = {0};
    const vdc_node *root = NULL, *again = NULL;
    vdc_code code = vdc_yaml_parse((const char *)data, size, "fuzz.yaml", &arena, &root, &diag);
    REQUIRE(code == vdc_diag_code(&diag) && !code == !!root);
    if (root) {
        char *text = vdc_yaml_emit(root, NULL, NULL);
        REQUIRE(text);
        REQUIRE(vdc_yaml_parse(text, strlen(text), "emitted.yaml", &arena, &again, &diag) == VDC_OK);
        char *second = vdc_yaml_emit(again, NULL, NULL);
        REQUIRE(second && strcmp(text, second) == 0);
        vdc_free(second);
        vdc_free(text);
    }
    vdc_diag_clear(&diag);
    vdc_arena_free(&arena);
    return 0;
}
