import { WebSocket, WebSocketServer } from "ws";
import { PUBLISHER_PATH, ready, readSettings } from "../lib/ready.js";

const { publish, deflate } = readSettings();
const DEFLATE = {
  takeover: ({ level, memLevel }) => ({ threshold: 0, zlibDeflateOptions: { level, memLevel } }),
  usual: () => true,
};

const server = new WebSocketServer({
  port: 0,
  host: "127.0.0.1",
  maxPayload: 64 << 20,
  perMessageDeflate: deflate ? DEFLATE[deflate.mode](deflate) : false,
});
server.on("connection", (socket, request) => {
  const publisher = publish && request.url === PUBLISHER_PATH;
  socket.on("message", publisher ? broadcast : echo);
  socket.on("error", () => socket.terminate());

  function echo(data, isBinary) {
    socket.send(data, { binary: isBinary });
  }

  // ws has no topics: its README sends to everyone in a loop
  function broadcast(data, isBinary) {
    for (const client of server.clients) {
      if (client !== socket && client.readyState === WebSocket.OPEN) client.send(data, { binary: isBinary });
    }
  }
});
server.on("listening", () => ready(server.address().port));
