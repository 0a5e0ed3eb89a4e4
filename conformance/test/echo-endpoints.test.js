import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { acceptPeer } from "../drive/listen.js";
import { clientCompression, EchoClient } from "../runs/echo-endpoints.js";
import { loadCases } from "../tester/cases.js";

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

  test("offers what the first offer of a case says about the server", async () => {
    const cases = loadCases().filter((one) => one.set === "deflate");
    const offered = [];
    for (const group of ["12.1", "13.2", "13.3", "13.7"]) {
      const one = cases.find(({ id }) => id === `${group}.1`);
      assert.ok(one !== undefined);
      const client = new EchoClient(13, clientCompression(one));
      const { socket, agreement } = await acceptPeer((url) => client.dial(url), {
        ...acceptance,
        version: 13,
        asks: [{}],
      });
      socket.destroy();
      offered.push(agreement);
    }
    const client = { forgets: false, windowBits: 15 };
    assert.deepEqual(offered, [
      { client, server: { forgets: false, windowBits: 15 } },
      { client, server: { forgets: true, windowBits: 15 } },
      { client, server: { forgets: false, windowBits: 9 } },
      { client, server: { forgets: true, windowBits: 9 } },
    ]);
  });

  test("complains when it was rejected", async () => {
    const client = new EchoClient(8);
    const wrongly = acceptPeer((url) => client.dial(url), { ...acceptance, version: 13 });
    await assert.rejects(wrongly, /Sec-WebSocket-Version is 8, wanted 13/);
    await assert.rejects(client.dial("ws://127.0.0.1:1/#fragment"));
    assert.match(client.complaint ?? "", /^connect was rejected: /);
  });
});
