/** Names that every object has, and parameters that no compressor takes: what a handshake says is looked up by its server. */
import { askAll } from "../wire/questions.js";

/** @typedef {import("../attack.js").Attack} Attack */
/** @typedef {import("../wire/ask.js").Answer} Answer */
/** @typedef {import("../wire/questions.js").Row} Row */

const INHERITED = [
  "__proto__",
  "constructor",
  "prototype",
  "toString",
  "hasOwnProperty",
  "valueOf",
  "__defineGetter__",
];
const EXTENSIONS = "Sec-WebSocket-Extensions";
const DEFLATE = "permessage-deflate";

/** Nobody can have agreed to it.
 * @param {Answer} answer */
const hasExtension = ({ headers }) => headers.has("sec-websocket-extensions");

/** @param {string} name
 * @returns {Row[]} */
function inherited(name) {
  const everywhere = `${name}; ${name}; ${name}=${name}; ${name}="${name}", ${name}`;
  return [
    { what: `the extension ${name}`, headers: { [EXTENSIONS]: name }, isWrong: hasExtension },
    { what: `${name} as parameter and value`, headers: { [EXTENSIONS]: everywhere }, isWrong: hasExtension },
    { what: `${name} as a parameter`, headers: { [EXTENSIONS]: `${DEFLATE}; ${name}; ${name}=8` } },
    { what: `${name} as a window`, headers: { [EXTENSIONS]: `${DEFLATE}; server_max_window_bits=${name}` } },
    { what: `the subprotocol ${name}`, headers: { "Sec-WebSocket-Protocol": name } },
    { what: `the header ${name}`, headers: { [name.toLowerCase()]: "x" } },
    { what: `a cookie ${name}`, headers: { Cookie: `a=b; ${name}=x; c=d` } },
    { what: `a path ${name}`, path: `/${name}` },
    { what: `a query ${name}`, path: `/?${name}=x&${name}[y]=x&${name}[${name}]=x` },
    { what: `the origin ${name}`, headers: { Origin: name } },
  ];
}

/** @type {Attack} */
export const inheritedNames = {
  name: "names that every object has, as extension, subprotocol, header, cookie, path, query and origin",
  sources: ["GHSA-5v72-xg48-5rpm"],
  ...{ over: ["1.1", "2.0"], connections: 20 },
  run: (context) => askAll(context, INHERITED.flatMap(inherited)),
};

const WRONG_BITS = [
  ...["0", "7", "16", "999", "08", "008", '"08"', '""', "", "-1", "+9", "1e1", "0x9", "9.0", "9a", "NaN", "Infinity"],
  ...["99999999999999999999", '"9', '"\\9"', " 9", "9 "],
];

/** Whether the server agreed to a window that is none (RFC 7692 §7.1.2).
 * @param {Answer} answer */
function hasWrongWindow({ headers }) {
  const agreed = headers.get("sec-websocket-extensions") ?? "";
  return [...agreed.matchAll(/_max_window_bits="?([^;,"]*)/g)].some(
    ([, bits = ""]) => !/^([89]|1[0-5])$/.test(bits.trim()),
  );
}

/** @type {Attack} */
export const wrongWindows = {
  name: "offers of permessage-deflate with windows that zlib does not have, doubled, or by the hundred",
  sources: ["CVE-2026-2229"],
  ...{ over: ["1.1", "2.0"], connections: 20, compression: true },
  run(context) {
    const bounds = ["server_max_window_bits", "client_max_window_bits"];
    const offers = bounds.flatMap((name) => [
      ...WRONG_BITS.map((bits) => `${DEFLATE}; ${name}=${bits}`),
      `${DEFLATE}; ${name}=8`,
      `${DEFLATE}; ${name}=15; ${name}=15`,
      `${DEFLATE}; ${name}=8; ${name}`,
      `${DEFLATE}; ${Array(500).fill(name).join("; ")}`,
    ]);
    const more = [
      `${DEFLATE}; server_no_context_takeover=1`,
      `${DEFLATE}; server_no_context_takeover; server_no_context_takeover`,
      `${DEFLATE}; x`,
      Array(300).fill(DEFLATE).join(", "),
      Array(300).fill(`${DEFLATE}; client_max_window_bits=7`).join(", "),
    ];
    const rows = [...offers, ...more].map((offer) => ({
      ...{ what: offer.slice(0, 60), headers: { [EXTENSIONS]: offer }, isWrong: hasWrongWindow },
    }));
    return askAll(context, rows);
  },
};

/** @type {Attack} */
export const foreignOrigins = {
  name: "handshakes from web pages of others",
  sources: ["CVE-2025-24010", "CVE-2018-14732"],
  ...{ over: ["1.1", "2.0"], connections: 20, informational: true },
  run(context) {
    const { host, secure } = context.target;
    const own = `${secure ? "https" : "http"}://${host}`;
    const origins = [
      ...["http://evil.test", `${own}.evil.test`, `http://evil-${host}`, `http://x.${host}`, `${own}@evil.test`],
      ...["null", "file://", "", `http://evil.test/${own}`, `${own}, http://evil.test`, "http://ex\u00e4mple.com"],
    ];
    /** @param {Answer} answer */
    const isWrong = ({ accepted }) => accepted;
    return askAll(
      context,
      origins.map((origin) => ({ what: `Origin ${origin}`, headers: { Origin: origin }, isWrong })),
    );
  },
};
