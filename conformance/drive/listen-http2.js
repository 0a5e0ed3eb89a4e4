/** The server's part of the opening handshake over HTTP/2 without TLS, as listen.js has it over HTTP/1.1. All clients on a
 * thread come to one server, over as many sessions as they like, each with a path of its own.
 * @see RFC 8441 §3 to §5 */
import { createServer } from "node:http2";
import { setImmediate as turn } from "node:timers/promises";
import { answerOffers } from "../tester/deflate-negotiation.js";
import { fieldsOf, playable, streamFault } from "./http2-stream.js";
import { faultInFields, TARGET } from "./listen.js";
import { EXTENSIONS, faultOf, NOTHING } from "./opening-handshake.js";

/** @typedef {import("node:http2").ServerHttp2Stream} Stream */
/** @typedef {{ stream: Stream, fields: Map<string, string[]> }} Arrival */

/** What HTTP/2 has no place for (RFC 9113 §8.2.2), and what ":protocol" stands for (RFC 8441 §5). */
const SUPERSEDED = ["connection", "upgrade", "sec-websocket-key"];

/** Node refuses new streams where more than this waits for one connection, 10 by default. */
const SESSION_MEBIBYTES = 256;

/** Who waits for whom, by path. @type {Map<string, (arrival: Arrival) => void>} */
const awaited = new Map();
let count = 0;
/** The server's "127.0.0.1:port". @type {Promise<string> | undefined} */
let listening;

/** Let a client come, and agree on a connection.
 * @param {import("./listen.js").Dial} dial
 * @param {import("./listen.js").Acceptance} acceptance
 * @returns {Promise<import("./opening-handshake.js").Opened>} */
export async function acceptPeerOverHttp2(dial, { version, joined, timeoutMs, asks }) {
  listening ??= listen();
  const host = await listening;
  const path = `${TARGET}&number=${count++}`;
  const { stream, fields } = await letCome(dial, host, path, timeoutMs);
  const fault = faultIn(fields, host, version);
  if (fault !== undefined) throw streamFault(stream, fault);
  const offers = fields.get(EXTENSIONS)?.join();
  if (offers !== undefined && asks === undefined) throw streamFault(stream, `nobody asked for ${EXTENSIONS}`);
  const chosen = asks === undefined ? undefined : choose(stream, asks, offers);
  if (!joined) {
    // From one turn to the next a client that does not wait for the answer has sent something
    stream.read(0);
    await turn();
  }
  if (stream.endAfterHeaders || stream.readableLength > 0) {
    throw streamFault(stream, "the client did not wait for the answer");
  }
  stream.respond({ ":status": 200, ...(chosen && { [EXTENSIONS]: chosen.answer }) });
  // What is written before the turn ends goes out together with the answer
  if (!joined) await turn();
  return { ...playable(stream), head: NOTHING, unsent: NOTHING, ...(chosen && { agreement: chosen.agreement }) };
}

/** @returns {Promise<string>} */
async function listen() {
  const server = createServer({ maxSessionMemory: SESSION_MEBIBYTES, settings: { enableConnectProtocol: true } });
  server.on("session", (session) => {
    session.on("error", () => {}); // its streams tell
    session.unref();
  });
  server.on("stream", (stream, headers, _flags, /** @type {string[]} */ raw = []) => {
    const come = awaited.get(headers[":path"] ?? "");
    if (come === undefined) streamFault(stream, "nobody waits for it");
    else come({ stream, fields: fieldsOf(raw) });
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(undefined)));
  server.unref();
  const address = /** @type {import("node:net").AddressInfo} */ (server.address());
  return `127.0.0.1:${address.port}`;
}

/** @param {import("./listen.js").Dial} dial
 * @param {string} host
 * @param {string} path
 * @param {number} timeoutMs
 * @returns {Promise<Arrival>} */
async function letCome(dial, host, path, timeoutMs) {
  /** @type {NodeJS.Timeout | undefined} */
  let timer;
  try {
    return await new Promise((resolve, reject) => {
      timer = setTimeout(() => setImmediate(reject, faultOf(`nobody came in ${timeoutMs} ms`)), timeoutMs);
      awaited.set(path, resolve);
      dial(`ws://${host}${path}`).catch(reject);
    });
  } finally {
    clearTimeout(timer);
    awaited.delete(path);
  }
}

/** What is wrong with a request.
 * @param {Map<string, string[]>} fields
 * @param {string} host
 * @param {import("./opening-handshake.js").Version} version */
function faultIn(fields, host, version) {
  const wanted = { ":method": "CONNECT", ":protocol": "websocket", ":scheme": "http", ":authority": host };
  for (const [name, value] of Object.entries(wanted)) {
    if (fields.get(name)?.join() !== value) return `${name} is ${fields.get(name)}, wanted ${value}`;
  }
  const superseded = SUPERSEDED.find((name) => fields.has(name));
  if (superseded !== undefined) return `${superseded} has no place in HTTP/2`;
  return faultInFields(fields, version);
}

/** @param {Stream} stream
 * @param {readonly import("../tester/deflate-negotiation.js").Parameters[]} asks
 * @param {string | undefined} offers */
function choose(stream, asks, offers) {
  try {
    return answerOffers(asks, offers);
  } catch (error) {
    throw streamFault(stream, error instanceof Error ? error.message : String(error));
  }
}
