/* Lines and fields of plain and gzip-compressed text. See text.h.
 *
 * gzip data is inflated straight into the line buffer (zlib's inflate, not gzread, which would copy once more);
 * several members one after another are one text, as gzip itself has it. The checks of the format (CRC, length) are
 * zlib's. NUL bytes are looked for once per refill, not per line.
 */
#include "workloads/text.h"

#include "sim/base/hdf5.h"
#include "sim/base/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

enum { BUFFER_SIZE = 1 << 18, BUFFER_LEAST = 1 << 12, PACKED_SIZE = 1 << 16 };

struct vdc_text {
    char *path;
    int file;
    int line;              /* number of the line handed out last */
    char *data;            /* the buffer; one byte beyond `capacity` is for the sentinel */
    size_t capacity;
    char *at, *limit;      /* not yet handed out */
    char *line_begin;      /* of the line handed out last */
    char *nul;             /* the first NUL byte in [at, limit), or NULL */
    bool opened;           /* lines can be asked for */
    bool ended;            /* nothing more comes from the file */
    bool packed;           /* gzip */
    bool member;           /* inside a gzip member */
    z_stream inflater;
    unsigned char *packed_data;
};

static vdc_code fail(const vdc_text *text, vdc_diag *diag, const char *what, const char *more) {
    const vdc_place place = {text->path, text->opened ? text->line + 1 : 0, 0};
    return vdc_fail(diag, VDC_ERROR_INPUT, &place, "%s%s", what, more);
}

/* read(2) until something comes; *got = 0 at the end. */
static vdc_code read_some(vdc_text *text, void *to, size_t size, size_t *got, vdc_diag *diag) {
    ssize_t n;
    do {
        n = read(text->file, to, size);
    } while (n < 0 && errno == EINTR);
    if (n < 0) return fail(text, diag, "cannot be read: ", strerror(errno));
    *got = (size_t)n;
    return VDC_OK;
}

/* More of the compressed file into the inflater. */
static vdc_code refill_packed(vdc_text *text, vdc_diag *diag) {
    size_t got = 0;
    const vdc_code code = read_some(text, text->packed_data, PACKED_SIZE, &got, diag);
    text->inflater.next_in = text->packed_data;
    text->inflater.avail_in = (uInt)got;
    return code;
}

/* Between members: the next one, the end, or zero bytes that pad the file (as tapes leave them). */
static vdc_code next_member(vdc_text *text, vdc_diag *diag) {
    z_stream *z = &text->inflater;
    while (z->avail_in > 0 && *z->next_in == 0) z->next_in++, z->avail_in--;
    if (z->avail_in == 0) {
        const vdc_code code = refill_packed(text, diag);
        if (code) return code;
        if (z->avail_in == 0) {
            text->ended = true;
            return VDC_OK;
        }
        return next_member(text, diag);
    }
    if (inflateReset(z) != Z_OK) return vdc_no_memory(diag, "decompression");
    text->member = true;
    return VDC_OK;
}

static vdc_code inflate_some(vdc_text *text, char *to, size_t size, size_t *got, vdc_diag *diag) {
    z_stream *z = &text->inflater;
    *got = 0;
    z->next_out = (unsigned char *)to;
    z->avail_out = (uInt)size;
    while (z->avail_out > 0 && !text->ended) {
        if (!text->member) {
            const vdc_code code = next_member(text, diag);
            if (code) return code;
            continue;
        }
        if (z->avail_in == 0) {
            const vdc_code code = refill_packed(text, diag);
            if (code) return code;
            if (z->avail_in == 0) return fail(text, diag, "the gzip data ends too early: the file is truncated", "");
        }
        const int outcome = inflate(z, Z_NO_FLUSH);
        if (outcome == Z_STREAM_END) text->member = false;
        else if (outcome == Z_MEM_ERROR) return vdc_no_memory(diag, "decompression");
        else if (outcome != Z_OK && outcome != Z_BUF_ERROR)
            return fail(text, diag, "the gzip data is damaged: ", z->msg ? z->msg : "not in the format");
    }
    *got = size - z->avail_out;
    return VDC_OK;
}

/* Makes room and reads on. The unread rest [at, limit) moves to the front. */
static vdc_code refill(vdc_text *text, vdc_diag *diag) {
    const size_t rest = (size_t)(text->limit - text->at);
    if (rest == text->capacity) { /* one line fills the buffer */
        if (text->capacity >= VDC_LINE_LIMIT) return fail(text, diag, "the line is longer than 1 MiB", "");
        char *larger = vdc_realloc(text->data, text->capacity * 2 + 1, 1);
        if (!larger) return vdc_no_memory(diag, "a line");
        text->at = larger + (text->at - text->data);
        if (text->nul) text->nul = larger + (text->nul - text->data);
        text->data = larger;
        text->capacity *= 2;
    }
    if (text->nul) text->nul -= text->at - text->data;
    memmove(text->data, text->at, rest);
    text->at = text->data;
    text->limit = text->data + rest;
    size_t got = 0;
    const size_t room = text->capacity - rest;
    const vdc_code code = text->packed ? inflate_some(text, text->limit, room, &got, diag)
                                       : read_some(text, text->limit, room, &got, diag);
    if (code) return code;
    if (!text->packed && got == 0) text->ended = true;
    if (!text->nul && got > 0) text->nul = memchr(text->limit, 0, got);
    text->limit += got;
    return VDC_OK;
}

static vdc_code start(vdc_text *text, vdc_inputs *inputs, vdc_diag *diag) {
    text->file = open(text->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* a pipe must not keep us waiting */
    if (text->file < 0) return fail(text, diag, "cannot be opened: ", strerror(errno));
    struct stat about;
    if (fstat(text->file, &about) < 0) return fail(text, diag, "cannot be read: ", strerror(errno));
    if (S_ISDIR(about.st_mode)) return fail(text, diag, "is a directory, a file is wanted here", "");
    if (!S_ISREG(about.st_mode)) return fail(text, diag, "is not a regular file", "");

    /* Small files are read at once, with room to see that they end there. */
    text->capacity = about.st_size >= BUFFER_SIZE ? BUFFER_SIZE : about.st_size < BUFFER_LEAST ? BUFFER_LEAST : (size_t)about.st_size + 1;
    text->at = text->limit = text->data = vdc_malloc(text->capacity + 1);
    if (!text->data) return vdc_no_memory(diag, "a text file");
    vdc_code code = refill(text, diag);
    if (!code && text->limit < text->data + text->capacity) code = refill(text, diag);
    if (code) return code;
    const size_t got = (size_t)(text->limit - text->at);
    code = text->ended ? vdc_inputs_add_bytes(inputs, text->path, text->data, got, diag) : vdc_inputs_add(inputs, text->path, diag);
    if (code) return code;
    if (got >= 2 && (unsigned char)text->at[0] == 0x1f && (unsigned char)text->at[1] == 0x8b) {
        text->packed_data = vdc_malloc(PACKED_SIZE);
        text->inflater.zalloc = vdc_zlib_allocate;
        text->inflater.zfree = vdc_zlib_free;
        if (!text->packed_data || inflateInit2(&text->inflater, 15 + 16) != Z_OK) return vdc_no_memory(diag, "decompression");
        text->packed = text->member = true;
        if (lseek(text->file, 0, SEEK_SET) < 0) return fail(text, diag, "cannot be read: ", strerror(errno));
        if (text->capacity < BUFFER_SIZE) {
            char *larger = vdc_realloc(text->data, BUFFER_SIZE + 1, 1);
            if (!larger) return vdc_no_memory(diag, "decompression");
            text->data = larger;
            text->capacity = BUFFER_SIZE;
        }
        text->limit = text->at = text->data;
        text->nul = NULL;
        text->ended = false;
        code = refill(text, diag);
        if (code) return code;
    }
    if (text->limit - text->at >= 3 && memcmp(text->at, "\xef\xbb\xbf", 3) == 0) text->at += 3; /* UTF-8's byte order mark */
    text->opened = true;
    return VDC_OK;
}

vdc_code vdc_text_open(vdc_text **out, const char *path, vdc_inputs *inputs, vdc_diag *diag) {
    *out = NULL;
    vdc_text *text = vdc_calloc(1, sizeof *text);
    if (!text) return vdc_no_memory(diag, "a text file");
    text->file = -1;
    text->path = vdc_strdup(path);
    vdc_code code = text->path ? start(text, inputs, diag) : vdc_no_memory(diag, "a text file");
    if (code) {
        vdc_text_close(text);
        return code;
    }
    *out = text;
    return VDC_OK;
}

void vdc_text_close(vdc_text *text) {
    if (!text) return;
    if (text->file >= 0) close(text->file);
    if (text->packed) inflateEnd(&text->inflater);
    vdc_free(text->packed_data);
    vdc_free(text->data);
    vdc_free(text->path);
    vdc_free(text);
}

vdc_code vdc_text_line(vdc_text *text, vdc_field *line, vdc_diag *diag) {
    char *end = memchr(text->at, '\n', (size_t)(text->limit - text->at));
    while (!end && !text->ended) {
        const size_t known = (size_t)(text->limit - text->at);
        const vdc_code code = refill(text, diag);
        if (code) return code;
        end = memchr(text->at + known, '\n', (size_t)(text->limit - text->at) - known);
    }
    if (!end) {
        if (text->at == text->limit) {
            *line = (vdc_field){NULL, NULL};
            return VDC_OK;
        }
        end = text->limit; /* the last line has no end of its own */
        *end = '\n';
    }
    if (text->nul && text->nul < end) return fail(text, diag, "a NUL byte: this is not a text file", "");
    line->begin = text->line_begin = text->at;
    text->at = end < text->limit ? end + 1 : end;
    if (end > line->begin && end[-1] == '\r') end--;
    line->end = end;
    text->line++;
    return VDC_OK;
}

vdc_code vdc_text_next_number(vdc_text *text, int64_t maximum, const char *what, int64_t *number, bool *have, vdc_diag *diag) {
    for (;;) {
        vdc_field line, field[1];
        const vdc_code code = vdc_text_line(text, &line, diag);
        *have = false;
        if (code || !line.begin) return code;
        if (vdc_field_empty(line)) continue;
        *have = vdc_split(line, ',', field, 1) == 1 && vdc_field_number(field[0], 1, number);
        if (*have && *number >= 0 && *number <= maximum) return VDC_OK;
        if (!*have && text->line == 1) continue;
        char shown[VDC_FIELD_SHOWN];
        const vdc_place place = vdc_text_place(text, line.begin);
        return vdc_fail(diag, VDC_ERROR_INPUT, &place, "'%s' is no %s from 0 to %lld", vdc_field_show(line, shown), what,
                        (long long)maximum);
    }
}

vdc_place vdc_text_place(const vdc_text *text, const char *at) {
    return (vdc_place){text->path, text->line, at && text->line_begin ? (int)(at - text->line_begin) + 1 : 0};
}

int vdc_text_number(const vdc_text *text) {
    return text->line;
}

static bool is_blank(char c) {
    return c == ' ' || c == '\t';
}

/* A quoted field that starts at *at (on the quote): unquotes it in place, leaves *at behind the closing quote and any
 * blanks. False when it is not closed or something follows it. */
static bool unquote(char **at, const char *end, char separator, vdc_field *field) {
    char *from = *at + 1, *to = from;
    field->begin = to;
    for (;; from++) {
        if (from >= end) return false;
        if (*from == '"') {
            if (from + 1 < end && from[1] == '"') from++;
            else break;
        }
        *to++ = *from;
    }
    field->end = to; /* at most the closing quote's place, so that the character there is no digit: make it so */
    *to = '"';
    for (from++; from < end && is_blank(*from) && *from != separator; from++) {}
    *at = from;
    return from == end || *from == separator;
}

size_t vdc_split(vdc_field line, char separator, vdc_field *fields, size_t limit) {
    size_t count = 0;
    char *at = line.begin;
    for (;;) {
        if (count == limit) return limit + 1;
        while (at < line.end && is_blank(*at) && *at != separator) at++;
        vdc_field *field = &fields[count++];
        if (at < line.end && *at == '"') {
            if (!unquote(&at, line.end, separator, field)) return 0;
        } else {
            field->begin = at;
            while (at < line.end && *at != separator) at++;
            field->end = at;
            while (field->end > field->begin && is_blank(field->end[-1])) field->end--;
        }
        if (at >= line.end) return count;
        at++;
    }
}

size_t vdc_split_blanks(vdc_field line, vdc_field *fields, size_t limit) {
    size_t count = 0;
    for (char *at = line.begin;;) {
        while (at < line.end && is_blank(*at)) at++;
        if (at == line.end) return count;
        if (count == limit) return limit + 1;
        fields[count].begin = at;
        while (at < line.end && !is_blank(*at)) at++;
        fields[count++].end = at;
    }
}

bool vdc_field_is(vdc_field field, const char *text) {
    const size_t length = strlen(text);
    return (size_t)(field.end - field.begin) == length && memcmp(field.begin, text, length) == 0;
}

const char *vdc_field_show(vdc_field field, char buffer[VDC_FIELD_SHOWN]) {
    size_t length = (size_t)(field.end - field.begin);
    const bool cut = length > VDC_FIELD_SHOWN - 4;
    if (cut) length = VDC_FIELD_SHOWN - 4;
    for (size_t i = 0; i < length; i++) {
        const unsigned char c = (unsigned char)field.begin[i];
        buffer[i] = c < 32 || c == 127 ? '?' : (char)c;
    }
    strcpy(buffer + length, cut ? "..." : "");
    return buffer;
}
