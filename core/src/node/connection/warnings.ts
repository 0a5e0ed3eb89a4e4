/**
 * Warnings of the process for what has no handler. In: what is wrong, and its code. Out: Node's 'warning' event, not as often as a peer
 * likes: one that makes a handler fail again and again would otherwise fill the disk that standard error goes to.
 */

/** So many of one code in a row, then one in so many ms. */
const BURST = 10;
const EACH_MS = 10_000;

interface Said {
  fullMs: number;
  leftOut: number;
}

/** By code; those are ours, and few. */
const said = new Map<string, Said>();

/** Warn, unless that was said too often of late. The next one that is said tells how many were not.
 * @param options as of `process.emitWarning`; its `code` is the one that is counted by default */
export function warn(code: string, warning: Error | string, options: { type?: string; detail?: string } = {}): void {
  const nowMs = performance.now();
  const entry = said.get(code) ?? { fullMs: 0, leftOut: 0 };
  said.set(code, entry);
  const fullMs = Math.max(entry.fullMs, nowMs) + EACH_MS;
  if (fullMs > nowMs + BURST * EACH_MS) {
    entry.leftOut += 1;
    return;
  }
  entry.fullMs = fullMs;
  const { leftOut } = entry;
  entry.leftOut = 0;
  if (leftOut > 0) process.emitWarning(`${leftOut} more warnings of ${code} were left out`, { code });
  if (typeof warning === "string") process.emitWarning(warning, { code, ...options });
  else process.emitWarning(warning);
}
