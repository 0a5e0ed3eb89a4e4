import { UsageError, type WebSocketError } from "../../engine/errors.ts";
import type { ClosePair, HandshakeResponse } from "../../engine/errors.ts";
import type { Frame } from "../../engine/frames/frame.ts";
import type { HeadersInput } from "../../engine/handshake/header-list.ts";
import type { Attempt, End, LoopOptions, Next } from "../../reconnect/loop.ts";
import type { Loss } from "../../reconnect/outbox.ts";
import type { Stops } from "../../reconnect/stops.ts";
import { checkNames, positive, wholeNumber } from "../connection/option-checks.ts";
import type { Preparable, PreparedMessage, SendOptions } from "../connection/prepared-message.ts";
import type { CloseEvent, Handlers } from "../connection/settings.ts";
import type { ConnectOptions } from "./connect-options.ts";
import type { ReconnectingConnection } from "./reconnecting-connection.ts";

/** A value, or who makes it anew for each attempt. One that throws or rejects is a failed attempt and no more. */
export type Provided<T> = T | ((attempt: Attempt) => T | Promise<T>);

/** When and how long a client tries to get its connection back. */
export interface ReconnectOptions extends LoopOptions {
  /** Close codes after which no attempt is made, or a function that says so. Default 1000, 1002, 1003, 1007–1010, 3000, 3003. */
  readonly stopCodes?: Stops<CloseEvent> | undefined;
  /** Status codes of refused handshakes after which no attempt is made, or a function that is asked after each failed attempt.
   * Default 400, 401, 403, 404, 405, 410, 426, 501. */
  readonly stopStatuses?: readonly number[] | ((error: unknown) => boolean) | undefined;
}

/** What can be sent while there may be no connection: what is in one piece. Bytes are copied. */
export type Keepable = Preparable | PreparedMessage;

type Fragment = Parameters<NonNullable<Handlers["fragment"]>>[1];
type MessageKind = NonNullable<SendOptions["kind"]>;

/** A message that is not known to have reached the peer. */
export interface LostMessage {
  /** As it was given to `send`; of bytes a copy. */
  readonly data: string | Uint8Array | PreparedMessage;
  readonly kind: MessageKind;
}

/** What an application does with a connection that comes back. The handlers that are called as those of `connect` without
 * `reconnect` get the lasting connection in place of the single one; one of these that fails ends the single one with 1011. */
export interface ReconnectingHandlers<Data = undefined> {
  /** A connection has opened. What is sent here goes before what has waited. */
  open?(connection: ReconnectingConnection<Data>, response: HandshakeResponse, attempt: Attempt): unknown;
  message?(connection: ReconnectingConnection<Data>, message: string | Uint8Array, kind: MessageKind): unknown;
  fragment?(connection: ReconnectingConnection<Data>, fragment: Fragment): unknown;
  frame?(connection: ReconnectingConnection<Data>, frame: Frame): unknown;
  drain?(connection: ReconnectingConnection<Data>): unknown;
  closing?(connection: ReconnectingConnection<Data>, close: ClosePair): unknown;
  ping?(connection: ReconnectingConnection<Data>, data: Uint8Array): unknown;
  pong?(connection: ReconnectingConnection<Data>, data: Uint8Array): unknown;
  error?(connection: ReconnectingConnection<Data>, error: WebSocketError): unknown;
  /** An attempt begins. */
  attempt?(connection: ReconnectingConnection<Data>, attempt: Attempt): unknown;
  /** It failed, as `connect` without `reconnect` would have been rejected, or because a provider did. */
  attemptFailed?(connection: ReconnectingConnection<Data>, error: unknown, next: Next): unknown;
  /** The connection ended, and nobody had called `close`. */
  away?(connection: ReconnectingConnection<Data>, event: CloseEvent, next: Next): unknown;
  /** Messages that are not known to have reached the peer. Each message given to `send` is confirmed by the peer or comes here. */
  lost?(connection: ReconnectingConnection<Data>, loss: Loss<LostMessage>): unknown;
  /** No connection will come any more; once, unless there never was one. */
  close?(connection: ReconnectingConnection<Data>, end: End<CloseEvent>): unknown;
}

/** Handlers and options of `connect` with `reconnect`. */
export interface ReconnectingOptions<Data = undefined>
  extends Omit<ConnectOptions<Data>, keyof Handlers | "headers" | "reconnect">,
    ReconnectingHandlers<Data> {
  readonly headers?: Provided<HeadersInput | undefined>;
  readonly reconnect: true | ReconnectOptions;
}

/** Of `ReconnectingHandlers`, those that `Handlers` does not have. */
export const RECONNECTING_NAMES: readonly string[] = ["attempt", "attemptFailed", "away", "lost"];

const NAMES: Record<keyof ReconnectOptions, true> = {
  minDelayMs: true,
  maxDelayMs: true,
  maxAttempts: true,
  stableMs: true,
  stopCodes: true,
  stopStatuses: true,
  queue: true,
  acknowledge: true,
};

/** Check the values.
 * @throws UsageError for an unknown name or a wrong value */
export function checkReconnect(given: true | ReconnectOptions): ReconnectOptions {
  if (given === true) return checkReconnect({});
  checkNames(given, "the options of reconnect", Object.keys(NAMES));
  const { queue = {}, acknowledge = {} } = given;
  checkNames(queue, "the options of reconnect.queue", ["maxBytes", "maxMessages", "policy"]);
  checkNames(acknowledge, "the options of reconnect.acknowledge", ["maxBytes", "maxMessages", "intervalMs", "resend"]);
  positive("reconnect.minDelayMs", given.minDelayMs, 1);
  positive("reconnect.maxDelayMs", given.maxDelayMs, 1);
  positive("reconnect.stableMs", given.stableMs, 1);
  positive("reconnect.acknowledge.intervalMs", acknowledge.intervalMs, 1);
  wholeNumber("reconnect.maxAttempts", given.maxAttempts, 1);
  for (const name of ["maxBytes", "maxMessages"] as const) {
    wholeNumber(`reconnect.queue.${name}`, queue[name], 1);
    wholeNumber(`reconnect.acknowledge.${name}`, acknowledge[name], 1);
  }
  oneOf("reconnect.queue.policy", queue.policy, ["refuse", "drop-oldest"]);
  oneOf("reconnect.acknowledge.resend", acknowledge.resend, [true, false]);
  checkStops("reconnect.stopCodes", given.stopCodes);
  checkStops("reconnect.stopStatuses", given.stopStatuses);
  // Pings cost little: those of a page's heartbeat are messages
  return { ...given, acknowledge: { ...acknowledge, intervalMs: acknowledge.intervalMs ?? 100 } };
}

function oneOf(name: string, value: unknown, allowed: readonly unknown[]): void {
  if (value === undefined || allowed.includes(value)) return;
  throw new UsageError(`${name} is ${String(value)}; give one of ${allowed.map(String).join(", ")}`);
}

function checkStops(name: string, stops: unknown): void {
  if (stops === undefined || typeof stops === "function") return;
  if (Array.isArray(stops) && stops.every((stop) => Number.isInteger(stop))) return;
  throw new UsageError(`${name} is of type ${typeof stops}; give a list of whole numbers, or a function`);
}
