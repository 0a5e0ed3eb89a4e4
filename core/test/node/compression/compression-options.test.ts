import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { UsageError } from "../../../src/engine/errors.ts";
import { type CompressionOptions, resolveCompression } from "../../../src/node/compression/compression-options.ts";

const NAMES = [
  "thresholdBytes",
  "level",
  "memLevel",
  "serverNoContextTakeover",
  "clientNoContextTakeover",
  "serverMaxWindowBits",
  "clientMaxWindowBits",
  "filter",
];

describe("compression's defaults", () => {
  const shared = { thresholdBytes: 1_024, level: 3, memLevel: undefined, windowBits: undefined, filter: undefined };
  const unbound = { serverMaxWindowBits: undefined, clientMaxWindowBits: undefined };
  const none = {
    level: undefined,
    filter: undefined,
    clientMaxWindowBits: undefined,
    serverNoContextTakeover: undefined,
  };

  for (const option of [undefined, true, {}, none]) {
    const given = option === none ? "undefined for each" : JSON.stringify(option);
    test(`a server's, given ${given}: each message for itself, in both directions`, () => {
      const preferences = { ...unbound, serverNoContextTakeover: true, clientNoContextTakeover: true };
      assert.deepEqual(resolveCompression(option, "server"), { role: "server", ...shared, preferences });
    });

    test(`a client's, given ${given}: whatever the server likes`, () => {
      const preferences = { ...unbound, serverNoContextTakeover: false, clientNoContextTakeover: false };
      assert.deepEqual(resolveCompression(option, "client"), { role: "client", ...shared, preferences });
    });
  }

  test("a server whose clients may refer back bounds how far, unless it is told", () => {
    const bitsOf = (role: "server" | "client", options: CompressionOptions): number | undefined =>
      resolveCompression(options, role)?.preferences.clientMaxWindowBits;
    assert.equal(bitsOf("server", { clientNoContextTakeover: false }), 12);
    assert.equal(bitsOf("server", { clientNoContextTakeover: false, clientMaxWindowBits: 15 }), 15);
    assert.equal(bitsOf("server", { serverNoContextTakeover: false }), undefined);
    assert.equal(bitsOf("client", { clientNoContextTakeover: false }), undefined);
  });

  test("false is none", () => {
    for (const role of ["server", "client"] as const) assert.equal(resolveCompression(false, role), undefined);
  });
});

describe("compression's options", () => {
  test("each is what was given", () => {
    const filter = (): boolean => true;
    const given = {
      thresholdBytes: 0,
      level: 9,
      memLevel: 1,
      serverNoContextTakeover: true,
      clientNoContextTakeover: true,
      serverMaxWindowBits: 8,
      clientMaxWindowBits: 15,
      filter,
    };
    for (const role of ["server", "client"] as const) {
      const { serverNoContextTakeover, clientNoContextTakeover, serverMaxWindowBits, clientMaxWindowBits } = given;
      assert.deepEqual(resolveCompression(given, role), {
        role,
        thresholdBytes: 0,
        level: 9,
        memLevel: 1,
        windowBits: role === "server" ? 8 : 15,
        preferences: { serverNoContextTakeover, clientNoContextTakeover, serverMaxWindowBits, clientMaxWindowBits },
        filter,
      });
    }
  });

  const right: [keyof CompressionOptions, readonly unknown[]][] = [
    ["thresholdBytes", [0, 1, 0.5, 1e9, Number.POSITIVE_INFINITY]],
    ["level", [0, 1, 9]],
    ["memLevel", [1, 9]],
    ["serverMaxWindowBits", [8, 15]],
    ["clientMaxWindowBits", [8, 15]],
  ];
  for (const [name, values] of right) {
    test(`${name} may be ${values.join(", ")}`, () => {
      for (const value of values) assert.ok(resolve({ [name]: value }) !== undefined);
    });
  }

  const numbers = [Number.NaN, -1, "1", null, {}, true, 10n];
  const bits = [...numbers, 7, 16, 8.5, 0, Number.POSITIVE_INFINITY];
  const wrong: [keyof CompressionOptions, readonly unknown[]][] = [
    ["thresholdBytes", numbers],
    ["level", [...numbers, 10, 1.5, Number.POSITIVE_INFINITY]],
    ["memLevel", [...numbers, 0, 10, 1.5]],
    ["serverNoContextTakeover", [0, 1, "true", null, {}]],
    ["clientNoContextTakeover", [0, 1, "true", null, {}]],
    ["serverMaxWindowBits", bits],
    ["clientMaxWindowBits", bits],
    ["filter", [true, "all", null, {}]],
  ];
  for (const [name, values] of wrong) {
    test(`a wrong ${name} is refused by its name, with what is expected`, () => {
      for (const value of values) {
        const shown = name === "filter" ? `of type ${typeof value}` : String(value);
        assert.throws(() => resolve({ [name]: value }), {
          name: "UsageError",
          message: new RegExp(`compression\\.${name} is ${shown.replaceAll(/[[\]]/g, "\\$&")}; give a?`),
        });
      }
    });
  }

  test("a name that is none of them is refused, with all that there are", () => {
    for (const name of ["threshold", "windowBits", "toString", "__proto__x", ""]) {
      assert.throws(
        () => resolve({ [name]: 1 }),
        (error) => {
          assert.ok(error instanceof UsageError);
          for (const known of [JSON.stringify(name), ...NAMES]) assert.ok(error.message.includes(known), error.message);
          return true;
        },
      );
    }
  });

  test("what is neither true, false nor an object is refused", () => {
    for (const value of [1, 0, "on", null, 1n, Symbol("s")]) {
      assert.throws(() => resolve(value), {
        name: "UsageError",
        message: `compression is ${String(value)}; give true, false or an object`,
      });
    }
  });

  /** As plain JavaScript may call it. */
  function resolve(option: unknown): unknown {
    return Reflect.apply(resolveCompression, undefined, [option, "server"]);
  }
});
