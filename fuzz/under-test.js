/**
 * What is fuzzed, in its CommonJS build, whose branches the fuzzer's hooks can count. The files are taken by path, because
 * some of them are not for applications.
 */
import { createRequire } from "node:module";
import path from "node:path";

/** Where the build lies: ours, or a copy with a fault, to see that the fault is found. */
const folder = process.env["FUZZ_BUILD"] ?? path.join(import.meta.dirname, "../core/dist/cjs");
const load = createRequire(path.join(folder, "index.js"));

/** @type {typeof import("../core/dist/cjs/engine/index.js")} */
export const engine = load("./engine/index.js");
/** @type {typeof import("../core/dist/cjs/node/connection/node-platform.js")} */
export const { nodePlatform } = load("./node/connection/node-platform.js");
/** @type {typeof import("../core/dist/cjs/node/transport/read-memory.js")} */
export const { readBuffer } = load("./node/transport/read-memory.js");
/** @type {typeof import("../core/dist/cjs/node/compression/codec.js")} */
export const { Codec } = load("./node/compression/codec.js");
/** @type {typeof import("../core/dist/cjs/node/compression/deflate-scheme.js")} */
export const { DeflateScheme } = load("./node/compression/deflate-scheme.js");
/** @type {typeof import("../core/dist/cjs/node/compression/history.js")} */
export const { History } = load("./node/compression/history.js");
/** @type {typeof import("../core/dist/cjs/node/compression/inflated.js")} */
export const { Past, peersFault } = load("./node/compression/inflated.js");
/** @type {typeof import("../core/dist/cjs/node/compression/public-inflation.js")} */
export const { PublicInflation } = load("./node/compression/public-inflation.js");
/** @type {typeof import("../core/dist/cjs/node/server/socket-reader.js")} */
export const { SocketReader } = load("./node/server/socket-reader.js");
