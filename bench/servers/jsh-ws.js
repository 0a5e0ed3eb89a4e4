import { createServer } from "node:http";
import jshWs from "@polysocket/jsh-ws";
import { PUBLISHER_PATH, ready, readSettings } from "../lib/ready.js";

const { publish } = readSettings();
const server = createServer();
const limits = { maxMessageBytes: 64 << 20 };
const all = new jshWs.WebSocketServer({ server, limits });
all.on("connection", (socket) => socket.on("message", (event) => socket.send(event.data)));
if (publish) {
  const publishers = new jshWs.WebSocketServer({ server, limits, path: PUBLISHER_PATH });
  publishers.on("connection", (publisher) => {
    publisher.on("message", (event) => {
      for (const socket of all.clients) socket.send(event.data);
    });
  });
}
server.listen(0, "127.0.0.1", () => ready(server.address().port));
