/** Our server as two echo servers: over TLS with `serve`, and attached to a server of Node's without TLS. */
import { createServer } from "node:http2";
import { attach, serve } from "polysocket";
import { certificate } from "./certificate.js";
import { parseTarget } from "./target.js";

/** What is known to fail: Node's HTTP/2 leaves fields with forbidden characters out of a request and accepts the rest, so that
 * nobody behind it sees them, while RFC 9113 §8.2.1 wants the request refused. */
const KNOWN = ["9113-8.2.9", "9113-8.2.10", "9113-8.2.11", "9113-8.2.12", "9113-8.2.13"];

/** @typedef {{ name: string, target: import("./target.js").Target, insecure: boolean, known: readonly string[], close: () => Promise<void> }} OwnServer */

const echo = {
  // After a connection error Node's HTTP/2 leaves streams open
  closeTimeoutMs: 200,
  host: "127.0.0.1",
  origins: /** @type {const} */ ("any"),
  /** @param {import("polysocket").Connection<undefined>} connection
   * @param {string | Uint8Array} message */
  message(connection, message) {
    connection.send(message);
  },
};

/** @returns {Promise<OwnServer[]>} */
export async function startOwnServers() {
  const secure = await serve({ ...echo, port: 0, tls: certificate, http2: true });
  const plain = createServer({ settings: { maxConcurrentStreams: 50 } });
  const { host: _, ...handlers } = echo;
  const attached = attach(plain, handlers);
  await new Promise((resolve) => plain.listen(0, "127.0.0.1", () => resolve(undefined)));
  const { port } = /** @type {import("node:net").AddressInfo} */ (plain.address());
  const close = async () => {
    // Not waited for: what is open for the reason above would be waited for for ever
    plain.close();
    await attached.close();
  };
  return [
    { name: "serve, TLS", target: parseTarget(secure.url), insecure: true, known: KNOWN, close: () => secure.close() },
    { name: "attach, h2c", target: parseTarget(`h2c:127.0.0.1:${port}/`), insecure: false, known: KNOWN, close },
  ];
}
