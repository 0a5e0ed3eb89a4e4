import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { LimitError, ProtocolError, TransportError } from "../../../src/engine/errors.ts";
import { Protocol } from "../../../src/engine/protocol/protocol.ts";
import type { Role } from "../../../src/engine/protocol/protocol-kit.ts";
import {
  deflatingProtocol,
  drain,
  type EndpointOptions,
  eventsOf,
  forEachSplit,
  framesTo,
  hex,
  joined,
  kitOf,
  openProtocol,
  pattern,
  portablePlatform,
  receive,
  ROLES,
  sentBy,
  shown,
  shownData,
  shownEnding,
  toHex,
  toRole,
  utf8,
} from "../engine-test-kit.ts";
import { finish, finishAll, type HeldJob, receiveAll, receiveUpToJob, reversed } from "./fake-codec.ts";

const HI = 'message text "Hi"';

/** Frames without masking, the events they make, and the answers as first byte and payload. What is compressed (c1, c2,
 * 41, 42: RSV1 is set) is the message backwards. */
const CONVERSATIONS = [
  ["a compressed text", ["c1 02  69 48"], ['message text "Hi"'], []],
  ["a compressed binary message", ["c2 03  ff 80 00"], ["message binary 00 80 ff"], []],
  ["empty compressed messages", ["c1 00", "c2 00"], ['message text ""', "message binary empty"], []],
  [
    "a compressed text in fragments, of which only the first has RSV1",
    ["41 02  21 69", "00 00", "80 01  48"],
    ['message text "Hi!"'],
    [],
  ],
  ["a compressed text whose first and last fragments are empty", ["41 00", "00 02  69 48", "80 00"], [HI], []],
  [
    "pings between compressed fragments, which come before the message and are answered",
    ["41 01  69", "89 01  31", "00 01  48", "8a 01  61", "80 00", "89 01  32"],
    ["ping 31", "pong 61", HI, "ping 32"],
    ["8a 31", "8a 32"],
  ],
  [
    "a compressed text whose DEFLATE data are no UTF-8, cut inside its characters", // "€é"
    ["41 02  a9 c3", "00 01  ac", "80 02  82 e2"],
    ['message text "€é"'],
    [],
  ],
  [
    "compressed messages between others, in their order",
    ["c1 01  61", "81 01  62", "c2 02  02 01", "02 01  63", "80 01  64", "c1 01  65", "82 00"],
    [
      ...['message text "a"', 'message text "b"', "message binary 01 02", "message binary 63 64"],
      ...['message text "e"', "message binary empty"],
    ],
    [],
  ],
  [
    "a Close frame behind a compressed message, and nothing behind that",
    ["c1 02  69 48", "89 00", "88 05  0f a1 62 79 65", "c1 01  61"],
    [HI, "ping empty", 'close 4001 "bye"'],
    ["8a", "88 0f a1 62 79 65"],
  ],
] as const;

/** Wrong uses of the reserved bits where permessage-deflate was agreed on, and what is seen before them. */
const FAULTS = [
  ["RSV1 on the continuation of a compressed message", ["41 01  61", "c0 01  62"]],
  ["RSV1 on a continuation in the middle", ["41 01  61", "40 01  62"]],
  ["RSV1 on the continuation of a message that is not compressed", ["01 01  61", "c0 01  62"]],
  ["RSV1 on a ping", ["c9 00"]],
  ["RSV1 on a pong", ["ca 00"]],
  ["RSV1 on a Close frame", ["c8 02  03 e8"]],
  ["RSV1 on a ping between compressed fragments", ["41 01  61", "c9 00"]],
  ["RSV2 on a text", ["a1 00"]],
  ["RSV3 on a binary message", ["92 00"]],
  ["RSV2 beside RSV1", ["e1 00"]],
  ["RSV3 beside RSV1", ["d2 00"]],
] as const;

/** An endpoint with a job open, which is the message "Hi". */
function withJob(role: Role, options: EndpointOptions = {}): { protocol: Protocol; held: HeldJob } {
  const protocol = deflatingProtocol(role, options);
  const { events, held } = receiveUpToJob(protocol, toRole(role, "c1 02  69 48"));
  assert.deepEqual(events, []);
  assert.ok(held !== undefined);
  return { protocol, held };
}

for (const role of ROLES) {
  describe(`compressed messages that a ${role} receives (RFC 7692 §6)`, () => {
    for (const [what, frames, events, replies] of CONVERSATIONS) {
      const bytes = toRole(role, ...frames);

      test(`a ${role} hands over ${what}, however it is cut, where jobs are done at once`, () => {
        forEachSplit(bytes, (chunks) => {
          const protocol = deflatingProtocol(role);
          const seen = chunks.flatMap((chunk) => receiveAll(protocol, chunk));
          assert.deepEqual(seen, events);
          assert.deepEqual(sentBy(role, protocol), replies);
        });
      });

      test(`a ${role} hands over ${what}, however it is cut, where jobs are done when all has arrived`, () => {
        forEachSplit(bytes, (chunks) => {
          const protocol = deflatingProtocol(role);
          const seen: string[] = [];
          let held: HeldJob | undefined;
          for (const chunk of chunks) {
            const taken = receiveUpToJob(protocol, chunk);
            if (held !== undefined) assert.deepEqual([taken.events, taken.held], [[], undefined]);
            seen.push(...taken.events);
            held ??= taken.held;
          }
          if (held !== undefined) seen.push(...finishAll(protocol, held));
          assert.deepEqual(seen, events);
          assert.deepEqual(sentBy(role, protocol), replies);
        });
      });
    }

    for (const [what, frames] of FAULTS) {
      test(`a ${role} fails the connection with 1002 for ${what}`, () => {
        forEachSplit(toRole(role, "c1 02  69 48", ...frames, "81 00"), (chunks) => {
          const protocol = deflatingProtocol(role);
          const events = chunks.flatMap((chunk) => receiveAll(protocol, chunk));
          assert.deepEqual(events, [HI, "failed RSV_UNEXPECTED"]);
          assert.deepEqual(sentBy(role, protocol), ["88 03 ea"]);
          assert.deepEqual([protocol.state, protocol.transportWish], ["closing", "end"]);
        });
      });
    }

    for (const first of ["c1 00", "c2 00", "41 00", "42 00"]) {
      test(`a ${role} fails the connection with 1002 for ${first} where nothing was agreed on`, () => {
        forEachSplit(toRole(role, first), (chunks) => {
          assert.deepEqual(eventsOf(role, chunks), ["failed RSV_UNEXPECTED"]);
        });
      });
    }

    test(`a ${role} that agreed and one that did not may share a kit, and its receiver`, () => {
      for (const compressedFirst of [true, false]) {
        const kit = kitOf(role);
        const [agreed, plain] = [new Protocol(kit, 0, true), new Protocol(kit, 0, false)];
        for (const protocol of [agreed, plain]) protocol.opened(0);
        const compressed = toRole(role, "c1 02  69 48");
        if (!compressedFirst) assert.deepEqual(receiveAll(plain, toRole(role, "81 01  61")), ['message text "a"']);
        assert.deepEqual(receiveAll(agreed, compressed), [HI]);
        assert.deepEqual(receiveAll(plain, compressed), ["failed RSV_UNEXPECTED"]);
        assert.deepEqual(receiveAll(agreed, compressed), [HI]);
      }
    });

    test(`a ${role} with a job open keeps its receiver from the others of its kit`, () => {
      const kit = kitOf(role);
      const [one, other] = [new Protocol(kit, 0, true), new Protocol(kit, 0, true)];
      for (const protocol of [one, other]) protocol.opened(0);
      const { held } = receiveUpToJob(one, toRole(role, "c1 02  69 48"));
      assert.ok(held !== undefined);
      assert.equal(one.nextEvent(), undefined);
      assert.deepEqual(receiveAll(other, toRole(role, "81 01  61", "c1 01  62")), [
        'message text "a"',
        'message text "b"',
      ]);
      assert.equal(finish(other, held.job, hex("63")), false);
      assert.equal(finish(one, held.job, hex("63")), true);
      assert.deepEqual(receiveAll(other, toRole(role, "81 01  64")), ['message text "d"']);
      assert.deepEqual(drain(one).map(shown), ['message text "c"']);
    });
  });

  describe(`a ${role} with a message that is being inflated (RFC 7692 §6.2)`, () => {
    test(`a ${role} reads nothing behind it, and answers nothing, until it is done`, () => {
      const protocol = deflatingProtocol(role);
      const frames = toRole(role, "89 01  30", "c1 02  69 48", "89 01  31", "88 02  03 e8");
      const { events, held } = receiveUpToJob(protocol, frames);
      assert.ok(held !== undefined);
      assert.deepEqual([events, sentBy(role, protocol)], [["ping 30"], ["8a 30"]]);
      for (let i = 0; i < 3; i++) assert.equal(protocol.nextEvent(), undefined);
      assert.deepEqual([protocol.outputBytes, protocol.state, protocol.failurePending], [0, "open", false]);
      assert.equal(finish(protocol, held.job, utf8("Hi")), true);
      assert.equal(protocol.outputBytes, 0, "a frame takes effect when its event is taken");
      const message = protocol.nextEvent();
      assert.ok(message !== undefined);
      assert.equal(shown(message), HI);
      protocol.sendText("Yes?");
      assert.deepEqual(drain(protocol).map(shown), ["ping 31", 'close 1000 ""']);
      assert.deepEqual(sentBy(role, protocol), ["81 59 65 73 3f", "8a 31", "88 03 e8"]);
    });

    test(`a ${role} does not see a fault behind it before it is done`, () => {
      const protocol = deflatingProtocol(role);
      const { events, held } = receiveUpToJob(protocol, toRole(role, "c1 02  69 48", "8b 00"));
      assert.deepEqual([events, protocol.state], [[], "open"]);
      assert.ok(held !== undefined);
      assert.deepEqual(finishAll(protocol, held), [HI, "failed OPCODE_RESERVED"]);
    });

    test(`a ${role} sends what the application likes meanwhile`, () => {
      const { protocol, held } = withJob(role);
      protocol.sendText("a");
      protocol.ping(hex("31"));
      assert.deepEqual(sentBy(role, protocol), ["81 61", "89 31"]);
      assert.deepEqual(finishAll(protocol, held), [HI]);
    });

    test(`a ${role} lends what has arrived whole to the job, without copying it`, () => {
      const platform = portablePlatform();
      const protocol = deflatingProtocol(role, { platform });
      const bytes = joined([hex("00 00"), toRole(role, "c2 03  03 02 01", "81 01  61")]).subarray(2);
      protocol.receive(bytes, bytes.length, 0);
      const job = protocol.nextEvent();
      assert.ok(job?.type === "inflate");
      assert.equal(job.bytes, bytes);
      assert.deepEqual(platform.sizes, []);
      assert.equal(finish(protocol, job, hex("01 02 03")), true);
      assert.deepEqual(drain(protocol).map(shown), ["message binary 01 02 03", 'message text "a"']);
    });

    test(`a ${role} hands over bytes of its own: the codec may use its memory again`, () => {
      for (const reception of ["messages", "fragments"] as const) {
        const protocol = deflatingProtocol(role, { reception });
        const { held } = receiveUpToJob(protocol, toRole(role, "c2 02  02 01"));
        assert.ok(held !== undefined);
        const lent = hex("00 01 02 00");
        protocol.finishJob(held.job, lent, 1, 3);
        lent.fill(0xff);
        const [event] = drain(protocol);
        assert.ok(event?.type === "message" || event?.type === "fragment");
        assert.equal(shownData(event.data), "01 02");
      }
    });

    test(`a ${role} gives it as much time as it takes, and the message before it its own`, () => {
      const protocol = deflatingProtocol(role, { limits: { messageTimeoutMs: 100 } });
      const bytes = toRole(role, "c1 02  69 48");
      assert.deepEqual(receiveUpToJob(protocol, bytes.slice(0, -1)), { events: [], held: undefined });
      assert.equal(protocol.nextDeadlineMs, 100);
      const { held } = receiveUpToJob(protocol, bytes.slice(-1));
      assert.ok(held !== undefined);
      assert.equal(protocol.nextDeadlineMs, Number.POSITIVE_INFINITY);
      protocol.tick(1_000_000);
      assert.deepEqual(finishAll(protocol, held), [HI]);
    });

    test(`a ${role} that has begun to close still hands over what comes before the peer's Close frame`, () => {
      const { protocol, held } = withJob(role);
      protocol.close(1000, "", 0);
      receiveUpToJob(protocol, toRole(role, "88 02  03 e8"));
      assert.deepEqual(finishAll(protocol, held), [HI, 'close 1000 ""']);
      assert.equal(shownEnding(protocol.ended()), '1000 "" clean, sent 1000 "", received 1000 ""');
    });

    const ends: readonly (readonly [what: string, end: (protocol: Protocol) => unknown, events: string[]])[] = [
      ["was failed", (protocol) => protocol.fail(new ProtocolError("BAD_UTF8"), 1007, 0), ["failed BAD_UTF8"]],
      [
        "lost its peer",
        (protocol) => protocol.fail(new TransportError("HEARTBEAT_TIMEOUT"), undefined, 0),
        ["failed HEARTBEAT_TIMEOUT"],
      ],
      ["has ended", (protocol) => protocol.ended(), []],
      ["has read the transport's end", (protocol) => protocol.receiveEnd(0), []],
      [
        "has waited too long for the peer's Close frame",
        (protocol) => {
          protocol.close(1000, "", 0);
          protocol.tick(5_000);
        },
        ["failed CLOSE_TIMEOUT"],
      ],
    ];
    for (const [what, end, events] of ends) {
      test(`a ${role} has no use for it when it ${what}, and says so`, () => {
        const { protocol, held } = withJob(role);
        receiveUpToJob(protocol, toRole(role, "81 01  61"));
        end(protocol);
        const [state, wish] = [protocol.state, protocol.transportWish];
        protocol.takeOutput();
        assert.equal(finish(protocol, held.job, utf8("Hi")), false);
        protocol.failJob(held.job, new ProtocolError("BAD_DEFLATE"), 0);
        assert.deepEqual(drain(protocol).map(shown), events);
        assert.deepEqual([protocol.state, protocol.transportWish, sentBy(role, protocol)], [state, wish, []]);
      });
    }

    test(`a ${role} takes one result for each job`, () => {
      const { protocol, held } = withJob(role);
      assert.equal(finish(protocol, held.job, utf8("once")), true);
      assert.equal(finish(protocol, held.job, utf8("twice")), false);
      protocol.failJob(held.job, new ProtocolError("BAD_DEFLATE"), 0);
      assert.deepEqual(drain(protocol).map(shown), ['message text "once"']);
      assert.equal(finish(protocol, held.job, utf8("late")), false);
      const { held: next } = receiveUpToJob(protocol, toRole(role, "c1 00"));
      assert.ok(next !== undefined);
      assert.equal(finish(protocol, held.job, utf8("later still")), false);
      assert.deepEqual(finishAll(protocol, next), ['message text ""']);
      assert.deepEqual([protocol.state, protocol.outputBytes], ["open", 0]);
    });
  });

  describe(`what a ${role}'s codec cannot inflate (RFC 7692 §7.2.2, RFC 6455 §7.1.7)`, () => {
    for (const [what, error, reply] of [
      ["DEFLATE data that are none", new ProtocolError("BAD_DEFLATE"), "88 03 ef"], // 1007
      ["more than may be", new LimitError("MESSAGE_TOO_BIG", 10, 11), "88 03 f1"], // 1009
    ] as const) {
      test(`a ${role} fails the connection for ${what}, and reads nothing behind it`, () => {
        const protocol = deflatingProtocol(role);
        const frames = toRole(role, "c1 02  69 48", "89 01  31", "81 01  61");
        const { held } = receiveUpToJob(protocol, frames);
        assert.ok(held !== undefined);
        protocol.failJob(held.job, error, 1_000);
        assert.equal(protocol.failurePending, true);
        assert.deepEqual(drain(protocol).map(shown), [`failed ${error.code}`]);
        assert.deepEqual(sentBy(role, protocol), [reply]);
        assert.deepEqual([protocol.state, protocol.transportWish], ["closing", "end"]);
        assert.equal(protocol.nextDeadlineMs, 6_000, "the closing handshake's time begins then");
        const ending = protocol.ended();
        assert.deepEqual([ending.code, ending.wasClean, ending.error], [error.closeCode, false, error]);
      });
    }

    test(`a ${role} that has begun to close tells of it, and sends no second Close frame`, () => {
      const { protocol, held } = withJob(role);
      protocol.close(4000, "bye", 0);
      protocol.failJob(held.job, new ProtocolError("BAD_DEFLATE"), 0);
      assert.deepEqual(drain(protocol).map(shown), ["failed BAD_DEFLATE"]);
      assert.deepEqual(sentBy(role, protocol), ["88 0f a0 62 79 65"]);
    });

    for (const [what, result] of [
      ["a byte that never occurs", "48 ff"],
      ["a character cut short", "48 e2 82"],
      ["a surrogate", "ed a0 80"],
    ] as const) {
      test(`a ${role} fails the connection with 1007 where a text becomes ${what} (RFC 6455 §8.1)`, () => {
        for (const reception of ["messages", "fragments"] as const) {
          for (const textAs of ["string", "bytes"] as const) {
            const protocol = deflatingProtocol(role, { reception, textAs });
            const { held } = receiveUpToJob(protocol, toRole(role, "c1 02  69 48", "81 01  61"));
            assert.ok(held !== undefined);
            assert.equal(finish(protocol, held.job, hex(result)), true);
            assert.deepEqual(drain(protocol).map(shown), ["failed BAD_UTF8"]);
            assert.deepEqual(sentBy(role, protocol), ["88 03 ef"]);
            const binary = deflatingProtocol(role, { reception, textAs });
            const taken = receiveUpToJob(binary, toRole(role, "c2 02  69 48"));
            assert.ok(taken.held !== undefined);
            assert.equal(finish(binary, taken.held.job, hex(result)), true);
            assert.deepEqual(drain(binary).map(shown), [
              `${reception === "messages" ? "message binary" : "fragment binary first last"} ${result}`,
            ]);
          }
        }
      });
    }

    test(`a ${role} fails the connection with 1009 where a text is longer than strings may be`, () => {
      const platform = {
        ...portablePlatform(),
        decodeUtf8: (): string => {
          throw new RangeError("out of room");
        },
      };
      const protocol = deflatingProtocol(role, { platform });
      const { held } = receiveUpToJob(protocol, toRole(role, "c1 02  69 48"));
      assert.ok(held !== undefined);
      assert.equal(finish(protocol, held.job, utf8("Hi")), true);
      assert.deepEqual(drain(protocol).map(shown), ["failed MESSAGE_TOO_BIG"]);
      assert.deepEqual(sentBy(role, protocol), ["88 03 f1"]);
    });
  });

  describe(`limits of compressed messages that a ${role} receives (RFC 6455 §10.4)`, () => {
    for (const reception of ["messages", "fragments"] as const) {
      test(`a ${role} tells the codec how much each message may become, reception ${reception}`, () => {
        for (const maxMessageBytes of [1, 1_000, Number.POSITIVE_INFINITY]) {
          const protocol = deflatingProtocol(role, { reception, limits: { maxMessageBytes } });
          for (const frames of [["c2 01  61"], ["42 01  61", "80 01  62"], ["c1 00"], ["82 01  61", "c1 00"]]) {
            const { held } = receiveUpToJob(protocol, toRole(role, ...frames));
            assert.equal(held?.job.maxBytes, maxMessageBytes);
            assert.ok(held !== undefined);
            finish(protocol, held.job, hex("61"));
            drain(protocol);
          }
        }
      });

      test(`a ${role} allows a sixteenth and 64 bytes more of DEFLATE data, reception ${reception}`, () => {
        const options = { reception, limits: { maxMessageBytes: 160 } };
        for (const [lengths, fits] of [
          [[234], true],
          [[235], false],
          [[100, 134], true],
          [[100, 134, 1], false],
        ] as const) {
          const frames = lengths.map((length, i) => ({
            fin: i === lengths.length - 1,
            rsv: i === 0 ? 4 : 0,
            opcode: i === 0 ? 2 : 0,
            payload: pattern(length),
          }));
          forEachSplit(framesTo(role, ...frames), (chunks) => {
            const protocol = deflatingProtocol(role, options);
            const taken = chunks.map((chunk) => receiveUpToJob(protocol, chunk));
            const events = taken.flatMap((one) => one.events);
            if (fits) {
              assert.deepEqual(events, []);
              assert.equal(taken.at(-1)?.held?.input.length, 234);
            } else {
              assert.deepEqual(events, ["failed MESSAGE_TOO_BIG"]);
              assert.deepEqual(sentBy(role, protocol), ["88 03 f1"]);
            }
          });
        }
        const plain = deflatingProtocol(role, options);
        assert.deepEqual(receiveAll(plain, framesTo(role, { opcode: 2, payload: pattern(161) })), [
          "failed MESSAGE_TOO_BIG",
        ]);
      });
    }
  });

  describe(`how a ${role} hands over compressed messages`, () => {
    test(`a ${role} hands over text as bytes where it is told to`, () => {
      const protocol = deflatingProtocol(role, { textAs: "bytes" });
      assert.deepEqual(receiveAll(protocol, toRole(role, "c1 03  ac 82 e2", "c1 00")), [
        "message text e2 82 ac",
        "message text empty",
      ]);
    });

    test(`a ${role} hands over a compressed message as one fragment when it is complete, reception fragments`, () => {
      const frames = [
        "01 01  61",
        "80 00",
        "41 01  69",
        "89 01  31",
        "00 00",
        "80 01  48",
        "c2 00",
        "02 00",
        "80 01  62",
      ];
      const expected = [
        ...["fragment text first 61", "fragment text last empty", "ping 31", "fragment text first last 48 69"],
        ...["fragment binary first last empty", "fragment binary first last 62"],
      ];
      forEachSplit(toRole(role, ...frames), (chunks) => {
        const protocol = deflatingProtocol(role, { reception: "fragments" });
        assert.deepEqual(
          chunks.flatMap((chunk) => receiveAll(protocol, chunk)),
          expected,
        );
        assert.deepEqual(sentBy(role, protocol), ["8a 31"]);
      });
    });

    test(`a ${role} hands over compressed frames as they are, reception frames`, () => {
      const frames = ["c1 02  ff 48", "41 01  ff", "89 00", "80 01  ff", "81 01  61"];
      forEachSplit(toRole(role, ...frames), (chunks) => {
        const protocol = deflatingProtocol(role, { reception: "frames" });
        const events = chunks.flatMap((chunk) => receive(protocol, chunk));
        assert.deepEqual(
          events.map((event) => event.replace(/ key [0-9a-f]{8}/, "")),
          [
            ...["frame fin rsv1 1 ff 48", "frame rsv1 1 ff", "frame fin 9 empty", "ping empty"],
            ...["frame fin 0 ff", "frame fin 1 61"],
          ],
        );
      });
      const protocol = deflatingProtocol(role, { reception: "frames" });
      const events = receive(protocol, toRole(role, "c1 01  ff", "81 01  ff"));
      assert.deepEqual(events.slice(1), ["failed BAD_UTF8"], "what is not compressed is still checked");
    });

    test(`a ${role} hands over frames with RSV1 only where that was agreed on, reception frames`, () => {
      assert.deepEqual(receive(openProtocol(role, { reception: "frames" }), toRole(role, "c1 00")), [
        "failed RSV_UNEXPECTED",
      ]);
    });

    test(`a ${role} gives the job all bytes of a message in many pieces, and nothing else`, () => {
      const payload = pattern(10_000);
      const protocol = deflatingProtocol(role);
      const frames = framesTo(
        role,
        { fin: false, rsv: 4, opcode: 2, payload: payload.subarray(0, 4_000) },
        { opcode: 9, payload: "p" },
        { opcode: 0, payload: payload.subarray(4_000) },
      );
      let held: HeldJob | undefined;
      for (let at = 0; at < frames.length; at += 777) held = receiveUpToJob(protocol, frames.slice(at, at + 777)).held;
      assert.ok(held !== undefined);
      assert.equal(toHex(held.input), toHex(payload));
      assert.deepEqual(finishAll(protocol, held), [`message binary ${shownData(reversed(payload))}`]);
    });
  });
}
