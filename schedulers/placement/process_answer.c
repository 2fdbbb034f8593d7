/* An answer is one flat object of known keys, so a scanner for just that: no recursion, no memory. */
#include "schedulers/placement/process_answer.h"

#include <string.h>

typedef struct scanner {
    const char *at, *end;
} scanner;

static void skip_blanks(scanner *s) {
    while (s->at < s->end && (*s->at == ' ' || *s->at == '\t' || *s->at == '\r')) s->at++;
}

static bool accept(scanner *s, char c) {
    skip_blanks(s);
    if (s->at >= s->end || *s->at != c) return false;
    s->at++;
    return true;
}

static bool accept_word(scanner *s, const char *word) {
    skip_blanks(s);
    size_t length = strlen(word);
    if ((size_t)(s->end - s->at) < length || memcmp(s->at, word, length) != 0) return false;
    s->at += length;
    return true;
}

static bool read_integer(scanner *s, int64_t *value) {
    skip_blanks(s);
    bool negative = s->at < s->end && *s->at == '-';
    const char *digits = s->at += negative;
    int64_t sum = 0;
    for (; s->at < s->end && *s->at >= '0' && *s->at <= '9'; s->at++) {
        if (sum > (INT64_MAX - 9) / 10) return false;
        sum = sum * 10 + (*s->at - '0');
    }
    *value = negative ? -sum : sum;
    return s->at > digits;
}

/* A list of device numbers as a mask. */
static bool read_mask(scanner *s, uint64_t *mask) {
    *mask = 0;
    if (!accept(s, '[')) return false;
    if (accept(s, ']')) return true;
    do {
        int64_t device;
        if (!read_integer(s, &device) || device < 0 || device > 63) return false;
        *mask |= UINT64_C(1) << device;
    } while (accept(s, ','));
    return accept(s, ']');
}

bool vdc_process_read_decision(const char *line, size_t length, vdc_decision *decision) {
    scanner s = {line, line + length};
    unsigned given = 0, key; /* each key once: of two the wrong one would count */
    *decision = (vdc_decision){.host = -1};
    if (!accept(&s, '{')) return false;
    do {
        if (accept_word(&s, "\"host\"")) {
            if (!accept(&s, ':') || (!accept_word(&s, "null") && (!read_integer(&s, &decision->host) || decision->host < 0)))
                return false;
            key = 1;
        } else if (accept_word(&s, "\"gpu_devices\"")) {
            if (!accept(&s, ':') || !read_mask(&s, &decision->gpu_devices)) return false;
            key = 2;
        } else if (accept_word(&s, "\"numa_nodes\"")) {
            if (!accept(&s, ':') || !read_mask(&s, &decision->numa_nodes)) return false;
            key = 4;
        } else {
            return false;
        }
        if (given & key) return false;
        given |= key;
    } while (accept(&s, ','));
    bool complete = accept(&s, '}');
    skip_blanks(&s);
    return complete && (given & 1) && s.at == s.end;
}

bool vdc_process_read_ready(const char *line, size_t length) {
    scanner s = {line, line + length};
    int64_t protocol;
    bool fine = accept(&s, '{') && accept_word(&s, "\"ready\"") && accept(&s, ':') && read_integer(&s, &protocol) &&
                protocol == VDC_PROCESS_PROTOCOL && accept(&s, '}');
    skip_blanks(&s);
    return fine && s.at == s.end;
}
