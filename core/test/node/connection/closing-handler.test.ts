import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { ProtocolError } from "../../../src/engine/errors.ts";
import { BINARY, CLOSE, closeBody, closeFrame, frame, PING, text } from "./frames.ts";
import { errorIn, eventIn, recorder, rig, settled, wordsOf } from "./rig.ts";

/** What a `closing` entry of a recorder tells. */
function pairIn(entry: readonly unknown[] | undefined): readonly unknown[] {
  assert.equal(entry?.[0], "closing");
  const { code, reason } = Object(entry?.[1]);
  return [code, reason];
}

describe("the closing handler (RFC 6455 §7.1.3, §7.1.5)", () => {
  test("is called when the peer's Close frame has been answered, before the transport has ended", async () => {
    const states: unknown[] = [];
    const { connection, peer } = rig(
      {
        closing(opened, close) {
          states.push([opened.state, close.code, close.reason, opened.send("late")]);
        },
        close: () => states.push("close"),
      },
      { polite: false },
    );
    peer.send(closeFrame(4001, "bye"));
    assert.deepEqual(await peer.seen.take(2), [["close", 4001, "bye"], ["end"]]);
    await settled();
    assert.deepEqual(states, [["closing", 4001, "bye", false]]);
    peer.end();
    await connection.closed;
    assert.deepEqual(states, [["closing", 4001, "bye", false], "close"]);
  });

  for (const [what, frameBytes, expected] of [
    ["without a code is told as 1005", frame(CLOSE, ""), [1005, ""]],
    ["with a code is told with it", closeFrame(1000), [1000, ""]],
    ["with 123 bytes of reason is told whole", closeFrame(3000, "€".repeat(41)), [3000, "€".repeat(41)]],
  ] as const) {
    test(`a Close frame ${what}`, async () => {
      const { handlers, journal } = recorder("closing", "close", "error");
      const { peer } = rig(handlers);
      peer.send(frameBytes);
      const [closing, close] = await journal.take(2);
      assert.deepEqual(pairIn(closing), expected);
      assert.equal(eventIn(close).code, expected[0]);
      assert.deepEqual(journal.rest(), []);
    });
  }

  test("is called after the messages before it, and nothing is handed over after it", async () => {
    const { handlers, journal } = recorder("message", "ping", "closing", "close");
    const { peer } = rig(handlers);
    peer.send(text("a"), frame(PING, "p"), text("b"), closeFrame(1000), text("c"), frame(PING, ""));
    assert.deepEqual(wordsOf(await journal.take(5)), ["message", "ping", "message", "closing", "close"]);
  });

  test("is called for the answer to a Close frame of ours, once", async () => {
    const { handlers, journal } = recorder("closing", "close");
    const { connection } = rig(handlers);
    connection.close(4001, "ours");
    const [closing, close] = await journal.take(2);
    assert.deepEqual(pairIn(closing), [4001, "ours"]);
    assert.equal(eventIn(close).wasClean, true);
  });

  test("is called in the middle of a message of the peer's, and with every reception", async () => {
    for (const reception of ["messages", "fragments", "binary-fragments", "frames"] as const) {
      const { handlers, journal } = recorder("closing", "close");
      const { peer } = rig(handlers, { reception });
      peer.send(frame(BINARY, "a", { fin: false }), closeFrame(1001));
      assert.deepEqual(pairIn(await journal.next()), [1001, ""]);
    }
  });

  test("is called for a connection that has closed while it was paused, which wants the peer's Close frame", async () => {
    const { handlers, journal } = recorder("message", "closing", "close");
    const { connection, peer } = rig(handlers, { polite: false });
    connection.pause();
    await settled();
    connection.close(1000);
    await settled();
    peer.send(text("dropped"), closeFrame(1000));
    await settled();
    assert.deepEqual(wordsOf(journal.rest()), ["closing"]);
    peer.end();
    assert.deepEqual(wordsOf(await journal.take(1)), ["close"]);
  });

  test("is called late where the connection is paused, when it goes on", async () => {
    const { handlers, journal } = recorder("closing", "close");
    const { connection, peer } = rig(handlers);
    connection.pause();
    peer.send(closeFrame(1000));
    await settled();
    assert.deepEqual([journal.all, connection.state], [[], "open"]);
    connection.resume();
    assert.deepEqual(wordsOf(await journal.take(2)), ["closing", "close"]);
  });

  test("that fails is the application's fault: error is told, and the connection ends as it would", async () => {
    const { handlers, journal } = recorder("error", "close");
    const oops = new Error("oops");
    const { peer } = rig({
      ...handlers,
      closing() {
        throw oops;
      },
    });
    peer.send(closeFrame(1000));
    const [failed, close] = await journal.take(2);
    assert.deepEqual([errorIn(failed).code, errorIn(failed).cause], ["HANDLER_FAILED", oops]);
    assert.equal(eventIn(close).wasClean, true);
  });

  for (const [what, end] of [
    ["the peer ends without a Close frame", ({ peer }: ReturnType<typeof rig>) => peer.end()],
    ["the peer resets", ({ peer }: ReturnType<typeof rig>) => peer.reset()],
    ["this end terminates", ({ connection }: ReturnType<typeof rig>) => connection.terminate()],
  ] as const) {
    test(`is not called when ${what}`, async () => {
      const { handlers, journal } = recorder("closing", "close");
      const opened = rig(handlers);
      await settled();
      end(opened);
      assert.deepEqual(wordsOf(await journal.take(1)), ["close"]);
      await settled();
      assert.deepEqual(journal.rest(), []);
    });
  }
});

describe("an invalid Close frame (RFC 6455 §7.4, §8.1)", () => {
  const cases: readonly (readonly [payload: Buffer, code: string, closeCode: number, received: object | undefined])[] =
    [
      [closeBody(1005), "CLOSE_CODE_INVALID", 1002, { code: 1005, reason: "" }],
      [closeBody(1006, "why"), "CLOSE_CODE_INVALID", 1002, { code: 1006, reason: "why" }],
      [closeBody(0, "€"), "CLOSE_CODE_INVALID", 1002, { code: 0, reason: "€" }],
      [closeBody(65_535), "CLOSE_CODE_INVALID", 1002, { code: 65_535, reason: "" }],
      [Buffer.from([3, 237, 255]), "CLOSE_CODE_INVALID", 1002, undefined],
      [Buffer.from([3]), "CLOSE_TOO_SHORT", 1002, undefined],
      [Buffer.from([3, 232, 255]), "CLOSE_REASON_BAD_UTF8", 1007, undefined],
    ];
  for (const [payload, code, closeCode, received] of cases) {
    test(`${payload.toString("hex")} is ${code}, tells ${received === undefined ? "nothing" : "what it said"}, and is not closing`, async () => {
      const { handlers, journal } = recorder("closing", "error", "close");
      const { peer } = rig(handlers);
      peer.send(frame(CLOSE, payload));
      assert.deepEqual(await peer.seen.next(), ["close", closeCode, ""]);
      const [failed, close] = await journal.take(2);
      const error = errorIn(failed);
      assert.equal(error.code, code);
      assert.deepEqual((error as ProtocolError).received, received);
      assert.deepEqual([eventIn(close).received, eventIn(close).wasClean], [undefined, false]);
    });
  }
});
