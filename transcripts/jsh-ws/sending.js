import { clientEnd, dial, ENDS, finish, free, serverEnd } from "./acts/ends.js";

/** @typedef {import("../kit/stage.js").Stage} Stage */

const NOT_OPEN = '<Error: "websocket is not open">';

/** @type {import("../kit/play.js").Scenario[]} */
export default [
  ...ENDS.flatMap(({ side, peer: peerLane, masked, end }) => [
    {
      name: `send of the ${side}: strings as text frames, bytes as binary frames, in order`,
      rows: ["2.send", "2.send-bytes", "7.masks"],
      expected: [
        `${side}: open 1`,
        `${side}: returns [undefined, undefined, undefined, undefined, undefined, undefined]`,
        `${peerLane}: got fin text ${masked}5 "hello"`,
        `${peerLane}: got fin text ${masked}0`,
        `${peerLane}: got fin text ${masked}11 "grüße ☃"`,
        `${peerLane}: got fin binary ${masked}2 <2: 0102>`,
        `${peerLane}: got fin binary ${masked}2 <2: 0708>`,
        `${peerLane}: got fin text ${masked}70000 <70000: sha1 c470329cc624>`,
      ],
      /** @param {Stage} stage */
      async run(stage) {
        const { socket, peer, say } = await end(stage);
        await stage.turns();
        const bytes = [Buffer.from([1, 2]), new Uint8Array([6, 7, 8, 9]).subarray(1, 3)];
        const values = ["hello", "", "grüße ☃", ...bytes, "x".repeat(70_000)];
        say(
          "returns",
          values.map((value) => socket.send(value)),
        );
        await peer.frames(values.length);
      },
    },
    {
      name: `send of the ${side}: other types are an error event inside the call, the connection goes on`,
      rows: ["2.send-unsupported"],
      expected: [
        ...["number", "object", "undefined", "null", "boolean", "array", "function"].map(
          (what) => `${side}: ${what} [["Error", true, 1]] undefined`,
        ),
        `${peerLane}: got fin text ${masked}5 "still"`,
      ],
      /** @param {Stage} stage */
      async run(stage) {
        const { socket, peer, say } = await end(stage, { watch: false });
        /** @type {unknown[]} */
        let told = [];
        socket.on("error", (/** @type {any} */ error) => {
          const isIt = error instanceof Error && error.message.startsWith("unsupported message type");
          told.push([error instanceof Error ? "Error" : typeof error, isIt, socket.readyState]);
        });
        const values = {
          number: 1,
          object: {},
          undefined: undefined,
          null: null,
          boolean: true,
          array: ["text"],
          function: () => "text",
        };
        for (const [what, value] of Object.entries(values)) {
          told = [];
          const returned = socket.send(value);
          say(what, told, returned);
        }
        socket.send("still");
        await peer.frame();
      },
    },
    {
      name: `send of the ${side} after close, and after the peer's end: an error event inside the call`,
      rows: ["2.send-not-open"],
      expected: [
        ...["closed", "closed by the peer"].flatMap((what) => [
          `${what}: before undefined`,
          `${what}: error {hasText: true, isError: true}`,
          `${what}: after undefined 3`,
        ]),
        "main: got 1000 undefined",
      ],
      /** @param {Stage} stage */
      async run(stage) {
        for (const what of ["closed", "closed by the peer"]) {
          const { socket, peer } = await end(stage, { watch: false });
          peer.tellFrames = false;
          const say = stage.lane(what);
          const over = stage.once(socket, "close");
          if (what === "closed") socket.close();
          else peer.sendClose(1000);
          await over;
          say("before", undefined);
          socket.on("error", (/** @type {unknown} */ error) => say("error", free(error)));
          const returned = socket.send("too late");
          say("after", returned, socket.readyState);
          if (what === "closed") {
            const close = await peer.frame();
            peer.sendClose(1000);
            peer.end();
            stage.say("got", close?.payload.readUInt16BE(0), await peer.frame());
          }
        }
      },
    },
    {
      name: `send of the ${side} that fails without an error listener throws nothing`,
      rows: ["2.send-not-open", "2.send-unsupported", "6.silent-error"],
      expected: ["main: number undefined", "main: closed undefined"],
      /** @param {Stage} stage */
      async run(stage) {
        const { socket, peer } = await end(stage, { watch: false });
        peer.tellFrames = false;
        socket.removeAllListeners("error");
        stage.say("number", socket.send(1));
        socket.close();
        stage.say("closed", socket.send("text"));
        await peer.frame();
        await finish(stage, peer);
      },
    },
  ]),
  {
    name: "send while connecting: an error event inside the call, and the connection opens all the same",
    rows: ["2.send-not-open"],
    expected: [
      `client: error ${NOT_OPEN} 0`,
      "client: returned undefined 0",
      "client: open 1",
      'raw server: got fin text masked 3 "now"',
    ],
    async run(stage) {
      const { socket, peer, say } = await dial(stage, { hide: (error) => error });
      const returned = socket.send("too early");
      say("returned", returned, socket.readyState);
      socket.on("open", () => socket.send("now"));
      await peer.answer();
      await peer.frame();
    },
  },
  {
    name: "send after a failure to connect: an error event inside the call",
    rows: ["2.send-not-open", "3.failed"],
    expected: [
      'client: error <Error: "websocket: bad handshake"> 3',
      `client: error ${NOT_OPEN} 3`,
      "client: returned undefined",
      "raw server: over",
    ],
    async run(stage) {
      const { socket, peer, say } = await dial(stage, { hide: (error) => error });
      const failed = stage.once(socket, "error");
      peer.write("HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n");
      await failed;
      const returned = socket.send("too late");
      say("returned", returned);
      await peer.over();
    },
  },
  {
    name: "client frames have fresh masking keys, server frames none",
    rows: ["7.masks"],
    expected: ['main: from the client true true "3 keys"', "main: from the server false false"],
    async run(stage) {
      const fromClient = await clientEnd(stage, { watch: false });
      fromClient.peer.tellFrames = false;
      /** @type {Buffer[]} */
      const chunks = [];
      fromClient.peer.socket.on("data", (chunk) => chunks.push(chunk));
      for (let count = 0; count < 3; count += 1) fromClient.socket.send("same");
      const masked = (await fromClient.peer.frames(3)).map((frame) => frame?.masked === true);
      const bytes = Buffer.concat(chunks);
      const keys = new Set([0, 1, 2].map((index) => bytes.toString("hex", index * 10 + 2, index * 10 + 6)));
      stage.say("from the client", masked.every(Boolean), bytes.length === 30, `${keys.size} keys`);
      const fromServer = await serverEnd(stage, { watch: false });
      fromServer.peer.tellFrames = false;
      for (let count = 0; count < 2; count += 1) fromServer.socket.send("same");
      stage.say("from the server", ...(await fromServer.peer.frames(2)).map((frame) => frame?.masked));
    },
  },
];
