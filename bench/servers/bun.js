// Bun's own WebSocket server, uWebSockets in C++: what native code does. Runs with Bun, not with Node.
import { PUBLISHER_PATH, ready, readSettings } from "../lib/ready.js";

const { publish, deflate, heartbeat } = readSettings();
const DEFLATE = {
  takeover: { compress: "dedicated", decompress: "dedicated" },
  usual: true,
};
const compress = deflate !== undefined;

const echo = {
  message(socket, message) {
    socket.send(message, compress);
  },
};
const publishing = {
  open(socket) {
    if (socket.data.path !== PUBLISHER_PATH) socket.subscribe("all");
  },
  message(_socket, message) {
    server.publish("all", message, compress);
  },
};

const server = Bun.serve({
  port: 0,
  hostname: "127.0.0.1",
  fetch(request, server) {
    if (!server.upgrade(request, { data: { path: new URL(request.url).pathname } }))
      return new Response(null, { status: 400 });
  },
  websocket: {
    maxPayloadLength: 64 << 20,
    perMessageDeflate: deflate ? DEFLATE[deflate.mode] : false,
    ...(heartbeat === false && { idleTimeout: 0, sendPings: false }),
    ...(publish ? publishing : echo),
  },
});
ready(server.port);
