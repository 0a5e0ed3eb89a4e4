/** Compiled by package.test.ts, not run: each line that says so has to be an error. */
import * as http from "node:http";
import JellySocket from "@polysocket/jellysocket";

class Chat extends JellySocket<{ message: [text: string] }> {
  override get protocol(): string {
    return "chat-1.0";
  }
}
class Late extends JellySocket {
  // @ts-expect-error
  override protocol = "too-late";
}
declare const chat: Chat;
// @ts-expect-error
chat._send("text");
// @ts-expect-error
chat.disconnect("text");
// @ts-expect-error
chat.on("_message", (text: string) => text);
// @ts-expect-error
chat.on("message", (text: number) => text);
// @ts-expect-error
chat.on("mesage", () => {});
// @ts-expect-error
chat.connected = true;
// @ts-expect-error
new Chat(5);
// @ts-expect-error
new Chat("ws://localhost", { handshakeTimeout: "5" });
// @ts-expect-error
JellySocket.Application(http.createServer(), class {});
// @ts-expect-error
JellySocket.Application(http.createServer(), Chat, { heartbeat: "5" });
// @ts-expect-error
JellySocket.Application(http.createServer(), Chat).on("connection", (other: string) => other);
// @ts-expect-error
JellySocket.Application(http.createServer(), Chat).clients.add(chat);
void Late;
// @ts-expect-error
JellySocket.Application(http.createServer(), Chat, { verifyClient: async () => true });
