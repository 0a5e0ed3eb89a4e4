import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Outbox } from "../lib/outbox.js";
import { Random } from "../lib/random.js";

/** An outbox over a connection that is open and always behind. */
function makeOutbox() {
  const connection = { state: "open", droppedMessages: 0, bufferedBytes: 0, flush: async () => {} };
  const outbox = new Outbox(/** @type {any} */ (connection), { seed: 1, stream: "u00000001", random: new Random(1) });
  return { outbox, connection };
}

/** @param {Outbox} outbox
 * @param {number} number */
const send = (outbox, number) => outbox.record("t00000001", number, 50, () => false);

describe("Outbox", () => {
  test("waits for no drain that has come already", async () => {
    const { outbox } = makeOutbox();
    for (let number = 0; number < 20; number += 1) {
      send(outbox, number);
      outbox.release();
      await outbox.ready();
    }
    assert.equal(outbox.book.messages, 20);
  });

  test("waits for the drain that is to come", async () => {
    const { outbox } = makeOutbox();
    send(outbox, 0);
    let isReady = false;
    const ready = outbox.drained().then(() => {
      isReady = true;
    });
    await Promise.resolve();
    assert.equal(isReady, false);
    outbox.release();
    await ready;
  });

  test("rejects where nothing is buffered any more and no drain comes, but not while something is", async (t) => {
    t.mock.timers.enable({ apis: ["setInterval"] });
    const { outbox, connection } = makeOutbox();
    connection.bufferedBytes = 10;
    const drained = outbox.drained();
    let failed = false;
    drained.catch(() => {
      failed = true;
    });
    t.mock.timers.tick(600_000);
    await Promise.resolve();
    assert.equal(failed, false);
    connection.bufferedBytes = 0;
    t.mock.timers.tick(60_000);
    await assert.rejects(drained, /there was no drain/);
  });

  test("writes down what was accepted, and counts what was not", () => {
    const { outbox, connection } = makeOutbox();
    send(outbox, 0);
    outbox.record("t00000001", 1, 50, () => {
      connection.droppedMessages += 1;
      return false;
    });
    send(outbox, 2);
    const { messages, refused, runs } = outbox.book.report();
    assert.deepEqual(
      [messages, refused, runs],
      [
        2,
        1,
        {
          t00000001: [
            [0, 0],
            [2, 2],
          ],
        },
      ],
    );
    assert.equal(outbox.dropped, 0);
    connection.droppedMessages += 1;
    assert.equal(outbox.dropped, 1);
  });
});
