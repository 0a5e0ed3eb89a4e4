/**
 * The tester's own writing of frames, right and wrong ones. It shares no code with the engine that is tested.
 * In: header fields and payloads. Out: octets.
 * @see RFC 6455 §5.2
 */

/** @typedef {{ fin: boolean, rsv: number, opcode: number }} FrameFields rsv: RSV1 = 4, RSV2 = 2, RSV3 = 1 */

export const OPCODE = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 };

/** A frame.
 * @param {FrameFields} fields
 * @param {Buffer} payload is not changed
 * @param {Buffer | undefined} key four octets, or undefined for a frame that is not masked */
export function formatFrame(fields, payload, key) {
  const { header, seal } = beginFrame(fields, payload.length, key);
  return Buffer.concat([header, seal(payload)]);
}

/** The header of a frame, and what turns its payload, piece by piece, into what goes on the wire.
 * @param {FrameFields} fields
 * @param {number} length of the whole payload
 * @param {Buffer | undefined} key
 * @returns {{ header: Buffer, seal: (piece: Buffer) => Buffer }} */
export function beginFrame(fields, length, key) {
  const header = formatHeader(fields, length);
  if (key === undefined) return { header, seal: (piece) => piece };
  header[1] = (header[1] ?? 0) | 0x80;
  let sealed = 0;
  const seal = (/** @type {Buffer} */ piece) => {
    const masked = maskPayload(piece, key, sealed);
    sealed += piece.length;
    return masked;
  };
  return { header: Buffer.concat([header, key]), seal };
}

/** A copy of a payload, or of the piece from octet `phase` on, masked or unmasked.
 * @param {Buffer} payload
 * @param {Buffer} key
 * @see RFC 6455 §5.3 */
export function maskPayload(payload, key, phase = 0) {
  const masked = Buffer.allocUnsafe(payload.length);
  for (let i = 0; i < payload.length; i++) masked[i] = (payload[i] ?? 0) ^ (key[(phase + i) & 3] ?? 0);
  return masked;
}

/** The payload of a Close frame.
 * @param {number | null} code null: none */
export function closePayload(code) {
  if (code === null) return Buffer.alloc(0);
  return Buffer.from([code >> 8, code & 0xff]);
}

/** @param {FrameFields} fields
 * @param {number} length */
function formatHeader({ fin, rsv, opcode }, length) {
  const first = (fin ? 0x80 : 0) | (rsv << 4) | opcode;
  if (length < 126) return Buffer.from([first, length]);
  if (length < 65_536) return Buffer.from([first, 126, length >> 8, length & 0xff]);
  const header = Buffer.alloc(10);
  header[0] = first;
  header[1] = 127;
  header.writeBigUInt64BE(BigInt(length), 2);
  return header;
}
