/** `@polysocket/nodejs-websocket` as an echo endpoint, used as programs for the original use it, with limits that let the largest
 * cases pass. */
import { once } from "node:events";
import * as nodejsWebsocket from "@polysocket/nodejs-websocket";
import { LARGEST_MESSAGE } from "../../tester/cases.js";
import { urlOf } from "./url-of.js";

/** @typedef {import("@polysocket/nodejs-websocket").Connection} Connection */
/** @typedef {ReturnType<typeof import("../echo-endpoints.js").clientCompression>} Compression */

/** @param {false | { thresholdBytes: number }} compression */
export async function startServer(compression) {
  nodejsWebsocket.setMaxBufferLength(LARGEST_MESSAGE);
  const server = nodejsWebsocket.createServer({ compression }, echoStreams);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return urlOf(server.socket);
}

/** @param {string} url
 * @param {8 | 13} _version
 * @param {false | Compression} compression
 * @returns {Promise<void>} */
export function dial(url, _version, compression) {
  nodejsWebsocket.setMaxBufferLength(LARGEST_MESSAGE);
  return new Promise((resolve, reject) => {
    const connection = nodejsWebsocket.connect(url, { compression });
    echoStreams(connection);
    connection.on("error", reject);
    connection.on("connect", () => resolve());
  });
}

/** Binary messages are streams, which end in a later turn: what comes after one has to wait for its echo.
 * @param {Connection} connection */
function echoStreams(connection) {
  /** @type {Promise<void> | undefined} */
  let last;
  const inTurn = (/** @type {() => void} */ send) => {
    if (connection.readyState === connection.OPEN) send();
  };
  connection.on("error", () => {});
  connection.on("text", (text) => {
    const send = () => inTurn(() => void connection.sendText(text));
    if (last === undefined) send();
    else last = last.then(send);
  });
  connection.on("binary", (stream) => {
    /** @type {Buffer[]} */
    const chunks = [];
    stream.on("data", (chunk) => chunks.push(chunk));
    const mine = Promise.all([last, once(stream, "end")]).then(() => {
      inTurn(() => void connection.sendBinary(Buffer.concat(chunks)));
      if (last === mine) last = undefined;
    });
    last = mine;
  });
}
