/** The client's part of the opening handshake, just enough of it for a test: nothing may be chosen that was not offered.
 * @see RFC 6455 §4.1; for version 8, draft-ietf-hybi-thewebsocketprotocol-10 §4.1 */
import { randomBytes } from "node:crypto";
import { connect } from "node:net";
import { formatOffers, readAnswer } from "../tester/deflate-negotiation.js";
import {
  acceptOf,
  EXTENSIONS,
  faultOf,
  formatHead,
  lists,
  NOTHING,
  orGiveUp,
  parseFields,
  playableSocket,
  receiveHead,
} from "./opening-handshake.js";

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
 * @param {readonly string[]} [offers] of permessage-deflate, one of which has to be accepted if there are any
 * @param {string} [subprotocol] which has to be selected
 * @returns {Promise<Opened>} */
export async function dialPeer(url, version, timeoutMs, offers = [], subprotocol = undefined) {
  const key = randomBytes(16).toString("base64");
  const host = url.hostname.replace(/^\[|\]$/g, "");
  const socket = connect({ host, port: Number(url.port || 80), allowHalfOpen: true, noDelay: true });
  socket.once("connect", () => socket.write(formatRequest(url, version, key, offers, subprotocol)));
  const { lines, rest } = await receiveHead(socket, "server", timeoutMs);
  const fields = parseFields(lines.slice(1));
  const fault = faultIn(lines[0] ?? "", fields, key, subprotocol);
  if (fault !== undefined) throw faultOf(fault, socket);
  const opened = { ...playableSocket(socket), head: rest, unsent: NOTHING };
  const answer = fields?.get(EXTENSIONS)?.join();
  if (offers.length > 0) return { ...opened, agreement: orGiveUp(socket, () => readAnswer(offers, answer)) };
  if (answer !== undefined) throw faultOf(`${EXTENSIONS} was not offered`, socket);
  return opened;
}

/** @param {URL} url
 * @param {Version} version
 * @param {string} key
 * @param {readonly string[]} offers
 * @param {string | undefined} subprotocol */
function formatRequest(url, version, key, offers, subprotocol) {
  return formatHead([
    `GET ${url.pathname}${url.search} HTTP/1.1`,
    `Host: ${url.host}`,
    "Upgrade: websocket",
    "Connection: Upgrade",
    `Sec-WebSocket-Key: ${key}`,
    `Sec-WebSocket-Version: ${version}`,
    `${version === 8 ? "Sec-WebSocket-Origin" : "Origin"}: http://${url.host}`,
    ...(offers.length === 0 ? [] : [`Sec-WebSocket-Extensions: ${formatOffers(offers)}`]),
    ...(subprotocol === undefined ? [] : [`Sec-WebSocket-Protocol: ${subprotocol}`]),
  ]);
}

/** What is wrong with a response, but for extensions.
 * @param {string} statusLine
 * @param {Map<string, string[]> | undefined} fields
 * @param {string} key
 * @param {string | undefined} subprotocol that was offered */
function faultIn(statusLine, fields, key, subprotocol) {
  if (!/^HTTP\/1\.1 101(?: |$)/.test(statusLine)) return `the answer is ${statusLine}`;
  if (fields === undefined) return "a header field of the answer is malformed";
  if (fields.get("upgrade")?.join().toLowerCase() !== "websocket") return "Upgrade is not websocket";
  if (!lists(fields, "connection", "upgrade")) return "Connection does not contain Upgrade";
  if (fields.get("sec-websocket-accept")?.join() !== acceptOf(key)) return "Sec-WebSocket-Accept is wrong";
  return faultInSubprotocol(fields, subprotocol);
}

/** It was offered alone: nothing else may be selected, and it has to be.
 * @param {Map<string, string[]>} fields
 * @param {string | undefined} subprotocol */
function faultInSubprotocol(fields, subprotocol) {
  const selected = fields.get("sec-websocket-protocol")?.join();
  if (selected === subprotocol) return undefined;
  return subprotocol === undefined
    ? "sec-websocket-protocol was not offered"
    : `Sec-WebSocket-Protocol is ${selected}, wanted ${subprotocol}`;
}
