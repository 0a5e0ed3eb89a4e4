/** What the fields of RFC 6455's handshake mean in an extended CONNECT. @see RFC 8441 §5, RFC 6455 §4.2 */
import { createHash } from "node:crypto";
import { expect, NotOffered } from "../wire/mismatch.js";

/** @typedef {import("../play/play-case.js").Case} Case */
/** @typedef {import("../play/play-case.js").RequestCase} RequestCase */
/** @typedef {import("../play/play-case.js").AnswerCheck} AnswerCheck */

const VERSION = "sec-websocket-version";
const PROTOCOL = "sec-websocket-protocol";
const EXTENSIONS = "sec-websocket-extensions";

/** @type {Omit<RequestCase, "id">[]} */
const versions = [
  { section: "6455 §4.2.1", title: "no Sec-WebSocket-Version", request: { drop: [VERSION] }, answer: "refused" },
  { section: "6455 §4.2.1", title: "an empty version", request: { set: { [VERSION]: "" } }, answer: "refused" },
  { section: "6455 §4.4", title: "version 0", request: { set: { [VERSION]: "0" } }, answer: "refused" },
  { section: "6455 §4.3", title: "version 13 twice", request: { twice: [VERSION] }, answer: "refused" },
  { section: "6455 §4.3", title: "a list of versions", request: { set: { [VERSION]: "13, 8" } }, answer: "refused" },
  { section: "6455 §4.3", title: "a version with a sign", request: { set: { [VERSION]: "+13" } }, answer: "refused" },
  {
    section: "6455 §4.2.2",
    title: "a version that nobody has",
    request: { set: { [VERSION]: "99" } },
    answer: "refused",
    checked: "a response names the versions that are understood, 13 among them",
    check(stream, outcome) {
      if (outcome !== "refused") return;
      const told = stream.valueOf(VERSION);
      expect(listed(told).includes("13"), `status ${stream.status} with ${VERSION} ${told ?? "missing"}`);
    },
  },
];

/** What comes back to a key says nothing (RFC 8441 §5), but clients exist that send one and look.
 * @param {string} key
 * @returns {{ request: import("../wire/request.js").RequestChange, checked: string, check: AnswerCheck }} */
function withKey(key) {
  const wanted = createHash("sha1").update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest("base64");
  return {
    request: { add: [["sec-websocket-key", key]] },
    checked: "no sec-websocket-accept, or the one that belongs to the key",
    check(stream) {
      const accept = stream.valueOf("sec-websocket-accept");
      expect(accept === undefined || accept === wanted, `sec-websocket-accept: ${accept}`);
    },
  };
}

/** @type {Omit<RequestCase, "id">[]} */
const keys = [
  { section: "8441 §5", title: "no Sec-WebSocket-Key", request: {}, answer: "accepted" },
  {
    ...{ section: "8441 §5", title: "a Sec-WebSocket-Key, which is superseded", answer: "accepted" },
    ...withKey("x3JJHMbDL1EzLkh9GBhXDw=="),
  },
  { section: "8441 §5", title: "a Sec-WebSocket-Key that is none", answer: "accepted", ...withKey("?") },
];

/** @param {readonly string[]} allowed
 * @returns {{ checked: string, check: AnswerCheck }} */
function chooses(allowed) {
  return {
    checked: allowed.length === 0 ? "no subprotocol" : `one of ${allowed.join(", ")} or none as subprotocol`,
    check(stream, outcome) {
      if (outcome !== "accepted") return;
      const chosen = stream.valueOf(PROTOCOL);
      expect(chosen === undefined || allowed.includes(chosen), `${PROTOCOL}: ${chosen}`);
    },
  };
}

/** @type {Omit<RequestCase, "id">[]} */
const subprotocols = [
  { section: "6455 §4.2.2", title: "no subprotocol offered", request: {}, answer: "accepted", ...chooses([]) },
  {
    ...{ section: "6455 §4.2.2", title: "a list of subprotocols", answer: "accepted" },
    request: { add: [[PROTOCOL, "chat, superchat"]] },
    ...chooses(["chat", "superchat"]),
  },
  {
    ...{ section: "6455 §11.3.4", title: "subprotocols in two fields", answer: "accepted" },
    request: {
      add: [
        [PROTOCOL, "chat"],
        [PROTOCOL, "superchat"],
      ],
    },
    ...chooses(["chat", "superchat"]),
  },
  {
    ...{ section: "6455 §4.1", title: "subprotocols that are no tokens, and one that is", answer: "either" },
    request: { add: [[PROTOCOL, "a b, chat"]] },
    ...chooses(["chat"]),
  },
];

/** @param {RegExp} pattern
 * @param {string} checked
 * @param {boolean} [wanted] whether anything is wanted at all
 * @returns {{ checked: string, check: AnswerCheck }} */
function agreesOn(pattern, checked, wanted = false) {
  return {
    checked,
    check(stream, outcome) {
      if (outcome !== "accepted") return;
      const agreed = stream.valueOf(EXTENSIONS);
      if (agreed === undefined && wanted) throw new NotOffered("no permessage-deflate");
      expect(agreed === undefined || pattern.test(agreed), `${EXTENSIONS}: ${agreed}`);
    },
  };
}

const NOTHING = /^$/;
/** An answer may say what the server does without having been asked to (RFC 7692 §7.1.1.1). */
const DEFLATE =
  /^permessage-deflate *(; *(server_no_context_takeover|server_max_window_bits="?\d+"?|client_no_context_takeover) *)*$/;
const MALFORMED = "6455 §9.1";

/** @type {Omit<RequestCase, "id">[]} */
const extensions = [
  {
    ...{ section: "6455 §9.1", title: "no extension offered", request: {}, answer: "accepted" },
    ...agreesOn(NOTHING, "no extension"),
  },
  {
    ...{ section: "6455 §9.1", title: "an extension that nobody knows", answer: "accepted" },
    request: { add: [[EXTENSIONS, "x-unknown; a=1"]] },
    ...agreesOn(NOTHING, "no extension"),
  },
  {
    ...{ section: "7692 §7.1", title: "permessage-deflate", answer: "accepted" },
    request: { add: [[EXTENSIONS, "permessage-deflate"]] },
    ...agreesOn(DEFLATE, "permessage-deflate with parameters that the offer allows", true),
  },
  {
    ...{
      section: "7692 §7.1",
      title: "permessage-deflate behind something unknown, in two fields",
      answer: "accepted",
    },
    request: {
      add: [
        [EXTENSIONS, "x-unknown"],
        [EXTENSIONS, "permessage-deflate"],
      ],
    },
    ...agreesOn(DEFLATE, "permessage-deflate alone", true),
  },
  {
    ...{ section: "7692 §7.1.2.1", title: "permessage-deflate with a window that does not exist", answer: "either" },
    request: { add: [[EXTENSIONS, "permessage-deflate; server_max_window_bits=99"]] },
    ...agreesOn(NOTHING, "the offer declined"),
  },
  {
    ...{ section: "7692 §7.1", title: "permessage-deflate with an unknown parameter", answer: "either" },
    request: { add: [[EXTENSIONS, "permessage-deflate; x_unknown"]] },
    ...agreesOn(NOTHING, "the offer declined"),
  },
  {
    ...{ section: MALFORMED, title: "extensions against the grammar", answer: "refused" },
    request: { add: [[EXTENSIONS, "permessage-deflate; =15"]] },
  },
];

/** @param {string | undefined} list */
function listed(list = "") {
  return list.split(",").map((one) => one.trim());
}

/** @type {Case[]} */
export const handshakeCases = [...versions, ...keys, ...subprotocols, ...extensions].map((one, index) => ({
  id: `8441-5.${index + 1}`,
  ...one,
}));
