/** A copy of an ASCII text that was cut out of a longer one. V8 keeps the longer one for as long as the piece lives, and
 * a connection is not to keep its request's query or headers. */
export function ownString(text: string): string {
  return Buffer.from(text, "latin1").toString("latin1");
}
