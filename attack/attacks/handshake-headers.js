/** Attacks with the headers of the opening handshake: too many, too long, missing, twice or wrong. */
import { handshake, openMany, openSocket, pause, readResponse, requestText, writeAll } from "../wire/http1.js";

/** @typedef {import("../attack.js").Attack} Attack */

/** How long a server may take to end what cannot go on. */
const REACTION_MS = 3000;
/** A head longer than this is read by nobody in good faith. */
const FAR_TOO_LONG = 4 << 20;

/** @type {Attack} */
export const manyHeaders = {
  name: "thousands of headers before those of the handshake",
  sources: ["CVE-2024-37890", "budget: header count"],
  over: ["1.1"],
  connections: 5,
  async run({ target, connections, signal }) {
    /** @type {Map<string, number>} */
    const answers = new Map();
    const one = async (/** @type {number} */ count) => {
      const filler = Array.from({ length: count }, (_, index) => [`a${index.toString(36)}`, "b"]);
      const { socket, response } = await handshake(target, { headers: Object.fromEntries(filler), signal });
      const answer = `${count}: ${response?.statusCode ?? "no answer"}`;
      answers.set(answer, (answers.get(answer) ?? 0) + 1);
      socket.destroy();
    };
    while (!signal.aborted) {
      for (const count of [2000, 2001, 2100, 1995, 8000, 1500, 500]) {
        await openMany(connections, () => one(count)); // those that are reset have no answer to count
      }
      await pause(50, signal);
    }
    return { seen: `answers by headers sent: ${[...answers.keys()].join(", ")}` };
  },
};

/** @type {Attack} */
export const endlessHeader = {
  name: "a header that never ends",
  sources: ["CVE-2026-54465", "budget: header bytes"],
  over: ["1.1"],
  connections: 200,
  async run({ target, connections, signal }) {
    const piece = "x".repeat(16 << 10);
    let endured = 0;
    /** @type {Map<string, number>} */
    const answers = new Map();
    const one = async () => {
      const socket = await openSocket(target, { signal });
      let answer = "";
      const ended = readResponse(socket).then(({ response }) => {
        answer = String(response?.statusCode ?? "none, but the end");
      });
      socket.write(requestText(target).replace(/\r\n$/, "X-Endless: "));
      for (let sent = 0; sent < FAR_TOO_LONG && answer === ""; sent += piece.length) {
        if (!(await writeAll(socket, piece, signal))) break;
        await new Promise((resolve) => setImmediate(resolve));
      }
      await Promise.race([ended, pause(REACTION_MS, new AbortController().signal)]);
      if (answer === "") endured++;
      else answers.set(answer, (answers.get(answer) ?? 0) + 1);
      socket.destroy();
    };
    while (!signal.aborted) await openMany(connections, one);
    const seen = `answers: ${[...answers].map(([key, count]) => `${key} ×${count}`).join(", ")}`;
    return endured === 0
      ? { seen }
      : { seen, failed: `${endured} times ${FAR_TOO_LONG >> 20} MiB of one header were heard out` };
  },
};

/** Each of the handshake's headers missing, twice, or wrong; whether a 101 would be a fault (RFC 6455 §4.2.1).
 * @type {readonly { what: string, parts: import("../wire/http1.js").RequestParts, fault: boolean }[]} */
const WRONG_HEADERS = [
  { what: "no Host", parts: { headers: { Host: undefined } }, fault: true },
  { what: "no Upgrade", parts: { headers: { Upgrade: undefined } }, fault: true },
  { what: "no Connection", parts: { headers: { Connection: undefined } }, fault: true },
  { what: "no key", parts: { headers: { "Sec-WebSocket-Key": undefined } }, fault: true },
  { what: "no version", parts: { headers: { "Sec-WebSocket-Version": undefined } }, fault: true },
  { what: "another Upgrade", parts: { headers: { Upgrade: "h2c" } }, fault: true },
  { what: "a short key", parts: { headers: { "Sec-WebSocket-Key": "AAAA" } }, fault: true },
  { what: "an empty key", parts: { headers: { "Sec-WebSocket-Key": "" } }, fault: true },
  {
    what: "a key twice",
    parts: { headers: { "Sec-WebSocket-Key": [..."AB"].map((one) => `${one.repeat(22)}==`) } },
    fault: true,
  },
  { what: "version 12", parts: { headers: { "Sec-WebSocket-Version": "12" } }, fault: true },
  { what: "version 13 and 8", parts: { headers: { "Sec-WebSocket-Version": ["13", "8"] } }, fault: true },
  { what: "two hosts", parts: { headers: { Host: ["localhost", "example.com"] } }, fault: false },
  { what: "two Upgrades", parts: { headers: { Upgrade: ["websocket", "h2c"] } }, fault: false },
  { what: "two Connections", parts: { headers: { Connection: ["Upgrade", "close"] } }, fault: false },
  { what: "two Origins", parts: { headers: { Origin: ["http://a.example", "http://b.example"] } }, fault: false },
  { what: "two subprotocols", parts: { headers: { "Sec-WebSocket-Protocol": ["a", "a"] } }, fault: false },
  { what: "an empty subprotocol", parts: { headers: { "Sec-WebSocket-Protocol": "" } }, fault: false },
  { what: "empty extensions", parts: { headers: { "Sec-WebSocket-Extensions": ["", ","] } }, fault: false },
];

/** @type {Attack} */
export const wrongHeaders = {
  name: "each header of the handshake missing, twice or wrong",
  sources: ["RFC 6455 §4.2.1"],
  over: ["1.1"],
  connections: 10,
  async run({ target, connections, signal }) {
    /** @type {Set<string>} */
    const faults = new Set();
    let asked = 0;
    while (!signal.aborted) {
      for (const { what, parts, fault } of WRONG_HEADERS) {
        await openMany(connections, async () => {
          const { socket, response } = await handshake(target, { ...parts, signal });
          asked++;
          socket.destroy();
          if (fault && response?.statusCode === 101) faults.add(what);
        });
      }
    }
    const seen = `${asked} requests of ${WRONG_HEADERS.length} kinds`;
    return faults.size === 0 ? { seen } : { seen, failed: `answered with 101: ${[...faults].join(", ")}` };
  },
};
