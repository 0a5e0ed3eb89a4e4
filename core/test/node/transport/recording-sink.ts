import type { TransportSink } from "../../../src/node/transport/transport.ts";
import { Journal } from "../connection/journal.ts";

/** Writes down what a transport says. */
export class RecordingSink implements TransportSink {
  /** "drain", "end", and ["close", error]. */
  readonly events: Journal<string | readonly ["close", Error | undefined]> = new Journal();
  /** Copies of what arrived. */
  readonly pieces: Journal<Buffer> = new Journal();
  /** For each piece, whether it was said to be the last one of its turn. */
  readonly lasts: boolean[] = [];
  length = 0;
  /** Called with each piece while it is lent. */
  onPiece: ((bytes: Uint8Array, length: number) => void) | undefined;

  get received(): Buffer {
    return Buffer.concat(this.pieces.all);
  }

  /** Wait until so many bytes have arrived in all. */
  async bytes(count: number): Promise<Buffer> {
    while (this.length < count) await this.pieces.next();
    return this.received;
  }

  onBytes(bytes: Uint8Array, length: number, isLast = false): void {
    this.lasts.push(isLast);
    this.length += length;
    this.pieces.add(Buffer.from(bytes.subarray(0, length)));
    this.onPiece?.(bytes, length);
  }

  onDrain(): void {
    this.events.add("drain");
  }

  onEnd(): void {
    this.events.add("end");
  }

  onClose(error: Error | undefined): void {
    this.events.add(["close", error]);
  }
}
