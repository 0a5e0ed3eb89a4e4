/** A codec without an engine: jobs made by hand, and what came of them. */
import assert from "node:assert/strict";
import type { LimitError, ProtocolError } from "../../../src/engine/errors.ts";
import type { DeflateAgreement } from "../../../src/engine/extensions/permessage-deflate.ts";
import type { DeflateJob, InflateJob, Job } from "../../../src/engine/protocol/jobs.ts";
import type { Role } from "../../../src/engine/protocol/protocol-kit.ts";
import { Codec, type JobTarget, type JobWaiter } from "../../../src/node/compression/codec.ts";
import { type CompressionOptions, resolveCompression } from "../../../src/node/compression/compression-options.ts";
import { DeflateScheme } from "../../../src/node/compression/deflate-scheme.ts";

const JUNK = 0xdd;

/** A scheme of a server or client that wants whatever was agreed on. */
export function schemeOf(
  role: Role,
  agreement: Partial<DeflateAgreement> = {},
  options: CompressionOptions = {},
): DeflateScheme {
  const settings = resolveCompression(options, role);
  assert.ok(settings !== undefined);
  return new DeflateScheme(settings, {
    serverNoContextTakeover: false,
    clientNoContextTakeover: false,
    serverMaxWindowBits: 15,
    clientMaxWindowBits: 15,
    ...agreement,
  });
}

/** One codec, and the engine's part. */
export class CodecRig implements JobTarget {
  readonly codec: Codec;
  /** What the engine was given, in order: copies of results, or errors. */
  readonly given: (Buffer | ProtocolError | LimitError)[] = [];
  /** How often the driver was told that it need not wait any more. */
  told = 0;
  /** Whether the engine has a use for results. */
  isOpen = true;

  constructor(scheme: DeflateScheme) {
    this.codec = new Codec(scheme);
  }

  /** Deflate; the caller's bytes are changed as soon as he may.
   * @returns what goes into the frame */
  async deflate(data: string | Uint8Array): Promise<Buffer> {
    const own = typeof data === "string" ? data : Buffer.from(data);
    const job: DeflateJob = { type: "deflate", kind: typeof data === "string" ? "text" : "binary", data: own };
    const sent = this.codec.deflate(job, this);
    if (typeof own !== "string") own.fill(JUNK);
    if (sent !== undefined) assert.equal(await sent, true);
    return this.#takeResult();
  }

  /** Inflate what came in a frame, as the driver does.
   * @returns the message */
  async inflate(data: Uint8Array, maxBytes = 1 << 30): Promise<Buffer> {
    await this.startInflating(data, maxBytes);
    return this.#takeResult();
  }

  /** @returns when the engine was given the result, or the error */
  startInflating(data: Uint8Array, maxBytes = 1 << 30): Promise<void> {
    const job: InflateJob = { type: "inflate", bytes: Buffer.from(data), start: 0, end: data.length, maxBytes };
    return new Promise((resolve) => {
      const waiter: JobWaiter = {
        jobDone: () => {
          this.told += 1;
          resolve();
        },
      };
      const isDone = this.codec.inflate(job, this, waiter);
      job.bytes.fill(JUNK);
      if (isDone) resolve();
    });
  }

  finishJob(_job: Job, bytes: Uint8Array, start: number, end: number): boolean {
    if (this.isOpen) this.given.push(Buffer.from(bytes.subarray(start, end)));
    return this.isOpen;
  }

  failJob(_job: InflateJob, error: ProtocolError | LimitError): void {
    this.given.push(error);
  }

  #takeResult(): Buffer {
    assert.equal(this.given.length, 1);
    const [result] = this.given.splice(0);
    if (Buffer.isBuffer(result)) return result;
    throw result;
  }
}
