import { randomBytes } from "node:crypto";
import { type Frame, frameBytes, OPCODE } from "polysocket";

/** One frame, as 'frame' events give it and `sendFrame` takes it. */
export class WebSocketFrame {
  fin = false;
  rsv1 = false;
  rsv2 = false;
  rsv3 = false;
  mask = false;
  opcode = 0;
  length = 0;
  binaryPayload: Buffer | null = null;
  /** Of a Close frame; -1 for none. */
  closeStatus = -1;
  protocolError = false;
  frameTooLarge = false;
  invalidCloseFrameLength = false;
  dropReason: string | undefined = undefined;
  parseState = 1;
  maxReceivedFrameSize: number | undefined;
  config: { maxReceivedFrameSize?: number } | undefined;

  maskBytes: Uint8Array | undefined;
  frameHeader: Uint8Array | undefined;

  /** @param maskBytes and the next one were the original's parser's; they are only kept */
  constructor(maskBytes?: Uint8Array, frameHeader?: Uint8Array, config?: { maxReceivedFrameSize?: number }) {
    this.maskBytes = maskBytes;
    this.frameHeader = frameHeader;
    this.config = config;
    this.maxReceivedFrameSize = config?.maxReceivedFrameSize;
  }

  /** The frame's bytes, and its `length`.
   * @param nullMask whether the masking key is four zeros */
  toBuffer(nullMask?: boolean): Buffer {
    const payload = payloadOf(this);
    this.length = payload.length;
    const maskingKey = this.mask ? (nullMask ? 0 : randomBytes(4).readInt32BE()) : undefined;
    return frameBytes({ ...coreFrame(this), maskingKey });
  }

  toString(): string {
    const { opcode, fin, length, mask } = this;
    const hasPayload = Boolean(this.binaryPayload);
    return `Opcode: ${opcode}, fin: ${fin}, length: ${length}, hasPayload: ${hasPayload}, masked: ${mask}`;
  }
}

/** A frame for the core, unmasked. */
export function coreFrame(frame: WebSocketFrame): Frame {
  const { fin, rsv1, rsv2, rsv3, opcode } = frame;
  return {
    fin: Boolean(fin),
    rsv1: Boolean(rsv1),
    rsv2: Boolean(rsv2),
    rsv3: Boolean(rsv3),
    opcode,
    maskingKey: undefined,
    payload: payloadOf(frame),
  };
}

/** What an application sees of a frame that arrived. */
export function frameOf(received: Frame, config: { maxReceivedFrameSize?: number }): WebSocketFrame {
  const frame = new WebSocketFrame(undefined, undefined, config);
  const { fin, rsv1, rsv2, rsv3, opcode, maskingKey, payload } = received;
  const bytes = Buffer.from(payload.buffer, payload.byteOffset, payload.length);
  Object.assign(frame, { fin, rsv1, rsv2, rsv3, opcode, mask: maskingKey !== undefined, length: payload.length });
  frame.parseState = 5;
  frame.binaryPayload = bytes;
  if (opcode !== OPCODE.close || bytes.length === 0) return frame;
  frame.invalidCloseFrameLength = bytes.length === 1;
  if (bytes.length < 2) return frame;
  frame.closeStatus = bytes.readUInt16BE(0);
  frame.binaryPayload = bytes.subarray(2);
  return frame;
}

/** A Close frame's code stands before its reason (RFC 6455 §5.5.1). */
function payloadOf({ opcode, closeStatus, binaryPayload }: WebSocketFrame): Buffer {
  const payload = binaryPayload ?? Buffer.alloc(0);
  if (opcode !== OPCODE.close) return payload;
  const code = Buffer.alloc(2);
  code.writeUInt16BE(closeStatus & 0xffff);
  return Buffer.concat([code, payload]);
}
