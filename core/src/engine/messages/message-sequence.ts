import type { Platform } from "../bytes/platform.ts";
import { Utf8Validator } from "../bytes/utf8.ts";
import { LimitError, ProtocolError } from "../errors.ts";
import { OPCODE } from "../frames/opcode.ts";
import type { Limits } from "./limits.ts";
import { handedInPieces, type MessageKind, type Reception } from "./message.ts";

/** DEFLATE adds 5 bytes to a stored block, of which the smallest encoders make one for each 256 bytes or so. */
const GROWTH = 16;
const LEAST_GROWTH = 64;

/** The rules by which incoming data frames make up messages: their order, their number, their size, their UTF-8.
 * @see RFC 6455 §5.4, §5.6, §8.1 */
export class MessageSequence {
  readonly #limits: Limits;
  readonly #reception: Reception;
  #inMessage = false;
  #kind: MessageKind = "binary";
  #fragments = 0;
  #bytes = 0;
  #compressed = false;
  /** Made for the first text that needs it. */
  #utf8: Utf8Validator | undefined;

  constructor(limits: Limits, reception: Reception) {
    this.#limits = limits;
    this.#reception = reception;
  }

  /** Whether a message has begun and not ended. */
  get inMessage(): boolean {
    return this.#inMessage;
  }

  /** What the present message is, or the last one was. */
  get kind(): MessageKind {
    return this.#kind;
  }

  /** Payload bytes that the frames of the present message announced so far. */
  get announcedBytes(): number {
    return this.#bytes;
  }

  /** Whether the present message's payload is compressed, as its first frame says. */
  get compressed(): boolean {
    return this.#compressed;
  }

  /** A data frame's header arrived.
   * @param compressed what RSV1 says; of a first frame alone
   * @throws ProtocolError CONTINUATION_UNEXPECTED, CONTINUATION_EXPECTED
   * @throws LimitError FRAME_TOO_BIG, MESSAGE_TOO_BIG, TOO_MANY_FRAGMENTS, before any of the payload is kept */
  beginFrame(opcode: number, payloadLength: number, compressed: boolean): void {
    const { maxFrameBytes, maxMessageBytes, maxFragments } = this.#limits;
    if (opcode === OPCODE.continuation) {
      if (!this.#inMessage) throw new ProtocolError("CONTINUATION_UNEXPECTED");
    } else {
      if (this.#inMessage) throw new ProtocolError("CONTINUATION_EXPECTED", `opcode 0x${opcode.toString(16)}`);
      this.#begin(opcode, compressed);
    }
    if (payloadLength > maxFrameBytes) throw new LimitError("FRAME_TOO_BIG", maxFrameBytes, payloadLength);
    this.#bytes += payloadLength;
    if (this.#bytes > this.#maxBytes) throw new LimitError("MESSAGE_TOO_BIG", maxMessageBytes, this.#bytes);
    if (opcode === OPCODE.continuation && this.#isAssembled) this.#checkAssembled();
    this.#fragments += 1;
    if (this.#fragments > maxFragments) throw new LimitError("TOO_MANY_FRAGMENTS", maxFragments, this.#fragments);
  }

  /** A piece of the frame's payload arrived.
   * @param ascii whether the caller knows that all its bytes are below 0x80
   * @throws ProtocolError BAD_UTF8 with the piece that makes the text impossible */
  checkPiece(platform: Platform, bytes: Uint8Array, start: number, end: number, ascii: boolean): void {
    if (this.#kind !== "text" || (ascii && this.#utf8?.complete !== false)) return;
    this.#utf8 ??= new Utf8Validator();
    if (!this.#utf8.push(platform, bytes, start, end)) throw new ProtocolError("BAD_UTF8");
  }

  /** The frame's payload is complete.
   * @throws ProtocolError BAD_UTF8 for a text that ends inside a character */
  endFrame(fin: boolean): void {
    if (!fin) return;
    this.#inMessage = false;
    if (this.#kind === "text" && this.#utf8?.complete === false) {
      throw new ProtocolError("BAD_UTF8", "the message ends inside a character");
    }
  }

  /** Most payload bytes of the present message. What can't be compressed grows by some bytes for each block: what the
   * message may have when it is inflated is for whoever inflates it. */
  get #maxBytes(): number {
    const { maxMessageBytes } = this.#limits;
    return this.#compressed ? maxMessageBytes + Math.floor(maxMessageBytes / GROWTH) + LEAST_GROWTH : maxMessageBytes;
  }

  /** Whether the present message is put together here. */
  get #isAssembled(): boolean {
    if (this.#reception === "frames") return false;
    return this.#compressed || !handedInPieces(this.#reception, this.#kind);
  }

  #checkAssembled(): void {
    const { maxAssembledBytes = Number.POSITIVE_INFINITY } = this.#limits;
    if (this.#bytes <= maxAssembledBytes) return;
    throw new LimitError("MESSAGE_TOO_BIG", maxAssembledBytes, this.#bytes, "maxAssembledBytes");
  }

  #begin(opcode: number, compressed: boolean): void {
    this.#inMessage = true;
    this.#compressed = compressed;
    this.#kind = opcode === OPCODE.text ? "text" : "binary";
    this.#fragments = 0;
    this.#bytes = 0;
    this.#utf8?.reset();
  }
}
