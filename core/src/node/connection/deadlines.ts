/** Somebody who has to be called at a time. The two fields belong to `deadlines`. */
export interface Timed {
  dueMs: number;
  heapIndex: number;
  /** The time has come; called once for each `watch`. */
  onDue(nowMs: number): void;
}

/** Longest delay that setTimeout takes. */
export const LONGEST_DELAY_MS: number = 2 ** 31 - 1;

/** The deadlines of all connections of the process, with one timer: a binary heap, the earliest first. */
class Deadlines {
  readonly #heap: Timed[] = [];
  #timer: NodeJS.Timeout | undefined;
  #armedForMs = Number.POSITIVE_INFINITY;

  /** Call `item.onDue` at `dueMs`, and no more at the time set before. */
  watch(item: Timed, dueMs: number): void {
    if (dueMs === Number.POSITIVE_INFINITY) {
      this.forget(item);
      return;
    }
    if (item.heapIndex < 0) {
      item.heapIndex = this.#heap.length;
      this.#heap.push(item);
    }
    item.dueMs = dueMs;
    this.#restore(item.heapIndex);
    this.#arm();
  }

  /** Do not call the item any more. */
  forget(item: Timed): void {
    const index = item.heapIndex;
    if (index < 0) return;
    item.heapIndex = -1;
    item.dueMs = Number.POSITIVE_INFINITY;
    const last = this.#heap.pop();
    if (last === undefined || last === item) return;
    this.#place(last, index);
    this.#restore(index);
  }

  /** How many are watched. */
  get size(): number {
    return this.#heap.length;
  }

  #arm(): void {
    const earliest = this.#heap[0]?.dueMs ?? Number.POSITIVE_INFINITY;
    if (earliest >= this.#armedForMs) return;
    clearTimeout(this.#timer);
    this.#armedForMs = earliest;
    const delayMs = Math.min(LONGEST_DELAY_MS, Math.max(1, Math.ceil(earliest - performance.now())));
    this.#timer = setTimeout(() => this.#ring(), delayMs).unref();
  }

  #ring(): void {
    this.#armedForMs = Number.POSITIVE_INFINITY;
    const nowMs = performance.now();
    // No more than there are: one that is due again at once waits for the next ring, and cannot hold up the process.
    for (let left = this.#heap.length; left > 0; left--) {
      const item = this.#heap[0];
      if (item === undefined || item.dueMs > nowMs) break;
      this.forget(item);
      item.onDue(nowMs);
    }
    this.#arm();
  }

  #restore(index: number): void {
    this.#sink(this.#rise(index));
  }

  #rise(start: number): number {
    let index = start;
    while (index > 0) {
      const above = (index - 1) >> 1;
      if (this.#due(above) <= this.#due(index)) break;
      this.#swap(above, index);
      index = above;
    }
    return index;
  }

  #sink(start: number): void {
    let index = start;
    for (;;) {
      const left = 2 * index + 1;
      const least = this.#due(left + 1) < this.#due(left) ? left + 1 : left;
      if (this.#due(least) >= this.#due(index)) return;
      this.#swap(least, index);
      index = least;
    }
  }

  #due(index: number): number {
    return this.#heap[index]?.dueMs ?? Number.POSITIVE_INFINITY;
  }

  #swap(a: number, b: number): void {
    const one = this.#heap[a];
    const other = this.#heap[b];
    if (one === undefined || other === undefined) return;
    this.#place(one, b);
    this.#place(other, a);
  }

  #place(item: Timed, index: number): void {
    this.#heap[index] = item;
    item.heapIndex = index;
  }
}

export const deadlines: Deadlines = new Deadlines();
