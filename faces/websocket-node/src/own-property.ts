/** Give an object a property of its own in place of what its class works out: for programs that write what the original
 * kept as plain members. */
export function own(object: object, name: string, value: unknown): void {
  Object.defineProperty(object, name, { value, writable: true, enumerable: true, configurable: true });
}
