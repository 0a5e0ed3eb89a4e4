/**
 * Where a stream of Node's keeps whom its bytes are for and why it failed, so that one set of listeners serves all streams
 * (a closure each would cost an idle connection some 400 bytes).
 */
import type { Duplex } from "node:stream";
import type { TransportSink } from "./transport.ts";

const SINK: unique symbol = Symbol("polysocket.sink");
const FAILURE: unique symbol = Symbol("polysocket.failure");

export interface OwnedStream extends Duplex {
  [SINK]?: TransportSink;
  [FAILURE]?: Error;
}

export function setSink(stream: OwnedStream, sink: TransportSink): void {
  stream[SINK] = sink;
}

export function sinkOf(stream: OwnedStream): TransportSink | undefined {
  return stream[SINK];
}

/** What 'error' told, if it did. */
export function failureOf(stream: OwnedStream): Error | undefined {
  return stream[FAILURE];
}

/** Listens to 'error'; 'close' follows. */
export function keepFailure(this: OwnedStream, error: Error): void {
  this[FAILURE] = error;
}

/** Listens to 'data'. */
export function passData(this: OwnedStream, bytes: Buffer): void {
  this[SINK]?.onBytes(bytes, bytes.length);
}
