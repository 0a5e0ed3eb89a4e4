/** Make a function the constructor of what a class describes: unlike the class it can be called without `new`. */
export function makeConstructor(target: (...given: never[]) => unknown, members: { prototype: object }): void {
  const { prototype } = members;
  Object.defineProperty(target, "prototype", { value: prototype, writable: false });
  Object.defineProperty(prototype, "constructor", { value: target });
}
