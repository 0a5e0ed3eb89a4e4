import { WebSocket } from "polysocket";
import { ready } from "../lib/ready.js";

const [url, count] = process.argv.slice(2);
const sockets = Array.from({ length: Number(count) }, () => {
  const socket = new WebSocket(url);
  socket.binaryType = "arraybuffer";
  socket.onmessage = ({ data }) => socket.send(data);
  return socket;
});
await Promise.all(
  sockets.map(
    (socket) =>
      new Promise((resolve) => {
        socket.onopen = resolve;
      }),
  ),
);
ready();
