/* The log of rows that wait: see spill.h. Records are a head and the row's bytes; writes are gathered to 64 KiB. */
#include "sim/record/spill.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "sim/base/file.h"
#include "sim/base/memory.h"

enum { BUFFER_SIZE = 64 << 10 };

typedef struct vdc_spill_head {
    int64_t before;
    int64_t row;
    uint64_t size;
} vdc_spill_head;

int vdc_spill_open(vdc_spill *spill, const char *beside) {
    char *name = vdc_format("%s.rows", beside);
    if (!name)
        return ENOMEM;
    spill->descriptor = open(name, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    int error = spill->descriptor < 0 ? errno : unlink(name) != 0 ? errno : 0;
    vdc_free(name);
    return error;
}

static int write_all(vdc_spill *spill, const unsigned char *data, size_t size) {
    while (size > 0) {
        ssize_t put = pwrite(spill->descriptor, data, size, (off_t)spill->end);
        if (put < 0 && errno == EINTR)
            continue;
        if (put <= 0)
            return put < 0 ? errno : ENOSPC;
        data += put;
        spill->end += put;
        size -= (size_t)put;
    }
    return 0;
}

static int write_buffer(vdc_spill *spill) {
    int error = write_all(spill, spill->buffer, spill->used);
    spill->used = 0;
    return error;
}

int vdc_spill_append(vdc_spill *spill, int64_t *last, int64_t row, const void *data, size_t size) {
    vdc_spill_head head = {*last, row, size};
    size_t need = sizeof head + size;
    int error = spill->used + need > BUFFER_SIZE ? write_buffer(spill) : 0;
    if (error)
        return error;
    if (!VDC_RESERVE(spill->buffer, spill->capacity, spill->used + need))
        return ENOMEM;
    *last = spill->end + (int64_t)spill->used;
    memcpy(spill->buffer + spill->used, &head, sizeof head);
    memcpy(spill->buffer + spill->used + sizeof head, data, size);
    spill->used += need;
    return 0;
}

static int read_all(const vdc_spill *spill, int64_t place, void *to, size_t size) {
    ssize_t got = vdc_file_read_at(spill->descriptor, to, size, (off_t)place);
    return got == (ssize_t)size ? 0 : got < 0 ? errno : EIO;
}

int vdc_spill_read(vdc_spill *spill, int64_t place, int64_t *row, const unsigned char **data, size_t *size, int64_t *before) {
    vdc_spill_head head;
    int error = place >= spill->end && spill->used > 0 ? write_buffer(spill) : 0;
    if (!error)
        error = read_all(spill, place, &head, sizeof head);
    if (error)
        return error;
    if (!VDC_RESERVE(spill->record, spill->record_capacity, head.size + 1))
        return ENOMEM;
    *row = head.row;
    *size = head.size;
    *before = head.before;
    *data = spill->record;
    return read_all(spill, place + (int64_t)sizeof head, spill->record, head.size);
}

void vdc_spill_close(vdc_spill *spill) {
    if (spill->descriptor >= 0)
        close(spill->descriptor);
    vdc_free(spill->buffer);
    vdc_free(spill->record);
    *spill = (vdc_spill){.descriptor = -1};
}
