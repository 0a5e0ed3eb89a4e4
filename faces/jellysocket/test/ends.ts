/** Both ends of a connection, and what they tell. */
import { once } from "node:events";
import * as http from "node:http";
import * as net from "node:net";
import type { TestContext } from "node:test";
import JellySocket from "@polysocket/jellysocket";
import { RawPeer, request } from "./raw-peer.ts";

export class Plain extends JellySocket {
  override get protocol(): string {
    return "plain-1.0";
  }
}

export type App = JellySocket.Application<Plain>;

export function portOf(server: net.Server): number {
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the server does not listen on a port");
  return address.port;
}

export interface Served {
  readonly server: http.Server;
  readonly app: App;
  readonly port: number;
  readonly url: string;
  /** Node's, of all who have connected. */
  readonly sockets: ReadonlySet<net.Socket>;
}

/** An application that listens until the test's end. */
export async function serve(
  context: TestContext,
  options: JellySocket.ApplicationOptions = {},
  Class: JellySocket.SocketClass<Plain> = Plain,
): Promise<Served> {
  const server = http.createServer();
  const sockets = new Set<net.Socket>();
  server.on("connection", (socket) => sockets.add(socket));
  const app = new JellySocket.Application(server, Class, options);
  await listen(server);
  context.after(() => {
    // Within the test, because it stops the application's timer: a mocked one of the next test may not be mistaken for it
    app.disconnect();
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const port = portOf(server);
  return { server, app, port, url: `ws://127.0.0.1:${port}`, sockets };
}

export async function listen(server: net.Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return portOf(server);
}

/** Two sockets of ours that are connected. */
export async function pair(
  context: TestContext,
  options: JellySocket.ApplicationOptions = {},
): Promise<Served & { client: Plain; socket: Plain }> {
  const served = await serve(context, options);
  const client = new Plain(served.url);
  const [socket] = await Promise.all([connectionOf(served.app), once(client, "connect")]);
  return { ...served, client, socket };
}

/** A socket of the application's with a raw client. */
export async function serverEnd(
  context: TestContext,
  options: JellySocket.ApplicationOptions = {},
): Promise<Served & { socket: Plain; peer: RawPeer }> {
  const served = await serve(context, options);
  const met = connectionOf(served.app);
  const peer = await RawPeer.dial(served.port, request());
  context.after(() => peer.socket.destroy());
  await peer.head();
  return { ...served, socket: await met, peer };
}

/** A client, and the raw server that it dials and that has not answered yet. */
export async function dialing(
  context: TestContext,
  options?: JellySocket.ClientOptions,
): Promise<{ client: Plain; peer: RawPeer }> {
  const server = net.createServer({ allowHalfOpen: true });
  const port = await listen(server);
  const client = new Plain(`ws://127.0.0.1:${port}`, options);
  const [socket]: net.Socket[] = await once(server, "connection");
  if (socket === undefined) throw new Error("no socket");
  context.after(() => {
    client.disconnect();
    socket.destroy();
    server.close();
  });
  return { client, peer: new RawPeer(socket) };
}

/** A client that is connected to a raw server. */
export async function clientEnd(context: TestContext): Promise<{ client: Plain; peer: RawPeer }> {
  const ends = await dialing(context);
  const connected = once(ends.client, "connect");
  await ends.peer.answer("plain-1.0");
  await connected;
  return ends;
}

export async function connectionOf(app: App): Promise<Plain> {
  return new Promise((resolve) => app.once("connection", resolve));
}

/** The error of `disconnect`, when that comes. */
export function disconnected(socket: JellySocket): Promise<(Error & { readonly code?: unknown }) | null> {
  return new Promise((resolve) => socket.once("disconnect", resolve));
}

export function messageOf(socket: JellySocket): Promise<Buffer> {
  return new Promise((resolve) => socket.once("_message", resolve));
}

/** All that these events say, as it comes. */
export function record(emitter: NodeJS.EventEmitter, ...events: string[]): unknown[][] {
  const seen: unknown[][] = [];
  for (const event of events) emitter.on(event, (...values: unknown[]) => seen.push([event, ...values]));
  return seen;
}

export async function turns(count = 5): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve));
}

/** Until something has arrived on each of these sockets since this was called. */
export async function arrivals(sockets: Iterable<net.Socket>): Promise<void> {
  const before = new Map([...sockets].map((socket) => [socket, socket.bytesRead]));
  while ([...before].some(([socket, bytes]) => socket.bytesRead === bytes)) {
    for (const socket of before.keys()) if (socket.destroyed) throw new Error("a socket was destroyed meanwhile");
    await turns(1);
  }
}
