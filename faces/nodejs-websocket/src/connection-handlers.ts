/**
 * What the core's connections say, for all connections of this package: `data` is whose it is. A listener's error is not
 * the core's affair; it goes on as an uncaught exception.
 */
import type { Fragment, Handlers, WebSocketError } from "polysocket";
import { Connection } from "./connection.ts";
import { throwLater } from "./rethrow.ts";

const CLOSING = 2;
const CLOSED = 3;

type ConnectionHandlers = Required<
  Pick<Handlers<Connection>, "message" | "fragment" | "pong" | "drain" | "closing" | "error" | "close">
>;

export const connectionHandlers: ConnectionHandlers = {
  message({ data }, text) {
    try {
      if (typeof text === "string") Connection.text(data, text);
    } catch (error) {
      throwLater(error);
    }
  },

  fragment({ data: connection }, { data, first, last }: Fragment) {
    try {
      Connection.fragment(connection, data, first, last);
    } catch (error) {
      throwLater(error);
    }
  },

  pong({ data: connection }, payload) {
    try {
      connection.emit("pong", Buffer.from(payload).toString());
    } catch (error) {
      throwLater(error);
    }
  },

  /** What goes past the socket's own queue leaves it without a reason for the event. */
  drain({ data: connection, socket }) {
    if (socket === undefined || socket.listenerCount("drain") === 0 || socket.writableNeedDrain) return;
    try {
      if (connection.socket === socket) socket.emit("drain");
    } catch (error) {
      throwLater(error);
    }
  },

  closing({ data }, { code, reason }) {
    try {
      Connection.closing(data, code, reason);
    } catch (error) {
      throwLater(error);
    }
  },

  error({ data }, error) {
    try {
      tellFailure(data, error);
    } catch (failure) {
      throwLater(failure);
    }
  },

  close({ data }) {
    try {
      Connection.ended(data);
    } catch (error) {
      throwLater(error);
    }
  },
};

/** What the original made of what a peer did wrong: a `close` event; of what the socket met: an `error`. */
function tellFailure(connection: Connection, error: WebSocketError): void {
  const { code, cause, closeCode, received } = error as WebSocketError & Failure;
  if (code === "TRANSPORT_FAILED") Connection.socketError(connection, cause ?? error);
  else if (code === "CLOSE_TOO_SHORT") Connection.ending(connection, CLOSED, 1005, "");
  else if (received !== undefined) Connection.ending(connection, CLOSED, received.code, received.reason);
  else if (closeCode !== undefined) Connection.ending(connection, CLOSING, closeCode, undefined);
}

/** What errors of several classes have besides their code. */
interface Failure {
  readonly closeCode?: number;
  readonly received?: { readonly code: number; readonly reason: string };
}
