import { isAscii, isUtf8 } from "node:buffer";
import * as crypto from "node:crypto";
import { maskBytes } from "../../engine/bytes/mask.ts";
import type { Platform } from "../../engine/bytes/platform.ts";
import { isReadBuffer } from "../transport/read-memory.ts";
import { compileVectorMask, type VectorMask } from "./vector-mask.ts";

/** Up to so many bytes are copied one by one; beyond, a view and one call are cheaper (measured: 16 B 56 against 90 ns). */
const BYTEWISE_UP_TO = 16;
/** Masking keys drawn at a time: one call for 1,024 of them costs about as much as one call for one. */
const KEYS_AT_A_TIME = 1_024;

/** From so many bytes on vectors are faster than single words, even with the bytes that are left over. */
const VECTORS_FROM = 24;

/** From so many bytes on it pays to ask whether they are ASCII: those are decoded in three quarters of the time, from 1 MiB on, where
 * they become a string outside of V8's heap, in a twentieth. */
const ASCII_ASKED_FROM = 4_096;

/** Buffer's own conversions without the checks of `toString` and `write`; undocumented, so each has a fallback. */
interface RawConversions {
  utf8Slice?(this: Uint8Array, start: number, end: number): string;
  latin1Slice?(this: Uint8Array, start: number, end: number): string;
  utf8Write?(this: Uint8Array, text: string, offset: number, length: number): number;
}
const raw: RawConversions = Buffer.prototype;
const utf8Slice = raw.utf8Slice ?? sliceBy("utf8");
const latin1Slice = raw.latin1Slice ?? sliceBy("latin1");
const utf8Write = raw.utf8Write ?? writeUtf8Publicly;

const keys: Int32Array = new Int32Array(KEYS_AT_A_TIME);
let keysUsed = KEYS_AT_A_TIME;
let received: ArrayBufferLike | undefined;
/** Compiled when it is first needed; null where it cannot be. */
let vectorMask: VectorMask | null | undefined;

/** Node's primitives. Arrays are Buffers; small copies share Node's pool (8 KiB, from Node 24 on 64 KiB). */
export const nodePlatform: Platform = {
  allocate(size) {
    // Not from the pool: a few bytes of a frame that is never completed would keep all of it (an idle peer's cheapest attack).
    return Buffer.allocUnsafeSlow(size);
  },
  copy(bytes, start, end) {
    const copy = Buffer.allocUnsafe(end - start);
    if (end - start <= BYTEWISE_UP_TO) {
      for (let i = start; i < end; i++) copy[i - start] = bytes[i] ?? 0;
    } else {
      copy.set(new Uint8Array(bufferOf(bytes), bytes.byteOffset + start, end - start));
    }
    return copy;
  },
  isUtf8(bytes, start, end) {
    return isUtf8(viewOf(bytes, start, end));
  },
  decodeUtf8(bytes, start, end) {
    const slice = end - start >= ASCII_ASKED_FROM && isAscii(viewOf(bytes, start, end)) ? latin1Slice : utf8Slice;
    return slice.call(bytes, start, end);
  },
  decodeAscii(bytes, start, end) {
    return latin1Slice.call(bytes, start, end);
  },
  utf8Length(text) {
    return Buffer.byteLength(text);
  },
  writeUtf8(text, target, offset) {
    return utf8Write.call(target, text, offset, target.length - offset);
  },
  mask(bytes, start, end, key, phase) {
    if (end - start < VECTORS_FROM || !isReadBuffer(bytes)) return maskBytes(bytes, start, end, key, phase);
    return maskReceived(bytes, start, end, key, phase);
  },
  maskingKey() {
    if (keysUsed === KEYS_AT_A_TIME) {
      crypto.randomFillSync(keys);
      keysUsed = 0;
    }
    return keys[keysUsed++] ?? 0;
  },
  randomBytes(size) {
    return crypto.randomBytes(size);
  },
  sha1(text) {
    // One call into Node instead of a stream object and three: a third of the time. Its text is UTF-8, and ASCII is.
    return crypto.hash("sha1", text, "buffer");
  },
};

function viewOf(bytes: Uint8Array, start: number, end: number): Uint8Array {
  return new Uint8Array(bytes.buffer, bytes.byteOffset + start, end - start);
}

/** `bytes.buffer`, which V8 does not inline, without asking again for the array that all sockets are read into. */
function bufferOf(bytes: Uint8Array): ArrayBufferLike {
  if (!isReadBuffer(bytes)) return bytes.buffer;
  received ??= bytes.buffer;
  return received;
}

/** What `maskBytes` does, for a range of the buffer that sockets are read into. */
function maskReceived(bytes: Uint8Array, start: number, end: number, key: number, phase: number): number {
  if (vectorMask === undefined) vectorMask = compileVectorMask() ?? null;
  if (vectorMask === null) return maskBytes(bytes, start, end, key, phase);
  const turn = (phase & 3) << 3;
  const turned = turn === 0 ? key : (key << turn) | (key >>> (32 - turn));
  const octets = (turned >>> 24) | ((turned >>> 8) & 0xff00) | ((turned << 8) & 0xff0000) | (turned << 24);
  const stop = end - ((end - start) & 15);
  const seen = vectorMask(start, stop, octets);
  return (seen === 0 ? 0 : -1) | maskBytes(bytes, stop, end, turned, 0);
}

function sliceBy(encoding: "utf8" | "latin1"): (this: Uint8Array, start: number, end: number) => string {
  return function (start, end) {
    return bufferOver(this).toString(encoding, start, end);
  };
}

function writeUtf8Publicly(this: Uint8Array, text: string, offset: number, length: number): number {
  return bufferOver(this).write(text, offset, length, "utf8");
}

function bufferOver(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
}
