/** SETTINGS_ENABLE_CONNECT_PROTOCOL and the beginning of the connection. @see RFC 8441 §3, RFC 9113 §3.4 */
import { SETTING } from "../wire/http2-frames.js";
import { expect } from "../wire/mismatch.js";

/** @typedef {import("../play/play-case.js").Case} Case */
/** @typedef {import("../wire/http2-connection.js").Http2Connection} Http2Connection */

const { enableConnectProtocol } = SETTING;

/** @type {Case[]} */
export const settingsCases = [
  {
    id: "8441-3.1",
    section: "8441 §3",
    title: "extended CONNECT is announced",
    sent: "preface and SETTINGS",
    expected: "SETTINGS_ENABLE_CONNECT_PROTOCOL = 1 in SETTINGS, before any request",
    async play(peer) {
      const connection = await peer.dial();
      const told = () => connection.settings.get(enableConnectProtocol);
      // Clients decide by the first SETTINGS; a peer that says it later is given until the next answer
      if (told() === undefined) await connection.ping();
      expect(told() === 1, `SETTINGS_ENABLE_CONNECT_PROTOCOL ${told() === undefined ? "missing" : `= ${told()}`}`);
    },
  },
  {
    id: "8441-3.2",
    section: "8441 §3",
    title: "the setting is not taken back while a WebSocket is used",
    sent: "a WebSocket with an echo, our SETTINGS, PING",
    expected: "no SETTINGS_ENABLE_CONNECT_PROTOCOL = 0 after a 1, and no value but these",
    async play(peer) {
      const connection = await peer.dial();
      const tunnel = await peer.open(connection);
      await tunnel.echo("one");
      connection.changeSettings([[SETTING.initialWindowSize, 70_000]]);
      await connection.until("SETTINGS to be acknowledged", () => connection.settingsAcks > 1);
      await tunnel.echo("two");
      const values = connection.settingsHistory
        .filter(([id]) => id === enableConnectProtocol)
        .map(([, value]) => value);
      expect(
        values.every((value) => value <= 1),
        `the values ${values.join(", ")}`,
      );
      expect(!values.slice(values.indexOf(1)).includes(0), `the values ${values.join(", ")}`);
    },
  },
  {
    id: "8441-3.3",
    section: "8441 §3",
    title: "a client may send the setting, and it means nothing",
    sent: "SETTINGS_ENABLE_CONNECT_PROTOCOL = 1 in our first SETTINGS, then an extended CONNECT",
    expected: "a WebSocket that echoes",
    play: async (peer) => echoOn(peer, await peer.dial([[enableConnectProtocol, 1]])),
  },
  {
    id: "8441-3.4",
    section: "8441 §3",
    title: "a client's 0 does not forbid a client's request",
    sent: "SETTINGS_ENABLE_CONNECT_PROTOCOL = 0 in our first SETTINGS, then an extended CONNECT",
    expected: "a WebSocket that echoes",
    play: async (peer) => echoOn(peer, await peer.dial([[enableConnectProtocol, 0]])),
  },
  {
    id: "9113-3.4.1",
    section: "9113 §3.4",
    title: "the server's preface is SETTINGS",
    sent: "preface and SETTINGS",
    expected: "SETTINGS, not an acknowledgement, as the first frame; ours are acknowledged",
    async play(peer) {
      const { connection } = await peer.dialRaw();
      connection.begin([]);
      await connection.until("a frame", () => connection.receivedFrames > 0);
      await connection.until("SETTINGS", () => connection.settingsFrames > 0);
      await connection.until("SETTINGS to be acknowledged", () => connection.settingsAcks > 0);
    },
  },
  {
    id: "9113-6.5.1",
    section: "9113 §6.5.2",
    title: "an unknown setting is ignored",
    sent: "SETTINGS with the identifier 0x5e5e, then an extended CONNECT",
    expected: "a WebSocket that echoes",
    play: async (peer) => echoOn(peer, await peer.dial([[0x5e5e, 7]])),
  },
  {
    id: "9113-6.5.2",
    section: "9113 §6.5.3",
    title: "SETTINGS and PING are acknowledged while a WebSocket is open",
    sent: "SETTINGS and PING between two echoes",
    expected: "both acknowledged, both echoes",
    async play(peer) {
      const connection = await peer.dial();
      const tunnel = await peer.open(connection);
      await tunnel.echo("before");
      connection.changeSettings([]);
      await connection.ping();
      await connection.until("SETTINGS to be acknowledged", () => connection.settingsAcks > 1);
      await tunnel.echo("after");
    },
  },
];

/** @param {import("../play/peer.js").Peer} peer
 * @param {Http2Connection} connection */
async function echoOn(peer, connection) {
  await (await peer.open(connection)).echo("hello");
}
