/**
 * The cases, read from data/ and made ready to be played.
 * In: data/cases.json (format ws-conformance-cases/1), data/limits.json (ws-limit-groups/1) and data/deflate.json
 * (ws-deflate-groups/1), whose own texts explain every field. Out: lists of cases; payloads as octets, groups numbered.
 */
import { readFileSync } from "node:fs";
import { EchoScenario } from "./echo-scenario.js";
import { ScriptScenario } from "./script-scenario.js";

/** @typedef {import("./tester.js").TesterEvent} TesterEvent */
/** @typedef {import("./tester.js").Scenario} Scenario */
/** @typedef {import("./compression.js").Compression} Compression */
/** @typedef {import("./deflate-negotiation.js").Parameters} Parameters */
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
 * @typedef {object} Echoes
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
/** @typedef {Echoes & { set: "limits" }} LimitsCase */
/** @typedef {Echoes & { set: "deflate", offers: readonly string[], asks: readonly Parameters[] }} DeflateCase */
/** @typedef {LimitsCase | DeflateCase} EchoCase */
/** @typedef {ScriptCase | EchoCase} Case */
/** `joined`: see ScriptScenario. `compression`: what was agreed on, for a deflate case. `demanding`: whether a peer that
 * compresses nothing fails, which it may do if it likes (RFC 7692 §6).
 * @typedef {{ joined?: boolean, compression?: Compression | undefined, demanding?: boolean }} Manner */

/** Fields of a group. @typedef {Record<string, any>} Columns */

/** Most octets and frames in one message of the limits cases; a server under test must allow them. 4 MiB in fragments
 * of 64 octets end with an empty one. */
export const LARGEST_MESSAGE = 16 * 1024 * 1024;
export const MOST_FRAGMENTS = (4 * 1024 * 1024) / 64 + 1;

/** All cases, in the order of their numbers.
 * @returns {readonly Case[]} */
export function loadCases() {
  return [...scriptCases(), ...limitsCases(), ...deflateCases()];
}

/** @param {Case} testCase
 * @param {Manner} [manner]
 * @returns {Scenario} */
export function scenarioOf(testCase, { joined = false, compression, demanding = false } = {}) {
  if (testCase.set === "script") return new ScriptScenario(testCase, joined);
  return new EchoScenario(testCase, compression, demanding);
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

/** @returns {LimitsCase[]} */
function limitsCases() {
  const { groups, streamOctets } = read("limits.json", "ws-limit-groups/1");
  return groups.flatMap((/** @type {Columns} */ group) =>
    numbered(group["id"], rowsOf(group), { set: "limits", count: 1, streamOctets }),
  );
}

/** @returns {DeflateCase[]} */
function deflateCases() {
  const { groups, messages, count, streamOctets } = read("deflate.json", "ws-deflate-groups/1");
  return groups.flatMap((/** @type {Columns} */ group) =>
    numbered(group["id"], rowsOf(messages), { ...group, set: "deflate", count, streamOctets }),
  );
}

/** A field that is a list has one value for each row; any other is the same for all.
 * @param {Columns} columns
 * @returns {Columns[]} */
function rowsOf(columns) {
  const most = Math.max(...Object.values(columns).map((value) => (Array.isArray(value) ? value.length : 1)));
  return Array.from({ length: most }, (_, i) =>
    Object.fromEntries(Object.entries(columns).map(([name, value]) => [name, Array.isArray(value) ? value[i] : value])),
  );
}

/** @param {string} group
 * @param {Columns[]} rows
 * @param {Columns} common what all cases have unless their row says otherwise
 * @returns {any[]} */
function numbered(group, rows, common) {
  return rows.map((row, i) => {
    const one = { ...common, ...row, id: `${group}.${i + 1}` };
    return { ...one, title: titleOf(one) };
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
