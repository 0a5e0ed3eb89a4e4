/**
 * A server and a client of ours with the fault proxy between them, over HTTP/1.1 or HTTP/2.
 * In: options of both sides. Out: what each of them was told.
 */
import { once } from "node:events";
import * as http2 from "node:http2";
import type { AddressInfo } from "node:net";
import type { TestContext } from "node:test";
import type {
  AttachOptions,
  Connection,
  ConnectionCloseEvent,
  ConnectionOptions,
  ConnectOptions,
  ServerStats,
} from "../../src/node/index.ts";
import { attach, connect, serve } from "../../src/node/index.ts";
import { Mailbox } from "../e2e/mailbox.ts";
import { type FaultLink, FaultProxy } from "./fault-proxy.ts";

export const CARRIERS = ["HTTP/1.1", "HTTP/2"] as const;
export type Carrier = (typeof CARRIERS)[number];

/** What one end of a connection was told. */
export class Witness {
  readonly messages: Mailbox<string | Uint8Array> = new Mailbox();
  readonly drains: Mailbox<void> = new Mailbox();
  /** All that `messages` was given. */
  readonly received: (string | Uint8Array)[] = [];
  /** Codes. */
  readonly errors: string[] = [];
  /** Resolves with what the close handler got. */
  readonly closed: Promise<ConnectionCloseEvent>;
  opens = 0;
  closes = 0;
  readonly #opened: Promise<Connection>;
  #tellOpened!: (connection: Connection) => void;
  #tellClosed!: (event: ConnectionCloseEvent) => void;

  constructor() {
    this.#opened = new Promise((resolve) => {
      this.#tellOpened = resolve;
    });
    this.closed = new Promise((resolve) => {
      this.#tellClosed = resolve;
    });
  }

  /** The connection, once it is open. */
  opened(): Promise<Connection> {
    return this.#opened;
  }

  /** For `serve`, `attach` and `connect`. */
  readonly handlers = {
    open: (connection: Connection): void => {
      this.opens++;
      this.#tellOpened(connection);
    },
    message: (_connection: Connection, message: string | Uint8Array): void => {
      this.received.push(message);
      this.messages.put(message);
    },
    drain: (): void => this.drains.put(),
    error: (_connection: Connection, { code }: { readonly code: string }): void => void this.errors.push(code),
    close: (_connection: Connection, event: ConnectionCloseEvent): void => {
      this.closes++;
      this.messages.end(`closed with ${event.code}`);
      this.drains.end(`closed with ${event.code}`);
      this.#tellClosed(event);
    },
  };
}

export interface StageOptions {
  /** Of both ends. */
  readonly both?: ConnectionOptions;
  readonly server?: AttachOptions;
  readonly client?: ConnectOptions;
  /** What the proxy does with each link. */
  readonly prepare?: (link: FaultLink) => void;
}

/** What there is of a server. */
interface Listening {
  readonly url: string;
  readonly connections: { readonly size: number };
  stats(): ServerStats;
  close(): Promise<void>;
}

/** Server and proxy, before anybody dials. */
export class Stage {
  readonly carrier: Carrier;
  readonly server: Listening;
  readonly proxy: FaultProxy;
  /** What the server's only connection was told. */
  readonly atServer: Witness;
  readonly #options: StageOptions;
  readonly #clients: Connection[] = [];

  private constructor(
    carrier: Carrier,
    server: Listening,
    proxy: FaultProxy,
    atServer: Witness,
    options: StageOptions,
  ) {
    this.carrier = carrier;
    this.server = server;
    this.proxy = proxy;
    this.atServer = atServer;
    this.#options = options;
  }

  /** Set the stage until the test is over. */
  static async set(t: TestContext, carrier: Carrier, options: StageOptions = {}): Promise<Stage> {
    const stage = await Stage.make(carrier, options);
    t.after(() => stage.clear());
    return stage;
  }

  /** For those who `clear` it themselves. */
  static async make(carrier: Carrier, options: StageOptions = {}): Promise<Stage> {
    const atServer = new Witness();
    const serverOptions = { ...atServer.handlers, ...options.both, ...options.server };
    const server = await (carrier === "HTTP/1.1" ? overHttp1(serverOptions) : overHttp2(serverOptions));
    const proxy = await FaultProxy.start(server.url, options.prepare);
    return new Stage(carrier, server, proxy, atServer, options);
  }

  /** End all that there is. What a fault has left is cut, or the server would wait for it. */
  async clear(): Promise<void> {
    for (const client of this.#clients) client.terminate();
    await Promise.all([this.proxy.stop(), this.server.close()]);
  }

  /** Dial through the proxy. */
  dial(witness: Witness, options: ConnectOptions = {}): Promise<Connection> {
    const { both, client } = this.#options;
    return connect(this.proxy.url, {
      ...witness.handlers,
      http2: this.carrier === "HTTP/2",
      ...both,
      ...client,
      ...options,
    });
  }

  /** Dial, and wait for both ends. */
  async open(): Promise<Play> {
    const atClient = new Witness();
    const client = await this.dial(atClient);
    this.#clients.push(client);
    const { atServer } = this;
    return { atClient, atServer, client, server: await atServer.opened(), link: await this.proxy.link(0) };
  }
}

/** An open connection with both of its ends. */
export interface Play {
  readonly client: Connection;
  readonly server: Connection;
  readonly atClient: Witness;
  readonly atServer: Witness;
  readonly link: FaultLink;
}

async function overHttp1(options: AttachOptions): Promise<Listening> {
  const server = await serve({ host: "127.0.0.1", ...options });
  return { ...server, close: () => server.close({ timeoutMs: 0 }) };
}

async function overHttp2(options: AttachOptions): Promise<Listening> {
  const base = http2.createServer();
  const sessions = new Set<http2.ServerHttp2Session>();
  base.on("session", (session) => sessions.add(session));
  const attachment = attach(base, options);
  await once(base.listen(0, "127.0.0.1"), "listening");
  const url = `ws://127.0.0.1:${(base.address() as AddressInfo).port}/`;
  const stop = async (): Promise<void> => {
    await attachment.close({ timeoutMs: 0 });
    for (const session of sessions) session.destroy();
    base.close();
  };
  return { url, connections: attachment.connections, stats: () => attachment.stats(), close: stop };
}
