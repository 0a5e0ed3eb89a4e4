/**
 * What inflater-memory.test.ts runs in a process of its own, with --expose-gc. In: "now" or "later", the limit, and how
 * large the message would become. Out: as JSON on one line, the error's code, the most memory outside the heap that was held,
 * and what is still held as long as the error is kept.
 */
import * as zlib from "node:zlib";
import { WAYS } from "./inflate-ways.ts";

const [way = "", limit = "", size = ""] = process.argv.slice(2);
const inflate = way === "now" ? WAYS[0]?.[1] : WAYS[1]?.[1];
if (inflate === undefined || gc === undefined) throw new Error("now or later, with --expose-gc");
const collect = gc;

// Made in pieces, so that nothing as large as the message is ever there
const piece = Buffer.alloc(1 << 20, "bomb");
const deflater = zlib.createDeflateRaw({ level: 9 });
const compressed: Buffer[] = [];
deflater.on("data", (data: Buffer) => compressed.push(data));
for (let at = 0; at < Number(size); at += piece.length) await new Promise((resolve) => deflater.write(piece, resolve));
await new Promise<void>((resolve) => deflater.flush(zlib.constants.Z_SYNC_FLUSH, resolve));
const data = Buffer.concat(compressed).subarray(0, -4);
// What is made once for the whole process, or for the first message that is given up
await inflate(Buffer.from([0x00]));
await inflate(data.subarray(0, 10_000), { maxBytes: 1 }).catch(() => {});

collect();
const before = process.memoryUsage().arrayBuffers;
let most = 0;
const look = (): void => {
  most = Math.max(most, process.memoryUsage().arrayBuffers - before);
};
const watching = setInterval(look, 1);
let failure: unknown;
try {
  await inflate(data, { maxBytes: Number(limit) });
} catch (error) {
  // Nothing was collected yet of what was held in this turn
  look();
  failure = error;
}
clearInterval(watching);
// Node gives its own up in later turns
for (let turn = 0; turn < 5; turn++) {
  await new Promise((resolve) => setImmediate(resolve));
  collect();
}
const kept = process.memoryUsage().arrayBuffers - before;
console.log(JSON.stringify({ code: Object(failure).code, most, kept, compressed: data.length }));
