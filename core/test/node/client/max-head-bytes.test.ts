import assert from "node:assert/strict";
import { describe, type TestContext, test } from "node:test";
import { connect } from "../../../src/node/client/connect.ts";
import { handshakeError, start } from "./handshaking.ts";
import { RawServer } from "./raw-server.ts";

/** A server that accepts with a field of so many bytes. */
async function listen(t: TestContext, bytes: number): Promise<string> {
  const server = await RawServer.listen(t, { script: (peer) => peer.accept({ "X-Long": "x".repeat(bytes) }) });
  return server.url();
}

describe("maxHeadBytes", () => {
  test("lets an answer be longer than Node's 16 KiB", async (t) => {
    const url = await listen(t, 50_000);
    assert.equal((await handshakeError(start(t, url))).code, "RESPONSE_INVALID");
    const connection = await start(t, url, { maxHeadBytes: 100_000 }).opened;
    assert.equal(connection.state, "open");
  });

  test("refuses a longer one", async (t) => {
    const error = await handshakeError(start(t, await listen(t, 50_000), { maxHeadBytes: 40_000 }));
    assert.deepEqual([error.code, error.statusCode], ["RESPONSE_INVALID", 0]);
  });

  test("may be more than Node can count", async (t) => {
    const options = { maxHeadBytes: Number.POSITIVE_INFINITY };
    assert.equal((await start(t, await listen(t, 50_000), options).opened).state, "open");
  });

  for (const value of [0, -1, 1.5, Number.NaN, "1"]) {
    test(`is no ${JSON.stringify(value)} (${String(value)})`, async () => {
      const options = { maxHeadBytes: value } as { maxHeadBytes: number };
      await assert.rejects(connect("ws://127.0.0.1:1/", options), { code: "USAGE", message: /^maxHeadBytes is / });
    });
  }
});
