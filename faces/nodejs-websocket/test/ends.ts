/** Servers and clients of the face, and what they are given by events. */
import { once } from "node:events";
import * as net from "node:net";
import type { AddressInfo } from "node:net";
import type { Readable } from "node:stream";
import type { TestContext } from "node:test";
import ws, {
  type Connection,
  type ConnectOptions,
  type Server,
  type ServerOptions,
} from "@polysocket/nodejs-websocket";
import { RawPeer } from "./raw-peer.ts";

export function portOf(server: { address(): AddressInfo | string | null }): number {
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the server does not listen on a port");
  return address.port;
}

/** A server that listens, until the test's end. */
export async function serve(
  context: TestContext,
  options: ServerOptions = {},
): Promise<{ server: Server; port: number }> {
  const server = ws.createServer(options);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  context.after(() => {
    for (const connection of [...server.connections]) connection.socket.destroy();
    server.close();
  });
  return { server, port: portOf(server.socket) };
}

/** A connection of a server with a raw client. */
export async function serverEnd(
  context: TestContext,
  options: ServerOptions = {},
): Promise<{ server: Server; connection: Connection; peer: RawPeer }> {
  const { server, port } = await serve(context, options);
  const met = next(server, "connection");
  const peer = await RawPeer.open(port);
  context.after(() => peer.socket.destroy());
  const [connection] = (await met) as [Connection];
  return { server, connection, peer };
}

/** A client and the raw server that it dials; the handshake is not answered yet. */
export async function dialing(
  context: TestContext,
  options: ConnectOptions = {},
  path = "/",
): Promise<{ connection: Connection; peer: RawPeer }> {
  const server = net.createServer({ allowHalfOpen: true }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const accepted = once(server, "connection");
  const connection = ws.connect(`ws://127.0.0.1:${portOf(server)}${path}`, options);
  const [socket] = (await accepted) as [net.Socket];
  const peer = new RawPeer(socket);
  context.after(() => {
    connection.socket.destroy();
    socket.destroy();
    server.close();
  });
  return { connection, peer };
}

/** A client that is open, with a raw server. */
export async function clientEnd(
  context: TestContext,
  options: ConnectOptions = {},
): Promise<{ connection: Connection; peer: RawPeer }> {
  const ends = await dialing(context, options);
  const connected = next(ends.connection, "connect");
  await ends.peer.answer();
  await connected;
  return ends;
}

/** An event's arguments; an `error` meanwhile is no failure. */
export function next(emitter: NodeJS.EventEmitter, event: string): Promise<unknown[]> {
  return new Promise((resolve) => emitter.once(event, (...values: unknown[]) => resolve(values)));
}

/** All that these events say, as it comes. */
export function record(emitter: NodeJS.EventEmitter, ...events: string[]): unknown[][] {
  const seen: unknown[][] = [];
  for (const event of events) emitter.on(event, (...values: unknown[]) => seen.push([event, ...values]));
  return seen;
}

export async function contentOf(stream: Readable): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks);
}

export async function turns(count = 5): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve));
}
