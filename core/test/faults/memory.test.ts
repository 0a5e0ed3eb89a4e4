import assert from "node:assert/strict";
import { describe, type TestContext, test } from "node:test";
import { connect } from "../../src/node/index.ts";
import { Mailbox } from "../e2e/mailbox.ts";
import { flood, leave } from "../hostile/crowd.ts";
import { BINARY, frame, text } from "../node/connection/frames.ts";
import { handshakeText, RawClient, statusOf } from "../node/server/raw-client.ts";
import { ShortProcess } from "./short/short-process.ts";

/** Of V8's heap, in MiB. */
const HEAP = 128;
const PEERS = 150;
/** What the whole process may take at most. */
const MOST_BYTES = 512 << 20;

/** So many answers at least does the server's own client get while the others do harm. */
const ANSWERS = 100;

async function openAt(url: string, target: string): Promise<RawClient> {
  const client = await RawClient.connect(url);
  const head = await client.write(handshakeText({ target })).head();
  assert.equal(statusOf(head), 101);
  return client;
}

/** Have peers do harm at a path, while a client of the server's own is answered.
 * @returns the server's errors */
async function attack(
  t: TestContext,
  path: string,
  harm: (client: RawClient) => Promise<unknown>,
): Promise<Readonly<Record<string, number>>> {
  const child = await ShortProcess.start({ nodeOptions: [`--max-old-space-size=${HEAP}`] });
  t.after(() => child.stop());
  const url = await child.ask<string>("serve", "plain");
  const messages = new Mailbox<unknown>();
  const legitimate = await connect(url, {
    message: (_connection, message) => messages.put(message),
    close: (_connection, { code }) => messages.end(`closed with ${code}`),
  });
  t.after(() => legitimate.terminate());
  await child.ask("watchMemory");
  const peers = await Promise.all(Array.from({ length: PEERS }, () => openAt(url, path)));
  t.after(() => leave(peers));
  let isOver = false;
  const harming = Promise.all(peers.map(harm)).then(() => {
    isOver = true;
  });
  let answers = 0;
  while (!isOver || answers < ANSWERS) {
    legitimate.send(`message ${answers}`);
    assert.equal(await messages.take(), `message ${answers}`);
    answers++;
  }
  await harming;
  const [peakBytes, errors] = [await child.ask<number>("peakBytes"), await child.ask<Record<string, number>>("errors")];
  t.diagnostic(`${answers} answers meanwhile, at most ${peakBytes >> 20} MiB, ${JSON.stringify(errors)}`);
  assert.ok(peakBytes < MOST_BYTES, `${peakBytes} bytes`);
  return errors;
}

describe(`a server with a heap of ${HEAP} MiB and ${PEERS} hostile peers`, { timeout: 90_000 }, () => {
  test("survives those who ask for more than they read", async (t) => {
    const asking = Buffer.concat(Array.from({ length: 250 }, () => text("more")));
    const { MEMORY_FULL = 0 } = await attack(t, "/gives", (client) => {
      client.socket.pause();
      return flood(client, asking, 1, () => false);
    });
    assert.ok(MEMORY_FULL > 0);
  });

  test("survives those who never finish a large message", async (t) => {
    const begun = frame(BINARY, Buffer.alloc(1_000_000), { fin: false }).subarray(0, 990_000);
    const { MEMORY_FULL = 0 } = await attack(t, "/", (client) => flood(client, begun, 1, () => false));
    assert.ok(MEMORY_FULL > 0);
  });

  test("survives those who send a message in many small fragments", async (t) => {
    const pieces = Array.from({ length: 10_000 }, (_, index) => frame(index === 0 ? BINARY : 0, "ab", { fin: false }));
    const fragments = Buffer.concat(pieces);
    await attack(t, "/", (client) => flood(client, fragments, 1, () => false));
  });
});
