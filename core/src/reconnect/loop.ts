/**
 * Keeps a connection: dials, waits, and dials again until it is to stop.
 * In: options, a dialer, a clock, what happens to the connection. Out: calls of a `Listener`, one for each step; nothing is
 * thrown at whoever tells it something. It knows neither sockets nor the platform, and has at most two timers.
 */
import { type BackoffOptions, backoffMs } from "./backoff.ts";
import { type AcknowledgeOptions, type Counted, createOutbox, type Loss, type QueueOptions } from "./outbox.ts";

/** "away" while there is no connection but may be one again, "closing" after `close`. */
export type LoopState = "away" | "open" | "closing" | "closed";

/** Time and chance. */
export interface Clock {
  /** Above 0. */
  nowMs(): number;
  /** From 0 to below 1. */
  random(): number;
  setTimer(ring: () => void, delayMs: number): unknown;
  clearTimer(timer: unknown): void;
}

/** One attempt to open a connection. */
export interface Attempt {
  /** 1 for the first one, and for the first one after a connection that lasted. */
  readonly number: number;
  /** How long was waited for it. */
  readonly delayMs: number;
  /** Whether there was no connection yet. */
  readonly isFirst: boolean;
  /** How the attempt before it failed, or how the connection ended; undefined at the very first. */
  readonly cause: unknown;
}

/** What follows a failure. */
export interface Next {
  readonly willRetry: boolean;
  /** Until the next attempt, unless `reconnectNow` or the network's return is earlier. */
  readonly delayMs: number;
}

/** How it all ended. */
export interface End<Close> {
  /** `close` was called; a close code, a status or a function said so; `maxAttempts` failed; the signal was aborted. */
  readonly cause: "closed" | "stopped" | "exhausted" | "aborted";
  /** How the last connection ended, if there was one. */
  readonly last: Close | undefined;
  /** Why the last attempt failed, or the signal's reason. */
  readonly error: unknown;
}

/** An open connection. The loop is told of its end by `lost`. */
export interface Link<M> {
  /** @returns false where the peer does not keep up; undefined where the message was not accepted, as after `close` */
  send(message: M): boolean | undefined;
  /** Whether what it does not accept now is dropped, because the connection goes on. Default: it has ended. */
  readonly isOpen?: boolean;
  /** Ask the peer whether it has all that was sent before.
   * @param answered called when it has */
  ask(answered: () => void): void;
  /** Begin the closing handshake. */
  close(code?: number, reason?: string): void;
}

/** What an attempt may lead to: one call in all. */
export interface Outcome<M> {
  opened(link: Link<M>): void;
  failed(error: unknown): void;
}

export interface LoopOptions extends BackoffOptions {
  /** How many attempts may fail, one after the other. Default Infinity. */
  readonly maxAttempts?: number | undefined;
  /** How long a connection has to be open to end such a row of failures. Default 5,000. */
  readonly stableMs?: number | undefined;
  readonly queue?: QueueOptions | undefined;
  readonly acknowledge?: AcknowledgeOptions | undefined;
}

/** Who dials, and who hears of it. */
export interface Listener<M, Close> {
  /** Begin an attempt.
   * @returns gives it up: nothing of it is told any more */
  dial(attempt: Attempt, outcome: Outcome<M>): () => void;
  /** What the error is of an attempt that takes too long. */
  late(): unknown;
  /** Whether there is no sense in another attempt, after one that failed, or a connection that ended. */
  stops(error: unknown, close: Close | undefined): boolean;
  /** How long the server asked to wait; the other wait comes on top of it, so that not all come back at once. */
  retryAfterMs?(error: unknown): number;
  /** Nothing follows; once. */
  ended(end: End<Close>): void;
  /** A step was made. */
  tell<Name extends keyof Steps<M, Close>>(name: Name, ...values: Steps<M, Close>[Name]): void;
}

/** The steps, by the names of the handlers for them. */
export interface Steps<M, Close> {
  attempt: [attempt: Attempt];
  attemptFailed: [error: unknown, next: Next];
  away: [close: Close, next: Next];
  lost: [loss: Loss<M>];
}

/** What keeps a connection. */
export interface Loop<M, Close> {
  readonly state: LoopState;
  /** How many attempts failed, or led to a connection that did not last, one after the other. */
  readonly attempts: number;
  /** Messages that wait for a connection. */
  readonly queuedMessages: number;
  readonly queuedBytes: number;
  /** Messages that were sent on this connection and are not confirmed. */
  readonly unacknowledged: number;
  /** Begin with the first attempt, in a later turn. Not after the end. */
  start(): void;
  /** @returns whether it went to a peer that keeps up; false too for what waits or is lost, which is told */
  send(message: M): boolean;
  /** Send what has waited, as far as the peer keeps up. For the dialer, after `opened`, when whoever is to speak first has spoken, and
   * when the peer keeps up again. */
  flush(): void;
  /** The peer has all that was sent on this connection, or so many of the oldest messages. */
  confirm(count?: number): void;
  /** End for good. The code is of the connection, if one is open. */
  close(code?: number, reason?: string): void;
  /** End for good, because somebody else says so. */
  abort(error: unknown, code?: number): void;
  /** Do not wait any longer; without effect unless it waits. */
  reconnectNow(): void;
  /** Whether there is no network, as far as the platform knows. Where there is, and it waits, it waits a moment more at most. */
  hold(isHeld: boolean): void;
  /** A connection has ended.
   * @param confirmed whether the peer has all that was sent nevertheless */
  lost(link: Link<M>, close: Close, confirmed: boolean): void;
}

/** As good as without end: for ms, of which setTimeout takes 2^31 - 1 at most, and for attempts. */
const ENDLESS = 2e9;

/** A loop that has not begun.
 * @param attemptTimeoutMs for everything until an attempt succeeds */
export function createLoop<M extends Counted, Close>(
  options: LoopOptions,
  attemptTimeoutMs: number,
  { nowMs, random, setTimer, clearTimer }: Clock,
  listener: Listener<M, Close>,
): Loop<M, Close> {
  const { maxAttempts = ENDLESS, stableMs = 5_000, queue = {}, acknowledge = {} } = options;
  const outbox = createOutbox<M>(queue, acknowledge);
  let state: LoopState = "away";
  let link: Link<M> | undefined;
  let failures = 0;
  /** When a connection opened last; 0 for never. */
  let openedMs = 0;
  /** Of the wait, or the attempt. */
  let timer: unknown;
  let isWaiting = false;
  /** There is no network: nothing is tried. */
  let isHeld = false;
  let waitedMs = 0;
  let cause: unknown;
  let last: Close | undefined;
  /** The attempt that is under way. */
  let current: { stop?(): void } | undefined;
  /** Of the next question to the peer. */
  let askTimer: unknown;
  let isAsking = false;
  let nextAskMs = 0;
  /** Whether messages wait although there is a connection, so that others wait behind them. */
  let isBehind = false;
  let endCause: "closed" | "aborted" = "closed";
  let endError: unknown;

  // ---- attempts

  /** In place of what was to happen. */
  function plan(ring: () => void, delayMs: number): void {
    clearTimer(timer);
    timer = setTimer(ring, Math.min(delayMs, ENDLESS));
  }

  function wait(delayMs: number): void {
    isWaiting = true;
    waitedMs = delayMs;
    if (isHeld) clearTimer(timer);
    else plan(dial, delayMs);
  }

  function dial(): void {
    isWaiting = false;
    const attempt = { number: failures + 1, delayMs: waitedMs, isFirst: openedMs === 0, cause };
    const own: { stop?(): void } = {};
    current = own;
    plan(() => {
      giveUp();
      failed(listener.late());
    }, attemptTimeoutMs);
    listener.tell("attempt", attempt);
    const settled =
      <Value>(then: (value: Value) => void) =>
      (value: Value): void => {
        if (current !== own) return;
        current = undefined;
        clearTimer(timer);
        then(value);
      };
    // Who was told may have closed it
    if (current === own) own.stop = listener.dial(attempt, { opened: settled(begin), failed: settled(failed) });
  }

  function giveUp(): void {
    const given = current;
    current = undefined;
    given?.stop?.();
  }

  function begin(opened: Link<M>): void {
    link = opened;
    state = "open";
    isBehind = false;
    openedMs = nowMs();
  }

  function failed(error: unknown): void {
    cause = error;
    failures += 1;
    goOn(error, undefined, (next) => listener.tell("attemptFailed", error, next));
  }

  /** Wait for the next attempt, if there is to be one.
   * @param tell what has happened, and what follows */
  function goOn(error: unknown, close: Close | undefined, tell: (next: Next) => void): void {
    const stops = listener.stops(error, close);
    const willRetry = !stops && failures < maxAttempts;
    const delayMs = willRetry ? backoffMs(options, failures, random()) + (listener.retryAfterMs?.(error) ?? 0) : 0;
    if (willRetry) wait(delayMs);
    tell({ willRetry, delayMs });
    if (!willRetry) end(stops ? "stopped" : "exhausted", error);
  }

  function end(why: End<Close>["cause"], error?: unknown): void {
    if (state === "closed") return;
    state = "closed";
    isWaiting = false;
    clearTimer(timer);
    giveUp();
    tellLost("closed", outbox.takeQueued());
    listener.ended({ cause: why, last, error });
  }

  // ---- messages

  /** @returns what `send` says; undefined where there is no connection that could take it */
  function hand(message: M): boolean | undefined {
    const keepsUp = link?.send(message);
    if (keepsUp !== undefined) {
      outbox.sent(message);
      planAsking();
    } else if (link?.isOpen) {
      // The connection goes on, and has dropped it by its own rule
      tellLost("full", [message]);
      return false;
    }
    return keepsUp;
  }

  function send(message: M): boolean {
    const handed = isBehind ? undefined : hand(message);
    if (handed === undefined) {
      if (state === "away" || state === "open") tellLost("full", outbox.put(message));
      else tellLost("closed", [message]);
    }
    return !!handed;
  }

  function tellLost(reason: Loss<M>["reason"], messages: readonly M[], forgotten = 0): void {
    if (messages.length + forgotten > 0) listener.tell("lost", { reason, messages, forgotten });
  }

  /** Ask soon, unless that is under way: one question answers for all that was sent before it. */
  function planAsking(): void {
    if (isAsking) return;
    isAsking = true;
    askTimer = setTimer(ask, Math.max(0, nextAskMs - nowMs()));
  }

  function ask(): void {
    const asked = link;
    const mark = outbox.mark();
    nextAskMs = nowMs() + (acknowledge.intervalMs ?? 1_000);
    asked?.ask(() => {
      if (asked !== link) return;
      isAsking = false;
      outbox.confirm(mark);
      if (outbox.unacknowledged() > 0) planAsking();
    });
  }

  // ---- what is asked and told from outside

  function lost(lostLink: Link<M>, close: Close, confirmed: boolean): void {
    if (lostLink !== link) return;
    link = undefined;
    cause = last = close;
    clearTimer(askTimer);
    isAsking = false;
    nextAskMs = 0;
    if (confirmed) outbox.confirm(outbox.mark());
    failures = nowMs() - openedMs >= stableMs ? 0 : failures + 1;
    const loss = outbox.disconnected();
    if (state === "closing") {
      tellLost("unacknowledged", ...loss);
      end(endCause, endError);
      return;
    }
    state = "away";
    goOn(undefined, close, (next) => {
      tellLost("unacknowledged", ...loss);
      // Who was told may have closed it
      if (state === "away") listener.tell("away", close, next);
    });
  }

  function close(code?: number, reason?: string): void {
    if (state === "open") {
      link?.close(code, reason);
      state = "closing";
    } else if (state === "away") end(endCause, endError);
  }

  return {
    get state() {
      return state;
    },
    get attempts() {
      return failures;
    },
    get queuedMessages() {
      return outbox.queue.messages.length;
    },
    get queuedBytes() {
      return outbox.queue.bytes;
    },
    get unacknowledged() {
      return outbox.unacknowledged();
    },
    start: () => wait(0),
    send,
    flush() {
      // What is too much for the connection waits for the peer, and what it does not take any more for the next one
      isBehind = false;
      for (const message of outbox.takeQueued()) {
        const handed: boolean | undefined = isBehind ? undefined : hand(message);
        if (handed === undefined) outbox.putBack(message);
        isBehind = !handed;
      }
      isBehind = outbox.queue.messages.length > 0;
    },
    confirm: (count = outbox.unacknowledged()) => outbox.confirm(0, count),
    close,
    abort(error, code) {
      endCause = "aborted";
      endError = error;
      close(code);
    },
    reconnectNow() {
      if (isWaiting) dial();
    },
    hold(held) {
      isHeld = held;
      // Many come back with the network, but none has to be late for that
      if (isWaiting) wait(held ? 0 : backoffMs(options, 0, random()));
    },
    lost,
  };
}
