/** polysocket's own server with its default options, as an echo. `--http2`: over TLS, HTTP/1.1 and HTTP/2 by ALPN. */
import { serve } from "polysocket";
import { certificate } from "../../conformance/http2/play/certificate.js";
import { ready, readVariant } from "./ready.js";

const { http2 } = readVariant();
const server = await serve({
  host: "127.0.0.1",
  port: 0,
  ...(http2 && { tls: certificate, http2: true }),
  message(connection, message) {
    connection.send(message);
  },
});
ready(server.url);
