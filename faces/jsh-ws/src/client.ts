/**
 * A client's opening handshake, in JSH's terms.
 * In: a socket and what it offers. Out: the same socket, open or failed.
 */
import { type ConnectOptions, connect, type WebSocketError } from "polysocket";
import { type AddedClientOptions, clientOptions } from "./added-options.ts";
import { connectionHandlers } from "./connection-handlers.ts";
import { shield } from "./shield.ts";
import { inside, type WebSocket } from "./web-socket.ts";

const SCHEME = /^wss?:/i;

/** Begin in a later turn, when the program has added its listeners.
 * @returns gives it up; nothing is told then */
export function dial(socket: WebSocket, subprotocols: readonly string[], added: AddedClientOptions): () => void {
  const controller = new AbortController();
  setImmediate(() => {
    const { signal } = controller;
    if (!signal.aborted) void open(socket, { subprotocols, signal }, added);
  });
  return () => controller.abort();
}

type Attempt = Required<Pick<ConnectOptions, "subprotocols" | "signal">>;

async function open(socket: WebSocket, attempt: Attempt, added: AddedClientOptions): Promise<void> {
  try {
    if (!SCHEME.test(socket.url))
      throw new TypeError("the URL is no WebSocket URL: it begins with neither ws: nor wss:");
    await connect<WebSocket>(socket.url, {
      ...clientOptions(added),
      ...attempt,
      ...connectionHandlers,
      open: opened,
      data: socket,
    });
  } catch (reason) {
    shield(() => inside.failed(socket, errorOf(reason)));
  }
}

const opened: NonNullable<ConnectOptions<WebSocket>["open"]> = (core) => {
  inside.opened(core.data, core);
  shield(() => inside.tellOpen(core.data));
};

/** A server that answered, but not as one opens a WebSocket; or what else there was. */
function errorOf(reason: unknown): Error {
  if (!(reason instanceof Error)) return new Error(String(reason));
  const { name } = reason as WebSocketError;
  if (name !== "HandshakeError" || !("response" in reason) || reason.response === undefined) return reason;
  return new Error("websocket: bad handshake", { cause: reason });
}
