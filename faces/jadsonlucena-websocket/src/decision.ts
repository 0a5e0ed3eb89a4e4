/**
 * Whether a handshake is accepted. In: a handshake that the core has read, and the options that decide. Out: how it is refused,
 * the first fault in the original's order: 400, 426, 403, 429.
 */
import type { HandshakeError, HandshakeRequest, PendingHandshake, Refusal } from "polysocket";
import { isOriginAllowed } from "./origin.ts";

/** RFC 6455 §4.4: which versions it may try. HTTP/2 leaves the field Upgrade out, which RFC 9110 §15.5.22 wants. */
const WRONG_VERSION: Refusal = {
  statusCode: 426,
  headers: { Upgrade: "websocket", "Sec-WebSocket-Version": "13, 8" },
};
const BAD_REQUEST: Refusal = { statusCode: 400 };
const WRONG_ORIGIN: Refusal = { statusCode: 403 };

/** @returns undefined where it may be accepted */
export function refusalOf<Data>(
  { request, error }: PendingHandshake<Data>,
  allowed: readonly string[],
): Refusal | undefined {
  // The limit of an address is looked at after the origin
  const isCrowded = error?.code === "TOO_MANY_FROM_ADDRESS";
  if (error !== undefined && !isCrowded) return refusalOfFault(error, request);
  // A host that the grammar allows and the URL parser does not, such as 1.2.3.256: `url` would throw at the program
  if (!URL.canParse(`http://${request.host}`)) return BAD_REQUEST;
  if (!isOriginAllowed(request.origin, request.host, allowed)) return WRONG_ORIGIN;
  return isCrowded ? { statusCode: error.statusCode } : undefined;
}

function refusalOfFault({ code, statusCode }: HandshakeError, { headers, raw }: HandshakeRequest): Refusal {
  if (code !== "VERSION_UNSUPPORTED" && code !== "VERSION_INVALID") return { statusCode };
  // The key is looked at first, where there has to be one
  return raw !== undefined && headers["sec-websocket-key"] === undefined ? BAD_REQUEST : WRONG_VERSION;
}
