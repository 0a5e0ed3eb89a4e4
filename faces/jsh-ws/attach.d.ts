import type { HelperRequest, WebSocket, WebSocketServer, WebSocketServerOptions } from "./index.js";

type Handler = (socket: WebSocket, request: HelperRequest) => void;

/** What JSH's http server has as `server.ws(path[, options], handler)`: a WebSocketServer with a listener of `connection`.
 * @throws TypeError without a handler; what the constructor of WebSocketServer throws */
export function attach(server: WebSocketServerOptions["server"], path: string, handler: Handler): WebSocketServer;
export function attach(
  server: WebSocketServerOptions["server"],
  path: string,
  options: Omit<WebSocketServerOptions, "server" | "path"> | null | undefined,
  handler: Handler,
): WebSocketServer;
