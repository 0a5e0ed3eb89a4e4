/**
 * The browser entry: WebSocket of the page, under the names that the package has for it.
 * In: the global object. Out: `w3cwebsocket`, null where there is no WebSocket, and `version`.
 */
const { version } = require("../package.json");

const NativeWebSocket = globalThis.WebSocket ?? globalThis.MozWebSocket;

/** @param {string} url
 * @param {string | string[]} [protocols] */
function W3CWebSocket(url, protocols) {
  return protocols ? new NativeWebSocket(url, protocols) : new NativeWebSocket(url);
}

for (const name of NativeWebSocket ? ["CONNECTING", "OPEN", "CLOSING", "CLOSED"] : []) {
  Object.defineProperty(W3CWebSocket, name, { get: () => NativeWebSocket[name] });
}

module.exports = { w3cwebsocket: NativeWebSocket ? W3CWebSocket : null, version };
