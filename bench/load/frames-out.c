/* Frames to send. They are built before the clock runs; each connection then needs one send for whatever it may send. */
#include "load.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/random.h>
#include <sys/socket.h>

void draw_key(uint8_t key[4]) {
    do {
        if (getrandom(key, 4, 0) != 4) fail("getrandom: %s", strerror(errno));
    } while (!key[0] || !key[1] || !key[2] || !key[3]);
}

/* Only a client masks (RFC 6455 §5.1): `key` is NULL otherwise. RSV1 says that the message is compressed (RFC 7692 §6). */
static size_t write_frame(uint8_t *to, const uint8_t *payload, size_t bytes, const uint8_t *key, bool compressed) {
    size_t at = 0, length_bytes = bytes < 126 ? 0 : bytes < 65536 ? 2 : 8;
    to[at++] = (options.text ? 0x81 : 0x82) | (compressed ? 0x40 : 0);
    to[at++] = (key ? 0x80 : 0) | (uint8_t)(length_bytes == 0 ? bytes : length_bytes == 2 ? 126 : 127);
    while (length_bytes-- > 0) to[at++] = (uint8_t)(bytes >> (8 * length_bytes));
    for (size_t i = 0; key && i < 4; i++) to[at++] = key[i];
    for (size_t i = 0; i < bytes; i++) to[at++] = payload[i] ^ (key ? key[i % 4] : 0);
    return at;
}

/* The payloads become frames of one masking key; those from `repeated` on repeat. */
static Frames *frames_of(uint8_t *const payloads[], const size_t bytes[], size_t count, size_t repeated, bool compressed) {
    enum { HEADER_MOST = 14 };
    uint8_t key[4];
    Frames *frames = malloc(sizeof *frames);
    size_t room = 0, at = 0, again = (size_t)options.in_flight;
    draw_key(key);
    for (size_t i = 0; i < count; i++) room += bytes[i] + HEADER_MOST;
    for (size_t i = 0; i < again; i++) room += bytes[repeated + i % (count - repeated)] + HEADER_MOST;
    *frames = (Frames){.bytes = malloc(room), .ends = calloc(count, sizeof(size_t)), .count = count, .repeated = repeated};
    for (size_t i = 0; i < count + again; i++) {
        size_t which = i < count ? i : repeated + (i - count) % (count - repeated);
        at += write_frame(frames->bytes + at, payloads[which], bytes[which], options.server ? NULL : key, compressed);
        if (i < count) frames->ends[i] = at;
    }
    return frames;
}

/* One message, always the same: letters, so that it is UTF-8 too; different at both ends and in each connection, so that a mix-up
   shows. `connection` learns what it has to expect. */
Frames *plain_frames(Connection *connection, int index) {
    size_t size = (size_t)options.size;
    uint8_t *payload = malloc(size);
    for (size_t i = 0; i < size; i++) payload[i] = (uint8_t)('a' + (i + (size_t)index) % 26);
    connection->last = payload[size - 1] = (uint8_t)('A' + index % 26);
    connection->first = payload[0];
    Frames *frames = frames_of(&payload, &size, 1, 0, false);
    free(payload);
    return frames;
}

/* The texts of deflate.c, uncompressed. */
Frames *text_frames(void) {
    uint8_t *payloads[TEXTS];
    size_t bytes[TEXTS];
    for (size_t i = 0; i < TEXTS; i++) {
        payloads[i] = (uint8_t *)text_of(i);
        bytes[i] = (size_t)options.size;
    }
    return frames_of(payloads, bytes, TEXTS, 0, false);
}

/* The texts compressed as one stream: all of them once, and then for ever as they come out the second time. */
Frames *deflated_frames(void) {
    uint8_t *compressed[2 * TEXTS];
    size_t bytes[2 * TEXTS];
    deflate_texts(compressed, bytes);
    Frames *frames = frames_of(compressed, bytes, 2 * TEXTS, TEXTS, true);
    for (size_t i = 0; i < 2 * TEXTS; i++) free(compressed[i]);
    return frames;
}

void move_on(Connection *connection, size_t bytes) {
    const Frames *frames = connection->frames;
    size_t start = frames->repeated == 0 ? 0 : frames->ends[frames->repeated - 1], end = frames->ends[frames->count - 1];
    connection->owed -= bytes;
    connection->offset += bytes;
    if (connection->offset >= end) connection->offset = start + (connection->offset - start) % (end - start);
}

/* One system call for all that is owed: `bytes` reaches far enough, for a frame sent in part is no longer owed in whole. */
void write_owed(Connection *connection) {
    const Frames *frames = connection->frames;
    ssize_t n = send(connection->fd, frames->bytes + connection->offset, connection->owed, MSG_NOSIGNAL);
    if (n < 0 && errno != EAGAIN) fail("send: %s", strerror(errno));
    if (n > 0) move_on(connection, (size_t)n);
    if ((connection->owed > 0) != connection->waits_to_write) {
        connection->waits_to_write = connection->owed > 0;
        watch(EPOLL_CTL_MOD, connection);
    }
}

void send_messages(Connection *connection, uint64_t count) {
    const Frames *frames = connection->frames;
    for (uint64_t i = 0; i < count; i++) {
        size_t next = connection->next;
        connection->owed += frames->ends[next] - (next == 0 ? 0 : frames->ends[next - 1]);
        connection->next = next + 1 < frames->count ? next + 1 : frames->repeated;
    }
    connection->sent += count;
    if (connection->session == NULL && !connection->waits_to_write) write_owed(connection);
}
