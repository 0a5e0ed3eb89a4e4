import { clientEnd, dial, ENDS, finish, serverEnd } from "./acts/ends.js";

/** @typedef {import("../kit/stage.js").Stage} Stage */

/** What `_send` does not take. @type {Record<string, unknown>} */
const WRONG = {
  nothing: undefined,
  null: null,
  string: "text",
  number: 1,
  array: [1, 2],
  object: { length: 1 },
  ArrayBuffer: new ArrayBuffer(2),
  Uint16Array: new Uint16Array(2),
  Int8Array: new Int8Array(2),
  DataView: new DataView(new ArrayBuffer(2)),
};

/** Names of what `_send` refuses with a TypeError.
 * @param {any} socket */
function refusedBy(socket) {
  return Object.keys(WRONG).filter((name) => {
    try {
      socket._send(WRONG[name]);
      return false;
    } catch (error) {
      return error instanceof TypeError;
    }
  });
}

/** @type {import("../kit/play.js").Scenario[]} */
export default [
  ...ENDS.flatMap(({ side, peer: peerLane, masked, end, first }) => [
    {
      name: `_send of the ${side}: bytes of each kind, just the window of a view, nothing, in order`,
      rows: ["4.send", "12.window"],
      expected: [
        ...first,
        `${peerLane}: got fin binary ${masked}3 <3: 010203>`,
        `${peerLane}: got fin binary ${masked}4 <4: 62756666>`,
        `${peerLane}: got fin binary ${masked}0`,
        `${peerLane}: got fin binary ${masked}2 <2: 0708>`,
        `${peerLane}: got fin binary ${masked}5 <5: 6f6f6c6564>`,
        `${peerLane}: got fin binary ${masked}70000 <70000: sha1 4f85676b773b>`,
        `${peerLane}: got fin binary ${masked}1 <1: 09>`,
        `${side}: all return the socket true`,
      ],
      /** @param {Stage} stage */
      async run(stage) {
        const { socket, peer, say } = await end(stage);
        const values = [
          new Uint8Array([1, 2, 3]),
          Buffer.from("buff"),
          new Uint8Array(0),
          new Uint8Array([6, 7, 8, 9]).subarray(1, 3),
          Buffer.from("pooled").subarray(1),
          new Uint8Array(70_000),
          new Uint8Array([9]),
        ];
        say(
          "all return the socket",
          values.map((value) => socket._send(value)).every((one) => one === socket),
        );
        await peer.frames(values.length);
      },
    },
    {
      name: `_send of the ${side}: anything else is a TypeError, also after the end, and does no harm`,
      rows: ["4.send-type", "4.send-ended"],
      expected: [
        ...first,
        `${side}: refused ${JSON.stringify(Object.keys(WRONG)).replaceAll(",", ", ")}`,
        `${peerLane}: got fin binary ${masked}1 <1: 01>`,
        `${peerLane}: got fin close ${masked}2 1000`,
        `${side}: disconnect null`,
        `${side}: refused ${JSON.stringify(Object.keys(WRONG)).replaceAll(",", ", ")}`,
        `${side}: dropped true 0`,
        `${peerLane}: over`,
      ],
      /** @param {Stage} stage */
      async run(stage) {
        const { socket, peer, say } = await end(stage);
        say("refused", refusedBy(socket));
        socket._send(new Uint8Array([1]));
        await peer.frame();
        socket.disconnect();
        say("refused", refusedBy(socket));
        say("dropped", socket._send(new Uint8Array([2])) === socket, socket.bufferedAmount);
        await peer.frame();
        await finish(stage, peer);
      },
    },
  ]),
  {
    name: "_send while connecting throws, types are checked before",
    rows: ["4.send-connecting", "4.send-type"],
    expected: [
      `client: refused ${JSON.stringify(Object.keys(WRONG)).replaceAll(",", ", ")}`,
      "client: throws true false 0",
      "client: connect",
      "raw server: got fin binary masked 1 <1: 02>",
    ],
    async run(stage) {
      const { socket, peer, say } = await dial(stage);
      say("refused", refusedBy(socket));
      try {
        socket._send(new Uint8Array([1]));
      } catch (error) {
        say("throws", error instanceof Error, error instanceof TypeError, socket.bufferedAmount);
      }
      socket.on("connect", () => socket._send(new Uint8Array([2])));
      await peer.answer({ "Sec-WebSocket-Protocol": "proto-1" });
      await peer.frame();
    },
  },
  ...[
    { side: "server", end: serverEnd },
    { side: "client", end: clientEnd },
  ].map(({ side, end }) => ({
    name: `bufferedAmount of the ${side} counts what the system has not taken`,
    rows: ["4.buffered-amount"],
    expected: [`${side}: before 0`, `${side}: grows true true`, `${side}: after 0`, `${side}: ended 0`],
    timeLimitMs: 20_000,
    /** @param {Stage} stage */
    async run(stage) {
      const { socket, peer, say } = await end(stage, {
        watch: false,
        ...(side === "server" && { client: { tellFrames: false } }),
      });
      peer.tellFrames = false;
      say("before", socket.bufferedAmount);
      peer.socket.pause();
      const piece = new Uint8Array(1024 * 1024);
      for (let count = 0; count < 16; count += 1) socket._send(piece);
      await stage.turns();
      const waiting = socket.bufferedAmount;
      say("grows", waiting > 1024 * 1024, waiting < 17 * 1024 * 1024);
      peer.socket.resume();
      await peer.frames(16);
      await stage.turns();
      say("after", socket.bufferedAmount);
      peer.socket.pause();
      for (let count = 0; count < 16; count += 1) socket._send(piece);
      socket.disconnect();
      say("ended", socket.bufferedAmount);
    },
  })),
];
