/** The longest header: 2 bytes, a 64-bit length and a masking key. */
export const MAX_HEADER_BYTES = 14;

/** FIN in the first byte of a header: the message ends with this frame. */
export const FIN = 0x80;

/** RSV1 in the first byte of a header: with permessage-deflate the message is compressed (RFC 7692 §6). */
export const RSV1 = 0x40;

/** The first byte of a header.
 * @param rsv RSV1 = 0x40, RSV2 = 0x20, RSV3 = 0x10
 * @see RFC 6455 §5.2 */
export function firstByte(fin: boolean, rsv: number, opcode: number): number {
  return (fin ? FIN : 0) | rsv | opcode;
}

/** Bytes of the header of a frame with so long a payload. */
export function headerLength(payloadLength: number, masked: boolean): number {
  const lengthBytes = payloadLength < 126 ? 2 : payloadLength < 65_536 ? 4 : 10;
  return masked ? lengthBytes + 4 : lengthBytes;
}

/** Write a frame's header.
 * @param maskingKey a big-endian 32-bit integer, or undefined for an unmasked frame
 * @returns where the payload begins
 * @see RFC 6455 §5.2 */
export function writeHeader(
  target: Uint8Array,
  offset: number,
  first: number,
  payloadLength: number,
  maskingKey: number | undefined,
): number {
  const maskBit = maskingKey === undefined ? 0 : 0x80;
  let at = offset + 2;
  target[offset] = first;
  if (payloadLength < 126) {
    target[offset + 1] = maskBit | payloadLength;
  } else if (payloadLength < 65_536) {
    target[offset + 1] = maskBit | 126;
    target[at++] = payloadLength >>> 8;
    target[at++] = payloadLength;
  } else {
    target[offset + 1] = maskBit | 127;
    at = writeUint32(target, at, Math.floor(payloadLength / 0x1_0000_0000));
    at = writeUint32(target, at, payloadLength);
  }
  return maskingKey === undefined ? at : writeUint32(target, at, maskingKey);
}

/** The lowest 32 bits of the value; a typed array keeps only the lowest 8 of what is stored in it. */
function writeUint32(target: Uint8Array, at: number, value: number): number {
  target[at] = value >>> 24;
  target[at + 1] = value >>> 16;
  target[at + 2] = value >>> 8;
  target[at + 3] = value;
  return at + 4;
}
