type Result = IteratorResult<string | Uint8Array, undefined>;

interface Reader {
  readonly owner: object;
  readonly resolve: (result: Result) => void;
}

const DONE: Result = { done: true, value: undefined };

/** Messages on their way to `for await`: those that wait for a reader, or the readers that wait for one. */
export class Inbox {
  readonly #messages: (string | Uint8Array)[] = [];
  #readers: Reader[] = [];
  #finished = false;
  /** Whether anybody has ever asked for a message. */
  #asked = false;

  get asked(): boolean {
    return this.#asked;
  }

  /** Whether a reader waits, so that the next message should be looked for. */
  get wanted(): boolean {
    return this.#readers.length > 0;
  }

  put(message: string | Uint8Array): void {
    const reader = this.#readers.shift();
    if (reader === undefined) this.#messages.push(message);
    else reader.resolve({ done: false, value: message });
  }

  /** The next message, now or when it comes; done once the connection has ended and all were taken.
   * @param owner who asks, for `leave` */
  take(owner: object): Promise<Result> {
    this.#asked = true;
    const value = this.#messages.shift();
    if (value !== undefined) return Promise.resolve({ done: false, value });
    if (this.#finished) return Promise.resolve(DONE);
    return new Promise((resolve) => this.#readers.push({ owner, resolve }));
  }

  /** The owner waits no longer: the next message is for others. */
  leave(owner: object): void {
    const leaving = this.#readers.filter((reader) => reader.owner === owner);
    this.#readers = this.#readers.filter((reader) => reader.owner !== owner);
    for (const reader of leaving) reader.resolve(DONE);
  }

  /** No message will follow. */
  finish(): void {
    this.#finished = true;
    for (const reader of this.#readers.splice(0)) reader.resolve(DONE);
  }
}
