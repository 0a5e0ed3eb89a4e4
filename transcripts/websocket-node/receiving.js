import { bothEnds, clientEnd, closeFrom, pick, serverEnd } from "./acts/ends.js";

/** @typedef {import("../kit/stage.js").Stage} Stage */

const EURO = Buffer.from("€");

/** Resolves at the message with this text.
 * @param {any} connection
 * @param {string} text
 * @returns {Promise<void>} */
function untilText(connection, text) {
  return new Promise((resolve) => {
    connection.on("message", (message) => message.utf8Data === text && resolve());
  });
}

/** Write the frames that a connection hands over.
 * @param {any} connection
 * @param {import("../kit/raw-peer.js").Say} say */
function watchFrames(connection, say) {
  connection.on("frame", (frame) => {
    say(
      "frame",
      pick(frame, "fin", "rsv1", "rsv2", "rsv3", "mask", "opcode", "length", "binaryPayload", "closeStatus"),
    );
  });
}

/** @type {import("../kit/play.js").Scenario[]} */
export default [
  ...[
    { side: "server", end: serverEnd },
    { side: "client", end: clientEnd },
  ].flatMap(({ side, end }) => [
    {
      name: `the ${side} tells messages by type, empty ones too, in order`,
      rows: ["7.message", "7.order"],
      /** @param {Stage} stage */
      async run(stage) {
        const { connection, peer, say } = await end(stage);
        connection.on("message", (message) =>
          say("keys", Object.keys(message).sort(), Buffer.isBuffer(message.binaryData)),
        );
        const last = untilText(connection, "last");
        peer.send({ payload: "text" }, { opcode: 2, payload: Buffer.from([0, 255]) }, { payload: "" }, { opcode: 2 });
        peer.send({ payload: "€ and 😀" }, { payload: "last" });
        await last;
      },
    },
    {
      name: `the ${side} puts fragments together, with control frames between them`,
      rows: ["7.fragments", "7.ping", "7.pong"],
      /** @param {Stage} stage */
      async run(stage) {
        const { connection, peer } = await end(stage);
        const last = untilText(connection, "last");
        peer.send({ payload: "one ", fin: false }, { opcode: 9, payload: "p" });
        peer.send({ opcode: 0, payload: "", fin: false }, { opcode: 10, payload: "q" }, { opcode: 0, payload: "two" });
        peer.send({ payload: EURO.subarray(0, 1), fin: false }, { opcode: 0, payload: EURO.subarray(1) });
        peer.send({ opcode: 2, payload: "a", fin: false }, { opcode: 0, payload: "b" }, { payload: "last" });
        await last;
        await peer.frame();
      },
    },
    {
      name: `the ${side} answers pings unless a listener cancels`,
      rows: ["7.ping"],
      /** @param {Stage} stage */
      async run(stage) {
        const { connection, peer, say } = await end(stage);
        connection.on("ping", (cancel, payload) => {
          if (payload.toString() === "cancelled") say("cancel returns", cancel());
        });
        const last = untilText(connection, "last");
        peer.send({ opcode: 9, payload: "answered" }, { opcode: 9 }, { opcode: 9, payload: "cancelled" });
        peer.send({ opcode: 9, payload: Buffer.alloc(125, "x") }, { payload: "last" });
        await last;
        await peer.frames(3);
      },
    },
    {
      name: `the ${side} takes bytes as they come: one by one, and frames cut anywhere`,
      rows: ["7.message", "7.order"],
      /** @param {Stage} stage */
      async run(stage) {
        const { connection, peer } = await end(stage);
        peer.socket.setNoDelay(true);
        const last = untilText(connection, "last");
        const mask = peer.masks ? "80000000" : "00";
        const bytes = peer.masks
          ? "8185000000006669727374 8284000000006d6f7265 8184000000006c617374"
          : "81056669727374 82046d6f7265 81046c617374";
        stage.say("masked", mask.startsWith("8"));
        for (const byte of Buffer.from(bytes.replaceAll(" ", ""), "hex")) {
          peer.write(Buffer.from([byte]));
          await stage.turns(1);
        }
        await last;
      },
    },
  ]),
  {
    name: "frames of two bytes, each by itself",
    rows: ["7.message", "7.ping"],
    async run(stage) {
      const { connection, peer } = await clientEnd(stage);
      const pinged = stage.once(connection, "ping");
      peer.send({ opcode: 9 });
      await pinged;
      const message = stage.once(connection, "message");
      peer.send({ payload: "" });
      await message;
      await peer.frame();
    },
  },
  {
    name: "what a listener leaves to ticks and promises is done before the next message",
    rows: ["7.turns", "7.order"],
    async run(stage) {
      for (const end of [serverEnd, clientEnd]) {
        const { connection, peer, say } = await end(stage);
        connection.on("message", ({ utf8Data }) => {
          process.nextTick(() => say("tick of", utf8Data));
          void Promise.resolve()
            .then(() => {})
            .then(() => say("promise of", utf8Data));
        });
        const last = untilText(connection, "three");
        peer.send({ payload: "one" }, { payload: "tw", fin: false }, { opcode: 0, payload: "o" }, { payload: "three" });
        await last;
        await stage.turns();
      }
    },
  },
  {
    name: "listeners added after an awaited message see the next one",
    rows: ["7.turns"],
    async run(stage) {
      const { connection, peer, say } = await serverEnd(stage, { watch: false });
      const first = stage.once(connection, "message");
      peer.send({ payload: "first" }, { payload: "second" });
      say("first", ...(await first));
      say("second", ...(await stage.once(connection, "message")));
    },
  },
  {
    name: "one hundred messages in one piece come in order",
    rows: ["7.order"],
    async run(stage) {
      const { connection, peer, say } = await serverEnd(stage, { watch: false });
      const texts = [];
      connection.on("message", (message) => texts.push(message.utf8Data));
      const last = untilText(connection, "99");
      peer.send(...Array.from({ length: 100 }, (_, index) => ({ payload: String(index) })));
      await last;
      say("texts", texts.join(" "));
    },
  },
  {
    name: "pong events of an answer and of an unasked pong",
    rows: ["7.pong", "8.ping"],
    async run(stage) {
      const { atServer, atClient } = await bothEnds(stage);
      const answered = stage.once(atServer, "pong");
      atServer.ping("are you there?");
      await answered;
      const unasked = stage.once(atClient, "pong");
      atServer.pong(Buffer.from("unasked"));
      await unasked;
    },
  },
  {
    name: "with assembleFragments off each frame is handed over, control frames and close included",
    rows: ["7.frame-events", "11.fields", "11.close-frame"],
    async run(stage) {
      const { connection, peer, say } = await serverEnd(stage, { config: { assembleFragments: false }, watch: false });
      watchFrames(connection, say);
      stage.watch(connection, say, "close");
      connection.on("ping", (_cancel, payload) => say("ping", payload));
      stage.watch(connection, say, "pong");
      peer.send(
        { payload: "first ", fin: false },
        { opcode: 9, payload: "in between" },
        { opcode: 0, payload: "second" },
      );
      peer.send({ opcode: 2, payload: "x", fin: false }, { opcode: 0 }, { opcode: 10, payload: "y" });
      const closed = stage.once(connection, "close");
      closeFrom(peer, 3000, "reason");
      await peer.over();
      peer.end();
      await closed;
    },
  },
  {
    name: "with assembleFragments off at a client frames are handed over, too",
    rows: ["7.frame-events", "11.fields"],
    async run(stage) {
      const { connection, peer, say } = await clientEnd(stage, { config: { assembleFragments: false }, watch: false });
      watchFrames(connection, say);
      const seen = stage.once(connection, "frame");
      peer.send({ payload: "a", fin: false });
      await seen;
    },
  },
  {
    name: "with assembleFragments off nobody sums fragments up",
    rows: ["7.frame-no-sum"],
    async run(stage) {
      const config = { assembleFragments: false, maxReceivedMessageSize: 4 };
      const { connection, peer, say } = await serverEnd(stage, { config, watch: false });
      watchFrames(connection, say);
      stage.watch(connection, say, "close");
      const last = new Promise((resolve) => {
        connection.on("frame", (frame) => frame.binaryPayload.toString() === "last" && resolve(undefined));
      });
      peer.send({ payload: "01234", fin: false }, { opcode: 0, payload: "56789", fin: false });
      peer.send({ opcode: 0, payload: "last", fin: false });
      await last;
      say("state", connection.state);
    },
  },
  {
    name: "frame events come only with assembleFragments off",
    rows: ["7.frame-events"],
    async run(stage) {
      const { connection, peer, say } = await serverEnd(stage);
      connection.on("frame", () => say("frame"));
      const message = stage.once(connection, "message");
      peer.send({ payload: "x" });
      await message;
    },
  },
  {
    name: "an error event without a listener is no exception",
    rows: ["7.error", "9.socket-error"],
    async run(stage) {
      const { connection, peer, say } = await serverEnd(stage, { watch: false });
      stage.watch(connection, say, "close");
      const closed = stage.once(connection, "close");
      peer.reset();
      await closed;
    },
  },
  {
    name: "a listener for ping may answer in its own way",
    rows: ["7.ping"],
    async run(stage) {
      const { connection, peer, say } = await serverEnd(stage, { watch: false });
      connection.on("ping", (cancel) => {
        cancel();
        connection.sendUTF("instead of a pong");
      });
      connection.on("message", (message) => say("message", message));
      const message = stage.once(connection, "message");
      peer.send({ opcode: 9, payload: "x" }, { payload: "next" });
      await message;
      await peer.frame();
    },
  },
];
