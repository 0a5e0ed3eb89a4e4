import { HandshakeError, UsageError } from "../../engine/errors.ts";
import type { Negotiated } from "../compression/deflate-negotiation.ts";
import type { Connection } from "../connection/connection.ts";
import { LONGEST_DELAY_MS } from "../connection/deadlines.ts";
import { type Accepted, type Decision, decide, type Refused, refuse, refuseFailed } from "./decision.ts";
import type { AcceptedChannel, HandshakeChannel } from "./handshake-channel.ts";
import { HandshakeRequest } from "./handshake-request.ts";
import type { HttpAnswer } from "./http-answer.ts";
import { Lifetime } from "./lifetime.ts";
import type { Route } from "./routes.ts";
import type { ServerSettings } from "./server-settings.ts";

/** What a handshake needs of the server that it belongs to, and what it tells it. */
export interface HandshakeHost<Data> {
  readonly settings: ServerSettings<Data>;
  readonly isClosing: boolean;
  /** How many connections there are. */
  readonly openConnections: number;
  /** The handshakes that wait for somebody's decision. */
  readonly pending: Set<Handshake<Data>>;
  open(opening: AcceptedHandshake<Data>): Connection<Data>;
  refuse(channel: HandshakeChannel, answer: HttpAnswer): void;
  report(error: HandshakeError, request: HandshakeRequest): void;
}

/** What is known at the end of a handshake that succeeded. */
export interface AcceptedHandshake<Data> {
  readonly channel: AcceptedChannel;
  readonly route: Route<Data>;
  readonly request: HandshakeRequest;
  readonly subprotocol: string | undefined;
  /** Undefined where no compression was agreed on. */
  readonly negotiated: Negotiated | undefined;
  readonly data: Data;
  /** Whether whoever accepted has the connection only when the present call returns, so that no message may come before. */
  readonly isByHand: boolean;
}

/** One opening handshake from its request to a connection or a refusal, exactly one of the two. Either it is `run` by the
 * rules, and over within the turn in which it began unless the application answers with a promise, or `hold` leaves it to
 * somebody who decides by hand. */
export class Handshake<Data> {
  readonly #host: HandshakeHost<Data>;
  readonly #channel: HandshakeChannel;
  readonly #lifetime: Lifetime = new Lifetime();
  readonly #request: HandshakeRequest;
  #timer: NodeJS.Timeout | undefined;
  #isOver = false;
  /** Whether it is counted among those of its address. */
  #isCounted = false;
  /** Why it is over without a decision. */
  #cancelled: HandshakeError | undefined;

  constructor(host: HandshakeHost<Data>, channel: HandshakeChannel) {
    this.#host = host;
    this.#channel = channel;
    this.#request = new HandshakeRequest(channel.source, host.settings.proxies, this.#lifetime);
  }

  get request(): HandshakeRequest {
    return this.#request;
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  run(): void {
    const route = this.#check();
    if (route instanceof HandshakeError) {
      this.#refuse(refuse(route));
      return;
    }
    const decision = decide(this.#request, route.rules);
    if (decision instanceof Promise) this.#wait(decision, route);
    else this.#settle(decision, route);
  }

  /** Check it, and leave the decision to `accept` and `refuseBy`.
   * @returns where it belongs, or why it can only be refused */
  hold(): Route<Data> | HandshakeError {
    // Most are decided at once
    process.nextTick(() => this.#holdOn());
    return this.#check();
  }

  /** Accept it by hand.
   * @throws UsageError for values that cannot be sent; it is undecided then, as before. HandshakeError when it was
   *   cancelled */
  accept(decision: Accepted<Data>, route: Route<Data>): Connection<Data> {
    if (this.#host.isClosing) this.cancel(new HandshakeError("SERVER_CLOSING"));
    else if (this.#channel.isGone) this.cancel(new HandshakeError("PEER_GONE"));
    if (this.#cancelled !== undefined) throw this.#cancelled;
    if (this.#isOver) throw new UsageError("the handshake was decided before; decide once");
    const negotiated = this.#negotiate();
    const { subprotocol, headers, data } = decision;
    const channel = this.#channel.accept({ subprotocol, extensions: negotiated?.extensions, headers });
    this.#become();
    return this.#host.open({ channel, route, request: this.#request, subprotocol, negotiated, data, isByHand: true });
  }

  /** Refuse it by hand; without effect when it is over.
   * @throws UsageError for values that cannot be sent; it is undecided then, as before */
  refuseBy({ answer, error }: Refused): void {
    if (this.#isOver) return;
    this.#host.refuse(this.#channel, answer);
    this.#finish();
    this.#host.report(error, this.#request);
  }

  /** Refuse it now, whatever the application would have said. */
  cancel(error: HandshakeError): void {
    if (this.#isOver) return;
    this.#cancelled = error;
    // Whoever listens to the signal may come back here
    this.#finish();
    this.#lifetime.end(error);
    this.#refuse(refuse(error));
  }

  #check(): Route<Data> | HandshakeError {
    const { settings, isClosing, pending } = this.#host;
    const { fault: unreadable, source } = this.#channel;
    if (unreadable !== undefined) return unreadable;
    const { target } = source;
    if (target === undefined) return new HandshakeError("TARGET_INVALID");
    const route = settings.routes.match(target.path);
    if (route === undefined) return new HandshakeError("PATH_UNKNOWN");
    if (isClosing) return new HandshakeError("SERVER_CLOSING");
    if (this.#channel.isGone) return new HandshakeError("PEER_GONE");
    const fault = this.#channel.readOpening();
    if (fault !== undefined) return fault;
    if (pending.size >= settings.maxPendingHandshakes) return new HandshakeError("TOO_MANY_HANDSHAKES");
    if (pending.size + this.#host.openConnections >= settings.maxConnections) {
      return new HandshakeError("TOO_MANY_CONNECTIONS", `at most ${settings.maxConnections}`);
    }
    const { addresses } = settings;
    if (addresses === undefined) return route;
    const excess = addresses.enter(this.#request.remoteAddress, performance.now());
    this.#isCounted = excess === undefined;
    return excess ?? route;
  }

  #wait(decision: Promise<Decision<Data>>, route: Route<Data>): void {
    this.#pend();
    void decision.then((ready) => this.#settle(ready, route));
  }

  #holdOn(): void {
    if (this.#isOver) return;
    if (this.#host.isClosing) this.cancel(new HandshakeError("SERVER_CLOSING"));
    else if (this.#channel.isGone) this.cancel(new HandshakeError("PEER_GONE"));
    else this.#pend();
  }

  /** Somebody takes time to decide. */
  #pend(): void {
    const { settings, pending } = this.#host;
    pending.add(this);
    if (settings.handshakeTimeoutMs !== Number.POSITIVE_INFINITY) {
      const expire = (): void => this.cancel(new HandshakeError("UPGRADE_TIMEOUT"));
      this.#timer = setTimeout(expire, Math.min(settings.handshakeTimeoutMs, LONGEST_DELAY_MS));
    }
    this.#channel.watch(() => this.cancel(new HandshakeError("PEER_GONE")));
  }

  #settle(decision: Decision<Data>, route: Route<Data>): void {
    if (this.#isOver) return;
    if (decision.kind === "refuse") this.#refuse(decision);
    else if (this.#channel.isGone) this.cancel(new HandshakeError("PEER_GONE"));
    else this.#open(decision, route);
  }

  #open(decision: Accepted<Data>, route: Route<Data>): void {
    const negotiated = this.#negotiate();
    const channel = this.#accept(decision, negotiated?.extensions);
    if (channel === undefined) return;
    this.#become();
    const { subprotocol, data } = decision;
    this.#host.open({ channel, route, request: this.#request, subprotocol, negotiated, data, isByHand: false });
  }

  #negotiate(): Negotiated | undefined {
    const offers = this.#channel.source.opening?.extensions ?? [];
    return this.#host.settings.connection.compression?.accept(offers);
  }

  #accept({ subprotocol, headers }: Accepted<Data>, extensions: string | undefined): AcceptedChannel | undefined {
    try {
      return this.#channel.accept({ subprotocol, extensions, headers });
    } catch (error) {
      this.#refuse(refuseFailed(error));
      return undefined;
    }
  }

  #refuse({ answer, error }: Refused): void {
    this.#finish();
    this.#host.report(this.#write(answer) ?? error, this.#request);
  }

  /** @returns the error where the application's answer could not be written, and another was */
  #write(answer: HttpAnswer): HandshakeError | undefined {
    try {
      this.#host.refuse(this.#channel, answer);
      return undefined;
    } catch (fault) {
      const failed = refuseFailed(fault);
      this.#host.refuse(this.#channel, failed.answer);
      return failed.error;
    }
  }

  /** It is a connection now, which counts in its stead. */
  #become(): void {
    this.#isCounted = false;
    this.#finish();
  }

  #finish(): void {
    this.#isOver = true;
    if (this.#isCounted) this.#host.settings.addresses?.leave(this.#request.remoteAddress, performance.now());
    this.#isCounted = false;
    clearTimeout(this.#timer);
    this.#host.pending.delete(this);
  }
}
