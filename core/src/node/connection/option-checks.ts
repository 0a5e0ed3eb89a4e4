import { UsageError } from "../../engine/errors.ts";

/** Refuse names that no option has, because a misspelt limit is no limit.
 * @param what how the error calls the object
 * @throws UsageError naming the option that was probably meant, and all there are */
export function checkNames(options: object, what: string, known: readonly string[]): void {
  if (typeof options !== "object" || options === null) {
    throw new UsageError(`${what} are ${String(options)}; give an object`);
  }
  const stranger = Object.keys(options).find((name) => !known.includes(name));
  if (stranger === undefined) return;
  const meant = closest(stranger, known);
  const hint = meant === undefined ? "" : `did you mean ${meant}? `;
  throw new UsageError(`${what} have no ${JSON.stringify(stranger)}; ${hint}the names are ${known.join(", ")}`);
}

/** Refuse handlers that cannot be called.
 * @param prefix what stands before the name in the error's text
 * @throws UsageError naming the first one */
export function checkFunctions(handlers: object, prefix: string, names: readonly string[]): void {
  for (const name of names) {
    const value: unknown = Reflect.get(handlers, name);
    if (value === undefined || typeof value === "function") continue;
    throw new UsageError(`${prefix}${name} is of type ${typeof value}; give a function`);
  }
}

/** A number above 0, or Infinity; the default where there is none.
 * @throws UsageError for anything else */
export function positive(name: string, value: number | undefined, byDefault: number): number {
  if (value === undefined) return byDefault;
  if (typeof value !== "number" || !(value > 0)) {
    throw new UsageError(`${name} is ${String(value)}; give a number above 0, or Infinity for none`);
  }
  return value;
}

/** A whole number above 0, or Infinity; the default where there is none.
 * @throws UsageError for anything else */
export function wholeNumber(name: string, value: number | undefined, byDefault: number): number {
  if (value === undefined) return byDefault;
  if (value !== Number.POSITIVE_INFINITY && !(Number.isSafeInteger(value) && value > 0)) {
    throw new UsageError(`${name} is ${String(value)}; give a whole number above 0, or Infinity for none`);
  }
  return value;
}

/** The most similar name, if it differs by two letters or by a third of them. */
function closest(name: string, known: readonly string[]): string | undefined {
  const ranked = known.map((candidate) => ({
    candidate,
    edits: editDistance(name.toLowerCase(), candidate.toLowerCase()),
  }));
  const best = ranked.reduce((a, b) => (b.edits < a.edits ? b : a));
  return best.edits <= Math.max(2, best.candidate.length / 3) ? best.candidate : undefined;
}

/** Levenshtein's distance, for names that are compared once at the start. */
function editDistance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, column) => column);
  for (let line = 1; line <= from.length; line += 1) {
    const next = [line];
    for (let column = 1; column <= to.length; column += 1) {
      const replaced = (row[column - 1] ?? 0) + (from[line - 1] === to[column - 1] ? 0 : 1);
      next.push(Math.min(replaced, (row[column] ?? 0) + 1, (next[column - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[to.length] ?? 0;
}
