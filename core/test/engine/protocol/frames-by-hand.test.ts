import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { OutgoingFrame } from "../../../src/engine/frames/frame.ts";
import {
  drain,
  frameBytes,
  framesFrom,
  hex,
  openProtocol,
  outputOf,
  pattern,
  portablePlatform,
  receive,
  ROLES,
  SAMPLE_KEY,
  sentBy,
  shown,
  toHex,
  toRole,
} from "../engine-test-kit.ts";

const KEYS = [SAMPLE_KEY, 0x01020304, 0x7f800001];

function frameOf(given: Partial<OutgoingFrame>): OutgoingFrame {
  return {
    ...{ fin: true, rsv1: false, rsv2: false, rsv3: false, opcode: 2, maskingKey: "auto", payload: hex("01 02") },
    ...given,
  } as const;
}

for (const role of ROLES) {
  describe(`frames that a ${role} masks as its role demands (RFC 6455 §5.1)`, () => {
    test(`a ${role} masks ${role === "client" ? "each with another key" : "none"}, and what stands around them as ever`, () => {
      const protocol = openProtocol(role, { platform: portablePlatform(KEYS) });
      protocol.sendFrame(frameOf({ fin: false }), 0);
      protocol.sendFrame(frameOf({ opcode: 0, payload: pattern(20_000) }), 0);
      protocol.sendText("a");
      const frames = framesFrom(role, outputOf(protocol), KEYS);
      assert.deepEqual(frames, ["02 01 02", `80 ${toHex(pattern(20_000))}`, "81 61"]);
    });

    test(`a ${role} leaves the caller's bytes as they were`, () => {
      const payload = pattern(300);
      const protocol = openProtocol(role);
      protocol.sendFrame(frameOf({ payload }), 0);
      sentBy(role, protocol);
      assert.equal(toHex(payload), toHex(pattern(300)));
    });

    test(`a ${role} sends a given key or none as it is given, right or wrong`, () => {
      for (const key of [undefined, 0, 0x01020304]) {
        const protocol = openProtocol(role);
        protocol.sendFrame(frameOf({ maskingKey: key, rsv1: true, rsv3: true }), 0);
        assert.equal(toHex(outputOf(protocol)), toHex(frameBytes({ rsv: 5, opcode: 2, key, payload: hex("01 02") })));
      }
    });

    test(`a ${role} begins the closing handshake with a Close frame of its own, whatever its code`, () => {
      for (const [payload, code] of [
        ["03 e8", 1000],
        ["03 ee", 1006],
        ["", 1005],
      ] as const) {
        const protocol = openProtocol(role);
        protocol.sendFrame(frameOf({ opcode: 8, payload: hex(payload) }), 0);
        assert.deepEqual(sentBy(role, protocol), [`88 ${payload}`.trim()]);
        assert.equal(protocol.state, "closing");
        receive(protocol, toRole(role, "88 02  03 e8"));
        const { sent, wasClean } = protocol.ended();
        assert.deepEqual([sent?.code, wasClean], [code, true]);
      }
    });
  });

  describe(`pongs that a ${role} sends by hand (RFC 6455 §5.5.3, §10.4)`, () => {
    const options = { automaticPong: false, limits: { maxPendingPongs: 3 } };

    test("count until the transport has taken them", () => {
      const protocol = openProtocol(role, options);
      for (let round = 0; round < 5; round++) {
        for (let i = 1; i <= 3; i++) {
          protocol.pong(hex("70"));
          assert.equal(protocol.pendingPongs, i);
        }
        assert.deepEqual(sentBy(role, protocol), ["8a 70", "8a 70", "8a 70"]);
        protocol.outputTaken();
        assert.equal(protocol.pendingPongs, 0);
      }
      assert.deepEqual(drain(protocol), []);
    });

    test("count together with the automatic ones", () => {
      const protocol = openProtocol(role, { limits: { maxPendingPongs: 3 } });
      protocol.pong(hex(""));
      receive(protocol, toRole(role, "89 00", "89 00"));
      assert.equal(protocol.pendingPongs, 3);
      assert.deepEqual(receive(protocol, toRole(role, "89 00")), ["failed TOO_MANY_PENDING_PONGS"]);
    });

    test("fail the connection with 1008 where there are too many, instead of throwing", () => {
      const protocol = openProtocol(role, options);
      for (let i = 0; i < 4; i++) protocol.pong(hex(""));
      assert.equal(protocol.failurePending, true);
      assert.deepEqual(drain(protocol).map(shown), ["failed TOO_MANY_PENDING_PONGS"]);
      assert.equal(sentBy(role, protocol).at(-1), "88 03 f0");
      assert.equal(protocol.transportWish, "end");
      assert.equal(protocol.ended().code, 1008);
    });

    test("that are more than may wait leave the peer its time to close, however long it has been silent", () => {
      const protocol = openProtocol(role, options);
      protocol.tick(60_000);
      for (let i = 0; i < 4; i++) protocol.pong(hex(""), 60_000);
      assert.ok(protocol.nextDeadlineMs > 60_000, `the deadline is ${protocol.nextDeadlineMs}`);
    });
  });

  describe(`a ${role}'s heartbeat without payload (RFC 6455 §5.5.2)`, () => {
    const options = { heartbeatPayload: "empty", heartbeatIntervalMs: 100, heartbeatTimeoutMs: 50 } as const;

    test("pings after silence, with nothing in the ping, and without a random number", () => {
      const platform = {
        ...portablePlatform(),
        maskingKey: () => (role === "client" ? SAMPLE_KEY : assert.fail("asked")),
      };
      const protocol = openProtocol(role, { ...options, platform });
      assert.equal(protocol.nextDeadlineMs, 100);
      protocol.tick(100);
      assert.deepEqual(sentBy(role, protocol), ["89"]);
      assert.equal(protocol.nextDeadlineMs, 150);
    });

    test("knows the round trip by an empty pong, and by that alone", () => {
      const protocol = openProtocol(role, options);
      assert.deepEqual(receive(protocol, toRole(role, "8a 00"), 50), ["pong empty"]);
      assert.equal(protocol.roundTripMs, undefined, "no ping was sent");
      protocol.tick(150);
      receive(protocol, toRole(role, "8a 04  00 00 00 00"), 155);
      assert.equal(protocol.roundTripMs, undefined, "another ping's");
      receive(protocol, toRole(role, "8a 00"), 170);
      assert.equal(protocol.roundTripMs, 20);
      receive(protocol, toRole(role, "8a 00"), 190);
      assert.equal(protocol.roundTripMs, 20, "of the ping, not of the second pong");
    });

    test("pings again and again, and gives up a peer that stays silent", () => {
      const protocol = openProtocol(role, options);
      protocol.tick(100);
      receive(protocol, toRole(role, "8a 00"), 110);
      assert.equal(protocol.nextDeadlineMs, 210);
      protocol.tick(210);
      assert.deepEqual(sentBy(role, protocol), ["89", "89"]);
      protocol.tick(260);
      assert.deepEqual(drain(protocol).map(shown), ["failed HEARTBEAT_TIMEOUT"]);
      assert.equal(protocol.transportWish, "destroy");
    });

    test("with random payload an empty pong says nothing of the round trip", () => {
      const protocol = openProtocol(role, { ...options, heartbeatPayload: "random" });
      protocol.tick(100);
      receive(protocol, toRole(role, "8a 00"), 110);
      assert.equal(protocol.roundTripMs, undefined);
      assert.equal(hex(sentBy(role, protocol)[0] ?? "").length, 5);
    });
  });
}
