import { BINARY, CONTINUATION, PING } from "../kit/frames.js";
import { contentOf, ENDS, nextBinary } from "./acts/ends.js";

/** @typedef {import("../kit/stage.js").Stage} Stage */

/** @type {import("../kit/play.js").Scenario[]} */
export default ENDS.flatMap(({ side, end }) => [
  {
    name: `binary messages in one frame, at the ${side}`,
    rows: ["6.in-stream", "6.in-empty", "8.binary"],
    /** @param {Stage} stage */
    async run(stage) {
      const { connection, peer } = await end(stage);
      for (const payload of [
        Buffer.from("abc"),
        Buffer.alloc(0),
        Buffer.alloc(70_000, 9),
        Buffer.from([0, 255, 128]),
      ]) {
        const received = nextBinary(connection);
        peer.send({ opcode: BINARY, payload });
        await received;
      }
    },
  },
  {
    name: `a binary message is handed out at its first frame, at the ${side}`,
    rows: ["6.in-stream", "8.binary"],
    /** @param {Stage} stage */
    async run(stage) {
      const { connection, peer, say } = await end(stage, { watch: false });
      const asked = stage.once(connection, "binary");
      peer.send({ opcode: BINARY, payload: "first ", fin: false });
      const [stream] = await asked;
      const [chunk] = await stage.once(stream, "data");
      say("first", chunk);
      for (const payload of ["second ", "third "]) {
        const more = stage.once(stream, "data");
        peer.send({ opcode: CONTINUATION, payload, fin: false });
        say("more", (await more)[0]);
      }
      const ended = stage.once(stream, "end");
      peer.send({ opcode: CONTINUATION, payload: "last" });
      say("end", ...(await ended));
    },
  },
  {
    name: `empty frames of a binary message, at the ${side}`,
    rows: ["6.in-stream", "6.in-empty"],
    /** @param {Stage} stage */
    async run(stage) {
      const { connection, peer } = await end(stage);
      const received = nextBinary(connection);
      peer.send(
        { opcode: BINARY, fin: false },
        { opcode: CONTINUATION, payload: "only this", fin: false },
        { opcode: CONTINUATION, fin: false },
        { opcode: CONTINUATION },
      );
      await received;
      const empty = nextBinary(connection);
      peer.send({ opcode: BINARY, fin: false }, { opcode: CONTINUATION });
      await empty;
    },
  },
  {
    name: `the connection is lost inside a binary message, at the ${side}`,
    rows: ["6.in-lost"],
    /** @param {Stage} stage */
    async run(stage) {
      const { connection, peer } = await end(stage);
      const received = nextBinary(connection);
      const closed = stage.once(connection, "close");
      peer.send({ opcode: BINARY, payload: "what came", fin: false });
      peer.end();
      await Promise.all([received, closed]);
    },
  },
  {
    name: `the peer closes inside a binary message, at the ${side}`,
    rows: ["6.in-lost"],
    /** @param {Stage} stage */
    async run(stage) {
      const { connection, peer } = await end(stage);
      const received = nextBinary(connection);
      peer.send({ opcode: BINARY, payload: "what came", fin: false });
      peer.sendClose(1001, "no more");
      await peer.frame();
      peer.end();
      await received;
      await peer.over();
    },
  },
  {
    name: `a ping inside a binary message, at the ${side}`,
    rows: ["9.control-between", "8.ping"],
    /** @param {Stage} stage */
    async run(stage) {
      const { connection, peer } = await end(stage);
      const received = nextBinary(connection);
      peer.send(
        { opcode: BINARY, payload: "be", fin: false },
        { opcode: PING, payload: "now" },
        { opcode: CONTINUATION, payload: "hind" },
      );
      await received;
      await peer.frame();
    },
  },
  {
    name: `a stream that nobody reads holds nothing up, at the ${side}`,
    rows: ["6.in-unread"],
    /** @param {Stage} stage */
    async run(stage) {
      const { connection, peer, say } = await end(stage, { watch: false });
      /** @type {import("node:stream").Readable[]} */
      const streams = [];
      connection.on("binary", (/** @type {import("node:stream").Readable} */ stream) => streams.push(stream));
      stage.watch(connection, say, "text");
      const text = stage.once(connection, "text");
      peer.send({ opcode: BINARY, payload: Buffer.alloc(200_000, 1) });
      peer.send({ opcode: BINARY, payload: "second" }, { payload: "a text" });
      await text;
      say("streams", streams.length);
      // Later, the last one first.
      for (const stream of streams.reverse()) say("content", await contentOf(stream));
    },
  },
  {
    name: `the content is there also when it is read late, after the close, at the ${side}`,
    rows: ["6.in-unread"],
    /** @param {Stage} stage */
    async run(stage) {
      const { connection, peer, say } = await end(stage, { watch: false });
      const asked = stage.once(connection, "binary");
      const closed = stage.once(connection, "close");
      peer.send({ opcode: BINARY, payload: "read me later" });
      peer.sendClose(1000);
      const [stream] = await asked;
      await closed;
      peer.end();
      await peer.over();
      say("content", await contentOf(stream));
    },
  },
  {
    name: `a stream that is read with 'readable', at the ${side}`,
    rows: ["6.in-stream"],
    /** @param {Stage} stage */
    async run(stage) {
      const { connection, peer, say } = await end(stage, { watch: false });
      const ended = new Promise((resolve) => {
        connection.on("binary", (/** @type {import("node:stream").Readable} */ stream) => {
          let data = Buffer.alloc(0);
          stream.on("readable", () => {
            for (let chunk = stream.read(); chunk !== null; chunk = stream.read()) data = Buffer.concat([data, chunk]);
          });
          stream.on("end", () => resolve(data));
        });
      });
      peer.send({ opcode: BINARY, payload: "one ", fin: false }, { opcode: CONTINUATION, payload: "two" });
      say("content", await ended);
    },
  },
]);
