/** The client's part of the opening handshake, just enough of it for a test: nothing is offered, so nothing may be chosen.
 * @see RFC 6455 §4.1; for version 8, draft-ietf-hybi-thewebsocketprotocol-10 §4.1 */
import { randomBytes } from "node:crypto";
import { connect } from "node:net";
import { acceptOf, faultOf, formatHead, lists, NOTHING, parseFields, receiveHead } from "./opening-handshake.js";

/** @typedef {import("./opening-handshake.js").Opened} Opened */
/** @typedef {import("./opening-handshake.js").Version} Version */

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
 * @returns {Promise<Opened>} */
export async function dialPeer(url, version, timeoutMs) {
  const key = randomBytes(16).toString("base64");
  const host = url.hostname.replace(/^\[|\]$/g, "");
  const socket = connect({ host, port: Number(url.port || 80), allowHalfOpen: true, noDelay: true });
  socket.once("connect", () => socket.write(formatRequest(url, version, key)));
  const { lines, rest } = await receiveHead(socket, "server", timeoutMs);
  const fault = faultIn(lines, key);
  if (fault !== undefined) throw faultOf(fault, socket);
  return { socket, head: rest, unsent: NOTHING };
}

/** @param {URL} url
 * @param {Version} version
 * @param {string} key */
function formatRequest(url, version, key) {
  return formatHead([
    `GET ${url.pathname}${url.search} HTTP/1.1`,
    `Host: ${url.host}`,
    "Upgrade: websocket",
    "Connection: Upgrade",
    `Sec-WebSocket-Key: ${key}`,
    `Sec-WebSocket-Version: ${version}`,
    `${version === 8 ? "Sec-WebSocket-Origin" : "Origin"}: http://${url.host}`,
  ]);
}

/** What is wrong with a response.
 * @param {string[]} lines
 * @param {string} key */
function faultIn([statusLine = "", ...lines], key) {
  if (!/^HTTP\/1\.1 101(?: |$)/.test(statusLine)) return `the answer is ${statusLine}`;
  const fields = parseFields(lines);
  if (fields === undefined) return "a header field of the answer is malformed";
  if (fields.get("upgrade")?.join().toLowerCase() !== "websocket") return "Upgrade is not websocket";
  if (!lists(fields, "connection", "upgrade")) return "Connection does not contain Upgrade";
  if (fields.get("sec-websocket-accept")?.join() !== acceptOf(key)) return "Sec-WebSocket-Accept is wrong";
  const chosen = ["sec-websocket-extensions", "sec-websocket-protocol"].find((name) => fields.has(name));
  return chosen === undefined ? undefined : `${chosen} was not offered`;
}
