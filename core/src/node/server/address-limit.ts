import { HandshakeError, UsageError } from "../../engine/errors.ts";

/** The most connections that one address may have at a time; or a function that is asked at each handshake, so that the
 * number may change and differ. Below 1: none may. */
export type MaxConnectionsPerAddress = number | ((address: string) => number);

/** How many connections, open or about to be, each address has. In: addresses that come and go. Out: whether one more may come. */
export class AddressLimit {
  readonly #max: MaxConnectionsPerAddress;
  readonly #counts = new Map<string, number>();

  constructor(max: MaxConnectionsPerAddress) {
    this.#max = max;
  }

  /** One more comes.
   * @param address undefined where there is none, as on a Unix socket; that is not counted
   * @returns why it may not; then it is not counted either */
  enter(address: string | undefined): HandshakeError | undefined {
    if (address === undefined) return undefined;
    const count = this.#counts.get(address) ?? 0;
    try {
      const max = readMax(typeof this.#max === "function" ? this.#max(address) : this.#max);
      if (count >= max) return new HandshakeError("TOO_MANY_FROM_ADDRESS", `at most ${max}`);
    } catch (cause) {
      return new HandshakeError("UPGRADE_FAILED", cause instanceof Error ? cause.message : String(cause), { cause });
    }
    this.#counts.set(address, count + 1);
    return undefined;
  }

  /** One that had entered has gone. */
  leave(address: string | undefined): void {
    if (address === undefined) return;
    const count = this.#counts.get(address) ?? 0;
    if (count > 1) this.#counts.set(address, count - 1);
    else this.#counts.delete(address);
  }
}

/** Check the option.
 * @returns undefined where nothing is limited, and so nothing counted
 * @throws UsageError for anything else than a number or a function */
export function resolveAddressLimit(max: MaxConnectionsPerAddress | undefined): AddressLimit | undefined {
  if (max === undefined || max === Number.POSITIVE_INFINITY) return undefined;
  if (typeof max !== "function") readMax(max);
  return new AddressLimit(max);
}

function readMax(max: unknown): number {
  if (typeof max === "number" && !Number.isNaN(max)) return max;
  throw new UsageError(
    `maxConnectionsPerAddress is ${String(max)}; give a number, Infinity for no limit, or a function that returns one`,
  );
}
