/** Compiled by package.test.ts, not run: each line that says so has to be an error. */
import ws, { type Connection, type Server } from "@polysocket/nodejs-websocket";
declare const connection: Connection;
declare const server: Server;
// @ts-expect-error
connection.on("text", (text: number) => text);
// @ts-expect-error
connection.on("texts", () => {});
// @ts-expect-error
connection.sendText(5);
// @ts-expect-error
connection.send({ a: 1 });
// @ts-expect-error
connection.readyState = 1;
// @ts-expect-error
server.on("connection", (other: string) => other);
// @ts-expect-error
ws.createServer({ secure: "yes" });
// @ts-expect-error
ws.connect("ws://localhost", { protocols: "a" });
