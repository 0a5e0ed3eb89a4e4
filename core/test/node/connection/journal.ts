/** What happened, in order, for tests that wait for it instead of for time. */
export class Journal<T> {
  /** All entries since the beginning. */
  readonly all: T[] = [];
  #taken = 0;
  #waiting: (() => void)[] = [];

  add(entry: T): void {
    this.all.push(entry);
    for (const wake of this.#waiting.splice(0)) wake();
  }

  /** The next entry that was not taken yet, once it is there. */
  async next(): Promise<T> {
    return (await this.take(1))[0] as T;
  }

  /** The next entries that were not taken yet, once they are there. */
  async take(count: number): Promise<T[]> {
    await this.#until(() => this.all.length >= this.#taken + count);
    this.#taken += count;
    return this.all.slice(this.#taken - count, this.#taken);
  }

  /** The first entry not taken yet that fits, once it is there; those before it are passed over. */
  async find(fits: (entry: T) => boolean): Promise<T> {
    for (;;) {
      const entry = await this.next();
      if (fits(entry)) return entry;
    }
  }

  /** What is there and was not taken, without waiting. */
  rest(): T[] {
    const rest = this.all.slice(this.#taken);
    this.#taken = this.all.length;
    return rest;
  }

  async #until(there: () => boolean): Promise<void> {
    while (!there()) await new Promise<void>((wake) => this.#waiting.push(wake));
  }
}
