/** Peers that break the RFC or this protocol, that are hostile, or that are silent. */
import assert from "node:assert/strict";
import { once } from "node:events";
import * as https from "node:https";
import type * as net from "node:net";
import { describe, test } from "node:test";
import JellySocket from "@polysocket/jellysocket";
import { OPCODE } from "polysocket";
import WebSocket from "ws";
import {
  arrivals,
  clientEnd,
  connectionOf,
  disconnected,
  listen,
  Plain,
  record,
  serve,
  serverEnd,
  turns,
} from "./ends.ts";
import { closing, frame, masked, RawPeer, request } from "./raw-peer.ts";
import { testCertificate } from "./test-certificate.ts";

describe("what is not of this protocol", () => {
  test("a text message ends the connection with 1003 and an Error, on both sides", async (context) => {
    const server = await serverEnd(context);
    const client = await clientEnd(context);
    const told = [disconnected(server.socket), disconnected(client.client)];
    const messages = [record(server.socket, "_message"), record(client.client, "_message")];
    server.peer.socket.write(Buffer.concat([masked(OPCODE.text, "hi"), masked(OPCODE.binary, "no")]));
    client.peer.socket.write(Buffer.concat([frame(OPCODE.text, "hi"), frame(OPCODE.binary, "no")]));
    for (const error of await Promise.all(told)) assert.deepEqual([error instanceof Error, error?.code], [true, 1003]);
    for (const { peer } of [server, client]) {
      const { opcode, payload } = await peer.frame();
      assert.deepEqual([opcode, payload.readUInt16BE()], [OPCODE.close, 1003]);
    }
    await turns();
    assert.deepEqual(messages, [[], []]);
    assert.equal(server.app.clients.size, 0);
  });

  test("a text message of ws is told to it as 1003", async (context) => {
    const { app, url } = await serve(context);
    const peer = new WebSocket(url, "plain-1.0");
    const closed = once(peer, "close");
    const met = connectionOf(app);
    peer.on("open", () => peer.send("text"));
    const error = await disconnected(await met);
    assert.equal(error?.code, 1003);
    assert.equal((await closed)[0], 1003);
  });
});

describe("violations of RFC 6455", () => {
  const FAULTS: readonly [string, Buffer, number][] = [
    ["an unmasked frame", frame(OPCODE.binary, "x"), 1002],
    ["a reserved bit", masked(OPCODE.binary, "x", { rsv1: true }), 1002],
    ["a reserved opcode", masked(3, "x"), 1002],
    ["text that is not UTF-8", masked(OPCODE.text, Buffer.from([0xff])), 1007],
    ["a ping in fragments", masked(OPCODE.ping, "x", { fin: false }), 1002],
    ["a continuation of nothing", masked(OPCODE.continuation, "x"), 1002],
    ["a Close frame of one byte", masked(OPCODE.close, "x"), 1002],
    ["close code 1005", masked(OPCODE.close, closing(1005)), 1002],
    ["more than a mebibyte", Buffer.from([0x82, 0xff, 0, 0, 0, 0, 0, 0x10, 0, 1, 0, 0, 0, 0]), 1009],
  ];
  for (const [what, bytes, code] of FAULTS) {
    test(`${what}: close code ${code}, and one Error`, async (context) => {
      const { socket, peer, app } = await serverEnd(context);
      const seen = record(socket, "disconnect", "_message");
      const told = disconnected(socket);
      peer.socket.write(bytes);
      assert.ok((await told) instanceof Error);
      const { opcode, payload } = await peer.frame();
      assert.deepEqual([opcode, payload.readUInt16BE()], [OPCODE.close, code]);
      await peer.over();
      await turns();
      assert.deepEqual([seen.length, app.clients.size], [1, 0]);
    });
  }

  test("a server that masks is an Error on the client, too", async (context) => {
    const { client, peer } = await clientEnd(context);
    peer.socket.write(masked(OPCODE.binary, "x"));
    assert.equal((await disconnected(client))?.code, "MASK_UNEXPECTED");
  });

  test("pings are answered by themselves", async (context) => {
    const server = await serverEnd(context);
    const client = await clientEnd(context);
    server.peer.socket.write(masked(OPCODE.ping, "one"));
    client.peer.socket.write(frame(OPCODE.ping, "two"));
    assert.deepEqual(await server.peer.frame(), { opcode: OPCODE.pong, payload: Buffer.from("one") });
    assert.deepEqual(await client.peer.frame(), { opcode: OPCODE.pong, payload: Buffer.from("two") });
  });
});

describe("heartbeats", () => {
  /** Seconds of a test's clock. */
  const tick = async (timers: { tick(ms: number): void }, seconds: number): Promise<void> => {
    timers.tick(seconds * 1000);
    await turns();
  };

  test("a silent client is destroyed after so many, counted from the first unanswered ping", async (context) => {
    context.mock.timers.enable({ apis: ["setInterval"] });
    const { socket, peer, app } = await serverEnd(context, { heartbeat: 30, maxMissedHeartbeats: 5 });
    const seen = record(socket, "disconnect");
    const { timers } = context.mock;
    for (let beat = 0; beat < 5; beat++) {
      await tick(timers, 30);
      assert.deepEqual(await peer.frame(), { opcode: OPCODE.ping, payload: Buffer.alloc(0) });
      assert.deepEqual([seen.length, app.clients.size], [0, 1]);
    }
    await tick(timers, 29);
    assert.equal(seen.length, 0);
    await tick(timers, 1);
    const error = seen[0]?.[1];
    assert.ok(error instanceof Error && error.message !== "");
    assert.deepEqual([Reflect.get(error, "code"), seen.length, app.clients.size], [1006, 1, 0]);
    // No closing handshake
    assert.deepEqual(await peer.over(), Buffer.alloc(0));
  });

  test("whatever arrives resets the count: a pong, a message, part of a frame", async (context) => {
    context.mock.timers.enable({ apis: ["setInterval"] });
    const { socket, peer, sockets } = await serverEnd(context, { heartbeat: 1, maxMissedHeartbeats: 2 });
    const { timers } = context.mock;
    const whole = masked(OPCODE.binary, "whole");
    for (const sign of [masked(OPCODE.pong), masked(OPCODE.binary, "x"), whole.subarray(0, 3), whole.subarray(3)]) {
      await tick(timers, 1);
      await tick(timers, 1);
      const arrived = arrivals(sockets);
      peer.socket.write(sign);
      await arrived;
      assert.equal(socket.connected, true);
    }
    await tick(timers, 1);
    assert.equal(socket.connected, true);
    await tick(timers, 2);
    assert.equal(socket.connected, false);
  });

  test("our clients and those of ws answer by themselves", async (context) => {
    context.mock.timers.enable({ apis: ["setInterval"] });
    const { app, url, sockets } = await serve(context, { heartbeat: 1, maxMissedHeartbeats: 1 });
    const { timers } = context.mock;
    const met = connectionOf(app);
    const client = new Plain(url);
    const socket = await met;
    const metOther = connectionOf(app);
    const other = new WebSocket(url, "plain-1.0");
    const otherSocket = await metOther;
    for (let beat = 0; beat < 3; beat++) {
      const arrived = arrivals(sockets);
      timers.tick(1000);
      await arrived;
    }
    assert.deepEqual([client.connected, socket.connected, otherSocket.connected], [true, true, true]);
    other.terminate();
  });

  test("over TLS, too, what arrives is a sign of life", async (context) => {
    context.mock.timers.enable({ apis: ["setInterval"] });
    const server = https.createServer(testCertificate);
    const sockets = new Set<net.Socket>();
    server.on("secureConnection", (socket) => sockets.add(socket));
    const app = new JellySocket.Application(server, Plain, { heartbeat: 1, maxMissedHeartbeats: 1 });
    context.after(() => {
      app.disconnect();
      for (const socket of sockets) socket.destroy();
      server.close();
    });
    const client = new Plain(`wss://127.0.0.1:${await listen(server)}`, { rejectUnauthorized: false });
    const met = connectionOf(app);
    await once(client, "connect");
    const socket = await met;
    for (let beat = 0; beat < 3; beat++) {
      const arrived = arrivals(sockets);
      context.mock.timers.tick(1000);
      await arrived;
    }
    assert.equal(socket.connected, true);
    // Two beats in one turn: nothing can have come between
    context.mock.timers.tick(1000);
    context.mock.timers.tick(1000);
    assert.equal(socket.connected, false);
  });

  test("without maxMissedHeartbeats nobody is ended, without heartbeat there is no timer", async (context) => {
    const made = context.mock.method(globalThis, "setInterval");
    for (const heartbeat of [0, Number.POSITIVE_INFINITY]) {
      await serverEnd(context, { heartbeat, maxMissedHeartbeats: 1 });
    }
    assert.equal(made.mock.callCount(), 0);
    made.mock.restore();
    context.mock.timers.enable({ apis: ["setInterval"] });
    for (const maxMissedHeartbeats of [0, Number.POSITIVE_INFINITY]) {
      const { socket } = await serverEnd(context, { heartbeat: 1, maxMissedHeartbeats });
      for (let beat = 0; beat < 20; beat++) context.mock.timers.tick(1000);
      assert.equal(socket.connected, true);
    }
  });

  test("one timer for all clients, that keeps no process alive, and none without clients", async (context) => {
    const made = context.mock.method(globalThis, "setInterval");
    const { app, port } = await serve(context, { heartbeat: 1e9 });
    const peers: RawPeer[] = [];
    for (let i = 0; i < 3; i++) {
      const met = connectionOf(app);
      peers.push(await RawPeer.dial(port, request()));
      await met;
    }
    assert.equal(made.mock.callCount(), 1);
    const [call] = made.mock.calls;
    const timer = call?.result;
    assert.equal(timer?.hasRef(), false);
    // 2^31 ms and more would be 1
    assert.deepEqual(call?.arguments[1], 0x7fffffff);
    app.disconnect();
    const cleared: unknown = Reflect.get(timer ?? {}, "_destroyed");
    assert.equal(cleared, true);
  });

  test("a listener that throws does not spare the others their heartbeat", async (context) => {
    context.mock.timers.enable({ apis: ["setInterval"] });
    const { app, port } = await serve(context, { heartbeat: 1, maxMissedHeartbeats: 1 });
    const thrown: unknown[] = [];
    const before = process.listeners("uncaughtException");
    process.removeAllListeners("uncaughtException");
    process.on("uncaughtException", (error) => thrown.push(error));
    context.after(() => {
      process.removeAllListeners("uncaughtException");
      for (const listener of before) process.on("uncaughtException", listener);
    });
    for (let i = 0; i < 2; i++) {
      const met = connectionOf(app);
      await RawPeer.dial(port, request());
      (await met).on("disconnect", () => {
        throw new Error("listener");
      });
    }
    await tick(context.mock.timers, 1);
    await tick(context.mock.timers, 1);
    assert.deepEqual([thrown.length, app.clients.size], [2, 0]);
  });
});
