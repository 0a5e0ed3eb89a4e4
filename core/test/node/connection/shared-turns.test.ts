import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { ConnectionOptions, Handlers } from "../../../src/node/connection/settings.ts";
import { BINARY, closeFrame, frame, PING, PONG, text } from "./frames.ts";
import { type Rig, rig, settled } from "./rig.ts";
import { TurnCounter } from "./turn-counter.ts";

const COUNT = 2_000;
/** So many frames are read for one connection before others have their turn. */
const AT_ONCE = 512;

/** What a handler was called with, and after how many turns of the event loop each. */
class Calls {
  readonly values: unknown[] = [];
  readonly turns: number[] = [];
  readonly #counter = new TurnCounter();

  add(value: unknown): void {
    this.values.push(value);
    this.turns.push(this.#counter.turn);
  }

  /** How many came in each turn. */
  async counts(): Promise<number[]> {
    await settled(COUNT / 100);
    this.#counter.stop();
    return [...new Set(this.turns)].map((turn) => this.turns.filter((one) => one === turn).length);
  }
}

const numbers = (count: number): string[] => Array.from({ length: count }, (_, i) => String(i));
const texts = (count: number): Buffer => Buffer.concat(numbers(count).map((number) => text(number)));

function received(options: ConnectionOptions = {}, handlers: Handlers<string> = {}): Rig & { calls: Calls } {
  const calls = new Calls();
  return { calls, ...rig({ message: (_connection, message) => calls.add(message), ...handlers }, options) };
}

describe("small frames that come in one read", () => {
  test("are handed over some at a time, in order, and others have their turn between", async () => {
    const { calls, peer } = received();
    peer.send(texts(COUNT));
    assert.deepEqual(await calls.counts(), [AT_ONCE, AT_ONCE, AT_ONCE, COUNT - 3 * AT_ONCE]);
    assert.deepEqual(calls.values, numbers(COUNT));
  });

  test("are all handed over in one turn where they are few", async () => {
    const { calls, peer } = received();
    peer.send(texts(AT_ONCE - 1));
    assert.deepEqual(await calls.counts(), [AT_ONCE - 1]);
  });

  test("count over several reads of one turn", async () => {
    const { calls, peer } = received();
    for (let at = 0; at < COUNT; at += 400) peer.send(texts(400));
    assert.ok(Math.max(...(await calls.counts())) <= 800, `${calls.turns}`);
    assert.equal(calls.values.length, COUNT);
  });

  test("also apart from each other", async () => {
    const { calls, peer } = received({ delivery: "apart" });
    peer.send(texts(COUNT));
    assert.deepEqual(await calls.counts(), [AT_ONCE, AT_ONCE, AT_ONCE, COUNT - 3 * AT_ONCE]);
    assert.deepEqual(calls.values, numbers(COUNT));
  });

  test("also where each is counted for dropping", async () => {
    const { calls, peer } = received({ rate: { messagesPerSecond: 1e6, policy: "drop" } });
    peer.send(texts(COUNT));
    assert.deepEqual(await calls.counts(), [AT_ONCE, AT_ONCE, AT_ONCE, COUNT - 3 * AT_ONCE]);
  });

  test("also fragments, which nobody is told of", async () => {
    const { calls, peer } = received();
    const fragments = Array.from({ length: COUNT }, () => frame(0, "x", { fin: false }));
    peer.send(frame(BINARY, "x", { fin: false }), ...fragments, frame(0, "x"), text("after"));
    const others: string[] = [];
    const other = rig({ message: (_connection, message) => others.push(`${message} after ${calls.values.length}`) });
    other.peer.send(text("other"));
    await calls.counts();
    assert.deepEqual(others, ["other after 0"]);
    assert.deepEqual(calls.values, [Buffer.alloc(COUNT + 2, "x"), "after"]);
  });

  test("also pings, and each is answered", async () => {
    const pings = new Calls();
    const { peer } = received({}, { ping: (_connection, data) => pings.add(data) });
    peer.send(...Array.from({ length: COUNT }, () => frame(PING, "")));
    assert.ok(Math.max(...(await pings.counts())) <= AT_ONCE);
    assert.equal(peer.frames.filter(({ opcode }) => opcode === PONG).length, COUNT);
  });

  test("come before the peer's end, with its Close frame or without", async () => {
    for (const end of [[closeFrame(1000)], []]) {
      const { calls, connection, peer } = received();
      peer.send(texts(COUNT), ...end);
      peer.end();
      const { code } = await connection.closed;
      assert.equal(code, end.length > 0 ? 1000 : 1006);
      assert.deepEqual(calls.values, numbers(COUNT));
    }
  });

  test("are handed over at once when the connection is lost between", async () => {
    for (const delivery of ["together", "apart"] as const) {
      const { calls, connection, peer } = received({ delivery });
      peer.send(texts(COUNT));
      while (calls.values.length === 0) await settled(1);
      peer.reset();
      assert.equal((await connection.closed).code, 1006);
      assert.deepEqual(calls.values, numbers(COUNT));
    }
  });

  test("stop at a pause between, and go on from there", async () => {
    const { calls, connection, peer } = received();
    peer.send(texts(COUNT));
    while (calls.values.length === 0) await settled(1);
    connection.pause();
    const sofar = calls.values.length;
    await settled();
    assert.equal(calls.values.length, sofar);
    connection.resume();
    await calls.counts();
    assert.deepEqual(calls.values, numbers(COUNT));
  });

  test("what comes meanwhile waits with the peer", async () => {
    const { calls, counters, peer, transport } = received();
    const chunk = texts(COUNT);
    for (let i = 0; i < 20; i++) peer.send(chunk);
    const most = 2 * chunk.length;
    while (calls.values.length < 20 * COUNT) {
      await settled(1);
      const unread = counters.bytesReceived - (calls.values.length / COUNT) * chunk.length;
      assert.ok(unread <= most, `${unread} bytes are kept`);
    }
    assert.ok(transport.calls.includes("pause"));
    assert.deepEqual(calls.values.slice(-COUNT), numbers(COUNT));
  });
});
