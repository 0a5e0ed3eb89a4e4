/* The load generator of `npm run bench`: many connections over loopback, one thread, epoll.
 *
 *   load --port P --protocol websocket|raw [--kind binary|text] [--size BYTES] [--in-flight K] [--watch PID]
 *
 * It obeys lines on stdin, answers each with one line of JSON, and ends with stdin:
 *   open N      open N more connections; they stay idle until told otherwise
 *   echo S      keep K messages in flight on every connection, answering each echo with the next message; after a short run-up
 *               note messages, own CPU time and that of process PID in the same instant, and once more S seconds later; wait for
 *               the last echoes and print the differences
 *
 * A raw connection has no WebSocket: it sends the very bytes of the masked frames and expects those bytes back, so that a plain
 * TCP echo server is comparable. A wrong echo, a closed connection or ten seconds of silence end everything with
 * {"failed": "…"} and exit code 1. The address is 127.0.0.1, always. */
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

enum { READ_BYTES = 256 * 1024, EVENTS = 256, OPENING_AT_ONCE = 64 };
static const uint64_t SECOND = 1000000000, RUN_UP = SECOND / 25, SILENCE = 10 * SECOND;
/* When nothing has come, sleep a moment instead of blocking in epoll_wait, as a network card moderates its interrupts: a server
   whose write must wake a process on another CPU pays up to as much for that as for the write itself. */
static const struct timespec NAP = {.tv_nsec = 40000};

static struct {
    int port, size, in_flight, watch;
    bool websocket, text;
} options = {.size = 64, .in_flight = 1, .websocket = true};

typedef struct {
    int fd;
    bool waits_to_write;
    /* Every message of a connection is the same frame, so its outgoing stream repeats: `frames` holds it K times in a row,
       `offset` is where in a frame the next byte to send lies, `owed` how many bytes may be sent now (at most K frames). */
    uint8_t *frames;
    size_t frame_bytes, offset, owed;
    uint8_t first, last;                  /* of the payload, unmasked */
    uint8_t header[10];                   /* the header being read */
    unsigned header_have;
    uint64_t payload_left, message_have;  /* of the frame, and of the message that it belongs to */
    uint64_t sent, received;              /* messages */
    uint64_t probe, probe_sent_at;        /* the message whose latency is being measured, 0: none */
} Connection;

static Connection **connections;
static int open_connections, epoll;
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
    if (clock_gettime(clock, &time) != 0) fail("the server's process is gone");
    return (uint64_t)time.tv_sec * SECOND + (uint64_t)time.tv_nsec;
}

/* ---- opening ---- */

static int dial(void) {
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons((uint16_t)options.port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) fail("socket: %s (is `ulimit -n` high enough?)", strerror(errno));
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
    /* Closing resets, so that thousands of runs leave no connection in TIME_WAIT. */
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &(struct linger){.l_onoff = 1}, sizeof(struct linger));
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &(struct timeval){.tv_sec = 10}, sizeof(struct timeval));
    if (connect(fd, (struct sockaddr *)&address, sizeof address) != 0) fail("connect: %s", strerror(errno));
    return fd;
}

/* The key and its accept key are the example of RFC 6455 §1.3: the answer can be checked without a SHA-1 of our own. */
static void ask_to_upgrade(int fd) {
    char request[256];
    int length = snprintf(request, sizeof request,
                          "GET / HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                          "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n",
                          options.port);
    if (send(fd, request, (size_t)length, MSG_NOSIGNAL) != length) fail("the handshake could not be sent");
}

static void expect_upgrade(int fd) {
    char answer[4096];
    size_t have = 0;
    for (;;) {
        ssize_t n = recv(fd, answer + have, sizeof answer - 1 - have, 0);
        if (n <= 0) fail("no answer to the handshake");
        answer[have += (size_t)n] = 0;
        char *end = strstr(answer, "\r\n\r\n");
        if (end == NULL) continue;
        if (strncmp(answer, "HTTP/1.1 101 ", 13) != 0) fail("the handshake was answered with %.12s", answer);
        if (strstr(answer, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=") == NULL) fail("wrong Sec-WebSocket-Accept");
        if (end + 4 != answer + have) fail("the server spoke before it was spoken to");
        return;
    }
}

static void open_more(int count) {
    int total = open_connections + count;
    connections = realloc(connections, sizeof *connections * (size_t)total);
    while (open_connections < total) {
        int from = open_connections, to = from + OPENING_AT_ONCE < total ? from + OPENING_AT_ONCE : total;
        for (int i = from; i < to; i++) {
            connections[i] = calloc(1, sizeof **connections);
            connections[i]->fd = dial();
            if (options.websocket) ask_to_upgrade(connections[i]->fd);
        }
        for (int i = from; i < to; i++) {
            if (options.websocket) expect_upgrade(connections[i]->fd);
            fcntl(connections[i]->fd, F_SETFL, O_NONBLOCK);
        }
        open_connections = to;
    }
    printf("{\"open\": %d}\n", open_connections);
}

/* ---- frames out ---- */

static size_t write_header(uint8_t *to, size_t payload_bytes) {
    size_t at = 0, length_bytes = payload_bytes < 126 ? 0 : payload_bytes < 65536 ? 2 : 8;
    to[at++] = options.text ? 0x81 : 0x82;
    to[at++] = 0x80 | (uint8_t)(length_bytes == 0 ? payload_bytes : length_bytes == 2 ? 126 : 127);
    while (length_bytes-- > 0) to[at++] = (uint8_t)(payload_bytes >> (8 * length_bytes));
    return at;
}

static void prepare_frames(Connection *connection, int index) {
    size_t size = (size_t)options.size;
    uint8_t header[14], key[4], *payload = malloc(size);
    /* Letters, so that the payload is UTF-8 too; different at both ends and in each connection, so that a mix-up shows. */
    for (size_t i = 0; i < size; i++) payload[i] = (uint8_t)('a' + (i + (size_t)index) % 26);
    connection->first = payload[0];
    connection->last = payload[size - 1] = (uint8_t)('A' + index % 26);
    do {
        if (getrandom(key, sizeof key, 0) != sizeof key) fail("getrandom: %s", strerror(errno));
    } while (!key[0] || !key[1] || !key[2] || !key[3]);
    for (size_t i = 0; i < size; i++) payload[i] ^= key[i % 4];

    size_t header_bytes = write_header(header, size);
    memcpy(header + header_bytes, key, sizeof key);
    header_bytes += sizeof key;
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

static unsigned header_bytes_of(const Connection *connection) {
    if (connection->header_have < 2) return 2;
    unsigned length = connection->header[1] & 0x7f;
    return length == 127 ? 10 : length == 126 ? 4 : 2;
}

static void start_frame(Connection *connection) {
    const uint8_t *header = connection->header;
    unsigned opcode = header[0] & 0x0f, due = connection->message_have > 0 ? 0 : options.text ? 1 : 2;
    if (opcode == 8) fail("the server sent a Close frame");
    if (header[0] & 0x70 || header[1] & 0x80) fail("a frame with a reserved bit or a mask: %02x %02x", header[0], header[1]);
    if (opcode != due) fail("a frame with opcode %u instead of %u", opcode, due);
    uint64_t length = header[1];
    if (length >= 126) {
        unsigned end = header_bytes_of(connection);
        length = 0;
        for (unsigned i = 2; i < end; i++) length = length << 8 | header[i];
    }
    connection->payload_left = length;
    if (connection->message_have + length > (uint64_t)options.size) fail("an echo longer than %d bytes", options.size);
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
            if (connection->message_have == 0 && bytes[0] != connection->first) fail("an echo with a wrong first byte");
            connection->message_have += take;
            connection->payload_left -= take;
            bytes += take;
            if (connection->message_have == (uint64_t)options.size && bytes[-1] != connection->last)
                fail("an echo with a wrong last byte");
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

/* ---- echo ---- */

typedef struct {
    uint64_t at, messages, own_cpu, own_waiting, watched_cpu, watched_waiting;
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

static Snapshot take_snapshot(clockid_t watched, uint64_t messages) {
    return (Snapshot){
        .at = clock_ns(CLOCK_MONOTONIC),
        .messages = messages,
        .own_cpu = clock_ns(CLOCK_PROCESS_CPUTIME_ID),
        .own_waiting = waiting_ns(getpid()),
        .watched_cpu = clock_ns(watched), /* all threads, those that ended too, user and system */
        .watched_waiting = waiting_ns(options.watch),
    };
}

static double seconds_between(uint64_t from, uint64_t to) {
    return (double)(to - from) / (double)SECOND;
}

static void report(const Snapshot *from, const Snapshot *to) {
    qsort(samples_ns, samples, sizeof *samples_ns, by_size);
    printf("{\"messages\": %llu, \"seconds\": %.6f, ", (unsigned long long)(to->messages - from->messages),
           seconds_between(from->at, to->at));
    printf("\"serverCpuSeconds\": %.9f, \"serverWaitingSeconds\": %.9f, ", seconds_between(from->watched_cpu, to->watched_cpu),
           seconds_between(from->watched_waiting, to->watched_waiting));
    printf("\"loadCpuSeconds\": %.9f, \"loadWaitingSeconds\": %.9f, ", seconds_between(from->own_cpu, to->own_cpu),
           seconds_between(from->own_waiting, to->own_waiting));
    printf("\"latencyUs\": {\"p50\": %.1f, \"p99\": %.1f, \"samples\": %zu}}\n", percentile_us(0.5), percentile_us(0.99), samples);
}

static bool sending;

/* One read and at most one write; returns the messages that came. */
static uint64_t serve_event(Connection *connection, uint32_t events) {
    if (events & EPOLLOUT) write_owed(connection);
    if (!(events & ~(uint32_t)EPOLLOUT)) return 0;
    ssize_t n = recv(connection->fd, inbox, sizeof inbox, 0);
    if (n < 0 && errno == EAGAIN) return 0;
    if (n <= 0) fail("a connection ended: %s", n == 0 ? "the server closed it" : strerror(errno));
    uint64_t count = options.websocket ? receive_frames(connection, inbox, (size_t)n) : receive_raw(connection, inbox, (size_t)n);
    if (count == 0) return 0;
    connection->received += count;
    if (connection->received > connection->sent) fail("more echoes than messages");
    uint64_t now = clock_ns(CLOCK_MONOTONIC);
    if (connection->probe != 0 && connection->received >= connection->probe) {
        if (sending && samples < sizeof samples_ns / sizeof *samples_ns)
            samples_ns[samples++] = (uint32_t)(now - connection->probe_sent_at);
        connection->probe = 0;
    }
    if (sending) send_messages(connection, count, now);
    return count;
}

static void start_echoes(void) {
    uint64_t now = clock_ns(CLOCK_MONOTONIC);
    sending = true;
    for (int i = 0; i < open_connections; i++) {
        if (connections[i]->frames == NULL) {
            prepare_frames(connections[i], i);
            watch(EPOLL_CTL_ADD, connections[i]);
        }
        send_messages(connections[i], (uint64_t)options.in_flight, now);
    }
}

static void echo(double seconds) {
    clockid_t watched;
    if (clock_getcpuclockid(options.watch, &watched) != 0) fail("--watch: no process %d", options.watch);
    start_echoes();
    uint64_t now = clock_ns(CLOCK_MONOTONIC), last_echo = now, end = 0, messages = 0;
    uint64_t start = now + RUN_UP, in_flight = (uint64_t)options.in_flight * (uint64_t)open_connections;
    Snapshot from = {0}, to = {0};
    struct epoll_event events[EVENTS];
    while (sending || in_flight > 0) {
        int ready = epoll_wait(epoll, events, EVENTS, 0);
        uint64_t before = messages;
        for (int i = 0; i < ready; i++) messages += serve_event(events[i].data.ptr, events[i].events);
        if (ready == 0) clock_nanosleep(CLOCK_MONOTONIC, 0, &NAP, NULL);
        if (!sending) in_flight -= messages - before;
        now = clock_ns(CLOCK_MONOTONIC);
        if (messages > before) last_echo = now;
        if (now - last_echo > SILENCE) fail("no echo for ten seconds");
        if (end == 0 && now >= start) {
            samples = 0;
            from = take_snapshot(watched, messages);
            end = from.at + (uint64_t)(seconds * (double)SECOND);
        } else if (end != 0 && sending && now >= end) {
            to = take_snapshot(watched, messages);
            sending = false;
        }
    }
    report(&from, &to);
}

static void parse_option(const char *name, const char *value) {
    if (strcmp(name, "--port") == 0) options.port = atoi(value);
    else if (strcmp(name, "--protocol") == 0) options.websocket = strcmp(value, "raw") != 0;
    else if (strcmp(name, "--kind") == 0) options.text = strcmp(value, "text") == 0;
    else if (strcmp(name, "--size") == 0) options.size = atoi(value);
    else if (strcmp(name, "--in-flight") == 0) options.in_flight = atoi(value);
    else if (strcmp(name, "--watch") == 0) options.watch = atoi(value);
    else fail("unknown option %s", name);
}

int main(int count, char **words) {
    for (int i = 1; i + 1 < count; i += 2) parse_option(words[i], words[i + 1]);
    if (count % 2 == 0 || options.port <= 0 || options.size < 1 || options.in_flight < 1) fail("usage: see the top of load.c");
    struct rlimit files;
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    prctl(PR_SET_TIMERSLACK, 1000); /* a nap of 40 µs takes 40 and not 90 */
    epoll = epoll_create1(EPOLL_CLOEXEC);

    char line[64];
    while (fgets(line, sizeof line, stdin) != NULL) {
        if (strncmp(line, "open ", 5) == 0) open_more(atoi(line + 5));
        else if (strncmp(line, "echo ", 5) == 0) echo(atof(line + 5));
        else fail("neither open nor echo");
        fflush(stdout);
    }
    for (int i = 0; i < open_connections; i++)
        if (recv(connections[i]->fd, inbox, 1, MSG_PEEK | MSG_DONTWAIT) == 0) fail("the server closed a connection");
    return 0;
}
