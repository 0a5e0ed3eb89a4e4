/**
 * What the core's connections say, for all sockets of this package: `data` is whose it is. The exception of an `error` listener
 * is not the core's affair; it goes on as an uncaught one.
 */
import type { ConnectionCloseEvent, Handlers, WebSocketError } from "polysocket";
import { shield, throwLater } from "./shield.ts";
import { inside, type WebSocket } from "./web-socket.ts";

type ConnectionHandlers = Required<Pick<Handlers<WebSocket>, "message" | "closing" | "error" | "close">>;

/** RFC 6455 §7.4.1: the peer goes as it should; 1005 is a Close frame without a code. */
const ORDINARY_CODES: ReadonlySet<number> = new Set([1000, 1001, 1005]);

export const connectionHandlers: ConnectionHandlers = {
  message({ data: socket }, message) {
    try {
      inside.message(socket, message);
    } catch (thrown) {
      throwLater(thrown);
    }
  },

  closing({ data: socket }, { code, reason }) {
    const text = closeText(code, reason);
    tellEnd(socket, text, ORDINARY_CODES.has(code) ? undefined : new Error(text));
  },

  /** What the peer did wrong, or the transport met. */
  error({ data: socket }, error: WebSocketError) {
    tellEnd(socket, error.message, error);
  },

  /** Where nothing was said before, the peer left without a Close frame. */
  close({ data: socket }, { code, reason }: ConnectionCloseEvent) {
    if (inside.isOver(socket)) return;
    const text = closeText(code, reason);
    tellEnd(socket, text, new Error(text));
  },
};

function tellEnd(socket: WebSocket, text: string, error: Error | undefined): void {
  shield(() => inside.ended(socket, text, error));
}

function closeText(code: number, reason: string): string {
  return `websocket: close ${code}${reason === "" ? "" : `: ${reason}`}`;
}
