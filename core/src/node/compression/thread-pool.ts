/**
 * Lets large jobs into the thread pool of the process a few at a time: file system and name lookups use the same threads.
 * In: tasks. Out: their beginning, in the order in which they came. It knows nothing of what they do.
 */

/** What libuv has unless it is told otherwise. */
const USUAL_THREADS = 4;

/** Begins something; calls `done` once when it is over. */
export type PoolTask = (done: () => void) => void;

/** In the order in which they came. */
const waiting = new Set<PoolTask>();
let running = 0;

/** All threads but one. */
export const MOST_AT_ONCE: number = Math.max(1, threads() - 1);

/** Begin a task now or when others are done. */
export function runOnThreadPool(task: PoolTask): void {
  if (running >= MOST_AT_ONCE) {
    waiting.add(task);
    return;
  }
  running += 1;
  let isOver = false;
  task(() => {
    if (isOver) return;
    isOver = true;
    running -= 1;
    const [next] = waiting;
    if (next === undefined) return;
    waiting.delete(next);
    runOnThreadPool(next);
  });
}

/** Begin a task never, if it has not begun. */
export function takeBack(task: PoolTask): void {
  waiting.delete(task);
}

function threads(): number {
  const told = Number.parseInt(process.env["UV_THREADPOOL_SIZE"] ?? "", 10);
  return Number.isInteger(told) && told > 0 ? told : USUAL_THREADS;
}
