import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { forwardedValue, type TrustProxy, TrustedProxies } from "../../../src/node/server/trusted-proxies.ts";

function resolve(option: TrustProxy | undefined, socketAddress: string | undefined, forwardedFor?: string): unknown {
  const { address, hops } = new TrustedProxies(option).resolve(socketAddress, () => forwardedFor);
  return [address, hops];
}

describe("X-Forwarded-For with trustProxy", () => {
  const cases: [
    option: TrustProxy | undefined,
    socket: string,
    header: string | undefined,
    address: string,
    hops: number,
  ][] = [
    [undefined, "10.0.0.1", "1.2.3.4", "10.0.0.1", 0],
    [false, "10.0.0.1", "1.2.3.4", "10.0.0.1", 0],
    [0, "10.0.0.1", "1.2.3.4", "10.0.0.1", 0],
    [true, "10.0.0.1", undefined, "10.0.0.1", 1],
    [true, "10.0.0.1", "1.2.3.4", "1.2.3.4", 1],
    [true, "10.0.0.1", "1.2.3.4, 5.6.7.8", "1.2.3.4", 2],
    [1, "10.0.0.1", "1.2.3.4, 5.6.7.8", "5.6.7.8", 1],
    [2, "10.0.0.1", "9.9.9.9, 1.2.3.4, 5.6.7.8", "1.2.3.4", 2],
    [9, "10.0.0.1", "1.2.3.4, 5.6.7.8", "1.2.3.4", 2],
    [["10.0.0.0/8"], "10.0.0.1", "1.2.3.4, 5.6.7.8", "5.6.7.8", 1],
    [["10.0.0.0/8"], "10.0.0.1", "1.2.3.4, 10.9.9.9", "1.2.3.4", 2],
    [["10.0.0.0/8"], "11.0.0.1", "1.2.3.4", "11.0.0.1", 0],
    [["10.0.0.1"], "10.0.0.2", "1.2.3.4", "10.0.0.2", 0],
    [["127.0.0.1"], "::ffff:127.0.0.1", "1.2.3.4", "1.2.3.4", 1],
    [["::1", "fe80::/10"], "fe80::1%eth0", "2001:db8::7", "2001:db8::7", 1],
    [[], "10.0.0.1", "1.2.3.4", "10.0.0.1", 0],
    [1, "10.0.0.1", "1.2.3.4:5678", "1.2.3.4", 1],
    [1, "10.0.0.1", "[2001:db8::7]:5678", "2001:db8::7", 1],
    [1, "10.0.0.1", "[2001:db8::7]", "2001:db8::7", 1],
    [1, "10.0.0.1", "unknown", "10.0.0.1", 1],
    [1, "10.0.0.1", "<script>", "10.0.0.1", 1],
    [true, "10.0.0.1", "1.2.3.4, _hidden, 5.6.7.8", "5.6.7.8", 1],
    [true, "10.0.0.1", ",,,", "10.0.0.1", 1],
    [true, "10.0.0.1", "", "10.0.0.1", 1],
  ];
  for (const [option, socket, header, address, hops] of cases) {
    test(`${JSON.stringify(option)}: ${socket} for ${JSON.stringify(header)} is ${address}`, () => {
      assert.deepEqual(resolve(option, socket, header), [address, hops]);
      assert.equal(new TrustedProxies(option).trusts(socket), hops > 0);
    });
  }

  test("a socket without an address is only believed by number or by true", () => {
    assert.deepEqual(resolve(["127.0.0.1"], undefined, "1.2.3.4"), [undefined, 0]);
    assert.deepEqual(resolve(1, undefined, "1.2.3.4"), ["1.2.3.4", 1]);
  });

  for (const option of [
    -1,
    1.5,
    Number.NaN,
    "127.0.0.1",
    ["localhost"],
    ["10.0.0.0/33"],
    ["10.0.0.0/"],
    ["::1/129"],
    ["10.0.0.0/8/8"],
    ["10.0.0.0/-1"],
    [1],
  ]) {
    test(`the option ${JSON.stringify(option)} is refused`, () => {
      assert.throws(() => Reflect.construct(TrustedProxies, [option]), { code: "USAGE", message: /^trustProxy / });
    });
  }
});

describe("other forwarded headers", () => {
  test("the outermost trusted proxy's element counts", () => {
    assert.equal(forwardedValue("https", 1), "https");
    assert.equal(forwardedValue("evil, https", 1), "https");
    assert.equal(forwardedValue("https, http", 2), "https");
    assert.equal(forwardedValue("https", 5), "https");
    assert.equal(forwardedValue(undefined, 1), undefined);
    assert.equal(forwardedValue(" ", 1), undefined);
  });
});
