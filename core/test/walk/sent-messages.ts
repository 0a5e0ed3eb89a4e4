/** Reads what a connection put on the link, by code that is not the connection's. */
import assert from "node:assert/strict";
import { constants, inflateRawSync } from "node:zlib";
import type { MessageKind } from "../../src/engine/messages/message.ts";
import { BINARY, CLOSE, FrameParser, TEXT } from "../node/connection/frames.ts";
import { keyOf } from "./walker.ts";

/** RFC 7692 §7.2.2: left out by whoever sends. */
const TAIL = Buffer.from("0000ffff", "hex");
const RSV1 = 4;

/** How one end may compress. */
export interface Window {
  /** How far back a message may refer to those before; 0: each is for itself. */
  readonly bytes: number;
}

export interface SentMessage {
  readonly key: string;
  /** Where its last frame ends. */
  readonly endBytes: number;
}

/** The whole messages in bytes that a connection sent.
 * @param window undefined where nothing may be compressed */
export function messagesIn(bytes: Buffer, window: Window | undefined): SentMessage[] {
  const messages: SentMessage[] = [];
  let pieces: Buffer[] = [];
  let kind: MessageKind = "binary";
  let isCompressed = false;
  let endBytes = 0;
  let before: Buffer = Buffer.alloc(0);
  for (const { fin, rsv, opcode, masked, payload } of new FrameParser().push(bytes)) {
    const { length } = payload;
    endBytes += length + (masked ? 6 : 2) + (length > 65_535 ? 8 : length > 125 ? 2 : 0);
    assert.ok(rsv === 0 || (rsv === RSV1 && window !== undefined && (opcode === TEXT || opcode === BINARY)));
    if (opcode >= CLOSE) continue;
    assert.ok(opcode === 0 || opcode === TEXT || opcode === BINARY);
    if (opcode !== 0) {
      kind = opcode === TEXT ? "text" : "binary";
      isCompressed = rsv !== 0;
    }
    pieces.push(payload);
    if (!fin) continue;
    let message: Buffer = Buffer.concat(pieces);
    pieces = [];
    if (isCompressed && window !== undefined) {
      message = inflate(message, before);
      before = lastOf(Buffer.concat([before, message]), window.bytes);
    }
    messages.push({ key: keyOf(kind, [message]), endBytes });
  }
  return messages;
}

export function closeFrameIn(bytes: Buffer): boolean {
  return new FrameParser().push(bytes).some(({ opcode }) => opcode === CLOSE);
}

function inflate(message: Buffer, before: Buffer): Buffer {
  const dictionary = before.length === 0 ? {} : { dictionary: before };
  return inflateRawSync(Buffer.concat([message, TAIL]), { finishFlush: constants.Z_SYNC_FLUSH, ...dictionary });
}

function lastOf(bytes: Buffer, count: number): Buffer {
  return bytes.subarray(Math.max(0, bytes.length - count));
}
