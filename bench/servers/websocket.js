import { createServer } from "node:http";
import { server as WebSocketServer } from "websocket";
import { PUBLISHER_PATH, ready, readSettings } from "../lib/ready.js";

const { publish } = readSettings();
const httpServer = createServer();
// A ping every 20 s is its default, and the load generator answers none
const server = new WebSocketServer({
  httpServer,
  maxReceivedFrameSize: 64 << 20,
  maxReceivedMessageSize: 64 << 20,
  keepalive: false,
});
server.on("request", (request) => {
  const publisher = publish && request.resource === PUBLISHER_PATH;
  const connection = request.accept(null, request.origin);
  connection.on("message", (message) => {
    if (!publisher) return sendTo(connection, message);
    for (const other of server.connections) if (other !== connection) sendTo(other, message);
  });
});

function sendTo(connection, message) {
  if (message.type === "utf8") connection.sendUTF(message.utf8Data);
  else connection.sendBytes(message.binaryData);
}

httpServer.listen(0, "127.0.0.1", () => ready(httpServer.address().port));
