/**
 * Events as the original's W3CWebSocket gives them: plain objects to functions, handlers before listeners.
 * In: listeners, then events. Out: calls. Knows no WebSocket.
 */
import { throwLater } from "./rethrow.ts";

/** What listeners get. */
export interface W3CEvent {
  type: string;
  target?: object;
  isTrusted?: boolean;
  cancelable?: boolean;
  [member: string]: unknown;
}

type Listener = (this: object, event: W3CEvent) => void;

/** Make an event of an object's own.
 * @param members what this type of event has besides */
export function makeEvent(type: string, target: object, members: object = {}): W3CEvent {
  return { type, isTrusted: false, cancelable: true, target, ...members };
}

export class EventListeners {
  readonly #listeners = new Map<string, Listener[]>();

  add(type: unknown, listener: unknown): void {
    if (typeof type !== "string" || typeof listener !== "function") return;
    const list = this.#listeners.get(type) ?? [];
    // While an event is told its list stays as it is
    if (!list.includes(listener as Listener)) this.#listeners.set(type, [...list, listener as Listener]);
  }

  remove(type: unknown, listener: unknown): void {
    const list = this.#listeners.get(String(type)) ?? [];
    const rest = list.filter((one) => one !== listener);
    if (rest.length < list.length) this.#listeners.set(String(type), rest);
  }

  /** Call the handler `on…` of the target, then the listeners. One that throws does not keep others from hearing. */
  tell(target: object, event: W3CEvent): void {
    const handler: unknown = Reflect.get(target, `on${event.type}`);
    if (typeof handler === "function") call(handler as Listener, target, event);
    for (const listener of this.#listeners.get(event.type) ?? []) call(listener, target, event);
  }
}

function call(listener: Listener, target: object, event: W3CEvent): void {
  try {
    listener.call(target, event);
  } catch (error) {
    throwLater(error);
  }
}
