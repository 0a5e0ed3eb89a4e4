import { CONTINUATION, encodeFrame, PING, PONG, TEXT } from "../kit/frames.js";
import { ENDS, serverEnd } from "./acts/ends.js";

/** @typedef {import("../kit/stage.js").Stage} Stage */

/** @type {import("../kit/play.js").Scenario[]} */
export default [
  ...ENDS.flatMap(({ side, end }) => [
    {
      name: `texts of any size, at the ${side}`,
      rows: ["8.text"],
      /** @param {Stage} stage */
      async run(stage) {
        const { connection, peer } = await end(stage);
        for (const payload of ["", "short", "grüße ☃ 😀", "x".repeat(126), "y".repeat(70_000), "z".repeat(1_000_000)]) {
          const received = stage.once(connection, "text");
          peer.send({ payload });
          await received;
        }
      },
    },
    {
      name: `a text in fragments, with control frames between, at the ${side}`,
      rows: ["8.text", "9.control-between", "8.ping", "8.pong"],
      /** @param {Stage} stage */
      async run(stage) {
        const { connection, peer } = await end(stage);
        const received = stage.once(connection, "text");
        peer.send(
          { payload: "one ", fin: false },
          { opcode: PING, payload: "first" },
          { opcode: CONTINUATION, payload: "two ", fin: false },
          { opcode: PONG, payload: "unasked" },
          { opcode: CONTINUATION, fin: false },
          { opcode: CONTINUATION, payload: "three" },
        );
        await received;
        await peer.frame();
      },
    },
    {
      name: `many frames in one packet, and one frame in many, at the ${side}`,
      rows: ["8.text", "9.frame-pieces"],
      /** @param {Stage} stage */
      async run(stage) {
        const { connection, peer } = await end(stage);
        const last = new Promise((resolve) => {
          connection.on("text", (/** @type {string} */ text) => text === "number 9" && resolve(text));
        });
        peer.send(...Array.from({ length: 10 }, (_, index) => ({ opcode: TEXT, payload: `number ${index}` })));
        await last;
        const bytes = encodeFrame({ payload: "byte by byte".repeat(12), mask: peer.masks });
        const received = stage.once(connection, "text");
        peer.socket.setNoDelay(true);
        for (const byte of bytes) {
          peer.write(Buffer.of(byte));
          await stage.turns(1);
        }
        await received;
      },
    },
    {
      name: `pings are answered and told nobody, at the ${side}`,
      rows: ["8.ping", "8.no-ping-event"],
      /** @param {Stage} stage */
      async run(stage) {
        const { connection, peer, say } = await end(stage);
        stage.watch(connection, say, "ping");
        for (const payload of ["", "ping", "grüße", "x".repeat(125)]) {
          peer.send({ opcode: PING, payload });
          await peer.frame();
        }
      },
    },
    {
      name: `pongs, asked for or not, at the ${side}`,
      rows: ["8.pong", "5.send-ping"],
      /** @param {Stage} stage */
      async run(stage) {
        const { connection, peer } = await end(stage);
        connection.sendPing("are you there?");
        const ping = await peer.frame();
        for (const payload of [ping?.payload ?? "", "", "unasked", "grüße"]) {
          const received = stage.once(connection, "pong");
          peer.send({ opcode: PONG, payload });
          await received;
        }
      },
    },
  ]),
  {
    name: "a listener that is added later misses what came before",
    rows: ["8.text"],
    async run(stage) {
      const { connection, peer, say } = await serverEnd(stage, { watch: false });
      peer.send({ payload: "unheard" }, { opcode: PING });
      await peer.frame();
      stage.watch(connection, say, "text");
      const text = stage.once(connection, "text");
      peer.send({ payload: "heard" });
      await text;
    },
  },
  {
    name: "sending from inside a listener",
    rows: ["8.text", "5.send-text"],
    async run(stage) {
      const { connection, peer } = await serverEnd(stage);
      connection.on("text", (/** @type {string} */ text) => connection.sendText(`${text}?`));
      connection.on("pong", (/** @type {string} */ text) => connection.sendText(`pong ${text}`));
      peer.send({ payload: "a" }, { opcode: PONG, payload: "b" }, { payload: "c" });
      await peer.frames(3);
    },
  },
];
