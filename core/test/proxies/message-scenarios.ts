import assert from "node:assert/strict";
import { test } from "node:test";
import { assertBytes, LARGE, receiveLarge, SIZES, sendLarge, TEXTS } from "../e2e/sample-messages.ts";
import { ECHO, GREETING, INBOX } from "./backend.ts";
import type { Stage } from "./stage.ts";

/** Pieces of this many make 16 MiB. */
const PIECES = 256;
const ONE_LARGE = 4 << 20;

/** Messages there and back. */
export function messages(stage: () => Stage): void {
  test("text comes back as it was sent", async (t) => {
    const { client, messages } = await stage().open(t, ECHO);
    for (const text of TEXTS) client.send(text);
    for (const text of TEXTS) assert.equal(await messages.take(), text);
  });

  for (const compression of [false, true]) {
    const how = compression ? "compressed" : "as they are";
    test(`bytes of every length's encoding come back as they were sent, ${how}`, async (t) => {
      const { client, messages } = await stage().open(t, ECHO, { compression });
      assert.equal(client.extensions !== "", compression);
      for (const size of SIZES) {
        const bytes = Buffer.alloc(size, `${size} bytes.`);
        client.send(bytes);
        assertBytes(await messages.take(), bytes);
      }
    });
  }

  test("the server speaks first", async (t) => {
    const { messages } = await stage().open(t, GREETING);
    assert.equal(await messages.take(), "welcome");
  });

  test("one message of 4 MiB goes each way", async (t) => {
    const { client, served, messages } = await stage().open(t, INBOX, { compression: false });
    const bytes = Buffer.alloc(ONE_LARGE, "four mebibytes, ");
    client.send(bytes);
    assertBytes(await served.messages.take(), bytes);
    served.connection.send(bytes);
    assertBytes(await messages.take(), bytes);
  });

  test("16 MiB in pieces go each way, at once where the proxy can, in order", async (t) => {
    const { client, served, messages, drains } = await stage().open(t, INBOX, { compression: false });
    assert.equal(PIECES * LARGE, 16 << 20);
    const up = [sendLarge(PIECES, client, drains), receiveLarge(PIECES, () => served.messages.take())];
    if (stage().jamsBothWays) await Promise.all(up);
    const down = [sendLarge(PIECES, served.connection, served.drains), receiveLarge(PIECES, () => messages.take())];
    await Promise.all([...up, ...down]);
    assert.deepEqual([client.droppedMessages, served.connection.droppedMessages], [0, 0]);
  });
}
