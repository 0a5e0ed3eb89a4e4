import assert from "node:assert/strict";
import { once } from "node:events";
import { describe, type TestContext, test } from "node:test";
import type { WebSocket } from "@polysocket/jsh-ws";
import ws from "ws";
import { clientEnd, next, record, serve, serverEnd, turns } from "./ends.ts";
import { frame, masked, type RawPeer } from "./raw-peer.ts";

interface End {
  readonly socket: WebSocket;
  readonly peer: RawPeer;
  /** A frame as the peer has to send it. */
  readonly framed: typeof frame;
}

const ROLES: readonly (readonly [string, (t: TestContext) => Promise<End>])[] = [
  ["client", async (t) => ({ ...(await clientEnd(t)), framed: frame })],
  ["server", async (t) => ({ ...(await serverEnd(t)), framed: masked })],
];

function closePayload(code: number, reason = ""): Buffer {
  return Buffer.concat([Buffer.from([code >> 8, code & 255]), Buffer.from(reason)]);
}

for (const [role, open] of ROLES) {
  describe(`a ${role}'s close`, () => {
    test("is over within the call, without an argument, and for the peer a 1000 behind what was sent", async (t) => {
      const { socket, peer, framed } = await open(t);
      const seen = record(socket, "close", "error", "message");
      socket.send("last");
      assert.equal(Reflect.apply(socket.close, socket, [3000, "ignored"]), undefined);
      assert.deepEqual([seen, socket.readyState], [[["close"]], 3]);
      assert.equal((await peer.frame()).payload.toString(), "last");
      const { opcode, payload } = await peer.frame();
      assert.deepEqual([opcode, payload.toString("hex")], [8, "03e8"]);
      peer.write(framed(1, "too late"), framed(8, closePayload(1000)));
      await peer.over();
      socket.close();
      await turns();
      assert.deepEqual(seen, [["close"]]);
    });

    test("is not followed by an error when the peer resets instead of answering", async (t) => {
      const { socket, peer } = await open(t);
      const seen = record(socket, "close", "error");
      socket.close();
      await peer.frame();
      peer.socket.resetAndDestroy();
      await turns(20);
      assert.deepEqual(seen, [["close"]]);
    });

    test("within a listener of `message` ends the messages", async (t) => {
      const { socket, peer, framed } = await open(t);
      const seen = record(socket, "message", "close");
      const closed = next(socket, "close");
      socket.once("message", () => socket.close());
      peer.write(framed(1, "a"), framed(1, "b"));
      await closed;
      await turns();
      assert.deepEqual(seen, [["message", { type: 1, data: "a" }], ["close"]]);
    });
  });

  describe(`a ${role} whose peer ends the connection`, () => {
    for (const [name, payload, text] of [
      ["with 1000", closePayload(1000, "bye"), "websocket: close 1000: bye"],
      ["with 1001", closePayload(1001), "websocket: close 1001"],
      ["without a code", Buffer.alloc(0), "websocket: close 1005"],
    ] as const) {
      test(`${name}: close, with the text, and no error`, async (t) => {
        const { socket, peer, framed } = await open(t);
        const seen = record(socket, "close", "error");
        const closed = next(socket, "close");
        peer.write(framed(8, payload));
        await closed;
        assert.deepEqual([seen, socket.readyState], [[["close", { error: text }]], 3]);
        assert.deepEqual((await peer.frame()).payload.subarray(0, 2), payload.subarray(0, 2));
        peer.socket.end();
        await turns(20);
        assert.equal(seen.length, 1);
      });
    }

    for (const code of [1002, 1011, 3000, 4999]) {
      test(`with ${code}: error, then close`, async (t) => {
        const { socket, peer, framed } = await open(t);
        const seen = record(socket, "error", "close");
        const closed = next(socket, "close");
        peer.write(framed(8, closePayload(code, "why")));
        await closed;
        const text = `websocket: close ${code}: why`;
        assert.deepEqual(seen, [
          ["error", text],
          ["close", { error: text }],
        ]);
        assert.equal(socket.readyState, 3);
      });
    }

    for (const [name, cut] of [
      ["FIN", (peer: RawPeer) => peer.socket.end()],
      ["RST", (peer: RawPeer) => peer.socket.resetAndDestroy()],
    ] as const) {
      test(`by ${name}, without a Close frame: error, then close, once`, async (t) => {
        const { socket, peer } = await open(t);
        const seen = record(socket, "error", "close");
        const states: number[] = [];
        socket.on("error", () => states.push(socket.readyState));
        const closed = next(socket, "close");
        cut(peer);
        const [event] = await closed;
        await turns(20);
        assert.deepEqual([seen.map(([kind]) => kind), states, socket.readyState], [["error", "close"], [3], 3]);
        assert.deepEqual([Object.keys(Object(event)), seen[0]?.[1] === ""], [["error"], false]);
      });
    }

    test("sending then is an error, and closing does nothing", async (t) => {
      const { socket, peer, framed } = await open(t);
      const closed = next(socket, "close");
      peer.write(framed(8));
      await closed;
      const seen = record(socket, "error", "close");
      socket.send("late");
      socket.close();
      assert.deepEqual(seen, [["error", "websocket is not open"]]);
    });
  });
}

describe("clients of a server", () => {
  test("leave the set when `close` is emitted, whoever ends", async (t) => {
    for (const end of [
      ({ socket }: { socket: WebSocket }) => socket.close(),
      ({ peer }: { peer: RawPeer }) => peer.write(masked(8)),
      ({ peer }: { peer: RawPeer }) => peer.socket.resetAndDestroy(),
    ]) {
      const ends = await serverEnd(t);
      const { socket, wss } = ends;
      const closed = new Promise((resolve) => socket.on("close", () => resolve(wss.clients?.size)));
      assert.deepEqual([...(wss.clients ?? [])], [socket]);
      end(ends);
      assert.equal(await closed, 0);
    }
  });
});

describe("with `ws` at the other end", () => {
  test("a client of it sees 1000, and that it was clean", async (t) => {
    const { wss, port } = await serve(t);
    wss.on("connection", (socket) => socket.on("message", () => socket.close()));
    const client = new ws(`ws://127.0.0.1:${port}/`);
    client.on("open", () => client.send("x"));
    const [code, reason] = await once(client, "close");
    assert.deepEqual([code, String(reason)], [1000, ""]);
  });

  test("a terminated one is an error and a close", async (t) => {
    const { wss, port } = await serve(t);
    const met = next(wss, "connection");
    const client = new ws(`ws://127.0.0.1:${port}/`);
    const [socket] = (await met) as [WebSocket];
    const seen = record(socket, "error", "close");
    await once(client, "open");
    client.terminate();
    await next(socket, "close");
    assert.deepEqual(
      seen.map(([kind]) => kind),
      ["error", "close"],
    );
  });
});
