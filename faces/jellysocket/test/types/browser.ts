/** Compiled by package.test.ts, not run: the class of browsers, which needs no types of Node. */
import JellySocket from "@polysocket/jellysocket/browser";

class Chat extends JellySocket<{ message: [data: Uint8Array] }> {
  override get protocol(): string {
    return "chat-1.0";
  }
  constructor(uri: string) {
    super(uri);
    this.on("_message", (data) => this.emit("message", data));
  }
}

const chat = new Chat("ws://localhost").on("message", (data) => data.byteLength).once("connect", () => {});
chat.on("disconnect", (error) => error?.code === 4000 && error.message.toUpperCase());
chat._send(new Uint8Array(1)).disconnect(new Error(String(chat.connected && chat.bufferedAmount)));
const any = new (class extends JellySocket {})("ws://localhost");
any.on("anything", (first: string) => first.length).removeAllListeners();
// @ts-expect-error
chat.on("mesage", () => {});
// @ts-expect-error
chat._send("text");
// @ts-expect-error
JellySocket.Application;
