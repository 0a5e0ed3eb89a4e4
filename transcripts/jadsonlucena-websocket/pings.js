import { PONG } from "../kit/frames.js";
import { answerPings, join, leave, serve, serverEnd, UNHEARD, waitForSilent } from "./acts/ends.js";

/** @typedef {import("../kit/stage.js").Stage} Stage */

const OPEN = 'server: open "<id 1>"';
const NO_PONG = '{code: 1011, message: "Unexpected Condition"}';

/** @type {import("../kit/play.js").Scenario[]} */
export default [
  {
    name: "ping sends the ID as payload, its pong keeps the client",
    rows: ["7.ping-payload", "7.timeout"],
    async run(stage) {
      const place = await serverEnd(stage, { options: { pongTimeout: 500 } });
      stage.attempt("ping", () => place.ws.ping(place.id));
      await answerPings(place.peer, 1);
      await waitForSilent(stage, place, 600);
      stage.say("there", place.ws.clients.includes(place.id));
    },
  },
  ...[
    { what: "none", answer: undefined },
    { what: "an empty one", answer: "" },
    { what: "another one", answer: "another" },
    { what: "a part of it", answer: "0" },
  ].map(({ what, answer }) => ({
    name: `no right pong within the property's time: ${what}`,
    rows: ["3.no-pong", "7.timeout", "7.other-pongs", "2.live"],
    /** @param {Stage} stage */
    async run(stage) {
      const place = await serverEnd(stage, {}, UNHEARD);
      place.ws.pongTimeout = 20;
      const closed = stage.once(place.ws, "close");
      place.ws.ping(place.id);
      await place.peer.frame();
      if (answer !== undefined) place.peer.send({ opcode: PONG, payload: answer });
      await closed;
    },
  })),
  {
    name: "the argument of ping goes before the property",
    rows: ["7.timeout", "3.no-pong"],
    async run(stage) {
      const place = await serverEnd(stage, { options: { pongTimeout: 60_000 } }, UNHEARD);
      const closed = stage.once(place.ws, "close");
      place.ws.ping(place.id, 20);
      await closed;
    },
  },
  {
    name: "a missing pong on the wire: a Close frame with 1011, and the end",
    rows: ["3.no-pong", "8.close-codes-sent", "3.close-once", "3.clients-in-close"],
    expected: [OPEN, `server: close "<id 1>" ${NO_PONG} []`, "main: closed with 1011"],
    async run(stage) {
      const place = await serve(stage, { options: { pongTimeout: 20 } });
      const { id, peer } = await join(stage, place, UNHEARD);
      place.ws.removeAllListeners("close");
      place.ws.on("close", (/** @type {unknown[]} */ ...values) => place.say("close", ...values, place.ws.clients));
      place.ws.ping(id);
      const [, close] = await peer.frames(2);
      stage.say(`closed with ${close?.payload.readUInt16BE(0)}`);
      await peer.over();
      await stage.turns();
    },
  },
  ...[0, -1].map((timeout) => ({
    name: `a timeout of ${timeout}: the pong may never come`,
    rows: ["7.timeout-none"],
    /** @param {Stage} stage */
    async run(stage) {
      const place = await serverEnd(stage, { options: { pongTimeout: timeout } });
      place.ws.ping(place.id);
      place.ws.ping(place.id, timeout);
      await place.peer.frames(2);
      await waitForSilent(stage, place, 40);
      stage.say("there", place.ws.clients.includes(place.id));
    },
  })),
  {
    name: "pongs that nobody asked for are ignored",
    rows: ["7.other-pongs"],
    async run(stage) {
      const place = await serverEnd(stage, { watch: ["message", "error"] });
      const heard = stage.once(place.ws, "message");
      place.peer.send(
        { opcode: PONG },
        { opcode: PONG, payload: place.id },
        { opcode: PONG, payload: "x".repeat(125) },
      );
      place.peer.send({ payload: "still here" });
      await heard;
    },
  },
  {
    name: "one pong answers all pings before it",
    rows: ["7.several"],
    expected: [
      OPEN,
      'client: got fin ping 36 "<id 1>"',
      'client: got fin ping 36 "<id 1>"',
      'client: got fin ping 36 "<id 1>"',
      'server: open "<id 2>"',
      `server: close "<id 2>" ${NO_PONG}`,
      "main: there true",
    ],
    async run(stage) {
      const place = await serverEnd(stage);
      for (const timeout of [500, 510, 520]) place.ws.ping(place.id, timeout);
      const [first] = await place.peer.frames(3);
      place.peer.send({ opcode: PONG, payload: first?.payload ?? "" });
      await waitForSilent(stage, place, 600);
      stage.say("there", place.ws.clients.includes(place.id));
    },
  },
  {
    name: "each ping has its own deadline",
    rows: ["7.several", "3.no-pong"],
    expected: [OPEN, `server: close "<id 1>" ${NO_PONG}`, "main: soon true"],
    async run(stage) {
      const place = await serverEnd(stage, {}, UNHEARD);
      const closed = stage.once(place.ws, "close");
      const start = Date.now();
      place.ws.ping(place.id, 30);
      place.ws.ping(place.id, 60_000);
      await closed;
      stage.say("soon", Date.now() - start < 3000);
    },
  },
  {
    name: "a ping after an answered one has its own answer to wait for",
    rows: ["7.several", "7.ping-payload"],
    expected: [
      OPEN,
      'client: got fin ping 36 "<id 1>"',
      'client: got fin ping 36 "<id 1>"',
      'server: message "<id 1>" "answered"',
      `server: close "<id 1>" ${NO_PONG}`,
      "client: got fin close",
    ],
    async run(stage) {
      const place = await serverEnd(stage);
      place.ws.ping(place.id, 60_000);
      await answerPings(place.peer, 1);
      const read = stage.once(place.ws, "message");
      place.peer.send({ payload: "answered" });
      await read;
      const closed = stage.once(place.ws, "close");
      place.ws.ping(place.id, 20);
      await place.peer.frame();
      place.peer.tellFrames = false;
      await closed;
      await place.peer.frame();
      stage.lane("client")("got fin close");
    },
  },
  {
    name: "timers of pings die with their connection",
    rows: ["7.timers-die", "3.close-once"],
    expected: [
      OPEN,
      'server: close "<id 1>" {code: 1000, message: "Close Normal"}',
      'server: open "<id 2>"',
      `server: close "<id 2>" ${NO_PONG}`,
    ],
    async run(stage) {
      const place = await serverEnd(stage, {}, UNHEARD);
      place.ws.ping(place.id, 300);
      place.ws.ping(place.id, 310);
      place.peer.tellFrames = false;
      await leave(stage, place, place.peer);
      await waitForSilent(stage, place, 400);
    },
  },
];
