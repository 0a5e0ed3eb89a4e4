import type { TestContext } from "node:test";
import type { ServeOptions } from "../../../src/node/server/options.ts";
import { type Server, serve } from "../../../src/node/server/serve.ts";
import type { CloseEvent } from "../../../src/node/web-socket/close-event.ts";
import { WebSocket } from "../../../src/node/web-socket/web-socket.ts";
import { type RawPeer, RawServer } from "../client/raw-server.ts";
import { CLOSE, frame, type FrameFields, TEXT } from "../connection/frames.ts";
import { Journal } from "../connection/journal.ts";

/** An event, and the socket's state when it came. */
export type Seen = readonly [type: string, readyState: number, detail?: unknown];

export interface Listening {
  readonly socket: WebSocket;
  /** `open`, `message` with the data, `error`, and `close` with [code, reason, wasClean]. */
  readonly journal: Journal<Seen>;
}

/** Make a WebSocket and write down its events. It ends with the test. */
export function listen(t: TestContext, url: string | URL, protocols?: string | string[]): Listening {
  const socket = protocols === undefined ? new WebSocket(url) : new WebSocket(url, protocols);
  t.after(() => socket.close());
  return { socket, journal: record(socket) };
}

/** Write down a WebSocket's events. */
export function record(socket: WebSocket): Journal<Seen> {
  const journal = new Journal<Seen>();
  socket.addEventListener("open", () => journal.add(["open", socket.readyState]));
  socket.addEventListener("message", ({ data }) => journal.add(["message", socket.readyState, data]));
  socket.addEventListener("error", () => journal.add(["error", socket.readyState]));
  socket.addEventListener("close", (event) => journal.add(["close", socket.readyState, endingOf(event)]));
  return journal;
}

function endingOf({ code, reason, wasClean }: CloseEvent): unknown {
  return [code, reason, wasClean];
}

/** What is seen of every connection that failed, whatever the cause. */
export const FAILED: readonly Seen[] = [
  ["error", 3],
  ["close", 3, [1006, "", false]],
];

/** A server that sends back what it receives. */
export async function echo(t: TestContext, options: ServeOptions = {}): Promise<Server> {
  const server = await serve({
    host: "127.0.0.1",
    port: 0,
    limits: { maxMessageBytes: 16 << 20 },
    message: (connection, message) => void connection.send(message),
    ...options,
  });
  t.after(() => server.close({ timeoutMs: 0 }));
  return server;
}

export interface OverRaw extends Listening {
  readonly peer: RawPeer;
}

/** A WebSocket that is open, with a server that says what the test says.
 * @param early what the server sends together with its response */
export async function openRaw(t: TestContext, ...early: Uint8Array[]): Promise<OverRaw> {
  const server = await RawServer.listen(t);
  const listening = listen(t, server.url());
  const peer = await server.next();
  await peer.accept({}, ...early);
  await listening.journal.next();
  return { ...listening, peer };
}

/** The same with a server that has agreed to compress without context takeover. */
export async function openDeflating(t: TestContext): Promise<OverRaw> {
  const agreed = "permessage-deflate; server_no_context_takeover; client_no_context_takeover";
  const server = await RawServer.listen(t);
  const listening = listen(t, server.url());
  const peer = await server.next();
  await peer.accept({ "Sec-WebSocket-Extensions": agreed });
  await listening.journal.next();
  return { ...listening, peer };
}

/** Close an open WebSocket, and check it while it is closing and when it is closed. */
export async function checkOnceClosing(
  { socket, peer, journal }: OverRaw,
  check: (socket: WebSocket) => void,
): Promise<void> {
  socket.close();
  check(socket);
  peer.write(serverFrame(CLOSE));
  peer.end();
  await journal.next();
  check(socket);
}

/** A frame as servers send it. */
export function serverFrame(opcode: number, payload: string | Uint8Array = "", fields: FrameFields = {}): Buffer {
  return frame(opcode, payload, { mask: null, ...fields });
}

export function serverText(payload: string): Buffer {
  return serverFrame(TEXT, payload);
}

/** A check for assert.throws. */
export function domException(name: string): (error: unknown) => boolean {
  return (error) => error instanceof DOMException && error.name === name;
}

/** Resolves in the next task, when those that are queued now have run. */
export function nextTask(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** Resolves when something has become true, looking once a task. */
export async function until(isTrue: () => boolean): Promise<void> {
  while (!isTrue()) await nextTask();
}
