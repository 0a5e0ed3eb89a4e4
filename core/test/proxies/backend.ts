/**
 * The server behind a proxy: ours, in each of the ways in which a proxy can come to it.
 * In: the way. Out: each WebSocket at the server's end, and how many connections of the proxy's there are.
 */
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { once } from "node:events";
import * as http2 from "node:http2";
import type { AddressInfo, Socket } from "node:net";
import {
  type AttachOptions,
  attach,
  type Connection,
  type ConnectionCloseEvent,
  type HandshakeRequest,
  serve,
} from "polysocket";
import { serverIdentity } from "../e2e/client-test-certificates.ts";
import { Mailbox } from "../e2e/mailbox.ts";
import type { Message } from "../e2e/sample-messages.ts";

/** Both versions over TLS, HTTP/2 without TLS, or HTTP/1.1 without TLS. */
export type BackendKind = "tls" | "h2c" | "plain";

/** A WebSocket at the server's end. */
export interface Served {
  readonly connection: Connection;
  readonly request: HandshakeRequest;
  /** What came, but for what is echoed. */
  readonly messages: Mailbox<Message>;
  readonly drains: Mailbox<void>;
  readonly closed: Promise<ConnectionCloseEvent>;
}

/** Sends back what it gets. */
export const ECHO = "/echo";
/** Puts what it gets into `messages`. */
export const INBOX = "/inbox";
/** Reads when it is told to: `connection` is to be iterated. */
export const SLOW = "/slow";
/** Speaks first, together with the handshake's response. */
export const GREETING = "/greeting";
/** Refuses everybody. */
export const MEMBERS = "/members";

type Options = Pick<AttachOptions, "heartbeat">;

export class Backend {
  readonly port: number;
  /** WebSockets in the order in which they were opened. */
  readonly #opened: Mailbox<Served>;
  readonly #sockets: ReadonlySet<Socket>;
  readonly #stop: () => Promise<unknown>;

  static async start(kind: BackendKind, options: Options = {}): Promise<Backend> {
    const opened = new Mailbox<Served>();
    const sockets = new Set<Socket>();
    const { port, stop } = await listen(kind, { ...endpoint(opened), ...options });
    const count = (message: unknown): void => {
      const { socket } = message as { readonly socket: Socket };
      if (socket.localPort === port) sockets.add(socket.once("close", () => sockets.delete(socket)));
    };
    subscribe("net.server.socket", count);
    return new Backend(port, opened, sockets, async () => {
      unsubscribe("net.server.socket", count);
      for (const socket of sockets) socket.destroy();
      await stop();
    });
  }

  private constructor(
    port: number,
    opened: Mailbox<Served>,
    sockets: ReadonlySet<Socket>,
    stop: () => Promise<unknown>,
  ) {
    this.port = port;
    this.#opened = opened;
    this.#sockets = sockets;
    this.#stop = stop;
  }

  /** The next WebSocket that was opened. */
  take(): Promise<Served> {
    return this.#opened.take();
  }

  /** How many connections lead to it now. */
  get sockets(): number {
    return this.#sockets.size;
  }

  stop(): Promise<unknown> {
    return this.#stop();
  }
}

interface Listening {
  readonly port: number;
  stop(): Promise<unknown>;
}

async function listen(kind: BackendKind, options: AttachOptions): Promise<Listening> {
  if (kind === "h2c") {
    const base = http2.createServer();
    const attachment = attach(base, options);
    base.listen(0, "127.0.0.1");
    await once(base, "listening");
    const stop = async (): Promise<void> => {
      await attachment.close({ timeoutMs: 0 });
      base.close();
    };
    return { port: (base.address() as AddressInfo).port, stop };
  }
  const tls = kind === "tls" ? { tls: serverIdentity, http2: true } : {};
  const server = await serve({ host: "127.0.0.1", ...tls, ...options });
  return { port: Number(new URL(server.url).port), stop: () => server.close({ timeoutMs: 0 }) };
}

function endpoint(opened: Mailbox<Served>): AttachOptions {
  const all = new WeakMap<Connection, Served>();
  const open = (connection: Connection, request: HandshakeRequest): void => {
    const { closed } = connection;
    const served = { connection, request, messages: new Mailbox<Message>(), drains: new Mailbox<void>(), closed };
    all.set(connection, served);
    opened.put(served);
  };
  const close = (connection: Connection, { code }: ConnectionCloseEvent): void =>
    all.get(connection)?.messages.end(`closed with ${code}`);
  const drain = (connection: Connection): void => all.get(connection)?.drains.put();
  const common = { open, close, drain };
  return {
    trustProxy: 1,
    subprotocols: ["v2.chat", "v1.chat"],
    limits: { maxMessageBytes: 16 << 20 },
    // See nghttpx.ts: what the server has ended may not be ended by the proxy
    closeTimeoutMs: 500,
    routes: {
      [ECHO]: { ...common, message: (connection, message) => connection.send(message) },
      [INBOX]: { ...common, message: (connection, message) => all.get(connection)?.messages.put(message) },
      [SLOW]: common,
      [GREETING]: {
        ...common,
        open: (connection, request) => {
          open(connection, request);
          connection.send("welcome");
        },
      },
      [MEMBERS]: {
        upgrade: () => ({ statusCode: 401, headers: { "WWW-Authenticate": "Basic" }, body: "members only" }),
      },
    },
  };
}
