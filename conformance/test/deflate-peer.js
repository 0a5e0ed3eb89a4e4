/**
 * ws as an echo server and as an echo client that compress, and that lie about it if they are told to: what is agreed on
 * goes over the wire in other words than ws means, so that a right implementation does wrong things.
 * In: options of ws, lies. Out: a peer for the replayer.
 */
import { createServer } from "node:http";
import { WebSocket, WebSocketServer } from "ws";

/** @typedef {import("ws").PerMessageDeflateOptions} DeflateOptions */
/**
 * @typedef {object} Lies
 * @property {(extensions: string) => string | undefined} [sent] what Sec-WebSocket-Extensions says instead of what ws would
 *   send; undefined: it is left out
 * @property {(extensions: string | undefined) => string} [received] what ws is made to believe that it says; where it is not
 *   there ws gets undefined
 * @property {"changed" | "not compressed" | "RSV1 on continuations"} [echo] what is wrong with echoes, or unusual
 */

const FIELD = "sec-websocket-extensions";

/** @param {Lies} lies
 * @returns {Promise<{ url: URL, close: () => void }>} */
export async function startDeflatePeer({ sent, received, echo }) {
  const http = createServer();
  http.on("upgrade", ({ headers }) => believe(headers, received));
  const server = new WebSocketServer({ server: http, perMessageDeflate: true });
  server.on("headers", (lines) => {
    const at = lines.findIndex((line) => line.toLowerCase().startsWith(FIELD));
    if (at < 0 || sent === undefined) return;
    const said = sent(lines[at]?.slice(FIELD.length + 2) ?? "");
    lines.splice(at, 1, ...(said === undefined ? [] : [`${FIELD}: ${said}`]));
  });
  server.on("connection", (socket, request) => {
    socket.on("error", () => {});
    echoOn(socket, request.socket, echo);
  });
  await new Promise((resolve) => http.listen(0, "127.0.0.1", () => resolve(undefined)));
  const { port } = /** @type {import("node:net").AddressInfo} */ (http.address());
  return { url: new URL(`ws://127.0.0.1:${port}/`), close: () => http.close() };
}

/** @param {string} url
 * @param {DeflateOptions} options
 * @param {Lies} lies */
export function dialDeflatePeer(url, options, { sent, received, echo }) {
  const socket = new WebSocket(url, {
    perMessageDeflate: options,
    finishRequest(request) {
      const said = sent?.(String(request.getHeader(FIELD)));
      if (said !== undefined) request.setHeader(FIELD, said);
      else if (sent !== undefined) request.removeHeader(FIELD);
      request.end();
    },
  });
  socket.on("error", () => {});
  socket.on("upgrade", ({ headers, socket: transport }) => {
    believe(headers, received);
    echoOn(socket, transport, echo);
  });
}

/** @param {import("node:http").IncomingHttpHeaders} headers
 * @param {Lies["received"]} received */
function believe(headers, received) {
  if (received !== undefined) headers[FIELD] = received(headers[FIELD]);
}

/** @param {WebSocket} socket
 * @param {import("node:net").Socket} transport
 * @param {Lies["echo"]} fault */
function echoOn(socket, transport, fault) {
  if (fault === "RSV1 on continuations") spoilContinuations(transport);
  socket.on("message", (/** @type {Buffer} */ message, binary) => {
    if (fault === "changed") message[message.length - 1] = (message.at(-1) ?? 0) ^ 1;
    if (fault !== "RSV1 on continuations")
      return socket.send(message, { binary, compress: fault !== "not compressed" });
    socket.send(message.subarray(0, 100), { binary, fin: false });
    socket.send(message.subarray(100), { binary });
  });
}

/** ws writes the header of a compressed frame by itself.
 * @param {import("node:net").Socket} transport */
function spoilContinuations(transport) {
  const { write } = transport;
  transport.write = (/** @type {Buffer} */ chunk, /** @type {any[]} */ ...rest) => {
    const first = chunk[0] ?? 0;
    if (chunk.length <= 14 && (first & 0x7f) === 0) chunk[0] = first | 0x40;
    return write.call(transport, chunk, ...rest);
  };
}
