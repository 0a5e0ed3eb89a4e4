import type { OutgoingFrame } from "polysocket";

/** RFC 6455 §5.5. */
const MAX_BYTES = 125;
const NOTHING = Buffer.alloc(0);

/** What a ping or pong carries: the beginning of what was given, a copy. */
export function controlPayload(data: { toString(): string } | undefined | null): Buffer {
  if (!data) return NOTHING;
  if (Buffer.isBuffer(data)) return Buffer.from(data.subarray(0, MAX_BYTES));
  return Buffer.from(String(data.toString())).subarray(0, MAX_BYTES);
}

/** What a Close frame carries.
 * @see RFC 6455 §5.5.1 */
export function closePayload(code: number, reason: string): Buffer {
  const head = Buffer.alloc(2);
  head.writeUInt16BE(code & 0xffff);
  return Buffer.concat([head, Buffer.from(reason)]);
}

export function controlFrame(opcode: number, payload: Buffer): OutgoingFrame {
  return { fin: true, rsv1: false, rsv2: false, rsv3: false, opcode, maskingKey: "auto", payload };
}
