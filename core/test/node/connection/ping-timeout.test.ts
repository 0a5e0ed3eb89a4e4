import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { TransportError } from "../../../src/engine/errors.ts";
import { deadlines } from "../../../src/node/connection/deadlines.ts";
import { PendingPings } from "../../../src/node/connection/pending-pings.ts";
import { FakeClock } from "./fake-clock.ts";
import { frame, PONG } from "./frames.ts";
import { endAll, rig, settled } from "./rig.ts";

const LATE = { code: "PONG_TIMEOUT", message: "the ping was not answered in time: 50 ms" };

/** What became of a promise, as a list that is filled when it is settled. */
function fate(promise: Promise<number>): unknown[] {
  const seen: unknown[] = [];
  promise.then(
    (roundTripMs) => seen.push(roundTripMs),
    (error: TransportError) => seen.push(error.code),
  );
  return seen;
}

describe("a ping with a timeout", () => {
  test("rejects when its time is over, and the connection goes on", async (t) => {
    const clock = new FakeClock(t);
    const { connection, peer } = rig({}, { polite: false });
    const late = fate(connection.ping("one", { timeoutMs: 50 }));
    await clock.advance(49);
    assert.deepEqual(late, []);
    await clock.advance(1);
    assert.deepEqual(late, ["PONG_TIMEOUT"]);
    assert.equal(connection.state, "open");
    connection.send("still here");
    await settled();
    assert.ok(peer.seen.rest().includes("still here"));
    await endAll();
  });

  test("says how long was waited", async (t) => {
    const clock = new FakeClock(t);
    const rejected = assert.rejects(rig({}, { polite: false }).connection.ping("one", { timeoutMs: 50 }), LATE);
    await clock.advance(50);
    await rejected;
    await endAll();
  });

  test("has a time of its own, which its pong or a later one ends", async (t) => {
    const clock = new FakeClock(t);
    const { connection, peer } = rig({}, { polite: false });
    const first = fate(connection.ping("a", { timeoutMs: 50 }));
    await clock.advance(30);
    const second = fate(connection.ping("b", { timeoutMs: 50 }));
    const third = fate(connection.ping("c", { timeoutMs: 50 }));
    await clock.advance(10);
    peer.send(frame(PONG, Buffer.from("b")));
    await settled();
    assert.deepEqual([first, second, third], [[40], [10], []]);
    await clock.advance(40);
    assert.deepEqual([first, second, third], [[40], [10], ["PONG_TIMEOUT"]]);
    await endAll();
  });

  test("that is late does not end the wait of an older one with more time", async (t) => {
    const clock = new FakeClock(t);
    const { connection, peer } = rig({}, { polite: false });
    const older = fate(connection.ping("a", { timeoutMs: 100 }));
    const newer = fate(connection.ping("b", { timeoutMs: 50 }));
    await clock.advance(60);
    peer.send(frame(PONG, Buffer.from("a")));
    await settled();
    assert.deepEqual([older, newer], [[60], ["PONG_TIMEOUT"]]);
    await endAll();
  });

  test("is not late while this end does not read, and then has its whole time again", async (t) => {
    const clock = new FakeClock(t);
    const { connection } = rig({}, { polite: false });
    const before = fate(connection.ping("a", { timeoutMs: 50 }));
    connection.pause();
    const during = fate(connection.ping("b", { timeoutMs: 50 }));
    await clock.advance(1_000);
    connection.resume();
    await clock.advance(49);
    assert.deepEqual([before, during], [[], []]);
    await clock.advance(1);
    assert.deepEqual([before, during], [["PONG_TIMEOUT"], ["PONG_TIMEOUT"]]);
    await endAll();
  });

  test("leaves no deadline behind: not when it is answered, nor when the connection ends", async (t) => {
    const clock = new FakeClock(t);
    await endAll();
    const { size } = deadlines;
    const { connection } = rig();
    await connection.ping("a", { timeoutMs: 50 });
    assert.equal(deadlines.size, size);
    const open = connection.ping("b", { timeoutMs: 50 });
    connection.terminate();
    await assert.rejects(open, { code: "CONNECTION_CLOSED" });
    assert.equal(deadlines.size, size);
    await clock.advance(100);
  });

  for (const timeoutMs of [0, -1, Number.NaN, "5"]) {
    test(`has none of ${JSON.stringify(timeoutMs)}: that is the caller's mistake`, () => {
      const { connection } = rig();
      assert.throws(() => Reflect.apply(connection.ping, connection, ["a", { timeoutMs }]), {
        code: "USAGE",
        message: /^timeoutMs of ping is /,
      });
    });
  }

  test("the oldest is given up where more than 1,024 wait", async () => {
    const pings = new PendingPings();
    const oldest = pings.add(Buffer.from("0"), 0);
    for (let i = 1; i < 1_024; i++) void pings.add(Buffer.from(String(i)), 0);
    const given = fate(oldest);
    await settled();
    assert.deepEqual(given, []);
    const newest = pings.add(Buffer.from("new"), 0);
    await assert.rejects(oldest, new TransportError("PONG_TIMEOUT", "1024 later pings wait"));
    pings.pong(Buffer.from("new"), 5);
    assert.equal(await newest, 5);
  });
});
