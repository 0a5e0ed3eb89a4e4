/**
 * Opening handshakes, made of fields that are right or wrong, for both sides and both versions of HTTP. What is accepted is
 * compared with patterns written from the RFCs; our client has to accept what our server answers.
 * The first byte chooses what is read, the rest is what `field-maker` makes fields of.
 */
import { elementsOf, extensionNames, isPlainHost, isPlainKey, namesToken, subprotocolNames } from "../field-grammar.js";
import { makeFields } from "../field-maker.js";
import { Input } from "../input.js";
import { engine, nodePlatform } from "../under-test.js";
import { hold, Violation } from "../violation.js";
import { fuzzNegotiation } from "./negotiation.js";

/** @typedef {import("../../core/dist/cjs/engine/index.js").HeaderFields} HeaderFields */
/** @typedef {(name: string) => readonly string[]} Values of the fields with a name in lower case */

const { HandshakeError, HeaderFields } = engine;
const KEY = "dGhlIHNhbXBsZSBub25jZQ==";
const DEFLATE = "permessage-deflate";
const EXTENSIONS = /** @type {const} */ ([
  `${DEFLATE}; client_max_window_bits`,
  `${DEFLATE}; server_max_window_bits=10; client_no_context_takeover, ${DEFLATE}`,
  `${DEFLATE}; client_max_window_bits="1\\0"`,
  'x; y="z", , a;b = c',
  "x;",
  'x; y="a b"',
  ",",
  "",
]);
const SUBPROTOCOLS = /** @type {const} */ (["chat, superchat", "chat", "chat,chat", " , ", "a b", "", '"chat"']);
const VERSIONS = /** @type {const} */ (["13", "8", "7", "013", "13, 8", "256", "+13", ""]);
const HOSTS = /** @type {const} */ (["example.com:80", "[::1]", "a%41", "a%4", "a:65536", "a@b", "a b", "", ":80"]);
const ORIGINS = /** @type {const} */ (["http://example.com", "null", ""]);

/** Fields of every version of HTTP. @type {import("../field-maker.js").Plan[]} */
const SHARED = [
  ["Sec-WebSocket-Version", VERSIONS],
  ["Origin", ORIGINS],
  ["Sec-WebSocket-Protocol", SUBPROTOCOLS],
  ["Sec-WebSocket-Extensions", EXTENSIONS],
];
/** @type {import("../field-maker.js").Plan[]} */
const REQUEST = [
  ["Host", HOSTS],
  ["Upgrade", ["websocket", "h2c, WebSocket", "websocket/13", "\u212a", ""]],
  ["Connection", ["Upgrade", "keep-alive, upgrade", "close", "upgrade;q=1", ""]],
  ["Sec-WebSocket-Key", [KEY, "AQIDBAUGBwgJCgsMDQ4PEC==", "short==", ""]],
  ...SHARED,
];
/** @type {import("../field-maker.js").Plan[]} */
const CONNECT = [
  [":method", ["CONNECT", "GET", ""]],
  [":protocol", ["websocket", "WebSocket", "connect-udp", ""]],
  [":scheme", ["https", "http", "wss", ""]],
  [":authority", HOSTS],
  ...SHARED,
];
const ODD_FIELDS = /** @type {const} */ ([
  ["X-Other", "1"],
  ["Content-Length", "0"],
  ["Content-Length", "7"],
  ["Transfer-Encoding", "chunked"],
  ["Sec-WebSocket-Origin", "http://old.example"],
  ["Host", "example.com:80"],
  ["Te", "trailers"],
  ["Host", "example.org"],
]);

/** @param {Uint8Array} bytes */
export function fuzz(bytes) {
  const input = new Input(bytes);
  const run = input.of([fuzzRequest, fuzzResponse, fuzzConnect, fuzzNegotiation]);
  run(input);
}

/** @param {Input} input */
function fuzzRequest(input) {
  const method = input.byte() < 240 ? "GET" : input.of(["POST", "get", "HEAD", ""]);
  const httpVersion = input.byte() < 240 ? "1.1" : input.of(["1.0", "2.0", "1.9", "11", ""]);
  const headers = fieldsOf(makeFields(input, REQUEST), input);
  const values = lookUp(headers);
  const version = versionIn(values);
  const isRight =
    method === "GET" &&
    ["1.1", "1.9", "2.0"].includes(httpVersion) &&
    one(values("host"), isPlainHost) &&
    namesToken(values("upgrade"), "websocket") &&
    namesToken(values("connection"), "upgrade") &&
    version !== undefined &&
    one(values("sec-websocket-key"), isPlainKey) &&
    values("transfer-encoding").length === 0 &&
    values("content-length").every((length) => length === "0") &&
    areSharedFieldsRight(values, version);
  const opening = attempt(() => engine.readRequest({ method, httpVersion, headers }), isRight, headers);
  if (opening === undefined) return;
  checkOpening(opening, values);
  answer(opening, input);
}

/** @param {Input} input */
function fuzzConnect(input) {
  const endStream = input.byte() >= 240;
  const headers = fieldsOf(makeFields(input, CONNECT), input);
  const values = lookUp(headers);
  const authority = values(":authority");
  const hosts = values("host");
  const [host = ""] = authority.length === 0 ? hosts : authority;
  const version = versionIn(values);
  const isRight =
    only(values(":method")) === "CONNECT" &&
    only(values(":protocol")) === "websocket" &&
    ["http", "https"].includes(only(values(":scheme")) ?? "") &&
    (authority.length === 1 || (authority.length === 0 && hosts.length === 1)) &&
    isPlainHost(host) &&
    hosts.every((each) => each.toLowerCase() === host.toLowerCase()) &&
    !endStream &&
    ["connection", "http2-settings", "keep-alive", "proxy-connection", "transfer-encoding", "upgrade"].every(
      (name) => values(name).length === 0,
    ) &&
    values("te").every((value) => value === "trailers") &&
    version !== undefined &&
    values("content-length").length === 0 &&
    areSharedFieldsRight(values, version);
  const opening = attempt(() => engine.readConnect({ headers, endStream }), isRight, headers);
  if (opening !== undefined) checkOpening(opening, values);
}

/** @param {Input} input */
function fuzzResponse(input) {
  const statusCode = input.byte() < 240 ? 101 : input.of([200, 426, 100]);
  const offered = input.of(["", DEFLATE, `${DEFLATE}, x`, "x"]);
  const requiresSubprotocol = input.byte() >= 128;
  const subprotocols = input.byte() < 200 ? ["chat", "superchat"] : [];
  const fields = makeFields(input, [
    ["Upgrade", ["websocket", "WebSocket", "websocket, x", ""]],
    ["Connection", ["Upgrade", "close", "keep-alive, Upgrade", ""]],
    ["Sec-WebSocket-Accept", ["s3pPLMBiTxaQ9kYGzzhZRbK+xOo=", "S3pPLMBiTxaQ9kYGzzhZRbK+xOo=", ""]],
    ["Sec-WebSocket-Protocol", ["chat", "superchat", "other", "chat, superchat", ""]],
    ["Sec-WebSocket-Extensions", EXTENSIONS],
  ]);
  const headers = fieldsOf(fields, input);
  const values = lookUp(headers);
  const names = extensionNames(values("sec-websocket-extensions"));
  const offeredNames = elementsOf([offered]);
  const selected = values("sec-websocket-protocol");
  const isMissing = selected.length === 0 && requiresSubprotocol && subprotocols.length > 0;
  const isRight =
    statusCode === 101 &&
    only(values("upgrade"))?.toLowerCase() === "websocket" &&
    namesToken(values("connection"), "upgrade") &&
    only(values("sec-websocket-accept")) === "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=" &&
    names?.every((name) => offeredNames.includes(name)) === true &&
    (selected.length === 0 ? !isMissing : subprotocols.includes(only(selected) ?? ""));
  /** @type {import("../../core/dist/cjs/engine/index.js").ClientOpening} */
  const opening = { host: "h", key: KEY, version: 13, subprotocols, requiresSubprotocol, extensions: offered };
  const offers = engine.parseExtensions(offered) ?? [];
  const check = () => engine.checkResponse({ statusCode, headers }, opening, nodePlatform.sha1, offers);
  attempt(check, isRight, headers);
}

/** @template T
 * @param {() => T} read
 * @param {boolean} isRight what the RFC says
 * @param {HeaderFields} headers
 * @returns {T | undefined} undefined where it was refused */
function attempt(read, isRight, headers) {
  const shown = () => JSON.stringify([...headers]);
  let result;
  try {
    result = read();
  } catch (error) {
    if (!(error instanceof HandshakeError)) throw error;
    hold(!isRight, () => `${error.code}, and it is right: ${shown()}`);
    if (error.statusCode >= 200)
      engine.formatRefusal({ statusCode: error.statusCode, headers: engine.refusalHeaders(error), bodyLength: 0 });
    return undefined;
  }
  if (!isRight) throw new Violation(`accepted, and it is wrong: ${shown()}`);
  return result;
}

/** Our own client has to accept what our own server answers.
 * @param {import("../../core/dist/cjs/engine/index.js").Http1Opening} opening
 * @param {Input} input */
function answer(opening, input) {
  const { subprotocols, extensions } = opening;
  const subprotocol = engine.selectSubprotocol(subprotocols, ["superchat", "chat"]);
  const wanted = {
    serverNoContextTakeover: input.byte() > 128,
    clientNoContextTakeover: false,
    serverMaxWindowBits: input.of([undefined, 8, 12, 15]),
    clientMaxWindowBits: input.of([undefined, 9, 15]),
  };
  const deflate = engine.acceptDeflate(extensions, wanted);
  const value = deflate === undefined ? undefined : engine.formatExtensions([deflate.answer]);
  const text = engine.formatAcceptance(opening, { subprotocol, extensions: value }, nodePlatform.sha1);
  hold(text.endsWith("\r\n\r\n"), "the answer does not end");
  const lines = text.slice(0, -4).split("\r\n").slice(1);
  const headers = HeaderFields.fromRaw(lines.flatMap((line) => line.split(/: (.*)/).slice(0, 2)));
  const { key, host } = opening;
  const agreed = engine.checkResponse(
    { statusCode: 101, headers },
    { host, key, version: 13, subprotocols },
    nodePlatform.sha1,
    extensions,
  );
  hold(agreed.subprotocol === subprotocol, "the client reads another subprotocol");
}

/** @param {import("../../core/dist/cjs/engine/index.js").Opening} opening
 * @param {Values} values */
function checkOpening(opening, values) {
  const names = extensionNames(values("sec-websocket-extensions")) ?? [];
  hold(opening.extensions.map(({ name }) => name).join() === names.join(), "the extensions are read otherwise");
  const subprotocols = subprotocolNames(values("sec-websocket-protocol")) ?? [];
  hold(opening.subprotocols.join() === subprotocols.join(), "the subprotocols are read otherwise");
  if (opening.extensions.length === 0) return;
  const again = engine.parseExtensions(engine.formatExtensions(opening.extensions));
  hold(
    JSON.stringify(again) === JSON.stringify(opening.extensions),
    "extensions change when they are written and read",
  );
}

/** @param {Values} values
 * @param {number} version */
function areSharedFieldsRight(values, version) {
  const isOld = version === 8 && values("sec-websocket-origin").length > 0;
  const origins = values(isOld ? "sec-websocket-origin" : "origin");
  return (
    origins.length <= 1 &&
    origins[0] !== "" &&
    subprotocolNames(values("sec-websocket-protocol")) !== undefined &&
    extensionNames(values("sec-websocket-extensions")) !== undefined
  );
}

/** @param {Values} values */
function versionIn(values) {
  const version = only(values("sec-websocket-version"));
  return version === "13" || version === "8" ? Number(version) : undefined;
}

/** @param {readonly string[]} values */
function only(values) {
  return values.length === 1 ? values[0] : undefined;
}

/** @param {readonly string[]} values
 * @param {(value: string) => boolean} isRight */
function one(values, isRight) {
  const value = only(values);
  return value !== undefined && isRight(value);
}

/** @param {[string, string][]} made
 * @param {Input} input
 * @returns {HeaderFields} */
function fieldsOf(made, input) {
  const odd = input.byte();
  const more = odd < UNUSUAL ? [] : [ODD_FIELDS[odd % ODD_FIELDS.length] ?? ODD_FIELDS[0]];
  return HeaderFields.fromRaw([...made, ...more].flat());
}

const UNUSUAL = 128;

/** @param {HeaderFields} headers
 * @returns {Values} */
function lookUp(headers) {
  const fields = [...headers];
  return (name) => fields.filter(([each]) => each === name).map(([, value]) => value);
}
