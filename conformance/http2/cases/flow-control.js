/** Windows, and streams beside each other. @see RFC 9113 §5.2, §6.9, RFC 8441 §5 */
import { ERROR, SETTING, TYPE, words } from "../wire/http2-frames.js";
import { expect } from "../wire/mismatch.js";
import { frameOf, OPCODE, textFrame } from "../wire/tunnel.js";

/** @typedef {import("../play/play-case.js").PlayedCase} PlayedCase */
/** @typedef {import("../play/peer.js").Peer} Peer */
/** @typedef {import("../wire/tunnel.js").Tunnel} Tunnel */

/** More than four windows of a peer that changes nothing. */
const BIG = 300_000;
const MOST_WINDOW = 0x7fff_ffff;
const OTHERS = "; others are still served";

/** @type {Omit<PlayedCase, "id">[]} */
const flowing = [
  {
    ...{ section: "9113 §6.9", title: "a message larger than all windows" },
    ...{ sent: "300,000 octets as the peer's windows allow", expected: "WINDOW_UPDATE as needed, and the same back" },
    play: async (peer) => echoBig(await peer.open()),
  },
  {
    ...{ section: "9113 §6.9", title: "many messages, until each window has been used several times" },
    ...{ sent: "100 messages of 5,000 octets on one stream", expected: "the same back, in order" },
    async play(peer) {
      const tunnel = await peer.open();
      const texts = Array.from({ length: 100 }, (_, index) => String(index).padEnd(5_000, "."));
      const sending = quietly(writeAll(tunnel, texts.map(textFrame)));
      for (const text of texts) await tunnel.expectText(text);
      await sending();
    },
  },
  {
    ...{ section: "9113 §6.9.2", title: "a small window of the client's" },
    ...{ sent: "SETTINGS_INITIAL_WINDOW_SIZE = 10, a text of 100 octets, then WINDOW_UPDATE of 7 at a time" },
    expected: "never more than the window, and the same back in the end",
    async play(peer) {
      const connection = await peer.dial([[SETTING.initialWindowSize, 10]]);
      const tunnel = await peer.open(connection);
      tunnel.stream.autoUpdate = false;
      const text = "0123456789".repeat(10);
      await tunnel.write(textFrame(text));
      for (let given = 0; given < 100; given += 7) {
        connection.giveWindow(tunnel.stream, 7);
        await connection.ping();
      }
      await tunnel.expectText(text);
    },
  },
  {
    ...{ section: "9113 §6.9.2", title: "no window at all at first" },
    ...{ sent: "SETTINGS_INITIAL_WINDOW_SIZE = 0, a text, then a WINDOW_UPDATE" },
    expected: "the response at once, no octet of DATA before the window, then the same back",
    async play(peer) {
      const connection = await peer.dial([[SETTING.initialWindowSize, 0]]);
      const tunnel = await peer.open(connection);
      await tunnel.write(textFrame("hello"));
      await connection.ping();
      connection.giveWindow(tunnel.stream, 1_000);
      await tunnel.expectText("hello");
    },
  },
  {
    ...{ section: "9113 §6.9.2", title: "a window that becomes larger by SETTINGS" },
    ...{ sent: "no window, a text, then SETTINGS_INITIAL_WINDOW_SIZE = 1,000", expected: "the same back after that" },
    async play(peer) {
      const connection = await peer.dial([[SETTING.initialWindowSize, 0]]);
      const tunnel = await peer.open(connection);
      await tunnel.write(textFrame("hello"));
      await connection.ping();
      connection.changeSettings([[SETTING.initialWindowSize, 1_000]]);
      await tunnel.expectText("hello");
    },
  },
  {
    ...{ section: "9113 §6.9.2", title: "a window that becomes negative by SETTINGS" },
    ...{
      sent: "30,000 octets taken without WINDOW_UPDATE, SETTINGS_INITIAL_WINDOW_SIZE = 1,000, a text, then a window",
    },
    expected: "nothing while the window is negative, then the same back",
    play: playNegativeWindow,
  },
  {
    ...{ section: "9113 §6.9.1", title: "the connection's window is withheld" },
    ...{ sent: "windows for the stream alone, 100,000 octets, then WINDOW_UPDATE for the connection" },
    expected: "never more than the connection's window, and the same back in the end",
    async play(peer) {
      const connection = await peer.dial();
      const tunnel = await peer.open(connection);
      connection.autoUpdate = false;
      const sending = quietly(tunnel.write(frameOf(OPCODE.binary, Buffer.alloc(100_000, 7))));
      await connection.until("DATA", () => tunnel.stream.receivedBytes > 0);
      await connection.ping();
      connection.autoUpdate = true;
      connection.giveWindow(undefined, 200_000);
      const { payload } = await tunnel.message();
      await sending();
      expect(payload.length === 100_000, `${payload.length} octets`);
    },
  },
  {
    ...{ section: "9113 §5.2", title: "a stalled stream blocks no other" },
    ...{ sent: "300,000 octets on one stream without giving it a window, a text on another one, then the window" },
    expected: "the text back at once, and the 300,000 octets in the end",
    async play(peer) {
      const connection = await peer.dial();
      const [stalled, other] = [await peer.open(connection), await peer.open(connection)];
      stalled.stream.autoUpdate = false;
      const sending = quietly(stalled.write(frameOf(OPCODE.binary, Buffer.alloc(BIG, 7))));
      await connection.until("DATA", () => stalled.stream.receivedBytes > 0);
      for (const text of ["one", "two", "three"]) await other.echo(text);
      stalled.stream.autoUpdate = true;
      connection.giveWindow(stalled.stream, BIG);
      const { payload } = await stalled.message();
      await sending();
      expect(payload.length === BIG, `${payload.length} octets`);
    },
  },
  {
    ...{ section: "8441 §5", title: "streams beside each other are not mixed" },
    ...{ sent: "a text on each of 8 streams, in turns of 3 octets", expected: "each text on its stream" },
    async play(peer) {
      const connection = await peer.dial();
      const tunnels = await Promise.all(Array.from({ length: 8 }, () => peer.open(connection)));
      const texts = tunnels.map((_, index) => `${index}`.repeat(50));
      const frames = texts.map(textFrame);
      for (let at = 0; at < 60; at += 3) {
        for (const [index, tunnel] of tunnels.entries()) {
          const piece = frames[index]?.subarray(at, at + 3) ?? Buffer.alloc(0);
          if (piece.length > 0) await tunnel.write(piece);
        }
      }
      for (const [index, tunnel] of tunnels.entries()) await tunnel.expectText(texts[index] ?? "");
    },
  },
  {
    ...{ section: "8441 §5", title: "the end of one stream is not the end of others" },
    ...{ sent: "three WebSockets; one is closed, one is reset", expected: "the third one echoes" },
    async play(peer) {
      const connection = await peer.dial();
      const [closed, reset, third] = [
        await peer.open(connection),
        await peer.open(connection),
        await peer.open(connection),
      ];
      await closed.write(frameOf(OPCODE.close, Buffer.from([3, 232])));
      connection.resetStream(reset.stream);
      await third.echo("hello");
      await closed.closeFrame();
      await third.echo("hello again");
    },
  },
];

/** WINDOW_UPDATE that is not allowed: on the stream a stream error, on stream 0 a connection error.
 * @type {Omit<PlayedCase, "id">[]} */
const wrongUpdates = [
  { title: "WINDOW_UPDATE of 0 on a stream", bytes: 0, section: "9113 §6.9", onStream: true },
  { title: "WINDOW_UPDATE of 0 on the connection", bytes: 0, section: "9113 §6.9", onStream: false },
  { title: "a stream's window above 2^31-1", bytes: MOST_WINDOW, section: "9113 §6.9.1", onStream: true },
  { title: "the connection's window above 2^31-1", bytes: MOST_WINDOW, section: "9113 §6.9.1", onStream: false },
].map(({ title, bytes, section, onStream }) => ({
  ...{ section, title, sent: `WINDOW_UPDATE with ${bytes}, while a WebSocket is open` },
  expected: (onStream ? "RST_STREAM with an error, or a connection error" : "a connection error") + OTHERS,
  async play(/** @type {Peer} */ peer) {
    const { connection, stream } = await peer.open();
    connection.send(TYPE.windowUpdate, 0, onStream ? stream.id : 0, words(bytes));
    const failed = () => connection.failed || (onStream && (stream.reset ?? ERROR["NO_ERROR"]) !== ERROR["NO_ERROR"]);
    await connection.until("an error", failed);
    await peer.expectAlive(connection);
  },
}));

/** @type {PlayedCase[]} */
export const flowControlCases = [...flowing, ...wrongUpdates].map((one, index) => ({
  id: `9113-6.9.${index + 1}`,
  ...one,
}));

/** @param {Peer} peer */
async function playNegativeWindow(peer) {
  const connection = await peer.dial();
  const tunnel = await peer.open(connection);
  tunnel.stream.autoUpdate = false;
  await tunnel.write(frameOf(OPCODE.binary, Buffer.alloc(30_000)));
  await tunnel.message();
  const { settingsAcks } = connection;
  connection.changeSettings([[SETTING.initialWindowSize, 1_000]]);
  await connection.until("SETTINGS to be acknowledged", () => connection.settingsAcks > settingsAcks);
  const before = tunnel.stream.receivedBytes;
  await tunnel.write(textFrame("patience"));
  await connection.ping();
  const early = tunnel.stream.receivedBytes - before;
  expect(early === 0, `${early} octets while the window was negative`);
  connection.giveWindow(tunnel.stream, 60_000);
  await tunnel.expectText("patience");
}

/** @param {Tunnel} tunnel */
async function echoBig(tunnel) {
  const octets = Buffer.from(Array.from({ length: BIG }, (_, index) => (index * 31) & 0xff));
  const sending = quietly(tunnel.write(frameOf(OPCODE.binary, octets)));
  const { payload } = await tunnel.message();
  await sending();
  expect(payload.equals(octets), `${payload.length} octets, not the same`);
}

/** @param {Tunnel} tunnel
 * @param {Buffer[]} frames */
async function writeAll(tunnel, frames) {
  for (const frame of frames) await tunnel.write(frame);
}

/** Go on while something is sent; its failure is told when it is asked for.
 * @param {Promise<void>} sending */
function quietly(sending) {
  const settled = Promise.allSettled([sending]);
  return async () => {
    await settled;
    await sending;
  };
}
