import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { chancesOf, World } from "./world.ts";

/** A world whose first connection is open, with nothing noted. */
function opened(...options: ConstructorParameters<typeof World>): World {
  const world = new World(...options);
  world.open();
  world.take();
  return world;
}

describe("loop: messages on an open connection", () => {
  test("go out at once, and whether the peer keeps up is told", () => {
    const world = opened();
    assert.deepEqual(world.send("a", "b"), [true, true]);
    world.link.keepsUp = false;
    assert.deepEqual(world.send("c"), [false]);
    assert.deepEqual([world.link.sent, world.loop.unacknowledged], [["a", "b", "c"], 3]);
  });

  test("that it drops while it goes on are lost, and not unacknowledged", () => {
    const world = opened();
    world.link.drops = true;
    assert.deepEqual(world.send("a"), [false]);
    assert.deepEqual([world.take(), world.loop.unacknowledged, world.loop.queuedMessages], [["lost full: a"], 0, 0]);
  });

  test("that come too late for it wait for the next one", () => {
    const world = opened();
    world.link.isOpen = false;
    assert.deepEqual([world.send("a"), world.loop.queuedMessages], [[false], 1]);
    world.lose();
    world.loop.reconnectNow();
    assert.deepEqual(world.succeed().sent, ["a"]);
  });
});

describe("loop: messages without a connection", () => {
  test("wait from the beginning, and go out in order after what is sent at the opening", () => {
    const world = new World();
    world.send("a", "b");
    assert.deepEqual([world.loop.queuedMessages, world.loop.queuedBytes], [2, 2]);
    world.loop.start();
    world.clock.advance(0);
    // As `succeed` does, with an open handler in between
    world.outcome?.opened(world.link);
    world.send("hello");
    world.loop.flush();
    assert.deepEqual(world.link.sent, ["hello", "a", "b"]);
    assert.equal(world.loop.queuedMessages, 0);
  });

  test("go out no quicker than the peer reads, and what is sent meanwhile waits behind them", () => {
    const world = new World();
    world.send("a", "b", "c");
    world.loop.start();
    world.clock.advance(0);
    const send = world.link.send.bind(world.link);
    // The peer takes two messages, and keeps up with the first of them only
    world.link.send = (message) => send(message) && world.link.sent.length % 2 === 1;
    world.outcome?.opened(world.link);
    world.loop.flush();
    assert.deepEqual(world.link.sent, ["a", "b"]);
    assert.equal(world.loop.send({ text: "d", bytes: 1 }), false);
    assert.deepEqual([world.link.sent, world.loop.queuedMessages], [["a", "b"], 2]);
    // It has read all
    world.loop.flush();
    assert.deepEqual(world.link.sent, ["a", "b", "c", "d"]);
    assert.equal(world.loop.queuedMessages, 0);
    assert.equal(world.loop.send({ text: "e", bytes: 1 }), true);
    assert.deepEqual(world.take(), ["attempt 1"]);
  });

  test("are lost where there is no room", () => {
    const world = new World({ queue: { maxMessages: 2 } });
    world.send("a", "b", "c");
    assert.deepEqual(world.take(), ["lost full: c"]);
    assert.equal(world.loop.queuedMessages, 2);
  });

  test("make the oldest lost where those are to go", () => {
    const world = new World({ queue: { maxMessages: 2, policy: "drop-oldest" } });
    world.send("a", "b", "c");
    assert.deepEqual(world.take(), ["lost full: a"]);
  });

  test("keep their order when the connection ends while they go out", () => {
    const world = new World();
    world.send("a", "b", "c", "d");
    world.loop.start();
    world.clock.advance(0);
    const send = world.link.send.bind(world.link);
    world.link.send = (message) => {
      const keepsUp = send(message);
      if (message.text === "b") world.link.isOpen = false;
      return keepsUp;
    };
    world.outcome?.opened(world.link);
    world.loop.flush();
    assert.deepEqual([world.link.sent, world.loop.queuedMessages], [["a", "b"], 2]);
    world.lose();
    world.loop.reconnectNow();
    assert.deepEqual(world.succeed().sent, ["c", "d"]);
  });

  test("are lost when all ends", () => {
    const world = new World();
    world.send("a", "b");
    world.loop.close();
    assert.deepEqual(world.take(), ["lost closed: a b", "ended closed"]);
    world.send("c");
    assert.deepEqual(world.take(), ["lost closed: c"]);
  });

  test("are lost after close, before the connection has ended", () => {
    const world = opened();
    world.loop.close();
    assert.deepEqual(world.send("a"), [false]);
    assert.deepEqual(world.take(), ["lost closed: a"]);
  });
});

describe("loop: what the peer has", () => {
  test("it is asked at the turn's end, and its answer confirms what was sent before the question", () => {
    const world = opened();
    world.send("a", "b");
    assert.equal(world.link.questions.length, 0);
    world.clock.advance(0);
    assert.equal(world.link.questions.length, 1);
    world.send("c");
    world.link.answer();
    assert.equal(world.loop.unacknowledged, 1);
    world.lose();
    assert.deepEqual(world.take()[0], "lost unacknowledged: c");
  });

  test("it is asked again after the interval, while something is unconfirmed and no question is under way", () => {
    const world = opened({ acknowledge: { intervalMs: 50 } });
    world.send("a");
    world.clock.advance(0);
    world.send("b");
    world.clock.advance(1_000);
    assert.equal(world.link.questions.length, 1);
    world.link.answer();
    world.clock.advance(0);
    assert.equal(world.link.questions.length, 1);
    world.link.answer();
    assert.deepEqual([world.loop.unacknowledged, world.clock.timers], [0, 0]);
    world.send("c");
    world.clock.advance(49);
    assert.equal(world.link.questions.length, 0);
    world.clock.advance(1);
    assert.equal(world.link.questions.length, 1);
  });

  test("an answer that comes for a connection that is gone confirms nothing of the next one", () => {
    const world = opened();
    world.send("a");
    world.clock.advance(0);
    const [late] = world.link.questions;
    world.lose();
    world.loop.reconnectNow();
    world.succeed();
    world.send("b");
    late?.();
    assert.equal(world.loop.unacknowledged, 1);
    world.clock.advance(0);
    assert.equal(world.link.questions.length, 1);
  });

  test("no question is left when the connection is gone", () => {
    const world = opened();
    world.send("a");
    world.loop.close();
    world.lose(1000);
    assert.equal(world.clock.timers, 0);
    assert.deepEqual(world.take(), ["lost unacknowledged: a", "ended closed"]);
  });

  test("a clean close may confirm everything", () => {
    const world = opened();
    world.send("a");
    world.loop.close();
    world.lose(1000, true);
    assert.deepEqual(world.take(), ["ended closed"]);
  });

  test("the application can confirm all, or the oldest ones", () => {
    const world = opened();
    world.send("a", "b", "c");
    world.loop.confirm(1);
    assert.equal(world.loop.unacknowledged, 2);
    world.loop.confirm();
    assert.equal(world.loop.unacknowledged, 0);
  });

  test("what is unconfirmed when the connection is lost is told before that, with what was not kept", () => {
    const world = opened({ acknowledge: { maxMessages: 2 } });
    world.send("a", "b", "c");
    world.lose();
    const [lost, away] = world.take();
    assert.equal(lost, "lost unacknowledged: b c +1");
    assert.match(String(away), /^away /);
  });

  test("resend: it goes out again first, and is no loss", () => {
    const world = opened({ acknowledge: { resend: true } });
    world.send("a", "b");
    world.lose();
    world.send("c");
    world.loop.reconnectNow();
    world.succeed();
    assert.deepEqual(world.link.sent, ["a", "b", "c"]);
    assert.deepEqual([world.losses, world.loop.unacknowledged], [[], 3]);
  });

  test("resend: what cannot go out again because all ends is lost", () => {
    const world = opened({ acknowledge: { resend: true } });
    world.send("a");
    world.lose(1000);
    assert.deepEqual(world.take().at(-2), "lost closed: a");
  });

  for (const resend of [false, true]) {
    test(`whatever happens${resend ? " with resend" : ""}, each message is confirmed or lost, once`, (t) => {
      const seed = Date.now();
      t.diagnostic(`seed ${seed}`);
      const chance = chancesOf(seed);
      for (let run = 0; run < 100; run++) {
        const { given, confirmed, lost } = walk(chance, resend);
        assert.deepEqual([...confirmed, ...lost].sort(), given.sort(), `run ${run}`);
      }
    });
  }
});

/** Do anything in any order.
 * @returns all that were sent; those that the peer had when it answered; those that were reported */
function walk(chance: () => number, resend: boolean): { given: string[]; confirmed: string[]; lost: string[] } {
  const world = new World({ queue: { maxMessages: 5 }, acknowledge: { resend, maxMessages: 1_000 } });
  const [given, confirmed]: string[][] = [[], []];
  /** Of the connection that is there, how many of what was sent are confirmed. */
  let mark = 0;
  world.loop.start();
  const settle = (): void => {
    // `unacknowledged` counts from the newest back
    const now = world.link.sent.length - world.loop.unacknowledged;
    if (world.loop.state === "open") confirmed?.push(...world.link.sent.slice(mark, now));
    if (world.loop.state === "open") mark = now;
  };
  const steps: (() => void)[] = [
    () => {
      given?.push(String(given.length));
      world.send(String((given?.length ?? 0) - 1));
    },
    () => world.clock.advance(100),
    () => {
      world.link.answer();
      settle();
    },
    () => {
      if (world.loop.state !== "away" || world.outcome === undefined) return;
      if (world.clock.timers === 0) return;
      world.loop.reconnectNow();
      world.succeed();
      mark = 0;
    },
    () => {
      if (chance() < 0.7) return;
      world.lose();
      mark = 0;
    },
    () => world.fail(),
  ];
  for (let i = 0; i < 300; i++) steps[Math.floor(chance() * steps.length)]?.();
  world.loop.close();
  world.lose();
  assert.equal(world.clock.timers, 0);
  const lost = world.losses.flatMap(({ messages }) => messages.map(({ text }) => text));
  return { given: given ?? [], confirmed: confirmed ?? [], lost };
}
