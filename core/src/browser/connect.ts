/**
 * `connect` for pages: joins the loop that decides when to dial to the platform's WebSocket, and to what the page knows of the
 * network, of being hidden and of sleep. In: a URL, options. Out: a promise of the connection, when it has opened first.
 */
import { type Clock, createLoop, type End, type Steps } from "../reconnect/loop.ts";
import { isStop, STOP_CODES } from "../reconnect/stops.ts";
import { createLink, type KeptMessage, type SocketLink } from "./link.ts";
import type {
  CloseEvent,
  ConnectOptions,
  ProvidedUrl,
  ReconnectingConnection,
  ReconnectOptions,
  Sendable,
} from "./options.ts";
import { watchPage } from "./page.ts";

/** By the clock on the wall, which goes on while the machine sleeps. Each is looked up when it is used: a page's tests replace them. */
const clock: Clock = {
  nowMs: () => Date.now(),
  random: () => Math.random(),
  setTimer: (ring, delayMs) => setTimeout(ring, delayMs),
  clearTimer: (timer) => clearTimeout(timer as number | undefined),
};

type StepHandlers = {
  [Name in keyof Steps<KeptMessage, CloseEvent>]?: (
    connection: ReconnectingConnection,
    ...values: Steps<KeptMessage, CloseEvent>[Name]
  ) => void;
};

/** Open a WebSocket connection that is opened again when it is lost.
 * @param url absolute or the page's own, ws:, wss:, http: or https:; may be a function that gives one for each attempt
 * @returns resolves when it has opened first, before which attempts may fail; rejects with the last one's error where no other
 *   is to be made, with the signal's reason where that was aborted */
export function connect(url: ProvidedUrl, options: ConnectOptions = {}): Promise<ReconnectingConnection> {
  const { signal } = options;
  // True, or nothing, is an object without options then
  const reconnect: ReconnectOptions = Object(options.reconnect);
  const handlers: StepHandlers = options;
  const listening = new AbortController();
  let link: SocketLink | undefined;
  let tellClosed: (end: End<CloseEvent>) => void;

  return new Promise((resolve, reject) => {
    const loop = createLoop<KeptMessage, CloseEvent>(reconnect, options.handshakeTimeoutMs ?? 10_000, clock, {
      dial(attempt, outcome) {
        let isOver = false;
        let made: SocketLink | undefined;
        const begin = async (): Promise<void> => {
          const target = typeof url === "function" ? await url(attempt) : url;
          if (isOver) return;
          const socket = new WebSocket(target, options.subprotocols);
          const own = createLink(socket, clock, options, {
            opened() {
              link = own;
              connection.subprotocol = socket.protocol;
              outcome.opened(own);
              resolve(connection);
              call(() => options.open?.(connection, attempt));
              loop.flush();
            },
            message: (data) => options.message?.(connection, data),
            drained() {
              loop.flush();
              options.drain?.(connection);
            },
            closed(event, confirmed) {
              link = undefined;
              // Only one of the two is news
              outcome.failed(Error(`no connection: ${event.code}`));
              loop.lost(own, event, confirmed);
            },
          });
          made = own;
        };
        begin().catch(outcome.failed);
        return () => {
          isOver = true;
          made?.abandon();
        };
      },
      late: () => Error("no connection: late"),
      // What is wrong with a URL that stays the same will be wrong again
      stops: (error, event) =>
        event
          ? call(() => isStop(event, event.code, reconnect.stopCodes ?? STOP_CODES)) === true
          : typeof url !== "function" && error instanceof DOMException,
      tell: (name, ...values) => call(() => handlers[name]?.(connection, ...values)),
      ended(end) {
        listening.abort();
        tellClosed(end);
        if (end.last) call(() => options.close?.(connection, end));
        // Without effect where there was a connection
        reject(end.error ?? Error("no connection: closed"));
      },
    });
    const { send } = loop;
    // The loop's own object: what is not in its type here is for nobody
    const connection = Object.assign(loop, {
      subprotocol: "",
      closed: new Promise<End<CloseEvent>>((settle) => {
        tellClosed = settle;
      }),
      send: (message: Sendable) => send(keep(message)),
    });
    const look = (): void => {
      loop.hold(!navigator.onLine);
      link?.check();
    };
    watchPage(look, listening.signal);
    const onAbort = (): void => loop.abort(signal?.reason);
    signal?.addEventListener("abort", onAbort, { signal: listening.signal });
    look();
    if (signal?.aborted) onAbort();
    else loop.start();
  });
}

function keep(message: Sendable): KeptMessage {
  if (typeof message === "string") return { data: message, bytes: new TextEncoder().encode(message).length };
  const data = ArrayBuffer.isView(message)
    ? new Uint8Array(message.buffer, message.byteOffset, message.byteLength)
    : new Uint8Array(message);
  return { data: data.slice(), bytes: data.length };
}

/** What the page's functions throw is reported as an error of the page, and holds nothing up. */
function call<T>(run: () => T): T | undefined {
  try {
    return run();
  } catch (error) {
    setTimeout(() => {
      throw error;
    });
    return undefined;
  }
}
