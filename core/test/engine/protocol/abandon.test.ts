import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { ProtocolError, TransportError } from "../../../src/engine/errors.ts";
import type { Protocol, TransportWish } from "../../../src/engine/protocol/protocol.ts";
import type { Role } from "../../../src/engine/protocol/protocol-kit.ts";
import type { State } from "../../../src/engine/protocol/state.ts";
import {
  chanceOf,
  codeOf,
  connectingProtocol,
  deflatingProtocol,
  drain,
  framesTo,
  hex,
  openProtocol,
  pattern,
  receive,
  ROLES,
  sentBy,
  shown,
  shownEnding,
  toRole,
} from "../engine-test-kit.ts";
import { finish } from "./fake-codec.ts";

const NOW = 1_000;

interface Scenario {
  readonly what: string;
  /** Done at 500 ms, before the connection is abandoned at 1000 ms with 4001 "no". */
  readonly before: (protocol: Protocol, role: Role) => unknown;
  readonly sent: readonly string[];
  readonly state: State;
  readonly wish: TransportWish;
  readonly deadlineMs: number;
  readonly ending: string;
}

const OURS = "88 0f a1 6e 6f";

const SCENARIOS: readonly Scenario[] = [
  {
    what: "nothing is under way",
    before: () => {},
    sent: [OURS],
    state: "closing",
    wish: "end",
    deadlineMs: 6_000,
    ending: '4001 "no" unclean, sent 4001 "no"',
  },
  {
    what: "a message waits to be sent",
    before: (protocol) => protocol.sendText("a"),
    sent: ["81 61", OURS],
    state: "closing",
    wish: "end",
    deadlineMs: 6_000,
    ending: '4001 "no" unclean, sent 4001 "no"',
  },
  {
    what: "a message of its own is half sent",
    before: (protocol) => {
      protocol.beginMessage("text");
      protocol.sendFragment("a", false);
    },
    sent: ["01 61", OURS],
    state: "closing",
    wish: "end",
    deadlineMs: 6_000,
    ending: '4001 "no" unclean, sent 4001 "no"',
  },
  {
    what: "a message of the peer's has half arrived",
    before: (protocol, role) => receive(protocol, toRole(role, "01 01  61"), 500),
    sent: [OURS],
    state: "closing",
    wish: "end",
    deadlineMs: 6_000,
    ending: '4001 "no" unclean, sent 4001 "no"',
  },
  {
    what: "it has closed, and the peer has not answered",
    before: (protocol) => protocol.close(1000, "", 500),
    sent: ["88 03 e8"],
    state: "closing",
    wish: "end",
    deadlineMs: 5_500,
    ending: '1006 "" unclean, sent 1000 ""',
  },
  {
    what: "the peer has closed",
    before: (protocol, role) => receive(protocol, toRole(role, "88 02  03 e9"), 500),
    sent: ["88 03 e9"],
    state: "closing",
    wish: "end",
    deadlineMs: 5_500,
    ending: '1001 "" clean, sent 1001 "", received 1001 ""',
  },
  {
    what: "it has failed for the peer's fault",
    before: (protocol, role) => receive(protocol, toRole(role, "83 00"), 500),
    sent: ["88 03 ea"],
    state: "closing",
    wish: "end",
    deadlineMs: 5_500,
    ending: '1002 "" unclean, sent 1002 "", OPCODE_RESERVED',
  },
  {
    what: "it was abandoned before",
    before: (protocol) => protocol.abandon(1011, "first", 500),
    sent: ["88 03 f3 66 69 72 73 74"],
    state: "closing",
    wish: "end",
    deadlineMs: 5_500,
    ending: '1011 "first" unclean, sent 1011 "first"',
  },
  {
    what: "the peer has ended the transport",
    before: (protocol) => protocol.receiveEnd(500),
    sent: [],
    state: "closed",
    wish: "end",
    deadlineMs: 5_500,
    ending: '1006 "" unclean',
  },
  {
    what: "it has given the peer up",
    before: (protocol) => {
      protocol.fail(new TransportError("HEARTBEAT_TIMEOUT"), undefined, 500);
      drain(protocol);
    },
    sent: [],
    state: "closed",
    wish: "destroy",
    deadlineMs: Number.POSITIVE_INFINITY,
    ending: '1006 "" unclean, HEARTBEAT_TIMEOUT',
  },
  {
    what: "it has ended",
    before: (protocol) => protocol.ended(),
    sent: [],
    state: "closed",
    wish: "destroy",
    deadlineMs: Number.POSITIVE_INFINITY,
    ending: '1006 "" unclean',
  },
];

for (const role of ROLES) {
  describe(`a ${role} that abandons its connection (RFC 6455 §7.1.7)`, () => {
    for (const { what, before, sent, state, wish, deadlineMs, ending } of SCENARIOS) {
      const abandoned = (): Protocol => {
        const protocol = openProtocol(role);
        before(protocol, role);
        protocol.abandon(4001, "no", NOW);
        return protocol;
      };

      test(`sends, wishes and ends as it should when ${what}`, () => {
        const protocol = abandoned();
        assert.deepEqual(drain(protocol).map(shown), [], "it is no failure");
        assert.deepEqual([protocol.state, protocol.transportWish], [state, wish]);
        assert.equal(protocol.nextDeadlineMs, deadlineMs);
        assert.deepEqual(sentBy(role, protocol), sent);
        assert.equal(shownEnding(protocol.ended()), ending);
      });

      test(`sends no more when ${what}`, () => {
        const protocol = abandoned();
        const waiting = protocol.outputBytes;
        for (const send of [
          (): void => protocol.sendText("b"),
          (): void => protocol.sendBytes("binary", hex("01")),
          (): void => protocol.beginMessage("text"),
          (): void => protocol.sendFragment("b", true),
          (): void => protocol.ping(hex("")),
          (): void => protocol.pong(hex("")),
        ]) {
          assert.equal(codeOf(send), "USAGE");
        }
        protocol.close(1000, "", NOW);
        protocol.abandon(1000, "", NOW);
        protocol.fail(new ProtocolError("BAD_UTF8"), 1007, NOW);
        assert.equal(protocol.outputBytes, waiting);
      });

      test(`hears nothing more when ${what}`, () => {
        const protocol = abandoned();
        const waiting = protocol.outputBytes;
        const more = toRole(role, "80 01  62", "81 01  61", "89 00", "83 00");
        assert.deepEqual(receive(protocol, more, NOW), []);
        assert.deepEqual(receive(protocol, hex("ff ff ff"), NOW), []);
        assert.equal(protocol.outputBytes, waiting);
      });

      test(`destroys a transport that the peer does not end when ${what}`, () => {
        const protocol = abandoned();
        if (deadlineMs !== Number.POSITIVE_INFINITY) {
          protocol.tick(deadlineMs - 1);
          assert.notEqual(protocol.transportWish, "destroy");
          protocol.tick(deadlineMs);
        }
        assert.equal(protocol.transportWish, "destroy");
        const [code = ""] = shownEnding(protocol.ended()).split(" ");
        assert.equal(code, ending.split(" ")[0]);
      });

      test(`ends without an error when the peer ends the transport, when ${what}`, () => {
        const protocol = abandoned();
        protocol.receiveEnd(NOW);
        assert.deepEqual(drain(protocol).map(shown), []);
        assert.equal(shownEnding(protocol.ended()), ending);
      });
    }

    test("in the middle of a frame of the peer's hears nothing of its rest, which is no frame", (t) => {
      const chance = chanceOf(t);
      const frame = framesTo(role, { opcode: 2, payload: chance.bytes(400) });
      for (let at = 1; at < frame.length; at += 1 + chance.below(20)) {
        const protocol = openProtocol(role);
        assert.deepEqual(receive(protocol, frame.slice(0, at)), []);
        protocol.abandon(4001, "", NOW);
        assert.deepEqual(receive(protocol, frame.slice(at), NOW), [], `cut at ${at}`);
        assert.deepEqual(sentBy(role, protocol), ["88 0f a1"]);
        assert.equal(protocol.ended().error, undefined);
      }
    });

    test("comes to nothing of what it had not read", () => {
      const protocol = openProtocol(role);
      const bytes = toRole(role, "81 01  61", "83 00");
      protocol.receive(bytes, bytes.length, NOW);
      protocol.retain();
      protocol.abandon(4001, "", NOW);
      assert.deepEqual(drain(protocol), []);
    });

    test("sends nothing of a message that is being deflated", () => {
      const protocol = deflatingProtocol(role);
      const job = protocol.deflate("text", "a");
      protocol.abandon(4001, "", NOW);
      assert.equal(finish(protocol, job, hex("61")), false);
      assert.deepEqual(sentBy(role, protocol), ["88 0f a1"]);
    });

    test("takes no result of what was being inflated", () => {
      const protocol = deflatingProtocol(role);
      const bytes = toRole(role, "c1 01  61");
      protocol.receive(bytes, bytes.length, 0);
      const job = protocol.nextEvent();
      assert.ok(job?.type === "inflate");
      protocol.abandon(4001, "", NOW);
      assert.equal(finish(protocol, job, hex("61")), false);
      assert.deepEqual(drain(protocol), []);
    });

    test("sends no ping of the heartbeat any more, and waits for no message", () => {
      const protocol = openProtocol(role, {
        heartbeatIntervalMs: 10,
        heartbeatTimeoutMs: 10,
        limits: { messageTimeoutMs: 10 },
      });
      receive(protocol, toRole(role, "01 01  61"), 0);
      protocol.abandon(4001, "", 0);
      sentBy(role, protocol);
      protocol.tick(1_000);
      assert.deepEqual([drain(protocol), protocol.outputBytes, protocol.nextDeadlineMs], [[], 0, 5_000]);
    });

    test("may be told a code and a reason that a Close frame takes, and no others", () => {
      for (const [code, reason] of [
        [1000, "r".repeat(123)],
        [3000, ""],
        [4999, "€".repeat(41)],
      ] as const) {
        const protocol = openProtocol(role);
        protocol.abandon(code, reason, NOW);
        assert.deepEqual(protocol.ended().sent, { code, reason });
      }
      for (const given of [
        [1005, ""],
        [1006, ""],
        [999, ""],
        [1000, "r".repeat(124)],
        ["1000", ""],
        [1000, 5],
      ]) {
        const protocol = openProtocol(role);
        assert.equal(
          codeOf(() => Reflect.apply(protocol.abandon, protocol, [...given, NOW])),
          "USAGE",
          String(given),
        );
        assert.deepEqual([protocol.state, protocol.outputBytes], ["open", 0]);
        protocol.sendBytes("binary", pattern(1));
      }
    });

    test("has to wait until it is open", () => {
      const protocol = connectingProtocol(role);
      assert.equal(
        codeOf(() => protocol.abandon(1000, "", NOW)),
        "USAGE",
      );
      protocol.opened(NOW);
      protocol.sendText("a");
      assert.deepEqual(sentBy(role, protocol), ["81 61"]);
    });
  });
}
