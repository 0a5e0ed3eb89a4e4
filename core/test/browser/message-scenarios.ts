import assert from "node:assert/strict";
import type { ServeOptions } from "polysocket";
import { Mailbox } from "../e2e/mailbox.ts";
import { LARGE, SIZES, sendLarge } from "../e2e/sample-messages.ts";
import { findChanged, listen } from "./page-socket.ts";
import type { Scenarios, Stage } from "./stage.ts";

/** Compresses well, and is longer than what is sent as it is. */
const REPETITIVE = "all work and no play makes jack a dull boy. ".repeat(2_500);

async function assertEchoes(stage: Stage, options: ServeOptions, sizes = SIZES): Promise<void> {
  const { server, tab } = await stage.open({ ...options, message: (connection, message) => connection.send(message) });
  assert.deepEqual(await findChanged(tab, server.url, sizes), []);
  assert.equal(server.stats().messagesReceived, 2 * sizes.length);
}

/** Messages of every length's encoding, plain and compressed. */
export const messageScenarios: Scenarios = {
  "text and bytes of 0 bytes to 1 MiB come back": (stage) => assertEchoes(stage, { compression: false }),
  "they do where each is compressed": (stage) => assertEchoes(stage, { compression: { thresholdBytes: 0 } }),
  "those of up to 64 KiB do where each refers back to those before": (stage) => {
    const compression = { thresholdBytes: 0, serverNoContextTakeover: false, clientNoContextTakeover: false };
    return assertEchoes(stage, { compression }, [...SIZES.slice(0, -1), ...SIZES.slice(0, -1)]);
  },

  "compression is what both ends say was agreed on, and what they do": async (stage) => {
    const agreed: string[] = [];
    const { server, tab } = await stage.open({
      open: (connection) => agreed.push(connection.extensions),
      message: (connection, message) => connection.send(message),
    });
    const page = await tab.evaluate(echoOnce, { url: server.url, text: REPETITIVE });
    assert.deepEqual(agreed, ["permessage-deflate; server_no_context_takeover; client_no_context_takeover"]);
    // Chromium tells the parameters, too; Firefox the name alone
    assert.ok(agreed.includes(page.extensions) || page.extensions === "permessage-deflate", page.extensions);
    assert.ok(page.back === REPETITIVE);
    const { bytesReceived, bytesSent } = server.stats();
    assert.ok(bytesReceived < REPETITIVE.length / 20, `received ${bytesReceived} bytes`);
    assert.ok(bytesSent < REPETITIVE.length / 20, `sent ${bytesSent} bytes`);
  },

  "no compression is what both ends say where the server does not want it": async (stage) => {
    const agreed: string[] = [];
    const { server, tab } = await stage.open({
      compression: false,
      open: (connection) => agreed.push(connection.extensions),
      message: (connection, message) => connection.send(message),
    });
    const page = await tab.evaluate(echoOnce, { url: server.url, text: REPETITIVE });
    assert.deepEqual([agreed, page.extensions], [[""], ""]);
    assert.ok(server.stats().bytesReceived > REPETITIVE.length);
  },

  "the browser answers pings": async (stage) => {
    const { server, tab } = await stage.open({
      async open(connection) {
        const roundTripMs = await connection.ping("are you there?");
        connection.close(4000, roundTripMs >= 0 ? "answered" : "");
      },
    });
    assert.deepEqual(await listen(tab, server.url), ["open ", "close 4000 answered true"]);
  },

  "more than the browser takes at once waits, and arrives in order": async (stage) => {
    const count = 128;
    const drains = new Mailbox<void>();
    let waits = 0;
    const { server, tab } = await stage.open({
      compression: false,
      open: (connection) => sendLarge(count, connection, drains, () => waits++),
      drain: () => drains.put(),
    });
    assert.deepEqual(await tab.evaluate(receiveSlowly, { url: server.url, count, size: LARGE }), []);
    assert.ok(waits > 0);
  },
};

/** Runs in the page: receive so many messages of `sendLarge`; the page does nothing else for a while when it gets the first.
 * @returns the numbers of those that are wrong */
function receiveSlowly({ url, count, size }: { readonly url: string; readonly count: number; readonly size: number }) {
  return new Promise<number[]>((resolve, reject) => {
    const wrong: number[] = [];
    let received = 0;
    const socket = new WebSocket(url);
    socket.binaryType = "arraybuffer";
    socket.onmessage = ({ data }) => {
      const until = performance.now() + (received === 0 ? 200 : 0);
      while (performance.now() < until);
      const bytes = new Uint8Array(data);
      if (bytes.length !== size || bytes.some((byte) => byte !== received % 256)) wrong.push(received);
      received += 1;
      if (received === count) resolve(wrong);
    };
    socket.onclose = ({ code }) => reject(new Error(`closed with ${code} after ${received}`));
  });
}

/** Runs in the page. */
function echoOnce({ url, text }: { readonly url: string; readonly text: string }) {
  return new Promise<{ extensions: string; back: string }>((resolve, reject) => {
    const socket = new WebSocket(url);
    socket.onopen = () => socket.send(text);
    socket.onmessage = ({ data }) => {
      resolve({ extensions: socket.extensions, back: data });
      socket.close();
    };
    socket.onclose = ({ code }) => reject(new Error(`closed with ${code}`));
  });
}
