/* Messages that the peer sends back, on every connection. */
#include "load.h"

#include <sys/epoll.h>
#include <time.h>

/* `probe` is the message whose latency is measured: at a different place in the batch each time. */
static void send_batch(Connection *connection, uint64_t count, uint64_t now) {
    static uint64_t turn;
    if (connection->probe == 0) {
        connection->probe = connection->sent + 1 + turn++ % count;
        connection->probe_sent_at = now;
    }
    under_way += count;
    send_messages(connection, count);
}

/* `count` echoes have come. */
static void answer(Connection *connection, uint64_t count) {
    if (connection->received > connection->sent) fail("more echoes than messages");
    uint64_t now = clock_ns(CLOCK_MONOTONIC);
    if (connection->probe != 0 && connection->received >= connection->probe) {
        if (going_on) take_sample(connection->probe_sent_at, now);
        connection->probe = 0;
    }
    if (going_on) send_batch(connection, count, now);
}

/* One read and at most one write; returns the messages that came. */
static uint64_t serve_echo(void *registered, uint32_t events) {
    Connection *connection = registered;
    if (events & EPOLLOUT) write_owed(connection);
    if (!(events & ~(uint32_t)EPOLLOUT)) return 0;
    size_t n = (size_t)read_connection(connection);
    if (n == 0) return 0;
    uint64_t count = options.websocket ? receive_frames(connection, inbox, n) : receive_raw(connection, inbox, n);
    if (count > 0) answer(connection, count);
    return count;
}

static uint64_t serve_echo_streams(void *registered, uint32_t events) {
    return serve_session(registered, events, answer);
}

static Task echo_task(void) {
    return (Task){.poll = epoll, .serve = options.streams > 0 ? serve_echo_streams : serve_echo};
}

/* Compressed frames are the same on all connections, plain ones are each connection's own. */
static void prepare(Connection *connection, int index) {
    static Frames *deflated;
    if (connection->frames != NULL) return;
    if (options.deflate != DEFLATE_OFF) {
        if (deflated == NULL) { /* one connection is looked at in full */
            deflated = deflated_frames();
            connection->inflation = start_inflation();
        }
        connection->frames = deflated;
    } else {
        connection->frames = plain_frames(connection, index);
    }
    if (connection->session == NULL) watch(EPOLL_CTL_ADD, connection);
}

static void begin(int first, uint64_t count) {
    for (int i = first; i < open_connections; i++) prepare(connections[i], i);
    uint64_t now = clock_ns(CLOCK_MONOTONIC);
    for (int i = first; i < open_connections; i++) send_batch(connections[i], count, now);
    for (int i = first; i < open_connections; i++)
        if (connections[i]->session != NULL) flush_session(connections[i]->session);
}

void echo(double seconds) {
    going_on = true;
    begin(0, (uint64_t)options.in_flight);
    Task task = echo_task();
    measure(seconds, &task);
}

void echo_once(int newest) {
    if (newest > open_connections) fail("only %d connections are open", open_connections);
    begin(open_connections - newest, 1);
    Task task = echo_task();
    finish(&task);
}
