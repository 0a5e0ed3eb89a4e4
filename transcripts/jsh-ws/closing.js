import { bothEnds, clientEnd, dial, ENDS, finish, serve, watchSocket } from "./acts/ends.js";

/** @typedef {import("../kit/stage.js").Stage} Stage */
/** @typedef {import("../kit/raw-peer.js").RawPeer} RawPeer */

/** Codes that end a connection in order, and others: an error first. @type {[string, number | undefined, string, boolean][]} */
const ENDINGS = [
  ["1000", 1000, "", true],
  ["1000 with a reason", 1000, "bye", true],
  ["1001", 1001, "", true],
  ["no code", undefined, "", true],
  ["1002", 1002, "fault", false],
  ["1003", 1003, "", false],
  ["1008", 1008, "policy", false],
  ["1011", 1011, "broken", false],
  ["3000", 3000, "", false],
  ["4000", 4000, "own", false],
  ["4999", 4999, "", false],
];

const ERROR = "error {hasText: true, isError: true}";

/** The state beside `error` is free: whether it is 1 or 3 then is not promised.
 * @param {any} socket
 * @param {import("../kit/raw-peer.js").Say} say */
function watchEnd(socket, say) {
  socket.on("error", (/** @type {any} */ error) => {
    say("error", { hasText: error.message !== "", isError: error instanceof Error });
  });
  socket.on("close", (/** @type {any[]} */ ...values) => {
    say("close", values.length, typeof values[0]?.error, Object.keys(values[0] ?? {}), socket.readyState);
  });
}

const BY_PEER = 'close 1 "string" ["error"] 3';

/** @type {import("../kit/play.js").Scenario[]} */
export default [
  ...ENDS.flatMap(({ side, peer: peerLane, masked, end }) => [
    {
      name: `close of the ${side}: close inside the call, without an argument; a closing handshake with 1000`,
      rows: ["2.close", "3.close-once", "7.closing-handshake", "2.ready-state"],
      expected: [
        `${side}: open 1`,
        `${side}: close 3`,
        `${side}: returned undefined 3`,
        `${side}: again undefined 3`,
        `${peerLane}: got fin close ${masked}2 1000`,
        `${peerLane}: over`,
      ],
      /** @param {Stage} stage */
      async run(stage) {
        const { socket, peer, say } = await end(stage);
        await stage.turns();
        say("returned", socket.close(), socket.readyState);
        say("again", socket.close(), socket.readyState);
        await peer.frame();
        await finish(stage, peer);
      },
    },
    {
      name: `close of the ${side} ignores arguments`,
      rows: ["2.close"],
      expected: ["4000", "1001 bye", "text", "99999"].map((what) => `main: ${what} undefined 3 1000 ""`),
      /** @param {Stage} stage */
      async run(stage) {
        /** @type {Record<string, unknown[]>} */
        const lists = { 4000: [4000, "own"], "1001 bye": [1001, "bye"], text: ["text"], 99999: [99_999, {}] };
        for (const what of ["4000", "1001 bye", "text", "99999"]) {
          const { socket, peer } = await end(stage, { watch: false });
          peer.tellFrames = false;
          const returned = socket.close(...(lists[what] ?? []));
          const frame = await peer.frame();
          const reason = frame?.payload.subarray(2).toString();
          stage.say(what, returned, socket.readyState, frame?.payload.readUInt16BE(0), reason);
          await finish(stage, peer);
        }
      },
    },
    {
      name: `after a close of the ${side}, whatever the peer does: no second close, no error`,
      rows: ["3.close-once", "3.no-stray-error"],
      expected: ["answers", "answers 1011", "ends", "resets", "breaks the RFC"].map((what) => `${what}: close 3`),
      /** @param {Stage} stage */
      async run(stage) {
        /** @type {Record<string, (peer: RawPeer) => void>} */
        const answers = {
          answers: (peer) => peer.sendClose(1000),
          "answers 1011": (peer) => peer.sendClose(1011, "not in order"),
          ends: () => {},
          resets: (peer) => peer.reset(),
          "breaks the RFC": (peer) => peer.send({ opcode: 11, payload: "x" }),
        };
        for (const [what, answer] of Object.entries(answers)) {
          const { socket, peer } = await end(stage, { watch: false });
          peer.tellFrames = false;
          await stage.turns();
          watchSocket(socket, stage.lane(what));
          socket.close();
          await peer.frame();
          answer(peer);
          peer.end();
          await peer.over();
          await stage.turns();
        }
      },
    },
    {
      name: `what the ${side} sent before close still arrives`,
      rows: ["7.closing-handshake", "2.close"],
      expected: [
        ...["open 1", "close 3"].map((line) => `${side}: ${line}`),
        `${peerLane}: got fin binary ${masked}300000 <300000: sha1 bae46700642c>`,
        ...[1, 2, 3].map((number) => `${peerLane}: got fin text ${masked}1 "${number}"`),
        `${peerLane}: got fin close ${masked}2 1000`,
        `${peerLane}: over`,
      ],
      /** @param {Stage} stage */
      async run(stage) {
        const { socket, peer } = await end(stage);
        await stage.turns();
        socket.send(new Uint8Array(300_000));
        for (const number of [1, 2, 3]) socket.send(String(number));
        socket.close();
        await peer.frames(5);
        await finish(stage, peer);
      },
    },
    {
      name: `closes that the ${side} gets: in order just close, otherwise an error before it`,
      rows: ["3.peer-close", "3.peer-fault", "3.close", "2.ready-state"],
      expected: ENDINGS.flatMap(([what, , , isOrderly]) =>
        [...(isOrderly ? [] : [ERROR]), BY_PEER, "after 3"].map((line) => `${what}: ${line}`),
      ),
      /** @param {Stage} stage */
      async run(stage) {
        for (const [what, code, reason] of ENDINGS) {
          const { socket, peer } = await end(stage, { watch: false });
          peer.tellFrames = false;
          const say = stage.lane(what);
          const over = stage.once(socket, "close");
          watchEnd(socket, say);
          peer.sendClose(code, reason);
          await over;
          peer.end();
          await peer.over();
          await stage.turns();
          say("after", socket.readyState);
        }
      },
    },
    {
      name: `the ${side} loses its connection: error, then close`,
      rows: ["3.peer-fault", "3.close-once"],
      expected: ["end", "reset", "destroy", "end in a frame"].flatMap((how) =>
        [ERROR, BY_PEER].map((line) => `${how}: ${line}`),
      ),
      /** @param {Stage} stage */
      async run(stage) {
        for (const how of ["end", "reset", "destroy", "end in a frame"]) {
          const { socket, peer } = await end(stage, { watch: false });
          peer.tellFrames = false;
          const over = stage.once(socket, "close");
          watchEnd(socket, stage.lane(how));
          if (how === "end in a frame") peer.write(Buffer.from([0x82, peer.masks ? 0x8a : 0x0a, 1, 2]));
          if (how === "reset") peer.reset();
          else if (how === "destroy") peer.destroy();
          else peer.end();
          await over;
          await stage.turns();
        }
      },
    },
  ]),
  {
    name: "close before the connection is there: never opens",
    rows: ["2.close-connecting", "2.close"],
    expected: [
      "in the same turn: close 3",
      "in the same turn: returned undefined 3",
      "while the server thinks: close 3",
      "while the server thinks: returned undefined 3",
      "while the server thinks: peer over",
    ],
    async run(stage) {
      const { url, wss } = await serve(stage);
      const early = new stage.library.WebSocket(url);
      const say = stage.lane("in the same turn");
      watchSocket(early, say);
      const returned = early.close();
      say("returned", returned, early.readyState);
      const { socket, peer } = await dial(stage, { watch: false });
      peer.tellFrames = false;
      const sayLater = stage.lane("while the server thinks");
      watchSocket(socket, sayLater);
      const returnedLater = socket.close();
      sayLater("returned", returnedLater, socket.readyState);
      await peer.over();
      sayLater("peer over");
      await peer.answer();
      // Another one that comes through shows that the first one had its time.
      const met = stage.once(wss, "connection");
      const other = new stage.library.WebSocket(url);
      await met;
      other.close();
      await stage.turns();
    },
  },
  {
    name: "close inside open, and inside message",
    rows: ["2.close", "3.close-once"],
    expected: [
      "inside open: open 1",
      "inside open: close 3",
      "inside open: returned",
      'inside message: message 1 "bye" ["data", "type"]',
      "inside message: close 3",
      "inside message: returned",
    ],
    async run(stage) {
      const { socket, peer } = await dial(stage, { watch: false });
      peer.tellFrames = false;
      const say = stage.lane("inside open");
      watchSocket(socket, say);
      socket.on("open", () => {
        socket.close();
        say("returned");
      });
      const closed = stage.once(socket, "close");
      await peer.answer();
      await closed;
      const second = await clientEnd(stage, { watch: false });
      second.peer.tellFrames = false;
      const sayMessage = stage.lane("inside message");
      watchSocket(second.socket, sayMessage);
      second.socket.on("message", () => {
        second.socket.close();
        sayMessage("returned");
      });
      second.peer.send({ payload: "bye" });
      await second.peer.frame();
      await finish(stage, second.peer);
    },
  },
  {
    name: "both ends of the face close in the same turn",
    rows: ["3.close-once", "3.no-stray-error", "2.close"],
    expected: ["server: open 1", "server: close 3", "client: open 1", "client: close 3"],
    async run(stage) {
      const { wss, atServer, atClient } = await bothEnds(stage);
      await stage.turns();
      atServer.close();
      atClient.close();
      await stage.turns(30);
      if (wss.clients.size > 0) stage.say("clients", wss.clients.size);
    },
  },
];
