/** Compiled by package.test.ts, not run: what a program may write. */
import { createServer } from "node:http";
import { createServer as createSecureServer } from "node:https";
import jsh, {
  type HelperRequest,
  type MessageEvent,
  WebSocket,
  WebSocketServer,
  type WebSocketServerOptions,
} from "@polysocket/jsh-ws";
import { attach } from "@polysocket/jsh-ws/attach";

const socket: WebSocket = new WebSocket("ws://127.0.0.1:8080");
new jsh.WebSocket("wss://localhost/", "a").close();
new WebSocket("ws://localhost", ["a", "b"] as const);
new WebSocket("wss://localhost", null, { tls: { ca: "x" }, headers: { Cookie: "a=1" }, handshakeTimeoutMs: 5 });
new WebSocket("ws://localhost", undefined, { limits: { maxMessageBytes: 5 }, compression: true, heartbeat: {} });
socket
  .on("open", () => socket.send("text"))
  .on("message", (event: MessageEvent) => {
    if (event.type === WebSocket.TextMessage) event.data.toUpperCase();
    else event.data.readUInt8(0);
  })
  .on("close", (event) => event?.error.length)
  .once("error", (error) => error.message);
socket.addListener("message", ({ data }) => socket.send(`echo:${data}`));
socket.send(new Uint8Array(3));
socket.send(Buffer.alloc(3));
socket.send(new DataView(new ArrayBuffer(3)));
if (socket.readyState === WebSocket.OPEN) console.log(socket.url.length, socket.protocol.length);
socket.off("open", () => {});

const server = createServer();
const options: WebSocketServerOptions = {
  server,
  path: "/ws",
  verifyClient: ({ origin, req }) => origin === "" && req.query("token") === "allow",
  handleProtocols: (protocols) => (protocols.indexOf("machbase.rpc") >= 0 ? "machbase.rpc" : false),
};
const wss = new WebSocketServer(options);
new WebSocketServer({ server: createSecureServer(), clientTracking: false, verifyClient: () => {} });
new jsh.WebSocketServer({ server, path: "/b", handleProtocols: () => undefined, backpressure: { policy: "drop" } });
wss.on("connection", (one, request: HelperRequest) => {
  const { url, requestUri, method, path, host, headers, rawHeaders, httpVersion, complete, remoteAddress } = request;
  console.log(url, requestUri, method, path, host, headers["x"]?.length, rawHeaders[0], httpVersion, remoteAddress);
  if (complete) console.log(request.socket.remoteAddress.length, request.getHeader("x"), request.hasHeader("y"));
  for (const other of wss.clients ?? []) if (other !== one) other.send("joined");
});
wss.on("error", (error) => error.message).on("close", () => {});
const closed: WebSocketServer = wss.close(() => {});
console.log(closed.closed, wss.path, wss.server === server, wss.options === options);
attach(server, "/c", (one, request) => one.send(request.path));
attach(server, "/d", { clientTracking: false }, (one) => one.close()).close();
