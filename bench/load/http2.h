/* HTTP/2 as far as a client needs it that opens streams with extended CONNECT and keeps them (RFC 9113, RFC 8441). */
#pragma once
#include "load.h"

/* RFC 9113 §6 and §6.5.2, RFC 8441 §3 */
enum { DATA = 0, HEADERS = 1, RST_STREAM = 3, SETTINGS = 4, PING = 6, GOAWAY = 7, WINDOW_UPDATE = 8 };
enum { ACK = 0x1, END_STREAM = 0x1, END_HEADERS = 0x4, PADDED = 0x8 };
enum { INITIAL_WINDOW_SIZE = 4, ENABLE_CONNECT_PROTOCOL = 8 };
enum { FRAME_HEADER_BYTES = 9, DATA_MOST = 16384, FIRST_WINDOW = 65535 };
/* What a stream and a connection may send to us: as much as Chromium allows. */
enum { STREAM_WINDOW = 6 << 20, SESSION_WINDOW = 15 << 20 };

/* One TCP connection and its streams. */
struct Session {
    int fd;
    bool watched, waits_to_write, has_settings;
    Connection **streams; /* the one with the id 2 i + 1 at i */
    uint32_t count, opened, turn;
    int64_t window, initial_window; /* what we may send on all streams together; and on one to begin with */
    uint64_t unreported;            /* bytes that came and were not given back with WINDOW_UPDATE */
    /* Out: what could not be written yet lies between `written` and `end`. */
    uint8_t *outbox;
    size_t written, end, room;
    /* In: the frame that is being read. Of payloads that are not DATA as much is kept as we look at. */
    uint8_t header[FRAME_HEADER_BYTES], kept[256];
    unsigned header_have;
    uint32_t payload_left, payload_have;
    /* The streams that messages came on in this read. */
    Connection **touched;
    uint32_t touched_count;
};

/* http2-out.c */
void put_u32(uint8_t *to, uint32_t value);
uint8_t *put_frame(Session *session, uint8_t type, uint8_t flags, uint32_t stream, uint32_t bytes);
void put_window_update(Session *session, uint32_t stream, uint32_t bytes);
void put_all_data(Session *session);
void write_session(Session *session);

/* http2-in.c */
void receive_session(Session *session, const uint8_t *bytes, size_t count);
