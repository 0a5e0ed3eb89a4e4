/** Our server and our client as echo endpoints, with limits that let the largest cases pass. */
import { connect, serve } from "polysocket";
import { LARGEST_MESSAGE, MOST_FRAGMENTS } from "../tester/cases.js";

/** @typedef {import("polysocket").Connection<undefined>} Connection */

const echo = {
  limits: { maxMessageBytes: LARGEST_MESSAGE, maxFragments: MOST_FRAGMENTS },
  /** @param {Connection} connection
   * @param {string | Uint8Array} message */
  message(connection, message) {
    connection.send(message);
  },
};

/** @returns {Promise<{ url: string, close: () => Promise<void> }>} */
export async function startEchoServer() {
  const server = await serve({ ...echo, port: 0, host: "127.0.0.1", origins: "any" });
  return { url: server.url, close: () => server.close() };
}

/** One connection of our client. */
export class EchoClient {
  /** What its application has to complain of.
   * @type {string | undefined} */
  complaint = "connect has not settled";
  #version;

  /** @param {8 | 13} version */
  constructor(version) {
    this.#version = version;
  }

  /** @param {string} url */
  async dial(url) {
    try {
      await connect(url, { ...echo, version: this.#version });
      this.complaint = undefined;
    } catch (error) {
      this.complaint = `connect was rejected: ${error instanceof Error ? error.message : error}`;
      throw error;
    }
  }
}
