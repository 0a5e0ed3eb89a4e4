import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { once } from "node:events";
import * as net from "node:net";
import * as zlib from "node:zlib";
import { serve } from "../../../src/node/server/serve.ts";
import { handshakeText } from "../server/raw-client.ts";
import { frame } from "./frames.ts";
import { TurnCounter } from "./turn-counter.ts";

/** Compressed messages that arrive in one read, and after how many turns of the event loop each was handed over. */
async function turnsOf(count: number, content: Buffer): Promise<number[]> {
  const turns: number[] = [];
  const counter = new TurnCounter();
  const { promise, resolve } = deferred();
  const server = await serve({
    host: "127.0.0.1",
    limits: { maxMessageBytes: 4 << 20 },
    rate: false,
    message() {
      turns.push(counter.turn);
      if (turns.length === count) resolve(undefined);
    },
  });
  const socket = net.connect(Number(new URL(server.url).port), "127.0.0.1");
  await once(socket, "connect");
  socket.write(handshakeText({ headers: { "Sec-WebSocket-Extensions": "permessage-deflate" } }));
  await once(socket, "data");
  const deflated = zlib.deflateRawSync(content, { finishFlush: zlib.constants.Z_SYNC_FLUSH }).subarray(0, -4);
  const one = frame(2, deflated, { rsv: 4 });
  socket.write(Buffer.concat(Array.from({ length: count }, () => one)));
  await promise;
  counter.stop();
  socket.destroy();
  await server.close({ timeoutMs: 0 });
  return turns;
}

function deferred(): { promise: Promise<unknown>; resolve: (value: unknown) => void } {
  let resolve: (value: unknown) => void = () => {};
  const promise = new Promise<unknown>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}

describe("compressed messages that come in one read", () => {
  test("are inflated a MiB at a time, and others have their turn between", async () => {
    const turns = await turnsOf(20, Buffer.alloc(1 << 20));
    assert.equal(new Set(turns).size, 20);
  });

  test("and some hundreds of empty ones at a time", async () => {
    const turns = await turnsOf(1_000, Buffer.alloc(0));
    const most = Math.max(...[...new Set(turns)].map((turn) => turns.filter((one) => one === turn).length));
    assert.ok(most <= 256, `${most} in one turn`);
  });

  test("are not held up where they are few and small", async () => {
    const turns = await turnsOf(50, Buffer.from("hello"));
    assert.equal(new Set(turns).size, 1);
  });
});
