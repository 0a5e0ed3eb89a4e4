/** Attacks with frames that are right, but too many, or whose answers are never read. */
import { crowd, describeCrowd } from "../wire/crowd.js";
import { frame, frameHeader, opcode, repeated } from "../wire/frames.js";
import { pause, writeAll } from "../wire/http1.js";

/** @typedef {import("../attack.js").Attack} Attack */
/** @typedef {import("../attack.js").AttackContext} AttackContext */

/** Sends the same bytes again and again on each connection.
 * @param {AttackContext} context
 * @param {Buffer} bytes
 * @param {{ reads: boolean }} options */
async function flood(context, bytes, { reads }) {
  let sent = 0;
  const members = await crowd(
    context,
    async ({ socket }) => {
      while (await writeAll(socket, bytes, context.signal)) sent += bytes.length;
    },
    { reads, kept: 0 },
  );
  return { seen: `${sizeOf(sent)} sent; ${describeCrowd(members)}`, members };
}

/** @param {number} bytes */
const sizeOf = (bytes) => (bytes < 2 ** 20 ? `${bytes >> 10} KiB` : `${Math.round(bytes / 2 ** 20)} MiB`);

/** @type {Attack} */
export const pingFlood = {
  name: "pings whose pongs are never read",
  sources: ["ws maxPendingAutoPongs", "budget: pending pongs"],
  over: ["1.1", "2.0"],
  connections: 100,
  async run(context) {
    const pings = repeated(frame({ opcode: opcode.ping, payload: "p".repeat(125) }), 500);
    const { seen } = await flood(context, pings, { reads: false });
    return { seen };
  },
};

/** @type {Attack} */
export const pingFloodRead = {
  name: "empty pings as fast as they go, with all pongs read",
  sources: ["budget: message rate"],
  over: ["1.1", "2.0"],
  connections: 20,
  async run(context) {
    const { seen, members } = await flood(context, repeated(frame({ opcode: opcode.ping }), 5000), { reads: true });
    return { seen: `${members.reduce((sum, { pongs }) => sum + pongs, 0)} pongs; ${seen}` };
  },
};

/** @type {Attack} */
export const unreadEchoes = {
  name: "echoes of 64 KiB that are never read",
  sources: ["budget: outbound queue"],
  over: ["1.1", "2.0"],
  connections: 200,
  async run(context) {
    const message = frame({ opcode: opcode.binary, payload: Buffer.alloc(64 << 10, "x") });
    const { seen } = await flood(context, message, { reads: false });
    return { seen };
  },
};

/** @type {Attack} */
export const unreadTinyEchoes = {
  name: "echoes of one byte that are never read",
  sources: ["budget: outbound queue", "budget: objects"],
  over: ["1.1", "2.0"],
  connections: 100,
  async run(context) {
    const messages = repeated(frame({ opcode: opcode.text, payload: "x" }), 5000);
    const { seen } = await flood(context, messages, { reads: false });
    return { seen };
  },
};

/** @type {Attack} */
export const messageFlood = {
  name: "small messages as fast as they go, with all echoes read",
  sources: ["budget: message rate"],
  over: ["1.1", "2.0"],
  connections: 20,
  async run(context) {
    const messages = repeated(frame({ opcode: opcode.text, payload: "0123456789" }), 4000);
    const { seen } = await flood(context, messages, { reads: true });
    return { seen };
  },
};

/** @type {Attack} */
export const emptyMessages = {
  name: "empty messages as fast as they go",
  sources: ["budget: message rate"],
  over: ["1.1", "2.0"],
  connections: 20,
  async run(context) {
    const { seen } = await flood(context, repeated(frame({ opcode: opcode.text }), 10_000), { reads: true });
    return { seen };
  },
};

/** @type {Attack} */
export const crowdOfIdlers = {
  name: "thousands of connections that do nothing",
  sources: ["budget: connections"],
  over: ["1.1", "2.0"],
  connections: 4000,
  async run(context) {
    const members = await crowd(context, () => Promise.resolve());
    await pause(60_000, context.signal);
    return { seen: `${members.length} of ${context.connections} connections stood; ${describeCrowd(members)}` };
  },
};

/** A read chunk full of small messages whose last one lacks a byte: what is kept of it must not keep the chunk. */
const PINNING = Buffer.concat([
  repeated(frame({ opcode: opcode.pong, payload: "x".repeat(100) }), 600),
  frame({ opcode: opcode.ping, payload: "kept?" }),
  frameHeader({ opcode: opcode.binary, length: 5 }).subarray(0, 5),
]);

/** @type {Attack} */
export const pinnedChunks = {
  name: "idle sockets whose last small frame came in a large chunk",
  sources: ["ws _mask views", "budget: memory of idle connections"],
  over: ["1.1", "2.0"],
  connections: 2000,
  async run(context) {
    const members = await crowd(context, ({ socket }) => writeAll(socket, PINNING, context.signal));
    await pause(60_000, context.signal);
    return {
      seen: `${members.length} of ${context.connections} stood idle with an incomplete header; ${describeCrowd(members)}`,
    };
  },
};
