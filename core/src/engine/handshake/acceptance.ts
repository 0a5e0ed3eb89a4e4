/**
 * What a server may say yes with, in whatever HTTP version.
 * In: the opening, and what was decided. Out: nothing, or a UsageError before a byte is sent.
 */
import { UsageError } from "../errors.ts";
import { checkCallerHeader, checkCallerSubprotocol, isOwnHeader, readCallerExtensions } from "./caller-headers.ts";
import type { Opening } from "./opening.ts";

/** What a server answers when it accepts. */
export interface Acceptance {
  /** One of those offered; undefined selects none. */
  readonly subprotocol?: string | undefined;
  /** The value of Sec-WebSocket-Extensions; empty or undefined for none. */
  readonly extensions?: string | undefined;
  /** The application's own, written in this order after ours. */
  readonly headers?: readonly (readonly [string, string])[] | undefined;
}

/** Check every value of a caller's.
 * @throws UsageError where the subprotocol or an extension was not offered or is malformed, or where one of the headers
 * is malformed or the handshake's own. Sec-WebSocket-Origin is allowed: servers of version 8 repeat the origin in it. */
export function checkAcceptance(opening: Opening, { subprotocol, extensions, headers = [] }: Acceptance): void {
  if (subprotocol !== undefined) checkSubprotocol(opening, subprotocol);
  checkExtensions(opening, extensions);
  for (const [name, value] of headers) checkAddedHeader(name, value);
}

function checkSubprotocol(opening: Opening, subprotocol: string): void {
  checkCallerSubprotocol(subprotocol);
  if (opening.subprotocols.includes(subprotocol)) return;
  const count = opening.subprotocols.length;
  throw new UsageError(`the subprotocol ${subprotocol} is not among the ${count} offered; select one of them or none`);
}

function checkExtensions(opening: Opening, extensions: string | undefined): void {
  for (const { name } of readCallerExtensions(extensions)) {
    if (opening.extensions.some((offer) => offer.name === name)) continue;
    // §9.1: a server answers with extensions that the client asked for, and no others
    throw new UsageError(`the extension ${name} was not offered; answer with extensions that the client offered`);
  }
}

function checkAddedHeader(name: string, value: string): void {
  checkCallerHeader(name, value);
  if (!isOwnHeader(name) || name.toLowerCase() === "sec-websocket-origin") return;
  throw new UsageError(`the header ${name} belongs to the handshake; leave it out`);
}
