/* An open HTTP/2 connection under epoll: as for a TCP connection without it, one read and at most one write. */
#include "http2.h"

#include <sys/epoll.h>

void flush_session(Session *session) {
    put_all_data(session);
    write_session(session);
}

/* Each stream is answered once, whatever number of DATA frames its messages came in. */
uint64_t serve_session(Session *session, uint32_t events, void (*answer)(Connection *, uint64_t)) {
    uint64_t done = 0;
    if (events & ~(uint32_t)EPOLLOUT) receive_session(session, inbox, (size_t)read_connection(session->streams[0]));
    for (uint32_t i = 0; i < session->touched_count; i++) {
        Connection *connection = session->touched[i];
        answer(connection, connection->arrived);
        done += connection->arrived;
        connection->arrived = 0;
    }
    session->touched_count = 0;
    flush_session(session);
    return done;
}
