/**
 * Turns received bytes into messages, fragments or frames, and control frames. In: bytes; `next` is called until it
 * returns undefined. Out: one event at a time, so that the application has seen a message before the frame behind it
 * takes effect. It knows nothing of states, of answers, or of time.
 */
import { PayloadBuffer } from "../bytes/payload-buffer.ts";
import type { Platform } from "../bytes/platform.ts";
import { ProtocolError } from "../errors.ts";
import type { Frame } from "../frames/frame.ts";
import { FrameReader } from "../frames/frame-reader.ts";
import { isControl, OPCODE } from "../frames/opcode.ts";
import type { Limits } from "../messages/limits.ts";
import type { Reception } from "../messages/message.ts";
import { MessageSequence } from "../messages/message-sequence.ts";
import type { FragmentEvent, FrameEvent, MessageEvent } from "./events.ts";

const NOT_ASCII = 0x80808080 | 0;

/** A whole control frame. */
export interface ControlEvent {
  readonly type: "control";
  readonly opcode: number;
  readonly payload: Uint8Array;
}

export type ReceiverEvent = MessageEvent | FragmentEvent | FrameEvent | ControlEvent;

export interface ReceiverOptions {
  readonly reception: Reception;
  readonly textAs: "string" | "bytes";
  readonly limits: Limits;
}

export class Receiver {
  readonly #platform: Platform;
  readonly #reader: FrameReader;
  readonly #sequence: MessageSequence;
  readonly #reception: Reception;
  readonly #decodeText: boolean;
  /** The unfinished message, or with reception "frames" the unfinished frame. */
  #data: PayloadBuffer | undefined;
  /** The unfinished control frame, which may stand between the fragments of a message. */
  #control: PayloadBuffer | undefined;
  /** With reception "fragments": whether the present message's first piece was handed over. */
  #started = false;
  /** With reception "frames": what the frame that was just handed over does. */
  #effect: ControlEvent | undefined;

  /** @param masked whether frames must be masked (received by a server) or must not be */
  constructor(platform: Platform, masked: boolean, options: ReceiverOptions) {
    this.#platform = platform;
    this.#reader = new FrameReader(platform, masked);
    this.#sequence = new MessageSequence(options.limits);
    this.#reception = options.reception;
    this.#decodeText = options.textAs === "string";
  }

  /** Whether a message, or its frame, has begun and is not complete. */
  get inMessage(): boolean {
    return this.#sequence.inMessage;
  }

  /** Payload bytes that the frames of the present message announced so far. */
  get announcedBytes(): number {
    return this.#sequence.announcedBytes;
  }

  /** Whether it is between two messages and holds no bytes, so that it could go on with another connection's. */
  get idle(): boolean {
    return this.#reader.empty && !this.#sequence.inMessage && this.#effect === undefined;
  }

  /** Take the bytes at 0 … length - 1; see `FrameReader.feed` for how long they are needed. */
  feed(bytes: Uint8Array, length: number): void {
    this.#reader.feed(bytes, length);
  }

  /** Keep a copy of what was not read; needed when `next` is not called until it returns undefined. */
  retain(): void {
    this.#reader.retain();
  }

  /** The next event, or undefined when more bytes are needed.
   * @throws ProtocolError and LimitError, after which it is used up */
  next(): ReceiverEvent | undefined {
    const reader = this.#reader;
    if (this.#effect !== undefined) return this.#takeEffect();
    for (;;) {
      if (!reader.inFrame) {
        if (!reader.readHeader()) {
          reader.retain();
          return undefined;
        }
        if (!isControl(reader.opcode)) this.#sequence.beginFrame(reader.opcode, reader.payloadLength);
      }
      const event = isControl(reader.opcode) ? this.#readControl() : this.#readData();
      if (event !== undefined) return event;
      if (reader.inFrame) {
        reader.retain();
        return undefined;
      }
    }
  }

  #readData(): ReceiverEvent | undefined {
    if (this.#reception === "messages") return this.#readMessage();
    return this.#reception === "fragments" ? this.#readFragment() : this.#readFrame();
  }

  #readMessage(): MessageEvent | undefined {
    const reader = this.#reader;
    // The usual case, measured by the echo scenarios: one frame that has arrived whole needs no buffer.
    if (reader.fin && reader.opcode !== OPCODE.continuation && reader.payloadRead === 0 && reader.payloadArrived) {
      return this.#readWholeMessage();
    }
    this.#readPiece();
    const data = this.#keepPiece();
    if (reader.inFrame) return undefined;
    this.#sequence.endFrame(reader.fin);
    if (!reader.fin) return undefined;
    const bytes = data.take(this.#platform);
    const kind = this.#sequence.kind;
    if (kind === "binary" || !this.#decodeText) return { type: "message", kind, data: bytes };
    return { type: "message", kind, data: this.#platform.decodeUtf8(bytes, 0, bytes.length) };
  }

  #readWholeMessage(): MessageEvent {
    const reader = this.#reader;
    const platform = this.#platform;
    const seen = reader.readPayload();
    const { input, pieceStart: start, pieceEnd: end } = reader;
    const text = reader.opcode === OPCODE.text;
    const ascii = (seen & NOT_ASCII) === 0;
    if (text && !ascii && !platform.isUtf8(input, start, end)) throw new ProtocolError("BAD_UTF8");
    this.#sequence.endFrame(true);
    if (text && this.#decodeText) {
      const data = ascii ? platform.decodeAscii(input, start, end) : platform.decodeUtf8(input, start, end);
      return { type: "message", kind: "text", data };
    }
    return { type: "message", kind: text ? "text" : "binary", data: this.#copy(start, end) };
  }

  /** A fragment is handed over as it arrives; an empty piece only where it ends the message. */
  #readFragment(): FragmentEvent | undefined {
    const reader = this.#reader;
    this.#readPiece();
    const complete = !reader.inFrame;
    if (complete) this.#sequence.endFrame(reader.fin);
    const last = complete && reader.fin;
    const { pieceStart: start, pieceEnd: end } = reader;
    if (start === end && !last) return undefined;
    const first = !this.#started;
    this.#started = !last;
    return { type: "fragment", kind: this.#sequence.kind, data: this.#copy(start, end), first, last };
  }

  #readFrame(): FrameEvent | undefined {
    this.#readPiece();
    const data = this.#keepPiece();
    if (this.#reader.inFrame) return undefined;
    this.#sequence.endFrame(this.#reader.fin);
    return { type: "frame", frame: this.#frameOf(data.take(this.#platform)) };
  }

  #readControl(): ReceiverEvent | undefined {
    const reader = this.#reader;
    reader.readPayload();
    const { input, pieceStart: start, pieceEnd: end } = reader;
    let payload: Uint8Array;
    if (!reader.inFrame && this.#control === undefined) {
      payload = this.#copy(start, end);
    } else {
      this.#control ??= new PayloadBuffer();
      this.#control.push(this.#platform, input, start, end, reader.payloadLength, true);
      if (reader.inFrame) return undefined;
      payload = this.#control.take(this.#platform);
      this.#control = undefined;
    }
    const { opcode } = reader;
    if (this.#reception !== "frames") return { type: "control", opcode, payload };
    // What is in the frame belongs to the receiver of the event, who may change it before it takes effect.
    this.#effect = { type: "control", opcode, payload: this.#platform.copy(payload, 0, payload.length) };
    return { type: "frame", frame: this.#frameOf(payload) };
  }

  /** Unmask what has arrived of the payload, and check it if it is text. */
  #readPiece(): void {
    const reader = this.#reader;
    const ascii = (reader.readPayload() & NOT_ASCII) === 0;
    this.#sequence.checkPiece(this.#platform, reader.input, reader.pieceStart, reader.pieceEnd, ascii);
  }

  #keepPiece(): PayloadBuffer {
    const { input, pieceStart, pieceEnd, payloadLength, fin } = this.#reader;
    const alone = this.#reception === "frames";
    const expected = alone ? payloadLength : this.#sequence.announcedBytes;
    this.#data ??= new PayloadBuffer();
    if (pieceEnd > pieceStart) this.#data.push(this.#platform, input, pieceStart, pieceEnd, expected, alone || fin);
    return this.#data;
  }

  #takeEffect(): ControlEvent | undefined {
    const effect = this.#effect;
    this.#effect = undefined;
    return effect;
  }

  #frameOf(payload: Uint8Array): Frame {
    const { fin, rsv, opcode, maskingKey } = this.#reader;
    return {
      fin,
      rsv1: (rsv & 0x40) !== 0,
      rsv2: (rsv & 0x20) !== 0,
      rsv3: (rsv & 0x10) !== 0,
      opcode,
      maskingKey: this.#reader.masked ? maskingKey : undefined,
      payload,
    };
  }

  #copy(start: number, end: number): Uint8Array {
    return this.#platform.copy(this.#reader.input, start, end);
  }
}
