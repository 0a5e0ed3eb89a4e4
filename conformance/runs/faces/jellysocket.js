/** `@polysocket/jellysocket` as an echo endpoint: a subclass, as its page has it, and with limits that let the largest cases pass.
 * Text has no place in it, so it is played the cases without; see face-terms.js. */
import { once } from "node:events";
import { createServer } from "node:http";
import JellySocket from "@polysocket/jellysocket";
import { LARGEST_MESSAGE } from "../../tester/cases.js";
import { TERMS } from "../face-terms.js";
import { urlOf } from "./url-of.js";

/** @typedef {ReturnType<typeof import("../echo-endpoints.js").clientCompression>} Compression */

class EchoSocket extends JellySocket {
  /** @param {ConstructorParameters<typeof JellySocket>} args */
  constructor(...args) {
    super(...args);
    this.on("_message", (data) => {
      if (this.connected) this._send(data);
    });
  }
}
Object.defineProperty(EchoSocket.prototype, "protocol", { value: TERMS.jellysocket.subprotocol });

/** @param {false | { thresholdBytes: number }} compression */
export async function startServer(compression) {
  const server = createServer();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const perMessageDeflate = compression && { threshold: compression.thresholdBytes };
  new JellySocket.Application(server, EchoSocket, { maxPayload: LARGEST_MESSAGE, perMessageDeflate });
  return urlOf(server);
}

/** @param {string} url
 * @param {8 | 13} _version
 * @param {false | Compression} compression
 * @returns {Promise<void>} */
export function dial(url, _version, compression) {
  return new Promise((resolve, reject) => {
    const perMessageDeflate = compression && { ...compression, threshold: compression.thresholdBytes };
    new EchoSocket(url, { maxPayload: LARGEST_MESSAGE, perMessageDeflate })
      .on("disconnect", reject)
      .on("connect", () => resolve());
  });
}
