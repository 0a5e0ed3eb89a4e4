import type { Platform } from "../bytes/platform.ts";
import type { ClosePair } from "../errors.ts";
import { ProtocolError, UsageError } from "../errors.ts";

/** The close codes that have a meaning of their own here.
 * @see RFC 6455 §7.4.1 */
export const CLOSE_CODE = {
  normal: 1000,
  goingAway: 1001,
  protocolError: 1002,
  unsupportedData: 1003,
  noStatusReceived: 1005,
  abnormalClosure: 1006,
  invalidPayload: 1007,
  policyViolation: 1008,
  messageTooBig: 1009,
  mandatoryExtension: 1010,
  internalError: 1011,
  serviceRestart: 1012,
  tryAgainLater: 1013,
  badGateway: 1014,
} as const;

/** Longest reason in bytes: a control frame's 125 less the code.
 * @see RFC 6455 §5.5 */
export const MAX_REASON_BYTES = 123;

/** Whether a Close frame may carry the code: 1000–1003, 1007–1014 and 3000–4999. 1004 is reserved, 1005, 1006 and
 * 1015 are for use inside an endpoint only, the rest is unassigned.
 * @see RFC 6455 §7.4; the IANA registry adds 1012–1014 */
export function isSendable(code: number): boolean {
  if (!Number.isInteger(code)) return false;
  return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) || (code >= 3000 && code <= 4999);
}

/** Read a Close frame's payload. An empty one means 1005, "no status received".
 * @throws ProtocolError CLOSE_TOO_SHORT, CLOSE_CODE_INVALID, CLOSE_REASON_BAD_UTF8
 * @see RFC 6455 §5.5.1, §7.1.5 */
export function readClose(platform: Platform, payload: Uint8Array): ClosePair {
  if (payload.length === 0) return { code: CLOSE_CODE.noStatusReceived, reason: "" };
  if (payload.length === 1) throw new ProtocolError("CLOSE_TOO_SHORT", "1 byte");
  const code = ((payload[0] ?? 0) << 8) | (payload[1] ?? 0);
  const isReadable = platform.isUtf8(payload, 2, payload.length);
  const pair = isReadable ? { code, reason: platform.decodeUtf8(payload, 2, payload.length) } : undefined;
  if (!isSendable(code)) throw new ProtocolError("CLOSE_CODE_INVALID", String(code), pair);
  if (pair === undefined) throw new ProtocolError("CLOSE_REASON_BAD_UTF8");
  return pair;
}

/** The longest beginning of a text that fits into a Close frame as its reason. */
export function cutReason(platform: Platform, reason: string): string {
  // No character has less than one byte
  let end = Math.min(reason.length, MAX_REASON_BYTES);
  while (platform.utf8Length(reason.slice(0, end)) > MAX_REASON_BYTES) end -= 1;
  return reason.slice(0, isInsidePair(reason, end) ? end - 1 : end);
}

function isInsidePair(text: string, at: number): boolean {
  return at > 0 && at < text.length && (text.codePointAt(at - 1) ?? 0) > 0xffff;
}

/** Write a Close frame's payload: empty when there is no code.
 * @throws UsageError for a code that may not be sent, a reason without a code, or a reason over 123 bytes of UTF-8 */
export function writeClose(platform: Platform, code: number | undefined, reason: string): Uint8Array {
  if (typeof reason !== "string") throw new UsageError(`the close reason is a ${typeof reason}; give a string`);
  if (code === undefined) {
    if (reason !== "") throw new UsageError("a close reason needs a code: give both, or neither");
    return platform.allocate(0);
  }
  if (!isSendable(code)) {
    throw new UsageError(
      `close code ${String(code)} may not be sent; give 1000–1003, 1007–1014 or 3000–4999 (RFC 6455 §7.4)`,
    );
  }
  const length = platform.utf8Length(reason);
  if (length > MAX_REASON_BYTES) {
    throw new UsageError(`the close reason has ${length} bytes of UTF-8; give at most ${MAX_REASON_BYTES}`);
  }
  const payload = platform.allocate(2 + length);
  payload[0] = code >>> 8;
  payload[1] = code;
  platform.writeUtf8(reason, payload, 2);
  return payload;
}
