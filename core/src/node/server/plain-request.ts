import type { IncomingMessage, ServerResponse } from "node:http";
import { parseTarget } from "./request-target.ts";
import type { ServedPaths } from "./routes.ts";

/** Answer a request that is no opening handshake: what is served at this path is not to be had by plain HTTP.
 * @see RFC 9110 §15.5.22 */
export function answerPlainRequest(paths: ServedPaths, request: IncomingMessage, response: ServerResponse): void {
  const target = parseTarget(request.url ?? "", request.headers.host);
  const isServed = target !== undefined && paths.serves(target.path);
  const text = isServed
    ? "this is a WebSocket server: connect with ws:// or wss://\n"
    : "nothing is served at this path\n";
  response.statusCode = isServed ? 426 : 404;
  if (isServed) response.setHeader("Upgrade", "websocket").setHeader("Connection", "Upgrade");
  response.setHeader("Content-Type", "text/plain; charset=utf-8").end(text);
}
