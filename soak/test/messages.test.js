import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { HEADER_BYTES, identify, MAX_BYTES, makeMessage, planOf, streamName } from "../lib/messages.js";

const SEED = 5;
const stream = streamName("u", 0xabc);

/** Numbers whose messages are long enough for a header. */
const long = Array.from({ length: 400 }, (_, number) => number).filter(
  (number) => planOf(SEED, stream, number).length >= HEADER_BYTES,
);

describe("messages of a soak", () => {
  test("are as long as planned, and say who they are", () => {
    for (const number of long) {
      const { kind, length } = planOf(SEED, stream, number);
      const bytes = makeMessage(SEED, stream, number);
      assert.equal(bytes.length, length);
      assert.deepEqual(identify(kind, bytes), { stream, number });
    }
  });

  test("of text are UTF-8, with characters of one to four bytes", () => {
    const text = new TextDecoder("utf-8", { fatal: true });
    const widths = new Set();
    for (const number of long.filter((each) => planOf(SEED, stream, each).kind === "text")) {
      for (const character of text.decode(makeMessage(SEED, stream, number))) widths.add(Buffer.byteLength(character));
    }
    assert.deepEqual([...widths].sort(), [1, 2, 3, 4]);
  });

  test("say nothing any more when one bit is wrong, wherever", () => {
    for (const number of long.slice(0, 20)) {
      const { kind } = planOf(SEED, stream, number);
      const bytes = makeMessage(SEED, stream, number);
      for (const at of [0, 5, 12, 20, 30, HEADER_BYTES - 1, bytes.length - 1]) {
        const wrong = Buffer.from(bytes);
        wrong[at] = (wrong[at] ?? 0) ^ 4;
        assert.equal(identify(kind, wrong), undefined, `byte ${at} of ${bytes.length}`);
      }
    }
  });

  test("say nothing any more when they are cut, lengthened, or of the other kind", () => {
    const [number = 0] = long;
    const { kind } = planOf(SEED, stream, number);
    const bytes = makeMessage(SEED, stream, number);
    assert.equal(identify(kind, bytes.subarray(0, -1)), undefined);
    assert.equal(identify(kind, Buffer.concat([bytes, Buffer.from("x")])), undefined);
    assert.equal(identify(kind === "text" ? "binary" : "text", bytes), undefined);
  });

  test("are of all sizes up to 1 MiB, but never too short for a header where many streams meet", () => {
    const lengths = Array.from({ length: 3_000 }, (_, number) => planOf(SEED, stream, number).length);
    for (const edge of [0, 1, 125, 126, 65_535, 65_536, MAX_BYTES]) assert.ok(lengths.includes(edge), `${edge}`);
    assert.equal(Math.max(...lengths), MAX_BYTES);
    const topic = streamName("t", 1);
    const published = Array.from({ length: 3_000 }, (_, number) => planOf(SEED, topic, number).length);
    assert.equal(Math.min(...published), HEADER_BYTES);
  });
});
