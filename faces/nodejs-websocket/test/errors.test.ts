import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { HandshakeError, type HandshakeErrorCode, TransportError } from "polysocket";
import { connectFailure } from "../src/errors.ts";

const GOOD = { upgrade: "websocket", connection: "Upgrade", "sec-websocket-accept": "x" };

function textOf(code: HandshakeErrorCode, headers: Record<string, string>, protocols: string[] = [], statusCode = 101) {
  const response = {
    statusCode,
    reasonPhrase: "",
    headers,
    rawHeaders: Object.entries(headers).flat(),
    sentHeaders: [],
    body: new Uint8Array(0),
  };
  const { error } = connectFailure(new HandshakeError(code, undefined, { response }), protocols);
  return error instanceof Error ? error.message : error;
}

describe("the texts of a client whose handshake failed, in the order in which the original looked", () => {
  test("no field at all is too short, whatever the status", () => {
    assert.equal(textOf("STATUS_NOT_101", {}, [], 200), "Invalid handshake: too short");
  });

  test("another status or version is the first line's fault", () => {
    assert.equal(textOf("STATUS_NOT_101", GOOD, [], 404), "Invalid handshake: invalid first line format");
    assert.equal(textOf("HTTP_VERSION_TOO_LOW", GOOD), "Invalid handshake: invalid first line format");
  });

  test("a missing field comes before a wrong one", () => {
    const { upgrade: _, ...noUpgrade } = GOOD;
    const missing = "Invalid handshake: missing required headers";
    assert.equal(textOf("UPGRADE_INVALID", noUpgrade), missing);
    assert.equal(textOf("CONNECTION_INVALID", { upgrade: "x", connection: "x", a: "b" }), missing);
    assert.equal(
      textOf("CONNECTION_INVALID", { ...GOOD, connection: "close" }),
      "Invalid handshake: invalid Upgrade or Connection header",
    );
  });

  test("protocols come before the accept value", () => {
    const none = "Invalid handshake: no protocol was negotiated";
    assert.equal(textOf("ACCEPT_MISMATCH", GOOD, ["a"]), none);
    assert.equal(textOf("SUBPROTOCOL_NOT_OFFERED", { ...GOOD, "sec-websocket-protocol": "A" }, ["a"]), none);
    assert.equal(
      textOf("ACCEPT_MISMATCH", { ...GOOD, "sec-websocket-protocol": "a" }),
      "Invalid handshake: no protocol negotiation was expected",
    );
    assert.equal(textOf("ACCEPT_MISMATCH", GOOD), "Invalid handshake: hash mismatch");
    assert.equal(
      textOf("ACCEPT_MISMATCH", { ...GOOD, "sec-websocket-protocol": "a" }, ["a"]),
      "Invalid handshake: hash mismatch",
    );
  });

  test("what the original did not look at has the core's text", () => {
    assert.match(String(textOf("EXTENSION_NOT_OFFERED", GOOD)), /^Invalid handshake: the server selected an extension/);
  });

  test("an answer that is no HTTP, or too long for it", () => {
    const failure = (code: string): unknown => {
      const cause = Object.assign(new Error("parser"), { code });
      const { error } = connectFailure(new HandshakeError("RESPONSE_INVALID", "", { cause }), []);
      return error instanceof Error ? error.message : error;
    };
    assert.equal(failure("HPE_HEADER_OVERFLOW"), "Handshake is too big");
    assert.equal(failure("HPE_INVALID_CONSTANT"), "Invalid handshake: invalid first line format");
  });
});

describe("a client that is not connected", () => {
  test("tells of Node's error, which nobody has to listen to", () => {
    const cause = new Error("connect ECONNREFUSED");
    const failure = connectFailure(new TransportError("CONNECT_FAILED", "", { cause }), []);
    assert.deepEqual(failure, { error: cause, isSocketError: true });
  });

  test("tells of no error when the server has hung up", () => {
    const cause = new Error("socket hang up");
    const failure = connectFailure(new TransportError("CONNECT_FAILED", "", { cause }), []);
    assert.deepEqual(failure, { error: undefined, isSocketError: true });
  });
});
