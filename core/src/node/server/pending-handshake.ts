import { HandshakeError } from "../../engine/errors.ts";
import type { Connection } from "../connection/connection.ts";
import { type Acceptance, acceptAs, refuse, refuseAs } from "./decision.ts";
import type { Handshake } from "./handshake.ts";
import type { HandshakeRequest } from "./handshake-request.ts";
import type { Refusal } from "./http-answer.ts";
import type { Route } from "./routes.ts";

/** An opening handshake that is decided by hand: nothing is answered until `accept` or `refuse` is called, the peer
 * leaves, `handshakeTimeoutMs` is over, or the endpoint closes. */
export class PendingHandshake<Data = undefined> {
  readonly #handshake: Handshake<Data>;
  readonly #route: Route<Data> | HandshakeError;

  /** Applications get theirs from `takeUpgrade`, `takeStream` and `takeSocket`. */
  constructor(handshake: Handshake<Data>) {
    this.#handshake = handshake;
    this.#route = handshake.hold();
  }

  get request(): HandshakeRequest {
    return this.#handshake.request;
  }

  /** Why it can only be refused: a fault of the handshake's, an unknown path, a limit, or the endpoint closes. */
  get error(): HandshakeError | undefined {
    return this.#route instanceof HandshakeError ? this.#route : undefined;
  }

  /** Whether it was decided, or nobody waits for a decision any more. */
  get isOver(): boolean {
    return this.#handshake.isOver;
  }

  /** Open the connection. The open handler is called before this returns; what the peer has sent by then is handed over
   * in a later turn. No rule of the endpoint's is asked, neither `origins` nor `subprotocols`.
   * @throws UsageError for values that cannot be sent, and the handshake is undecided as before; also when it was decided.
   *   HandshakeError: `error`, or PEER_GONE, UPGRADE_TIMEOUT or SERVER_CLOSING when nobody waits any more */
  accept(acceptance?: Acceptance<Data>): Connection<Data> {
    if (this.#route instanceof HandshakeError) throw this.#route;
    return this.#handshake.accept(acceptAs<Data>(acceptance), this.#route);
  }

  /** Refuse it; without effect when it is over.
   * @param refusal default: what `error` says; without an error, status 403
   * @throws UsageError for values that cannot be sent, and the handshake is undecided as before */
  refuse(refusal?: Refusal): void {
    const { error = new HandshakeError("UPGRADE_REFUSED") } = this;
    this.#handshake.refuseBy(refusal === undefined ? refuse(error) : { ...refuseAs(refusal), ...this.#why });
  }

  /** What is reported of it: its fault, whatever the refusal says. */
  get #why(): { error: HandshakeError } | undefined {
    const { error } = this;
    return error === undefined ? undefined : { error };
  }
}
