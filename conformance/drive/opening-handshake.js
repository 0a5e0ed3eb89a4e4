/**
 * What both sides of the opening handshake need. Nothing of it is shared with what is tested.
 * @see RFC 6455 §4; for version 8, draft-ietf-hybi-thewebsocketprotocol-10
 */
import { createHash } from "node:crypto";

/** @typedef {8 | 13} Version */
/** @typedef {import("node:net").Socket} Socket */
/** A socket, or a stream of HTTP/2, is paused, and ends only when it is told to.
 * @typedef {object} Opened
 * @property {Socket | import("node:http2").Http2Stream} socket
 * @property {(timeoutMs: number) => Promise<string[]>} leave end it when the peer has: what is wrong with how it ended
 * @property {Buffer} head what came with the response
 * @property {Buffer} unsent a response that is to be written together with what follows it; may be empty
 * @property {import("../tester/deflate-negotiation.js").Agreement} [agreement] about permessage-deflate, if one was
 *   looked for */

/** @type {readonly Version[]} */
export const VERSIONS = [13, 8];

export const NOTHING = Buffer.alloc(0);

/** The field's name, as parseFields gives it. */
export const EXTENSIONS = "sec-websocket-extensions";

const GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
const END = "\r\n\r\n";

/** What Sec-WebSocket-Accept must say to a key.
 * @param {string} key */
export function acceptOf(key) {
  return createHash("sha1")
    .update(key + GUID)
    .digest("base64");
}

/** Octets of a request or response that has no body.
 * @param {string[]} lines */
export function formatHead(lines) {
  return Buffer.from(lines.join("\r\n") + END, "latin1");
}

/** Header fields by name, which is in lower case.
 * @param {string[]} lines
 * @returns {Map<string, string[]> | undefined} undefined where a line is no field */
export function parseFields(lines) {
  /** @type {Map<string, string[]>} */
  const fields = new Map();
  for (const line of lines) {
    const [, name = "", value = ""] = /^([\w!#$%&'*+.^`|~-]+):[\t ]*(.*?)[\t ]*$/.exec(line) ?? [];
    if (name === "") return undefined;
    const values = fields.get(name.toLowerCase()) ?? [];
    fields.set(name.toLowerCase(), [...values, value]);
  }
  return fields;
}

/** Whether a field is there and lists a token, in any case.
 * @param {Map<string, string[]>} fields
 * @param {string} name
 * @param {string} token */
export function lists(fields, name, token) {
  const tokens = (fields.get(name) ?? []).join(",").split(",");
  return tokens.some((one) => one.trim().toLowerCase() === token);
}

/** Take the other side's part.
 * @param {Socket} socket
 * @param {"client" | "server"} peer
 * @param {number} timeoutMs
 * @returns {Promise<{ lines: string[], rest: Buffer }>} `rest`: what came behind it. Rejects, and destroys the socket,
 *   when there is none */
export function receiveHead(socket, peer, timeoutMs) {
  return new Promise((resolve, reject) => {
    let received = NOTHING;
    let settled = false;
    const listeners = {
      error: (/** @type {Error} */ error) => fail(error.message),
      end: () => fail(`the ${peer} ended it`),
      data: (/** @type {Buffer} */ chunk) => {
        received = Buffer.concat([received, chunk]);
        const end = received.indexOf(END);
        if (end < 0) return;
        letGo();
        socket.pause();
        const lines = received.toString("latin1", 0, end).split("\r\n");
        resolve({ lines, rest: received.subarray(end + END.length) });
      },
    };
    // When the loop was held up the timer comes before what has long arrived, hence the turn
    const timer = setTimeout(() => setImmediate(() => fail(`nothing from the ${peer} in ${timeoutMs} ms`)), timeoutMs);
    const letGo = () => {
      settled = true;
      clearTimeout(timer);
      for (const [name, listener] of Object.entries(listeners)) socket.off(name, listener);
      socket.on("error", () => {}); // a reset is heard as 'close'
    };
    const fail = (/** @type {string} */ why) => {
      if (settled) return;
      letGo();
      reject(faultOf(why, socket));
    };
    for (const [name, listener] of Object.entries(listeners)) socket.on(name, listener);
  });
}

/** A socket as something to play over.
 * @param {Socket} socket
 * @returns {Pick<Opened, "socket" | "leave">} */
export function playableSocket(socket) {
  const leave = async () => {
    socket.destroySoon();
    return [];
  };
  return { socket, leave };
}

/** Give up.
 * @param {string} why
 * @param {Socket} [socket] */
export function faultOf(why, socket) {
  socket?.destroy();
  return new Error(`opening handshake: ${why}`);
}

/** Do something that throws where the other side is wrong, and give up then.
 * @template T
 * @param {Socket} socket
 * @param {() => T} attempt
 * @returns {T} */
export function orGiveUp(socket, attempt) {
  try {
    return attempt();
  } catch (error) {
    throw faultOf(error instanceof Error ? error.message : String(error), socket);
  }
}
