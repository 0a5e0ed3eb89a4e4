/**
 * Turns messages and frames into bytes. In: what the application sends, already decided. Out: bytes in an `Output`.
 * Small payloads are copied behind their header into a slab; large ones of a server go out as they are. It remembers
 * nothing, so one serves all connections of a role; the caller's own bytes are never changed.
 */
import type { Output } from "../bytes/output.ts";
import type { Platform } from "../bytes/platform.ts";
import type { Scratch } from "../bytes/scratch.ts";
import type { OutgoingFrame } from "../frames/frame.ts";
import { FIN, firstByte, headerLength, MAX_HEADER_BYTES, writeHeader } from "../frames/frame-writer.ts";
import { OPCODE } from "../frames/opcode.ts";

/** Payloads up to so many bytes are copied behind their header: one small write costs less than a gathering write up
 * to here (see bench/README.md). */
const COPY_UP_TO = 16_384;
/** A character of a JavaScript string becomes at most 3 bytes of UTF-8. */
const BYTES_PER_UNIT = 3;

export class Sender {
  readonly #platform: Platform;
  /** Where copies of large payloads are made; undefined for memory of their own. */
  readonly #scratch: Scratch | undefined;
  readonly #masks: boolean;
  readonly #fragmentBytes: number;
  /** Texts of which nothing need be asked but their length: they fit into one frame, and into the slab. */
  readonly #shortBytes: number;

  /** @param masks whether frames are masked: a client's are, a server's are not (RFC 6455 §5.1)
   * @param fragmentBytes longest payload of a message that is sent in one frame
   * @param scratch whoever sends gives it back what was sent */
  constructor(platform: Platform, masks: boolean, fragmentBytes: number, scratch?: Scratch) {
    this.#platform = platform;
    this.#scratch = scratch;
    this.#masks = masks;
    this.#fragmentBytes = fragmentBytes;
    this.#shortBytes = Math.min(COPY_UP_TO, fragmentBytes);
  }

  /** A text message; an unpaired surrogate is sent as U+FFFD. */
  sendText(output: Output, text: string): void {
    const first = firstByte(true, 0, OPCODE.text);
    const most = text.length * BYTES_PER_UNIT;
    if (most > this.#shortBytes) {
      const bytes = this.#encode(text);
      if (bytes.length > this.#fragmentBytes) this.#sendInFrames(output, first, bytes, 0, bytes.length);
      else this.#sendOwned(output, first, bytes, this.#frameKey());
      return;
    }
    const at = output.reserve(MAX_HEADER_BYTES + most);
    const target = output.target;
    // Most text is ASCII: the header is guessed from that, and moving the text when it was not is rare and small.
    const guessed = headerLength(text.length, this.#masks);
    const length = this.#platform.writeUtf8(text, target, at + guessed);
    const header = headerLength(length, this.#masks);
    if (header !== guessed) target.copyWithin(at + header, at + guessed, at + guessed + length);
    this.#finish(output, at, first, length);
  }

  /** A message of bytes, in several frames where it is long.
   * @param first as for one frame */
  sendBytes(output: Output, first: number, payload: Uint8Array): void {
    if (payload.length > this.#fragmentBytes) this.#sendInFrames(output, first, payload, 0, payload.length);
    else this.sendFrame(output, first, payload);
  }

  /** A frame with an unmasked payload, which is masked in a copy where the role demands it. */
  sendFrame(output: Output, first: number, payload: Uint8Array): void {
    if (payload.length > COPY_UP_TO) {
      this.#sendLarge(output, first, payload, this.#frameKey());
      return;
    }
    const at = output.reserve(MAX_HEADER_BYTES + payload.length);
    output.target.set(payload, at + headerLength(payload.length, this.#masks));
    this.#finish(output, at, first, payload.length);
  }

  /** A message that is lent for this call: `bytes` from `start` to `end`; in several frames where it is long.
   * @param first as for one frame */
  sendLent(output: Output, first: number, bytes: Uint8Array, start: number, end: number): void {
    const length = end - start;
    if (length > this.#fragmentBytes) {
      this.#sendInFrames(output, first, bytes, start, end);
      return;
    }
    if (length > COPY_UP_TO) {
      this.#sendOwned(output, first, this.#copy(bytes, start, end), this.#frameKey());
      return;
    }
    const at = output.reserve(MAX_HEADER_BYTES + length);
    const piece = start === 0 && end === bytes.length ? bytes : bytes.subarray(start, end);
    output.target.set(piece, at + headerLength(length, this.#masks));
    this.#finish(output, at, first, length);
  }

  /** A frame exactly as it is, masking key included. */
  sendRaw(output: Output, frame: OutgoingFrame): void {
    const rsv = (frame.rsv1 ? 0x40 : 0) | (frame.rsv2 ? 0x20 : 0) | (frame.rsv3 ? 0x10 : 0);
    const key = frame.maskingKey === "auto" ? this.#frameKey() : frame.maskingKey;
    this.#sendLarge(output, firstByte(frame.fin, rsv, frame.opcode), frame.payload, key);
  }

  /** A message in frames of `fragmentBytes`, side by side in one array: one write costs less than one for each frame.
   * @see RFC 6455 §5.4 */
  #sendInFrames(output: Output, first: number, bytes: Uint8Array, start: number, end: number): void {
    const size = this.#fragmentBytes;
    const frames = Math.ceil((end - start) / size);
    const target = this.#take(end - start + frames * headerLength(size, this.#masks));
    let at = 0;
    let byte = first & ~FIN;
    for (let from = start; from < end; from += size) {
      const to = Math.min(end, from + size);
      const key = this.#frameKey();
      at = writeHeader(target, at, to === end ? byte | FIN : byte, to - from, key);
      target.set(bytes.subarray(from, to), at);
      if (key !== undefined) this.#platform.mask(target, at, at + to - from, key, 0);
      at += to - from;
      byte = firstByte(false, 0, OPCODE.continuation);
    }
    output.append(at === target.length ? target : target.subarray(0, at));
  }

  /** Write the header before a payload that is in its place already, and mask it there. */
  #finish(output: Output, at: number, first: number, length: number): void {
    const target = output.target;
    const key = this.#frameKey();
    const body = writeHeader(target, at, first, length, key);
    if (key !== undefined) this.#platform.mask(target, body, body + length, key, 0);
    output.commit(body + length);
  }

  /** The payload as it is behind its header, or masked in a copy. */
  #sendLarge(output: Output, first: number, payload: Uint8Array, key: number | undefined): void {
    // Copied before the header is written: where memory ends, half a frame may not be left.
    const body = key === undefined ? payload : this.#copy(payload, 0, payload.length);
    this.#sendOwned(output, first, body, key);
  }

  /** A large payload that is this object's own, so that masking may change it. */
  #sendOwned(output: Output, first: number, payload: Uint8Array, key: number | undefined): void {
    this.#writeHeader(output, first, payload.length, key);
    if (key !== undefined) this.#platform.mask(payload, 0, payload.length, key, 0);
    output.append(payload);
  }

  #writeHeader(output: Output, first: number, length: number, key: number | undefined): void {
    const at = output.reserve(MAX_HEADER_BYTES);
    output.commit(writeHeader(output.target, at, first, length, key));
  }

  /** The masking key of the next frame, if the role has one. */
  #frameKey(): number | undefined {
    return this.#masks ? this.#platform.maskingKey() : undefined;
  }

  #encode(text: string): Uint8Array {
    const bytes = this.#take(this.#platform.utf8Length(text));
    this.#platform.writeUtf8(text, bytes, 0);
    return bytes;
  }

  #copy(bytes: Uint8Array, start: number, end: number): Uint8Array {
    const copy = this.#take(end - start);
    copy.set(start === 0 && end === bytes.length ? bytes : bytes.subarray(start, end));
    return copy;
  }

  #take(size: number): Uint8Array {
    return this.#scratch?.take(size) ?? this.#platform.allocate(size);
  }
}
