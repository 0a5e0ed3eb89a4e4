/** Our server and our client as echo endpoints, with limits that let the largest cases pass. */
import { once } from "node:events";
import { createServer } from "node:http2";
import { attach, connect, serve } from "polysocket";
import { LARGEST_MESSAGE, MOST_FRAGMENTS } from "../tester/cases.js";
import { parseOffer } from "../tester/deflate-negotiation.js";

/** @typedef {import("polysocket").Connection<undefined>} Connection */
/** @typedef {import("./plan.js").Carrier} Carrier */

const echo = {
  limits: { maxMessageBytes: LARGEST_MESSAGE, maxFragments: MOST_FRAGMENTS },
  /** @param {Connection} connection
   * @param {string | Uint8Array} message */
  message(connection, message) {
    connection.send(message);
  },
};

/** Everything is worth compressing, so that small messages are played compressed too. */
const COMPRESSION = { thresholdBytes: 0 };

/** More in a second than one HTTP/2 connection is allowed by default; they are done before so many have come. */
const MANY_OPENINGS = 100_000;

/** Node refuses new streams where more than this waits for one HTTP/2 connection, 10 by default. */
const SESSION_MEBIBYTES = 256;

/** @param {boolean} compresses
 * @param {Carrier} [carrier]
 * @returns {Promise<{ url: string }>} of a server that runs until the thread ends */
export async function startEchoServer(compresses, carrier = "http1") {
  const options = { ...echo, compression: compresses ? COMPRESSION : false, origins: /** @type {const} */ ("any") };
  if (carrier === "http1") return serve({ ...options, port: 0, host: "127.0.0.1" });
  const server = createServer({ maxSessionMemory: SESSION_MEBIBYTES }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { url = "" } = attach(server, { ...options, http2Limits: { maxOpeningsPerSecond: MANY_OPENINGS } });
  return { url };
}

/** What our client is told, so that its offer is the first one of a case but for what it says about itself: it would forget
 * in all cases then, and not just where it is asked to.
 * @param {import("../tester/cases.js").DeflateCase} testCase */
export function clientCompression({ offers: [first = ""] }) {
  const { server_no_context_takeover: forgets = false, server_max_window_bits: bits } = parseOffer(first);
  const window = bits === undefined ? {} : { serverMaxWindowBits: bits };
  return { ...COMPRESSION, ...window, serverNoContextTakeover: forgets };
}

/** One connection of our client. */
export class EchoClient {
  /** What its application has to complain of.
   * @type {string | undefined} */
  complaint = "connect has not settled";
  #options;

  /** @param {8 | 13} version
   * @param {false | ReturnType<typeof clientCompression>} [compression]
   * @param {Carrier} [carrier] */
  constructor(version, compression = false, carrier = "http1") {
    this.#options = { version, compression, http2: carrier === "http2" };
  }

  /** @param {string} url */
  async dial(url) {
    try {
      await connect(url, { ...echo, ...this.#options });
      this.complaint = undefined;
    } catch (error) {
      this.complaint = `connect was rejected: ${error instanceof Error ? error.message : error}`;
      throw error;
    }
  }
}
