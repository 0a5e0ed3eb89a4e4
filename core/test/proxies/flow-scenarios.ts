import assert from "node:assert/strict";
import { test } from "node:test";
import type { Connection } from "polysocket";
import { assertBytes, LARGE, receiveLarge, sendLarge } from "../e2e/sample-messages.ts";
import { ECHO, INBOX, SLOW } from "./backend.ts";
import type { Opened, Stage } from "./stage.ts";

/** Pieces of this many, 32 MiB, are more than the system and a proxy take on their own. */
const PIECES = 512;
const MANY = 50;
/** Echoes during which nothing moves elsewhere. */
const QUIET_ECHOES = 100;

/** Several WebSockets at once. */
export function flow(stage: () => Stage): void {
  test("fifty at once each get their own answers, by few connections where HTTP/2 is behind", async (t) => {
    const { backend, front, setup } = stage();
    // While it has no connection to the server, a proxy may make one for each who asks
    await stage().open(t, ECHO);
    const all = await Promise.all(Array.from({ length: MANY }, () => stage().open(t, ECHO)));
    for (const [index, { client }] of all.entries()) client.send(`number ${index}`);
    for (const [index, { messages }] of all.entries()) assert.equal(await messages.take(), `number ${index}`);
    const areShared = setup.backVersion === "2.0" && (front === "2.0" || setup.mixesClients);
    if (areShared) assert.ok(backend.sockets <= MANY / 5, `${backend.sockets} connections`);
    else assert.ok(backend.sockets >= MANY, `${backend.sockets} connections`);
  });

  test("a client waits for a server that does not read; the others' messages pass", async (t) => {
    const slow = await stage().open(t, SLOW, { compression: false });
    const other = await stage().openAside(t, ECHO);
    const sending = sendLarge(PIECES, slow.client, slow.drains);
    await untilItStands(slow.client, other);
    let count = 0;
    for await (const message of slow.served.connection) {
      assertBytes(message, Buffer.alloc(LARGE, count));
      count += 1;
      if (count === PIECES) break;
    }
    await sending;
    assert.equal(slow.client.droppedMessages, 0);
  });

  test("the server waits for a client that does not read; the others' messages pass", async (t) => {
    const slow = await stage().open(t, INBOX, { compression: false });
    const other = await stage().openAside(t, ECHO);
    slow.client.pause();
    const sending = sendLarge(PIECES, slow.served.connection, slow.served.drains);
    await untilItStands(slow.served.connection, other);
    slow.client.resume();
    await Promise.all([receiveLarge(PIECES, () => slow.messages.take()), sending]);
    assert.equal(slow.served.connection.droppedMessages, 0);
  });
}

/** See that a sender stands still while messages of another WebSocket go there and back. */
async function untilItStands(
  sender: Connection,
  { client, messages }: Pick<Opened, "client" | "messages">,
): Promise<void> {
  let last = -1;
  for (let unchanged = 0; unchanged < QUIET_ECHOES; ) {
    client.send("are you there?");
    assert.equal(await messages.take(), "are you there?");
    const waiting = sender.bufferedBytes;
    unchanged = waiting > 0 && waiting === last ? unchanged + 1 : 0;
    last = waiting;
  }
}
