import { BINARY, CLOSE, closePayload, CONTINUATION, PING, PONG, TEXT } from "../kit/frames.js";
import { clientEnd, ENDS, free, serverEnd } from "./acts/ends.js";

/** @typedef {import("../kit/stage.js").Stage} Stage */
/** @typedef {import("../kit/frames.js").FrameInput} FrameInput */

/** What breaks RFC 6455, and the code with which it is answered. @type {Record<string, { code: number, frame: FrameInput }>} */
const VIOLATIONS = {
  "an RSV bit": { code: 1002, frame: { opcode: BINARY, rsv: 2, payload: "x" } },
  "an unknown opcode": { code: 1002, frame: { opcode: 3, payload: "x" } },
  "an unknown control opcode": { code: 1002, frame: { opcode: 11 } },
  "a continuation of nothing": { code: 1002, frame: { opcode: CONTINUATION, payload: "x" } },
  "a cut ping": { code: 1002, frame: { opcode: PING, fin: false } },
  "a long ping": { code: 1002, frame: { opcode: PING, payload: "x".repeat(126) } },
  "a close of one byte": { code: 1002, frame: { opcode: CLOSE, payload: "x" } },
  "a reserved close code": { code: 1002, frame: { opcode: CLOSE, payload: closePayload(1005) } },
  "a close reason that is no UTF-8": {
    code: 1007,
    frame: { opcode: CLOSE, payload: Buffer.concat([closePayload(4000), Buffer.from([0xc3, 0x28])]) },
  },
};

/** The code of the Close frame that comes next.
 * @param {import("../kit/raw-peer.js").RawPeer} peer */
async function codeOf(peer) {
  const frame = await peer.frame();
  return frame?.opcode === CLOSE && frame.payload.readUInt16BE(0);
}

/** @type {import("../kit/play.js").Scenario[]} */
export default [
  ...ENDS.flatMap(({ side, peer: peerLane, masked, end, first }) => [
    {
      name: `_message of the ${side}: one Buffer each, fragments put together, control frames between them unseen`,
      rows: ["5.message", "10.pings-answered"],
      expected: [
        ...first,
        `${side}: _message Buffer<3: 6f6e65>`,
        `${side}: _message Buffer<0: >`,
        `${side}: _message Buffer<9: 667261676d656e7473>`,
        `${side}: _message Buffer<66000: sha1 ea8d5f5293a0>`,
        `${side}: disconnect null`,
        `${peerLane}: got fin pong ${masked}7 "between"`,
        `${peerLane}: got fin pong ${masked}0`,
        `${peerLane}: got fin close ${masked}2 1000`,
      ],
      /** @param {Stage} stage */
      async run(stage) {
        const { socket, peer } = await end(stage);
        const over = stage.once(socket, "disconnect");
        peer.send(
          { opcode: BINARY, payload: "one" },
          { opcode: BINARY },
          { opcode: BINARY, payload: "frag", fin: false },
          { opcode: PING, payload: "between" },
          { opcode: PONG, payload: "unasked" },
          { opcode: CONTINUATION, fin: false },
          { opcode: CONTINUATION, payload: "ments" },
          { opcode: PING },
          { opcode: BINARY, payload: new Uint8Array(66_000) },
        );
        peer.sendClose(1000);
        await over;
        await peer.frames(3);
      },
    },
    {
      name: `a text frame to the ${side} ends the connection with 1003 and an Error`,
      rows: ["5.text"],
      expected: [
        ...first,
        `${side}: _message Buffer<1: 78>`,
        `${side}: disconnect {hasText: true, isError: true}`,
        "main: closed with 1003",
      ],
      /** @param {Stage} stage */
      async run(stage) {
        const { socket, peer } = await end(stage, { hide: free });
        peer.tellFrames = false;
        const over = stage.once(socket, "disconnect");
        peer.send(
          { opcode: BINARY, payload: "x" },
          { opcode: TEXT, payload: "hello" },
          { opcode: BINARY, payload: "y" },
        );
        await over;
        stage.say("closed with", await codeOf(peer));
        await stage.turns();
      },
    },
    {
      name: `violations of the RFC end the ${side} with its code, and an Error here`,
      rows: ["5.violations", "5.disconnect"],
      expected: Object.entries(VIOLATIONS).flatMap(([what, { code }]) => [
        `${what}: disconnect {hasText: true, isError: true} false`,
        `${what}: closed with ${code}`,
      ]),
      /** @param {Stage} stage */
      async run(stage) {
        for (const [what, { frame }] of Object.entries(VIOLATIONS)) {
          const { socket, peer } = await end(stage, { watch: false });
          peer.tellFrames = false;
          const say = stage.lane(what);
          const over = stage.once(socket, "disconnect");
          socket.on("disconnect", (/** @type {unknown} */ error) => say("disconnect", free(error), socket.connected));
          peer.send(frame);
          await over;
          say("closed with", await codeOf(peer));
          await stage.turns();
        }
      },
    },
  ]),
  {
    name: "frames with the wrong masking end the connection with 1002",
    rows: ["5.violations"],
    expected: [
      "to the server: disconnect {hasText: true, isError: true}",
      "to the server: closed with 1002",
      "to the client: disconnect {hasText: true, isError: true}",
      "to the client: closed with 1002",
    ],
    async run(stage) {
      for (const { side, end } of [
        { side: "server", end: serverEnd },
        { side: "client", end: clientEnd },
      ]) {
        const { socket, peer } = await end(stage, { watch: false });
        peer.tellFrames = false;
        const say = stage.lane(`to the ${side}`);
        const over = stage.once(socket, "disconnect");
        socket.on("disconnect", (/** @type {unknown} */ error) => say("disconnect", free(error)));
        peer.send({ opcode: BINARY, payload: "x", mask: side === "client" });
        await over;
        say("closed with", await codeOf(peer));
      }
    },
  },
];
