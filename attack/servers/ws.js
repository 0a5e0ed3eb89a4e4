/** ws with its default options, as an echo. `--compression`: with permessage-deflate, which it leaves off by default. */
import { WebSocketServer } from "ws";
import { ready, readVariant } from "./ready.js";

const { compression } = readVariant();
const server = new WebSocketServer({ host: "127.0.0.1", port: 0, perMessageDeflate: compression });
server.on("connection", (socket) => {
  socket.on("error", () => {}); // its documentation asks for one
  socket.on("message", (data, isBinary) => socket.send(data, { binary: isBinary }));
});
server.on("listening", () => {
  const address = server.address();
  ready(`ws://127.0.0.1:${typeof address === "object" ? address?.port : ""}/`);
});
