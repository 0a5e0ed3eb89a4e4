/** Compiled by package.test.ts, not run: each line that says so has to be an error. */
import { createServer } from "node:http";
import * as ws from "@polysocket/jsh-ws";
import { attach } from "@polysocket/jsh-ws/attach";

const server = createServer();
declare const socket: ws.WebSocket;
// @ts-expect-error
new ws.WebSocket();
// @ts-expect-error
new ws.WebSocket(new URL("ws://localhost"));
// @ts-expect-error
new ws.WebSocket("ws://localhost", [5]);
// @ts-expect-error
new ws.WebSocket("ws://localhost", null, { timeout: 5 });
// @ts-expect-error
socket.send(5);
// @ts-expect-error
socket.close(1000);
// @ts-expect-error
socket.readyState = 1;
// @ts-expect-error
socket.on("message", (text: string) => text);
// @ts-expect-error
socket.on("ping", () => {});
// @ts-expect-error
socket.onopen = () => {};
// @ts-expect-error
new ws.WebSocketServer();
// @ts-expect-error
new ws.WebSocketServer({ path: "/" });
// @ts-expect-error
new ws.WebSocketServer({ server, verifyClient: async () => true });
// @ts-expect-error
new ws.WebSocketServer({ server, handleProtocols: async () => "a" });
// @ts-expect-error
new ws.WebSocketServer({ server }).clients.size;
// @ts-expect-error
ws.Server;
// @ts-expect-error
attach(server, "/", {});
