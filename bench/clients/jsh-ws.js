import { once } from "node:events";
import jshWs from "@polysocket/jsh-ws";
import { ready } from "../lib/ready.js";

const [url, count] = process.argv.slice(2);
const sockets = Array.from({ length: Number(count) }, () => {
  const socket = new jshWs.WebSocket(url, undefined, { limits: { maxMessageBytes: 64 << 20 } });
  socket.on("message", (event) => socket.send(event.data));
  return socket;
});
await Promise.all(sockets.map((socket) => once(socket, "open")));
ready();
