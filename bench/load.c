/* The load generator of `npm run bench`: many connections over loopback, one thread, epoll.
 *
 *   load [--role client|server] [--port P] [--protocol websocket|raw] [--kind binary|text] [--size BYTES] [--in-flight K]
 *
 * As a client, the default, it connects to a server at port P; as a server it waits for clients. The other side is the peer, whose
 * CPU time is what we are here for, and does the same in both cases: it sends every message back.
 *
 * It obeys lines on stdin, answers each with one line of JSON, and ends with stdin:
 *   open N        client: open N more connections; they stay idle until told otherwise
 *   listen        server: take a free port and tell which
 *   accept N      server: wait until N more connections have come and are open
 *   watch PID     this process is the peer: its CPU time is read from now on
 *   echo S        keep K messages in flight on every connection, answering each echo with the next message; after a short run-up
 *                 note messages, own CPU time and the peer's in the same instant, and once more S seconds later; wait for the last
 *                 echoes and print the differences
 *   handshake S   client: the same with K connections that are being opened and closed at any time, and no message: connect, opening
 *                 handshake, closing handshake, end of TCP, and the next one
 *
 * A raw connection has no WebSocket: the very bytes of our frames are sent and expected back, so that a plain TCP echo is
 * comparable. A wrong echo, a closed connection or ten seconds of silence end everything with {"failed": "…"} and exit code 1. The
 * address is 127.0.0.1, always. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "accept-key.h"

enum { READ_BYTES = 256 * 1024, EVENTS = 256, OPENING_AT_ONCE = 64 };
static const uint64_t SECOND = 1000000000, RUN_UP = SECOND / 25, SILENCE = 10 * SECOND;
/* When nothing has come, sleep a moment instead of blocking in epoll_wait, as a network card moderates its interrupts: a server
   whose write must wake a process on another CPU pays up to as much for that as for the write itself. */
static const struct timespec NAP = {.tv_nsec = 40000};

static struct {
    int port, size, in_flight;
    bool server, websocket, text;
} options = {.size = 64, .in_flight = 1, .websocket = true};

typedef struct {
    int fd;
    bool waits_to_write;
    /* Every message of a connection is the same frame, so its outgoing stream repeats: `frames` holds it K times in a row,
       `offset` is where in a frame the next byte to send lies, `owed` how many bytes may be sent now (at most K frames). */
    uint8_t *frames;
    size_t frame_bytes, offset, owed;
    uint8_t first, last;                  /* of the payload, unmasked */
    uint8_t header[14];                   /* the header being read; a client's ends with the masking key */
    unsigned header_have;
    uint64_t payload_have, payload_left;  /* of the frame */
    uint64_t message_have;                /* of the message that it belongs to */
    uint64_t sent, received;              /* messages */
    uint64_t probe, probe_sent_at;        /* the message whose latency is being measured, 0: none */
} Connection;

static Connection **connections;
static int open_connections, epoll, listener = -1, peer;
static uint8_t inbox[READ_BYTES];

static void fail(const char *format, ...) {
    va_list values;
    va_start(values, format);
    printf("{\"failed\": \"");
    vprintf(format, values);
    printf("\"}\n");
    fflush(stdout);
    exit(1);
}

static uint64_t clock_ns(clockid_t clock) {
    struct timespec time;
    if (clock_gettime(clock, &time) != 0) fail("the peer's process is gone");
    return (uint64_t)time.tv_sec * SECOND + (uint64_t)time.tv_nsec;
}

/* ---- opening, as a client ---- */

static struct sockaddr_in loopback(int port) {
    return (struct sockaddr_in){
        .sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

static void set_up(int fd) {
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &(struct timeval){.tv_sec = 10}, sizeof(struct timeval));
}

/* Closing resets, so that thousands of runs leave no connection in TIME_WAIT. */
static void reset_at_close(int fd) {
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &(struct linger){.l_onoff = 1}, sizeof(struct linger));
}

static int dial(void) {
    struct sockaddr_in address = loopback(options.port);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) fail("socket: %s (is `ulimit -n` high enough?)", strerror(errno));
    set_up(fd);
    if (connect(fd, (struct sockaddr *)&address, sizeof address) != 0) fail("connect: %s", strerror(errno));
    return fd;
}

/* The key and its accept key are the example of RFC 6455 §1.3. */
static void ask_to_upgrade(int fd) {
    char request[256];
    int length = snprintf(request, sizeof request,
                          "GET / HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                          "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n",
                          options.port);
    if (send(fd, request, (size_t)length, MSG_NOSIGNAL) != length) fail("the handshake could not be sent");
}

/* False while `text`, which ends with a 0, has not all of the answer. */
static bool is_upgraded(const char *text, size_t bytes) {
    const char *end = strstr(text, "\r\n\r\n");
    if (end == NULL) return false;
    if (strncmp(text, "HTTP/1.1 101 ", 13) != 0) fail("the handshake was answered with %.12s", text);
    if (strstr(text, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=") == NULL) fail("wrong Sec-WebSocket-Accept");
    if (end + 4 != text + bytes) fail("the server spoke before it was spoken to");
    return true;
}

static void expect_upgrade(int fd) {
    char answer[4096];
    size_t have = 0;
    do {
        ssize_t n = recv(fd, answer + have, sizeof answer - 1 - have, 0);
        if (n <= 0) fail("no answer to the handshake");
        answer[have += (size_t)n] = 0;
    } while (!is_upgraded(answer, have));
}

static void add_connection(int fd) {
    connections = realloc(connections, sizeof *connections * (size_t)(open_connections + 1));
    connections[open_connections] = calloc(1, sizeof **connections);
    connections[open_connections++]->fd = fd;
    reset_at_close(fd);
    fcntl(fd, F_SETFL, O_NONBLOCK);
}

static void open_more(int count) {
    int fds[OPENING_AT_ONCE];
    while (count > 0) {
        int batch = count < OPENING_AT_ONCE ? count : OPENING_AT_ONCE;
        for (int i = 0; i < batch; i++) {
            fds[i] = dial();
            if (options.websocket) ask_to_upgrade(fds[i]);
        }
        for (int i = 0; i < batch; i++) {
            if (options.websocket) expect_upgrade(fds[i]);
            add_connection(fds[i]);
        }
        count -= batch;
    }
    printf("{\"open\": %d}\n", open_connections);
}

/* ---- opening, as a server ---- */

static void start_listening(void) {
    struct sockaddr_in address = loopback(0);
    listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (listener < 0 || bind(listener, (struct sockaddr *)&address, sizeof address) != 0 || listen(listener, SOMAXCONN) != 0)
        fail("listen: %s", strerror(errno));
    set_up(listener); /* for accept, SO_RCVTIMEO is a time limit too */
    getsockname(listener, (struct sockaddr *)&address, &(socklen_t){sizeof address});
    printf("{\"port\": %d}\n", ntohs(address.sin_port));
}

static void answer_upgrade(int fd) {
    static const char field[] = "\r\nSec-WebSocket-Key:";
    char request[4096], answer[256], accept_key[ACCEPT_KEY_CHARS + 1];
    size_t have = 0;
    do {
        ssize_t n = recv(fd, request + have, sizeof request - 1 - have, 0);
        if (n <= 0) fail("a client connected and did not ask for WebSocket");
        request[have += (size_t)n] = 0;
    } while (have < 4 || strcmp(request + have - 4, "\r\n\r\n") != 0);
    const char *key = strcasestr(request, field);
    if (key == NULL) fail("a request without Sec-WebSocket-Key");
    key += sizeof field - 1;
    key += strspn(key, " \t");
    compute_accept_key(accept_key, key, strcspn(key, " \t\r"));
    int length = snprintf(answer, sizeof answer,
                          "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                          "Sec-WebSocket-Accept: %s\r\n\r\n",
                          accept_key);
    if (send(fd, answer, (size_t)length, MSG_NOSIGNAL) != length) fail("the handshake could not be answered");
}

static void accept_more(int count) {
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

/* ---- frames out ---- */

/* Only a client masks (RFC 6455 §5.1): `key` is NULL otherwise. */
static size_t write_header(uint8_t *to, size_t payload_bytes, const uint8_t *key) {
    size_t at = 0, length_bytes = payload_bytes < 126 ? 0 : payload_bytes < 65536 ? 2 : 8;
    to[at++] = options.text ? 0x81 : 0x82;
    to[at++] = (key ? 0x80 : 0) | (uint8_t)(length_bytes == 0 ? payload_bytes : length_bytes == 2 ? 126 : 127);
    while (length_bytes-- > 0) to[at++] = (uint8_t)(payload_bytes >> (8 * length_bytes));
    for (size_t i = 0; key && i < 4; i++) to[at++] = key[i];
    return at;
}

static void draw_key(uint8_t key[4]) {
    do {
        if (getrandom(key, 4, 0) != 4) fail("getrandom: %s", strerror(errno));
    } while (!key[0] || !key[1] || !key[2] || !key[3]);
}

static void prepare_frames(Connection *connection, int index) {
    size_t size = (size_t)options.size;
    uint8_t header[14], key[4] = {0}, *payload = malloc(size);
    /* Letters, so that the payload is UTF-8 too; different at both ends and in each connection, so that a mix-up shows. */
    for (size_t i = 0; i < size; i++) payload[i] = (uint8_t)('a' + (i + (size_t)index) % 26);
    connection->last = payload[size - 1] = (uint8_t)('A' + index % 26);
    connection->first = payload[0];
    if (!options.server) draw_key(key);
    for (size_t i = 0; i < size; i++) payload[i] ^= key[i % 4];

    size_t header_bytes = write_header(header, size, options.server ? NULL : key);
    connection->frame_bytes = header_bytes + size;
    connection->frames = malloc(connection->frame_bytes * (size_t)options.in_flight);
    for (int i = 0; i < options.in_flight; i++) {
        uint8_t *frame = connection->frames + connection->frame_bytes * (size_t)i;
        memcpy(frame, header, header_bytes);
        memcpy(frame + header_bytes, payload, size);
    }
    free(payload);
}

static void watch(int operation, Connection *connection) {
    struct epoll_event event = {.events = EPOLLIN | (connection->waits_to_write ? EPOLLOUT : 0), .data.ptr = connection};
    if (epoll_ctl(epoll, operation, connection->fd, &event) != 0) fail("epoll_ctl: %s", strerror(errno));
}

/* One system call for all that is owed: `frames` reaches far enough, for a frame sent in part is no longer owed in whole. */
static void write_owed(Connection *connection) {
    ssize_t n = send(connection->fd, connection->frames + connection->offset, connection->owed, MSG_NOSIGNAL);
    if (n < 0 && errno != EAGAIN) fail("send: %s", strerror(errno));
    if (n > 0) {
        connection->owed -= (size_t)n;
        connection->offset = (connection->offset + (size_t)n) % connection->frame_bytes;
    }
    if ((connection->owed > 0) != connection->waits_to_write) {
        connection->waits_to_write = connection->owed > 0;
        watch(EPOLL_CTL_MOD, connection);
    }
}

static void send_messages(Connection *connection, uint64_t count, uint64_t now) {
    static uint64_t turn;
    if (connection->probe == 0) { /* a different place in the batch each time */
        connection->probe = connection->sent + 1 + turn++ % count;
        connection->probe_sent_at = now;
    }
    connection->sent += count;
    connection->owed += count * connection->frame_bytes;
    if (!connection->waits_to_write) write_owed(connection);
}

/* ---- frames in ---- */

static unsigned length_end_of(const Connection *connection) {
    unsigned length = connection->header[1] & 0x7f;
    return length == 127 ? 10 : length == 126 ? 4 : 2;
}

static unsigned header_bytes_of(const Connection *connection) {
    return connection->header_have < 2 ? 2 : length_end_of(connection) + (connection->header[1] & 0x80 ? 4 : 0);
}

static void start_frame(Connection *connection) {
    const uint8_t *header = connection->header;
    unsigned opcode = header[0] & 0x0f, due = connection->message_have > 0 ? 0 : options.text ? 1 : 2;
    if (opcode == 8) fail("the peer sent a Close frame");
    if (header[0] & 0x70) fail("a frame with a reserved bit: %02x", header[0]);
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
    if (connection->message_have + length > (uint64_t)options.size) fail("an echo longer than %d bytes", options.size);
}

/* The byte that came as `received` and is `at` bytes into the frame's payload. */
static uint8_t unmasked(const Connection *connection, uint8_t received, uint64_t at) {
    return options.server ? received ^ connection->header[length_end_of(connection) + at % 4] : received;
}

static void take_payload(Connection *connection, const uint8_t *bytes, uint64_t count) {
    if (connection->message_have == 0 && unmasked(connection, bytes[0], 0) != connection->first)
        fail("an echo with a wrong first byte");
    connection->message_have += count;
    connection->payload_have += count;
    connection->payload_left -= count;
    if (connection->message_have == (uint64_t)options.size &&
        unmasked(connection, bytes[count - 1], connection->payload_have - 1) != connection->last)
        fail("an echo with a wrong last byte");
}

static void end_message(Connection *connection) {
    if (connection->message_have != (uint64_t)options.size)
        fail("an echo of %llu bytes instead of %d", (unsigned long long)connection->message_have, options.size);
    connection->message_have = 0;
}

/* Reads frames out of any cut of the stream; returns how many messages ended in these bytes. */
static uint64_t receive_frames(Connection *connection, const uint8_t *bytes, size_t count) {
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
        if (connection->payload_left == 0 && connection->header[0] & 0x80 && connection->header_have == 0) {
            end_message(connection);
            messages++;
        }
    }
    return messages;
}

static uint64_t receive_raw(Connection *connection, const uint8_t *bytes, size_t count) {
    uint64_t at = connection->message_have, end = at + count;
    if (bytes[0] != connection->frames[at] || bytes[count - 1] != connection->frames[(end - 1) % connection->frame_bytes])
        fail("a raw echo with wrong bytes");
    connection->message_have = end % connection->frame_bytes;
    return end / connection->frame_bytes;
}

/* ---- latency ---- */

static uint32_t samples_ns[1 << 20];
static size_t samples;

static int by_size(const void *a, const void *b) {
    uint32_t left = *(const uint32_t *)a, right = *(const uint32_t *)b;
    return (left > right) - (left < right);
}

static double percentile_us(double share) {
    return samples == 0 ? 0 : samples_ns[(size_t)(share * (double)(samples - 1))] / 1000.0;
}

static void take_sample(uint64_t since, uint64_t now) {
    if (samples < sizeof samples_ns / sizeof *samples_ns) samples_ns[samples++] = (uint32_t)(now - since);
}

/* ---- the measurement ---- */

typedef struct {
    uint64_t at, done, own_cpu, own_waiting, peer_cpu, peer_waiting;
} Snapshot;

/* How long a main thread was ready to run while something else had its CPU; 0 where the kernel does not say. */
static uint64_t waiting_ns(int pid) {
    char path[64];
    unsigned long long running, waiting = 0;
    snprintf(path, sizeof path, "/proc/%d/schedstat", pid);
    FILE *file = fopen(path, "r");
    if (file == NULL) return 0;
    if (fscanf(file, "%llu %llu", &running, &waiting) != 2) waiting = 0;
    fclose(file);
    return waiting;
}

static Snapshot take_snapshot(clockid_t peer_clock, uint64_t done) {
    return (Snapshot){
        .at = clock_ns(CLOCK_MONOTONIC),
        .done = done,
        .own_cpu = clock_ns(CLOCK_PROCESS_CPUTIME_ID),
        .own_waiting = waiting_ns(getpid()),
        .peer_cpu = clock_ns(peer_clock), /* all threads, those that ended too, user and system */
        .peer_waiting = waiting_ns(peer),
    };
}

static double seconds_between(uint64_t from, uint64_t to) {
    return (double)(to - from) / (double)SECOND;
}

static void report(const Snapshot *from, const Snapshot *to) {
    qsort(samples_ns, samples, sizeof *samples_ns, by_size);
    printf("{\"done\": %llu, \"seconds\": %.6f, ", (unsigned long long)(to->done - from->done),
           seconds_between(from->at, to->at));
    printf("\"peerCpuSeconds\": %.9f, \"peerWaitingSeconds\": %.9f, ", seconds_between(from->peer_cpu, to->peer_cpu),
           seconds_between(from->peer_waiting, to->peer_waiting));
    printf("\"loadCpuSeconds\": %.9f, \"loadWaitingSeconds\": %.9f, ", seconds_between(from->own_cpu, to->own_cpu),
           seconds_between(from->own_waiting, to->own_waiting));
    printf("\"latencyUs\": {\"p50\": %.1f, \"p99\": %.1f, \"samples\": %zu}}\n", percentile_us(0.5), percentile_us(0.99), samples);
}

/* Whether what is done is followed by the next. */
static bool going_on;

/* `in_flight` things are under way on sockets that `poll` watches; `serve` handles an event, given what was registered with the
   socket, and returns how many of them it brought to their end. */
static void measure(double seconds, int poll, uint64_t in_flight, uint64_t (*serve)(void *, uint32_t)) {
    clockid_t peer_clock;
    if (clock_getcpuclockid(peer, &peer_clock) != 0) fail("watch: no process %d", peer);
    uint64_t now = clock_ns(CLOCK_MONOTONIC), start = now + RUN_UP, last_end = now, end = 0, done = 0;
    Snapshot from = {0}, to = {0};
    struct epoll_event events[EVENTS];
    while (going_on || in_flight > 0) {
        int ready = epoll_wait(poll, events, EVENTS, 0);
        uint64_t before = done;
        for (int i = 0; i < ready; i++) done += serve(events[i].data.ptr, events[i].events);
        if (ready == 0) clock_nanosleep(CLOCK_MONOTONIC, 0, &NAP, NULL);
        if (!going_on) in_flight -= done - before;
        now = clock_ns(CLOCK_MONOTONIC);
        if (done > before) last_end = now;
        if (now - last_end > SILENCE) fail("nothing came for ten seconds");
        if (end == 0 && now >= start) {
            samples = 0;
            from = take_snapshot(peer_clock, done);
            end = from.at + (uint64_t)(seconds * (double)SECOND);
        } else if (end != 0 && going_on && now >= end) {
            to = take_snapshot(peer_clock, done);
            going_on = false;
        }
    }
    report(&from, &to);
}

/* ---- echo ---- */

/* One read and at most one write; returns the messages that came. */
static uint64_t serve_echo(void *registered, uint32_t events) {
    Connection *connection = registered;
    if (events & EPOLLOUT) write_owed(connection);
    if (!(events & ~(uint32_t)EPOLLOUT)) return 0;
    ssize_t n = recv(connection->fd, inbox, sizeof inbox, 0);
    if (n < 0 && errno == EAGAIN) return 0;
    if (n <= 0) fail("a connection ended: %s", n == 0 ? "the peer closed it" : strerror(errno));
    uint64_t count = options.websocket ? receive_frames(connection, inbox, (size_t)n) : receive_raw(connection, inbox, (size_t)n);
    if (count == 0) return 0;
    connection->received += count;
    if (connection->received > connection->sent) fail("more echoes than messages");
    uint64_t now = clock_ns(CLOCK_MONOTONIC);
    if (connection->probe != 0 && connection->received >= connection->probe) {
        if (going_on) take_sample(connection->probe_sent_at, now);
        connection->probe = 0;
    }
    if (going_on) send_messages(connection, count, now);
    return count;
}

static void echo(double seconds) {
    uint64_t now = clock_ns(CLOCK_MONOTONIC);
    going_on = true;
    for (int i = 0; i < open_connections; i++) {
        if (connections[i]->frames == NULL) {
            prepare_frames(connections[i], i);
            watch(EPOLL_CTL_ADD, connections[i]);
        }
        send_messages(connections[i], (uint64_t)options.in_flight, now);
    }
    measure(seconds, epoll, (uint64_t)options.in_flight * (uint64_t)open_connections, serve_echo);
}

/* ---- handshakes ---- */

typedef struct {
    int fd;
    bool upgraded, closed;  /* the answer has come, the peer's Close frame has come */
    char answer[1024];
    size_t have;
    uint64_t since;
} Handshake;

static int handshake_epoll;

/* A connect over loopback is done when it returns; all that follows is non-blocking. */
static void start_handshake(Handshake *handshake) {
    *handshake = (Handshake){.since = clock_ns(CLOCK_MONOTONIC), .fd = dial()};
    ask_to_upgrade(handshake->fd);
    fcntl(handshake->fd, F_SETFL, O_NONBLOCK);
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = handshake};
    if (epoll_ctl(handshake_epoll, EPOLL_CTL_ADD, handshake->fd, &event) != 0) fail("epoll_ctl: %s", strerror(errno));
}

static void send_close(const Handshake *handshake) {
    uint8_t frame[8] = {0x88, 0x82}, *key = frame + 2;
    draw_key(key);
    frame[6] = 0x03 ^ key[0]; /* 1000 */
    frame[7] = 0xe8 ^ key[1];
    if (send(handshake->fd, frame, sizeof frame, MSG_NOSIGNAL) != sizeof frame) fail("the Close frame could not be sent");
}

/* The server ends TCP first (RFC 6455 §7.1.1), and we end it at once when we see that, with a FIN: a reset would be an error to the
   server, and another way through its code. So it is the server's side that stays in TIME_WAIT. This does not use up our ports: the
   system gives out a port again whose old connection waits at the other end only, and a SYN with newer timestamps replaces that
   one (RFC 6191). */
static void end_handshake(Handshake *handshake) {
    if (!handshake->closed) fail("a connection ended before its closing handshake");
    close(handshake->fd);
    if (!going_on) return;
    take_sample(handshake->since, clock_ns(CLOCK_MONOTONIC));
    start_handshake(handshake);
}

static uint64_t serve_handshake(void *registered, uint32_t events) {
    (void)events;
    Handshake *handshake = registered;
    ssize_t n = recv(handshake->fd, handshake->answer + handshake->have, sizeof handshake->answer - 1 - handshake->have, 0);
    if (n < 0 && errno == EAGAIN) return 0;
    if (n < 0) fail("a connection ended: %s", strerror(errno));
    if (n == 0) {
        end_handshake(handshake);
        return 1;
    }
    handshake->have += (size_t)n;
    handshake->answer[handshake->have] = 0;
    if (!handshake->upgraded && is_upgraded(handshake->answer, handshake->have)) {
        handshake->upgraded = true;
        handshake->have = 0;
        send_close(handshake);
    } else if (handshake->upgraded && handshake->have >= 4) {
        if (handshake->have > 4 || memcmp(handshake->answer, "\x88\x02\x03\xe8", 4) != 0) fail("no Close frame with 1000");
        handshake->closed = true;
    }
    return 0;
}

static void handshake(double seconds) {
    Handshake *all = calloc((size_t)options.in_flight, sizeof *all);
    handshake_epoll = epoll_create1(EPOLL_CLOEXEC);
    going_on = true;
    for (int i = 0; i < options.in_flight; i++) start_handshake(&all[i]);
    measure(seconds, handshake_epoll, (uint64_t)options.in_flight, serve_handshake);
    close(handshake_epoll);
    free(all);
}

/* ---- what we are told ---- */

static void parse_option(const char *name, const char *value) {
    if (strcmp(name, "--role") == 0) options.server = strcmp(value, "server") == 0;
    else if (strcmp(name, "--port") == 0) options.port = atoi(value);
    else if (strcmp(name, "--protocol") == 0) options.websocket = strcmp(value, "raw") != 0;
    else if (strcmp(name, "--kind") == 0) options.text = strcmp(value, "text") == 0;
    else if (strcmp(name, "--size") == 0) options.size = atoi(value);
    else if (strcmp(name, "--in-flight") == 0) options.in_flight = atoi(value);
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
    else if (strcmp(command, "handshake") == 0 && !options.server) handshake(number);
    else fail("no command of this role: %s", command);
    fflush(stdout);
}

int main(int count, char **words) {
    for (int i = 1; i + 1 < count; i += 2) parse_option(words[i], words[i + 1]);
    if (count % 2 == 0 || options.size < 1 || options.in_flight < 1 || (options.port > 0) == options.server)
        fail("usage: see the top of load.c");
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
