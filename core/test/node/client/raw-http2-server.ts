import { once } from "node:events";
import * as http2 from "node:http2";
import type { AddressInfo, Socket } from "node:net";
import type { TestContext } from "node:test";

/** What a test lets the server do with a request. */
export type OnStream = (stream: http2.ServerHttp2Stream, headers: http2.IncomingHttpHeaders) => void;

/** A server over prior knowledge that does with each stream what the test says. */
export class RawHttp2Server {
  readonly url: string;
  /** All that were ever accepted. */
  readonly sockets: Socket[] = [];
  readonly sessions: http2.ServerHttp2Session[] = [];

  static async start(t: TestContext, onStream: OnStream, settings: http2.Settings = {}): Promise<RawHttp2Server> {
    const server = http2.createServer({ settings: { enableConnectProtocol: true, ...settings } });
    const raw = new RawHttp2Server(server, await listen(server));
    server.on("stream", (stream, headers) => {
      stream.on("error", () => undefined);
      onStream(stream, headers);
    });
    t.after(() => {
      for (const socket of raw.sockets) socket.destroy();
      server.close();
    });
    return raw;
  }

  private constructor(server: http2.Http2Server, port: number) {
    this.url = `ws://127.0.0.1:${port}/`;
    server.on("connection", (socket: Socket) => this.sockets.push(socket));
    server.on("session", (session) => {
      session.on("error", () => undefined);
      this.sessions.push(session);
    });
  }
}

async function listen(server: http2.Http2Server): Promise<number> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return port;
}
