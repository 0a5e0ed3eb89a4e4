import assert from "node:assert/strict";
import { once } from "node:events";
import { after, before, describe, type TestContext, test } from "node:test";
import * as tls from "node:tls";
import { FRAME, Http2Client, maskedFrame, RawHttp2, rawConnectFields } from "../node/server/raw-http2.ts";
import { testCertificate } from "../node/server/test-certificate.ts";
import { growth } from "./crowd.ts";
import {
  CONTINUATION,
  echoes,
  END_HEADERS,
  http2Frame,
  MIB,
  pour,
  Received,
  stillServesHttp2,
} from "./http2-attackers.ts";
import { Victim } from "./victim-process.ts";

let victim: Victim;
before(() => {
  victim = Victim.start();
});
after(() => victim.stop());

/** RFC 9113 §6.7 */
const PING = 6;
/** The most that a frame may carry without being asked (RFC 9113 §4.2). */
const FULL = 16_384;
/** RFC 9113 §7 */
const NO_ERROR = 0;
const PROTOCOL_ERROR = 1;

/** A field of a header block whose value has so many bytes, as a literal without indexing (RFC 7541 §5.1, §6.2.2). */
function field(valueBytes: number): Buffer {
  const rest = valueBytes - 127;
  const length = [0x7f, 0x80 | (rest & 0x7f), 0x80 | ((rest >> 7) & 0x7f), rest >> 14];
  return Buffer.concat([Buffer.from([0, 1, 0x78]), Buffer.from(length), Buffer.alloc(valueBytes, "v")]);
}

/** A header block in as many frames as it needs. */
function inFrames(streamId: number, block: Buffer): Buffer {
  const frames: Buffer[] = [];
  for (let from = 0; from < block.length; from += FULL) {
    const flags = from + FULL >= block.length ? END_HEADERS : 0;
    const type = from === 0 ? FRAME.HEADERS : CONTINUATION;
    frames.push(http2Frame(type, flags, streamId, block.subarray(from, from + FULL)));
  }
  return Buffer.concat(frames);
}

describe("header blocks without end", () => {
  for (const size of [0, 1, FULL]) {
    test(`CONTINUATION frames of ${size} bytes that never end (recalled CVE-2024-28182): it is cut off, and memory is flat`, async (t) => {
      const url = await victim.attach("echo");
      const other = await (await Http2Client.connect(t, url)).open();
      const client = (await RawHttp2.connect(t, url)).headers(1, rawConnectFields(), 0);
      const one = http2Frame(CONTINUATION, 0, 1, size === FULL ? field(FULL - 7) : Buffer.alloc(size, 0x82));
      const many = Buffer.concat(Array.from({ length: Math.ceil(MIB / one.length) }, () => one));
      const { grown, isEnded } = await pour(victim, client, many, 64);
      assert.ok(isEnded);
      assert.ok(grown < 16 * MIB, `${grown} bytes`);
      await echoes(other, "not disturbed");
      await stillServesHttp2(t, url);
    });
  }

  test("HEADERS without CONTINUATION, and the TCP connection gone, 300 times (recalled CVE-2024-27983)", async (t) => {
    const url = await victim.attach("echo");
    const grown = await growth(victim, async () => {
      for (let count = 0; count < 300; count++) {
        const client = (await RawHttp2.connect(t, url)).headers(1, rawConnectFields(), 0);
        client.socket.write(http2Frame(CONTINUATION, 0, 1, field(1_000)), () => client.socket.resetAndDestroy());
        await client.closed;
      }
      while ((await victim.sessions()) > 0) await new Promise(setImmediate);
    });
    assert.ok(grown < 32 * MIB, `${grown} bytes`);
    assert.equal((await victim.told()).opened, 0);
    await stillServesHttp2(t, url);
  });

  test("HEADERS that are never finished on 50 connections are cut off in time, and others served meanwhile", async (t) => {
    const url = await victim.serve("echo", { tls: testCertificate, http2: true, handshakeTimeoutMs: 500 });
    const stalled = await Promise.all(Array.from({ length: 50 }, () => dialTls(t, url)));
    for (const client of stalled) client.headers(1, rawConnectFields(), 0);
    await stillServesHttp2(t, url);
    await Promise.all(stalled.map(({ closed }) => closed));
    assert.equal((await victim.told()).opened, 1);
  });
});

async function dialTls(t: TestContext, url: string): Promise<RawHttp2> {
  const { hostname, port } = new URL(url);
  const socket = tls.connect({ port: Number(port), host: hostname, rejectUnauthorized: false, ALPNProtocols: ["h2"] });
  socket.on("error", () => undefined);
  await once(socket, "secureConnect");
  return new RawHttp2(t, socket);
}

describe("header lists that are too large", () => {
  const blocks: readonly (readonly [what: string, block: Buffer])[] = [
    ["one field of 1 MiB", field(MIB)],
    ["1,024 fields of 1 KiB", Buffer.concat(Array.from({ length: 1_024 }, () => field(1_024)))],
    // Stored once and named 12,000 times (RFC 7541 §6.1): 36 MB in 15 KB
    ["12,000 references to a field of 3,000 bytes", Buffer.concat([stored(field(3_000)), Buffer.alloc(12_000, 0xbe)])],
  ];

  for (const [what, block] of blocks) {
    test(`${what}: no WebSocket, bounded memory, and others are served`, async (t) => {
      const url = await victim.attach("echo");
      const other = await (await Http2Client.connect(t, url)).open();
      const usual = headerBlock(rawConnectFields());
      const attackers = await Promise.all(Array.from({ length: 10 }, () => RawHttp2.connect(t, url)));
      const grown = await growth(victim, async () => {
        const ends = attackers.map((client) => refusalOf(client));
        for (const { socket } of attackers) socket.write(inFrames(1, Buffer.concat([usual, block])));
        for (const code of await Promise.all(ends)) assert.ok(code !== NO_ERROR, `${code}`);
      });
      assert.ok(grown < 24 * MIB, `${grown} bytes`);
      assert.equal((await victim.told()).opened, 1);
      await echoes(other, "not disturbed");
      await stillServesHttp2(t, url);
    });
  }
});

/** The same field as a literal that is put into the table (RFC 7541 §6.2.1). */
function stored(literal: Buffer): Buffer {
  return Buffer.concat([Buffer.from([0x40]), literal.subarray(1)]);
}

/** Short fields as literals without indexing. */
function headerBlock(fields: readonly (readonly [string, string])[]): Buffer {
  const text = (value: string): number[] => [value.length, ...Buffer.from(value)];
  return Buffer.from(fields.flatMap(([name, value]) => [0, ...text(name), ...text(value)]));
}

/** Wait for RST_STREAM, for GOAWAY, or for the end.
 * @returns the error's code, if it was told */
async function refusalOf(client: RawHttp2): Promise<number | undefined> {
  const frame = await new Received(client).find(({ type }) => type === FRAME.RST_STREAM || type === FRAME.GOAWAY);
  return frame?.payload.readUInt32BE(frame.payload.length - 4);
}

describe("frames that have to be answered, from a peer that reads no answer", () => {
  const floods: readonly (readonly [what: string, frame: Buffer, mustEnd: boolean])[] = [
    ["PING (recalled CVE-2019-9512)", http2Frame(PING, 0, 0, Buffer.alloc(8)), true],
    ["SETTINGS (recalled CVE-2019-9515)", http2Frame(FRAME.SETTINGS, 0, 0), true],
    ["SETTINGS with a setting", http2Frame(FRAME.SETTINGS, 0, 0, Buffer.from([0, 4, 0, 0, 0xff, 0xff])), true],
    // Node 20 says GOAWAY and reads no more
    ["DATA on a stream that was never opened", http2Frame(FRAME.DATA, 0, 1, Buffer.alloc(10)), false],
    ["empty DATA on an open WebSocket (recalled CVE-2019-9518)", http2Frame(FRAME.DATA, 0, 1), false],
  ];

  for (const [what, frame, mustEnd] of floods) {
    test(`${what}: ${mustEnd ? "it is cut off, " : ""}memory is flat, and others are served meanwhile`, async (t) => {
      const url = await victim.attach("echo");
      const other = await (await Http2Client.connect(t, url)).open();
      const client = await RawHttp2.connect(t, url);
      if (what.startsWith("empty")) {
        client.headers(1, rawConnectFields());
        await client.next(FRAME.HEADERS);
      }
      const many = Buffer.concat(Array.from({ length: 10_000 }, () => frame));
      const { grown, isEnded } = await pour(victim, client, many, 100);
      assert.ok(isEnded || !mustEnd);
      assert.ok(grown < 16 * MIB, `${grown} bytes`);
      await echoes(other, "not disturbed");
      client.socket.destroy();
      await stillServesHttp2(t, url);
    });
  }
});

describe("DATA where there is no stream", () => {
  // The third may be on its way when the stream is reset (RFC 9113 §5.1)
  const places: readonly (readonly [where: string, streamId: number, goaway: number | undefined])[] = [
    ["on stream 0", 0, PROTOCOL_ERROR],
    ["on an idle stream", 9, PROTOCOL_ERROR],
    ["on a stream that was reset", 1, undefined],
  ];

  for (const [where, streamId, goaway] of places) {
    test(`${where} reaches no WebSocket, and other connections go on`, async (t) => {
      const url = await victim.attach("echo");
      const other = await (await Http2Client.connect(t, url)).open();
      const client = await RawHttp2.connect(t, url);
      const received = new Received(client);
      client.headers(1, rawConnectFields());
      await client.next(FRAME.HEADERS);
      client.frame(FRAME.RST_STREAM, 0, 1, Buffer.from([0, 0, 0, 8]));
      await victim.until({ closes: 1 });
      client.frame(FRAME.DATA, 0, streamId, maskedFrame(0x81, Buffer.from("lost")));
      if (goaway !== undefined) {
        const { payload } = (await received.find(({ type }) => type === FRAME.GOAWAY)) ?? {};
        assert.equal(payload?.readUInt32BE(4), goaway);
      }
      await echoes(other, "not disturbed");
      await stillServesHttp2(t, url);
      const { messages, closes } = await victim.told();
      assert.deepEqual([messages, closes.slice(0, 1)], [2, [1006]]);
    });
  }
});
