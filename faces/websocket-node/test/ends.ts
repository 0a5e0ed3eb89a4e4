/** Ends of connections for the tests: the face's servers and clients, and raw peers that speak as they like. */
import { once } from "node:events";
import http from "node:http";
import net, { type AddressInfo, type Socket } from "node:net";
import type { TestContext } from "node:test";
import { frameBytes } from "polysocket";
import type { WebSocketClient } from "../src/client.ts";
import type { WebSocketConnection } from "../src/connection.ts";
import { client, server } from "../src/index.ts";
import type { GivenClientConfig, GivenServerConfig } from "../src/options.ts";
import type { WebSocketServer } from "../src/server.ts";

export const KEY = "dGhlIHNhbXBsZSBub25jZQ==";
const ACCEPT = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

export interface Served {
  ws: WebSocketServer;
  httpServer: http.Server;
  port: number;
  url: string;
}

/** Something that listens until the test ends. */
export async function listen<Server extends net.Server>(t: TestContext, listener: Server): Promise<number> {
  const sockets = new Set<Socket>();
  listener.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
  });
  listener.listen(0, "127.0.0.1");
  await once(listener, "listening");
  t.after(() => {
    listener.close();
    for (const socket of sockets) socket.destroy();
  });
  return (listener.address() as AddressInfo).port;
}

/** A server of the face. */
export async function serve(t: TestContext, config: Partial<GivenServerConfig> = {}): Promise<Served> {
  const httpServer = http.createServer();
  const port = await listen(t, httpServer);
  return { ws: new server({ ...config, httpServer }), httpServer, port, url: `ws://127.0.0.1:${port}/` };
}

/** A raw client. */
export interface RawClient {
  socket: Socket;
  /** Everything received so far. */
  received(): Buffer;
  /** Resolves when what was received has this in it. */
  until(wanted: string | Buffer): Promise<Buffer>;
  /** Resolves when the other end has ended. */
  ended: Promise<unknown>;
}

/** Watch a socket. */
export function watch(socket: Socket): RawClient {
  let bytes = Buffer.alloc(0);
  socket.on("error", () => {});
  socket.on("data", (chunk: Buffer) => {
    bytes = Buffer.concat([bytes, chunk]);
    socket.emit("more");
  });
  return {
    socket,
    received: () => bytes,
    async until(wanted) {
      while (!bytes.includes(wanted)) await once(socket, "more");
      return bytes;
    },
    ended: Promise.race([once(socket, "end"), once(socket, "close")]).catch(() => {}),
  };
}

/** A handshake as text; fields of other values, or undefined for none.  */
export function handshake(fields: Record<string, string | undefined> = {}): string {
  const all = {
    Host: "a.example",
    Upgrade: "websocket",
    Connection: "Upgrade",
    "Sec-WebSocket-Key": KEY,
    "Sec-WebSocket-Version": "13",
    ...fields,
  };
  const lines = Object.entries(all).flatMap(([name, value]) => (value === undefined ? [] : [`${name}: ${value}`]));
  return `GET / HTTP/1.1\r\n${lines.join("\r\n")}\r\n\r\n`;
}

/** Dial by hand. */
export async function rawClient(t: TestContext, port: number, sent: string | Buffer = handshake()): Promise<RawClient> {
  const socket = net.connect({ port, host: "127.0.0.1", allowHalfOpen: true });
  t.after(() => socket.destroy());
  const raw = watch(socket);
  await once(socket, "connect");
  socket.write(typeof sent === "string" ? Buffer.from(sent, "latin1") : sent);
  return raw;
}

/** A frame as a client sends it. */
export function masked(
  opcode: number,
  payload: string | Buffer = "",
  more: { fin?: boolean; rsv1?: boolean } = {},
): Buffer {
  return frame(opcode, payload, 0x01020304, more);
}

/** A frame as a server sends it. */
export function plain(
  opcode: number,
  payload: string | Buffer = "",
  more: { fin?: boolean; rsv1?: boolean } = {},
): Buffer {
  return frame(opcode, payload, undefined, more);
}

function frame(
  opcode: number,
  payload: string | Buffer,
  maskingKey: number | undefined,
  { fin = true, rsv1 = false }: { fin?: boolean; rsv1?: boolean },
): Buffer {
  return frameBytes({ fin, rsv1, rsv2: false, rsv3: false, opcode, maskingKey, payload: Buffer.from(payload) });
}

/** A raw server that answers each handshake with this text, "<accept>" being the right value. */
export async function rawServer(t: TestContext, answer: string, then?: (raw: RawClient) => void): Promise<string> {
  const listener = net.createServer({ allowHalfOpen: true }, async (socket) => {
    const raw = watch(socket);
    const key = /Sec-WebSocket-Key: (\S+)/i.exec((await raw.until("\r\n\r\n")).toString())?.[1] ?? "";
    const { createHash } = await import("node:crypto");
    const accept = createHash("sha1").update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest("base64");
    socket.write(answer.replace("<accept>", accept));
    then?.(raw);
  });
  return `ws://127.0.0.1:${await listen(t, listener)}/`;
}

export const SWITCHING =
  "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: <accept>\r\n\r\n";

/** A client of the face, and the connection that it gets. */
export async function dial(
  url: string,
  config?: GivenClientConfig,
  ...args: unknown[]
): Promise<{ dialer: WebSocketClient; connection: WebSocketConnection }> {
  const dialer = new client(config);
  const connected = once(dialer, "connect");
  dialer.on("connectFailed", (error) => dialer.emit("error", error));
  Reflect.apply(dialer.connect, dialer, [url, ...args]);
  const [connection] = await connected;
  return { dialer, connection };
}

/** The connection that a server accepts next. */
export async function accepted(ws: WebSocketServer): Promise<WebSocketConnection> {
  const [connection] = await once(ws, "connect");
  return connection;
}

export { ACCEPT };
