/** Compiled by package.test.ts, not run: what a program may write. */
import { readFileSync } from "node:fs";
import type { Readable, Writable } from "node:stream";
import ws, {
  type Connection,
  connect,
  createServer,
  type Server,
  setBinaryFragmentation,
  setMaxBufferLength,
} from "@polysocket/nodejs-websocket";
import ConnectionClass from "@polysocket/nodejs-websocket/Connection";
import { createCloseFrame } from "@polysocket/nodejs-websocket/frame";
import InStreamClass from "@polysocket/nodejs-websocket/InStream";
import OutStreamClass from "@polysocket/nodejs-websocket/OutStream";
import ServerClass from "@polysocket/nodejs-websocket/Server";

const server: Server = createServer((connection) => {
  connection.on("text", (text) => connection.sendText(`${text.toUpperCase()}!!!`));
  connection.on("binary", (stream) => {
    const out: Writable | undefined = connection.beginBinary();
    const source: Readable = stream;
    if (out !== undefined) source.pipe(out);
  });
  connection.on("pong", (data) => data.length);
  connection.on("close", (code, reason) => console.log(code?.toFixed(), reason?.length));
  connection.once("error", (error) => console.error(error.message));
  const { path, headers, protocols, protocol, key, readyState, outStream, socket } = connection;
  console.log(
    path?.length,
    headers["host"],
    protocols.join(),
    protocol,
    key,
    outStream?.writable,
    socket.remoteAddress,
  );
  if (readyState === connection.OPEN) connection.close(1000, "enough");
  for (const other of connection.server?.connections ?? []) other.send("all", () => {});
});
server.listen(8001, "127.0.0.1", () => server.close(() => {}));
server.listen(8001).on("connection", ({ extraHeaders, host }) => [extraHeaders, host]);
server
  .on("error", (error) => error.message)
  .on("listening", () => {})
  .on("close", () => {});

createServer({ secure: true, key: readFileSync("key"), cert: readFileSync("cert"), http2: true, compression: true });
createServer({ validProtocols: ["a"], backpressure: { maxBufferedBytes: 1e6, policy: "drop" } }, () => {});
createServer({ selectProtocol: ({ path }, list) => (path === "/chat" ? list[0] : undefined) });
createServer(null, () => {});

const client: Connection = connect("wss://example.com/", { rejectUnauthorized: false, ca: "x", protocols: ["a"] });
connect(new URL("ws://localhost:8000"), { extraHeaders: { Cookie: "a=1" }, localAddress: "127.0.0.1" }, function () {
  this.sendBinary(new Uint8Array(3), (error) => error?.message);
});
connect("ws://localhost", () => client.sendPing("x"));
setBinaryFragmentation(10);
setMaxBufferLength(1e6);
ws.createServer();

for (const known of [ConnectionClass, ServerClass, InStreamClass, OutStreamClass]) console.log(client instanceof known);
const other: unknown = client;
if (other instanceof ConnectionClass) other.sendText(createCloseFrame(1000, "x", true).toString("hex"));
