import assert from "node:assert/strict";
import { connect } from "node:net";
import { describe, test } from "node:test";
import { acceptPeer } from "../drive/listen.js";
import { requestLines } from "./faulty-peer.js";

/** @typedef {import("../drive/opening-handshake.js").Version} Version */

/** Makes a wrong request of a right one. @type {Record<string, (request: string) => string>} */
const FAULTS = {
  "the request is POST /echo/?played=by%20the%20tester HTTP/1.1": (request) => request.replace("GET", "POST"),
  "the request is GET /echo/ HTTP/1.1": (request) => request.replace(/\?\S+/, ""),
  "the request is GET /echo/?played=by%20the%20tester HTTP/1.0": (request) => request.replace("HTTP/1.1", "HTTP/1.0"),
  "a header field of the request is malformed": (request) => request.replace("Upgrade:", "Upgrade :"),
  "Host is undefined": without("Host"),
  "Host is localhost": (request) => request.replace(/127\.0\.0\.1:\d+/, "localhost"),
  "Upgrade does not contain websocket": (request) => request.replace("websocket", "websockets"),
  "Connection does not contain Upgrade": (request) => request.replace("Connection: Upgrade", "Connection: keep-alive"),
  "Sec-WebSocket-Key is not base64 of 16 octets": (request) => request.replace("==", ""),
  "Sec-WebSocket-Version is undefined, wanted 13": without("Sec-WebSocket-Version"),
  "Sec-WebSocket-Version is 8, wanted 13": (request) => request.replace(": 13", ": 8"),
  "Sec-WebSocket-Version is 13,8, wanted 13": having("Sec-WebSocket-Version: 8"),
  "nobody asked for sec-websocket-extensions": having("Sec-WebSocket-Extensions: permessage-deflate"),
  "nobody asked for sec-websocket-protocol": having("Sec-WebSocket-Protocol: chat"),
  "nobody asked for origin": having("Origin: http://127.0.0.1"),
  "nobody asked for content-length": having("Content-Length: 0"),
  "the client did not wait for the answer": (request) => `${request}\x81\x80\x00\x00\x00\x00`,
};

describe("the tester's server", () => {
  test("answers a right request as RFC 6455 §1.3 does, at once or together with what follows", async () => {
    const key = "dGhlIHNhbXBsZSBub25jZQ==";
    const dial = dialWith((request) => request.replace(/Key: .*/, `Key: ${key}`));
    const { socket, unsent } = await acceptPeer(dial, { version: 13, joined: true, timeoutMs: 5_000 });
    socket.destroy();
    assert.match(String(unsent), /^HTTP\/1\.1 101 .*\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK\+xOo=\r\n\r\n$/s);

    const again = acceptPeer(dial, { version: 13, joined: false, timeoutMs: 5_000 });
    await assert.rejects(again, /Sec-WebSocket-Key came before/);
    const other = await acceptPeer(dialWith(), { version: 13, joined: false, timeoutMs: 5_000 });
    other.socket.destroy();
    assert.equal(other.unsent.length, 0);
  });

  for (const [fault, change] of Object.entries(FAULTS)) {
    test(`sees: ${fault}`, async () => {
      await assert.rejects(acceptPeer(dialWith(change), { version: 13, joined: false, timeoutMs: 5_000 }), {
        message: `opening handshake: ${fault}`,
      });
    });
  }

  test("wants version 8 where that was asked for", async () => {
    const acceptance = { version: /** @type {const} */ (8), joined: false, timeoutMs: 5_000 };
    await assert.rejects(acceptPeer(dialWith(), acceptance), /Sec-WebSocket-Version is 13, wanted 8/);
    const { socket } = await acceptPeer(
      dialWith((request) => request.replace(": 13", ": 8")),
      acceptance,
    );
    socket.destroy();
  });

  test("selects the subprotocol that the client was told to offer, and sees another or none", async () => {
    const acceptance = { version: /** @type {const} */ (13), joined: true, timeoutMs: 5_000, subprotocol: "echo-1.0" };
    const { socket, unsent } = await acceptPeer(dialWith(having("Sec-WebSocket-Protocol: echo-1.0")), acceptance);
    socket.destroy();
    assert.match(String(unsent), /\r\nSec-WebSocket-Protocol: echo-1\.0\r\n\r\n$/);
    const other = acceptPeer(dialWith(having("Sec-WebSocket-Protocol: echo-1.0, b")), acceptance);
    await assert.rejects(other, /sec-websocket-protocol is echo-1\.0, b, wanted echo-1\.0$/);
    await assert.rejects(acceptPeer(dialWith(), acceptance), /sec-websocket-protocol is undefined, wanted echo-1\.0$/);
  });

  test("gives up a client that does not come, says nothing, stops half-way or leaves", async () => {
    const acceptance = { version: /** @type {const} */ (13), joined: false, timeoutMs: 50 };
    const silence = { message: "opening handshake: nothing from the client in 50 ms" };
    await assert.rejects(
      acceptPeer(async () => {}, acceptance),
      { message: "opening handshake: nobody came in 50 ms" },
    );
    await assert.rejects(
      acceptPeer(
        dialWith(() => ""),
        acceptance,
      ),
      silence,
    );
    await assert.rejects(
      acceptPeer(
        dialWith((request) => request.slice(0, -1)),
        acceptance,
      ),
      silence,
    );
    await assert.rejects(
      acceptPeer(
        dialWith(() => "", true),
        { ...acceptance, timeoutMs: 5_000 },
      ),
      {
        message: "opening handshake: the client ended it",
      },
    );
  });

  test("tells why a client does not dial", async () => {
    const dial = () => Promise.reject(new Error("no such option"));
    await assert.rejects(acceptPeer(dial, { version: 13, joined: false, timeoutMs: 5_000 }), /^Error: no such option$/);
  });
});

/** @param {string} name */
function without(name) {
  return (/** @type {string} */ request) => request.replace(new RegExp(`^${name}:.*\r\n`, "m"), "");
}

/** @param {string} line */
function having(line) {
  return (/** @type {string} */ request) => request.replace("\r\n\r\n", `\r\n${line}\r\n\r\n`);
}

/** A client that sends a request and reads nothing.
 * @param {(request: string) => string} change
 * @param {boolean} ends whether it ends TCP then */
function dialWith(change = (request) => request, ends = false) {
  return async (/** @type {string} */ url) => {
    const socket = connect({ host: "127.0.0.1", port: Number(new URL(url).port) });
    socket.on("error", () => {}).resume();
    socket.write(change([...requestLines(url), "\r\n"].join("\r\n")), "latin1");
    if (ends) socket.end();
  };
}
