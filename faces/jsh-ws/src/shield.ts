/**
 * The exceptions of `error` listeners, the only ones that events let through. They end as in any event of Node's, uncaught; the core,
 * which called, would take them for its own affair.
 */

/** Run what emits. */
export function shield(run: () => void): void {
  try {
    run();
  } catch (thrown) {
    throwLater(thrown);
  }
}

/** The same for who catches by itself, because it runs too often for a function of its own. */
export function throwLater(thrown: unknown): void {
  process.nextTick(rethrow, thrown);
}

function rethrow(thrown: unknown): never {
  throw thrown;
}
