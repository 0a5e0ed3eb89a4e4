/**
 * What an application's `verifyClient` says of a handshake, at once or later.
 */
import type { IncomingMessage } from "node:http";
import type { Refusal } from "polysocket";

export interface ClientInfo {
  readonly origin: string | undefined;
  /** Whether it came through TLS. */
  readonly secure: boolean;
  readonly req: IncomingMessage;
}

type Answer = (result: unknown, code?: unknown, name?: unknown) => void;

/** With two parameters it answers through the second one, else by what it returns. */
export type VerifyClient = (info: ClientInfo, answer: Answer) => unknown;

const NOT_WELCOME = 401;
const FAILED: Refusal = { statusCode: 500 };

/** Ask, and hear what it answers.
 * @param decided called when `verifyClient` has returned or later, with undefined for a yes; its first call counts */
export function verify(
  verifyClient: VerifyClient,
  info: ClientInfo,
  decided: (refusal: Refusal | undefined) => void,
): void {
  const fail = (error: unknown): void => {
    // One client's request must not end the server
    process.emitWarning(error instanceof Error ? error : String(error));
    decided(FAILED);
  };
  let early: { readonly refusal: Refusal | undefined } | undefined;
  let hasReturned = false;
  const answer: Answer = (result, code, name) => {
    const refusal = result === true ? undefined : refusalOf(code, name);
    if (hasReturned) decided(refusal);
    else early ??= { refusal };
  };
  let result: unknown;
  try {
    result = verifyClient(info, answer);
  } catch (error) {
    fail(error);
    return;
  }
  hasReturned = true;
  if (result instanceof Promise) result.catch(fail);
  if (verifyClient.length < 2) answer(result);
  else if (early !== undefined) decided(early.refusal);
}

function refusalOf(code: unknown, name: unknown): Refusal {
  return {
    statusCode: typeof code === "number" ? code : NOT_WELCOME,
    reasonPhrase: typeof name === "string" ? name : undefined,
  };
}
