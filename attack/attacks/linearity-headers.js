/** Header values that made readers take quadratic time or worse: the time of the answer is measured at growing lengths. */
import { describeGrowth, LENGTHS, Linearity } from "../linearity.js";
import { connectToAsk } from "../wire/ask.js";

/** @typedef {import("../attack.js").Attack} Attack */
/** @typedef {import("../attack.js").AttackContext} AttackContext */

/** An answer that is waited for so long is late, whatever ends the wait. */
const BROKEN_OFF_MS = 500;
/** How long is measured before the attack's own time begins, at most. */
const MOST_PATIENCE_MS = 20_000;

/** A text of about `length` characters: `before`, as many `part` as fit, `after`.
 * @param {number} length
 * @param {string} part
 * @param {string} before
 * @param {string} after */
const fill = (length, part, before, after) =>
  before + part.repeat(Math.ceil((length - before.length - after.length) / part.length)) + after;

/** What the others are compared with. */
const HARMLESS = "letters";
const LETTERS = /** @type {const} */ (["", "a", ""]);

/** What stands before, again and again, and behind. @type {Readonly<Record<string, readonly [before: string, part: string, after: string]>>} */
const SHAPES = {
  "an unclosed quoted string of \\c pairs": ['a;b="', "\\c", ""],
  "a quoted string of \\c pairs": ['a;b="', "\\c", '"'],
  "an unclosed quoted string": ['a;b="', "c", ""],
  quotes: ['"', '"', '"'],
  "spaces between two tokens": ["a", " ", "b"],
  "tabs between two tokens": ["a", "\t", "b"],
  commas: ["a", ",", "b"],
  "commas with spaces and tabs": ["a", " ,\t", "b"],
  "a token and spaces, without a comma at the end": ["a", " a", "="],
  semicolons: ["a", ";", "b"],
  "pairs without end": ["", "a=b; ", "="],
  "equals signs": ["a", "=", ";"],
  colons: ["a", ":", "b"],
  brackets: ["[", "[", "]"],
  "percent signs": ["", "%2", ""],
};

/** @param {string} header
 * @returns {Attack["run"]} */
function measure(header) {
  return async ({ target, signal, prepare }) => {
    const linearity = new Linearity(Object.keys(SHAPES));
    let answers = 0;
    const goOn = async (/** @type {() => boolean} */ isOver) => {
      while (!isOver() && !signal.aborted) {
        const shape = linearity.next();
        // Side by side, so that what slows the machine down slows both
        const times = await timesOf(target, header, shape, signal);
        const harmless = await timesOf(target, header, HARMLESS, signal);
        if (times === undefined || harmless === undefined) continue;
        linearity.add(shape, times, harmless);
        answers += 2 * LENGTHS.length;
      }
    };
    // On a machine that is busy with something else the time would not do for a verdict
    const patience = AbortSignal.timeout(MOST_PATIENCE_MS);
    await prepare(goOn(() => linearity.isDecided || patience.aborted));
    await goOn(() => false);
    return verdict(linearity, answers);
  };
}

/** The times of all lengths; undefined where one is missing.
 * @param {import("../attack.js").Target} target
 * @param {string} header
 * @param {string} shape
 * @param {AbortSignal} signal */
async function timesOf(target, header, shape, signal) {
  const [before, part, after] = SHAPES[shape] ?? LETTERS;
  const times = new Map();
  for (const length of LENGTHS) {
    const ms = await timeOf(target, { [header]: fill(length, part, before, after) }, signal);
    if (ms === undefined) return undefined;
    times.set(length, ms);
  }
  return times;
}

/** How long the server took to answer; undefined where that is not known.
 * @param {import("../attack.js").Target} target
 * @param {Record<string, string>} headers
 * @param {AbortSignal} signal */
async function timeOf(target, headers, signal) {
  const asking = await connectToAsk(target, signal).catch(() => undefined);
  if (asking === undefined) return undefined;
  const start = performance.now();
  const { silent } = await asking({ headers });
  const ms = performance.now() - start;
  // What was broken off by the end of the attack says nothing, unless it was broken off late
  return silent && ms < BROKEN_OFF_MS ? undefined : ms;
}

/** @param {Linearity} linearity
 * @param {number} answers */
function verdict(linearity, answers) {
  const growths = linearity.growths();
  const [worst] = growths;
  const seen = `${answers.toLocaleString("en")} answers${worst === undefined ? "" : `; ${describeGrowth(worst)}`}`;
  const quadratic = growths.filter((one) => one.verdict === "faster").map(describeGrowth);
  return quadratic.length === 0 ? { seen } : { seen, failed: `not linear: ${quadratic.join("; ")}` };
}

/** @type {Pick<Attack, "over" | "connections">} */
const OVER_BOTH = { over: ["1.1", "2.0"], connections: 1 };

/** @type {Attack} */
export const slowExtensions = {
  name: "ReDoS: Sec-WebSocket-Extensions of 1,000 to 15,000 characters",
  sources: ["CVE-2020-7662"],
  ...OVER_BOTH,
  run: measure("Sec-WebSocket-Extensions"),
};

/** @type {Attack} */
export const slowSubprotocols = {
  name: "ReDoS: Sec-WebSocket-Protocol of 1,000 to 15,000 characters",
  sources: ["CVE-2021-32640"],
  ...OVER_BOTH,
  run: measure("Sec-WebSocket-Protocol"),
};

/** @type {Attack} */
export const slowCookies = {
  name: "ReDoS: Cookie of 1,000 to 15,000 characters",
  sources: ["CVE-2020-7662, in another header"],
  ...OVER_BOTH,
  run: measure("Cookie"),
};

/** @type {Attack} */
export const slowHosts = {
  name: "ReDoS: Host, or :authority, of 1,000 to 15,000 characters",
  sources: ["CVE-2026-61666"],
  ...OVER_BOTH,
  run: measure("Host"),
};

/** @type {Attack} */
export const slowOrigins = {
  name: "ReDoS: Origin of 1,000 to 15,000 characters",
  sources: ["CVE-2020-7662, in another header"],
  ...OVER_BOTH,
  run: measure("Origin"),
};

/** @type {Attack} */
export const slowConnection = {
  name: "ReDoS: Connection of 1,000 to 15,000 characters",
  sources: ["CVE-2021-32640, in another header"],
  ...{ over: ["1.1"], connections: 1 },
  run: measure("Connection"),
};
