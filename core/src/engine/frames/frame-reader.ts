/**
 * Reads frames out of received bytes. In: arrays of bytes, cut anywhere. Out: one frame's header fields, then its
 * payload piece by piece, unmasked in place. It holds at most an incomplete header (13 bytes) of its own; it knows one
 * frame and nothing of the one before, so rules about sequences of frames are not here.
 */
import type { Platform } from "../bytes/platform.ts";
import { ProtocolError } from "../errors.ts";
import { isControl, isDefined, OPCODE } from "./opcode.ts";

const EMPTY: Uint8Array = new Uint8Array(0);
const MAX_CONTROL_PAYLOAD = 125;
/** The bytes of a 64-bit length above bit 53, which a JavaScript number cannot count. */
const MAX_HIGH_WORD = 0x1fffff;

export class FrameReader {
  readonly #platform: Platform;
  /** Whether frames must be masked (read by a server) or must not be (read by a client). */
  readonly masked: boolean;
  /** The RSV bits that an extension gave a meaning in the first frame of a message, as in the first header byte. */
  rsvAllowed = 0;

  #input: Uint8Array = EMPTY;
  #at = 0;
  #end = 0;
  #inFrame = false;
  /** Whether the input is a copy of its own and not lent. */
  #kept = false;

  /** The header of the present frame. */
  fin = false;
  /** RSV1 = 0x40, RSV2 = 0x20, RSV3 = 0x10. */
  rsv = 0;
  opcode = 0;
  /** Payload bytes that the header announces. */
  payloadLength = 0;
  /** The masking key as a big-endian 32-bit integer; 0 for an unmasked frame. */
  maskingKey = 0;
  /** Payload bytes that were read so far. */
  payloadRead = 0;

  /** Where `readPayload` found its piece. */
  pieceStart = 0;
  pieceEnd = 0;

  /** @param masked whether frames must be masked (read by a server) or must not be (read by a client) */
  constructor(platform: Platform, masked: boolean) {
    this.#platform = platform;
    this.masked = masked;
  }

  /** Give the next received bytes, at 0 … length - 1. They are lent until everything is read or `retain` is called, and
   * payloads in them are unmasked where they lie. */
  feed(bytes: Uint8Array, length: number): void {
    if (this.#at === this.#end) {
      this.#input = bytes;
      this.#at = 0;
      this.#end = length;
      this.#kept = false;
      return;
    }
    const left = this.#end - this.#at;
    const joined = this.#platform.allocate(left + length);
    joined.set(this.#input.subarray(this.#at, this.#end));
    joined.set(length === bytes.length ? bytes : bytes.subarray(0, length), left);
    this.#input = joined;
    this.#at = 0;
    this.#end = joined.length;
    this.#kept = true;
  }

  /** Copy what was not read, so that the bytes given to `feed` may be used for something else. */
  retain(): void {
    if (this.#at === this.#end) {
      this.#input = EMPTY;
      this.#at = 0;
      this.#end = 0;
      this.#kept = false;
      return;
    }
    // Whoever retains after each message may not copy the rest each time; half of a copy is worth a new one
    if (this.#kept && (this.#end - this.#at) * 2 >= this.#end) return;
    const kept = this.#platform.allocate(this.#end - this.#at);
    kept.set(this.#input.subarray(this.#at, this.#end));
    this.#input = kept;
    this.#at = 0;
    this.#end = kept.length;
    this.#kept = true;
  }

  /** Whether bytes wait to be read. */
  get hasUnread(): boolean {
    return this.#at !== this.#end;
  }

  /** Bytes of memory that hold what was not read, other than what is lent. */
  get heldBytes(): number {
    return this.#kept ? this.#input.length : 0;
  }

  /** Whether no frame has begun and no byte is waiting. */
  get empty(): boolean {
    return this.#at === this.#end && !this.#inFrame;
  }

  /** The array that the pieces of `readPayload` are in. */
  get input(): Uint8Array {
    return this.#input;
  }

  /** Whether a header was read and its payload was not read to its end. */
  get inFrame(): boolean {
    return this.#inFrame;
  }

  /** Whether the rest of the frame's payload is there. */
  get payloadArrived(): boolean {
    return this.#end - this.#at >= this.payloadLength - this.payloadRead;
  }

  /** Read the next frame's header.
   * @returns false while it is incomplete; its 2 to 14 bytes are taken only once all of them are there
   * @throws ProtocolError RSV_UNEXPECTED, OPCODE_RESERVED, CONTROL_FRAGMENTED, CONTROL_TOO_LONG, MASK_MISSING,
   *   MASK_UNEXPECTED, LENGTH_NOT_MINIMAL, LENGTH_TOO_LARGE
   * @see RFC 6455 §5.2 */
  readHeader(): boolean {
    const input = this.#input;
    const at = this.#at;
    const available = this.#end - at;
    if (available < 2) return false;
    const first = input[at] ?? 0;
    const second = input[at + 1] ?? 0;
    const marker = second & 0x7f;
    this.#checkFirstBytes(first, second, marker);
    const keyAt = at + (marker < 126 ? 2 : marker === 126 ? 4 : 10);
    const payloadAt = this.masked ? keyAt + 4 : keyAt;
    if (available < payloadAt - at) return false;
    this.fin = (first & 0x80) !== 0;
    this.rsv = first & 0x70;
    this.opcode = first & 0x0f;
    this.payloadLength = marker < 126 ? marker : this.#readLongLength(marker);
    this.maskingKey = this.masked ? uint32(input, keyAt) | 0 : 0;
    this.payloadRead = 0;
    this.#at = payloadAt;
    this.#inFrame = true;
    return true;
  }

  /** Unmask the payload bytes that have arrived and say where they lie in `input`: `pieceStart` to `pieceEnd`.
   * @returns a value without any of the bits 0x80808080 only if every byte of the piece is below 0x80 */
  readPayload(): number {
    const start = this.#at;
    const length = Math.min(this.#end - start, this.payloadLength - this.payloadRead);
    const end = start + length;
    const phase = this.payloadRead;
    this.pieceStart = start;
    this.pieceEnd = end;
    this.#at = end;
    this.payloadRead = phase + length;
    this.#inFrame = this.payloadRead < this.payloadLength;
    if (this.masked) return this.#platform.mask(this.#input, start, end, this.maskingKey, phase);
    return -1;
  }

  #checkFirstBytes(first: number, second: number, marker: number): void {
    const opcode = first & 0x0f;
    if ((first & 0x70) !== 0) this.#checkRsv(first, opcode);
    if (!isDefined(opcode)) throw new ProtocolError("OPCODE_RESERVED", `0x${opcode.toString(16)}`);
    if (isControl(opcode)) {
      if (first < 0x80) throw new ProtocolError("CONTROL_FRAGMENTED", `opcode 0x${opcode.toString(16)}`);
      if (marker > MAX_CONTROL_PAYLOAD) throw new ProtocolError("CONTROL_TOO_LONG");
    }
    // §5.1: a server fails the connection for an unmasked frame, a client for a masked one.
    if (second >= 0x80 !== this.masked) throw new ProtocolError(this.masked ? "MASK_MISSING" : "MASK_UNEXPECTED");
  }

  /** RFC 7692 §6: what RSV1 says of a message stands in its first frame, and of control frames it says nothing. */
  #checkRsv(first: number, opcode: number): void {
    const allowed = opcode === OPCODE.continuation || isControl(opcode) ? 0 : this.rsvAllowed;
    if ((first & 0x70 & ~allowed) !== 0) throw new ProtocolError("RSV_UNEXPECTED", `bits ${(first >> 4) & 7}`);
  }

  /** @see RFC 6455 §5.2, "the minimal number of bytes MUST be used to encode the length" */
  #readLongLength(marker: number): number {
    const at = this.#at + 2;
    if (marker === 126) {
      const length = ((this.#input[at] ?? 0) << 8) | (this.#input[at + 1] ?? 0);
      if (length < 126) throw new ProtocolError("LENGTH_NOT_MINIMAL", `${length} in 16 bits`);
      return length;
    }
    const high = uint32(this.#input, at);
    if (high > MAX_HIGH_WORD) throw new ProtocolError("LENGTH_TOO_LARGE");
    const length = high * 0x1_0000_0000 + uint32(this.#input, at + 4);
    if (length < 65_536) throw new ProtocolError("LENGTH_NOT_MINIMAL", `${length} in 64 bits`);
    return length;
  }
}

function uint32(bytes: Uint8Array, at: number): number {
  const low = ((bytes[at + 1] ?? 0) << 16) | ((bytes[at + 2] ?? 0) << 8) | (bytes[at + 3] ?? 0);
  return (bytes[at] ?? 0) * 0x1000000 + low;
}
