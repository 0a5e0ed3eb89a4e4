import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { CARRIERS, Stage } from "./stage.ts";

/** Around each border of RFC 6455 §5.2's lengths that can be had in short time. */
const SIZES = [0, 1, 125, 126, 127, 1_024];

const WAYS = [
  { name: "byte by byte", fault: { pieceBytes: 1 }, sizes: SIZES },
  { name: "in pieces of 7 bytes", fault: { pieceBytes: 7 }, sizes: [...SIZES, 9_000] },
  {
    name: "in late pieces of 1,000 bytes",
    fault: { pieceBytes: 1_000, delayMs: 1 },
    sizes: [...SIZES, 65_535, 65_536],
  },
] as const;

/** Text in which many characters are longer than a byte, so that cuts go through them. */
function textOf(bytes: number): string {
  return `${"ü€😀".repeat(bytes / 9)}${"x".repeat(bytes % 9)}`;
}

for (const carrier of CARRIERS) {
  for (const compression of [false, true]) {
    const how = compression ? ", compressed" : "";
    describe(`what comes over ${carrier}${how}`, { timeout: 30_000 }, () => {
      for (const { name, fault, sizes } of WAYS) {
        test(`${name} is whole and in order, both ways, from the handshake to the close`, async (t) => {
          const stage = await Stage.set(t, carrier, {
            both: { compression: compression && { thresholdBytes: 0 } },
            prepare: (link) => {
              for (const lane of link.lanes) Object.assign(lane, fault);
            },
          });
          const { client, server, atClient, atServer } = await stage.open();
          assert.equal(client.extensions.startsWith("permessage-deflate"), compression);
          const messages = sizes.flatMap((size) => [textOf(size), Buffer.alloc(size, size)]);
          for (const message of messages) {
            client.send(message);
            server.send(message);
          }
          for (const message of messages) {
            assert.deepEqual(await atServer.messages.take(), message);
            assert.deepEqual(await atClient.messages.take(), message);
          }
          server.close(4000, "done");
          const ends = await Promise.all([atClient.closed, atServer.closed]);
          assert.deepEqual(
            ends.map(({ code, wasClean }) => [code, wasClean]),
            [
              [4000, true],
              [4000, true],
            ],
          );
        });
      }
    });
  }
}
