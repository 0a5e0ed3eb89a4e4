import assert from "node:assert/strict";
import * as http from "node:http";
import type { AddressInfo } from "node:net";
import { after, before, describe, type TestContext, test } from "node:test";
import type { Browser, Page } from "playwright-core";
import { type Connection, type ConnectionCloseEvent, type Server, type ServeOptions, serve } from "polysocket";
import { launchChromium, skip } from "./chromium.ts";

/** What a page's WebSocket told it, in order. */
type Log = readonly string[];

interface Listening {
  readonly subprotocols?: string[];
  readonly send?: string[];
  readonly closeAfter?: number;
  readonly closeWith?: { readonly code: number; readonly reason: string };
}

const servePage: NonNullable<ServeOptions["request"]> = (_request, response) => {
  response.setHeader("Content-Type", "text/html").end("<!doctype html><title>test</title>");
};

describe("a page's WebSocket in Chromium", { skip, timeout: 60_000 }, () => {
  let browser: Browser;
  before(async () => {
    browser = await launchChromium();
  });
  after(() => browser?.close());

  async function start(t: TestContext, options: ServeOptions): Promise<Server> {
    const server = await serve({ host: "127.0.0.1", request: servePage, ...options });
    t.after(() => server.close({ timeoutMs: 0 }));
    return server;
  }

  /** @param url of the WebSocket or of the page; the page is that of its server */
  async function openPage(t: TestContext, url: string): Promise<Page> {
    const page = await browser.newPage();
    t.after(() => page.close());
    page.setDefaultTimeout(20_000);
    await page.goto(new URL("/", url.replace("ws:", "http:")).href);
    return page;
  }

  async function open(t: TestContext, options: ServeOptions): Promise<{ server: Server; page: Page }> {
    const server = await start(t, options);
    return { server, page: await openPage(t, server.url) };
  }

  /** Connect and note every event until the socket is closed.
   * @param how what to send when it is open, and how to close it once there were so many events
   * @returns what happened, in order */
  function listen(page: Page, url: string, how: Listening = {}): Promise<Log> {
    // No function in here may have a name: tsx would wrap it in one of its own, which the page does not have
    return page.evaluate(
      ({ url, subprotocols = [], send = [], closeAfter, closeWith }) =>
        new Promise<string[]>((resolve) => {
          const log: string[] = [];
          const socket = new WebSocket(url, subprotocols);
          socket.onopen = () => {
            log.push(`open ${socket.protocol}`);
            for (const text of send) socket.send(text);
          };
          socket.onmessage = ({ data }) => log.push(`message ${data}`);
          socket.onerror = () => log.push("error");
          socket.onclose = ({ code, reason, wasClean }) => {
            log.push(`close ${code} ${reason} ${wasClean}`);
            resolve(log);
          };
          for (const type of ["open", "message"]) {
            socket.addEventListener(
              type,
              () => log.length === closeAfter && socket.close(closeWith?.code, closeWith?.reason),
            );
          }
        }),
      { url, ...how },
    );
  }

  test("gets text and bytes of every length's encoding back", async (t) => {
    const { server, page } = await open(t, { message: (connection, message) => connection.send(message) });
    const wrong = await page.evaluate(async (url) => {
      const socket = new WebSocket(url);
      socket.binaryType = "arraybuffer";
      await new Promise((resolve) => {
        socket.onopen = resolve;
      });
      const wrong: string[] = [];
      for (const size of [0, 125, 126, 65_535, 65_536, 1_048_000]) {
        const text = "é7".repeat(size).slice(0, Math.floor(size / 1.5));
        const bytes = Uint8Array.from({ length: size }, (_, index) => index * 7 + size);
        for (const message of [text, bytes]) {
          socket.send(message);
          const back = await new Promise<string | ArrayBuffer>((resolve) => {
            socket.onmessage = ({ data }) => resolve(data);
          });
          const same =
            typeof message === "string" || typeof back === "string"
              ? back === message
              : new Uint8Array(back).join() === message.join();
          if (!same) wrong.push(`${typeof message} of ${size}`);
        }
      }
      return wrong;
    }, server.url);
    assert.deepEqual(wrong, []);
    assert.equal(server.stats().messagesReceived, 12);
  });

  test("gets events in the order in which things happened", async (t) => {
    const { server, page } = await open(t, {
      open: (connection) => connection.send("welcome"),
      message: (connection, message) => connection.send(`${message}!`),
    });
    const log = await listen(page, server.url, {
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
      const log = await listen(page, server.url, {
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
        const [opened, ...rest] = await listen(page, server.url, { send: ["now"] });
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
    const log = await listen(page, server.url, { send: ["x".repeat(101)] });
    assert.match(log.join(), /^open ,close 1009 .* true$/);
  });

  test("its pings are answered by Chromium", async (t) => {
    const { server, page } = await open(t, {
      async open(connection) {
        const roundTripMs = await connection.ping();
        connection.close(4000, roundTripMs >= 0 ? "answered" : "");
      },
    });
    assert.deepEqual(await listen(page, server.url), ["open ", "close 4000 answered true"]);
  });

  describe("opening", () => {
    test("selects the subprotocol that the server prefers", async (t) => {
      const { server, page } = await open(t, {
        subprotocols: ["v2.chat", "v1.chat"],
        open: (connection) => connection.close(4000, connection.subprotocol),
      });
      const log = await listen(page, server.url, { subprotocols: ["v1.chat", "v2.chat"] });
      assert.deepEqual(log, ["open v2.chat", "close 4000 v2.chat true"]);
    });

    test("fails in the page when none is agreed on", async (t) => {
      const { server, page } = await open(t, { subprotocols: ["v1.chat"] });
      assert.deepEqual(await listen(page, server.url, { subprotocols: ["v9.chat"] }), ["error", "close 1006  false"]);
    });

    test("refuses a page of another origin with 403", async (t) => {
      const codes: string[] = [];
      const server = await start(t, { upgradeError: (error) => codes.push(error.code) });
      const elsewhere = http.createServer(servePage).listen(0, "127.0.0.1");
      t.after(() => elsewhere.close());
      await new Promise((resolve) => elsewhere.once("listening", resolve));
      const page = await openPage(t, `http://127.0.0.1:${(elsewhere.address() as AddressInfo).port}`);
      const reported = page.waitForEvent("console", (message) => message.text().includes(server.url));
      assert.deepEqual(await listen(page, server.url), ["error", "close 1006  false"]);
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
      assert.deepEqual(await listen(page, server.url), ["open ", "close 4000 in true"]);
    });
  });
});
