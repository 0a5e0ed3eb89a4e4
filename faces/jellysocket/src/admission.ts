/**
 * What a handshake has to be before an application's `verifyClient` is asked, and the answers to what is not.
 */
import type { PendingHandshake, Refusal } from "polysocket";

export const LOCKED: Refusal = { statusCode: 503 };
const BAD_REQUEST: Refusal = { statusCode: 400 };
const WRONG_VERSION: Refusal = {
  statusCode: 426,
  headers: { Upgrade: "websocket", "Sec-WebSocket-Version": 13 },
};
const FAILED: Refusal = { statusCode: 500 };

const VERSION_FAULTS: ReadonlySet<string> = new Set(["VERSION_UNSUPPORTED", "VERSION_INVALID"]);

/** The path of a request's target, which may be an absolute URI (RFC 6455 §4.1). */
export function pathOf(target = ""): string {
  const path = target.replace(/^https?:\/\/[^/?]*/i, "").replace(/\?.*$/s, "");
  return path === "" ? "/" : path;
}

/** Why a handshake is refused, in the order in which an application looks; undefined where it is not. */
export function admissionFault(
  { error, request }: PendingHandshake<unknown>,
  protocol: string,
  isLocked: boolean,
): Refusal | undefined {
  const isList = error?.code === "SUBPROTOCOL_INVALID";
  if (error !== undefined && VERSION_FAULTS.has(error.code)) return WRONG_VERSION;
  if (error !== undefined && !isList) return BAD_REQUEST;
  if (!isList && request.version !== 13) return WRONG_VERSION;
  if (isLocked) return LOCKED;
  return isList || !request.subprotocols.includes(protocol) ? BAD_REQUEST : undefined;
}

/** Refuse as `verifyClient` said; with 500 where that cannot be sent. */
export function refuseAs(pending: PendingHandshake<unknown>, refusal: Refusal): void {
  try {
    pending.refuse(refusal);
  } catch (error) {
    process.emitWarning(error instanceof Error ? error : String(error));
    pending.refuse(FAILED);
  }
}
