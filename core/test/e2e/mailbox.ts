/** Values in the order in which they came. The next one may be asked for before it is there. */
export class Mailbox<T> {
  readonly #values: T[] = [];
  readonly #takers: { resolve(value: T): void; reject(error: Error): void }[] = [];
  #end: Error | undefined;

  put(value: T): void {
    const taker = this.#takers.shift();
    if (taker === undefined) this.#values.push(value);
    else taker.resolve(value);
  }

  take(): Promise<T> {
    if (this.#values.length > 0) return Promise.resolve(this.#values.shift() as T);
    if (this.#end !== undefined) return Promise.reject(this.#end);
    return new Promise((resolve, reject) => this.#takers.push({ resolve, reject }));
  }

  /** Nothing will follow, so whoever waits need not wait until the test's time is up. */
  end(why: string): void {
    this.#end ??= new Error(why);
    for (const { reject } of this.#takers.splice(0)) reject(this.#end);
  }
}
