import { UsageError } from "../../engine/errors.ts";
import type { CloseOptions } from "./options.ts";

/** What `close` was asked for, checked. */
export interface CloseCall {
  readonly code: number;
  readonly reason: string;
  readonly timeoutMs: number;
}

/** Fill in the defaults and check the values, so that a mistake shows even when nobody is connected.
 * @throws UsageError for a code or a reason that no Close frame can have, and for a time below 0
 * @see RFC 6455 §5.5.1, §7.4 */
export function readCloseCall({ code = 1001, reason = "", timeoutMs = 5_000 }: CloseOptions = {}): CloseCall {
  if (!isSendable(code)) {
    throw new UsageError(`close code ${String(code)} may not be sent; give 1000–1003, 1007–1014 or 3000–4999`);
  }
  const length = typeof reason === "string" ? Buffer.byteLength(reason) : Number.NaN;
  if (!(length <= 123)) {
    throw new UsageError(`the close reason has ${length} bytes of UTF-8; give a string of at most 123`);
  }
  if (typeof timeoutMs !== "number" || !(timeoutMs >= 0)) {
    throw new UsageError(`timeoutMs is ${String(timeoutMs)}; give a number from 0, or Infinity to wait for all`);
  }
  return { code, reason, timeoutMs };
}

function isSendable(code: number): boolean {
  if (!Number.isInteger(code)) return false;
  return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) || (code >= 3000 && code <= 4999);
}
