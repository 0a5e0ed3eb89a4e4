/**
 * Plays one case against a peer. In: a case. Out: whether it passed, and what was seen instead.
 */
import { expect, Mismatch, NotOffered } from "../wire/mismatch.js";
import { describeChange } from "../wire/request.js";
import { Tunnel } from "../wire/tunnel.js";
import { describeOutcome, outcomeOf, Peer } from "./peer.js";

/** What must become of a request: a WebSocket; no WebSocket; malformed, which is no WebSocket either; or any of these.
 * @typedef {"accepted" | "refused" | "malformed" | "either"} Verdict */
/**
 * A case. It has a `request` and an `answer`, or it is `play`ed.
 * @typedef {object} CaseBase
 * @property {string} id the RFC, its section, and a number within
 * @property {string} section
 * @property {string} title
 */
/**
 * @typedef {CaseBase & { request: import("../wire/request.js").RequestChange, answer: Verdict, check?: AnswerCheck, checked?: string }} RequestCase
 * @typedef {CaseBase & { sent: string, expected: string, play: (peer: Peer) => Promise<void> }} PlayedCase
 * @typedef {RequestCase | PlayedCase} Case
 * @typedef {(stream: import("../wire/stream.js").Stream, outcome: import("./peer.js").Outcome) => void} AnswerCheck throws
 *   Mismatch where the answer is wrong, NotOffered where it says too little
 */
/**
 * @typedef {object} Result
 * @property {string} id
 * @property {string} section
 * @property {string} title
 * @property {"passed" | "failed" | "known" | "not offered"} result known: it failed, and was expected to
 * @property {string} sent
 * @property {string} expected
 * @property {string} [seen] where it did not pass
 * @property {number} ms
 */

/** @type {Readonly<Record<Verdict, string>>} */
const EXPECTED = {
  accepted: "status 2xx without END_STREAM, then an echo",
  refused: "a status from 300 on, RST_STREAM, or the end of the connection; others are still served",
  malformed: "RST_STREAM, a status from 400 on, or a connection error (RFC 9113 §8.1.1); others are still served",
  either: "a WebSocket that echoes, a refusal, or RST_STREAM; others are still served",
};

/** @param {Case} one
 * @param {import("./target.js").Target} target
 * @param {{ idleMs: number, insecure: boolean }} options
 * @returns {Promise<Result>} */
export async function playCase(one, target, options) {
  const { id, section, title } = one;
  const peer = new Peer(target, options);
  const startMs = performance.now();
  const text = "play" in one ? { sent: one.sent, expected: one.expected } : textOf(one);
  const done = (/** @type {Result["result"]} */ result, /** @type {string} */ seen) => {
    const about = seen === "" ? {} : { seen };
    return { id, section, title, result, ...text, ...about, ms: Math.round(performance.now() - startMs) };
  };
  try {
    await ("play" in one ? one.play(peer) : playRequest(one, peer));
    const [violation] = peer.violations;
    expect(violation === undefined, String(violation));
    return done("passed", "");
  } catch (error) {
    if (error instanceof NotOffered) return done("not offered", error.message);
    if (!(error instanceof Mismatch)) throw error;
    return done("failed", [error.message, ...peer.violations].filter(isFirst).join("; "));
  } finally {
    peer.close();
  }
}

/** @param {RequestCase} one */
function textOf({ request, answer, checked }) {
  const also = checked === undefined ? "" : `; ${checked}`;
  return { sent: describeChange(request), expected: EXPECTED[answer] + also };
}

/** @param {RequestCase} one
 * @param {Peer} peer */
async function playRequest({ request, answer, check }, peer) {
  const connection = await peer.dial();
  const stream = peer.ask(connection, request);
  const outcome = await outcomeOf(connection, stream);
  const seen = describeOutcome(connection, stream);
  if (answer === "accepted") expect(outcome === "accepted", seen);
  if (answer === "refused" || answer === "malformed") expect(outcome !== "accepted", seen);
  if (answer === "malformed") expect(outcome !== "refused" || stream.status >= 400, seen);
  if (outcome === "accepted") {
    expect(!stream.endedWithResponse, `${seen} with the response`);
    await new Tunnel(connection, stream).echo("hello").catch((error) => {
      // A request may also turn out to be malformed when its DATA comes (RFC 9113 §8.1.1)
      if (answer !== "either" || stream.reset === undefined) throw error;
    });
  }
  check?.(stream, outcome);
  if (answer !== "accepted") await peer.expectAlive(connection);
}

/** @param {string} text
 * @param {number} index
 * @param {string[]} all */
function isFirst(text, index, all) {
  return all.indexOf(text) === index;
}
