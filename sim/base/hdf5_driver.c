/* The HDF5 file driver of result files: plain pread and pwrite on a locked descriptor, the first error kept. */
#include "sim/base/hdf5_driver.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sim/base/file.h"
#include "sim/base/memory.h"

#if H5_VERSION_GE(1, 13, 0)
#include <H5FDdevelop.h>
#endif

/* One open file as the library sees it. The library wants its part first. */
typedef struct vdc_driver_file {
    H5FD_t library;
    vdc_driver *driver;
    haddr_t allocated; /* end of what the library has handed out */
    haddr_t written;   /* end of the file */
} vdc_driver_file;

/* What travels in the file access properties; the library copies it bytewise. */
typedef struct vdc_driver_target {
    vdc_driver *driver;
} vdc_driver_target;

#define DRIVER_ADDRESS_MAX ((haddr_t)INT64_MAX)

static H5FD_t *driver_open(const char *name, unsigned flags, hid_t access, haddr_t maximum) {
    (void)name;
    (void)flags;
    (void)maximum;
    const vdc_driver_target *target = H5Pget_driver_info(access);
    struct stat status;
    if (!target || fstat(target->driver->descriptor, &status) != 0)
        return NULL;
    vdc_driver_file *file = vdc_calloc(1, sizeof *file);
    if (!file) {
        target->driver->error = ENOMEM;
        return NULL;
    }
    file->driver = target->driver;
    file->written = (haddr_t)status.st_size;
    return &file->library;
}

static herr_t driver_close(H5FD_t *file) {
    vdc_free(file);
    return 0;
}

static herr_t driver_query(const H5FD_t *file, unsigned long *flags) {
    /* The library's accumulator of metadata, which gathers writes, crashes on addresses of a damaged file: readers go without it. */
    if (flags && file && ((const vdc_driver_file *)file)->driver->reading)
        *flags = H5FD_FEAT_DATA_SIEVE;
    else if (flags)
        *flags =
            H5FD_FEAT_AGGREGATE_METADATA | H5FD_FEAT_ACCUMULATE_METADATA | H5FD_FEAT_DATA_SIEVE | H5FD_FEAT_AGGREGATE_SMALLDATA;
    return 0;
}

static haddr_t driver_get_allocated(const H5FD_t *file, H5FD_mem_t type) {
    (void)type;
    return ((const vdc_driver_file *)file)->allocated;
}

static herr_t driver_set_allocated(H5FD_t *file, H5FD_mem_t type, haddr_t address) {
    (void)type;
    ((vdc_driver_file *)file)->allocated = address;
    return 0;
}

static haddr_t driver_get_end(const H5FD_t *file, H5FD_mem_t type) {
    (void)type;
    return ((const vdc_driver_file *)file)->written;
}

/* ---- the heap ----
 *
 * Texts lie in collections that have no checksum, and the library believes the sizes in them: it copies and walks beyond the end. So a collection
 * is walked here before the library sees it. */

enum { HEAP_HEADER = 16, HEAP_LEAST = 4096, HEAP_MOST = 256 << 20 };

static uint64_t little_endian(const unsigned char *bytes, int count) {
    uint64_t value = 0;
    while (count-- > 0) value = value << 8 | bytes[count];
    return value;
}

/* Objects follow each other: number, count of references, size, the bytes up to a multiple of eight. Number 0 is what is free at the end. */
static bool is_whole_heap(const unsigned char *heap, uint64_t size) {
    uint64_t at = HEAP_HEADER;
    while (size - at >= HEAP_HEADER) {
        uint64_t length = little_endian(heap + at + 8, 8), left = size - at;
        if (little_endian(heap + at, 2) == 0) return length == left;
        if (length > left - HEAP_HEADER) return false;
        uint64_t used = HEAP_HEADER + (length + 7) / 8 * 8;
        if (used > left) return false;
        at += used;
    }
    return true;
}

static bool heap_is_sound(const vdc_driver_file *file, const unsigned char *begin, haddr_t address) {
    uint64_t size = little_endian(begin + 8, 8);
    if (size < HEAP_LEAST || size > HEAP_MOST || address > file->written || size > file->written - address) return false;
    unsigned char *heap = vdc_malloc(size);
    bool sound = heap && vdc_file_read_at(file->driver->descriptor, heap, size, (off_t)address) == (ssize_t)size && is_whole_heap(heap, size);
    if (!heap) file->driver->error = ENOMEM;
    vdc_free(heap);
    return sound;
}

static herr_t driver_read(H5FD_t *library, H5FD_mem_t type, hid_t transfer, haddr_t address, size_t size, void *buffer) {
    static const char heap[8] = {'G', 'C', 'O', 'L', 1};
    (void)type;
    (void)transfer;
    const vdc_driver_file *file = (const vdc_driver_file *)library;
    ssize_t got = vdc_file_read_at(file->driver->descriptor, buffer, size, (off_t)address);
    if (got < 0) {
        /* Kept as well as told: where the library only looks for something it may take this for "not there". */
        if (!file->driver->error)
            file->driver->error = errno;
        return -1;
    }
    memset((char *)buffer + got, 0, size - (size_t)got); /* beyond the end: never written, so zero */
    /* The library reads heaps as it reads data, in pieces of this size at least. */
    bool is_heap = file->driver->reading && size >= HEAP_LEAST && memcmp(buffer, heap, sizeof heap) == 0;
    return is_heap && !heap_is_sound(file, buffer, address) ? -1 : 0;
}

static herr_t driver_write(H5FD_t *library, H5FD_mem_t type, hid_t transfer, haddr_t address, size_t size, const void *buffer) {
    (void)type;
    (void)transfer;
    vdc_driver_file *file = (vdc_driver_file *)library;
    vdc_driver *driver = file->driver;
    const char *from = buffer;
    haddr_t end = address + size;
    while (size > 0 && !driver->error) {
#ifdef VDC_TEST_FAULTS
        if (++driver->writes == driver->fail_at) {
            driver->error = ENOSPC;
            break;
        }
#endif
        ssize_t put = pwrite(driver->descriptor, from, size, (off_t)address);
        if (put < 0 && errno == EINTR)
            continue;
        if (put <= 0) {
            driver->error = put < 0 ? errno : ENOSPC;
            break;
        }
        from += put;
        address += (haddr_t)put;
        size -= (size_t)put;
    }
    if (end > file->written)
        file->written = end;
    return 0; /* the failure is in driver->error; the library must be able to close */
}

static herr_t driver_truncate(H5FD_t *library, hid_t transfer, hbool_t closing) {
    (void)transfer;
    (void)closing;
    vdc_driver_file *file = (vdc_driver_file *)library;
    if (file->written != file->allocated) {
        if (!file->driver->error && ftruncate(file->driver->descriptor, (off_t)file->allocated) != 0)
            file->driver->error = errno;
        file->written = file->allocated;
    }
    return 0;
}

static const H5FD_class_t driver_class = {
#if H5_VERSION_GE(1, 13, 2)
    .version = H5FD_CLASS_VERSION,
    .value = (H5FD_class_value_t)512, /* the range that the library leaves to others begins at 256 */
#endif
    .name = "vdcsim",
    .maxaddr = DRIVER_ADDRESS_MAX,
    .fc_degree = H5F_CLOSE_STRONG,
    .fapl_size = sizeof(vdc_driver_target),
    .open = driver_open,
    .close = driver_close,
    .query = driver_query,
    .get_eoa = driver_get_allocated,
    .set_eoa = driver_set_allocated,
    .get_eof = driver_get_end,
    .read = driver_read,
    .write = driver_write,
    .truncate = driver_truncate,
    .fl_map = H5FD_FLMAP_DICHOTOMY,
};

static vdc_code driver_register(vdc_driver *driver, int descriptor, vdc_diag *diag) {
    driver->descriptor = descriptor;
    driver->id = H5FDregister(&driver_class);
    if (driver->id >= 0)
        return VDC_OK;
    vdc_driver_close(driver);
    return vdc_no_memory(diag, "a result file");
}

vdc_code vdc_driver_create(vdc_driver *driver, const char *path, vdc_diag *diag) {
    *driver = (vdc_driver){.descriptor = -1, .id = H5I_INVALID_HID};
    int descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0666);
    if (descriptor < 0)
        return vdc_fail(diag, VDC_ERROR_INPUT, NULL, "%s: cannot be written: %s", path, strerror(errno));
    if (flock(descriptor, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) {
        close(descriptor);
        return vdc_fail(diag, VDC_ERROR_INPUT, NULL, "%s: another run is writing it", path);
    }
    /* Whoever held the lock before may have renamed the file to its final name: then this is not ours to empty. */
    struct stat opened, named;
    if (fstat(descriptor, &opened) != 0 || lstat(path, &named) != 0 || opened.st_ino != named.st_ino ||
        opened.st_dev != named.st_dev) {
        close(descriptor);
        return vdc_fail(diag, VDC_ERROR_INPUT, NULL, "%s: another run was writing it just now; try again", path);
    }
    if (!S_ISREG(opened.st_mode) || ftruncate(descriptor, 0) != 0) {
        const char *reason = S_ISREG(opened.st_mode) ? strerror(errno) : "it is no regular file";
        close(descriptor);
        return vdc_fail(diag, VDC_ERROR_INPUT, NULL, "%s: cannot be written: %s", path, reason);
    }
    return driver_register(driver, descriptor, diag);
}

vdc_code vdc_driver_open(vdc_driver *driver, const char *path, uint64_t *size, unsigned char begin[8], vdc_diag *diag) {
    *driver = (vdc_driver){.descriptor = -1, .id = H5I_INVALID_HID};
    struct stat status;
    int descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* a pipe must not keep us waiting */
    if (descriptor < 0 || fstat(descriptor, &status) != 0) {
        vdc_code code = vdc_fail(diag, VDC_ERROR_INPUT, NULL, "%s: cannot be read: %s", path, strerror(errno));
        if (descriptor >= 0)
            close(descriptor);
        return code;
    }
    const char *reason = NULL;
    if (!S_ISREG(status.st_mode))
        reason = S_ISDIR(status.st_mode) ? "is a folder, not a result file" : "is no regular file";
    else if (flock(descriptor, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK)
        reason = "a run is writing it";
    else if (vdc_file_read_at(descriptor, begin, 8, 0) < 0)
        reason = strerror(errno);
    if (reason) {
        close(descriptor);
        return vdc_fail(diag, VDC_ERROR_INPUT, NULL, "%s: %s", path, reason);
    }
    *size = (uint64_t)status.st_size;
    driver->reading = true;
    return driver_register(driver, descriptor, diag);
}

hid_t vdc_driver_access(vdc_driver *driver) {
    vdc_driver_target target = {driver};
    hid_t access = H5Pcreate(H5P_FILE_ACCESS);
    if (access >= 0 && H5Pset_driver(access, driver->id, &target) < 0) {
        H5Pclose(access);
        return -1;
    }
    return access;
}

int vdc_driver_sync(vdc_driver *driver) {
    if (!driver->error && fsync(driver->descriptor) != 0 && errno != EINVAL && errno != EROFS)
        driver->error = errno;
    return driver->error;
}

void vdc_driver_close(vdc_driver *driver) {
    if (driver->id >= 0)
        H5FDunregister(driver->id);
    if (driver->descriptor >= 0)
        close(driver->descriptor);
    driver->id = H5I_INVALID_HID;
    driver->descriptor = -1;
}
