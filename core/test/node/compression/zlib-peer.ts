/**
 * The other end of permessage-deflate, made of Node's public zlib alone: one stream for as long as the connection lasts,
 * or a new one for each message. In: messages. Out: DEFLATE data as they stand in frames, and the other way round.
 */
import assert from "node:assert/strict";
import * as zlib from "node:zlib";

const TAIL = Buffer.from([0x00, 0x00, 0xff, 0xff]);
const { Z_SYNC_FLUSH } = zlib.constants;

export interface PeerOptions {
  /** 8 to 15. */
  readonly windowBits: number;
  /** Whether messages refer to those before. */
  readonly keeps: boolean;
  /** How a deflating peer deflates. */
  readonly level?: number;
}

/** Compresses what it is given. */
export class DeflatingPeer {
  readonly #options: zlib.ZlibOptions;
  readonly #stream: Conversation | undefined;

  constructor({ windowBits, keeps, level = 6 }: PeerOptions) {
    // Of a window of 256 bytes zlib makes one of 512, in which it refers back 250 at most
    this.#options = { windowBits: Math.max(9, windowBits), level };
    if (keeps) this.#stream = new Conversation(zlib.createDeflateRaw(this.#options));
  }

  async deflate(message: Uint8Array): Promise<Buffer> {
    if (message.length === 0) return Buffer.from([0x00]);
    const deflated =
      this.#stream === undefined
        ? zlib.deflateRawSync(message, { ...this.#options, finishFlush: Z_SYNC_FLUSH })
        : await this.#stream.say(message);
    assert.deepEqual(deflated.subarray(-TAIL.length), TAIL);
    return deflated.subarray(0, -TAIL.length);
  }

  close(): void {
    this.#stream?.close();
  }
}

/** Inflates what it is given, and fails for what refers back further than its window: zlib looks at that where a piece
 * of output begins, so the pieces are small. */
export class InflatingPeer {
  readonly #options: zlib.ZlibOptions;
  readonly #stream: Conversation | undefined;

  constructor({ windowBits, keeps }: PeerOptions) {
    this.#options = { windowBits, chunkSize: Math.max(64, (1 << windowBits) / 4) };
    if (keeps) this.#stream = new Conversation(zlib.createInflateRaw(this.#options));
  }

  async inflate(deflated: Uint8Array): Promise<Buffer> {
    const whole = Buffer.concat([deflated, TAIL]);
    if (this.#stream !== undefined) return this.#stream.say(whole);
    return zlib.inflateRawSync(whole, { ...this.#options, finishFlush: Z_SYNC_FLUSH });
  }

  close(): void {
    this.#stream?.close();
  }
}

/** A stream that is asked and answers, one at a time. */
class Conversation {
  readonly #stream: zlib.DeflateRaw | zlib.InflateRaw;
  readonly #answer: Buffer[] = [];
  #fail: ((error: Error) => void) | undefined;

  constructor(stream: zlib.DeflateRaw | zlib.InflateRaw) {
    this.#stream = stream;
    stream.on("data", (piece: Buffer) => this.#answer.push(piece));
    stream.on("error", (error) => this.#fail?.(error));
  }

  say(bytes: Uint8Array): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      this.#fail = reject;
      this.#stream.write(bytes);
      this.#stream.flush(Z_SYNC_FLUSH, () => resolve(Buffer.concat(this.#answer.splice(0))));
    });
  }

  close(): void {
    this.#stream.close();
  }
}
