/** `@polysocket/jsh-ws` as an echo endpoint, used as JSH's programs use their `ws`, with limits that let the largest cases pass. */
import { once } from "node:events";
import { createServer } from "node:http";
import jshWs from "@polysocket/jsh-ws";
import { LARGEST_MESSAGE, MOST_FRAGMENTS } from "../../tester/cases.js";
import { urlOf } from "./url-of.js";

const { WebSocket, WebSocketServer } = jshWs;
const LIMITS = { limits: { maxMessageBytes: LARGEST_MESSAGE, maxFragments: MOST_FRAGMENTS } };

export async function startServer() {
  const server = createServer();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  new WebSocketServer({ server, ...LIMITS }).on("connection", echo);
  return urlOf(server);
}

/** @param {string} url
 * @returns {Promise<void>} */
export function dial(url) {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(url, undefined, LIMITS);
    echo(socket);
    // What comes after it is open is heard by the tester
    socket.on("error", reject);
    socket.on("open", () => resolve());
  });
}

/** @param {import("@polysocket/jsh-ws").WebSocket} socket */
function echo(socket) {
  socket.on("message", (event) => socket.send(event.data));
}
