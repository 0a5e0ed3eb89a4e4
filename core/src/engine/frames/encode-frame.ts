import type { Platform } from "../bytes/platform.ts";
import { firstByte, headerLength, RSV1, writeHeader } from "./frame-writer.ts";
import type { Frame } from "./frame.ts";
import { OPCODE } from "./opcode.ts";

/** A whole message as one unmasked frame: the same bytes for every client of a server.
 * @param compressed whether the payload is DEFLATE data, so that RSV1 is set
 * @returns a new array */
export function encodeFrame(
  platform: Platform,
  kind: "text" | "binary",
  payload: Uint8Array,
  compressed: boolean,
): Uint8Array {
  const frame = platform.allocate(headerLength(payload.length, false) + payload.length);
  const first = firstByte(true, compressed ? RSV1 : 0, kind === "text" ? OPCODE.text : OPCODE.binary);
  frame.set(payload, writeHeader(frame, 0, first, payload.length, undefined));
  return frame;
}

/** A frame exactly as it is, right or wrong, masking key included.
 * @returns a new array */
export function encodeRawFrame(platform: Platform, frame: Frame): Uint8Array {
  const { fin, rsv1, rsv2, rsv3, opcode, maskingKey, payload } = frame;
  const bytes = platform.allocate(headerLength(payload.length, maskingKey !== undefined) + payload.length);
  const rsv = (rsv1 ? 0x40 : 0) | (rsv2 ? 0x20 : 0) | (rsv3 ? 0x10 : 0);
  const start = writeHeader(bytes, 0, firstByte(fin, rsv, opcode), payload.length, maskingKey);
  bytes.set(payload, start);
  if (maskingKey !== undefined) platform.mask(bytes, start, bytes.length, maskingKey, 0);
  return bytes;
}
