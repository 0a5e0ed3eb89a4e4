import { UsageError } from "../errors.ts";

/** Headers in the order in which they are sent; a name may come several times. */
export type HeaderList = readonly (readonly [string, string])[];

/** Headers as applications write them: an object, pairs, or a `Headers` of the Fetch API. */
export type HeadersInput =
  | Readonly<Record<string, string | number | readonly string[]>>
  | Iterable<readonly [string, string]>;

/** Bring headers that the application gave into one form. Names and values are checked by whoever writes them.
 * @throws UsageError for what is none of the forms */
export function readHeaders(input: HeadersInput | undefined): HeaderList {
  if (input === undefined) return [];
  if (typeof input !== "object" || input === null) {
    throw new UsageError(`headers is of type ${typeof input}; give an object, pairs or a Headers`);
  }
  if (!(Symbol.iterator in input)) return Object.entries(input).flatMap(toPairs);
  const pairs = [...input];
  if (pairs.every((pair) => Array.isArray(pair) && pair.length === 2)) return pairs;
  throw new UsageError("headers has an entry that is no pair; give [name, value]");
}

function toPairs([name, value]: readonly [string, string | number | readonly string[]]): [string, string][] {
  if (Array.isArray(value)) return value.map((single) => [name, single]);
  return [[name, typeof value === "number" ? String(value) : (value as string)]];
}
