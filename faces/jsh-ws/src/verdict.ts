/**
 * Whether a handshake is accepted: its form, then what `verifyClient` and `handleProtocols` say.
 * In: the options, a request. Out: the subprotocol, or how the handshake is refused. Both options are synchronous: a promise
 * would be taken for a yes, so it is refused.
 */
import type { HandshakeError, HandshakeRequest, Refusal } from "polysocket";
import { helperRequest } from "./helper-request.ts";
import type { WebSocketServerOptions } from "./server-options.ts";

export type Verdict =
  | { readonly kind: "accept"; readonly subprotocol: string }
  | { readonly kind: "refuse"; readonly refusal: Refusal; readonly error?: Error };

const REJECTED: Verdict = { kind: "refuse", refusal: { statusCode: 403, body: "websocket upgrade rejected" } };

/** RFC 6455 §4.4. The core would take version 8, too. */
const WRONG_VERSION: Verdict = {
  kind: "refuse",
  refusal: { statusCode: 426, headers: { Upgrade: "websocket", "Sec-WebSocket-Version": "13" } },
};

/** @param error what is wrong with it
 * @returns undefined for a handshake of version 13 */
export function judgeForm({ version }: HandshakeRequest, error: HandshakeError | undefined): Verdict | undefined {
  if (version === 8 || error?.code === "VERSION_UNSUPPORTED") return WRONG_VERSION;
  return error === undefined ? undefined : { kind: "refuse", refusal: { statusCode: 400, body: error.message } };
}

/** @returns never throws: what the program throws is told the peer, with 500 */
export function judge(options: WebSocketServerOptions, request: HandshakeRequest): Verdict {
  try {
    const isVerified = verify(options, request);
    return isVerified ? { kind: "accept", subprotocol: chooseSubprotocol(options, request) } : REJECTED;
  } catch (thrown) {
    if (thrown instanceof AsynchronousAnswer) return { ...failure(thrown.message), error: thrown };
    return failure(messageOf(thrown));
  }
}

/** Only the value false rejects. */
function verify(options: WebSocketServerOptions, request: HandshakeRequest): boolean {
  if (typeof options.verifyClient !== "function") return true;
  const req = helperRequest(request);
  const answer = options.verifyClient({ origin: req.getHeader("origin"), req });
  refusePromise("verifyClient", answer);
  return answer !== false;
}

/** @returns "" for none */
function chooseSubprotocol(options: WebSocketServerOptions, request: HandshakeRequest): string {
  if (typeof options.handleProtocols !== "function") return "";
  const { subprotocols } = request;
  const answer = options.handleProtocols([...subprotocols], helperRequest(request));
  refusePromise("handleProtocols", answer);
  // RFC 6455 §4.2.2: only one that was offered may be selected
  return typeof answer === "string" && subprotocols.includes(answer) ? answer : "";
}

/** An answer that would come later. */
class AsynchronousAnswer extends TypeError {}

/** @throws AsynchronousAnswer for a promise, of whatever library */
function refusePromise(name: string, answer: unknown): void {
  if (typeof answer !== "object" && typeof answer !== "function") return;
  if (answer === null || !("then" in answer) || typeof answer.then !== "function") return;
  // Nobody waits for it, so that its failure is nobody's either
  Promise.resolve(answer).catch(() => {});
  throw new AsynchronousAnswer(`${name} returned a promise, but it is synchronous: it has to return its answer`);
}

function failure(body: string): { readonly kind: "refuse"; readonly refusal: Refusal } {
  return { kind: "refuse", refusal: { statusCode: 500, body } };
}

/** Whatever it was that was thrown. */
function messageOf(thrown: unknown): string {
  try {
    return String(Object(thrown).message ?? thrown);
  } catch {
    return "";
  }
}
