/* Files that were written here, patched as the fuzzer says, so that it need not find a whole HDF5 file by chance.
 *
 * A patch: [number of a block of metadata, 2 bytes][offset in it, 2 bytes][count][bytes]. HDF5 guards its blocks with checksums, behind which
 * nothing would be reached: those of patched blocks are made to fit again, unless the patch's count has its highest bit set.
 */
#ifndef VDC_TESTS_FUZZ_PATCH_H
#define VDC_TESTS_FUZZ_PATCH_H

#include <fcntl.h>
#include <hdf5.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tests/fuzz/fuzz.h"

enum { BLOCKS = 4096, LONGEST_BLOCK = 1024, LONGEST_FILE = 1 << 20, LONGEST_PATCH = 16 };

/* The library's own checksum (Jenkins' lookup3), which its headers do not declare. */
extern uint32_t H5_checksum_metadata(const void *data, size_t size, uint32_t start);

/* A block of metadata; guarded: how many of its bytes the checksum behind them covers, 0 = none was found. */
typedef struct fuzz_block {
    size_t at, guarded;
} fuzz_block;

static uint8_t *base;
static size_t base_size;
static fuzz_block blocks[BLOCKS];
static size_t block_count;

/* Takes the file as the base, and removes it. */
static void take_base(const char *path) {
    base = malloc(LONGEST_FILE);
    int file = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t got = base && file >= 0 ? read(file, base, LONGEST_FILE) : -1;
    REQUIRE(got > 0 && got < LONGEST_FILE && close(file) == 0 && unlink(path) == 0);
    base_size = (size_t)got;
}

static uint32_t checksum_at(const uint8_t *data) {
    uint32_t value = 0;
    for (int i = 3; i >= 0; i--) value = value << 8 | data[i];
    return value;
}

static void find_blocks(void) {
    static const char signatures[][5] = {"\x89HDF", "OHDR", "OCHK", "FRHP", "FHDB", "FHIB", "BTHD", "BTLF", "BTIN",
                                         "TREE", "SNOD", "HEAP", "GCOL", "FSHD", "FSSE"};
    for (size_t at = 0; at + 12 < base_size && block_count < BLOCKS; at++) {
        bool begins = false;
        for (size_t i = 0; i < sizeof signatures / sizeof *signatures; i++) begins = begins || memcmp(base + at, signatures[i], 4) == 0;
        if (!begins) continue;
        fuzz_block found = {.at = at};
        for (size_t length = 8; length < LONGEST_BLOCK && at + length + 4 <= base_size && !found.guarded; length++)
            if (H5_checksum_metadata(base + at, length, 0) == checksum_at(base + at + length)) found.guarded = length;
        blocks[block_count++] = found;
    }
    REQUIRE(block_count > 5);
}

static void apply_patches(uint8_t *file, const uint8_t *data, size_t size) {
    while (size >= 6) {
        const fuzz_block *block = &blocks[(size_t)(data[0] | data[1] << 8) % block_count];
        size_t span = block->guarded ? block->guarded : 512, count = 1 + (data[4] & 127) % LONGEST_PATCH;
        size_t at = block->at + (size_t)(data[2] | data[3] << 8) % span;
        bool repair = !(data[4] & 128) && block->guarded;
        data += 5, size -= 5;
        if (count > size) count = size;
        if (at + count <= base_size) memcpy(file + at, data, count);
        data += count, size -= count;
        if (!repair) continue;
        uint32_t sum = H5_checksum_metadata(file + block->at, block->guarded, 0);
        for (int i = 0; i < 4; i++) file[block->at + block->guarded + (size_t)i] = (uint8_t)(sum >> 8 * i);
    }
}

/* A descriptor of the input's file: the first byte says how the rest is meant. Even: the bytes of the file itself. Odd: patches. */
static int make_file(const uint8_t *data, size_t size) {
    int file = memfd_create("fuzz", MFD_CLOEXEC);
    REQUIRE(file >= 0);
    if (data[0] % 2) {
        uint8_t *patched = malloc(base_size);
        REQUIRE(patched);
        memcpy(patched, base, base_size);
        apply_patches(patched, data + 1, size - 1);
        REQUIRE(write(file, patched, base_size) == (ssize_t)base_size);
        free(patched);
    } else {
        REQUIRE(write(file, data + 1, size - 1) == (ssize_t)(size - 1));
    }
    return file;
}

#endif
