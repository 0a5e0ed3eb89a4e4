/**
 * An echo server that Prometheus can ask how it is: WebSocket at /socket, the figures at /metrics, on one http server.
 * HOST and PORT in the environment say where; MESSAGE_SIZES=1 measures the sizes of messages too.
 */
import { createServer } from "node:http";
import { attach } from "polysocket";
import { measure } from "./metrics.js";

const { HOST: host = "127.0.0.1", PORT: port = "8080", MESSAGE_SIZES: sizes = "0" } = process.env;

const server = createServer(answer);
const sockets = attach(server, {
  path: "/socket",
  message(connection, message) {
    connection.send(message);
  },
});
const metrics = measure(sockets, { messageSizes: sizes === "1" });

server.listen({ host, port: Number(port) }, () => {
  console.log(`WebSocket at ${sockets.url}, figures at ${sockets.url?.replace(/^ws(.*)socket$/, "http$1metrics")}`);
});

process.once("SIGINT", stop);
process.once("SIGTERM", stop);

/** @param {import("node:http").IncomingMessage} request
 * @param {import("node:http").ServerResponse} response */
async function answer(request, response) {
  if (request.url !== "/metrics") {
    response.writeHead(404).end();
    return;
  }
  try {
    const text = await metrics.scrape();
    response.writeHead(200, { "Content-Type": metrics.contentType }).end(text);
  } catch (error) {
    console.error(error);
    response.writeHead(500).end();
  }
}

/** While the clients leave, Prometheus can still ask. */
async function stop() {
  await sockets.close();
  server.close();
  server.closeAllConnections();
}
