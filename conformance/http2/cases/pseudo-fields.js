/** The pseudo-header fields of the request. @see RFC 8441 §4, RFC 9113 §8.3 */

/** @typedef {import("../play/play-case.js").Case} Case */
/** @typedef {import("../play/play-case.js").RequestCase} RequestCase */

const section = "8441 §4";
const unique = "9113 §8.3";
const valid = "9113 §8.3.1";

/** @type {Omit<RequestCase, "id">[]} */
const extendedConnect = [
  { section, title: "a well-formed request", request: {}, answer: "accepted" },
  {
    section,
    title: "another protocol than websocket",
    request: { set: { ":protocol": "x-unknown" } },
    answer: "refused",
  },
  {
    section,
    title: "websocket as a part of the name",
    request: { set: { ":protocol": "websocket2" } },
    answer: "refused",
  },
  { section, title: "an empty :protocol", request: { set: { ":protocol": "" } }, answer: "refused" },
  {
    section: "9110 §7.8",
    title: "the name in capitals, which a recipient may compare either way",
    request: { set: { ":protocol": "WebSocket" } },
    answer: "either",
  },
  { section, title: "no :scheme", request: { drop: [":scheme"] }, answer: "malformed" },
  { section, title: "no :path", request: { drop: [":path"] }, answer: "malformed" },
  { section: "8441 §5", title: "neither :authority nor Host", request: { drop: [":authority"] }, answer: "refused" },
  {
    section: valid,
    title: "Host instead of :authority",
    request: { drop: [":authority"], add: [["host", "{authority}"]] },
    answer: "either",
  },
  { section, title: "GET with :protocol", request: { set: { ":method": "GET" } }, answer: "malformed" },
  { section, title: "POST with :protocol", request: { set: { ":method": "POST" } }, answer: "malformed" },
  {
    section: "9113 §8.5",
    title: "CONNECT with :scheme and :path but without :protocol",
    request: { drop: [":protocol"] },
    answer: "malformed",
  },
];

/** @type {Omit<RequestCase, "id">[]} */
const wellFormed = [
  { section: unique, title: ":protocol twice", request: { twice: [":protocol"] }, answer: "malformed" },
  { section: unique, title: ":scheme twice", request: { twice: [":scheme"] }, answer: "malformed" },
  { section: unique, title: ":path twice", request: { twice: [":path"] }, answer: "malformed" },
  { section: unique, title: ":authority twice", request: { twice: [":authority"] }, answer: "malformed" },
  { section: unique, title: ":method twice", request: { twice: [":method"] }, answer: "malformed" },
  { section: unique, title: ":path after a regular field", request: { last: [":path"] }, answer: "malformed" },
  { section: unique, title: ":protocol after a regular field", request: { last: [":protocol"] }, answer: "malformed" },
  {
    section: unique,
    title: "a pseudo-header field that does not exist",
    request: { add: [[":color", "red"]], last: ["sec-websocket-version", "origin"] },
    answer: "malformed",
  },
  {
    section: unique,
    title: "a pseudo-header field of responses",
    request: { add: [[":status", "200"]], last: ["sec-websocket-version", "origin"] },
    answer: "malformed",
  },
  { section: valid, title: "an empty :method", request: { set: { ":method": "" } }, answer: "malformed" },
  { section: valid, title: "an empty :scheme", request: { set: { ":scheme": "" } }, answer: "malformed" },
  { section: valid, title: "a :scheme that is none", request: { set: { ":scheme": "ht tp" } }, answer: "malformed" },
  { section: valid, title: "an empty :path", request: { set: { ":path": "" } }, answer: "malformed" },
  { section: valid, title: "a :path without its slash", request: { set: { ":path": "chat" } }, answer: "malformed" },
  { section: valid, title: "an empty :authority", request: { set: { ":authority": "" } }, answer: "refused" },
  {
    section: valid,
    title: "an :authority with a space",
    request: { set: { ":authority": "exa mple" } },
    answer: "malformed",
  },
  {
    section: valid,
    title: "an :authority with a user's name",
    request: { set: { ":authority": "user@localhost" } },
    answer: "malformed",
  },
  { section: valid, title: "Host that says the same", request: { add: [["host", "{authority}"]] }, answer: "accepted" },
  {
    section: valid,
    title: "Host that names another one, which should be refused",
    request: { add: [["host", "elsewhere.test"]] },
    answer: "either",
  },
];

/** @type {Case[]} */
export const pseudoFieldCases = [
  ...extendedConnect.map((one, index) => ({ id: `8441-4.${index + 1}`, ...one })),
  ...wellFormed.map((one, index) => ({ id: `9113-8.3.${index + 1}`, ...one })),
];
