// Plain TCP echo: what Node's public streams cost when there is no WebSocket at all.
import { createServer } from "node:net";
import { ready } from "../lib/ready.js";

const server = createServer({ noDelay: true }, (socket) => {
  socket.on("data", (chunk) => socket.write(chunk));
  socket.on("error", () => socket.destroy());
});
server.listen(0, "127.0.0.1", () => ready(server.address().port));
