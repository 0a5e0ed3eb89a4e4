/** Make a class look like an interface object of Web IDL: its members can be enumerated, its constants are on the class
 * and on the prototype, and its objects have a class string.
 * @param members the names of the attributes and operations
 * @see https://webidl.spec.whatwg.org/#interface-prototype-object */
export function defineInterface(
  { prototype }: { readonly prototype: object },
  className: string,
  members: readonly string[],
): void {
  for (const member of members) Object.defineProperty(prototype, member, { enumerable: true });
  Object.defineProperty(prototype, Symbol.toStringTag, { value: className, configurable: true });
}

/** Put constants on a class and its prototype, where they can be seen and not be changed.
 * @see https://webidl.spec.whatwg.org/#define-the-constants */
export function defineConstants(
  interfaceObject: { readonly prototype: object },
  constants: Readonly<Record<string, number>>,
): void {
  for (const holder of [interfaceObject, interfaceObject.prototype]) {
    for (const [name, value] of Object.entries(constants)) {
      Object.defineProperty(holder, name, { value, enumerable: true });
    }
  }
}
