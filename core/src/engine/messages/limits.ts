import { UsageError } from "../errors.ts";

/** What one connection may cost, in the unit that ends each name. `Infinity` switches a limit off.
 * @see RFC 6455 §10.4 */
export interface Limits {
  /** Payload of one message, all its fragments together. Over it: MESSAGE_TOO_BIG, close 1009. Default 1 MiB. */
  readonly maxMessageBytes: number;
  /** Payload of one frame. Over it: FRAME_TOO_BIG, close 1009. Default: no limit but the message's. */
  readonly maxFrameBytes: number;
  /** Payload of a message that comes in several frames and is put together here; not of one that comes in a single frame,
   * nor of what is handed over in pieces. Over it: MESSAGE_TOO_BIG, close 1009. Default: no limit but the message's. */
  readonly maxAssembledBytes?: number;
  /** Payload that has arrived of a frame that is not complete; one that comes whole in a single read may be larger. Over it:
   * FRAME_TOO_BIG, close 1009. Default: no limit but the others. */
  readonly maxIncompleteFrameBytes?: number;
  /** Frames of one message, empty ones too. Over it: TOO_MANY_FRAGMENTS, close 1008. Default 16,384. */
  readonly maxFragments: number;
  /** Time from a message's first complete frame header to its last byte. Over it: MESSAGE_TIMEOUT, close 1008. Default 60,000. */
  readonly messageTimeoutMs: number;
  /** Automatic pongs that the peer has not read. Over it: TOO_MANY_PENDING_PONGS, close 1008. Default 1,024. */
  readonly maxPendingPongs: number;
}

export const DEFAULT_LIMITS: Required<Limits> = {
  maxMessageBytes: 1 << 20,
  maxFrameBytes: Number.POSITIVE_INFINITY,
  maxAssembledBytes: Number.POSITIVE_INFINITY,
  maxIncompleteFrameBytes: Number.POSITIVE_INFINITY,
  maxFragments: 16_384,
  messageTimeoutMs: 60_000,
  maxPendingPongs: 1_024,
};

/** Limits that several servers and clients have in common, and that may change while their connections live. */
export interface SharedLimits {
  /** For the option `limits`, as it is. */
  readonly limits: Limits;
  /** Set new values; they hold from the next frame on, for connections that are open too.
   * @throws UsageError as `sharedLimits`; nothing is changed then */
  change(values: Partial<Limits>): void;
}

type MutableLimits = Record<keyof Limits, number>;

const shared = new WeakSet<Partial<Limits>>();

/** Make limits that can be changed later.
 * @throws UsageError for an unknown name, or a value that is not a positive whole number or Infinity */
export function sharedLimits(initial: Partial<Limits> = {}): SharedLimits {
  const limits = fill({ ...DEFAULT_LIMITS }, initial);
  shared.add(limits);
  return { limits, change: (values) => void Object.assign(limits, fill({ ...limits }, values)) };
}

/** The largest payload that a message may have however it comes: what a compressed one may be when it is inflated. */
export function largestMessage(limits: Limits): number {
  const { maxMessageBytes, maxFrameBytes } = limits;
  const { maxAssembledBytes = Number.POSITIVE_INFINITY, maxIncompleteFrameBytes = Number.POSITIVE_INFINITY } = limits;
  return Math.min(maxMessageBytes, Math.max(Math.min(maxFrameBytes, maxIncompleteFrameBytes), maxAssembledBytes));
}

/** Fill in the defaults and check every value; limits of `sharedLimits` stay the object that they are.
 * @throws UsageError for an unknown name, or a value that is not a positive whole number or Infinity */
export function resolveLimits(given: Partial<Limits> = {}): Limits {
  return isShared(given) ? given : fill({ ...DEFAULT_LIMITS }, given);
}

function isShared(given: Partial<Limits>): given is Limits {
  return shared.has(given);
}

function fill(limits: MutableLimits, given: Partial<Limits>): MutableLimits {
  for (const [name, value] of Object.entries(given)) {
    if (!isLimitName(name)) {
      throw new UsageError(`limits.${name} is unknown; the names are ${Object.keys(DEFAULT_LIMITS).join(", ")}`);
    }
    if (value === undefined) continue;
    if (value !== Number.POSITIVE_INFINITY && !(Number.isSafeInteger(value) && value > 0)) {
      throw new UsageError(`limits.${name} is ${String(value)}; give a whole number above 0, or Infinity for none`);
    }
    limits[name] = value;
  }
  return limits;
}

function isLimitName(name: string): name is keyof Limits {
  return Object.hasOwn(DEFAULT_LIMITS, name);
}
