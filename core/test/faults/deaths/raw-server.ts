/** A server that knows TCP alone and does to each client what the path says. In: nothing. Out: its origin. */
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import * as net from "node:net";
import { deflatedFrame, deflate } from "../../hostile/deflated.ts";
import { acceptFor } from "../../node/client/raw-server.ts";
import { BINARY, closeFrame, frame, text } from "../../node/connection/frames.ts";

const UNMASKED = { mask: null } as const;

/** So much that it is inflated by another thread, during which its connection can end. */
const SLOW = deflatedFrame(BINARY, deflate(randomBytes(20_000)), UNMASKED);
const TOO_BIG = frame(BINARY, Buffer.alloc(2 << 20), UNMASKED).subarray(0, 20);

/** What the server does once it has agreed to be a WebSocket. */
const OPENED: Readonly<Record<string, (socket: net.Socket) => void>> = {
  "/resets": (socket) => void socket.resetAndDestroy(),
  "/ends": (socket) => void socket.end(),
  "/masks": (socket) => void socket.write(text("masked")),
  "/exceeds": (socket) => void socket.write(TOO_BIG),
  "/is-cut-off": (socket) => void socket.end(text("only the half of it", UNMASKED).subarray(0, 9)),
  "/is-silent"() {},
  "/inflates": (socket) => void socket.write(SLOW, () => socket.resetAndDestroy()),
  "/closes-and-resets": (socket) => void socket.write(closeFrame(4001, "", UNMASKED), () => socket.resetAndDestroy()),
  "/does-not-read"(socket) {
    socket.pause();
    setTimeout(() => socket.resetAndDestroy(), 20);
  },
};

/** What it answers instead. */
const OTHERS: Readonly<Record<string, (socket: net.Socket) => void>> = {
  "/refuses": (socket) => void socket.end("HTTP/1.1 500 No\r\nContent-Length: 2\r\n\r\nno"),
  "/talks-nonsense": (socket) => void socket.end("nonsense\r\n\r\n"),
  "/resets-at-once": (socket) => void socket.resetAndDestroy(),
  "/ends-at-once": (socket) => void socket.end(),
  "/answers-half": (socket) => void socket.write("HTTP/1.1 101 Swit", () => socket.resetAndDestroy()),
  "/accepts-wrongly": (socket) => void socket.write(response("not the key")),
  "/never-answers"() {},
  "/redirects": (socket) => void socket.end("HTTP/1.1 302 Found\r\nLocation: /refuses\r\nContent-Length: 0\r\n\r\n"),
};

function response(key: string, extra = ""): string {
  const fields = `Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${acceptFor(key)}\r\n${extra}`;
  return `HTTP/1.1 101 Switching Protocols\r\n${fields}\r\n`;
}

function answer(socket: net.Socket, head: string): void {
  const path = /^GET (\S+) /.exec(head)?.[1] ?? "";
  const other = OTHERS[path];
  if (other !== undefined) {
    other(socket);
    return;
  }
  const key = /^sec-websocket-key: (.*)\r$/im.exec(head)?.[1] ?? "";
  socket.write(response(key, "Sec-WebSocket-Extensions: permessage-deflate\r\n"), () => OPENED[path]?.(socket));
}

export async function startRawServer(): Promise<string> {
  const server = net.createServer((socket) => {
    socket.on("error", () => {});
    socket.once("data", (bytes) => answer(socket, bytes.toString("latin1")));
    // What follows is read and forgotten
    socket.once("data", () => socket.resume());
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  return `ws://127.0.0.1:${(server.address() as net.AddressInfo).port}`;
}
