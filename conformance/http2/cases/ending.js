/** How a WebSocket and its stream end. @see RFC 8441 §5, RFC 6455 §5.5.1, §7, RFC 9113 §8.5 */
import { ERROR, FLAG, TYPE, words } from "../wire/http2-frames.js";
import { formatFields } from "../wire/fields.js";
import { expect, Mismatch } from "../wire/mismatch.js";
import { closeFrame, frameOf, OPCODE, textFrame } from "../wire/tunnel.js";
import { describeOutcome, outcomeOf } from "../play/peer.js";

/** @typedef {import("../play/play-case.js").PlayedCase} PlayedCase */
/** @typedef {import("../play/peer.js").Peer} Peer */
/** @typedef {import("../wire/tunnel.js").Tunnel} Tunnel */

const ENDED = "END_STREAM or RST_STREAM";
const GOES_ON = "; the connection and others are still served";

/** Closing handshakes that the client begins.
 * @type {{ title: string, sent: string, frame: Buffer, code: number | undefined, endStream?: boolean }[]} */
const closings = [
  { title: "Close 1000", sent: "Close 1000", frame: closeFrame(1000), code: 1000 },
  { title: "Close with a reason", sent: "Close 3000 with a reason", frame: closeFrame(3000, "done"), code: 3000 },
  { title: "Close without a code", sent: "an empty Close", frame: frameOf(OPCODE.close, ""), code: undefined },
  {
    title: "Close and END_STREAM together",
    sent: "Close 1000 with END_STREAM",
    frame: closeFrame(1000),
    code: 1000,
    endStream: true,
  },
];

/** What breaks RFC 6455 on a stream is no fault of the HTTP/2 connection. @type {{ title: string, frame: Buffer, code: number }[]} */
const breaches = [
  { title: "a frame that is not masked", frame: frameOf(OPCODE.text, "bare", { masked: false }), code: 1002 },
  { title: "a reserved opcode", frame: frameOf(3, "?"), code: 1002 },
  { title: "RSV1 without an extension", frame: frameOf(OPCODE.text, "?", { rsv: 4 }), code: 1002 },
  { title: "a continuation of nothing", frame: frameOf(OPCODE.continuation, "?"), code: 1002 },
  { title: "a text that is not UTF-8", frame: frameOf(OPCODE.text, Buffer.from([0xff, 0xfe])), code: 1007 },
];

/** @type {Omit<PlayedCase, "id">[]} */
const ends = [
  ...closings.map(({ title, sent, frame, code, endStream = false }) => ({
    ...{ section: "6455 §7.1.1", title, sent },
    // The code need not be the one that was sent, though it typically is (RFC 6455 §5.5.1)
    expected: `a Close frame, with a code only where one was sent, then ${ENDED}${GOES_ON}`,
    async play(/** @type {Peer} */ peer) {
      const tunnel = await peer.open();
      await tunnel.echo("hello");
      await tunnel.write(frame, { endStream });
      const seen = await tunnel.closeFrame();
      expect(code !== undefined || seen === undefined || seen === 1000, `Close ${seen}`);
      await tunnel.ended();
      await peer.expectServed(tunnel.connection);
    },
  })),
  {
    ...{ section: "6455 §5.5.1", title: "nothing comes after Close" },
    ...{
      sent: "a text and Close in one DATA frame, then a text",
      expected: `an echo, Close, ${ENDED}, and no message between`,
    },
    async play(peer) {
      const tunnel = await peer.open();
      await tunnel.write(Buffer.concat([textFrame("last"), closeFrame(1000)]));
      tunnel.connection.send(TYPE.data, 0, tunnel.stream.id, textFrame("too late"));
      await tunnel.expectText("last");
      const { opcode } = await tunnel.frame("a Close frame");
      expect(opcode === OPCODE.close, `a frame with opcode ${opcode}`);
      await tunnel.ended();
      const next = await tunnel
        .frame("")
        .catch((error) => (error instanceof Mismatch ? undefined : Promise.reject(error)));
      expect(next === undefined, `a frame with opcode ${next?.opcode} after Close`);
    },
  },
  {
    ...{ section: "8441 §5", title: "END_STREAM without Close is a TCP FIN" },
    ...{ sent: "an empty DATA frame with END_STREAM", expected: ENDED + GOES_ON },
    async play(peer) {
      const tunnel = await peer.open();
      await tunnel.echo("hello");
      await tunnel.write(Buffer.alloc(0), { endStream: true });
      await tunnel.ended();
      await peer.expectServed(tunnel.connection);
    },
  },
  {
    ...{ section: "8441 §5", title: "END_STREAM inside a frame" },
    ...{ sent: "half a text with END_STREAM", expected: ENDED + GOES_ON },
    async play(peer) {
      const tunnel = await peer.open();
      await tunnel.write(textFrame("half of it").subarray(0, 8), { endStream: true });
      await tunnel.ended();
      await peer.expectServed(tunnel.connection);
    },
  },
  {
    ...{ section: "8441 §5", title: "END_STREAM on the CONNECT" },
    ...{ sent: "HEADERS with END_STREAM", expected: `a refusal, or a WebSocket with ${ENDED}${GOES_ON}` },
    async play(peer) {
      const connection = await peer.dial();
      const stream = peer.ask(connection, { form: { endStream: true } });
      await outcomeOf(connection, stream);
      await connection.until(
        `the end of the stream after ${describeOutcome(connection, stream)}`,
        () => stream.over || connection.failed,
      );
      await peer.expectAlive(connection);
    },
  },
  {
    ...{ section: "8441 §5", title: "RST_STREAM CANCEL is a TCP RST" },
    ...{
      sent: "three texts and RST_STREAM CANCEL",
      expected: `nothing on the stream once PING has been answered${GOES_ON}`,
    },
    async play(peer) {
      const tunnel = await peer.open();
      const { connection, stream } = tunnel;
      for (const text of ["1", "2", "3"]) await tunnel.write(textFrame(text));
      connection.resetStream(stream);
      await connection.ping();
      const { receivedBytes } = stream;
      await peer.expectServed(connection);
      await connection.ping();
      expect(stream.receivedBytes === receivedBytes, `${stream.receivedBytes - receivedBytes} octets after RST_STREAM`);
    },
  },
  {
    ...{ section: "9113 §5.4.2", title: "RST_STREAM with an error code that nobody knows" },
    ...{ sent: "RST_STREAM 0xabcdef", expected: GOES_ON.slice(2) },
    async play(peer) {
      const { connection, stream } = await peer.open();
      connection.resetStream(stream, 0xab_cdef);
      await peer.expectServed(connection);
    },
  },
  {
    ...{ section: "8441 §5", title: "RST_STREAM before the answer" },
    ...{ sent: "an extended CONNECT and RST_STREAM together", expected: GOES_ON.slice(2) },
    async play(peer) {
      const connection = await peer.dial();
      connection.resetStream(peer.ask(connection));
      await peer.expectServed(connection);
    },
  },
  ...breaches.map(({ title, frame, code }) => ({
    ...{ section: "6455 §7.1.7", title, sent: `${title} as DATA` },
    expected: `Close ${code} or no Close at all, then ${ENDED}${GOES_ON}`,
    play: (/** @type {Peer} */ peer) => playBreach(peer, frame, code),
  })),
  {
    ...{ section: "9113 §8.5", title: "trailers" },
    ...{
      sent: "HEADERS with END_STREAM after a text",
      expected: `RST_STREAM with an error, or a connection error; others are still served`,
    },
    async play(peer) {
      const tunnel = await peer.open();
      const { connection, stream } = tunnel;
      await tunnel.echo("hello");
      connection.sendBlock(stream.id, formatFields([["x-trailer", "1"]]), { endStream: true });
      await expectStreamError(tunnel);
      await peer.expectAlive(connection);
    },
  },
  {
    ...{ section: "9113 §8.1", title: "HEADERS in the middle that do not end the stream" },
    ...{
      sent: "HEADERS without END_STREAM after a text",
      expected: `RST_STREAM with an error, or a connection error; others are still served`,
    },
    async play(peer) {
      const tunnel = await peer.open();
      const { connection, stream } = tunnel;
      await tunnel.echo("hello");
      connection.sendBlock(stream.id, formatFields([["x-trailer", "1"]]), {});
      await expectStreamError(tunnel);
      await peer.expectAlive(connection);
    },
  },
  {
    ...{ section: "9113 §6.8", title: "GOAWAY by the client" },
    ...{ sent: "GOAWAY NO_ERROR, then a text and Close", expected: "what is open goes on: an echo, then Close" },
    async play(peer) {
      const tunnel = await peer.open();
      await tunnel.echo("before");
      tunnel.connection.send(TYPE.goaway, 0, 0, words(0, ERROR["NO_ERROR"] ?? 0));
      await tunnel.connection.ping();
      await tunnel.echo("after");
      await tunnel.write(closeFrame(1000));
      await tunnel.closeFrame();
    },
  },
  {
    ...{ section: "9113 §5.1", title: "frames for a stream that is over" },
    ...{ sent: "a closing handshake, then WINDOW_UPDATE and RST_STREAM on its stream", expected: GOES_ON.slice(2) },
    async play(peer) {
      const tunnel = await peer.open();
      const { connection, stream } = tunnel;
      await tunnel.write(closeFrame(1000));
      await tunnel.ended();
      connection.send(TYPE.windowUpdate, 0, stream.id, words(1));
      connection.send(TYPE.data, FLAG.endStream, stream.id);
      connection.resetStream(stream);
      await (await peer.open(connection)).echo("still here");
    },
  },
  {
    ...{ section: "8441 §5", title: "one after the other on one connection" },
    ...{ sent: "20 WebSockets, each with an echo and a closing handshake", expected: "20 echoes and Close frames" },
    async play(peer) {
      const connection = await peer.dial();
      for (let count = 0; count < 20; count++) {
        const tunnel = await peer.open(connection);
        await tunnel.echo(`number ${count}`);
        await tunnel.write(closeFrame(1000), { endStream: true });
        await tunnel.closeFrame();
        await tunnel.ended();
      }
    },
  },
];

/** @type {PlayedCase[]} */
export const endingCases = ends.map((one, index) => ({ id: `8441-5.E${index + 1}`, ...one }));

/** @param {Tunnel} tunnel */
async function expectStreamError({ connection, stream }) {
  await connection.until("an error", () => stream.over || connection.failed);
  // RST_STREAM may come behind an END_STREAM
  if (!connection.failed && stream.reset === undefined) await connection.ping();
  expect(connection.failed || (stream.reset ?? 0) !== 0, stream.describe());
}

/** @param {Peer} peer
 * @param {Buffer} frame
 * @param {number} code */
async function playBreach(peer, frame, code) {
  const connection = await peer.dial();
  const [tunnel, other] = [await peer.open(connection), await peer.open(connection)];
  await tunnel.write(frame);
  const seen = await tunnel.closeFrame().catch((error) => {
    // RFC 6455 §7.1.7: a Close frame should be sent, and the connection must be closed
    if (error instanceof Mismatch && tunnel.stream.over) return code;
    throw error;
  });
  expect(seen === code, `Close ${seen}`);
  await tunnel.ended();
  expect(!connection.failed, connection.describe());
  await other.echo("not my fault");
  await peer.expectServed(connection);
}
