/**
 * The errors of `disconnect`: what the peer's Close frame said, what the core says of a connection, and what became of a handshake.
 */
import type { ClosePair } from "polysocket";

/** The close code of an error that one end gave to `disconnect`. Of the codes for applications, because browsers send no others. */
export const ERROR_CODE = 4000;

/** RFC 6455 §7.4.1 */
const NORMAL = 1000;
const GOING_AWAY = 1001;
const NO_STATUS = 1005;
const ABNORMAL = 1006;

/** @returns null where nothing was wrong */
export function errorOfClose({ code, reason }: ClosePair): Error | null {
  if (code === NORMAL || code === GOING_AWAY || code === NO_STATUS) return null;
  if (code === ERROR_CODE || reason !== "") return withCode(reason, code);
  return withCode(`the other end closed the connection with code ${code}`, code);
}

/** The connection ended without a Close frame. */
export function lostConnection(what = "the connection was lost"): Error {
  return withCode(what, ABNORMAL);
}

/** A message was no binary one. */
export function textReceived(): Error {
  return withCode("a text message was received, and this protocol is a binary one", 1003);
}

/** What the core says, or where it was the system that failed, what that said. */
export function errorOfCore(error: Error): Error {
  const { cause } = error;
  if (propertyOf(error, "code") !== "CONNECT_FAILED" && propertyOf(error, "code") !== "TRANSPORT_FAILED") return error;
  if (!(cause instanceof Error)) return error;
  // That of several addresses that were all tried in vain has no text
  return cause.message === "" ? withCode(error.message, propertyOf(cause, "code"), cause) : cause;
}

function withCode(message: string, code: unknown, cause?: Error): Error {
  return Object.assign(cause === undefined ? new Error(message) : new Error(message, { cause }), { code });
}

function propertyOf(value: object, name: string): unknown {
  return Reflect.get(value, name);
}
