/* Running the command: see command.h. */
#include "tests/support/command.h"

#include <criterion/criterion.h>
#include <libgen.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

void build_folder(char *path, unsigned long size) {
    char program[PATH_MAX] = {0};
    cr_assert_gt(readlink("/proc/self/exe", program, sizeof program - 1), 0);
    int length = snprintf(path, size, "%s", dirname(program));
    cr_assert(length > 0 && (unsigned long)length < size);
}

/* Everything in the stream, which is closed. */
static char *read_all(FILE *stream) {
    char *text = NULL;
    size_t size = 0;
    FILE *memory = open_memstream(&text, &size);
    cr_assert_not_null(memory);
    char piece[4096];
    for (size_t got; (got = fread(piece, 1, sizeof piece, stream)) > 0;) cr_assert_eq(fwrite(piece, 1, got, memory), got);
    cr_assert_eq(fclose(memory), 0);
    return text;
}

command_result run_vdcsim(const char *arguments, ...) {
    char folder[PATH_MAX], command[2 * PATH_MAX + 4096], errors[] = "/tmp/vdcsim-test-XXXXXX", rest[4096];
    build_folder(folder, sizeof folder);
    va_list list;
    va_start(list, arguments);
    int length = vsnprintf(rest, sizeof rest, arguments, list);
    va_end(list);
    cr_assert(length >= 0 && (size_t)length < sizeof rest);
    int descriptor = mkstemp(errors);
    cr_assert_geq(descriptor, 0);
    (void)snprintf(command, sizeof command, "'%s/vdcsim' %s 2>'%s'", folder, rest, errors);
    FILE *pipe = popen(command, "r");
    cr_assert_not_null(pipe, "cannot run: %s", command);
    command_result result = {.out = read_all(pipe)};
    int status = pclose(pipe);
    result.status = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    FILE *stream = fdopen(descriptor, "r");
    cr_assert_not_null(stream);
    result.err = read_all(stream);
    fclose(stream);
    unlink(errors);
    return result;
}

void command_result_clear(command_result *result) {
    free(result->out);
    free(result->err);
}
