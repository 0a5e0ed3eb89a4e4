import type { OutgoingHttpHeaders } from "node:http";

/** Header fields in the form in which Node sends them: several of one name as a list. The first one's spelling counts. */
export function groupFields(fields: readonly (readonly [string, string])[]): OutgoingHttpHeaders {
  const grouped: OutgoingHttpHeaders = Object.create(null);
  const names = new Map<string, string>();
  for (const [name, value] of fields) {
    const first = names.get(name.toLowerCase()) ?? name;
    names.set(name.toLowerCase(), first);
    const values = grouped[first];
    if (values === undefined) grouped[first] = value;
    else grouped[first] = Array.isArray(values) ? [...values, value] : [String(values), value];
  }
  return grouped;
}
