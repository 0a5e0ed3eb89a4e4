import { WebSocketServer } from "ws";
import { ready } from "../lib/ready.js";

const server = new WebSocketServer({ port: 0, host: "127.0.0.1", maxPayload: 64 << 20, perMessageDeflate: false });
server.on("connection", (socket) => {
  socket.on("message", (data, isBinary) => socket.send(data, { binary: isBinary }));
  socket.on("error", () => socket.terminate());
});
server.on("listening", () => ready(server.address().port));
