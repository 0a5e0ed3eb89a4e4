import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import type { Platform } from "../../../src/engine/bytes/platform.ts";
import { resolveLimits } from "../../../src/engine/messages/limits.ts";
import type { Reception } from "../../../src/engine/messages/message.ts";
import type { Role } from "../../../src/engine/protocol/protocol-kit.ts";
import type { ReceiverEvent, ReceiverOptions } from "../../../src/engine/protocol/receiver.ts";
import { Receiver } from "../../../src/engine/protocol/receiver.ts";
import { nodePlatform } from "../../../src/node/connection/node-platform.ts";
import {
  codeOf,
  cutAt,
  forEachSplit,
  frameBytes,
  framesTo,
  hex,
  joined,
  JUNK,
  pattern,
  portablePlatform,
  ROLES,
  shown,
  shownData,
  toHex,
  toRole,
  utf8,
} from "../engine-test-kit.ts";

const RECEPTIONS: readonly Reception[] = ["messages", "fragments", "frames"];
const PLATFORMS = [
  ["portable code", portablePlatform],
  ["Node's platform", (): Platform => nodePlatform],
] as const;

interface Settings extends Partial<Omit<ReceiverOptions, "limits">> {
  readonly limits?: Parameters<typeof resolveLimits>[0];
  readonly platform?: Platform;
}

function receiverOf(role: Role, { platform = portablePlatform(), limits, ...rest }: Settings = {}): Receiver {
  return new Receiver(platform, role === "server", {
    reception: "messages",
    textAs: "string",
    limits: resolveLimits(limits),
    ...rest,
  });
}

/** Feed a chunk that is only lent, and take all events; they are looked at when it was overwritten. */
function take(receiver: Receiver, chunk: Uint8Array): string[] {
  const lent = joined([chunk, hex("dd dd dd")]);
  const events: ReceiverEvent[] = [];
  let failure: string | undefined;
  receiver.feed(lent, chunk.length);
  const code = codeOf(() => {
    for (let event = receiver.next(); event !== undefined; event = receiver.next()) events.push(event);
  });
  if (code !== "nothing thrown") failure = code;
  lent.fill(JUNK);
  return [...events.map(line), ...(failure === undefined ? [] : [failure])];
}

/** The events of all chunks, up to the first failure: after it a receiver is used up. */
function takeAll(receiver: Receiver, chunks: readonly Uint8Array[]): string[] {
  const events: string[] = [];
  for (const chunk of chunks) {
    events.push(...take(receiver, chunk));
    if (/^[A-Z_0-9]+$/.test(events.at(-1) ?? "")) break;
  }
  return events;
}

function line(event: ReceiverEvent): string {
  return event.type === "control" ? `control ${event.opcode} ${shownData(event.payload)}` : shown(event);
}

/** With reception "fragments" how many pieces there are depends on the chunks: join those of each message. */
function joinPieces(events: readonly string[]): string[] {
  const lines: string[] = [];
  let open: string | undefined;
  for (const event of events) {
    const piece = /^fragment (text|binary)( first)?( last)? (.*)$/.exec(event);
    if (piece === null) {
      lines.push(event);
      continue;
    }
    const [, kind, first, last, data] = piece;
    assert.equal(first !== undefined, open === undefined, `a piece is wrongly first, or not: ${event}`);
    if (data === "empty") assert.notEqual(last, undefined, "an empty piece in the middle");
    open = `${open ?? `fragments ${kind}`}${data === "empty" ? "" : ` ${data}`}`;
    if (last === undefined) continue;
    lines.push(open);
    open = undefined;
  }
  return open === undefined ? lines : [...lines, `${open} …`];
}

/** Frames without masking, and what each reception makes of them. */
const STREAMS = [
  {
    what: "a text message",
    frames: ["81 02  48 69"], // "Hi"
    messages: ['message text "Hi"'],
    fragments: ["fragments text 48 69"],
    raw: ["frame fin 1 48 69"],
  },
  {
    what: "a binary message",
    frames: ["82 03  00 80 ff"],
    messages: ["message binary 00 80 ff"],
    fragments: ["fragments binary 00 80 ff"],
    raw: ["frame fin 2 00 80 ff"],
  },
  {
    what: "empty messages",
    frames: ["81 00", "82 00"],
    messages: ['message text ""', "message binary empty"],
    fragments: ["fragments text", "fragments binary"],
    raw: ["frame fin 1 empty", "frame fin 2 empty"],
  },
  {
    what: "a text in three fragments that cut its characters",
    frames: ["01 02  e2 82", "00 03  ac f0 9f", "80 02  98 80"], // "€😀"
    messages: ['message text "€😀"'],
    fragments: ["fragments text e2 82 ac f0 9f 98 80"],
    raw: ["frame 1 e2 82", "frame 0 ac f0 9f", "frame fin 0 98 80"],
  },
  {
    what: "a message of empty fragments alone",
    frames: ["02 00", "00 00", "80 00"],
    messages: ["message binary empty"],
    fragments: ["fragments binary"],
    raw: ["frame 2 empty", "frame 0 empty", "frame fin 0 empty"],
  },
  {
    what: "a message whose first and last fragments are empty",
    frames: ["01 00", "00 02  48 69", "80 00"],
    messages: ['message text "Hi"'],
    fragments: ["fragments text 48 69"],
    raw: ["frame 1 empty", "frame 0 48 69", "frame fin 0 empty"],
  },
  {
    what: "control frames between fragments",
    frames: ["89 00", "01 01  48", "89 02  70 31", "00 01  69", "8a 01  ff", "80 01  21"], // "Hi!"
    messages: ["control 9 empty", "control 9 70 31", "control 10 ff", 'message text "Hi!"'],
    fragments: ["control 9 empty", "control 9 70 31", "control 10 ff", "fragments text 48 69 21"],
    raw: [
      ...["frame fin 9 empty", "control 9 empty", "frame 1 48", "frame fin 9 70 31", "control 9 70 31"],
      ...["frame 0 69", "frame fin 10 ff", "control 10 ff", "frame fin 0 21"],
    ],
  },
  {
    what: "a Close frame",
    frames: ["88 05  03 e8 62 79 65"], // 1000 "bye"
    messages: ["control 8 03 e8 62 79 65"],
    fragments: ["control 8 03 e8 62 79 65"],
    raw: ["frame fin 8 03 e8 62 79 65", "control 8 03 e8 62 79 65"],
  },
  {
    what: "messages one behind the other",
    frames: ["81 01  61", "02 01  62", "80 01  63", "81 01  64", "82 00"],
    messages: ['message text "a"', "message binary 62 63", 'message text "d"', "message binary empty"],
    fragments: ["fragments text 61", "fragments binary 62 63", "fragments text 64", "fragments binary"],
    raw: ["frame fin 1 61", "frame 2 62", "frame fin 0 63", "frame fin 1 64", "frame fin 2 empty"],
  },
  {
    what: "a text that begins with U+FEFF, which is kept",
    frames: ["81 04  ef bb bf 41"],
    messages: ['message text "\ufeffA"'],
    fragments: ["fragments text ef bb bf 41"],
    raw: ["frame fin 1 ef bb bf 41"],
  },
] as const;

/** Streams with a fault, and what is seen before it. */
const FAULTS = [
  ["a continuation has no message", ["80 00"], "CONTINUATION_UNEXPECTED"],
  ["a continuation follows a whole message", ["82 00", "80 00"], "CONTINUATION_UNEXPECTED"],
  ["a text begins inside a message", ["02 01  61", "81 00"], "CONTINUATION_EXPECTED"],
  ["a binary message begins inside a message, behind a ping", ["01 00", "89 00", "02 00"], "CONTINUATION_EXPECTED"],
  ["the opcode is reserved", ["83 00"], "OPCODE_RESERVED"],
  ["a reserved bit is set", ["c1 00"], "RSV_UNEXPECTED"],
  ["a ping is fragmented", ["09 00"], "CONTROL_FRAGMENTED"],
  ["a ping is too long", ["89 7e 00 7e"], "CONTROL_TOO_LONG"],
  ["the length is not minimal", ["82 7e 00 01"], "LENGTH_NOT_MINIMAL"],
  ["the length is above 2^53 - 1", ["82 7f ff ff ff ff ff ff ff ff"], "LENGTH_TOO_LARGE"],
  ["a text is not UTF-8", ["81 03  48 ff 69"], "BAD_UTF8"],
  ["a text ends inside a character", ["81 02  48 c3"], "BAD_UTF8"],
  ["a fragmented text ends inside a character", ["01 02  e2 82", "80 00"], "BAD_UTF8"],
  ["a second fragment breaks a character", ["01 02  e2 82", "00 01  48"], "BAD_UTF8"],
] as const;

for (const role of ROLES) {
  for (const [platformName, platformOf] of PLATFORMS) {
    describe(`what a ${role} receives, with ${platformName} (RFC 6455 §5.2–§5.6)`, () => {
      for (const { what, frames, messages, fragments, raw } of STREAMS) {
        const bytes = toRole(role, ...frames);

        test(`a ${role} hands over ${what} as whole messages, however it is cut`, () => {
          forEachSplit(bytes, (chunks) => {
            assert.deepEqual(takeAll(receiverOf(role, { platform: platformOf() }), chunks), messages);
          });
        });

        test(`a ${role} hands over ${what} with its text as bytes`, () => {
          const asBytes = messages.map((event) =>
            event.replace(/^message text (".*")$/s, (_, text) => `message text ${shownData(utf8(JSON.parse(text)))}`),
          );
          forEachSplit(bytes, (chunks) => {
            const receiver = receiverOf(role, { platform: platformOf(), textAs: "bytes" });
            assert.deepEqual(takeAll(receiver, chunks), asBytes);
          });
        });

        test(`a ${role} hands over ${what} as fragments, piece by piece as they arrive`, () => {
          forEachSplit(bytes, (chunks) => {
            const receiver = receiverOf(role, { platform: platformOf(), reception: "fragments" });
            assert.deepEqual(joinPieces(takeAll(receiver, chunks)), fragments);
          });
        });

        test(`a ${role} hands over ${what} as raw frames, control frames before they take effect`, () => {
          forEachSplit(bytes, (chunks) => {
            const receiver = receiverOf(role, { platform: platformOf(), reception: "frames" });
            const events = takeAll(receiver, chunks).map((event) => event.replace(/ key [0-9a-f]{8}/, ""));
            assert.deepEqual(events, raw);
          });
        });
      }

      for (const reception of RECEPTIONS) {
        for (const [what, frames, code] of FAULTS) {
          test(`a ${role} fails with ${code} when ${what}, with reception ${reception}`, () => {
            forEachSplit(toRole(role, ...frames), (chunks) => {
              const receiver = receiverOf(role, { platform: platformOf(), reception });
              assert.equal(takeAll(receiver, chunks).at(-1), code);
            });
          });
        }
      }
    });
  }

  describe(`bad UTF-8 that a ${role} receives (RFC 6455 §8.1)`, () => {
    const bad = [
      ["an overlong form", "c0 80", 0],
      ["a surrogate", "ed a0 80", 1],
      ["a character above U+10FFFF", "f4 90 80 80", 1],
      ["a byte that never occurs", "ff", 0],
      ["a character cut short", "e2 82 41", 2],
    ] as const;
    for (const reception of RECEPTIONS) {
      for (const [what, sequence, badAt] of bad) {
        test(`a ${role} fails when ${what} appears in a frame that arrives in pieces, reception ${reception}`, () => {
          const payload = joined([utf8("κόσμε"), hex(sequence), utf8("and far more text behind it")]);
          const bytes = framesTo(role, { opcode: 1, payload });
          const failsWith = bytes.length - payload.length + utf8("κόσμε").length + badAt;
          for (let cut = bytes.length - payload.length; cut <= failsWith; cut++) {
            const receiver = receiverOf(role, { reception });
            const [before = hex(""), after = hex("")] = cutAt(bytes, [cut]);
            assert.ok(!take(receiver, before).includes("BAD_UTF8"), `at ${cut}, before the bad byte`);
            assert.deepEqual(take(receiver, after.slice(0, failsWith - cut + 1)), ["BAD_UTF8"], `cut at ${cut}`);
          }
        });

        test(`a ${role} fails when ${what} appears in a fragment, not at the end, reception ${reception}`, () => {
          const text = joined([utf8("κόσ"), hex(sequence)]);
          const bad = utf8("κόσ").length + badAt;
          // Each byte a fragment; the message is never finished.
          const frames = Array.from(text, (byte, i) => ({
            fin: false,
            opcode: i === 0 ? 1 : 0,
            payload: Uint8Array.of(byte),
          }));
          const receiver = receiverOf(role, { reception });
          for (const [i, frame] of frames.slice(0, bad + 1).entries()) {
            const failed = take(receiver, framesTo(role, frame)).includes("BAD_UTF8");
            assert.equal(failed, i === bad, `fragment ${i}`);
          }
        });
      }
    }
  });

  describe(`limits of what a ${role} receives (RFC 6455 §10.4)`, () => {
    const over = [
      ["a message", "82 7f 00 00 00 00 80 00 00 00", "MESSAGE_TOO_BIG"], // 2^31
      ["a message", "82 7f 00 00 00 01 00 00 00 05", "MESSAGE_TOO_BIG"], // 2^32 + 5
      ["a message", "81 7f 00 1f ff ff ff ff ff ff", "MESSAGE_TOO_BIG"], // 2^53 - 1
      ["a message", "82 7f 00 20 00 00 00 00 00 00", "LENGTH_TOO_LARGE"], // 2^53
      ["a message", "82 7f 80 00 00 00 00 00 00 00", "LENGTH_TOO_LARGE"], // 2^63
      ["a message", "82 7f ff ff ff ff 00 00 00 01", "LENGTH_TOO_LARGE"],
      ["a first fragment", "01 7f 00 00 00 00 00 10 00 01", "MESSAGE_TOO_BIG"], // 1 MiB + 1
    ] as const;
    for (const reception of RECEPTIONS) {
      for (const [what, header, code] of over) {
        test(`a ${role} fails for ${what} with the header ${header} before it allocates, reception ${reception}`, () => {
          forEachSplit(toRole(role, header), (chunks) => {
            const platform = portablePlatform();
            const receiver = receiverOf(role, { platform, reception });
            assert.deepEqual(takeAll(receiver, chunks), [code]);
            assert.ok(
              platform.sizes.every((size) => size <= 14),
              `allocated ${platform.sizes}`,
            );
          });
        });
      }

      test(`a ${role} fails for a limit before it takes the bytes that came with the header, reception ${reception}`, () => {
        const platform = portablePlatform();
        const receiver = receiverOf(role, { platform, reception, limits: { maxFrameBytes: 1_000 } });
        const bytes = framesTo(role, { opcode: 2, payload: pattern(1_001) });
        assert.deepEqual(take(receiver, bytes), ["FRAME_TOO_BIG"]);
        assert.deepEqual(platform.sizes, []);
      });

      test(`a ${role} counts empty fragments, reception ${reception}`, () => {
        const receiver = receiverOf(role, { reception, limits: { maxFragments: 10 } });
        assert.ok(!take(receiver, toRole(role, "02 00")).includes("TOO_MANY_FRAGMENTS"));
        for (let i = 2; i <= 10; i++) {
          assert.ok(!take(receiver, toRole(role, "00 00", "89 00")).includes("TOO_MANY_FRAGMENTS"), `fragment ${i}`);
        }
        assert.deepEqual(take(receiver, toRole(role, "00 00")), ["TOO_MANY_FRAGMENTS"]);
      });

      test(`a ${role} adds up fragments, reception ${reception}`, () => {
        const receiver = receiverOf(role, { reception, limits: { maxMessageBytes: 5 } });
        take(receiver, toRole(role, "02 03  01 02 03", "00 02  04 05"));
        assert.deepEqual(take(receiver, toRole(role, "80 01")), ["MESSAGE_TOO_BIG"]);
      });
    }

    test(`a ${role} holds little of a large frame that hardly comes`, () => {
      const platform = portablePlatform();
      const receiver = receiverOf(role, { platform, limits: { maxMessageBytes: 2 ** 53 - 1 } });
      take(receiver, toRole(role, "82 7f 00 1f ff ff ff ff ff ff"));
      let arrived = 0;
      for (const size of [1, 1, 100, 4_000, 4_000, 100_000]) {
        arrived += size;
        platform.sizes.length = 0;
        take(receiver, new Uint8Array(size));
        for (const allocated of platform.sizes) assert.ok(allocated <= Math.max(4_096, 17 * arrived));
      }
    });
  });

  describe(`memory that a ${role} is lent (RFC 6455 §10.4)`, () => {
    for (const reception of RECEPTIONS) {
      test(`a ${role} may be told to keep what it did not come to, and goes on from there, reception ${reception}`, () => {
        const bytes = toRole(
          role,
          "81 02  48 69",
          "89 01  70",
          "01 01  61",
          "00 01  62",
          "8a 00",
          "80 01  63",
          "82 01 ff",
        );
        const [expected] = [joinPieces(take(receiverOf(role, { reception }), bytes.slice()))];
        for (let stopAfter = 0; stopAfter <= 10; stopAfter++) {
          const receiver = receiverOf(role, { reception });
          const lent = bytes.slice();
          receiver.feed(lent, lent.length);
          const events: string[] = [];
          for (let i = 0; i < stopAfter; i++) {
            const event = receiver.next();
            if (event !== undefined) events.push(line(event));
          }
          receiver.retain();
          lent.fill(JUNK);
          events.push(...take(receiver, hex("")));
          assert.deepEqual(joinPieces(events), expected, `stopped after ${stopAfter}`);
        }
      });

      test(`a ${role} hands over bytes that are the application's own, reception ${reception}`, () => {
        for (const platformOf of [portablePlatform, (): Platform => nodePlatform]) {
          const receiver = receiverOf(role, { reception, platform: platformOf() });
          const frames = toRole(role, "82 02  01 02", "89 02  03 04", "02 02  05 06", "80 02  07 08");
          const handed: Uint8Array[] = [];
          receiver.feed(frames, frames.length);
          for (let event = receiver.next(); event !== undefined; event = receiver.next()) {
            if (event.type === "control") handed.push(event.payload);
            else if (event.type === "frame") handed.push(event.frame.payload);
            else if (event.type === "inflate") assert.fail("nothing came compressed");
            else if (typeof event.data !== "string") handed.push(event.data);
          }
          const before = handed.map(toHex);
          for (const [i, own] of handed.entries()) {
            own.fill(0xee);
            handed.forEach((other, j) => {
              if (j > i) assert.equal(toHex(other), before[j], `array ${j} is also array ${i}`);
            });
          }
        }
      });

      test(`a ${role} hands over empty payloads that are the application's own, reception ${reception}`, () => {
        const receiver = receiverOf(role, { reception });
        const buffers = new Set<ArrayBufferLike>();
        let handed = 0;
        const frames = toRole(role, "89 00", "89 00", "82 00", "8a 00");
        receiver.feed(frames, frames.length);
        for (let event = receiver.next(); event !== undefined; event = receiver.next()) {
          const { payload, data } = { payload: undefined, data: undefined, ...event };
          const bytes = event.type === "frame" ? event.frame.payload : (payload ?? data);
          assert.ok(bytes instanceof Uint8Array);
          buffers.add(bytes.buffer);
          handed += 1;
        }
        assert.equal(buffers.size, handed);
      });
    }

    test(`a ${role} allocates for a message what its frames announce, and no more often than they do`, () => {
      const platform = portablePlatform();
      const receiver = receiverOf(role, { platform });
      const first = framesTo(role, { fin: false, opcode: 2, payload: pattern(3_000) });
      const last = framesTo(role, { opcode: 0, payload: pattern(2_000) });
      for (const chunk of [...cutAt(first, [1_000, 2_000]), ...cutAt(last, [500, 1_000, 1_500])]) take(receiver, chunk);
      assert.deepEqual(platform.sizes, [3_000, 5_000]);
    });

    test(`a ${role} allocates for a raw frame what it announces`, () => {
      const platform = portablePlatform();
      const receiver = receiverOf(role, { platform, reception: "frames" });
      take(receiver, framesTo(role, { fin: false, opcode: 2, payload: pattern(3_000) }));
      const last = framesTo(role, { opcode: 0, payload: pattern(2_000) });
      for (const chunk of cutAt(last, [500, 1_000])) take(receiver, chunk);
      assert.deepEqual(platform.sizes, [3_000, 2_000]);
    });

    test(`a ${role} does not keep the memory alive that it was lent for part of a frame`, () => {
      setFlagsFromString("--expose-gc");
      const collect: () => void = runInNewContext("gc");
      const size = 1 << 26;
      const receivers = ["82 03  01", "89 03  01", "82 03", "81"].map((frame) => {
        const receiver = receiverOf(role);
        const lent = new Uint8Array(size);
        const bytes = frame === "81" ? hex(frame) : toRole(role, frame);
        lent.set(bytes);
        receiver.feed(lent, bytes.length);
        assert.equal(receiver.next(), undefined);
        return receiver;
      });
      for (let i = 0; i < 10 && process.memoryUsage().arrayBuffers >= size; i++) collect();
      assert.ok(process.memoryUsage().arrayBuffers < size, `${process.memoryUsage().arrayBuffers} bytes are kept`);
      assert.equal(receivers.length, 4);
    });

    test(`a ${role} is idle between messages and only there`, () => {
      const bytes = toRole(role, "01 01  61", "89 00", "80 01  62");
      const receiver = receiverOf(role);
      assert.equal(receiver.idle, true);
      for (let at = 0; at < bytes.length; at++) {
        take(receiver, bytes.slice(at, at + 1));
        const last = at === bytes.length - 1;
        assert.equal(receiver.idle, last, `after byte ${at}`);
      }
      assert.equal(receiver.inMessage, false);
      take(receiver, toRole(role, "89 05  61"));
      assert.equal(receiver.idle, false);
      assert.equal(receiver.inMessage, false);
    });

    test(`a ${role} says how much the frames of a message have announced`, () => {
      const receiver = receiverOf(role);
      take(receiver, toRole(role, "01 03  61 62 63"));
      assert.equal(receiver.announcedBytes, 3);
      take(receiver, toRole(role, "00 05  61"));
      assert.equal(receiver.announcedBytes, 8);
    });

    test(`a ${role} is not idle before a control frame that was handed over took effect`, () => {
      const receiver = receiverOf(role, { reception: "frames" });
      const ping = toRole(role, "89 00");
      receiver.feed(ping, ping.length);
      assert.equal(receiver.next()?.type, "frame");
      assert.equal(receiver.idle, false);
      assert.equal(receiver.next()?.type, "control");
      assert.equal(receiver.next(), undefined);
      assert.equal(receiver.idle, true);
    });
  });

  describe(`large messages that a ${role} receives (RFC 6455 §5.2)`, () => {
    for (const length of [125, 126, 65_535, 65_536, 200_000]) {
      for (const reception of RECEPTIONS) {
        test(`a ${role} hands over ${length} bytes, reception ${reception}`, () => {
          const payload = pattern(length);
          forEachSplit(framesTo(role, { opcode: 2, payload }), (chunks) => {
            const receiver = receiverOf(role, { reception, platform: nodePlatform });
            const parts: Uint8Array[] = [];
            for (const chunk of chunks) {
              receiver.feed(chunk, chunk.length);
              for (let event = receiver.next(); event !== undefined; event = receiver.next()) {
                assert.ok(event.type !== "control" && event.type !== "inflate");
                const bytes = event.type === "frame" ? event.frame.payload : event.data;
                assert.ok(bytes instanceof Uint8Array);
                parts.push(bytes);
              }
              chunk.fill(JUNK);
            }
            assert.equal(Buffer.compare(joined(parts), payload), 0);
          });
        });
      }
    }
  });
}

for (const role of ROLES) {
  for (const [platformName, platformOf] of PLATFORMS) {
    describe(`compressed messages that a ${role} receives, with ${platformName} (RFC 7692 §6)`, () => {
      /** A receiver that has read up to a job for the message of these frames. */
      function withJob(settings: Settings, ...frames: string[]): Receiver {
        const receiver = receiverOf(role, { platform: platformOf(), ...settings });
        receiver.rsvAllowed = 0x40;
        const bytes = toRole(role, ...frames);
        receiver.feed(bytes, bytes.length);
        assert.equal(receiver.next()?.type, "inflate");
        return receiver;
      }

      for (const [frame, settings, expected] of [
        ["c1 01  61", {}, 'message text "a€😀"'],
        ["c1 01  61", { textAs: "bytes" }, "message text 61 e2 82 ac f0 9f 98 80"],
        ["c2 01  61", {}, "message binary 61 e2 82 ac f0 9f 98 80"],
        ["c1 01  61", { reception: "fragments" }, "fragment text first last 61 e2 82 ac f0 9f 98 80"],
        ["c2 01  61", { reception: "fragments" }, "fragment binary first last 61 e2 82 ac f0 9f 98 80"],
      ] as const satisfies readonly (readonly [string, Settings, string])[]) {
        test(`a ${role} makes ${expected} of what was inflated, in the middle of the codec's memory`, () => {
          const receiver = withJob(settings, frame);
          const lent = joined([hex("ff ff"), utf8("a€😀"), hex("ff")]);
          receiver.finishJob(lent, 2, lent.length - 1);
          lent.fill(JUNK);
          const event = receiver.next();
          assert.ok(event !== undefined);
          assert.equal(line(event), expected);
          assert.equal(receiver.next(), undefined);
        });
      }

      test(`a ${role} is not idle, and in no message, until what was inflated has been handed over`, () => {
        const receiver = withJob({}, "41 02  61 62", "80 01  63");
        assert.equal(receiver.announcedBytes, 3);
        assert.deepEqual([receiver.idle, receiver.inMessage, receiver.next()], [false, false, undefined]);
        assert.equal(receiver.job?.type, "inflate");
        receiver.finishJob(hex("64"), 0, 1);
        assert.deepEqual([receiver.idle, receiver.inMessage, receiver.job], [false, false, undefined]);
        assert.equal(receiver.next()?.type, "message");
        assert.equal(receiver.idle, true);
      });

      test(`a ${role} lends a job's bytes no longer than until it is told to keep the rest`, () => {
        const receiver = withJob({}, "41 02  61 62", "80 01  63");
        assert.equal(receiver.job?.bytes.length, 3);
        assert.equal(receiver.heldBytes, 3);
        receiver.retain();
        // Whoever inflates them later has a copy, which is counted
        assert.equal(receiver.job?.bytes.length, 0);
        assert.equal(receiver.heldBytes, 3);
      });

      test(`a ${role} keeps what comes behind a job, before and after it is told to`, () => {
        const receiver = receiverOf(role, { platform: platformOf() });
        receiver.rsvAllowed = 0x40;
        const lent = toRole(role, "c1 01  61", "81 01  62", "01 01  63");
        receiver.feed(lent, lent.length);
        assert.equal(receiver.next()?.type, "inflate");
        receiver.retain();
        lent.fill(JUNK);
        assert.deepEqual(take(receiver, toRole(role, "80 01  64")), []);
        assert.deepEqual(take(receiver, hex("")), []);
        receiver.finishJob(hex("61"), 0, 1);
        assert.deepEqual(take(receiver, hex("")), ['message text "a"', 'message text "b"', 'message text "cd"']);
        assert.equal(receiver.idle, true);
      });

      test(`a ${role} fails with BAD_UTF8 for what became no UTF-8, and not for what was none before`, () => {
        const receiver = withJob({}, "c1 01  ff");
        assert.equal(
          codeOf(() => receiver.finishJob(hex("61 ff"), 0, 2)),
          "BAD_UTF8",
        );
        const other = withJob({}, "41 01  ff", "80 01  c3");
        other.finishJob(hex("ff 61 ff"), 1, 2);
        assert.deepEqual(take(other, hex("")), ['message text "a"']);
      });
    });
  }
}

describe("text that unmasking shows to be ASCII (RFC 6455 §5.6)", () => {
  test("a server neither checks nor decodes it as UTF-8, whole or in pieces", () => {
    const no = (): never => assert.fail("taken for more than ASCII");
    const whole = receiverOf("server", { platform: { ...portablePlatform(), isUtf8: no, decodeUtf8: no } });
    for (const text of ["", "Hello", "x".repeat(500)]) {
      assert.deepEqual(take(whole, framesTo("server", { opcode: 1, payload: text })), [
        `message text ${shownData(text)}`,
      ]);
    }
    const bytes = framesTo(
      "server",
      { fin: false, opcode: 1, payload: "Hello" },
      { opcode: 0, payload: "x".repeat(50) },
    );
    forEachSplit(bytes, (chunks) => {
      const receiver = receiverOf("server", { platform: { ...portablePlatform(), isUtf8: no } });
      assert.deepEqual(takeAll(receiver, chunks), [`message text "Hello${"x".repeat(50)}"`]);
    });
  });
});

describe("raw frames (RFC 6455 §5.2)", () => {
  test("a server is told the masking key, a client that there is none", () => {
    const frame = frameBytes({ opcode: 1, key: 0x01020304, payload: "Hi" });
    forEachSplit(frame, (chunks) => {
      const server = receiverOf("server", { reception: "frames" });
      assert.deepEqual(takeAll(server, chunks), ["frame fin 1 key 01020304 48 69"]);
    });
    forEachSplit(frameBytes({ opcode: 1, payload: "Hi" }), (chunks) => {
      const client = receiverOf("client", { reception: "frames" });
      assert.deepEqual(takeAll(client, chunks), ["frame fin 1 48 69"]);
    });
  });
});
