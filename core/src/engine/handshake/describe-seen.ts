import { isToken } from "./header-grammar.ts";

/** The longest token that an error repeats, in characters. */
const MAX_SHOWN = 40;

/** Describe the values of one of the peer's headers for an error's text. The text may end in a response or a log, so
 * anything but a single short token is described by its number or its length.
 * @param values of all fields with the name */
export function describeSeen(values: readonly string[]): string {
  const [value] = values;
  if (value === undefined) return "seen none";
  if (values.length > 1) return `seen ${values.length}`;
  if (value === "") return "seen an empty one";
  return isToken(value) && value.length <= MAX_SHOWN ? `seen ${value}` : `seen one of ${value.length} characters`;
}
