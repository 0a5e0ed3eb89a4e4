import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { HandshakeError } from "../../../src/engine/errors.ts";
import { readRequestHead } from "../../../src/engine/handshake/request-head.ts";

function codeFor(text: string): string {
  try {
    readRequestHead(text);
    return "no error";
  } catch (error) {
    assert.ok(error instanceof HandshakeError, String(error));
    return error.code;
  }
}

describe("the head of a request (RFC 9112 §3, §5)", () => {
  test("gives the request line's parts and the fields as they were sent", () => {
    assert.deepEqual(
      readRequestHead("GET /a?b=c HTTP/1.1\r\nHost: example.com\r\nX-Two:\t 1 , 2 \t\r\nx-two:\r\nX_b:c"),
      {
        method: "GET",
        url: "/a?b=c",
        httpVersion: "1.1",
        rawHeaders: ["Host", "example.com", "X-Two", "1 , 2", "x-two", "", "X_b", "c"],
      },
    );
  });

  test("may have no field at all", () => {
    assert.deepEqual(readRequestHead("M / HTTP/9.9"), { method: "M", url: "/", httpVersion: "9.9", rawHeaders: [] });
  });

  const lines: readonly string[] = [
    ...[
      "",
      "GET",
      "GET /",
      "GET / HTTP/1.1 ",
      " GET / HTTP/1.1",
      "GET  / HTTP/1.1",
      "GET /\tHTTP/1.1",
      "GET / http/1.1",
    ],
    ...[
      "GET / HTTP/1",
      "GET / HTTP/11.1",
      "GET / HTTP/1.1x",
      "G@T / HTTP/1.1",
      "GET /a b HTTP/1.1",
      "GET /\x00 HTTP/1.1",
    ],
    ...["GET / HTTP/1.1\nHost: a", "\r\nGET / HTTP/1.1", "GET /\x7f HTTP/1.1"],
  ];
  for (const line of lines) {
    test(`is REQUEST_INVALID with the request line ${JSON.stringify(line)}`, () => {
      assert.equal(codeFor(line), "REQUEST_INVALID");
    });
  }

  const fields: readonly string[] = [
    ...[
      "Host",
      ": a",
      "Host : a",
      "Ho st: a",
      " Host: a",
      "\tfolded",
      "Host\t: a",
      "(Host): a",
      "Host: a\nX: b",
      "X\nY: b",
    ],
    ...["Host: a\rb", "Host: a\0b", "Host: \x1b[31m", "Host: a\x7f", "\nHost: a"],
  ];
  for (const field of fields) {
    test(`is REQUEST_INVALID with the field ${JSON.stringify(field)}`, () => {
      assert.equal(codeFor(`GET / HTTP/1.1\r\nA: b\r\n${field}\r\nC: d`), "REQUEST_INVALID");
    });
  }

  test("has 2,000 fields at most", () => {
    const head = (count: number): string => `GET / HTTP/1.1${"\r\nA: b".repeat(count)}`;
    assert.equal(readRequestHead(head(2_000)).rawHeaders.length, 4_000);
    assert.equal(codeFor(head(2_001)), "REQUEST_TOO_LARGE");
  });

  test("takes a time that grows with its length alone", () => {
    for (const part of ["A", " ", "\t", ":", "A:", "\r\nA: b"]) {
      const work = (size: number): number => {
        const text = `GET / HTTP/1.1\r\nA: ${part.repeat(size / part.length)}b`;
        const startMs = performance.now();
        for (let i = 0; i < 20; i++) codeFor(text);
        return performance.now() - startMs;
      };
      work(1_000);
      // Quadratic, 2 million characters would take minutes; the runner's time limit is what decides
      work(2_000_000);
    }
  });
});
