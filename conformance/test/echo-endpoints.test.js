import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { acceptPeer } from "../drive/listen.js";
import { EchoClient } from "../runs/echo-endpoints.js";

describe("EchoClient", () => {
  const acceptance = { joined: false, timeoutMs: 5_000 };

  for (const version of /** @type {const} */ ([13, 8])) {
    test(`complains of nothing once it is open, version ${version}`, async () => {
      const client = new EchoClient(version);
      /** @type {Promise<void> | undefined} */
      let dialed;
      const dial = (/** @type {string} */ url) => {
        dialed = client.dial(url);
        return dialed;
      };
      const { socket } = await acceptPeer(dial, { ...acceptance, version });
      await dialed;
      assert.equal(client.complaint, undefined);
      socket.destroy();
    });
  }

  test("complains when it was rejected", async () => {
    const client = new EchoClient(8);
    const wrongly = acceptPeer((url) => client.dial(url), { ...acceptance, version: 13 });
    await assert.rejects(wrongly, /Sec-WebSocket-Version is 8, wanted 13/);
    await assert.rejects(client.dial("ws://127.0.0.1:1/#fragment"));
    assert.match(client.complaint ?? "", /^connect was rejected: /);
  });
});
