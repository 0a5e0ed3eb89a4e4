import assert from "node:assert/strict";
import { EventEmitter, once } from "node:events";
import { readFileSync } from "node:fs";
import * as http from "node:http";
import { createRequire } from "node:module";
import type { AddressInfo } from "node:net";
import path from "node:path";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import JellySocket from "@polysocket/jellysocket";
import type { DrivenBrowser, Tab } from "./tab.ts";

/** What the original's page says of its own build: minified and gzipped. */
const ORIGINAL_BYTES = 2_251;
const SIZES = [0, 1, 125, 126, 65_535, 65_536, 1_000_000];
const BUILDS = ["module", "script"] as const;
const STYLES = ["class", "prototypes"] as const;

const FILES: Readonly<Record<string, Buffer>> = {
  "/": Buffer.from(
    '<!doctype html><link rel="icon" href="data:,"><script src="/jellysocket.js"></script><script type="module" src="/page.js"></script>',
  ),
  "/page.js": readFileSync(path.join(import.meta.dirname, "jellysocket-page.js")),
  "/jellysocket.mjs": readFileSync(fileURLToPath(import.meta.resolve("@polysocket/jellysocket/browser"))),
  "/jellysocket.js": readFileSync(createRequire(import.meta.url).resolve("@polysocket/jellysocket/browser")),
};

class Notes extends JellySocket {}
Notes.prototype.protocol = "notes-1.0";

type Ended = readonly [name: string | undefined, message: string | undefined, code: unknown];

declare global {
  interface Window {
    socket: { _send(data: Uint8Array): void; disconnect(error?: Error): void };
    isReady?: boolean;
    openNotes(url: string, build: string, style: string): void;
    log: unknown[];
    untilTold(count: number): Promise<unknown[]>;
    findChanged(sizes: readonly number[]): Promise<number[]>;
  }
}

/** A page that has both builds, and an Application on the same port, which sends everything back. */
class Site {
  readonly #server = http.createServer((request, response) => {
    const file = FILES[request.url ?? ""];
    response.setHeader("Content-Type", request.url === "/" ? "text/html" : "text/javascript");
    // As strict as a page can be: no eval, nothing inline, nothing from elsewhere
    response.setHeader(
      "Content-Security-Policy",
      "default-src 'none'; script-src 'self'; connect-src 'self'; img-src data:",
    );
    response.statusCode = file === undefined ? 404 : 200;
    response.end(file);
  });
  readonly application = new JellySocket.Application(this.#server, Notes, { path: "/notes" });
  readonly #arrivals = new EventEmitter();

  async start(): Promise<void> {
    this.application.on("connection", (socket, { headers }) => {
      assert.equal(headers["sec-websocket-protocol"], "notes-1.0");
      socket.on("_message", (data) => socket._send(data));
      this.#arrivals.emit("socket", socket);
    });
    this.#server.listen(0, "127.0.0.1");
    await once(this.#server, "listening");
  }

  stop(): void {
    this.application.disconnect();
    this.#server.close();
    this.#server.closeAllConnections();
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/`;
  }

  async nextSocket(): Promise<Notes> {
    const [socket] = await once(this.#arrivals, "socket");
    return socket;
  }
}

async function endOf(socket: Notes): Promise<Ended> {
  const [error] = await once(socket, "disconnect");
  return [error?.name, error?.message, error?.code];
}

/** Make the tests of one browser.
 * @param skip as `requirePeer` says */
export function testJellySocketIn(
  name: DrivenBrowser["name"],
  skip: string | false,
  drive: () => Promise<DrivenBrowser>,
): void {
  describe(`jellysocket's build for browsers in ${name}`, { skip, timeout: 100_000 }, () => {
    const site = new Site();
    let browser: DrivenBrowser;
    let tab: Tab;
    before(async () => {
      await site.start();
      browser = await drive();
      tab = await browser.newTab();
      await tab.goto(site.url);
      assert.equal(await tab.evaluate(() => window.isReady, undefined), true);
    });
    after(async () => {
      await browser?.close();
      site.stop();
    });

    function begin(build: string, style: string): Promise<void> {
      const url = new URL("/notes", site.url.replace("http", "ws")).href;
      return tab.evaluate((given: [string, string, string]) => window.openNotes(...given), [url, build, style]);
    }

    /** The page connects. */
    async function open(build: string, style: string): Promise<Notes> {
      const arrival = site.nextSocket();
      await begin(build, style);
      const socket = await arrival;
      assert.deepEqual(await told(1), ["connect true true"]);
      return socket;
    }

    function told(count: number): Promise<unknown[]> {
      return tab.evaluate((count: number) => window.untilTold(count), count);
    }

    function disconnect(message?: string): Promise<void> {
      return tab.evaluate(
        ([message]: (string | undefined)[]) => {
          if (message === undefined) window.socket.disconnect();
          else window.socket.disconnect(new RangeError(message));
        },
        message === undefined ? [] : [message],
      );
    }

    for (const build of BUILDS) {
      for (const style of STYLES) {
        test(`${build}, inherited by ${style}: connects and exchanges bytes`, async () => {
          const socket = await open(build, style);
          socket._send(Uint8Array.of(0, 127, 128, 255));
          assert.deepEqual((await told(2))[1], "bytes true 0,127,128,255");
          assert.deepEqual(await tab.evaluate((sizes: number[]) => window.findChanged(sizes), SIZES), []);
          const ended = endOf(socket);
          await disconnect();
          assert.deepEqual(await ended, [undefined, undefined, undefined]);
          assert.equal((await tab.evaluate(() => window.log, undefined)).at(-1), "disconnect null false");
          assert.equal(site.application.clients.size, 0);
        });

        test(`${build}, inherited by ${style}: the page's error is the server's, and its own`, async () => {
          const socket = await open(build, style);
          const ended = endOf(socket);
          await disconnect("no more paper 📝");
          assert.deepEqual(await told(2), [
            "connect true true",
            "disconnect RangeError no more paper 📝 undefined false",
          ]);
          assert.deepEqual(await ended, ["Error", "no more paper 📝", 4000]);
        });

        test(`${build}, inherited by ${style}: the server's error is the page's, which reconnects by hand`, async () => {
          const first = await open(build, style);
          first.disconnect(new TypeError("the ink is dry ✒"));
          assert.deepEqual(await told(2), ["connect true true", "disconnect Error the ink is dry ✒ 4000 false"]);
          const second = await open(build, style);
          assert.notEqual(second, first);
          assert.deepEqual([...site.application.clients], [second]);
          second._send(Uint8Array.of(1));
          assert.deepEqual((await told(2))[1], "bytes true 1");
          second.disconnect();
          assert.equal((await told(3))[2], "disconnect null false");
        });
      }
    }

    test("an error's long message is cut as the server cuts it", async () => {
      const socket = await open("module", "class");
      const ended = endOf(socket);
      await disconnect(`x${"😀".repeat(40)}`);
      assert.deepEqual(await ended, ["Error", `x${"😀".repeat(30)}`, 4000]);
    });

    test("a handshake that is refused ends with an error", async () => {
      site.application.lock();
      await begin("script", "class");
      const [said] = await told(1);
      assert.match(String(said), /^disconnect Error .+ 1006 false$/);
      site.application.unlock();
    });

    test(`is not larger than the original: ${ORIGINAL_BYTES} bytes`, (t) => {
      for (const [file, content] of Object.entries(FILES)) {
        if (!file.startsWith("/jellysocket")) continue;
        const { length } = gzipSync(content, { level: 9 });
        t.diagnostic(`${file.slice(1)}: ${content.length} bytes, gzipped ${length}`);
        assert.ok(length <= ORIGINAL_BYTES);
      }
    });
  });
}
