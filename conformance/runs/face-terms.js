/**
 * On what terms each face is played: what its API can ask for, which cases its programs can echo, and where it ends a
 * connection otherwise than the cases want it, on purpose. Whatever is not said here is as with polysocket itself.
 */

/** @typedef {import("../tester/cases.js").Case} Case */
/** @typedef {import("./plan.js").Carrier} Carrier */
/** @typedef {import("./plan.js").End} End */
/** A drop-in replacement that has an echo endpoint here.
 * @typedef {"websocket" | "nodejs-websocket" | "jadsonlucena-websocket" | "jellysocket" | "jsh-ws"} Face */
/**
 * @typedef {object} Terms
 * @property {readonly End["target"][]} targets
 * @property {readonly (8 | 13)[]} versions
 * @property {(target: End["target"], carrier: Carrier | undefined) => boolean} goesOver
 * @property {(set: Case["set"], target: End["target"], carrier: Carrier | undefined) => boolean} [needs] sets that are played; all
 *   if it does not say
 * @property {(testCase: Case) => boolean} [plays] all cases if it does not say
 * @property {string} [subprotocol] without which it does not talk to anybody
 * @property {boolean} [clientEndsFirst] the client ends its side as soon as it has answered the Close frame
 * @property {(codes: readonly number[]) => readonly number[]} [closeCodes] those with which it closes where a case allows these
 */

/** By a program of the library, with an HTTP server of Node's. @type {Terms["goesOver"]} */
const HTTP1 = (_target, carrier) => carrier === "http1";
/** @type {Terms["goesOver"]} */
const HTTP2_AS_SERVER = (target, carrier) => carrier === "http1" || target === "server";

/** @type {Readonly<Record<Face, Terms>>} */
export const TERMS = {
  websocket: {
    targets: ["server", "client"],
    versions: [13, 8],
    goesOver: HTTP2_AS_SERVER,
    // As its original
    clientEndsFirst: true,
  },
  // It has TLS under its HTTP/2, which is not played
  "nodejs-websocket": { targets: ["server", "client"], versions: [13], goesOver: HTTP1 },
  "jadsonlucena-websocket": {
    targets: ["server"],
    versions: [13, 8],
    goesOver: HTTP2_AS_SERVER,
    needs: withoutWhatIsTheSame,
    plays: (testCase) => pingsOf(testCase) < 2,
    closeCodes: badFramesAre1003,
  },
  jellysocket: {
    targets: ["server", "client"],
    versions: [13],
    goesOver: HTTP1,
    needs: withoutWhatIsTheSame,
    plays: isForBinaryOnly,
    subprotocol: "echo-1.0",
  },
  // It compresses nothing
  "jsh-ws": {
    targets: ["server", "client"],
    versions: [13],
    goesOver: HTTP1,
    needs: withoutWhatIsTheSame,
    plays: ({ set }) => set !== "deflate",
  },
};

/** To save time: limits are where these faces take them from for both roles, large messages are most of what all cases cost, and
 * what is in a compressed message is the same whatever carries it. The first two faces are played all of it.
 * @type {NonNullable<Terms["needs"]>} */
function withoutWhatIsTheSame(set, target, carrier) {
  if (set === "limits") return target === "server" && carrier === "http1";
  return set === "script" || carrier === "http1";
}

/** `@jadsonlucena/websocket` tells its programs of five ends: 1000, 1003, 1006, 1009 and 1011. A frame that breaks the protocol
 * was 1003 "Unacceptable Data Type" to it, where RFC 6455 says 1002 or, for bad UTF-8, 1007, and programs look for that. So
 * where a case wants one of these two, and would not take a normal end, this face has to say 1003 and nothing else.
 * @param {readonly number[]} codes */
function badFramesAre1003(codes) {
  return codes.every((code) => code === 1002 || code === 1007) ? [1003] : codes;
}

/** `@jadsonlucena/websocket` promises not to be kept busy with pings. The face answers the first at once and then only the newest,
 * ten times in a second, as RFC 6455 §5.5.3 allows; the cases with several pings want all of them answered.
 * @param {Case} testCase */
function pingsOf(testCase) {
  return testCase.set === "script" ? testCase.steps.filter((step) => "opcode" in step && step.opcode === 9).length : 0;
}

/** Text is not of jellysocket's protocol: it ends the connection with 1003. So the cases without text are played: those of binary
 * messages, control frames and closing. Its API has no word for the number of frames of a message, so the engine's default holds.
 * @param {Case} testCase */
function isForBinaryOnly(testCase) {
  if (testCase.set === "script") return testCase.steps.every((step) => !("opcode" in step && step.opcode === 1));
  const { type, size, fragment } = testCase;
  return type === "binary" && (!fragment || size / fragment < 16_384);
}
