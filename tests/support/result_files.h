/* Temporary folders and small result files for the tests of what writes and reads them. */
#ifndef VDC_TESTS_SUPPORT_RESULT_FILES_H
#define VDC_TESTS_SUPPORT_RESULT_FILES_H

#include "sim/record/record.h"

/* Makes a folder of its own below TMPDIR and returns its path, static to the process; removed by test_folder_remove. */
const char *test_folder_make(void);
void test_folder_remove(void);
/* FOLDER/NAME in a buffer that the next four calls leave alone. */
const char *test_folder_path(const char *name);
/* The whole file in fresh memory (vdc_free), NULL when it cannot be read. */
char *test_file_read(const char *path, size_t *size);
void test_file_write(const char *path, const void *data, size_t size);
bool test_files_equal(const char *a, const char *b);
bool test_file_exists(const char *path);

/* What a small result file holds; see test_result_write. */
typedef struct test_result_options {
    size_t chunk_rows; /* 0 = the default */
    bool in_order;     /* VM rows appended instead of set in a shuffled order */
    int64_t ticks, vms;
    size_t hosts;        /* > 0: with /hosts/power [tick x host] */
    bool incomplete;     /* ends as if interrupted */
    uint64_t fail_write; /* the write that fails as on a full disk, 0 = none */
} test_result_options;

/* The value of every cell as a formula, so that readers can be checked without a second copy. */
double test_result_power(int64_t tick);                       /* /ticks/power */
double test_result_allocation(int64_t tick, size_t resource); /* /ticks/P, 2 resources */
int64_t test_result_host(int64_t vm);                         /* /vms/host; -1 for a row that was never set */
const char *test_result_state(int64_t vm);                    /* /vms/state, texts */
const char *test_result_name(int64_t vm, char name[32]);      /* /vms/name: all different, or empty */
double test_result_host_power(int64_t tick, size_t host);     /* /hosts/power */
bool test_result_is_set(int64_t vm);                          /* every 97th row is left to the fill row */

/* Writes a result file with attributes, summary, ticks and VMs and returns its digest in `digest` (may be NULL). */
vdc_code test_result_write(const char *path, test_result_options options, char digest[VDC_DIGEST_TEXT], vdc_diag *diag);

#endif
