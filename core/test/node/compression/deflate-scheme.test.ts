import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { DeflateAgreement } from "../../../src/engine/extensions/permessage-deflate.ts";
import { type CompressionOptions, resolveCompression } from "../../../src/node/compression/compression-options.ts";
import { DeflateScheme } from "../../../src/node/compression/deflate-scheme.ts";

const NOTHING_SAID: DeflateAgreement = {
  serverNoContextTakeover: false,
  clientNoContextTakeover: false,
  serverMaxWindowBits: 15,
  clientMaxWindowBits: 15,
};

function schemeOf(
  role: "server" | "client",
  agreement: Partial<DeflateAgreement> = {},
  options: CompressionOptions = {},
): DeflateScheme {
  const settings = resolveCompression(options, role);
  assert.ok(settings !== undefined);
  return new DeflateScheme(settings, { ...NOTHING_SAID, ...agreement });
}

describe("what an agreement means for one end (RFC 7692 §7.1)", () => {
  test("each end deflates by its own half of the agreement and inflates by the other", () => {
    const agreement = { serverNoContextTakeover: true, serverMaxWindowBits: 10, clientMaxWindowBits: 11 };
    const server = schemeOf("server", agreement);
    const client = schemeOf("client", agreement);
    assert.deepEqual([server.keepsOwn, server.keepsPeers], [false, true]);
    assert.deepEqual([client.keepsOwn, client.keepsPeers], [true, false]);
    assert.deepEqual([server.deflate.windowBits, server.peerWindowBits], [10, 11]);
    assert.deepEqual([client.deflate.windowBits, client.peerWindowBits], [11, 10]);
    const other = { clientNoContextTakeover: true };
    assert.deepEqual([schemeOf("server", other).keepsOwn, schemeOf("server", other).keepsPeers], [true, false]);
    assert.deepEqual([schemeOf("client", other).keepsOwn, schemeOf("client", other).keepsPeers], [false, true]);
  });

  for (const role of ["server", "client"] as const) {
    const other = role === "server" ? "client" : "server";
    const windowOf = (agreed: number, forgets: boolean, own?: number): number => {
      const agreement = { [`${role}MaxWindowBits`]: agreed, [`${role}NoContextTakeover`]: forgets };
      return schemeOf(role, agreement, { [`${role}MaxWindowBits`]: own }).deflate.windowBits;
    };

    test(`a ${role}'s window is never larger than agreed on, nor than it wants; 9 bits stand for 8`, () => {
      for (let agreed = 8; agreed <= 15; agreed++) {
        for (let own = 8; own <= 15; own++) {
          const expected = Math.max(9, Math.min(agreed, own));
          assert.deepEqual([windowOf(agreed, false, own), windowOf(agreed, true, own)], [expected, expected]);
        }
      }
    });

    test(`a ${role} that was not told uses 2^12 with context takeover, and all that was agreed on without`, () => {
      for (let agreed = 8; agreed <= 15; agreed++) {
        assert.equal(windowOf(agreed, false), Math.max(9, Math.min(agreed, 12)));
        assert.equal(windowOf(agreed, true), Math.max(9, agreed));
      }
    });

    test(`what the ${other} may or wants to do is nothing to a ${role}'s window`, () => {
      const agreement = { [`${other}MaxWindowBits`]: 8, [`${role}NoContextTakeover`]: true };
      assert.equal(schemeOf(role, agreement, { [`${other}MaxWindowBits`]: 8 }).deflate.windowBits, 15);
    });
  }

  test("the memory level goes with the window unless it is given; the level is what was given", () => {
    const memLevels = [8, 9, 10, 11, 12, 13, 14, 15].map((bits) => {
      return schemeOf("server", {}, { serverMaxWindowBits: bits }).deflate.memLevel;
    });
    assert.deepEqual(memLevels, [2, 2, 3, 4, 5, 6, 7, 8]);
    const { deflate } = schemeOf("server", {}, { serverMaxWindowBits: 9, memLevel: 9, level: 1 });
    assert.deepEqual(deflate, { windowBits: 9, memLevel: 9, level: 1 });
    assert.equal(schemeOf("server").deflate.level, 3);
  });

  test("a connection may come to remember its peer's window, or nothing", () => {
    assert.equal(schemeOf("server", { clientMaxWindowBits: 12 }).historyBytes, 4_096);
    assert.equal(schemeOf("client", { clientMaxWindowBits: 12 }).historyBytes, 32_768);
    assert.equal(schemeOf("server", { clientNoContextTakeover: true }).historyBytes, 0);
  });
});

describe("which messages are compressed", () => {
  test("those of at least the threshold, in bytes", () => {
    const scheme = schemeOf("server");
    for (const [message, expected] of [
      ["", false],
      ["a".repeat(1_023), false],
      ["a".repeat(1_024), true],
      // 2, 3 and 4 bytes a character; the last has two units in JavaScript
      ["é".repeat(511), false],
      [`${"é".repeat(511)}a`, false],
      ["é".repeat(512), true],
      ["€".repeat(341), false],
      [`${"€".repeat(341)}a`, true],
      ["👋".repeat(255), false],
      ["👋".repeat(256), true],
      // A lone surrogate is sent as U+FFFD, 3 bytes
      [`${"\ud800".repeat(341)}`, false],
      [`${"\ud800".repeat(341)}a`, true],
    ] as const) {
      assert.equal(scheme.wants(message, "text", undefined), expected, `${message.length} of ${message.slice(0, 2)}`);
    }
    assert.equal(scheme.wants(new Uint8Array(1_023), "binary", undefined), false);
    assert.equal(scheme.wants(new Uint8Array(1_024), "binary", undefined), true);
  });

  test("all with a threshold of 0, none with one of Infinity", () => {
    const all = schemeOf("server", {}, { thresholdBytes: 0 });
    const none = schemeOf("client", {}, { thresholdBytes: Number.POSITIVE_INFINITY });
    for (const message of ["", "a", "é".repeat(5_000), new Uint8Array(0), new Uint8Array(1 << 20)]) {
      assert.equal(all.wants(message, "binary", undefined), true);
      assert.equal(none.wants(message, "binary", undefined), false);
    }
  });

  test("the filter is asked for those only, with message and kind, and decides", () => {
    const asked: unknown[][] = [];
    const filter = (...values: unknown[]): boolean => {
      asked.push(values);
      return values[1] === "text";
    };
    const scheme = schemeOf("server", {}, { thresholdBytes: 3, filter });
    const bytes = Buffer.from("long");
    assert.equal(scheme.wants("ab", "text", undefined), false);
    assert.equal(scheme.wants("abc", "text", undefined), true);
    assert.equal(scheme.wants(bytes, "binary", undefined), false);
    assert.deepEqual(asked, [
      ["abc", "text"],
      [bytes, "binary"],
    ]);
    assert.equal(asked[1]?.[0], bytes);
  });

  test("what the sender said of a message decides before threshold and filter", () => {
    const never = schemeOf("server", {}, { filter: () => assert.fail("asked") });
    for (const message of ["", "a".repeat(5_000)]) {
      assert.equal(never.wants(message, "text", true), true);
      assert.equal(never.wants(message, "text", false), false);
    }
  });
});
