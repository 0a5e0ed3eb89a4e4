import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { hasBadPort } from "../../../src/node/web-socket/bad-port.ts";

describe("bad ports (WHATWG Fetch, port blocking)", () => {
  test("ports of other services are blocked", () => {
    for (const port of [0, 1, 7, 22, 25, 110, 143, 993, 2049, 5060, 6000, 6665, 6669, 6697, 10_080]) {
      assert.equal(hasBadPort(new URL(`ws://example.com:${port}/`)), true, String(port));
    }
  });

  test("all others are not, nor a port that is left out", () => {
    for (const port of [2, 80, 81, 443, 1024, 3000, 5059, 6001, 6664, 6670, 8080, 65_535]) {
      assert.equal(hasBadPort(new URL(`ws://example.com:${port}/`)), false, String(port));
    }
    for (const url of ["ws://example.com/", "wss://example.com/"]) assert.equal(hasBadPort(new URL(url)), false);
  });

  test("there are 83 of them", () => {
    const bad = Array.from({ length: 65_536 }, (_, port) => new URL(`wss://example.com:${port}/`)).filter(hasBadPort);
    assert.equal(bad.length, 83);
  });
});
