/**
 * The cases, read from data/ and made ready to be played.
 * In: data/cases.json (format ws-conformance-cases/1) and data/limits.json (format ws-limit-groups/1), whose own texts
 * explain every field. Out: lists of cases; payloads as octets, groups numbered.
 */
import { readFileSync } from "node:fs";
import { EchoScenario } from "./echo-scenario.js";
import { ScriptScenario } from "./script-scenario.js";

/** @typedef {import("./tester.js").TesterEvent} TesterEvent */
/** @typedef {import("./tester.js").Scenario} Scenario */
/** @typedef {import("./frames.js").FrameFields & { payload: Buffer, chop?: number, sync?: true, startsClose?: true }}
 *   Sent */
/** @typedef {(Sent & { op: "frame" }) | (Sent & { op: "begin", length: number }) | (Sent & { op: "data" })} WireStep */
/**
 * @typedef {object} ScriptCase
 * @property {"script"} set
 * @property {string} id
 * @property {string} title
 * @property {readonly (WireStep | { op: "wait", ms: number, tag?: string })[]} steps
 * @property {readonly { verdict: string, events: readonly TesterEvent[] }[]} accept
 * @property {{ by: "tester" | "peer", codes: readonly number[], clean: boolean }} close
 * @property {{ code: number | null }} [thenClose]
 * @property {boolean} [informational]
 * @property {"close" | "fail"} onTimeout
 */
/**
 * @typedef {object} EchoCase
 * @property {"limits"} set
 * @property {string} id
 * @property {string} title
 * @property {"text" | "binary"} type
 * @property {string} data
 * @property {number} streamOctets
 * @property {number} size
 * @property {number} count
 * @property {number} [fragment]
 * @property {number} [chop]
 */
/** @typedef {ScriptCase | EchoCase} Case */

/** Most octets and frames in one message of the limits cases; a server under test must allow them. 4 MiB in fragments
 * of 64 octets end with an empty one. */
export const LARGEST_MESSAGE = 16 * 1024 * 1024;
export const MOST_FRAGMENTS = (4 * 1024 * 1024) / 64 + 1;

/** All cases, in the order of their numbers.
 * @returns {readonly Case[]} */
export function loadCases() {
  return [...scriptCases(), ...limitsCases()];
}

/** @param {Case} testCase
 * @param {{ joined?: boolean }} [options] see ScriptScenario
 * @returns {Scenario} */
export function scenarioOf(testCase, { joined = false } = {}) {
  return testCase.set === "script" ? new ScriptScenario(testCase, joined) : new EchoScenario(testCase);
}

/** A test of ids, made of patterns such as "5.*,6.4.1".
 * @param {string} patterns
 * @returns {(id: string) => boolean} */
export function idFilter(patterns) {
  const alternatives = patterns.split(",").map((pattern) => pattern.replace(/[^\w*]/g, "\\$&").replaceAll("*", ".*"));
  const expression = new RegExp(`^(?:${alternatives.join("|")})$`);
  return (id) => expression.test(id);
}

/** @returns {ScriptCase[]} */
function scriptCases() {
  const { cases } = read("cases.json", "ws-conformance-cases/1");
  for (const one of cases) {
    one.set = "script";
    for (const step of one.steps) if ("payload" in step) step.payload = octetsOf(step.payload);
    for (const event of one.accept.flatMap((/** @type {any} */ alternative) => alternative.events)) {
      if ("payload" in event) event.payload = octetsOf(event.payload);
      if (event.type === "message") event.kind = event.text ? "text" : "binary";
    }
  }
  return cases;
}

/** A field of a group that is a list has one value for each of its cases; any other is the same for all.
 * @returns {EchoCase[]} */
function limitsCases() {
  const { groups, streamOctets } = read("limits.json", "ws-limit-groups/1");
  return groups.flatMap((/** @type {Record<string, any>} */ group) => {
    const most = Math.max(...Object.values(group).map((value) => (Array.isArray(value) ? value.length : 1)));
    return Array.from({ length: most }, (_, i) => {
      const columns = Object.entries(group).map(([name, value]) => [name, Array.isArray(value) ? value[i] : value]);
      const row = {
        count: 1,
        ...Object.fromEntries(columns),
        streamOctets,
        set: "limits",
        id: `${group["id"]}.${i + 1}`,
      };
      return { ...row, title: titleOf(row) };
    });
  });
}

/** @param {any} row */
function titleOf({ count, type, size, fragment, chop }) {
  const messages = `${count} ${type} ${count === 1 ? "message" : "messages"} of ${size} octets`;
  return `${messages}${fragment ? ` in frames of ${fragment}` : ""}${chop ? ` in writes of ${chop}` : ""}`;
}

/** @param {string | { repeat: string, length: number }} payload hex */
function octetsOf(payload) {
  if (typeof payload === "string") return Buffer.from(payload, "hex");
  return Buffer.alloc(payload.length, Buffer.from(payload.repeat, "hex"));
}

/** @param {string} name
 * @param {string} format
 * @returns {any} */
function read(name, format) {
  const data = JSON.parse(readFileSync(new URL(`../data/${name}`, import.meta.url), "utf8"));
  if (data.format !== format) throw new Error(`data/${name} has the format ${data.format}; this reads ${format}`);
  return data;
}
