/* What a policy in another program answers. What is taken says the same when it is written plainly and read again. */
#include <inttypes.h>
#include <string.h>

#include "schedulers/placement/process_answer.h"
#include "tests/fuzz/fuzz.h"

static size_t write_mask(char *to, size_t room, const char *key, uint64_t mask) {
    const char *comma = "";
    size_t length = (size_t)snprintf(to, room, ",\"%s\":[", key);
    for (int i = 0; i < 64; i++) {
        if (!(mask >> i & 1)) continue;
        length += (size_t)snprintf(to + length, room - length, "%s%d", comma, i);
        comma = ",";
    }
    return length + (size_t)snprintf(to + length, room - length, "]");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    const char *line = (const char *)data;
    vdc_decision decision, again;
    if (vdc_process_read_ready(line, size)) REQUIRE(memchr(line, '1', size));
    if (!vdc_process_read_decision(line, size, &decision)) return 0;
    REQUIRE(decision.host >= -1);
    char text[1024];
    size_t length = decision.host < 0 ? (size_t)snprintf(text, sizeof text, "{\"host\":null")
                                      : (size_t)snprintf(text, sizeof text, "{\"host\":%" PRId64, decision.host);
    length += write_mask(text + length, sizeof text - length, "gpu_devices", decision.gpu_devices);
    length += write_mask(text + length, sizeof text - length, "numa_nodes", decision.numa_nodes);
    length += (size_t)snprintf(text + length, sizeof text - length, "}");
    REQUIRE(vdc_process_read_decision(text, length, &again));
    REQUIRE(again.host == decision.host && again.gpu_devices == decision.gpu_devices && again.numa_nodes == decision.numa_nodes);
    return 0;
}
