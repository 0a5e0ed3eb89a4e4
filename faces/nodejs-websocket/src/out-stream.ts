import { Writable } from "node:stream";
import type { MessageWriter } from "polysocket";

type Done = (error?: Error | null) => void;

/** A binary message that is being sent: what is written is collected, and goes out as one frame whenever there is
 * enough of it; the rest goes out with the end. On a connection that is not open any more all of it is thrown away. */
export class OutStream extends Writable {
  readonly #writer: MessageWriter;
  readonly #fragmentBytes: number;
  readonly #onAbandoned: () => void;
  #collected: Uint8Array[] = [];
  #bytes = 0;
  #isEnded = false;
  #isCutOff = false;

  /** @param onAbandoned called when the stream is destroyed before its end, so that the message has none */
  constructor(writer: MessageWriter, fragmentBytes: number, onAbandoned: () => void) {
    super();
    this.#writer = writer;
    this.#fragmentBytes = fragmentBytes;
    this.#onAbandoned = onAbandoned;
  }

  /** The socket is gone: the stream ends, and what is still written is thrown away, as before its end. */
  cutOff(): void {
    this.#isCutOff = true;
    if (!this.writableEnded) this.end();
  }

  override write(chunk: unknown, encoding?: BufferEncoding | Done, done?: Done): boolean {
    const [named, callback] = typeof encoding === "function" ? [undefined, encoding] : [encoding, done];
    if (!this.#isCutOff) return super.write(chunk, named ?? "utf8", callback);
    // Whoever pipes into it must not meet an error for what the peer did
    if (callback !== undefined) setImmediate(callback);
    return true;
  }

  override _write(chunk: Uint8Array, _encoding: string, done: Done): void {
    this.#bytes += chunk.length;
    if (!(this.#bytes >= this.#fragmentBytes)) {
      // Whoever wrote it may use the array for something else when this is done
      this.#collected.push(Buffer.from(chunk));
      done();
      return;
    }
    this.#collected.push(chunk);
    this.#writer.write(this.#takeCollected());
    const goOn = (): void => process.nextTick(done);
    this.#writer.writable().then(goOn, goOn);
  }

  override _final(done: Done): void {
    this.#isEnded = true;
    this.#writer.end(this.#takeCollected());
    done();
  }

  override _destroy(error: Error | null, done: Done): void {
    if (!this.#isEnded) {
      this.#isEnded = true;
      this.#collected = [];
      this.#onAbandoned();
      // Nothing of it goes out any more; whoever waits for the message's end goes on
      this.#writer.end();
    }
    done(error);
  }

  #takeCollected(): Uint8Array {
    const [first, ...others] = this.#collected;
    this.#collected = [];
    this.#bytes = 0;
    if (first === undefined) return new Uint8Array(0);
    return others.length === 0 ? first : Buffer.concat([first, ...others]);
  }
}
