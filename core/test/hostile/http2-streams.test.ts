import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { Http2Client, type Http2Peer, maskedFrame } from "../node/server/raw-http2.ts";
import { growth } from "./crowd.ts";
import { deflate } from "./deflated.ts";
import { echoes, MIB, stillServesHttp2 } from "./http2-attackers.ts";
import { bytesIn, Victim } from "./victim-process.ts";

let victim: Victim;
before(() => {
  victim = Victim.start();
});
after(() => victim.stop());

const BINARY = 0x82;
/** What an HTTP/2 peer may send unasked on one stream (RFC 9113 §6.9.2). */
const WINDOW = 65_535;

/** Write, and wait until it has left as far as the server gives window. */
function written(peer: Http2Peer, bytes: Uint8Array): Promise<unknown> {
  return new Promise((resolve) => peer.stream.write(bytes, resolve));
}

describe("a stream whose peer gives no window", () => {
  test("an echo that does not look at backpressure: 1013 OUTBOUND_FULL, memory bounded, the stream beside it goes on", async (t) => {
    const url = await victim.attach("echo", {
      backpressure: { maxBufferedBytes: 4 * MIB },
      closeTimeoutMs: 100,
      heartbeat: false,
    });
    const client = await Http2Client.connect(t, url);
    const [greedy, lively] = [await client.open(), await client.open()];
    greedy.stream.pause();
    const message = maskedFrame(BINARY, Buffer.alloc(60_000));
    const start = bytesIn(await victim.memory());
    let mostHeld = 0;
    for (let count = 0; count < 1_000 && !greedy.stream.destroyed; count++) {
      await Promise.race([written(greedy, message), greedy.closed]);
      if (count % 10 > 0) continue;
      await echoes(lively, `meanwhile ${count}`);
      mostHeld = Math.max(mostHeld, bytesIn(await victim.memory()) - start);
    }
    await victim.until({ errors: 1, closes: 1 });
    assert.ok(mostHeld > 2 * MIB && mostHeld < 8 * MIB, `${mostHeld} bytes`);
    const { errors, closes } = await victim.told();
    assert.deepEqual([errors, closes], [["OUTBOUND_FULL"], [1013]]);
    await echoes(lively, "afterwards");
    await stillServesHttp2(t, url);
  });

  test("publish with the policy drop: what is above maxBufferedBytes is dropped, and others get all", async (t) => {
    const url = await victim.attach("paths", {
      backpressure: { maxBufferedBytes: MIB, policy: "drop" },
      heartbeat: false,
    });
    const client = await Http2Client.connect(t, url);
    const stalled = await Promise.all(Array.from({ length: 4 }, () => client.open({ ":path": "/topic" })));
    for (const { stream } of stalled) stream.pause();
    const reader = await client.open({ ":path": "/topic" });
    const publisher = await client.open({ ":path": "/publish" });
    const start = bytesIn(await victim.memory());
    for (let count = 0; count < 500; count++) {
      await written(publisher, maskedFrame(BINARY, Buffer.alloc(50_000, count)));
      // With the 4 bytes of its header
      const got = await reader.bytes(50_004);
      assert.equal(got.at(-1), count & 0xff);
    }
    const held = bytesIn(await victim.memory()) - start;
    assert.ok(held < 8 * MIB, `${held} bytes`);
    assert.ok((await victim.dropped()) >= 4 * (500 - 2 * (MIB / 50_000)), "the stalled ones' messages were dropped");
    const { errors, closes } = await victim.told();
    assert.deepEqual([errors, closes], [[], []]);
    await echoes(await client.open(), "on the same connection");
  });
});

test("streams whose application does not read hold their window at most, and the one beside them goes on", async (t) => {
  const url = await victim.attach("paths", { heartbeat: false });
  const client = await Http2Client.connect(t, url);
  const lively = await client.open();
  const paused = await Promise.all(Array.from({ length: 64 }, () => client.open({ ":path": "/paused" })));
  const start = bytesIn(await victim.memory());
  for (const { stream } of paused) stream.write(maskedFrame(BINARY, Buffer.alloc(MIB)));
  for (let count = 0; count < 50; count++) await echoes(lively, `meanwhile ${count}`);
  const each = (bytesIn(await victim.memory()) - start) / paused.length;
  assert.ok(each > WINDOW / 2, `${each} bytes are less than the peers have sent`);
  assert.ok(each < 2 * WINDOW, `${each} bytes`);
  for (const { stream } of paused) assert.ok(stream.writableLength > 0, "the peer waits");
  client.session.destroy();
  await victim.until({ closes: 65 });
  const left = bytesIn(await victim.memory()) - start;
  assert.ok(left < MIB, `${left} bytes are left`);
});

describe("one stream that breaks a rule or a limit, of several on an HTTP/2 connection", () => {
  const bomb = maskedFrame(0xc2, deflate(Buffer.alloc(64 * MIB)));
  const attacks: readonly (readonly [what: string, bytes: Buffer, closeCode: number, error: string])[] = [
    ["a compression bomb of 64 MiB in 64 KiB", bomb, 1009, "MESSAGE_TOO_BIG"],
    ["a message above maxMessageBytes", maskedFrame(BINARY, Buffer.alloc(MIB + 1)), 1009, "MESSAGE_TOO_BIG"],
    ["a text that is no UTF-8", maskedFrame(0x81, Buffer.from([0xc0, 0xaf])), 1007, "BAD_UTF8"],
    ["a frame that is not masked", Buffer.from([0x81, 1, 0x61]), 1002, "MASK_MISSING"],
    ["an unknown opcode", maskedFrame(0x83, Buffer.alloc(0)), 1002, "OPCODE_RESERVED"],
  ];

  for (const [what, bytes, closeCode, error] of attacks) {
    test(`${what}: ${closeCode} ${error} on its stream, and the others go on`, async (t) => {
      const limits = { maxMessageBytes: MIB };
      const url = await victim.attach("echo", { limits, compression: true, closeTimeoutMs: 500 });
      const client = await Http2Client.connect(t, url);
      const others = await Promise.all(Array.from({ length: 5 }, () => client.open()));
      const attacker = await client.open({ "sec-websocket-extensions": "permessage-deflate" });
      const grown = await growth(victim, async () => {
        attacker.stream.write(bytes);
        const [first, , ...code] = await attacker.bytes(4);
        assert.deepEqual([first, Buffer.from(code).readUInt16BE()], [0x88, closeCode]);
        for (const other of others) await echoes(other, "meanwhile");
        await victim.until({ closes: 1 });
      });
      assert.ok(grown < 16 * MIB, `${grown} bytes`);
      const { errors, closes } = await victim.told();
      assert.deepEqual([errors, closes], [[error], [closeCode]]);
      for (const other of others) await echoes(other, "afterwards");
      await echoes(await client.open(), "a new one");
      assert.deepEqual(client.goaways, []);
    });
  }
});
