/** A cookie of a request's; `value` is null where there was no "=". */
export interface RequestCookie {
  name: string;
  value: string | null;
}

/** Read the field Cookie: pairs between ";" or ",", values percent-decoded. What cannot be decoded stays as it is. */
export function parseCookies(field: string | undefined): RequestCookie[] {
  if (!field) return [];
  return field.split(/[;,]/).flatMap((part): RequestCookie[] => {
    const pair = part.trim();
    if (pair === "") return [];
    const at = pair.indexOf("=");
    if (at === -1) return [{ name: pair, value: null }];
    return [{ name: pair.slice(0, at).trim(), value: decode(unquote(pair.slice(at + 1).trim())) }];
  });
}

function unquote(value: string): string {
  return value.startsWith('"') ? value.slice(1, -1) : value;
}

function decode(value: string): string {
  try {
    return decodeURIComponent(value);
  } catch {
    return value;
  }
}
