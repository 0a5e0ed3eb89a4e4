import { BINARY } from "../kit/frames.js";
import { bothEnds, dial, ENDS, finish, free, join, OFFER, serve, watchSocket } from "./acts/ends.js";

/** @typedef {import("../kit/stage.js").Stage} Stage */

/** @type {import("../kit/play.js").Scenario[]} */
export default [
  ...ENDS.flatMap(({ side, peer: peerLane, masked, end, first }) => [
    {
      name: `disconnect of the ${side}: emitted inside the call, once, and the peer sees 1000`,
      rows: ["4.disconnect", "4.connected", "6.send-none", "5.disconnect", "12.sync-disconnect"],
      expected: [
        ...first,
        `${side}: connected true`,
        `${side}: disconnect null`,
        `${side}: returned true false`,
        `${side}: again true true true`,
        `${peerLane}: got fin close ${masked}2 1000`,
        `${peerLane}: over`,
      ],
      /** @param {Stage} stage */
      async run(stage) {
        const { socket, peer, say } = await end(stage);
        say("connected", socket.connected);
        const returned = socket.disconnect();
        say("returned", returned === socket, socket.connected);
        const later = [socket.disconnect(), socket.disconnect(null), socket.disconnect(new Error("late"))];
        say("again", ...later.map((one) => one === socket));
        await peer.frame();
        await finish(stage, peer);
      },
    },
    {
      name: `disconnect of the ${side} with an error: the same object here, 4000 and its message there`,
      rows: ["4.disconnect-error", "6.send-error", "6.local-object"],
      expected: [
        ...first,
        `${side}: disconnect <TypeError E_OWN: "grüße ☃">`,
        `${side}: the same true`,
        `${side}: returned`,
        `${peerLane}: got fin close ${masked}13 4000 "grüße ☃"`,
        `${peerLane}: over`,
      ],
      /** @param {Stage} stage */
      async run(stage) {
        const { socket, peer, say } = await end(stage);
        const error = Object.assign(new TypeError("grüße ☃"), { code: "E_OWN" });
        socket.on("disconnect", (/** @type {unknown} */ given) => say("the same", given === error));
        socket.disconnect(error);
        say("returned");
        await peer.frame();
        await finish(stage, peer);
      },
    },
    {
      name: `disconnect of the ${side}: undefined and null are no error, anything else a TypeError and nothing happens`,
      rows: ["4.disconnect-argument"],
      expected: [
        ...first,
        ...["a string", "number", "false", "zero", "empty", "object", "like an error"].map(
          (what) => `${side}: ${what} throws true, connected true`,
        ),
        `${side}: _message Buffer<1: 01>`,
        `${side}: disconnect null`,
        `${peerLane}: got fin close ${masked}2 1000`,
        `${peerLane}: over`,
      ],
      /** @param {Stage} stage */
      async run(stage) {
        const { socket, peer, say } = await end(stage);
        const values = {
          "a string": "text",
          number: 1000,
          false: false,
          zero: 0,
          empty: "",
          object: {},
          "like an error": { name: "Error", message: "no" },
        };
        for (const [what, value] of Object.entries(values)) {
          let isRefused = false;
          try {
            socket.disconnect(value);
          } catch (error) {
            isRefused = error instanceof TypeError;
          }
          say(`${what} throws ${isRefused}, connected ${socket.connected}`);
        }
        const heard = stage.once(socket, "_message");
        peer.send({ opcode: BINARY, payload: new Uint8Array([1]) });
        await heard;
        socket.disconnect(side === "server" ? undefined : null);
        await peer.frame();
        await finish(stage, peer);
      },
    },
    {
      name: `a nested call inside a disconnect listener of the ${side} does nothing`,
      rows: ["4.disconnect-nested", "5.disconnect"],
      expected: [
        ...first,
        `${side}: disconnect <Error: "first">`,
        `${side}: nested true false`,
        `${side}: second listener <Error: "first">`,
        `${peerLane}: got fin close ${masked}7 4000 "first"`,
        `${peerLane}: over`,
      ],
      /** @param {Stage} stage */
      async run(stage) {
        const { socket, peer, say } = await end(stage);
        socket.on("disconnect", () => {
          say("nested", socket.disconnect(new Error("second")) === socket, socket.connected);
        });
        socket.on("disconnect", (/** @type {unknown} */ error) => say("second listener", error));
        socket.disconnect(new Error("first"));
        await peer.frame();
        await finish(stage, peer);
      },
    },
    {
      name: `what the ${side} sent before disconnect still arrives`,
      rows: ["4.disconnect-flushes", "4.send"],
      expected: [
        ...first,
        `${peerLane}: got fin binary ${masked}300000 <300000: sha1 bae46700642c>`,
        ...[1, 2, 3].map((number) => `${peerLane}: got fin binary ${masked}1 <1: 0${number}>`),
        `${peerLane}: got fin close ${masked}10 4000 "all said"`,
        `${peerLane}: over`,
        `${side}: disconnect <Error: "all said">`,
      ],
      /** @param {Stage} stage */
      async run(stage) {
        const { socket, peer } = await end(stage);
        socket._send(new Uint8Array(300_000));
        for (const number of [1, 2, 3]) socket._send(new Uint8Array([number]));
        socket.disconnect(new Error("all said"));
        await peer.frames(5);
        await finish(stage, peer);
      },
    },
    {
      name: `the ${side} hears nothing after disconnect`,
      rows: ["5.message", "4.disconnect-nested"],
      expected: [
        ...first,
        `${side}: _message Buffer<1: 01>`,
        `${side}: disconnect null`,
        `${peerLane}: got fin close ${masked}2 1000`,
        `${peerLane}: over`,
      ],
      /** @param {Stage} stage */
      async run(stage) {
        const { socket, peer } = await end(stage);
        socket.on("_message", () => socket.disconnect());
        const frames = [1, 2, 3].map((number) => ({ opcode: BINARY, payload: new Uint8Array([number]) }));
        peer.send(...frames, { payload: "not even a text" });
        await peer.frame();
        peer.send({ opcode: BINARY, payload: "more" });
        await finish(stage, peer);
      },
    },
  ]),
  {
    name: "disconnect inside the listeners of connection and connect",
    rows: ["4.disconnect", "5.disconnect", "7.disconnected-client"],
    expected: [
      'server: disconnect <Error: "full">',
      "server: returned 0 false",
      'raw client: got fin close 6 4000 "full"',
      "client: connect",
      'client: disconnect <Error: "enough">',
      "client: returned false",
      'raw server: got fin close masked 8 4000 "enough"',
    ],
    async run(stage) {
      const { app, port, say } = await serve(stage);
      app.on("connection", (/** @type {any} */ socket) => {
        watchSocket(socket, say);
        socket.disconnect(new Error("full"));
        say("returned", app.clients.size, socket.connected);
      });
      const { peer } = await join(stage, { app, port });
      await peer.frame();
      const dialled = await dial(stage);
      dialled.socket.on("connect", () => {
        dialled.socket.disconnect(new Error("enough"));
        dialled.say("returned", dialled.socket.connected);
      });
      await dialled.peer.answer(OFFER);
      await dialled.peer.frame();
    },
  },
  {
    name: "both ends of the face: events and their arguments",
    rows: ["5.connect", "5.message", "7.connection"],
    expected: [
      "client: connect",
      "client: _message Buffer<2: 0a0b>",
      "client: disconnect null",
      "server: _message Buffer<1: 01>",
      "server: _message Buffer<0: >",
      "server: disconnect null",
    ],
    async run(stage) {
      const { atServer, atClient } = await bothEnds(stage, { hide: (error) => (error === null ? error : free(error)) });
      const heard = stage.once(atClient, "_message");
      atClient._send(new Uint8Array([1]))._send(Buffer.alloc(0));
      atServer._send(Buffer.from([10, 11]));
      await heard;
      const left = stage.once(atServer, "disconnect");
      atClient.disconnect();
      await left;
      await stage.turns();
    },
  },
];
