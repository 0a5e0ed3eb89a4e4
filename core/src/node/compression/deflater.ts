/**
 * Deflates messages. In: text or bytes, and whose message it is. Out: DEFLATE data without the four bytes that the receiver adds,
 * lent. Small messages are done at once, with a state that may remember the connection's last message; large ones on the thread
 * pool, each for itself, because what came before helps them little.
 * @see RFC 7692 §7.2.1
 */
import * as zlib from "node:zlib";
import { type StateOwner, takeState } from "./deflate-states.ts";
import type { DeflateSettings, RawZlib } from "./raw-zlib.ts";
import { CHUNK_BYTES, outputSpace } from "./work-space.ts";

/** What a flush leaves at the end, and the receiver adds again: an empty stored block without its first bits. */
const TAIL_BYTES = 4;
/** §7.2.3.6: an empty message is an empty stored block's first byte. */
const EMPTY_MESSAGE: Uint8Array = new Uint8Array([0x00]);

/** Bytes that are lent until the next job, at 0 to `length`. */
export interface Deflated {
  readonly bytes: Uint8Array;
  readonly length: number;
}

/** Deflate in this turn.
 * @param keeps whether this message may refer to the owner's last one, and the next one to this */
export function deflateNow(owner: StateOwner, settings: DeflateSettings, keeps: boolean, bytes: Uint8Array): Deflated {
  if (bytes.length === 0) return { bytes: EMPTY_MESSAGE, length: EMPTY_MESSAGE.length };
  const state = takeState(owner, settings, keeps);
  if (state !== undefined) return runToEnd(state, bytes);
  const deflated = zlib.deflateRawSync(bytes, options(settings));
  return { bytes: deflated, length: deflated.length - TAIL_BYTES };
}

/** Deflate on the thread pool, without reference to other messages.
 * @param bytes not to be changed until `done` is called
 * @param done an error where memory has run out: there is no other way to fail */
export function deflateLater(
  settings: DeflateSettings,
  bytes: Uint8Array,
  done: (result: Deflated | Error) => void,
): void {
  zlib.deflateRaw(bytes, options(settings), (error, deflated) => {
    done(error ?? { bytes: deflated, length: deflated.length - TAIL_BYTES });
  });
}

function options({ windowBits, level, memLevel }: DeflateSettings): zlib.ZlibOptions {
  return { windowBits, level, memLevel, finishFlush: zlib.constants.Z_SYNC_FLUSH, chunkSize: CHUNK_BYTES };
}

function runToEnd(state: RawZlib, bytes: Uint8Array): Deflated {
  const output = outputSpace();
  const pieces: Uint8Array[] = [];
  for (let at = 0; ; at = bytes.length - state.inputLeft) {
    state.run(bytes, at, bytes.length, output, 0);
    const produced = output.length - state.outputLeft;
    if (state.outputLeft > 0) {
      if (pieces.length === 0) return { bytes: output, length: produced - TAIL_BYTES };
      pieces.push(output.subarray(0, produced));
      const all = Buffer.concat(pieces);
      return { bytes: all, length: all.length - TAIL_BYTES };
    }
    pieces.push(Buffer.from(output));
  }
}
