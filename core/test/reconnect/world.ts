import {
  type Attempt,
  type Clock,
  createLoop,
  type End,
  type Link,
  type Listener,
  type Loop,
  type LoopOptions,
  type Outcome,
  type Steps,
} from "../../src/reconnect/loop.ts";
import type { Loss } from "../../src/reconnect/outbox.ts";

export interface Message {
  readonly text: string;
  readonly bytes: number;
}

export interface Closing {
  readonly code: number;
}

interface Timer {
  readonly atMs: number;
  readonly ring: () => void;
}

/** A clock that stands still until it is told to go on, and chance that is what the test says. */
export class TestClock implements Clock {
  #nowMs = 1_000;
  readonly #timers = new Set<unknown>();
  chance = 1;

  readonly nowMs = (): number => this.#nowMs;
  readonly random = (): number => this.chance;
  readonly setTimer = (ring: () => void, delayMs: number): unknown => {
    // As setTimeout does with a delay that it cannot count
    if (delayMs > 2 ** 31 - 1) throw new RangeError(`${delayMs} ms`);
    const timer: Timer = { atMs: this.#nowMs + delayMs, ring };
    this.#timers.add(timer);
    return timer;
  };
  readonly clearTimer = (timer: unknown): void => {
    this.#timers.delete(timer);
  };

  get timers(): number {
    return this.#timers.size;
  }

  advance(ms: number): void {
    const endMs = this.#nowMs + ms;
    for (let next = this.#earliest(endMs); next !== undefined; next = this.#earliest(endMs)) {
      this.#timers.delete(next);
      this.#nowMs = Math.max(this.#nowMs, next.atMs);
      next.ring();
    }
    this.#nowMs = endMs;
  }

  /** Time passes, but no timer rings until all of it is over. */
  sleep(ms: number): void {
    this.#nowMs += ms;
  }

  #earliest(endMs: number): Timer | undefined {
    const due = ([...this.#timers] as Timer[]).filter(({ atMs }) => atMs <= endMs);
    return due.sort((a, b) => a.atMs - b.atMs)[0];
  }
}

/** A connection to a peer that answers when it is told to. */
export class TestLink implements Link<Message> {
  readonly sent: string[] = [];
  readonly closes: (number | undefined)[] = [];
  /** Who waits for the peer's answers. */
  readonly questions: (() => void)[] = [];
  isOpen = true;
  keepsUp = true;
  /** Drops what it is given, and goes on. */
  drops = false;

  send({ text }: Message): boolean | undefined {
    if (!this.isOpen || this.drops) return undefined;
    this.sent.push(text);
    return this.keepsUp;
  }

  ask(answered: () => void): void {
    this.questions.push(answered);
  }

  answer(): void {
    this.questions.shift()?.();
  }

  close(code?: number): void {
    this.isOpen = false;
    this.closes.push(code);
  }
}

/** A loop whose dialer does what the test says, and a log of what it told. */
export class World implements Listener<Message, Closing> {
  readonly clock = new TestClock();
  readonly log: string[] = [];
  readonly attempts: Attempt[] = [];
  readonly losses: Loss<Message>[] = [];
  readonly loop: Loop<Message, Closing>;
  end: End<Closing> | undefined;
  link = new TestLink();
  outcome: Outcome<Message> | undefined;
  givenUp = 0;
  stopCodes: readonly number[] = [1000];
  stopErrors: readonly unknown[] = [];
  retryMs = 0;
  /** Called for each step, after it was noted. */
  on: (name: string) => void = () => {};

  constructor(options: LoopOptions = {}, attemptTimeoutMs = 10_000) {
    this.loop = createLoop(options, attemptTimeoutMs, this.clock, this);
  }

  dial(attempt: Attempt, outcome: Outcome<Message>): () => void {
    this.attempts.push(attempt);
    this.outcome = outcome;
    return () => {
      this.givenUp += 1;
    };
  }

  late(): string {
    return "late";
  }

  stops(error: unknown, close: Closing | undefined): boolean {
    return close === undefined ? this.stopErrors.includes(error) : this.stopCodes.includes(close.code);
  }

  retryAfterMs(): number {
    return this.retryMs;
  }

  tell<Name extends keyof Steps<Message, Closing>>(name: Name, ...values: Steps<Message, Closing>[Name]): void {
    const [first] = values;
    if (name === "lost") this.#noteLoss(first as Loss<Message>);
    else if (name === "attempt") this.log.push(`attempt ${(first as Attempt).number}`);
    else this.log.push(`${name} ${JSON.stringify(values)}`);
    this.on(name);
  }

  ended(end: End<Closing>): void {
    this.end = end;
    this.log.push(`ended ${end.cause}`);
    this.on("ended");
  }

  #noteLoss(loss: Loss<Message>): void {
    this.losses.push(loss);
    const forgotten = loss.forgotten === 0 ? "" : ` +${loss.forgotten}`;
    this.log.push(`lost ${loss.reason}: ${loss.messages.map(({ text }) => text).join(" ")}${forgotten}`);
  }

  /** Take what was noted so far. */
  take(): string[] {
    return this.log.splice(0);
  }

  /** Begin, and open the first connection. */
  open(): TestLink {
    this.loop.start();
    this.clock.advance(0);
    return this.succeed();
  }

  /** The attempt that is under way succeeds. */
  succeed(): TestLink {
    this.link = new TestLink();
    this.outcome?.opened(this.link);
    this.loop.flush();
    return this.link;
  }

  fail(error: unknown = "refused"): void {
    this.outcome?.failed(error);
  }

  /** The connection ends. */
  lose(code = 1006, confirmed = false): void {
    this.link.isOpen = false;
    this.loop.lost(this.link, { code }, confirmed);
  }

  send(...texts: string[]): boolean[] {
    return texts.map((text) => this.loop.send({ text, bytes: text.length }));
  }
}

/** A sequence of chances that is always the same for a seed (xorshift32). */
export function chancesOf(seed: number): () => number {
  let state = seed | 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}
