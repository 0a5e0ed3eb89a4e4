/** Members and events of a socket, on both ends; what the errors of one end become at the other. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { describe, test } from "node:test";
import * as vm from "node:vm";
import { OPCODE } from "polysocket";
import {
  clientEnd,
  connectionOf,
  dialing,
  disconnected,
  messageOf,
  pair,
  Plain,
  record,
  serve,
  serverEnd,
  turns,
} from "./ends.ts";
import { closing, frame, masked } from "./raw-peer.ts";

describe("_send", () => {
  test("sends the window of a view, empty messages too, in order, and returns the socket", async (context) => {
    const { client, socket } = await pair(context);
    const seen = record(socket, "_message");
    const pool = Buffer.from("0123456789");
    assert.equal(client._send(pool.subarray(3, 6)), client);
    client._send(new Uint8Array(0))._send(new Uint8Array(pool.buffer, pool.byteOffset + 8, 2));
    const last = messageOf(client);
    socket.once("disconnect", () => {});
    await once(socket, "_message");
    socket._send(Buffer.from("back"));
    assert.deepEqual(await last, Buffer.from("back"));
    assert.deepEqual(
      seen.map(([, data]) => String(data)),
      ["345", "", "89"],
    );
    assert.ok(seen.every(([, data]) => Buffer.isBuffer(data)));
  });

  test("throws a TypeError for what is no Uint8Array, whatever the state", async (context) => {
    const { client, socket } = await pair(context);
    const wrong = [
      "text",
      5,
      null,
      undefined,
      [1],
      {},
      new ArrayBuffer(2),
      new Uint16Array(2),
      new DataView(new ArrayBuffer(2)),
    ];
    const connecting = new Plain("ws://127.0.0.1:1");
    connecting.disconnect();
    const early = new Plain("ws://127.0.0.1:1");
    for (const value of wrong) {
      for (const end of [client, socket, connecting, early]) {
        assert.throws(() => end._send(value as Uint8Array), TypeError, String(value));
      }
    }
    early.disconnect();
  });

  test("takes a Uint8Array of another realm", async (context) => {
    const { client, socket } = await pair(context);
    const got = messageOf(socket);
    client._send(vm.runInNewContext("new Uint8Array([7, 8])"));
    assert.deepEqual(await got, Buffer.from([7, 8]));
  });

  test("throws an Error while it is connecting, and does nothing after the end", async (context) => {
    const { client } = await dialing(context);
    assert.throws(
      () => client._send(Buffer.from("a")),
      (error) => error instanceof Error && !(error instanceof TypeError),
    );
    client.disconnect();
    assert.equal(client._send(Buffer.from("a")), client);
  });

  test("what a client gave away may be changed at once", async (context) => {
    const { client, socket } = await pair(context);
    const data = Buffer.alloc(200_000, "a");
    const got = messageOf(socket);
    client._send(data);
    data.fill("b");
    assert.ok((await got).every((byte) => byte === 97));
  });
});

describe("connected and bufferedAmount", () => {
  test("connected is false before `connect`, true in it, false within `disconnect` and after", async (context) => {
    const { client, peer } = await dialing(context);
    const states = [client.connected];
    client.on("connect", () => states.push(client.connected));
    client.on("disconnect", () => states.push(client.connected));
    const connected = once(client, "connect");
    await peer.answer("plain-1.0");
    await connected;
    states.push(client.connected);
    client.disconnect();
    assert.deepEqual([...states, client.connected], [false, true, true, false, false]);
  });

  test("bufferedAmount counts what the system has not taken, and is 0 when not connected", async (context) => {
    const { client, socket } = await pair(context);
    const early = new Plain("ws://127.0.0.1:1");
    assert.deepEqual([early.bufferedAmount, client.bufferedAmount], [0, 0]);
    early.disconnect();
    client._send(Buffer.alloc(1000));
    assert.ok(client.bufferedAmount >= 1000);
    await messageOf(socket);
    assert.equal(client.bufferedAmount, 0);
    client._send(Buffer.alloc(1000)).disconnect();
    assert.equal(client.bufferedAmount, 0);
  });

  test("they cannot be assigned", async (context) => {
    const { client } = await pair(context);
    for (const name of ["connected", "bufferedAmount"]) {
      assert.throws(() => Object.assign(client, { [name]: 1 }), TypeError);
    }
  });
});

describe("disconnect", () => {
  test("emits within the call, once, the very error; what was sent before still arrives", async (context) => {
    const { client, socket } = await pair(context);
    const seen = record(socket, "_message", "disconnect");
    const mine = record(client, "disconnect");
    const error = Object.assign(new RangeError("too much"), { extra: 1 });
    const payload = Buffer.alloc(300_000, "x");
    client._send(payload);
    client.on("disconnect", () => client.disconnect(new Error("nested")));
    assert.equal(client.disconnect(error), client);
    assert.deepEqual(mine.length, 1);
    assert.equal(mine[0]?.[1], error);
    client.disconnect(new Error("again"));
    const remote = await disconnected(socket);
    assert.deepEqual(
      [remote?.message, remote?.code, remote?.constructor, Object.keys(remote ?? {})],
      ["too much", 4000, Error, ["code"]],
    );
    assert.deepEqual([seen.length, mine.length], [2, 1]);
    assert.deepEqual(seen[0], ["_message", payload]);
  });

  test("null at both ends without an error, from either side", async (context) => {
    for (const side of ["client", "socket"] as const) {
      const ends = await pair(context);
      const other = side === "client" ? ends.socket : ends.client;
      const mine = record(ends[side], "disconnect");
      const told = disconnected(other);
      ends[side].disconnect(null);
      assert.deepEqual(mine, [["disconnect", null]]);
      assert.equal(await told, null);
    }
  });

  test("another argument is a TypeError and changes nothing", async (context) => {
    const { client, socket } = await pair(context);
    const seen = record(client, "disconnect");
    for (const value of ["text", 5, {}, false, { message: "like an error" }]) {
      assert.throws(() => client.disconnect(value as Error), TypeError);
    }
    assert.deepEqual([seen, client.connected], [[], true]);
    const told = disconnected(socket);
    client.disconnect(vm.runInNewContext("new Error('of another realm')"));
    assert.equal((await told)?.message, "of another realm");
  });

  test("while connecting it gives up, and `connect` never comes", async (context) => {
    const { client, peer } = await dialing(context);
    const seen = record(client, "connect", "disconnect");
    const error = new Error("changed my mind");
    client.disconnect(error);
    assert.deepEqual(seen, [["disconnect", error]]);
    await peer.over();
    await turns();
    assert.equal(seen.length, 1);
  });

  test("in the turn of the constructor it is told to listeners that were added in between", async () => {
    const client = new Plain("ws://127.0.0.1:1");
    const seen = record(client, "connect", "disconnect");
    client.disconnect();
    await turns();
    assert.deepEqual(seen, [["disconnect", null]]);
  });

  test("no message is emitted after it", async (context) => {
    const { client, peer } = await clientEnd(context);
    const seen = record(client, "_message");
    client.once("_message", () => client.disconnect());
    peer.socket.write(Buffer.concat([frame(OPCODE.binary, "one"), frame(OPCODE.binary, "two")]));
    assert.equal((await peer.frame()).opcode, OPCODE.close);
    peer.socket.write(Buffer.concat([frame(OPCODE.binary, "three"), frame(OPCODE.close, closing(1000))]));
    peer.socket.end();
    await peer.over();
    await turns();
    assert.deepEqual(seen, [["_message", Buffer.from("one")]]);
  });

  test("what a listener throws goes to the caller, and the connection is ended all the same", async (context) => {
    const { client, socket } = await pair(context);
    client.on("disconnect", () => {
      throw new Error("listener");
    });
    const told = disconnected(socket);
    assert.throws(() => client.disconnect(), /listener/);
    assert.equal(await told, null);
  });
});

describe("close codes", () => {
  const SENT: readonly [string, Error | null, number, string][] = [
    ["no error", null, 1000, ""],
    ["an error", new Error("bad data"), 4000, "bad data"],
    ["an error without text", new Error(""), 4000, ""],
    ["60 times €", new Error("€".repeat(60)), 4000, "€".repeat(41)],
    ["x and 40 emoji", new Error(`x${"😀".repeat(40)}`), 4000, `x${"😀".repeat(30)}`],
    ["123 bytes", new Error("a".repeat(123)), 4000, "a".repeat(123)],
    ["half of a pair", new Error("\ud83d"), 4000, "\ufffd"],
    ["a message that is no string", Object.assign(new Error(), { message: 5 }), 4000, "5"],
  ];
  for (const [what, error, code, reason] of SENT) {
    test(`disconnect with ${what} sends ${code}`, async (context) => {
      const { socket, peer } = await serverEnd(context);
      socket.disconnect(error);
      const { opcode, payload } = await peer.frame();
      assert.deepEqual([opcode, payload.readUInt16BE(), payload.subarray(2).toString()], [OPCODE.close, code, reason]);
    });
  }

  const RECEIVED: readonly [string, Buffer, string | null, number | undefined][] = [
    ["1000", closing(1000), null, undefined],
    ["1000 with a reason", closing(1000, "done"), null, undefined],
    ["1001", closing(1001), null, undefined],
    ["none", Buffer.alloc(0), null, undefined],
    ["4000", closing(4000, "bad"), "bad", 4000],
    ["4000 without a reason", closing(4000), "", 4000],
    ["3999", closing(3999, "mine"), "mine", 3999],
    ["1011", closing(1011), "the other end closed the connection with code 1011", 1011],
  ];
  for (const [what, payload, message, code] of RECEIVED) {
    test(`a Close frame with code ${what} is told at once, on both sides`, async (context) => {
      const server = await serverEnd(context);
      const client = await clientEnd(context);
      const told = [disconnected(server.socket), disconnected(client.client)];
      server.peer.socket.write(masked(OPCODE.close, payload));
      client.peer.socket.write(frame(OPCODE.close, payload));
      for (const error of await Promise.all(told)) {
        if (message === null) assert.equal(error, null);
        else assert.deepEqual([error?.message, error?.code, error?.constructor], [message, code, Error]);
      }
    });
  }

  test("a lost connection is an Error with a text and a code, on both sides", async (context) => {
    const server = await serverEnd(context);
    const client = await clientEnd(context);
    const told = [disconnected(server.socket), disconnected(client.client)];
    server.peer.socket.resetAndDestroy();
    client.peer.socket.destroy();
    const [reset, ended] = await Promise.all(told);
    assert.equal(reset?.code, "ECONNRESET");
    assert.deepEqual([ended?.code, ended?.message], [1006, "the connection was lost"]);
    assert.equal(server.app.clients.size, 0);
  });

  test("nothing is thrown because nobody listens", async (context) => {
    const { app, url } = await serve(context);
    const met = connectionOf(app);
    const client = new Plain(url);
    const socket = await met;
    new Plain("ws://127.0.0.1:1");
    socket.disconnect(new Error("unheard"));
    // By then the one before it has failed, too
    await disconnected(new Plain("ws://127.0.0.1:1"));
    await turns();
    assert.deepEqual([client.connected, socket.connected], [false, false]);
  });
});
