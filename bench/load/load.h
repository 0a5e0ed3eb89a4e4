/* What the parts of the load generator know of each other; main.c tells what it does. */
#pragma once
#define _GNU_SOURCE
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define SECOND UINT64_C(1000000000)
enum { READ_BYTES = 256 * 1024 };

/* permessage-deflate: not offered; agreed on with context takeover and 15 window bits in both directions; agreed on somehow. */
typedef enum { DEFLATE_OFF, DEFLATE_TAKEOVER, DEFLATE_ANY } Deflate;

extern struct Options {
    int port, size, in_flight;
    int streams; /* on each HTTP/2 connection; 0: HTTP/1.1 */
    bool server, websocket, text;
    bool publisher_too; /* the publisher has its own messages back as well */
    bool client_ends;   /* the client is the first to end TCP */
    bool close_bare;    /* the server may end TCP without a Close frame of its own */
    const char *field;  /* one more line of a client's request, "" or with CRLF behind it */
    Deflate deflate;
} options;

/* A stream of frames without an end: `count` of them one after another, of which those from `repeated` on come again and again.
   In `bytes` the first K (options.in_flight) of these follow once more, so that one send reaches far enough from any place. */
typedef struct {
    uint8_t *bytes;
    size_t *ends;
    size_t count, repeated;
} Frames;

/* Inflates all that comes on one connection and compares it with what was sent. */
typedef struct Inflation Inflation;

/* An HTTP/2 connection, in http2.h. */
typedef struct Session Session;

typedef struct {
    int fd;
    bool waits_to_write;
    /* Out: `next` is the first frame that may not be sent yet, `owed` how many bytes may be sent now (at most K frames), and `offset`
       is where in the stream they begin. */
    const Frames *frames;
    size_t next, offset, owed;
    /* In: the header being read (a client's ends with the masking key), and how far the frame and its message have come. */
    uint8_t header[14];
    unsigned header_have;
    uint64_t payload_have, payload_left, message_have;
    uint8_t first, last; /* of the payload that is expected, unmasked; where it is compressed, `inflation` checks it, or nothing */
    Inflation *inflation;
    uint64_t sent, received;       /* messages */
    uint64_t probe, probe_sent_at; /* the message whose latency is being measured, 0: none */
    /* Over HTTP/2, where `fd` is the session's: what may be sent now, what came and was not given back with WINDOW_UPDATE, and
       the messages of the read that is being looked at. */
    Session *session;
    uint32_t stream;
    int64_t window;
    uint64_t unreported, arrived;
} Connection;

extern Connection **connections;
extern int open_connections, epoll, peer;
extern uint8_t inbox[READ_BYTES];

/* main.c */
_Noreturn void fail(const char *format, ...);
uint64_t clock_ns(clockid_t clock);
void watch(int operation, Connection *connection);

/* open.c */
int dial(void);
void reset_at_close(int fd);
void ask_to_upgrade(int fd, const char *path, Deflate offered);
bool is_upgraded(const char *text, size_t bytes, Deflate offered); /* false while `text`, ending with a 0, is not all of the answer */
void open_more(int count);
Connection *dial_publisher(void);
void start_listening(void);
void accept_more(int count);

/* frames-out.c */
Frames *plain_frames(Connection *connection, int index);
Frames *text_frames(void);
Frames *deflated_frames(void);
void draw_key(uint8_t key[4]);
void move_on(Connection *connection, size_t bytes); /* they have left, or are sure to */
void write_owed(Connection *connection);
void send_messages(Connection *connection, uint64_t count);

/* http2-open.c, http2-session.c */
void open_session(Connection *streams[], int count);
void flush_session(Session *session); /* sends what `send_messages` has gathered */
uint64_t serve_session(Session *session, uint32_t events, void (*answer)(Connection *, uint64_t));

/* frames-in.c: both take any cut of the stream and return how many messages ended in it */
uint64_t receive_frames(Connection *connection, const uint8_t *bytes, size_t count);
uint64_t receive_raw(Connection *connection, const uint8_t *bytes, size_t count);
ssize_t read_connection(Connection *connection); /* into `inbox`; 0: nothing is there */

/* deflate.c */
enum { TEXTS = 64 };
const uint8_t *text_of(uint64_t message);
void deflate_texts(uint8_t *compressed[2 * TEXTS], size_t bytes[2 * TEXTS]);
Inflation *start_inflation(void);
void inflate_more(Inflation *inflation, const uint8_t *bytes, size_t count);
void end_inflated(Inflation *inflation, uint64_t message);

/* measure.c */
typedef struct {
    int poll;                                             /* the epoll that watches the sockets */
    uint64_t (*serve)(void *registered, uint32_t events); /* handles an event; returns how many things it brought to their end */
    void (*next)(uint64_t now);                           /* begins again when nothing is under way; NULL: `serve` does, one by one */
} Task;
extern bool going_on;      /* whether what is done is followed by the next */
extern uint64_t under_way; /* things that were begun and have not ended */
void measure(double seconds, const Task *task);
void finish(const Task *task);
void take_sample(uint64_t since, uint64_t now);

/* What is measured: echo.c, publish.c, handshakes.c */
void echo(double seconds);
void echo_once(int newest);
void open_publisher(void);
void publish(double seconds);
void handshakes(double seconds);
