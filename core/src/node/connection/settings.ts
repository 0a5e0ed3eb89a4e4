import type { WebSocketError } from "../../engine/errors.ts";
import { type ClosePair, type LimitError, type ProtocolError, UsageError } from "../../engine/errors.ts";
import type { Frame } from "../../engine/frames/frame.ts";
import { CLOSE_CODE, isSendable } from "../../engine/frames/close-code.ts";
import type { Limits } from "../../engine/messages/limits.ts";
import { resolveLimits } from "../../engine/messages/limits.ts";
import type { Fragment, MessageKind, Reception } from "../../engine/messages/message.ts";
import type { Ending } from "../../engine/protocol/protocol.ts";
import type { ProtocolOptions, Role } from "../../engine/protocol/protocol-kit.ts";
import { type CompressionOptions, resolveCompression } from "../compression/compression-options.ts";
import type { Connection } from "./connection.ts";
import { DeflateNegotiation } from "../compression/deflate-negotiation.ts";
import { positive, wholeNumber } from "./option-checks.ts";
import { type RateOptions, type RateSettings, resolveRate } from "./rate.ts";
import { warn } from "./warnings.ts";

/** How a connection ended. */
export interface CloseEvent extends Ending {
  /** Bytes accepted for sending that are not known to have reached the system. After a clean end, those of messages that
   * waited behind a streamed one. */
  readonly unsentBytes: number;
}

/** What an application does with its connections: one object for all of them.
 * A handler that throws or rejects ends its connection with 1011, and the error goes to `error`.
 * Without a `message` (or `fragment`, or `frame`) handler messages wait for `for await`, and reading stops until then. */
export interface Handlers<Data = undefined, Request = unknown> {
  /** The opening handshake is done. What is sent here leaves together with the handshake's response. */
  open?(connection: Connection<Data>, request: Request): unknown;
  /** A whole message: text as a string (or as bytes, see `textAs`), binary as a Buffer of its own. */
  message?(connection: Connection<Data>, message: string | Uint8Array, kind: MessageKind): unknown;
  /** A piece of a message, with `reception: "fragments"`; of a binary one, with "binary-fragments". */
  fragment?(connection: Connection<Data>, fragment: Fragment): unknown;
  /** A frame before it takes effect, control frames too, with `reception: "frames"`. */
  frame?(connection: Connection<Data>, frame: Frame): unknown;
  /** All that was sent is with the system again, after `send` had returned false. */
  drain?(connection: Connection<Data>): unknown;
  /** The peer's Close frame arrived, and has been answered: no message follows. `close` comes when the transport has ended,
   * which is up to the peer, too. */
  closing?(connection: Connection<Data>, close: ClosePair): unknown;
  /** A ping arrived; the pong has been sent unless `automaticPong` is off. */
  ping?(connection: Connection<Data>, data: Uint8Array): unknown;
  pong?(connection: Connection<Data>, data: Uint8Array): unknown;
  /** The connection has ended; exactly once for every `open`. Only the failure of a handler that was still running can
   * come after it. */
  close?(connection: Connection<Data>, event: CloseEvent): unknown;
  /** Something went wrong; `close` follows unless the error's text says that the connection goes on. */
  error?(connection: Connection<Data>, error: WebSocketError): unknown;
}

/** How a connection behaves. The same for all connections of a server. */
export interface ConnectionOptions {
  readonly limits?: Partial<Limits>;
  /** When nothing was received for `intervalMs` a ping is sent; when then nothing is received for `timeoutMs` the
   * connection ends with 1006 and HEARTBEAT_TIMEOUT. `timeoutMs: Infinity` pings without ending anything.
   * Default 30,000 and 10,000; false for none. Pings carry 4 random bytes, by which their pongs are known, or nothing. */
  readonly heartbeat?:
    | false
    | { readonly intervalMs?: number; readonly timeoutMs?: number; readonly payload?: "random" | "empty" };
  /** How long the peer may take to finish the closing handshake before the transport is destroyed. Default 5,000. */
  readonly closeTimeoutMs?: number;
  /** Default "messages". With another one no message waits for `for await`: what has no handler is nobody's. */
  readonly reception?: Reception;
  /** Longest payload of a message that is sent in one frame, in bytes; a longer one goes out in frames of so many bytes (RFC
   * 6455 §5.4). A message that is sent piece by piece has a frame for each piece all the same. Default Infinity. */
  readonly fragmentBytes?: number;
  /** What the Close frame says when a connection is failed for a fault of the peer's or a limit; cut to 123 bytes. A function
   * of the error alone. Default: nothing. */
  readonly failureReason?: (error: ProtocolError | LimitError) => string;
  /** The close code with which a connection is failed for a fault of the peer's or a limit: 1000–1003, 1007–1014 or 3000–4999. A
   * function of the error alone. Default: the error's own `closeCode`. */
  readonly failureCode?: (error: ProtocolError | LimitError) => number;
  /** Whether messages that arrive together are handed over one after the other, or "apart": each when all is done that the one
   * before it has led to in promises and `process.nextTick`. Default "together", which costs less. */
  readonly delivery?: "together" | "apart";
  /** "bytes" hands text over as checked UTF-8, for applications that only pass it on. Default "string". */
  readonly textAs?: "string" | "bytes";
  /** Whether pings are answered without the application's doing (RFC 6455 §5.5.2). Default true. */
  readonly automaticPong?: boolean;
  /** Shortest time between two automatic pongs: the first ping is answered at once, of those that come too soon after it only the
   * newest, when the time is over (RFC 6455 §5.5.3). Default 0: each is answered. */
  readonly pongIntervalMs?: number;
  /** Whether messages are compressed where the peer wants it (permessage-deflate, RFC 7692), and how. Default true: a message of
   * 1,024 bytes or more is. Not with `reception: "frames"`, which hands frames over as they are. */
  readonly compression?: boolean | CompressionOptions;
  /** How much the peer may send in a time; false for whatever it likes. Default: 200,000 messages and 256 MiB a second, above
   * which it is read more slowly. */
  readonly rate?: false | RateOptions;
  readonly backpressure?: {
    /** `send` returns false above it. Default 64 KiB. */
    readonly highWaterMarkBytes?: number;
    /** Most bytes that wait for one slow peer. Default 16 MiB. */
    readonly maxBufferedBytes?: number;
    /** At the maximum: "close" with 1013, or "drop" the newest message and count it. Default "close". */
    readonly policy?: "close" | "drop";
  };
}

const HANDLERS: Record<keyof Handlers, true> = {
  open: true,
  message: true,
  fragment: true,
  frame: true,
  drain: true,
  ping: true,
  pong: true,
  closing: true,
  close: true,
  error: true,
};

const OPTIONS: Record<keyof ConnectionOptions, true> = {
  limits: true,
  heartbeat: true,
  closeTimeoutMs: true,
  reception: true,
  fragmentBytes: true,
  delivery: true,
  failureReason: true,
  failureCode: true,
  textAs: true,
  automaticPong: true,
  pongIntervalMs: true,
  compression: true,
  rate: true,
  backpressure: true,
};

/** The names of all handlers of a connection. */
export const HANDLER_NAMES: readonly string[] = Object.keys(HANDLERS);

/** The names of all options of a connection. */
export const CONNECTION_NAMES: readonly string[] = Object.keys(OPTIONS);

/** The options with every default filled in; one object for all connections of a server. */
export interface ConnectionSettings extends ProtocolOptions {
  readonly fragmentBytes: number;
  readonly highWaterMarkBytes: number;
  readonly maxBufferedBytes: number;
  readonly overflow: "close" | "drop";
  readonly delivery: "together" | "apart";
  /** Undefined: nothing is limited. */
  readonly rate: RateSettings | undefined;
  /** Undefined: no compression is agreed on. */
  readonly compression: DeflateNegotiation | undefined;
}

/** Fill in the defaults and check every value.
 * @throws UsageError naming the option, what was given and what is expected */
export function resolveSettings(options: ConnectionOptions, role: Role): ConnectionSettings {
  const { heartbeat = {}, backpressure = {}, limits = {} } = options;
  if (heartbeat !== false) checkObject("heartbeat", heartbeat, "false or { intervalMs, timeoutMs, payload }");
  checkObject("backpressure", backpressure, "{ highWaterMarkBytes, maxBufferedBytes, policy }");
  checkObject("limits", limits, "an object of limits");
  const beat = heartbeat === false ? { intervalMs: Number.POSITIVE_INFINITY } : heartbeat;
  const reception = oneOf<Reception>("reception", options.reception, [
    "messages",
    "fragments",
    "binary-fragments",
    "frames",
  ]);
  const rate = resolveRate(options.rate);
  if (rate?.policy === "drop" && reception !== "messages") {
    throw new UsageError(`rate.policy is "drop" with reception "${reception}"; only whole messages can be dropped`);
  }
  return {
    limits: resolveLimits(limits),
    heartbeatIntervalMs: positive("heartbeat.intervalMs", beat.intervalMs, 30_000),
    heartbeatTimeoutMs: positive("heartbeat.timeoutMs", "timeoutMs" in beat ? beat.timeoutMs : undefined, 10_000),
    heartbeatPayload: oneOf("heartbeat.payload", "payload" in beat ? beat.payload : undefined, ["random", "empty"]),
    fragmentBytes: wholeNumber("fragmentBytes", options.fragmentBytes, Number.POSITIVE_INFINITY),
    ...guardFailure(options),
    closeTimeoutMs: positive("closeTimeoutMs", options.closeTimeoutMs, 5_000),
    reception,
    textAs: oneOf("textAs", options.textAs, ["string", "bytes"]),
    automaticPong: oneOf("automaticPong", options.automaticPong, [true, false]),
    pongIntervalMs: options.pongIntervalMs === 0 ? 0 : positive("pongIntervalMs", options.pongIntervalMs, 0),
    highWaterMarkBytes: positive("backpressure.highWaterMarkBytes", backpressure.highWaterMarkBytes, 65_536),
    maxBufferedBytes: positive("backpressure.maxBufferedBytes", backpressure.maxBufferedBytes, 16 << 20),
    delivery: oneOf("delivery", options.delivery, ["together", "apart"]),
    overflow: oneOf("backpressure.policy", backpressure.policy, ["close", "drop"]),
    rate,
    compression: resolveNegotiation(options.compression, reception, role),
  };
}

type FailureOptions = Pick<ConnectionOptions, "failureReason" | "failureCode">;

/** The application's functions may fail, in the middle of another failure. */
function guardFailure({ failureReason, failureCode }: FailureOptions): FailureOptions {
  return {
    ...(failureReason !== undefined && {
      failureReason: guard("failureReason", failureReason, isString, "a string", ""),
    }),
    ...(failureCode !== undefined && {
      // What may not be sent leaves the error's own code
      failureCode: guard(
        "failureCode",
        failureCode,
        isSendable,
        "a close code that may be sent",
        CLOSE_CODE.noStatusReceived,
      ),
    }),
  };
}

function guard<T>(
  name: string,
  ask: (error: ProtocolError | LimitError) => T,
  isRight: (answer: T) => boolean,
  expected: string,
  otherwise: T,
): (error: ProtocolError | LimitError) => T {
  if (typeof ask !== "function") {
    throw new UsageError(`${name} is of type ${typeof ask}; give a function that returns ${expected}`);
  }
  return (error) => {
    try {
      const answer = ask(error);
      if (isRight(answer)) return answer;
      warn(name, `${name} returned ${describeAnswer(answer)} for ${error.code}, not ${expected}`);
    } catch (failure) {
      warn(name, `${name} failed for ${error.code}: ${String(failure)}`);
    }
    return otherwise;
  };
}

function isString(answer: unknown): boolean {
  return typeof answer === "string";
}

function describeAnswer(answer: unknown): string {
  return typeof answer === "number" ? String(answer) : `a ${typeof answer}`;
}

function resolveNegotiation(
  option: ConnectionOptions["compression"],
  reception: Reception,
  role: Role,
): DeflateNegotiation | undefined {
  const settings = resolveCompression(option, role);
  if (settings === undefined) return undefined;
  if (reception !== "frames") return new DeflateNegotiation(settings);
  if (option === undefined) return undefined;
  throw new UsageError('compression cannot be had with reception "frames"; leave one of them out');
}

function checkObject(name: string, value: unknown, expected: string): void {
  if (typeof value === "object" && value !== null) return;
  throw new UsageError(`${name} is ${String(value)}; give ${expected}`);
}

function oneOf<T>(name: string, value: T | undefined, allowed: readonly [T, ...T[]]): T {
  if (value === undefined) return allowed[0];
  if (!allowed.includes(value)) {
    throw new UsageError(`${name} is ${String(value)}; give one of ${allowed.map(String).join(", ")}`);
  }
  return value;
}
