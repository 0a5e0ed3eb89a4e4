import assert from "node:assert/strict";
import { EventEmitter } from "node:events";
import type { Socket } from "node:net";
import { describe, test } from "node:test";
import { SocketReader } from "../../../src/node/server/socket-reader.ts";

const BOUND = 40;

/** What comes of a head, and whether somebody still waits for more, when it arrives in these pieces. */
function read(pieces: readonly string[]): string {
  let outcome = "waits";
  const socket = Object.assign(new EventEmitter(), { destroyed: false, readableEnded: false, destroy() {} });
  new SocketReader(socket as unknown as Socket, {
    timeoutMs: 60_000,
    maxHeadBytes: BOUND,
    over() {},
    read: ({ fault, source }) => {
      outcome = fault?.code ?? `${source.method} ${source.url}`;
    },
  });
  for (const piece of pieces) socket.emit("data", Buffer.from(piece, "latin1"));
  socket.emit("close");
  return outcome;
}

/** A request whose head has so many bytes, without the empty line behind it. */
function requestOf(length: number): string {
  const start = "GET / HTTP/1.1\r\nA: ";
  return `${start}${"b".repeat(length - start.length)}\r\n\r\n`;
}

describe("a head at the bound of its length (RFC 9112 §2.2)", () => {
  for (const length of [BOUND - 3, BOUND - 1, BOUND]) {
    test(`of ${length} bytes is read, wherever it is cut`, () => {
      const request = requestOf(length);
      assert.equal(read([request]), "GET /", "whole");
      for (let at = 1; at < request.length; at++) {
        assert.equal(read([request.slice(0, at), request.slice(at)]), "GET /", `cut at ${at}`);
      }
    });
  }

  test("of one byte more is refused, wherever it is cut", () => {
    const request = requestOf(BOUND + 1);
    assert.equal(read([request]), "REQUEST_TOO_LARGE", "whole");
    for (let at = 1; at < request.length; at++) {
      assert.equal(read([request.slice(0, at), request.slice(at)]), "REQUEST_TOO_LARGE", `cut at ${at}`);
    }
  });

  test("that has no end is refused once its end can lie within the bound no more", () => {
    assert.equal(read(["x".repeat(BOUND + 3)]), "waits");
    assert.equal(read(["x".repeat(BOUND + 4)]), "REQUEST_TOO_LARGE");
  });
});
