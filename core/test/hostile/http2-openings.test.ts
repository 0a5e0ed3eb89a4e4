import assert from "node:assert/strict";
import { constants } from "node:http2";
import { after, before, describe, test } from "node:test";
import { Http2Client, type Http2Peer } from "../node/server/raw-http2.ts";
import { growth } from "./crowd.ts";
import { echoes, MIB, openAndReset, stillServesHttp2 } from "./http2-attackers.ts";
import { Victim } from "./victim-process.ts";

let victim: Victim;
before(() => {
  victim = Victim.start();
});
after(() => victim.stop());

/** What is free at once, before and after refusals begin; nothing is earned by time, which depends on the machine. */
const BURST = 100;
const http2Limits = { maxStreams: BURST, maxOpeningsPerSecond: 0.001 };

describe("streams that are opened and reset without end (CVE-2023-44487)", () => {
  for (const together of [1, 150, 600]) {
    const how = together === 1 ? "one after the other" : `${together} of them in one write`;
    // More than the server reads at once: the end may come without its reason
    const isTold = together <= 150;
    test(`${how}: ${isTold ? "GOAWAY ENHANCE_YOUR_CALM" : "the end"}, and memory is flat`, async (t) => {
      const url = await victim.attach("echo", { http2Limits });
      const other = await (await Http2Client.connect(t, url)).open();
      const grown = await growth(victim, async () => {
        const { code, streams } = await openAndReset(t, url, 6_000, together);
        if (!isTold && code === undefined) return;
        assert.equal(code, constants.NGHTTP2_ENHANCE_YOUR_CALM);
        // Each that is reset at once and unused counts as five
        assert.ok(streams >= BURST / 5 && streams < 2_000, `${streams} streams`);
      });
      assert.ok(grown < 16 * MIB, `${grown} bytes`);
      const { opened, refusals } = await victim.told();
      assert.ok(opened + refusals.length <= 1 + 3 * BURST, `${opened} opened, ${refusals.length} refused`);
      await echoes(other, "not disturbed");
      await stillServesHttp2(t, url);
    });
  }

  test("on ten connections at once, each is ended, and another is served meanwhile", async (t) => {
    const url = await victim.attach("echo", { http2Limits });
    const other = await (await Http2Client.connect(t, url)).open();
    const attacks = Array.from({ length: 10 }, () => openAndReset(t, url, 6_000, 20));
    await echoes(other, "meanwhile");
    for (const { code } of await Promise.all(attacks)) assert.equal(code, constants.NGHTTP2_ENHANCE_YOUR_CALM);
    await echoes(other, "afterwards");
    other.stream.session?.destroy();
    while ((await victim.connections()) > 0 || (await victim.sessions()) > 0) await new Promise(setImmediate);
  });
});

describe("more than one HTTP/2 connection may ask for", () => {
  test("openings above the rate: 429, then GOAWAY ENHANCE_YOUR_CALM, others served", async (t) => {
    const url = await victim.attach("echo", {
      http2Limits: { maxStreams: 20, maxOpeningsPerSecond: 0.001 },
    });
    const client = await Http2Client.connect(t, url);
    const statuses: unknown[] = [];
    for (let count = 0; count < 100 && client.goaways.length === 0; count++) {
      const peer = client.ask({ "sec-websocket-version": "7" });
      statuses.push(await peer.status().catch(() => "ended"));
      await peer.closed;
    }
    await client.closed;
    assert.deepEqual(statuses, [...Array(20).fill(400), ...Array(20).fill(429), "ended"]);
    assert.deepEqual(client.goaways, [constants.NGHTTP2_ENHANCE_YOUR_CALM]);
    await stillServesHttp2(t, url);
  });

  test("streams above maxStreams: REFUSED_STREAM each, and those that are open go on", async (t) => {
    const url = await victim.attach("echo", { http2Limits: { maxStreams: 10 } });
    const client = await Http2Client.connect(t, url);
    const peers = await Promise.all(Array.from({ length: 10 }, () => client.open()));
    const refused = await Promise.all(Array.from({ length: 50 }, () => client.ask().closed));
    assert.deepEqual(new Set(refused), new Set([constants.NGHTTP2_REFUSED_STREAM]));
    for (const [index, peer] of peers.entries()) await echoes(peer, `peer ${index}`);
    assert.deepEqual(client.goaways, []);
    await stillServesHttp2(t, url);
  });
});

describe("an upgrade that is never decided", () => {
  function ask(client: Http2Client, count: number): Http2Peer[] {
    return Array.from({ length: count }, () => client.ask({ ":path": "/hang" }));
  }

  test("on 99 streams: each is refused with 503 in time, and the stream beside them goes on", async (t) => {
    const url = await victim.attach("echo", { handshakeTimeoutMs: 500 });
    const client = await Http2Client.connect(t, url);
    const open = await client.open();
    const hanging = ask(client, 99);
    await echoes(open, "meanwhile");
    await stillServesHttp2(t, url);
    const statuses = await Promise.all(hanging.map((peer) => peer.status()));
    assert.deepEqual(new Set(statuses), new Set([503]));
    assert.deepEqual(new Set((await victim.told()).refusals), new Set(["UPGRADE_TIMEOUT"]));
    await echoes(open, "afterwards");
  });

  test("maxPendingHandshakes is for all HTTP/2 connections together, and open streams go on", async (t) => {
    const url = await victim.attach("echo", { maxPendingHandshakes: 20 });
    const clients = [await Http2Client.connect(t, url), await Http2Client.connect(t, url)] as const;
    const open = await clients[0].open();
    ask(clients[0], 20);
    await clients[0].ping();
    const refused = ask(clients[1], 80);
    assert.deepEqual(new Set(await Promise.all(refused.map((peer) => peer.status()))), new Set([503]));
    assert.deepEqual(new Set((await victim.told()).refusals), new Set(["TOO_MANY_HANDSHAKES"]));
    await echoes(open, "still here");
    // Those who hung leave, and make room
    clients[0].session.destroy();
    await victim.until({ refusals: 100 });
    await stillServesHttp2(t, url);
  });
});
