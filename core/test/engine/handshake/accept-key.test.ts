import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { describe, test } from "node:test";
import { deriveAcceptKey, encodeBase64, isValidKey } from "../../../src/engine/handshake/accept-key.ts";

function sha1(text: string): Uint8Array {
  return createHash("sha1").update(text, "latin1").digest();
}

describe("Sec-WebSocket-Accept (RFC 6455 §1.3, §4.2.2)", () => {
  test("either role derives the RFC's sample", () => {
    assert.equal(deriveAcceptKey("dGhlIHNhbXBsZSBub25jZQ==", sha1), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
  });

  test("either role hashes the key's text with the GUID behind it", () => {
    const hashed: string[] = [];
    const accept = deriveAcceptKey("key", (text) => {
      hashed.push(text);
      return new Uint8Array(20);
    });
    assert.deepEqual(hashed, ["key258EAFA5-E914-47DA-95CA-C5AB0DC85B11"]);
    assert.equal(accept, "AAAAAAAAAAAAAAAAAAAAAAAAAAA=");
  });
});

const VALID_KEYS: readonly (readonly [what: string, key: string])[] = [
  ["the RFC's sample", "dGhlIHNhbXBsZSBub25jZQ=="],
  ["zeros", "AAAAAAAAAAAAAAAAAAAAAA=="],
  ["ones", "/////////////////////w=="],
  ["the second sample, whose spare bits are set", "AQIDBAUGBwgJCgsMDQ4PEC=="],
  ["all spare bits set", "/////////////////////z=="],
  ["both signs of the alphabet", "+/+/+/+/+/+/+/+/+/+/+A=="],
];

const INVALID_KEYS: readonly (readonly [what: string, key: string])[] = [
  ["nothing", ""],
  ["padding alone", "=="],
  ["24 signs of padding", "=".repeat(24)],
  ["15 bytes", "AAAAAAAAAAAAAAAAAAAA"],
  ["17 bytes", "AAAAAAAAAAAAAAAAAAAAAAA="],
  ["18 bytes", "AAAAAAAAAAAAAAAAAAAAAAAA"],
  ["16 bytes without padding", "AAAAAAAAAAAAAAAAAAAAAA"],
  ["one sign of padding too few", "AAAAAAAAAAAAAAAAAAAAAA="],
  ["one sign of padding too many", "AAAAAAAAAAAAAAAAAAAAAA==="],
  ["padding inside", "AAAAAAAAAAAAAAAAAAAA=A=="],
  ["the URL's alphabet", "-_AAAAAAAAAAAAAAAAAAAA=="],
  ["a blank inside", "AAAAAAAAAA AAAAAAAAAAA=="],
  ["a blank in front", " AAAAAAAAAAAAAAAAAAAAA=="],
  ["a line break", "AAAAAAAAAA\nAAAAAAAAAAA=="],
  ["a comma", "AAAAAAAAAA,AAAAAAAAAAA=="],
  ["a letter above ASCII", "AAAAAAAAAA\u00c1AAAAAAAAAAA=="],
  ["a letter whose low byte is in the alphabet", "AAAAAAAAAA\u0141AAAAAAAAAAA=="],
  ["two keys", "AAAAAAAAAAAAAAAAAAAAAA==, AAAAAAAAAAAAAAAAAAAAAA=="],
  ["the name of a property", "hasOwnProperty__proto__="],
];

describe("Sec-WebSocket-Key (RFC 6455 §4.2.1)", () => {
  for (const [what, key] of VALID_KEYS) {
    test(`server takes a key when it is ${what}`, () => {
      assert.equal(isValidKey(key), true);
      assert.equal(Buffer.from(key, "base64").length, 16);
    });
  }

  for (const [what, key] of INVALID_KEYS) {
    test(`server finds a key invalid when it is ${what}`, () => {
      assert.equal(isValidKey(key), false);
    });
  }

  test("server takes every character of the alphabet at every place, and no other below U+0100", () => {
    const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (let place = 0; place < 22; place += 1) {
      for (let code = 0; code < 0x100; code += 1) {
        const character = String.fromCharCode(code);
        const key = `${"A".repeat(place)}${character}${"A".repeat(21 - place)}==`;
        assert.equal(isValidKey(key), alphabet.includes(character), `U+${code.toString(16)} at ${place}`);
      }
    }
  });
});

describe("base64 (RFC 4648 §4, §10)", () => {
  test("either role encodes as the platform does, at every length to 64", () => {
    for (let length = 0; length <= 64; length += 1) {
      const bytes = Uint8Array.from({ length }, (_, index) => (index * 151 + length * 83) & 0xff);
      assert.equal(encodeBase64(bytes), Buffer.from(bytes).toString("base64"));
    }
  });

  test("either role encodes every byte at every place of a group", () => {
    for (let byte = 0; byte < 256; byte += 1) {
      const bytes = Uint8Array.of(byte, byte, byte, byte, 0xff, byte, 0x00, 0xff, byte);
      assert.equal(encodeBase64(bytes), Buffer.from(bytes).toString("base64"));
    }
  });

  test("either role encodes a view without what lies around it", () => {
    const bytes = Uint8Array.of(1, 2, 3, 4, 5, 6).subarray(2, 4);
    assert.equal(encodeBase64(bytes), "AwQ=");
  });
});
