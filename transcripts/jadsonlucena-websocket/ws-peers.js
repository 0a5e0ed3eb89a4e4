import WebSocket from "ws";
import { format } from "../kit/format.js";
import { message, serve } from "./acts/ends.js";

/** @typedef {import("../kit/stage.js").Stage} Stage */
/** @typedef {import("./acts/ends.js").Place} Place */

/** A client of the package ws, open, and its ID.
 * @param {Stage} stage
 * @param {Place} place
 * @param {import("ws").ClientOptions & { path?: string, lane?: string }} [options]
 * @returns {Promise<{ client: WebSocket, id: string }>} */
async function dial(stage, { ws, port, tls, origin }, { path = "/", lane = "ws", ...options } = {}) {
  const opened = stage.once(ws, "open");
  const url = `${tls ? "wss" : "ws"}://127.0.0.1:${port}${path}`;
  const client = new WebSocket(url, { origin, ca: stage.tls.cert, perMessageDeflate: false, ...options });
  stage.after(() => client.terminate());
  client.on("error", () => {});
  const say = stage.lane(lane);
  client.on("message", (data, isBinary) => say("message", isBinary ? data : String(data)));
  const ready = stage.once(client, "open");
  const [id] = await opened;
  await ready;
  return { client, id };
}

const OPEN = 'server: open "<id 1>"';

/** @type {import("../kit/play.js").Scenario[]} */
export default [
  {
    name: "an echo server and ws clients",
    rows: ["3.message", "6.send", "3.path"],
    async run(stage) {
      const place = await serve(stage, { watch: ["/chat"] });
      place.ws.on("/chat", (/** @type {string} */ id, /** @type {any} */ data) => {
        for (const one of place.ws.clients) place.ws.send(one, one === id ? `you: ${data}` : `other: ${data}`);
      });
      const { client } = await dial(stage, place, { path: "/chat?a=b", lane: "ws a" });
      const { client: other } = await dial(stage, place, { path: "/chat", lane: "ws b" });
      for (const one of [client, other]) {
        const all = Promise.all([stage.once(client, "message"), stage.once(other, "message")]);
        one.send("hello");
        await all;
      }
    },
  },
  {
    name: "a ws client's large messages",
    rows: ["3.message", "8.server-frames"],
    async run(stage) {
      const place = await serve(stage);
      const { client, id } = await dial(stage, place);
      for (const size of [100_000, 1_000_000]) {
        const heard = message(stage, place);
        client.send(Buffer.alloc(size, 3));
        await heard;
        const back = stage.once(client, "message");
        place.ws.send(id, Buffer.alloc(size, 4));
        await back;
      }
    },
  },
  ...[true, false].map((compressed) => ({
    name: `a session with a ws client, ${compressed ? "compressed" : "plain"}, to an orderly end`,
    rows: ["9.both-ways", "9.accepted", "8.closing-handshake", "3.peer-other", "8.fragments"],
    expected: [
      OPEN,
      `main: extensions "${compressed ? "permessage-deflate" : ""}"`,
      'server: message "<id 1>" "hello"',
      'server: message "<id 1>" "in fragments"',
      `server: message "<id 1>" ${format(Buffer.alloc(5000))}`,
      'ws: message "welcome"',
      `ws: message ${format(Buffer.alloc(5000))}`,
      'server: close "<id 1>" {code: 4001, message: "done"}',
      'ws: close 4001 "done"',
    ],
    /** @param {Stage} stage */
    async run(stage) {
      const place = await serve(stage);
      const { client, id } = await dial(stage, place, { perMessageDeflate: compressed ? { threshold: 0 } : false });
      stage.say("extensions", client.extensions);
      let left = 3;
      const heard = new Promise((resolve) => {
        place.ws.on("message", () => {
          left -= 1;
          if (left === 0) resolve(undefined);
        });
      });
      client.send("hello");
      client.send("in frag", { fin: false });
      client.send("ments");
      client.send(Buffer.alloc(5000));
      await heard;
      const back = new Promise((resolve) => {
        client.on("message", (_data, isBinary) => isBinary && resolve(undefined));
      });
      place.ws.send(id, "welcome");
      place.ws.send(id, Buffer.alloc(5000));
      await back;
      const ends = Promise.all([stage.once(place.ws, "close"), stage.once(client, "close")]);
      client.close(4001, "done");
      const [, [code, reason]] = await ends;
      stage.lane("ws")("close", code, String(reason));
    },
  })),
  {
    name: "the program closes a ws client",
    rows: ["3.own-close", "6.close-frame", "6.close"],
    expected: [
      OPEN,
      "main: close returns true",
      'server: close "<id 1>" {code: 1000, message: "Close Normal"}',
      'ws: message "last words"',
      "ws: close 1000",
    ],
    async run(stage) {
      const place = await serve(stage);
      const { client, id } = await dial(stage, place);
      const ends = Promise.all([stage.once(place.ws, "close"), stage.once(client, "close")]);
      place.ws.send(id, "last words");
      stage.attempt("close", () => place.ws.close(id));
      const [, [code]] = await ends;
      stage.lane("ws")("close", code);
    },
  },
  {
    name: "ws clients learn why they are closed",
    rows: ["8.close-codes-sent", "3.too-big", "3.no-pong"],
    expected: [
      OPEN,
      'server: close "<id 1>" {code: 1009, message: "Message Too Big"}',
      "ws: close 1009",
      'server: open "<id 2>"',
      'server: close "<id 2>" {code: 1011, message: "Unexpected Condition"}',
      "ws: close 1011",
    ],
    async run(stage) {
      const place = await serve(stage, { options: { maxPayload: 10, pongTimeout: 20 } });
      const acts = [
        (/** @type {WebSocket} */ client) => client.send("more than ten bytes"),
        (/** @type {WebSocket} */ _client, /** @type {string} */ id) => place.ws.ping(id),
      ];
      for (const act of acts) {
        const { client, id } = await dial(stage, place, { autoPong: false });
        const closed = stage.once(client, "close");
        act(client, id);
        stage.lane("ws")("close", (await closed)[0]);
      }
    },
  },
  {
    name: "a ws client answers pings, and gets its own answered",
    rows: ["7.ping-payload", "7.pings-of-peer", "7.timeout"],
    expected: [
      OPEN,
      'ws: ping "<id 1>"',
      'ws: pong "mine"',
      'server: open "<id 2>"',
      'server: close "<id 2>" {code: 1011, message: "Unexpected Condition"}',
      "main: there true",
    ],
    async run(stage) {
      const place = await serve(stage, { options: { pongTimeout: 500 } });
      const { client, id } = await dial(stage, place);
      client.on("ping", (data) => stage.lane("ws")("ping", String(data)));
      const pinged = stage.once(client, "ping");
      place.ws.ping(id);
      await pinged;
      const pong = stage.once(client, "pong");
      client.ping("mine");
      stage.lane("ws")("pong", String((await pong)[0]));
      const { id: silent } = await dial(stage, place, { autoPong: false, lane: "silent" });
      const closed = stage.once(place.ws, "close");
      place.ws.ping(silent, 600);
      await closed;
      stage.say("there", place.ws.clients.includes(id));
    },
  },
  {
    name: "a ws client that is gone without a word",
    rows: ["3.lost", "2.clients"],
    expected: [OPEN, 'server: close "<id 1>" {code: 1006, message: "Closed Abnormally"}', "main: clients []"],
    async run(stage) {
      const place = await serve(stage);
      const { client } = await dial(stage, place);
      const closed = stage.once(place.ws, "close");
      client.terminate();
      await closed;
      await stage.turns();
      stage.say("clients", place.ws.clients);
    },
  },
];
