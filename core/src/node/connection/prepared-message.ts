import { isAnyArrayBuffer } from "node:util/types";
import { UsageError } from "../../engine/errors.ts";
import { encodeFrame } from "../../engine/frames/encode-frame.ts";
import type { MessageKind } from "../../engine/messages/message.ts";
import { deflateAlone } from "../compression/codec.ts";
import type { DeflateScheme } from "../compression/deflate-scheme.ts";
import type { DeflateSettings } from "../compression/raw-zlib.ts";
import { nodePlatform } from "./node-platform.ts";

/** What a message can be made of that is sent in one piece: text, or bytes. */
export type Preparable = string | Uint8Array | ArrayBuffer | ArrayBufferView;

/** How a message is sent. */
export interface SendOptions {
  /** Default: "text" for a string, "binary" for everything else. */
  readonly kind?: MessageKind | undefined;
  /** Whether to compress it, where that was agreed on with the peer. Default: as `compression` of the server or client says. */
  readonly compress?: boolean | undefined;
}

interface DeflatedFrame {
  readonly settings: DeflateSettings;
  readonly frame: Uint8Array | Promise<Uint8Array>;
}

/** A message that is sent to many: encoded once, and compressed once for each way in which their connections compress.
 * Made by `prepare`. */
export class PreparedMessage {
  readonly kind: MessageKind;
  /** A copy of the message. */
  readonly payload: Uint8Array;
  readonly compress: boolean | undefined;
  readonly #plain: Uint8Array;
  readonly #deflated: DeflatedFrame[] = [];

  /** @param bytes are copied */
  constructor(kind: MessageKind, bytes: Uint8Array, compress: boolean | undefined) {
    this.kind = kind;
    this.compress = compress;
    this.#plain = encodeFrame(nodePlatform, kind, bytes, false);
    this.payload = this.#plain.subarray(this.#plain.length - bytes.length);
  }

  /** The frame for a server's connection.
   * @param scheme how the connection compresses, if it does
   * @returns a promise while a large message is being deflated in another thread */
  frameFor(scheme: DeflateScheme | undefined): Uint8Array | Promise<Uint8Array> {
    if (scheme === undefined || !scheme.wants(this.payload, this.kind, this.compress)) return this.#plain;
    const { windowBits, level, memLevel } = scheme.deflate;
    for (const { settings, frame } of this.#deflated) {
      if (settings.windowBits === windowBits && settings.level === level && settings.memLevel === memLevel)
        return frame;
    }
    const deflated = deflateAlone(scheme, this.payload);
    const entry = { settings: scheme.deflate, frame: this.#encode(deflated) };
    this.#deflated.push(entry);
    return entry.frame;
  }

  #encode(deflated: Uint8Array | Promise<Uint8Array>): Uint8Array | Promise<Uint8Array> {
    if (deflated instanceof Promise) {
      const encoded = deflated.then((bytes) => this.#smaller(bytes));
      // Whoever sends it hears of it too
      encoded.catch(() => {});
      return encoded;
    }
    return this.#smaller(deflated);
  }

  /** What cannot be compressed is sent as it is. */
  #smaller(deflated: Uint8Array): Uint8Array {
    if (deflated.length >= this.payload.length) return this.#plain;
    return encodeFrame(nodePlatform, this.kind, deflated, true);
  }
}

/** Prepare a message that is sent to many connections with `connection.send`: for a server's it is encoded, and compressed, once.
 * @param message is copied
 * @throws UsageError for what is not a message, or for bytes given as text that are not UTF-8 */
export function prepare(message: Preparable, options: SendOptions = {}): PreparedMessage {
  const { kind, compress } = checkSendOptions(options);
  const bytes = payloadBytes(message);
  if (bytes === undefined) {
    throw new UsageError(`a message cannot be prepared of ${describeType(message)}; give a string or bytes`);
  }
  const isText = (kind ?? (typeof message === "string" ? "text" : "binary")) === "text";
  if (isText && typeof message !== "string" && !nodePlatform.isUtf8(bytes, 0, bytes.length)) {
    throw new UsageError("the bytes given for a text message are not UTF-8; prepare them as binary");
  }
  return new PreparedMessage(isText ? "text" : "binary", bytes, compress);
}

/** @throws UsageError for a wrong value */
export function checkSendOptions(options: SendOptions): SendOptions {
  const { kind, compress } = options;
  if (kind !== undefined && kind !== "text" && kind !== "binary") {
    throw new UsageError(`kind is ${String(kind)}; give "text" or "binary"`);
  }
  if (compress !== undefined && typeof compress !== "boolean") {
    throw new UsageError(`compress is ${String(compress)}; give true or false`);
  }
  return options;
}

/** The bytes of something that is text or bytes, not copied; undefined for anything else. */
export function payloadBytes(value: unknown): Uint8Array | undefined {
  if (typeof value === "string") return Buffer.from(value);
  if (value instanceof Uint8Array) return value;
  if (ArrayBuffer.isView(value)) return new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
  return isAnyArrayBuffer(value) ? new Uint8Array(value) : undefined;
}

/** What a caller gave instead. */
export function describeType(value: unknown): string {
  return value === null ? "null" : typeof value;
}
