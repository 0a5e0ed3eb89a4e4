/**
 * The same bytes for our engine and for the receiver of ws: both have to accept the same, hand over the same messages, and fail
 * with the same close code, except where `known-differences` says why not.
 * The first two bytes choose the role, the limits and the cuts, the rest is the stream.
 */
import { Endpoint } from "../endpoint.js";
import { cut, Input } from "../input.js";
import { knownDifference } from "../known-differences.js";
import { engine } from "../under-test.js";
import { Violation } from "../violation.js";
import { receiveByWs } from "../ws-receiver.js";

/** @typedef {import("../known-differences.js").Verdict} Verdict */

const NEVER = Number.POSITIVE_INFINITY;
/** A stream that ended inside a header would show who looks at it first, and nothing else. */
const HEADER_END = Buffer.alloc(14);

/** @param {Uint8Array} bytes */
export function fuzz(bytes) {
  const { ours, theirs, difference } = compareReceivers(bytes);
  if (difference === "unknown") throw new Violation(`ours: ${JSON.stringify(ours)}; ws: ${JSON.stringify(theirs)}`);
}

/** @param {Uint8Array} bytes
 * @returns {{ ours: Verdict, theirs: Verdict, difference: string | undefined }} the difference's name, "unknown", or undefined */
export function compareReceivers(bytes) {
  const input = new Input(bytes);
  const flags = input.byte();
  const seed = input.byte();
  const stream = Buffer.concat([input.rest(), HEADER_END]);
  const isServer = (flags & 1) === 0;
  const deflates = (flags & 2) !== 0;
  const maxPayload = flags & 4 ? 200 : 1 << 20;
  const maxFragments = flags & 8 ? 4 : 16_384;
  const pieces = flags & 16 ? cut(stream, seed) : [stream];
  const theirs = receiveByWs(pieces, { isServer, deflates, maxPayload, maxFragments });
  const ours = receiveByUs(pieces, {
    role: isServer ? "server" : "client",
    reception: "messages",
    textAs: "bytes",
    deflates,
    automaticPong: false,
    pongIntervalMs: 0,
    heartbeatIntervalMs: NEVER,
    closeAfter: 0,
    intoReadBuffer: true,
    opensLate: false,
    inflatesLate: false,
    limits: { ...engine.DEFAULT_LIMITS, maxMessageBytes: maxPayload, maxFragments },
  });
  const difference = isSame(ours, theirs) ? undefined : (knownDifference(ours, theirs, deflates) ?? "unknown");
  return { ours, theirs, difference };
}

/** @param {readonly Uint8Array[]} pieces
 * @param {import("../endpoint.js").Setup} setup
 * @returns {Verdict} */
function receiveByUs(pieces, setup) {
  const endpoint = new Endpoint(setup);
  for (const piece of pieces) endpoint.receive(piece);
  const { failure: why, happened } = endpoint;
  const closeCode = why === undefined ? undefined : endpoint.end().code;
  return { events: happened, closeCode, why };
}

/** @param {Verdict} ours
 * @param {Verdict} theirs */
function isSame(ours, theirs) {
  return ours.closeCode === theirs.closeCode && ours.events.join("\n") === theirs.events.join("\n");
}
