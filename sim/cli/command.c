/* What all commands share: messages, exit status, signals, clocks. See command.h. */
#include "sim/cli/command.h"

#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

void vdc_cli_print(vdc_diag *diag) {
    fflush(stdout);
    for (size_t i = 0; i < diag->count; i++) {
        fprintf(stderr, "vdcsim: %s%s\n", diag->messages[i].warning ? "warning: " : "", diag->messages[i].text);
    }
    if (diag->suppressed) fprintf(stderr, "vdcsim: and %zu more errors\n", diag->suppressed);
    vdc_diag_clear(diag);
}

int vdc_cli_finish(vdc_diag *diag, vdc_code code) {
    vdc_cli_print(diag);
    switch (code) {
    case VDC_OK:
        return VDC_EXIT_DONE;
    case VDC_ERROR_INPUT:
        return VDC_EXIT_USAGE;
    case VDC_INTERRUPTED:
        return VDC_EXIT_INTERRUPTED;
    default:
        return VDC_EXIT_FAILED;
    }
}

static volatile sig_atomic_t interrupted, terminated;

static void on_signal(int number) {
    if (interrupted) _exit(VDC_EXIT_INTERRUPTED);
    interrupted = 1;
    if (number == SIGTERM) terminated = 1;
}

void vdc_cli_catch_signals(void) {
    struct sigaction action = {.sa_handler = on_signal};
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    /* Beyond a limit on file sizes: the write fails with a message, as on a full disk. */
    action.sa_handler = SIG_IGN;
    sigaction(SIGXFSZ, &action, NULL);
}

bool vdc_cli_interrupted(void) {
    return interrupted != 0;
}

bool vdc_cli_terminated(void) {
    return terminated != 0;
}

void vdc_cli_go_on(void) {
    interrupted = terminated;
}

static double seconds(clockid_t clock) {
    struct timespec now;
    if (clock_gettime(clock, &now) != 0) return 0;
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

double vdc_cli_cpu_seconds(void) {
    return seconds(CLOCK_PROCESS_CPUTIME_ID);
}

double vdc_cli_children_cpu_seconds(void) {
    struct rusage usage;
    if (getrusage(RUSAGE_CHILDREN, &usage) != 0) return 0;
    return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) + 1e-6 * (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
}

double vdc_cli_wall_seconds(void) {
    return seconds(CLOCK_MONOTONIC);
}

uint64_t vdc_cli_peak_memory(void) {
    struct rusage usage;
    if (getrusage(RUSAGE_SELF, &usage) != 0) return 0;
    return (uint64_t)usage.ru_maxrss * 1024;
}
