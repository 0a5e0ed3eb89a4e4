/** Our server and our client as echo endpoints, with limits that let the largest cases pass. */
import { connect, serve } from "polysocket";
import { LARGEST_MESSAGE, MOST_FRAGMENTS } from "../tester/cases.js";
import { parseOffer } from "../tester/deflate-negotiation.js";

/** @typedef {import("polysocket").Connection<undefined>} Connection */

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

/** @param {boolean} compresses
 * @returns {Promise<{ url: string, close: () => Promise<void> }>} */
export async function startEchoServer(compresses) {
  const compression = compresses ? COMPRESSION : false;
  const server = await serve({ ...echo, compression, port: 0, host: "127.0.0.1", origins: "any" });
  return { url: server.url, close: () => server.close() };
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
  #version;
  #compression;

  /** @param {8 | 13} version
   * @param {false | ReturnType<typeof clientCompression>} [compression] */
  constructor(version, compression = false) {
    this.#version = version;
    this.#compression = compression;
  }

  /** @param {string} url */
  async dial(url) {
    try {
      await connect(url, { ...echo, version: this.#version, compression: this.#compression });
      this.complaint = undefined;
    } catch (error) {
      this.complaint = `connect was rejected: ${error instanceof Error ? error.message : error}`;
      throw error;
    }
  }
}
