/**
 * JSH's event emitter: Node's, but a listener that throws is its own affair.
 * In: listeners, events. Out: calls, and an `error` event for what a listener threw. Knows no WebSocket.
 */
import { EventEmitter } from "node:events";

export class Emitter extends EventEmitter {
  /** Call the listeners, all of them: what one throws is emitted as `error`, or dropped where nobody listens to that. An `error`
   * listener's own exception does reach the caller, and an `error` event without listeners throws nothing.
   * @returns whether there were listeners */
  override emit(name: string | symbol, ...values: unknown[]): boolean {
    const count = this.listenerCount(name);
    if (count === 0) return false;
    if (name === "error") return super.emit(name, ...values);
    if (count > 1) return this.#emitToAll(name, values);
    try {
      return super.emit(name, ...values);
    } catch (thrown) {
      this.emit("error", thrown);
      return true;
    }
  }

  #emitToAll(name: string | symbol, values: unknown[]): true {
    // With the wrappers of `once`, which take themselves away
    for (const listener of this.rawListeners(name)) {
      try {
        Reflect.apply(listener, this, values);
      } catch (thrown) {
        this.emit("error", thrown);
      }
    }
    return true;
  }
}
