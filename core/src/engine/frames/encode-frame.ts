import type { Platform } from "../bytes/platform.ts";
import { firstByte, headerLength, RSV1, writeHeader } from "./frame-writer.ts";
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
