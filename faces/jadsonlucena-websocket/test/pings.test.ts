/** Pings of ours, at will and by the clock, and pings of the peer's. */
import assert from "node:assert/strict";
import { once } from "node:events";
import * as http from "node:http";
import { describe, test } from "node:test";
import { join, next, pair, record, serve, serveOn, turns, until } from "./ends.ts";
import { masked } from "./raw-peer.ts";

const NO_PONG = { code: 1011, message: "Unexpected Condition" };
const later = (ms: number): Promise<unknown> => new Promise((resolve) => setTimeout(resolve, ms));

describe("ping", () => {
  test("it carries the ID, and its pong keeps the connection", async (context) => {
    const { webSocket, peer, id } = await pair(context, { pongTimeout: 200 });
    const seen = record(webSocket, "close");
    assert.equal(webSocket.ping(id), true);
    const { opcode, payload } = await peer.frame();
    assert.deepEqual([opcode, payload.toString()], [9, id]);
    peer.write(masked(10, payload));
    await later(250);
    assert.deepEqual([seen, webSocket.clients], [[], [id]]);
  });

  test("without a pong it is 1011, to both, once", async (context) => {
    const { webSocket, peer, id } = await pair(context, { pongTimeout: 20 });
    const seen = record(webSocket, "close", "error");
    webSocket.ping(id);
    webSocket.ping(id, 30);
    await peer.frame();
    await peer.frame();
    const { opcode, payload } = await peer.frame();
    assert.deepEqual([opcode, payload.toString("hex")], [8, "03f3"]);
    await peer.over();
    await later(40);
    assert.deepEqual([seen, webSocket.clients], [[["close", id, NO_PONG]], []]);
  });

  test("a pong with another payload is no answer", async (context) => {
    const { webSocket, peer, id } = await pair(context);
    const closed = next(webSocket, "close");
    webSocket.ping(id, 30);
    peer.write(masked(10, "other"), masked(10, ""));
    assert.deepEqual(await closed, [id, NO_PONG]);
  });

  test("one pong answers all pings before it", async (context) => {
    const { webSocket, peer, id } = await pair(context, { pongTimeout: 200 });
    const seen = record(webSocket, "close");
    for (let n = 0; n < 3; n++) webSocket.ping(id);
    for (let n = 0; n < 3; n++) await peer.frame();
    peer.write(masked(10, id));
    await later(250);
    assert.deepEqual(seen, []);
  });

  test("each has its own time: a later one does not lengthen it", async (context) => {
    const { webSocket, id } = await pair(context);
    const closed = next(webSocket, "close");
    webSocket.ping(id, 20);
    webSocket.ping(id, 60_000);
    assert.deepEqual(await closed, [id, NO_PONG]);
  });

  test("below 1 it waits for ever, also as the property, and for what is no number", async (context) => {
    const { webSocket, id } = await pair(context, { pongTimeout: 0 });
    const seen = record(webSocket, "close");
    webSocket.ping(id);
    webSocket.ping(id, -1);
    webSocket.ping(id, Number.NaN);
    Reflect.apply(webSocket.ping, webSocket, [id, "5"]);
    await later(50);
    assert.deepEqual(seen, []);
  });

  test("more pings than are remembered end nobody before the time", async (context) => {
    const { webSocket, peer, id } = await pair(context);
    const seen = record(webSocket, "close");
    for (let n = 0; n < 1_500; n++) webSocket.ping(id, 60_000);
    for (let n = 0; n < 1_500; n++) await peer.frame();
    peer.write(masked(10, id));
    await later(20);
    assert.deepEqual([seen, webSocket.clients], [[], [id]]);
  });

  test("a paused client's pong is not late", async (context) => {
    const { webSocket, peer, id } = await pair(context);
    const seen = record(webSocket, "close");
    webSocket.pause(id);
    webSocket.ping(id, 20);
    await peer.frame();
    peer.write(masked(10, id));
    await later(60);
    webSocket.resume(id);
    await later(60);
    assert.deepEqual(seen, []);
  });

  test("timers die with their connection", async (context) => {
    const { webSocket, peer, id } = await pair(context);
    const seen = record(webSocket, "close");
    webSocket.ping(id, 30);
    peer.socket.end();
    await until(() => seen.length > 0);
    await later(60);
    assert.equal(seen.length, 1);
  });
});

describe("pingDelay", () => {
  test("all clients are pinged again and again", async (context) => {
    const ends = await serve(context, { pingDelay: 20 });
    const both = [await join(context, ends), await join(context, ends)];
    for (let round = 0; round < 2; round++) {
      for (const { peer, id } of both) {
        assert.equal((await peer.frame()).payload.toString(), id);
        peer.write(masked(10, id));
      }
    }
  });

  test("who does not answer is closed with 1011", async (context) => {
    const { webSocket, id } = await pair(context, { pingDelay: 20, pongTimeout: 20 });
    assert.deepEqual(await next(webSocket, "close"), [id, NO_PONG]);
  });

  test("setting it begins the time anew; below 1, NaN and Infinity are never", async (context) => {
    const { webSocket, peer, id } = await pair(context, { pingDelay: 0 });
    for (const never of [-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY]) webSocket.pingDelay = never;
    const before = webSocket.bytesWritten(id);
    await later(20);
    assert.equal(webSocket.bytesWritten(id), before);
    webSocket.pingDelay = 10;
    assert.equal((await peer.frame()).opcode, 9);
  });

  test("a delay that no timer takes does not become none", async (context) => {
    const { webSocket, id } = await pair(context, { pingDelay: 1e12 });
    const before = webSocket.bytesWritten(id);
    await later(20);
    assert.equal(webSocket.bytesWritten(id), before);
  });

  test("it stops with the server, and begins again with it", async (context) => {
    const { webSocket, server } = await serveOn(context, http.createServer(), { pingDelay: 10 });
    server.close();
    await once(server, "close");
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const address = server.address();
    const port = typeof address === "object" ? (address?.port ?? 0) : 0;
    const { peer } = await join(context, { webSocket, port });
    assert.equal((await peer.frame()).opcode, 9);
  });
});

describe("pings of the peer's (RFC 6455 §5.5.3)", () => {
  test("the first is answered at once, with its payload", async (context) => {
    const { peer } = await pair(context);
    const before = performance.now();
    peer.write(masked(9, Buffer.from([0xff, 0])));
    const { opcode, payload } = await peer.frame();
    assert.deepEqual([opcode, payload], [10, Buffer.from([0xff, 0])]);
    assert.ok(performance.now() - before < 1_000);
  });

  test("of a flood the first is answered and then the newest alone", async (context) => {
    const { webSocket, peer, id } = await pair(context);
    const pings = Array.from({ length: 10_000 }, (_, n) => masked(9, String(n)));
    peer.write(...pings);
    const answers: string[] = [];
    while (answers.at(-1) !== "9999") answers.push((await peer.frame()).payload.toString());
    assert.deepEqual([answers[0], webSocket.clients], ["0", [id]]);
    // One more for each 100 ms that it took
    assert.ok(answers.length < 100, `${answers.length} answers`);
    const before = webSocket.bytesWritten(id);
    await later(120);
    assert.equal(webSocket.bytesWritten(id), before);
  });

  test("a peer that pings all the time and never reads is hardly answered", async (context) => {
    const { webSocket, peer, id } = await pair(context);
    peer.socket.pause();
    for (let n = 0; n < 20; n++) {
      peer.write(...Array.from({ length: 500 }, () => masked(9, Buffer.alloc(125))));
      await turns();
    }
    await until(() => webSocket.bytesRead(id) > 1_000_000);
    assert.ok(webSocket.bytesWritten(id) < 100_000);
  });
});
