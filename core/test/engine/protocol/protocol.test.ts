import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Platform } from "../../../src/engine/bytes/platform.ts";
import { Slab } from "../../../src/engine/bytes/slab.ts";
import { LIMIT_ERRORS, PROTOCOL_ERRORS } from "../../../src/engine/errors.ts";
import type { Frame } from "../../../src/engine/frames/frame.ts";
import type { Limits } from "../../../src/engine/messages/limits.ts";
import type { Protocol } from "../../../src/engine/protocol/protocol.ts";
import { nodePlatform } from "../../../src/node/connection/node-platform.ts";
import {
  codeOf,
  connectingProtocol,
  drain,
  eventsOf,
  forEachSplit,
  framesFrom,
  framesTo,
  hex,
  joined,
  JUNK,
  openProtocol,
  outputOf,
  pattern,
  portablePlatform,
  receive,
  repliesOf,
  ROLES,
  SAMPLE_KEY,
  sentBy,
  shown,
  toHex,
  toRole,
  utf8,
} from "../engine-test-kit.ts";

const PLATFORMS = [
  ["portable code", portablePlatform],
  ["Node's platform", (): Platform => ({ ...nodePlatform, maskingKey: () => SAMPLE_KEY })],
] as const;
const ASIDE: Frame = {
  fin: true,
  rsv1: false,
  rsv2: false,
  rsv3: false,
  opcode: 2,
  maskingKey: undefined,
  payload: hex(""),
};

/** Frames without masking, the events they make, and the answers as first byte and payload. */
const CONVERSATIONS = [
  ["a text message", ["81 02  48 69"], ['message text "Hi"'], []],
  ["a binary message", ["82 02  ff 00"], ["message binary ff 00"], []],
  ["a ping", ["89 02  70 31"], ["ping 70 31"], ["8a 70 31"]],
  ["an empty ping", ["89 00"], ["ping empty"], ["8a"]],
  ["a pong that nobody asked for", ["8a 01  61"], ["pong 61"], []],
  [
    "pings between the fragments of a message",
    ["01 01  48", "89 01  31", "00 00", "89 01  32", "80 01  69"],
    ["ping 31", "ping 32", 'message text "Hi"'],
    ["8a 31", "8a 32"],
  ],
  [
    "a message, a ping and a Close frame",
    ["81 01  61", "89 01  31", "88 02  03 e8"],
    ['message text "a"', "ping 31", 'close 1000 ""'],
    ["8a 31", "88 03 e8"],
  ],
  ["a Close frame without a code", ["88 00"], ['close 1005 ""'], ["88"]],
  ["a Close frame with a reason", ["88 05  0f a1 62 79 65"], ['close 4001 "bye"'], ["88 0f a1 62 79 65"]],
] as const;

/** What a peer can do wrong, for each code of PROTOCOL_ERRORS that does not depend on the role. */
const FAULTS = [
  ["RSV_UNEXPECTED", ["a1 00"], "88 03 ea"],
  ["OPCODE_RESERVED", ["8b 00"], "88 03 ea"],
  ["LENGTH_NOT_MINIMAL", ["82 7e 00 7d"], "88 03 ea"],
  ["LENGTH_TOO_LARGE", ["82 7f 80 00 00 00 00 00 00 00"], "88 03 f1"],
  ["CONTROL_FRAGMENTED", ["09 00"], "88 03 ea"],
  ["CONTROL_TOO_LONG", ["8a 7e 00 7e"], "88 03 ea"],
  ["CONTINUATION_UNEXPECTED", ["80 00"], "88 03 ea"],
  ["CONTINUATION_EXPECTED", ["01 00", "81 00"], "88 03 ea"],
  ["BAD_UTF8", ["81 01  ff"], "88 03 ef"],
  ["CLOSE_TOO_SHORT", ["88 01  03"], "88 03 ea"],
  ["CLOSE_CODE_INVALID", ["88 02  03 ed"], "88 03 ea"], // 1005
  ["CLOSE_REASON_BAD_UTF8", ["88 03  03 e8 ff"], "88 03 ef"],
] as const;

/** What goes over a limit, for each code of LIMIT_ERRORS that the engine raises itself without the time. */
const OVER = [
  ["MESSAGE_TOO_BIG", { maxMessageBytes: 3 }, ["82 04"], "88 03 f1"],
  ["FRAME_TOO_BIG", { maxFrameBytes: 3 }, ["82 04"], "88 03 f1"],
  ["TOO_MANY_FRAGMENTS", { maxFragments: 2 }, ["02 00", "00 00", "00 00"], "88 03 f0"],
  ["TOO_MANY_PENDING_PONGS", { maxPendingPongs: 1 }, ["89 00", "89 00"], "88 03 f0"],
] as const satisfies readonly (readonly [string, Partial<Limits>, readonly string[], string])[];

for (const role of ROLES) {
  describe(`a ${role} before its opening handshake is done (RFC 6455 §4.1)`, () => {
    test(`a ${role} is connecting and sends nothing`, () => {
      const protocol = connectingProtocol(role);
      assert.deepEqual([protocol.state, protocol.open, protocol.transportWish], ["connecting", false, "keep"]);
      const calls: readonly (() => void)[] = [
        () => protocol.sendText("a"),
        () => protocol.sendBytes("binary", hex("01")),
        () => protocol.beginMessage("text"),
        () => protocol.sendFragment("a", true),
        () => protocol.sendFrame(ASIDE, 0),
        () => protocol.ping(hex("")),
        () => protocol.pong(hex("")),
        () => protocol.close(1000, "", 0),
      ];
      for (const call of calls) assert.equal(codeOf(call), "USAGE");
      assert.equal(toHex(outputOf(protocol)), "");
      assert.equal(protocol.state, "connecting");
    });

    test(`a ${role} is open afterwards, and what goes out first is what belongs to the handshake`, () => {
      const protocol = connectingProtocol(role);
      protocol.opened(0, utf8("HTTP/1.1 101\r\n\r\n"));
      assert.deepEqual([protocol.state, protocol.open], ["open", true]);
      protocol.sendText("Hi");
      const [preface, ...frames] = protocol.takeOutput();
      assert.equal(new TextDecoder().decode(preface), "HTTP/1.1 101\r\n\r\n");
      assert.deepEqual(framesFrom(role, joined(frames)), ["81 48 69"]);
    });

    test(`a ${role} opens once`, () => {
      const protocol = openProtocol(role);
      assert.equal(
        codeOf(() => protocol.opened(0, hex("01"))),
        "USAGE",
      );
      assert.equal(toHex(outputOf(protocol)), "");
      protocol.ended();
      assert.equal(
        codeOf(() => protocol.opened(0)),
        "USAGE",
      );
    });

    test(`a ${role} keeps frames that come before the handshake is done until it is`, () => {
      for (const [, frames, events, replies] of CONVERSATIONS) {
        forEachSplit(toRole(role, ...frames), (chunks) => {
          const protocol = connectingProtocol(role);
          for (const chunk of chunks) assert.deepEqual(receive(protocol, chunk), []);
          assert.deepEqual([protocol.state, protocol.outputBytes], ["connecting", 0]);
          protocol.opened(0);
          assert.deepEqual(drain(protocol).map(shown), events);
          assert.deepEqual(sentBy(role, protocol), replies);
        });
      }
    });

    test(`a ${role} that ends before has nothing more to say`, () => {
      const protocol = connectingProtocol(role);
      receive(protocol, toRole(role, "81 00"));
      assert.equal(protocol.ended().code, 1006);
      assert.equal(protocol.state, "closed");
      assert.deepEqual(drain(protocol), []);
    });
  });

  for (const [platformName, platformOf] of PLATFORMS) {
    describe(`what a ${role} receives and answers, with ${platformName} (RFC 6455 §5)`, () => {
      for (const [what, frames, events, replies] of CONVERSATIONS) {
        test(`a ${role} hands over ${what} and answers it, however it is cut`, () => {
          forEachSplit(toRole(role, ...frames), (chunks) => {
            assert.deepEqual(eventsOf(role, chunks, { platform: platformOf() }), events);
          });
          forEachSplit(toRole(role, ...frames), (chunks) => {
            assert.deepEqual(repliesOf(role, chunks, { platform: platformOf() }), replies);
          });
        });
      }

      for (const [code, frames, reply] of FAULTS) {
        test(`a ${role} fails the connection with ${PROTOCOL_ERRORS[code].closeCode} for ${code}`, () => {
          forEachSplit(toRole(role, "81 01  61", ...frames, "81 01  62"), (chunks) => {
            const protocol = openProtocol(role, { platform: platformOf() });
            const events = chunks.flatMap((chunk) => receive(protocol, chunk));
            assert.deepEqual(events, ['message text "a"', `failed ${code}`]);
            assert.deepEqual(sentBy(role, protocol), [reply]);
            assert.deepEqual([protocol.state, protocol.transportWish], ["closing", "end"]);
          });
        });
      }

      for (const [code, limits, frames, reply] of OVER) {
        test(`a ${role} fails the connection with ${LIMIT_ERRORS[code].closeCode} for ${code}`, () => {
          forEachSplit(toRole(role, ...frames), (chunks) => {
            const protocol = openProtocol(role, { platform: platformOf(), limits });
            const events = chunks.flatMap((chunk) => receive(protocol, chunk));
            assert.equal(events.at(-1), `failed ${code}`);
            assert.equal(sentBy(role, protocol).at(-1), reply);
            assert.equal(protocol.transportWish, "end");
          });
        });
      }
    });
  }

  describe(`what a ${role} receives, in detail (RFC 6455 §5)`, () => {
    test(`a ${role} is told what each fault was, and no bytes of the payload`, () => {
      const protocol = openProtocol(role, { limits: { maxMessageBytes: 1_000 } });
      const oversized = toRole(role, "82 7f 00 00 00 01 00 00 00 05");
      protocol.receive(oversized, oversized.length, 0);
      const event = protocol.nextEvent();
      assert.ok(event?.type === "failed");
      const { error } = event;
      assert.equal(error.message, "the message is larger than allowed: maxMessageBytes is 1000, seen 4294967301");
      assert.deepEqual(
        { ...error },
        { code: "MESSAGE_TOO_BIG", closeCode: 1009, limit: "maxMessageBytes", max: 1000, actual: 4294967301 },
      );
    });

    test(`a ${role} answers no ping by itself when it is told not to, and the application can`, () => {
      const protocol = openProtocol(role, { automaticPong: false, limits: { maxPendingPongs: 1 } });
      assert.deepEqual(receive(protocol, toRole(role, "89 01  31", "89 01  32", "89 00")), [
        "ping 31",
        "ping 32",
        "ping empty",
      ]);
      assert.equal(protocol.outputBytes, 0);
      protocol.pong(hex("32"));
      assert.deepEqual(sentBy(role, protocol), ["8a 32"]);
    });

    test(`a ${role} answers a ping with the bytes it had, whatever the application does to them`, () => {
      for (const reception of ["messages", "fragments", "frames"] as const) {
        const protocol = openProtocol(role, { reception });
        const frames = toRole(role, "89 02  01 02", "88 04  03 e8 68 69");
        protocol.receive(frames, frames.length, 0);
        for (let event = protocol.nextEvent(); event !== undefined; event = protocol.nextEvent()) {
          if (event.type === "frame") event.frame.payload.fill(0xff);
          if (event.type === "ping") event.data.fill(0xff);
        }
        assert.deepEqual(sentBy(role, protocol), ["8a 01 02", "88 03 e8 68 69"]);
      }
    });

    test(`a ${role} goes on when the application gives away the memory of what it was handed`, () => {
      const protocol = openProtocol(role);
      const frames = toRole(role, "89 00", "82 00", "89 00", "89 01 31");
      protocol.receive(frames, frames.length, 0);
      const events: string[] = [];
      for (let event = protocol.nextEvent(); event !== undefined; event = protocol.nextEvent()) {
        events.push(event.type);
        if (event.type !== "ping" && event.type !== "message") continue;
        const { data } = event;
        assert.ok(data instanceof Uint8Array && data.buffer instanceof ArrayBuffer);
        structuredClone(data, { transfer: [data.buffer] });
      }
      assert.deepEqual(events, ["ping", "message", "ping", "ping"]);
      assert.deepEqual(sentBy(role, protocol), ["8a", "8a", "8a 31"]);
    });

    test(`a ${role} hands over frames before they take effect`, () => {
      const protocol = openProtocol(role, { reception: "frames" });
      const frames = toRole(role, "89 01  31", "88 02  03 e8");
      protocol.receive(frames, frames.length, 0);
      const seen: string[] = [];
      for (let event = protocol.nextEvent(); event !== undefined; event = protocol.nextEvent()) {
        seen.push(`${event.type}, ${protocol.state}, ${sentBy(role, protocol).join()}`);
      }
      assert.deepEqual(seen, ["frame, open, ", "ping, open, 8a 31", "frame, open, ", "close, closing, 88 03 e8"]);
    });

    test(`a ${role} hands over the pieces of a message as they arrive`, () => {
      const protocol = openProtocol(role, { reception: "fragments" });
      const first = toRole(role, "01 03  e2 82 ac");
      const body = first.length - 3;
      assert.deepEqual(receive(protocol, first.slice(0, body)), []);
      assert.deepEqual(receive(protocol, first.slice(body, body + 1)), ["fragment text first e2"]);
      assert.deepEqual(receive(protocol, first.slice(body + 1)), ["fragment text 82 ac"]);
      assert.deepEqual(receive(protocol, toRole(role, "00 00")), []);
      assert.deepEqual(receive(protocol, toRole(role, "80 01  21")), ["fragment text last 21"]);
      assert.deepEqual(receive(protocol, toRole(role, "82 00")), ["fragment binary first last empty"]);
    });

    test(`a ${role} hands over text as checked bytes when it is told to`, () => {
      const chunks = [toRole(role, "81 02  c3 a9", "01 01  c3", "80 01  a9", "81 01  c3")];
      assert.deepEqual(eventsOf(role, chunks, { textAs: "bytes" }), [
        "message text c3 a9",
        "message text c3 a9",
        "failed BAD_UTF8",
      ]);
    });

    test(`a ${role} may be lent the next chunk before the last one was read, once it was told to keep it`, () => {
      const protocol = openProtocol(role);
      const bytes = toRole(role, "81 02  48 69", "89 01  31", "82 02  01 02");
      const lent = new Uint8Array(4);
      for (let at = 0; at < bytes.length; at += lent.length) {
        lent.set(bytes.subarray(at, at + 4));
        protocol.receive(lent, Math.min(4, bytes.length - at), 0);
        protocol.retain();
        lent.fill(JUNK);
      }
      assert.deepEqual(drain(protocol).map(shown), ['message text "Hi"', "ping 31", "message binary 01 02"]);
    });

    test(`a ${role} has nothing to keep, and nothing to hand over, when nothing came`, () => {
      const protocol = openProtocol(role);
      protocol.retain();
      assert.equal(protocol.nextEvent(), undefined);
      assert.deepEqual(receive(protocol, hex("")), []);
      assert.equal(protocol.failurePending, false);
      assert.deepEqual(protocol.takeOutput(), []);
    });

    test(`a ${role} holds no more than 13 bytes of an array that it was lent, when no frame has begun`, () => {
      const platform = portablePlatform();
      const protocol = openProtocol(role, { platform });
      const bytes = joined([
        framesTo(role, { opcode: 1, payload: "x".repeat(60_000) }),
        toRole(role, "82 7e 01 00").slice(0, 3),
      ]);
      receive(protocol, bytes);
      assert.ok((platform.sizes.at(-1) ?? 0) <= 13);
    });

    test(`a ${role} that the platform has no memory for fails the connection, and does not throw`, () => {
      const platform = {
        ...portablePlatform(),
        decodeUtf8: () => {
          throw Object.assign(new Error("Cannot create a string longer than 0x1fffffe8 characters"), {
            code: "ERR_STRING_TOO_LONG",
          });
        },
        copy: () => {
          throw new RangeError("Array buffer allocation failed");
        },
      };
      for (const frames of [["81 02  c3 a9"], ["01 01  c3", "80 01  a9"], ["82 01  00"]]) {
        const protocol = openProtocol(role, { platform, limits: { maxMessageBytes: Number.POSITIVE_INFINITY } });
        assert.deepEqual(receive(protocol, toRole(role, ...frames)), ["failed MESSAGE_TOO_BIG"]);
        assert.deepEqual(sentBy(role, protocol), ["88 03 f1"]);
      }
    });
  });

  describe(`mistakes of a ${role}'s platform`, () => {
    test(`a ${role} does not hide them behind a failure of the peer's`, () => {
      const mistakes = [
        new TypeError("not a function"),
        Object.assign(new Error("odd"), { code: "ERR_ODD" }),
        "a string",
      ];
      for (const mistake of mistakes) {
        const platform = {
          ...portablePlatform(),
          copy: () => {
            throw mistake;
          },
        };
        const protocol = openProtocol(role, { platform });
        const bytes = toRole(role, "82 01  00");
        protocol.receive(bytes, bytes.length, 0);
        assert.throws(
          () => protocol.nextEvent(),
          (error) => error === mistake,
        );
        assert.equal(protocol.failurePending, false);
      }
    });
  });

  describe(`the order of what a ${role} receives and sends (RFC 6455 §5.5.1)`, () => {
    test(`a ${role}'s echo of a message goes out before the answer to the Close frame behind it`, () => {
      forEachSplit(toRole(role, "81 02  48 69", "89 01  31", "82 01  ff", "88 02  03 e8"), (chunks) => {
        const protocol = openProtocol(role);
        for (const chunk of chunks) {
          protocol.receive(chunk, chunk.length, 0);
          for (let event = protocol.nextEvent(); event !== undefined; event = protocol.nextEvent()) {
            if (event.type !== "message") continue;
            if (typeof event.data === "string") protocol.sendText(event.data);
            else protocol.sendBytes("binary", event.data);
          }
        }
        assert.deepEqual(sentBy(role, protocol), ["81 48 69", "8a 31", "82 ff", "88 03 e8"]);
      });
    });

    test(`a ${role} that closes at a message still gets what stands behind it, and answers it no more`, () => {
      const protocol = openProtocol(role);
      const bytes = toRole(role, "81 01  61", "89 01  31", "81 01  62", "88 02  03 e8");
      protocol.receive(bytes, bytes.length, 0);
      assert.equal(protocol.nextEvent()?.type, "message");
      protocol.close(4000, "", 0);
      assert.deepEqual(drain(protocol).map(shown), ["ping 31", 'message text "b"', 'close 1000 ""']);
      assert.deepEqual(sentBy(role, protocol), ["88 0f a0"]);
    });

    test(`a ${role} that fails at a message takes nothing from behind it`, () => {
      for (const reception of ["messages", "frames"] as const) {
        const protocol = openProtocol(role, { reception });
        const bytes = toRole(role, "82 01  61", "89 01  31");
        protocol.receive(bytes, bytes.length, 0);
        assert.ok(protocol.nextEvent() !== undefined);
        failWith(protocol, 1008);
        assert.equal(protocol.failurePending, true);
        assert.deepEqual(drain(protocol).map(shown), ["failed USAGE"]);
        assert.equal(protocol.failurePending, false);
        assert.deepEqual(sentBy(role, protocol), ["88 03 f0"]);
      }
    });
  });

  describe(`what a ${role} sends (RFC 6455 §5.4, §5.5, §5.6)`, () => {
    test(`a ${role} sends messages, fragments, pings and pongs`, () => {
      const protocol = openProtocol(role);
      protocol.sendText("Hi");
      protocol.sendBytes("binary", hex("ff"));
      protocol.sendBytes("text", utf8("é"));
      protocol.beginMessage("text");
      assert.equal(protocol.sendingMessage, true);
      protocol.sendFragment("a", false);
      protocol.ping(hex("01"));
      protocol.sendFragment(utf8("é"), false);
      protocol.pong(hex(""));
      protocol.sendFragment("", true);
      assert.equal(protocol.sendingMessage, false);
      protocol.beginMessage("binary");
      protocol.sendFragment(hex("c3"), true);
      protocol.sendText("!");
      assert.deepEqual(sentBy(role, protocol), [
        ...["81 48 69", "82 ff", "81 c3 a9"],
        ...["01 61", "89 01", "00 c3 a9", "8a", "80", "82 c3", "81 21"],
      ]);
    });

    test(`a ${role} sends pings and pongs of up to 125 bytes`, () => {
      const protocol = openProtocol(role);
      protocol.ping(pattern(125));
      protocol.pong(pattern(125));
      assert.deepEqual(sentBy(role, protocol), [`89 ${toHex(pattern(125))}`, `8a ${toHex(pattern(125))}`]);
    });

    test(`a ${role} sends a surrogate pair that two fragments cut`, () => {
      const protocol = openProtocol(role);
      protocol.beginMessage("text");
      protocol.sendFragment("\ud83d", false);
      protocol.sendFragment("\udc4b", true);
      assert.deepEqual(sentBy(role, protocol), ["01", "80 f0 9f 91 8b"]);
    });

    test(`a ${role} sends frames exactly as they are given`, () => {
      const protocol = openProtocol(role);
      protocol.sendFrame({ ...ASIDE, fin: false, rsv2: true, opcode: 7, payload: hex("61") }, 0);
      protocol.sendFrame({ ...ASIDE, opcode: 10, maskingKey: 0x01020304, payload: hex("61") }, 0);
      protocol.beginMessage("text");
      protocol.sendFrame({ ...ASIDE, opcode: 0 }, 0);
      protocol.sendFrame({ ...ASIDE, opcode: 15 }, 0);
      assert.equal(toHex(outputOf(protocol)), "27 01 61  8a 81 01 02 03 04 60  80 00  8f 00".replaceAll("  ", " "));
      assert.equal(protocol.state, "open");
    });

    test(`a ${role} sends payloads of every header size, and leaves the caller's bytes as they are`, () => {
      for (const length of [0, 125, 126, 16_384, 16_385, 65_535, 65_536]) {
        const protocol = openProtocol(role);
        const payload = pattern(length);
        protocol.sendBytes("binary", payload);
        protocol.beginMessage("binary");
        protocol.sendFragment(payload, true);
        const expected = toHex(joined([hex("82"), pattern(length)]));
        assert.ok(
          sentBy(role, protocol).every((frame) => frame === expected),
          `${length} bytes`,
        );
        assert.equal(Buffer.compare(payload, pattern(length)), 0);
      }
    });

    test(`a ${role} with a slab of its own for a time keeps its order`, () => {
      const protocol = openProtocol(role);
      const own = new Slab(portablePlatform(), 64);
      protocol.sendText("a");
      protocol.useSlab(own);
      protocol.sendText("b");
      assert.deepEqual(sentBy(role, protocol), ["81 61", "81 62"]);
      protocol.sendText("c");
      const [ownChunk] = protocol.takeOutput();
      assert.equal(ownChunk?.buffer, own.bytes?.buffer);
      protocol.useSlab(undefined);
      protocol.sendText("d");
      const [sharedChunk] = protocol.takeOutput();
      assert.notEqual(sharedChunk?.buffer, own.bytes?.buffer);
      assert.deepEqual(framesFrom(role, joined([ownChunk ?? hex(""), sharedChunk ?? hex("")])), ["81 63", "81 64"]);
    });

    test(`a ${role} tells how many bytes wait to be sent`, () => {
      const protocol = openProtocol(role);
      const header = role === "client" ? 6 : 2;
      assert.equal(protocol.outputBytes, 0);
      protocol.sendText("Hi");
      assert.equal(protocol.outputBytes, header + 2);
      protocol.sendBytes("binary", pattern(20_000));
      assert.equal(protocol.outputBytes, header + 2 + header + 2 + 20_000);
      protocol.takeOutput();
      assert.equal(protocol.outputBytes, 0);
    });
  });

  describe(`the caller's mistakes at a ${role}`, () => {
    const mistakes: readonly (readonly [what: string, make: (protocol: Protocol) => void])[] = [
      ["text that is not UTF-8", (protocol) => protocol.sendBytes("text", hex("48 ff"))],
      ["text that ends inside a character", (protocol) => protocol.sendBytes("text", hex("48 c3"))],
      ["a fragment without a message", (protocol) => protocol.sendFragment("a", true)],
      ["a ping of 126 bytes", (protocol) => protocol.ping(pattern(126))],
      ["a pong of 126 bytes", (protocol) => protocol.pong(pattern(126))],
      ["a close code that may not be sent", (protocol) => protocol.close(1005, "", 0)],
      ["a close reason of 124 bytes", (protocol) => protocol.close(1000, "r".repeat(124), 0)],
      ["a close reason without a code", (protocol) => protocol.close(undefined, "bye", 0)],
      ["an opcode above 15", (protocol) => protocol.sendFrame({ ...ASIDE, opcode: 16 }, 0)],
      ["an opcode below 0", (protocol) => protocol.sendFrame({ ...ASIDE, opcode: -1 }, 0)],
      ["an opcode that is no whole number", (protocol) => protocol.sendFrame({ ...ASIDE, opcode: 1.5 }, 0)],
      ["an opcode that is no number", (protocol) => protocol.sendFrame({ ...ASIDE, opcode: Number.NaN }, 0)],
    ];
    for (const [what, make] of mistakes) {
      test(`a ${role}'s caller is told of ${what}, and the connection goes on`, () => {
        const protocol = openProtocol(role);
        assert.equal(
          codeOf(() => make(protocol)),
          "USAGE",
        );
        assert.deepEqual([protocol.state, protocol.outputBytes], ["open", 0]);
        protocol.sendText("Hi");
        assert.deepEqual(sentBy(role, protocol), ["81 48 69"]);
      });
    }

    const inMessage: readonly (readonly [what: string, make: (protocol: Protocol) => void])[] = [
      ["a text", (protocol) => protocol.sendText("a")],
      ["bytes", (protocol) => protocol.sendBytes("binary", hex("01"))],
      ["bytes of text", (protocol) => protocol.sendBytes("text", hex("61"))],
      ["another begin", (protocol) => protocol.beginMessage("text")],
      ["a fragment that is not UTF-8", (protocol) => protocol.sendFragment(hex("ff"), false)],
      ["a last fragment that ends inside a character", (protocol) => protocol.sendFragment(hex("e2 82"), true)],
    ];
    for (const [what, make] of inMessage) {
      test(`a ${role}'s caller is told of ${what} inside a message, which goes on`, () => {
        const protocol = openProtocol(role);
        protocol.beginMessage("text");
        protocol.sendFragment("a", false);
        assert.equal(
          codeOf(() => make(protocol)),
          "USAGE",
        );
        assert.equal(protocol.sendingMessage, true);
        protocol.sendFragment(utf8("€"), true);
        assert.deepEqual(sentBy(role, protocol), ["01 61", "80 e2 82 ac"]);
      });
    }

    const values = [5, 126, 1e9, undefined, null, true, "text", [1, 2], { length: 3 }, new ArrayBuffer(4)];
    const wrongTypes = [...values, new Float32Array(2), new DataView(new ArrayBuffer(2)), new Uint16Array(9_000)];
    for (const [what, make] of [
      ["bytes", (protocol: Protocol) => [protocol.sendBytes, ["binary"]]],
      ["a ping", (protocol: Protocol) => [protocol.ping, []]],
      ["a pong", (protocol: Protocol) => [protocol.pong, []]],
    ] as const) {
      test(`a ${role}'s caller is told of ${what} that are no Uint8Array, and no memory is sent (CVE-2016-10518)`, () => {
        for (const value of wrongTypes) {
          const protocol = openProtocol(role);
          const [method, before] = make(protocol) as [(...args: unknown[]) => void, readonly unknown[]];
          assert.equal(
            codeOf(() => method.call(protocol, ...before, value)),
            "USAGE",
            String(value),
          );
          assert.equal(protocol.outputBytes, 0);
          protocol.sendText("Hi");
          assert.deepEqual(sentBy(role, protocol), ["81 48 69"]);
        }
      });
    }

    test(`a ${role}'s caller is told of fragments and frames whose payload is no Uint8Array`, () => {
      for (const value of wrongTypes) {
        const protocol = openProtocol(role);
        for (const maskingKey of [undefined, 5]) {
          const send = (): unknown =>
            Reflect.apply(protocol.sendFrame, protocol, [{ ...ASIDE, maskingKey, payload: value }, 0]);
          assert.equal(codeOf(send), "USAGE", String(value));
        }
        protocol.beginMessage("binary");
        const fragment = (): unknown => Reflect.apply(protocol.sendFragment, protocol, [value, true]);
        assert.equal(codeOf(fragment), "USAGE", String(value));
        assert.equal(protocol.outputBytes, 0);
        protocol.sendFragment(hex("01"), true);
        assert.deepEqual(sentBy(role, protocol), ["82 01"]);
      }
    });
  });
}

describe("masks (RFC 6455 §5.1)", () => {
  test("a server fails the connection with 1002 for a frame without a mask", () => {
    forEachSplit(hex("81 02 48 69"), (chunks) => {
      assert.deepEqual(eventsOf("server", chunks), ["failed MASK_MISSING"]);
    });
    assert.deepEqual(repliesOf("server", [hex("81 02 48 69")]), ["88 03 ea"]);
  });

  test("a client fails the connection with 1002 for a frame with a mask", () => {
    forEachSplit(hex("81 82 00 00 00 00 48 69"), (chunks) => {
      assert.deepEqual(eventsOf("client", chunks), ["failed MASK_UNEXPECTED"]);
    });
    assert.deepEqual(repliesOf("client", [hex("81 82 00 00 00 00 48 69")]), ["88 03 ea"]);
  });
});

test("every fault of a peer, and every limit of the engine, is raised by a test above, the time or a codec", () => {
  const raised = [...FAULTS.map(([code]) => code), "MASK_MISSING", "MASK_UNEXPECTED", "BAD_DEFLATE"];
  assert.deepEqual(raised.sort(), Object.keys(PROTOCOL_ERRORS).sort());
  // The last three are raised by whoever has the connection
  const over = [...OVER.map(([code]) => code), "MESSAGE_TIMEOUT", "OUTBOUND_FULL", "MEMORY_FULL", "RATE_EXCEEDED"];
  assert.deepEqual(over.sort(), Object.keys(LIMIT_ERRORS).sort());
});

/** Fail the connection as a driver does. */
function failWith(protocol: Protocol, closeCode: number): void {
  let error: unknown;
  try {
    protocol.sendFragment("", true);
  } catch (mistake) {
    error = mistake;
  }
  protocol.fail(error as Parameters<Protocol["fail"]>[0], closeCode, 0);
}
