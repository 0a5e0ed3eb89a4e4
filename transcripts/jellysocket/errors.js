import { bothEnds, ENDS, finish, watchSocket } from "./acts/ends.js";

/** @typedef {import("../kit/stage.js").Stage} Stage */

/** Messages, and what fits of them into a Close frame. @type {Record<string, [string, string]>} */
const REASONS = {
  "60 euro signs": ["€".repeat(60), "€".repeat(41)],
  "x and 40 emoji": [`x${"😀".repeat(40)}`, `x${"😀".repeat(30)}`],
  "123 letters": ["r".repeat(123), "r".repeat(123)],
  "124 letters": ["r".repeat(124), "r".repeat(123)],
  "122 letters and a euro sign": [`${"r".repeat(122)}€`, "r".repeat(122)],
  "120 letters and a euro sign": [`${"r".repeat(120)}€`, `${"r".repeat(120)}€`],
  nothing: ["", ""],
};

/** Close frames and the argument of disconnect; undefined: an empty frame.
 * @type {[number | undefined, string, string][]} */
const RECEIVED = [
  [1000, "", "null"],
  [1000, "bye", "null"],
  [1001, "", "null"],
  [1001, "going away", "null"],
  [undefined, "", "null"],
  [4000, "it broke", '<Error 4000: "it broke">'],
  [4000, "", '<Error 4000: "">'],
  [4000, "€".repeat(41), `<Error 4000: "${"€".repeat(41)}">`],
  [1002, "bad frame", '<Error 1002: "bad frame">'],
  [1003, "no text", '<Error 1003: "no text">'],
  [1011, "broken", '<Error 1011: "broken">'],
  [1012, "restart", '<Error 1012: "restart">'],
  [3000, "registered", '<Error 3000: "registered">'],
  [4001, "own", '<Error 4001: "own">'],
  [4999, "last", '<Error 4999: "last">'],
];

/** @type {import("../kit/play.js").Scenario[]} */
export default [
  ...ENDS.flatMap(({ side, end }) => [
    {
      name: `Close frames that the ${side} gets, and the argument of disconnect`,
      rows: ["6.received-normal", "6.received-4000", "6.received-other", "5.disconnect"],
      expected: RECEIVED.map(([code, reason, argument]) => `${code} ${reason}: disconnect ${argument} false`),
      /** @param {Stage} stage */
      async run(stage) {
        for (const [code, reason] of RECEIVED) {
          const { socket, peer } = await end(stage, { watch: false });
          peer.tellFrames = false;
          const say = stage.lane(`${code} ${reason}`);
          const over = stage.once(socket, "disconnect");
          socket.on("disconnect", (/** @type {unknown} */ error) => say("disconnect", error, socket.connected));
          peer.sendClose(code, reason);
          await over;
          peer.end();
          await peer.over();
        }
      },
    },
    {
      name: `other codes without a reason: the ${side} makes a sentence`,
      rows: ["6.received-other"],
      expected: [1002, 1008, 1011, 3000, 4321].map((code) => `main: ${code} true true true`),
      /** @param {Stage} stage */
      async run(stage) {
        for (const code of [1002, 1008, 1011, 3000, 4321]) {
          const { socket, peer } = await end(stage, { watch: false });
          peer.tellFrames = false;
          const over = stage.once(socket, "disconnect");
          peer.sendClose(code);
          const [error] = await over;
          stage.say(String(code), error instanceof Error, error.message !== "", error.code === code);
          peer.end();
        }
      },
    },
    {
      name: `the ${side} loses its connection without a Close frame`,
      rows: ["6.received-none", "4.connected"],
      expected: ["end", "reset", "destroy", "end in a frame"].map((how) => `main: ${how} true true true [] false`),
      /** @param {Stage} stage */
      async run(stage) {
        for (const how of ["end", "reset", "destroy", "end in a frame"]) {
          const { socket, peer } = await end(stage, { watch: false });
          peer.tellFrames = false;
          const over = stage.once(socket, "disconnect");
          if (how === "end in a frame") peer.write(Buffer.from([0x82, peer.masks ? 0x8a : 0x0a, 1, 2]));
          if (how === "reset") peer.reset();
          else if (how === "destroy") peer.destroy();
          else peer.end();
          const [error, ...more] = await over;
          const hasCode = error.code === 1006 || /^E[A-Z]+$/.test(error.code);
          stage.say(how, error instanceof Error, error.message !== "", hasCode, more, socket.connected);
        }
      },
    },
    {
      name: `the reason that the ${side} sends is the message, cut to 123 bytes between characters`,
      rows: ["6.send-error", "6.send-empty", "12.cut"],
      expected: Object.entries(REASONS).flatMap(([what, [, sent]]) => [
        `${what}: code 4000`,
        `${what}: reason ${JSON.stringify(sent)}`,
      ]),
      /** @param {Stage} stage */
      async run(stage) {
        for (const [what, [message]] of Object.entries(REASONS)) {
          const { socket, peer } = await end(stage, { watch: false });
          peer.tellFrames = false;
          socket.disconnect(new Error(message));
          const frame = await peer.frame();
          const say = stage.lane(what);
          say("code", frame?.payload.readUInt16BE(0));
          say("reason", frame?.payload.subarray(2).toString());
          await finish(stage, peer);
        }
      },
    },
    {
      name: `what the peer of the ${side} answers changes nothing, nor that it answers nothing`,
      rows: ["4.disconnect", "5.disconnect", "6.send-error"],
      expected: ["a close", "another close", "an end", "a reset"].flatMap((what) => [
        `${what}: disconnect <Error: "mine">`,
        `${what}: got 4000`,
      ]),
      /** @param {Stage} stage */
      async run(stage) {
        /** @type {Record<string, (peer: import("../kit/raw-peer.js").RawPeer) => void>} */
        const answers = {
          "a close": (peer) => peer.sendClose(4000, "mine"),
          "another close": (peer) => peer.sendClose(4001, "yours"),
          "an end": () => {},
          "a reset": (peer) => peer.reset(),
        };
        for (const [what, answer] of Object.entries(answers)) {
          const { socket, peer } = await end(stage, { watch: false });
          peer.tellFrames = false;
          const say = stage.lane(what);
          watchSocket(socket, say);
          socket.disconnect(new Error("mine"));
          say("got", (await peer.frame())?.payload.readUInt16BE(0));
          answer(peer);
          peer.end();
          await peer.over();
          await stage.turns();
        }
      },
    },
  ]),
  ...["client", "server"].map((closer) => {
    const other = closer === "client" ? "server" : "client";
    return {
      name: `an error of the ${closer} is seen at both ends, at the other as a plain Error with message and code`,
      rows: ["6.send-error", "6.received-4000", "6.plain-error"],
      expected: [
        "client: connect",
        `${closer}: disconnect <RangeError OWN: "out of range">`,
        `${other}: disconnect <Error 4000: "out of range">`,
        "main: plain true true [undefined, undefined]",
      ],
      /** @param {Stage} stage */
      async run(stage) {
        const { atServer, atClient } = await bothEnds(stage);
        const [own, remote] = closer === "client" ? [atClient, atServer] : [atServer, atClient];
        const told = stage.once(remote, "disconnect");
        own.disconnect(Object.assign(new RangeError("out of range"), { code: "OWN", detail: 1, cause: "inner" }));
        const [error] = await told;
        const isPlain = Object.getPrototypeOf(error) === Error.prototype;
        stage.say("plain", isPlain, error.constructor === Error, [error.detail, error.cause]);
      },
    };
  }),
  {
    name: "an empty message, and no error, between two ends of the face",
    rows: ["6.send-empty", "6.send-none", "6.received-4000", "6.received-normal"],
    expected: [
      'main: with an empty one <Error 4000: "">',
      "main: without null",
      'main: cut "€€€€€€€€€€€€€€€€€€€€€€€€€€€€€€€€€€€€€€€€€" 4000',
    ],
    async run(stage) {
      for (const [what, error] of Object.entries({ "with an empty one": new Error(""), without: null })) {
        const { atServer, atClient } = await bothEnds(stage, { watch: false });
        const told = stage.once(atServer, "disconnect");
        atClient.disconnect(error);
        stage.say(what, ...(await told));
      }
      const { atServer, atClient } = await bothEnds(stage, { watch: false });
      const told = stage.once(atClient, "disconnect");
      atServer.disconnect(new Error("€".repeat(60)));
      const [error] = await told;
      stage.say("cut", error.message, error.code);
    },
  },
  {
    name: "both ends disconnect in the same turn, each with its own error",
    rows: ["4.disconnect", "5.disconnect", "11.order"],
    expected: [
      "client: connect",
      'client: disconnect <Error: "of the client">',
      'server: disconnect <Error: "of the server">',
    ],
    async run(stage) {
      const { app, atServer, atClient } = await bothEnds(stage);
      const vacant = stage.once(app, "vacant");
      atServer.disconnect(new Error("of the server"));
      atClient.disconnect(new Error("of the client"));
      app.lock();
      await vacant;
      await stage.turns(20);
    },
  },
];
