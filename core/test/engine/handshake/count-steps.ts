/** Count the characters that a function reads, copies or searches through the methods of String: a measure of its
 * work that is the same on every machine. The methods are put back before it returns. */
export function countSteps(run: () => void): number {
  const { charCodeAt, charAt, slice, indexOf, toLowerCase } = String.prototype;
  let steps = 0;
  const replaced = {
    charCodeAt(this: string, index: number): number {
      steps += 1;
      return charCodeAt.call(this, index);
    },
    charAt(this: string, index: number): string {
      steps += 1;
      return charAt.call(this, index);
    },
    slice(this: string, start?: number, end?: number): string {
      const part = slice.call(this, start, end);
      steps += part.length;
      return part;
    },
    indexOf(this: string, searched: string, from = 0): number {
      const found = indexOf.call(this, searched, from);
      steps += (found === -1 ? this.length : found + 1) - from;
      return found;
    },
    toLowerCase(this: string): string {
      steps += this.length;
      return toLowerCase.call(this);
    },
  };
  Object.assign(String.prototype, replaced);
  try {
    run();
  } finally {
    Object.assign(String.prototype, { charCodeAt, charAt, slice, indexOf, toLowerCase });
  }
  return steps;
}

/** The lengths, in characters, at which a reader's steps are compared. */
export const GROWING_LENGTHS: readonly number[] = [1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 64_000];

/** A length at which anything quadratic would take minutes. */
export const HUGE_LENGTH = 4 << 20;

/** A text of about `length` characters: `before`, as many `part` as fit, `after`. */
export function fill(length: number, part: string, before = "", after = ""): string {
  return before + part.repeat(Math.ceil((length - before.length - after.length) / part.length)) + after;
}

/** Texts that made readers of such lists quadratic or worse (CVE-2020-7662, CVE-2021-32640). */
export const ADVERSARIAL_TEXTS: readonly (readonly [what: string, make: (length: number) => string])[] = [
  ["an unclosed quoted string of \\c pairs", (length) => fill(length, "\\c", 'a;b="')],
  ["an unclosed quoted string of \\\\ pairs", (length) => fill(length, "\\\\", 'a;b="')],
  ["an unclosed quoted string", (length) => fill(length, "c", 'a;b="')],
  ["a closed quoted string of \\c pairs", (length) => fill(length, "\\c", 'a;b="', '"')],
  ["quotes", (length) => fill(length, '"')],
  ["spaces", (length) => fill(length, " ")],
  ["tabs", (length) => fill(length, "\t")],
  ["commas", (length) => fill(length, ",")],
  ["spaces between two tokens", (length) => fill(length, " ", "a", "b")],
  ["spaces before a comma", (length) => fill(length, " ", "a", ",")],
  ["blanks and commas in turn", (length) => fill(length, " \t,")],
  ["tokens and blanks in turn", (length) => fill(length, "a , ")],
  ["semicolons", (length) => fill(length, ";", "a")],
  ["parameters", (length) => fill(length, ";b=c", "a")],
  ["parameters with blanks", (length) => fill(length, " ; b = c", "a")],
  ["equals signs", (length) => fill(length, "=", "a;b")],
  ["one long token", (length) => fill(length, "a")],
  ["one long token with a bad end", (length) => fill(length, "a", "", "\u0000")],
];
