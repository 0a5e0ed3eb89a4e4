// Plain TCP echo from the client's side: what Node's public streams cost when there is no WebSocket at all.
import { once } from "node:events";
import { connect } from "node:net";
import { ready } from "../lib/ready.js";

const [url, count] = process.argv.slice(2);
const { hostname, port } = new URL(url);
const sockets = Array.from({ length: Number(count) }, () => {
  const socket = connect({ host: hostname, port: Number(port), noDelay: true });
  socket.on("data", (chunk) => socket.write(chunk));
  socket.on("error", () => socket.destroy());
  return socket;
});
await Promise.all(sockets.map((socket) => once(socket, "connect")));
ready();
