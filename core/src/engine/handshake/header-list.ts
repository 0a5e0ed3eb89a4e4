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

/** One entry for each name, several fields of one name as a list. The first one's spelling counts; any name is safe, `__proto__` too.
 * @returns an object without a prototype */
export function groupFields(fields: HeaderList): Record<string, string | string[]> {
  const grouped: Record<string, string | string[]> = Object.create(null);
  const names = new Map<string, string>();
  for (const [name, value] of fields) {
    const first = names.get(name.toLowerCase()) ?? name;
    names.set(name.toLowerCase(), first);
    const values = grouped[first];
    if (values === undefined) grouped[first] = value;
    else grouped[first] = Array.isArray(values) ? [...values, value] : [values, value];
  }
  return grouped;
}
