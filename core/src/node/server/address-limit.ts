/**
 * What one address may have and do: so many connections at a time, and so many handshakes in a time.
 * In: addresses that come and go. Out: whether one more may come. It answers nobody itself, and what it remembers is bounded.
 */
import { HandshakeError, UsageError } from "../../engine/errors.ts";
import { checkNames, positive, wholeNumber } from "../connection/option-checks.ts";
import { addressKey, isLocal } from "./address-key.ts";

/** The most connections that one address may have at a time; or a function that is asked at each handshake, so that the
 * number may change and differ. Below 1: none may. */
export type MaxConnectionsPerAddress = number | ((address: string) => number);

/** How quickly handshakes of one address may come. */
export interface HandshakeRate {
  /** Default 100. */
  readonly perSecond?: number | undefined;
  /** So many at once, after a pause. Default 1,024. */
  readonly burst?: number | undefined;
}

/** The options about addresses. */
export interface AddressOptions {
  readonly maxConnectionsPerAddress?: MaxConnectionsPerAddress | undefined;
  readonly handshakeRate?: false | HandshakeRate | undefined;
  readonly ipv6PrefixBits?: number | undefined;
}

const DEFAULT_CONNECTIONS = 1_024;
const DEFAULT_RATE = { perSecond: 100, burst: 1_024 };
const NEVER = Number.POSITIVE_INFINITY;
/** Addresses that are remembered before those are looked for that need it no longer. */
const FIRST_SWEEP = 1_024;
/** Addresses without a connection that are remembered at most: about 10 MB. */
const MOST_WITHOUT = 65_536;

/** An address that is known. */
interface Known {
  /** Connections, open or about to be. */
  connections: number;
  /** When it may again have as many handshakes at once as may be. */
  fullMs: number;
}

interface Limits {
  readonly max: MaxConnectionsPerAddress;
  readonly perSecond: number;
  readonly burst: number;
  readonly ipv6PrefixBits: number;
  /** Whether the limit is the default, which does not hold for addresses of this machine and of private networks. */
  readonly isDefaultMax: boolean;
  readonly isDefaultRate: boolean;
}

export class AddressLimit {
  readonly #limits: Limits;
  readonly #known = new Map<string, Known>();
  #sweepAt = FIRST_SWEEP;

  constructor(limits: Limits) {
    this.#limits = limits;
  }

  /** How many addresses it remembers. */
  get size(): number {
    return this.#known.size;
  }

  /** One more comes.
   * @param address undefined where there is none, as on a Unix socket; that is not counted
   * @returns why it may not; then it is not counted either */
  enter(address: string | undefined, nowMs: number): HandshakeError | undefined {
    if (address === undefined) return undefined;
    const key = addressKey(address, this.#limits.ipv6PrefixBits);
    const known = this.#known.get(key) ?? { connections: 0, fullMs: 0 };
    const error = this.#check(known, address, nowMs);
    if (error === undefined) known.connections += 1;
    if (error === undefined || known.fullMs > nowMs) this.#remember(key, known, nowMs);
    return error;
  }

  /** One that had entered has gone. */
  leave(address: string | undefined, nowMs: number): void {
    if (address === undefined) return;
    const key = addressKey(address, this.#limits.ipv6PrefixBits);
    const known = this.#known.get(key);
    if (known === undefined) return;
    known.connections -= 1;
    if (known.connections <= 0 && known.fullMs <= nowMs) this.#known.delete(key);
  }

  #check(known: Known, address: string, nowMs: number): HandshakeError | undefined {
    const { isDefaultMax, isDefaultRate } = this.#limits;
    const tooQuick = this.#checkRate(known, nowMs);
    if (tooQuick !== undefined && !(isDefaultRate && isLocal(address))) return tooQuick;
    const tooMany = this.#checkMax(known, address);
    return tooMany !== undefined && isDefaultMax && isLocal(address) ? undefined : tooMany;
  }

  #checkRate(known: Known, nowMs: number): HandshakeError | undefined {
    const { perSecond, burst } = this.#limits;
    if (perSecond === NEVER) return undefined;
    const eachMs = 1_000 / perSecond;
    const fullMs = Math.max(known.fullMs, nowMs) + eachMs;
    // One that is refused takes nothing from those to come: whoever waits as long as it is told gets in
    if (fullMs > nowMs + burst * eachMs) {
      return new HandshakeError("HANDSHAKES_TOO_QUICK", `handshakeRate is ${perSecond} a second, ${burst} at once`);
    }
    known.fullMs = fullMs;
    return undefined;
  }

  #checkMax({ connections }: Known, address: string): HandshakeError | undefined {
    const { max } = this.#limits;
    try {
      const most = readMax(typeof max === "function" ? max(address) : max);
      if (connections >= most) return new HandshakeError("TOO_MANY_FROM_ADDRESS", `at most ${most}`);
      return undefined;
    } catch (cause) {
      return new HandshakeError("UPGRADE_FAILED", cause instanceof Error ? cause.message : String(cause), { cause });
    }
  }

  #remember(key: string, known: Known, nowMs: number): void {
    this.#known.set(key, known);
    if (this.#known.size < this.#sweepAt) return;
    let without = 0;
    for (const [other, { connections, fullMs }] of this.#known) {
      if (connections > 0) continue;
      if (fullMs <= nowMs) this.#known.delete(other);
      else without += 1;
    }
    // The ones that are known for the longest first: a crowd of addresses may not cost more than a crowd of connections
    for (const [other, { connections }] of this.#known) {
      if (without <= MOST_WITHOUT) break;
      if (connections > 0) continue;
      this.#known.delete(other);
      without -= 1;
    }
    this.#sweepAt = Math.max(FIRST_SWEEP, 2 * this.#known.size);
  }
}

/** Check the options.
 * @returns undefined where nothing is limited, and so nothing counted
 * @throws UsageError for wrong values */
export function resolveAddressLimit(options: AddressOptions): AddressLimit | undefined {
  const { maxConnectionsPerAddress = DEFAULT_CONNECTIONS, handshakeRate = {} } = options;
  if (typeof maxConnectionsPerAddress !== "function") readMax(maxConnectionsPerAddress);
  const rate: HandshakeRate = handshakeRate === false ? { perSecond: NEVER } : handshakeRate;
  checkNames(rate, "handshakeRate", ["perSecond", "burst"]);
  const perSecond = positive("handshakeRate.perSecond", rate.perSecond, DEFAULT_RATE.perSecond);
  const limits: Limits = {
    max: maxConnectionsPerAddress,
    perSecond,
    burst: wholeNumber("handshakeRate.burst", rate.burst, DEFAULT_RATE.burst),
    ipv6PrefixBits: readPrefix(options.ipv6PrefixBits),
    isDefaultMax: options.maxConnectionsPerAddress === undefined,
    isDefaultRate: options.handshakeRate === undefined,
  };
  if (limits.max === NEVER && perSecond === NEVER) return undefined;
  return new AddressLimit(limits);
}

function readPrefix(bits: unknown = 64): number {
  if (Number.isSafeInteger(bits) && Number(bits) >= 1 && Number(bits) <= 128) return Number(bits);
  throw new UsageError(`ipv6PrefixBits is ${String(bits)}; give a whole number from 1 to 128`);
}

function readMax(max: unknown): number {
  if (typeof max === "number" && !Number.isNaN(max)) return max;
  throw new UsageError(
    `maxConnectionsPerAddress is ${String(max)}; give a number, Infinity for no limit, or a function that returns one`,
  );
}
