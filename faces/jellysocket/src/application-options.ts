import type { SharedOptions } from "./connection-options.ts";
import type { VerifyClient } from "./verify-client.ts";

/** The options of an Application, checked, every default filled in. */
export interface ApplicationOptions extends SharedOptions {
  readonly path: string;
  readonly verifyClient: VerifyClient | undefined;
  /** In seconds. */
  readonly heartbeat: number;
  readonly maxMissedHeartbeats: number;
}

/** @throws TypeError naming the option */
export function readApplicationOptions(given: unknown): ApplicationOptions {
  if (given !== undefined && given !== null && typeof given !== "object") {
    throw new TypeError(`options is of type ${typeof given}; give an object`);
  }
  const options: Partial<ApplicationOptions> = given ?? {};
  const { path = "/", verifyClient, heartbeat, maxMissedHeartbeats } = options;
  if (typeof path !== "string" || !path.startsWith("/")) {
    throw new TypeError(`path is ${String(path)}; give a string that begins with a slash`);
  }
  if (verifyClient !== undefined && typeof verifyClient !== "function") {
    throw new TypeError(`verifyClient is of type ${typeof verifyClient}; give a function`);
  }
  return {
    path,
    verifyClient,
    heartbeat: readCount("heartbeat", heartbeat),
    maxMissedHeartbeats: readCount("maxMissedHeartbeats", maxMissedHeartbeats),
    maxPayload: options.maxPayload,
    perMessageDeflate: options.perMessageDeflate,
    backpressure: options.backpressure,
  };
}

function readCount(name: string, count: unknown = 0): number {
  if (count === Number.POSITIVE_INFINITY || (Number.isInteger(count) && Number(count) >= 0)) return Number(count);
  throw new TypeError(`${name} is ${String(count)}; give a whole number from 0 on, or Infinity`);
}
