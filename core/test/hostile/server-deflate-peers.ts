/** Clients that agreed on compression and misuse it, or go to the limits of what is allowed: tests, for a victim. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { ServeOptions } from "../../src/node/index.ts";
import { BINARY, closeFrame, TEXT } from "../node/connection/frames.ts";
import { randomFrom } from "../node/connection/random.ts";
import type { RawClient } from "../node/server/raw-client.ts";
import { closeCodeFor, frames } from "./attacks-on-server.ts";
import { leave, openPeer, openPeers } from "./crowd.ts";
import { deflateMisuses } from "./deflate-misuses.ts";
import {
  deflate,
  deflateAgainst,
  deflatedFrame,
  deflatedFrames,
  EMPTY_FINAL,
  EMPTY_MESSAGE,
  EMPTY_STORED,
  noise,
  OFFER,
  repeated,
  WORDS,
} from "./deflated.ts";
import { messageFrom, stillInflates, TAKEOVER } from "./deflating-client.ts";
import type { Victim } from "./victim-process.ts";

const MASKED = { mask: [1, 2, 3, 4] } as const;

export function testDeflatingPeers(victimOf: () => Victim): void {
  describe("a client that misuses compression (RFC 7692 §6, §7)", () => {
    for (const { what, bytes, closeCode, error } of deflateMisuses(MASKED)) {
      test(`${what}: ${closeCode} ${error}`, { timeout: 20_000 }, async (t) => {
        const attack = frames(what, bytes, { closeCode, error }, { headers: OFFER });
        assert.deepEqual(await attack.carryOut(t), attack.must);
      });
    }

    test("RSV1 where the server has refused compression: 1002 RSV_UNEXPECTED", async (t) => {
      const bytes = deflatedFrame(TEXT, deflate(WORDS));
      const options: ServeOptions = { compression: false };
      const attack = frames("RSV1", bytes, {}, { headers: OFFER, options });
      assert.deepEqual(await attack.carryOut(t), { closeCode: 1002, error: "RSV_UNEXPECTED" });
    });

    test("data cut off at every place: 1007 BAD_DEFLATE for each, and whole they are a message", async () => {
      const url = await victimOf().serve("echo");
      const whole = deflate(WORDS);
      const clients = await openPeers(url, whole.length, OFFER);
      clients.forEach((client, length) => {
        client.write(deflatedFrame(TEXT, whole.subarray(0, length)));
      });
      assert.deepEqual(new Set(await Promise.all(clients.map(closeCodeFor))), new Set([1007]));
      leave(clients);
      const { errors, messages } = await victimOf().told();
      assert.deepEqual([new Set(errors), messages], [new Set(["BAD_DEFLATE"]), 0]);
      await stillInflates(url);
    });

    test("100 peers with a bit that is wrong: a message, 1007 or 1009, and nobody else notices", async (t) => {
      const random = randomFrom(t);
      const url = await victimOf().serve("echo");
      const clients = await openPeers(url, 100, OFFER);
      for (const client of clients) {
        const content = random.pick([Buffer.from(WORDS), noise(20_000), Buffer.alloc(40_000, WORDS)]);
        const data = deflate(content, { level: random.pick([0, 1, 9]) });
        const at = random.below(8 * data.length);
        data[at >> 3] = (data[at >> 3] ?? 0) ^ (1 << (at & 7));
        client.write(deflatedFrame(BINARY, data), closeFrame(1000));
      }
      const closeCodes = new Set(await Promise.all(clients.map(closeCodeFor)));
      for (const closeCode of closeCodes) assert.ok([1000, 1007, 1009].includes(closeCode), String(closeCode));
      assert.ok(closeCodes.has(1007));
      leave(clients);
      await stillInflates(url);
    });
  });

  describe("references to what was said before (RFC 7692 §7.1.1, §7.1.2)", () => {
    const secret = "the secret of one connection, which is 56 characters long";
    const said = deflatedFrame(TEXT, deflate(secret));
    const again = deflatedFrame(TEXT, deflateAgainst(secret, secret));

    /** Another peer's message has just been inflated. */
    async function besideAnother(options: ServeOptions): Promise<[other: RawClient, client: RawClient]> {
      const url = await victimOf().serve("echo", options);
      const [other, client] = [await openPeer(url, OFFER), await openPeer(url, OFFER)];
      assert.equal(String(await messageFrom(other.write(said))), secret);
      return [other, client];
    }

    for (const [how, options] of [
      ["with", TAKEOVER],
      ["without", {}],
    ] as const) {
      test(`${how} context takeover nobody can refer to another connection's messages: 1007`, async () => {
        const [other, client] = await besideAnother(options);
        assert.equal(await closeCodeFor(client.write(again)), 1007);
        // Not even after it said something of its own, and after the other one was inflated in between
        const second = await openPeer(urlOf(other), OFFER);
        assert.equal(String(await messageFrom(second.write(deflatedFrame(TEXT, deflate("short"))))), "short");
        assert.equal(String(await messageFrom(other.write(said))), secret);
        assert.equal(await closeCodeFor(second.write(again)), 1007);
        leave([other, client, second]);
        assert.deepEqual((await victimOf().told()).errors, ["BAD_DEFLATE", "BAD_DEFLATE"]);
      });
    }

    test("with context takeover it can refer to its own, whatever others do wrong in between", async () => {
      const [other, client] = await besideAnother(TAKEOVER);
      assert.equal(await closeCodeFor(client.write(again)), 1007);
      assert.equal(String(await messageFrom(other.write(again), Buffer.from(secret))), secret);
      leave([other, client]);
    });

    test("without context takeover it can not: 1007", async () => {
      const [other, client] = await besideAnother({});
      assert.equal(await closeCodeFor(other.write(again)), 1007);
      leave([other, client]);
    });

    test("further back than agreed: 1007", async () => {
      const compression = { clientNoContextTakeover: false, clientMaxWindowBits: 9 };
      const [, client] = await besideAnother({ compression });
      const content = noise(1_000);
      assert.deepEqual(await messageFrom(client.write(deflatedFrame(BINARY, deflate(content)))), content);
      client.write(deflatedFrame(BINARY, deflateAgainst(content, content.subarray(0, 100))));
      assert.equal(await closeCodeFor(client), 1007);
      leave([client]);
    });

    function urlOf({ socket }: RawClient): string {
      return `ws://127.0.0.1:${socket.remotePort}/`;
    }
  });

  describe("messages that are as large as allowed, or as the room inside (CVE-2026-29035)", () => {
    const around = (bytes: number): number[] => [bytes - 1, bytes, bytes + 1];
    const lengths = [4_096, 5_120, 16_384 - 6, 32_768, 65_536, 2 * 65_536].flatMap(around);

    for (const [how, options, past] of [
      ["with", TAKEOVER, 4_096],
      ["without", {}, 0],
    ] as const) {
      test(`${how} context takeover each comes back as it was`, async () => {
        const client = await openPeer(await victimOf().serve("echo", options), OFFER);
        let [sent, received] = [Buffer.alloc(0), Buffer.alloc(0)];
        for (const [index, length] of [...lengths, ...lengths].entries()) {
          const content = index < lengths.length ? noise(length, index) : Buffer.alloc(length, WORDS);
          const dictionary = sent.subarray(-past);
          const remembered = past > 0 && dictionary.length > 0 ? { dictionary, windowBits: 12 } : {};
          client.write(deflatedFrame(BINARY, deflate(content, { level: index % 3, ...remembered })));
          const answer = await messageFrom(client, past > 0 ? received : undefined);
          assert.ok(answer.equals(content), `${length} bytes came back as ${answer.length} others`);
          sent = Buffer.concat([sent, content]).subarray(-past);
          received = Buffer.concat([received, content]).subarray(-32_768);
        }
        leave([client]);
      });
    }

    test("16,384 fragments, 16 ends of the data, 200,000 empty blocks: each is a message", async () => {
      const client = await openPeer(await victimOf().serve("echo"), OFFER);
      const content = noise(16_000);
      client.write(deflatedFrames(deflate(content), 1, {}, 16_384));
      assert.deepEqual(await messageFrom(client), content);
      client.write(deflatedFrame(BINARY, Buffer.concat([repeated(EMPTY_FINAL, 16), deflate(content)])));
      assert.deepEqual(await messageFrom(client), content);
      client.write(deflatedFrame(BINARY, Buffer.concat([repeated(EMPTY_STORED, 200_000), EMPTY_MESSAGE])));
      assert.deepEqual(await messageFrom(client), Buffer.alloc(0));
      leave([client]);
    });
  });
}
