/** The server's part of the opening handshake, for one client that was told to ask for nothing but a connection, or
 * for permessage-deflate too.
 * @see RFC 6455 §4.1, what a client must send, and §4.2.2; for version 8, draft-ietf-hybi-thewebsocketprotocol-10 §4.1 */
import { createServer } from "node:net";
import { setImmediate as turn } from "node:timers/promises";
import { answerOffers } from "../tester/deflate-negotiation.js";
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

/** @typedef {import("node:net").Socket} Socket */
/** @typedef {import("./opening-handshake.js").Opened} Opened */
/** @typedef {import("./opening-handshake.js").Version} Version */
/** Makes a client dial a URL; rejects where it does not even try.
 * @typedef {(url: string) => Promise<unknown>} Dial */
/** `joined`: the response is left to be written together with what follows it. `asks`: the client was told to offer
 * permessage-deflate, and is answered so; see answerOffers. `subprotocol`: it was told to offer this one, which is selected.
 * @typedef {{ version: Version, joined: boolean, timeoutMs: number,
 *   subprotocol?: string | undefined, asks?: readonly import("../tester/deflate-negotiation.js").Parameters[] | undefined }} Acceptance */

/** Where clients are told to go. */
export const TARGET = "/echo/?played=by%20the%20tester";
const SUBPROTOCOL = "sec-websocket-protocol";
/** What a client may not send unless it was told to, or never. */
const UNWANTED = [
  ...["sec-websocket-accept", "origin", "sec-websocket-origin"],
  ...["content-length", "transfer-encoding"],
];

/** No key may come twice (§4.1), of whichever client on this thread.
 * @type {Set<string>} */
const keys = new Set();

/** Let a client come, and agree on a connection. It gets a port of its own, so that nobody else can come.
 * @param {Dial} dial
 * @param {Acceptance} acceptance
 * @returns {Promise<Opened>} */
export async function acceptPeer(dial, { version, joined, timeoutMs, asks, subprotocol }) {
  const { socket, host } = await letCome(dial, timeoutMs);
  const { lines, rest } = await receiveHead(socket, "client", timeoutMs);
  const fields = parseFields(lines.slice(1));
  const fault = faultIn(lines[0] ?? "", fields, host, version, subprotocol);
  if (fault !== undefined) throw faultOf(fault, socket);
  if (rest.length > 0) throw faultOf("the client did not wait for the answer", socket);
  const offers = fields?.get(EXTENSIONS)?.join();
  if (offers !== undefined && asks === undefined) throw faultOf(`nobody asked for ${EXTENSIONS}`, socket);
  const chosen = asks === undefined ? undefined : orGiveUp(socket, () => answerOffers(asks, offers));
  const response = formatHead([
    "HTTP/1.1 101 Switching Protocols",
    "Upgrade: websocket",
    "Connection: Upgrade",
    `Sec-WebSocket-Accept: ${acceptOf(fields?.get("sec-websocket-key")?.[0] ?? "")}`,
    ...(chosen === undefined ? [] : [`Sec-WebSocket-Extensions: ${chosen.answer}`]),
    ...(subprotocol === undefined ? [] : [`Sec-WebSocket-Protocol: ${subprotocol}`]),
  ]);
  const opened = { ...playableSocket(socket), head: NOTHING, ...(chosen && { agreement: chosen.agreement }) };
  if (joined) return { ...opened, unsent: response };
  // From one turn to the next the client reads, so that this is read by itself, as pieces are
  await turn();
  socket.write(response);
  await turn();
  return { ...opened, unsent: NOTHING };
}

/** @param {Dial} dial
 * @param {number} timeoutMs
 * @returns {Promise<{ socket: Socket, host: string }>} */
async function letCome(dial, timeoutMs) {
  const server = createServer({ allowHalfOpen: true, noDelay: true });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(undefined)));
  const address = /** @type {import("node:net").AddressInfo} */ (server.address());
  const host = `127.0.0.1:${address.port}`;
  /** @type {NodeJS.Timeout | undefined} */
  let timer;
  try {
    const socket = await new Promise((resolve, reject) => {
      timer = setTimeout(() => setImmediate(reject, faultOf(`nobody came in ${timeoutMs} ms`)), timeoutMs);
      server.once("connection", resolve);
      dial(`ws://${host}${TARGET}`).catch(reject);
    });
    return { socket, host };
  } finally {
    clearTimeout(timer);
    server.close();
  }
}

/** What is wrong with a request.
 * @param {string} requestLine
 * @param {Map<string, string[]> | undefined} fields
 * @param {string} host
 * @param {Version} version
 * @param {string | undefined} subprotocol */
function faultIn(requestLine, fields, host, version, subprotocol) {
  if (requestLine !== `GET ${TARGET} HTTP/1.1`) return `the request is ${requestLine}`;
  if (fields === undefined) return "a header field of the request is malformed";
  const only = (/** @type {string} */ name) => {
    const values = fields.get(name) ?? [];
    return values.length === 1 ? values[0] : undefined;
  };
  if (only("host") !== host) return `Host is ${fields.get("host")}`;
  if (!lists(fields, "upgrade", "websocket")) return "Upgrade does not contain websocket";
  if (!lists(fields, "connection", "upgrade")) return "Connection does not contain Upgrade";
  const fault = faultInFields(fields, version, subprotocol);
  if (fault !== undefined) return fault;
  const key = only("sec-websocket-key") ?? "";
  const nonce = Buffer.from(key, "base64");
  if (nonce.length !== 16 || nonce.toString("base64") !== key) return "Sec-WebSocket-Key is not base64 of 16 octets";
  if (keys.has(key)) return "Sec-WebSocket-Key came before";
  keys.add(key);
  return undefined;
}

/** What is wrong with the fields that a request has in every version of HTTP.
 * @param {Map<string, string[]>} fields
 * @param {Version} version
 * @param {string} [subprotocol] that it was told to offer */
export function faultInFields(fields, version, subprotocol) {
  const versions = fields.get("sec-websocket-version");
  if (versions?.length !== 1 || versions[0] !== String(version)) {
    return `Sec-WebSocket-Version is ${versions}, wanted ${version}`;
  }
  const offered = fields.get(SUBPROTOCOL)?.join();
  if (subprotocol !== undefined && offered !== subprotocol)
    return `${SUBPROTOCOL} is ${offered}, wanted ${subprotocol}`;
  const unwanted = [...UNWANTED, ...(subprotocol === undefined ? [SUBPROTOCOL] : [])].find((name) => fields.has(name));
  return unwanted === undefined ? undefined : `nobody asked for ${unwanted}`;
}
