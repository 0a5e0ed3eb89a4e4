import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Limits } from "../../../src/engine/messages/limits.ts";
import { DEFAULT_LIMITS, largestMessage, resolveLimits, sharedLimits } from "../../../src/engine/messages/limits.ts";
import { Protocol } from "../../../src/engine/protocol/protocol.ts";
import { ProtocolKit } from "../../../src/engine/protocol/protocol-kit.ts";
import { framesTo, kitOf, pattern, portablePlatform, receive, ROLES, toRole } from "../engine-test-kit.ts";
import { Slab } from "../../../src/engine/bytes/slab.ts";

const NAMES = Object.keys(DEFAULT_LIMITS) as (keyof Limits)[];

/** Limits as plain JavaScript may give them. */
function make(given: object): ReturnType<typeof sharedLimits> {
  return Reflect.apply(sharedLimits, undefined, [given]);
}

describe("limits that several have in common (RFC 6455 §10.4)", () => {
  test("begin with the defaults and what is given", () => {
    assert.deepEqual(sharedLimits().limits, DEFAULT_LIMITS);
    assert.deepEqual(sharedLimits({ maxFragments: 5, maxAssembledBytes: 6 }).limits, {
      ...DEFAULT_LIMITS,
      maxFragments: 5,
      maxAssembledBytes: 6,
    });
    assert.deepEqual(make({ maxFragments: undefined }).limits, DEFAULT_LIMITS);
  });

  test("are taken over as the object that they are, others as a copy", () => {
    const { limits } = sharedLimits({ maxFragments: 5 });
    assert.equal(resolveLimits(limits), limits);
    const copied = { ...limits };
    assert.notEqual(resolveLimits(copied), copied);
  });

  test("that were copied do not change with the original", () => {
    const { limits, change } = sharedLimits({ maxFragments: 5 });
    const copied = resolveLimits({ ...limits });
    change({ maxFragments: 6 });
    assert.deepEqual([limits.maxFragments, copied.maxFragments], [6, 5]);
  });

  for (const name of NAMES) {
    test(`${name} changes alone, to whole numbers above 0 and to Infinity`, () => {
      const { limits, change } = sharedLimits({ maxMessageBytes: 7, maxPendingPongs: 8 });
      const before = { ...limits };
      for (const value of [1, 2 ** 31, Number.MAX_SAFE_INTEGER, Number.POSITIVE_INFINITY]) {
        change({ [name]: value });
        assert.deepEqual(limits, { ...before, [name]: value });
      }
    });

    test(`${name} changes to nothing else, and then nothing changes`, () => {
      const { limits, change } = sharedLimits({ maxMessageBytes: 7 });
      const before = { ...limits };
      for (const value of [0, -1, 1.5, 2 ** 53, Number.NaN, "5", null, true, {}]) {
        // The value before the wrong one is right
        const values = { maxMessageBytes: 9, messageTimeoutMs: 10, [name]: value };
        assert.throws(() => Reflect.apply(change, undefined, [values]), {
          code: "USAGE",
          message: new RegExp(`limits\\.${name} is `),
        });
        assert.deepEqual(limits, before, String(value));
      }
    });
  }

  test("have no other names, when they are made and when they change", () => {
    for (const name of ["maxPayload", "constructor", "toString"]) {
      const fault = { code: "USAGE", message: new RegExp(`limits\\.${name} is unknown`) };
      assert.throws(() => make({ [name]: 5 }), fault);
      const { limits, change } = sharedLimits();
      assert.throws(() => Reflect.apply(change, undefined, [{ maxFragments: 5, [name]: 5 }]), fault);
      assert.deepEqual(limits, DEFAULT_LIMITS);
    }
  });

  test("stay as they are where a change says undefined", () => {
    const { limits, change } = sharedLimits({ maxFragments: 5 });
    Reflect.apply(change, undefined, [{ maxFragments: undefined }]);
    change({});
    assert.equal(limits.maxFragments, 5);
  });

  test("change alone: neither the defaults nor those made beside them do", () => {
    const [one, other] = [sharedLimits(), sharedLimits()];
    one.change({ maxFragments: 5 });
    assert.deepEqual([one.limits.maxFragments, other.limits.maxFragments], [5, 16_384]);
    assert.equal(DEFAULT_LIMITS.maxFragments, 16_384);
    assert.equal(resolveLimits().maxFragments, 16_384);
  });
});

for (const role of ROLES) {
  describe(`a ${role} whose limits change while it lives`, () => {
    /** An open endpoint with just these limits. */
    function openWith(limits: Limits, deflates = false): Protocol {
      const platform = portablePlatform();
      const kit = new ProtocolKit(platform, new Slab(platform, 1_024), role, { ...kitOf(role).options, limits });
      const protocol = new Protocol(kit, 0, deflates);
      protocol.opened(0);
      return protocol;
    }
    const ofBytes = (length: number, fin = true, opcode = 2): Uint8Array =>
      framesTo(role, { fin, opcode, payload: pattern(length) });

    test("obeys the new size of a message from the next frame on", () => {
      const { limits, change } = sharedLimits({ maxMessageBytes: 5 });
      const protocol = openWith(limits);
      change({ maxMessageBytes: 10 });
      assert.match(String(receive(protocol, ofBytes(10))), /^message binary/);
      change({ maxMessageBytes: 9 });
      assert.deepEqual(receive(protocol, ofBytes(10)), ["failed MESSAGE_TOO_BIG"]);
    });

    test("obeys it in the middle of a message, and with what it had lent a receiver for", () => {
      const { limits, change } = sharedLimits({ maxMessageBytes: 20, maxFragments: 9 });
      const [protocol, other] = [openWith(limits), openWith(limits)];
      for (const each of [protocol, other]) assert.deepEqual(receive(each, ofBytes(5, false)), []);
      change({ maxMessageBytes: 10 });
      assert.match(String(receive(protocol, ofBytes(5, true, 0))), /^message binary/);
      change({ maxFragments: 1 });
      assert.deepEqual(receive(other, ofBytes(5, true, 0)), ["failed TOO_MANY_FRAGMENTS"]);
    });

    test("obeys the new number of pongs, and the new time for a message that begins", () => {
      const { limits, change } = sharedLimits();
      const protocol = openWith(limits);
      change({ messageTimeoutMs: 50, maxPendingPongs: 1 });
      receive(protocol, ofBytes(1, false), 100);
      assert.equal(protocol.nextDeadlineMs, 150);
      assert.deepEqual(receive(protocol, toRole(role, "89 00", "89 00"), 100), [
        "ping empty",
        "failed TOO_MANY_PENDING_PONGS",
      ]);
    });

    test("lets what comes compressed inflate to the new size", () => {
      const { limits, change } = sharedLimits({ maxMessageBytes: 100 });
      const protocol = openWith(limits, true);
      change({ maxMessageBytes: 200 });
      const bytes = toRole(role, "c2 01  00");
      protocol.receive(bytes, bytes.length, 0);
      const job = protocol.nextEvent();
      assert.ok(job?.type === "inflate");
      assert.equal(job.maxBytes, 200);
    });
  });
}

describe("the largest message that there may be, however it comes", () => {
  const none = Number.POSITIVE_INFINITY;
  const cases: readonly (readonly [limits: Partial<Limits>, expected: number])[] = [
    [{}, 1 << 20],
    [{ maxMessageBytes: none }, none],
    [{ maxMessageBytes: 10, maxFrameBytes: 50, maxAssembledBytes: 60 }, 10],
    [{ maxMessageBytes: none, maxFrameBytes: 50 }, none],
    [{ maxMessageBytes: none, maxAssembledBytes: 60 }, none],
    [{ maxMessageBytes: none, maxFrameBytes: 50, maxAssembledBytes: 60 }, 60],
    [{ maxMessageBytes: none, maxFrameBytes: 70, maxAssembledBytes: 60 }, 70],
    [{ maxMessageBytes: none, maxFrameBytes: 70, maxIncompleteFrameBytes: 50, maxAssembledBytes: 60 }, 60],
    [{ maxMessageBytes: none, maxIncompleteFrameBytes: 80, maxAssembledBytes: 60 }, 80],
  ];
  for (const [limits, expected] of cases) {
    test(`has ${expected} bytes with ${JSON.stringify(limits)}`, () => {
      assert.equal(largestMessage(resolveLimits(limits)), expected);
    });
  }
});
