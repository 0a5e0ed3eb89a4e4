import { isObject } from "./idl-conversions.ts";

/** What is called for an event; `this` is the event's target. */
export type EventHandlerOf<Target, E> = ((this: Target, event: E) => unknown) | null;

/** One event handler IDL attribute, such as `onopen`: among the listeners it has the place where it was first set, and keeps
 * it until it is set to null.
 * @see https://html.spec.whatwg.org/multipage/webappapis.html#event-handler-attributes */
export class EventHandler<Target extends EventTarget, E extends Event> {
  readonly #target: Target;
  readonly #type: string;
  #value: EventHandlerOf<Target, E> = null;

  constructor(target: Target, type: string) {
    this.#target = target;
    this.#type = type;
  }

  get value(): EventHandlerOf<Target, E> {
    return this.#value;
  }

  /** @param value an object that cannot be called is kept, and does nothing; anything that is no object is null */
  set value(value: EventHandlerOf<Target, E>) {
    const { addEventListener, removeEventListener } = EventTarget.prototype;
    const next = isObject(value) ? value : null;
    // Not by a method that the target might have of its own; a listener that is there keeps its place
    const change = next === null ? removeEventListener : addEventListener;
    Reflect.apply(change, this.#target, [this.#type, this.#listener]);
    this.#value = next;
  }

  readonly #listener = (event: E): void => {
    const handler = this.#value;
    if (typeof handler !== "function") return;
    // Not the event's current target: Node takes that away after the first listener
    const result: unknown = Reflect.apply(handler, this.#target, [event]);
    if (result === false) event.preventDefault();
  };
}
