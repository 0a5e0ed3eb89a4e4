/** Let an error of a listener's end as it does with any emitter, as an uncaught exception; the core or a timer, which
 * called, would take it for its own affair. */
export function throwLater(error: unknown): void {
  process.nextTick(rethrow, error);
}

function rethrow(error: unknown): never {
  throw error;
}
