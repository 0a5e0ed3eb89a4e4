import assert from "node:assert/strict";
import * as http from "node:http";
import type { AddressInfo } from "node:net";
import { after, before, describe, type TestContext, test } from "node:test";
import type { Browser, Page } from "playwright-core";
import { type Connection, type ConnectionCloseEvent, type Server, type ServeOptions, serve } from "polysocket";
import { SIZES } from "../e2e/sample-messages.ts";
import { launchChromium, skip, tabOf } from "./chromium.ts";
import { findChanged, type Log, listen } from "./page-socket.ts";
import { servePage } from "./stage.ts";

describe("a page's WebSocket in Chromium", { skip, timeout: 60_000 }, () => {
  let browser: Browser;
  /** One for all tests, as a new one takes longer than most of them. */
  let page: Page;
  before(async () => {
    browser = await launchChromium();
    page = await browser.newPage();
    page.setDefaultTimeout(20_000);
  });
  after(() => browser?.close());

  async function start(t: TestContext, options: ServeOptions): Promise<Server> {
    const server = await serve({ host: "127.0.0.1", request: servePage, ...options });
    t.after(() => server.close({ timeoutMs: 0 }));
    return server;
  }

  /** @param url of the WebSocket or of the page; the page is that of its server */
  async function openPage(t: TestContext, url: string): Promise<Page> {
    t.after(async () => {
      await page.goto("about:blank");
    });
    await page.goto(new URL("/", url.replace("ws:", "http:")).href);
    return page;
  }

  async function open(t: TestContext, options: ServeOptions): Promise<{ server: Server; page: Page }> {
    const server = await start(t, options);
    return { server, page: await openPage(t, server.url) };
  }

  test("gets text and bytes of every length's encoding back", async (t) => {
    const { server, page } = await open(t, { message: (connection, message) => connection.send(message) });
    const changed = await findChanged(tabOf(page), server.url, SIZES);
    assert.deepEqual(changed, []);
    assert.equal(server.stats().messagesReceived, 2 * SIZES.length);
  });

  test("gets events in the order in which things happened", async (t) => {
    const { server, page } = await open(t, {
      open: (connection) => connection.send("welcome"),
      message: (connection, message) => connection.send(`${message}!`),
    });
    const log = await listen(tabOf(page), server.url, {
      send: ["one", "two"],
      closeAfter: 4,
      closeWith: { code: 1000, reason: "" },
    });
    assert.deepEqual(log, ["open ", "message welcome", "message one!", "message two!", "close 1000  true"]);
  });

  describe("closing", () => {
    test("the page's code and reason reach the server and come back", async (t) => {
      const endings: ConnectionCloseEvent[] = [];
      const { server, page } = await open(t, { close: (_connection, ending) => endings.push(ending) });
      const log = await listen(tabOf(page), server.url, {
        closeAfter: 1,
        closeWith: { code: 4001, reason: "gone fishing 🎣" },
      });
      assert.deepEqual(log, ["open ", "close 4001 gone fishing 🎣 true"]);
      assert.deepEqual(
        endings.map(({ code, reason, wasClean }) => [code, reason, wasClean]),
        [[4001, "gone fishing 🎣", true]],
      );
    });

    const ends: [what: string, end: (connection: Connection, server: Server) => unknown, log: Log][] = [
      [
        "a code and a reason of the server",
        (connection) => connection.close(4002, "enough"),
        ["close 4002 enough true"],
      ],
      ["a Close frame without a code", (connection) => connection.close(null), ["close 1005  true"]],
      [
        "a server that closes",
        (_connection, server) => server.close({ reason: "restart" }),
        ["close 1001 restart true"],
      ],
      ["a connection that is cut", (connection) => connection.terminate(), ["close 1006  false"]],
    ];
    for (const [what, end, log] of ends) {
      test(`${what} is what the page gets`, async (t) => {
        const { server, page } = await open(t, {
          message: (connection) => {
            end(connection, server);
          },
        });
        const [opened, ...rest] = await listen(tabOf(page), server.url, { send: ["now"] });
        assert.equal(opened, "open ");
        assert.deepEqual(rest, log);
      });
    }

    test("a page that is left is 1001 at the server", async (t) => {
      const { server, page } = await open(t, { open: (connection) => connection.send("welcome") });
      await page.evaluate(
        (url) =>
          new Promise((resolve) => {
            Object.assign(window, { socket: new WebSocket(url) }).socket.onmessage = resolve;
          }),
        server.url,
      );
      const [connection] = server.connections;
      await page.goto("about:blank");
      const ending = await connection?.closed;
      assert.deepEqual([ending?.code, ending?.wasClean], [1001, true]);
    });
  });

  test("a message over the limit is 1009", async (t) => {
    const { server, page } = await open(t, { limits: { maxMessageBytes: 100 }, message: () => undefined });
    const log = await listen(tabOf(page), server.url, { send: ["x".repeat(101)] });
    assert.match(log.join(), /^open ,close 1009 .* true$/);
  });

  test("its pings are answered by Chromium", async (t) => {
    const { server, page } = await open(t, {
      async open(connection) {
        const roundTripMs = await connection.ping();
        connection.close(4000, roundTripMs >= 0 ? "answered" : "");
      },
    });
    assert.deepEqual(await listen(tabOf(page), server.url), ["open ", "close 4000 answered true"]);
  });

  describe("opening", () => {
    test("selects the subprotocol that the server prefers", async (t) => {
      const { server, page } = await open(t, {
        subprotocols: ["v2.chat", "v1.chat"],
        open: (connection) => connection.close(4000, connection.subprotocol),
      });
      const log = await listen(tabOf(page), server.url, { subprotocols: ["v1.chat", "v2.chat"] });
      assert.deepEqual(log, ["open v2.chat", "close 4000 v2.chat true"]);
    });

    test("fails in the page when none is agreed on", async (t) => {
      const { server, page } = await open(t, { subprotocols: ["v1.chat"] });
      assert.deepEqual(await listen(tabOf(page), server.url, { subprotocols: ["v9.chat"] }), [
        "error",
        "close 1006  false",
      ]);
    });

    test("refuses a page of another origin with 403", async (t) => {
      const codes: string[] = [];
      const server = await start(t, { upgradeError: (error) => codes.push(error.code) });
      const elsewhere = http.createServer(servePage).listen(0, "127.0.0.1");
      t.after(() => elsewhere.close());
      await new Promise((resolve) => elsewhere.once("listening", resolve));
      const page = await openPage(t, `http://127.0.0.1:${(elsewhere.address() as AddressInfo).port}`);
      const reported = page.waitForEvent("console", (message) => message.text().includes(server.url));
      assert.deepEqual(await listen(tabOf(page), server.url), ["error", "close 1006  false"]);
      assert.match((await reported).text(), /Unexpected response code: 403/);
      assert.deepEqual(codes, ["ORIGIN_REFUSED"]);
    });

    test("lets it in where its origin is in the list", async (t) => {
      const elsewhere = http.createServer(servePage).listen(0, "127.0.0.1");
      t.after(() => elsewhere.close());
      await new Promise((resolve) => elsewhere.once("listening", resolve));
      const origin = `http://127.0.0.1:${(elsewhere.address() as AddressInfo).port}`;
      const server = await start(t, { origins: [origin], open: (connection) => connection.close(4000, "in") });
      const page = await openPage(t, origin);
      assert.deepEqual(await listen(tabOf(page), server.url), ["open ", "close 4000 in true"]);
    });
  });
});
