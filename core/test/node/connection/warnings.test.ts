import assert from "node:assert/strict";
import { describe, type TestContext, test } from "node:test";
import { warn } from "../../../src/node/connection/warnings.ts";
import { FakeClock } from "./fake-clock.ts";

/** What the process is warned of until the test ends. */
function hear(t: TestContext): string[] {
  const heard: string[] = [];
  t.mock.method(process, "emitWarning", (warning: Error | string) =>
    heard.push(typeof warning === "string" ? warning : warning.message),
  );
  return heard;
}

describe("warnings", () => {
  test("of one code are said ten times, then once in ten seconds, with how many were left out", async (t) => {
    const clock = new FakeClock(t);
    const heard = hear(t);
    for (let i = 0; i < 25; i++) warn("FIRST", `warning ${i}`);
    assert.deepEqual(
      heard,
      Array.from({ length: 10 }, (_, i) => `warning ${i}`),
    );
    await clock.advance(10_000);
    warn("FIRST", new Error("again"));
    warn("FIRST", "too soon");
    assert.deepEqual(heard.slice(10), ["15 more warnings of FIRST were left out", "again"]);
    await clock.advance(3_600_000);
    for (let i = 0; i < 10; i++) warn("FIRST", "after an hour");
    assert.deepEqual(heard.slice(12), [
      "1 more warnings of FIRST were left out",
      ...new Array(10).fill("after an hour"),
    ]);
  });

  test("of another code are counted for themselves", (t) => {
    new FakeClock(t);
    const heard = hear(t);
    for (let i = 0; i < 11; i++) warn("SECOND", "second");
    warn("THIRD", "third");
    assert.equal(heard.at(-1), "third");
  });
});
