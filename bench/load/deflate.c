/* Texts for permessage-deflate (RFC 7692): compressed before the clock runs, and checked on one connection.
 *
 * With context takeover each message refers to the 32 KiB before it. The texts are longer together: so what a text looks like
 * compressed is, from the second time on, the same every time, and can be sent again and again without compressing. */
#include "load.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

enum { WINDOW_BYTES = 32 * 1024, WINDOW_BITS = 15, LEVEL = 6, MEMORY_LEVEL = 8, TAIL_BYTES = 4 };
/* What Z_SYNC_FLUSH ends with and is not sent (RFC 7692 §7.2.1). */
static const uint8_t TAIL[TAIL_BYTES] = {0x00, 0x00, 0xff, 0xff};

struct Inflation {
    z_stream stream;
    uint8_t *compressed, *text;
    size_t have;
};

/* The same numbers in every process: all peers get the same texts. */
static uint32_t next_random(void) {
    static uint32_t state = 2463534242;
    state ^= state << 13;
    state ^= state >> 17;
    state ^= state << 5;
    return state;
}

/* What applications compress with context takeover: JSON that says again and again how things are, most of them unchanged. `text` has
   a byte more for snprintf's 0. */
static void write_text(char *text, size_t size, unsigned index) {
    static const char *const names[] = {"temperature", "humidity", "pressure", "battery", "signal", "altitude", "speed", "heading",
                                        "errors", "retries", "queue", "voltage", "current", "load", "memory", "level"};
    enum { NAMES = sizeof names / sizeof *names, FIELDS_MOST = 64, CHANGES = 4, FIELD_BYTES_MOST = 20 };
    static unsigned values[FIELDS_MOST];
    for (unsigned i = 0; i < (index == 0 ? FIELDS_MOST : CHANGES); i++)
        values[index == 0 ? i : next_random() % FIELDS_MOST] = 1000 + next_random() % 9000;
    size_t at = (size_t)snprintf(text, size + 1, "{\"type\":\"state\",\"sequence\":%u,\"device\":\"line-7\",\"sentAt\":%u,\"values\":{",
                                 100000 + index, 1760000000 + index * 3);
    for (unsigned i = 0; i < FIELDS_MOST && at + FIELD_BYTES_MOST + 2 < size; i++)
        at += (size_t)snprintf(text + at, size + 1 - at, "%s\"%s%u\":%u", i == 0 ? "" : ",", names[i % NAMES], i / NAMES, values[i]);
    memset(text + at, ' ', size - 2 - at);
    memcpy(text + size - 2, "}}", 2);
}

const uint8_t *text_of(uint64_t message) {
    static char *texts;
    size_t size = (size_t)options.size;
    if (texts == NULL) {
        if (size < 128 || size * TEXTS <= WINDOW_BYTES) fail("texts of %zu bytes: together not longer than the window", size);
        texts = malloc(size * TEXTS + 1);
        for (unsigned i = 0; i < TEXTS; i++) write_text(texts + size * i, size, i);
    }
    return (const uint8_t *)texts + size * (message % TEXTS);
}

void deflate_texts(uint8_t *compressed[2 * TEXTS], size_t bytes[2 * TEXTS]) {
    z_stream stream = {0};
    if (deflateInit2(&stream, LEVEL, Z_DEFLATED, -WINDOW_BITS, MEMORY_LEVEL, Z_DEFAULT_STRATEGY) != Z_OK) fail("deflateInit2");
    for (uint64_t i = 0; i < 2 * TEXTS; i++) {
        size_t room = deflateBound(&stream, (uLong)options.size) + 16;
        compressed[i] = malloc(room);
        stream.next_in = (uint8_t *)text_of(i);
        stream.avail_in = (uInt)options.size;
        stream.next_out = compressed[i];
        stream.avail_out = (uInt)room;
        if (deflate(&stream, Z_SYNC_FLUSH) != Z_OK || stream.avail_in > 0) fail("deflate");
        bytes[i] = room - stream.avail_out - TAIL_BYTES;
    }
    deflateEnd(&stream);
}

Inflation *start_inflation(void) {
    Inflation *inflation = calloc(1, sizeof *inflation);
    inflation->compressed = malloc((size_t)options.size + TAIL_BYTES);
    inflation->text = malloc((size_t)options.size + 1);
    if (inflateInit2(&inflation->stream, -WINDOW_BITS) != Z_OK) fail("inflateInit2");
    return inflation;
}

/* A message is no longer than options.size: frames-in.c has seen to that. */
void inflate_more(Inflation *inflation, const uint8_t *bytes, size_t count) {
    memcpy(inflation->compressed + inflation->have, bytes, count);
    inflation->have += count;
}

void end_inflated(Inflation *inflation, uint64_t message) {
    z_stream *stream = &inflation->stream;
    memcpy(inflation->compressed + inflation->have, TAIL, TAIL_BYTES);
    stream->next_in = inflation->compressed;
    stream->avail_in = (uInt)(inflation->have + TAIL_BYTES);
    stream->next_out = inflation->text;
    stream->avail_out = (uInt)options.size + 1;
    int result = inflate(stream, Z_SYNC_FLUSH);
    if (result != Z_OK || stream->avail_out != 1) fail("a message that does not inflate to %d bytes", options.size);
    if (memcmp(inflation->text, text_of(message), (size_t)options.size) != 0) fail("a message that inflates to a wrong text");
    inflation->have = 0;
}
