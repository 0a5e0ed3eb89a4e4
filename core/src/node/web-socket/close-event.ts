import { defineInterface } from "./define-interface.ts";
import { isObject, requireArguments, toDomString, toUnsignedShort, toUsvString } from "./idl-conversions.ts";

/** What a `CloseEvent` is made of; all but `code` and `reason` false, 0 and "" where nothing is said. */
export interface CloseEventInit {
  readonly bubbles?: boolean | undefined;
  readonly cancelable?: boolean | undefined;
  readonly composed?: boolean | undefined;
  readonly wasClean?: boolean | undefined;
  readonly code?: number | undefined;
  readonly reason?: string | undefined;
}

/** Tells how a WebSocket's connection ended. */
export interface CloseEvent extends Event {
  /** Whether the closing handshake was completed and nothing went wrong. */
  readonly wasClean: boolean;
  /** The code of the Close frame that the server sent; 1005 if it had none, 1006 if there was no Close frame. */
  readonly code: number;
  /** The reason in the Close frame that the server sent; else "". */
  readonly reason: string;
}

/** The class of close events. */
export interface CloseEventClass {
  readonly prototype: CloseEvent;
  /** @throws TypeError without a type, and for an `init` that is neither an object nor left out */
  new (type: string, init?: CloseEventInit | null): CloseEvent;
}

/** The event that tells how a WebSocket's connection ended.
 * @see https://websockets.spec.whatwg.org/#the-closeevent-interface */
export const CloseEvent: CloseEventClass = class CloseEvent extends Event {
  static {
    defineInterface(CloseEvent, "CloseEvent", ["wasClean", "code", "reason"]);
  }

  readonly #wasClean: boolean;
  readonly #code: number;
  readonly #reason: string;

  constructor(type: string, init: CloseEventInit | null | undefined = {}) {
    // biome-ignore lint/complexity/noArguments: undefined is a type, "undefined", and nothing at all is none
    requireArguments(arguments.length, 1, "CloseEvent");
    const name = toDomString(type);
    const given: CloseEventInit = readInit(init);
    // In the order in which Web IDL reads them
    const { bubbles = false, cancelable = false, composed = false } = given;
    super(name, { bubbles: Boolean(bubbles), cancelable: Boolean(cancelable), composed: Boolean(composed) });
    const { code = 0, reason = "", wasClean = false } = given;
    this.#code = toUnsignedShort(code);
    this.#reason = toUsvString(reason);
    this.#wasClean = Boolean(wasClean);
  }

  get wasClean(): boolean {
    return this.#wasClean;
  }

  get code(): number {
    return this.#code;
  }

  get reason(): string {
    return this.#reason;
  }
};

function readInit(init: CloseEventInit | null | undefined): CloseEventInit {
  if (init === undefined || init === null) return {};
  if (isObject(init)) return init;
  throw new TypeError(`the init of a CloseEvent is of type ${typeof init}; give an object or nothing`);
}
