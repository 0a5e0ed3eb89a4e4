/**
 * A server that writes HTTP/2 frames itself, so that it can do what Node's would not, one fault at a time. It answers every
 * HEADERS with status 200, echoes messages, and knows nothing more.
 */
import { createServer } from "node:net";
import { formatFrame as formatWebSocketFrame } from "../../tester/frames.js";
import { parseTarget } from "../play/target.js";
import { formatFields } from "../wire/fields.js";
import {
  FLAG,
  FrameReader,
  formatFrame,
  formatSettings,
  PREFACE,
  SETTING,
  TYPE,
  unpad,
  words,
} from "../wire/http2-frames.js";
import { ClientFrames } from "./faulty-server.js";

/** @typedef {import("../wire/http2-frames.js").Frame} Frame */
/**
 * @typedef {"none" | "begins with PING" | "takes the setting back" | "acknowledges no SETTINGS" | "answers no PING"
 *   | "has names in capitals" | "sends Connection" | "sends Transfer-Encoding" | "has its status last"
 *   | "looks at no window" | "answers on a stream of its own" | "pushes" | "takes more streams than it says"
 *   | "refuses everything" | "is silent" | "sends frames that are too short"} RawFault
 */

/** @type {Partial<Record<RawFault, [string, string]>>} */
const FIELD_OF = {
  "has names in capitals": ["X-Color", "red"],
  "sends Connection": ["connection", "upgrade"],
  "sends Transfer-Encoding": ["transfer-encoding", "chunked"],
};

/** @param {RawFault} fault
 * @returns {Promise<{ target: import("../play/target.js").Target, close: () => void }>} */
export async function startRawServer(fault) {
  /** @type {Set<import("node:net").Socket>} */
  const sockets = new Set();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    serveConnection(fault, socket);
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(undefined)));
  const { port } = /** @type {import("node:net").AddressInfo} */ (server.address());
  const close = () => {
    for (const socket of sockets) socket.destroy();
    server.close();
  };
  return { target: parseTarget(`ws://127.0.0.1:${port}/`), close };
}

/** @param {RawFault} fault
 * @param {import("node:net").Socket} socket */
function serveConnection(fault, socket) {
  const reader = new FrameReader();
  /** @type {Map<number, ClientFrames>} */
  const streams = new Map();
  let skipped = PREFACE.length;
  const send = (
    /** @type {number} */ type,
    /** @type {number} */ flags,
    /** @type {number} */ id,
    /** @type {Buffer} */ payload,
  ) => socket.write(formatFrame(type, flags, id, payload));
  if (fault === "begins with PING") send(TYPE.ping, 0, 0, words(0, 0));
  socket.write(formatSettings([...announced(1), [SETTING.maxConcurrentStreams, 5]]));
  socket.on("data", (chunk) => {
    const rest = chunk.subarray(skipped);
    skipped -= chunk.length - rest.length;
    for (const frame of reader.push(rest)) answer(frame);
  });

  /** @param {Frame} frame */
  function answer(frame) {
    const { type, flags, streamId, payload } = frame;
    if (type === TYPE.settings && (flags & FLAG.ack) === 0 && fault !== "acknowledges no SETTINGS") {
      send(TYPE.settings, FLAG.ack, 0, Buffer.alloc(0));
    }
    if (type === TYPE.ping && (flags & FLAG.ack) === 0 && fault !== "answers no PING") {
      send(TYPE.ping, FLAG.ack, 0, payload);
    }
    if (type === TYPE.headers && fault !== "is silent") respond(streamId);
    if (type === TYPE.data) echo(streamId, unpad(frame));
  }

  /** @param {number} id */
  function respond(id) {
    streams.set(id, new ClientFrames());
    /** @type {[string, string][]} */
    const fields = [[":status", fault === "refuses everything" ? "400" : "200"], FIELD_OF[fault] ?? ["x-color", "red"]];
    const block = formatFields(fault === "has its status last" ? fields.reverse() : fields);
    if (fault === "pushes") send(TYPE.pushPromise, FLAG.endHeaders, id, Buffer.concat([words(2), block]));
    send(TYPE.headers, FLAG.endHeaders, id, block);
    if (fault === "sends frames that are too short") send(TYPE.goaway, 0, 0, Buffer.alloc(3));
    if (fault === "answers on a stream of its own") send(TYPE.headers, FLAG.endHeaders, 2, block);
  }

  /** @param {number} id
   * @param {Buffer} data */
  function echo(id, data) {
    for (const { opcode, payload } of streams.get(id)?.push(data) ?? []) {
      send(TYPE.data, 0, id, formatWebSocketFrame({ fin: true, rsv: 0, opcode }, payload, undefined));
    }
    if (fault === "takes the setting back") socket.write(formatSettings(announced(0)));
  }
}

/** @param {number} value
 * @returns {[number, number][]} */
function announced(value) {
  return [[SETTING.enableConnectProtocol, value]];
}
