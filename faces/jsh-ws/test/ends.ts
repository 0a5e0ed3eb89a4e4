/** Servers and clients of the face, each with a peer that is not. */
import { once } from "node:events";
import * as http from "node:http";
import * as net from "node:net";
import type { TestContext } from "node:test";
import {
  type AddedClientOptions,
  type HelperRequest,
  WebSocket,
  WebSocketServer,
  type WebSocketServerOptions,
} from "@polysocket/jsh-ws";
import { RawPeer, request } from "./raw-peer.ts";

type Options = Omit<WebSocketServerOptions, "server">;

/** Listen until the test's end, when all sockets are cut off. */
export async function listen(context: TestContext, server: net.Server): Promise<number> {
  const sockets = new Set<net.Socket>();
  server.on("connection", (socket: net.Socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  context.after(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the server does not listen on a port");
  return address.port;
}

export interface Served {
  readonly wss: WebSocketServer;
  readonly server: http.Server;
  readonly port: number;
}

export async function serve(context: TestContext, options: Options = {}): Promise<Served> {
  const server = http.createServer();
  const port = await listen(context, server);
  return { wss: new WebSocketServer({ server, ...options }), server, port };
}

/** What a raw client of this server is answered. */
export async function answerTo(port: number, asked: string): Promise<{ status: number; head: string; body: string }> {
  const peer = await RawPeer.dial(port);
  peer.write(asked);
  return peer.answer();
}

/** A raw client that is open. */
export async function rawClient(
  context: TestContext,
  port: number,
  asked: string | Buffer = request("/"),
): Promise<RawPeer> {
  const peer = await RawPeer.dial(port);
  context.after(() => peer.socket.destroy());
  peer.write(asked);
  await peer.head();
  return peer;
}

export interface ServerEnd extends Served {
  readonly socket: WebSocket;
  readonly request: HelperRequest;
  readonly peer: RawPeer;
}

/** A server's socket with a raw client. */
export async function serverEnd(context: TestContext, options: Options = {}): Promise<ServerEnd> {
  const served = await serve(context, options);
  const met = next(served.wss, "connection");
  const peer = await rawClient(context, served.port, request(options.path ?? "/"));
  const [socket, request_] = (await met) as [WebSocket, HelperRequest];
  return { ...served, socket, request: request_, peer };
}

/** A client that dials, and the raw server that has not answered yet. */
export async function dialing(
  context: TestContext,
  protocols?: string | readonly string[] | null,
  options?: AddedClientOptions,
): Promise<{ socket: WebSocket; peer: RawPeer }> {
  const server = net.createServer({ allowHalfOpen: true });
  const port = await listen(context, server);
  const accepted = once(server, "connection");
  const socket = new WebSocket(`ws://127.0.0.1:${port}/chat?x=1`, protocols, options);
  const [raw] = (await accepted) as [net.Socket];
  return { socket, peer: new RawPeer(raw) };
}

/** A client that is open, with a raw server. */
export async function clientEnd(
  context: TestContext,
  options?: AddedClientOptions,
): Promise<{ socket: WebSocket; peer: RawPeer }> {
  const ends = await dialing(context, null, options);
  const opened = next(ends.socket, "open");
  await ends.peer.welcome();
  await opened;
  return ends;
}

/** An event's arguments; an `error` meanwhile is no failure. */
export function next(emitter: NodeJS.EventEmitter, event: string): Promise<unknown[]> {
  return new Promise((resolve) => emitter.once(event, (...values: unknown[]) => resolve(values)));
}

/** All that these events say, as it comes; errors by their message. */
export function record(emitter: NodeJS.EventEmitter, ...events: string[]): unknown[][] {
  const seen: unknown[][] = [];
  for (const event of events) {
    emitter.on(event, (...values: unknown[]) => {
      seen.push([event, ...values.map((value) => (value instanceof Error ? value.message : value))]);
    });
  }
  return seen;
}

export async function turns(count = 5): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve));
}
