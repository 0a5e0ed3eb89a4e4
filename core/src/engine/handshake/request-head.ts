/**
 * The head of an HTTP/1.1 request, for who reads it from a socket without an HTTP server.
 * In: its text, latin1, up to and without the empty line. Out: the request line's parts and the fields as they were sent.
 * It is strict where others are lenient, because two readings of one head are what request smuggling is made of: CRLF alone
 * ends a line, no blank before a colon, no folded lines. Every step is linear in the length of the text.
 */
import { HandshakeError } from "../errors.ts";
import { isToken } from "./header-grammar.ts";

/** What a request's head says, unjudged. */
export interface RequestHead {
  readonly method: string;
  /** As it was sent. */
  readonly url: string;
  /** Without its name, as in "1.1". */
  readonly httpVersion: string;
  /** Name, value, name, value … as they were sent, without the blanks around values. */
  readonly rawHeaders: readonly string[];
}

/** More fields than any client sends; as Node's http server. */
const MAX_FIELDS = 2_000;

/** Read a request's head.
 * @throws HandshakeError REQUEST_INVALID, REQUEST_TOO_LARGE for more than 2,000 fields
 * @see RFC 9112 §3, §5 */
export function readRequestHead(text: string): RequestHead {
  const lineEnd = text.indexOf("\r\n");
  const line = lineEnd === -1 ? text : text.slice(0, lineEnd);
  const [method = "", url = "", protocol = "", ...more] = line.split(" ");
  const version = /^HTTP\/([0-9]\.[0-9])$/.exec(protocol)?.[1];
  if (!isToken(method) || !isTarget(url) || version === undefined || more.length > 0) {
    throw new HandshakeError("REQUEST_INVALID", "the request line is malformed");
  }
  const rawHeaders = lineEnd === -1 ? [] : readFields(text, lineEnd + 2);
  return { method, url, httpVersion: version, rawHeaders };
}

function readFields(text: string, start: number): string[] {
  const fields: string[] = [];
  for (let at = start; at < text.length; ) {
    const found = text.indexOf("\r\n", at);
    const end = found === -1 ? text.length : found;
    const colon = text.indexOf(":", at);
    const name = colon === -1 || colon > end ? "" : text.slice(at, colon);
    // A line that begins with a blank goes on with the one before (RFC 9112 §5.2), which no client of today does
    if (!isToken(name)) throw new HandshakeError("REQUEST_INVALID", "a field is malformed");
    const value = trim(text, colon + 1, end);
    if (!isFieldValue(value)) throw new HandshakeError("REQUEST_INVALID", "a field has a control character");
    if (fields.length === MAX_FIELDS * 2) throw new HandshakeError("REQUEST_TOO_LARGE", `over ${MAX_FIELDS} fields`);
    fields.push(name, value);
    at = end + 2;
  }
  return fields;
}

function isTarget(text: string): boolean {
  return /^[\x21-\x7e\x80-\xff]+$/.test(text);
}

/** @see RFC 9110 §5.5; a bare CR or LF among them */
function isFieldValue(text: string): boolean {
  return /^[\t\x20-\x7e\x80-\xff]*$/.test(text);
}

function trim(text: string, start: number, end: number): string {
  let from = start;
  let to = end;
  while (from < to && isBlankAt(text, from)) from += 1;
  while (to > from && isBlankAt(text, to - 1)) to -= 1;
  return text.slice(from, to);
}

function isBlankAt(text: string, at: number): boolean {
  const code = text.charCodeAt(at);
  return code === 0x20 || code === 0x09;
}
