/** The client's part of the opening handshake over HTTP/2 without TLS, as dial.js has it over HTTP/1.1. All connections to a
 * server are streams of one session, which is made anew when it has ended.
 * @see RFC 8441 §4, §5 */
import { connect } from "node:http2";
import { formatOffers, readAnswer } from "../tester/deflate-negotiation.js";
import { playable, streamFault } from "./http2-stream.js";
import { EXTENSIONS, faultOf, NOTHING } from "./opening-handshake.js";

/** @typedef {import("node:http2").ClientHttp2Session} Session */
/** @typedef {import("node:http2").ClientHttp2Stream} Stream */
/** @typedef {import("node:http2").IncomingHttpHeaders & import("node:http2").IncomingHttpStatusHeader} Headers */
/** @typedef {import("./opening-handshake.js").Opened} Opened */
/** @typedef {import("./opening-handshake.js").Version} Version */

const END_STREAM = 1;
/** Not in a response over HTTP/2, or not to one who has not offered it. */
const UNWANTED = ["sec-websocket-accept", "sec-websocket-protocol", "content-length"];

/** By origin. @type {Map<string, Promise<Session>>} */
const sessions = new Map();

/** Open a stream and agree on a connection.
 * @param {URL} url
 * @param {Version} version
 * @param {number} timeoutMs
 * @param {readonly string[]} [offers] of permessage-deflate, one of which has to be accepted if there are any
 * @returns {Promise<Opened>} */
export async function dialPeerOverHttp2(url, version, timeoutMs, offers = []) {
  const session = await sessionTo(url.host, timeoutMs);
  const stream = session.request(requestFields(url, version, offers), { endStream: false });
  const { headers, flags } = await receiveAnswer(stream, timeoutMs);
  const fault = faultIn(headers, flags);
  if (fault !== undefined) throw streamFault(stream, fault);
  const opened = { ...playable(stream), head: NOTHING, unsent: NOTHING };
  const answer = headers[EXTENSIONS]?.toString();
  if (offers.length === 0) {
    if (answer !== undefined) throw streamFault(stream, `${EXTENSIONS} was not offered`);
    return opened;
  }
  try {
    return { ...opened, agreement: readAnswer(offers, answer) };
  } catch (error) {
    throw streamFault(stream, error instanceof Error ? error.message : String(error));
  }
}

/** @param {URL} url
 * @param {Version} version
 * @param {readonly string[]} offers */
function requestFields(url, version, offers) {
  return {
    ":method": "CONNECT",
    ":protocol": "websocket",
    ":scheme": "http",
    ":authority": url.host,
    ":path": url.pathname + url.search,
    "sec-websocket-version": String(version),
    [version === 8 ? "sec-websocket-origin" : "origin"]: `http://${url.host}`,
    ...(offers.length === 0 ? {} : { [EXTENSIONS]: formatOffers(offers) }),
  };
}

/** @param {string} host
 * @param {number} timeoutMs
 * @returns {Promise<Session>} */
function sessionTo(host, timeoutMs) {
  const known = sessions.get(host) ?? openSession(host, timeoutMs);
  sessions.set(host, known);
  return known;
}

/** @param {string} host
 * @param {number} timeoutMs
 * @returns {Promise<Session>} */
function openSession(host, timeoutMs) {
  const session = connect(`http://${host}`);
  const forget = () => sessions.delete(host);
  session.on("goaway", forget).on("close", forget);
  return new Promise((resolve, reject) => {
    const fail = (/** @type {string} */ why) => {
      session.destroy();
      reject(faultOf(why));
    };
    const timer = setTimeout(() => fail(`no SETTINGS from the server in ${timeoutMs} ms`), timeoutMs);
    session.on("error", (error) => fail(error.message));
    session.once("close", () => fail("the server ended the HTTP/2 connection"));
    session.once("remoteSettings", ({ enableConnectProtocol }) => {
      clearTimeout(timer);
      session.unref();
      if (enableConnectProtocol === true) resolve(session);
      else fail("the server's SETTINGS do not allow extended CONNECT");
    });
    session.once("close", () => clearTimeout(timer));
  });
}

/** @param {Stream} stream
 * @param {number} timeoutMs
 * @returns {Promise<{ headers: Headers, flags: number }>} */
function receiveAnswer(stream, timeoutMs) {
  return new Promise((resolve, reject) => {
    const { session } = stream;
    const fail = (/** @type {string} */ why) => {
      // The next case is to have a session that is not spoiled
      for (const [host, known] of sessions)
        known.then(
          (one) => one === session && sessions.delete(host),
          () => {},
        );
      reject(streamFault(stream, why));
    };
    const timer = setTimeout(fail, timeoutMs, `nothing from the server in ${timeoutMs} ms`);
    const onClose = () => {
      clearTimeout(timer);
      fail(`the server ended the stream with code ${stream.rstCode}`);
    };
    stream.on("error", () => {}).once("close", onClose);
    stream.once("response", (headers, flags) => {
      clearTimeout(timer);
      stream.off("close", onClose);
      resolve({ headers, flags });
    });
  });
}

/** What is wrong with a response, but for extensions.
 * @param {Headers} headers
 * @param {number} flags */
function faultIn(headers, flags) {
  const status = headers[":status"];
  if (status !== 200) return `the answer is ${status}`;
  if ((flags & END_STREAM) !== 0) return "the answer ended the stream";
  const unwanted = UNWANTED.find((name) => headers[name] !== undefined);
  return unwanted === undefined ? undefined : `${unwanted} has no place in the answer`;
}
