// WebSocket-Node's API: the original, and our face of it.
import { once } from "node:events";
import { ready } from "../lib/ready.js";

const [url, count, library] = process.argv.slice(2);
const { default: websocket } = await import(library);
const WebSocketClient = websocket.client;

async function open() {
  const client = new WebSocketClient({ maxReceivedFrameSize: 64 << 20, maxReceivedMessageSize: 64 << 20 });
  const opened = once(client, "connect");
  client.on("connectFailed", (error) => client.emit("error", error));
  client.on("connect", (connection) => {
    connection.on("message", (message) => {
      if (message.type === "utf8") connection.sendUTF(message.utf8Data);
      else connection.sendBytes(message.binaryData);
    });
  });
  client.connect(url);
  await opened;
}

await Promise.all(Array.from({ length: Number(count) }, open));
ready();
