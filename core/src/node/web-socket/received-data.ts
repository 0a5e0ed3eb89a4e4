/** How binary messages are handed over. */
export type BinaryType = "blob" | "arraybuffer";

/** A received message as the `data` of its event.
 * @param data text, or bytes that are nobody else's
 * @see https://websockets.spec.whatwg.org/#feedback-from-the-protocol */
export function toEventData(data: string | Uint8Array, binaryType: BinaryType): string | Blob | ArrayBuffer {
  if (typeof data === "string") return data;
  return binaryType === "blob" ? new Blob([data]) : toArrayBuffer(data);
}

/** Small messages share the memory of Node's pool with others; a large one has its own. */
function toArrayBuffer(bytes: Uint8Array): ArrayBuffer {
  const { buffer } = bytes;
  if (buffer instanceof ArrayBuffer && buffer.byteLength === bytes.byteLength) return buffer;
  const copy = new ArrayBuffer(bytes.byteLength);
  new Uint8Array(copy).set(bytes);
  return copy;
}
