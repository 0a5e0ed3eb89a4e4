import assert from "node:assert/strict";
import { describe, type TestContext, test } from "node:test";
import * as zlib from "node:zlib";
import { type Connection, compressionMemory, serve } from "polysocket";
import { RandomMessages } from "../node/compression/random-messages.ts";
import { BINARY, closeFrame, frame, PING, TEXT } from "../node/connection/frames.ts";
import { randomFrom } from "../node/connection/random.ts";
import { handshakeText, RawClient } from "../node/server/raw-client.ts";
import { Mailbox } from "./mailbox.ts";

/** Inflated on the thread pool. */
const LARGE_BYTES = 300_000;
/** As it stands in a frame: "Hello" of RFC 7692 §7.2.3.1. */
const HELLO = Buffer.from("f248cdc9c90700", "hex");
const RSV1 = { rsv: 4 };

/** What a server's handlers were told, in order: lengths of messages, "ping", and the close code at the end. */
type Told = number | "ping" | readonly [code: number, wasClean: boolean];

interface Scene {
  readonly client: RawClient;
  readonly large: Buffer;
  /** Takes what was told until the end. */
  told(): Promise<Told[]>;
}

/** @param react what the server does when a message is handed over */
async function open(
  t: TestContext,
  react: (connection: Connection, length: number) => void = () => {},
): Promise<Scene> {
  const told: Told[] = [];
  const ended = new Mailbox<void>();
  const server = await serve({
    host: "127.0.0.1",
    compression: { serverNoContextTakeover: false, clientNoContextTakeover: false },
    message(connection, { length }) {
      told.push(length);
      react(connection, length);
    },
    ping: () => void told.push("ping"),
    close(_connection, { code, wasClean }) {
      told.push([code, wasClean]);
      ended.put();
    },
  });
  t.after(() => server.close({ timeoutMs: 0 }));
  const client = await RawClient.connect(server.url);
  client.write(
    handshakeText({ headers: { "Sec-WebSocket-Extensions": "permessage-deflate; client_max_window_bits" } }),
  );
  assert.match(await client.head(), /permessage-deflate/);
  const message = new RandomMessages(randomFrom(t)).noise(LARGE_BYTES);
  const takeAll = async (): Promise<Told[]> => {
    await ended.take();
    return told;
  };
  return { client, large: frame(BINARY, deflated(message), RSV1), told: takeAll };
}

function deflated(message: Uint8Array): Buffer {
  return zlib.deflateRawSync(message, { finishFlush: zlib.constants.Z_SYNC_FLUSH }).subarray(0, -4);
}

describe("a connection that ends while a large message is inflated", () => {
  test("it is handed over, with what is behind it, though the peer has ended meanwhile", async (t) => {
    const { client, large, told } = await open(t);
    client.write(large, frame(TEXT, HELLO, RSV1), frame(PING, ""), large, frame(TEXT, "plain")).socket.end();
    assert.deepEqual(await told(), [LARGE_BYTES, 5, "ping", LARGE_BYTES, 5, [1_006, false]]);
  });

  test("it is handed over before the Close frame behind it takes effect", async (t) => {
    const { client, large, told } = await open(t);
    client.write(large, closeFrame(4_000)).socket.end();
    assert.deepEqual(await told(), [LARGE_BYTES, [4_000, true]]);
  });

  test("the peer's Close frame behind it is waited for by whoever has closed himself", async (t) => {
    const { client, large, told } = await open(t, (connection) => connection.close(1_000));
    client.write(frame(TEXT, HELLO, RSV1), large, closeFrame(1_000)).socket.end();
    assert.deepEqual(await told(), [5, LARGE_BYTES, [1_000, true]]);
  });

  test("a server that pauses meanwhile is given it, and what is behind it, once it goes on", async (t) => {
    const paused = new Mailbox<() => void>();
    const { client, large, told } = await open(t, (connection, length) => {
      if (length !== 5) return;
      // By then the next one is with the thread pool
      setImmediate(() => {
        connection.pause();
        setImmediate(() => paused.put(() => connection.resume()));
      });
    });
    client.write(frame(TEXT, HELLO, RSV1), large, frame(TEXT, "plain!"), closeFrame(1_000));
    const resume = await paused.take();
    resume();
    assert.deepEqual(await told(), [5, LARGE_BYTES, 6, [1_000, true]]);
  });

  test("a connection that is terminated loses it, and its memory is given back", async (t) => {
    const { client, told } = await open(t, (connection) => queueMicrotask(() => connection.terminate()));
    // Both in one read, so that the second is with the thread pool when the first one's handler has returned
    const message = frame(BINARY, deflated(new RandomMessages(randomFrom(t)).noise(25_000)), RSV1);
    client.write(message, message);
    assert.deepEqual(await told(), [25_000, [1_006, false]]);
    for (let i = 0; i < 3; i++) await inflatedElsewhere();
    assert.deepEqual([compressionMemory.reservedBytes, compressionMemory.usedBytes], [0, 0]);
  });

  test("a connection that is reset is no error of anybody's", async (t) => {
    const { client, large, told } = await open(t);
    client.write(large, large, large);
    client.reset();
    const [ending, ...messages] = (await told()).reverse();
    assert.deepEqual(ending, [1_006, false]);
    assert.ok(messages.every((message) => message === LARGE_BYTES));
  });
});

/** Whoever has come back from the thread pool knows that others have, too. */
function inflatedElsewhere(): Promise<void> {
  return new Promise((resolve) => zlib.deflateRaw(Buffer.alloc(1 << 20), () => resolve()));
}
