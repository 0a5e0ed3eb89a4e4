import { BINARY, CONTINUATION, PING, TEXT } from "../kit/frames.js";
import { ENDS } from "./acts/ends.js";

/** @typedef {import("../kit/stage.js").Stage} Stage */
/** @typedef {import("../kit/frames.js").FrameInput} FrameInput */

/** What a peer may not send: the frames of a try, the last one being wrong.
 * @type {{ what: string, row: string, tries: FrameInput[][] }[]} */
const FAULTS = [
  {
    what: "an RSV bit",
    row: "9.fault-rsv",
    tries: [[{ payload: "x", rsv: 4 }], [{ payload: "x", rsv: 2 }], [{ opcode: PING, rsv: 1 }]],
  },
  {
    what: "an opcode that has no meaning",
    row: "9.fault-opcode",
    tries: [3, 4, 5, 6, 7, 11, 12, 13, 14, 15].map((opcode) => [{ opcode }]),
  },
  {
    what: "a control frame without FIN",
    row: "9.fault-control-fin",
    tries: [8, 9, 10].map((opcode) => [{ opcode, fin: false }]),
  },
  {
    what: "a continuation without a start",
    row: "9.fault-continuation",
    tries: [
      [{ opcode: CONTINUATION, payload: "x" }],
      [{ opcode: CONTINUATION, payload: "x", fin: false }],
      [{ payload: "a whole one" }, { opcode: CONTINUATION, payload: "x" }],
    ],
  },
  {
    what: "a message inside a message",
    row: "9.fault-interleaved",
    tries: [
      [{ payload: "begun", fin: false }, { payload: "x" }],
      [
        { payload: "begun", fin: false },
        { opcode: BINARY, payload: "x" },
      ],
      [
        { opcode: BINARY, payload: "begun", fin: false },
        { opcode: TEXT, payload: "x" },
      ],
      [
        { opcode: BINARY, payload: "begun", fin: false },
        { opcode: BINARY, payload: "x", fin: false },
      ],
    ],
  },
  {
    what: "frames before the wrong one are delivered, none after it",
    row: "9.fault-before",
    tries: [
      [
        { payload: "one" },
        { opcode: BINARY, payload: "two" },
        { payload: "three" },
        { opcode: 3 },
        { payload: "four" },
      ],
    ],
  },
];

/** @type {import("../kit/play.js").Scenario[]} */
export default ENDS.flatMap(({ side, end }) => [
  ...FAULTS.map(({ what, row, tries }) => ({
    name: `the ${side} ends with 1002: ${what}`,
    rows: [row, "7.fault", "8.close-once"],
    /** @param {Stage} stage */
    async run(stage) {
      for (const frames of tries) {
        const { connection, peer } = await end(stage);
        const closed = stage.once(connection, "close");
        peer.send(...frames);
        await closed;
        await peer.frame();
        peer.end();
        await peer.over();
        await stage.turns(2);
      }
    },
  })),
  {
    name: `the ${side} ends with 1002: ${side === "server" ? "a frame without mask" : "a frame with a mask"}`,
    rows: ["9.fault-mask", "7.fault"],
    /** @param {Stage} stage */
    async run(stage) {
      for (const opcode of [TEXT, BINARY, PING]) {
        const { connection, peer } = await end(stage);
        const closed = stage.once(connection, "close");
        peer.send({ opcode, payload: "x", mask: side === "client" });
        await closed;
        await peer.frame();
        peer.end();
        await peer.over();
      }
    },
  },
  {
    name: `after a fault the ${side} can send nothing`,
    rows: ["7.fault", "5.not-open"],
    /** @param {Stage} stage */
    async run(stage) {
      const { connection, peer, say } = await end(stage);
      const closed = stage.once(connection, "close");
      peer.send({ opcode: 3 });
      await closed;
      stage.attempt("sendText", () => connection.sendText("x"), say);
      await peer.frame();
      peer.end();
      await peer.over();
    },
  },
]);
