import { isObject, toDomString } from "./idl-conversions.ts";

/** A token: RFC 6455 §4.1 takes the definition of RFC 2616 §2.2. */
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

/** The subprotocols as Web IDL converts them: what can be iterated is a sequence, all else one string.
 * @throws TypeError for a Symbol, and for what cannot be iterated although it says so */
export function toSubprotocols(given: unknown): string[] {
  if (given === undefined) return [];
  const iterate: unknown = isObject(given) ? Reflect.get(given, Symbol.iterator) : undefined;
  if (iterate === undefined || iterate === null) return [toDomString(given)];
  if (typeof iterate !== "function") throw new TypeError("the protocols' Symbol.iterator is no function");
  return toSequence(Reflect.apply(iterate, given, []));
}

/** Unlike `for … of`, Web IDL does not close an iterator when an element cannot be converted. */
function toSequence(iterator: Iterator<unknown>): string[] {
  const elements: string[] = [];
  for (const element of { [Symbol.iterator]: () => ({ next: () => iterator.next() }) }) {
    elements.push(toDomString(element));
  }
  return elements;
}

/** @throws DOMException SyntaxError unless all are tokens, each there once
 * @see https://websockets.spec.whatwg.org/#dom-websocket-websocket step 9 */
export function checkSubprotocols(subprotocols: readonly string[]): void {
  for (const [index, subprotocol] of subprotocols.entries()) {
    if (!TOKEN.test(subprotocol)) {
      throw new DOMException(
        `protocol ${index} is no token; use letters, digits and !#$%&'*+-.^_\`|~ alone`,
        "SyntaxError",
      );
    }
  }
  if (new Set(subprotocols).size === subprotocols.length) return;
  throw new DOMException("a protocol is given twice; give each once", "SyntaxError");
}
