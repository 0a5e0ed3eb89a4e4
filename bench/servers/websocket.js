// WebSocket-Node's API: the original, and our face of it.
import { createServer } from "node:http";
import { PUBLISHER_PATH, ready, readSettings } from "../lib/ready.js";

const { library, publish, heartbeat } = readSettings();
const { default: websocket } = await import(library);
const WebSocketServer = websocket.server;
const httpServer = createServer();
const server = new WebSocketServer({
  httpServer,
  maxReceivedFrameSize: 64 << 20,
  maxReceivedMessageSize: 64 << 20,
  // A ping every 20 s is its default, and the load generator answers none
  keepalive: heartbeat === true,
});
server.on("request", (request) => {
  const publisher = publish && request.resource === PUBLISHER_PATH;
  const connection = request.accept(null, request.origin);
  connection.on("message", (message) => {
    if (!publisher) return sendTo(connection, message);
    if (publish === "everybody") return server.broadcast(contentOf(message));
    for (const other of server.connections) if (other !== connection) sendTo(other, message);
  });
});

function sendTo(connection, message) {
  if (message.type === "utf8") connection.sendUTF(message.utf8Data);
  else connection.sendBytes(message.binaryData);
}

function contentOf({ type, utf8Data, binaryData }) {
  return type === "utf8" ? utf8Data : binaryData;
}

httpServer.listen(0, "127.0.0.1", () => ready(httpServer.address().port));
