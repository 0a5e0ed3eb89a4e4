import { bothEnds, clientEnd, dial, ENDS, nextBinary, serverEnd } from "./acts/ends.js";

/** @typedef {import("../kit/stage.js").Stage} Stage */

/** Call each sending method, which has to fail.
 * @param {any} connection
 * @param {Stage} stage
 * @param {(...values: unknown[]) => void} say */
function tryAll(connection, stage, say) {
  const callback = () => say("callback");
  stage.attempt("sendText", () => connection.sendText("x", callback), say);
  stage.attempt("sendBinary", () => connection.sendBinary(Buffer.from("x"), callback), say);
  stage.attempt("send text", () => connection.send("x", callback), say);
  stage.attempt("send Buffer", () => connection.send(Buffer.from("x"), callback), say);
  stage.attempt("beginBinary", () => connection.beginBinary(), say);
  stage.attempt("sendPing", () => connection.sendPing("x"), say);
}

/** @type {import("../kit/play.js").Scenario[]} */
export default [
  ...ENDS.flatMap(({ side, end }) => [
    {
      name: `what the ${side}'s sending methods return and put on the wire`,
      rows: ["5.send-text", "5.send-binary", "5.send", "5.send-ping", "5.masking"],
      /** @param {Stage} stage */
      async run(stage) {
        const { connection, peer, say } = await end(stage);
        stage.attempt("sendText", () => connection.sendText("grüße"), say);
        stage.attempt("sendText empty", () => connection.sendText(""), say);
        stage.attempt("sendBinary", () => connection.sendBinary(Buffer.from([0, 255, 1])), say);
        stage.attempt("sendBinary empty", () => connection.sendBinary(Buffer.alloc(0)), say);
        stage.attempt("send text", () => connection.send("text"), say);
        stage.attempt("send Buffer", () => connection.send(Buffer.from("binary")), say);
        stage.attempt("sendPing", () => connection.sendPing(), say);
        stage.attempt("sendPing with payload", () => connection.sendPing("ping me"), say);
        await peer.frames(8);
      },
    },
    {
      name: `the ${side}'s callbacks come when the bytes have left, in order`,
      rows: ["5.callback"],
      /** @param {Stage} stage */
      async run(stage) {
        const { connection, peer, say } = await end(stage);
        const last = new Promise((resolve) => {
          connection.sendText("1", () => say("callback of sendText"));
          connection.sendBinary(Buffer.from("2"), () => say("callback of sendBinary"));
          connection.send("3", () => say("callback of send"));
          connection.send(Buffer.from("4"), () => resolve(say("callback of the last one")));
        });
        say("all are called");
        await last;
        await peer.frames(4);
      },
    },
    {
      name: `a message of any size is one frame of the ${side}`,
      rows: ["5.send-text", "5.send-binary"],
      /** @param {Stage} stage */
      async run(stage) {
        const { connection, peer } = await end(stage);
        for (const size of [125, 126, 65_535, 65_536, 700_000]) {
          connection.sendText("x".repeat(size));
          await peer.frame();
          connection.sendBinary(Buffer.alloc(size, 7));
          await peer.frame();
        }
      },
    },
    {
      name: `the ${side} sends something else than text or a Buffer`,
      rows: ["5.send-type"],
      /** @param {Stage} stage */
      async run(stage) {
        const { connection, peer, say } = await end(stage);
        for (const data of [5, undefined, null, {}, [1], true]) stage.attempt("send", () => connection.send(data), say);
        connection.sendText("open as before");
        await peer.frame();
      },
    },
    {
      name: `while a stream runs, the ${side} can send nothing else but pings`,
      rows: ["5.stream-running", "5.send-ping", "4.out-stream"],
      /** @param {Stage} stage */
      async run(stage) {
        const { connection, peer, say } = await end(stage);
        const out = connection.beginBinary();
        say("outStream", connection.outStream === out);
        tryAll(connection, stage, say);
        say("outStream", connection.outStream === out, connection.readyState);
        await peer.frame();
        const finished = stage.once(out, "finish");
        out.end("stream");
        say("outStream after end", connection.outStream === out);
        stage.attempt("sendText after end", () => connection.sendText("x"), say);
        await finished;
        say("outStream after finish", connection.outStream);
        connection.sendText("after the stream");
        connection.sendBinary(Buffer.from("x"));
        await peer.frames(3);
      },
    },
    {
      name: `the ${side} can send nothing when it closes or is closed`,
      rows: ["5.not-open", "5.one-error"],
      /** @param {Stage} stage */
      async run(stage) {
        const { connection, peer, say } = await end(stage);
        connection.close(1000);
        tryAll(connection, stage, say);
        await peer.frame();
        peer.sendClose(1000);
        await peer.over();
        peer.end();
        await stage.turns();
        tryAll(connection, stage, say);
      },
    },
    {
      name: `the ${side} can send nothing when its peer has closed`,
      rows: ["5.not-open", "5.one-error"],
      /** @param {Stage} stage */
      async run(stage) {
        const { connection, peer, say } = await end(stage);
        const closed = stage.once(connection, "close");
        peer.sendClose(1001, "gone");
        await closed;
        tryAll(connection, stage, say);
        await peer.frame();
        peer.end();
        await peer.over();
      },
    },
    {
      name: `a Buffer handed to the ${side} is not changed`,
      rows: ["5.masking"],
      /** @param {Stage} stage */
      async run(stage) {
        const { connection, peer, say } = await end(stage);
        const bytes = Buffer.from("keep me as I am");
        const out = Buffer.from("me too");
        connection.sendBinary(bytes);
        await peer.frame();
        connection.beginBinary().end(out);
        await peer.frame();
        say("buffers", bytes.toString(), out.toString());
      },
    },
  ]),
  {
    name: "a client that is not open yet can send nothing",
    rows: ["5.not-open", "5.one-error"],
    async run(stage) {
      const { connection, peer, say } = await dial(stage);
      tryAll(connection, stage, say);
      say("outStream", connection.outStream);
      await peer.answer();
      await stage.once(connection, "connect");
    },
  },
  {
    name: "without a listener for error, misuse throws",
    rows: ["5.errors-emitted"],
    async run(stage) {
      const { connection, peer, say } = await serverEnd(stage, { watch: false });
      connection.removeAllListeners("error");
      const out = connection.beginBinary();
      stage.attempt("sendText", () => connection.sendText("x"), say);
      stage.attempt("sendBinary", () => connection.sendBinary(Buffer.from("x")), say);
      connection.on("error", () => {});
      out.end("x");
      await peer.frame();
      connection.close();
      connection.removeAllListeners("error");
      stage.attempt("sendPing", () => connection.sendPing(), say);
      connection.on("error", () => {});
    },
  },
  {
    name: "not being open is told before a running stream",
    rows: ["5.not-open", "5.stream-running"],
    async run(stage) {
      const { connection, peer, say } = await clientEnd(stage);
      const out = connection.beginBinary();
      connection.close(1000);
      stage.attempt("sendText", () => connection.sendText("x"), say);
      stage.attempt("beginBinary", () => connection.beginBinary(), say);
      out.end();
      await peer.frame();
      peer.sendClose(1000);
      await peer.over();
      peer.end();
    },
  },
  {
    name: "each frame of a client has a key of its own",
    rows: ["5.masking"],
    async run(stage) {
      const { connection, peer } = await clientEnd(stage);
      const bytes = /** @type {Buffer[]} */ ([]);
      peer.socket.on("data", (chunk) => bytes.push(chunk));
      for (let count = 0; count < 4; count += 1) connection.sendText("same");
      await peer.frames(4);
      const all = Buffer.concat(bytes);
      const keys = [0, 10, 20, 30].map((start) => all.subarray(start + 2, start + 6).toString("hex"));
      stage.say("keys", new Set(keys).size > 1);
    },
  },
  {
    name: "what the sending methods return tells whether the socket has room",
    rows: ["5.send-text", "5.send-binary", "5.callback"],
    async run(stage) {
      const { connection, peer, say } = await serverEnd(stage);
      // So much need not be taken apart.
      peer.socket.removeAllListeners("data");
      peer.socket.resume();
      await new Promise((resolve) => {
        stage.attempt("sendText", () => connection.sendText("x".repeat(8_000_000)), say);
        stage.attempt(
          "sendBinary",
          () => connection.sendBinary(Buffer.alloc(8_000_000), () => resolve(say("left"))),
          say,
        );
      });
      stage.attempt("later", () => connection.sendText("short"), say);
    },
  },
  {
    name: "messages in both directions keep their order and content",
    rows: ["5.send-text", "5.send-binary", "8.text", "8.binary"],
    async run(stage) {
      const { atServer, atClient } = await bothEnds(stage);
      for (const [from, to] of [
        [atServer, atClient],
        [atClient, atServer],
      ]) {
        const last = nextBinary(to);
        for (let count = 0; count < 10; count += 1) from.sendText(`message ${count}`);
        from.sendBinary(Buffer.alloc(100_000, 1));
        await last;
      }
    },
  },
];
