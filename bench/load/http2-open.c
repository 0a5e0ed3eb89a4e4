/* WebSockets over HTTP/2 until they are open: preface, SETTINGS, and one extended CONNECT for each stream. */
#include "http2.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

/* Blocking still, with the limit of ten seconds that `dial` has set. */
static void read_some(Session *session) {
    ssize_t n = recv(session->fd, inbox, sizeof inbox, 0);
    if (n <= 0) fail("no answer over HTTP/2");
    receive_session(session, inbox, (size_t)n);
}

static void write_all(Session *session) {
    size_t bytes = session->end - session->written;
    if (send(session->fd, session->outbox + session->written, bytes, MSG_NOSIGNAL) != (ssize_t)bytes)
        fail("the handshake could not be sent over HTTP/2");
    session->written = session->end;
}

static void start_session(Session *session) {
    static const char preface[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
    if (send(session->fd, preface, sizeof preface - 1, MSG_NOSIGNAL) != sizeof preface - 1) fail("the preface could not be sent");
    uint8_t *entry = put_frame(session, SETTINGS, 0, 0, 6);
    entry[0] = 0;
    entry[1] = INITIAL_WINDOW_SIZE;
    put_u32(entry + 2, STREAM_WINDOW);
    put_window_update(session, 0, SESSION_WINDOW - FIRST_WINDOW);
    write_all(session);
    while (!session->has_settings) read_some(session);
}

static size_t put_string(uint8_t *to, const char *text) {
    size_t length = strlen(text);
    to[0] = (uint8_t)length;
    memcpy(to + 1, text, length);
    return 1 + length;
}

/* Without Huffman's code and without the dynamic table (RFC 7541 §6.1, §6.2.2), so that it is the same for every stream. */
static uint32_t write_header_block(uint8_t *to) {
    enum { NEW_NAME = 0x00, AUTHORITY = 0x01, METHOD = 0x02, PATH_SLASH = 0x84, SCHEME_HTTP = 0x86 };
    char authority[32];
    size_t at = 0;
    snprintf(authority, sizeof authority, "127.0.0.1:%d", options.port);
    to[at++] = METHOD;
    at += put_string(to + at, "CONNECT");
    to[at++] = NEW_NAME;
    at += put_string(to + at, ":protocol");
    at += put_string(to + at, "websocket");
    to[at++] = SCHEME_HTTP;
    to[at++] = PATH_SLASH;
    to[at++] = AUTHORITY;
    at += put_string(to + at, authority);
    to[at++] = NEW_NAME;
    at += put_string(to + at, "sec-websocket-version");
    at += put_string(to + at, "13");
    return (uint32_t)at;
}

static void ask_to_connect(Session *session, uint32_t stream) {
    uint8_t block[128];
    uint32_t bytes = write_header_block(block);
    memcpy(put_frame(session, HEADERS, END_HEADERS, stream, bytes), block, bytes);
}

void open_session(Connection *streams[], int count) {
    Session *session = calloc(1, sizeof *session);
    *session = (Session){.fd = dial(),
                         .streams = calloc((size_t)count, sizeof(Connection *)),
                         .touched = calloc((size_t)count, sizeof(Connection *)),
                         .window = FIRST_WINDOW,
                         .initial_window = FIRST_WINDOW};
    reset_at_close(session->fd);
    start_session(session);
    for (int i = 0; i < count; i++) {
        Connection *connection = session->streams[i] = streams[i] = calloc(1, sizeof *connection);
        connection->fd = session->fd;
        connection->session = session;
        connection->stream = 2 * (uint32_t)i + 1;
        connection->window = session->initial_window;
        ask_to_connect(session, connection->stream);
    }
    session->count = (uint32_t)count;
    write_all(session);
    while (session->opened < session->count) read_some(session);
    fcntl(session->fd, F_SETFL, O_NONBLOCK);
}
