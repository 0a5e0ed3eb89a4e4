/** Between what programs hand over and what frames carry. */
import { isUtf8 } from "node:buffer";
import type { Connection } from "polysocket";
import type { Encoding } from "./options.ts";

/** Received text, as an instance's or a client's encoding wants it. */
export function recode(text: string, encoding: Encoding): string {
  return encoding === "utf8" ? text : Buffer.from(text).toString(encoding);
}

/** Send the bytes that a string stands for: as text, or as binary where they are no UTF-8, which a text message has to be.
 * @see RFC 6455 §8.1 */
export function sendDecoded<Data>(connection: Connection<Data>, text: string, encoding: Encoding): boolean {
  const bytes = Buffer.from(text, encoding);
  return connection.send(bytes, { kind: isUtf8(bytes) ? "text" : "binary" });
}

/** The bytes of a binary message.
 * @throws TypeError for what is none: a number, null, a boolean, an object */
export function bytesOf(data: unknown): Uint8Array {
  if (data instanceof Uint8Array) return data;
  if (ArrayBuffer.isView(data)) return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  if (data instanceof ArrayBuffer || data instanceof SharedArrayBuffer) return new Uint8Array(data);
  if (Array.isArray(data)) return Buffer.from(data);
  const seen = data === null ? "null" : typeof data;
  throw new TypeError(`a message cannot be made of ${seen}; give a string, a Buffer, a typed array or an ArrayBuffer`);
}
