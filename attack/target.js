/** What a URL stands for, and that it is on loopback. */
import { lookup } from "node:dns/promises";
import { readFileSync } from "node:fs";
import net from "node:net";

/** @typedef {import("./attack.js").Target} Target */

const LOOPBACK = new net.BlockList();
LOOPBACK.addSubnet("127.0.0.0", 8, "ipv4");
LOOPBACK.addAddress("::1", "ipv6");

/** Whether an address is 127.0.0.0/8, ::1, or the former written as an IPv6 one.
 * @param {string} address */
export function isLoopback(address) {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1] ?? address;
  const family = net.isIP(mapped);
  return family !== 0 && LOOPBACK.check(mapped, family === 6 ? "ipv6" : "ipv4");
}

/** All addresses of the URL's host must be loopback's; the first one that listens is attacked, and only by its address.
 * @param {string} text
 * @param {{ http2?: boolean, ca?: string | undefined, insecure?: boolean, echo?: boolean }} [options]
 * @returns {Promise<Target>}
 * @throws Error in words for whoever typed the URL */
export async function resolveTarget(text, { http2 = false, ca, insecure = false, echo = true } = {}) {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^(wss?|https?):$/.test(url.protocol)) throw new Error(`${text} is not a ws: or wss: URL`);
  const secure = url.protocol === "wss:" || url.protocol === "https:";
  const port = Number(url.port) || (secure ? 443 : 80);
  const hostname = url.hostname.replace(/^\[|\]$/g, "");
  const found = (await lookup(hostname, { all: true })).map(({ address }) => address);
  const foreign = found.find((address) => !isLoopback(address));
  if (foreign !== undefined)
    throw new Error(`${hostname} is ${foreign}, which is not loopback: this attacks nothing else`);
  const address = await firstThatListens(found, port);
  if (address === undefined) throw new Error(`nobody listens on port ${port} of ${found.join(", ")}`);
  return {
    ...{ href: text, address, port, host: url.host, path: `${url.pathname}${url.search}`, secure },
    ...{ version: http2 ? "2.0" : "1.1", insecure, echo, ca: ca === undefined ? undefined : readFileSync(ca, "utf8") },
  };
}

/** @param {readonly string[]} addresses
 * @param {number} port */
async function firstThatListens(addresses, port) {
  for (const address of addresses) if (await listens(address, port)) return address;
  return undefined;
}

/** @param {string} address
 * @param {number} port
 * @returns {Promise<boolean>} */
export function listens(address, port) {
  return new Promise((resolve) => {
    const socket = net.connect({ host: address, port, timeout: 5000 });
    const finish = (/** @type {boolean} */ result) => {
      socket.destroy();
      resolve(result);
    };
    socket
      .once("connect", () => finish(true))
      .once("error", () => finish(false))
      .once("timeout", () => finish(false));
  });
}
