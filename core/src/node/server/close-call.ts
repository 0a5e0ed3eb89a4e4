import { UsageError } from "../../engine/errors.ts";
import { writeClose } from "../../engine/frames/close-code.ts";
import { nodePlatform } from "../connection/node-platform.ts";
import type { CloseOptions } from "./options.ts";

/** What `close` was asked for, checked. */
export interface CloseCall {
  readonly code: number;
  readonly reason: string;
  readonly timeoutMs: number;
  readonly spreadMs: number;
}

/** Fill in the defaults and check the values, so that a mistake shows even when nobody is connected.
 * @throws UsageError for a code or a reason that no Close frame can have, and for a time below 0
 * @see RFC 6455 §5.5.1, §7.4 */
export function readCloseCall(options: CloseOptions = {}): CloseCall {
  const { code = 1001, reason = "", timeoutMs = 5_000, spreadMs = 0 } = options;
  writeClose(nodePlatform, code, reason);
  if (typeof timeoutMs !== "number" || !(timeoutMs >= 0)) {
    throw new UsageError(`timeoutMs is ${String(timeoutMs)}; give a number from 0, or Infinity to wait for all`);
  }
  if (typeof spreadMs !== "number" || !(spreadMs >= 0 && spreadMs < Number.POSITIVE_INFINITY)) {
    throw new UsageError(`spreadMs is ${String(spreadMs)}; give a number of milliseconds from 0`);
  }
  return { code, reason, timeoutMs, spreadMs };
}
