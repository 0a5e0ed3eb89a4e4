import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { formatExtensions, parseExtensions } from "../../../src/engine/extensions/offer-grammar.ts";
import { DEFAULT_LIMITS } from "../../../src/engine/messages/limits.ts";
import type { ConnectionOptions } from "../../../src/node/connection/settings.ts";
import { resolveSettings } from "../../../src/node/connection/settings.ts";
import { ROLES } from "../../engine/engine-test-kit.ts";

const USUAL_OFFER = "permessage-deflate; client_max_window_bits";
const USUAL_ANSWER = "permessage-deflate; server_no_context_takeover; client_no_context_takeover";

/** Options as an application without types may give them. */
function resolve(options: object): ReturnType<typeof resolveSettings> {
  return resolveSettings(options as ConnectionOptions, "server");
}

/** What a client with these options offers; "none" where it does not want compression. */
function offered(options: ConnectionOptions): string {
  const { compression } = resolveSettings(options, "client");
  return compression === undefined ? "none" : formatExtensions(compression.offer().offers);
}

/** What a server with these options answers to the usual offer; "none" where it does not want compression. */
function answered(options: ConnectionOptions): string {
  const { compression } = resolveSettings(options, "server");
  if (compression === undefined) return "none";
  return compression.accept(parseExtensions(USUAL_OFFER) ?? [])?.extensions ?? "refused";
}

describe("the settings of connections", () => {
  test("have a default each", () => {
    const { compression, ...settings } = resolveSettings({}, "server");
    assert.ok(compression !== undefined);
    assert.deepEqual(settings, {
      limits: DEFAULT_LIMITS,
      heartbeatIntervalMs: 30_000,
      heartbeatTimeoutMs: 10_000,
      heartbeatPayload: "random",
      fragmentBytes: Number.POSITIVE_INFINITY,
      closeTimeoutMs: 5_000,
      reception: "messages",
      textAs: "string",
      automaticPong: true,
      pongIntervalMs: 0,
      highWaterMarkBytes: 65_536,
      maxBufferedBytes: 16 * 1_024 * 1_024,
      overflow: "close",
      delivery: "together",
      rate: { messagesPerSecond: 200_000, bytesPerSecond: 256 << 20, burstMs: 1_000, policy: "slow" },
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
      compression: undefined,
      backpressure: { highWaterMarkBytes: undefined, maxBufferedBytes: undefined, policy: undefined },
    };
    assert.deepEqual(resolve(options), resolveSettings({}, "server"));
    assert.deepEqual(
      resolve({ limits: undefined, heartbeat: undefined, backpressure: undefined }),
      resolveSettings({}, "server"),
    );
  });

  test("take what is given", () => {
    const settings = resolveSettings(
      {
        limits: { maxMessageBytes: 1, maxPendingPongs: Number.POSITIVE_INFINITY },
        heartbeat: { intervalMs: 1, timeoutMs: Number.POSITIVE_INFINITY, payload: "empty" },
        fragmentBytes: 16,
        delivery: "apart",
        closeTimeoutMs: Number.POSITIVE_INFINITY,
        reception: "frames",
        textAs: "bytes",
        automaticPong: false,
        pongIntervalMs: 20,
        rate: { messagesPerSecond: 1, bytesPerSecond: 2, burstMs: 3, policy: "close" },
        backpressure: { highWaterMarkBytes: 2, maxBufferedBytes: 3, policy: "drop" },
      },
      "server",
    );
    assert.deepEqual(settings, {
      limits: { ...DEFAULT_LIMITS, maxMessageBytes: 1, maxPendingPongs: Number.POSITIVE_INFINITY },
      heartbeatIntervalMs: 1,
      heartbeatTimeoutMs: Number.POSITIVE_INFINITY,
      heartbeatPayload: "empty",
      fragmentBytes: 16,
      closeTimeoutMs: Number.POSITIVE_INFINITY,
      reception: "frames",
      textAs: "bytes",
      automaticPong: false,
      pongIntervalMs: 20,
      highWaterMarkBytes: 2,
      maxBufferedBytes: 3,
      overflow: "drop",
      delivery: "apart",
      rate: { messagesPerSecond: 1, bytesPerSecond: 2, burstMs: 3, policy: "close" },
      compression: undefined,
    });
  });

  test("heartbeat: false means no pings", () => {
    assert.equal(resolve({ heartbeat: false }).heartbeatIntervalMs, Number.POSITIVE_INFINITY);
  });

  test("compression is offered by clients and agreed to by servers unless it is false", () => {
    assert.equal(offered({}), USUAL_OFFER);
    assert.equal(offered({ compression: true }), USUAL_OFFER);
    assert.equal(offered({ compression: false }), "none");
    assert.equal(answered({}), USUAL_ANSWER);
    assert.equal(answered({ compression: true }), USUAL_ANSWER);
    assert.equal(answered({ compression: false }), "none");
  });

  test("compression: an object says what each role wants", () => {
    const compression = { serverNoContextTakeover: true, clientNoContextTakeover: false, clientMaxWindowBits: 10 };
    assert.equal(offered({ compression }), "permessage-deflate; server_no_context_takeover; client_max_window_bits=10");
    assert.equal(
      answered({ compression }),
      "permessage-deflate; server_no_context_takeover; client_max_window_bits=10",
    );
  });

  test('reception "frames" goes without compression, and not with one that was asked for', () => {
    for (const role of ROLES) {
      assert.equal(resolveSettings({ reception: "frames" }, role).compression, undefined);
      assert.equal(resolveSettings({ reception: "frames", compression: false }, role).compression, undefined);
      for (const compression of [true, {}, { level: 1 }]) {
        assert.throws(() => resolveSettings({ reception: "frames", compression }, role), {
          name: "UsageError",
          message: /compression cannot be had with reception "frames"/,
        });
      }
    }
  });

  const mistakes: [object, RegExp][] = [
    [{ heartbeat: true }, /heartbeat is true/],
    [{ heartbeat: null }, /heartbeat is null/],
    [{ heartbeat: { intervalMs: 0 } }, /heartbeat\.intervalMs is 0/],
    [{ heartbeat: { timeoutMs: Number.NaN } }, /heartbeat\.timeoutMs is NaN/],
    [{ heartbeat: { intervalMs: "30" } }, /heartbeat\.intervalMs is 30/],
    [{ closeTimeoutMs: -1 }, /closeTimeoutMs is -1/],
    [{ closeTimeoutMs: null }, /closeTimeoutMs is null/],
    [{ reception: "whole" }, /reception is whole; give one of messages, fragments, binary-fragments, frames/],
    [{ textAs: null }, /textAs is null/],
    [{ automaticPong: 1 }, /automaticPong is 1/],
    [{ compression: null }, /compression is null; give true, false or an object/],
    [{ compression: { level: 10 } }, /compression\.level is 10/],
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
