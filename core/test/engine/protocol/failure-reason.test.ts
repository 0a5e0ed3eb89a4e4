import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { LimitError, ProtocolError } from "../../../src/engine/errors.ts";
import { HandlerError, TransportError } from "../../../src/engine/errors.ts";
import {
  deflatingProtocol,
  drain,
  hex,
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
import { receiveUpToJob } from "./fake-codec.ts";

/** The Close frame with a code, in hex, and a reason. */
function closeWith(code: string, reason: string): string {
  return ["88", code, toHex(utf8(reason))].filter((part) => part !== "").join(" ");
}

for (const role of ROLES) {
  describe(`what a ${role}'s Close frame says of a failure (RFC 6455 §7.1.7)`, () => {
    const faults: readonly (readonly [what: string, frame: string, code: string, reason: string])[] = [
      ["a fault of the peer's", "83 00", "03 ea", "OPCODE_RESERVED"],
      ["a limit", "82 03  01 02 03", "03 f1", "MESSAGE_TOO_BIG maxMessageBytes 2 3"],
      ["a wrong Close frame", "88 02  03 ed", "03 ea", "CLOSE_CODE_INVALID 1005"],
    ];
    for (const [what, frame, code, reason] of faults) {
      test(`is what the application says of ${what}`, () => {
        const protocol = openProtocol(role, { limits: { maxMessageBytes: 2 }, failureReason: inWords });
        assert.equal(receive(protocol, toRole(role, frame)).length, 1);
        assert.deepEqual(sentBy(role, protocol), [closeWith(code, reason)]);
        const { reason: told, sent, wasClean } = protocol.ended();
        assert.deepEqual([told, sent?.reason, wasClean], [reason, reason, false]);
      });
    }

    test("is asked for once a failure, with the error that is reported", () => {
      const asked: unknown[] = [];
      const failureReason = (error: unknown): string => {
        asked.push(error);
        return "";
      };
      const protocol = openProtocol(role, { failureReason });
      const bytes = toRole(role, "83 00", "83 00");
      protocol.receive(bytes, bytes.length, 0);
      const [event] = drain(protocol);
      assert.ok(event?.type === "failed");
      assert.deepEqual(asked, [event.error]);
      assert.deepEqual(sentBy(role, protocol), ["88 03 ea"]);
    });

    test("is nothing by default, and for a message that is late what the application says", () => {
      for (const failureReason of [undefined, inWords]) {
        const protocol = openProtocol(role, { limits: { messageTimeoutMs: 50 }, failureReason });
        receive(protocol, toRole(role, "01 01  61"));
        protocol.tick(50);
        const reason = failureReason === undefined ? "" : "MESSAGE_TIMEOUT messageTimeoutMs 50 50";
        assert.deepEqual(sentBy(role, protocol), [closeWith("03 f0", reason)]);
      }
    });

    test("is what the application says of what cannot be inflated, and of too many pongs", () => {
      const inflating = deflatingProtocol(role, { failureReason: inWords });
      const { held } = receiveUpToJob(inflating, toRole(role, "c1 01  61"));
      assert.ok(held !== undefined);
      inflating.finishJob(held.job, hex("ff"), 0, 1);
      assert.deepEqual(sentBy(role, inflating), [closeWith("03 ef", "BAD_UTF8")]);
      const ponging = openProtocol(role, { limits: { maxPendingPongs: 1 }, failureReason: inWords });
      for (let i = 0; i < 2; i++) ponging.pong(hex(""));
      const [close] = sentBy(role, ponging).slice(-1);
      assert.equal(close, closeWith("03 f0", "TOO_MANY_PENDING_PONGS maxPendingPongs 1 2"));
    });

    for (const [unit, fits] of [
      ["r", 123],
      ["€", 41],
      ["😀", 30],
    ] as const) {
      test(`is cut to 123 bytes, before a character that does not fit: ${unit}`, () => {
        for (const count of [fits, fits + 1, 500]) {
          const protocol = openProtocol(role, { failureReason: () => unit.repeat(count) });
          receive(protocol, toRole(role, "83 00"));
          assert.deepEqual(sentBy(role, protocol), [closeWith("03 ea", unit.repeat(fits))]);
          assert.equal(protocol.ended().sent?.reason, unit.repeat(fits));
        }
      });
    }

    test("has the code that the application wants, in the event, too", () => {
      const failureCode = ({ closeCode }: ProtocolError | LimitError): number =>
        closeCode === 1002 ? 4002 : closeCode;
      for (const [frames, close, code] of [
        ["83 00", "0f a2", 4002],
        ["88 01 00", "0f a2", 4002],
        ["82 03  01 02 03", "03 f1", 1009],
      ] as const) {
        const protocol = openProtocol(role, { limits: { maxMessageBytes: 2 }, failureCode });
        receive(protocol, toRole(role, frames));
        assert.deepEqual(sentBy(role, protocol), [closeWith(close, "")]);
        assert.equal(protocol.ended().code, code);
      }
    });

    test("keeps the error's code where the application's may not be sent, or it is no fault of the peer's", () => {
      for (const code of [1005, 1006, 0, 5000, 1002.5, Number.NaN]) {
        const protocol = openProtocol(role, { failureCode: () => code });
        receive(protocol, toRole(role, "83 00"));
        assert.deepEqual(sentBy(role, protocol), ["88 03 ea"], String(code));
      }
      const protocol = openProtocol(role, { failureCode: () => assert.fail("asked") });
      protocol.fail(new HandlerError("message", new Error("oops")), 1011, 0);
      assert.deepEqual(sentBy(role, protocol), ["88 03 f3"]);
    });

    test("is not asked for what is no fault of the peer's and no limit", () => {
      for (const error of [new HandlerError("message", new Error("oops")), new TransportError("HEARTBEAT_TIMEOUT")]) {
        const protocol = openProtocol(role, { failureReason: () => assert.fail("asked") });
        protocol.fail(error, 1011, 0);
        assert.deepEqual(drain(protocol).map(shown), [`failed ${error.code}`]);
        assert.deepEqual(sentBy(role, protocol), ["88 03 f3"]);
      }
    });

    test("is not asked for where no Close frame can be sent any more", () => {
      const protocol = openProtocol(role, { failureReason: () => assert.fail("asked") });
      protocol.close(1000, "", 0);
      assert.deepEqual(receive(protocol, toRole(role, "83 00")), ["failed OPCODE_RESERVED"]);
      assert.deepEqual(sentBy(role, protocol), ["88 03 e8"]);
      assert.equal(shownEnding(protocol.ended()), '1006 "" unclean, sent 1000 "", OPCODE_RESERVED');
    });
  });

  describe(`what a ${role} knows of a Close frame whose code may not be (RFC 6455 §7.4)`, () => {
    const frames: readonly (readonly [payload: string, received: object | undefined])[] = [
      ["03 ed", { code: 1005, reason: "" }],
      ["03 e7 62 79 65", { code: 999, reason: "bye" }],
      ["ff ff e2 82 ac", { code: 65_535, reason: "€" }],
      ["03 ed ff", undefined],
    ];
    for (const [payload, received] of frames) {
      test(`${payload} is ${received === undefined ? "unreadable" : JSON.stringify(received)}`, () => {
        const protocol = openProtocol(role);
        const length = hex(payload).length.toString(16).padStart(2, "0");
        const bytes = toRole(role, `88 ${length} ${payload}`);
        protocol.receive(bytes, bytes.length, 0);
        const [event] = drain(protocol);
        assert.ok(event?.type === "failed");
        assert.equal(event.error.code, "CLOSE_CODE_INVALID");
        assert.deepEqual(Reflect.get(event.error, "received"), received);
        assert.equal(protocol.ended().received, undefined, "it is no closing handshake");
      });
    }

    test("nothing is told of a reason that is no UTF-8, of half a code, and of other faults", () => {
      for (const frame of ["88 03  03 e8 ff", "88 01  03", "83 00", "81 01  ff"]) {
        const protocol = openProtocol(role);
        const bytes = toRole(role, frame);
        protocol.receive(bytes, bytes.length, 0);
        const [event] = drain(protocol);
        assert.ok(event?.type === "failed");
        assert.equal(Reflect.get(event.error, "received"), undefined, frame);
      }
    });
  });
}

function inWords(error: ProtocolError | LimitError): string {
  if ("limit" in error) return `${error.code} ${error.limit} ${error.max} ${error.actual}`;
  return error.received === undefined ? error.code : `${error.code} ${error.received.code}`;
}
