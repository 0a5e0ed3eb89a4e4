import { clientEnd, serverEnd } from "./acts/ends.js";

/** @typedef {import("../kit/stage.js").Stage} Stage */

/** What a limit of ten bytes lets pass and what not; the frames that a peer sends, the last one being too much or not. */
const CASES = [
  {
    what: "a frame of exactly maxReceivedFrameSize",
    rows: ["2.frame-limit-equal"],
    config: { maxReceivedFrameSize: 10 },
    frames: [{ payload: "0123456789" }],
  },
  {
    what: "a frame above maxReceivedFrameSize",
    rows: ["2.frame-limit", "7.fault-frame-size"],
    config: { maxReceivedFrameSize: 10 },
    frames: [{ payload: "0123456789a" }],
  },
  {
    what: "the header of a frame above maxReceivedFrameSize, without its payload",
    rows: ["2.frame-limit", "7.fault-frame-size"],
    config: { maxReceivedFrameSize: 1000 },
    frames: [{ payload: "", declaredLength: 70_000 }],
  },
  {
    what: "fragments of exactly maxReceivedMessageSize",
    rows: ["2.message-limit-equal"],
    config: { maxReceivedMessageSize: 10 },
    frames: [
      { payload: "01234", fin: false },
      { opcode: 0, payload: "5678", fin: false },
      { opcode: 0, payload: "9" },
    ],
  },
  {
    what: "fragments above maxReceivedMessageSize",
    rows: ["2.message-limit", "7.fault-message-size"],
    config: { maxReceivedMessageSize: 10 },
    frames: [
      { payload: "01234", fin: false },
      { opcode: 0, payload: "567890", fin: false },
    ],
  },
  {
    what: "a message of one frame above maxReceivedMessageSize",
    rows: ["2.message-limit-single"],
    config: { maxReceivedMessageSize: 10 },
    frames: [{ payload: "0123456789abcdef" }],
  },
];

/** @param {Stage} stage
 * @param {"server" | "client"} side
 * @param {object} config */
function endOf(stage, side, config) {
  return side === "server" ? serverEnd(stage, { config }) : clientEnd(stage, { config });
}

const sized = CASES.flatMap(({ what, rows, config, frames }) =>
  /** @type {const} */ (["server", "client"]).map((side) => ({
    name: `the ${side} receives ${what}`,
    rows,
    /** @param {Stage} stage */
    async run(stage) {
      const { connection, peer } = await endOf(stage, side, config);
      const closed = stage.once(connection, "close");
      const message = stage.once(connection, "message");
      peer.send(...frames);
      await Promise.race([closed, message]);
      stage.say(
        "state",
        connection.state,
        connection.connected,
        connection.closeReasonCode,
        connection.closeDescription,
      );
      peer.end();
      await Promise.all([closed, peer.over()]);
    },
  })),
);

/** @type {import("../kit/play.js").Scenario[]} */
export default [
  ...sized,
  {
    name: "a server's default limits: 65536 bytes a frame, 1048576 a message",
    rows: ["2.server-defaults", "2.frame-limit", "2.frame-limit-equal", "2.message-limit-equal"],
    async run(stage) {
      const { connection, peer } = await serverEnd(stage);
      const got = stage.once(connection, "message");
      const part = Buffer.alloc(65_536, "a");
      peer.send({ payload: part, fin: false });
      for (let count = 0; count < 14; count += 1) peer.send({ opcode: 0, payload: part, fin: false });
      peer.send({ opcode: 0, payload: part });
      await got;
      const closed = stage.once(connection, "close");
      peer.send({ payload: Buffer.alloc(65_537, "a") });
      await closed;
      await peer.over();
    },
  },
  {
    name: "a client's default limit of a frame is 1048576 bytes",
    rows: ["2.client-defaults", "2.frame-limit", "2.frame-limit-equal"],
    async run(stage) {
      const { connection, peer } = await clientEnd(stage);
      const got = stage.once(connection, "message");
      peer.send({ opcode: 2, payload: Buffer.alloc(1_048_576, 1) });
      await got;
      const closed = stage.once(connection, "close");
      peer.send({ opcode: 2, payload: "", declaredLength: 1_048_577 });
      await closed;
      await peer.over();
    },
  },
  {
    name: "limits do not count control frames between fragments",
    rows: ["2.message-limit", "7.fragments"],
    async run(stage) {
      const { connection, peer } = await serverEnd(stage, { config: { maxReceivedMessageSize: 8 } });
      const got = stage.once(connection, "message");
      peer.send(
        { payload: "0123", fin: false },
        { opcode: 9, payload: "a long enough ping" },
        { opcode: 0, payload: "4567" },
      );
      await got;
      await peer.frame();
    },
  },
];
