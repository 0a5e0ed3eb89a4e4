/** What `nodejs-websocket/frame` made: frames as bytes. */
import { type Frame, frameBytes, OPCODE } from "polysocket";
import { randomInt } from "node:crypto";

export function createTextFrame(data: string, masked = false): Buffer {
  return make(OPCODE.text, Buffer.from(data), masked);
}

/** @param first whether it begins a message
 * @param fin whether it ends it */
export function createBinaryFrame(data: Uint8Array, masked = false, first = true, fin = true): Buffer {
  return make(first ? OPCODE.binary : OPCODE.continuation, data, masked, fin);
}

/** @param code none where it is undefined or 1005 */
export function createCloseFrame(code?: number, reason = "", masked = false): Buffer {
  if (code === undefined || code === 1005) return make(OPCODE.close, Buffer.alloc(0), masked);
  const head = Buffer.alloc(2);
  head.writeUInt16BE(code);
  return make(OPCODE.close, Buffer.concat([head, Buffer.from(reason)]), masked);
}

export function createPingFrame(data: string, masked = false): Buffer {
  return make(OPCODE.ping, Buffer.from(data), masked);
}

export function createPongFrame(data: string, masked = false): Buffer {
  return make(OPCODE.pong, Buffer.from(data), masked);
}

function make(opcode: number, payload: Uint8Array, masked: boolean, fin = true): Buffer {
  const maskingKey = masked ? randomInt(2 ** 32) : undefined;
  const frame: Frame = { fin, rsv1: false, rsv2: false, rsv3: false, opcode, maskingKey, payload };
  return frameBytes(frame);
}
