import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { LimitError } from "../../../src/engine/errors.ts";
import {
  connectingProtocol,
  drain,
  forEachSplit,
  framesFrom,
  framesTo,
  hex,
  openProtocol,
  outputOf,
  portablePlatform,
  receive,
  ROLES,
  sentBy,
  shown,
  shownEnding,
  toRole,
} from "../engine-test-kit.ts";

const NEVER = Number.POSITIVE_INFINITY;
const RECEPTIONS = ["messages", "fragments", "frames"] as const;
/** A ping after 30 s of silence, the end 10 s later. */
const HEARTBEAT = { heartbeatIntervalMs: 30_000, heartbeatTimeoutMs: 10_000 };
/** A heartbeat's ping: its payload is the test platform's next random number, the lowest byte first. */
const BEAT = "89 3d 21 fa 37";

for (const role of ROLES) {
  describe(`a ${role}'s heartbeat (RFC 6455 §5.5.2)`, () => {
    test(`a ${role} without a heartbeat has nothing to wait for`, () => {
      const protocol = openProtocol(role);
      assert.equal(protocol.nextDeadlineMs, NEVER);
      protocol.tick(1e12);
      assert.equal(protocol.outputBytes, 0);
    });

    test(`a ${role} pings after the interval and gives the peer up after the timeout`, () => {
      const protocol = openProtocol(role, HEARTBEAT, 500);
      assert.equal(protocol.nextDeadlineMs, 30_500);
      protocol.tick(30_499);
      assert.deepEqual(sentBy(role, protocol), []);
      protocol.tick(30_500);
      assert.deepEqual(sentBy(role, protocol), [BEAT]);
      assert.equal(protocol.nextDeadlineMs, 40_500);
      protocol.tick(40_499);
      assert.equal(protocol.transportWish, "keep");
      protocol.tick(40_500);
      assert.equal(protocol.failurePending, true);
      assert.deepEqual(drain(protocol).map(shown), ["failed HEARTBEAT_TIMEOUT"]);
      assert.deepEqual([protocol.transportWish, protocol.open, protocol.outputBytes], ["destroy", false, 0]);
      assert.equal(protocol.nextDeadlineMs, NEVER);
      protocol.tick(1e9);
      assert.deepEqual(drain(protocol), []);
      assert.equal(shownEnding(protocol.ended()), '1006 "" unclean, HEARTBEAT_TIMEOUT');
    });

    test(`a ${role} takes any byte for a sign of life, even half a header`, () => {
      const protocol = openProtocol(role, HEARTBEAT);
      protocol.tick(30_000);
      receive(protocol, hex("81"), 39_999);
      assert.equal(protocol.nextDeadlineMs, 69_999);
      protocol.tick(69_999);
      assert.deepEqual(sentBy(role, protocol), [BEAT, BEAT]);
    });

    test(`a ${role} counts the silence from its opening handshake, and does not ping before`, () => {
      const protocol = connectingProtocol(role, HEARTBEAT, 0);
      assert.equal(protocol.nextDeadlineMs, NEVER);
      protocol.tick(100_000);
      assert.equal(protocol.outputBytes, 0);
      assert.equal(protocol.transportWish, "keep");
      protocol.opened(200_000);
      assert.equal(protocol.nextDeadlineMs, 230_000);
    });

    test(`a ${role} gives nobody up while it does not read`, () => {
      const protocol = openProtocol(role, HEARTBEAT);
      protocol.hold(true, 20_000);
      for (let now = 30_000; now <= 150_000; now += 30_000) {
        assert.equal(protocol.nextDeadlineMs, now);
        protocol.tick(now);
        assert.deepEqual(sentBy(role, protocol), [BEAT]);
      }
      protocol.hold(false, 160_000);
      assert.equal(protocol.nextDeadlineMs, 190_000);
    });

    test(`a ${role} that is closing pings no more`, () => {
      const protocol = openProtocol(role, HEARTBEAT);
      protocol.close(1000, "", 29_000);
      sentBy(role, protocol);
      assert.equal(protocol.nextDeadlineMs, 34_000);
      protocol.tick(31_000);
      assert.equal(protocol.outputBytes, 0);
    });

    test(`a ${role} pings between the fragments of a message`, () => {
      const protocol = openProtocol(role, HEARTBEAT);
      protocol.beginMessage("text");
      protocol.sendFragment("a", false);
      protocol.tick(30_000);
      protocol.sendFragment("b", true);
      assert.deepEqual(sentBy(role, protocol), ["01 61", BEAT, "80 62"]);
    });
  });

  describe(`the round trip of a ${role}'s heartbeat (RFC 6455 §5.5.2, §5.5.3)`, () => {
    /** Ping after 1 s of silence, for ever. */
    const beating = { heartbeatIntervalMs: 1_000, heartbeatTimeoutMs: NEVER };
    /** The first ping's payload, then the second's: random numbers in turn, those of masking keys between. */
    const keys = role === "client" ? [0x04030201, 7, 0x08070605, 7] : [0x04030201, 0x08070605];
    const first = "8a 04  01 02 03 04";
    const second = "8a 04  05 06 07 08";

    test(`a ${role} knows none before its ping was answered, whatever it receives`, () => {
      const protocol = openProtocol(role, { ...beating, platform: portablePlatform(keys) });
      assert.equal(protocol.roundTripMs, undefined);
      receive(protocol, toRole(role, "8a 04  00 00 00 00", first, "89 00", "81 01  61"), 5);
      assert.equal(protocol.roundTripMs, undefined);
      protocol.tick(1_005);
      assert.equal(protocol.roundTripMs, undefined);
      receive(protocol, toRole(role, "89 04  01 02 03 04", "82 04  01 02 03 04"), 1_010);
      assert.equal(protocol.roundTripMs, undefined);
    });

    for (const reception of RECEPTIONS) {
      test(`a ${role} measures from its ping to the pong with the ping's payload, reception ${reception}`, () => {
        const protocol = openProtocol(role, { ...beating, reception, platform: portablePlatform(keys) });
        protocol.tick(1_000);
        assert.deepEqual(framesFrom(role, outputOf(protocol), role === "client" ? [7] : []), ["89 01 02 03 04"]);
        receive(protocol, toRole(role, first), 1_042);
        assert.equal(protocol.roundTripMs, 42);
      });
    }

    test(`a ${role} measures a pong that comes in pieces when its last byte is there`, () => {
      forEachSplit(toRole(role, first), (chunks) => {
        const protocol = openProtocol(role, { ...beating, platform: portablePlatform(keys) });
        protocol.tick(1_000);
        let now = 1_000;
        for (const chunk of chunks) {
          assert.equal(protocol.roundTripMs, undefined);
          now += 10;
          receive(protocol, chunk, now);
        }
        assert.equal(protocol.roundTripMs, 10 * chunks.length);
      });
    });

    for (const [what, pong] of [
      ["without a payload", "8a 00"],
      ["of three bytes", "8a 03  01 02 03"],
      ["of five bytes", "8a 05  01 02 03 04 00"],
      ["whose bytes are the other way round", "8a 04  04 03 02 01"],
      ["that differs in its first bit", "8a 04  81 02 03 04"],
      ["that differs in its last bit", "8a 04  01 02 03 05"],
      ["of the next ping", second],
    ] as const) {
      test(`a ${role} measures nothing by a pong ${what}`, () => {
        const protocol = openProtocol(role, { ...beating, platform: portablePlatform(keys) });
        protocol.tick(1_000);
        receive(protocol, toRole(role, pong), 1_010);
        assert.equal(protocol.roundTripMs, undefined);
        receive(protocol, toRole(role, first), 1_030);
        assert.equal(protocol.roundTripMs, 30, "the ping's own pong still counts");
      });
    }

    test(`a ${role} measures nothing by the application's pings`, () => {
      const protocol = openProtocol(role, { ...beating, platform: portablePlatform(keys) });
      protocol.ping(hex("01 02 03 04"));
      receive(protocol, toRole(role, first), 50);
      assert.equal(protocol.roundTripMs, undefined);
    });

    test(`a ${role} measures nothing by a pong that lay unread`, () => {
      const protocol = openProtocol(role, { ...beating, platform: portablePlatform(keys) });
      protocol.tick(1_000);
      protocol.hold(true, 1_001);
      const pong = toRole(role, first);
      protocol.receive(pong, pong.length, 1_005);
      protocol.hold(false, 9_000);
      assert.equal(protocol.nextEvent()?.type, "pong");
      assert.equal(protocol.roundTripMs, undefined);
    });

    test(`a ${role} takes a ping's first pong alone`, () => {
      const protocol = openProtocol(role, { ...beating, platform: portablePlatform(keys) });
      protocol.tick(1_000);
      receive(protocol, toRole(role, first), 1_003);
      receive(protocol, toRole(role, first), 1_900);
      assert.equal(protocol.roundTripMs, 3);
    });

    test(`a ${role} keeps the latest one, and takes no late pong for the next ping's`, () => {
      const protocol = openProtocol(role, { ...beating, platform: portablePlatform(keys) });
      protocol.tick(1_000);
      protocol.tick(2_000);
      receive(protocol, toRole(role, first), 2_001);
      assert.equal(protocol.roundTripMs, undefined);
      receive(protocol, toRole(role, second), 2_008);
      assert.equal(protocol.roundTripMs, 8);
      protocol.tick(3_008);
      assert.equal(protocol.roundTripMs, 8, "it stays until the next answer");
      receive(protocol, toRole(role, first), 3_100);
      assert.equal(protocol.roundTripMs, 92);
    });
  });

  describe(`the time that a message to a ${role} may take (RFC 6455 §10.4)`, () => {
    const limits = { messageTimeoutMs: 1_000 };

    for (const reception of RECEPTIONS) {
      test(`a ${role} fails the connection with 1008 when a message is not complete in time, reception ${reception}`, () => {
        const protocol = openProtocol(role, { limits, reception });
        receive(protocol, toRole(role, "01 01  61"), 100);
        assert.equal(protocol.nextDeadlineMs, 1_100);
        protocol.tick(1_099);
        assert.equal(protocol.failurePending, false);
        protocol.tick(1_100);
        assert.deepEqual(drain(protocol).map(shown), ["failed MESSAGE_TIMEOUT"]);
        assert.deepEqual(sentBy(role, protocol), ["88 03 f0"]);
        assert.deepEqual([protocol.transportWish, protocol.nextDeadlineMs], ["end", 6_100]);
        assert.equal(shownEnding(protocol.ended()), '1008 "" unclean, sent 1008 "", MESSAGE_TIMEOUT');
      });

      test(`a ${role} counts from the message's first bytes, whatever comes of it or between, reception ${reception}`, () => {
        const protocol = openProtocol(role, { limits, reception });
        receive(protocol, framesTo(role, { fin: false, opcode: 1, payload: "abc" }).slice(0, -3), 100);
        const rest = framesTo(role, { fin: false, opcode: 1, payload: "abc" }).slice(-3);
        receive(protocol, rest.slice(0, 1), 300);
        receive(protocol, rest.slice(1), 400);
        receive(protocol, toRole(role, "89 00", "8a 00"), 500);
        receive(protocol, toRole(role, "00 00"), 900);
        receive(protocol, toRole(role, "00 01  61", "89 00"), 1_000);
        assert.equal(protocol.nextDeadlineMs, 1_100);
      });

      test(`a ${role} gives the next message its own time, reception ${reception}`, () => {
        const protocol = openProtocol(role, { limits, reception });
        receive(protocol, toRole(role, "01 01  61"), 100);
        receive(protocol, toRole(role, "80 00"), 900);
        assert.equal(protocol.nextDeadlineMs, NEVER);
        receive(protocol, toRole(role, "01 01  61"), 1_000);
        assert.equal(protocol.nextDeadlineMs, 2_000);
        receive(protocol, toRole(role, "80 00", "82 00", "01 01  62"), 1_900);
        assert.equal(protocol.nextDeadlineMs, 2_900);
      });

      test(`a ${role} waits without end when the limit is Infinity, reception ${reception}`, () => {
        const protocol = openProtocol(role, { limits: { messageTimeoutMs: NEVER }, reception });
        receive(protocol, toRole(role, "01 01  61"), 100);
        assert.equal(protocol.nextDeadlineMs, NEVER);
        protocol.hold(true, 200);
        protocol.hold(false, 900);
        protocol.tick(1e12);
        assert.deepEqual(receive(protocol, toRole(role, "80 00"), 1e12).length, 1);
      });

      test(`a ${role} does not count the time in which it did not read, reception ${reception}`, () => {
        const protocol = openProtocol(role, { limits, reception });
        receive(protocol, toRole(role, "01 01  61"), 100);
        protocol.hold(true, 400);
        assert.equal(protocol.nextDeadlineMs, NEVER);
        protocol.hold(true, 500);
        protocol.tick(50_000);
        assert.equal(protocol.failurePending, false);
        protocol.hold(false, 60_000);
        protocol.hold(false, 60_100);
        assert.equal(protocol.nextDeadlineMs, 60_700);
        protocol.tick(60_699);
        assert.equal(protocol.failurePending, false);
        protocol.tick(60_700);
        assert.deepEqual(drain(protocol).map(shown), ["failed MESSAGE_TIMEOUT"]);
      });

      test(`a ${role} gives a message that it comes to late its whole time, reception ${reception}`, () => {
        const protocol = openProtocol(role, { limits, reception });
        const bytes = toRole(role, "82 00", "01 01  61");
        protocol.receive(bytes, bytes.length, 100);
        assert.ok(protocol.nextEvent() !== undefined);
        protocol.hold(true, 100);
        protocol.retain();
        protocol.hold(false, 9_000);
        drain(protocol);
        assert.equal(protocol.nextDeadlineMs, 10_000);
      });
    }

    test(`a ${role} counts a message that came with the opening handshake from when that was done`, () => {
      const protocol = connectingProtocol(role, { limits });
      assert.deepEqual(receive(protocol, toRole(role, "01 01  61"), 0), []);
      assert.equal(protocol.nextDeadlineMs, NEVER);
      protocol.opened(5_000);
      drain(protocol);
      assert.equal(protocol.nextDeadlineMs, 6_000);
    });

    test(`a ${role} tells what the limit was`, () => {
      const protocol = openProtocol(role, { limits });
      receive(protocol, toRole(role, "01 01  61"), 0);
      protocol.tick(1_000);
      const event = protocol.nextEvent();
      assert.ok(event?.type === "failed" && event.error instanceof LimitError);
      assert.deepEqual([event.error.limit, event.error.max, event.error.closeCode], ["messageTimeoutMs", 1_000, 1008]);
    });

    test(`a ${role} asks for the earlier of heartbeat and message time`, () => {
      const protocol = openProtocol(role, { ...HEARTBEAT, limits });
      receive(protocol, toRole(role, "01 01  61"), 100);
      assert.equal(protocol.nextDeadlineMs, 1_100);
      const slow = openProtocol(role, { ...HEARTBEAT, limits: { messageTimeoutMs: 100_000 } });
      receive(slow, toRole(role, "01 01  61"), 100);
      assert.equal(slow.nextDeadlineMs, 30_100);
    });

    test(`a ${role} that failed or closed waits for no message`, () => {
      const failed = openProtocol(role, { limits, closeTimeoutMs: NEVER });
      receive(failed, toRole(role, "01 01  61"), 0);
      receive(failed, toRole(role, "81 00"), 0);
      assert.equal(failed.nextDeadlineMs, NEVER);
      const closed = openProtocol(role, { limits, closeTimeoutMs: NEVER });
      receive(closed, toRole(role, "01 01  61"), 0);
      receive(closed, toRole(role, "88 00"), 0);
      assert.equal(closed.nextDeadlineMs, NEVER);
      closed.tick(1e9);
      assert.deepEqual(drain(closed), []);
    });

    test(`a ${role} that waits for the peer's Close frame still bounds its messages`, () => {
      const protocol = openProtocol(role, { limits, closeTimeoutMs: NEVER });
      protocol.close(1000, "", 0);
      receive(protocol, toRole(role, "01 01  61"), 100);
      assert.equal(protocol.nextDeadlineMs, 1_100);
      protocol.tick(1_100);
      assert.deepEqual(drain(protocol).map(shown), ["failed MESSAGE_TIMEOUT"]);
      assert.deepEqual([protocol.transportWish, protocol.nextDeadlineMs], ["end", NEVER]);
    });
  });

  describe(`automatic pongs that a ${role}'s peer does not read (RFC 6455 §5.5.3, §10.4)`, () => {
    test(`a ${role} fails the connection with 1008 when more wait than allowed`, () => {
      const protocol = openProtocol(role, { limits: { maxPendingPongs: 3 } });
      assert.deepEqual(receive(protocol, toRole(role, "89 00", "89 00", "89 00")), [
        "ping empty",
        "ping empty",
        "ping empty",
      ]);
      assert.equal(protocol.pendingPongs, 3);
      sentBy(role, protocol);
      assert.equal(protocol.pendingPongs, 3);
      assert.deepEqual(receive(protocol, toRole(role, "89 00")), ["failed TOO_MANY_PENDING_PONGS"]);
      assert.deepEqual(sentBy(role, protocol), ["88 03 f0"]);
    });

    test(`a ${role} counts anew once the transport has taken everything`, () => {
      const protocol = openProtocol(role, { limits: { maxPendingPongs: 3 } });
      for (let i = 0; i < 20; i++) {
        assert.deepEqual(receive(protocol, toRole(role, "89 00", "89 00")), ["ping empty", "ping empty"]);
        assert.equal(protocol.pendingPongs, 2);
        sentBy(role, protocol);
        protocol.outputTaken();
        assert.equal(protocol.pendingPongs, 0);
      }
    });

    test(`a ${role} counts the application's pongs, too: without automaticPong there are no others`, () => {
      const protocol = openProtocol(role, { automaticPong: false, limits: { maxPendingPongs: 2 } });
      for (let i = 0; i < 2; i++) protocol.pong(hex(""));
      assert.equal(protocol.failurePending, false);
      protocol.pong(hex(""));
      assert.deepEqual(drain(protocol).map(shown), ["failed TOO_MANY_PENDING_PONGS"]);
    });

    test(`a ${role} does not count pings that need no answer`, () => {
      const protocol = openProtocol(role, { limits: { maxPendingPongs: 1 } });
      protocol.close(1000, "", 0);
      assert.deepEqual(receive(protocol, toRole(role, "89 00", "89 00", "89 00")).length, 3);
      assert.equal(protocol.pendingPongs, 0);
    });

    test(`a ${role} has the default of 1,024`, () => {
      const protocol = openProtocol(role);
      const ping = toRole(role, "89 00");
      for (let i = 0; i < 1_024; i++) assert.deepEqual(receive(protocol, ping.slice()), ["ping empty"]);
      assert.deepEqual(receive(protocol, ping), ["failed TOO_MANY_PENDING_PONGS"]);
    });
  });
}
