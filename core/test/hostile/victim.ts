/**
 * A process that is attacked: victim-process.ts starts it with --expose-gc and asks it, over Node's channel, for
 * servers, for what their applications were told, and for its memory, in which nothing of the attackers is. In: a
 * request with a number. Out: an answer with the same number. It ends with its parent, or by what is found here.
 */
import * as http2 from "node:http2";
import type { AttachOptions, Attachment, ServeOptions, Server } from "../../src/node/index.ts";
import { attach, compressionMemory, serve } from "../../src/node/index.ts";
import type { Memory, Told, Wanted } from "./victim-process.ts";
import { collect, obey } from "./victim-channel.ts";

/** What an application does with its messages. At "/hang" all leave the handshake undecided for ever; "paths" is paused at
 * "/paused", subscribes at "/topic", publishes there what comes at "/publish", and echoes the rest. */
export type Application = "echo" | "sink" | "keep" | "paths";

const SMALL = 100;
/** In so many turns what came in two reads is read, 512 frames a turn. */
const READING_TURNS = 64;

interface Telling {
  opened: number;
  messages: number;
  errors: string[];
  refusals: string[];
  closes: number[];
}

const told: Telling = { opened: 0, messages: 0, errors: [], refusals: [], closes: [] };
/** What "keep" keeps: the small messages, as an application does that remembers what its peers are doing. */
const kept: unknown[] = [];
let waiting: { readonly wanted: Wanted; readonly done: () => void }[] = [];
let server: Server | Attachment | undefined;
let base: http2.Http2Server | undefined;
/** Those of `base`. */
const sessions = new Set<http2.ServerHttp2Session>();
let peak: Memory = measure();
let watch: NodeJS.Timeout | undefined;

const commands: Readonly<Record<string, (...given: never[]) => unknown>> = {
  async serve(application: Application, options: ServeOptions): Promise<string> {
    await forget();
    const made = await serve({ host: "127.0.0.1", ...handlersOf(application), ...options });
    server = made;
    return made.url;
  },
  async attach(application: Application, options: AttachOptions): Promise<string> {
    await forget();
    const made = http2.createServer();
    base = made;
    made.on("session", (session) => {
      sessions.add(session);
      session.once("close", () => sessions.delete(session));
    });
    const attachment = attach(made, { ...handlersOf(application), ...options });
    server = attachment;
    await new Promise<void>((resolve) => made.listen(0, "127.0.0.1", resolve));
    return attachment.url ?? "";
  },
  sessions: (): number => sessions.size,
  dropped: (): number => Array.from(server?.connections ?? []).reduce((sum, one) => sum + one.droppedMessages, 0),
  told: (): Told => structuredClone(told),
  until: (wanted: Wanted): Promise<void> =>
    new Promise((done) => {
      waiting.push({ wanted, done });
      wake();
    }),
  /** Wait until so many bytes of frames have been received, which no handler tells, and read. */
  async untilBytes(count: number): Promise<void> {
    while ((server?.stats().bytesReceived ?? 0) < count) await new Promise((resolve) => setImmediate(resolve));
    for (let turn = 0; turn < READING_TURNS; turn++) await new Promise((resolve) => setImmediate(resolve));
  },
  connections: (): number => server?.connections.size ?? 0,
  limitCompression(bytes: number): void {
    compressionMemory.limitBytes = bytes;
  },
  compressionBytes: (): number => compressionMemory.usedBytes,
  memory: async (): Promise<Memory> => {
    await collect();
    return measure();
  },
  /** Note from now on the most memory that is in use, garbage included. */
  watch(): void {
    peak = measure();
    clearInterval(watch);
    watch = setInterval(note, 5);
  },
  peak(): Memory {
    note();
    clearInterval(watch);
    return peak;
  },
};

async function forget(): Promise<void> {
  await server?.close({ timeoutMs: 0 });
  base?.close();
  for (const session of sessions) session.destroy();
  base = undefined;
  Object.assign(told, { opened: 0, messages: 0, errors: [], refusals: [], closes: [] });
  kept.length = 0;
}

function handlersOf(name: Application): ServeOptions & AttachOptions {
  return {
    upgrade: ({ path }) => (path === "/hang" ? new Promise(() => undefined) : undefined),
    open(connection) {
      if (name === "paths" && connection.path === "/paused") connection.pause();
      if (name === "paths" && connection.path === "/topic") connection.subscribe("topic");
      told.opened += 1;
      wake();
    },
    message(connection, message) {
      told.messages += 1;
      if (name === "paths" && connection.path === "/publish") server?.publish("topic", message);
      else if (name === "echo" || name === "paths") connection.send(message);
      if (name === "keep" && message.length <= SMALL) kept.push(message);
      wake();
    },
    error(_connection, { code }) {
      told.errors.push(code);
      wake();
    },
    close(_connection, { code }) {
      told.closes.push(code);
      wake();
    },
    upgradeError({ code }) {
      told.refusals.push(code);
      wake();
    },
  };
}

function wake(): void {
  if (waiting.length === 0) return;
  const isThere = ({ opened = 0, messages = 0, errors = 0, refusals = 0, closes = 0 }: Wanted): boolean =>
    told.opened >= opened &&
    told.messages >= messages &&
    told.errors.length >= errors &&
    told.refusals.length >= refusals &&
    told.closes.length >= closes;
  const ready = waiting.filter(({ wanted }) => isThere(wanted));
  waiting = waiting.filter(({ wanted }) => !isThere(wanted));
  for (const { done } of ready) done();
}

function measure(): Memory {
  const { heapUsed, external, arrayBuffers, rss } = process.memoryUsage();
  return { heapUsed, external, arrayBuffers, rss };
}

function note(): void {
  const now = measure();
  peak = {
    heapUsed: Math.max(peak.heapUsed, now.heapUsed),
    external: Math.max(peak.external, now.external),
    arrayBuffers: Math.max(peak.arrayBuffers, now.arrayBuffers),
    rss: Math.max(peak.rss, now.rss),
  };
}

obey(commands);
