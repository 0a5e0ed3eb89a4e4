/** `@polysocket/jadsonlucena-websocket` as an echo endpoint, used as programs for the original use it, with limits that let the
 * largest cases pass. There is no client, and no option about compression: small messages come as they are. */
import { once } from "node:events";
import { createServer as createHttp1Server } from "node:http";
import { createServer as createHttp2Server } from "node:http2";
import WebSocket from "@polysocket/jadsonlucena-websocket";
import { LARGEST_MESSAGE } from "../../tester/cases.js";
import { urlOf } from "./url-of.js";

/** @typedef {import("../plan.js").Carrier} Carrier */

/** Node refuses new streams where more than this waits for one HTTP/2 connection, 10 by default. */
const SESSION_MEBIBYTES = 256;

/** @param {unknown} _compression
 * @param {Carrier} carrier */
export async function startServer(_compression, carrier) {
  const httpServer =
    carrier === "http2" ? createHttp2Server({ maxSessionMemory: SESSION_MEBIBYTES }) : createHttp1Server();
  httpServer.listen(0, "127.0.0.1");
  await once(httpServer, "listening");
  const webSocket = new WebSocket(httpServer, { maxPayload: LARGEST_MESSAGE, limitByIP: 0, pingDelay: 0 });
  webSocket.on("message", (clientId, data) => webSocket.send(clientId, data));
  return urlOf(httpServer);
}
