/** Servers that agreed on compression and misuse it: tests of a client in this process, and of one that is measured. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { RawServer } from "../node/client/raw-server.ts";
import { BINARY, CLOSE, TEXT } from "../node/connection/frames.ts";
import { type Circumstances, closesAfter, dial, type Fate, type Script, sends } from "./client-attacks.ts";
import type { ClientVictim } from "./client-victim-process.ts";
import { deflateMisuses, unfinishedDeflates } from "./deflate-misuses.ts";
import {
  AGREED,
  bomb,
  deflate,
  deflateAgainst,
  deflatedFrame,
  deflatedFrames,
  deflatedText,
  EMPTY_MESSAGE,
  noise,
  repeated,
  WORDS,
} from "./deflated.ts";

const MIB = 1 << 20;
/** As a server sends it. */
const UNMASKED = { mask: null } as const;
const FORGETFUL = { "Sec-WebSocket-Extensions": "permessage-deflate; server_no_context_takeover" } as const;

function failed(code: number, error: string): Fate {
  return { closeCode: code, endCode: code, error };
}

export function testDeflatingServers(victimOf: () => ClientVictim): void {
  describe("a server that misuses compression (RFC 7692 §6, §7)", () => {
    for (const { what, bytes, closeCode, error } of deflateMisuses(UNMASKED)) {
      test(`${what}: ${closeCode} ${error}`, { timeout: 20_000 }, async (t) => {
        assert.deepEqual(await dial(t, sends(bytes, "behind the response", AGREED)), failed(closeCode, error));
      });
    }

    test("RSV1 where the server has not agreed on compression: 1002 RSV_UNEXPECTED", async (t) => {
      const script = sends(deflatedText(WORDS, UNMASKED), "behind the response");
      assert.deepEqual(await dial(t, script), failed(1002, "RSV_UNEXPECTED"));
    });

    for (const [what, bytes, error] of [
      ["in the response's chunk", Buffer.from([0x07]), "BAD_DEFLATE"],
      ["in the response's chunk, on the thread pool", noise(50_000, 7), "BAD_DEFLATE"],
    ] as const) {
      test(`what is no DEFLATE data, ${what}: 1007 ${error}`, async (t) => {
        const script = sends(deflatedFrame(BINARY, bytes, UNMASKED), "with the response", AGREED);
        assert.deepEqual(await dial(t, script), failed(1007, error));
      });
    }
  });

  describe("a server that refers to what was said before (RFC 7692 §7.1.1)", () => {
    const secret = "the secret of one connection, which is 56 characters long";
    const said = deflatedText(secret, UNMASKED);
    const again = deflatedFrame(TEXT, deflateAgainst(secret, secret), UNMASKED);

    test("with context takeover to its own messages: it may", async (t) => {
      const script = closesAfter(Buffer.concat([said, again]), AGREED);
      assert.deepEqual(await dial(t, script), { closeCode: 1000, endCode: 1000, messages: secret + secret });
    });

    test("without: 1007 BAD_DEFLATE", async (t) => {
      const script = sends(Buffer.concat([said, again]), "behind the response", FORGETFUL);
      assert.deepEqual(await dial(t, script), { ...failed(1007, "BAD_DEFLATE"), messages: secret });
    });

    test("to another connection's messages: 1007 BAD_DEFLATE", async (t) => {
      const script: Script = async (peer) => {
        await peer.accept(AGREED, deflatedText("short", UNMASKED));
        peer.write(again);
      };
      const before = await dial(t, closesAfter(said, AGREED));
      assert.deepEqual(before, { closeCode: 1000, endCode: 1000, messages: secret });
      assert.deepEqual(await dial(t, script), { ...failed(1007, "BAD_DEFLATE"), messages: "short" });
    });
  });

  describe("a server that stalls or leaves inside a compressed message", () => {
    for (const [what, bytes] of unfinishedDeflates(UNMASKED)) {
      test(`after ${what}: 1008 MESSAGE_TIMEOUT`, async (t) => {
        const options: Circumstances = { limits: { messageTimeoutMs: 50 } };
        const fate = await dial(t, sends(bytes, "behind the response", AGREED), options);
        assert.deepEqual(fate, failed(1008, "MESSAGE_TIMEOUT"));
      });
    }

    /** Too large to be inflated at once. */
    const content = noise(200_000).toString("hex");
    const large = deflatedText(content, UNMASKED);

    test("ended behind a large message, which is handed over first: 1006", async (t) => {
      const script: Script = async (peer) => {
        await peer.accept(AGREED, large);
        peer.end();
      };
      assert.deepEqual(await dial(t, script), { endCode: 1006, messages: content });
    });

    test("closed behind large messages, which are handed over first: 1000", async (t) => {
      const script = closesAfter(Buffer.concat([large, deflatedText("b", UNMASKED), large]), AGREED);
      const messages = `${content}b${content}`;
      assert.deepEqual(await dial(t, script), { closeCode: 1000, endCode: 1000, messages });
    });

    test("reset while many clients inflate: 1006 for each, and nothing else", async (t) => {
      const script: Script = async (peer) => {
        await peer.accept(AGREED);
        await new Promise((resolve) => peer.socket.write(repeated(large, 3), resolve));
        peer.reset();
      };
      const fates = await Promise.all(Array.from({ length: 30 }, () => dial(t, script)));
      for (const { endCode, error = "TRANSPORT_FAILED" } of fates) {
        // Node tells of an end where the reset came with the last bytes
        assert.deepEqual([endCode, error], [1006, "TRANSPORT_FAILED"]);
      }
    });
  });

  describe("what a server that compresses costs in memory", () => {
    type Case = readonly [what: string, script: Script, fate: Fate, mostMib: number];
    const tooBig = failed(1009, "MESSAGE_TOO_BIG");
    const bytes = (frames: Uint8Array): Script => sends(frames, "behind the response", AGREED);
    const cases: readonly Case[] = [
      ["1 MiB that would become 1 GiB", bytes(deflatedFrame(BINARY, bomb(1_000), UNMASKED)), tooBig, 32],
      ["the same in 1,000 frames", bytes(deflatedFrames(bomb(1_000), 1_040, UNMASKED)), tooBig, 32],
      ["16 KiB that would become 15 MiB", bytes(deflatedFrame(BINARY, bomb(15), UNMASKED)), tooBig, 16],
      [
        "100,000 empty messages",
        closesAfter(repeated(deflatedFrame(BINARY, EMPTY_MESSAGE, UNMASKED), 100_000), AGREED),
        { closeCode: 1000, endCode: 1000 },
        24,
      ],
      [
        "150 messages of 1 KiB that become 1 MiB, as much as allowed",
        closesAfter(repeated(deflatedFrame(BINARY, bomb(1), UNMASKED), 150), AGREED),
        { closeCode: 1000, endCode: 1000 },
        128,
      ],
    ];
    for (const [what, script, fate, mostMib] of cases) {
      test(`${what}: ${Object.values(fate).join(", ")}, and at most ${mostMib} MiB`, async (t) => {
        const server = await RawServer.listen(t, { script });
        const { grown, ...came } = await victimOf().dial(server.url());
        const closing = server.peers[0]?.frames.find(({ opcode }) => opcode === CLOSE);
        const { closeCode, ...rest } = fate;
        assert.deepEqual(came, rest);
        assert.equal(closing?.payload.readUInt16BE(0), closeCode);
        assert.ok(grown < mostMib * MIB, `${grown} bytes`);
      });
    }

    test("an application that sends without looking at backpressure to a server that never reads: 1013", async (t) => {
      const script: Script = async (peer) => {
        await peer.accept(AGREED);
        peer.socket.pause();
      };
      const server = await RawServer.listen(t, { script });
      const { grown, error, endCode } = await victimOf().dial(server.url(), {
        application: "talks",
        closeTimeoutMs: 200,
      });
      assert.deepEqual([error, endCode], ["OUTBOUND_FULL", 1013]);
      assert.ok(grown < 96 * MIB, `${grown} bytes`);
    });

    for (const [how, headers, mostBytes] of [
      ["with", AGREED, 56 * 1_024],
      [
        "without",
        { "Sec-WebSocket-Extensions": `${FORGETFUL["Sec-WebSocket-Extensions"]}; client_no_context_takeover` },
        1_024,
      ],
    ] as const) {
      test(`100 clients that said and heard something ${how} context takeover: at most ${mostBytes} bytes each`, async (t) => {
        const message = deflatedFrame(BINARY, deflate(Buffer.alloc(2_000, WORDS)), UNMASKED);
        const server = await RawServer.listen(t, { script: (peer) => peer.accept(headers, message) });
        const { outsideEach } = await victimOf().idle(server.url(), { count: 100, bytes: 2_000, greets: true });
        assert.ok(outsideEach <= mostBytes, `${outsideEach} bytes each`);
        assert.ok(
          server.peers.every(({ chunks }) => chunks.some(([first = 0]) => first === 0xc1)),
          "all were compressed",
        );
      });
    }
  });
}
