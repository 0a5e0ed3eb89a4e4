/** One end of ours and one of the package `ws`, in either role, with permessage-deflate for every message between them. */
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import type { TestContext } from "node:test";
import { type Connection, type ConnectionOptions, connect, type Handlers, serve } from "polysocket";
import { WebSocket, WebSocketServer } from "ws";
import { Mailbox } from "./mailbox.ts";

/** Both ends refer back. */
const KEEPING = { serverNoContextTakeover: false, clientNoContextTakeover: false, thresholdBytes: 0 };
const UNBOUND = { maxBufferedBytes: 1 << 30 };

/** A connection of ours, and the socket of ws at its other end. */
export interface Ends {
  readonly ours: Connection;
  readonly theirs: WebSocket;
  /** What ws received, in order; ends with its close code. */
  readonly received: Mailbox<Buffer>;
  readonly theirClose: Promise<number>;
}

/** Handlers and options of our end. */
export type Ours = Partial<Handlers> & ConnectionOptions;

/** Our server and a client of ws, or the other way round. */
export async function open(t: TestContext, role: "server" | "client", ours: Ours): Promise<Ends> {
  const options: Ours = { compression: KEEPING, backpressure: UNBOUND, ...ours };
  return role === "server" ? openServer(t, options) : openClient(t, options);
}

async function openServer(t: TestContext, ours: Ours): Promise<Ends> {
  const opened = new Mailbox<Connection>();
  const server = await serve({ host: "127.0.0.1", ...ours, open: (connection) => opened.put(connection) });
  const theirs = new WebSocket(server.url, { perMessageDeflate: { threshold: 0 } });
  t.after(() => server.close({ timeoutMs: 0 }));
  const watched = watch(theirs);
  await once(theirs, "open");
  return { ours: await opened.take(), theirs, ...watched };
}

async function openClient(t: TestContext, ours: Ours): Promise<Ends> {
  const server = new WebSocketServer({ port: 0, host: "127.0.0.1", perMessageDeflate: { threshold: 0 } });
  await once(server, "listening");
  const accepted = new Mailbox<Omit<Ends, "ours">>();
  server.on("connection", (theirs) => accepted.put({ theirs, ...watch(theirs) }));
  const connection = await connect(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`, ours);
  const ends = { ours: connection, ...(await accepted.take()) };
  t.after(() => {
    ends.theirs.terminate();
    server.close();
  });
  return ends;
}

function watch(theirs: WebSocket): Pick<Ends, "received" | "theirClose"> {
  const received = new Mailbox<Buffer>();
  theirs.on("message", (data: Buffer) => received.put(data));
  theirs.on("error", () => undefined);
  const theirClose = new Promise<number>((resolve) => {
    theirs.once("close", (code) => {
      received.end(`closed with ${code}`);
      resolve(code);
    });
  });
  return { received, theirClose };
}
