import assert from "node:assert/strict";
import { Readable } from "node:stream";
import { describe, type TestContext, test } from "node:test";
import {
  type CompressionOptions,
  type Connection,
  connect,
  prepare,
  type Sendable,
  type SendOptions,
  serve,
} from "polysocket";
import { inflatedAlone, Wire, type WireFrame } from "./compression-wire.ts";
import { Mailbox } from "./mailbox.ts";

/** What is sent, how, and whether it goes out compressed. */
type Case = readonly [name: string, isCompressed: boolean, message: Sendable, options?: SendOptions];

const TEXT = 1;
const BINARY = 2;
const PING = 9;

/** Two connected ends of ours, and what they say to each other on the wire. */
interface Pair {
  readonly client: Connection;
  readonly server: Connection;
  readonly wire: Wire;
}

async function pair(
  t: TestContext,
  compression: boolean | CompressionOptions,
  ofClient: boolean | CompressionOptions = compression,
  version: 13 | 8 = 13,
): Promise<Pair> {
  const opened = new Mailbox<Connection>();
  const server = await serve({
    host: "127.0.0.1",
    compression,
    open: (connection) => opened.put(connection),
    message() {},
  });
  const wire = await Wire.to(server.url);
  t.after(async () => {
    await server.close({ timeoutMs: 0 });
    await wire.close();
  });
  const client = await connect(wire.url, { version, compression: ofClient, message() {} });
  return { client, server: await opened.take(), wire };
}

/** Send messages from one end; the data frames that went over the wire.
 * A ping's answer is behind them, so that all have arrived. */
async function framesOf(
  { wire, ...ends }: Pair,
  from: "client" | "server",
  messages: readonly Case[],
): Promise<WireFrame[]> {
  for (const [, , message, options] of messages) ends[from].send(message, options);
  await ends[from].flush();
  await ends[from].ping();
  return wire.frames(from).filter(({ opcode }) => opcode < 8);
}

const LONG = "words that are said again and again, ".repeat(60);

for (const from of ["server", "client"] as const) {
  describe(`which messages a ${from} compresses`, () => {
    for (const version of [13, 8] as const) {
      test(`those of 1,024 bytes or more, in version ${version}, whose first frame says so (RFC 7692 §6)`, async (t) => {
        const cases: readonly Case[] = [
          ["an empty text", false, ""],
          ["1,023 characters", false, "a".repeat(1_023)],
          ["1,024 characters", true, "a".repeat(1_024)],
          ["1,022 bytes in 511 characters", false, "é".repeat(511)],
          ["1,024 bytes in 512 characters", true, "é".repeat(512)],
          ["1,023 bytes", false, Buffer.alloc(1_023)],
          ["1,024 bytes", true, Buffer.alloc(1_024)],
          ["bytes that are text", true, Buffer.alloc(2_000, "a"), { kind: "text" }],
          ["a large text", true, LONG.repeat(30)],
          ["large bytes", true, Buffer.from(LONG.repeat(30))],
        ];
        const frames = await framesOf(await pair(t, true, true, version), from, cases);
        assert.equal(frames.length, cases.length);
        for (const [i, [name, isCompressed, message, options]] of cases.entries()) {
          const frame = frames[i];
          assert.ok(frame !== undefined);
          const isText = typeof message === "string" || options?.kind === "text";
          assert.deepEqual([name, frame.rsv1, frame.fin], [name, isCompressed, true]);
          assert.equal(frame.opcode, isText ? TEXT : BINARY, name);
        }
      });
    }

    test("what the sender says of a message counts, whatever its size", async (t) => {
      const cases: readonly Case[] = [
        ["a small one", true, "small", { compress: true }],
        ["an empty one", true, "", { compress: true }],
        ["a large one", false, LONG, { compress: false }],
        ["a very large one", false, LONG.repeat(30), { compress: false }],
        ["a prepared one", true, prepare("small, but ".repeat(5), { compress: true })],
        ["one prepared as it is", false, prepare(LONG, { compress: false })],
        ["one prepared without a word", true, prepare(LONG)],
        // Prepared for many it is worth a look; a client makes it anew each time
        ["a prepared one that gets no smaller", from === "client", prepare("Mq", { compress: true })],
      ];
      const frames = await framesOf(await pair(t, true), from, cases);
      assert.deepEqual(
        cases.map(([name], i) => [name, frames[i]?.rsv1]),
        cases.map(([name, isCompressed]) => [name, isCompressed]),
      );
    });

    test("the filter is asked for each that is long enough", async (t) => {
      const asked: unknown[] = [];
      const filter = (message: string | Uint8Array, kind: string): boolean => {
        asked.push([message.length, kind]);
        return kind === "text";
      };
      const cases: readonly Case[] = [
        ["short", false, "short"],
        ["text", true, LONG],
        ["bytes", false, Buffer.from(LONG)],
        ["told", true, Buffer.from(LONG), { compress: true }],
      ];
      const frames = await framesOf(
        await pair(t, from === "server" ? { filter } : true, from === "client" ? { filter } : true),
        from,
        cases,
      );
      assert.deepEqual(
        frames.map(({ rsv1 }) => rsv1),
        cases.map(([, isCompressed]) => isCompressed),
      );
      assert.deepEqual(asked, [
        [LONG.length, "text"],
        [LONG.length, "binary"],
      ]);
    });

    test("no part of a streamed message, and no control frame", async (t) => {
      const ends = await pair(t, { thresholdBytes: 0 });
      const sender = ends[from];
      const cases: readonly Case[] = [
        ["a stream", false, Readable.from([Buffer.from(LONG), Buffer.from(LONG)])],
        ["a Blob", false, new Blob([LONG])],
      ];
      const pinged = sender.ping("a ping".repeat(20));
      const frames = await framesOf(ends, from, cases);
      await pinged;
      assert.ok(frames.length > cases.length);
      assert.ok(frames.every(({ rsv1 }) => !rsv1));
      const pings = ends.wire.frames(from).filter(({ opcode }) => opcode === PING);
      assert.deepEqual([pings.length, pings.every(({ rsv1 }) => !rsv1)], [2, true]);
    });

    test("compressed is what was to be sent, and less", async (t) => {
      const ends = await pair(t, true);
      const cases: readonly Case[] = [["a text", true, LONG]];
      const [frame] = await framesOf(ends, from, cases);
      assert.ok(frame !== undefined);
      assert.equal(inflatedAlone(frame).toString(), LONG);
      assert.ok(frame.payload.length < LONG.length / 10, `${frame.payload.length} bytes`);
    });

    test("none where one end does not want it", async (t) => {
      for (const [own, peers] of [
        [true, false],
        [false, true],
      ] as const) {
        const ends = await (from === "server" ? pair(t, own, peers) : pair(t, peers, own));
        assert.deepEqual([ends.server.extensions, ends.client.extensions], ["", ""]);
        const cases: readonly Case[] = [
          ["long", false, LONG],
          ["told", false, LONG, { compress: true }],
          ["prepared", false, prepare(LONG, { compress: true })],
        ];
        const frames = await framesOf(ends, from, cases);
        assert.deepEqual(
          frames.map(({ rsv1, payload }) => [rsv1, payload.toString()]),
          cases.map(() => [false, LONG]),
        );
      }
    });
  });
}
