/** Frames as an attacker writes them: every bit can be set wrong, and the length can be a lie. */

export const opcode = /** @type {const} */ ({ continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 });

/** The example key of RFC 6455 §5.7; a server cannot tell. */
const MASKING_KEY = Buffer.from([0x37, 0xfa, 0x21, 0x3d]);

/**
 * @typedef {object} FrameParts
 * @property {boolean} [fin]
 * @property {boolean} [rsv1]
 * @property {boolean} [rsv2]
 * @property {boolean} [rsv3]
 * @property {number} opcode
 * @property {string | Uint8Array} [payload]
 * @property {boolean} [mask] clients must (RFC 6455 §5.1)
 * @property {number | bigint} [length] the length to declare, if not the payload's
 * @property {0 | 2 | 8} [lengthBytes] how the length is written, if not in the shortest way (§5.2)
 */

/** @param {FrameParts} parts
 * @returns {Buffer} */
export function frame({ mask = true, payload = "", ...parts }) {
  const bytes = typeof payload === "string" ? Buffer.from(payload) : Buffer.from(payload);
  const header = frameHeader({ ...parts, mask, length: parts.length ?? bytes.length });
  if (mask) for (let at = 0; at < bytes.length; at++) bytes[at] = (bytes[at] ?? 0) ^ (MASKING_KEY[at & 3] ?? 0);
  return Buffer.concat([header, bytes]);
}

/** The header alone; what follows it is up to the caller (who must mask it).
 * @param {FrameParts & { length: number | bigint }} parts
 * @returns {Buffer} */
export function frameHeader({ fin = true, rsv1 = false, rsv2 = false, rsv3 = false, mask = true, ...parts }) {
  const length = BigInt(parts.length);
  const lengthBytes = parts.lengthBytes ?? (length < 126n ? 0 : length < 65_536n ? 2 : 8);
  const first = (fin ? 0x80 : 0) | (rsv1 ? 0x40 : 0) | (rsv2 ? 0x20 : 0) | (rsv3 ? 0x10 : 0) | parts.opcode;
  const small = lengthBytes === 0 ? Number(length) : lengthBytes === 2 ? 126 : 127;
  const extended = Buffer.alloc(lengthBytes);
  if (lengthBytes === 2) extended.writeUInt16BE(Number(length));
  if (lengthBytes === 8) extended.writeBigUInt64BE(length);
  const start = Buffer.from([first, (mask ? 0x80 : 0) | small]);
  return Buffer.concat(mask ? [start, extended, MASKING_KEY] : [start, extended]);
}

/** One small frame many times over, for floods.
 * @param {Buffer} bytes
 * @param {number} count */
export function repeated(bytes, count) {
  return Buffer.alloc(bytes.length * count, bytes);
}

/** A Close frame's payload (RFC 6455 §5.5.1).
 * @param {number} closeCode
 * @param {string | Uint8Array} [reason] */
export function closePayload(closeCode, reason = "") {
  const code = Buffer.alloc(2);
  code.writeUInt16BE(closeCode);
  return Buffer.concat([code, typeof reason === "string" ? Buffer.from(reason) : reason]);
}

/** @typedef {{ fin: boolean, rsv1: boolean, opcode: number, payload: Buffer }} ReceivedFrame */

/** Reads a server's frames: give it chunks, it calls `onFrame` for each complete frame.
 * @param {(frame: ReceivedFrame) => void} onFrame
 * @returns {(chunk: Uint8Array) => void} */
export function frameReader(onFrame) {
  let rest = Buffer.alloc(0);
  return (chunk) => {
    rest = rest.length === 0 ? Buffer.from(chunk) : Buffer.concat([rest, chunk]);
    for (let one = firstFrame(rest); one !== undefined; one = firstFrame(rest)) {
      rest = rest.subarray(one.end);
      onFrame(one);
    }
  };
}

/** @param {Buffer} bytes
 * @returns {(ReceivedFrame & { end: number }) | undefined} */
function firstFrame(bytes) {
  const [first = 0, second = 0] = bytes;
  if (bytes.length < 2) return undefined;
  const small = second & 0x7f;
  const start = small < 126 ? 2 : small === 126 ? 4 : 10;
  if (bytes.length < start) return undefined;
  const length = small < 126 ? small : small === 126 ? bytes.readUInt16BE(2) : Number(bytes.readBigUInt64BE(2));
  if (bytes.length < start + length) return undefined;
  const payload = Buffer.from(bytes.subarray(start, start + length));
  return { fin: first >= 0x80, rsv1: (first & 0x40) !== 0, opcode: first & 15, payload, end: start + length };
}

/** The next frame that fits, from a paused socket; undefined when it closes or the signal aborts before.
 * @param {import("node:stream").Duplex} socket
 * @param {AbortSignal} signal
 * @param {{ head?: Uint8Array, accept?: (frame: ReceivedFrame) => boolean }} [options] `head` came behind the 101
 * @returns {Promise<ReceivedFrame | undefined>} */
export function nextFrame(socket, signal, { head, accept = () => true } = {}) {
  return new Promise((resolve) => {
    const finish = (/** @type {ReceivedFrame | undefined} */ result) => {
      socket.off("data", read).off("end", onEnd).off("close", onEnd).pause();
      signal.removeEventListener("abort", onEnd);
      resolve(result);
    };
    const onEnd = () => finish(undefined);
    const read = frameReader((one) => accept(one) && finish(one));
    signal.addEventListener("abort", onEnd);
    socket.on("data", read).on("end", onEnd).on("close", onEnd);
    if (head !== undefined && head.length > 0) read(head);
    if (socket.destroyed || signal.aborted) onEnd();
    else socket.resume();
  });
}
