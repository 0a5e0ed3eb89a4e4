import { constants, deflateRawSync, inflateRawSync } from "node:zlib";
import { format } from "../kit/format.js";
import { BINARY, CLOSE, CONTINUATION, encodeFrame } from "../kit/frames.js";
import { ask, fieldOf, join, message, messages, serve, serverEnd, UNHEARD } from "./acts/ends.js";

/** @typedef {import("../kit/stage.js").Stage} Stage */

const OPEN = 'server: open "<id 1>"';
const OFFER = "permessage-deflate; server_no_context_takeover; client_no_context_takeover";
const TAIL = Buffer.from([0, 0, 0xff, 0xff]);
// Short ones are not worth it
const TEXT = "compress me, ".repeat(400);

/** A message as RFC 7692 §7.2.1 wants it.
 * @param {string | Buffer} data */
function deflated(data) {
  const bytes = deflateRawSync(data, { finishFlush: constants.Z_SYNC_FLUSH });
  return bytes.subarray(0, bytes.length - TAIL.length);
}

/** @param {Buffer} payload */
function inflated(payload) {
  return inflateRawSync(Buffer.concat([payload, TAIL]), { finishFlush: constants.Z_SYNC_FLUSH });
}

/** @param {string} extensions */
const offering = (extensions) => ({ fields: { "Sec-WebSocket-Extensions": extensions }, ...UNHEARD });

/** Offers, and whether they are taken: then the parameters that the answer has to have.
 * @type {[string, string[] | undefined][]} */
const OFFERS = [
  ["permessage-deflate", []],
  ["permessage-deflate; server_no_context_takeover", ["server_no_context_takeover"]],
  ["permessage-deflate; client_max_window_bits", []],
  ["permessage-deflate; server_max_window_bits=10", ["server_max_window_bits=10"]],
  ["x-other, permessage-deflate", []],
  ["permessage-deflate; unknown, permessage-deflate", []],
  ["permessage-deflate; unknown", undefined],
  ["permessage-deflate; server_max_window_bits=7", undefined],
  ["permessage-deflate; server_max_window_bits=16", undefined],
  ["permessage-deflate; client_max_window_bits=x", undefined],
  ["permessage-deflate; server_no_context_takeover; server_no_context_takeover", undefined],
  ["permessage-deflate; server_no_context_takeover=1", undefined],
  ["x-webkit-deflate-frame", undefined],
  ["x-other; a=b", undefined],
];

const KNOWN =
  /^(server_no_context_takeover|client_no_context_takeover|(server|client)_max_window_bits=([89]|1[0-5])|client_max_window_bits)$/;

/** @type {import("../kit/play.js").Scenario[]} */
export default [
  {
    name: "offers of permessage-deflate, and what is answered",
    rows: ["9.accepted", "9.parameters", "9.not-offered"],
    expected: [
      ...OFFERS.map(([offer, needed]) => `main: ${offer}: ${needed === undefined ? "not negotiated" : "accepted"}`),
    ],
    async run(stage) {
      const place = await serve(stage, { watch: [] });
      place.ws.removeAllListeners("open");
      for (const [offer, needed = []] of OFFERS) {
        const peer = await ask(stage, place, offering(offer));
        const head = await peer.head();
        const [name, ...parameters] = (fieldOf(head, "sec-websocket-extensions") ?? "").split(/ *; */);
        const isRight = name === "permessage-deflate" && parameters.every((one) => KNOWN.test(one));
        const isNone = name === "" && /^HTTP\/1.1 (101|400)/.test(head[0] ?? "");
        const isWhole = needed.every((one) => parameters.includes(one));
        stage.say(`${offer}: ${isNone ? "not negotiated" : isRight && isWhole ? "accepted" : head.join(" ")}`);
      }
    },
  },
  {
    name: "compressed messages on the wire, both ways",
    rows: ["9.both-ways", "9.accepted"],
    expected: [
      OPEN,
      `server: message "<id 1>" ${format(TEXT)}`,
      `server: message "<id 1>" ${format(Buffer.from(TEXT))}`,
      "main: text rsv=4 true true",
      "main: binary rsv=4 true true",
    ],
    async run(stage) {
      const place = await serverEnd(stage, {}, offering(OFFER));
      const { ws, id, peer } = place;
      const heard = messages(place, 2);
      peer.send({ rsv: 4, payload: deflated(TEXT) }, { opcode: BINARY, rsv: 4, payload: deflated(TEXT) });
      await heard;
      ws.send(id, TEXT);
      ws.send(id, Buffer.from(TEXT));
      for (const what of ["text", "binary"]) {
        const frame = await peer.frame();
        const payload = frame?.payload ?? Buffer.alloc(0);
        stage.say(`${what} rsv=${frame?.rsv}`, payload.length < TEXT.length / 2, inflated(payload).toString() === TEXT);
      }
    },
  },
  {
    name: "compressed messages in fragments, and cut anywhere",
    rows: ["9.both-ways", "8.cut"],
    expected: [
      OPEN,
      'server: message "<id 1>" "in fragments"',
      'server: message "<id 1>" "cut"',
      'server: message "<id 1>" "plain"',
    ],
    async run(stage) {
      const place = await serverEnd(stage, {}, offering(OFFER));
      const heard = messages(place, 3);
      const bytes = deflated("in fragments");
      place.peer.send(
        { rsv: 4, payload: bytes.subarray(0, 3), fin: false },
        { opcode: CONTINUATION, payload: bytes.subarray(3) },
      );
      for (const byte of encodeFrame({ rsv: 4, payload: deflated("cut"), mask: true })) {
        place.peer.write(Buffer.from([byte]));
        await stage.turns(1);
      }
      place.peer.send({ payload: "plain" });
      await heard;
    },
  },
  {
    name: "received compressed text becomes a string in the encoding",
    rows: ["9.both-ways", "6.received-encoding"],
    expected: [OPEN, 'server: message "<id 1>" "6869"'],
    async run(stage) {
      const place = await serverEnd(stage, { options: { encoding: "hex" } }, offering(OFFER));
      const heard = message(stage, place);
      place.peer.send({ rsv: 4, payload: deflated("hi") });
      await heard;
    },
  },
  ...[
    { what: "a bomb", payload: deflated(Buffer.alloc(50_000_000)), code: 1009, message: "Message Too Big" },
    { what: "one byte more", payload: deflated(Buffer.alloc(1001)), code: 1009, message: "Message Too Big" },
    { what: "no deflate data", payload: Buffer.from("no deflate"), code: 1003, message: "Unacceptable Data Type" },
    { what: "no UTF-8", payload: deflated(Buffer.from([0xff])), code: 1003, message: "Unacceptable Data Type" },
  ].map(({ what, payload, code, message: text }) => ({
    name: `a bad compressed message: ${what}`,
    rows: ["9.max-payload", "9.both-ways", "3.bad-sequence"],
    expected: [
      OPEN,
      `server: message "<id 1>" ${format(Buffer.alloc(1000))}`,
      `server: close "<id 1>" {code: ${code}, message: ${JSON.stringify(text)}}`,
      `main: Close frame with ${code}`,
    ],
    /** @param {Stage} stage */
    async run(stage) {
      const place = await serverEnd(stage, { options: { maxPayload: 1000 } }, offering(OFFER));
      const heard = message(stage, place);
      place.peer.send({ opcode: BINARY, rsv: 4, payload: deflated(Buffer.alloc(1000)) });
      await heard;
      // A bomb's own bytes are more than the limit: fragments do not help it
      place.ws.maxPayload = Math.max(1000, payload.length + 10);
      place.peer.send({ rsv: 4, payload });
      const frame = await place.peer.frame();
      stage.say(frame?.opcode === CLOSE ? `Close frame with ${frame.payload.readUInt16BE(0)}` : "no Close frame");
      await place.peer.over();
      await stage.turns();
    },
  })),
  {
    name: "without an offer nothing is compressed",
    rows: ["9.not-offered", "6.send"],
    async run(stage) {
      const { ws, id, peer, head } = await serverEnd(stage);
      stage.say("extensions", fieldOf(head, "sec-websocket-extensions"));
      ws.send(id, TEXT);
      await peer.frame();
    },
  },
  {
    name: "clients with and without compression side by side",
    rows: ["9.both-ways", "9.not-offered", "2.clients"],
    expected: [OPEN, 'server: open "<id 2>"', "main: rsv 4 0", "main: the same true"],
    async run(stage) {
      const place = await serve(stage);
      const { peer } = await join(stage, place, offering(OFFER));
      const { peer: other } = await join(stage, place, UNHEARD);
      for (const id of place.ws.clients) place.ws.send(id, TEXT);
      const [one, two] = [await peer.frame(), await other.frame()];
      stage.say("rsv", one?.rsv, two?.rsv);
      const text = inflated(one?.payload ?? Buffer.alloc(0)).toString();
      stage.say("the same", text === TEXT && two?.payload.toString() === TEXT);
    },
  },
];
