import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import { after, before, describe, type TestContext, test } from "node:test";
import { fileURLToPath } from "node:url";
import { buildSync } from "esbuild";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { type Connection, type Server, serve } from "polysocket";
import type { ReconnectingConnection, ReconnectOptions } from "polysocket/browser";
import { launchChromium, skip } from "./chromium.ts";

const { outputFiles } = buildSync({
  entryPoints: [fileURLToPath(import.meta.resolve("polysocket/browser"))],
  bundle: true,
  format: "esm",
  minify: true,
  write: false,
});
const FILES: Readonly<Record<string, string | Uint8Array | undefined>> = {
  "/": '<!doctype html><link rel="icon" href="data:,"><script type="module" src="/page.js"></script>',
  "/page.js": readFileSync(path.join(import.meta.dirname, "reconnect-page.js")),
  "/polysocket.js": outputFiles[0]?.contents,
};

declare global {
  interface Window {
    connection: ReconnectingConnection;
    controller: AbortController;
    begin(url: string, beats: boolean, reconnect: ReconnectOptions): Promise<void>;
    until(beginning: string): Promise<string[]>;
  }
}

/** A page with the client, and its server, which can be started again and answers heartbeats unless it is deaf. */
class Site {
  readonly #context: BrowserContext;
  readonly page: Page;
  readonly got: string[] = [];
  isDeaf = false;
  #server: Server | undefined;
  #port = 0;

  private constructor(context: BrowserContext, page: Page) {
    this.#context = context;
    this.page = page;
  }

  static async open(t: TestContext, browser: Browser): Promise<Site> {
    const context = await browser.newContext();
    const site = new Site(context, await context.newPage());
    t.after(async () => {
      await context.close();
      await site.stop();
    });
    await site.start();
    await site.page.goto(`http://127.0.0.1:${site.#port}/`);
    return site;
  }

  async start(): Promise<void> {
    this.#server = await serve({
      host: "127.0.0.1",
      port: this.#port,
      subprotocols: ["notes"],
      request: (request, response) => {
        const file = FILES[request.url ?? ""];
        response.setHeader("Content-Type", request.url === "/" ? "text/html" : "text/javascript");
        response.statusCode = file === undefined ? 404 : 200;
        response.end(file ?? "");
      },
      message: (connection, message) => this.#onMessage(connection, message),
    });
    this.#port = Number(new URL(this.#server.url).port);
  }

  #onMessage(connection: Connection, message: string | Uint8Array): void {
    if (message === "ping") {
      if (!this.isDeaf) connection.send("pong");
      return;
    }
    this.got.push(typeof message === "string" ? message : [...message.subarray(0, 10)].join());
    if (message === "echo") connection.send(new Uint8Array([1, 2, 3]));
  }

  async stop(): Promise<void> {
    await this.#server?.close({ code: 1012, timeoutMs: 1_000 });
  }

  get connections(): readonly Connection[] {
    return [...(this.#server?.connections ?? [])];
  }

  get url(): string {
    return `ws://127.0.0.1:${this.#port}/notes`;
  }

  /** Connect, and see that it has. */
  async connect(beats = false, reconnect: ReconnectOptions = {}): Promise<void> {
    void this.begin(this.url, beats, reconnect);
    assert.deepEqual(await this.until("open"), ["attempt 1", "open 1 true notes"]);
  }

  begin(url: string, beats = false, reconnect: ReconnectOptions = {}): Promise<void> {
    return this.page.evaluate((given) => window.begin(given.url, given.beats, given.reconnect), {
      url,
      beats,
      reconnect,
    });
  }

  until(beginning: string): Promise<string[]> {
    return this.page.evaluate((beginning: string) => window.until(beginning), beginning);
  }

  send(...messages: string[]): Promise<boolean[]> {
    return this.page.evaluate((all: string[]) => all.map((message) => window.connection.send(message)), messages);
  }

  /** Resolves when nothing is unconfirmed. */
  async confirmed(): Promise<void> {
    await this.page.waitForFunction(() => window.connection.unacknowledged + window.connection.queuedMessages === 0);
  }

  setOffline(isOffline: boolean): Promise<void> {
    return this.#context.setOffline(isOffline);
  }
}

describe("polysocket/browser in Chromium", { skip, timeout: 120_000 }, () => {
  let browser: Browser;
  before(async () => {
    browser = await launchChromium();
  });
  after(() => browser?.close());

  test("exchanges messages, and closes", async (t) => {
    const site = await Site.open(t, browser);
    await site.connect();
    assert.deepEqual(await site.send("echo"), [true]);
    assert.deepEqual(await site.until("message"), ["message 1,2,3"]);
    await site.page.evaluate(() => {
      const { connection } = window;
      connection.send(new Uint8Array([7, 8, 9]).subarray(1));
      connection.send(new Uint8Array([4, 5]).buffer);
      connection.confirm();
      connection.close(4000, "done");
    });
    assert.deepEqual(await site.until("close"), ["close closed 4000"]);
    assert.deepEqual(site.got, ["echo", "8,9", "4,5"]);
    assert.equal(await site.page.evaluate(() => window.connection.state), "closed");
  });

  test("comes back after a restart, with what has waited, and says what it does not know to have arrived", async (t) => {
    const site = await Site.open(t, browser);
    await site.connect();
    await site.send("a", "b");
    await site.stop();
    const away = await site.until("away");
    assert.deepEqual(away, ["lost unacknowledged a,b 0", "away 1012  true"]);
    assert.deepEqual(await site.send("c", "d"), [false, false]);
    await site.until("attemptFailed no connection: 1006 true");
    await site.start();
    await site.until("open");
    await site.send("e");
    await site.page.evaluate(() => window.connection.close());
    await site.until("close closed");
    assert.deepEqual(site.got, ["a", "b", "c", "d", "e"]);
  });

  test("a heartbeat confirms what was sent, and is no message of the page's", async (t) => {
    const site = await Site.open(t, browser);
    await site.connect(true);
    await site.send("a", "b");
    await site.confirmed();
    for (const connection of site.connections) connection.terminate();
    assert.deepEqual(await site.until("away"), ["away 1006  true"]);
    assert.deepEqual(site.got, ["a", "b"]);
  });

  test("a server that does not answer the heartbeat is left, and dialed again", async (t) => {
    const site = await Site.open(t, browser);
    await site.connect(true);
    site.isDeaf = true;
    await site.send("a");
    assert.deepEqual(await site.until("away"), ["lost unacknowledged a 0", "away 1006 heartbeat true"]);
    site.isDeaf = false;
    await site.until("open");
    await site.send("b");
    await site.confirmed();
  });

  test("offline nothing is tried; online it comes back at once", async (t) => {
    const site = await Site.open(t, browser);
    // Whoever had to wait for the backoff would wait for an hour
    await site.connect(false, { minDelayMs: 500, maxDelayMs: 3_600_000 });
    await site.setOffline(true);
    for (const connection of site.connections) connection.terminate();
    await site.until("away");
    await site.send("waited");
    assert.equal(await site.page.evaluate(() => navigator.onLine), false);
    await site.page.evaluate(() => new Promise((resolve) => setTimeout(resolve, 1_000)));
    assert.deepEqual(await site.page.evaluate(() => window.connection.state), "away");
    await site.setOffline(false);
    assert.deepEqual(await site.until("open"), ["attempt 2", "open 2 false notes"]);
    await site.page.evaluate(() => window.connection.close());
    await site.until("close closed");
    assert.deepEqual(site.got, ["waited"]);
  });

  test("shown again it does not wait any longer, and asks whether the server is there", async (t) => {
    const site = await Site.open(t, browser);
    await site.connect(true, { minDelayMs: 3_600_000, maxDelayMs: 3_600_000 });
    // Half an hour is drawn
    await site.page.evaluate(() => {
      Math.random = () => 0.5;
    });
    for (const connection of site.connections) connection.terminate();
    await site.until("away");
    await site.page.evaluate(() => {
      Math.random = () => 0;
      document.dispatchEvent(new Event("visibilitychange", { bubbles: true }));
    });
    await site.until("open");
    site.isDeaf = true;
    await site.page.evaluate(() => window.dispatchEvent(new PageTransitionEvent("pageshow")));
    assert.deepEqual(await site.until("away"), ["away 1006 heartbeat true"]);
  });

  test("tells that the browser has more to send than it should, and when that is over", async (t) => {
    const site = await Site.open(t, browser);
    await site.connect();
    for (const connection of site.connections) connection.pause();
    const keepsUp = await site.page.evaluate(() => {
      const large = new Uint8Array(1 << 20);
      return Array.from({ length: 10 }, () => window.connection.send(large)).at(-1);
    });
    assert.equal(keepsUp, false);
    for (const connection of site.connections) connection.resume();
    await site.until("drain");
  });

  test("a URL that cannot be is rejected at once; the signal ends it at any time", async (t) => {
    const site = await Site.open(t, browser);
    await site.begin("ftp://127.0.0.1/");
    const rejected = await site.until("rejected");
    assert.match(String(rejected.at(-1)), /^rejected SyntaxError /);
    assert.equal(rejected.filter((line) => line.startsWith("attempt ")).length, 1);
    // Port 9: nobody listens there, and browsers do not dial it
    void site.begin("ws://127.0.0.1:9/");
    await site.until("attemptFailed");
    await site.page.evaluate(() => window.controller.abort(new RangeError("enough")));
    assert.equal((await site.until("rejected")).at(-1), "rejected RangeError enough");
    await site.connect();
    await site.page.evaluate(() => window.controller.abort());
    assert.deepEqual(await site.until("close"), ["close aborted 1005"]);
  });
});
