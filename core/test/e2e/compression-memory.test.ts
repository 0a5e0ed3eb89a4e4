import assert from "node:assert/strict";
import { describe, mock, type TestContext, test } from "node:test";
import { type CompressionOptions, type Connection, compressionMemory, connect, type Server, serve } from "polysocket";
import { Mailbox } from "./mailbox.ts";

/** Deflaters are given up in the course of time, which stands still from here on. */
mock.timers.enable({ apis: ["setInterval"] });

const KEEPING = { serverNoContextTakeover: false, clientNoContextTakeover: false };
const PUBLIC_ONLY = process.env["POLYSOCKET_PUBLIC_API_ONLY"] === "1";
const PAIRS = 200;
const IDLE_MS = 20_000;

interface Crowd {
  readonly server: Server;
  readonly clients: readonly Connection[];
  readonly answers: Mailbox<string>;
}

async function gather(t: TestContext, compression: CompressionOptions): Promise<Crowd> {
  const answers = new Mailbox<string>();
  const server = await serve({
    host: "127.0.0.1",
    compression,
    message: (connection, message) => void connection.send(message),
  });
  t.after(() => server.close({ timeoutMs: 0 }));
  const clients = await Promise.all(
    Array.from({ length: PAIRS }, () =>
      connect(server.url, { message: (_connection, message) => answers.put(String(message)) }),
    ),
  );
  return { server, clients, answers };
}

/** Each client sends a message of 1 KiB, and gets it back. */
async function sayOnce({ clients, answers }: Crowd): Promise<void> {
  for (const [i, client] of clients.entries()) client.send(`message ${i} `.padEnd(1_024, `${i}, `));
  for (const _ of clients) assert.equal((await answers.take()).length, 1_024);
}

async function leave({ server, clients }: Crowd): Promise<void> {
  await server.close({ timeoutMs: 0 });
  for (const client of clients) await client.closed;
}

describe("the memory of many connections", () => {
  test("with context takeover: at most 3 KiB each after a message of 1 KiB both ways and some silence", async (t) => {
    const crowd = await gather(t, KEEPING);
    assert.equal(compressionMemory.usedBytes, 0);
    // Both ends are here: the server remembers 4 KiB at most, the client 32 KiB
    assert.equal(compressionMemory.reservedBytes, PAIRS * (4_096 + 32_768));
    await sayOnce(crowd);
    // Each end has a deflater, too, where this Node has what can go on
    const least = PUBLIC_ONLY ? 2 * PAIRS * 1_024 : 2 * PAIRS * 32_768;
    assert.ok(compressionMemory.usedBytes > least, `${compressionMemory.usedBytes} bytes`);
    mock.timers.tick(IDLE_MS);
    const each = compressionMemory.usedBytes / (2 * PAIRS);
    assert.ok(each >= 1_024 && each <= 3_072, `${each} bytes each`);
    // Which is not the end of it
    await sayOnce(crowd);
    mock.timers.tick(IDLE_MS);
    await leave(crowd);
    assert.deepEqual([compressionMemory.usedBytes, compressionMemory.reservedBytes], [0, 0]);
  });

  test("by default, without: nothing", async (t) => {
    const crowd = await gather(t, {});
    await sayOnce(crowd);
    assert.equal(compressionMemory.reservedBytes, 0);
    assert.ok(compressionMemory.usedBytes < 1_048_576, `${compressionMemory.usedBytes} bytes for all together`);
    mock.timers.tick(IDLE_MS);
    assert.equal(compressionMemory.usedBytes, 0);
    await leave(crowd);
  });

  test("below its limit, whoever speaks", async (t) => {
    const { limitBytes } = compressionMemory;
    t.after(() => {
      compressionMemory.limitBytes = limitBytes;
    });
    compressionMemory.limitBytes = 1 << 20;
    const crowd = await gather(t, KEEPING);
    // What would be more than half of it is not agreed on
    assert.ok(compressionMemory.reservedBytes <= 1 << 19, `${compressionMemory.reservedBytes} bytes`);
    assert.ok(compressionMemory.reservedBytes > 1 << 18, `${compressionMemory.reservedBytes} bytes`);
    for (let round = 0; round < 3; round++) {
      await sayOnce(crowd);
      assert.ok(compressionMemory.usedBytes <= 1 << 20, `${compressionMemory.usedBytes} bytes`);
    }
    await leave(crowd);
    mock.timers.tick(IDLE_MS);
    assert.deepEqual([compressionMemory.usedBytes, compressionMemory.reservedBytes], [0, 0]);
  });

  test("nothing is reserved any more for handshakes that failed, were given up, or led elsewhere", async (t) => {
    const server = await serve({
      host: "127.0.0.1",
      compression: KEEPING,
      upgrade({ path }) {
        if (path === "/moved") return { statusCode: 302, headers: { location: "/here" } };
        return path === "/refused" ? { statusCode: 403 } : undefined;
      },
      message() {},
    });
    t.after(() => server.close({ timeoutMs: 0 }));
    const signal = AbortSignal.abort(new Error("given up"));
    await assert.rejects(connect(`${server.url}/refused`), { name: "HandshakeError" });
    await assert.rejects(connect(server.url, { signal }), { message: "given up" });
    await assert.rejects(connect("ws://127.0.0.1:1"), { name: "TransportError" });
    assert.equal(compressionMemory.reservedBytes, 0);
    const moved = await connect(`${server.url}/moved`, { followRedirects: true, message() {} });
    assert.equal(compressionMemory.reservedBytes, 4_096 + 32_768);
    moved.close();
    await moved.closed;
    await server.close({ timeoutMs: 0 });
    assert.equal(compressionMemory.reservedBytes, 0);
  });
});
