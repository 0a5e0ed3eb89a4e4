// nodejs-websocket's API: the original, and our face of it.
import { once } from "node:events";
import { ready } from "../lib/ready.js";

const [url, count, library] = process.argv.slice(2);
const {
  default: { connect, setMaxBufferLength },
} = await import(library);
setMaxBufferLength(64 << 20);
const connections = Array.from({ length: Number(count) }, () => {
  const connection = connect(url, { noDelay: true });
  connection.on("text", (text) => connection.sendText(text));
  // A binary message is a stream to it
  connection.on("binary", (stream) => {
    const chunks = [];
    stream.on("data", (chunk) => chunks.push(chunk));
    stream.on("end", () => connection.sendBinary(Buffer.concat(chunks)));
  });
  connection.on("error", () => connection.socket.destroy());
  return connection;
});
await Promise.all(connections.map((connection) => once(connection, "connect")));
ready();
