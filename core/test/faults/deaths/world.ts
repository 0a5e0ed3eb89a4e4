/**
 * Where connections die: servers of ours whose paths say what their applications do, and what else clients may dial.
 * In: nothing. Out: URLs, and what the servers still know of their connections.
 */
import { once } from "node:events";
import * as http2 from "node:http2";
import type { AddressInfo } from "node:net";
import { Readable } from "node:stream";
import type {
  AttachOptions,
  Connection,
  HandshakeRequest,
  RouteHandlers,
  Server,
  ServeOptions,
  ServerStats,
} from "../../../src/node/index.ts";
import { attach, serve } from "../../../src/node/index.ts";
import { startRawServer } from "./raw-server.ts";

/** More than the system takes for one socket. */
const MUCH = Buffer.alloc(6 << 20, 7);

/** How many die in one way, and in one that costs much time or memory. */
export const USUAL = 20;
export const SELDOM = 1;

/** One way to die. */
export interface Death {
  readonly name: string;
  /** How many die so, beside the others. */
  readonly share: number;
  /** Let one connection live and die.
   * @returns resolves when the end that it has of it knows */
  die(world: World): Promise<unknown>;
}

export function seldom(death: Death): Death {
  return { ...death, share: SELDOM };
}

/** A server, for those who count what it knows. */
export interface Counted {
  readonly connections: { readonly size: number };
  stats(): ServerStats;
  subscriberCount(topic: string): number;
}

export interface World {
  /** Without the path, and so are the others. Its limits are the usual ones. */
  readonly patient: string;
  /** Everything has to happen at once there. */
  readonly hasty: string;
  /** Over HTTP/2, without TLS. */
  readonly http2: string;
  /** A client's connection to it, for all who share one: it is there before the first count and after the last. */
  readonly session: http2.ClientHttp2Session;
  /** TCP servers that do as the path says, and no more. */
  readonly raw: string;
  /** Nobody listens there. */
  readonly nobody: string;
  readonly servers: readonly Counted[];
}

function ignore(): void {}

/** Wait until nobody waits any more, as an application's query does. */
function untilAborted({ signal }: HandshakeRequest): Promise<never> {
  return new Promise((_resolve, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
}

async function iterate(connection: Connection): Promise<void> {
  for await (const message of connection) connection.send(message);
}

const echo = (connection: Connection, message: string | Uint8Array): void => void connection.send(message);

const ROUTES: Readonly<Record<string, RouteHandlers>> = {
  "/echo": { message: echo },
  "/closes": { open: (connection) => connection.close(4001), message: ignore },
  "/fails": { open: (connection) => connection.fail(1011), message: ignore },
  "/terminates": {
    open(connection) {
      // Later than the response, or nobody is there who could learn of it
      setImmediate(() => connection.terminate());
    },
    message: ignore,
  },
  "/throws": {
    message() {
      throw new Error("of the application's own");
    },
  },
  "/iterates": { open: iterate },
  "/paused": {
    open(connection) {
      connection.pause();
      setTimeout(() => connection.resume(), 10);
    },
    message: ignore,
  },
  "/paused-and-terminated": {
    open(connection) {
      connection.pause();
      setTimeout(() => connection.terminate(), 10);
    },
    message: ignore,
  },
  "/floods": {
    open(connection) {
      connection.send(MUCH);
      void connection.flush();
      connection.flush(ignore);
      void connection.ping().catch(ignore);
    },
    message: ignore,
  },
  "/overflows": {
    open(connection) {
      for (let left = 12; left > 0; left--) connection.send(MUCH.subarray(0, 1 << 20));
    },
    message: ignore,
  },
  "/pings": {
    open(connection) {
      for (let left = 3; left > 0; left--) void connection.ping().catch(ignore);
      void connection.ping("timed", { timeoutMs: 60_000 }).catch(ignore);
    },
    message: ignore,
  },
  "/streams": {
    open(connection) {
      const writer = connection.beginMessage("binary");
      writer.write(Buffer.alloc(1_000));
      void writer.writable();
      connection.send("behind it");
      void connection.flush();
    },
    message: ignore,
  },
  "/reads": { open: (connection) => void connection.send(new Readable({ read: ignore })), message: ignore },
  "/topic": {
    open(connection) {
      connection.subscribe("news");
      connection.publish("news", "another one");
    },
    message: ignore,
  },
  "/pending": { upgrade: untilAborted },
  "/forgotten": { upgrade: () => new Promise<never>(ignore) },
  "/refuses": { upgrade: () => ({ statusCode: 403, body: "no" }) },
};

const PATIENT: ServeOptions = {
  routes: Object.fromEntries(Object.entries(ROUTES).map(([path, route]) => [path, { error: ignore, ...route }])),
  closeTimeoutMs: 20,
  handshakeTimeoutMs: 5_000,
  upgradeError: ignore,
};

const HASTY: ServeOptions = {
  ...PATIENT,
  heartbeat: { intervalMs: 20, timeoutMs: 20 },
  handshakeTimeoutMs: 3_000,
  limits: { messageTimeoutMs: 20, maxFragments: 4 },
  backpressure: { maxBufferedBytes: 100_000 },
  rate: { messagesPerSecond: 20, policy: "close" },
};

export async function makeWorld(): Promise<World> {
  const nobody = await serve({ host: "127.0.0.1" });
  await nobody.close();
  const [patient, hasty] = await Promise.all([listen(PATIENT), listen(HASTY)]);
  const overHttp2 = await listenHttp2({
    ...PATIENT,
    http2Limits: { maxOpeningsPerSecond: 1_000_000 },
  } as AttachOptions);
  return {
    patient: originOf(patient.url),
    hasty: originOf(hasty.url),
    http2: overHttp2.origin,
    session: http2.connect(overHttp2.origin.replace("ws:", "http:")),
    raw: await startRawServer(),
    nobody: originOf(nobody.url),
    servers: [patient, hasty, overHttp2.server],
  };
}

function listen(options: ServeOptions): Promise<Server> {
  return serve({ host: "127.0.0.1", ...options });
}

async function listenHttp2(options: AttachOptions): Promise<{ server: Counted; origin: string }> {
  const base = http2.createServer();
  base.on("sessionError", ignore);
  const server = attach(base, options);
  await once(base.listen(0, "127.0.0.1"), "listening");
  return { server, origin: `ws://127.0.0.1:${(base.address() as AddressInfo).port}` };
}

function originOf(url: string): string {
  const { port } = new URL(url);
  return `ws://127.0.0.1:${port}`;
}
