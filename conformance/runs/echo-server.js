import { serve } from "polysocket";
import { LARGEST_MESSAGE, MOST_FRAGMENTS } from "../tester/cases.js";

/** Our server as an echo server, with limits that let the largest cases pass.
 * @returns {Promise<{ url: string, close: () => Promise<void> }>} */
export async function startEchoServer() {
  const server = await serve({
    port: 0,
    host: "127.0.0.1",
    origins: "any",
    limits: { maxMessageBytes: LARGEST_MESSAGE, maxFragments: MOST_FRAGMENTS },
    message: (connection, message) => {
      connection.send(message);
    },
  });
  return { url: server.url, close: () => server.close() };
}
