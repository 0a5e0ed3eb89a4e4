/**
 * Compressed messages as a hostile peer makes them. In: what is to be compressed, or a wish for what is no DEFLATE data.
 * Out: bytes of frames. DEFLATE data come from Node's zlib, and by hand where zlib would not write them.
 */
import * as zlib from "node:zlib";
import { BINARY, type FrameFields, frame, TEXT } from "../node/connection/frames.ts";

/** Request headers of a client that offers compression. */
export const OFFER = { "Sec-WebSocket-Extensions": "permessage-deflate; client_max_window_bits" } as const;
/** A server's response headers that agree on it. */
export const AGREED = { "Sec-WebSocket-Extensions": "permessage-deflate" } as const;

/** A text that repeats itself. */
export const WORDS = "what was said once is said again, what was said once is said once more";

const RSV1 = 4;
const CONTINUATION = 0;
/** What the sender of a message leaves away (RFC 7692 §7.2.1). */
const TAIL = Buffer.from([0x00, 0x00, 0xff, 0xff]);
const MIB = 1 << 20;

/** The payload of a compressed message. */
export function deflate(content: string | Uint8Array, options: zlib.ZlibOptions = {}): Buffer {
  const flushed = zlib.deflateRawSync(content, { finishFlush: zlib.constants.Z_SYNC_FLUSH, ...options });
  return flushed.subarray(0, -TAIL.length);
}

/** A frame that begins a compressed message with these DEFLATE data. */
export function deflatedFrame(opcode: number, data: Uint8Array, fields: FrameFields = {}): Buffer {
  return frame(opcode, data, { rsv: RSV1, ...fields });
}

/** The payload of a message whose data end, as few senders make them (§7.2.3.4). */
export function finished(content: string | Uint8Array): Buffer {
  return zlib.deflateRawSync(content);
}

/** One message's payload of several. */
export function joined(...payloads: readonly Uint8Array[]): Buffer {
  return Buffer.concat(payloads.flatMap((payload) => [TAIL, payload]).slice(1));
}

export function deflatedText(content: string | Uint8Array, fields: FrameFields = {}): Buffer {
  return deflatedFrame(TEXT, deflate(content), fields);
}

/** A compressed message in frames of so many bytes, or of none, until the data are used up.
 * @param count of frames, where there are to be more than data, or only the first ones */
export function deflatedFrames(
  data: Uint8Array,
  bytesEach: number,
  fields: FrameFields = {},
  count = Math.ceil(data.length / bytesEach),
): Buffer {
  return Buffer.concat(
    Array.from({ length: count }, (_, index) =>
      frame(index === 0 ? BINARY : CONTINUATION, data.subarray(index * bytesEach, (index + 1) * bytesEach), {
        rsv: index === 0 ? RSV1 : 0,
        ...fields,
        fin: index === count - 1,
      }),
    ),
  );
}

/** Data that refer to what is not in them: a message that was sent before this one, or never. */
export function deflateAgainst(past: string | Uint8Array, content: string | Uint8Array): Buffer {
  return deflate(content, { dictionary: Buffer.from(past) });
}

/** About 1,040 bytes, whole blocks, that become 1 MiB of zeros. */
const EXPLOSIVE = zlib.deflateRawSync(Buffer.alloc(MIB), { finishFlush: zlib.constants.Z_FULL_FLUSH, level: 9 });

/** Data that become so many MiB of zeros, a thousand times as much as they are. */
export function bomb(mib: number): Buffer {
  return repeated(EXPLOSIVE, mib).subarray(0, -TAIL.length);
}

/** What a compressed message means.
 * @param past what came before, where it may refer to that */
export function inflate(data: Uint8Array, past: Uint8Array = Buffer.alloc(0)): Buffer {
  const options = { finishFlush: zlib.constants.Z_SYNC_FLUSH, ...(past.length === 0 ? {} : { dictionary: past }) };
  return zlib.inflateRawSync(Buffer.concat([data, TAIL]), options);
}

export function repeated(bytes: Uint8Array, count: number): Buffer {
  return Buffer.concat(Array.from({ length: count }, () => bytes));
}

/** Bytes that can't be compressed, always the same. */
export function noise(length: number, seed = 1): Buffer {
  const bytes = Buffer.allocUnsafe(length);
  for (let at = 0, state = seed; at < length; at++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    bytes[at] = state >>> 24;
  }
  return bytes;
}

/** A payload written bit by bit, the first one in the lowest place; zeros fill the last byte. */
export function fromBits(bits: string): Buffer {
  const bytes = Buffer.alloc(Math.ceil(bits.length / 8));
  for (let at = 0; at < bits.length; at++) {
    if (bits[at] === "1") bytes[at >> 3] = (bytes[at >> 3] ?? 0) | (1 << (at & 7));
  }
  return bytes;
}

/** A payload that repeats three bytes from so far back (1 to 4), by fixed codes (RFC 1951 §3.2.5, §3.2.6). */
export function referTo(distance: number): Buffer {
  const [header, length, end, emptyBlock] = ["010", "0000001", "0000000", "000"];
  return fromBits([header, length, (distance - 1).toString(2).padStart(5, "0"), end, emptyBlock].join(""));
}

/** A block that ends the data, and has nothing in it (RFC 1951 §3.2.3, §3.2.6). */
export const EMPTY_FINAL = Buffer.from([0x03, 0x00]);
/** A stored block with nothing in it, which does not end them (§3.2.4). */
export const EMPTY_STORED = Buffer.from([0x00, 0x00, 0x00, 0xff, 0xff]);
/** An empty message (RFC 7692 §7.2.3.6). */
export const EMPTY_MESSAGE = Buffer.from([0x00]);
