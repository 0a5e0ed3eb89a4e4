/** What a server has to bear, and does not have to put up with. @see RFC 9113 §5.1.2, §10.5 */
import { formatFields } from "../wire/fields.js";
import { FLAG, PREFACE, SETTING, TYPE, words } from "../wire/http2-frames.js";
import { expect, NotOffered } from "../wire/mismatch.js";
import { requestFields } from "../wire/request.js";
import { frameOf, OPCODE } from "../wire/tunnel.js";
import { describeOutcome, outcomeOf } from "../play/peer.js";

/** @typedef {import("../play/play-case.js").PlayedCase} PlayedCase */
/** @typedef {import("../play/peer.js").Peer} Peer */
/** @typedef {import("../wire/http2-connection.js").Http2Connection} Http2Connection */

/** A server that allows more is not tried. */
const MOST_STREAMS = 500;
const BEARABLE = "the connection goes on, or is ended by the server; others are still served";
const CONNECTION_ERROR = "a connection error; others are still served";

/** What is sent on a connection with a WebSocket. A server may end it or go on, and must serve others.
 * @type {{ section: string, title: string, sent: string, send: (peer: Peer, connection: Http2Connection) => void | Promise<void> }[]} */
const floods = [
  {
    ...{
      section: "9113 §10.5",
      title: "opened and reset, over and over",
      sent: "600 times an extended CONNECT and RST_STREAM",
    },
    async send(peer, connection) {
      for (let count = 0; count < 600 && !connection.failed; count++) {
        connection.resetStream(peer.ask(connection));
        if (count % 50 === 49) await pause();
      }
    },
  },
  {
    ...{ section: "9113 §10.5", title: "many PINGs", sent: "1,000 PINGs at once" },
    send: (_, connection) => repeat(1_000, (n) => connection.send(TYPE.ping, 0, 0, words(1, n))),
  },
  {
    ...{ section: "9113 §10.5", title: "many SETTINGS", sent: "500 empty SETTINGS at once" },
    send: (_, connection) => repeat(500, () => connection.changeSettings([])),
  },
  {
    ...{
      section: "9113 §10.5",
      title: "many empty DATA frames",
      sent: "2,000 DATA frames without an octet on a WebSocket",
    },
    async send(peer, connection) {
      const { stream } = await peer.open(connection);
      repeat(2_000, () => connection.send(TYPE.data, 0, stream.id));
    },
  },
  {
    ...{
      section: "9113 §10.5",
      title: "many pings on a WebSocket",
      sent: "2,000 pings of RFC 6455, without reading a pong's window",
    },
    async send(peer, connection) {
      const tunnel = await peer.open(connection);
      tunnel.stream.autoUpdate = false;
      await tunnel.write(Buffer.concat(Array.from({ length: 2_000 }, () => frameOf(OPCODE.ping, "ping"))));
    },
  },
  {
    ...{
      section: "9113 §10.5.1",
      title: "CONTINUATION without an end",
      sent: "HEADERS and 300 CONTINUATION frames of 1,000 octets",
    },
    send(peer, connection) {
      const { id } = connection.newStream();
      connection.send(TYPE.headers, 0, id, formatFields(requestFields(peer.target.aim)));
      const piece = formatFields([["x-long", "a".repeat(990)]]);
      repeat(300, () => connection.send(TYPE.continuation, 0, id, piece));
    },
  },
  {
    ...{
      section: "9113 §10.5.1",
      title: "a large request",
      sent: "an extended CONNECT with 200 fields of 1,000 octets",
    },
    async send(peer, connection) {
      const add = Array.from({ length: 200 }, (_, n) => /** @type {const} */ ([`x-${n}`, "a".repeat(990)]));
      await outcomeOf(connection, peer.ask(connection, { add }));
    },
  },
  {
    ...{
      section: "7541 §7.3",
      title: "much out of little",
      sent: "a field of 4,000 octets, then 5,000 references to it in one field block",
    },
    async send(peer, connection) {
      const literal = Buffer.concat([Buffer.from([0x40]), formatFields([["x-bomb", "b".repeat(4_000)]]).subarray(1)]);
      const references = Buffer.alloc(5_000, 0x80 | 62);
      const stream = connection.newStream();
      const request = formatFields(requestFields(peer.target.aim));
      connection.sendBlock(stream.id, Buffer.concat([request, literal, references]), { pieces: 1 });
      await outcomeOf(connection, stream);
    },
  },
  {
    ...{
      section: "9113 §5.1",
      title: "the end of the connection inside a field block",
      sent: "HEADERS without END_HEADERS, then the end of TCP",
    },
    send(peer, connection) {
      connection.send(TYPE.headers, 0, connection.newStream().id, formatFields(requestFields(peer.target.aim)));
      connection.close();
    },
  },
  {
    ...{
      section: "9113 §5.1",
      title: "the end of the connection with everything open",
      sent: "10 WebSockets with half a message, then the end of TCP",
    },
    async send(peer, connection) {
      for (let count = 0; count < 10; count++) {
        const tunnel = await peer.open(connection);
        await tunnel.write(frameOf(OPCODE.text, "half a message").subarray(0, 9));
      }
      connection.close();
    },
  },
];

/** What is an error of the whole connection.
 * @type {{ section: string, title: string, sent: string, send: (peer: Peer, connection: Http2Connection) => void }[]} */
const connectionErrors = [
  {
    ...{
      section: "9113 §4.2",
      title: "a frame that is too large",
      sent: "DATA of 16,385 octets and more than SETTINGS_MAX_FRAME_SIZE",
    },
    send(_, connection) {
      const most = connection.settings.get(SETTING.maxFrameSize) ?? 16_384;
      connection.send(TYPE.headers, FLAG.endHeaders, connection.newStream().id, Buffer.alloc(most + 1));
    },
  },
  {
    ...{ section: "9113 §4.3", title: "a field that is in no table", sent: "HEADERS with the index 127" },
    send: (_, connection) =>
      connection.send(TYPE.headers, FLAG.endHeaders, connection.newStream().id, Buffer.from([0xfe])),
  },
  {
    ...{ section: "9113 §6.10", title: "PING inside a field block", sent: "HEADERS without END_HEADERS, then PING" },
    send(peer, connection) {
      connection.send(TYPE.headers, 0, connection.newStream().id, formatFields(requestFields(peer.target.aim)));
      connection.send(TYPE.ping, 0, 0, words(0, 0));
    },
  },
  {
    ...{ section: "9113 §5.1.1", title: "a stream with an even number", sent: "an extended CONNECT on stream 2" },
    send: (peer, connection) => connection.sendBlock(2, formatFields(requestFields(peer.target.aim)), {}),
  },
  {
    ...{
      section: "9113 §6.2",
      title: "padding longer than HEADERS",
      sent: "HEADERS with a padding of 255 in 20 octets",
    },
    send(_, connection) {
      const payload = Buffer.alloc(20);
      payload[0] = 255;
      connection.send(TYPE.headers, FLAG.endHeaders | FLAG.padded, connection.newStream().id, payload);
    },
  },
  {
    ...{ section: "9113 §6.1", title: "DATA on stream 0", sent: "DATA on stream 0" },
    send: (_, connection) => connection.send(TYPE.data, 0, 0, Buffer.from("?")),
  },
];

/** @type {PlayedCase[]} */
export const abuseCases = [
  {
    ...{ id: "9113-5.1.2.1", section: "9113 §5.1.2", title: "one stream more than SETTINGS_MAX_CONCURRENT_STREAMS" },
    ...{
      sent: "as many WebSockets as are allowed, and one",
      expected: "RST_STREAM or a refusal for the last one; the first one echoes",
    },
    play: playTooManyStreams,
  },
  ...floods.map(({ send, ...one }, index) => ({
    ...{ ...one, id: `9113-10.5.${index + 1}`, expected: BEARABLE },
    async play(/** @type {Peer} */ peer) {
      const connection = await peer.dial();
      const before = await peer.open(connection);
      await before.echo("before");
      await send(peer, connection);
      if (!connection.closed)
        await Promise.race([connection.ping().catch(() => {}), before.echo("after").catch(() => {})]);
      await peer.expectAlive();
    },
  })),
  ...connectionErrors.map(({ send, ...one }, index) => ({
    ...{ ...one, id: `9113-5.4.${index + 1}`, expected: CONNECTION_ERROR },
    async play(/** @type {Peer} */ peer) {
      const connection = await peer.dial();
      await peer.open(connection);
      send(peer, connection);
      await connection.until("a connection error", () => connection.failed);
      await peer.expectAlive();
    },
  })),
  {
    ...{ id: "9113-3.4.2", section: "9113 §3.4", title: "a preface that is none" },
    ...{ sent: "the preface with two wrong octets", expected: CONNECTION_ERROR },
    async play(peer) {
      const { socket, connection } = await peer.dialRaw();
      const wrong = Buffer.from(PREFACE);
      wrong.write("XX", 18, "latin1");
      socket.write(Buffer.concat([wrong, Buffer.alloc(9)]));
      await connection.until("the end of the connection", () => connection.failed);
      await peer.expectAlive();
    },
  },
];

/** @param {Peer} peer */
async function playTooManyStreams(peer) {
  const connection = await peer.dial();
  const most = connection.settings.get(SETTING.maxConcurrentStreams);
  if (most === undefined || most > MOST_STREAMS) {
    throw new NotOffered(`SETTINGS_MAX_CONCURRENT_STREAMS ${most === undefined ? "missing" : `= ${most}`}`);
  }
  const first = await peer.open(connection);
  for (let count = 1; count < most; count++) {
    const stream = peer.ask(connection);
    const outcome = await outcomeOf(connection, stream);
    if (outcome !== "accepted")
      throw new NotOffered(`${describeOutcome(connection, stream)} for WebSocket ${count + 1} of ${most}`);
  }
  const stream = peer.ask(connection);
  const outcome = await outcomeOf(connection, stream);
  expect(outcome !== "accepted", describeOutcome(connection, stream));
  if (connection.failed) return peer.expectAlive();
  await first.echo("still here");
}

/** @param {number} times
 * @param {(n: number) => void} action */
function repeat(times, action) {
  for (let n = 0; n < times; n++) action(n);
}

/** A turn of the event loop, so that what has come is read. */
function pause() {
  return new Promise((resolve) => setImmediate(resolve));
}
