import assert from "node:assert/strict";
import type { TestContext } from "node:test";
import { type Server, type ServeOptions, serve } from "polysocket";
import { testCertificate } from "../node/server/test-certificate.ts";
import type { Tab, TabPool } from "./tab.ts";

/** As in `request.httpVersion`. */
export type HttpVersion = "1.1" | "2.0";

export const servePage: NonNullable<ServeOptions["request"]> = (_request, response) => {
  response.setHeader("Content-Type", "text/html");
  // The icon keeps browsers from asking for one
  response.end('<!doctype html><link rel="icon" href="data:,"><title>test</title>');
};

/** A browser, and the HTTP version by which its WebSockets are to come; everything that a scenario starts ends with its test. */
export class Stage {
  readonly version: HttpVersion;
  readonly #test: TestContext;
  readonly #tabs: TabPool;
  readonly #versions: string[] = [];

  constructor(test: TestContext, tabs: TabPool, version: HttpVersion) {
    this.#test = test;
    this.#tabs = tabs;
    this.version = version;
  }

  /** Serve a page and WebSocket on one port. Without HTTP/2 it is the same but for that.
   * @param options whose `http2` is the stage's unless given */
  async serve(options: ServeOptions = {}): Promise<Server> {
    const server = await serve({
      host: "127.0.0.1",
      tls: testCertificate,
      http2: this.version === "2.0",
      request: servePage,
      ...options,
      ...this.watch(options),
    });
    this.after(() => server.close({ timeoutMs: 0 }));
    return server;
  }

  /** Open another tab.
   * @param url of the page, or of a WebSocket of its server */
  async openTab(url: string): Promise<Tab> {
    const tab = await this.#tabs.take();
    this.after(() => this.#tabs.giveBack(tab));
    await tab.goto(pageOf(url));
    return tab;
  }

  /** Serve, and open a tab with the server's page. */
  async open(options?: ServeOptions): Promise<{ server: Server; tab: Tab }> {
    const server = await this.serve(options);
    return { server, tab: await this.openTab(server.url) };
  }

  get browserName(): string {
    return this.#tabs.browserName;
  }

  after(end: () => unknown): void {
    this.#test.after(async () => {
      await end();
    });
  }

  /** Handlers that note by which version each handshake came, as its request and its connection tell; with those of the options
   * in them. */
  watch({ open, upgradeError }: ServeOptions): Pick<ServeOptions, "open" | "upgradeError"> {
    const versions = this.#versions;
    return {
      open(connection, request) {
        versions.push(request.httpVersion, connection.httpVersion);
        return open?.(connection, request);
      },
      upgradeError(error, request) {
        versions.push(request.httpVersion);
        return upgradeError?.(error, request);
      },
    };
  }

  /** See that handshakes came, and all of them by this HTTP version. */
  assertVersion(): void {
    assert.deepEqual([...new Set(this.#versions)], [this.version]);
  }
}

/** Where the page is whose server has this WebSocket. */
export function pageOf(url: string): string {
  return new URL("/", url.replace(/^ws/, "http")).href;
}

/** What has to be true of a browser, with either HTTP version. */
export type Scenarios = Readonly<Record<string, (stage: Stage) => Promise<void>>>;
