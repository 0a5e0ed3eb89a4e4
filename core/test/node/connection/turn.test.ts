import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { holdTurn, releaseTurn, writeAtEndOfTurn } from "../../../src/node/connection/turn.ts";

/** Run in a turn of its own, and wait until the turn after it. */
function inOneTurn(work: () => void): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(() => {
      work();
      setImmediate(resolve);
    });
  });
}

describe("the end of a turn", () => {
  test("comes once for each writer, in the order in which they asked", async () => {
    const ended: string[] = [];
    await inOneTurn(() => {
      writeAtEndOfTurn({ endTurn: () => ended.push("a") });
      writeAtEndOfTurn({ endTurn: () => ended.push("b") });
      assert.deepEqual(ended, []);
    });
    assert.deepEqual(ended, ["a", "b"]);
  });

  test("comes after promise reactions, however long their chain, and before the next turn", async () => {
    const ended: string[] = [];
    await inOneTurn(() => {
      writeAtEndOfTurn({ endTurn: () => ended.push("end") });
      void (async () => {
        for (let i = 0; i < 10; i++) await undefined;
        ended.push("reactions");
      })();
      setImmediate(() => ended.push("next turn"));
    });
    assert.deepEqual(ended, ["reactions", "end", "next turn"]);
  });

  test("comes after what a tick, and the promises it settles, still do", async () => {
    const ended: string[] = [];
    await inOneTurn(() => {
      writeAtEndOfTurn({ endTurn: () => ended.push("end") });
      process.nextTick(() => {
        ended.push("tick");
        void Promise.resolve().then(() => ended.push("reaction"));
      });
    });
    assert.deepEqual(ended, ["tick", "reaction", "end"]);
  });

  test("a writer that asks at the end gets another one in the same turn", async () => {
    let ended = 0;
    const writer = {
      endTurn(): void {
        ended += 1;
        if (ended < 3) writeAtEndOfTurn(writer);
      },
    };
    await inOneTurn(() => writeAtEndOfTurn(writer));
    assert.equal(ended, 3);
  });

  test("waits for the tasks that hold it, and comes once after the last", async () => {
    const ended: string[] = [];
    await inOneTurn(() => {
      for (const name of ["a", "b", "c"]) {
        holdTurn();
        setImmediate(() => {
          ended.push(name);
          if (name !== "c") writeAtEndOfTurn({ endTurn: () => ended.push(`end of ${name}`) });
          releaseTurn();
        });
      }
      writeAtEndOfTurn({ endTurn: () => ended.push("end") });
    });
    assert.deepEqual(ended, ["a", "b", "c", "end", "end of a", "end of b"]);
  });

  test("comes a round later at the latest, however many tasks hold it", async () => {
    const ended: string[] = [];
    let isOver = false;
    const task = (): void => {
      if (!isOver) {
        holdTurn();
        setImmediate(task);
      }
      releaseTurn();
    };
    holdTurn();
    setImmediate(task);
    await inOneTurn(() => writeAtEndOfTurn({ endTurn: () => ended.push("end") }));
    await inOneTurn(() => {});
    assert.deepEqual(ended, ["end"]);
    isOver = true;
    await inOneTurn(() => {});
  });

  test("comes by itself when nobody asked for it while it was held", async () => {
    const ended: string[] = [];
    holdTurn();
    releaseTurn();
    await inOneTurn(() => writeAtEndOfTurn({ endTurn: () => ended.push("end") }));
    assert.deepEqual(ended, ["end"]);
  });
});
