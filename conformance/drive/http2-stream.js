/**
 * What both sides of the opening handshake over HTTP/2 need, and how a stream has to end: END_STREAM is a FIN, RST_STREAM a
 * RST (RFC 8441 §5).
 */
import { constants } from "node:http2";
import { faultOf } from "./opening-handshake.js";

/** @typedef {import("node:http2").Http2Stream} Http2Stream */

const { NGHTTP2_CANCEL, NGHTTP2_NO_ERROR } = constants;

/** A stream as something to play over, while others of its session go on.
 * @param {Http2Stream} stream on which the tester may write
 * @returns {Pick<import("./opening-handshake.js").Opened, "socket" | "leave">} */
export function playable(stream) {
  let endedByReset = false;
  stream.on("error", () => {}); // a reset is heard as 'close'
  // For whoever reads, Node ends a stream that was reset too, but says before that it is aborted
  stream.once("end", () => {
    endedByReset = stream.aborted;
  });
  const leave = async (/** @type {number} */ timeoutMs) => {
    stream.end();
    if (!(await hasClosed(stream, timeoutMs))) {
      giveUpStream(stream);
      return ["the HTTP/2 stream is open though both sides have ended"];
    }
    const { rstCode } = stream;
    if (rstCode !== NGHTTP2_NO_ERROR) return [`the peer reset the HTTP/2 stream with code ${rstCode}`];
    return endedByReset ? ["the peer reset the HTTP/2 stream instead of ending it"] : [];
  };
  return { socket: stream, leave };
}

/** @param {Http2Stream} stream */
function giveUpStream(stream) {
  if (!stream.closed) stream.close(NGHTTP2_CANCEL);
  stream.destroy();
}

/** Give up an opening handshake.
 * @param {Http2Stream} stream
 * @param {string} why */
export function streamFault(stream, why) {
  stream.on("error", () => {});
  giveUpStream(stream);
  return faultOf(why);
}

/** Fields by name, which HTTP/2 has in lower case.
 * @param {readonly string[]} raw names and values by turns
 * @returns {Map<string, string[]>} */
export function fieldsOf(raw) {
  /** @type {Map<string, string[]>} */
  const fields = new Map();
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const [name = "", value = ""] = raw.slice(i, i + 2);
    fields.set(name, [...(fields.get(name) ?? []), value]);
  }
  return fields;
}

/** @param {Http2Stream} stream
 * @param {number} timeoutMs
 * @returns {Promise<boolean>} false when it has not in time */
function hasClosed(stream, timeoutMs) {
  if (stream.destroyed) return Promise.resolve(true);
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, timeoutMs, false);
    stream.once("close", () => {
      clearTimeout(timer);
      resolve(true);
    });
  });
}
