import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { chanceFrom } from "../engine/engine-test-kit.ts";
import { FakeClock } from "../node/connection/fake-clock.ts";
import { RecordingSink } from "../node/transport/recording-sink.ts";
import { UnrulyLink, type Weather } from "./unruly-link.ts";

const WEATHERS: readonly Weather[] = [
  { delayMs: 0, pieceBytes: 1, capacityBytes: 1, late: false },
  { delayMs: 50, pieceBytes: 10, capacityBytes: 3, late: true },
  { delayMs: 5, pieceBytes: 1_000, capacityBytes: 100_000, late: true },
  { delayMs: 0, pieceBytes: 100_000, capacityBytes: 100_000, late: false },
];

const SENT = Buffer.from(Array.from({ length: 2_000 }, (_, index) => index % 251));

function linkOf(weather: Weather = { delayMs: 10, pieceBytes: 100, capacityBytes: 500, late: false }): {
  link: UnrulyLink;
  near: RecordingSink;
  far: RecordingSink;
} {
  const link = new UnrulyLink(chanceFrom(1), weather);
  const near = new RecordingSink();
  const far = new RecordingSink();
  link.ends[0].start(near);
  link.ends[1].start(far);
  return { link, near, far };
}

/** What a sink was told, errors as their text. */
function toldTo(sink: RecordingSink): unknown[] {
  return sink.events.all.map((event) => (typeof event === "string" ? event : [event[0], event[1]?.message]));
}

describe("a link that is not cut", () => {
  for (const weather of WEATHERS) {
    test(`brings every byte once and in order: ${JSON.stringify(weather)}`, async (t) => {
      const clock = new FakeClock(t);
      const { link, near, far } = linkOf(weather);
      let isFlushed = false;
      const taken = link.ends[0].write([SENT.subarray(0, 700), SENT.subarray(700)]);
      link.ends[0].flushed(() => {
        isFlushed = true;
      });
      link.ends[0].end();
      await clock.advance(200_000);
      assert.deepEqual(far.received, SENT);
      assert.deepEqual([toldTo(far), toldTo(near)], [["end"], taken ? [] : ["drain"]]);
      assert.ok(isFlushed);
      link.ends[1].end();
      await clock.advance(1_000);
      assert.deepEqual(toldTo(far), ["end", ["close", undefined]]);
      assert.deepEqual(toldTo(near).slice(taken ? 0 : 1), ["end", ["close", undefined]]);
      assert.equal(clock.timers, 0);
    });
  }

  test("holds what nobody reads, and then the sender", async (t) => {
    const clock = new FakeClock(t);
    const { link, far } = linkOf();
    link.ends[1].pause();
    assert.equal(link.ends[0].write([SENT]), false);
    await clock.advance(1_000);
    assert.deepEqual([far.length, link.ends[0].bufferedBytes], [0, 1_500]);
    link.ends[1].resume();
    await clock.advance(1_000);
    assert.deepEqual([far.length, link.ends[0].bufferedBytes], [2_000, 0]);
  });

  test("sends what its chunks are when they are taken, and writes down who writes after the end", async (t) => {
    const clock = new FakeClock(t);
    const { link, far } = linkOf({ delayMs: 0, pieceBytes: 100, capacityBytes: 100, late: true });
    const chunk = Buffer.from("good");
    link.ends[0].write([chunk]);
    chunk.write("evil");
    link.ends[0].end();
    link.ends[0].write([chunk]);
    await clock.advance(100);
    assert.equal(far.received.toString(), "evil");
    assert.deepEqual([link.ends[0].misuses, link.ends[1].misuses], [["written to after its end"], []]);
  });
});

describe("a link that is cut", () => {
  test("by a reset: both are told, and what arrived is the beginning of what was sent", async (t) => {
    const clock = new FakeClock(t);
    const { link, near, far } = linkOf();
    link.ends[0].write([SENT]);
    await clock.advance(20);
    link.cut("reset");
    link.ends[0].write([SENT]);
    await clock.advance(1_000);
    assert.deepEqual(
      [toldTo(near).at(-1), toldTo(far).at(-1)],
      [
        ["close", "cut"],
        ["close", "cut"],
      ],
    );
    assert.deepEqual(far.received, SENT.subarray(0, far.length));
    assert.ok(far.length < SENT.length);
  });

  test("by silence: nobody is told anything, and the sender is held up", async (t) => {
    const clock = new FakeClock(t);
    const { link, near, far } = linkOf();
    link.cut("silence");
    link.ends[0].write([SENT]);
    await clock.advance(100_000);
    assert.deepEqual([near.events.all, far.events.all, far.length], [[], [], 0]);
    assert.equal(link.ends[0].bufferedBytes, 1_500);
  });

  test("by somebody in between: both see an end, and a reset once they write", async (t) => {
    const clock = new FakeClock(t);
    const { link, near, far } = linkOf();
    link.cut("end");
    await clock.advance(100);
    assert.deepEqual([toldTo(near), toldTo(far)], [["end"], ["end"]]);
    link.ends[0].write([SENT]);
    await clock.advance(100);
    assert.deepEqual(toldTo(near), ["end", ["close", "nobody is there"]]);
  });

  test("by a truncation: both see an end inside of what was sent, and a reset once they write", async (t) => {
    const clock = new FakeClock(t);
    const { link, near, far } = linkOf();
    link.ends[0].write([SENT]);
    await clock.advance(20);
    link.cut("truncation");
    await clock.advance(1_000);
    assert.deepEqual(toldTo(far), ["end"]);
    assert.deepEqual(far.received, SENT.subarray(0, far.length));
    assert.ok(far.length < SENT.length);
    // What waited with the sender went to nobody.
    assert.deepEqual(toldTo(near).at(-1), ["close", "nobody is there"]);
  });

  test("by half a truncation: what goes the other way arrives", async (t) => {
    const clock = new FakeClock(t);
    for (const half of [0, 1] as const) {
      const link = new UnrulyLink({ ...chanceFrom(1), below: () => half }, WEATHERS[3] ?? assert.fail());
      const [near, far] = half === 0 ? link.ends : [link.ends[1], link.ends[0]];
      const told = new RecordingSink();
      const toldFar = new RecordingSink();
      near.start(told);
      far.start(toldFar);
      link.cut("half truncation");
      far.write([SENT.subarray(0, 50)]);
      far.end();
      await clock.advance(1_000);
      assert.deepEqual(told.received, SENT.subarray(0, 50));
      assert.deepEqual([toldTo(told), toldTo(toldFar)], [["end"], ["end", ["close", undefined]]]);
    }
  });

  test("by half a reset: one end is told of it, the other one of an end", async (t) => {
    const clock = new FakeClock(t);
    const { link, near, far } = linkOf();
    link.cut("half reset");
    await clock.advance(1_000);
    assert.deepEqual([toldTo(near), toldTo(far)].map((told) => told[0]).sort(), [["close", "cut"], "end"]);
  });

  test("by one end that is destroyed: it is told of a close, the other of a reset or an end", async (t) => {
    const clock = new FakeClock(t);
    const { link, near, far } = linkOf();
    link.ends[1].write([SENT]);
    link.ends[0].destroy();
    await clock.advance(1_000);
    assert.deepEqual(toldTo(near), [["close", undefined]]);
    // Bytes that nobody read make it a reset.
    assert.deepEqual(toldTo(far), [["close", "the other end was destroyed"]]);
  });
});
