import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Connection } from "../../src/node/index.ts";
import type { Direction } from "./fault-proxy.ts";
import { CARRIERS, type Play, Stage, type Witness } from "./stage.ts";

/** More than the systems between take, so that the sender has to wait. */
const COUNT = 256;
const BYTES = 65_536;

const OPTIONS = { both: { heartbeat: false, compression: false } } as const;

interface Way {
  readonly direction: Direction;
  readonly from: (play: Play) => { readonly sender: Connection; readonly told: Witness };
  readonly to: (play: Play) => Witness;
}

const WAYS: readonly Way[] = [
  {
    direction: "toServer",
    from: ({ client, atClient }) => ({ sender: client, told: atClient }),
    to: ({ atServer }) => atServer,
  },
  {
    direction: "toClient",
    from: ({ server, atServer }) => ({ sender: server, told: atServer }),
    to: ({ atClient }) => atClient,
  },
];

/** A message that says which one it is, from its first byte to its last. */
function numbered(index: number): Buffer {
  return Buffer.alloc(BYTES, index);
}

/** Send as many as there are, waiting when the connection says so.
 * @returns how often it had to wait */
async function sendAll(sender: Connection, told: Witness): Promise<number> {
  let waits = 0;
  for (let index = 0; index < COUNT; index++) {
    if (sender.send(numbered(index))) continue;
    waits++;
    await told.drains.take();
  }
  await sender.flush();
  return waits;
}

for (const carrier of CARRIERS) {
  describe(`a peer over ${carrier} that is stalled and goes on`, { timeout: 30_000 }, () => {
    for (const { direction, from, to } of WAYS) {
      test(`gets each message once and in order, and its sender was made to wait (${direction})`, async (t) => {
        const play = await (await Stage.set(t, carrier, OPTIONS)).open();
        const { sender, told } = from(play);
        play.link[direction].stall();
        const sending = sendAll(sender, told);
        while (sender.bufferedBytes === 0) await new Promise((resolve) => setImmediate(resolve));
        play.link.resume();
        for (let index = 0; index < COUNT; index++) {
          const message = await to(play).messages.take();
          assert.ok(message instanceof Uint8Array && numbered(index).equals(message), `message ${index}`);
        }
        assert.ok((await sending) > 0);
        assert.deepEqual([sender.bufferedBytes, sender.droppedMessages], [0, 0]);
      });

      test(`gets the Close frame behind what waited (${direction})`, async (t) => {
        const play = await (await Stage.set(t, carrier, OPTIONS)).open();
        const { sender, told } = from(play);
        play.link.stall();
        sender.send("one");
        sender.send("two");
        sender.close(4000, "enough");
        play.link.resume();
        const received = to(play);
        assert.deepEqual([await received.messages.take(), await received.messages.take()], ["one", "two"]);
        const ends = await Promise.all([received.closed, told.closed]);
        assert.deepEqual(
          ends.map(({ code, reason, wasClean, unsentBytes }) => [code, reason, wasClean, unsentBytes]),
          Array.from(ends, () => [4000, "enough", true, 0]),
        );
      });
    }

    test("in the middle of a message gets it whole", async (t) => {
      const stage = await Stage.set(t, carrier, OPTIONS);
      const play = await stage.open();
      const { toServer } = play.link;
      toServer.after(toServer.passedBytes + 1_000, () => toServer.stall());
      play.client.send(numbered(7));
      while (toServer.passedBytes < 1_000) await new Promise((resolve) => setImmediate(resolve));
      toServer.resume();
      assert.deepEqual(await play.atServer.messages.take(), numbered(7));
    });

    test("longer than the closing handshake may take is cut off, and both ends are told", async (t) => {
      const stage = await Stage.set(t, carrier, { both: { ...OPTIONS.both, closeTimeoutMs: 50 } });
      const { client, atClient, atServer, link } = await stage.open();
      link.stall();
      client.close();
      const { code, wasClean } = await atClient.closed;
      assert.deepEqual([code, wasClean, atClient.errors], [1006, false, ["CLOSE_TIMEOUT"]]);
      link.resume();
      // The Close frame and the end come together
      await atServer.closed;
      assert.equal(stage.server.connections.size, 0);
    });
  });
}
