/* Running the vdcsim command that was built beside the tests. */
#ifndef VDC_TESTS_SUPPORT_COMMAND_H
#define VDC_TESTS_SUPPORT_COMMAND_H

typedef struct command_result {
    int status;      /* exit status; -1 when it did not exit by itself */
    char *out, *err; /* what it wrote */
} command_result;

/* Runs "vdcsim ARGUMENTS" by the shell, so that arguments may be quoted. Fails the test when it cannot be run. */
command_result run_vdcsim(const char *arguments, ...) __attribute__((format(printf, 1, 2)));
void command_result_clear(command_result *result);
/* The folder of the running test program, which is that of the command; static storage is the caller's. */
void build_folder(char *path, unsigned long size);

#endif
