/** polysocket attached to a server of node:http, or with `--http2` of node:http2, with default options, as an echo. */
import http from "node:http";
import http2 from "node:http2";
import { attach } from "polysocket";
import { certificate } from "../../conformance/http2/play/certificate.js";
import { ready, readVariant } from "./ready.js";

const { http2: isHttp2 } = readVariant();
const answer = (/** @type {unknown} */ _request, /** @type {{ end: (text: string) => unknown }} */ response) =>
  response.end("not a WebSocket\n");
const server = isHttp2
  ? http2.createSecureServer({ ...certificate, allowHTTP1: true }, answer)
  : http.createServer(answer);
attach(server, {
  message(connection, message) {
    connection.send(message);
  },
});
server.listen(0, "127.0.0.1", () => {
  const address = server.address();
  const port = typeof address === "object" ? address?.port : undefined;
  ready(`${isHttp2 ? "wss" : "ws"}://127.0.0.1:${port}/`);
});
