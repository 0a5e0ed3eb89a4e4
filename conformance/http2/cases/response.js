/** The response that accepts. @see RFC 8441 §5, RFC 9113 §8.2.2, §8.3.2 */
import { expect } from "../wire/mismatch.js";

/** @typedef {import("../play/play-case.js").Case} Case */
/** @typedef {import("../wire/stream.js").Stream} Stream */

/** @typedef {{ id: string, section: string, title: string, expected: string, check: (stream: Stream) => void }} ResponseCase */

/** @type {ResponseCase[]} */
const checks = [
  {
    ...{ id: "8441-5.R1", section: "8441 §5", title: "the status", expected: "status 2xx" },
    check: (stream) => expect(stream.status >= 200 && stream.status < 300, `status ${stream.status}`),
  },
  {
    ...{ id: "8441-5.R2", section: "8441 §5", title: "Sec-WebSocket-Accept", expected: "none where there is no key" },
    check: (stream) => lacks(stream, "sec-websocket-accept"),
  },
  {
    ...{ id: "9113-8.2.R1", section: "9113 §8.2.2", title: "fields of HTTP/1.1's connections" },
    expected: "no connection, upgrade, keep-alive, proxy-connection or transfer-encoding",
    check: (stream) => lacks(stream, "connection", "upgrade", "keep-alive", "proxy-connection", "transfer-encoding"),
  },
  {
    ...{ id: "9113-8.2.R2", section: "9113 §8.2.1", title: "the names of fields", expected: "lower-case names" },
    check(stream) {
      const wrong = stream.fields?.find(([name]) => name !== name.toLowerCase());
      expect(wrong === undefined, `a field called ${wrong?.[0]}`);
    },
  },
  {
    ...{ id: "9113-8.3.R1", section: "9113 §8.3.2", title: "pseudo-header fields of a response" },
    expected: ":status once, first, and no other",
    check(stream) {
      const names = (stream.fields ?? []).map(([name]) => name);
      const pseudo = names.filter((name) => name.startsWith(":"));
      expect(pseudo.join() === ":status" && names[0] === ":status", `the fields ${names.join(", ")}`);
    },
  },
  {
    ...{
      id: "9113-8.5.R1",
      section: "9113 §8.5",
      title: "the stream stays open",
      expected: "HEADERS without END_STREAM",
    },
    check: (stream) => expect(!stream.endedWithResponse, "END_STREAM with the response"),
  },
  {
    ...{ id: "9110-9.3.6.R1", section: "9110 §9.3.6", title: "the length of a response to CONNECT" },
    expected: "no content-length in a 2xx response",
    check: (stream) => lacks(stream, "content-length"),
  },
];

/** @type {Case[]} */
export const responseCases = checks.map(({ check, ...one }) => ({
  ...{ ...one, sent: "an extended CONNECT" },
  async play(peer) {
    check((await peer.open()).stream);
  },
}));

/** @param {Stream} stream
 * @param {...string} names */
function lacks(stream, ...names) {
  for (const name of names) expect(stream.valueOf(name) === undefined, `${name}: ${stream.valueOf(name)}`);
}
