/** What the community's types lack; compiled with ours, never run. */
import * as http from "node:http";
import * as http2 from "node:http2";
import websocket, { client, type connection, frame, router, server, w3cwebsocket } from "websocket";
import Connection = require("websocket/lib/WebSocketConnection");
import W3CWebSocket = require("websocket/lib/W3CWebSocket");

const ws = new server({
  httpServer: [http.createServer(), http2.createServer()],
  parseCookies: false,
  parseExtensions: false,
  compression: { thresholdBytes: 100 },
  backpressure: { maxBufferedBytes: 1_000_000 },
});
ws.on("upgradeError", (error) => console.log(error.message));
ws.once("connect", ({ remoteAddresses }) => console.log(remoteAddresses?.length));
ws.once("own event", (value) => console.log(value));
// @ts-expect-error a listener of another event
ws.on("upgradeError", (error: number) => error);

new client({ keepalive: true, keepaliveInterval: 5, keepaliveGracePeriod: 5, compression: true, websocketVersion: 8 });
new client().connect(new URL("ws://a.example/"), null, null);
const made = new frame();
made.opcode = 1;
made.mask = true;
ws.on("request", (request) => {
  for (const { name, params } of request.requestedExtensions) console.log(name, params[0]?.value?.length);
  const opened: connection = request.accept(null);
  opened.ping();
  opened.pong();
  opened.send(new Uint8Array(1));
  console.log(opened.sendFrame(made) === true);
});
new router().mount("/", null, (request) => request.accept("http://a.example", [{ name: "a", value: "b" }]));
const socket = new w3cwebsocket("ws://a.example/");
socket.addEventListener("message", ({ data, type, target }) => console.log(data, type, target.url));
console.log(Connection.CLOSE_REASON_NORMAL, new W3CWebSocket("ws://a.example/").protocol.length);
console.log(websocket.server === server);
