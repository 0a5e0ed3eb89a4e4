/** Compiled by package.test.ts, not run: each line that says so has to be an error. */
import { createServer } from "node:http";
import WebSocket from "@polysocket/jadsonlucena-websocket";
declare const webSocket: WebSocket;
// @ts-expect-error
new WebSocket();
// @ts-expect-error
new WebSocket("localhost");
// @ts-expect-error
new WebSocket(createServer(), null);
// @ts-expect-error
new WebSocket(createServer(), { encoding: "latin1" });
// @ts-expect-error
webSocket.on("opened", () => {});
// @ts-expect-error
webSocket.on("/chat", (clientId: number) => clientId);
// @ts-expect-error
webSocket.on("close", (_clientId, { reason }) => reason);
// @ts-expect-error
webSocket.send("id");
// @ts-expect-error
webSocket.send("id", 5);
// @ts-expect-error
webSocket.clients = [];
// @ts-expect-error
webSocket.allowOrigin = [1];
// @ts-expect-error
webSocket.setEncoding("id", "UTF8");
