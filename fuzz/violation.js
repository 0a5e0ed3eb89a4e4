/** Something that must always be true was not: what a fuzzer looks for. */
export class Violation extends Error {
  /** @override */
  name = "Violation";
}

/** @param {boolean} holds
 * @param {string | (() => string)} what that has to be true
 * @returns {asserts holds} */
export function hold(holds, what) {
  if (!holds) throw new Violation(typeof what === "string" ? what : what());
}
