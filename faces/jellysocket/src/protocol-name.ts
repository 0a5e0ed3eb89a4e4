/** RFC 9110 §5.6.2, as RFC 6455 §4.1 demands it of a subprotocol's name. */
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

/** What a subclass of JellySocket is called on the wire.
 * @param prototype the subclass's, or an instance
 * @throws TypeError for what cannot be the name of a subprotocol */
export function protocolOf(prototype: object): string {
  const protocol: unknown = Reflect.get(prototype, "protocol");
  if (typeof protocol === "string" && TOKEN.test(protocol)) return protocol;
  const seen = typeof protocol === "string" ? JSON.stringify(protocol) : typeof protocol;
  throw new TypeError(
    `protocol is ${seen}; give the prototype of each subclass of JellySocket a property protocol, a name such as "chat-1.0"`,
  );
}
