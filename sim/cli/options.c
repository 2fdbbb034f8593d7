/* Reading the command line by option tables: see options.h. */
#include "sim/cli/options.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "sim/base/memory.h"
#include "sim/base/param.h"

static const vdc_cli_option help_option = {.name = "help", .letter = 'h', .type = VDC_CLI_FLAG};

char *vdc_option_spelling(const vdc_cli_option *option) {
    const char *space = option->argument ? " " : "", *argument = option->argument ? option->argument : "";
    if (option->letter) return vdc_format("-%c, --%s%s%s", option->letter, option->name, space, argument);
    return vdc_format("    --%s%s%s", option->name, space, argument);
}

static const vdc_cli_option *find_long(const vdc_cli_syntax *syntax, const char *name, size_t length) {
    for (size_t i = 0; i < syntax->option_count; i++) {
        const vdc_cli_option *option = &syntax->options[i];
        if (strlen(option->name) == length && strncmp(option->name, name, length) == 0) return option;
    }
    return strlen(help_option.name) == length && strncmp(help_option.name, name, length) == 0 ? &help_option : NULL;
}

static const vdc_cli_option *find_letter(const vdc_cli_syntax *syntax, char letter) {
    for (size_t i = 0; i < syntax->option_count; i++) {
        if (syntax->options[i].letter == letter) return &syntax->options[i];
    }
    return letter == help_option.letter ? &help_option : NULL;
}

static vdc_code refuse_unknown(const vdc_cli_syntax *syntax, const char *word, vdc_diag *diag) {
    const char *nearest = NULL;
    const char **names = vdc_calloc(syntax->option_count + 2, sizeof *names);
    char *name = word[1] == '-' ? vdc_strndup(word + 2, strcspn(word + 2, "=")) : NULL;
    if (names && name) {
        for (size_t i = 0; i < syntax->option_count; i++) names[i] = syntax->options[i].name;
        names[syntax->option_count] = help_option.name;
        nearest = vdc_nearest(name, names);
    }
    vdc_code code = nearest ? vdc_fail(diag, VDC_ERROR_INPUT, NULL, "unknown option '%s': did you mean --%s?", word, nearest)
                            : vdc_fail(diag, VDC_ERROR_INPUT, NULL, "unknown option '%s'", word);
    vdc_free(names);
    vdc_free(name);
    return code;
}

static vdc_code set_number(const vdc_cli_option *option, const char *text, vdc_cli_number *number, vdc_diag *diag) {
    uint64_t maximum = option->maximum ? option->maximum : UINT64_MAX;
    char *end = NULL;
    errno = 0;
    unsigned long long value = strtoull(text, &end, 10);
    bool digits = text[0] >= '0' && text[0] <= '9' && *end == '\0';
    if (!digits || errno || value < option->minimum || value > maximum) {
        return vdc_fail(diag, VDC_ERROR_INPUT, NULL, "--%s: found '%s', allowed: a whole number from %" PRIu64 " to %" PRIu64, option->name,
                        text, option->minimum, maximum);
    }
    *number = (vdc_cli_number){.given = true, .value = value};
    return VDC_OK;
}

static vdc_code set_choice(const vdc_cli_option *option, const char *text, const char **value, vdc_diag *diag) {
    char *allowed = vdc_strdup("");
    for (size_t i = 0; option->choices[i]; i++) {
        if (strcmp(option->choices[i], text) == 0) {
            *value = text;
            vdc_free(allowed);
            return VDC_OK;
        }
        char *longer = allowed ? vdc_format("%s%s%s", allowed, i ? ", " : "", option->choices[i]) : NULL;
        vdc_free(allowed);
        allowed = longer;
    }
    const char *nearest = vdc_nearest(text, option->choices);
    vdc_code code = vdc_fail(diag, VDC_ERROR_INPUT, NULL, "--%s: found '%s', allowed: %s%s%s%s", option->name, text, allowed ? allowed : "?",
                             nearest ? " (did you mean '" : "", nearest ? nearest : "", nearest ? "'?)" : "");
    vdc_free(allowed);
    return code;
}

static vdc_code set_value(const vdc_cli_option *option, const char *text, void *options, vdc_diag *diag) {
    void *value = (char *)options + option->offset;
    switch (option->type) {
    case VDC_CLI_FLAG:
        *(bool *)value = true;
        return VDC_OK;
    case VDC_CLI_TEXT:
    case VDC_CLI_PATH:
        *(const char **)value = text;
        return VDC_OK;
    case VDC_CLI_CHOICE:
        return set_choice(option, text, value, diag);
    case VDC_CLI_NUMBER:
        return set_number(option, text, value, diag);
    case VDC_CLI_LIST: {
        vdc_cli_list *list = value;
        if (!VDC_RESERVE(list->items, list->capacity, list->count + 1)) return vdc_no_memory(diag, "the command line");
        list->items[list->count++] = text;
        return VDC_OK;
    }
    }
    return VDC_OK;
}

/* The option at words[*index], with its value; moves *index to the last word that it uses. */
static vdc_code read_option(const vdc_cli_syntax *syntax, int count, char *const *words, int *index, void *options,
                            vdc_cli_arguments *arguments, vdc_diag *diag) {
    const char *word = words[*index], *value = NULL;
    const vdc_cli_option *option;
    if (word[1] == '-') {
        size_t length = strcspn(word + 2, "=");
        option = find_long(syntax, word + 2, length);
        if (word[2 + length]) value = word + 2 + length + 1;
    } else {
        option = find_letter(syntax, word[1]);
        if (option && option->type == VDC_CLI_FLAG && word[2]) option = NULL; /* flags are not run together */
        if (word[2]) value = word + 2;
    }
    if (!option) return refuse_unknown(syntax, word, diag);
    if (option == &help_option) {
        arguments->help = true;
        return VDC_OK;
    }
    if (option->type == VDC_CLI_FLAG) {
        if (value) return vdc_fail(diag, VDC_ERROR_INPUT, NULL, "--%s takes no value, found '%s'", option->name, value);
    } else if (!value) {
        if (*index + 1 >= count) return vdc_fail(diag, VDC_ERROR_INPUT, NULL, "--%s needs a value: %s", option->name, option->argument);
        value = words[++*index];
    }
    return set_value(option, value, options, diag);
}

vdc_code vdc_options_parse(const vdc_cli_syntax *syntax, int count, char *const *words, void *options, vdc_cli_arguments *arguments,
                           vdc_diag *diag) {
    memset(options, 0, syntax->size);
    *arguments = (vdc_cli_arguments){0};
    /* Help is given whatever else is wrong with the line. */
    for (int i = 0; i < count && strcmp(words[i], "--") != 0; i++) {
        if (strcmp(words[i], "--help") == 0 || strcmp(words[i], "-h") == 0) {
            arguments->help = true;
            return VDC_OK;
        }
    }
    bool only_arguments = false;
    for (int i = 0; i < count; i++) {
        if (!only_arguments && strcmp(words[i], "--") == 0) {
            only_arguments = true;
        } else if (!only_arguments && words[i][0] == '-' && words[i][1]) {
            (void)read_option(syntax, count, words, &i, options, arguments, diag);
        } else {
            if (!VDC_RESERVE(arguments->items, arguments->capacity, arguments->count + 1)) return vdc_no_memory(diag, "the command line");
            arguments->items[arguments->count++] = words[i];
        }
    }
    if (diag->errors) return vdc_diag_code(diag);
    if (arguments->count < syntax->minimum) return vdc_fail(diag, VDC_ERROR_INPUT, NULL, "missing argument: %s", syntax->arguments);
    if (arguments->count > syntax->maximum) {
        return vdc_fail(diag, VDC_ERROR_INPUT, NULL, "one argument too many: '%s'", arguments->items[syntax->maximum]);
    }
    return VDC_OK;
}

void vdc_options_clear(const vdc_cli_syntax *syntax, void *options, vdc_cli_arguments *arguments) {
    for (size_t i = 0; i < syntax->option_count; i++) {
        if (syntax->options[i].type == VDC_CLI_LIST) vdc_free(((vdc_cli_list *)(void *)((char *)options + syntax->options[i].offset))->items);
    }
    vdc_free(arguments->items);
    *arguments = (vdc_cli_arguments){0};
}
