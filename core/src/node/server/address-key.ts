import { BlockList, isIP } from "node:net";

/** Addresses of machines that may stand for many clients: proxies and load balancers, or this machine itself. */
const LOCAL = new BlockList();
for (const [network, bits] of [
  ["127.0.0.0", 8],
  ["10.0.0.0", 8],
  ["172.16.0.0", 12],
  ["192.168.0.0", 16],
  ["169.254.0.0", 16],
  ["100.64.0.0", 10],
] as const) {
  LOCAL.addSubnet(network, bits, "ipv4");
}
LOCAL.addAddress("::1", "ipv6");
LOCAL.addSubnet("fc00::", 7, "ipv6");
LOCAL.addSubnet("fe80::", 10, "ipv6");

const GROUPS = 8;
const GROUP_BITS = 16;

/** Whether an address is of this machine or of a private network (RFC 1918, 4193, 6598, 3927, 4291). */
export function isLocal(address: string): boolean {
  const [plain = ""] = address.split("%");
  const family = isIP(plain);
  // An IPv4 address that is mapped into IPv6 is looked for among those of IPv4
  return family !== 0 && LOCAL.check(plain, family === 4 ? "ipv4" : "ipv6");
}

/** What counts as one address: an IPv4 address, mapped into IPv6 or not, or the network of an IPv6 address, because whoever has
 * one address of IPv6 has a network of them (RFC 6177).
 * @param prefixBits how long the network's prefix is
 * @returns the text itself for what is no address */
export function addressKey(address: string, prefixBits: number): string {
  if (isIP(address) !== 6) return address;
  const groups = readGroups(address);
  if (groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xffff) return mapped(groups);
  const network = groups.map((group, index) => group & groupMask(prefixBits - index * GROUP_BITS));
  return `${network.map((group) => group.toString(16)).join(":")}/${prefixBits}`;
}

/** The 8 numbers of an IPv6 address that is valid. */
function readGroups(address: string): number[] {
  const [plain = ""] = address.split("%");
  const [before = "", after] = plain.split("::");
  const head = readPart(before);
  const tail = after === undefined ? [] : readPart(after);
  return [...head, ...new Array<number>(GROUPS - head.length - tail.length).fill(0), ...tail];
}

function readPart(part: string): number[] {
  if (part === "") return [];
  return part.split(":").flatMap((group) => {
    if (!group.includes(".")) return [Number.parseInt(group, 16)];
    const [a = 0, b = 0, c = 0, d = 0] = group.split(".").map(Number);
    return [(a << 8) | b, (c << 8) | d];
  });
}

function mapped(groups: readonly number[]): string {
  const [high = 0, low = 0] = groups.slice(6);
  return [high >> 8, high & 0xff, low >> 8, low & 0xff].join(".");
}

/** The bits of a group that belong to a prefix which goes on for so many bits from the group's first on. */
function groupMask(bits: number): number {
  if (bits <= 0) return 0;
  return bits >= GROUP_BITS ? 0xffff : (0xffff << (GROUP_BITS - bits)) & 0xffff;
}
