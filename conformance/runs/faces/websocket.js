/** `@polysocket/websocket` as an echo endpoint, used as programs for the original use it, with limits that let the largest cases
 * pass. */
import { once } from "node:events";
import { createServer as createHttp1Server } from "node:http";
import { createServer as createHttp2Server } from "node:http2";
import * as websocketNode from "@polysocket/websocket";
import { LARGEST_MESSAGE } from "../../tester/cases.js";
import { urlOf } from "./url-of.js";

/** @typedef {import("../plan.js").Carrier} Carrier */
/** @typedef {ReturnType<typeof import("../echo-endpoints.js").clientCompression>} Compression */

/** Node refuses new streams where more than this waits for one HTTP/2 connection, 10 by default. */
const SESSION_MEBIBYTES = 256;

/** More in a second than one HTTP/2 connection is allowed by default; they are done before so many have come. */
const MANY_OPENINGS = { maxOpeningsPerSecond: 100_000 };

const FRAME_LIMITS = { maxReceivedFrameSize: LARGEST_MESSAGE, maxReceivedMessageSize: LARGEST_MESSAGE };

/** @param {false | { thresholdBytes: number }} compression
 * @param {Carrier} carrier */
export async function startServer(compression, carrier) {
  const httpServer =
    carrier === "http2" ? createHttp2Server({ maxSessionMemory: SESSION_MEBIBYTES }) : createHttp1Server();
  httpServer.listen(0, "127.0.0.1");
  await once(httpServer, "listening");
  const options = { httpServer, autoAcceptConnections: true, compression, http2Limits: MANY_OPENINGS, ...FRAME_LIMITS };
  new websocketNode.server(options).on("connect", echoWhole);
  return urlOf(httpServer);
}

/** @param {string} url
 * @param {8 | 13} webSocketVersion
 * @param {false | Compression} compression
 * @returns {Promise<void>} */
export function dial(url, webSocketVersion, compression) {
  return new Promise((resolve, reject) => {
    const client = new websocketNode.client({ webSocketVersion, compression, ...FRAME_LIMITS });
    client.on("connectFailed", reject);
    client.on("connect", (connection) => {
      echoWhole(connection);
      resolve();
    });
    client.connect(url);
  });
}

/** @param {import("@polysocket/websocket").connection} connection */
function echoWhole(connection) {
  connection.on("message", (message) => {
    if (message.type === "utf8") connection.sendUTF(message.utf8Data);
    else connection.sendBytes(message.binaryData);
  });
}
