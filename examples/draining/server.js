/**
 * A server that can be replaced while people use it. It echoes, and tells all its clients the time; SIGTERM drains it:
 * 1. /health says 503, so that the load balancer sends nobody new here; who comes all the same is still served;
 * 2. after a while the connections are closed with 1012 (service restart), spread over a time; each goes on as before until its turn;
 * 3. when all have left, or have had their time, the process ends by itself, with 0.
 * A second signal ends it at once. HOST and PORT in the environment say where; NOTICE_MS, SPREAD_MS and TIMEOUT_MS how long all that takes.
 */
import { createServer } from "node:http";
import { setTimeout } from "node:timers/promises";
import { attach } from "polysocket";

const { HOST: host = "127.0.0.1", PORT: port = "8080" } = process.env;
// As long as the load balancer needs to ask for /health and to believe it
const noticeMs = numberOf("NOTICE_MS", 5_000);
// Clients come back to the other processes, which have to do that many handshakes more for so long
const spreadMs = numberOf("SPREAD_MS", 10_000);
// From the last Close frame on, until whoever does not answer is cut off
const timeoutMs = numberOf("TIMEOUT_MS", 5_000);
const tickMs = numberOf("TICK_MS", 1_000);

let isDraining = false;

const server = createServer((request, response) => {
  const [status, text] = request.url !== "/health" ? [404, "not here"] : isDraining ? [503, "draining"] : [200, "ok"];
  // A connection that is kept alive would hold the process up
  response.writeHead(status, { "Content-Type": "text/plain", ...(isDraining && { Connection: "close" }) });
  response.end(`${text}\n`);
});

const sockets = attach(server, {
  path: "/socket",
  open(connection) {
    connection.subscribe("clock");
  },
  message(connection, message) {
    connection.send(message);
  },
});
const clock = setInterval(() => sockets.publish("clock", JSON.stringify({ time: Date.now() })), tickMs);

server.listen({ host, port: Number(port) }, () => console.log(`WebSocket at ${sockets.url}`));

process.once("SIGINT", drain);
process.once("SIGTERM", drain);

async function drain() {
  isDraining = true;
  console.log(`draining ${sockets.connections.size} connections`);
  await setTimeout(noticeMs);
  await sockets.close({ code: 1012, reason: "the server restarts", spreadMs, timeoutMs });
  clearInterval(clock);
  // Until here the load balancer had its answer
  server.close();
  server.closeAllConnections();
  const { closed, messagesSent } = sockets.stats();
  console.log(`drained: ${closed} connections, ${messagesSent} messages`);
}

/** @param {string} name
 * @param {number} otherwise */
function numberOf(name, otherwise) {
  const value = process.env[name];
  return value === undefined ? otherwise : Number(value);
}
