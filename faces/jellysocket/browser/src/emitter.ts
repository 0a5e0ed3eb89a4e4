/**
 * The part of Node's EventEmitter that the API promises, for platforms that have none. What an object has of listeners is made
 * when it gets the first one, so that no constructor need be called.
 */
export type Listener = (...args: unknown[]) => void;

interface Entry {
  readonly listener: Listener;
  readonly isOnce: boolean;
}

const registry = new WeakMap<object, Map<unknown, readonly Entry[]>>();

const entriesOf = (emitter: object, event: unknown): readonly Entry[] => registry.get(emitter)?.get(event) ?? [];

/** Lists are never changed, so that whoever goes through one sees it to its end. */
const setEntries = (emitter: object, event: unknown, entries: readonly Entry[]): void => {
  let events = registry.get(emitter);
  if (!events) {
    events = new Map();
    registry.set(emitter, events);
  }
  events.set(event, entries);
};

const add = <T extends object>(emitter: T, event: unknown, listener: Listener, isOnce: boolean): T => {
  if (typeof listener !== "function") throw new TypeError("a listener is a function");
  setEntries(emitter, event, [...entriesOf(emitter, event), { listener, isOnce }]);
  return emitter;
};

const without = (entries: readonly Entry[], place: number): Entry[] => entries.filter((_, index) => index !== place);

export class Emitter {
  on(event: unknown, listener: Listener): this {
    return add(this, event, listener, false);
  }

  addListener(event: unknown, listener: Listener): this {
    return add(this, event, listener, false);
  }

  once(event: unknown, listener: Listener): this {
    return add(this, event, listener, true);
  }

  /** The one that was added last, where it was added more than once. */
  off(event: unknown, listener: Listener): this {
    const entries = entriesOf(this, event);
    setEntries(this, event, without(entries, this.listeners(event).lastIndexOf(listener)));
    return this;
  }

  removeListener(event: unknown, listener: Listener): this {
    return this.off(event, listener);
  }

  removeAllListeners(...events: unknown[]): this {
    if (events.length > 0) setEntries(this, events[0], []);
    else registry.delete(this);
    return this;
  }

  emit(event: unknown, ...args: unknown[]): boolean {
    const entries = entriesOf(this, event);
    for (const entry of entries) {
      if (entry.isOnce) {
        const place = entriesOf(this, event).indexOf(entry);
        // A listener before it has emitted the same event
        if (place < 0) continue;
        setEntries(this, event, without(entriesOf(this, event), place));
      }
      entry.listener.apply(this, args);
    }
    return entries.length > 0;
  }

  listeners(event: unknown): Listener[] {
    return entriesOf(this, event).map((entry) => entry.listener);
  }

  listenerCount(event: unknown): number {
    return entriesOf(this, event).length;
  }
}
