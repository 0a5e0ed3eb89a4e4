/**
 * Runs Node's zlib synchronously and for as long as one likes: a stream of DEFLATE data can be continued message by message, and
 * started anew without being made anew. Node's public API has only one-shot functions, which cost 13 to 120 µs a message more,
 * and streams, which go through the thread pool for each. What is not public about it is in this file alone: the handle of a
 * stream, which Node itself uses so. Where anything of it is missing or behaves otherwise, the answer is undefined and the
 * caller uses the one-shot functions.
 */
import * as zlib from "node:zlib";

/** What is used of the handle (Node 20 to 26). A write outside of its arrays ends the process, so bounds are the caller's care. */
interface Handle {
  writeSync(
    flush: number,
    input: Uint8Array,
    inputOffset: number,
    inputLength: number,
    output: Uint8Array,
    outputOffset: number,
    outputLength: number,
  ): void;
  reset(): void;
  onerror: unknown;
}

const { Z_SYNC_FLUSH } = zlib.constants;
/** Set to 1 to use public API alone. */
const PUBLIC_ONLY = process.env["POLYSOCKET_PUBLIC_API_ONLY"] === "1";
/** The stream around the handle would keep a buffer of 16 KiB that it never uses; this is the least it takes. */
const SMALLEST_CHUNK = 64;

/** How a deflater works. */
export interface DeflateSettings {
  /** 9 to 15. */
  readonly windowBits: number;
  /** 0 to 9. */
  readonly level: number;
  /** 1 to 9. */
  readonly memLevel: number;
}

/** A deflater or inflater that goes on where it stopped. */
export class RawZlib {
  readonly #stream: zlib.DeflateRaw | zlib.InflateRaw;
  readonly #handle: Handle;
  /** How many bytes of output and of input were left over by the last run. */
  readonly #left: Uint32Array;
  #failed = false;

  constructor(stream: zlib.DeflateRaw | zlib.InflateRaw, handle: Handle, left: Uint32Array) {
    this.#stream = stream;
    this.#handle = handle;
    this.#left = left;
    handle.onerror = () => {
      this.#failed = true;
    };
  }

  /** Work on the input from `start` to `end` until it is used up, the output is full, or the DEFLATE data have ended.
   * @returns false for input that is no DEFLATE data; only `reset` helps then */
  run(input: Uint8Array, start: number, end: number, output: Uint8Array, outputStart: number): boolean {
    this.#failed = false;
    this.#handle.writeSync(Z_SYNC_FLUSH, input, start, end - start, output, outputStart, output.length - outputStart);
    return !this.#failed;
  }

  /** Bytes of the last run's input that were not looked at. */
  get inputLeft(): number {
    return this.#left[1] ?? 0;
  }

  /** Bytes of the last run's output that were not written; 0 may mean that there is more to come. */
  get outputLeft(): number {
    return this.#left[0] ?? 0;
  }

  /** Begin anew, without a past. */
  reset(): void {
    this.#handle.reset();
  }

  /** Give the memory back. */
  close(): void {
    this.#stream.close();
  }
}

/** A deflater, or undefined where this Node has none that can be used so. */
export function openDeflater({ windowBits, level, memLevel }: DeflateSettings): RawZlib | undefined {
  if (!isUsable()) return undefined;
  return wrap(zlib.createDeflateRaw({ windowBits, level, memLevel, chunkSize: SMALLEST_CHUNK }));
}

/** An inflater for windows of up to 32 KiB, or undefined where this Node has none that can be used so. */
export function openInflater(): RawZlib | undefined {
  if (!isUsable()) return undefined;
  return wrap(zlib.createInflateRaw({ chunkSize: SMALLEST_CHUNK }));
}

let usable: boolean | undefined;

function isUsable(): boolean {
  usable ??= !PUBLIC_ONLY && works();
  return usable;
}

function wrap(stream: zlib.DeflateRaw | zlib.InflateRaw): RawZlib | undefined {
  const handle: unknown = Reflect.get(stream, "_handle");
  const left: unknown = Reflect.get(stream, "_writeState");
  if (isHandle(handle) && left instanceof Uint32Array && left.length === 2) return new RawZlib(stream, handle, left);
  stream.close();
  return undefined;
}

function isHandle(handle: unknown): handle is Handle {
  if (typeof handle !== "object" || handle === null) return false;
  const names = ["writeSync", "reset"];
  return names.every((name) => typeof Reflect.get(handle, name) === "function") && "onerror" in handle;
}

/** Try it once: two messages there and back, the second by reference to the first, then what is no DEFLATE data. */
function works(): boolean {
  const deflater = wrap(zlib.createDeflateRaw({ windowBits: 9, level: 6, memLevel: 1, chunkSize: SMALLEST_CHUNK }));
  const inflater = wrap(zlib.createInflateRaw({ chunkSize: SMALLEST_CHUNK }));
  const text = Buffer.from("polysocket polysocket");
  const [small, large] = [Buffer.alloc(256), Buffer.alloc(256)];
  try {
    if (deflater === undefined || inflater === undefined) return false;
    const lengths = [0, 1].map(() => {
      const fine = deflater.run(text, 0, text.length, small, 0) && deflater.inputLeft === 0;
      const length = small.length - deflater.outputLeft;
      const back = fine && inflater.run(small, 0, length, large, 0) && inflater.inputLeft === 0;
      return back && large.subarray(0, large.length - inflater.outputLeft).equals(text) ? length : 0;
    });
    const [first = 0, second = 0] = lengths;
    const wrong = Buffer.from([0x07, 0xff, 0xff, 0xff]);
    return second > 0 && second < first && !inflater.run(wrong, 0, wrong.length, large, 0);
  } catch {
    return false;
  } finally {
    deflater?.close();
    inflater?.close();
  }
}
