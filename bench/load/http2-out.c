/* HTTP/2 frames to send: they are gathered in the session's outbox, so that there is one send for all of its streams. */
#include "http2.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

void put_u32(uint8_t *to, uint32_t value) {
    for (int i = 0; i < 4; i++) to[i] = (uint8_t)(value >> (24 - 8 * i));
}

static uint8_t *make_room(Session *session, size_t bytes) {
    if (session->written == session->end) session->written = session->end = 0;
    if (session->end + bytes > session->room) {
        session->room = 2 * (session->end + bytes);
        session->outbox = realloc(session->outbox, session->room);
    }
    uint8_t *place = session->outbox + session->end;
    session->end += bytes;
    return place;
}

/* Returns where the payload goes. */
uint8_t *put_frame(Session *session, uint8_t type, uint8_t flags, uint32_t stream, uint32_t bytes) {
    uint8_t *frame = make_room(session, FRAME_HEADER_BYTES + bytes);
    put_u32(frame, bytes << 8 | type);
    frame[4] = flags;
    put_u32(frame + 5, stream);
    return frame + FRAME_HEADER_BYTES;
}

void put_window_update(Session *session, uint32_t stream, uint32_t bytes) {
    put_u32(put_frame(session, WINDOW_UPDATE, 0, stream, 4), bytes);
}

/* As much of what the stream owes as both windows let through (RFC 9113 §6.9). */
static void put_data(Connection *connection) {
    Session *session = connection->session;
    while (connection->owed > 0) {
        int64_t bytes = connection->owed < DATA_MOST ? (int64_t)connection->owed : DATA_MOST;
        if (bytes > connection->window) bytes = connection->window;
        if (bytes > session->window) bytes = session->window;
        if (bytes <= 0) return;
        uint8_t *payload = put_frame(session, DATA, 0, connection->stream, (uint32_t)bytes);
        memcpy(payload, connection->frames->bytes + connection->offset, (size_t)bytes);
        connection->window -= bytes;
        session->window -= bytes;
        move_on(connection, (size_t)bytes);
    }
}

/* Where the session's window lets only some streams through, the others come first the next time. */
void put_all_data(Session *session) {
    for (uint32_t i = 0; i < session->count && session->window > 0; i++) {
        put_data(session->streams[session->turn]);
        if (session->window > 0) session->turn = (session->turn + 1) % session->count;
    }
}

static void watch_session(int operation, Session *session) {
    struct epoll_event event = {.events = EPOLLIN | (session->waits_to_write ? EPOLLOUT : 0), .data.ptr = session};
    if (epoll_ctl(epoll, operation, session->fd, &event) != 0) fail("epoll_ctl: %s", strerror(errno));
}

void write_session(Session *session) {
    if (!session->watched) {
        session->watched = true;
        watch_session(EPOLL_CTL_ADD, session);
    }
    if (session->written < session->end) {
        ssize_t n = send(session->fd, session->outbox + session->written, session->end - session->written, MSG_NOSIGNAL);
        if (n < 0 && errno != EAGAIN) fail("send: %s", strerror(errno));
        if (n > 0) session->written += (size_t)n;
    }
    bool waits = session->written < session->end;
    if (waits == session->waits_to_write) return;
    session->waits_to_write = waits;
    watch_session(EPOLL_CTL_MOD, session);
}
