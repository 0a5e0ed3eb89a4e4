/** How connections end: the event, once for each, and what the peer is told. */
import assert from "node:assert/strict";
import type { TestContext } from "node:test";
import { describe, test } from "node:test";
import { catchUncaught, join, next, pair, record, serve, turns, until } from "./ends.ts";
import { masked, type RawPeer } from "./raw-peer.ts";

const NORMAL = { code: 1000, message: "Close Normal" };
const BAD_FRAME = { code: 1003, message: "Unacceptable Data Type" };
const ABNORMAL = { code: 1006, message: "Closed Abnormally" };

function closePayload(code: number, reason = ""): Buffer {
  return Buffer.concat([Buffer.from([code >> 8, code & 0xff]), Buffer.from(reason)]);
}

/** Let a raw client do something.
 * @returns the events close and error that follow, and the payload of the Close frame that it gets */
async function endOf(
  context: TestContext,
  act: (peer: RawPeer) => void,
  options: Parameters<typeof pair>[1] = {},
): Promise<{ events: unknown[]; told: string }> {
  const { webSocket, peer, id } = await pair(context, options);
  const seen = record(webSocket, "close", "error", "message");
  act(peer);
  const { opcode, payload } = await peer.frame();
  assert.equal(opcode, 8);
  await peer.over();
  await until(() => seen.length > 0);
  await turns();
  assert.deepEqual(webSocket.clients, []);
  assert.throws(() => webSocket.close(id), ReferenceError);
  return { events: seen.map(([event, , end]) => [event, end]), told: payload.toString("hex") };
}

describe("the peer's Close frame", () => {
  const rows: readonly [string, Buffer, unknown][] = [
    ["1000", closePayload(1000), NORMAL],
    ["1000 with a reason", closePayload(1000, "bye"), NORMAL],
    ["none", Buffer.alloc(0), NORMAL],
    ["4001 with a reason", closePayload(4001, "mine"), { code: 4001, message: "mine" }],
    ["1001 without a reason", closePayload(1001), { code: 1001, message: "" }],
    ["1011 with a reason", closePayload(1011, "mine"), { code: 1011, message: "Unexpected Condition" }],
  ];
  for (const [what, payload, event] of rows) {
    test(`${what}: told once, and echoed`, async (context) => {
      const { events, told } = await endOf(context, (peer) => peer.write(masked(8, payload)));
      assert.deepEqual(events, [["close", event]]);
      assert.equal(told, payload.toString("hex"));
    });
  }

  test("frames after it are not looked at", async (context) => {
    const { events } = await endOf(context, (peer) => peer.write(masked(8, closePayload(1000)), masked(1, "late")));
    assert.deepEqual(events, [["close", NORMAL]]);
  });
});

describe("faults of the peer's", () => {
  const rows: readonly [string, (peer: RawPeer) => void][] = [
    ["a frame without a mask", (peer) => peer.write(masked(1, "hi", { maskingKey: undefined }))],
    ["opcode 3", (peer) => peer.write(masked(3, "hi"))],
    ["opcode 11", (peer) => peer.write(masked(11, "hi"))],
    ["a ping of 126 bytes", (peer) => peer.write(masked(9, Buffer.alloc(126)))],
    ["RSV1 without an extension", (peer) => peer.write(masked(1, "hi", { rsv1: true }))],
    ["RSV3", (peer) => peer.write(masked(1, "hi", { rsv3: true }))],
    ["a fragmented ping", (peer) => peer.write(masked(9, "hi", { fin: false }))],
    ["a continuation of nothing", (peer) => peer.write(masked(0, "hi"))],
    ["a message in a message", (peer) => peer.write(masked(1, "hi", { fin: false }), masked(1, "hi"))],
    ["text that is no UTF-8", (peer) => peer.write(masked(1, Buffer.from([0xff])))],
    ["a close code that nobody may send", (peer) => peer.write(masked(8, closePayload(1005)))],
    ["a Close frame of one byte", (peer) => peer.write(masked(8, "x"))],
    ["a length in too long a form", (peer) => peer.write(Buffer.from([0x81, 0xfe, 0, 1, 0, 0, 0, 0, 0x61]))],
  ];
  for (const [what, act] of rows) {
    test(`${what}: 1003, to both`, async (context) => {
      const { events, told } = await endOf(context, act);
      assert.deepEqual([events, told], [[["close", BAD_FRAME]], "03eb"]);
    });
  }

  test("a length over maxPayload is 1009 before the payload arrives", async (context) => {
    const beyondCounting = Buffer.from([0x82, 0xff, 0x7f, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    for (const bytes of [masked(2, "abcdef").subarray(0, 6), beyondCounting]) {
      const { events, told } = await endOf(context, (peer) => peer.write(bytes), { maxPayload: 5 });
      assert.deepEqual([events, told], [[["close", { code: 1009, message: "Message Too Big" }]], "03f1"]);
    }
  });

  test("so are fragments that are too long together; a ping between them does not count", async (context) => {
    const { webSocket, peer, id } = await pair(context, { maxPayload: 5 });
    const message = next(webSocket, "message");
    peer.write(masked(1, "abc", { fin: false }), masked(9, "0123456789"), masked(0, "de"));
    assert.deepEqual(await message, [id, "abcde"]);
    const closed = next(webSocket, "close");
    peer.write(masked(1, "abc", { fin: false }), masked(0, "def", { fin: false }));
    assert.deepEqual(await closed, [id, { code: 1009, message: "Message Too Big" }]);
  });
});

describe("a connection that is lost", () => {
  test("a FIN without a Close frame is 1006", async (context) => {
    const { webSocket, peer, id } = await pair(context);
    const seen = record(webSocket, "close", "error");
    peer.socket.end();
    await until(() => seen.length > 0);
    await turns();
    assert.deepEqual([seen, webSocket.clients], [[["close", id, ABNORMAL]], []]);
  });

  test("a reset is an error and then 1006", async (context) => {
    const { webSocket, peer, id } = await pair(context);
    const seen = record(webSocket, "close", "error");
    peer.socket.resetAndDestroy();
    await until(() => seen.length === 2);
    assert.deepEqual([seen[0]?.[0], seen[0]?.[1], seen[1]], ["error", id, ["close", id, ABNORMAL]]);
    const error = seen[0]?.[2];
    assert.ok(error instanceof Error && "code" in error && error.code === "ECONNRESET");
  });

  test("where nobody listens to error, a reset is 1006 alone", async (context) => {
    const { webSocket, peer, id } = await pair(context);
    webSocket.removeAllListeners("error");
    const closed = next(webSocket, "close");
    peer.socket.resetAndDestroy();
    assert.deepEqual(await closed, [id, ABNORMAL]);
  });
});

describe("close", () => {
  test("the ID is gone at once, what was sent before arrives, and 1000 is told when the peer has answered", async (context) => {
    const { webSocket, peer, id } = await pair(context);
    const seen = record(webSocket, "close", "error", "message");
    webSocket.send(id, "last");
    assert.equal(webSocket.close(id), true);
    assert.deepEqual([webSocket.clients, seen], [[], []]);
    assert.throws(() => webSocket.close(id), { name: "ReferenceError", message: "Not Found" });
    assert.equal((await peer.frame()).payload.toString(), "last");
    const { opcode, payload } = await peer.frame();
    assert.deepEqual([opcode, payload.toString("hex")], [8, "03e8"]);
    peer.write(masked(1, "not wanted"), masked(8, closePayload(4000, "other")));
    await peer.over();
    await until(() => seen.length > 0);
    await turns();
    assert.deepEqual(seen, [["close", id, NORMAL]]);
  });

  test("a peer that goes without an answer is 1000 all the same", async (context) => {
    const { webSocket, peer, id } = await pair(context);
    const seen = record(webSocket, "close", "error");
    webSocket.close(id);
    await peer.frame();
    peer.socket.resetAndDestroy();
    await until(() => seen.length > 0);
    await turns();
    assert.deepEqual(seen, [["close", id, NORMAL]]);
  });

  test("inside open and inside message it is the end", async (context) => {
    const ends = await serve(context);
    const { webSocket } = ends;
    webSocket.once("open", (id) => webSocket.close(id));
    const closed = next(webSocket, "close");
    const { peer, id } = await join(context, ends);
    peer.write(masked(8, closePayload(1000)));
    assert.deepEqual(await closed, [id, NORMAL]);
    const second = await join(context, ends);
    const seen = record(webSocket, "message");
    webSocket.once("message", (clientId) => webSocket.close(clientId));
    second.peer.write(masked(1, "a"), masked(1, "b"));
    assert.equal((await second.peer.frame()).opcode, 8);
    assert.deepEqual(seen, [["message", second.id, "a"]]);
  });

  test("of a paused client it works as well", async (context) => {
    const { webSocket, peer, id } = await pair(context);
    const closed = next(webSocket, "close");
    webSocket.pause(id);
    webSocket.close(id);
    await peer.frame();
    peer.write(masked(8, closePayload(1000)));
    assert.deepEqual(await closed, [id, NORMAL]);
  });

  test("a listener of close that throws is an uncaught exception", async (context) => {
    const nextUncaught = catchUncaught(context);
    const { webSocket, peer } = await pair(context);
    webSocket.once("close", () => {
      throw new Error("mine");
    });
    const uncaught = nextUncaught();
    peer.socket.end();
    assert.equal((await uncaught).message, "mine");
  });
});
