import assert from "node:assert/strict";
import { listen } from "./page-socket.ts";
import { pageOf, type Scenarios, servePage, type Stage } from "./stage.ts";
import type { Tab } from "./tab.ts";

/** Open a page of another origin, which has asked the server for something before: over HTTP/2 a browser then has a connection
 * to it that a WebSocket can use. */
async function openElsewhere(stage: Stage, url: string): Promise<{ tab: Tab; origin: string }> {
  const elsewhere = await stage.serve();
  const tab = await stage.openTab(elsewhere.url);
  await tab.evaluate((page) => fetch(page, { mode: "no-cors", credentials: "include" }).then(() => {}), pageOf(url));
  return { tab, origin: new URL(pageOf(elsewhere.url)).origin };
}

/** What comes with the handshake, and what is answered. */
export const openingScenarios: Scenarios = {
  "the subprotocol is the one that the server prefers": async (stage) => {
    const { server, tab } = await stage.open({
      subprotocols: ["v2.chat", "v1.chat"],
      open: (connection) => connection.close(4000, connection.subprotocol),
    });
    const log = await listen(tab, server.url, { subprotocols: ["v1.chat", "v2.chat"] });
    assert.deepEqual(log, ["open v2.chat", "close 4000 v2.chat true"]);
  },

  "there is none where the page offers none": async (stage) => {
    const { server, tab } = await stage.open({
      subprotocols: ["v1.chat"],
      open: (connection) => connection.close(4000, `"${connection.subprotocol}"`),
    });
    assert.deepEqual(await listen(tab, server.url), ["open ", 'close 4000 "" true']);
  },

  "it fails in the page where none is agreed on, but for Firefox": async (stage) => {
    const { server, tab } = await stage.open({
      subprotocols: ["v1.chat"],
      open: (connection) => connection.close(4000, `"${connection.subprotocol}"`),
    });
    const log = await listen(tab, server.url, { subprotocols: ["v9.chat"] });
    // Firefox opens it, although the WHATWG's standard says what Chromium does
    const opened = ["open ", 'close 4000 "" true'];
    assert.deepEqual(log, stage.browserName === "Firefox" ? opened : ["error", "close 1006  false"]);
  },

  "the page's cookies arrive, those hidden from its scripts too": async (stage) => {
    const cookies: [string, string][] = [];
    // The tests before this one had the same host, and so the same cookies
    const value = `of-${stage.version}`;
    const { server, tab } = await stage.open({
      request(request, response) {
        response.setHeader("Set-Cookie", [
          `hidden=${value}; Secure; HttpOnly; SameSite=Strict`,
          `seen=${value}; Secure`,
        ]);
        servePage(request, response);
      },
      open(connection, request) {
        cookies.push(...request.cookies);
        connection.close();
      },
    });
    const seen = await tab.evaluate((cookie) => {
      // biome-ignore lint/suspicious/noDocumentCookie: the other way works only where certificates are right
      document.cookie = cookie;
      return document.cookie;
    }, `own=${value}; Secure`);
    assert.deepEqual(seen.split("; ").sort(), [`own=${value}`, `seen=${value}`]);
    await listen(tab, server.url);
    assert.deepEqual(cookies.sort(), Object.entries({ hidden: value, own: value, seen: value }));
  },

  "a page of another origin is refused": async (stage) => {
    const codes: string[] = [];
    const server = await stage.serve({
      open: (connection) => connection.close(),
      upgradeError: (error) => codes.push(error.code),
    });
    const { tab } = await openElsewhere(stage, server.url);
    assert.deepEqual(await listen(tab, server.url), ["error", "close 1006  false"]);
    assert.deepEqual(codes, ["ORIGIN_REFUSED"]);
  },

  "it is let in where its origin is allowed": async (stage) => {
    const origins: (string | undefined)[] = [];
    const server = await stage.serve({
      origins: (origin) => {
        origins.push(origin);
        return true;
      },
      open: (connection) => connection.close(4000, "in"),
    });
    const { tab, origin } = await openElsewhere(stage, server.url);
    assert.deepEqual(await listen(tab, server.url), ["open ", "close 4000 in true"]);
    assert.deepEqual(origins, [origin]);
  },

  "a path that is not served is refused": async (stage) => {
    const codes: string[] = [];
    const { server, tab } = await stage.open({
      path: "/chat",
      open: (connection) => connection.close(),
      upgradeError: (error) => codes.push(error.code),
    });
    const url = new URL("/other", server.url).href;
    assert.deepEqual(await listen(tab, url), ["error", "close 1006  false"]);
    assert.deepEqual(codes, ["PATH_UNKNOWN"]);
  },
};
