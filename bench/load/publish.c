/* Messages that the peer sends on to every connection. They come from a connection of their own, which is sent nothing, or the same
   as all others: options.publisher_too. */
#include "load.h"

#include <stdio.h>
#include <sys/epoll.h>
#include <time.h>

static Connection *publisher;
static uint64_t published_at;

static uint64_t serve_subscriber(void *registered, uint32_t events) {
    Connection *connection = registered;
    if (connection == publisher) {
        bool readable = events & ~(uint32_t)EPOLLOUT;
        if (readable && !options.publisher_too) fail("the publisher's connection was closed, or sent something");
        if (events & EPOLLOUT) write_owed(connection);
        if (!readable) return 0;
    }
    size_t n = (size_t)read_connection(connection);
    if (n == 0) return 0;
    uint64_t count = receive_frames(connection, inbox, n);
    if (connection->received > publisher->sent) fail("more deliveries than messages");
    if (going_on && count > 0 && connection->received == publisher->sent) take_sample(published_at, clock_ns(CLOCK_MONOTONIC));
    return count;
}

static void publish_burst(uint64_t now) {
    published_at = now;
    under_way += (uint64_t)options.in_flight * (uint64_t)(open_connections + options.publisher_too);
    send_messages(publisher, (uint64_t)options.in_flight);
}

/* All expect what the publisher sends; one of them looks at all of it. */
static void prepare(void) {
    bool compressed = options.deflate != DEFLATE_OFF;
    publisher->frames = compressed ? text_frames() : plain_frames(publisher, 0);
    watch(EPOLL_CTL_ADD, publisher);
    for (int i = 0; i < open_connections; i++) {
        connections[i]->first = publisher->first;
        connections[i]->last = publisher->last;
        if (compressed && i == 0) connections[i]->inflation = start_inflation();
        watch(EPOLL_CTL_ADD, connections[i]);
    }
}

void open_publisher(void) {
    publisher = dial_publisher();
    printf("{\"publisher\": 1}\n");
}

void publish(double seconds) {
    if (publisher == NULL || open_connections == 0) fail("publish needs a publisher and connections");
    if (publisher->frames == NULL) prepare();
    going_on = true;
    measure(seconds, &(Task){.poll = epoll, .serve = serve_subscriber, .next = publish_burst});
}
