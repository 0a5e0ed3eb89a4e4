/**
 * JavaScript values as Web IDL converts them for arguments and attributes.
 * In: whatever the caller gave. Out: a value of the IDL's type, or a TypeError.
 * @see https://webidl.spec.whatwg.org/#js-type-mapping
 */

/** DOMString: whatever ToString makes of it.
 * @throws TypeError for a Symbol */
export function toDomString(value: unknown): string {
  return `${value}`;
}

/** USVString: a DOMString whose unpaired surrogates are U+FFFD.
 * @throws TypeError for a Symbol */
export function toUsvString(value: unknown): string {
  return toDomString(value).replace(/\p{Surrogate}/gu, "\u{fffd}");
}

/** unsigned short: 0 to 65,535, modulo 65,536.
 * @throws TypeError for a Symbol or a BigInt */
export function toUnsignedShort(value: number): number {
  return +value & 0xffff;
}

/** [Clamp] unsigned short: the nearest whole number from 0 to 65,535, of two that are as near the even one.
 * @throws TypeError for a Symbol or a BigInt */
export function toClampedUnsignedShort(value: number): number {
  const clamped = Math.min(Math.max(+value, 0), 0xffff);
  const rounded = Math.round(clamped);
  const isHalfway = rounded - clamped === 0.5;
  // NaN stands for 0
  return (isHalfway && rounded % 2 === 1 ? rounded - 1 : rounded) || 0;
}

/** Whether the value is of JavaScript's type Object, as functions are. */
export function isObject(value: unknown): value is object {
  return (typeof value === "object" && value !== null) || typeof value === "function";
}

/** Tell a caller that an argument is missing, which is not the same as undefined.
 * @throws TypeError */
export function requireArguments(given: number, needed: number, what: string): void {
  if (given < needed) throw new TypeError(`${what} needs ${needed} argument${needed === 1 ? "" : "s"}, seen ${given}`);
}
