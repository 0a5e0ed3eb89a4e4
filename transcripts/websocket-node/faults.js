import { clientEnd, serverEnd } from "./acts/ends.js";

/** @typedef {import("../kit/stage.js").Stage} Stage */
/** @typedef {import("../kit/frames.js").FrameInput} FrameInput */

/** What a peer does wrong: each ends the connection with a Close frame.
 * @type {{ what: string, row: string, frames: FrameInput[] }[]} */
const FAULTS = [
  { what: "RSV1", row: "rsv", frames: [{ rsv: 4, payload: "x" }] },
  { what: "RSV2", row: "rsv", frames: [{ rsv: 2, payload: "x" }] },
  { what: "RSV3 on a ping", row: "rsv", frames: [{ rsv: 1, opcode: 9 }] },
  { what: "opcode 3", row: "opcode", frames: [{ opcode: 3, payload: "x" }] },
  { what: "opcode 7", row: "opcode", frames: [{ opcode: 7 }] },
  { what: "opcode 11", row: "opcode", frames: [{ opcode: 11, payload: "x" }] },
  { what: "opcode 15", row: "opcode", frames: [{ opcode: 15 }] },
  { what: "a ping of 126 bytes", row: "control-long", frames: [{ opcode: 9, payload: Buffer.alloc(126) }] },
  { what: "a close of 126 bytes", row: "control-long", frames: [{ opcode: 8, payload: Buffer.alloc(126, 3) }] },
  { what: "a ping without FIN", row: "control-more", frames: [{ opcode: 9, fin: false }] },
  { what: "a close without FIN", row: "control-more", frames: [{ opcode: 8, fin: false }] },
  { what: "a continuation without start", row: "continuation", frames: [{ opcode: 0, payload: "x" }] },
  {
    what: "a continuation after a whole message",
    row: "continuation",
    frames: [{ payload: "whole" }, { opcode: 0, payload: "x", fin: false }],
  },
  {
    what: "text inside a fragmented message",
    row: "interleaved",
    frames: [{ payload: "a", fin: false }, { payload: "b" }],
  },
  {
    what: "binary inside a fragmented message",
    row: "interleaved",
    frames: [
      { payload: "a", fin: false },
      { opcode: 2, payload: "b", fin: false },
    ],
  },
  { what: "invalid UTF-8", row: "utf8", frames: [{ payload: Buffer.from([0x61, 0xff]) }] },
  { what: "a surrogate in UTF-8", row: "utf8", frames: [{ payload: Buffer.from("eda080", "hex") }] },
  {
    what: "text that ends inside a character, in fragments",
    row: "utf8",
    frames: [{ payload: Buffer.from("e282", "hex"), fin: false }, { opcode: 0 }],
  },
  {
    what: "invalid UTF-8 in a close reason",
    row: "utf8-close",
    frames: [{ opcode: 8, payload: Buffer.from("03e861ff", "hex") }],
  },
];

/** @type {import("../kit/play.js").Scenario[]} */
export default FAULTS.flatMap(({ what, row, frames }) =>
  /** @type {const} */ (["server", "client"]).map((side) => ({
    name: `the ${side} fails the connection for ${what}`,
    rows: [`7.fault-${row}`, "7.close-once"],
    /** @param {Stage} stage */
    async run(stage) {
      const { connection, peer, say } = await (side === "server" ? serverEnd(stage) : clientEnd(stage));
      const closed = stage.once(connection, "close");
      peer.send(...frames);
      await peer.over();
      peer.end();
      await closed;
      say("state", connection.state, connection.connected, connection.closeReasonCode, connection.closeDescription);
      await stage.turns();
    },
  })),
);
