import assert from "node:assert/strict";
import * as http2 from "node:http2";
import * as https from "node:https";
import type { AddressInfo } from "node:net";
import { type AttachOptions, attach, type Connection } from "polysocket";
import { testCertificate } from "../node/server/test-certificate.ts";
import { keepOpen, say, untilGot } from "./page-socket.ts";
import { type Scenarios, servePage, type Stage } from "./stage.ts";

/** A server of Node's with WebSocket attached, which knows what its pages and its WebSockets came by. */
interface Watched {
  readonly url: string;
  /** HTTP/2 connections, or sockets. */
  readonly pageCarriers: ReadonlySet<unknown>;
  readonly webSocketCarriers: ReadonlySet<unknown>;
}

async function serveWatched(stage: Stage, options: AttachOptions): Promise<Watched> {
  const pageCarriers = new Set<unknown>();
  const webSocketCarriers = new Set<unknown>();
  const base =
    stage.version === "2.0"
      ? http2.createSecureServer({ ...testCertificate, allowHTTP1: true })
      : https.createServer(testCertificate);
  base.on("session", (session: http2.ServerHttp2Session) => {
    session.on("stream", (_stream, headers) => {
      (headers[":protocol"] === "websocket" ? webSocketCarriers : pageCarriers).add(session);
    });
  });
  base.on("upgrade", ({ socket }) => webSocketCarriers.add(socket));
  base.on("request", servePage);
  const attachment = attach(base, { ...options, ...stage.watch(options) });
  await new Promise<void>((resolve) => base.listen(0, "127.0.0.1", resolve));
  stage.after(async () => {
    await attachment.close({ timeoutMs: 0 });
    base.close();
  });
  const { port } = base.address() as AddressInfo;
  return { url: `wss://127.0.0.1:${port}/`, pageCarriers, webSocketCarriers };
}

/** Several sockets and tabs at once. */
export const sharingScenarios: Scenarios = {
  "sockets of two tabs share the page's one HTTP/2 connection, or have one each over HTTP/1.1": async (stage) => {
    const server = await serveWatched(stage, { message: (connection, message) => connection.send(`${message}!`) });
    const tabs = [await stage.openTab(server.url), await stage.openTab(server.url)];
    await Promise.all(tabs.map((tab) => keepOpen(tab, server.url, 3)));
    const turns = tabs.flatMap((tab) => [0, 1, 2].map((index) => ({ tab, index })));
    const answers = turns.map(async ({ tab, index }, turn) => {
      await say(tab, index, `number ${turn}`);
      return untilGot(tab, index, 1);
    });
    assert.deepEqual(
      await Promise.all(answers),
      turns.map((_, turn) => [`number ${turn}!`]),
    );
    if (stage.version === "1.1") assert.equal(server.webSocketCarriers.size, turns.length);
    else {
      assert.equal(server.webSocketCarriers.size, 1);
      assert.deepEqual([...server.webSocketCarriers], [...server.pageCarriers]);
    }
  },

  "one that is not read from holds up no other": async (stage) => {
    const connections: Connection[] = [];
    const { server, tab } = await stage.open({
      open: (connection) => connections.push(connection),
      message: (connection, message) => connection.send(`${message.length}`),
    });
    await keepOpen(tab, server.url, 2);
    // Much more than the window of an HTTP/2 connection
    const [large, count] = ["x".repeat(1 << 18), 16];
    const [paused] = connections;
    paused?.pause();
    // Which of the page's two it is, the page cannot know: both send, one answers
    await tab.evaluate(
      ({ large, count }) => {
        for (const { socket } of window.kept ?? []) for (let i = 0; i < count; i++) socket.send(large);
      },
      { large, count },
    );
    const waitsFor = [untilGot(tab, 0, count), untilGot(tab, 1, count)];
    const first = await Promise.race(waitsFor);
    assert.deepEqual(first, Array(count).fill(`${large.length}`));
    assert.equal(server.stats().messagesReceived, count);
    paused?.resume();
    await Promise.all(waitsFor);
    assert.equal(server.stats().messagesReceived, 2 * count);
  },

  "what one tab publishes the other one gets, and what the server does both": async (stage) => {
    const server = await stage.serve({
      open: (connection) => connection.subscribe("news"),
      message: (connection, message) => {
        connection.publish("news", message);
      },
    });
    const [here, there] = [await stage.openTab(server.url), await stage.openTab(server.url)];
    await Promise.all([keepOpen(here, server.url), keepOpen(there, server.url)]);
    await say(here, 0, "from here");
    assert.deepEqual(await untilGot(there, 0, 1), ["from here"]);
    await say(there, 0, "from there");
    assert.deepEqual(await untilGot(here, 0, 1), ["from there"]);
    assert.equal(server.publish("news", "from the server"), 2);
    assert.deepEqual(await untilGot(here, 0, 2), ["from there", "from the server"]);
    assert.deepEqual(await untilGot(there, 0, 2), ["from here", "from the server"]);
  },
};
