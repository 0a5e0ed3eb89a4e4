/**
 * The head of a request, read from a socket by ourselves: any bytes, cut in any way, with any bound. What
 * comes of it is compared with patterns written from the RFC.
 * The first two bytes choose the bound and the cuts, the rest is what the socket receives.
 */
import { EventEmitter } from "node:events";
import { byteByByte, cut, Input } from "../input.js";
import { SocketReader } from "../under-test.js";
import { hold } from "../violation.js";

/** @typedef {{ head: string } | { fault: string } | undefined} Outcome undefined while more is needed */

const BOUNDS = /** @type {const} */ ([16_384, 40, 120, 300]);
const END = "\r\n\r\n";
/** RFC 9112 §3, §5, with what the parser is strict about: written from the grammar, for the whole head at once. */
const TOKEN = "[!#$%&'*+\\-.^_`|~0-9A-Za-z]+";
const REQUEST_LINE = new RegExp(`^(${TOKEN}) ([\\x21-\\x7e\\x80-\\xff]+) HTTP/([0-9]\\.[0-9])$`);
const FIELD = new RegExp(`^(${TOKEN}):([\\t\\x20-\\x7e\\x80-\\xff]*)$`);

/** @param {Uint8Array} bytes */
export function fuzz(bytes) {
  const input = new Input(bytes);
  const bound = input.of(BOUNDS);
  const seed = input.byte();
  const stream = input.rest();
  const expected = judge(Buffer.from(stream).toString("latin1"), bound);
  expect(expected, read([stream], bound), "whole");
  expect(expected, read(cut(stream, seed), bound), "cut");
  if (stream.length <= 512) expect(expected, read(byteByByte(stream), bound), "byte by byte");
}

/** What has to come of a stream. The end may begin within the bound and lie behind it.
 * @param {string} text
 * @param {number} bound
 * @returns {Outcome} */
function judge(text, bound) {
  const end = text.indexOf(END);
  if (end > bound || (end === -1 && text.length >= bound + END.length)) {
    return { fault: "REQUEST_TOO_LARGE" };
  }
  if (end === -1) return undefined;
  const [line = "", ...fieldLines] = text.slice(0, end).split("\r\n");
  const request = REQUEST_LINE.exec(line);
  const fields = fieldLines.map((each) => FIELD.exec(each));
  if (request === null || fields.includes(null)) return { fault: "REQUEST_INVALID" };
  const raw = fields.flatMap((field) => [field?.[1] ?? "", (field?.[2] ?? "").replace(/^[ \t]+|[ \t]+$/g, "")]);
  return { head: JSON.stringify([request[1], request[2], request[3], raw]) };
}

/** @param {Outcome} expected
 * @param {Outcome} seen
 * @param {string} how */
function expect(expected, seen, how) {
  hold(
    JSON.stringify(expected) === JSON.stringify(seen),
    () => `${how} it is ${JSON.stringify(seen)}, and should be ${JSON.stringify(expected)}`,
  );
}

/** @param {readonly Uint8Array[]} pieces
 * @param {number} bound
 * @returns {Outcome} */
function read(pieces, bound) {
  const socket = Object.assign(new EventEmitter(), { destroyed: false, readableEnded: false, destroy() {} });
  /** @type {Outcome} */
  let outcome;
  let overs = 0;
  const reader = new SocketReader(/** @type {any} */ (socket), {
    timeoutMs: 60_000,
    maxHeadBytes: bound,
    over: () => {
      overs += 1;
    },
    read: ({ fault, source }) => {
      hold(outcome === undefined, "a request was handed over twice");
      outcome = fault === undefined ? { head: shown(source) } : { fault: fault.code };
    },
  });
  for (const piece of pieces) socket.emit("data", Buffer.from(piece));
  hold(overs === (outcome === undefined ? 0 : 1), () => `it was over ${overs} times`);
  socket.emit("close");
  hold(overs === 1, () => `after the end it was over ${overs} times`);
  hold(reader.heapIndex === -1, "its timer is left");
  hold(socket.listenerCount("data") === 0, "it still listens");
  return outcome;
}

/** @param {import("../../core/dist/cjs/node/server/handshake-request.js").RequestSource} source */
function shown({ method, url, httpVersion, rawHeaders }) {
  return JSON.stringify([method, url, httpVersion, rawHeaders]);
}
