/** One opening handshake on a connection of its own, over either version of HTTP, and what the server answers. */
import { once } from "node:events";
import http2 from "node:http2";
import { openSocket, readResponse, requestText } from "./http1.js";

/** @typedef {import("../attack.js").Target} Target */
/**
 * @typedef {object} Answer
 * @property {number | undefined} statusCode undefined where the server ended without an answer, or gave none in time
 * @property {boolean} accepted a WebSocket is open: 101, or 200 over HTTP/2
 * @property {boolean} silent nothing came in time, not even the end
 * @property {ReadonlyMap<string, string>} headers
 */
/**
 * @typedef {object} Question
 * @property {string} [method]
 * @property {string} [path]
 * @property {string} [httpVersion] of HTTP/1.x
 * @property {Record<string, string | readonly string[] | undefined>} [headers] they replace the usual ones
 * @property {string} [tail] what follows the head of HTTP/1.1
 */
/** @typedef {(question: Question) => Promise<Answer>} Ask can be called once */

/** How long a server has to answer. */
const PATIENCE_MS = 2000;

/** Connects; the request goes out when the function is called. The connection is closed behind the answer.
 * @param {Target} target
 * @param {AbortSignal} signal
 * @returns {Promise<Ask>} */
export async function connectToAsk(target, signal) {
  if (target.version === "1.1") return askHttp1(target, await openSocket(target, { signal }), signal);
  const socket = await openSocket(target, { signal, alpn: ["h2"], allowHalfOpen: false });
  const authority = `${target.secure ? "https" : "http"}://${target.host}`;
  const session = http2.connect(authority, { createConnection: () => socket });
  session.on("error", () => {});
  await once(session, "remoteSettings", { signal });
  return askHttp2(target, session, signal);
}

/** @param {Target} target
 * @param {Question} question
 * @param {AbortSignal} signal
 * @returns {Promise<Answer>} */
export async function ask(target, question, signal) {
  return (await connectToAsk(target, signal))(question);
}

/** @param {Target} target
 * @param {import("node:net").Socket} socket
 * @param {AbortSignal} signal
 * @returns {Ask} */
function askHttp1(target, socket, signal) {
  return async ({ tail = "", ...question }) => {
    const patience = AbortSignal.any([signal, AbortSignal.timeout(PATIENCE_MS)]);
    socket.write(Buffer.from(requestText(target, question) + tail, "latin1"));
    const answer = await readResponse(socket, patience).catch(() => undefined);
    socket.destroy();
    const { statusCode, headers = new Map() } = answer?.response ?? {};
    return { statusCode, accepted: statusCode === 101, silent: statusCode === undefined && patience.aborted, headers };
  };
}

/** @param {Target} target
 * @param {http2.ClientHttp2Session} session
 * @param {AbortSignal} signal
 * @returns {Ask} */
function askHttp2(target, session, signal) {
  return async ({ method = "CONNECT", path = target.path, headers: given = {} }) => {
    const patience = AbortSignal.any([signal, AbortSignal.timeout(PATIENCE_MS)]);
    const lower = Object.entries(given).map(([name, value]) => [name === "Host" ? ":authority" : name, value]);
    const fields = {
      ...{ ":method": method, ":protocol": "websocket", ":scheme": target.secure ? "https" : "http", ":path": path },
      ...{ ":authority": target.host, "sec-websocket-version": "13", ...Object.fromEntries(lower) },
    };
    try {
      const stream = session.request(fields, { endStream: false });
      stream.on("error", () => {});
      const answer = once(stream, "response", { signal: patience }).then(([response]) => response);
      return http2Answer(await Promise.race([answer, once(stream, "close").then(() => undefined)]));
    } catch {
      return { statusCode: undefined, accepted: false, silent: patience.aborted, headers: new Map() };
    } finally {
      session.destroy();
    }
  };
}

/** @param {http2.IncomingHttpHeaders & http2.IncomingHttpStatusHeader | undefined} response
 * @returns {Answer} */
function http2Answer(response) {
  const statusCode = response?.[":status"];
  const headers = new Map(Object.entries(response ?? {}).map(([name, value]) => [name, String(value)]));
  return { statusCode, accepted: statusCode === 200, silent: false, headers };
}

/** "101 ×12, 400 ×30, ended ×1".
 * @param {readonly Answer[]} answers */
export function countAnswers(answers) {
  /** @type {Map<string, number>} */
  const counts = new Map();
  for (const { statusCode, silent } of answers) {
    const what = silent ? "no answer" : String(statusCode ?? "ended");
    counts.set(what, (counts.get(what) ?? 0) + 1);
  }
  return [...counts].map(([what, count]) => `${what} ×${count}`).join(", ");
}
