import assert from "node:assert/strict";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import * as http from "node:http";
import * as http2 from "node:http2";
import * as https from "node:https";
import type { AddressInfo, Socket } from "node:net";
import path from "node:path";
import { after, before, describe, test } from "node:test";
import WebSocket from "@polysocket/jadsonlucena-websocket";
import type { Browser, BrowserContext, CDPSession, Page } from "playwright-core";
import { testCertificate } from "../node/server/test-certificate.ts";
import { launchChromium, skip } from "./chromium.ts";

const SCRIPT = readFileSync(path.join(import.meta.dirname, "jadsonlucena-page.js"));
const PAGE = '<!doctype html><link rel="icon" href="data:,"><script src="/page.js"></script>';

type Answer = http.ServerResponse | http2.Http2ServerResponse;

function answer({ url }: { readonly url?: string | undefined }, response: Answer): void {
  response.setHeader("Content-Type", url === "/" ? "text/html" : "text/javascript");
  response.end(url === "/" ? PAGE : SCRIPT);
}

/** How a WebSocket came, as Node's server and Chromium's developer tools see it. */
interface Way {
  /** `:protocol` of each extended CONNECT (RFC 8441). */
  readonly connects: readonly unknown[];
  /** Upgrade of each request for one. */
  readonly upgrades: readonly unknown[];
  /** By which protocol the page and its script came. */
  readonly page: readonly string[];
  readonly statusCode: number;
  /** Whether the request had a Sec-WebSocket-Key, which only an upgrade needs. */
  readonly hasKey: boolean;
}

const BY_CONNECT: Way = {
  connects: ["websocket"],
  upgrades: [],
  page: ["h2", "h2"],
  statusCode: 200,
  hasKey: false,
};
const BY_UPGRADE: Way = {
  connects: [],
  upgrades: ["websocket"],
  page: ["http/1.1", "http/1.1"],
  statusCode: 101,
  hasKey: true,
};

const LANES: Readonly<Record<string, { readonly make: () => WebSocket.Server; readonly way: Way }>> = {
  // It would take upgrades as well, so that it is Chromium who chooses
  "HTTP/2 over TLS": {
    make: () => http2.createSecureServer({ ...testCertificate, allowHTTP1: true }, answer),
    way: BY_CONNECT,
  },
  "HTTP/1.1 over TLS": { make: () => https.createServer(testCertificate, answer), way: BY_UPGRADE },
  "HTTP/1.1": { make: () => http.createServer(answer), way: BY_UPGRADE },
};

/** The back end of the library's documentation: a client gets back what it sent, and then everybody gets it. */
class Site {
  readonly server: WebSocket.Server;
  readonly webSocket: WebSocket;
  readonly connects: unknown[] = [];
  readonly upgrades: unknown[] = [];
  /** Of all streams: those of the page and its script, too. */
  readonly sessions = new Set<unknown>();
  readonly #sockets = new Set<Socket>();

  constructor(make: () => WebSocket.Server) {
    this.server = make();
    this.webSocket = new WebSocket(this.server);
    this.webSocket.on("/chat", (clientId, data) => {
      this.webSocket.send(clientId, data);
      for (const id of this.webSocket.clients) this.webSocket.send(id, data);
    });
    this.server.on("connection", (socket: Socket) => this.#sockets.add(socket));
    this.server.on("upgrade", ({ headers }: http.IncomingMessage) => this.upgrades.push(headers.upgrade));
    this.server.on("stream", ({ session }: http2.ServerHttp2Stream, headers: http2.IncomingHttpHeaders) => {
      this.sessions.add(session);
      if (headers[":method"] === "CONNECT") this.connects.push(headers[":protocol"]);
    });
  }

  /** @returns the page's address */
  async start(): Promise<string> {
    this.server.listen(0, "127.0.0.1");
    await once(this.server, "listening");
    const isPlain = this.server instanceof http.Server && !(this.server instanceof https.Server);
    return `${isPlain ? "http" : "https"}://127.0.0.1:${(this.server.address() as AddressInfo).port}/`;
  }

  stop(): void {
    this.server.close();
    for (const socket of this.#sockets) socket.destroy();
  }
}

/** Instead of the console's own, which keeps no values: what was said, with what is in the event. */
const CONSOLE = `
  window.said = [];
  console.log = (what, { data, code }) => window.said.push(what + " " + (data ?? code));
`;

declare global {
  interface Window {
    said: string[];
  }
}

/** @returns all that was said, once it is so much */
async function said(page: Page, count: number): Promise<string[]> {
  await page.waitForFunction((count) => window.said.length >= count, count);
  return page.evaluate(() => window.said);
}

/** What the developer tools tell of a WebSocket's handshake. */
function nextHandshake(devTools: CDPSession): Promise<Pick<Way, "statusCode" | "hasKey">> {
  return new Promise((resolve) => {
    devTools.once("Network.webSocketHandshakeResponseReceived", ({ response }) => {
      const names = Object.keys(response.requestHeaders ?? {}).map((name) => name.toLowerCase());
      resolve({ statusCode: response.status, hasKey: names.includes("sec-websocket-key") });
    });
  });
}

describe("the front end of @jadsonlucena/websocket's documentation, in Chromium", { skip, timeout: 60_000 }, () => {
  let browser: Browser;
  before(async () => {
    browser = await launchChromium();
  });
  after(() => browser?.close());

  for (const [lane, { make, way }] of Object.entries(LANES)) {
    describe(`over ${lane}`, () => {
      const site = new Site(make);
      let url: string;
      let context: BrowserContext;
      let ann: Page;
      let annsId: string;
      before(async () => {
        url = await site.start();
        context = await browser.newContext({ ignoreHTTPSErrors: true });
        context.setDefaultTimeout(10_000);
        await context.addInitScript(CONSOLE);
        ann = await context.newPage();
      });
      after(async () => {
        await context?.close();
        site.stop();
      });

      test(`says Hello World and hears it twice, by ${way.statusCode === 200 ? "an extended CONNECT" : "an upgrade"}`, async () => {
        const opened = once(site.webSocket, "open");
        const devTools = await context.newCDPSession(ann);
        await devTools.send("Network.enable");
        const handshake = nextHandshake(devTools);
        await ann.goto(url);
        [annsId] = await opened;
        assert.deepEqual(await said(ann, 2), ["Message Hello World", "Message Hello World"]);
        assert.equal(site.webSocket.url(annsId).href, new URL("/chat?token=123", url).href);
        const { connects, upgrades, sessions } = site;
        const page = await ann.evaluate(() =>
          performance
            .getEntries()
            .filter((entry) => entry instanceof PerformanceResourceTiming)
            .map(({ nextHopProtocol }) => nextHopProtocol),
        );
        assert.deepEqual({ connects, upgrades, page, ...(await handshake) }, way);
        // Page, script and WebSocket are streams of one HTTP/2 connection
        assert.equal(sessions.size, way === BY_CONNECT ? 1 : 0);
      });

      test("closes, and keeps its ID when it comes back", async () => {
        const closed = once(site.webSocket, "close");
        await ann.evaluate("webSocket.close()");
        assert.deepEqual(await closed, [annsId, { code: 1000, message: "Close Normal" }]);
        assert.equal((await said(ann, 3))[2], "Close 1005");
        const opened = once(site.webSocket, "open");
        await ann.reload();
        assert.deepEqual(await opened, [annsId]);
        await said(ann, 2);
      });

      test("hears what another page says, which is somebody else", async () => {
        const opened = once(site.webSocket, "open");
        const ben = await context.newPage();
        await ben.goto(url);
        const [bensId] = await opened;
        assert.notEqual(bensId, annsId);
        assert.deepEqual(site.webSocket.clients, [annsId, bensId]);
        const hello = "Message Hello World";
        assert.deepEqual(await said(ben, 2), [hello, hello]);
        assert.deepEqual(await said(ann, 3), [hello, hello, hello]);
      });
    });
  }
});
