import assert from "node:assert/strict";
import { EventEmitter } from "node:events";
import type { Http2Session, ServerHttp2Stream } from "node:http2";
import { describe, test } from "node:test";
import { SessionGuard } from "../../../src/node/server/session-guard.ts";

/** Of a stream the guard needs no more than that it closes. */
function stream(): ServerHttp2Stream {
  return new EventEmitter() as ServerHttp2Stream;
}

/** Opens streams at one guard, and says what became of each in a word. */
class Opener {
  readonly streams: ServerHttp2Stream[] = [];
  readonly #guard = new SessionGuard();
  readonly #limits: { maxStreams: number; maxOpeningsPerSecond: number };

  constructor(maxStreams: number, maxOpeningsPerSecond: number) {
    this.#limits = { maxStreams, maxOpeningsPerSecond };
  }

  open(nowMs: number): string {
    const opened = stream();
    this.streams.push(opened);
    const verdict = this.#guard.admit(opened, this.#limits, nowMs);
    return verdict === undefined || verdict === "end" ? (verdict ?? "ok") : verdict.code;
  }

  /** Open one and close it at once. */
  flash(nowMs: number): string {
    const verdict = this.open(nowMs);
    this.streams.pop()?.emit("close");
    return verdict;
  }

  /** How often each verdict came, when so many are opened and closed. */
  flashes(count: number, nowMs: number): Record<string, number> {
    const verdicts: Record<string, number> = {};
    for (let index = 0; index < count; index += 1) {
      const verdict = this.flash(nowMs);
      verdicts[verdict] = (verdicts[verdict] ?? 0) + 1;
    }
    return verdicts;
  }
}

describe("streams at a time (RFC 9113 §10.5)", () => {
  test("maxStreams are admitted, and the next one is not", () => {
    const opener = new Opener(3, 1_000);
    assert.deepEqual(
      [0, 0, 0, 0].map((nowMs) => opener.open(nowMs)),
      ["ok", "ok", "ok", "TOO_MANY_STREAMS"],
    );
  });

  test("one that is closed makes room for another, also one that was refused", () => {
    const opener = new Opener(2, 1_000);
    opener.open(0);
    opener.open(0);
    assert.equal(opener.flash(0), "TOO_MANY_STREAMS");
    assert.equal(opener.flash(0), "TOO_MANY_STREAMS");
    opener.streams.shift()?.emit("close");
    assert.equal(opener.open(0), "ok");
    assert.equal(opener.open(0), "TOO_MANY_STREAMS");
  });

  test("the errors name the limit, and the status that is answered", () => {
    const guard = new SessionGuard();
    const limits = { maxStreams: 1, maxOpeningsPerSecond: 1 };
    guard.admit(stream(), limits, 0);
    const second = guard.admit(stream(), limits, 0);
    const third = guard.admit(stream(), limits, 0);
    assert.ok(second instanceof Error && third instanceof Error);
    assert.deepEqual([second.statusCode, third.statusCode], [0, 429]);
    assert.match(second.message, /: maxStreams is 1$/);
    assert.match(third.message, /: maxOpeningsPerSecond is 1$/);
  });
});

describe("openings in a time (CVE-2023-44487)", () => {
  test("both limits together may come at once; 20 more are refused, and then it ends", () => {
    const opener = new Opener(20, 10);
    assert.deepEqual(opener.flashes(50, 0), { ok: 30, TOO_MANY_OPENINGS: 20 });
    assert.equal(opener.flash(0), "end");
    assert.equal(opener.flash(0), "end");
  });

  test("one that its peer resets unused, as soon as it is open, counts as five; one that ends otherwise as one", () => {
    const aborted = (how: { rstCode: number; readableDidRead: boolean }): number => {
      const opener = new Opener(20, 10);
      const nowMs = performance.now();
      let count = 0;
      for (; opener.open(nowMs) === "ok"; count++) {
        const [last] = opener.streams.splice(0);
        last?.emit("close", Object.assign(last, how));
      }
      return count;
    };
    const [ended, reset] = [0, 8];
    assert.equal(aborted({ rstCode: reset, readableDidRead: false }), 6);
    assert.equal(aborted({ rstCode: reset, readableDidRead: true }), 30);
    assert.equal(aborted({ rstCode: ended, readableDidRead: false }), 30);
  });

  test("credit comes back with time, as much as the limit each second", () => {
    const opener = new Opener(20, 10);
    opener.flashes(30, 0);
    assert.equal(opener.flash(99), "TOO_MANY_OPENINGS");
    // 1 below nothing, of which 0.99 is earned: two seconds make 20, and one is still owed
    assert.deepEqual(opener.flashes(20, 2_099), { ok: 19, TOO_MANY_OPENINGS: 1 });
  });

  test("no time earns more than may come at once", () => {
    const opener = new Opener(20, 10);
    opener.flashes(30, 0);
    assert.deepEqual(opener.flashes(31, 3_600_000), { ok: 30, TOO_MANY_OPENINGS: 1 });
  });

  test("the time before the first one earns nothing", () => {
    const opener = new Opener(20, 10);
    assert.deepEqual(opener.flashes(31, 3_600_000), { ok: 30, TOO_MANY_OPENINGS: 1 });
  });

  test("the permitted rate may be kept up for ever", () => {
    const opener = new Opener(20, 10);
    for (let index = 0; index < 2_000; index += 1) assert.equal(opener.flash(index * 100), "ok");
  });

  test("what stays above the permitted rate is refused, and in the end ends", () => {
    const verdicts = (everyMs: number): Set<string> => {
      const opener = new Opener(20, 10);
      return new Set(Array.from({ length: 2_000 }, (_, index) => opener.flash(index * everyMs)));
    };
    assert.deepEqual([...verdicts(50)], ["ok", "TOO_MANY_OPENINGS", "end"]);
    assert.deepEqual([...verdicts(25)], ["ok", "TOO_MANY_OPENINGS", "end"]);
    assert.deepEqual([...verdicts(100)], ["ok"]);
  });

  test("what is refused for the rate counts as one that is open until it is closed", () => {
    const opener = new Opener(2, 2);
    opener.flashes(4, 0);
    assert.equal(opener.open(0), "TOO_MANY_OPENINGS");
    // Two are earned after one second and a half, one of which is owed
    assert.equal(opener.open(1_500), "ok");
    assert.equal(opener.open(1_500), "TOO_MANY_STREAMS");
  });

  test("without limits everything is admitted", () => {
    const opener = new Opener(Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY);
    assert.deepEqual(opener.flashes(10_000, 0), { ok: 10_000 });
    assert.deepEqual(opener.flashes(10_000, 1), { ok: 10_000 });
  });
});

test("what is opened without a limit of the rate takes and gives nothing where there is one", () => {
  const guard = new SessionGuard();
  const admit = (maxOpeningsPerSecond: number, maxStreams = 10): unknown => {
    const opened = stream();
    const verdict = guard.admit(opened, { maxStreams, maxOpeningsPerSecond }, 0);
    opened.emit("close");
    return verdict instanceof Error ? verdict.code : verdict;
  };
  // As on a server with two attachments, of which one trusts the proxy
  for (let count = 0; count < 11; count += 1) {
    assert.equal(admit(Number.POSITIVE_INFINITY), undefined);
    assert.equal(admit(1), undefined);
  }
  assert.equal(admit(Number.POSITIVE_INFINITY), undefined);
  assert.equal(admit(1), "TOO_MANY_OPENINGS");
});

test("a session has one guard, and each its own", () => {
  const [one, other] = [{} as Http2Session, {} as Http2Session];
  assert.equal(SessionGuard.of(one), SessionGuard.of(one));
  assert.notEqual(SessionGuard.of(one), SessionGuard.of(other));
});
