import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { LimitError } from "../../../src/engine/errors.ts";
import type { Reception } from "../../../src/engine/messages/message.ts";
import {
  cutAt,
  deflatingProtocol,
  drain,
  eventsOf,
  framesTo,
  openProtocol,
  pattern,
  receive,
  ROLES,
  sentBy,
  toRole,
} from "../engine-test-kit.ts";
import { receiveAll } from "./fake-codec.ts";

const RECEPTIONS: readonly Reception[] = ["messages", "fragments", "binary-fragments", "frames"];
const TOO_BIG = "failed FRAME_TOO_BIG";
const LIMITS = { maxIncompleteFrameBytes: 10 };

for (const role of ROLES) {
  /** Bytes before the payload of a short frame. */
  const header = role === "server" ? 6 : 2;

  for (const reception of RECEPTIONS) {
    describe(`maxIncompleteFrameBytes of a ${role}, reception ${reception} (RFC 6455 §10.4)`, () => {
      const options = { reception, limits: LIMITS };
      for (const [kind, opcode] of [
        ["text", 1],
        ["binary", 2],
      ] as const) {
        const whole = framesTo(role, { opcode, payload: pattern(30) });

        test(`a ${kind} frame that comes whole in one read may be larger`, () => {
          const twice = [...whole, ...whole];
          const events = eventsOf(role, [Uint8Array.from(twice)], options);
          assert.equal(events.length, 2, "one or several in a read");
          assert.ok(!events.includes(TOO_BIG));
        });

        test(`a ${kind} frame of which so much has arrived may be completed, by whatever is left of it`, () => {
          for (const arrived of [0, 1, 9, 10]) {
            const events = eventsOf(role, cutAt(whole, [header + arrived]), options);
            assert.ok(!events.includes(TOO_BIG), `${arrived} bytes`);
          }
        });

        test(`a ${kind} frame of which more has arrived fails, in one piece or in many`, () => {
          for (const places of [[header + 11], [header + 29], [header + 5, header + 11], [header + 10, header + 11]]) {
            const protocol = openProtocol(role, options);
            const chunks = cutAt(whole, places).slice(0, -1);
            const events = chunks.flatMap((chunk) => receive(protocol, chunk));
            assert.equal(events.filter((event) => event === TOO_BIG).length, 1, `${places}`);
            assert.equal(events.at(-1), TOO_BIG);
            assert.deepEqual(sentBy(role, protocol), ["88 03 f1"]);
          }
        });
      }

      test("counts each frame by itself, not the message", () => {
        const frames = framesTo(
          role,
          { fin: false, opcode: 2, payload: pattern(9) },
          { fin: false, opcode: 0, payload: pattern(9) },
          { opcode: 0, payload: pattern(9) },
        );
        const chunks = Array.from(frames, (byte) => Uint8Array.of(byte));
        assert.ok(!eventsOf(role, chunks, options).includes(TOO_BIG));
      });
    });
  }

  describe(`maxIncompleteFrameBytes of a ${role}`, () => {
    test("is told by name, with what the header announced", () => {
      const protocol = openProtocol(role, { limits: LIMITS });
      const bytes = framesTo(role, { opcode: 2, payload: pattern(30) }).slice(0, header + 11);
      protocol.receive(bytes, bytes.length, 0);
      const [event] = drain(protocol);
      assert.ok(event?.type === "failed" && event.error instanceof LimitError);
      const { code, limit, max, actual, closeCode } = event.error;
      assert.deepEqual([code, limit, max, actual], ["FRAME_TOO_BIG", "maxIncompleteFrameBytes", 10, 30]);
      assert.equal(closeCode, 1009);
    });

    test("holds for what comes compressed, too", () => {
      const frame = framesTo(role, { rsv: 4, opcode: 2, payload: pattern(30) });
      assert.match(receiveAll(deflatingProtocol(role, { limits: LIMITS }), frame).join(), /^message binary /);
      const protocol = deflatingProtocol(role, { limits: LIMITS });
      assert.deepEqual(receiveAll(protocol, frame.slice(0, header + 11)), [TOO_BIG]);
    });

    test("leaves alone what came before the frame in the same read", () => {
      const bytes = [...toRole(role, "81 01  61"), ...framesTo(role, { opcode: 2, payload: pattern(30) })];
      const protocol = openProtocol(role, { limits: LIMITS });
      const cut = Uint8Array.from(bytes).slice(0, -5);
      assert.deepEqual(receive(protocol, cut), ['message text "a"', TOO_BIG]);
    });
  });
}
