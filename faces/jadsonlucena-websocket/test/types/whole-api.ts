/** Compiled by package.test.ts, not run: every member with every kind of argument. */
import { createServer } from "node:http";
import { createSecureServer, createServer as createHttp2Server } from "node:http2";
import { createServer as createHttpsServer } from "node:https";
import WebSocket from "@polysocket/jadsonlucena-websocket";

const servers: WebSocket.Server[] = [createServer(), createHttpsServer(), createHttp2Server(), createSecureServer()];
for (const server of servers) new WebSocket(server);

const options: WebSocket.Options = {
  allowOrigin: ["https://example.com"],
  encoding: "hex",
  limitByIP: 1,
  maxPayload: 1,
  pingDelay: 1,
  pongTimeout: 1,
  sessionExpires: 1,
};
const webSocket = new WebSocket(createServer(), options);

webSocket.on("open", (clientId) => {
  const text: string = clientId;
  webSocket.send(text, "text");
});
webSocket.on("message", (clientId, data) => {
  const received: string | Buffer = data;
  const [sent, closed]: [boolean, boolean] = [webSocket.send(clientId, received), webSocket.close(clientId)];
  return [sent, closed];
});
webSocket.on("/chat", (clientId, data) => {
  for (const id of webSocket.clients) webSocket.send(id, [clientId, data].join());
});
const room: string = "blue";
webSocket.once(`/rooms/${room}`, (clientId: string, data: WebSocket.Data) => [clientId, data]);
webSocket.off("close", (clientId: string, { code, message }: WebSocket.CloseEvent) => [clientId, code, message]);
webSocket.on("error", (clientId, error) => [clientId, error.message]);

webSocket.allowOrigin = null;
webSocket.allowOrigin = "*";
webSocket.allowOrigin = ["a", "b"];
webSocket.allowOrigin = undefined;
const origins: string[] = webSocket.allowOrigin;
webSocket.encoding = "ucs2";
webSocket.encoding = undefined;
webSocket.limitByIP = 0;
webSocket.maxPayload = undefined;
webSocket.pingDelay = webSocket.pongTimeout + webSocket.sessionExpires;

const [id = ""] = webSocket.clients;
webSocket.send(id, "6869", "hex");
for (const data of [
  Buffer.from("a"),
  new Uint16Array(1),
  new DataView(new ArrayBuffer(1)),
  new ArrayBuffer(1),
  [1, 2],
]) {
  webSocket.send(id, data);
}
const answers: boolean[] = [
  webSocket.ping(id),
  webSocket.ping(id, 100),
  webSocket.isPaused(id),
  webSocket.pause(id),
  webSocket.resume(id),
  webSocket.setEncoding(id),
  webSocket.setEncoding(id, "base64"),
  webSocket.setKeepAlive(id),
  webSocket.setKeepAlive(id, true, 100),
  webSocket.setNoDelay(id),
  webSocket.setNoDelay(id, false),
];
const bytes: number = webSocket.bytesRead(id) + webSocket.bytesWritten(id);
const path: string = webSocket.url(id).pathname;
const isOpen: boolean = webSocket.readyState(id) === "open";
export { answers, bytes, isOpen, origins, path };
