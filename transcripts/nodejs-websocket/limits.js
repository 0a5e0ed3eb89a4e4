import { BINARY, CONTINUATION, encodeFrame } from "../kit/frames.js";
import { bufferAtMost, ENDS, nextBinary } from "./acts/ends.js";

/** @typedef {import("../kit/stage.js").Stage} Stage */

/** @type {import("../kit/play.js").Scenario[]} */
export default ENDS.flatMap(({ side, end }) => [
  {
    name: `more than the buffer holds of a frame that is not complete: the ${side} ends with 1009`,
    rows: ["7.limit", "9.limit", "1.set-max-buffer-length"],
    /** @param {Stage} stage */
    async run(stage) {
      const { connection, peer } = await end(stage);
      bufferAtMost(stage, 1000);
      const closed = stage.once(connection, "close");
      peer.send({ payload: "x".repeat(1100), declaredLength: 5000 });
      await closed;
      await peer.frame();
      peer.end();
      await peer.over();
    },
  },
  {
    name: `what is complete is delivered before the ${side} ends with 1009`,
    rows: ["7.limit", "9.limit"],
    /** @param {Stage} stage */
    async run(stage) {
      bufferAtMost(stage, 1000);
      const { connection, peer } = await end(stage);
      const closed = stage.once(connection, "close");
      peer.send({ payload: "whole" }, { payload: "x".repeat(1100), declaredLength: 5000 });
      await closed;
      await peer.frame();
      peer.end();
      await peer.over();
    },
  },
  {
    name: `a frame that is complete in one packet is delivered though it is larger than the buffer of the ${side}`,
    rows: ["9.limit-complete"],
    /** @param {Stage} stage */
    async run(stage) {
      bufferAtMost(stage, 1000);
      const { connection, peer } = await end(stage);
      const text = stage.once(connection, "text");
      peer.send({ payload: "x".repeat(3000) });
      await text;
      const binary = nextBinary(connection);
      peer.send({ opcode: BINARY, payload: Buffer.alloc(3000, 1) });
      await binary;
    },
  },
  {
    name: `less than the buffer of the ${side} holds may wait for its rest`,
    rows: ["9.limit"],
    /** @param {Stage} stage */
    async run(stage) {
      bufferAtMost(stage, 1000);
      const { connection, peer } = await end(stage);
      const text = stage.once(connection, "text");
      const bytes = encodeFrame({ payload: "x".repeat(1500), mask: peer.masks });
      const first = encodeFrame({ payload: "before", mask: peer.masks });
      peer.write(Buffer.concat([first, bytes.subarray(0, 900)]));
      await text;
      const whole = stage.once(connection, "text");
      peer.write(bytes.subarray(900));
      await whole;
    },
  },
  {
    name: `the fragments of a binary message have no limit together, at the ${side}`,
    rows: ["9.limit-fragments"],
    /** @param {Stage} stage */
    async run(stage) {
      bufferAtMost(stage, 1000);
      const { connection, peer } = await end(stage);
      const binary = nextBinary(connection);
      for (let count = 0; count < 10; count += 1) {
        const opcode = count === 0 ? BINARY : CONTINUATION;
        peer.send({ opcode, payload: Buffer.alloc(500, count), fin: count === 9 });
      }
      await binary;
    },
  },
  {
    name: `the limit is read at each use, also by a living ${side}`,
    rows: ["1.set-max-buffer-length"],
    /** @param {Stage} stage */
    async run(stage) {
      const { connection, peer } = await end(stage);
      bufferAtMost(stage, 100);
      const closed = stage.once(connection, "close");
      peer.send({ payload: "whole" }, { payload: "x".repeat(150), declaredLength: 2000 });
      await closed;
      await peer.frame();
      peer.end();
      await peer.over();
    },
  },
  {
    name: `by default the buffer of the ${side} holds two mebibytes`,
    rows: ["1.set-max-buffer-length", "7.limit"],
    /** @param {Stage} stage */
    async run(stage) {
      const { connection, peer, say } = await end(stage, { watch: false });
      connection.once("close", (/** @type {unknown[]} */ ...values) => say("close", ...values));
      const closed = stage.once(connection, "close");
      peer.send({ opcode: BINARY, payload: Buffer.alloc(2_300_000), declaredLength: 3_000_000 });
      await closed;
      await peer.frame();
      peer.end();
      await peer.over();
    },
  },
]);
