/**
 * What memory.test.ts runs in a process of its own, with --expose-gc. In: the name of a probe. Out: its findings as
 * JSON on one line.
 */
import { once } from "node:events";
import * as net from "node:net";
import { nodePlatform } from "../../../src/node/connection/node-platform.ts";
import type { Handlers } from "../../../src/node/connection/settings.ts";
import { BINARY, frame, text } from "./frames.ts";
import { openOver } from "./open-over.ts";
import { rig, settled } from "./rig.ts";

const probes: Record<string, () => Promise<unknown>> = {
  readChunks,
  partialFrames,
  slowConsumer,
  idleAfterSending,
  recovered,
};

const probe = probes[process.argv[2] ?? ""];
if (probe === undefined) throw new Error(`the probes are ${Object.keys(probes).join(", ")}`);
console.log(JSON.stringify(await probe()));
process.exit();

/** How many of the arrays that 'data' events brought are still alive once the connection is idle, by what came last. A
 * socket of Node 26 itself keeps the last one. */
async function readChunks(): Promise<Record<string, number>> {
  const message = frame(BINARY, Buffer.alloc(1_000, "m"));
  const full = Buffer.concat(Array.from({ length: 60 }, () => message));
  const cases: Record<string, [bytes: Buffer, handlers: Handlers]> = {
    "whole messages": [full, { message() {} }],
    "part of a header": [Buffer.concat([full, message.subarray(0, 3)]), { message() {} }],
    "part of a payload": [Buffer.concat([full, message.subarray(0, 500)]), { message() {} }],
    "part of a text": [Buffer.concat([full, text("é".repeat(50)).subarray(0, 41)]), { message() {} }],
    "a ping and part of a ping": [Buffer.concat([full, frame(9, "ping"), frame(9, "ping").subarray(0, 8)]), {}],
    "an unfinished message": [Buffer.concat([full, text("a", { fin: false })]), { message() {} }],
    "a paused connection": [full, { message: (connection) => connection.pause() }],
    "nobody who asks": [full, {}],
  };
  const alive: Record<string, number> = { "a plain socket": await aliveAfter(full, undefined) };
  for (const [name, [bytes, handlers]] of Object.entries(cases)) alive[name] = await aliveAfter(bytes, handlers);
  return alive;
}

async function aliveAfter(bytes: Buffer, handlers: Handlers | undefined): Promise<number> {
  const { near, far } = await localPair();
  const opened = handlers === undefined ? undefined : openOver(near, { ...handlers, error() {} });
  const memories: WeakRef<ArrayBufferLike>[] = [];
  let received = 0;
  near.on("data", (chunk: Buffer) => {
    memories.push(new WeakRef(chunk.buffer));
    received += chunk.length;
  });
  near.resume();
  far.write(bytes);
  while (received < bytes.length) await settled(1);
  // The mask remembers the last memory it worked on, one for the whole process.
  nodePlatform.mask(new Uint8Array(100), 0, 100, 1, 0);
  await collect();
  if (memories.length === 0) throw new Error("no 'data' events");
  const alive = memories.filter((memory) => memory.deref() !== undefined).length;
  if (opened?.connection.state === "closed") throw new Error("the connection has ended");
  return alive;
}

/** What each connection keeps of the memory outside the heap when its last read ended inside a header. */
async function partialFrames(): Promise<{ bytesEach: number }> {
  const count = 400;
  const bytes = Buffer.concat([
    ...Array.from({ length: 3 }, () => frame(BINARY, Buffer.alloc(3_000))),
    text("a").subarray(0, 5),
  ]);
  const rigs = Array.from({ length: count }, () => rig({ message() {} }));
  await settled();
  const before = await outside();
  for (const { peer } of rigs) peer.send(bytes);
  await settled();
  return { bytesEach: ((await outside()) - before) / count };
}

/** What is kept outside the heap while one of many receivers does not read. */
async function slowConsumer(): Promise<{ queued: number; grown: number; published: number }> {
  const rigs = Array.from({ length: 100 }, () => rig({}, { capacity: 1_000, backpressure: { maxBufferedBytes: 1e9 } }));
  const [slow] = rigs;
  await settled();
  slow?.peer.pause();
  const forget = (): void => {
    for (const { peer, transport } of rigs) {
      peer.frames.length = 0;
      peer.seen.all.length = 0;
      transport.writes.length = 0;
    }
  };
  const before = await outside();
  let published = 0;
  for (let i = 0; i < 600; i++) {
    for (const { connection } of rigs) connection.send(`message ${i} `.padEnd(100));
    published += rigs.length * 102;
    await settled(2);
    forget();
  }
  return { queued: slow?.connection.bufferedBytes ?? 0, grown: (await outside()) - before, published };
}

/** What connections keep outside the heap after they sent something. */
async function idleAfterSending(): Promise<{ bytesEach: number }> {
  const count = 400;
  const rigs = Array.from({ length: count }, () => rig({ message: (connection, data) => void connection.send(data) }));
  await settled();
  const before = await outside();
  for (const { peer } of rigs) {
    peer.send(text("x".repeat(3_000)));
    await settled(3);
  }
  for (const { peer, transport } of rigs) {
    peer.frames.length = 0;
    peer.seen.all.length = 0;
    transport.writes.length = 0;
  }
  return { bytesEach: ((await outside()) - before) / count };
}

/** What connections keep outside the heap that were slow once, and have sent something since. */
async function recovered(): Promise<{ bytesEach: number }> {
  const count = 400;
  const rigs = Array.from({ length: count }, () => rig({}, { capacity: 10 }));
  await settled();
  const before = await outside();
  for (const { connection, peer } of rigs) {
    peer.pause();
    connection.send("x".repeat(100));
  }
  await settled();
  for (const { connection, peer } of rigs) {
    connection.send("waits");
    peer.resume();
  }
  await settled();
  for (const { connection } of rigs) connection.send("quick");
  await settled();
  for (const { peer, transport } of rigs) {
    peer.frames.length = 0;
    peer.seen.all.length = 0;
    transport.writes.length = 0;
  }
  return { bytesEach: ((await outside()) - before) / count };
}

async function outside(): Promise<number> {
  await collect();
  return process.memoryUsage().arrayBuffers;
}

async function collect(): Promise<void> {
  for (let i = 0; i < 5; i++) {
    await settled(3);
    (globalThis as { gc?: () => void }).gc?.();
  }
}

async function localPair(): Promise<{ near: net.Socket; far: net.Socket }> {
  const server = net.createServer({ allowHalfOpen: true, pauseOnConnect: true }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const accepted = once(server, "connection") as Promise<[net.Socket]>;
  const far = net.connect({ port: (server.address() as net.AddressInfo).port, host: "127.0.0.1" });
  const [near] = await accepted;
  return { near, far };
}
