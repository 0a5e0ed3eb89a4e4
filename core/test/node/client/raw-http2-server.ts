import { once } from "node:events";
import * as http2 from "node:http2";
import * as net from "node:net";
import type { AddressInfo, Socket } from "node:net";
import type { TestContext } from "node:test";
import { testCertificate } from "../server/test-certificate.ts";
import { switching } from "./raw-server.ts";

/** What a test lets the server do with a request. */
export type OnStream = (stream: http2.ServerHttp2Stream, headers: http2.IncomingHttpHeaders) => void;

/** Opens a WebSocket that nobody reads. */
export const accept: OnStream = (stream) => stream.respond({ ":status": 200 });

/** A server that does with each stream what the test says: over prior knowledge, or over TLS, where it accepts WebSockets over
 * HTTP/1.1, too. */
export class RawHttp2Server {
  readonly url: string;
  /** All that were ever accepted. */
  readonly sockets: Socket[] = [];
  readonly sessions: http2.ServerHttp2Session[] = [];
  /** The targets of what was asked for over HTTP/1.1. */
  readonly upgrades: string[] = [];

  static async start(
    t: TestContext,
    onStream: OnStream,
    settings: http2.Settings = {},
    kind: "tcp" | "tls" = "tcp",
  ): Promise<RawHttp2Server> {
    const options = { settings: { enableConnectProtocol: true, ...settings } };
    const server =
      kind === "tcp"
        ? http2.createServer(options)
        : http2.createSecureServer({ ...testCertificate, ...options, allowHTTP1: true });
    const scheme = kind === "tcp" ? "ws" : "wss";
    const raw = new RawHttp2Server(server, `${scheme}://127.0.0.1:${await listen(server)}/`);
    server.on("stream", (stream: http2.ServerHttp2Stream, headers: http2.IncomingHttpHeaders) => {
      stream.on("error", () => undefined);
      onStream(stream, headers);
    });
    t.after(() => {
      for (const socket of raw.sockets) socket.destroy();
      server.close();
    });
    return raw;
  }

  private constructor(server: http2.Http2Server | http2.Http2SecureServer, url: string) {
    this.url = url;
    server.on("connection", (socket: Socket) => {
      socket.on("error", () => undefined);
      this.sockets.push(socket);
    });
    server.on("session", (session: http2.ServerHttp2Session) => {
      session.on("error", () => undefined);
      this.sessions.push(session);
    });
    server.on("upgrade", (request: http2.Http2ServerRequest, socket: Socket) => {
      this.upgrades.push(request.url);
      socket.write(switching(String(request.headers["sec-websocket-key"])));
    });
  }

  /** Resolves when the client has left all of them. */
  async allClosed(): Promise<void> {
    await Promise.all(this.sockets.map((socket) => socket.destroyed || once(socket, "close")));
  }
}

async function listen(server: http2.Http2Server | http2.Http2SecureServer): Promise<number> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return port;
}

/** A server that answers the first request with fields that Node's own refuses to send.
 * @param fields without `:status`, names and values of less than 127 bytes
 * @returns its URL */
export async function answerRaw(t: TestContext, fields: Readonly<Record<string, string>>): Promise<string> {
  const sockets: Socket[] = [];
  const server = net.createServer((socket) => {
    sockets.push(socket);
    socket.on("error", () => undefined);
    // SETTINGS_ENABLE_CONNECT_PROTOCOL (RFC 8441 §3)
    socket.write(rawFrame(0x4, 0, 0, Buffer.from([0, 8, 0, 0, 0, 1])));
    let received = Buffer.alloc(0);
    let isAnswered = false;
    socket.on("data", (bytes) => {
      received = Buffer.concat([received, bytes]);
      if (isAnswered || !hasHeaders(received)) return;
      isAnswered = true;
      const block = Buffer.concat([literal(":status", "200"), ...Object.entries(fields).map((one) => literal(...one))]);
      socket.write(Buffer.concat([rawFrame(0x4, 0x1, 0), rawFrame(0x1, 0x4, 1, block)]));
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return `ws://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}

/** @see RFC 9113 §4.1 */
function rawFrame(type: number, flags: number, streamId: number, payload: Uint8Array = new Uint8Array(0)): Buffer {
  const header = Buffer.from([0, 0, payload.length, type, flags, 0, 0, 0, streamId]);
  return Buffer.concat([header, payload]);
}

/** A field without indexing (RFC 7541 §6.2.2). */
function literal(name: string, value: string): Buffer {
  return Buffer.from(
    `\0${String.fromCharCode(name.length)}${name}${String.fromCharCode(value.length)}${value}`,
    "latin1",
  );
}

/** Whether a HEADERS frame is among the whole frames behind the 24 bytes of the preface (RFC 9113 §3.4). */
function hasHeaders(received: Buffer): boolean {
  for (let at = 24; at + 9 <= received.length; ) {
    const end = at + 9 + received.readUIntBE(at, 3);
    if (end > received.length) return false;
    if (received[at + 3] === 0x1) return true;
    at = end;
  }
  return false;
}
