import { BINARY, PING, PONG } from "../kit/frames.js";
import { bothEnds, dial, ENDS, serverEnd } from "./acts/ends.js";

/** @typedef {import("../kit/stage.js").Stage} Stage */
/** @typedef {import("../kit/raw-peer.js").RawPeer} RawPeer */

/** Let the peer answer the Close frame that it got, and see the library end the socket.
 * @param {Stage} stage
 * @param {RawPeer} peer
 * @param {() => void} [answer] */
async function finish(stage, peer, answer = () => peer.sendClose(1000)) {
  await peer.frame();
  answer();
  await peer.over();
  peer.end();
  await stage.turns();
}

/** Own calls of close with a code.
 * @type {[string, [number, string?]][]} */
const OWN = [
  ["1000", [1000, "bye"]],
  ["an empty reason", [1001, ""]],
  ["a reason in UTF-8", [1003, "grüße ☃"]],
  ["an own code", [4321, "own"]],
  ["a reserved code", [2999, "reserved"]],
  ["a code that means nothing", [999, "below"]],
  ["the largest code", [65_535, "above"]],
  ["the longest reason", [3000, "r".repeat(123)]],
];

/** @type {import("../kit/play.js").Scenario[]} */
export default [
  ...ENDS.flatMap(({ side, end }) => [
    ...OWN.map(([what, args]) => ({
      name: `the ${side} closes: ${what}`,
      rows: ["7.own-close", "7.codes-sent"],
      /** @param {Stage} stage */
      async run(stage) {
        const { connection, peer, say } = await end(stage);
        stage.attempt("close", () => connection.close(...args), say);
        say("state", connection.readyState);
        await finish(stage, peer);
      },
    })),
    {
      name: `the ${side} closes without a code, and without a reason`,
      rows: ["7.own-close-empty", "7.own-close-1005"],
      /** @param {Stage} stage */
      async run(stage) {
        for (const args of [[], [1000], [1005], [1005, "no place for this"]]) {
          // What the event says then is free, so only that it came is written.
          const { connection, peer, say } = await end(stage, { watch: false });
          connection.on("close", () => say("close"));
          stage.attempt("close", () => connection.close(...args), say);
          await finish(stage, peer, () => peer.sendClose());
        }
      },
    },
    {
      name: `close of the ${side} emits its event before it returns, whatever the peer answers later`,
      rows: ["7.own-close", "8.close-once"],
      /** @param {Stage} stage */
      async run(stage) {
        /** @type {((peer: RawPeer) => void)[]} */
        const answers = [
          (peer) => peer.sendClose(1000),
          (peer) => peer.sendClose(4001, "something else"),
          (peer) => peer.sendClose(),
          (peer) => peer.end(),
        ];
        for (const answer of answers) {
          const { connection, peer, say } = await end(stage);
          connection.close(3333, "mine");
          say("close has returned");
          await finish(stage, peer, () => answer(peer));
        }
      },
    },
    {
      name: `after its close the ${side} ignores messages, but not pongs`,
      rows: ["7.after-close"],
      /** @param {Stage} stage */
      async run(stage) {
        const { connection, peer } = await end(stage);
        connection.close(1000, "enough");
        await peer.frame();
        const pong = stage.once(connection, "pong");
        peer.send(
          { payload: "ignored" },
          { opcode: BINARY, payload: "ignored" },
          { opcode: PING, payload: "not answered" },
          { opcode: PONG, payload: "told" },
        );
        await pong;
        peer.sendClose(1000);
        await peer.over();
        peer.end();
        await stage.turns();
      },
    },
    {
      name: `messages sent before close arrive before the Close frame of the ${side}`,
      rows: ["7.own-close"],
      /** @param {Stage} stage */
      async run(stage) {
        const { connection, peer } = await end(stage);
        connection.sendText("x".repeat(200_000));
        for (let count = 0; count < 5; count += 1) connection.sendText(`number ${count}`);
        connection.close(1000, "all said");
        await peer.frames(6);
        await finish(stage, peer);
      },
    },
    {
      name: `the socket of the ${side} ends after an own close without an answer`,
      rows: ["7.own-close", "8.close-once"],
      /** @param {Stage} stage */
      async run(stage) {
        const { connection, peer } = await end(stage);
        connection.close(1001, "leaving");
        await peer.frame();
        connection.socket.destroy();
        await peer.over();
        await stage.turns();
      },
    },
    {
      name: `closing inside a listener of the ${side}`,
      rows: ["7.own-close", "7.after-close"],
      /** @param {Stage} stage */
      async run(stage) {
        const { connection, peer, say } = await end(stage);
        connection.on("text", () => {
          connection.close(1000, "enough");
          say("close has returned");
        });
        peer.send({ payload: "one" }, { payload: "two" });
        await finish(stage, peer);
      },
    },
  ]),
  {
    name: "a code above 65535 throws",
    rows: ["7.codes-sent"],
    async run(stage) {
      const { connection, say } = await serverEnd(stage, { watch: false });
      for (const code of [65_536, 1_000_000]) {
        try {
          connection.close(code, "too large");
        } catch (error) {
          say("throws", error instanceof RangeError);
        }
      }
    },
  },
  {
    name: "a client closes before the handshake is done",
    rows: ["7.close-connecting"],
    async run(stage) {
      for (const args of [
        [1000, "changed my mind"],
        [4000, ""],
      ]) {
        const { connection, peer, say } = await dial(stage);
        stage.attempt("close", () => connection.close(...args), say);
        say("state", connection.readyState);
        await peer.over();
        peer.end();
        await stage.turns();
      }
    },
  },
  {
    name: "both ends close at the same time",
    rows: ["7.own-close", "8.close-once"],
    async run(stage) {
      const { atServer, atClient } = await bothEnds(stage);
      const ended = [stage.once(atServer.socket, "close"), stage.once(atClient.socket, "close")];
      atServer.close(3001, "from the server");
      atClient.close(3002, "from the client");
      await Promise.all(ended);
      await stage.turns();
    },
  },
  {
    name: "the library's client and server close each other, and the sockets end",
    rows: ["7.own-close", "7.peer-close", "8.order"],
    async run(stage) {
      for (const closer of ["server", "client"]) {
        const { atServer, atClient } = await bothEnds(stage);
        const [own, other] = closer === "server" ? [atServer, atClient] : [atClient, atServer];
        const ended = [stage.once(atServer.socket, "close"), stage.once(atClient.socket, "close")];
        const told = stage.once(other, "close");
        own.close(1000, `the ${closer} leaves`);
        await told;
        await Promise.all(ended);
      }
    },
  },
];
