/**
 * Sockets and handshakes of HTTP/1.1, written byte for byte so that they can be wrong.
 * What is opened here is remembered: `closeAll` resets what an attack has left open.
 */
import { once } from "node:events";
import net from "node:net";
import tls from "node:tls";

/** @typedef {import("../attack.js").Target} Target */
/** @typedef {{ statusCode: number, statusLine: string, headers: Map<string, string> }} Response */
/** @typedef {Record<string, string | readonly string[] | undefined>} HeaderValues */
/**
 * @typedef {object} RequestParts
 * @property {string} [method]
 * @property {string} [path]
 * @property {string} [httpVersion] what stands behind "HTTP/"
 * @property {string} [extensions] Sec-WebSocket-Extensions
 * @property {HeaderValues} [headers] more headers; they replace the usual ones of the same name, undefined leaves one out
 */
/** @typedef {RequestParts & { tail?: Uint8Array, signal?: AbortSignal }} HandshakeParts */

/** @typedef {{ destroy(): unknown, once(event: "close", listener: () => void): unknown }} Ending */

/** @type {Set<Ending>} */
const opened = new Set();
/** Any 16 bytes will do (RFC 6455 §4.1). */
const KEY = "dGhlIHNhbXBsZSBub25jZQ==";
/** What a response's head may take here. */
const MAX_HEAD_BYTES = 1 << 18;

/** A connected socket, with an error listener, not reading. Rejects when it cannot be connected or the signal aborts.
 * @param {Target} target
 * @param {{ signal?: AbortSignal | undefined, alpn?: string[], allowHalfOpen?: boolean }} [options]
 * @returns {Promise<net.Socket>} */
export async function openSocket(target, { signal, alpn = ["http/1.1"], allowHalfOpen = true } = {}) {
  signal?.throwIfAborted();
  const { address: host, port } = target;
  const trust = { ...(target.ca !== undefined && { ca: target.ca }), rejectUnauthorized: !target.insecure };
  const servername = target.host.replace(/:\d+$/, "");
  const socket = target.secure
    ? tls.connect({
        ...{ host, port, ALPNProtocols: alpn, allowHalfOpen, ...trust },
        ...(net.isIP(servername.replace(/[[\]]/g, "")) === 0 && { servername }),
      })
    : net.connect({ host, port, allowHalfOpen });
  remember(socket);
  socket.on("error", () => {});
  try {
    await once(socket, target.secure ? "secureConnect" : "connect", signal === undefined ? {} : { signal });
  } catch (error) {
    socket.destroy();
    throw error;
  }
  socket.setNoDelay(true);
  return socket;
}

/** As many sockets as connect, in groups so that the backlog is not what refuses.
 * @template T
 * @param {number} count
 * @param {() => Promise<T>} open
 * @param {number} [atOnce]
 * @returns {Promise<T[]>} those that succeeded */
export async function openMany(count, open, atOnce = 100) {
  /** @type {T[]} */
  const done = [];
  for (let at = 0; at < count; at += atOnce) {
    const group = await Promise.allSettled(Array.from({ length: Math.min(atOnce, count - at) }, open));
    for (const one of group) if (one.status === "fulfilled") done.push(one.value);
    if (group.every(({ status }) => status === "rejected")) break;
  }
  return done;
}

/** The bytes of an upgrade request; nothing is checked.
 * @param {Target} target
 * @param {RequestParts} [parts] */
export function requestText(target, { method = "GET", path, httpVersion = "1.1", extensions, headers = {} } = {}) {
  /** @type {HeaderValues} */
  const usual = {
    Host: target.host,
    Upgrade: "websocket",
    Connection: "Upgrade",
    "Sec-WebSocket-Key": KEY,
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Extensions": extensions,
  };
  const replaced = new Set(Object.keys(headers).map((name) => name.toLowerCase()));
  const kept = Object.entries(usual).filter(([name]) => !replaced.has(name.toLowerCase()));
  const lines = [...kept, ...Object.entries(headers)].flatMap(([name, value]) =>
    value === undefined ? [] : [value].flat().map((one) => `${name}: ${one}\r\n`),
  );
  return `${method} ${path ?? target.path} HTTP/${httpVersion}\r\n${lines.join("")}\r\n`;
}

/** An opening handshake, whatever is answered. The socket is left paused; `head` is what came behind the answer.
 * `response` is undefined when the server ended the socket without one.
 * @param {Target} target
 * @param {HandshakeParts} [parts] `tail` is sent in the same packet, behind the request
 * @returns {Promise<{ socket: net.Socket, response: Response | undefined, head: Buffer }>} */
export async function handshake(target, { tail, signal, ...parts } = {}) {
  const socket = await openSocket(target, { signal });
  const request = Buffer.from(requestText(target, parts), "latin1");
  socket.write(tail === undefined ? request : Buffer.concat([request, tail]));
  return { socket, ...(await readResponse(socket, signal)) };
}

/** A socket on which WebSocket is spoken; rejects when the answer is not 101.
 * @param {Target} target
 * @param {HandshakeParts} [parts] */
export async function openWebSocket(target, parts) {
  const { socket, response, head } = await handshake(target, parts);
  if (response?.statusCode === 101) return { socket, response, head };
  socket.destroy();
  throw new Error(`the handshake was answered ${response?.statusLine ?? "with nothing"}`);
}

/** Reads up to the end of a response's head and pauses the socket there.
 * @param {net.Socket} socket
 * @param {AbortSignal} [signal]
 * @returns {Promise<{ response: Response | undefined, head: Buffer }>} */
export function readResponse(socket, signal) {
  return new Promise((resolve, reject) => {
    let bytes = Buffer.alloc(0);
    const finish = (/** @type {{ response: Response | undefined, head: Buffer }} */ result) => {
      socket.off("data", onData).off("end", onEnd).off("close", onEnd).pause();
      signal?.removeEventListener("abort", onAbort);
      resolve(result);
    };
    const onEnd = () => finish({ response: undefined, head: bytes });
    const onAbort = () => {
      reject(signal?.reason);
      onEnd();
    };
    const onData = (/** @type {Buffer} */ chunk) => {
      bytes = Buffer.concat([bytes, chunk]);
      const end = bytes.indexOf("\r\n\r\n");
      if (end >= 0) finish({ response: parseHead(bytes.toString("latin1", 0, end)), head: bytes.subarray(end + 4) });
      else if (bytes.length > MAX_HEAD_BYTES) onEnd();
    };
    if (signal?.aborted) return reject(signal.reason);
    if (socket.destroyed) return onEnd();
    signal?.addEventListener("abort", onAbort);
    socket.on("data", onData).on("end", onEnd).on("close", onEnd).resume();
  });
}

/** @param {string} text
 * @returns {Response} */
function parseHead(text) {
  const [statusLine = "", ...lines] = text.split("\r\n");
  /** @type {Map<string, string>} */
  const headers = new Map();
  for (const line of lines) {
    const colon = line.indexOf(":");
    headers.set(line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim());
  }
  return { statusCode: Number(statusLine.split(" ")[1]), statusLine, headers };
}

/** Writes, and waits until there is room for more. False when the socket is gone or the signal aborted.
 * @param {import("node:stream").Duplex} socket
 * @param {Uint8Array | string} bytes
 * @param {AbortSignal} signal
 * @returns {Promise<boolean>} */
export function writeAll(socket, bytes, signal) {
  if (socket.destroyed || !socket.writable || signal.aborted) return Promise.resolve(false);
  if (socket.write(bytes)) return Promise.resolve(true);
  return new Promise((resolve) => {
    const finish = () => {
      socket.off("drain", finish).off("close", finish).off("error", finish);
      signal.removeEventListener("abort", finish);
      resolve(!socket.destroyed && !signal.aborted);
    };
    socket.once("drain", finish).once("close", finish).once("error", finish);
    signal.addEventListener("abort", finish);
  });
}

/** Ends when the socket has closed (true) or the signal aborts (false).
 * @param {import("node:stream").Duplex} socket
 * @param {AbortSignal} signal
 * @returns {Promise<boolean>} */
export function closed(socket, signal) {
  if (socket.destroyed || signal.aborted) return Promise.resolve(socket.destroyed);
  return once(socket, "close", { signal }).then(
    () => true,
    () => socket.destroyed,
  );
}

/** Waits, or until the signal aborts.
 * @param {number} ms
 * @param {AbortSignal} signal
 * @returns {Promise<void>} */
export function pause(ms, signal) {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const finish = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", finish);
      resolve();
    };
    const timer = setTimeout(finish, ms);
    signal.addEventListener("abort", finish);
  });
}

/** Remembers a socket or session that was opened elsewhere, so that `closeAll` ends it too.
 * @param {Ending} socket */
export function remember(socket) {
  opened.add(socket);
  socket.once("close", () => opened.delete(socket));
}

/** How many sockets are open now. */
export const openCount = () => opened.size;

/** Ends everything that is still open. */
export function closeAll() {
  for (const socket of opened) socket.destroy();
}
