import assert from "node:assert/strict";
import { once } from "node:events";
import { describe, type TestContext, test } from "node:test";
import { type Connection, connect, type PreparedMessage, prepare, type ServeOptions, serve } from "polysocket";
import { type ClientOptions, WebSocket } from "ws";
import { RandomMessages } from "../node/compression/random-messages.ts";
import { type Random, randomFrom } from "../node/connection/random.ts";
import { inflatedAlone, Wire } from "./compression-wire.ts";
import { Mailbox } from "./mailbox.ts";
import type { Message } from "./sample-messages.ts";

const KEEPING = { serverNoContextTakeover: false, clientNoContextTakeover: false, thresholdBytes: 100, memLevel: 5 };
/** What clients ask for: none, with context takeover, without, and small windows with and without. */
const WISHES: readonly ClientOptions["perMessageDeflate"][] = [
  false,
  {},
  { serverNoContextTakeover: true },
  { serverMaxWindowBits: 9 },
  { serverMaxWindowBits: 8, serverNoContextTakeover: true },
];
/** Deflated on the thread pool. */
const LARGE_BYTES = 100_000;

interface Guest {
  readonly connection: Connection;
  readonly received: Mailbox<Message>;
}

async function serveGuests(
  t: TestContext,
  options: ServeOptions,
): Promise<{ url: string; opened: Mailbox<Connection> }> {
  const opened = new Mailbox<Connection>();
  const server = await serve({
    host: "127.0.0.1",
    backpressure: { maxBufferedBytes: 1 << 30 },
    open: (connection) => opened.put(connection),
    message() {},
    ...options,
  });
  t.after(() => server.close({ timeoutMs: 0 }));
  return { url: server.url, opened };
}

async function guestsOf(t: TestContext): Promise<Guest[]> {
  const { url, opened } = await serveGuests(t, { compression: KEEPING });
  const guests: Guest[] = [];
  for (const perMessageDeflate of WISHES) {
    const received = new Mailbox<Message>();
    const socket = new WebSocket(url, perMessageDeflate === undefined ? {} : { perMessageDeflate });
    socket.on("message", (data: Buffer, isBinary) => received.put(isBinary ? data : data.toString()));
    socket.on("close", (code) => received.end(`closed with ${code}`));
    await once(socket, "open");
    guests.push({ connection: await opened.take(), received });
  }
  return guests;
}

function assertSame(seen: Message, expected: Message, which: string): void {
  assert.equal(typeof seen, typeof expected, which);
  assert.ok(
    Buffer.from(seen).equals(Buffer.from(expected)),
    `${which}: ${expected.length} expected, seen ${seen.length}`,
  );
}

function makeMessage(messages: RandomMessages, { below }: Random): Message {
  if (below(3) === 0) return messages.text(below(3_000)).toString();
  return below(6) === 0 ? messages.next(LARGE_BYTES, 40_000) : messages.next(4_000);
}

describe("prepared messages and permessage-deflate", () => {
  test("among a connection's own, in every order and with every agreement, each guest gets what was sent", async (t) => {
    const random = randomFrom(t);
    const messages = new RandomMessages(random);
    const guests = await guestsOf(t);
    const kept: { message: Message; prepared: PreparedMessage }[] = [];
    const sent: Message[][] = guests.map(() => []);
    for (let i = 0; i < 80; i++) {
      const message = makeMessage(messages, random);
      const again = kept.length > 0 ? random.pick(kept) : undefined;
      if (random.below(2) === 0) {
        // One's own, which may repeat what was prepared for all
        for (const [g, { connection }] of guests.entries()) {
          const own = random.below(3) === 0 && again !== undefined ? again.message : message;
          connection.send(own);
          sent[g]?.push(own);
        }
      } else {
        const now = random.below(3) === 0 && again !== undefined ? again : { message, prepared: prepare(message) };
        kept.push(now);
        for (const [g, { connection }] of guests.entries()) {
          if (random.below(5) === 0) continue;
          connection.send(now.prepared);
          sent[g]?.push(now.message);
        }
      }
      if (random.below(8) === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    for (const [g, { connection, received }] of guests.entries()) {
      await connection.flush();
      for (const [i, message] of (sent[g] ?? []).entries())
        assertSame(await received.take(), message, `${g}: message ${i}`);
      assert.equal(connection.droppedMessages, 0);
    }
  });

  test("all that was prepared arrives before the Close frame, large ones too", async (t) => {
    const messages = new RandomMessages(randomFrom(t));
    const guests = await guestsOf(t);
    const all = [messages.noise(LARGE_BYTES), messages.noise(500), messages.noise(LARGE_BYTES)];
    const prepared = all.map((message) => prepare(message));
    for (const { connection } of guests) {
      for (const message of prepared) connection.send(message);
      connection.send("own");
      connection.close(4_002);
    }
    for (const { connection, received } of guests) {
      for (const [i, message] of all.entries()) assertSame(await received.take(), message, `message ${i}`);
      assert.equal(await received.take(), "own");
      await assert.rejects(received.take(), { message: "closed with 4002" });
      assert.equal((await connection.closed).wasClean, true);
    }
  });

  test("the same octets go to everybody with the same window, and refer to nothing", async (t) => {
    const { url, opened } = await serveGuests(t, { compression: KEEPING });
    // What is repeated is too far away for the smaller window
    const text = new RandomMessages(randomFrom(t)).noise(500).toString("hex").repeat(4);
    const prepared = [prepare(text), prepare(text.repeat(30))];
    const wires = await Promise.all([1, 2, 3].map(() => Wire.to(url)));
    t.after(() => Promise.all(wires.map((wire) => wire.close())));
    const payloads: Buffer[][] = [];
    for (const [i, wire] of wires.entries()) {
      await connect(wire.url, { compression: i === 2 ? { serverMaxWindowBits: 9 } : true, message() {} });
      const connection = await opened.take();
      connection.send(text);
      for (const message of prepared) connection.send(message);
      await connection.flush();
      await connection.ping();
      const [, ...frames] = wire.frames("server").filter(({ opcode }) => opcode < 8);
      assert.deepEqual(
        frames.map((frame) => inflatedAlone(frame).toString().length),
        [text.length, text.length * 30],
      );
      payloads.push(frames.map(({ payload }) => payload));
    }
    assert.deepEqual(payloads[1], payloads[0]);
    const [large = 0, small = 0] = [payloads[2]?.[0]?.length, payloads[0]?.[0]?.length];
    assert.ok(large > 2 * small, `${large} bytes with a small window, ${small} with a large one`);
  });

  test("a client sends what was prepared as any other message", async (t) => {
    const received = new Mailbox<Message>();
    const { url } = await serveGuests(t, {
      compression: KEEPING,
      message: (_connection, message) => received.put(message),
    });
    const client = await connect(url, { compression: { thresholdBytes: 0 }, message() {} });
    const messages = new RandomMessages(randomFrom(t));
    const prepared = [
      prepare("text"),
      prepare(messages.noise(3_000)),
      prepare(messages.noise(LARGE_BYTES)),
      prepare(""),
    ];
    for (let round = 0; round < 3; round++) for (const message of prepared) client.send(message);
    for (let i = 0; i < 3 * prepared.length; i++) {
      const { kind, payload } = prepared[i % prepared.length] ?? prepare("");
      assertSame(await received.take(), kind === "text" ? Buffer.from(payload).toString() : payload, `message ${i}`);
    }
  });
});
