import assert from "node:assert/strict";
import { Readable } from "node:stream";
import { describe, test } from "node:test";
import type { FragmentSink, Outgoing } from "../../../src/node/connection/outgoing-queue.ts";
import { discardSource, OutgoingQueue, sendStream } from "../../../src/node/connection/outgoing-queue.ts";
import { Journal } from "./journal.ts";

function deferred(): { promise: Promise<void>; resolve: () => void } {
  let resolve = (): void => {};
  const promise = new Promise<void>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}

function message(bytes: number, run: Outgoing["run"], cancel?: () => void): Outgoing {
  return { isMessage: true, bytes, run, ...(cancel === undefined ? {} : { cancel }) };
}

function makeQueue(): { queue: OutgoingQueue; journal: Journal<unknown> } {
  const journal = new Journal<unknown>();
  return {
    queue: new OutgoingQueue(
      () => journal.add("idle"),
      (error) => journal.add(error),
    ),
    journal,
  };
}

describe("outgoing queue", () => {
  test("begins the first thing at once, and each other when the one before has ended", async () => {
    const { queue, journal } = makeQueue();
    const long = deferred();
    queue.push(
      message(0, () => {
        journal.add("long begins");
        return long.promise;
      }),
    );
    queue.push(message(3, () => journal.add("b")));
    queue.push(message(4, () => journal.add("c")));
    assert.deepEqual([journal.rest(), queue.busy, queue.bytes], [["long begins"], true, 7]);
    long.resolve();
    assert.deepEqual(await journal.take(3), ["b", "c", "idle"]);
    assert.deepEqual([queue.busy, queue.bytes, queue.memoryBytes], [false, 0, 0]);
  });

  test("counts what small messages cost besides their bytes", () => {
    const { queue } = makeQueue();
    queue.push(message(0, () => new Promise(() => {})));
    for (let i = 0; i < 1_000; i++) queue.push(message(1, () => {}));
    assert.equal(queue.bytes, 1_000);
    assert.ok(queue.memoryBytes >= 100_000);
  });

  test("something that fails, at once or later, is reported, and the next one's turn follows", async () => {
    const { queue, journal } = makeQueue();
    const [soon, late] = [new Error("soon"), new Error("late")];
    queue.push(message(0, () => Promise.reject(late)));
    queue.push(
      message(0, () => {
        throw soon;
      }),
    );
    queue.push(message(0, () => journal.add("next")));
    assert.deepEqual(await journal.take(4), [late, soon, "next", "idle"]);
  });

  test("clear cancels what runs and what waits, and counts the messages among them", async () => {
    const { queue, journal } = makeQueue();
    const long = deferred();
    queue.push(
      message(
        0,
        () => long.promise,
        () => journal.add("cancel long"),
      ),
    );
    queue.push(
      message(
        10,
        () => journal.add("never"),
        () => journal.add("cancel waiting"),
      ),
    );
    queue.push({
      isMessage: false,
      bytes: 0,
      run: () => journal.add("never"),
      cancel: () => journal.add("cancel flush"),
    });
    assert.equal(queue.clear(), 2);
    assert.deepEqual(journal.rest(), ["cancel waiting", "cancel flush", "cancel long"]);
    assert.equal(queue.bytes, 0);
    assert.equal(queue.settle(), false, "it was counted by clear");
    long.resolve();
    assert.deepEqual(await journal.take(1), ["idle"]);
  });

  test("clear does not count the message on its way once it is known what became of it", () => {
    const { queue } = makeQueue();
    queue.push(message(0, () => new Promise(() => {})));
    assert.equal(queue.settle(), true);
    assert.equal(queue.settle(), false);
    assert.equal(queue.clear(), 0);
  });

  test("a message that was sent within its turn is settled", () => {
    const { queue } = makeQueue();
    queue.push(message(0, () => {}));
    assert.equal(queue.clear(), 0);
  });

  test("is sealed by the last thing", () => {
    const { queue } = makeQueue();
    queue.push(message(0, () => new Promise(() => {})));
    assert.equal(queue.sealed, false);
    queue.seal({ isMessage: false, bytes: 0, run: () => {} });
    assert.equal(queue.sealed, true);
  });
});

type Call = readonly [string, ...unknown[]];

/** A sink that writes down what it gets. */
function sink(journal: Journal<Call>, writable: () => Promise<void> = () => Promise.resolve()): FragmentSink {
  return {
    beginMessage: (kind) => journal.add(["begin", kind]),
    sendFragment: (data, last) => {
      journal.add(["fragment", typeof data === "string" ? data : Buffer.from(data).toString("hex"), last]);
      return true;
    },
    writable,
    keepWaiting: () => true,
    failed: (error) => journal.add(["failed", error]),
  };
}

async function callsFor(...given: [source: Readable | Blob, kind?: "text" | "binary"]): Promise<Call[]> {
  const journal = new Journal<Call>();
  await sendStream(given[0], given[1], sink(journal));
  return journal.rest();
}

describe("a streamed message (RFC 6455 §5.4)", () => {
  test("bytes are binary, a fragment for each chunk and an empty one at the end", async () => {
    assert.deepEqual(await callsFor(Readable.from([Buffer.from("a"), new Uint8Array([98])])), [
      ["begin", "binary"],
      ["fragment", "61", false],
      ["fragment", "62", false],
      ["fragment", "", true],
    ]);
  });

  test("strings are text unless binary is asked for", async () => {
    assert.deepEqual(await callsFor(Readable.from(["ä", "b"])), [
      ["begin", "text"],
      ["fragment", "ä", false],
      ["fragment", "b", false],
      ["fragment", "", true],
    ]);
    assert.deepEqual(await callsFor(Readable.from(["ä"]), "binary"), [
      ["begin", "binary"],
      ["fragment", "c3a4", false],
      ["fragment", "", true],
    ]);
  });

  test("bytes are text where that is asked for", async () => {
    assert.deepEqual(await callsFor(Readable.from([Buffer.from("a")]), "text"), [
      ["begin", "text"],
      ["fragment", "61", false],
      ["fragment", "", true],
    ]);
  });

  test("a source without chunks is an empty message of the kind that is asked for, or binary", async () => {
    assert.deepEqual(await callsFor(Readable.from([])), [
      ["begin", "binary"],
      ["fragment", "", true],
    ]);
    assert.deepEqual(await callsFor(Readable.from([]), "text"), [
      ["begin", "text"],
      ["fragment", "", true],
    ]);
    assert.deepEqual(await callsFor(new Blob([]), "binary"), [
      ["begin", "binary"],
      ["fragment", "", true],
    ]);
  });

  test("a Blob's bytes arrive whole", async () => {
    const bytes = Buffer.alloc(200_000, "blob");
    const calls = await callsFor(new Blob([bytes]), "binary");
    const hex = calls
      .slice(1)
      .map(([, data]) => data)
      .join("");
    assert.equal(Buffer.from(hex, "hex").equals(bytes), true);
  });

  test("the next chunk is only taken when the sink is writable", async () => {
    const journal = new Journal<Call>();
    const gates: (() => void)[] = [];
    const source = Readable.from(["a", "b"]);
    const sent = sendStream(
      source,
      undefined,
      sink(journal, () => new Promise((open) => gates.push(open))),
    );
    await journal.take(2);
    await new Promise((resolve) => setImmediate(resolve));
    assert.deepEqual(journal.rest(), []);
    gates.shift()?.();
    assert.deepEqual(await journal.take(1), [["fragment", "b", false]]);
    gates.shift()?.();
    await sent;
  });

  for (const chunk of [5, {}, true, new Float32Array(1), [1]]) {
    test(`a chunk that is ${chunk.constructor.name} fails it`, async () => {
      const calls = await callsFor(Readable.from([chunk]));
      assert.equal(calls.length, 1);
      const [word, error] = calls[0] ?? [];
      assert.equal(word, "failed");
      assert.equal(error instanceof Error && "code" in error && error.code, "USAGE");
    });
  }

  test("an error of the source in the middle is told, and nothing follows", async () => {
    const error = new Error("source");
    const source = Readable.from(
      (function* () {
        yield "a";
        throw error;
      })(),
    );
    assert.deepEqual(await callsFor(source), [
      ["begin", "text"],
      ["fragment", "a", false],
      ["failed", error],
    ]);
  });

  test("the source is destroyed when the sink fails", async () => {
    const journal = new Journal<Call>();
    const source = Readable.from(["a", "b", "c"]);
    const refused = new Error("closed");
    await sendStream(
      source,
      undefined,
      sink(journal, () => Promise.reject(refused)),
    );
    assert.deepEqual(journal.rest().at(-1), ["failed", refused]);
    assert.equal(source.destroyed, true);
  });

  test("a source that is stuck is let go by discardSource", async () => {
    const journal = new Journal<Call>();
    const source = new Readable({ read() {} });
    const sent = sendStream(source, undefined, sink(journal));
    discardSource(source);
    await sent;
    assert.equal(journal.rest()[0]?.[0], "failed");
    discardSource(new Blob(["a"]));
  });
});
