/**
 * Header fields of an application's, made so that they can be sent.
 * In: anything. Out: names and values that break no line. The original wrote each character's low byte and removed line
 * ends before that, so that some characters became line ends; here they are removed after it.
 */

const NOT_TOKEN = /[^!#$%&'*+\-.^_`|~0-9A-Za-z]+/g;

/** A value as latin1, without the characters that no field may have (RFC 9110 §5.5). */
export function headerValue(text: string): string {
  let value = "";
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at) & 0xff;
    if ((code >= 0x20 && code !== 0x7f) || code === 0x09) value += String.fromCharCode(code);
  }
  return value.trim();
}

/** Names without the characters that none may have, values as text; a field without a name is left out. */
export function headerFields(headers: object): [string, string][] {
  return Object.entries(headers).flatMap(([given, value]): [string, string][] => {
    const name = given.replace(NOT_TOKEN, "");
    return name === "" ? [] : [[name, headerValue(value.toString())]];
  });
}
