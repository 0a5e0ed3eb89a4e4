import assert from "node:assert/strict";
import { test } from "node:test";
import { constants, inflateRawSync } from "node:zlib";
import {
  BEFORE_THE_BEGINNING,
  bomb,
  deflated,
  deflatedFrames,
  EMPTY_FINAL,
  EMPTY_MESSAGE,
  EMPTY_STORED,
  noise,
} from "../wire/deflate.js";
import { frameReader, opcode } from "../wire/frames.js";

/** What the receiver of a message makes of it (RFC 7692 §7.2.2).
 * @param {Uint8Array} payload */
const inflate = (payload) =>
  inflateRawSync(Buffer.concat([payload, Buffer.from([0, 0, 0xff, 0xff])]), { finishFlush: constants.Z_SYNC_FLUSH });

test("a bomb is a thousandth of what it becomes", () => {
  for (const mebibytes of [1, 5]) {
    const payload = bomb(mebibytes);
    assert.ok(payload.length < mebibytes * 1100, `${payload.length} bytes`);
    assert.ok(inflate(payload).equals(Buffer.alloc(mebibytes << 20)));
  }
});

test("messages and blocks mean what their names say", () => {
  assert.equal(inflate(deflated("as it was")).toString(), "as it was");
  for (const empty of [EMPTY_FINAL, EMPTY_STORED, EMPTY_MESSAGE]) assert.equal(inflate(empty).length, 0);
  assert.throws(() => inflate(BEFORE_THE_BEGINNING), { code: "Z_DATA_ERROR" });
});

test("a message in frames begins with RSV1, goes on, and ends only where it is to", () => {
  const payload = deflated(noise(1000, Math.random));
  for (const fin of [true, false]) {
    /** @type {import("../wire/frames.js").ReceivedFrame[]} */
    const received = [];
    frameReader((one) => received.push(one))(unmasked(deflatedFrames(payload, 100, { fin })));
    const [first, ...others] = received;
    assert.deepEqual([first?.opcode, first?.rsv1], [opcode.binary, true]);
    assert.ok(others.every((one) => one.opcode === opcode.continuation && !one.rsv1));
    assert.deepEqual(
      received.map((one) => one.fin),
      received.map((_, index) => fin && index === received.length - 1),
    );
    assert.deepEqual(Buffer.concat(received.map((one) => one.payload)), payload);
  }
});

/** Frames of at most 125 bytes without their masks, as a reader of a server's frames takes them.
 * @param {Buffer} bytes */
function unmasked(bytes) {
  const frames = [];
  for (let at = 0; at < bytes.length; ) {
    const [first = 0, second = 0] = bytes.subarray(at);
    const length = second & 0x7f;
    const key = bytes.subarray(at + 2, at + 6);
    const payload = bytes.subarray(at + 6, at + 6 + length).map((byte, index) => byte ^ (key[index & 3] ?? 0));
    frames.push(Buffer.from([first, length]), payload);
    at += 6 + length;
  }
  return Buffer.concat(frames);
}
