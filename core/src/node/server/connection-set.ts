import type { Connection } from "../connection/connection.ts";

/** The connections of a server that are not closed: a live view that nobody can change. Closing them while going
 * through it is safe. In the order in which they were opened. */
export class ConnectionSet<Data> {
  readonly #connections: ReadonlySet<Connection<Data>>;

  constructor(connections: ReadonlySet<Connection<Data>>) {
    this.#connections = connections;
  }

  get size(): number {
    return this.#connections.size;
  }

  has(connection: Connection<Data>): boolean {
    return this.#connections.has(connection);
  }

  forEach(callback: (connection: Connection<Data>) => void): void {
    for (const connection of this.#connections) callback(connection);
  }

  values(): IterableIterator<Connection<Data>> {
    return this.#connections.values();
  }

  [Symbol.iterator](): IterableIterator<Connection<Data>> {
    return this.#connections.values();
  }
}
