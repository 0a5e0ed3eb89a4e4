import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { LimitError } from "../../../src/engine/errors.ts";
import type { Reception } from "../../../src/engine/messages/message.ts";
import type { Role } from "../../../src/engine/protocol/protocol-kit.ts";
import {
  deflatingProtocol,
  drain,
  eventsOf,
  forEachSplit,
  framesTo,
  openProtocol,
  pattern,
  receive,
  repliesOf,
  ROLES,
  toRole,
} from "../engine-test-kit.ts";
import { receiveAll } from "../protocol/fake-codec.ts";

const TOO_BIG = "failed MESSAGE_TOO_BIG";

/** A message of ASCII in frames of so many bytes. */
function inFrames(role: Role, opcode: 1 | 2, ...lengths: readonly number[]): Uint8Array {
  return framesTo(
    role,
    ...lengths.map((length, i) => ({
      fin: i === lengths.length - 1,
      opcode: i === 0 ? opcode : 0,
      payload: pattern(length).map((byte) => byte & 0x7f),
    })),
  );
}

/** Which kinds each reception puts together here. */
const ASSEMBLED: Readonly<Record<Reception, readonly (1 | 2)[]>> = {
  messages: [1, 2],
  fragments: [],
  "binary-fragments": [1],
  frames: [],
};
const RECEPTIONS = Object.keys(ASSEMBLED) as Reception[];

for (const role of ROLES) {
  for (const reception of RECEPTIONS) {
    describe(`maxAssembledBytes with reception ${reception}, a ${role} (RFC 6455 §5.4, §10.4)`, () => {
      const options = { reception, limits: { maxAssembledBytes: 10 } };
      for (const opcode of [1, 2] as const) {
        const kind = opcode === 1 ? "text" : "binary";
        const isLimited = ASSEMBLED[reception].includes(opcode);

        test(`${kind} in several frames may have so many bytes together`, () => {
          for (const lengths of [[4, 6], [10, 0], [0, 10], [5, 0, 5], Array.from({ length: 10 }, () => 1)]) {
            assert.ok(!eventsOf(role, [inFrames(role, opcode, ...lengths)], options).includes(TOO_BIG), `${lengths}`);
          }
        });

        test(`${kind} in several frames ${isLimited ? "may not have more" : "may have more, being handed over in pieces"}`, () => {
          for (const lengths of [
            [4, 7],
            [11, 0],
            [5, 5, 1],
          ]) {
            forEachSplit(inFrames(role, opcode, ...lengths), (chunks) => {
              assert.equal(eventsOf(role, chunks, options).includes(TOO_BIG), isLimited, `${lengths}`);
            });
          }
        });

        test(`${kind} in a single frame may have more`, () => {
          forEachSplit(inFrames(role, opcode, 30), (chunks) => {
            assert.ok(!eventsOf(role, chunks, options).includes(TOO_BIG));
          });
        });
      }
    });
  }

  describe(`maxAssembledBytes of a ${role}`, () => {
    test("is told by name, with what the frames announced, and closes with 1009", () => {
      const protocol = openProtocol(role, { limits: { maxAssembledBytes: 10 } });
      const bytes = inFrames(role, 2, 4, 8);
      protocol.receive(bytes, bytes.length, 0);
      const event = drain(protocol).at(-1);
      assert.ok(event?.type === "failed" && event.error instanceof LimitError);
      const { code, limit, max, actual, closeCode, message } = event.error;
      assert.deepEqual([code, limit, max, actual], ["MESSAGE_TOO_BIG", "maxAssembledBytes", 10, 12]);
      assert.equal(closeCode, 1009);
      assert.match(message, /maxAssembledBytes is 10, seen 12$/);
      assert.deepEqual(repliesOf(role, [bytes], { limits: { maxAssembledBytes: 10 } }), ["88 03 f1"]);
    });

    test("fails with the header that announces too much, before any of its payload is there", () => {
      const protocol = openProtocol(role, { limits: { maxAssembledBytes: 10 } });
      assert.deepEqual(receive(protocol, toRole(role, "02 04  00 01 02 03", "00 07")), [TOO_BIG]);
    });

    test("counts each message by itself, and no control frames", () => {
      const protocol = openProtocol(role, { limits: { maxAssembledBytes: 3 } });
      const message = toRole(role, "01 02  61 62", "89 04  01 02 03 04", "80 01  63");
      for (let i = 0; i < 3; i++) {
        assert.deepEqual(receive(protocol, message), ["ping 01 02 03 04", 'message text "abc"']);
      }
    });

    test("leaves maxMessageBytes to hold for messages in one frame and in several", () => {
      const options = { limits: { maxAssembledBytes: 100, maxMessageBytes: 10 } };
      assert.deepEqual(eventsOf(role, [inFrames(role, 2, 11)], options), [TOO_BIG]);
      assert.deepEqual(eventsOf(role, [inFrames(role, 2, 5, 6)], options), [TOO_BIG]);
    });
  });

  for (const reception of ["messages", "fragments", "binary-fragments"] as const) {
    describe(`maxAssembledBytes of what comes to a ${role} compressed, reception ${reception} (RFC 7692 §6)`, () => {
      const options = { reception, limits: { maxAssembledBytes: 4 } };
      for (const [kind, first] of [
        ["text", 1],
        ["binary", 2],
      ] as const) {
        test(`${kind} in several frames is put together whatever the reception, and may have so many bytes and no more`, () => {
          const begin = `${(0x40 | first).toString(16)} 02  61 62`;
          const within = receiveAll(deflatingProtocol(role, options), toRole(role, begin, "80 02  63 64"));
          assert.equal(within.length, 1);
          assert.match(within[0] ?? "", new RegExp(`^(message|fragment) ${kind} `));
          const beyond = receiveAll(deflatingProtocol(role, options), toRole(role, begin, "80 03  63 64 65"));
          assert.deepEqual(beyond, [TOO_BIG]);
        });

        test(`${kind} in a single frame may have more`, () => {
          const frame = `${(0xc0 | first).toString(16)} 05  61 62 63 64 65`;
          const events = receiveAll(deflatingProtocol(role, options), toRole(role, frame));
          assert.match(events.join(), new RegExp(`^(message|fragment) ${kind} `));
        });
      }
    });
  }
}
