/** Which attacks are run. */
import { attacks } from "./attacks/index.js";

/** @typedef {{ number: number, attack: import("./attack.js").Attack }} Numbered */

/** @param {string | undefined} only numbers and ranges, such as "3,7-9"; all without
 * @returns {readonly Numbered[]}
 * @throws Error for a number that no attack has */
export function chooseAttacks(only) {
  if (only === undefined) return attacks;
  const wanted = new Set(only.split(",").flatMap(rangeOf));
  for (const number of wanted) {
    if (!attacks.some((one) => one.number === number)) throw new Error(`there is no attack ${number}; see --list`);
  }
  return attacks.filter(({ number }) => wanted.has(number));
}

/** @param {string} text */
function rangeOf(text) {
  const [, first, last = first] = /^(\d+)(?:-(\d+))?$/.exec(text.trim()) ?? [];
  if (first === undefined) throw new Error(`--only is numbers and ranges such as 3,7-9, not ${text}`);
  const from = Number(first);
  return Array.from({ length: Math.max(0, Number(last) - from + 1) }, (_, index) => from + index);
}

/** One line for each attack, with what it stands for. */
export function listAttacks() {
  return attacks.map(({ number, attack: { name, over, sources } }) => {
    const versions = over.map((version) => `HTTP/${version === "2.0" ? "2" : version}`).join(", ");
    return `${String(number).padStart(3)}  ${name} [${versions}]: ${sources.join("; ")}`;
  });
}
