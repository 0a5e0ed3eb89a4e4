import { CLOSE, closePayload, encodeFrame } from "../kit/frames.js";
import { clientEnd, dial, ENDS, serverEnd } from "./acts/ends.js";

/** @typedef {import("../kit/stage.js").Stage} Stage */

/** Close frames of the peer.
 * @type {[string, [number?, string?]][]} */
const PEERS = [
  ["1000 without reason", [1000]],
  ["1000 with a reason", [1000, "done"]],
  ["1001, a reason in UTF-8", [1001, "grüße ☃"]],
  ["an own code", [4999, "own"]],
  ["no code", []],
  ["the longest reason", [3000, "r".repeat(123)]],
];

/** @type {import("../kit/play.js").Scenario[]} */
export default [
  ...ENDS.flatMap(({ side, end }) => [
    ...PEERS.map(([what, args]) => ({
      name: `the peer of the ${side} closes: ${what}`,
      rows: ["7.peer-close", "8.order", "8.close-once"],
      /** @param {Stage} stage */
      async run(stage) {
        const { connection, peer, say } = await end(stage);
        const closed = stage.once(connection, "close");
        peer.sendClose(...args);
        await closed;
        say("state", connection.readyState);
        await peer.frame();
        peer.end();
        await peer.over();
        await stage.turns();
      },
    })),
    {
      name: `texts before the Close frame of the peer of the ${side} come, those after it do not`,
      rows: ["8.order", "7.peer-close"],
      /** @param {Stage} stage */
      async run(stage) {
        const { connection, peer } = await end(stage);
        const closed = stage.once(connection, "close");
        peer.send({ payload: "before" }, { opcode: 8, payload: closePayload(1000, "bye") }, { payload: "after" });
        await closed;
        await peer.frame();
        peer.end();
        await peer.over();
        await stage.turns();
      },
    },
    {
      name: `the peer of the ${side} hangs up without a Close frame`,
      rows: ["7.lost", "8.close-once"],
      /** @param {Stage} stage */
      async run(stage) {
        const { connection, peer } = await end(stage);
        const closed = stage.once(connection, "close");
        peer.end();
        await closed;
        await peer.over();
        await stage.turns();
      },
    },
    {
      name: `the peer of the ${side} hangs up inside a message and inside a frame`,
      rows: ["7.lost"],
      /** @param {Stage} stage */
      async run(stage) {
        for (const frame of [
          { payload: "begun", fin: false },
          { payload: "cut", declaredLength: 50 },
        ]) {
          const { connection, peer } = await end(stage);
          const closed = stage.once(connection, "close");
          peer.send(frame);
          peer.end();
          await closed;
          await peer.over();
        }
      },
    },
    {
      name: `the peer of the ${side} resets the connection`,
      rows: ["7.socket-error", "8.order"],
      /** @param {Stage} stage */
      async run(stage) {
        const { connection, peer } = await end(stage);
        const closed = stage.once(connection, "close");
        peer.reset();
        await closed;
        await stage.turns();
      },
    },
    {
      name: `the application destroys the socket of the ${side}`,
      rows: ["7.lost", "4.socket"],
      /** @param {Stage} stage */
      async run(stage) {
        const { connection, peer } = await end(stage);
        const closed = stage.once(connection, "close");
        connection.socket.destroy();
        await closed;
        await peer.over();
        await stage.turns();
      },
    },
  ]),
  {
    name: "sending inside the listener of close",
    rows: ["5.not-open", "7.peer-close"],
    async run(stage) {
      const { connection, peer } = await serverEnd(stage);
      const closed = stage.once(connection, "close");
      connection.on("close", () => connection.sendText("too late"));
      peer.sendClose(1000);
      await closed;
      await peer.frame();
      peer.end();
      await peer.over();
    },
  },
  {
    name: "the server closes in the same packet as it opens",
    rows: ["9.early-frames", "7.peer-close", "8.order"],
    async run(stage) {
      const close = encodeFrame({ opcode: CLOSE, payload: closePayload(4000, "go away") });
      for (const early of [close, Buffer.concat([encodeFrame({ payload: "only this" }), close])]) {
        const { connection, peer } = await dial(stage);
        const closed = stage.once(connection, "close");
        await peer.answer({}, undefined, early);
        await closed;
        await peer.frame();
        peer.end();
        await peer.over();
      }
    },
  },
  {
    name: "the server hangs up as soon as it has opened",
    rows: ["7.lost", "8.order"],
    async run(stage) {
      const { connection, peer } = await dial(stage);
      const closed = stage.once(connection, "close");
      await peer.answer({}, undefined, encodeFrame({ payload: "only this" }));
      peer.end();
      await closed;
      await peer.over();
    },
  },
  {
    name: "the peer's Close frame of one byte has no code",
    rows: ["7.peer-close-one-byte"],
    async run(stage) {
      const { connection, peer, say } = await clientEnd(stage);
      // What the peer, which broke the rules, is answered is free.
      peer.tellFrames = false;
      const closed = stage.once(connection, "close");
      peer.send({ opcode: 8, payload: "x" });
      await closed;
      say("state", connection.readyState);
      await peer.frame();
      peer.end();
      await peer.over();
    },
  },
  {
    name: "the peer's Close frame has a code that means nothing",
    rows: ["7.codes-received"],
    async run(stage) {
      for (const code of [0, 999, 1004, 1006, 1016, 2999, 5000, 65_535]) {
        const { connection, peer, say } = await serverEnd(stage);
        peer.tellFrames = false;
        const closed = stage.once(connection, "close");
        peer.sendClose(code, "odd");
        await closed;
        say("state", connection.readyState);
        await peer.frame();
        peer.end();
        await peer.over();
      }
    },
  },
];
