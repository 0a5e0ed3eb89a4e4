/* The load generator of `npm run bench`: many connections over loopback, one thread, epoll.
 *
 *   load [--role client|server] [--port P] [--protocol websocket|raw] [--kind binary|text] [--size BYTES] [--in-flight K]
 *        [--deflate off|takeover|any] [--streams N] [--publish-to others|all] [--tcp-ends server|client]
 *        [--field "Name: value"] [--close-frame needed|optional]
 *
 * As a client, the default, it connects to a server at port P; as a server it waits for clients. The other side is the peer, whose
 * CPU time is what we are here for. It sends every message back, or publishes it to all connections but those to the path
 * /publisher; with --publish-to all, to these as well.
 *
 * It obeys lines on stdin, answers each with one line of JSON, and ends with stdin:
 *   open N        client: open N more connections; they stay idle until told otherwise
 *   publisher     client: open the one connection that publish sends on, to /publisher and without compression
 *   listen        server: take a free port and tell which
 *   accept N      server: wait until N more connections have come and are open
 *   watch PID     this process is the peer: its CPU time is read from now on
 *   echo S        keep K messages in flight on every connection, answering each echo with the next message; after a short run-up
 *                 note messages, own CPU time and the peer's in the same instant, and once more S seconds later; wait for the last
 *                 echoes and print the differences
 *   once N        client: send one message on each of the newest N connections and wait for the echoes
 *   publish S     client: as echo, but the publisher sends K messages in one write, and the next K when every connection has had
 *                 them all; what is counted is deliveries, and only where one burst has ended and the next has not begun
 *   handshake S   client: as echo, with K connections that are being opened and closed at any time, and no message: connect, opening
 *                 handshake, closing handshake, end of TCP, and the next one. The server ends TCP first, as RFC 6455 §7.1.1 wants
 *                 it; with --tcp-ends client we do, for servers that wait for that. With --close-frame optional the server need not answer our
 *                 Close frame before it ends TCP
 *
 * With --field, a client's request has that header field too, for servers that insist on one. As a server it selects the
 * subprotocol that a client offers, if any.
 *
 * With --streams, HTTP/2 over TCP: N streams on each connection, opened with extended CONNECT (RFC 8441); a client's `open`,
 * `echo` and `once` only, without compression, and `open` counts streams.
 *
 * A raw connection has no WebSocket: the very bytes of our frames are sent and expected back, so that a plain TCP echo is
 * comparable. A wrong echo, a closed connection or ten seconds of silence end everything with {"failed": "…"} and exit code 1. The
 * address is 127.0.0.1, always. */
#include "load.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>

struct Options options = {.size = 64, .in_flight = 1, .websocket = true, .field = ""};
Connection **connections;
int open_connections, epoll, peer;
uint8_t inbox[READ_BYTES];

void fail(const char *format, ...) {
    va_list values;
    va_start(values, format);
    printf("{\"failed\": \"");
    vprintf(format, values);
    printf("\"}\n");
    fflush(stdout);
    exit(1);
}

uint64_t clock_ns(clockid_t clock) {
    struct timespec time;
    if (clock_gettime(clock, &time) != 0) fail("the peer's process is gone");
    return (uint64_t)time.tv_sec * SECOND + (uint64_t)time.tv_nsec;
}

void watch(int operation, Connection *connection) {
    struct epoll_event event = {.events = EPOLLIN | (connection->waits_to_write ? EPOLLOUT : 0), .data.ptr = connection};
    if (epoll_ctl(epoll, operation, connection->fd, &event) != 0) fail("epoll_ctl: %s", strerror(errno));
}

static Deflate deflate_called(const char *name) {
    if (strcmp(name, "off") == 0) return DEFLATE_OFF;
    if (strcmp(name, "takeover") == 0) return DEFLATE_TAKEOVER;
    if (strcmp(name, "any") == 0) return DEFLATE_ANY;
    fail("no kind of --deflate: %s", name);
}

static const char *as_line(const char *field) {
    char *line = NULL;
    if (strpbrk(field, "\r\n") != NULL || asprintf(&line, "%s\r\n", field) < 0) fail("--field takes one line");
    return line;
}

static void parse_option(const char *name, const char *value) {
    if (strcmp(name, "--role") == 0) options.server = strcmp(value, "server") == 0;
    else if (strcmp(name, "--port") == 0) options.port = atoi(value);
    else if (strcmp(name, "--protocol") == 0) options.websocket = strcmp(value, "raw") != 0;
    else if (strcmp(name, "--kind") == 0) options.text = strcmp(value, "text") == 0;
    else if (strcmp(name, "--size") == 0) options.size = atoi(value);
    else if (strcmp(name, "--in-flight") == 0) options.in_flight = atoi(value);
    else if (strcmp(name, "--streams") == 0) options.streams = atoi(value);
    else if (strcmp(name, "--deflate") == 0) options.deflate = deflate_called(value);
    else if (strcmp(name, "--publish-to") == 0) options.publisher_too = strcmp(value, "all") == 0;
    else if (strcmp(name, "--close-frame") == 0) options.close_bare = strcmp(value, "optional") == 0;
    else if (strcmp(name, "--field") == 0) options.field = as_line(value);
    else if (strcmp(name, "--tcp-ends") == 0) options.client_ends = strcmp(value, "client") == 0;
    else fail("unknown option %s", name);
}

static void start_watching(int pid) {
    peer = pid;
    printf("{\"watching\": %d}\n", peer);
}

static void obey(const char *line) {
    char command[16] = "";
    double number = 0;
    sscanf(line, "%15s %lf", command, &number);
    if (strcmp(command, "watch") == 0) start_watching((int)number);
    else if (strcmp(command, "echo") == 0) echo(number);
    else if (strcmp(command, "listen") == 0 && options.server) start_listening();
    else if (strcmp(command, "accept") == 0 && options.server) accept_more((int)number);
    else if (strcmp(command, "open") == 0 && !options.server) open_more((int)number);
    else if (strcmp(command, "once") == 0 && !options.server) echo_once((int)number);
    else if (strcmp(command, "publisher") == 0 && !options.server) open_publisher();
    else if (strcmp(command, "publish") == 0 && !options.server) publish(number);
    else if (strcmp(command, "handshake") == 0 && !options.server) handshakes(number);
    else fail("no command of this role: %s", command);
    fflush(stdout);
}

int main(int count, char **words) {
    for (int i = 1; i + 1 < count; i += 2) parse_option(words[i], words[i + 1]);
    if (count % 2 == 0 || options.size < 1 || options.in_flight < 1 || (options.port > 0) == options.server ||
        (options.streams > 0 && (options.server || options.deflate != DEFLATE_OFF)))
        fail("usage: see the top of main.c");
    struct rlimit files;
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    prctl(PR_SET_TIMERSLACK, 1000); /* a nap of 40 µs takes 40 and not 90 */
    epoll = epoll_create1(EPOLL_CLOEXEC);

    char line[64];
    while (fgets(line, sizeof line, stdin) != NULL) obey(line);
    for (int i = 0; i < open_connections; i++)
        if (recv(connections[i]->fd, inbox, 1, MSG_PEEK | MSG_DONTWAIT) == 0) fail("the peer closed a connection");
    return 0;
}
