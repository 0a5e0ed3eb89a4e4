/**
 * Bytes for one endpoint: any stream, in any state of any set-up, cut in any way. What happens may not depend on the cuts.
 * The first four bytes choose the set-up and the cuts, the rest is the stream.
 */
import { checkOutput, Endpoint } from "../endpoint.js";
import { byteByByte, cut, Input } from "../input.js";
import { endsInMessage } from "../plain-frames.js";
import { engine } from "../under-test.js";
import { hold } from "../violation.js";

/** @typedef {import("../endpoint.js").Setup} Setup */

const NEVER = Number.POSITIVE_INFINITY;
/** Longer streams are cut, but not byte by byte. */
const BYTEWISE_UP_TO = 2_048;
/** More things than these cannot become due one after the other while nothing arrives. */
const MOST_DEADLINES = 12;

/** @param {Uint8Array} bytes */
export function fuzz(bytes) {
  const input = new Input(bytes);
  const setup = readSetup(input);
  const seed = input.byte();
  const stream = input.rest();
  const whole = run(setup, [stream]);
  const pieces = run(setup, cut(stream, seed), seed);
  // What has arrived of a frame is what this limit is about
  const isCutSeen = setup.limits.maxIncompleteFrameBytes !== NEVER;
  if (!isCutSeen) compare(whole, pieces, "cut");
  if (!isCutSeen && stream.length <= BYTEWISE_UP_TO) compare(whole, run(setup, byteByByte(stream)), "byte by byte");
  checkDeadline(whole, setup, stream);
  letTimePass(pieces);
  pieces.end();
  if (stream.length % 2 === 1) endHalf(whole);
  whole.end();
}

/** @param {Input} input
 * @returns {Setup} */
export function readSetup(input) {
  const flags = input.byte();
  const sizes = input.byte();
  const more = input.byte();
  return {
    role: flags & 1 ? "client" : "server",
    reception: pick(flags >> 1, ["messages", "fragments", "binary-fragments", "frames"]),
    textAs: flags & 8 ? "bytes" : "string",
    deflates: (flags & 16) !== 0,
    automaticPong: (flags & 32) === 0,
    pongIntervalMs: flags & 64 ? 100 : 0,
    intoReadBuffer: (flags & 128) === 0,
    heartbeatIntervalMs: more & 8 ? 1_000 : NEVER,
    closeAfter: more & 7,
    opensLate: (more & 16) !== 0,
    inflatesLate: (more & 32) !== 0,
    limits: {
      ...engine.DEFAULT_LIMITS,
      maxMessageBytes: pick(sizes, [1 << 20, 64, 300, 1_000]),
      maxFragments: pick(sizes >> 2, [16_384, 1, 3, 8]),
      maxFrameBytes: pick(sizes >> 4, [NEVER, 10, 125, 200]),
      maxAssembledBytes: pick(sizes >> 6, [NEVER, 50, NEVER, NEVER]),
      maxIncompleteFrameBytes: pick(sizes >> 6, [NEVER, NEVER, 20, NEVER]),
      maxPendingPongs: pick(sizes >> 6, [1_024, 1_024, 1_024, 2]),
    },
  };
}

/** @template T
 * @param {number} bits of which the lowest two count
 * @param {readonly [T, T, T, T]} list
 * @returns {T} */
function pick(bits, list) {
  return list[/** @type {0 | 1 | 2 | 3} */ (bits & 3)];
}

/** @param {Setup} setup
 * @param {readonly Uint8Array[]} pieces
 * @param {number} [seed] by which some events are taken later */
function run(setup, pieces, seed = 0) {
  const endpoint = new Endpoint(setup);
  for (const [index, piece] of pieces.entries()) {
    if (index > 0 && index === pieces.length >> 1 && setup.opensLate) endpoint.protocol.opened(0);
    endpoint.receive(piece, seed < 128 || ((index * 0x9e3779b1) >>> 8) % 3 !== 0);
  }
  endpoint.finish();
  const frames = checkOutput(endpoint, setup.role);
  const close = frames.find((frame) => frame.opcode === 8);
  if (endpoint.failure !== undefined && setup.closeAfter === 0) {
    hold(close !== undefined, () => `no Close frame says ${endpoint.failure}`);
  }
  return endpoint;
}

/** @param {Endpoint} whole
 * @param {Endpoint} other
 * @param {string} how */
function compare(whole, other, how) {
  hold(whole.failure === other.failure, () => `whole it fails with ${whole.failure}, ${how} with ${other.failure}`);
  hold(
    whole.happened.join("\n") === other.happened.join("\n"),
    () => `whole there are ${JSON.stringify(whole.happened)}, ${how} there are ${JSON.stringify(other.happened)}`,
  );
  hold(whole.output.equals(other.output), () => `${how} it answers otherwise`);
}

/** An incomplete message has to have an end in time; where nothing is incomplete, nothing is due.
 * @param {Endpoint} endpoint
 * @param {Setup} setup
 * @param {Uint8Array} stream */
function checkDeadline({ protocol }, setup, stream) {
  if (!protocol.open) return;
  const isDue = protocol.nextDeadlineMs !== NEVER;
  if (endsInMessage(stream)) {
    hold(isDue, "an incomplete message may stay so for ever");
    if (setup.heartbeatIntervalMs === NEVER && setup.pongIntervalMs === 0) checkHold(protocol);
  } else if (setup.heartbeatIntervalMs === NEVER && setup.pongIntervalMs === 0)
    hold(!isDue, "something is due for nothing");
}

/** While this end does not read, the peer's message is not late.
 * @param {import("../endpoint.js").Protocol} protocol */
function checkHold(protocol) {
  const dueMs = protocol.nextDeadlineMs;
  protocol.hold(true, 0);
  hold(protocol.nextDeadlineMs === NEVER, "a message is due though nobody reads");
  protocol.hold(false, 500);
  hold(protocol.nextDeadlineMs === dueMs + 500, "a message is due too early after a pause");
}

/** The peer ends its side of the transport: nothing more is accepted, and it comes to an end in time.
 * @param {Endpoint} endpoint */
function endHalf(endpoint) {
  const { protocol } = endpoint;
  protocol.receiveEnd(600);
  hold(protocol.state === "closed", "it goes on after the peer's end");
  hold(protocol.transportWish !== "keep", "the transport is kept after the peer's end");
  letTimePass(endpoint);
}

/** @param {Endpoint} endpoint */
function letTimePass(endpoint) {
  const { protocol } = endpoint;
  for (let count = 0; ; count++) {
    const dueMs = protocol.nextDeadlineMs;
    if (dueMs === NEVER) break;
    hold(count < MOST_DEADLINES, "there is always something due");
    for (let calls = 0; protocol.nextDeadlineMs <= dueMs; calls++) {
      hold(calls < 4, "it stays due however often it is done");
      protocol.tick(dueMs);
    }
    endpoint.takeEvents();
  }
  hold(protocol.nextDeadlineMs === NEVER || protocol.transportWish !== "keep", "time has no end");
}
