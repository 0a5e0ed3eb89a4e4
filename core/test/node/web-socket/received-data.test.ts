import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { toEventData } from "../../../src/node/web-socket/received-data.ts";

describe("a received message as the data of its event", () => {
  test("text is a string, whatever binaryType says", () => {
    assert.equal(toEventData("text", "blob"), "text");
    assert.equal(toEventData("text", "arraybuffer"), "text");
  });

  test("bytes are a Blob without a type", async () => {
    const blob = toEventData(Buffer.from([1, 2, 3]), "blob");
    assert.ok(blob instanceof Blob);
    assert.deepEqual([blob.size, blob.type], [3, ""]);
    assert.deepEqual(new Uint8Array(await blob.arrayBuffer()), Uint8Array.of(1, 2, 3));
  });

  test("bytes are an ArrayBuffer of just their size, though they share their memory with others", () => {
    const shared = Buffer.from(Uint8Array.from({ length: 32 }, (_, i) => i).buffer, 8, 16);
    const data = toEventData(shared, "arraybuffer");
    assert.ok(data instanceof ArrayBuffer);
    assert.deepEqual(
      new Uint8Array(data),
      Uint8Array.from({ length: 16 }, (_, i) => i + 8),
    );
    new Uint8Array(data).fill(99);
    assert.equal(shared[0], 8);
  });

  test("bytes that have their memory for themselves are not copied", () => {
    const bytes = new Uint8Array(100_000);
    assert.equal(toEventData(bytes, "arraybuffer"), bytes.buffer);
  });

  test("no bytes are an empty ArrayBuffer", () => {
    const data = toEventData(Buffer.alloc(0), "arraybuffer");
    assert.ok(data instanceof ArrayBuffer);
    assert.equal(data.byteLength, 0);
  });
});
