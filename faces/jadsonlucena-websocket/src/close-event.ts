/** The codes of the event `close`, and how a fault of the peer's becomes one of them. */
import type { LimitError, ProtocolError, WebSocketError } from "polysocket";

export const CLOSE = {
  normal: 1000,
  badFrame: 1003,
  abnormal: 1006,
  tooBig: 1009,
  noPong: 1011,
} as const;

const MESSAGES: ReadonlyMap<number, string> = new Map([
  [CLOSE.normal, "Close Normal"],
  [CLOSE.badFrame, "Unacceptable Data Type"],
  [CLOSE.abnormal, "Closed Abnormally"],
  [CLOSE.tooBig, "Message Too Big"],
  [CLOSE.noPong, "Unexpected Condition"],
]);

/** What a Close frame without a code is said to have had.
 * @see RFC 6455 §7.1.5 */
const NO_CODE = 1005;

/** What listeners of `close` get besides the client. */
export interface CloseEvent {
  code: number;
  message: string;
}

/** @param reason the peer's, for a code that has no text of its own */
export function closeEvent(code: number, reason = ""): CloseEvent {
  const told = code === NO_CODE ? CLOSE.normal : code;
  return { code: told, message: MESSAGES.get(told) ?? reason };
}

/** The code of the Close frame with which a connection is failed. There is one for all that is wrong with a frame. */
export function failureCode(error: ProtocolError | LimitError): number {
  return "limit" in error || error.closeCode === CLOSE.tooBig ? error.closeCode : CLOSE.badFrame;
}

/** The code of the event that follows: 1006 where no frame was at fault, but there were pings without end.
 * @returns undefined for what is no fault of the peer's */
export function codeOfFailure(error: WebSocketError): number | undefined {
  if (!("closeCode" in error)) return undefined;
  if (error.closeCode === CLOSE.tooBig) return CLOSE.tooBig;
  return "limit" in error ? CLOSE.abnormal : CLOSE.badFrame;
}
