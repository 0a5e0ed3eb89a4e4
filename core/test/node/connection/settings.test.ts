import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { DEFAULT_LIMITS } from "../../../src/engine/messages/limits.ts";
import type { ConnectionOptions } from "../../../src/node/connection/settings.ts";
import { resolveSettings } from "../../../src/node/connection/settings.ts";

/** Options as an application without types may give them. */
function resolve(options: object): ReturnType<typeof resolveSettings> {
  return resolveSettings(options as ConnectionOptions);
}

describe("the settings of connections", () => {
  test("have a default each", () => {
    assert.deepEqual(resolveSettings({}), {
      limits: DEFAULT_LIMITS,
      heartbeatIntervalMs: 30_000,
      heartbeatTimeoutMs: 10_000,
      closeTimeoutMs: 5_000,
      reception: "messages",
      textAs: "string",
      automaticPong: true,
      highWaterMarkBytes: 65_536,
      maxBufferedBytes: 16 * 1_024 * 1_024,
      overflow: "close",
    });
  });

  test("undefined means the default, everywhere", () => {
    const options = {
      limits: { maxMessageBytes: undefined },
      heartbeat: { intervalMs: undefined, timeoutMs: undefined },
      closeTimeoutMs: undefined,
      reception: undefined,
      textAs: undefined,
      automaticPong: undefined,
      backpressure: { highWaterMarkBytes: undefined, maxBufferedBytes: undefined, policy: undefined },
    };
    assert.deepEqual(resolve(options), resolveSettings({}));
    assert.deepEqual(
      resolve({ limits: undefined, heartbeat: undefined, backpressure: undefined }),
      resolveSettings({}),
    );
  });

  test("take what is given", () => {
    const settings = resolveSettings({
      limits: { maxMessageBytes: 1, maxPendingPongs: Number.POSITIVE_INFINITY },
      heartbeat: { intervalMs: 1, timeoutMs: Number.POSITIVE_INFINITY },
      closeTimeoutMs: Number.POSITIVE_INFINITY,
      reception: "frames",
      textAs: "bytes",
      automaticPong: false,
      backpressure: { highWaterMarkBytes: 2, maxBufferedBytes: 3, policy: "drop" },
    });
    assert.deepEqual(settings, {
      limits: { ...DEFAULT_LIMITS, maxMessageBytes: 1, maxPendingPongs: Number.POSITIVE_INFINITY },
      heartbeatIntervalMs: 1,
      heartbeatTimeoutMs: Number.POSITIVE_INFINITY,
      closeTimeoutMs: Number.POSITIVE_INFINITY,
      reception: "frames",
      textAs: "bytes",
      automaticPong: false,
      highWaterMarkBytes: 2,
      maxBufferedBytes: 3,
      overflow: "drop",
    });
  });

  test("heartbeat: false means no pings", () => {
    assert.equal(resolveSettings({ heartbeat: false }).heartbeatIntervalMs, Number.POSITIVE_INFINITY);
  });

  const mistakes: [object, RegExp][] = [
    [{ heartbeat: true }, /heartbeat is true/],
    [{ heartbeat: null }, /heartbeat is null/],
    [{ heartbeat: { intervalMs: 0 } }, /heartbeat\.intervalMs is 0/],
    [{ heartbeat: { timeoutMs: Number.NaN } }, /heartbeat\.timeoutMs is NaN/],
    [{ heartbeat: { intervalMs: "30" } }, /heartbeat\.intervalMs is 30/],
    [{ closeTimeoutMs: -1 }, /closeTimeoutMs is -1/],
    [{ closeTimeoutMs: null }, /closeTimeoutMs is null/],
    [{ reception: "whole" }, /reception is whole; give one of messages, fragments, frames/],
    [{ textAs: null }, /textAs is null/],
    [{ automaticPong: 1 }, /automaticPong is 1/],
    [{ backpressure: null }, /backpressure is null/],
    [{ backpressure: 5 }, /backpressure is 5/],
    [{ backpressure: { highWaterMarkBytes: 0 } }, /backpressure\.highWaterMarkBytes is 0/],
    [{ backpressure: { maxBufferedBytes: "1" } }, /backpressure\.maxBufferedBytes is 1/],
    [{ backpressure: { policy: "wait" } }, /backpressure\.policy is wait; give one of close, drop/],
    [{ limits: null }, /limits is null/],
    [{ limits: { maxMessageBytes: 0 } }, /limits\.maxMessageBytes is 0/],
    [{ limits: { maxMessages: 1 } }, /limits\.maxMessages is unknown/],
    [{ limits: { __proto__: null, constructor: 1 } }, /limits\.constructor is unknown/],
  ];
  for (const [options, expected] of mistakes) {
    test(`refuse ${expected.source}`, () => {
      assert.throws(() => resolve(options), { name: "UsageError", code: "USAGE", message: expected });
    });
  }
});
