import { bothEnds, clientEnd, serverEnd } from "./acts/ends.js";

/** @typedef {import("../kit/stage.js").Stage} Stage */

const ENDS = [
  { side: "server", end: serverEnd },
  { side: "client", end: clientEnd },
];

/** @param {string} text
 * @returns {{ toString(): string }} */
function speaking(text) {
  return { toString: () => text };
}

/** @type {import("../kit/play.js").Scenario[]} */
export default [
  ...ENDS.flatMap(({ side, end }) => [
    {
      name: `the ${side} sends by the type of what it is given`,
      rows: ["8.send", "8.send-utf", "8.send-bytes", "8.masking"],
      /** @param {Stage} stage */
      async run(stage) {
        const { connection, peer, say } = await end(stage);
        const values = ["text", "", "€", 17, 0, true, false, speaking("object"), [1, 2], new String("boxed")];
        for (const value of values) stage.attempt("send", () => connection.send(value), say);
        stage.attempt("send of a Buffer", () => connection.send(Buffer.from([1, 2])), say);
        stage.attempt("send of an empty Buffer", () => connection.send(Buffer.alloc(0)), say);
        stage.attempt("sendUTF of a Buffer", () => connection.sendUTF(Buffer.from("buffer")), say);
        stage.attempt("sendUTF of a number", () => connection.sendUTF(3.5), say);
        stage.attempt("sendBytes", () => connection.sendBytes(Buffer.from("bytes")), say);
        await peer.frames(values.length + 5);
      },
    },
    {
      name: `the ${side} sends pings and pongs`,
      rows: ["8.ping", "8.pong", "8.masking"],
      /** @param {Stage} stage */
      async run(stage) {
        const { connection, peer, say } = await end(stage);
        for (const value of [
          undefined,
          "",
          "text",
          Buffer.from("buffer"),
          42,
          speaking("object"),
          Buffer.alloc(125, "x"),
        ]) {
          stage.attempt("ping", () => connection.ping(value), say);
        }
        for (const value of [undefined, Buffer.from("pong"), Buffer.alloc(0)]) {
          stage.attempt("pong", () => connection.pong(value), say);
        }
        await peer.frames(10);
      },
    },
    {
      name: `the ${side} cuts messages above the threshold into frames`,
      rows: ["8.fragmentation", "8.masking"],
      /** @param {Stage} stage */
      async run(stage) {
        const { connection, peer } = await end(stage, { config: { fragmentationThreshold: 4 } });
        connection.sendUTF("1234");
        connection.sendUTF("12345");
        connection.sendUTF("12345678");
        connection.sendUTF("ab€cd€ef");
        connection.sendBytes(Buffer.from("123456789"));
        await peer.frames(1 + 2 + 2 + 3 + 3);
      },
    },
    {
      name: `the ${side} sends frames made by hand, masked as its role demands`,
      rows: ["8.send-frame", "8.masking"],
      /** @param {Stage} stage */
      async run(stage) {
        const { connection, peer, say } = await end(stage);
        const { frame: Frame } = stage.library;
        const make = (/** @type {object} */ fields) =>
          Object.assign(new Frame(Buffer.alloc(4), Buffer.alloc(10), { maxReceivedFrameSize: 1 << 20 }), fields);
        const frames = [
          { fin: false, opcode: 1, binaryPayload: Buffer.from("by ") },
          { fin: true, opcode: 0, binaryPayload: Buffer.from("hand") },
          { fin: true, opcode: 2, binaryPayload: Buffer.from([9]), mask: true },
          { fin: true, opcode: 9, binaryPayload: Buffer.from("ping") },
          { fin: true, opcode: 1, rsv1: true, binaryPayload: Buffer.from("rsv1") },
        ];
        for (const fields of frames) {
          const frame = make(fields);
          stage.attempt("sendFrame", () => connection.sendFrame(frame), say);
          say("mask", frame.mask);
        }
        await peer.frames(frames.length);
      },
    },
  ]),
  {
    name: "what cannot be sent throws, and the connection goes on",
    rows: ["8.send", "8.send-bytes"],
    async run(stage) {
      const { connection, peer, say } = await serverEnd(stage);
      for (const value of [null, undefined]) {
        try {
          connection.send(value);
        } catch (error) {
          say("a TypeError", error instanceof TypeError);
        }
      }
      stage.attempt("without toString", () => connection.send(Object.create(null)), say);
      for (const value of ["text", 5, null, undefined, {}]) {
        stage.attempt("sendBytes", () => connection.sendBytes(value), say);
      }
      connection.sendUTF("still open");
      await peer.frame();
    },
  },
  {
    name: "the default threshold is 16384 bytes",
    rows: ["8.fragmentation", "2.server-defaults"],
    async run(stage) {
      const { connection, peer } = await serverEnd(stage);
      connection.sendBytes(Buffer.alloc(16_384, 1));
      connection.sendBytes(Buffer.alloc(16_385, 2));
      connection.sendBytes(Buffer.alloc(65_537, 3));
      await peer.frames(1 + 2 + 5);
    },
  },
  {
    name: "fragmentOutgoingMessages off: one frame whatever the length",
    rows: ["8.fragmentation"],
    async run(stage) {
      const config = { fragmentOutgoingMessages: false, fragmentationThreshold: 4 };
      const { connection, peer } = await serverEnd(stage, { config });
      connection.sendUTF("123456789");
      connection.sendBytes(Buffer.alloc(70_000, 1));
      await peer.frames(2);
    },
  },
  {
    name: "fragmented messages of both ends are put together again",
    rows: ["8.fragmentation", "7.fragments"],
    async run(stage) {
      const options = { fragmentationThreshold: 3 };
      const { atServer, atClient } = await bothEnds(stage, { config: options, clientConfig: options });
      const there = stage.once(atServer, "message");
      atClient.sendUTF("grüße an alle");
      await there;
      const back = stage.once(atClient, "message");
      atServer.sendBytes(Buffer.from("0123456789"));
      await back;
    },
  },
  {
    name: "callbacks come once, without argument, in the order of sending",
    rows: ["8.callback"],
    async run(stage) {
      const { connection, peer, say } = await serverEnd(stage, { config: { fragmentationThreshold: 10 } });
      const said =
        (/** @type {string} */ label) =>
        (/** @type {unknown[]} */ ...values) =>
          say(label, ...values.filter((one) => one));
      connection.sendUTF("one", said("sendUTF"));
      connection.sendBytes(Buffer.from("two"), said("sendBytes"));
      connection.send("three", said("send"));
      connection.sendUTF("a text in fragments of ten bytes", said("fragments"));
      say("none called yet");
      await new Promise((resolve) => connection.sendUTF("last", resolve));
      await peer.frames(3 + 4 + 1);
    },
  },
  {
    name: "callbacks of a client",
    rows: ["8.callback"],
    async run(stage) {
      const { connection, peer, say } = await clientEnd(stage, { config: { fragmentationThreshold: 10 } });
      connection.sendUTF("one", (/** @type {unknown} */ error) => say("one", error ?? "no error"));
      connection.sendUTF("two, longer than ten", (/** @type {unknown} */ error) => say("two", error ?? "no error"));
      await new Promise((resolve) => connection.sendBytes(Buffer.alloc(0), resolve));
      await peer.frames(4);
    },
  },
  {
    name: "fragmentAndSend cuts a frame made by hand, and refuses control frames",
    rows: ["8.fragment-and-send"],
    async run(stage) {
      const { connection, peer, say } = await serverEnd(stage, { config: { fragmentationThreshold: 5 } });
      const { frame: Frame } = stage.library;
      const make = (/** @type {number} */ opcode) => {
        const frame = new Frame(Buffer.alloc(4), Buffer.alloc(10), { maxReceivedFrameSize: 1 << 20 });
        return Object.assign(frame, { opcode, binaryPayload: Buffer.from("0123456789ab") });
      };
      stage.attempt("text", () => connection.fragmentAndSend(make(1)), say);
      stage.attempt("binary", () => connection.fragmentAndSend(make(2)), say);
      for (const opcode of [8, 9, 10]) {
        stage.attempt(`opcode ${opcode}`, () => connection.fragmentAndSend(make(opcode)), say);
      }
      await peer.frames(6);
    },
  },
  {
    name: "sendCloseFrame sends a Close frame and ends the write side",
    rows: ["8.send-close-frame"],
    async run(stage) {
      const { connection, peer, say } = await serverEnd(stage);
      stage.attempt("sendCloseFrame", () => connection.sendCloseFrame(1001, "by hand"), say);
      await peer.over();
      const closed = stage.once(connection, "close");
      peer.end();
      await closed;
    },
  },
  {
    name: "sendCloseFrame without arguments sends code 1000",
    rows: ["8.send-close-frame"],
    async run(stage) {
      const { connection, peer } = await clientEnd(stage);
      connection.sendCloseFrame();
      await peer.over();
      const closed = stage.once(connection, "close");
      peer.end();
      await closed;
    },
  },
  {
    name: "sending after the socket is gone gives an error to the callback alone",
    rows: ["8.send-gone"],
    async run(stage) {
      const { connection, peer, say } = await serverEnd(stage);
      const closed = stage.once(connection, "close");
      peer.end();
      await closed;
      await stage.turns();
      const failed = new Promise((resolve) => {
        stage.attempt("sendUTF", () => connection.sendUTF("late", resolve), say);
      });
      say("callback", (await failed) instanceof Error);
      await stage.turns();
    },
  },
  {
    name: "sendFrame tells whether the socket takes more",
    rows: ["8.send-frame", "8.drain"],
    async run(stage) {
      const { connection, peer, say } = await serverEnd(stage);
      peer.tellFrames = false;
      peer.socket.pause();
      const { frame: Frame } = stage.library;
      let answer = true;
      for (let count = 0; answer && count < 64; count += 1) {
        const frame = new Frame(Buffer.alloc(4), Buffer.alloc(10), { maxReceivedFrameSize: 1 << 20 });
        answer = connection.sendFrame(
          Object.assign(frame, { fin: true, opcode: 2, binaryPayload: Buffer.alloc(1 << 20) }),
        );
      }
      say("answer", answer, "outputBufferFull", connection.outputBufferFull);
      const drained = stage.once(connection, "drain");
      peer.socket.resume();
      await drained;
      say("outputBufferFull", connection.outputBufferFull);
    },
  },
];
