/** WebSockets for attacks that are the same over either version of HTTP: over 1.1 a socket, over 2 a stream. */
import { once } from "node:events";
import http2 from "node:http2";
import { openSocket, openWebSocket, remember } from "./http1.js";

/** @typedef {import("../attack.js").Target} Target */
/** @typedef {import("node:stream").Duplex} Channel */
/** @typedef {import("./http1.js").HandshakeParts} HandshakeParts */

/** Streams on one HTTP/2 connection; servers allow 100 and more. */
const STREAMS = 50;

/** A function that opens one more. Over HTTP/2 they share connections, 50 to each.
 * @param {Target} target
 * @param {HandshakeParts} parts
 * @returns {() => Promise<{ socket: Channel, head: Buffer }>} */
export function openChannels(target, parts) {
  if (target.version === "1.1") return () => openWebSocket(target, parts);
  let count = 0;
  /** @type {Promise<http2.ClientHttp2Session>} */
  let session;
  return async () => {
    if (count++ % STREAMS === 0) session = openSession(target, parts.signal);
    return { socket: await openStream(await session, target, parts), head: Buffer.alloc(0) };
  };
}

/** @param {Target} target
 * @param {HandshakeParts} [parts] */
export const openChannel = (target, parts = {}) => openChannels(target, parts)();

/** @param {Target} target
 * @param {AbortSignal} [signal] */
async function openSession(target, signal) {
  const socket = await openSocket(target, { signal, alpn: ["h2"], allowHalfOpen: false });
  const authority = `${target.secure ? "https" : "http"}://${target.host}`;
  const session = http2.connect(authority, { createConnection: () => socket });
  remember(session);
  session.on("error", () => {});
  await once(session, "remoteSettings", { ...(signal && { signal }) });
  return session;
}

/** An extended CONNECT (RFC 8441 §5).
 * @param {http2.ClientHttp2Session} session
 * @param {Target} target
 * @param {HandshakeParts} parts */
async function openStream(session, target, { signal, extensions, path = target.path }) {
  const stream = session.request(
    {
      ...{ ":method": "CONNECT", ":protocol": "websocket", ":scheme": target.secure ? "https" : "http" },
      ...{ ":path": path, ":authority": target.host, "sec-websocket-version": "13" },
      ...(extensions !== undefined && { "sec-websocket-extensions": extensions }),
    },
    { endStream: false },
  );
  stream.on("error", () => {});
  const [headers] = await once(stream, "response", { ...(signal && { signal }) });
  if (headers[":status"] === 200) return stream;
  stream.destroy();
  throw new Error(`the handshake was answered ${headers[":status"]}`);
}
