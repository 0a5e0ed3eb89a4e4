/* Connections that are opened and closed, again and again. */
#include "load.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

typedef struct {
    int fd;
    bool upgraded, closed; /* the answer has come, the peer's Close frame has come */
    char answer[1024];
    size_t have;
    uint64_t since;
} Handshake;

static int handshake_epoll;

/* A connect over loopback is done when it returns; all that follows is non-blocking. */
static void start_handshake(Handshake *handshake) {
    *handshake = (Handshake){.since = clock_ns(CLOCK_MONOTONIC), .fd = dial()};
    ask_to_upgrade(handshake->fd, "/", DEFLATE_OFF);
    fcntl(handshake->fd, F_SETFL, O_NONBLOCK);
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = handshake};
    if (epoll_ctl(handshake_epoll, EPOLL_CTL_ADD, handshake->fd, &event) != 0) fail("epoll_ctl: %s", strerror(errno));
    under_way++;
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
   one (RFC 6191). With options.client_ends it is our side that waits; over loopback Linux gives such a port out again after a
   second (net.ipv4.tcp_tw_reuse), and there are 28,000. */
static void end_handshake(Handshake *handshake) {
    if (!handshake->closed && !(handshake->upgraded && options.close_bare)) fail("a connection ended before its closing handshake");
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
    if (!handshake->upgraded && is_upgraded(handshake->answer, handshake->have, DEFLATE_OFF)) {
        handshake->upgraded = true;
        handshake->have = 0;
        send_close(handshake);
    } else if (handshake->upgraded && handshake->have >= 4) {
        if (handshake->have > 4 || memcmp(handshake->answer, "\x88\x02\x03\xe8", 4) != 0) fail("no Close frame with 1000");
        handshake->closed = true;
        if (options.client_ends) shutdown(handshake->fd, SHUT_WR);
    }
    return 0;
}

void handshakes(double seconds) {
    Handshake *all = calloc((size_t)options.in_flight, sizeof *all);
    handshake_epoll = epoll_create1(EPOLL_CLOEXEC);
    going_on = true;
    for (int i = 0; i < options.in_flight; i++) start_handshake(&all[i]);
    measure(seconds, &(Task){.poll = handshake_epoll, .serve = serve_handshake});
    close(handshake_epoll);
    free(all);
}
