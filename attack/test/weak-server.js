/** A server with one weakness, which the message "attack" lays bare; else it echoes. In: the weakness as argument. */
import { WebSocketServer } from "ws";
import { ready } from "../servers/ready.js";

const weakness = process.argv[2];
/** @type {Buffer[]} */
const hoard = [];
let isMute = false;

/** @type {Record<string, () => void>} */
const weaknesses = {
  none() {},
  dies: () => process.exit(7),
  hoards: () => void hoard.push(Buffer.alloc(200 << 20, 1)),
  mutes() {
    isMute = true;
  },
  closes() {
    for (const client of server.clients) client.close(1013);
  },
};

const server = new WebSocketServer({ host: "127.0.0.1", port: 0 });
server.on("connection", (socket) => {
  socket.on("message", (data, isBinary) => {
    if (String(data) === "attack") weaknesses[weakness ?? ""]?.();
    else if (!isMute) socket.send(data, { binary: isBinary });
  });
});
server.on("listening", () => {
  const address = server.address();
  ready(`ws://127.0.0.1:${typeof address === "object" ? address?.port : ""}/`);
});
