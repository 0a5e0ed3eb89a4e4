/** Attacks with single frames that no client may send. */
import { crowd, describeCrowd } from "../wire/crowd.js";
import { closePayload, frame, opcode, repeated } from "../wire/frames.js";
import { closed, pause, writeAll } from "../wire/http1.js";

/** @typedef {import("../attack.js").Attack} Attack */
/** @typedef {import("../attack.js").AttackContext} AttackContext */
/** @typedef {import("../attack.js").Sighting} Sighting */

/** How long a server may take to end what cannot go on. */
const REACTION_MS = 3000;

/** Plays each wrong frame on connections of its own until the time is over. One that is neither answered with a Close frame nor
 * ended, or whose later message is echoed, is the server's failure.
 * @param {AttackContext} context
 * @param {Readonly<Record<string, Buffer>>} wrong
 * @returns {Promise<Sighting>} */
async function mustFail(context, wrong) {
  const { signal } = context;
  const later = frame({ opcode: opcode.text, payload: "later" });
  /** @type {Set<string>} */
  const taken = new Set();
  /** @type {import("../wire/crowd.js").Member[]} */
  const all = [];
  const names = Object.keys(wrong);
  do {
    const members = await crowd({ ...context, connections: context.connections * names.length }, async (member) => {
      const { socket, index } = member;
      const what = names[index % names.length] ?? "";
      const patience = AbortSignal.timeout(REACTION_MS);
      socket.once("end", () => socket.end());
      await writeAll(socket, Buffer.concat([wrong[what] ?? Buffer.of(), later]), patience);
      while (!patience.aborted && !member.over && member.closeCode === undefined) await pause(10, patience);
      if (member.messages.includes("later")) taken.add(`${what} (and the message behind it was echoed)`);
      else if (!member.over && member.closeCode === undefined) taken.add(what);
      await closed(socket, AbortSignal.timeout(100));
      socket.destroy();
    });
    all.push(...members);
  } while (!signal.aborted && taken.size === 0);
  const seen = describeCrowd(all);
  return taken.size === 0 ? { seen } : { seen, failed: `not failed within 3 s: ${[...taken].join(", ")}` };
}

const LENGTHS = { "2^31": 1n << 31n, "2^32": 1n << 32n, "2^53": 1n << 53n, "2^53 − 1": (1n << 53n) - 1n };
const WIDE_LENGTHS = { "2^63 − 1": (1n << 63n) - 1n, "2^63": 1n << 63n, "2^64 − 1": (1n << 64n) - 1n };

/** @type {Attack} */
export const lengthOverflows = {
  name: "declared lengths of 2^31 and more",
  sources: ["CVE-2016-10542", "CVE-2026-1528", "CVE-2026-54466", "budget: message bytes"],
  over: ["1.1", "2.0"],
  connections: 5,
  run: (context) =>
    mustFail(
      context,
      Object.fromEntries(
        Object.entries({ ...LENGTHS, ...WIDE_LENGTHS }).flatMap(([name, length]) => [
          [name, frame({ opcode: opcode.binary, length, payload: "x".repeat(200) })],
          [`${name} in a fragment`, fragmentOf(length)],
        ]),
      ),
    ),
};

/** A length that is too much only with what was there before it.
 * @param {bigint} length */
function fragmentOf(length) {
  const first = frame({ opcode: opcode.text, fin: false, payload: "x".repeat(1000) });
  return Buffer.concat([first, frame({ opcode: opcode.continuation, length, payload: "x".repeat(200) })]);
}

/** @type {Attack} */
export const wrongFrames = {
  name: "frames that no client may send",
  sources: ["CVE-2026-59725", "RFC 6455 §5"],
  over: ["1.1", "2.0"],
  connections: 5,
  run: (context) =>
    mustFail(context, {
      RSV1: frame({ opcode: opcode.text, rsv1: true, payload: "x" }),
      RSV2: frame({ opcode: opcode.text, rsv2: true, payload: "x" }),
      RSV3: frame({ opcode: opcode.text, rsv3: true, payload: "x" }),
      "RSV2 on a ping": frame({ opcode: opcode.ping, rsv2: true }),
      unmasked: frame({ opcode: opcode.text, mask: false, payload: "x" }),
      "opcode 3": frame({ opcode: 3, payload: "x" }),
      "opcode 11": frame({ opcode: 11, payload: "x" }),
      "opcode 15": frame({ opcode: 15, payload: "x" }),
      "a ping in fragments": frame({ opcode: opcode.ping, fin: false, payload: "x" }),
      "a ping of 126 bytes": frame({ opcode: opcode.ping, payload: "x".repeat(126) }),
      "a ping of 2^63 bytes": frame({ opcode: opcode.ping, length: 1n << 63n }),
      "a continuation of nothing": frame({ opcode: opcode.continuation, payload: "x" }),
      "a text within a text": repeated(frame({ opcode: opcode.text, fin: false, payload: "x" }), 2),
      "bad UTF-8": frame({ opcode: opcode.text, payload: Buffer.from([0xc0, 0x80]) }),
    }),
};

/** @type {Attack} */
export const wrongClose = {
  name: "Close frames that no client may send, with data behind them",
  sources: ["RFC 6455 §5.5.1", "RFC 6455 §7.4"],
  over: ["1.1", "2.0"],
  connections: 5,
  run: (context) =>
    mustFail(context, {
      "one byte": frame({ opcode: opcode.close, payload: "x" }),
      ...Object.fromEntries(
        [0, 999, 1004, 1005, 1006, 1015, 5000, 65_535].map((code) => [
          `code ${code}`,
          frame({ opcode: opcode.close, payload: closePayload(code) }),
        ]),
      ),
      "a reason that is no UTF-8": frame({ opcode: opcode.close, payload: closePayload(1000, Buffer.from([0xff])) }),
      "126 bytes": frame({ opcode: opcode.close, payload: closePayload(1000, "x".repeat(124)) }),
      "in fragments": frame({ opcode: opcode.close, fin: false, payload: closePayload(1000) }),
      "a proper one": frame({ opcode: opcode.close, payload: closePayload(1000, "bye") }),
      two: repeated(frame({ opcode: opcode.close, payload: closePayload(1000) }), 2),
    }),
};

/** @type {Attack} */
export const closeAndStay = {
  name: "a Close frame, and then data without end on a socket that stays",
  sources: ["budget: closing handshake"],
  over: ["1.1", "2.0"],
  connections: 200,
  async run(context) {
    const { signal } = context;
    const close = frame({ opcode: opcode.close, payload: closePayload(1000) });
    const more = frame({ opcode: opcode.binary, payload: Buffer.alloc(64 << 10) });
    let taken = 0;
    const members = await crowd(
      context,
      async ({ socket, index }) => {
        let goesOn = await writeAll(socket, close, signal);
        while (goesOn && (index & 1) === 1) {
          goesOn = await writeAll(socket, more, signal);
          if (goesOn) taken += more.length;
        }
        await closed(socket, signal);
      },
      { reads: false },
    );
    return { seen: `${Math.round(taken / 2 ** 20)} MiB sent behind it; ${describeCrowd(members)}` };
  },
};

/** @type {Attack} */
export const foreignMemory = {
  name: "answers that may hold nothing but what was asked",
  sources: ["CVE-2016-10518", "CVE-2026-45736"],
  over: ["1.1", "2.0"],
  connections: 20,
  async run(context) {
    const { signal } = context;
    let asked = 0;
    /** @type {Set<string>} */
    const wrong = new Set();
    do {
      const members = await crowd(
        context,
        async ({ socket, index }) => {
          const sizes = Array.from({ length: 126 }, (_, size) => size);
          const pings = sizes.map((size) => frame({ opcode: opcode.ping, payload: Buffer.alloc(size, size) }));
          const code = 1000 + (index % 4);
          const reason = "r".repeat(index * 6);
          const close = frame({ opcode: opcode.close, payload: index === 0 ? "" : closePayload(code, reason) });
          asked += sizes.length + 1;
          await writeAll(socket, Buffer.concat([...pings, close]), signal);
          await closed(socket, AbortSignal.timeout(REACTION_MS));
          socket.destroy();
        },
        {
          inspect: (received, { index }) => {
            const what = foreign(received, index);
            if (what) wrong.add(what);
          },
        },
      );
      if (members.some(({ pongs }) => pongs > 126)) wrong.add("more pongs than pings");
    } while (!signal.aborted && wrong.size === 0);
    const seen = `${asked} pings and Close frames of all lengths`;
    return wrong.size === 0 ? { seen } : { seen, failed: [...wrong].slice(0, 3).join("; ") };
  },
};

/** What is in a frame that we have not sent.
 * @param {import("../wire/frames.js").ReceivedFrame} received
 * @param {number} index */
function foreign({ opcode: kind, payload }, index) {
  if (kind === opcode.pong && payload.some((byte) => byte !== payload.length))
    return `a pong of ${payload.toString("hex")}`;
  if (kind !== opcode.close || payload.length < 2) return undefined;
  if (payload.readUInt16BE(0) !== 1000 + (index % 4) && index !== 0) return `the close code ${payload.readUInt16BE(0)}`;
  const reason = payload.toString("latin1", 2);
  return reason === "" || reason === "r".repeat(index * 6) ? undefined : `the reason ${JSON.stringify(reason)}`;
}
