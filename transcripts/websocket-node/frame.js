import { pick } from "./acts/ends.js";

/** @typedef {import("../kit/stage.js").Stage} Stage */

/** @param {Stage} stage
 * @param {object} [fields] */
function make(stage, fields = {}) {
  const frame = new stage.library.frame(Buffer.alloc(4), Buffer.alloc(10), { maxReceivedFrameSize: 1 << 20 });
  return Object.assign(frame, fields);
}

/** @type {import("../kit/play.js").Scenario[]} */
export default [
  {
    name: "fields of a new frame",
    rows: ["11.fields"],
    run(stage) {
      const frame = make(stage);
      stage.say("fields", pick(frame, "closeStatus", "protocolError", "frameTooLarge", "invalidCloseFrameLength"));
      stage.say("more", pick(frame, "dropReason", "maxReceivedFrameSize"));
      stage.say("config", frame.config);
    },
  },
  {
    name: "toBuffer: one, two and eight bytes of length",
    rows: ["11.to-buffer"],
    run(stage) {
      for (const length of [0, 1, 125, 126, 65_535, 65_536]) {
        const frame = make(stage, { fin: true, opcode: 2, binaryPayload: Buffer.alloc(length, 1) });
        const bytes = frame.toBuffer();
        stage.say(String(length), bytes.length, bytes.subarray(0, 12), frame.length);
      }
    },
  },
  {
    name: "toBuffer: flags, opcodes and no payload",
    rows: ["11.to-buffer"],
    run(stage) {
      const empty = { fin: false, opcode: 0 };
      stage.say("no payload", make(stage, empty).toBuffer());
      const flags = { fin: true, rsv1: true, rsv2: true, rsv3: true, opcode: 15, binaryPayload: Buffer.from("x") };
      stage.say("flags", make(stage, flags).toBuffer());
      stage.say("rsv2", make(stage, { ...flags, rsv1: false, rsv3: false, fin: false }).toBuffer());
    },
  },
  {
    name: "toBuffer: a Close frame has closeStatus before the payload",
    rows: ["11.to-buffer", "11.close-frame"],
    run(stage) {
      const frame = make(stage, { fin: true, opcode: 8, closeStatus: 1001, binaryPayload: Buffer.from("bye") });
      stage.say("bytes", frame.toBuffer(), frame.length);
      stage.say("without reason", make(stage, { fin: true, opcode: 8, closeStatus: 4000 }).toBuffer());
    },
  },
  {
    name: "toBuffer: masked, with four zero bytes on demand",
    rows: ["11.to-buffer"],
    run(stage) {
      const fields = { fin: true, opcode: 1, mask: true, binaryPayload: Buffer.from("hello") };
      stage.say("null mask", make(stage, fields).toBuffer(true));
      const bytes = make(stage, fields).toBuffer();
      const plain = bytes.subarray(6).map((byte, index) => byte ^ (bytes[2 + (index % 4)] ?? 0));
      stage.say("random mask", bytes.subarray(0, 2), Buffer.from(plain).toString());
      stage.say("no payload", make(stage, { fin: true, opcode: 9, mask: true }).toBuffer(true));
      stage.say("payload untouched", fields.binaryPayload);
    },
  },
  {
    name: "toString tells opcode, fin, length, payload and mask",
    rows: ["11.to-string"],
    run(stage) {
      const frame = make(stage, { fin: true, opcode: 1, mask: false, binaryPayload: Buffer.from("abc") });
      frame.toBuffer();
      stage.say("text", String(frame));
      stage.say("more", String(make(stage, { fin: false, opcode: 0, length: 0, mask: true })));
    },
  },
];
