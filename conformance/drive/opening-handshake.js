/** The client's part of the opening handshake, just enough of it for a test: nothing is offered, so nothing may be chosen.
 * @see RFC 6455 §4.1; for version 8, draft-ietf-hybi-thewebsocketprotocol-10 §4.1 */
import { createHash, randomBytes } from "node:crypto";
import { connect } from "node:net";

/** @typedef {8 | 13} Version */

/** @type {readonly Version[]} */
export const VERSIONS = [13, 8];

const GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
const LOOPBACK = new Set(["127.0.0.1", "[::1]", "localhost"]);

/** A ws: URL on this machine; sending wrong frames to anybody else's server is nobody's business.
 * @param {string} text
 * @throws Error for any other */
export function parseTestUrl(text) {
  const url = new URL(text);
  if (url.protocol !== "ws:") throw new Error(`${text}: give a ws: URL`);
  if (!LOOPBACK.has(url.hostname)) throw new Error(`${text}: only servers on this machine are tested (127.0.0.1)`);
  return url;
}

/** Connect and agree on a connection.
 * @param {URL} url
 * @param {Version} version
 * @param {number} timeoutMs
 * @returns {Promise<{ socket: import("node:net").Socket, head: Buffer }>} `head`: what came with the response. The
 *   socket is paused, and ends only when it is told to */
export function openConnection(url, version, timeoutMs) {
  const key = randomBytes(16).toString("base64");
  const host = url.hostname.replace(/^\[|\]$/g, "");
  const socket = connect({ host, port: Number(url.port || 80), allowHalfOpen: true, noDelay: true });
  return new Promise((resolve, reject) => {
    let received = Buffer.alloc(0);
    let settled = false;
    const listeners = {
      connect: () => socket.write(formatRequest(url, version, key)),
      error: (/** @type {Error} */ error) => fail(error.message),
      end: () => fail("the server ended it"),
      data: (/** @type {Buffer} */ chunk) => {
        received = Buffer.concat([received, chunk]);
        const end = received.indexOf("\r\n\r\n");
        if (end < 0) return;
        const fault = faultIn(received.toString("latin1", 0, end), key);
        if (fault !== undefined) return fail(fault);
        letGo();
        socket.pause();
        resolve({ socket, head: received.subarray(end + 4) });
      },
    };
    // When the loop was held up the timer comes before an answer that has long arrived, hence the turn
    const timer = setTimeout(() => setImmediate(() => fail(`no answer in ${timeoutMs} ms`)), timeoutMs);
    const letGo = () => {
      settled = true;
      clearTimeout(timer);
      for (const [name, listener] of Object.entries(listeners)) socket.off(name, listener);
      socket.on("error", () => {}); // a reset is heard as 'close'
    };
    const fail = (/** @type {string} */ why) => {
      if (settled) return;
      letGo();
      socket.destroy();
      reject(new Error(`opening handshake: ${why}`));
    };
    for (const [name, listener] of Object.entries(listeners)) socket.on(name, listener);
  });
}

/** @param {URL} url
 * @param {Version} version
 * @param {string} key */
function formatRequest(url, version, key) {
  return [
    `GET ${url.pathname}${url.search} HTTP/1.1`,
    `Host: ${url.host}`,
    "Upgrade: websocket",
    "Connection: Upgrade",
    `Sec-WebSocket-Key: ${key}`,
    `Sec-WebSocket-Version: ${version}`,
    `${version === 8 ? "Sec-WebSocket-Origin" : "Origin"}: http://${url.host}`,
    "\r\n",
  ].join("\r\n");
}

/** What is wrong with a response.
 * @param {string} head
 * @param {string} key */
function faultIn(head, key) {
  const [statusLine = "", ...lines] = head.split("\r\n");
  if (!/^HTTP\/1\.1 101(?: |$)/.test(statusLine)) return `the answer is ${statusLine}`;
  const fields = new Map(
    lines.map((line) => [line.split(":", 1).join("").toLowerCase(), line.replace(/^[^:]*:/, "").trim()]),
  );
  if (fields.get("upgrade")?.toLowerCase() !== "websocket") return "Upgrade is not websocket";
  if (!/\bupgrade\b/i.test(fields.get("connection") ?? "")) return "Connection does not contain Upgrade";
  const accept = createHash("sha1")
    .update(key + GUID)
    .digest("base64");
  if (fields.get("sec-websocket-accept") !== accept) return "Sec-WebSocket-Accept is wrong";
  const chosen = ["sec-websocket-extensions", "sec-websocket-protocol"].find((name) => fields.has(name));
  return chosen === undefined ? undefined : `${chosen} was not offered`;
}
