import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { isHost } from "../../../src/engine/handshake/host.ts";
import { countSteps, fill, GROWING_LENGTHS, HUGE_LENGTH } from "./count-steps.ts";

const VALID = [
  "example.com",
  "example.com:80",
  "example.com:",
  "example.com:0",
  "example.com:65535",
  "example.com:00080",
  "localhost",
  "LOCALHOST",
  "127.0.0.1:8080",
  "[::1]",
  "[::1]:8080",
  "[2001:DB8::7]",
  "[::ffff:127.0.0.1]:1",
  "a_b-c.d~e",
  "xn--bcher-kva.example",
  "a%20b",
  "%C3%A9.example:1",
  "!$&'()*+,;=",
  "__proto__",
  "constructor:1",
];

const INVALID = [
  "",
  " ",
  ":80",
  "a b",
  "a, b",
  " a",
  "a:b",
  "a:80:80",
  "a:-1",
  "a:+1",
  "a:1.5",
  "a:0x50",
  "a:65536",
  "a:99999999999999999999",
  "a: 80",
  "user@a",
  "user:pass@a:80",
  "a/",
  "a/b",
  "http://a",
  "//a",
  "a?b",
  "a#b",
  "a\\b",
  'a"b',
  "a<b>",
  "a^b",
  "a`b",
  "a|b",
  "{a}",
  "a%",
  "a%4",
  "a%4g",
  "a%zz.b",
  "::1",
  "[::1",
  "::1]",
  "[]",
  "[]:80",
  "[::1]80",
  "[::1]]",
  "[[::1]]",
  "[::1]:x",
  "[::1]x:80",
  "[fe80::1%25eth0]",
  "[::g]",
  "[v1.a]",
  "[a b]",
  "a[::1]",
  "a\r\nb",
  "a\u0000",
  "a\u007f",
  "a\t",
  "b\u00fccher.example",
  "\uff41.example",
  "a:\u0661",
];

describe("Host (RFC 9110 §7.2, RFC 3986 §3.2.2)", () => {
  for (const text of VALID) {
    test(`either role takes ${JSON.stringify(text)}`, () => assert.equal(isHost(text), true));
  }

  for (const text of INVALID) {
    test(`either role finds ${JSON.stringify(text)} invalid`, () => assert.equal(isHost(text), false));
  }

  const adversarial: readonly (readonly [what: string, make: (length: number) => string])[] = [
    ["letters", (length) => fill(length, "a", "", "/")],
    ["percent-encoded octets", (length) => fill(length, "%41", "", "%4")],
    ["digits of a port", (length) => fill(length, "0", "a:", "x")],
    ["colons", (length) => fill(length, ":", "a")],
    ["an open bracket's colons", (length) => fill(length, ":", "[")],
    ["open brackets", (length) => fill(length, "[")],
  ];
  for (const [what, make] of adversarial) {
    test(`either role takes at most six steps a character over ${what}`, () => {
      for (const length of GROWING_LENGTHS) {
        const text = make(length);
        const steps = countSteps(() => assert.equal(isHost(text), false));
        assert.ok(steps <= 6 * text.length, `${steps} steps for ${text.length} characters`);
      }
      assert.equal(isHost(make(HUGE_LENGTH)), false);
    });
  }
});
