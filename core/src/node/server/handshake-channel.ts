import type { HandshakeError } from "../../engine/errors.ts";
import type { Acceptance } from "../../engine/handshake/acceptance.ts";
import type { Transport } from "../transport/transport.ts";
import type { RequestSource } from "./handshake-request.ts";
import type { HttpAnswer } from "./http-answer.ts";

/** One opening handshake in the HTTP version by which it came: what was asked, and how to answer. */
export interface HandshakeChannel {
  readonly source: RequestSource;
  /** Why there is no request to speak of. */
  readonly fault: HandshakeError | undefined;
  /** Check the handshake's own headers, and complete `source` with what they say.
   * @returns what is wrong with them */
  readOpening(): HandshakeError | undefined;
  /** Whether nobody is there any more to be answered. */
  readonly isGone: boolean;
  /** Wait for the decision: call back once if the peer leaves before it, and keep what the peer sends meanwhile. */
  watch(onGone: () => void): void;
  /** Give the connection's bytes away. Nothing is written yet.
   * @throws UsageError for values that cannot be sent; the handshake can still be refused then */
  accept(acceptance: Acceptance): AcceptedChannel;
  /** Write a response and end.
   * @param done called once, in a later turn, when the channel is closed
   * @returns false where it is closed already; `done` is not called then
   * @throws UsageError for values that cannot be sent; another answer can be written then */
  refuse(answer: HttpAnswer, done: () => void): boolean;
  /** End at once. */
  destroy(): void;
}

/** What a connection needs to go on where the handshake stopped. */
export interface AcceptedChannel {
  readonly transport: Transport;
  /** The response that says yes. */
  readonly preface: Uint8Array;
  /** What the peer has sent since its request. */
  readonly head: Uint8Array;
}
