// Plain echo on Node's HTTP/2 streams: what they cost when there is no WebSocket at all.
import { createServer } from "node:http2";
import { ready } from "../lib/ready.js";

const server = createServer({ settings: { enableConnectProtocol: true } });
server.on("stream", (stream) => {
  stream.respond({ ":status": 200 });
  stream.on("data", (chunk) => stream.write(chunk));
  stream.on("error", () => stream.destroy());
});
server.listen(0, "127.0.0.1", () => ready(server.address().port));
