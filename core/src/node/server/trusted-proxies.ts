/**
 * Who is at the other end when proxies are in between.
 * In: the `trustProxy` option, the socket's address, X-Forwarded-* headers. Out: the client's address, scheme and host.
 * Without the option the headers are never looked at, because anybody can send them.
 */
import { BlockList, isIP } from "node:net";
import { UsageError } from "../../engine/errors.ts";
import { ownString } from "./own-string.ts";

/** Which proxies may say whom they speak for: all of them (`true`), so many hops, or these addresses and networks
 * ("10.0.0.0/8", "::1"). Default: none. */
export type TrustProxy = boolean | number | readonly string[];

/** The end of the chain of proxies as far as it is trusted. */
export interface Forwarded {
  /** An IP address; undefined only where the socket has none. */
  readonly address: string | undefined;
  /** How many proxies were believed; 0 for none. */
  readonly hops: number;
}

type IsTrusted = (address: string | undefined, hop: number) => boolean;

/** The option `trustProxy`, ready for use. */
export class TrustedProxies {
  readonly #isTrusted: IsTrusted;

  /** @throws UsageError for a negative number, or an entry that is neither an address nor a network */
  constructor(option: TrustProxy = false) {
    this.#isTrusted = compile(option);
  }

  /** Whether what is at the other end of a socket is a proxy that is trusted. */
  trusts(socketAddress: string | undefined): boolean {
    return this.#isTrusted(socketAddress, 0);
  }

  /** Walk from the socket's address through X-Forwarded-For, right to left, for as long as the proxies are trusted.
   * An entry that is no address ends the walk at the proxy that wrote it.
   * @param readForwardedFor called only for a proxy that is trusted */
  resolve(socketAddress: string | undefined, readForwardedFor: () => string | undefined): Forwarded {
    if (!this.#isTrusted(socketAddress, 0)) return { address: socketAddress, hops: 0 };
    const entries = readForwardedFor()?.split(",") ?? [];
    let address = socketAddress;
    let hops = 0;
    while (this.#isTrusted(address, hops)) {
      const next = readAddress(entries[entries.length - 1 - hops]);
      // A trusted proxy that says nothing is still a proxy: its X-Forwarded-Proto counts
      if (next === undefined) return { address, hops: Math.max(hops, 1) };
      address = ownString(next);
      hops += 1;
    }
    return { address, hops };
  }
}

/** The element of a forwarded list that the outermost of the trusted proxies wrote; the first where there are fewer.
 * @param list the header's value
 * @param hops how many are trusted, at least one
 * @returns undefined where the list has nothing */
export function forwardedValue(list: string | undefined, hops: number): string | undefined {
  if (list === undefined) return undefined;
  const values = list.split(",");
  return values[Math.max(values.length - hops, 0)]?.trim() || undefined;
}

function compile(option: TrustProxy): IsTrusted {
  if (typeof option === "boolean") return () => option;
  if (typeof option === "number" && Number.isSafeInteger(option) && option >= 0) return (_address, hop) => hop < option;
  if (!Array.isArray(option)) {
    throw new UsageError(`trustProxy is ${String(option)}; give true, a number of hops, or a list of addresses`);
  }
  const networks = new BlockList();
  for (const entry of option) addNetwork(networks, String(entry));
  return (address) => isListed(networks, address);
}

function addNetwork(networks: BlockList, entry: string): void {
  const [address = "", bits, more] = entry.split("/");
  const family = isIP(address);
  const most = family === 4 ? 32 : 128;
  const prefix = bits === undefined ? most : /^\d{1,3}$/.test(bits) ? Number(bits) : Number.NaN;
  if (family === 0 || more !== undefined || !(prefix <= most)) {
    throw new UsageError(
      `trustProxy has ${JSON.stringify(entry)}; give an address such as "127.0.0.1", or "10.0.0.0/8"`,
    );
  }
  networks.addSubnet(address, prefix, family === 4 ? "ipv4" : "ipv6");
}

function isListed(networks: BlockList, address: string | undefined): boolean {
  const [plain = ""] = address?.split("%") ?? [];
  const family = isIP(plain);
  return family !== 0 && networks.check(plain, family === 4 ? "ipv4" : "ipv6");
}

/** An address as proxies write it, perhaps in brackets or with a port. */
function readAddress(entry: string | undefined): string | undefined {
  const text = entry?.trim() ?? "";
  if (isIP(text) !== 0) return text;
  const [, bracketed, withPort] = /^(?:\[([^\]]*)\](?::\d+)?|([\d.]+):\d+)$/.exec(text) ?? [];
  const address = bracketed ?? withPort ?? "";
  return isIP(address) === 0 ? undefined : address;
}
