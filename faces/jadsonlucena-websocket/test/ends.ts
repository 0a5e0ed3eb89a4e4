/** Servers with an instance of the face, and what is told by its events. */
import { EventEmitter, once } from "node:events";
import * as http from "node:http";
import type { AddressInfo } from "node:net";
import type { TestContext } from "node:test";
import WebSocket from "@polysocket/jadsonlucena-websocket";
import { RawPeer } from "./raw-peer.ts";

type Fields = Readonly<Record<string, string | undefined>>;

export const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

export function portOf(server: WebSocket.Server): number {
  const address = server.address() as AddressInfo | null;
  if (address === null) throw new Error("the server does not listen");
  return address.port;
}

/** Let a server listen until the test's end, and put an instance on it. */
export async function serveOn(
  context: TestContext,
  server: WebSocket.Server,
  options?: WebSocket.Options,
): Promise<{ webSocket: WebSocket; server: WebSocket.Server; port: number }> {
  const webSocket = new WebSocket(server, options);
  // Some tests have nobody else who listens
  webSocket.on("error", () => {});
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  context.after(() => server.close());
  return { webSocket, server, port: portOf(server) };
}

export function serve(
  context: TestContext,
  options?: WebSocket.Options,
): Promise<{ webSocket: WebSocket; server: WebSocket.Server; port: number }> {
  return serveOn(context, http.createServer(), options);
}

/** A raw client that is open, until the test's end. */
export async function join(
  context: TestContext,
  { webSocket, port }: { webSocket: WebSocket; port: number },
  fields: Fields = {},
  target = "/",
): Promise<{ peer: RawPeer; id: string }> {
  const opened = next(webSocket, "open");
  const peer = await RawPeer.open(port, fields, target);
  context.after(() => peer.socket.destroy());
  const [id] = (await opened) as [string];
  return { peer, id };
}

/** An instance with one raw client. */
export async function pair(
  context: TestContext,
  options?: WebSocket.Options,
): Promise<{ webSocket: WebSocket; port: number; peer: RawPeer; id: string }> {
  const ends = await serve(context, options);
  return { ...ends, ...(await join(context, ends)) };
}

/** The status line of the answer to a request, and its fields. */
export async function answerTo(context: TestContext, port: number, text: string): Promise<string[]> {
  const peer = await RawPeer.dial(port, text);
  context.after(() => peer.socket.destroy());
  return await peer.head();
}

export function fieldOf(head: readonly string[], name: string): string | undefined {
  return head.find((line) => line.toLowerCase().startsWith(`${name.toLowerCase()}: `))?.slice(name.length + 2);
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

export async function turns(count = 5): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve));
}

/** Wait until something is so. */
export async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((resolve) => setTimeout(resolve, 2));
}

/** Errors that nobody has caught, instead of the runner's getting them, until the test's end.
 * @returns the next one */
export function catchUncaught(context: TestContext): () => Promise<Error> {
  const seen = new EventEmitter();
  const before = process.listeners("uncaughtException");
  process.removeAllListeners("uncaughtException");
  process.on("uncaughtException", (error) => seen.emit("one", error));
  context.after(() => {
    process.removeAllListeners("uncaughtException");
    for (const listener of before) process.on("uncaughtException", listener);
  });
  return async () => {
    const [error] = await once(seen, "one");
    return error;
  };
}
