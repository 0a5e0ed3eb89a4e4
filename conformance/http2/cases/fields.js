/** The other fields of the request, and the form of its frames. @see RFC 9113 §6.2, §8.2, RFC 8441 §5 */

/** @typedef {import("../play/play-case.js").Case} Case */
/** @typedef {import("../play/play-case.js").RequestCase} RequestCase */
/** @typedef {import("../play/play-case.js").Verdict} Verdict */
/** @typedef {import("../wire/request.js").RequestChange} RequestChange */

/** RFC 9113 §8.2.1 for names and values, §8.2.2 for what belongs to HTTP/1.1, §8.2.3 for cookies.
 * @type {[title: string, section: string, add: import("../wire/fields.js").Field[], answer: Verdict][]} */
const fields = [
  ["Connection: Upgrade", "9113 §8.2.2", [["connection", "Upgrade"]], "malformed"],
  ["Upgrade: websocket", "9113 §8.2.2", [["upgrade", "websocket"]], "malformed"],
  ["Transfer-Encoding: chunked", "9113 §8.2.2", [["transfer-encoding", "chunked"]], "malformed"],
  ["Keep-Alive", "9113 §8.2.2", [["keep-alive", "timeout=5"]], "malformed"],
  ["Proxy-Connection", "9113 §8.2.2", [["proxy-connection", "keep-alive"]], "malformed"],
  ["TE: gzip", "9113 §8.2.2", [["te", "gzip"]], "malformed"],
  ["TE: trailers, which is allowed", "9113 §8.2.2", [["te", "trailers"]], "accepted"],
  ["a name in capitals", "9113 §8.2.1", [["X-Color", "red"]], "malformed"],
  ["a name with a space", "9113 §8.2.1", [["x color", "red"]], "malformed"],
  ["a name with a control character", "9113 §8.2.1", [["x-color\u0001", "red"]], "malformed"],
  ["a value with a zero octet", "9113 §8.2.1", [["x-color", "r\0d"]], "malformed"],
  ["a value with a line break", "9113 §8.2.1", [["x-color", "red\r\nx-other: 1"]], "malformed"],
  ["a value that begins with a space", "9113 §8.2.1", [["x-color", " red"]], "malformed"],
  ["an empty value, which is allowed", "9113 §8.2.1", [["x-color", ""]], "accepted"],
  [
    "cookies in several fields",
    "9113 §8.2.3",
    [
      ["cookie", "a=1"],
      ["cookie", "b=2"],
      ["cookie", "c=3"],
    ],
    "accepted",
  ],
  ["Content-Length: 0, which says nothing new", "9110 §9.3.6", [["content-length", "0"]], "either"],
  [
    "Content-Length twice, with two values",
    "9110 §8.6",
    [
      ["content-length", "1"],
      ["content-length", "2"],
    ],
    "refused",
  ],
];

/** @type {[title: string, section: string, form: import("../wire/http2-connection.js").HeadersForm][]} */
const forms = [
  ["HEADERS with padding", "9113 §6.2", { padding: 17 }],
  ["HEADERS with the most padding there is", "9113 §6.2", { padding: 255 }],
  ["HEADERS with padding of no octet", "9113 §6.2", { padding: 0 }],
  ["HEADERS with a deprecated priority", "9113 §6.2", { priority: true }],
  ["HEADERS with both", "9113 §6.2", { padding: 3, priority: true }],
  ["HEADERS and one CONTINUATION", "9113 §6.10", { pieces: 1 }],
  ["HEADERS and CONTINUATION frames that cut fields anywhere", "9113 §6.10", { pieces: 7 }],
  ["HEADERS with padding, and CONTINUATION frames", "9113 §6.10", { pieces: 3, padding: 9 }],
  ["fields from the table and with Huffman coding", "9113 §4.3", { indexed: true }],
];

/** @type {Case[]} */
export const fieldCases = [
  ...fields.map(([title, section, add, answer], index) => ({
    ...{ id: `9113-8.2.${index + 1}`, section, title, answer },
    request: { add },
  })),
  ...forms.map(([title, section, form], index) => ({
    ...{ id: `9113-6.2.${index + 1}`, section, title },
    ...{ answer: /** @type {Verdict} */ ("accepted"), request: { form } },
  })),
];
