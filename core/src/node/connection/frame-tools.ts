import { cutReason } from "../../engine/frames/close-code.ts";
import { encodeRawFrame } from "../../engine/frames/encode-frame.ts";
import type { Frame } from "../../engine/frames/frame.ts";
import { nodePlatform } from "./node-platform.ts";

/** The longest beginning of a text that fits into a Close frame as its reason: 123 bytes of UTF-8, no character cut.
 * @see RFC 6455 §5.5.1 */
export function fitReason(reason: string): string {
  return cutReason(nodePlatform, reason);
}

/** A frame as it goes over the wire, right or wrong, masked with its masking key.
 * @returns a Buffer of its own
 * @see RFC 6455 §5.2 */
export function frameBytes(frame: Frame): Buffer {
  const bytes = encodeRawFrame(nodePlatform, frame);
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
}
