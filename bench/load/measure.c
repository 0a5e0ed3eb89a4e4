/* The clock: what is done, and both sides' CPU time, noted in the same instant at the start and at the end. */
#include "load.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

enum { EVENTS = 256, SAMPLES = 1 << 20 };
static const uint64_t RUN_UP = SECOND / 25, SILENCE = 10 * SECOND;
/* When nothing has come, sleep a moment instead of blocking in epoll_wait, as a network card moderates its interrupts: a server
   whose write must wake a process on another CPU pays up to as much for that as for the write itself. */
static const struct timespec NAP = {.tv_nsec = 40000};

bool going_on;
uint64_t under_way;

/* ---- latency ---- */

static uint32_t samples_ns[SAMPLES];
static size_t samples;

static int by_size(const void *a, const void *b) {
    uint32_t left = *(const uint32_t *)a, right = *(const uint32_t *)b;
    return (left > right) - (left < right);
}

static double percentile_us(double share) {
    return samples == 0 ? 0 : samples_ns[(size_t)(share * (double)(samples - 1))] / 1000.0;
}

void take_sample(uint64_t since, uint64_t now) {
    if (samples < SAMPLES) samples_ns[samples++] = (uint32_t)(now - since);
}

/* ---- what is noted ---- */

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

/* ---- the loop ---- */

/* One look at the sockets, or a nap; returns how many things came to their end. `last_end` is moved when some did. */
static uint64_t look(const Task *task, uint64_t *last_end) {
    struct epoll_event events[EVENTS];
    uint64_t done = 0;
    int ready = epoll_wait(task->poll, events, EVENTS, 0);
    for (int i = 0; i < ready; i++) done += task->serve(events[i].data.ptr, events[i].events);
    if (ready == 0) clock_nanosleep(CLOCK_MONOTONIC, 0, &NAP, NULL);
    under_way -= done;
    uint64_t now = clock_ns(CLOCK_MONOTONIC);
    if (done > 0) *last_end = now;
    if (now - *last_end > SILENCE) fail("nothing came for ten seconds");
    return done;
}

void measure(double seconds, const Task *task) {
    clockid_t peer_clock;
    if (clock_getcpuclockid(peer, &peer_clock) != 0) fail("watch: no process %d", peer);
    uint64_t now = clock_ns(CLOCK_MONOTONIC), start = now + RUN_UP, last_end = now, end = 0, done = 0;
    Snapshot from = {0}, to = {0};
    while (going_on || under_way > 0) {
        done += look(task, &last_end);
        if (task->next != NULL && under_way > 0) continue; /* the peer has work that is not counted yet */
        now = clock_ns(CLOCK_MONOTONIC);
        if (end == 0 && now >= start) {
            samples = 0;
            from = take_snapshot(peer_clock, done);
            end = from.at + (uint64_t)(seconds * (double)SECOND);
        } else if (end != 0 && going_on && now >= end) {
            to = take_snapshot(peer_clock, done);
            going_on = false;
        }
        if (task->next != NULL && going_on) task->next(now);
    }
    report(&from, &to);
}

void finish(const Task *task) {
    uint64_t last_end = clock_ns(CLOCK_MONOTONIC), done = 0;
    going_on = false;
    while (under_way > 0) done += look(task, &last_end);
    printf("{\"done\": %llu}\n", (unsigned long long)done);
}
