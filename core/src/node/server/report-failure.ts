import type { HandshakeError } from "../../engine/errors.ts";
import { warn } from "../connection/warnings.ts";
import type { HandshakeRequest } from "./handshake-request.ts";
import type { EndpointOptions } from "./options.ts";

/** Tell the application that a handshake came to nothing. Its own faults are told even if it does not listen. */
export function reportFailure<Data>(
  handlers: Pick<EndpointOptions<Data>, "upgradeError">,
  error: HandshakeError,
  request: HandshakeRequest,
): void {
  if (handlers.upgradeError === undefined) {
    if (error.code === "UPGRADE_FAILED") tell("a WebSocket handshake was answered with 500", error.cause ?? error);
    return;
  }
  try {
    const result: unknown = handlers.upgradeError(error, request);
    if (result instanceof Promise) result.catch(warnOfHandler);
  } catch (fault) {
    warnOfHandler(fault);
  }
}

function warnOfHandler(fault: unknown): void {
  tell("the handler upgradeError failed", fault);
}

function tell(what: string, cause: unknown): void {
  const { message, stack } = cause instanceof Error ? cause : { message: String(cause), stack: "" };
  warn("UPGRADE_FAILED", `${what}: ${message}`, { type: "PolysocketWarning", detail: stack ?? "" });
}
