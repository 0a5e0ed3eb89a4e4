import { LONGEST_DELAY_MS } from "../connection/deadlines.ts";

/** Shortest time between two portions; timers are no finer. */
const LEAST_MS = 10;

/** Do something to each of them, evenly spread over a time: to the first now, to the last when the time is over.
 * @returns to stop with it */
export function spread<T>(all: readonly T[], spreadMs: number, act: (one: T) => void): () => void {
  if (spreadMs === 0 || all.length <= 1) {
    for (const one of all) act(one);
    return () => {};
  }
  const startMs = performance.now();
  const stepMs = spreadMs / (all.length - 1);
  let done = 0;
  let timer: NodeJS.Timeout | undefined;
  const next = (): void => {
    const elapsedMs = performance.now() - startMs;
    const due = Math.min(all.length, 1 + Math.floor(elapsedMs / stepMs));
    for (const one of all.slice(done, due)) act(one);
    done = due;
    if (done < all.length)
      timer = setTimeout(next, Math.min(Math.max(LEAST_MS, done * stepMs - elapsedMs), LONGEST_DELAY_MS));
  };
  next();
  return () => clearTimeout(timer);
}
