/* HTTP/2 frames that come, in any cut: DATA goes to its stream, of the others we look at what a client has to obey. Header
   blocks are not decoded: the first byte of an answer says whether its status is 200 (RFC 7541, appendix A). */
#include "http2.h"

#include <string.h>

static uint32_t read_u32(const uint8_t *bytes) {
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

static uint32_t stream_id(const Session *session) {
    return read_u32(session->header + 5) & 0x7fffffff;
}

static Connection *stream_of(const Session *session) {
    uint32_t id = stream_id(session);
    if (id % 2 == 0 || id / 2 >= session->count) fail("a frame of type %d for stream %u", session->header[3], id);
    return session->streams[id / 2];
}

static void take_data(Session *session, const uint8_t *bytes, size_t count) {
    Connection *connection = stream_of(session);
    if (connection->frames == NULL) fail("DATA before there was a message");
    uint64_t messages =
        options.websocket ? receive_frames(connection, bytes, count) : receive_raw(connection, bytes, count);
    if (messages > 0 && connection->arrived == 0) session->touched[session->touched_count++] = connection;
    connection->arrived += messages;
    connection->unreported += count;
    if (connection->unreported >= STREAM_WINDOW / 2) {
        put_window_update(session, connection->stream, (uint32_t)connection->unreported);
        connection->unreported = 0;
    }
}

static void take_settings(Session *session) {
    bool connects = false;
    if (session->header[4] & ACK) return;
    for (const uint8_t *entry = session->kept; entry + 6 <= session->kept + session->payload_have; entry += 6) {
        unsigned name = (unsigned)entry[0] << 8 | entry[1];
        if (name == ENABLE_CONNECT_PROTOCOL) connects = read_u32(entry + 2) == 1;
        if (name == INITIAL_WINDOW_SIZE) session->initial_window = read_u32(entry + 2);
    }
    if (session->has_settings) fail("SETTINGS for a second time");
    if (!connects) fail("a server that does not take extended CONNECT");
    session->has_settings = true;
    put_frame(session, SETTINGS, ACK, 0, 0);
}

static void take_window_update(Session *session) {
    uint32_t more = read_u32(session->kept);
    if (stream_id(session) == 0) session->window += more;
    else stream_of(session)->window += more;
}

static void take_answer(Session *session) {
    enum { STATUS_200 = 0x88 };
    if (!(session->header[4] & END_HEADERS) || session->header[4] & END_STREAM) fail("an answer that is not a stream's beginning");
    if (session->kept[0] != STATUS_200) fail("extended CONNECT was not answered with 200");
    stream_of(session);
    session->opened++;
}

static void end_frame(Session *session) {
    uint8_t type = session->header[3];
    if (type == SETTINGS) take_settings(session);
    else if (type == WINDOW_UPDATE) take_window_update(session);
    else if (type == HEADERS) take_answer(session);
    else if (type == RST_STREAM) fail("a stream was reset with error %u", read_u32(session->kept));
    else if (type == GOAWAY) fail("the peer sent GOAWAY with error %u", read_u32(session->kept + 4));
    else if (type == DATA && session->header[4] & END_STREAM) fail("the peer ended a stream");
    else if (type == PING && !(session->header[4] & ACK)) memcpy(put_frame(session, PING, ACK, 0, 8), session->kept, 8);
}

static void start_frame(Session *session) {
    if (session->header[3] == DATA && session->header[4] & PADDED) fail("DATA with padding");
    session->payload_left = read_u32(session->header) >> 8;
    session->payload_have = 0;
}

static void take_payload(Session *session, const uint8_t *bytes, uint32_t count) {
    if (session->header[3] == DATA) {
        take_data(session, bytes, count);
        session->unreported += count;
    } else if (session->payload_have < sizeof session->kept) {
        size_t room = sizeof session->kept - session->payload_have;
        memcpy(session->kept + session->payload_have, bytes, count < room ? count : room);
    }
    session->payload_have += count;
    session->payload_left -= count;
}

void receive_session(Session *session, const uint8_t *bytes, size_t count) {
    const uint8_t *end = bytes + count;
    while (bytes < end) {
        if (session->header_have < FRAME_HEADER_BYTES) {
            session->header[session->header_have++] = *bytes++;
            if (session->header_have < FRAME_HEADER_BYTES) continue;
            start_frame(session);
        } else {
            size_t there = (size_t)(end - bytes);
            uint32_t take = there < session->payload_left ? (uint32_t)there : session->payload_left;
            take_payload(session, bytes, take);
            bytes += take;
        }
        if (session->payload_left > 0) continue;
        end_frame(session);
        session->header_have = 0;
    }
    if (session->unreported < SESSION_WINDOW / 2) return;
    put_window_update(session, 0, (uint32_t)session->unreported);
    session->unreported = 0;
}
