import * as http2 from "node:http2";
import type { TestContext } from "node:test";
import { type ConnectionCloseEvent, type Connection, type ConnectOptions, connect } from "polysocket";
import { testAuthority } from "../e2e/client-test-certificates.ts";
import { Mailbox } from "../e2e/mailbox.ts";
import type { Message } from "../e2e/sample-messages.ts";
import { type Backend, INBOX, type Served } from "./backend.ts";
import type { HttpVersion, ProxySetup } from "./proxy-setup.ts";
import type { RunningProxy } from "./running-proxy.ts";

/** The client's own address, which differs from the proxy's; both are this machine. */
export const CLIENT_ADDRESS = "127.0.0.2";

/** One object, so that connections may share an HTTP/2 connection. */
const tls = { ca: testAuthority, localAddress: CLIENT_ADDRESS };

/** A WebSocket, seen from both ends. */
export interface Opened {
  readonly client: Connection;
  readonly served: Served;
  /** What the client gets; without a handler of the test's own. */
  readonly messages: Mailbox<Message>;
  readonly drains: Mailbox<void>;
  readonly closed: Promise<ConnectionCloseEvent>;
}

/** A server, a proxy before it, and the HTTP version by which the client comes to the proxy. */
export class Stage {
  readonly setup: ProxySetup;
  readonly backend: Backend;
  readonly proxy: RunningProxy;
  readonly front: HttpVersion;

  constructor(setup: ProxySetup, front: HttpVersion, backend: Backend, proxy: RunningProxy) {
    this.setup = setup;
    this.front = front;
    this.backend = backend;
    this.proxy = proxy;
  }

  /** Whether it would stand still for good when much goes both ways at once. */
  get jamsBothWays(): boolean {
    return this.setup.jams && this.front === "2.0" && this.setup.backVersion === "2.0";
  }

  dial(path: string, options: ConnectOptions = {}): Promise<Connection> {
    return connect(this.proxy.url(path), { http2: this.front === "2.0", tls, ...options });
  }

  async open(t: TestContext, path = INBOX, options: ConnectOptions = {}): Promise<Opened> {
    const messages = new Mailbox<Message>();
    const drains = new Mailbox<void>();
    const client = await this.dial(path, {
      limits: { maxMessageBytes: 16 << 20 },
      message: (_connection, message) => messages.put(message),
      drain: () => drains.put(),
      close: (_connection, { code }) => messages.end(`closed with ${code}`),
      ...options,
    });
    t.after(() => client.terminate());
    const served = await this.backend.take();
    return { client, served, messages, drains, closed: client.closed };
  }
  /** A WebSocket that may not wait for others, so that it has a connection of its own where the proxy would make it wait. */
  openAside(t: TestContext, path: string): Promise<Opened> {
    if (!this.setup.jams || this.front === "1.1") return this.open(t, path);
    const session = http2.connect(this.proxy.url("/").replace("wss:", "https:"), tls);
    t.after(() => session.destroy());
    return this.open(t, path, { http2: session });
  }
}
