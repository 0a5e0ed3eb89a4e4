/**
 * Where our engine and the receiver of ws 8.23.0 judge the same bytes differently, and who is right by which section.
 * In: what both made of a stream. Out: the difference's name, or undefined where there is none that is known.
 */

/** What a receiver made of a stream: the messages that it handed over, and with which code it failed, if it did.
 * @typedef {{ events: readonly string[], closeCode: number | undefined, why: string | undefined }} Verdict */

/** @typedef {{
 *   name: string,
 *   rfc: string,
 *   who: "ours" | "both",
 *   text: string,
 *   explains: (ours: Verdict, theirs: Verdict, deflates: boolean) => boolean,
 * }} Difference `who` is right, or whether the RFC allows both */

/** @type {readonly Difference[]} */
export const KNOWN_DIFFERENCES = [
  {
    name: "length not minimal",
    rfc: "6455 §5.2",
    who: "ours",
    text: "the minimal number of bytes must be used to encode a length; ws does not look",
    explains: (ours, theirs) => ours.why === "LENGTH_NOT_MINIMAL" && startsWith(theirs.events, ours.events),
  },
  {
    name: "text that can't become UTF-8",
    rfc: "6455 §8.1",
    who: "both",
    text: "ours fails as soon as the bytes can't be UTF-8 any more, ws when the message is complete: it hands over control frames that come between, and meets other faults first",
    explains: (ours, theirs) => ours.why === "BAD_UTF8" && startsWith(theirs.events, ours.events),
  },
  {
    name: "two faults in one header",
    rfc: "6455 §7.1.7",
    who: "both",
    text: "ours reads a header before it asks what may follow what, ws reads the length after it",
    explains: (ours, theirs) => ours.why === "LENGTH_TOO_LARGE" && theirs.closeCode === 1002 && isSame(ours, theirs),
  },
  {
    name: "compressed data larger than the message may be",
    rfc: "7692 §7.2.3",
    who: "ours",
    text: "what can't be compressed grows by some bytes; ws holds the compressed data to the message's limit",
    explains: (ours, theirs, deflates) =>
      deflates && theirs.why === "WS_ERR_UNSUPPORTED_MESSAGE_LENGTH" && startsWith(ours.events, theirs.events),
  },
  {
    name: "too many fragments",
    rfc: "6455 §10.4",
    who: "both",
    text: "ours counts a frame when its header has come, ws when its payload has",
    explains: (ours, theirs) => ours.why === "TOO_MANY_FRAGMENTS" && isBehind(theirs, ours),
  },
];

/** @param {Verdict} ours
 * @param {Verdict} theirs
 * @param {boolean} deflates whether permessage-deflate was agreed on
 * @returns {string | undefined} */
export function knownDifference(ours, theirs, deflates) {
  return KNOWN_DIFFERENCES.find(({ explains }) => explains(ours, theirs, deflates))?.name;
}

/** Whether ws has seen no fault yet, and nothing else that we have not.
 * @param {Verdict} theirs
 * @param {Verdict} ours */
function isBehind(theirs, ours) {
  return theirs.closeCode === undefined && isSame(ours, theirs);
}

/** Whether both have handed over the same.
 * @param {Verdict} ours
 * @param {Verdict} theirs */
function isSame(ours, theirs) {
  return ours.events.length === theirs.events.length && startsWith(ours.events, theirs.events);
}

/** @param {readonly string[]} events
 * @param {readonly string[]} beginning */
function startsWith(events, beginning) {
  return beginning.every((event, index) => events[index] === event);
}
