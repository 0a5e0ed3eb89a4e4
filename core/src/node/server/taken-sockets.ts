import type { Duplex } from "node:stream";
import { UsageError } from "../../engine/errors.ts";

const taken = new WeakSet<Duplex>();

/** Note that a socket is ours. Two that write their answers to one socket would send each other's bytes as frames.
 * @throws UsageError for a socket that was noted before */
export function takeOnce(socket: Duplex): void {
  if (taken.has(socket)) {
    throw new UsageError(
      "this socket or stream was handed over before; call handleUpgrade or handleStream once for each event",
    );
  }
  taken.add(socket);
}

/** Whether a socket is ours already. */
export function isTaken(socket: Duplex): boolean {
  return taken.has(socket);
}
