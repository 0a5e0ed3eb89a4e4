import { Readable } from "node:stream";

/** A binary message that is being received. What nobody reads is kept; it does not hold up later messages. */
export class InStream extends Readable {
  override _read(): void {}

  /** @param data belongs to the stream from now on */
  addData(data: Uint8Array): void {
    // A stream that its reader has destroyed wants no more
    if (data.length > 0 && !this.destroyed) this.push(data);
  }

  /** The message is complete, or the connection is gone: both end the stream alike. */
  end(): void {
    if (!this.destroyed) this.push(null);
  }
}
