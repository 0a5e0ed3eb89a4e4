/* Frames that come: their headers are checked, their lengths, and as much of their payload as costs next to nothing. */
#include "load.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

ssize_t read_connection(Connection *connection) {
    ssize_t n = recv(connection->fd, inbox, sizeof inbox, 0);
    if (n < 0 && errno == EAGAIN) return 0;
    if (n <= 0) fail("a connection ended: %s", n == 0 ? "the peer closed it" : strerror(errno));
    return n;
}

static unsigned length_end_of(const Connection *connection) {
    unsigned length = connection->header[1] & 0x7f;
    return length == 127 ? 10 : length == 126 ? 4 : 2;
}

static unsigned header_bytes_of(const Connection *connection) {
    return connection->header_have < 2 ? 2 : length_end_of(connection) + (connection->header[1] & 0x80 ? 4 : 0);
}

static void start_frame(Connection *connection) {
    const uint8_t *header = connection->header;
    bool goes_on = connection->message_have > 0, compressed = options.deflate != DEFLATE_OFF && !goes_on;
    unsigned opcode = header[0] & 0x0f, due = goes_on ? 0 : options.text ? 1 : 2;
    if (opcode == 8) fail("the peer sent a Close frame");
    if ((header[0] & 0x70) != (compressed ? 0x40 : 0))
        fail("a frame that begins with %02x%s", header[0], compressed ? ": it is not compressed" : "");
    if (!(header[1] & 0x80) == options.server) fail("a frame that is %s", options.server ? "not masked" : "masked");
    if (opcode != due) fail("a frame with opcode %u instead of %u", opcode, due);
    uint64_t length = header[1] & 0x7f;
    if (length >= 126) {
        unsigned end = length_end_of(connection);
        length = 0;
        for (unsigned i = 2; i < end; i++) length = length << 8 | header[i];
    }
    connection->payload_have = 0;
    connection->payload_left = length;
    if (connection->message_have + length > (uint64_t)options.size) fail("a message longer than %d bytes", options.size);
}

/* The byte that came as `received` and is `at` bytes into the frame's payload. */
static uint8_t unmasked(const Connection *connection, uint8_t received, uint64_t at) {
    return options.server ? received ^ connection->header[length_end_of(connection) + at % 4] : received;
}

static void take_payload(Connection *connection, const uint8_t *bytes, uint64_t count) {
    bool plain = options.deflate == DEFLATE_OFF;
    if (plain && connection->message_have == 0 && unmasked(connection, bytes[0], 0) != connection->first)
        fail("a message with a wrong first byte");
    connection->message_have += count;
    connection->payload_have += count;
    connection->payload_left -= count;
    if (plain && connection->message_have == (uint64_t)options.size &&
        unmasked(connection, bytes[count - 1], connection->payload_have - 1) != connection->last)
        fail("a message with a wrong last byte");
    if (connection->inflation != NULL) inflate_more(connection->inflation, bytes, count);
}

static void end_message(Connection *connection, uint64_t message) {
    if (options.deflate == DEFLATE_OFF && connection->message_have != (uint64_t)options.size)
        fail("a message of %llu bytes instead of %d", (unsigned long long)connection->message_have, options.size);
    if (connection->inflation != NULL) end_inflated(connection->inflation, message);
    connection->message_have = 0;
}

uint64_t receive_frames(Connection *connection, const uint8_t *bytes, size_t count) {
    uint64_t messages = 0;
    const uint8_t *end = bytes + count;
    while (bytes < end) {
        if (connection->payload_left == 0) {
            connection->header[connection->header_have++] = *bytes++;
            if (connection->header_have < header_bytes_of(connection)) continue;
            start_frame(connection);
            connection->header_have = 0;
        } else {
            uint64_t there = (uint64_t)(end - bytes), take = there < connection->payload_left ? there : connection->payload_left;
            take_payload(connection, bytes, take);
            bytes += take;
        }
        if (connection->payload_left == 0 && connection->header[0] & 0x80 && connection->header_have == 0)
            end_message(connection, connection->received + messages++);
    }
    connection->received += messages;
    return messages;
}

/* A raw peer sends back what it gets: the only frame of the connection, again and again. */
uint64_t receive_raw(Connection *connection, const uint8_t *bytes, size_t count) {
    const Frames *frames = connection->frames;
    uint64_t at = connection->message_have, end = at + count, frame_bytes = frames->ends[0];
    if (bytes[0] != frames->bytes[at] || bytes[count - 1] != frames->bytes[(end - 1) % frame_bytes])
        fail("a raw echo with wrong bytes");
    connection->message_have = end % frame_bytes;
    connection->received += end / frame_bytes;
    return end / frame_bytes;
}
