import { BINARY, CLOSE, closePayload, CONTINUATION, PING, PONG, TEXT } from "../kit/frames.js";
import { ENDS, free } from "./acts/ends.js";

/** @typedef {import("../kit/stage.js").Stage} Stage */
/** @typedef {import("../kit/frames.js").FrameInput} FrameInput */

const BAD_UTF8 = Buffer.from([0x68, 0xc3, 0x28]);

/** What breaks RFC 6455, and the code with which it is answered. @type {Record<string, { code: number, frame: FrameInput }>} */
const VIOLATIONS = {
  "text that is no UTF-8": { code: 1007, frame: { opcode: TEXT, payload: BAD_UTF8 } },
  "an RSV bit": { code: 1002, frame: { opcode: TEXT, rsv: 4, payload: "x" } },
  "an unknown opcode": { code: 1002, frame: { opcode: 3, payload: "x" } },
  "a continuation of nothing": { code: 1002, frame: { opcode: CONTINUATION, payload: "x" } },
  "a cut ping": { code: 1002, frame: { opcode: PING, fin: false } },
  "a long ping": { code: 1002, frame: { opcode: PING, payload: "x".repeat(126) } },
  "a close of one byte": { code: 1002, frame: { opcode: CLOSE, payload: "x" } },
  "a reserved close code": { code: 1002, frame: { opcode: CLOSE, payload: closePayload(1006) } },
};

/** @type {import("../kit/play.js").Scenario[]} */
export default [
  ...ENDS.flatMap(({ side, peer: peerLane, masked, end }) => [
    {
      name: `messages that the ${side} gets: one argument, type and data`,
      rows: ["3.message", "7.pings", "7.fragments"],
      expected: [
        `${side}: open 1`,
        `${side}: message 1 "hello" ["data", "type"]`,
        `${side}: message 1 "" ["data", "type"]`,
        `${side}: message 2 Buffer<3: 01ff00> ["data", "type"]`,
        `${side}: message 2 Buffer<0: > ["data", "type"]`,
        `${side}: message 1 "grüße ☃" ["data", "type"]`,
        `${side}: message 2 Buffer<4: 61626364> ["data", "type"]`,
        `${side}: close "with an error text" 3`,
        `${peerLane}: got fin pong ${masked}7 "between"`,
        `${peerLane}: got fin pong ${masked}0`,
        `${peerLane}: got fin close ${masked}2 1000`,
      ],
      /** @param {Stage} stage */
      async run(stage) {
        const { socket, peer } = await end(stage);
        await stage.turns();
        const text = Buffer.from("grüße ☃");
        const over = stage.once(socket, "close");
        peer.send(
          { payload: "hello" },
          { payload: "" },
          { opcode: BINARY, payload: new Uint8Array([1, 255, 0]) },
          { opcode: BINARY },
          // Cut inside characters.
          { payload: text.subarray(0, 3), fin: false },
          { opcode: PING, payload: "between" },
          { opcode: CONTINUATION, payload: text.subarray(3, 9), fin: false },
          { opcode: PONG, payload: "unasked" },
          { opcode: CONTINUATION, payload: text.subarray(9) },
          { opcode: BINARY, payload: "ab", fin: false },
          { opcode: CONTINUATION, payload: "cd" },
          { opcode: PING },
        );
        peer.sendClose(1000);
        await over;
        await peer.frames(3);
      },
    },
    {
      name: `messages of 2 MiB to the ${side} arrive`,
      rows: ["7.no-small-limit", "3.message"],
      timeLimitMs: 20_000,
      expected: ["main: 1 2097152 true", "main: 2 2097152 true"],
      /** @param {Stage} stage */
      async run(stage) {
        const { socket, peer } = await end(stage, { watch: false });
        peer.tellFrames = false;
        for (const opcode of [TEXT, BINARY]) {
          const payload = Buffer.alloc(2 * 1024 * 1024, "abc");
          const heard = stage.once(socket, "message");
          peer.send({ opcode, payload });
          const [{ type, data }] = await heard;
          stage.say(String(type), data.length, Buffer.from(data).equals(payload));
        }
      },
    },
    {
      name: `violations of the RFC end the ${side} with its code: error, then close`,
      rows: ["7.violations", "3.peer-fault"],
      expected: [...Object.entries(VIOLATIONS), ["wrong masking", { code: 1002 }]].flatMap(([what, violation]) => [
        `${what}: error {hasText: true, isError: true}`,
        `${what}: close 3`,
        `${what}: closed with ${/** @type {{ code: number }} */ (violation).code}`,
      ]),
      /** @param {Stage} stage */
      async run(stage) {
        const wrongMasking = { code: 1002, frame: { payload: "x", mask: side === "client" } };
        for (const [what, { frame }] of Object.entries({ ...VIOLATIONS, "wrong masking": wrongMasking })) {
          const { socket, peer } = await end(stage, { watch: false });
          peer.tellFrames = false;
          const say = stage.lane(what);
          const over = stage.once(socket, "close");
          socket.on("error", (/** @type {unknown} */ error) => say("error", free(error)));
          socket.on("close", () => say("close", socket.readyState));
          socket.on("message", () => say("message"));
          peer.send(frame);
          const close = await peer.frame();
          peer.end();
          await over;
          say("closed with", close?.opcode === CLOSE && close.payload.readUInt16BE(0));
          await stage.turns();
        }
      },
    },
    {
      name: `a message listener of the ${side} that throws: the others hear it, error tells it, the connection goes on`,
      rows: ["6.throwing", "3.error"],
      expected: [
        `${side}: error <Error: "one">`,
        `${side}: other listener "one"`,
        `${side}: error <Error: "two">`,
        `${side}: other listener "two"`,
        `${side}: state 1`,
        `${peerLane}: got fin text ${masked}5 "still"`,
      ].map((line) => line),
      /** @param {Stage} stage */
      async run(stage) {
        const { socket, peer, say } = await end(stage, { watch: false });
        /** @type {string[]} */
        const errors = [];
        socket.on("error", (/** @type {Error} */ error) => errors.push(error.message));
        socket.on("message", (/** @type {any} */ event) => {
          throw new Error(event.data);
        });
        // Whether the error is told before or after the other listeners is free: it is written before.
        socket.on("message", (/** @type {any} */ event) => {
          setImmediate(() => {
            for (const text of errors.splice(0)) say("error", new Error(text));
            say("other listener", event.data);
            if (event.data === "two") done();
          });
        });
        let done = () => {};
        /** @type {Promise<void>} */
        const both = new Promise((resolve) => {
          done = resolve;
        });
        peer.send({ payload: "one" });
        await stage.once(socket, "message");
        await stage.turns();
        peer.send({ payload: "two" });
        await both;
        say("state", socket.readyState);
        socket.send("still");
        await peer.frame();
      },
    },
  ]),
];
