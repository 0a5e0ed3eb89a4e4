/**
 * Asks a peer for signs of life with messages of the application's, where there are no pings.
 * In: what arrives, the time. Out: the message to send, the answers, and that the peer is gone. At most one timer.
 */
import type { Clock } from "./loop.ts";

/** A question and how its answer is known. The answer is no message of the application's any more. */
export interface HeartbeatOptions {
  readonly message: string;
  readonly isAnswer: (data: string | Uint8Array) => boolean;
  /** Time between two questions. Default 30,000. */
  readonly intervalMs?: number | undefined;
  /** How long nothing may arrive after a question before the connection is given up. Default 10,000. */
  readonly timeoutMs?: number | undefined;
}

/** What a connection does for its signs of life. */
export interface Heartbeat {
  /** Ask now.
   * @param answered called when the peer has answered, so that it has all that was sent before */
  ask(answered?: () => void): void;
  /** Ask now, unless an answer is waited for. */
  check(): void;
  /** Something arrived.
   * @returns whether it is an answer */
  received(data: string | Uint8Array): boolean;
  stop(): void;
}

/** Begin with the first interval.
 * @param send sends the message
 * @param giveUp called when nothing came in time */
export function createHeartbeat(
  { isAnswer, intervalMs = 30_000, timeoutMs = 10_000 }: HeartbeatOptions,
  { nowMs, setTimer, clearTimer }: Clock,
  send: () => void,
  giveUp: () => void,
): Heartbeat {
  /** Who waits for answers, the oldest first; undefined for nobody. The peer answers in order. */
  let questions: ((() => void) | undefined)[] = [];
  let timer: unknown;

  /** Whatever arrives, or is asked, begins a new time. */
  function plan(): void {
    clearTimer(timer);
    const fromMs = nowMs();
    const ring = (): void => {
      if (questions.length === 0) ask();
      // The machine has slept: what arrived meanwhile is not read yet
      else if (nowMs() - fromMs > 2 * timeoutMs) plan();
      else giveUp();
    };
    timer = setTimer(ring, questions.length === 0 ? intervalMs : timeoutMs);
  }

  function ask(answered?: () => void): void {
    questions.push(answered);
    send();
    if (questions.length === 1) plan();
  }

  plan();
  return {
    ask,
    check() {
      if (questions.length === 0) ask();
    },
    received(data) {
      const isOne = isAnswer(data);
      if (isOne) questions.shift()?.();
      plan();
      return isOne;
    },
    stop() {
      clearTimer(timer);
      questions = [];
    },
  };
}
