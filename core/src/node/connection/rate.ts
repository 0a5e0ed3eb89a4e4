/**
 * How much a peer may send in a time: a token bucket for frames and one for bytes, each as one number, the time at which the
 * bucket will be full again.
 * In: what was received, and when. Out: whether that was too much, and until when. It does nothing about it.
 */
import { LimitError, UsageError } from "../../engine/errors.ts";
import { checkNames, positive } from "./option-checks.ts";

/** How quickly a peer may send. */
export interface RateOptions {
  /** Frames of all kinds: a message in one frame counts once, a ping once. Default 200,000. */
  readonly messagesPerSecond?: number | undefined;
  /** As received, framing included, and what compressed messages become. Default 256 MiB. */
  readonly bytesPerSecond?: number | undefined;
  /** So much of a second's allowance may come at once, after silence, in ms. Default 1,000. */
  readonly burstMs?: number | undefined;
  /** Above it: "slow" reads the peer more slowly, so that TCP slows it down, and nothing is lost; "close" fails the
   * connection (RATE_EXCEEDED, 1008); "drop" hands whole messages above it over to nobody, counts them, and says so once in a while
   * to the `error` handler (RATE_EXCEEDED; the connection goes on); only with `reception: "messages"`. Default "slow". */
  readonly policy?: "slow" | "close" | "drop" | undefined;
}

/** The options, ready for use; one object for all connections of a kind. */
export interface RateSettings {
  readonly messagesPerSecond: number;
  readonly bytesPerSecond: number;
  readonly burstMs: number;
  readonly policy: "slow" | "close" | "drop";
}

const NAMES: readonly string[] = ["messagesPerSecond", "bytesPerSecond", "burstMs", "policy"];
const POLICIES: readonly unknown[] = ["slow", "close", "drop"];

/** Check the option and fill in the defaults.
 * @returns undefined where nothing is limited, and so nothing counted
 * @throws UsageError naming what is wrong */
export function resolveRate(option: false | RateOptions = {}): RateSettings | undefined {
  if (option === false) return undefined;
  checkNames(option, "rate", NAMES);
  const { policy = "slow" } = option;
  if (!POLICIES.includes(policy)) {
    throw new UsageError(`rate.policy is ${String(policy)}; give one of ${POLICIES.join(", ")}`);
  }
  const settings: RateSettings = {
    messagesPerSecond: positive("rate.messagesPerSecond", option.messagesPerSecond, 200_000),
    bytesPerSecond: positive("rate.bytesPerSecond", option.bytesPerSecond, 256 << 20),
    burstMs: positive("rate.burstMs", option.burstMs, 1_000),
    policy,
  };
  const { messagesPerSecond, bytesPerSecond, burstMs } = settings;
  const isUnlimited =
    burstMs === Number.POSITIVE_INFINITY || Math.min(messagesPerSecond, bytesPerSecond) === Number.POSITIVE_INFINITY;
  return isUnlimited ? undefined : settings;
}

/** What one peer has sent of late. */
export class RateMeter {
  readonly #rate: RateSettings;
  /** When each bucket will be full again. */
  #messagesFullMs = 0;
  #bytesFullMs = 0;
  #nowMs = 0;
  /** From when on the peer may go on; in the past where it may. */
  resumeMs = 0;
  /** Whether the application knows of the present excess. */
  isTold = false;

  constructor(rate: RateSettings) {
    this.#rate = rate;
  }

  /** Bytes were received. */
  addBytes(bytes: number, nowMs: number): void {
    this.#nowMs = nowMs;
    this.#bytesFullMs = Math.max(this.#bytesFullMs, nowMs) + (bytes * 1_000) / this.#rate.bytesPerSecond;
  }

  /** What was received has become so many bytes. */
  addMore(bytes: number): void {
    this.#bytesFullMs += (bytes * 1_000) / this.#rate.bytesPerSecond;
  }

  /** Frames were read.
   * @returns whether the peer has sent too much */
  addFrames(frames: number): boolean {
    const { messagesPerSecond, burstMs } = this.#rate;
    this.#messagesFullMs = Math.max(this.#messagesFullMs, this.#nowMs) + (frames * 1_000) / messagesPerSecond;
    const fullMs = Math.max(this.#messagesFullMs, this.#bytesFullMs);
    if (fullMs <= this.#nowMs + burstMs) {
      // At half a bucket it is over, so that a peer at the limit is not news with every second message
      if (fullMs <= this.#nowMs + burstMs / 2) this.isTold = false;
      return false;
    }
    this.resumeMs = fullMs - burstMs;
    return true;
  }

  /** Whether nothing of what was sent counts any more. */
  isForgotten(nowMs: number): boolean {
    return Math.max(this.#messagesFullMs, this.#bytesFullMs) <= nowMs;
  }

  get policy(): RateSettings["policy"] {
    return this.#rate.policy;
  }

  /** What was too much: the bucket that is emptier, what it may give at once, and what was taken of it. */
  get error(): LimitError {
    const { messagesPerSecond, bytesPerSecond, burstMs } = this.#rate;
    const isMessages = this.#messagesFullMs >= this.#bytesFullMs;
    const [option, perSecond] = isMessages
      ? ["messagesPerSecond", messagesPerSecond]
      : ["bytesPerSecond", bytesPerSecond];
    const takenMs = Math.max(this.#messagesFullMs, this.#bytesFullMs) - this.#nowMs;
    const [most, taken] = [Math.floor((perSecond * burstMs) / 1_000), Math.ceil((perSecond * takenMs) / 1_000)];
    return new LimitError("RATE_EXCEEDED", most, taken, `rate.${option}`);
  }
}
