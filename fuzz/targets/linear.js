/**
 * Texts that repeat, given to everything that reads a stranger's text: the time has to grow no faster than the length.
 * The input is what is repeated.
 */
import { engine } from "../under-test.js";
import { hold } from "../violation.js";

/** How long a repeated text is; a reader that was quadratic would take a second for it. */
const LONG = 16_384;
const LONGEST_MS = 150;
/** The process does other things, too: the best of so many times counts. */
const TIMES = 4;

/** @param {Uint8Array} bytes */
export function fuzz(bytes) {
  const unit = Buffer.from(bytes).toString("latin1");
  if (unit === "") return;
  const text = unit.repeat(Math.ceil(LONG / unit.length)).slice(0, LONG);
  for (const [name, readText] of READERS) {
    let bestMs = Number.POSITIVE_INFINITY;
    for (let time = 0; time < TIMES && bestMs > LONGEST_MS; time++) {
      // Of this process alone: how long others keep it waiting says nothing
      const start = process.cpuUsage();
      readText(text);
      const { user, system } = process.cpuUsage(start);
      bestMs = Math.min(bestMs, (user + system) / 1_000);
    }
    hold(bestMs <= LONGEST_MS, () => `${name} took ${bestMs} ms for ${JSON.stringify(unit)}`);
  }
}

/** Everything that reads a text of a stranger's. @type {readonly [string, (text: string) => unknown][]} */
const READERS = [
  ["parseExtensions", (text) => engine.parseExtensions(text)],
  ["parseExtensions behind a quote", (text) => engine.parseExtensions(`a; b="${text}`)],
  ["parseTokenList", (text) => engine.parseTokenList(text)],
  ["listIncludes", (text) => engine.listIncludes(text, "upgrade")],
  ["HeaderFields", (text) => engine.HeaderFields.fromRaw([text, text])],
  ["isValidKey", (text) => engine.isValidKey(text)],
  ["readRequestHead", (text) => quietly(() => engine.readRequestHead(text))],
  ["readRequestHead's fields", (text) => quietly(() => engine.readRequestHead(`GET / HTTP/1.1\r\n${text}`))],
  ["readRequestHead's value", (text) => quietly(() => engine.readRequestHead(`GET / HTTP/1.1\r\na:${text}`))],
  ["readRequest", (text) => quietly(() => engine.readRequest(requestWith(text)))],
];

/** @param {string} text */
function requestWith(text) {
  const values = {
    host: "a",
    upgrade: `${text}, websocket`,
    connection: `${text}, upgrade`,
    "sec-websocket-version": "13",
  };
  const more = { "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==", origin: text, "sec-websocket-protocol": text };
  const fields = { ...values, ...more, "sec-websocket-extensions": text };
  const headers = engine.HeaderFields.fromRaw(Object.entries(fields).flat());
  return { method: "GET", httpVersion: "1.1", headers };
}

/** @param {() => unknown} run */
function quietly(run) {
  try {
    run();
  } catch (error) {
    if (!(error instanceof engine.HandshakeError)) throw error;
  }
}
