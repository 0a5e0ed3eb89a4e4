import { isUtf8 } from "node:buffer";
import { createHash, randomBytes } from "node:crypto";
import { maskBytes } from "polysocket/engine";

/** What the engine asks of a platform, with the plainest of Node's means.
 * @type {import("polysocket/engine").Platform} */
export const platform = {
  allocate: (size) => Buffer.allocUnsafe(size),
  copy: (bytes, start, end) => Buffer.from(bytes.subarray(start, end)),
  isUtf8: (bytes, start, end) => isUtf8(bytes.subarray(start, end)),
  decodeUtf8: (bytes, start, end) => Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString("utf8"),
  decodeAscii: (bytes, start, end) =>
    Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString("latin1"),
  utf8Length: (text) => Buffer.byteLength(text),
  writeUtf8: (text, target, offset) =>
    Buffer.from(target.buffer, target.byteOffset, target.length).write(text, offset, "utf8"),
  mask: maskBytes,
  maskingKey: () => randomBytes(4).readInt32BE(0),
  randomBytes: (size) => randomBytes(size),
  sha1: (text) => createHash("sha1").update(text, "latin1").digest(),
};
