/** JSH's `server.ws(path[, options], handler)`, without a change to Node's http.Server. */
import type { HttpServer } from "./entrance.ts";
import type { HelperRequest } from "./helper-request.ts";
import type { WebSocketServerOptions } from "./server-options.ts";
import type { WebSocket } from "./web-socket.ts";
import { WebSocketServer } from "./web-socket-server.ts";

type OnConnection = (socket: WebSocket, request: HelperRequest) => void;

/** Make a WebSocketServer with a listener of `connection`.
 * @throws TypeError without a handler; what the constructor throws */
export function attach(
  server: HttpServer,
  path: string,
  options: WebSocketServerOptions | OnConnection | null | undefined,
  handler?: OnConnection,
): WebSocketServer {
  const [given, listener] = typeof options === "function" ? [{}, options] : [options, handler];
  if (typeof listener !== "function") throw new TypeError(`handler must be a function, got ${typeof listener}`);
  return new WebSocketServer({ ...given, server, path }).on("connection", listener);
}
