/**
 * Turns received bytes into messages, fragments or frames, and control frames. In: bytes; `next` is called until it
 * returns undefined. Out: one event at a time, so that the application has seen a message before the frame behind it
 * takes effect. It knows nothing of states, of answers, or of time.
 */
import { PayloadBuffer } from "../bytes/payload-buffer.ts";
import type { Platform } from "../bytes/platform.ts";
import { LimitError, ProtocolError } from "../errors.ts";
import type { Frame } from "../frames/frame.ts";
import { FrameReader } from "../frames/frame-reader.ts";
import { RSV1 } from "../frames/frame-writer.ts";
import { isControl, OPCODE } from "../frames/opcode.ts";
import { type Limits, largestMessage } from "../messages/limits.ts";
import { handedInPieces, type Reception } from "../messages/message.ts";
import { MessageSequence } from "../messages/message-sequence.ts";
import type { FragmentEvent, FrameEvent, MessageEvent } from "./events.ts";
import type { InflateJob } from "./jobs.ts";

const NOT_ASCII = 0x80808080 | 0;
const NOTHING: Uint8Array = new Uint8Array(0);

/** A whole control frame. */
export interface ControlEvent {
  readonly type: "control";
  readonly opcode: number;
  readonly payload: Uint8Array;
}

export type ReceiverEvent = MessageEvent | FragmentEvent | FrameEvent | ControlEvent | InflateJob;

export interface ReceiverOptions {
  readonly reception: Reception;
  readonly textAs: "string" | "bytes";
  readonly limits: Limits;
  /** After so many frames `next` returns undefined although more have arrived, until `takeFrameCount` is called. Default Infinity. */
  readonly framesAtOnce?: number;
}

export class Receiver {
  readonly #platform: Platform;
  readonly #reader: FrameReader;
  readonly #sequence: MessageSequence;
  readonly #reception: Reception;
  readonly #decodeText: boolean;
  readonly #limits: Limits;
  readonly #framesAtOnce: number;
  /** The unfinished message, or with reception "frames" the unfinished frame. */
  #data: PayloadBuffer | undefined;
  /** The unfinished control frame, which may stand between the fragments of a message. */
  #control: PayloadBuffer | undefined;
  /** With reception "fragments": whether the present message's first piece was handed over. */
  #started = false;
  /** With reception "frames": what the frame that was just handed over does. */
  #effect: ControlEvent | undefined;
  /** What is being inflated; nothing is read until that is done. */
  #job: { -readonly [Name in keyof InflateJob]: InflateJob[Name] } | undefined;
  /** What came of it. */
  #inflated: MessageEvent | FragmentEvent | undefined;
  /** Frames whose headers were read since somebody asked. */
  #frames = 0;

  /** @param masked whether frames must be masked (received by a server) or must not be */
  constructor(platform: Platform, masked: boolean, options: ReceiverOptions) {
    this.#platform = platform;
    this.#reader = new FrameReader(platform, masked);
    this.#sequence = new MessageSequence(options.limits, options.reception);
    this.#reception = options.reception;
    this.#decodeText = options.textAs === "string";
    this.#limits = options.limits;
    this.#framesAtOnce = options.framesAtOnce ?? Number.POSITIVE_INFINITY;
  }

  /** The RSV bits that may be set in a message's first frame; only while it is idle. */
  set rsvAllowed(bits: number) {
    this.#reader.rsvAllowed = bits;
  }

  /** The job that `next` returned and that is not done. */
  get job(): InflateJob | undefined {
    return this.#job;
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
    if (this.#job !== undefined || this.#inflated !== undefined) return false;
    return this.#reader.empty && !this.#sequence.inMessage && this.#effect === undefined;
  }

  /** Bytes of memory that it holds: what was not read, and a message, frame or control frame that is not complete. */
  get heldBytes(): number {
    const compressed = this.#job === undefined ? 0 : this.#job.end - this.#job.start;
    return this.#reader.heldBytes + (this.#data?.capacity ?? 0) + (this.#control?.capacity ?? 0) + compressed;
  }

  /** How many frames were begun since this was called last; as many may be read again. */
  takeFrameCount(): number {
    const frames = this.#frames;
    this.#frames = 0;
    return frames;
  }

  /** Whether bytes wait to be read. */
  get hasUnread(): boolean {
    return this.#reader.hasUnread || this.#effect !== undefined;
  }

  /** Take the bytes at 0 … length - 1; see `FrameReader.feed` for how long they are needed. */
  feed(bytes: Uint8Array, length: number): void {
    this.#reader.feed(bytes, length);
  }

  /** Keep a copy of what was not read; needed when `next` is not called until it returns undefined. */
  retain(): void {
    this.#reader.retain();
    // Whoever does it later has copied them, and they may be as large as a message
    if (this.#job !== undefined) this.#job.bytes = NOTHING;
  }

  /** The next event, or undefined when more bytes are needed, or a job has to be done first.
   * @throws ProtocolError and LimitError, after which it is used up */
  next(): ReceiverEvent | undefined {
    const reader = this.#reader;
    if (this.#effect !== undefined) return this.#takeEffect();
    if (this.#inflated !== undefined) return this.#takeInflated();
    if (this.#job !== undefined) return undefined;
    for (;;) {
      if (!reader.inFrame) {
        if (this.#frames >= this.#framesAtOnce || !reader.readHeader()) {
          reader.retain();
          return undefined;
        }
        this.#frames += 1;
        if (!isControl(reader.opcode)) {
          this.#sequence.beginFrame(reader.opcode, reader.payloadLength, (reader.rsv & RSV1) !== 0);
        }
      }
      const event = isControl(reader.opcode) ? this.#readControl() : this.#readData();
      if (event !== undefined) return event;
      if (reader.inFrame) {
        this.#checkIncomplete();
        reader.retain();
        return undefined;
      }
    }
  }

  /** The job is done: the bytes at `start` to `end` are what it had to inflate, lent for this call.
   * @throws ProtocolError BAD_UTF8, after which it is used up */
  finishJob(bytes: Uint8Array, start: number, end: number): void {
    this.#job = undefined;
    const { kind } = this.#sequence;
    const platform = this.#platform;
    const isText = kind === "text";
    if (isText && !platform.isUtf8(bytes, start, end)) throw new ProtocolError("BAD_UTF8");
    if (handedInPieces(this.#reception, kind)) {
      this.#inflated = this.#fragment(platform.copy(bytes, start, end), true);
    } else {
      const asString = isText && this.#decodeText;
      const data = asString ? platform.decodeUtf8(bytes, start, end) : platform.copy(bytes, start, end);
      this.#inflated = { type: "message", kind, data };
    }
  }

  #readData(): ReceiverEvent | undefined {
    if (this.#reception === "frames") return this.#readFrame();
    // What is compressed cannot be handed over before it is complete: DEFLATE data are no pieces of the text
    const inPieces = handedInPieces(this.#reception, this.#sequence.kind) && !this.#sequence.compressed;
    return inPieces ? this.#readFragment() : this.#readMessage();
  }

  #readMessage(): MessageEvent | InflateJob | undefined {
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
    if (this.#sequence.compressed) return this.#inflate(bytes, 0, bytes.length);
    const kind = this.#sequence.kind;
    if (kind === "binary" || !this.#decodeText) return { type: "message", kind, data: bytes };
    return { type: "message", kind, data: this.#platform.decodeUtf8(bytes, 0, bytes.length) };
  }

  #readWholeMessage(): MessageEvent | InflateJob {
    const reader = this.#reader;
    const platform = this.#platform;
    const seen = reader.readPayload();
    const { input, pieceStart: start, pieceEnd: end } = reader;
    if (this.#sequence.compressed) {
      this.#sequence.endFrame(true);
      return this.#inflate(input, start, end);
    }
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
    return this.#fragment(this.#copy(start, end), last);
  }

  #fragment(data: Uint8Array, last: boolean): FragmentEvent {
    const first = !this.#started;
    this.#started = !last;
    return { type: "fragment", kind: this.#sequence.kind, data, first, last };
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

  #inflate(bytes: Uint8Array, start: number, end: number): InflateJob {
    this.#job = { type: "inflate", bytes, start, end, maxBytes: largestMessage(this.#limits) };
    return this.#job;
  }

  #takeInflated(): MessageEvent | FragmentEvent | undefined {
    const event = this.#inflated;
    this.#inflated = undefined;
    return event;
  }

  #checkIncomplete(): void {
    const { maxIncompleteFrameBytes = Number.POSITIVE_INFINITY } = this.#limits;
    const { payloadRead, payloadLength } = this.#reader;
    if (payloadRead <= maxIncompleteFrameBytes) return;
    throw new LimitError("FRAME_TOO_BIG", maxIncompleteFrameBytes, payloadLength, "maxIncompleteFrameBytes");
  }

  /** Unmask what has arrived of the payload, and check it if it is text as it is. */
  #readPiece(): void {
    const reader = this.#reader;
    const ascii = (reader.readPayload() & NOT_ASCII) === 0;
    if (this.#sequence.compressed) return;
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
