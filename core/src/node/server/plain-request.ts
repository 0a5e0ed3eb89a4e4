import type { IncomingMessage, ServerResponse } from "node:http";
import type { Http2ServerRequest, Http2ServerResponse } from "node:http2";
import { parseTarget } from "./request-target.ts";
import type { ServedPaths } from "./routes.ts";

/** Answer a request that is no opening handshake: what is served at this path is not to be had by plain HTTP.
 * @see RFC 9110 §15.5.22 (426), §15.5.6 (405): HTTP/2 has no Upgrade, which a 426 would have to name */
export function answerPlainRequest(
  paths: ServedPaths,
  request: IncomingMessage | Http2ServerRequest,
  response: ServerResponse | Http2ServerResponse,
): void {
  const target = parseTarget(request.url ?? "", request.headers.host);
  const isServed = target !== undefined && paths.serves(target.path);
  const isHttp2 = request.httpVersionMajor === 2;
  const text = isServed
    ? "this is a WebSocket server: connect with ws:// or wss://\n"
    : "nothing is served at this path\n";
  response.statusCode = isServed ? (isHttp2 ? 405 : 426) : 404;
  if (isServed && isHttp2) response.setHeader("Allow", "CONNECT");
  if (isServed && !isHttp2) {
    response.setHeader("Upgrade", "websocket");
    response.setHeader("Connection", "Upgrade");
  }
  response.setHeader("Content-Type", "text/plain; charset=utf-8");
  response.end(text);
}
