import { bothEnds, clientEnd, closeFrom, pick, serve, serverEnd, watchConnection } from "./acts/ends.js";

/** @typedef {import("../kit/stage.js").Stage} Stage */
/** @typedef {import("../kit/raw-peer.js").RawPeer} RawPeer */

const ENDS = [
  { side: "server", end: serverEnd },
  { side: "client", end: clientEnd },
];

/** Let the peer answer the Close frame that it got, and wait for the end.
 * @param {Stage} stage
 * @param {any} connection
 * @param {RawPeer} peer
 * @param {() => void} [answer] */
async function finish(stage, connection, peer, answer = () => closeFrom(peer, 1000)) {
  const closed = stage.once(connection, "close");
  await peer.frame();
  answer();
  peer.end();
  await closed;
  await peer.over();
  await stage.turns();
}

/** Own calls of close.
 * @type {[string, unknown[]][]} */
const OWN = [
  ["nothing", []],
  ["a code", [1001]],
  ["code and text", [1000, "bye"]],
  ["an empty text", [1000, ""]],
  ["a text in UTF-8", [1003, "grüße"]],
  ["a code that is no number", ["1001", "text"]],
  ["no code but a text", [undefined, "text"]],
  ["a text that is no string", [1001, 5]],
  ["3000 without text", [3000]],
  ["4999 with text", [4999, "own"]],
  ["1012 without text", [1012]],
  ["1011 without text", [1011]],
];

/** Close frames of the peer.
 * @type {[string, [number, string?]][]} */
const PEERS = [
  ["1000 without reason", [1000]],
  ["1000 with a reason", [1000, "done"]],
  ["1001 without reason", [1001]],
  ["1011 without reason", [1011]],
  ["3000 without reason", [3000]],
  ["4999 with a reason", [4999, "grüße"]],
];

/** @type {import("../kit/play.js").Scenario[]} */
export default [
  ...OWN.map(([what, args]) => ({
    name: `close with ${what}`,
    rows: ["9.own-close", "9.close-texts", "9.close-code-type"],
    /** @param {Stage} stage */
    async run(stage) {
      const { connection, peer, say } = await serverEnd(stage);
      stage.attempt("close", () => connection.close(...args), say);
      say("at once", pick(connection, "connected", "state", "closeReasonCode", "closeDescription"));
      await finish(stage, connection, peer);
    },
  })),
  ...ENDS.flatMap(({ side, end }) => [
    {
      name: `close by the ${side}: the event has its own code and text whatever the peer answers`,
      rows: ["9.own-close", "9.close-at-once"],
      /** @param {Stage} stage */
      async run(stage) {
        for (const answer of [
          (/** @type {RawPeer} */ peer) => closeFrom(peer, 1000),
          (/** @type {RawPeer} */ peer) => closeFrom(peer, 4001, "something else"),
          () => {},
        ]) {
          const { connection, peer } = await end(stage);
          connection.close(3333, "mine");
          await finish(stage, connection, peer, () => answer(peer));
        }
      },
    },
    {
      name: `close by the ${side} ends its write side at once`,
      rows: ["9.close-at-once"],
      /** @param {Stage} stage */
      async run(stage) {
        const { connection, peer } = await end(stage);
        connection.close();
        await peer.over();
        await finish(stage, connection, peer);
      },
    },
    ...PEERS.map(([what, close]) => ({
      name: `the ${side} is closed by its peer: ${what}`,
      rows: ["9.peer-close", "9.peer-close-answer", "7.close-once"],
      /** @param {Stage} stage */
      async run(stage) {
        const { connection, peer, say } = await end(stage);
        const closed = stage.once(connection, "close");
        closeFrom(peer, ...close);
        const answer = await peer.frame();
        say("answered by", answer?.opcode);
        await peer.over();
        peer.end();
        await closed;
        await stage.turns();
        say("after", pick(connection, "connected", "state", "closeReasonCode"));
      },
    })),
    {
      name: `the ${side} is dropped: default and own codes and texts`,
      rows: ["9.drop", "7.close-once"],
      /** @param {Stage} stage */
      async run(stage) {
        for (const args of [[], [1008], [1008, "policy"], [3000, "own"], [1009, "no frame", true]]) {
          const { connection, peer, say } = await end(stage);
          stage.attempt("drop", () => connection.drop(...args), say);
          say("after", pick(connection, "connected", "state", "closeReasonCode", "closeDescription"));
          await peer.over();
          peer.end();
          await stage.turns();
        }
      },
    },
    {
      name: `the peer of the ${side} hangs up without a Close frame`,
      rows: ["9.hang-up"],
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
      name: `the peer of the ${side} hangs up inside a message, and inside a frame`,
      rows: ["9.hang-up"],
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
          await stage.turns();
        }
      },
    },
    {
      name: `the peer of the ${side} resets the connection`,
      rows: ["9.socket-error", "7.error"],
      /** @param {Stage} stage */
      async run(stage) {
        const { connection, peer, say } = await end(stage);
        const closed = stage.once(connection, "close");
        peer.reset();
        await closed;
        await stage.turns();
        say("after", pick(connection, "connected", "state", "closeReasonCode", "socketHadError"));
      },
    },
  ]),
  {
    name: "drop emits close before it returns",
    rows: ["9.drop", "9.order"],
    async run(stage) {
      const { ws, connection, peer, say } = await serverEnd(stage);
      ws.on("close", (_connection, code, text) => say("server's close", code, text, ws.connections.length));
      connection.drop(1008, "out");
      say("drop has returned");
      await peer.over();
      await stage.turns();
    },
  },
  {
    name: "close has no effect when closing or closed, also with a wrong code",
    rows: ["9.close-inactive"],
    async run(stage) {
      const { connection, peer, say } = await serverEnd(stage);
      connection.close(1000, "first");
      stage.attempt("second close", () => connection.close(1001, "second"), say);
      stage.attempt("wrong code", () => connection.close(5), say);
      await finish(stage, connection, peer);
      stage.attempt("close after the end", () => connection.close(1001, "third"), say);
      say("code", connection.closeReasonCode, connection.closeDescription);
    },
  },
  {
    name: "close has no effect while the peer closes",
    rows: ["9.close-inactive"],
    async run(stage) {
      const { connection, peer, say } = await clientEnd(stage);
      closeFrom(peer, 4000, "peer");
      await peer.over();
      stage.attempt("close", () => connection.close(1001, "own"), say);
      const closed = stage.once(connection, "close");
      peer.end();
      await closed;
    },
  },
  {
    name: "which codes close takes",
    rows: ["9.close-codes"],
    async run(stage) {
      const { connection, peer, say } = await serverEnd(stage);
      for (const code of [0, 1, 999, 1004, 1005, 1006, 1016, 2000, 2999, 5000, 65_536, -1, 1000.5, Number.NaN]) {
        stage.attempt(String(code), () => connection.close(code), say);
        if (!connection.connected) break;
      }
      say("open", connection.connected, connection.state);
      peer.send({ payload: "still there" });
      await stage.once(connection, "message");
    },
  },
  {
    name: "each allowed code goes out as it is",
    rows: ["9.close-codes", "9.close-texts"],
    async run(stage) {
      for (const code of [1002, 1003, 1007, 1008, 1009, 1010, 1013, 1014, 4000]) {
        const { connection, peer } = await serverEnd(stage);
        connection.close(code);
        await finish(stage, connection, peer);
      }
    },
  },
  {
    name: "the ends of the ranges of codes go out as they are",
    rows: ["9.close-codes", "9.close-texts"],
    async run(stage) {
      for (const code of [3000, 3999, 4000, 4999]) {
        const { connection, peer } = await serverEnd(stage);
        connection.close(code, "own");
        await finish(stage, connection, peer);
      }
    },
  },
  {
    name: "the ends of the ranges of codes are taken from the peer",
    rows: ["9.peer-close"],
    async run(stage) {
      for (const code of [1003, 1007, 1011, 3999, 4000]) {
        const { connection, peer } = await clientEnd(stage);
        const closed = stage.once(connection, "close");
        closeFrom(peer, code, "its");
        await peer.over();
        peer.end();
        await closed;
      }
    },
  },
  {
    name: "a Close frame of one byte is answered with 1002",
    rows: ["9.peer-close-one-byte"],
    async run(stage) {
      const { connection, peer, say } = await serverEnd(stage);
      const closed = stage.once(connection, "close");
      peer.send({ opcode: 8, payload: "x" });
      const answer = await peer.frame();
      say("answered with", answer?.payload.readUInt16BE(0));
      await peer.over();
      peer.end();
      await closed;
    },
  },
  {
    name: "a Close frame with an illegal code is answered with 1002",
    rows: ["9.peer-close-illegal"],
    async run(stage) {
      for (const code of [0, 999, 1004, 1005, 1006, 1016, 2999, 5000]) {
        // What the event says is free, so it is not written.
        const { connection, peer, say } = await serverEnd(stage, { watch: false });
        peer.tellFrames = false;
        const closed = stage.once(connection, "close");
        closeFrom(peer, code);
        const answer = await peer.frame();
        peer.end();
        await closed;
        say(String(code), "answered with", answer?.payload.readUInt16BE(0));
      }
    },
  },
  {
    name: "messages before the peer's Close frame come, those after it do not",
    rows: ["9.peer-close", "9.during-traffic"],
    async run(stage) {
      const { connection, peer } = await serverEnd(stage);
      const closed = stage.once(connection, "close");
      peer.send({ payload: "before" }, { opcode: 8, payload: Buffer.from("03e8", "hex") }, { payload: "after" });
      await peer.over();
      peer.end();
      await closed;
    },
  },
  {
    name: "what was sent before close arrives before the Close frame",
    rows: ["9.during-traffic", "9.own-close"],
    async run(stage) {
      const { connection, peer } = await clientEnd(stage);
      for (let count = 0; count < 20; count += 1) connection.sendUTF(`message ${count}`);
      connection.close(1000, "after twenty");
      await peer.frames(20);
      await finish(stage, connection, peer);
    },
  },
  {
    name: "both ends close at the same time",
    rows: ["9.during-traffic", "9.own-close"],
    async run(stage) {
      const { atServer, atClient } = await bothEnds(stage);
      const closed = [stage.once(atServer, "close"), stage.once(atClient, "close")];
      atServer.close(3001, "from the server");
      atClient.close(3002, "from the client");
      await Promise.all(closed);
    },
  },
  {
    name: "closing inside a message listener",
    rows: ["9.during-traffic", "7.close-once"],
    async run(stage) {
      const { connection, peer } = await serverEnd(stage);
      connection.on("message", () => connection.close(1000, "enough"));
      const closed = stage.once(connection, "close");
      peer.send({ payload: "one" });
      await peer.frame();
      closeFrom(peer, 1000);
      peer.end();
      await closed;
      await stage.turns();
    },
  },
  {
    name: "dropping inside a message listener",
    rows: ["9.during-traffic", "9.drop"],
    async run(stage) {
      const { connection, peer } = await serverEnd(stage);
      connection.on("message", () => connection.drop(1008, "enough"));
      const closed = stage.once(connection, "close");
      peer.send({ payload: "one" }, { payload: "two" }, { payload: "three" });
      await closed;
      await peer.over();
      await stage.turns(10);
    },
  },
  {
    name: "a client closed by the library's server, and the other way round",
    rows: ["9.peer-close", "9.order", "3.event-close"],
    async run(stage) {
      const { ws, atServer, atClient, sayServer } = await bothEnds(stage);
      ws.on("close", (_connection, code, text) => sayServer("server's close", code, text));
      const closed = [stage.once(atServer, "close"), stage.once(atClient, "close")];
      atServer.close();
      await Promise.all(closed);
      const other = await bothEnds(stage);
      const closedToo = [stage.once(other.atServer, "close"), stage.once(other.atClient, "close")];
      other.atClient.close(1001, "client leaves");
      await Promise.all(closedToo);
    },
  },
  {
    name: "events after close: none",
    rows: ["7.close-once"],
    async run(stage) {
      const { ws, port } = await serve(stage);
      const say = stage.lane("server");
      ws.on("request", (request) => {
        const connection = request.accept();
        watchConnection(stage, connection, say);
        connection.on("close", () => {
          connection.close();
          connection.drop();
        });
      });
      const closed = stage.once(ws, "close");
      const peer = await stage.rawClient({ port });
      await peer.head();
      closeFrom(peer, 1000, "end");
      await peer.over();
      peer.end();
      await closed;
      await stage.turns(10);
    },
  },
];
