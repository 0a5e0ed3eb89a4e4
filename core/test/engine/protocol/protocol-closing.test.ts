import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { HandlerError, LimitError, ProtocolError, TransportError } from "../../../src/engine/errors.ts";
import type { Frame } from "../../../src/engine/frames/frame.ts";
import type { Protocol, TransportWish } from "../../../src/engine/protocol/protocol.ts";
import type { Role } from "../../../src/engine/protocol/protocol-kit.ts";
import type { State } from "../../../src/engine/protocol/state.ts";
import {
  codeOf,
  connectingProtocol,
  drain,
  forEachSplit,
  framesTo,
  hex,
  joined,
  openProtocol,
  receive,
  ROLES,
  sentBy,
  shown,
  shownEnding,
  toHex,
  toRole,
  utf8,
} from "../engine-test-kit.ts";

const CLOSE_FRAME: Frame = {
  fin: true,
  rsv1: false,
  rsv2: false,
  rsv3: false,
  opcode: 8,
  maskingKey: undefined,
  payload: hex(""),
};
const NEVER = Number.POSITIVE_INFINITY;
/** What a connection's transport is asked to do, by role. */
const SERVER_ENDS = { client: "keep", server: "end" } as const;

interface Scenario {
  readonly what: string;
  /** Done at 1000 ms; returns the events. */
  readonly act: (protocol: Protocol, role: Role) => string[];
  readonly events: readonly string[];
  /** Frames that were sent: first byte and payload. */
  readonly sent: readonly string[];
  readonly state: State;
  readonly wish: TransportWish | Readonly<Record<Role, TransportWish>>;
  readonly deadlineMs: number;
  /** How it ends when the transport then ends without an error, and what is told of it before. */
  readonly ending: string;
}

const NOW = 1_000;

function get(protocol: Protocol, role: Role, ...frames: string[]): string[] {
  return receive(protocol, toRole(role, ...frames), NOW);
}

const SCENARIOS: readonly Scenario[] = [
  {
    what: "the peer closes with a code and a reason",
    act: (protocol, role) => get(protocol, role, "88 05  03 e8 62 79 65"),
    events: ['close 1000 "bye"'],
    sent: ["88 03 e8 62 79 65"],
    state: "closing",
    wish: SERVER_ENDS,
    deadlineMs: 6_000,
    ending: '1000 "bye" clean, sent 1000 "bye", received 1000 "bye"',
  },
  {
    what: "the peer closes without a code",
    act: (protocol, role) => get(protocol, role, "88 00"),
    events: ['close 1005 ""'],
    sent: ["88"],
    state: "closing",
    wish: SERVER_ENDS,
    deadlineMs: 6_000,
    ending: '1005 "" clean, sent 1005 "", received 1005 ""',
  },
  {
    what: "this end closes, and the peer has not answered yet",
    act: (protocol) => {
      protocol.close(1001, "é", NOW);
      return [];
    },
    events: [],
    sent: ["88 03 e9 c3 a9"],
    state: "closing",
    wish: "keep",
    deadlineMs: 6_000,
    ending: '1006 "" unclean, sent 1001 "é"',
  },
  {
    what: "this end closes, and the peer answers",
    act: (protocol, role) => {
      protocol.close(1001, "é", NOW);
      return get(protocol, role, "88 02  03 e9");
    },
    events: ['close 1001 ""'],
    sent: ["88 03 e9 c3 a9"],
    state: "closing",
    wish: SERVER_ENDS,
    deadlineMs: 6_000,
    ending: '1001 "" clean, sent 1001 "é", received 1001 ""',
  },
  {
    what: "this end closes without a code, and the peer answers",
    act: (protocol, role) => {
      protocol.close(undefined, "", NOW);
      return get(protocol, role, "88 00");
    },
    events: ['close 1005 ""'],
    sent: ["88"],
    state: "closing",
    wish: SERVER_ENDS,
    deadlineMs: 6_000,
    ending: '1005 "" clean, sent 1005 "", received 1005 ""',
  },
  {
    what: "both ends close at the same time, with codes of their own",
    act: (protocol, role) => {
      protocol.close(1000, "", NOW);
      return get(protocol, role, "88 04  0f a0 78 79");
    },
    events: ['close 4000 "xy"'],
    sent: ["88 03 e8"],
    state: "closing",
    wish: SERVER_ENDS,
    deadlineMs: 6_000,
    ending: '4000 "xy" clean, sent 1000 "", received 4000 "xy"',
  },
  {
    what: "messages and pings come between this end's Close frame and the peer's",
    act: (protocol, role) => {
      protocol.close(1000, "", NOW);
      return get(protocol, role, "81 01  61", "89 01  62", "8a 00", "02 01  ff", "80 00", "88 02  03 e8");
    },
    events: ['message text "a"', "ping 62", "pong empty", "message binary ff", 'close 1000 ""'],
    sent: ["88 03 e8"],
    state: "closing",
    wish: SERVER_ENDS,
    deadlineMs: 6_000,
    ending: '1000 "" clean, sent 1000 "", received 1000 ""',
  },
  {
    what: "the peer sends more behind its Close frame, right and wrong",
    act: (protocol, role) => [
      ...get(protocol, role, "88 02  03 e8", "81 01  61", "88 02  0f a0", "89 00", "ff ff"),
      ...get(protocol, role, "83 00"),
      ...receive(protocol, hex("81"), NOW),
    ],
    events: ['close 1000 ""'],
    sent: ["88 03 e8"],
    state: "closing",
    wish: SERVER_ENDS,
    deadlineMs: 6_000,
    ending: '1000 "" clean, sent 1000 "", received 1000 ""',
  },
  {
    what: "the peer closes in the middle of its message and of ours",
    act: (protocol, role) => {
      protocol.beginMessage("text");
      protocol.sendFragment("a", false);
      return get(protocol, role, "01 01  61", "88 02  03 e8");
    },
    events: ['close 1000 ""'],
    sent: ["01 61", "88 03 e8"],
    state: "closing",
    wish: SERVER_ENDS,
    deadlineMs: 6_000,
    ending: '1000 "" clean, sent 1000 "", received 1000 ""',
  },
  {
    what: "this end closes twice",
    act: (protocol) => {
      protocol.close(1000, "", NOW);
      protocol.close(4000, "again", NOW + 1_000);
      return [];
    },
    events: [],
    sent: ["88 03 e8"],
    state: "closing",
    wish: "keep",
    deadlineMs: 6_000,
    ending: '1006 "" unclean, sent 1000 ""',
  },
  {
    what: "this end closes after the peer",
    act: (protocol, role) => {
      const events = get(protocol, role, "88 02  03 e8");
      protocol.close(4000, "", NOW + 1_000);
      return events;
    },
    events: ['close 1000 ""'],
    sent: ["88 03 e8"],
    state: "closing",
    wish: SERVER_ENDS,
    deadlineMs: 6_000,
    ending: '1000 "" clean, sent 1000 "", received 1000 ""',
  },
  {
    what: "this end sends a Close frame as a raw frame, and the peer answers",
    act: (protocol, role) => {
      protocol.sendFrame({ ...CLOSE_FRAME, maskingKey: maskOf(role), payload: hex("0f a1 c3 a9") }, NOW);
      return get(protocol, role, "88 02  0f a1");
    },
    events: ['close 4001 ""'],
    sent: ["88 0f a1 c3 a9"],
    state: "closing",
    wish: SERVER_ENDS,
    deadlineMs: 6_000,
    ending: '4001 "" clean, sent 4001 "é", received 4001 ""',
  },
  {
    what: "this end sends a wrong Close frame as a raw frame",
    act: (protocol, role) => {
      protocol.sendFrame({ ...CLOSE_FRAME, maskingKey: maskOf(role), payload: hex("03 ee ff") }, NOW);
      return [];
    },
    events: [],
    sent: ["88 03 ee ff"],
    state: "closing",
    wish: "keep",
    deadlineMs: 6_000,
    ending: '1006 "" unclean, sent 1006 ""',
  },
  {
    what: "this end sends an empty Close frame as a raw frame",
    act: (protocol, role) => {
      protocol.sendFrame({ ...CLOSE_FRAME, maskingKey: maskOf(role) }, NOW);
      return [];
    },
    events: [],
    sent: ["88"],
    state: "closing",
    wish: "keep",
    deadlineMs: 6_000,
    ending: '1006 "" unclean, sent 1005 ""',
  },
  {
    what: "the peer breaks the RFC",
    act: (protocol, role) => get(protocol, role, "83 00", "88 02  03 e8"),
    events: ["failed OPCODE_RESERVED"],
    sent: ["88 03 ea"],
    state: "closing",
    wish: "end",
    deadlineMs: 6_000,
    ending: '1002 "" unclean, sent 1002 "", OPCODE_RESERVED',
  },
  {
    what: "the peer's text is not UTF-8",
    act: (protocol, role) => get(protocol, role, "81 01  ff"),
    events: ["failed BAD_UTF8"],
    sent: ["88 03 ef"],
    state: "closing",
    wish: "end",
    deadlineMs: 6_000,
    ending: '1007 "" unclean, sent 1007 "", BAD_UTF8',
  },
  {
    what: "the peer goes over a limit",
    act: (protocol, role) => get(protocol, role, "82 7f 00 00 00 00 80 00 00 00"),
    events: ["failed MESSAGE_TOO_BIG"],
    sent: ["88 03 f1"],
    state: "closing",
    wish: "end",
    deadlineMs: 6_000,
    ending: '1009 "" unclean, sent 1009 "", MESSAGE_TOO_BIG',
  },
  {
    what: "the peer's Close frame has a body of one byte",
    act: (protocol, role) => get(protocol, role, "88 01  03"),
    events: ["failed CLOSE_TOO_SHORT"],
    sent: ["88 03 ea"],
    state: "closing",
    wish: "end",
    deadlineMs: 6_000,
    ending: '1002 "" unclean, sent 1002 "", CLOSE_TOO_SHORT',
  },
  {
    what: "the peer's close reason is not UTF-8",
    act: (protocol, role) => get(protocol, role, "88 03  03 e8 ff"),
    events: ["failed CLOSE_REASON_BAD_UTF8"],
    sent: ["88 03 ef"],
    state: "closing",
    wish: "end",
    deadlineMs: 6_000,
    ending: '1007 "" unclean, sent 1007 "", CLOSE_REASON_BAD_UTF8',
  },
  {
    what: "the peer breaks the RFC after this end has closed, so that no second Close frame may follow",
    act: (protocol, role) => {
      protocol.close(1000, "", NOW);
      return get(protocol, role, "83 00");
    },
    events: ["failed OPCODE_RESERVED"],
    sent: ["88 03 e8"],
    state: "closing",
    wish: "end",
    deadlineMs: 6_000,
    ending: '1006 "" unclean, sent 1000 "", OPCODE_RESERVED',
  },
  {
    what: "the peer answers with a Close frame that may not be",
    act: (protocol, role) => {
      protocol.close(1000, "", NOW);
      return get(protocol, role, "88 02  03 ed"); // 1005
    },
    events: ["failed CLOSE_CODE_INVALID"],
    sent: ["88 03 e8"],
    state: "closing",
    wish: "end",
    deadlineMs: 6_000,
    ending: '1006 "" unclean, sent 1000 "", CLOSE_CODE_INVALID',
  },
  {
    what: "the peer ends the transport without a Close frame",
    act: (protocol) => {
      protocol.receiveEnd(NOW);
      return drain(protocol).map(shown);
    },
    events: [],
    sent: [],
    state: "closed",
    wish: "end",
    deadlineMs: 6_000,
    ending: '1006 "" unclean',
  },
  {
    what: "the peer ends the transport in the middle of a frame",
    act: (protocol, role) => {
      const events = receive(protocol, framesTo(role, { opcode: 1, payload: "Hello" }).slice(0, -2), NOW);
      protocol.receiveEnd(NOW);
      return [...events, ...drain(protocol).map(shown)];
    },
    events: [],
    sent: [],
    state: "closed",
    wish: "end",
    deadlineMs: 6_000,
    ending: '1006 "" unclean',
  },
  {
    what: "the peer ends the transport without an answer to this end's Close frame",
    act: (protocol) => {
      protocol.close(1000, "", NOW);
      protocol.receiveEnd(NOW + 500);
      return drain(protocol).map(shown);
    },
    events: [],
    sent: ["88 03 e8"],
    state: "closed",
    wish: "end",
    deadlineMs: 6_000,
    ending: '1006 "" unclean, sent 1000 ""',
  },
  {
    what: "the peer ends the transport after the closing handshake",
    act: (protocol, role) => {
      const events = get(protocol, role, "88 02  03 e8");
      protocol.receiveEnd(NOW + 500);
      return [...events, ...drain(protocol).map(shown)];
    },
    events: ['close 1000 ""'],
    sent: ["88 03 e8"],
    state: "closed",
    wish: "end",
    deadlineMs: 6_000,
    ending: '1000 "" clean, sent 1000 "", received 1000 ""',
  },
  {
    what: "the peer ends the transport twice",
    act: (protocol) => {
      protocol.receiveEnd(NOW);
      protocol.receiveEnd(NOW + 500);
      return [];
    },
    events: [],
    sent: [],
    state: "closed",
    wish: "end",
    deadlineMs: 6_000,
    ending: '1006 "" unclean',
  },
  {
    what: "the peer ends the transport while something waits to be sent",
    act: (protocol) => {
      protocol.sendText("a");
      protocol.receiveEnd(NOW);
      return [];
    },
    events: [],
    sent: ["81 61"],
    state: "closed",
    wish: "end",
    deadlineMs: 6_000,
    ending: '1006 "" unclean',
  },
  {
    what: "this end fails the connection with a code",
    act: (protocol) => {
      protocol.sendText("a");
      protocol.fail(new LimitError("OUTBOUND_FULL", 10, 11), 1013, NOW);
      return drain(protocol).map(shown);
    },
    events: ["failed OUTBOUND_FULL"],
    sent: ["81 61", "88 03 f5"],
    state: "closing",
    wish: "end",
    deadlineMs: 6_000,
    ending: '1013 "" unclean, sent 1013 "", OUTBOUND_FULL',
  },
  {
    what: "this end fails the connection for a handler's sake",
    act: (protocol) => {
      protocol.fail(new HandlerError("message", new Error("oops")), 1011, NOW);
      return drain(protocol).map(shown);
    },
    events: ["failed HANDLER_FAILED"],
    sent: ["88 03 f3"],
    state: "closing",
    wish: "end",
    deadlineMs: 6_000,
    ending: '1011 "" unclean, sent 1011 "", HANDLER_FAILED',
  },
  {
    what: "this end gives the peer up",
    act: (protocol) => {
      protocol.sendText("a");
      protocol.fail(new TransportError("HEARTBEAT_TIMEOUT"), undefined, NOW);
      return drain(protocol).map(shown);
    },
    events: ["failed HEARTBEAT_TIMEOUT"],
    sent: ["81 61"],
    state: "closed",
    wish: "destroy",
    deadlineMs: NEVER,
    ending: '1006 "" unclean, HEARTBEAT_TIMEOUT',
  },
  {
    what: "this end fails twice, of which the first counts",
    act: (protocol) => {
      protocol.fail(new ProtocolError("BAD_UTF8"), 1007, NOW);
      protocol.fail(new LimitError("OUTBOUND_FULL", 10, 11), 1013, NOW);
      return drain(protocol).map(shown);
    },
    events: ["failed BAD_UTF8"],
    sent: ["88 03 ef"],
    state: "closing",
    wish: "end",
    deadlineMs: 6_000,
    ending: '1007 "" unclean, sent 1007 "", BAD_UTF8',
  },
  {
    what: "this end fails after it has closed",
    act: (protocol) => {
      protocol.close(1000, "", NOW);
      protocol.fail(new LimitError("OUTBOUND_FULL", 10, 11), 1013, NOW);
      return drain(protocol).map(shown);
    },
    events: ["failed OUTBOUND_FULL"],
    sent: ["88 03 e8"],
    state: "closing",
    wish: "end",
    deadlineMs: 6_000,
    ending: '1006 "" unclean, sent 1000 "", OUTBOUND_FULL',
  },
  {
    what: "this end gives the peer up after it has closed",
    act: (protocol) => {
      protocol.close(1000, "", NOW);
      protocol.fail(new TransportError("HEARTBEAT_TIMEOUT"), undefined, NOW);
      return drain(protocol).map(shown);
    },
    events: ["failed HEARTBEAT_TIMEOUT"],
    sent: ["88 03 e8"],
    state: "closed",
    wish: "destroy",
    deadlineMs: NEVER,
    ending: '1006 "" unclean, sent 1000 "", HEARTBEAT_TIMEOUT',
  },
];

function maskOf(role: Role): number | undefined {
  return role === "client" ? 0x37fa213d : undefined;
}

for (const role of ROLES) {
  describe(`how a ${role}'s connection closes (RFC 6455 §5.5.1, §7)`, () => {
    for (const { what, act, events, sent, state, wish, deadlineMs, ending } of SCENARIOS) {
      test(`a ${role} answers, waits and ends as it should when ${what}`, () => {
        const protocol = openProtocol(role);
        assert.deepEqual(act(protocol, role), events);
        assert.equal(protocol.state, state);
        assert.equal(protocol.transportWish, typeof wish === "string" ? wish : wish[role]);
        assert.equal(protocol.nextDeadlineMs, deadlineMs);
        assert.deepEqual(sentBy(role, protocol), sent);
        assert.equal(shownEnding(protocol.ended()), ending);
        assert.equal(protocol.state, "closed");
        assert.deepEqual(drain(protocol), []);
      });

      test(`a ${role} accepts and hears nothing more when ${what}`, () => {
        const protocol = openProtocol(role);
        act(protocol, role);
        const sentBefore = protocol.outputBytes;
        refuses(protocol);
        assert.equal(protocol.outputBytes, sentBefore);
        if (protocol.transportWish !== "keep") {
          assert.deepEqual(get(protocol, role, "81 01  61", "89 00", "88 02  0f a0"), []);
          assert.equal(protocol.outputBytes, sentBefore);
        }
      });

      test(`a ${role} destroys the transport when it does not end in time when ${what}`, () => {
        const protocol = openProtocol(role);
        act(protocol, role);
        if (deadlineMs !== NEVER) {
          protocol.tick(deadlineMs - 1);
          assert.notEqual(protocol.transportWish, "destroy");
          protocol.tick(deadlineMs);
        }
        assert.equal(protocol.transportWish, "destroy");
        assert.equal(protocol.nextDeadlineMs, NEVER);
        const unanswered = state === "closing" && !ending.includes("received") && ending.split(", ").length < 3;
        assert.deepEqual(drain(protocol).map(shown), unanswered ? ["failed CLOSE_TIMEOUT"] : []);
        assert.equal(shownEnding(protocol.ended()), unanswered ? `${ending}, CLOSE_TIMEOUT` : ending);
        assert.equal(protocol.nextDeadlineMs, NEVER);
      });

      test(`a ${role} names a reset as the cause only where nothing else is when ${what}`, () => {
        const protocol = openProtocol(role);
        act(protocol, role);
        const explained = /received|_|UTF8/.test(ending);
        const end = protocol.ended(new Error("read ECONNRESET"));
        assert.equal(shownEnding(end), explained ? ending : `${ending}, TRANSPORT_FAILED`);
        assert.deepEqual(drain(protocol).map(shown), explained ? [] : ["failed TRANSPORT_FAILED"]);
      });
    }

    test(`a ${role} tells of a reset with the system's error as its cause`, () => {
      const protocol = openProtocol(role);
      const cause = new Error("read ECONNRESET");
      const { error } = protocol.ended(cause);
      assert.equal(error?.cause, cause);
      assert.equal(error?.message, "the transport failed: read ECONNRESET");
      assert.equal(openProtocol(role).ended("gone").error?.message, "the transport failed: gone");
    });

    test(`a ${role} that ended stays so`, () => {
      const protocol = openProtocol(role);
      protocol.ended();
      assert.deepEqual([protocol.state, protocol.transportWish, protocol.nextDeadlineMs], ["closed", "destroy", NEVER]);
      refuses(protocol);
      assert.deepEqual(get(protocol, role, "81 01  61"), []);
      protocol.tick(1e9);
      protocol.receiveEnd(1e9);
      protocol.fail(new ProtocolError("BAD_UTF8"), 1007, 1e9);
      protocol.hold(true, 1e9);
      protocol.retain();
      assert.equal(shownEnding(protocol.ended()), '1006 "" unclean');
      assert.deepEqual([protocol.state, protocol.transportWish, protocol.nextDeadlineMs], ["closed", "destroy", NEVER]);
      assert.deepEqual(drain(protocol), []);
      assert.equal(protocol.outputBytes, 0);
    });

    test(`a ${role} that fails before its opening handshake is done sends nothing, and opens no more`, () => {
      for (const closeCode of [1002, undefined]) {
        const protocol = connectingProtocol(role);
        protocol.fail(new ProtocolError("BAD_UTF8"), closeCode, NOW);
        assert.deepEqual(drain(protocol).map(shown), ["failed BAD_UTF8"]);
        assert.equal(protocol.outputBytes, 0);
        assert.equal(protocol.transportWish, closeCode === undefined ? "destroy" : "end");
        assert.equal(protocol.nextDeadlineMs, closeCode === undefined ? NEVER : 6_000);
        assert.equal(
          codeOf(() => protocol.opened(NOW)),
          "USAGE",
        );
        assert.equal(shownEnding(protocol.ended()), '1006 "" unclean, BAD_UTF8');
      }
    });

    test(`a ${role} whose peer leaves before the opening handshake is done ends with 1006`, () => {
      const protocol = connectingProtocol(role);
      protocol.receiveEnd(NOW);
      assert.deepEqual([protocol.state, protocol.transportWish, protocol.nextDeadlineMs], ["closed", "end", 6_000]);
      assert.equal(
        codeOf(() => protocol.opened(NOW)),
        "USAGE",
      );
      assert.equal(shownEnding(protocol.ended()), '1006 "" unclean');
    });

    test(`a ${role} waits for ever where the closing handshake has all the time of the world`, () => {
      const closings: readonly ((protocol: Protocol) => void)[] = [
        (protocol) => protocol.close(1000, "", NOW),
        (protocol) => get(protocol, role, "88 00"),
        (protocol) => get(protocol, role, "83 00"),
        (protocol) => protocol.receiveEnd(NOW),
      ];
      for (const close of closings) {
        const protocol = openProtocol(role, { closeTimeoutMs: NEVER, heartbeatIntervalMs: 30, heartbeatTimeoutMs: 10 });
        close(protocol);
        assert.equal(protocol.nextDeadlineMs, NEVER);
        const sent = protocol.outputBytes;
        protocol.tick(1e12);
        assert.notEqual(protocol.transportWish, "destroy");
        assert.equal(protocol.outputBytes, sent);
      }
    });

    test(`a ${role} whose peer has ended the transport comes to nothing of what it had not read`, () => {
      const protocol = openProtocol(role);
      const bytes = toRole(role, "81 01  61", "88 00");
      protocol.receive(bytes, bytes.length, NOW);
      protocol.retain();
      protocol.receiveEnd(NOW);
      assert.deepEqual(drain(protocol), []);
      assert.equal(protocol.outputBytes, 0);
    });

    test(`a ${role} tells what a Close frame said that was sent as a raw frame`, () => {
      for (const [payload, code, reason] of [
        ["", 1005, ""],
        ["03", 1005, ""],
        ["03 e8", 1000, ""],
        ["0f a0 62 79 65", 4000, "bye"],
        ["0f a0 ff", 4000, ""],
      ] as const) {
        const protocol = openProtocol(role);
        protocol.sendFrame({ ...CLOSE_FRAME, payload: hex(payload) }, NOW);
        assert.deepEqual(protocol.ended().sent, { code, reason });
      }
    });

    test(`a ${role} that gave up the closing handshake comes to nothing of what it had not read`, () => {
      for (const unread of [
        ["81 01  61", "88 00"],
        ["80 00", "88 00"],
      ]) {
        const protocol = openProtocol(role);
        protocol.close(1000, "", NOW);
        const bytes = toRole(role, ...unread);
        protocol.receive(bytes, bytes.length, NOW);
        protocol.retain();
        protocol.tick(6_000);
        assert.deepEqual(drain(protocol).map(shown), ["failed CLOSE_TIMEOUT"]);
        assert.deepEqual(drain(protocol), []);
        assert.equal(shownEnding(protocol.ended()), '1006 "" unclean, sent 1000 "", CLOSE_TIMEOUT');
      }
    });

    test(`a ${role} counts the time to close from when the Close frame was sent or received`, () => {
      const asked = openProtocol(role, { closeTimeoutMs: 100 });
      asked.close(1000, "", 50);
      assert.equal(asked.nextDeadlineMs, 150);
      receive(asked, toRole(role, "88 00"), 120);
      assert.equal(asked.nextDeadlineMs, 150);
      const answered = openProtocol(role, { closeTimeoutMs: 100 });
      receive(answered, toRole(role, "88 00"), 120);
      assert.equal(answered.nextDeadlineMs, 220);
    });

    test(`a ${role} that was not reading counts the time to close from when it read the Close frame`, () => {
      const protocol = openProtocol(role, { closeTimeoutMs: 100 });
      const bytes = toRole(role, "88 00");
      protocol.hold(true, 5);
      protocol.receive(bytes, bytes.length, 10);
      protocol.retain();
      protocol.hold(false, 5_000);
      assert.deepEqual(drain(protocol).map(shown), ['close 1005 ""']);
      assert.equal(protocol.nextDeadlineMs, 5_100);
    });
  });

  describe(`close codes and reasons at a ${role} (RFC 6455 §7.4)`, () => {
    const mayBeSent = (code: number): boolean =>
      (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) || (code >= 3000 && code <= 4999);

    test(`a ${role} answers every code from 0 to 5000 that may be sent with the same, all others with 1002`, () => {
      for (let code = 0; code <= 5_000; code++) {
        const body = Uint8Array.of(code >> 8, code & 0xff);
        const protocol = openProtocol(role);
        const events = receive(protocol, framesTo(role, { opcode: 8, payload: body }));
        assert.deepEqual(events, [mayBeSent(code) ? `close ${code} ""` : "failed CLOSE_CODE_INVALID"]);
        assert.deepEqual(sentBy(role, protocol), [mayBeSent(code) ? `88 ${toHex(body)}` : "88 03 ea"]);
      }
    });

    test(`a ${role}'s caller may send every code from 0 to 5000 that may be sent, and is told of all others`, () => {
      for (let code = 0; code <= 5_000; code++) {
        const protocol = openProtocol(role);
        assert.equal(
          codeOf(() => protocol.close(code, "", 0)),
          mayBeSent(code) ? "nothing thrown" : "USAGE",
        );
        assert.equal(protocol.state, mayBeSent(code) ? "closing" : "open");
        const frame = `88 ${toHex(Uint8Array.of(code >> 8, code & 0xff))}`;
        assert.deepEqual(sentBy(role, protocol), mayBeSent(code) ? [frame] : []);
      }
    });

    test(`a ${role} accepts and sends a reason of 123 bytes, cut anywhere`, () => {
      for (const reason of ["r".repeat(123), `${"é".repeat(61)}r`, "€".repeat(41)]) {
        const payload = joined([hex("03 e8"), utf8(reason)]);
        forEachSplit(framesTo(role, { opcode: 8, payload }), (chunks) => {
          const protocol = openProtocol(role);
          const events = chunks.flatMap((chunk) => receive(protocol, chunk));
          assert.deepEqual(events, [`close 1000 ${JSON.stringify(reason)}`]);
          assert.deepEqual(sentBy(role, protocol), [`88 ${toHex(payload)}`]);
        });
        const protocol = openProtocol(role);
        protocol.close(1000, reason, 0);
        assert.deepEqual(sentBy(role, protocol), [`88 ${toHex(payload)}`]);
      }
    });

    test(`a ${role} fails the connection for a reason of 124 bytes, and its caller is told of one`, () => {
      const protocol = openProtocol(role);
      assert.equal(
        codeOf(() => protocol.close(1000, `${"€".repeat(41)}r`, 0)),
        "USAGE",
      );
      assert.deepEqual([protocol.state, protocol.outputBytes], ["open", 0]);
      const payload = joined([hex("03 e8"), utf8("r".repeat(124))]);
      assert.deepEqual(receive(protocol, framesTo(role, { opcode: 8, payload })), ["failed CONTROL_TOO_LONG"]);
    });

    test(`a ${role}'s caller is told of a bad code even when the connection has closed`, () => {
      const protocol = openProtocol(role);
      protocol.ended();
      assert.equal(
        codeOf(() => protocol.close(1005, "", 0)),
        "USAGE",
      );
      assert.equal(
        codeOf(() => protocol.close(1000, "", 0)),
        "nothing thrown",
      );
    });
  });
}

/** Everything that sends is refused; closing and failing have no effect. */
function refuses(protocol: Protocol): void {
  const calls: readonly (() => void)[] = [
    () => protocol.sendText("a"),
    () => protocol.sendBytes("binary", hex("01")),
    () => protocol.beginMessage("text"),
    () => protocol.sendFragment("a", true),
    () => protocol.sendFrame(CLOSE_FRAME, NOW),
    () => protocol.ping(hex("")),
    () => protocol.pong(hex("")),
  ];
  assert.equal(protocol.open, false);
  for (const call of calls) assert.equal(codeOf(call), "USAGE");
  protocol.close(4_321, "", NOW);
}
