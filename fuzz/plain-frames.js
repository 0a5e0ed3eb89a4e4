/**
 * Reads frames by plain code that is not the engine's: to judge what an endpoint sends, and to know where a stream stands.
 * In: bytes. Out: the frames that are whole, and what is known of the one that is not. It judges nothing.
 * @see RFC 6455 §5.2
 */

/** @typedef {{ fin: boolean, rsv: number, opcode: number, masked: boolean, minimal: boolean, payload: Uint8Array }} PlainFrame */

/** @param {Uint8Array} bytes
 * @returns {{ frames: PlainFrame[], begun: { fin: boolean, opcode: number } | undefined, left: number }} `begun`: a frame of
 *   which the header is whole and the payload is not; `left`: bytes that belong to no whole frame */
export function readPlainFrames(bytes) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  /** @type {PlainFrame[]} */
  const frames = [];
  for (let at = 0; ; ) {
    const header = readHeader(view, at);
    if (header === undefined) return { frames, begun: undefined, left: bytes.length - at };
    const { fin, rsv, opcode, masked, minimal, payloadAt, length } = header;
    if (payloadAt + length > bytes.length) return { frames, begun: { fin, opcode }, left: bytes.length - at };
    const payload = new Uint8Array(bytes.subarray(payloadAt, payloadAt + length));
    if (masked) for (let i = 0; i < length; i++) payload[i] = (payload[i] ?? 0) ^ (bytes[payloadAt - 4 + (i % 4)] ?? 0);
    frames.push({ fin, rsv, opcode, masked, minimal, payload });
    at = payloadAt + length;
  }
}

/** @param {DataView} view
 * @param {number} at */
function readHeader(view, at) {
  if (view.byteLength < at + 2) return undefined;
  const first = view.getUint8(at);
  const second = view.getUint8(at + 1);
  const marker = second & 0x7f;
  const keyAt = at + (marker === 127 ? 10 : marker === 126 ? 4 : 2);
  const masked = second >= 0x80;
  const payloadAt = masked ? keyAt + 4 : keyAt;
  if (view.byteLength < payloadAt) return undefined;
  let length = marker;
  if (marker === 126) length = view.getUint16(at + 2);
  if (marker === 127) length = Number(view.getBigUint64(at + 2));
  const minimal = marker < 126 || length > (marker === 126 ? 125 : 65_535);
  return { fin: first >= 0x80, rsv: (first >> 4) & 7, opcode: first & 15, masked, minimal, payloadAt, length };
}

/** Whether a stream of valid frames ends inside a message: between two of its frames, or inside a data frame's payload.
 * @param {Uint8Array} bytes */
export function endsInMessage(bytes) {
  const { frames, begun } = readPlainFrames(bytes);
  if (begun !== undefined && begun.opcode < 8) return true;
  const data = frames.filter((frame) => frame.opcode < 8);
  return data.at(-1)?.fin === false;
}
