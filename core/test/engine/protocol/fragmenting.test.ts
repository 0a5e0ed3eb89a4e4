import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Protocol } from "../../../src/engine/protocol/protocol.ts";
import type { Role } from "../../../src/engine/protocol/protocol-kit.ts";
import type { EndpointOptions } from "../engine-test-kit.ts";
import {
  chanceOf,
  codeOf,
  deflatingProtocol,
  eventsOf,
  framesFrom,
  hex,
  joined,
  openProtocol,
  outputOf,
  pattern,
  portablePlatform,
  ROLES,
  sentBy,
  shownData,
  toHex,
  utf8,
} from "../engine-test-kit.ts";
import { finish, reversed } from "./fake-codec.ts";

const KEYS = [0x37fa213d, 0x01020304, 0xff00ff01 | 0, 0x7f800001];

/** What frames are expected of a payload: first byte and payload, cut by plain arithmetic. */
function cut(first: number, payload: Uint8Array, size: number): string[] {
  const frames: string[] = [];
  const opcodeAndRsv = first & 0x7f;
  for (let at = 0; at < Math.max(1, payload.length); at += size) {
    const isLast = at + size >= payload.length;
    const byte = (isLast ? 0x80 : 0) | (at === 0 ? opcodeAndRsv : 0);
    frames.push(toHex(joined([Uint8Array.of(byte), payload.subarray(at, at + size)])));
  }
  return frames;
}

/** What an endpoint sends, a client with other keys from frame to frame. */
function sent(role: Role, options: EndpointOptions, send: (protocol: Protocol) => void): string[] {
  const protocol = openProtocol(role, { platform: portablePlatform(KEYS), ...options });
  send(protocol);
  return framesFrom(role, outputOf(protocol), KEYS);
}

for (const role of ROLES) {
  describe(`messages that a ${role} cuts into frames (RFC 6455 §5.4)`, () => {
    for (const length of [0, 1, 6, 7, 8, 13, 14, 15, 21, 100]) {
      test(`a ${role} sends ${length} bytes in frames of 7, of which the last may be shorter and is never empty`, () => {
        const payload = pattern(length);
        const expected = cut(0x82, payload, 7);
        assert.deepEqual(
          sent(role, { fragmentBytes: 7 }, (protocol) => protocol.sendBytes("binary", payload)),
          expected,
        );
        assert.equal(expected.length, Math.max(1, Math.ceil(length / 7)));
        assert.equal(toHex(payload), toHex(pattern(length)), "the caller's bytes stay as they were");
        const letters = payload.map((byte) => 97 + (byte % 26));
        const text = new TextDecoder().decode(letters);
        for (const send of [
          (protocol: Protocol): void => protocol.sendText(text),
          (protocol: Protocol): void => protocol.sendBytes("text", letters),
        ]) {
          assert.deepEqual(sent(role, { fragmentBytes: 7 }, send), cut(0x81, letters, 7));
        }
      });
    }

    test(`a ${role} cuts text by its bytes, also within a character`, () => {
      const frames = sent(role, { fragmentBytes: 4 }, (protocol) => protocol.sendText("€😀é"));
      assert.deepEqual(frames, ["01 e2 82 ac f0", "00 9f 98 80 c3", "80 a9"]);
    });

    test(`a ${role} counts the bytes of a text, not its characters`, () => {
      assert.deepEqual(
        sent(role, { fragmentBytes: 9 }, (protocol) => protocol.sendText("€€€")),
        [`81 ${toHex(utf8("€€€"))}`],
      );
      assert.equal(sent(role, { fragmentBytes: 8 }, (protocol) => protocol.sendText("€€€")).length, 2);
    });

    test(`a ${role} cuts into single bytes`, () => {
      assert.deepEqual(
        sent(role, { fragmentBytes: 1 }, (protocol) => protocol.sendText("abc")),
        ["01 61", "00 62", "80 63"],
      );
    });

    for (const size of [125, 126, 16_384, 65_535]) {
      test(`a ${role} cuts at ${size} bytes with lengths that are minimal, one byte over and at multiples`, () => {
        for (const length of [size, size + 1, 2 * size]) {
          const payload = pattern(length).map((byte) => byte & 0x7f);
          const text = new TextDecoder().decode(payload);
          for (const [first, send] of [
            [0x82, (protocol: Protocol): void => protocol.sendBytes("binary", payload)],
            [0x81, (protocol: Protocol): void => protocol.sendText(text)],
          ] as const) {
            const frames = sent(role, { fragmentBytes: size }, send);
            assert.deepEqual(frames.map(shownData), cut(first, payload, size).map(shownData), `${length} bytes`);
          }
        }
      });
    }

    test(`a ${role}'s frames stand between those of other messages, and in their order`, () => {
      const frames = sent(role, { fragmentBytes: 2 }, (protocol) => {
        protocol.sendText("ab");
        protocol.sendText("cde");
        protocol.ping(hex("01 02 03"));
        protocol.sendBytes("binary", hex("04 05 06"));
        protocol.sendText("");
      });
      assert.deepEqual(frames, ["81 61 62", "01 63 64", "80 65", "89 01 02 03", "02 04 05", "80 06", "81"]);
    });

    test(`a ${role} never cuts control frames`, () => {
      const frames = sent(role, { fragmentBytes: 1 }, (protocol) => {
        protocol.ping(hex("01 02 03"));
        protocol.pong(hex("04 05 06"));
        protocol.close(1000, "bye", 0);
      });
      assert.deepEqual(frames, ["89 01 02 03", "8a 04 05 06", "88 03 e8 62 79 65"]);
    });

    test(`a ${role} leaves frames and fragments of the application's own as they are`, () => {
      const frames = sent(role, { fragmentBytes: 1 }, (protocol) => {
        protocol.beginMessage("text");
        protocol.sendFragment("abc", false);
        protocol.sendFragment("de", true);
        const rsv = { rsv1: false, rsv2: false, rsv3: false };
        protocol.sendFrame({ fin: true, ...rsv, opcode: 2, maskingKey: "auto", payload: hex("01 02") }, 0);
      });
      assert.deepEqual(frames, ["01 61 62 63", "80 64 65", "82 01 02"]);
    });

    test(`a ${role} sends what is compressed in frames of so many compressed bytes, RSV1 in the first alone (RFC 7692 §6.1)`, () => {
      for (const length of [1, 2, 3, 4, 5, 9]) {
        const protocol = deflatingProtocol(role, { fragmentBytes: 3 });
        const job = protocol.deflate("text", "a message whose length plays no part");
        finish(protocol, job, pattern(length));
        assert.deepEqual(sentBy(role, protocol), cut(0xc1, pattern(length), 3), `${length} bytes`);
        const binary = protocol.deflate("binary", pattern(length));
        finish(protocol, binary, reversed(pattern(length)));
        assert.deepEqual(sentBy(role, protocol), cut(0xc2, reversed(pattern(length)), 3));
      }
    });

    test(`a ${role} checks text bytes before it sends any frame`, () => {
      const protocol = openProtocol(role, { fragmentBytes: 2 });
      assert.equal(
        codeOf(() => protocol.sendBytes("text", hex("61 62 63 ff"))),
        "USAGE",
      );
      assert.equal(protocol.outputBytes, 0);
    });

    test(`a ${role}'s peer puts together what was cut, whatever the sizes`, (t) => {
      const chance = chanceOf(t);
      const peer = role === "client" ? "server" : "client";
      for (let round = 0; round < 100; round++) {
        const fragmentBytes = 1 + chance.below(chance.of([5, 200, 20_000]));
        const protocol = openProtocol(role, { platform: portablePlatform(KEYS), fragmentBytes });
        const payload = chance.bytes(chance.below(chance.of([10, 500, 10_000])));
        const text = String.fromCodePoint(
          ...Array.from({ length: chance.below(50) }, () => chance.of([0x61, 0xe9, 0x20ac, 0x1f600])),
        );
        protocol.sendBytes("binary", payload);
        protocol.sendText(text);
        const options = { limits: { maxFragments: 100_000 } };
        const events = eventsOf(peer, [outputOf(protocol)], options);
        assert.deepEqual(events, [`message binary ${shownData(payload)}`, `message text ${shownData(text)}`]);
      }
    });
  });
}
