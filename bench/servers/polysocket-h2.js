// WebSocket over HTTP/2 without TLS, which only an attached server takes.
import { createServer } from "node:http2";
import { attach } from "polysocket";
import { ready } from "../lib/ready.js";

const server = createServer();
attach(server, {
  origins: "any",
  limits: { maxMessageBytes: 64 << 20 },
  // Measured, but never reached
  rate: { messagesPerSecond: 1e9, bytesPerSecond: 1e12 },
  compression: false,
  message(connection, message) {
    connection.send(message);
  },
});
server.listen(0, "127.0.0.1", () => ready(server.address().port));
