import { inspect } from "node:util";

/** A live view of a set, that nobody can write to through it. What it has as a Set of its own stays empty and means nothing, so
 * that `Set.prototype.add.call` changes nothing that anybody sees. */
export class ClientSet<T> extends Set<T> {
  readonly #live: ReadonlySet<T>;

  constructor(live: ReadonlySet<T>) {
    super();
    this.#live = live;
    Object.freeze(this);
  }

  override get size(): number {
    return this.#live.size;
  }

  override has(value: T): boolean {
    return this.#live.has(value);
  }

  override forEach(callback: (value: T, same: T, set: Set<T>) => void, thisArg?: unknown): void {
    for (const value of this.#live) callback.call(thisArg, value, value, this);
  }

  override values(): ReturnType<Set<T>["values"]> {
    return this.#live.values();
  }

  override keys(): ReturnType<Set<T>["keys"]> {
    return this.#live.keys();
  }

  override entries(): ReturnType<Set<T>["entries"]> {
    return this.#live.entries();
  }

  override [Symbol.iterator](): ReturnType<Set<T>["values"]> {
    return this.#live.values();
  }

  override add(): never {
    throw readOnly();
  }

  override delete(): never {
    throw readOnly();
  }

  override clear(): never {
    throw readOnly();
  }

  static {
    const value = function (this: ClientSet<unknown>): ReadonlySet<unknown> {
      return this.#live;
    };
    Object.defineProperty(ClientSet.prototype, inspect.custom, { value });
    // What newer versions of the language add, `union` and others, asks the live set, too
    for (const name of Object.getOwnPropertyNames(Set.prototype)) {
      if (Object.hasOwn(ClientSet.prototype, name)) continue;
      const value = function (this: ClientSet<unknown>, ...given: unknown[]): unknown {
        return Reflect.apply(Reflect.get(Set.prototype, name), this.#live, given);
      };
      Object.defineProperty(ClientSet.prototype, name, { value });
    }
  }
}

function readOnly(): TypeError {
  return new TypeError("the set of clients is read-only; copy it with new Set(clients)");
}
