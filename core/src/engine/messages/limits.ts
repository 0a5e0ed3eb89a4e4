import { UsageError } from "../errors.ts";

/** What one connection may cost, in the unit that ends each name. `Infinity` switches a limit off.
 * @see RFC 6455 §10.4 */
export interface Limits {
  /** Payload of one message, all its fragments together. Over it: MESSAGE_TOO_BIG, close 1009. Default 1 MiB. */
  readonly maxMessageBytes: number;
  /** Payload of one frame. Over it: FRAME_TOO_BIG, close 1009. Default: no limit but the message's. */
  readonly maxFrameBytes: number;
  /** Frames of one message, empty ones too. Over it: TOO_MANY_FRAGMENTS, close 1008. Default 16,384. */
  readonly maxFragments: number;
  /** Time from a message's first complete frame header to its last byte. Over it: MESSAGE_TIMEOUT, close 1008. Default 60,000. */
  readonly messageTimeoutMs: number;
  /** Automatic pongs that the peer has not read. Over it: TOO_MANY_PENDING_PONGS, close 1008. Default 1,024. */
  readonly maxPendingPongs: number;
}

export const DEFAULT_LIMITS: Limits = {
  maxMessageBytes: 1 << 20,
  maxFrameBytes: Number.POSITIVE_INFINITY,
  maxFragments: 16_384,
  messageTimeoutMs: 60_000,
  maxPendingPongs: 1_024,
};

/** Fill in the defaults and check every value.
 * @throws UsageError for an unknown name, or a value that is not a positive whole number or Infinity */
export function resolveLimits(given: Partial<Limits> = {}): Limits {
  const limits: Record<keyof Limits, number> = { ...DEFAULT_LIMITS };
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
