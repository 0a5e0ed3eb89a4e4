import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  CLOSE_CODE,
  isSendable,
  MAX_REASON_BYTES,
  readClose,
  writeClose,
} from "../../../src/engine/frames/close-code.ts";
import { nodePlatform } from "../../../src/node/connection/node-platform.ts";
import { closeCodeOf, codeOf, hex, joined, portablePlatform, toHex, utf8 } from "../engine-test-kit.ts";

const PLATFORMS = [
  ["portable code", portablePlatform()],
  ["Node's platform", nodePlatform],
] as const;

/** RFC 6455 §7.4.1 and the IANA registry: what a Close frame may carry below 3000. */
const ASSIGNED = [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014];

function mayBeSent(code: number): boolean {
  return ASSIGNED.includes(code) || (code >= 3000 && code <= 4999);
}

function closePayload(code: number, reason = ""): Uint8Array {
  return joined([Uint8Array.of(code >> 8, code & 0xff), utf8(reason)]);
}

describe("close codes (RFC 6455 §7.4)", () => {
  test("either role may send 1000–1003, 1007–1014 and 3000–4999, and no other from 0 to 65535", () => {
    for (let code = 0; code <= 0xffff; code++) assert.equal(isSendable(code), mayBeSent(code), `code ${code}`);
  });

  test("either role may send no code that is not a whole number from 0 to 65535", () => {
    for (const code of [-1, 1000.5, 3000.0001, 2 ** 16 + 1000, 2 ** 32 + 1000, Number.NaN, Number.POSITIVE_INFINITY]) {
      assert.equal(isSendable(code), false, `code ${code}`);
    }
  });

  test("the codes for use inside an endpoint, 1005 and 1006, may not be sent; all others with a name may", () => {
    for (const code of Object.values(CLOSE_CODE)) {
      assert.equal(isSendable(code), code !== CLOSE_CODE.noStatusReceived && code !== CLOSE_CODE.abnormalClosure);
    }
  });

  test("every name stands for the code that the RFC and the IANA registry give it", () => {
    assert.deepEqual(CLOSE_CODE, {
      normal: 1000,
      goingAway: 1001,
      protocolError: 1002,
      unsupportedData: 1003,
      noStatusReceived: 1005,
      abnormalClosure: 1006,
      invalidPayload: 1007,
      policyViolation: 1008,
      messageTooBig: 1009,
      mandatoryExtension: 1010,
      internalError: 1011,
      serviceRestart: 1012,
      tryAgainLater: 1013,
      badGateway: 1014,
    });
  });

  test("a control frame has room for a code and a reason of 123 bytes", () => {
    assert.equal(MAX_REASON_BYTES, 125 - 2);
  });
});

for (const [name, platform] of PLATFORMS) {
  describe(`a Close frame's payload that was received, with ${name} (RFC 6455 §5.5.1, §7.1.5)`, () => {
    test("either role reads 1005 when it is empty", () => {
      assert.deepEqual(readClose(platform, hex("")), { code: 1005, reason: "" });
    });

    test("either role fails with 1002 when it is one byte", () => {
      for (let byte = 0; byte < 256; byte++) {
        assert.equal(
          codeOf(() => readClose(platform, Uint8Array.of(byte))),
          "CLOSE_TOO_SHORT",
        );
      }
      assert.equal(
        closeCodeOf(() => readClose(platform, hex("03"))),
        1002,
      );
    });

    test("either role reads every code that may be sent, and fails with 1002 for every other", () => {
      for (let code = 0; code <= 0xffff; code++) {
        const read = (): unknown => readClose(platform, closePayload(code));
        if (mayBeSent(code)) assert.deepEqual(read(), { code, reason: "" });
        else if (code <= 5000 || code % 977 === 0) {
          assert.equal(codeOf(read), "CLOSE_CODE_INVALID", `code ${code}`);
          assert.equal(closeCodeOf(read), 1002);
        }
      }
    });

    for (const reason of ["bye", "au revoir, à bientôt", "さようなら 👋", "\ufeffmarked", "\0", "r".repeat(123)]) {
      test(`either role reads the reason ${JSON.stringify(reason.slice(0, 20))}`, () => {
        assert.deepEqual(readClose(platform, closePayload(4001, reason)), { code: 4001, reason });
      });
    }

    test("either role reads the reason of a view in the middle of other bytes", () => {
      const view = joined([hex("ff"), closePayload(1000, "bye"), hex("ff")]).subarray(1, 6);
      assert.deepEqual(readClose(platform, view), { code: 1000, reason: "bye" });
    });

    test("either role fails with 1007 when the reason is not UTF-8", () => {
      for (const reason of ["80", "c3", "c3 28", "ed a0 80", "f4 90 80 80", "41 42 e2 82"]) {
        const read = (): unknown => readClose(platform, joined([hex("03 e8"), hex(reason)])); // 1000
        assert.equal(codeOf(read), "CLOSE_REASON_BAD_UTF8", reason);
        assert.equal(closeCodeOf(read), 1007);
      }
    });

    test("either role names the code and not the reason when both are bad", () => {
      assert.equal(
        codeOf(() => readClose(platform, hex("03 ed  ff"))),
        "CLOSE_CODE_INVALID",
      ); // 1005
    });
  });

  describe(`a Close frame's payload that is sent, with ${name} (RFC 6455 §5.5.1, §7.4)`, () => {
    test("either role writes nothing when there is no code", () => {
      assert.equal(toHex(writeClose(platform, undefined, "")), "");
    });

    test("either role writes the code in network byte order, then the reason in UTF-8", () => {
      assert.equal(toHex(writeClose(platform, 1000, "")), "03 e8");
      assert.equal(toHex(writeClose(platform, 4999, "é€")), "13 87  c3 a9 e2 82 ac".replaceAll("  ", " "));
    });

    test("either role reads back what it wrote, for every code and for reasons of every length", () => {
      for (let code = 0; code <= 5000; code++) {
        if (mayBeSent(code))
          assert.deepEqual(readClose(platform, writeClose(platform, code, "")), { code, reason: "" });
      }
      for (let length = 0; length <= 123; length++) {
        const reason = "x".repeat(length);
        assert.deepEqual(readClose(platform, writeClose(platform, 3000, reason)), { code: 3000, reason });
      }
    });

    test("the caller is told of every code from 0 to 5000 that may not be sent", () => {
      for (let code = 0; code <= 5000; code++) {
        if (!mayBeSent(code))
          assert.equal(
            codeOf(() => writeClose(platform, code, "")),
            "USAGE",
            `code ${code}`,
          );
      }
      for (const code of [-1, 1000.5, Number.NaN, 2 ** 16 + 1000]) {
        assert.equal(
          codeOf(() => writeClose(platform, code, "")),
          "USAGE",
          `code ${code}`,
        );
      }
    });

    test("the caller may give a reason of 123 bytes and is told of one of 124, counted in UTF-8", () => {
      for (const [longest, longer] of [
        ["r".repeat(123), "r".repeat(124)],
        [`${"é".repeat(61)}r`, "é".repeat(62)],
        ["€".repeat(41), `${"€".repeat(41)}r`],
        [`${"👋".repeat(30)}rrr`, "👋".repeat(31)],
        ["\ud800".repeat(41), `${"\ud800".repeat(41)}r`],
      ] as const) {
        assert.equal(writeClose(platform, 1000, longest).length, 125);
        assert.equal(
          codeOf(() => writeClose(platform, 1000, longer)),
          "USAGE",
        );
      }
    });

    test("the caller is told of a reason without a code", () => {
      assert.equal(
        codeOf(() => writeClose(platform, undefined, "bye")),
        "USAGE",
      );
    });

    test("the caller is told of a code or a reason of the wrong type, and no memory is sent (CVE-2026-45736)", () => {
      for (const reason of [5, null, undefined, {}, new Float32Array(20), new Uint8Array(4), ["a"]]) {
        const write = (): unknown => Reflect.apply(writeClose, undefined, [platform, 1000, reason]);
        assert.equal(codeOf(write), "USAGE", String(reason));
      }
      for (const code of ["1000", null, 1000n, {}, [1000]]) {
        const write = (): unknown => Reflect.apply(writeClose, undefined, [platform, code, ""]);
        assert.equal(codeOf(write), "USAGE", String(code));
      }
    });
  });
}
