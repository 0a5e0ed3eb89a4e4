import type { Client } from "./client.ts";

/** The core's own mark, above which `send` returns false. */
const HIGH_WATER_BYTES = 65_536;
/** A timer may fire a little before its time. */
const EARLY_MS = 1;

/** Send a ping, whose payload is the client's ID, and wait for its pong or that of a later one.
 * @param timeoutMs Infinity for ever
 * @param late called when no pong came in time
 * @returns whether the peer keeps up with what is sent */
export function answersIn({ id, connection }: Client, timeoutMs: number, late: () => void): boolean {
  const sentMs = performance.now();
  connection.ping(id, { timeoutMs }).catch((error: { readonly code?: unknown }) => {
    // Of very many pings the oldest is given up before its time; those after it still wait
    if (error.code === "PONG_TIMEOUT" && performance.now() - sentMs + EARLY_MS >= timeoutMs) late();
  });
  return connection.bufferedBytes <= HIGH_WATER_BYTES;
}
