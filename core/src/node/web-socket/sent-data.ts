import { isArrayBuffer, isSharedArrayBuffer } from "node:util/types";
import { toUsvString } from "./idl-conversions.ts";

/** What `send` takes; everything else is made a string. */
export type SendData = string | Blob | ArrayBuffer | ArrayBufferView;

const EMPTY: Uint8Array = new Uint8Array(0);

/** The argument of `send` as Web IDL converts it to (BufferSource or Blob or USVString).
 * @returns a Blob, a view of the caller's bytes, or text in which unpaired surrogates may be left: whoever encodes it makes
 *   U+FFFD of them
 * @throws TypeError for a Symbol, and for memory that is shared or can be resized
 * @see https://webidl.spec.whatwg.org/#js-union, https://webidl.spec.whatwg.org/#js-buffer-source-types */
export function toSentData(data: unknown): string | Uint8Array | Blob {
  if (typeof data === "string") return data;
  if (ArrayBuffer.isView(data)) return bytesOf(data);
  if (isArrayBuffer(data)) {
    checkMemory(data);
    return data.byteLength === 0 ? EMPTY : new Uint8Array(data);
  }
  // A SharedArrayBuffer is none of the union's types, and so becomes a string
  return data instanceof Blob ? data : toUsvString(data);
}

/** How many bytes of application data a message has. */
export function payloadBytes(data: string | Uint8Array | Blob): number {
  if (typeof data === "string") return Buffer.byteLength(data);
  return data instanceof Uint8Array ? data.byteLength : data.size;
}

function bytesOf(view: ArrayBufferView): Uint8Array {
  checkMemory(view.buffer);
  if (view instanceof Uint8Array) return view;
  // Memory that was transferred away is empty; a DataView of it would throw when asked for its length
  if (view.buffer.byteLength === 0) return EMPTY;
  return new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
}

function checkMemory(buffer: ArrayBufferLike): void {
  if (isSharedArrayBuffer(buffer)) throw new TypeError("the bytes are in shared memory; send a copy of them");
  if (Reflect.get(buffer, "resizable") === true) {
    throw new TypeError("the bytes are in an ArrayBuffer that can be resized; send a copy of them");
  }
}
