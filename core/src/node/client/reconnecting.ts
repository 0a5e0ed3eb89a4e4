/**
 * `connect` with `reconnect`: joins the loop that decides when to dial to the handshake that does, and both to the
 * application's handlers. In: a URL, options. Out: a promise of the lasting connection, when it has opened first.
 */
import { ConnectionClosedError, HandlerError, HandshakeError, type HandshakeResponse } from "../../engine/errors.ts";
import { CLOSE_CODE } from "../../engine/frames/close-code.ts";
import { type HeaderList, readHeaders } from "../../engine/handshake/header-list.ts";
import {
  type Attempt,
  type Clock,
  createLoop,
  type End,
  type Listener,
  type Loop,
  type Outcome,
  type Steps,
} from "../../reconnect/loop.ts";
import { isStop, STOP_CODES } from "../../reconnect/stops.ts";
import type { Connection } from "../connection/connection.ts";
import { checkFunctions, checkNames } from "../connection/option-checks.ts";
import { type CloseEvent, HANDLER_NAMES } from "../connection/settings.ts";
import { warn } from "../connection/warnings.ts";
import { ClientHandshake } from "./client-handshake.ts";
import { CLIENT_OPTION_NAMES, type ClientSettings, resolveClientSettings } from "./client-settings.ts";
import type { ConnectOptions } from "./connect-options.ts";
import {
  checkReconnect,
  type Provided,
  type ReconnectingOptions,
  type ReconnectOptions,
  RECONNECTING_NAMES,
} from "./reconnect-options.ts";
import { ConnectionLink, type KeptMessage, ReconnectingConnection } from "./reconnecting-connection.ts";

/** The server understood and will not have it, whoever asks again. */
const STOP_STATUSES: readonly number[] = [400, 401, 403, 404, 405, 410, 426, 501];

/** A server that asks for more waits in vain: nobody comes back after a day. */
const LONGEST_RETRY_AFTER_MS = 3_600_000;

const clock: Clock = {
  nowMs: () => performance.now(),
  random: Math.random,
  setTimer: setTimeout,
  clearTimer: (timer) => clearTimeout(timer as NodeJS.Timeout | undefined),
};

/** See `connect`. */
export function connectAgain<Data>(
  url: Provided<string | URL>,
  options: ReconnectingOptions<Data>,
): Promise<ReconnectingConnection<Data>> {
  return new Reconnecting(url, options).first;
}

type StepHandlers<Data> = {
  [Name in keyof Steps<KeptMessage, CloseEvent>]?: (
    connection: ReconnectingConnection<Data>,
    ...values: Steps<KeptMessage, CloseEvent>[Name]
  ) => unknown;
};

/** What is between the loop, the handshakes and the handlers. */
class Reconnecting<Data> implements Listener<KeptMessage, CloseEvent> {
  /** Settles with the first connection, or when none will come. */
  readonly first: Promise<ReconnectingConnection<Data>>;
  readonly #attemptTimeoutMs: number;
  readonly #url: Provided<string | URL>;
  readonly #options: ReconnectingOptions<Data>;
  readonly #reconnect: ReconnectOptions;
  readonly #settings: ClientSettings<Data>;
  readonly #loop: Loop<KeptMessage, CloseEvent>;
  readonly #lasting: ReconnectingConnection<Data>;
  #link: ConnectionLink<Data> | undefined;
  #attempt: Attempt | undefined;
  #resolve: (lasting: ReconnectingConnection<Data>) => void = ignore;
  #reject: (error: unknown) => void = ignore;
  #end: (end: End<CloseEvent>) => void = ignore;

  /** @throws UsageError for what can be known to be wrong before the first attempt */
  constructor(url: Provided<string | URL>, options: ReconnectingOptions<Data>) {
    checkNames(options, "the options of connect", [...HANDLER_NAMES, ...RECONNECTING_NAMES, ...CLIENT_OPTION_NAMES]);
    checkFunctions(options, "", RECONNECTING_NAMES);
    this.#url = url;
    this.#options = options;
    this.#reconnect = checkReconnect(options.reconnect);
    const settings = resolveClientSettings(this.#singleOptions());
    // The loop's time is for providers, too, and the signal is the lasting connection's
    this.#attemptTimeoutMs = settings.handshakeTimeoutMs;
    this.#settings = { ...settings, handshakeTimeoutMs: Number.POSITIVE_INFINITY, signal: undefined };
    if (typeof url !== "function") new ClientHandshake(url, this.#settings, { opened: ignore, failed: ignore });
    this.#loop = createLoop(this.#reconnect, this.#attemptTimeoutMs, clock, this);
    const closed = new Promise<End<CloseEvent>>((resolve) => {
      this.#end = resolve;
    });
    // Whoever gives no data says that it is undefined
    this.#lasting = new ReconnectingConnection(options.data as Data, this.#loop, closed);
    this.first = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    this.#obey(options.signal);
    if (this.#loop.state === "away") this.#loop.start();
  }

  #obey(signal: AbortSignal | undefined): void {
    const onAbort = (): void => this.#loop.abort(signal?.reason, CLOSE_CODE.goingAway);
    if (signal?.aborted === true) onAbort();
    signal?.addEventListener("abort", onAbort);
    void this.#lasting.closed.then(() => signal?.removeEventListener("abort", onAbort));
  }

  // ---- an attempt

  dial(attempt: Attempt, outcome: Outcome<KeptMessage>): () => void {
    this.#attempt = attempt;
    let isOver = false;
    let handshake: ClientHandshake<Data> | undefined;
    const begin = async (): Promise<void> => {
      const [url, headers] = await Promise.all([provide(this.#url, attempt), this.#provideHeaders(attempt)]);
      if (isOver) return;
      const settings = { ...this.#settings, headers };
      handshake = new ClientHandshake(url, settings, {
        opened: (connection) => this.#onOpened(connection, outcome),
        failed: (error) => outcome.failed(error),
      });
      handshake.start();
    };
    begin().catch((error: unknown) => outcome.failed(error));
    return () => {
      isOver = true;
      handshake?.cancel(undefined);
    };
  }

  async #provideHeaders(attempt: Attempt): Promise<HeaderList> {
    const { headers } = this.#options;
    // What is no function was read at the beginning: pairs may come from where they come but once
    return typeof headers === "function" ? readHeaders(await headers(attempt)) : this.#settings.headers;
  }

  late(): HandshakeError {
    return new HandshakeError("HANDSHAKE_TIMEOUT", `${this.#attemptTimeoutMs} ms`);
  }

  #onOpened(connection: Connection<Data>, outcome: Outcome<KeptMessage>): void {
    this.#link = new ConnectionLink(connection);
    ReconnectingConnection.attach(this.#lasting, connection);
    outcome.opened(this.#link);
    this.#resolve(this.#lasting);
  }

  /** What a single connection is opened with. */
  #singleOptions(): ConnectOptions<Data> {
    const names = CLIENT_OPTION_NAMES.filter((name) => name !== "headers" && name !== "reconnect");
    const passed = Object.fromEntries(names.map((name) => [name, Reflect.get(this.#options, name)]));
    const { headers } = this.#options;
    return {
      ...passed,
      ...(typeof headers !== "function" && { headers }),
      ...this.#singleHandlers(),
      open: (_connection, response) => this.#onOpen(response),
      close: (_connection, event) => this.#onClose(event),
    };
  }

  /** The handlers that differ in nothing but whose connection they get. Each is there only where the application has it: what
   * has no handler is treated otherwise. */
  #singleHandlers(): ConnectOptions<Data> {
    const options = this.#options;
    const { message, fragment, frame, drain, closing, ping, pong, error } = options;
    return {
      ...(message && { message: (_, data, kind) => message.call(options, this.#lasting, data, kind) }),
      ...(fragment && { fragment: (_, piece) => fragment.call(options, this.#lasting, piece) }),
      ...(frame && { frame: (_, seen) => frame.call(options, this.#lasting, seen) }),
      drain: () => {
        this.#loop.flush();
        return drain?.call(options, this.#lasting);
      },
      ...(closing && { closing: (_, pair) => closing.call(options, this.#lasting, pair) }),
      ...(ping && { ping: (_, data) => ping.call(options, this.#lasting, data) }),
      ...(pong && { pong: (_, data) => pong.call(options, this.#lasting, data) }),
      ...(error && { error: (_, problem) => error.call(options, this.#lasting, problem) }),
    };
  }

  #onOpen(response: HandshakeResponse): unknown {
    // It is an attempt that has opened
    const result = this.#attempt && this.#options.open?.(this.#lasting, response, this.#attempt);
    this.#loop.flush();
    return result;
  }

  #onClose(event: CloseEvent): void {
    const link = this.#link;
    if (link === undefined) return;
    this.#link = undefined;
    ReconnectingConnection.attach(this.#lasting, undefined);
    this.#loop.lost(link, event, link.confirmsAll(event));
  }

  // ---- what the loop asks and tells

  stops(error: unknown, close: CloseEvent | undefined): boolean {
    const { stopCodes = STOP_CODES, stopStatuses = STOP_STATUSES } = this.#reconnect;
    if (close !== undefined) return this.#ask("stopCodes", () => isStop(close, close.code, stopCodes));
    const statusCode = error instanceof HandshakeError ? error.statusCode : 0;
    return this.#ask("stopStatuses", () => isStop(error, statusCode, stopStatuses));
  }

  retryAfterMs(error: unknown): number {
    return error instanceof HandshakeError ? readRetryAfter(error.response) : 0;
  }

  tell<Name extends keyof Steps<KeptMessage, CloseEvent>>(
    name: Name,
    ...values: Steps<KeptMessage, CloseEvent>[Name]
  ): void {
    const handlers: StepHandlers<Data> = this.#options;
    this.#call(name, () => handlers[name]?.(this.#lasting, ...values));
  }

  ended(end: End<CloseEvent>): void {
    this.#end(end);
    if (end.last !== undefined) this.#call("close", () => this.#options.close?.(this.#lasting, end));
    else this.#reject(end.cause === "closed" ? new ConnectionClosedError("connect", {}) : end.error);
  }

  // ---- the application's functions

  /** A handler of the lasting connection that fails ends nothing: there may be nothing to end. */
  #call(name: string, handler: () => unknown): void {
    try {
      const result = handler();
      if (isPromise(result)) result.then(undefined, (error: unknown) => this.#report(name, error));
    } catch (error) {
      this.#report(name, error);
    }
  }

  /** Who cannot say whether to stop has not said so. */
  #ask(name: string, question: () => boolean): boolean {
    try {
      return question();
    } catch (error) {
      this.#report(name, error);
      return false;
    }
  }

  #report(name: string, thrown: unknown): void {
    const cause = thrown instanceof Error ? thrown : new Error("what was thrown is no error", { cause: thrown });
    const error = new HandlerError(name, cause);
    if (this.#options.error === undefined) {
      warn(error.code, error);
      return;
    }
    try {
      const result = this.#options.error(this.#lasting, error);
      if (isPromise(result)) result.then(undefined, warnOf);
    } catch (failure) {
      warnOf(failure);
    }
  }
}

async function provide(url: Provided<string | URL>, attempt: Attempt): Promise<string | URL> {
  return typeof url === "function" ? url(attempt) : url;
}

/** RFC 9110 §10.2.3: seconds, or a date. */
function readRetryAfter(response: HandshakeResponse | undefined): number {
  const value = response?.headers["retry-after"];
  if (typeof value !== "string") return 0;
  const waitMs = /^\d+$/.test(value) ? Number(value) * 1_000 : Date.parse(value) - Date.now();
  // What is no date is not waited for
  return Math.min(Math.max(0, waitMs || 0), LONGEST_RETRY_AFTER_MS);
}

function isPromise(value: unknown): value is PromiseLike<unknown> {
  return typeof value === "object" && value !== null && "then" in value && typeof value.then === "function";
}

function warnOf(failure: unknown): void {
  warn(
    "HANDLER_FAILED",
    failure instanceof Error ? failure : new Error("the handler error failed", { cause: failure }),
  );
}

function ignore(): void {}
