import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Protocol } from "../../../src/engine/protocol/protocol.ts";
import { openProtocol, receive, ROLES, sentBy, toRole, utf8, toHex } from "../engine-test-kit.ts";

const INTERVAL = 20;

/** Let pings arrive, and say what goes out. */
function ping(protocol: Protocol, role: "client" | "server", nowMs: number, ...texts: string[]): string[] {
  const bytes = toRole(role, ...texts.map((text) => `89 01  ${toHex(utf8(text))}`));
  protocol.receive(bytes, bytes.length, nowMs);
  while (protocol.nextEvent() !== undefined);
  return sentBy(role, protocol);
}

function tick(protocol: Protocol, role: "client" | "server", nowMs: number): string[] {
  protocol.tick(nowMs);
  return sentBy(role, protocol);
}

for (const role of ROLES) {
  describe(`pongs of a ${role} at an interval (RFC 6455 §5.5.3)`, () => {
    test("the first ping is answered at once, then only the newest when the interval is over", () => {
      const protocol = openProtocol(role, { pongIntervalMs: INTERVAL });
      assert.deepEqual(ping(protocol, role, 100, "a"), ["8a 61"]);
      assert.deepEqual(ping(protocol, role, 101, "b"), []);
      assert.deepEqual(ping(protocol, role, 119, "c", "d"), []);
      assert.equal(protocol.nextDeadlineMs, 120);
      assert.deepEqual(tick(protocol, role, 119), []);
      assert.deepEqual(tick(protocol, role, 120), ["8a 64"]);
      assert.equal(protocol.nextDeadlineMs, Number.POSITIVE_INFINITY);
    });

    test("the one that had to wait begins an interval, too", () => {
      const protocol = openProtocol(role, { pongIntervalMs: INTERVAL });
      ping(protocol, role, 100, "a", "b");
      assert.deepEqual(tick(protocol, role, 125), ["8a 62"]);
      assert.deepEqual(ping(protocol, role, 144, "c"), []);
      assert.deepEqual(tick(protocol, role, 145), ["8a 63"]);
      assert.deepEqual(ping(protocol, role, 165, "d"), ["8a 64"]);
    });

    test("one that comes when the time is over is answered in the place of the one that waits", () => {
      const protocol = openProtocol(role, { pongIntervalMs: INTERVAL });
      ping(protocol, role, 100, "a", "b");
      assert.deepEqual(ping(protocol, role, 120, "c"), ["8a 63"]);
      assert.deepEqual(tick(protocol, role, 140), []);
    });

    test("a flood costs one pong an interval", () => {
      const protocol = openProtocol(role, { pongIntervalMs: INTERVAL, limits: { maxPendingPongs: 2 } });
      const flood = Array.from({ length: 1_000 }, () => "f");
      assert.equal(ping(protocol, role, 100, ...flood).length, 1);
      assert.equal(tick(protocol, role, 120).length, 1);
      assert.equal(protocol.pendingPongs, 2);
      assert.equal(protocol.state, "open");
    });

    test("one that had to wait counts as any other where the peer does not read", () => {
      const protocol = openProtocol(role, { pongIntervalMs: INTERVAL, limits: { maxPendingPongs: 1 } });
      ping(protocol, role, 100, "a", "b");
      assert.deepEqual(tick(protocol, role, 120), ["88 03 f0"]);
      assert.deepEqual(receive(protocol, new Uint8Array(0)), ["failed TOO_MANY_PENDING_PONGS"]);
    });

    test("none goes out after a Close frame", () => {
      const protocol = openProtocol(role, { pongIntervalMs: INTERVAL });
      ping(protocol, role, 100, "a", "b");
      protocol.close(1000, "", 101);
      assert.deepEqual(sentBy(role, protocol), ["88 03 e8"]);
      assert.deepEqual(tick(protocol, role, 120), []);
    });
  });
}
