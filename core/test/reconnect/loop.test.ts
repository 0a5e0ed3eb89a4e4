import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { chancesOf, World } from "./world.ts";

const AWAY = (code: number, delayMs: number): string =>
  `away ${JSON.stringify([{ code }, { willRetry: true, delayMs }])}`;
const FAILED = (error: string, delayMs: number): string =>
  `attemptFailed ${JSON.stringify([error, { willRetry: true, delayMs }])}`;

describe("loop: attempts", () => {
  test("begins in a later turn, and is open when the dialer says so", () => {
    const world = new World();
    world.loop.start();
    assert.deepEqual([world.take(), world.loop.state], [[], "away"]);
    world.clock.advance(0);
    assert.deepEqual([world.take(), world.loop.state], [["attempt 1"], "away"]);
    world.succeed();
    assert.deepEqual([world.take(), world.loop.state, world.clock.timers], [[], "open", 0]);
    assert.deepEqual(world.attempts, [{ number: 1, delayMs: 0, isFirst: true, cause: undefined }]);
  });

  test("a failed attempt is told, and followed by one after the backoff", () => {
    const world = new World();
    world.loop.start();
    world.clock.advance(0);
    world.fail();
    assert.deepEqual(world.take(), ["attempt 1", FAILED("refused", 500)]);
    assert.equal(world.loop.attempts, 1);
    world.clock.advance(499);
    assert.deepEqual(world.take(), []);
    world.clock.advance(1);
    assert.deepEqual(world.take(), ["attempt 2"]);
    assert.deepEqual(world.attempts[1], { number: 2, delayMs: 500, isFirst: true, cause: "refused" });
  });

  test("the wait is drawn from all between nothing and the bound", (t) => {
    const seed = Date.now();
    t.diagnostic(`seed ${seed}`);
    const chance = chancesOf(seed);
    const world = new World({ minDelayMs: 100, maxDelayMs: 1_000 });
    world.loop.start();
    world.clock.advance(0);
    for (let failures = 1; failures <= 50; failures++) {
      world.clock.chance = chance();
      world.fail();
      const bound = Math.min(1_000, 100 * 2 ** (failures - 1));
      world.clock.advance(bound);
      const waited = world.attempts.at(-1)?.delayMs ?? -1;
      assert.equal(world.attempts.length, failures + 1);
      assert.equal(waited, world.clock.chance * bound);
    }
  });

  test("what the server asks to wait comes before the backoff", () => {
    const world = new World();
    world.retryMs = 60_000;
    world.loop.start();
    world.clock.advance(0);
    world.fail();
    world.clock.advance(60_499);
    assert.equal(world.attempts.length, 1);
    world.clock.advance(1);
    assert.equal(world.attempts.length, 2);
  });

  test("an attempt that takes too long is given up, and what comes of it later is nothing", () => {
    const world = new World({}, 3_000);
    world.loop.start();
    world.clock.advance(2_999);
    assert.equal(world.givenUp, 0);
    world.clock.advance(1);
    assert.equal(world.givenUp, 1);
    assert.deepEqual(world.take(), ["attempt 1", FAILED("late", 500)]);
    world.succeed();
    world.fail();
    assert.deepEqual([world.take(), world.loop.state], [[], "away"]);
  });

  test("an attempt may take for ever where it is allowed to", () => {
    const world = new World({}, Number.POSITIVE_INFINITY);
    world.loop.start();
    world.clock.advance(86_400_000);
    assert.equal(world.givenUp, 0);
  });

  test("after a connection that lasted the failures count anew", () => {
    const world = new World();
    world.loop.start();
    world.clock.advance(0);
    world.fail();
    world.clock.advance(500);
    world.succeed();
    world.take();
    world.clock.advance(5_000);
    world.lose();
    assert.deepEqual([world.take(), world.loop.attempts], [[AWAY(1006, 250)], 0]);
    world.clock.advance(250);
    assert.deepEqual(world.attempts[2], { number: 1, delayMs: 250, isFirst: false, cause: { code: 1006 } });
  });

  test("a connection that did not last counts as a failure", () => {
    const world = new World({ stableMs: 100 });
    world.open();
    world.clock.advance(99);
    world.lose();
    assert.deepEqual([world.take(), world.loop.attempts], [["attempt 1", AWAY(1006, 500)], 1]);
  });

  test("reconnectNow dials instead of waiting, and does nothing else", () => {
    const world = new World();
    world.loop.reconnectNow();
    world.open();
    world.loop.reconnectNow();
    world.lose();
    world.take();
    world.loop.reconnectNow();
    assert.deepEqual(world.take(), ["attempt 2"]);
    world.loop.reconnectNow();
    assert.deepEqual(world.take(), []);
    world.clock.advance(9_999);
    assert.equal(world.attempts.length, 2);
  });

  test("a handler may ask for the next attempt at once", () => {
    const world = new World();
    world.on = (name) => {
      if (name === "away") world.loop.reconnectNow();
    };
    world.open();
    world.lose();
    assert.deepEqual(world.take().slice(-1), ["attempt 2"]);
  });
});

describe("loop: without a network", () => {
  test("nothing is tried before it is there", () => {
    const world = new World();
    world.loop.hold(true);
    world.loop.start();
    world.clock.advance(86_400_000);
    assert.deepEqual([world.take(), world.clock.timers], [[], 0]);
    world.loop.hold(false);
    world.clock.advance(250);
    assert.deepEqual(world.take(), ["attempt 1"]);
  });

  test("its loss stops the wait, its return cuts it short to a moment", () => {
    const world = new World({ maxDelayMs: 86_400_000 });
    world.loop.start();
    world.clock.advance(0);
    for (let i = 0; i < 20; i++) {
      world.fail();
      world.loop.reconnectNow();
    }
    world.fail();
    world.loop.hold(true);
    assert.equal(world.clock.timers, 0);
    world.loop.hold(false);
    world.clock.advance(250);
    assert.equal(world.attempts.length, 22);
  });

  test("an attempt that is under way goes on, and the one after it waits", () => {
    const world = new World();
    world.loop.start();
    world.clock.advance(0);
    world.loop.hold(true);
    world.fail();
    world.clock.advance(86_400_000);
    assert.deepEqual([world.attempts.length, world.clock.timers], [1, 0]);
  });

  test("reconnectNow knows better", () => {
    const world = new World();
    world.loop.hold(true);
    world.loop.start();
    world.loop.reconnectNow();
    assert.equal(world.attempts.length, 1);
  });

  test("an open connection is left alone", () => {
    const world = new World();
    world.open();
    world.loop.hold(true);
    world.loop.hold(false);
    assert.deepEqual([world.loop.state, world.clock.timers], ["open", 0]);
  });
});

describe("loop: the end", () => {
  test("maxAttempts failures in a row end it, with the last one's error", () => {
    const world = new World({ maxAttempts: 2 });
    world.loop.start();
    world.clock.advance(0);
    world.fail("first");
    world.clock.advance(500);
    world.fail("second");
    assert.deepEqual(world.take().slice(-2), [
      'attemptFailed ["second",{"willRetry":false,"delayMs":0}]',
      "ended exhausted",
    ]);
    assert.deepEqual(world.end, { cause: "exhausted", last: undefined, error: "second" });
    assert.deepEqual([world.loop.state, world.clock.timers], ["closed", 0]);
  });

  test("a connection that lasted makes all attempts possible again", () => {
    const world = new World({ maxAttempts: 1 });
    world.open();
    world.clock.advance(5_000);
    world.lose();
    world.clock.advance(250);
    world.fail("gone");
    assert.deepEqual(world.end, { cause: "exhausted", last: { code: 1006 }, error: "gone" });
  });

  test("an error after which there is no sense in it ends it", () => {
    const world = new World();
    world.stopErrors = ["unknown path"];
    world.loop.start();
    world.clock.advance(0);
    world.fail("unknown path");
    assert.deepEqual(world.end, { cause: "stopped", last: undefined, error: "unknown path" });
    assert.equal(world.clock.timers, 0);
  });

  test("a close code after which there is no sense in it ends it", () => {
    const world = new World();
    world.open();
    world.lose(1000);
    assert.deepEqual(world.take(), [
      "attempt 1",
      'away [{"code":1000},{"willRetry":false,"delayMs":0}]',
      "ended stopped",
    ]);
    assert.deepEqual(world.end, { cause: "stopped", last: { code: 1000 }, error: undefined });
    assert.equal(world.clock.timers, 0);
  });

  test("close ends an open connection, and then all; twice is once", () => {
    const world = new World();
    const link = world.open();
    world.loop.close(4000);
    world.loop.close(4001);
    assert.deepEqual([world.loop.state, link.closes, world.end], ["closing", [4000], undefined]);
    world.lose(4000);
    assert.deepEqual(world.end, { cause: "closed", last: { code: 4000 }, error: undefined });
    assert.deepEqual([world.loop.state, world.clock.timers], ["closed", 0]);
    world.loop.close();
    assert.deepEqual(world.take(), ["attempt 1", "ended closed"]);
  });

  test("what a link throws at close leaves everything as it was", () => {
    const world = new World();
    const link = world.open();
    link.close = () => {
      throw new RangeError("no such code");
    };
    assert.throws(() => world.loop.close(99), RangeError);
    assert.equal(world.loop.state, "open");
  });

  for (const [when, reach] of [
    ["while it waits", (world: World) => world.fail()],
    ["during an attempt", () => {}],
  ] as const) {
    test(`close ends it ${when}`, () => {
      const world = new World();
      world.loop.start();
      world.clock.advance(0);
      reach(world);
      world.loop.close();
      assert.equal(world.end?.cause, "closed");
      assert.equal(world.clock.timers, 0);
      world.succeed();
      world.clock.advance(60_000);
      assert.deepEqual([world.loop.state, world.attempts.length], ["closed", 1]);
    });

    test(`the signal ends it ${when}`, () => {
      const world = new World();
      world.loop.start();
      world.clock.advance(0);
      reach(world);
      world.loop.abort("enough");
      assert.deepEqual(world.end, { cause: "aborted", last: undefined, error: "enough" });
      assert.equal(world.clock.timers, 0);
    });
  }

  test("an attempt that is under way is given up at the end", () => {
    const world = new World();
    world.loop.start();
    world.clock.advance(0);
    world.loop.close();
    assert.equal(world.givenUp, 1);
  });

  test("the signal ends it before it begins", () => {
    const world = new World();
    world.loop.abort("never");
    assert.deepEqual([world.end?.error, world.loop.state], ["never", "closed"]);
  });

  test("the signal closes an open connection, and all ends with it", () => {
    const world = new World();
    const link = world.open();
    world.loop.abort("enough", 1001);
    assert.deepEqual([link.closes, world.end], [[1001], undefined]);
    world.lose(1001);
    assert.deepEqual(world.end, { cause: "aborted", last: { code: 1001 }, error: "enough" });
  });

  test("nothing is dialed when the handler attempt has ended it", () => {
    const world = new World();
    world.on = () => world.loop.close();
    world.loop.start();
    world.clock.advance(0);
    assert.deepEqual([world.attempts, world.log], [[], ["attempt 1", "ended closed"]]);
  });

  test("it ends once when the handler of the last failure ends it, too", () => {
    const world = new World({ maxAttempts: 1 });
    world.on = (name) => {
      if (name === "attemptFailed") world.loop.close();
    };
    world.loop.start();
    world.clock.advance(0);
    world.fail();
    assert.equal(world.log.filter((line) => line.startsWith("ended")).length, 1);
  });

  test("nothing is told after the handler lost has ended it", () => {
    const world = new World();
    world.on = (name) => {
      if (name === "lost") world.loop.close();
    };
    world.open();
    world.send("a");
    world.lose();
    assert.deepEqual(world.log, ["attempt 1", "lost unacknowledged: a", "ended closed"]);
  });

  for (const name of ["attempt", "attemptFailed", "away", "lost"]) {
    test(`the handler ${name} may end it`, () => {
      const world = new World({ queue: { maxMessages: 1 } });
      world.on = (told) => {
        if (told === name) world.loop.close();
      };
      world.loop.start();
      world.clock.advance(0);
      world.fail();
      world.send("a", "b");
      world.clock.advance(500);
      world.succeed();
      world.lose();
      world.clock.advance(60_000);
      assert.equal(world.end?.cause, "closed");
      assert.equal(world.log.filter((line) => line.startsWith("ended")).length, 1);
      const ended = world.log.indexOf("ended closed");
      assert.deepEqual(
        world.log.slice(ended + 1).filter((line) => !line.startsWith("lost closed")),
        [],
      );
      assert.equal(world.clock.timers, 0);
    });
  }
});
