/** Compiled by package.test.ts, not run: every part of the API, as programs use it. */
import * as http from "node:http";
import * as https from "node:https";
import * as util from "node:util";
import JellySocket, { Application } from "@polysocket/jellysocket";

class Chat extends JellySocket<{ message: [text: string]; typing: [] }> {
  override get protocol(): string {
    return "chat-1.0";
  }
  constructor(uri?: string, options?: JellySocket.ClientOptions) {
    super(uri, options);
    this.on("_message", (data) => this.emit("message", data.toString("utf8")));
    this.on("disconnect", (error) => this.removeAllListeners(error?.code === 4000 ? "message" : undefined));
  }
  say(text: string): this {
    return this._send(Buffer.from(text));
  }
}

class Plain extends JellySocket {}
Plain.prototype.protocol = "plain-1.0";

const chat = new Chat("ws://localhost", {
  headers: { Cookie: "a=b" },
  rejectUnauthorized: false,
  agent: false,
  ca: "x",
});
chat
  .say("hi")
  .on("message", (text) => text.toUpperCase())
  .once("connect", () => chat.disconnect(new Error("bye")).connected)
  .off("typing", () => {})
  .disconnect(null);
const amount: number = chat.bufferedAmount;
const plain = new Plain("wss://localhost");
plain.on("anything", (first: string) => first).on("_message", (data) => data.readUInt8(0));
plain.emit("anything", amount);

function Old(this: JellySocket, uri?: string): void {
  JellySocket.call(this, uri);
}
util.inherits(Old, JellySocket);

const server = http.createServer();
const app = Application(server, Chat, { path: "/chat", heartbeat: 30, maxMissedHeartbeats: 5 });
app.on("connection", (socket, request) => socket.say(request.url ?? ""));
app.on("vacant", () => app.server.close());
for (const client of new Set(app.lock().clients)) client.say("bye");
app.unlock().disconnect(new Error("over"));
const secure: JellySocket.Application<Plain> = new JellySocket.Application(https.createServer(), Plain, {
  verifyClient: ({ origin, secure: isTls, req }) => origin === "a" && isTls && req.method === "GET",
  perMessageDeflate: { threshold: 10 },
  maxPayload: 5,
});
new Application(server, Plain, {
  verifyClient(info, answer) {
    setTimeout(() => answer(false, 403, `not ${info.origin}`), 5);
  },
});
server.on("upgrade", Application.upgradeNotFound);
const isLocked: boolean = secure.isLocked;
void isLocked;
