type Result = IteratorResult<string | Uint8Array, undefined>;

interface Reader {
  readonly owner: object;
  readonly resolve: (result: Result) => void;
}

/** What a message costs besides its bytes or characters. */
const OVERHEAD_BYTES = 64;
const DONE: Result = { done: true, value: undefined };

/** Messages on their way to `for await`: those that wait for a reader, or the readers that wait for one. */
export class Inbox {
  readonly #messages: (string | Uint8Array)[] = [];
  #waitingBytes = 0;
  /** Who has asked, and has not left. */
  readonly #owners = new Set<object>();
  #readers: Reader[] = [];
  #finished = false;
  /** Whether anybody has ever asked for a message. */
  #asked = false;

  /** About what the messages that wait occupy, in bytes. */
  get waitingBytes(): number {
    return this.#waitingBytes;
  }

  get asked(): boolean {
    return this.#asked;
  }

  /** Whether somebody is at it who will ask again. */
  get hasReader(): boolean {
    return this.#owners.size > 0;
  }

  /** Whether a reader waits, so that the next message should be looked for. */
  get wanted(): boolean {
    return this.#readers.length > 0;
  }

  put(message: string | Uint8Array): void {
    const reader = this.#readers.shift();
    if (reader === undefined) {
      this.#messages.push(message);
      this.#waitingBytes += message.length + OVERHEAD_BYTES;
    } else reader.resolve({ done: false, value: message });
  }

  /** The next message, now or when it comes; done once the connection has ended and all were taken.
   * @param owner who asks, for `leave` */
  take(owner: object): Promise<Result> {
    this.#asked = true;
    this.#owners.add(owner);
    const value = this.#messages.shift();
    if (value !== undefined) {
      this.#waitingBytes -= value.length + OVERHEAD_BYTES;
      return Promise.resolve({ done: false, value });
    }
    if (this.#finished) return Promise.resolve(DONE);
    return new Promise((resolve) => this.#readers.push({ owner, resolve }));
  }

  /** The owner waits no longer: the next message is for others. */
  leave(owner: object): void {
    this.#owners.delete(owner);
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
