import type { DeflateAgreement } from "../../engine/extensions/permessage-deflate.ts";
import type { MessageKind } from "../../engine/messages/message.ts";
import type { CompressionSettings } from "./compression-options.ts";
import type { DeflateState, StateOwner } from "./deflate-states.ts";
import type { DeflateSettings } from "./raw-zlib.ts";

/** zlib's raw deflater can't do with a window of 256 bytes. In one of 512 it refers back 250 at most, which is the same to the
 * receiver. */
const SMALLEST_DEFLATE_BITS = 9;
/** With context takeover each connection has a deflater of its own: 32 KiB with a window of 4 KiB, 256 KiB with the largest. */
const KEPT_BITS = 12;
/** A deflater's hash tables are balanced with its window so: 32 KiB and memLevel 8, zlib's own defaults. */
const WINDOW_BITS_OVER_MEM_LEVEL = 7;
/** A character of a JavaScript string becomes at most 3 bytes of UTF-8. */
const BYTES_PER_UNIT = 3;

/** How messages are compressed on all connections with the same settings and the same agreement. Without context takeover it
 * is also the owner of the deflater that they share. */
export class DeflateScheme implements StateOwner {
  state: DeflateState | undefined = undefined;
  readonly deflate: DeflateSettings;
  /** Whether our messages may refer to those before. */
  readonly keepsOwn: boolean;
  /** Whether the peer's may. */
  readonly keepsPeers: boolean;
  /** How far back they may. */
  readonly peerWindowBits: number;
  readonly #settings: CompressionSettings;

  constructor(settings: CompressionSettings, agreement: DeflateAgreement) {
    const { serverNoContextTakeover, clientNoContextTakeover, serverMaxWindowBits, clientMaxWindowBits } = agreement;
    const isServer = settings.role === "server";
    const agreedBits = isServer ? serverMaxWindowBits : clientMaxWindowBits;
    this.keepsOwn = !(isServer ? serverNoContextTakeover : clientNoContextTakeover);
    const usedBits = settings.windowBits ?? (this.keepsOwn ? KEPT_BITS : agreedBits);
    const windowBits = Math.max(SMALLEST_DEFLATE_BITS, Math.min(agreedBits, usedBits));
    const memLevel = settings.memLevel ?? Math.max(1, Math.min(9, windowBits - WINDOW_BITS_OVER_MEM_LEVEL));
    this.deflate = { windowBits, level: settings.level, memLevel };
    this.keepsPeers = !(isServer ? clientNoContextTakeover : serverNoContextTakeover);
    this.peerWindowBits = isServer ? clientMaxWindowBits : serverMaxWindowBits;
    this.#settings = settings;
  }

  /** What a connection may come to remember. */
  get historyBytes(): number {
    return this.keepsPeers ? 1 << this.peerWindowBits : 0;
  }

  /** Whether a message is to be compressed.
   * @param compress what the sender said of it, which decides */
  wants(message: string | Uint8Array, kind: MessageKind, compress: boolean | undefined): boolean {
    if (compress !== undefined) return compress;
    const { thresholdBytes, filter } = this.#settings;
    if (message.length < thresholdBytes && !reaches(message, thresholdBytes)) return false;
    return filter === undefined || filter(message, kind);
  }
}

function reaches(message: string | Uint8Array, bytes: number): boolean {
  if (typeof message !== "string" || message.length * BYTES_PER_UNIT < bytes) return false;
  return Buffer.byteLength(message) >= bytes;
}
