/** Frames written and read without the engine, so that what is tested is not tested by itself. */

export const TEXT = 1;
export const BINARY = 2;
export const CLOSE = 8;
export const PING = 9;
export const PONG = 10;

export interface SeenFrame {
  readonly fin: boolean;
  /** 0 to 7, RSV1 being 4. */
  readonly rsv: number;
  readonly opcode: number;
  readonly masked: boolean;
  readonly payload: Buffer;
}

export interface FrameFields {
  readonly fin?: boolean;
  readonly rsv?: number;
  /** Four octets; null for an unmasked frame. */
  readonly mask?: readonly [number, number, number, number] | null;
}

/** A frame, as a client sends it unless `mask` is null. */
export function frame(opcode: number, payload: string | Uint8Array, fields: FrameFields = {}): Buffer {
  const { fin = true, rsv = 0, mask = [1, 2, 3, 4] } = fields;
  const body = Buffer.from(payload);
  const extended = lengthBytes(body.length);
  const head = Buffer.from([(fin ? 0x80 : 0) | (rsv << 4) | opcode, (mask === null ? 0 : 0x80) | (extended[0] ?? 0)]);
  if (mask !== null) for (let i = 0; i < body.length; i++) body[i] = (body[i] ?? 0) ^ (mask[i % 4] ?? 0);
  return Buffer.concat([head, Buffer.from(extended.slice(1)), Buffer.from(mask ?? []), body]);
}

export function text(payload: string, fields?: FrameFields): Buffer {
  return frame(TEXT, payload, fields);
}

export function closeFrame(code: number, reason = "", fields?: FrameFields): Buffer {
  return frame(CLOSE, closeBody(code, reason), fields);
}

export function closeBody(code: number, reason = ""): Buffer {
  return Buffer.concat([Buffer.from([code >> 8, code & 255]), Buffer.from(reason)]);
}

function lengthBytes(length: number): number[] {
  if (length < 126) return [length];
  if (length < 65_536) return [126, length >> 8, length & 255];
  const long = Buffer.alloc(8);
  long.writeBigUInt64BE(BigInt(length));
  return [127, ...long];
}

const EMPTY = Buffer.alloc(0);

/** Finds the frames in bytes that arrive in pieces. */
export class FrameParser {
  #bytes: Buffer = EMPTY;

  push(bytes: Uint8Array): SeenFrame[] {
    this.#bytes = Buffer.concat([this.#bytes, bytes]);
    const frames: SeenFrame[] = [];
    for (let seen = this.#next(); seen !== undefined; seen = this.#next()) frames.push(seen);
    // A view of nothing would keep what it is a view of.
    if (this.#bytes.length === 0) this.#bytes = EMPTY;
    return frames;
  }

  #next(): SeenFrame | undefined {
    const bytes = this.#bytes;
    if (bytes.length < 2) return undefined;
    const [first = 0, second = 0] = bytes;
    const marker = second & 127;
    const masked = second >= 128;
    const lengthEnd = marker === 126 ? 4 : marker === 127 ? 10 : 2;
    const start = lengthEnd + (masked ? 4 : 0);
    if (bytes.length < start) return undefined;
    const length = marker === 126 ? bytes.readUInt16BE(2) : marker === 127 ? Number(bytes.readBigUInt64BE(2)) : marker;
    if (bytes.length < start + length) return undefined;
    const payload = Buffer.from(bytes.subarray(start, start + length));
    if (masked) for (let i = 0; i < length; i++) payload[i] = (payload[i] ?? 0) ^ (bytes[lengthEnd + (i % 4)] ?? 0);
    this.#bytes = bytes.subarray(start + length);
    return { fin: first >= 128, rsv: (first >> 4) & 7, opcode: first & 15, masked, payload };
  }
}
