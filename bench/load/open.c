/* Connections until they are open, in both roles. Blocking, with a limit of ten seconds; non-blocking once they are open. */
#include "load.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "accept-key.h"

enum { OPENING_AT_ONCE = 64 };
static int listener = -1;

static struct sockaddr_in loopback(int port) {
    return (struct sockaddr_in){
        .sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

static void set_up(int fd) {
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &(struct timeval){.tv_sec = 10}, sizeof(struct timeval));
}

/* Closing resets, so that thousands of runs leave no connection in TIME_WAIT. */
void reset_at_close(int fd) {
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &(struct linger){.l_onoff = 1}, sizeof(struct linger));
}

/* ---- as a client ---- */

int dial(void) {
    struct sockaddr_in address = loopback(options.port);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) fail("socket: %s (is `ulimit -n` high enough?)", strerror(errno));
    set_up(fd);
    if (connect(fd, (struct sockaddr *)&address, sizeof address) != 0) fail("connect: %s", strerror(errno));
    return fd;
}

/* The key and its accept key are the example of RFC 6455 §1.3; the offer is what browsers send. */
void ask_to_upgrade(int fd, const char *path, Deflate offered) {
    char request[512];
    int length = snprintf(request, sizeof request,
                          "GET %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                          "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n%s%s\r\n",
                          path, options.port, options.field,
                          offered == DEFLATE_OFF ? ""
                                                 : "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n");
    if (length >= (int)sizeof request) fail("the request is too long");
    if (send(fd, request, (size_t)length, MSG_NOSIGNAL) != length) fail("the handshake could not be sent");
}

/* What a peer agrees to decides what a message costs it: whoever agrees to less than the others is not measured. */
static void check_agreement(const char *text, Deflate offered) {
    static const char field[] = "\r\nSec-WebSocket-Extensions:";
    char answer[256] = "";
    const char *found = strcasestr(text, field);
    if (found != NULL) {
        found += sizeof field - 1;
        snprintf(answer, sizeof answer, "%.*s", (int)strcspn(found, "\r"), found);
    }
    if (offered == DEFLATE_OFF && found != NULL) fail("an extension that was not offered");
    if (offered != DEFLATE_OFF && strstr(answer, "permessage-deflate") == NULL) fail("permessage-deflate was declined");
    if (offered != DEFLATE_TAKEOVER) return;
    if (strstr(answer, "no_context_takeover") != NULL) fail("agreed without context takeover:%s", answer);
    for (const char *bits = answer; (bits = strstr(bits, "window_bits=")) != NULL; bits++)
        if (atoi(bits + strlen("window_bits=")) != 15) fail("agreed on a smaller window:%s", answer);
}

bool is_upgraded(const char *text, size_t bytes, Deflate offered) {
    const char *end = strstr(text, "\r\n\r\n");
    if (end == NULL) return false;
    if (strncmp(text, "HTTP/1.1 101 ", 13) != 0) fail("the handshake was answered with %.12s", text);
    if (strstr(text, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=") == NULL) fail("wrong Sec-WebSocket-Accept");
    if (end + 4 != text + bytes) fail("the server spoke before it was spoken to");
    check_agreement(text, offered);
    return true;
}

static void expect_upgrade(int fd, Deflate offered) {
    char answer[4096];
    size_t have = 0;
    do {
        ssize_t n = recv(fd, answer + have, sizeof answer - 1 - have, 0);
        if (n <= 0) fail("no answer to the handshake");
        answer[have += (size_t)n] = 0;
    } while (!is_upgraded(answer, have, offered));
}

static Connection *new_connection(int fd) {
    Connection *connection = calloc(1, sizeof *connection);
    connection->fd = fd;
    reset_at_close(fd);
    fcntl(fd, F_SETFL, O_NONBLOCK);
    return connection;
}

static void add_connection(int fd) {
    connections = realloc(connections, sizeof *connections * (size_t)(open_connections + 1));
    connections[open_connections++] = new_connection(fd);
}

static void open_more_streams(int count) {
    connections = realloc(connections, sizeof *connections * (size_t)(open_connections + count));
    while (count > 0) {
        int batch = count < options.streams ? count : options.streams;
        open_session(connections + open_connections, batch);
        open_connections += batch;
        count -= batch;
    }
}

static void open_more_sockets(int count) {
    int fds[OPENING_AT_ONCE];
    while (count > 0) {
        int batch = count < OPENING_AT_ONCE ? count : OPENING_AT_ONCE;
        for (int i = 0; i < batch; i++) {
            fds[i] = dial();
            if (options.websocket) ask_to_upgrade(fds[i], "/", options.deflate);
        }
        for (int i = 0; i < batch; i++) {
            if (options.websocket) expect_upgrade(fds[i], options.deflate);
            add_connection(fds[i]);
        }
        count -= batch;
    }
}

void open_more(int count) {
    if (options.streams > 0) open_more_streams(count);
    else open_more_sockets(count);
    printf("{\"open\": %d}\n", open_connections);
}

Connection *dial_publisher(void) {
    int fd = dial();
    ask_to_upgrade(fd, "/publisher", DEFLATE_OFF);
    expect_upgrade(fd, DEFLATE_OFF);
    return new_connection(fd);
}

/* ---- as a server ---- */

void start_listening(void) {
    struct sockaddr_in address = loopback(0);
    listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (listener < 0 || bind(listener, (struct sockaddr *)&address, sizeof address) != 0 || listen(listener, SOMAXCONN) != 0)
        fail("listen: %s", strerror(errno));
    set_up(listener); /* for accept, SO_RCVTIMEO is a time limit too */
    getsockname(listener, (struct sockaddr *)&address, &(socklen_t){sizeof address});
    printf("{\"port\": %d}\n", ntohs(address.sin_port));
}

/* The value of a request's field; NULL: it is not there. `name` begins with CRLF and ends with a colon. */
static const char *value_of(const char *request, const char *name, int *length) {
    const char *value = strcasestr(request, name);
    if (value == NULL) return NULL;
    value += strlen(name);
    value += strspn(value, " \t");
    *length = (int)strcspn(value, " \t\r");
    return value;
}

static void answer_upgrade(int fd) {
    char request[4096], answer[512], chosen[128] = "", accept_key[ACCEPT_KEY_CHARS + 1];
    size_t have = 0;
    do {
        ssize_t n = recv(fd, request + have, sizeof request - 1 - have, 0);
        if (n <= 0) fail("a client connected and did not ask for WebSocket");
        request[have += (size_t)n] = 0;
    } while (have < 4 || strcmp(request + have - 4, "\r\n\r\n") != 0);
    int bytes;
    const char *key = value_of(request, "\r\nSec-WebSocket-Key:", &bytes);
    if (key == NULL) fail("a request without Sec-WebSocket-Key");
    compute_accept_key(accept_key, key, (size_t)bytes);
    const char *subprotocol = value_of(request, "\r\nSec-WebSocket-Protocol:", &bytes);
    if (subprotocol != NULL) snprintf(chosen, sizeof chosen, "Sec-WebSocket-Protocol: %.*s\r\n", bytes, subprotocol);
    int length = snprintf(answer, sizeof answer,
                          "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                          "Sec-WebSocket-Accept: %s\r\n%s\r\n",
                          accept_key, chosen);
    if (send(fd, answer, (size_t)length, MSG_NOSIGNAL) != length) fail("the handshake could not be answered");
}

void accept_more(int count) {
    if (listener < 0) fail("accept before listen");
    while (count-- > 0) {
        int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
        if (fd < 0) fail("accept: %s", errno == EAGAIN ? "nobody came for ten seconds" : strerror(errno));
        set_up(fd);
        if (options.websocket) answer_upgrade(fd);
        add_connection(fd);
    }
    printf("{\"open\": %d}\n", open_connections);
}
