import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { BINARY, closeFrame, frame, PING, text } from "../node/connection/frames.ts";
import { handshakeText, RawClient, statusOf } from "../node/server/raw-client.ts";
import { answerTo, closeCodeFor, stillServes } from "./attacks-on-server.ts";
import { flood, floodUntilError, growth, heldByEach, leave, openPeer, openPeers, written } from "./crowd.ts";
import { announce, endless, pings } from "./frame-advisories.ts";
import { testDeflateFloods } from "./server-deflate-floods.ts";
import { testDeflatingPeers } from "./server-deflate-peers.ts";
import { Victim } from "./victim-process.ts";

const MILLION = 1_000_000;
const MIB = 1 << 20;

let victim: Victim;
before(() => {
  victim = Victim.start();
});
after(() => victim.stop());

describe("a peer that never reads", () => {
  test("1,000,000 pings of 125 bytes: 1008 TOO_MANY_PENDING_PONGS, and memory is flat", async () => {
    const url = await victim.serve("echo", { closeTimeoutMs: 100 });
    const grown = await floodUntilError(victim, await openPeer(url), pings(1_000), MILLION / 1_000);
    const { errors, closes } = await victim.told();
    assert.deepEqual([errors, closes], [["TOO_MANY_PENDING_PONGS"], [1008]]);
    assert.ok(grown < 16 * MIB, `${grown} bytes`);
    await stillServes(url);
  });

  test("1,000,000 empty pings: their pongs wait in the system or end it with 1008, and memory is flat", async () => {
    const url = await victim.serve("echo", { closeTimeoutMs: 100 });
    const client = await openPeer(url);
    client.socket.pause();
    const ping = frame(PING, "");
    const many = Buffer.concat(Array.from({ length: 10_000 }, () => ping));
    const grown = await growth(victim, async () => {
      await flood(client, many, MILLION / 10_000, () => false);
      if (!client.socket.destroyed) await Promise.race([victim.untilBytes(MILLION * ping.length), client.closed]);
    });
    const { errors } = await victim.told();
    assert.ok(errors.length === 0 || errors[0] === "TOO_MANY_PENDING_PONGS", errors.join());
    assert.ok(grown < 16 * MIB, `${grown} bytes`);
    client.socket.destroy();
    await stillServes(url);
  });

  test("messages to an echo that does not look at backpressure: 1013 OUTBOUND_FULL at 16 MiB", async () => {
    const url = await victim.serve("echo", { closeTimeoutMs: 100 });
    const grown = await floodUntilError(victim, await openPeer(url), frame(BINARY, Buffer.alloc(60_000)), 10_000);
    const { errors, closes } = await victim.told();
    assert.deepEqual([errors, closes], [["OUTBOUND_FULL"], [1013]]);
    assert.ok(grown < 48 * MIB, `${grown} bytes`);
    await stillServes(url);
  });
});

describe("messages in the smallest pieces", () => {
  test("1,000,000 empty fragments: 1008 TOO_MANY_FRAGMENTS, and memory is flat", async () => {
    const url = await victim.serve("echo");
    const client = await openPeer(url);
    const empty = endless(MILLION, 0);
    const grown = await growth(victim, async () => {
      void written(client, empty);
      assert.equal(await closeCodeFor(client), 1008);
    });
    client.write(closeFrame(1008)).socket.end();
    assert.deepEqual((await victim.told()).errors, ["TOO_MANY_FRAGMENTS"]);
    assert.ok(grown < 16 * MIB, `${grown} bytes`);
    await stillServes(url);
  });

  test("1,000,000 fragments of a byte, where so many are allowed, are one message that costs its bytes", async () => {
    const url = await victim.serve("sink", { limits: { maxFragments: Number.POSITIVE_INFINITY } });
    const client = await openPeer(url);
    const grown = await growth(victim, async () => {
      await written(client, Buffer.concat([endless(MILLION, 1), frame(0, "")]));
      await victim.until({ messages: 1 });
    });
    assert.ok(grown < 16 * MIB, `${grown} bytes`);
    leave([client]);
  });

  test("50 peers whose every byte comes alone, the handshake's too, are served", async () => {
    const url = await victim.serve("echo");
    const clients = await Promise.all(Array.from({ length: 50 }, () => RawClient.connect(url)));
    const sent = Buffer.concat([
      Buffer.from(handshakeText()),
      text("one ", { fin: false }),
      frame(PING, "p"),
      frame(0, "message"),
    ]);
    for (const client of clients) client.socket.setNoDelay(true);
    for (const byte of sent) await Promise.all(clients.map((client) => written(client, Uint8Array.of(byte))));
    for (const client of clients) {
      assert.equal(statusOf(await client.head()), 101);
      assert.deepEqual(await client.bytes(3), Buffer.from("\x8a\x01p", "latin1"));
      assert.equal(await client.text(), "one message");
    }
    leave(clients);
  });
});

describe("messages that are never finished", () => {
  const unfinished: readonly (readonly [what: string, bytes: Buffer])[] = [
    ["a fragment", endless(1, 10)],
    ["a fragment and then a ping", Buffer.concat([endless(1, 10), frame(PING, "")])],
    ["a fragment and part of a header", Buffer.concat([endless(1, 10), frame(0, "rest").subarray(0, 3)])],
    ["a header that announces 1 MiB", announce(1n << 20n)],
    ["half a payload", frame(BINARY, Buffer.alloc(60_000)).subarray(0, 30_000)],
    ["15,000 fragments", endless(15_000, 5)],
  ];
  for (const [what, bytes] of unfinished) {
    test(`50 peers with ${what}: 1008 MESSAGE_TIMEOUT for each`, async () => {
      const url = await victim.serve("echo", { limits: { messageTimeoutMs: 100 } });
      const clients = await openPeers(url, 50);
      for (const client of clients) client.write(bytes);
      assert.deepEqual(new Set(await Promise.all(clients.map(closeCodeFor))), new Set([1008]));
      leave(clients);
      await victim.until({ closes: 50 });
      assert.deepEqual(await victim.told().then(({ errors }) => errors), Array(50).fill("MESSAGE_TIMEOUT"));
      await stillServes(url);
    });
  }

  test("fragments that trickle for ever are signs of life, and no excuse: 1008 MESSAGE_TIMEOUT", async () => {
    const url = await victim.serve("echo", {
      limits: { messageTimeoutMs: 200, maxFragments: Number.POSITIVE_INFINITY },
      heartbeat: { intervalMs: 100, timeoutMs: 50 },
    });
    const client = await openPeer(url);
    client.write(text("a", { fin: false }));
    const closeCode = closeCodeFor(client);
    let isOver = false;
    void closeCode.then(() => {
      isOver = true;
    });
    await flood(client, frame(0, "", { fin: false }), MILLION, () => isOver);
    assert.equal(await closeCode, 1008);
    leave([client]);
    assert.deepEqual((await victim.told()).errors, ["MESSAGE_TIMEOUT"]);
    await stillServes(url);
  });

  test("part of a header, or of a ping, and then silence: 1006 HEARTBEAT_TIMEOUT", async () => {
    const url = await victim.serve("echo", { heartbeat: { intervalMs: 50, timeoutMs: 50 } });
    const parts = [
      announce(70_000n).subarray(0, 1),
      announce(70_000n).subarray(0, 13),
      frame(PING, "abc").subarray(0, 7),
    ];
    for (const part of parts) (await openPeer(url)).write(part);
    await victim.until({ closes: parts.length });
    const { errors, closes } = await victim.told();
    assert.deepEqual([new Set(errors), new Set(closes)], [new Set(["HEARTBEAT_TIMEOUT"]), new Set([1006])]);
  });

  test("50 MiB of frames that nobody finishes cost what has arrived, and nothing once the peers have left", async () => {
    const url = await victim.serve("echo");
    const half = frame(BINARY, Buffer.alloc(MIB)).subarray(0, MIB / 2);
    const each = await heldByEach(victim, url, 80, half);
    assert.ok(each < 1.25 * MIB, `${each} bytes each`);
    await victim.until({ closes: 100 });
    const { arrayBuffers } = await victim.memory();
    assert.ok(arrayBuffers < 8 * MIB, `${arrayBuffers} bytes are held`);
  });
});

describe("slow and partial handshakes", () => {
  const whole = Buffer.from(handshakeText());

  test("cut at every place, by a FIN and by a reset, no server notices", async () => {
    const url = await victim.serve("echo");
    for (const leaves of [(client: RawClient) => client.socket.end(), (client: RawClient) => client.reset()]) {
      const clients = await Promise.all(Array.from({ length: whole.length }, () => RawClient.connect(url)));
      await Promise.all(clients.map((client, length) => written(client, whole.subarray(0, length))));
      for (const client of clients) leaves(client);
      await Promise.all(clients.map((client) => client.closed));
    }
    assert.equal(await victim.connections(), 0);
    assert.equal((await victim.told()).opened, 0);
    await stillServes(url);
  });

  test("300 that stop at every place are refused with 408 in time, and others are served meanwhile", async () => {
    const url = await victim.serve("echo", { handshakeTimeoutMs: 1_000 });
    const clients = await Promise.all(Array.from({ length: 300 }, () => RawClient.connect(url)));
    clients.forEach((client, index) => {
      client.write(whole.subarray(0, 1 + (index % (whole.length - 1))));
    });
    await stillServes(url);
    const statuses = await Promise.all(clients.map(async (client) => statusOf(await client.rest())));
    assert.deepEqual(new Set(statuses), new Set([408]));
  });

  test("300 that send nothing at all are closed in time", async () => {
    const url = await victim.serve("echo", { handshakeTimeoutMs: 500 });
    const clients = await Promise.all(Array.from({ length: 300 }, () => RawClient.connect(url)));
    await stillServes(url);
    await Promise.all(clients.map((client) => client.rest()));
    assert.equal(await victim.connections(), 0);
  });

  test("a peer that trickles its handshake is refused with 408 although it never falls silent", async () => {
    const url = await victim.serve("echo", { handshakeTimeoutMs: 200 });
    const client = await RawClient.connect(url);
    client.socket.setNoDelay(true);
    client.write("GET / HTTP/1.1\r\nX-Slow: ");
    let isOver = false;
    const answer = client.rest().then((rest) => {
      isOver = true;
      return rest;
    });
    // One byte and then what the event loop has to do: slow enough to stay below any limit of bytes.
    while (!isOver && !client.socket.destroyed) {
      await written(client, Buffer.from("a"));
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    assert.equal(statusOf(await answer), 408);
  });
});

describe("oversized handshakes", () => {
  const oversized: readonly (readonly [what: string, bytes: string])[] = [
    ["a target", handshakeText({ target: `/${"a".repeat(MIB)}` })],
    ["a method", handshakeText({ method: "A".repeat(MIB) })],
    ["a header's value", handshakeText({ headers: { "X-Long": "a".repeat(MIB) } })],
    ["a header's name", handshakeText({ headers: { ["a".repeat(MIB)]: "x" } })],
    ["a line that never ends", `GET / HTTP/1.1\r\nHost: ${"a".repeat(MIB)}`],
    ["headers without end", `GET / HTTP/1.1\r\n${"a: aaaaaaaaaaaaaaaaaaaa\r\n".repeat(50_000)}`],
    ["cookies", handshakeText({ headers: { Cookie: "a=b; ".repeat(200_000) } })],
  ];
  for (const [what, bytes] of oversized) {
    test(`${what} of 1 MiB from 20 peers: refused or cut off, and memory is flat`, async () => {
      const url = await victim.serve("echo");
      const clients = await Promise.all(Array.from({ length: 20 }, () => RawClient.connect(url)));
      const grown = await growth(victim, async () => {
        for (const client of clients) client.write(bytes);
        const statuses = await Promise.all(clients.map(async (client) => statusOf(await answerTo(client))));
        // Node closes with bytes unread, which may overtake its answer.
        for (const status of statuses) assert.ok([431, 400, Number.NaN].includes(status), String(status));
        await Promise.all(clients.map((client) => client.closed));
      });
      leave(clients);
      assert.ok(grown < 16 * MIB, `${grown} bytes`);
      await stillServes(url);
    });
  }
});

describe("small messages that are kept", () => {
  test("hold no more than Node's pool of small arrays each, whatever they arrived with", async () => {
    const url = await victim.serve("keep");
    // Each small message has the rest of its pool taken by one that is thrown away.
    const pair = Buffer.concat([frame(BINARY, Buffer.alloc(16)), frame(BINARY, Buffer.alloc(4_000))]);
    const bytes = Buffer.concat(Array.from({ length: 20 }, () => pair));
    const each = (await heldByEach(victim, url, 50, bytes)) / 20;
    assert.ok(each < Buffer.poolSize + 1_024, `${each} bytes for each message of 16`);
  });

  test("and next to nothing where they arrived in a read of 64 KiB with large ones", async () => {
    const url = await victim.serve("keep");
    const pair = Buffer.concat([frame(BINARY, Buffer.alloc(16)), frame(BINARY, Buffer.alloc(65_000))]);
    const bytes = Buffer.concat(Array.from({ length: 20 }, () => pair));
    const each = (await heldByEach(victim, url, 20, bytes)) / 20;
    assert.ok(each < 1_024, `${each} bytes for each message of 16`);
  });
});

testDeflatingPeers(() => victim);
testDeflateFloods(() => victim);
