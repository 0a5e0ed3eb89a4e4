// nodejs-websocket's API: the original, and our face of it.
import { PUBLISHER_PATH, ready, readSettings } from "../lib/ready.js";

const { library, publish } = readSettings();
const {
  default: { createServer, setMaxBufferLength },
} = await import(library);
setMaxBufferLength(64 << 20);
const server = createServer({ noDelay: true }, (connection) => {
  const publisher = publish && connection.path === PUBLISHER_PATH;
  connection.on("text", (text) => {
    if (!publisher) return connection.sendText(text);
    for (const other of server.connections) {
      if (publish === "everybody" || other !== connection) other.sendText(text);
    }
  });
  // A binary message is a stream to it
  connection.on("binary", (stream) => {
    const chunks = [];
    stream.on("data", (chunk) => chunks.push(chunk));
    stream.on("end", () => connection.sendBinary(Buffer.concat(chunks)));
  });
  connection.on("error", () => connection.socket.destroy());
});
server.listen(0, "127.0.0.1", () => ready(server.socket.address().port));
