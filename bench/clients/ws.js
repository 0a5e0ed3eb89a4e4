import { once } from "node:events";
import { WebSocket } from "ws";
import { ready } from "../lib/ready.js";

const [url, count] = process.argv.slice(2);
const sockets = Array.from({ length: Number(count) }, () => {
  const socket = new WebSocket(url, { maxPayload: 64 << 20, perMessageDeflate: false });
  socket.on("message", (data, isBinary) => socket.send(data, { binary: isBinary }));
  socket.on("error", () => socket.terminate());
  return socket;
});
await Promise.all(sockets.map((socket) => once(socket, "open")));
ready();
