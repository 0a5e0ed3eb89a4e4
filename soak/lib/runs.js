/** A set of message numbers, kept as runs [first, last], in ascending order: a stream without gaps is one run. */

/** @typedef {[number, number]} Run */

export class Runs {
  /** @type {Run[]} */
  #runs;

  /** @param {readonly Run[]} [runs] */
  constructor(runs = []) {
    this.#runs = runs.map(([first, last]) => [first, last]);
  }

  /** @returns {number} -1 for none */
  get highest() {
    return this.#runs.at(-1)?.[1] ?? -1;
  }

  /** @returns {number} */
  get size() {
    return this.#runs.reduce((sum, [first, last]) => sum + last - first + 1, 0);
  }

  /** @param {number} number
   * @returns {"next" | "later" | "late" | "again"} after all others, without or with a gap; below the highest, for the first
   *   time or not */
  add(number) {
    const last = this.#runs.at(-1);
    if (last === undefined || number > last[1] + 1) {
      this.#runs.push([number, number]);
      return last === undefined && number === 0 ? "next" : "later";
    }
    if (number === last[1] + 1) {
      last[1] = number;
      return "next";
    }
    if (this.has(number)) return "again";
    const at = this.#runs.findIndex(([first]) => first > number);
    this.#runs.splice(at, 0, [number, number]);
    return "late";
  }

  /** @param {number} number */
  has(number) {
    return this.#runs.some(([first, last]) => first <= number && number <= last);
  }

  /** @param {Runs} other
   * @returns {Runs} the numbers of this one that the other one has not */
  without(other) {
    const left = new Runs();
    let at = 0;
    for (const [first, last] of this.#runs) {
      for (let number = first; number <= last; ) {
        while ((other.#runs[at]?.[1] ?? Number.POSITIVE_INFINITY) < number) at += 1;
        const [from, to] = other.#runs[at] ?? [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
        if (from <= number) number = to + 1;
        else {
          const end = Math.min(last, from - 1);
          left.#runs.push([number, end]);
          number = end + 1;
        }
      }
    }
    return left;
  }

  /** @param {number} number
   * @returns {number} how many are above it */
  countAbove(number) {
    return this.#runs.reduce((sum, [first, last]) => sum + Math.max(0, last - Math.max(first, number + 1) + 1), 0);
  }

  /** @returns {Run[]} */
  toJSON() {
    return this.#runs.map(([first, last]) => [first, last]);
  }

  /** @returns {string} such as "0-7, 9" */
  toString() {
    return this.#runs.map(([first, last]) => (first === last ? first : `${first}-${last}`)).join(", ");
  }
}
